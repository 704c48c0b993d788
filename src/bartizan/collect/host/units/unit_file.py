"""Unit files of systemd.unit(5) with their drop-ins: the directives that say how a service is confined.

    [Service]
    ExecStart=/usr/sbin/nginx -g "daemon on;"
    ProtectSystem=strict
    SystemCallFilter=@system-service
    SystemCallFilter=~@privileged           # adds to the list; an empty value starts it anew

Environment and arguments are never kept.
"""

import re
from collections.abc import Iterable

Directives = dict[str, list[str]]
"""`section.key` in lower case of the section, key as written, to values in order."""

_CONFINEMENT = """
AmbientCapabilities CapabilityBoundingSet Delegate DeviceAllow DevicePolicy DynamicUser Group IPAddressAllow
IPAddressDeny InaccessiblePaths KeyringMode LockPersonality MemoryDenyWriteExecute NoExecPaths NoNewPrivileges
NotifyAccess PermissionsStartOnly PrivateDevices PrivateIPC PrivateMounts PrivateNetwork PrivateTmp PrivateUsers
ProcSubset ProtectClock ProtectControlGroups ProtectHome ProtectHostname ProtectKernelLogs ProtectKernelModules
ProtectKernelTunables ProtectProc ProtectSystem ReadOnlyPaths ReadWritePaths RemoveIPC RestrictAddressFamilies
RestrictFileSystems RestrictNamespaces RestrictRealtime RestrictSUIDSGID RootDirectory RootImage SecureBits
SupplementaryGroups SystemCallArchitectures SystemCallErrorNumber SystemCallFilter UMask User
"""
CONFINEMENT = frozenset(_CONFINEMENT.split())
_LISTS = """
AmbientCapabilities CapabilityBoundingSet DeviceAllow IPAddressAllow IPAddressDeny InaccessiblePaths NoExecPaths
ReadOnlyPaths ReadWritePaths RestrictAddressFamilies RestrictFileSystems SecureBits SupplementaryGroups
SystemCallArchitectures SystemCallFilter
"""
LISTS = frozenset(_LISTS.split())
TIMER = ("OnCalendar", "OnBootSec", "OnStartupSec", "OnActiveSec", "OnUnitActiveSec", "OnUnitInactiveSec")
LISTEN = ("ListenStream", "ListenDatagram", "ListenSequentialPacket", "ListenFIFO", "ListenSpecial", "ListenNetlink")

_SECTION = re.compile(r"\[([\w-]+)\]$")


def parse(texts: Iterable[str]) -> Directives:
    """Directives of a unit and its drop-ins, in that order."""
    out: Directives = {}
    for text in texts:
        section = ""
        for line in text.replace("\\\n", " ").split("\n"):
            stripped = line.strip()
            if not stripped or stripped[0] in "#;":
                continue
            head = _SECTION.match(stripped)
            if head:
                section = head[1]
                continue
            key, equals, value = stripped.partition("=")
            if not equals:
                continue
            name = f"{section}.{key.rstrip()}"
            value = value.strip()
            if value:
                out.setdefault(name, []).append(value)
            else:
                out[name] = []
    return out


def confinement(directives: Directives) -> dict[str, str]:
    """Directive to value: the last one, or all of a list joined by spaces; yes and no in one form."""
    out = {}
    for name, values in directives.items():
        section, _, key = name.partition(".")
        if section == "Service" and key in CONFINEMENT and values:
            value = " ".join(values) if key in LISTS else values[-1]
            out[key] = _BOOLEANS.get(value.lower(), value)
    return dict(sorted(out.items()))


_BOOLEANS = {"1": "yes", "true": "yes", "on": "yes", "yes": "yes", "0": "no", "false": "no", "off": "no", "no": "no"}


def programs(directives: Directives) -> tuple[str, ...]:
    """Paths of what `ExecStart=` runs; prefixes (`-`, `@`, `+`, `!`, `:`) and arguments are dropped."""
    found = (re.match(r"[-@:+!|]*([/\w%][\w./%@+-]*)", value) for value in directives.get("Service.ExecStart", ()))
    return tuple(match[1] for match in found if match)


def last(directives: Directives, name: str, default: str = "") -> str:
    values = directives.get(name)
    return values[-1] if values else default


def schedule(directives: Directives) -> tuple[str, ...]:
    return tuple(f"{key}={value}" for key in TIMER for value in directives.get(f"Timer.{key}", ()))


def listening(directives: Directives) -> tuple[str, ...]:
    return tuple(value for key in LISTEN for value in directives.get(f"Socket.{key}", ()))
