"""Files of the engine: owners and rights, and which of them audit rules watch.

/etc/audit/rules.d/docker.rules    -w /usr/bin/dockerd -p rwxa -k docker
                                   -a always,exit -F path=/usr/bin/runc -F perm=x
"""

from collections.abc import Iterator, Mapping
from typing import Any

from bartizan.collect.filesystem.interface import FilesystemError, FilesystemView
from bartizan.collect.host.audit import section as audit
from bartizan.collect.host.audit.rules import Rule, place
from bartizan.collect.host.docker.engine import SOCKET
from bartizan.collect.host.glob import glob
from bartizan.collect.host.groups import parse_group
from bartizan.collect.host.text import caught, read_text
from bartizan.collect.host.users import parse_passwd
from bartizan.collect.interface import Problems

AUDITED: Mapping[str, tuple[str, ...]] = {
    "/usr/bin/dockerd": ("/usr/bin/dockerd", "/usr/sbin/dockerd"),
    "/run/containerd": ("/run/containerd",),
    "/var/lib/docker": ("/var/lib/docker",),
    "/etc/docker": ("/etc/docker",),
    "/usr/lib/systemd/system/docker.service": (
        "/usr/lib/systemd/system/docker.service", "/lib/systemd/system/docker.service",
        "/etc/systemd/system/docker.service",
    ),
    "/run/containerd/containerd.sock": ("/run/containerd/containerd.sock",),
    "/usr/lib/systemd/system/docker.socket": (
        "/usr/lib/systemd/system/docker.socket", "/lib/systemd/system/docker.socket",
        "/etc/systemd/system/docker.socket",
    ),
    "/etc/default/docker": ("/etc/default/docker",),
    "/etc/docker/daemon.json": ("/etc/docker/daemon.json",),
    "/etc/containerd/config.toml": ("/etc/containerd/config.toml",),
    "/etc/sysconfig/docker": ("/etc/sysconfig/docker",),
    "/usr/bin/containerd": ("/usr/bin/containerd", "/usr/sbin/containerd"),
    "/usr/bin/containerd-shim": ("/usr/bin/containerd-shim",),
    "/usr/bin/containerd-shim-runc-v1": ("/usr/bin/containerd-shim-runc-v1",),
    "/usr/bin/containerd-shim-runc-v2": ("/usr/bin/containerd-shim-runc-v2",),
    "/usr/bin/runc": ("/usr/bin/runc", "/usr/sbin/runc"),
}  # fmt: skip
"""What audit rules should watch, by the benchmark's path, with the places where distributions put it."""

_ROLES = (
    ("service", AUDITED["/usr/lib/systemd/system/docker.service"]),
    ("socket-unit", AUDITED["/usr/lib/systemd/system/docker.socket"]),
    ("folder", ("/etc/docker",)),
    ("registry-certificate", ("/etc/docker/certs.d/*/*",)),
    ("configuration", ("/etc/docker/daemon.json",)),
    ("defaults", ("/etc/default/docker",)),
    ("sysconfig", ("/etc/sysconfig/docker",)),
    ("containerd-socket", ("/run/containerd/containerd.sock",)),
)


def files(view: FilesystemView, problems: Problems, settings: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Owner and rights of each file that there is, with what it is for."""
    users = {each.uid: each.name for each in parse_passwd(_text(view, "/etc/passwd"), Problems())}
    groups = {each.gid: each.name for each in parse_group(_text(view, "/etc/group"), Problems())}
    out: dict[str, dict[str, Any]] = {}
    for role, path in _paths(view, problems, settings):
        try:
            if role in ("service", "socket-unit"):
                path = view.resolve(path)  # noqa: PLW2901 - /lib leads to /usr/lib, an enabled unit to the unit
            stat = view.stat(path)
        except FilesystemError as error:
            caught(problems, error)
            continue
        owner = {"user": users.get(stat.uid, str(stat.uid)), "group": groups.get(stat.gid, str(stat.gid))}
        out[path] = {"path": path, "role": role, "mode": stat.mode, **owner}
    return [out[path] for path in sorted(out)]


def _paths(view: FilesystemView, problems: Problems, settings: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for role, patterns in _ROLES:
        for pattern in patterns:
            yield from ((role, path) for path in glob(view, problems, pattern))
    hosts = settings.get("hosts")
    named = [str(each).removeprefix("unix://") for each in hosts if str(each).startswith("unix://")] if hosts else []
    yield from (("socket", path) for each in named or [SOCKET] for path in glob(view, problems, each))
    for role, key in (("authority", "tlscacert"), ("certificate", "tlscert"), ("key", "tlskey")):
        if isinstance(settings.get(key), str):
            yield role, settings[key]


def audited_paths(view: FilesystemView) -> tuple[set[str], str]:
    """The benchmark's paths that a rule watches for writing or execution, and why that is not known."""
    problems = Problems()
    found = audit.collect(view, problems)
    unknown = next((each.reason for each in problems.found if each.path == "@rules"), "")
    watches = [
        rule
        for rule in (() if found.silenced else found.rules)
        if rule.action == "always" and rule.path and (not rule.permissions or {"w", "x"} & set(rule.permissions))
    ]
    return {
        name
        for name, places in AUDITED.items()
        if any(_covers(rule, place(path)) for path in places for rule in watches)
    }, unknown


def _covers(rule: Rule, path: str) -> bool:
    return rule.path == path or (rule.recursive and path.startswith(rule.path + "/"))


def _text(view: FilesystemView, path: str) -> str:
    return read_text(view, Problems(), path) or ""
