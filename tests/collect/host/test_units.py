"""Sections `units` and `sockets`: what starts, what runs, how it is confined, what listens."""

import json
import os
import socket
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bartizan.collect.filesystem.local import LocalView
from bartizan.collect.host import sockets
from bartizan.collect.host.units import unit_file
from bartizan.collect.host.units.section import COLLECTOR
from bartizan.collect.interface import NEEDS_LIVE, Problems
from host_folder import Host, Seen, see

UNITS: dict[str, str | bytes] = {
    "/lib": "-> usr/lib",
    "/usr/lib/systemd/system/nginx.service": "[Unit]\nDescription=web\n[Service]\nType=forking\n"
    'ExecStart=-/usr/sbin/nginx -g "TOKEN"\nEnvironment=PASSWORD=TOKEN\nPrivateTmp=true\n'
    "SystemCallFilter=@system-service\n"
    "User=www\n[Install]\nWantedBy=multi-user.target\n",
    "/etc/systemd/system/multi-user.target.wants/nginx.service": "-> /usr/lib/systemd/system/nginx.service",
    "/etc/systemd/system/nginx.service.d/50.conf": "[Service]\nSystemCallFilter=~@privileged\nUser=\nUser=web\n",
    "/usr/lib/systemd/system/telnet.socket": "[Socket]\nListenStream=23\n[Install]\nWantedBy=sockets.target\n",
    "/usr/lib/systemd/system/sockets.target.wants/telnet.socket": "-> ../telnet.socket",
    "/usr/lib/systemd/system/rpc.service": "[Service]\nExecStart=/sbin/rpc\n",
    "/etc/systemd/system/rpc.service": "-> /dev/null",
    "/usr/lib/systemd/system/idle.service": "[Service]\nExecStart=/bin/idle\n[Install]\nWantedBy=x.target\n",
    "/usr/lib/systemd/system/static.service": "[Service]\nExecStart=/bin/static\n",
    "/usr/lib/systemd/system/web.service": "-> nginx.service",
    "/usr/lib/systemd/system/getty@.service": "[Service]\nExecStart=-/sbin/agetty\n[Install]\nWantedBy=getty.target\n",
    "/etc/systemd/system/getty.target.wants/getty@tty1.service": "-> /lib/systemd/system/getty@.service",
    "/usr/lib/systemd/system/job.timer": "[Timer]\nOnCalendar=daily\n[Install]\nWantedBy=timers.target\n",
    "/etc/systemd/system/timers.target.wants/job.timer": "-> /usr/lib/systemd/system/job.timer",
    "/etc/systemd/system/default.target": "-> /lib/systemd/system/multi-user.target",
    "/etc/rc3.d/S01legacy": "",
    "/etc/rc3.d/S02nginx": "",
}


@pytest.fixture
def section(host: Host) -> Seen:
    return host.section(COLLECTOR, UNITS)


def test_states(section: Seen) -> None:
    units = {unit["name"]: unit for unit in section.facts["units"]}
    assert {name: (unit["state"], unit["starts"]) for name, unit in units.items()} == {
        "getty@.service": ("enabled", False),
        "getty@tty1.service": ("enabled", True),
        "idle.service": ("disabled", False),
        "job.timer": ("enabled", True),
        "nginx.service": ("enabled", True),
        "rpc.service": ("masked", False),
        "static.service": ("static", False),
        "telnet.socket": ("disabled", True),
        "web.service": ("alias", False),
    }
    assert units["web.service"]["alias_of"] == "nginx.service"
    assert units["job.timer"]["schedule"] == ["OnCalendar=daily"]
    assert units["telnet.socket"]["listens"] == ["23"]
    assert section.facts["default_target"] == "multi-user.target"
    assert section.facts["init_scripts"] == ["legacy"]


def test_confinement_with_drop_ins_and_nothing_of_the_command_line(section: Seen) -> None:
    nginx = next(unit for unit in section.facts["units"] if unit["name"] == "nginx.service")
    assert nginx["confinement"] == {
        "PrivateTmp": "yes",
        "SystemCallFilter": "@system-service ~@privileged",
        "User": "web",
    }
    assert nginx["programs"] == ["/usr/sbin/nginx"]
    assert nginx["user"] == "web"
    assert nginx["drop_ins"] == ["/etc/systemd/system/nginx.service.d/50.conf"]
    assert "TOKEN" not in json.dumps(section.facts)


def test_what_runs_is_unknown_on_a_folder(section: Seen, problems_of: Callable[[Seen], dict[str, str]]) -> None:
    assert problems_of(section) == {"@units.running": NEEDS_LIVE}
    assert {unit["running"] for unit in section.facts["units"]} == {None}


def test_a_host_without_systemd(host: Host) -> None:
    assert host.facts(COLLECTOR, {"/etc/rc2.d/S20sshd": ""})["present"] is False


@given(st.text(max_size=200))
def test_no_unit_breaks_it(text: str) -> None:
    directives = unit_file.parse([f"[Service]\n{text}", text])
    unit_file.confinement(directives)
    unit_file.programs(directives)


TABLE = """  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 21505 1 x 100 0 0 10 0
   1: 0100007F:9C40 0100007F:0016 01 00000000:00000000 00:00000000 00000000  1000        0 21506 1 x 100 0 0 10 0
   2: broken
   3: ZZ00007F:0016 00000000:0000 0A 0:0 0:0 0 0 0 1 1
"""


def test_the_table_of_sockets() -> None:
    problems = Problems()
    (row,) = sockets.parse("tcp", TABLE, "/proc/net/tcp", problems)
    assert (row.address, row.port, row.inode) == ("127.0.0.1", 22, "21505")
    assert [problem.path for problem in problems.found] == ["/proc/net/tcp:4", "/proc/net/tcp:5"]
    assert sockets.parse_address("00000000000000000000000001000000:0050") == ("::1", 80)


def test_units_from_control_groups() -> None:
    assert sockets.unit_of("0::/system.slice/ssh.service") == "ssh.service"
    assert sockets.unit_of("0::/user.slice/user-0.slice/user@0.service/app.slice/x.service") == "x.service"
    assert sockets.unit_of("3:cpu:/a.service\n1:name=systemd:/system.slice/_b.service") == "b.service"
    assert sockets.unit_of("") == ""


def test_a_socket_of_this_process_is_found_with_its_program() -> None:
    program = os.readlink("/proc/self/exe")
    with socket.socket() as server, socket.socket(socket.AF_INET6) as six:
        server.bind(("0.0.0.0", 0))
        server.listen()
        six.bind(("::1", 0))
        six.listen()
        found = see(sockets.COLLECTOR, LocalView("/")).facts["listening"]
        (ours,) = [item for item in found if item["port"] == server.getsockname()[1]]
        assert (ours["address"], ours["local"], ours["protocol"]) == ("0.0.0.0", False, "tcp")
        assert ours["program"] == program
        assert six.getsockname()[1] not in {item["port"] for item in found}, "a port that changes is no fact"
        assert any((item["address"], item["port"], item["program"]) == ("::1", 0, program) for item in found)


def test_sockets_need_a_running_system(host: Host) -> None:
    section = host.section(sockets.COLLECTOR, {"/etc/x": ""})
    assert section.facts is None
    assert section.problems[0].reason == NEEDS_LIVE


@given(st.text(max_size=200))
def test_no_table_breaks_it(text: str) -> None:
    sockets.parse("udp", "head\n" + text, "/proc/net/udp", Problems())
    sockets.unit_of(text)
