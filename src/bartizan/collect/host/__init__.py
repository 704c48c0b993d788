"""Facts of a Linux host, one module per section, read from files, `/proc` and `/sys`; no process is started."""

from bartizan.collect.host import groups, os, users
from bartizan.collect.host.sshd import section as sshd
from bartizan.collect.interface import Collector

COLLECTORS: tuple[Collector, ...] = (
    os.COLLECTOR,
    users.COLLECTOR,
    groups.COLLECTOR,
    sshd.COLLECTOR,
)
"""Every section of a host but its packages, in the order in which they are read."""
