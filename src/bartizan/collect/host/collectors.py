"""Every section of a host but its packages. Who needs one of them imports its module alone."""

from bartizan.collect.host import cloud, cron, files, groups, kernel, modules, mounts, os, pam, sockets, time, users
from bartizan.collect.host.audit import section as audit
from bartizan.collect.host.docker import containers as docker_containers
from bartizan.collect.host.docker import daemon as docker_daemon
from bartizan.collect.host.docker import images as docker_images
from bartizan.collect.host.firewall import section as firewall
from bartizan.collect.host.kubernetes import node as kubernetes_node
from bartizan.collect.host.logging import section as logging
from bartizan.collect.host.sshd import section as sshd
from bartizan.collect.host.sudo import section as sudo
from bartizan.collect.host.units import section as units
from bartizan.collect.host.updates_apt import section as updates_apt
from bartizan.collect.interface import Collector

COLLECTORS: tuple[Collector, ...] = (
    os.COLLECTOR,
    kernel.COLLECTOR,
    modules.COLLECTOR,
    mounts.COLLECTOR,
    users.COLLECTOR,
    groups.COLLECTOR,
    files.COLLECTOR,
    units.COLLECTOR,
    sockets.COLLECTOR,
    sshd.COLLECTOR,
    sudo.COLLECTOR,
    pam.COLLECTOR,
    cron.COLLECTOR,
    firewall.COLLECTOR,
    time.COLLECTOR,
    logging.COLLECTOR,
    audit.COLLECTOR,
    cloud.COLLECTOR,
    updates_apt.COLLECTOR,
    docker_daemon.COLLECTOR,
    docker_containers.COLLECTOR,
    docker_images.COLLECTOR,
    kubernetes_node.COLLECTOR,
)
"""Every section of a host but its packages, in the order in which they are read."""
