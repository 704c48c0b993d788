"""Whether the engine is part of a swarm, and how that is set up: from `GET /info` and `GET /networks`.

{"Swarm": {"LocalNodeState": "active", "ControlAvailable": true, "Managers": 1, "Cluster": {"Spec": {
    "EncryptionConfig": {"AutoLockManagers": false}, "CAConfig": {"NodeCertExpiry": 7776000000000000}}}}}
[{"Name": "ingress", "Driver": "overlay", "Options": {"com.docker.network.driver.overlay.vxlanid_list": "4096"}}]

Where the manager listens no answer tells; the kernel's table of sockets does.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from bartizan.collect.filesystem.interface import FilesystemView
from bartizan.collect.host.sockets import TABLES, parse
from bartizan.collect.host.text import read_text
from bartizan.collect.interface import Problems

FIELDS = (
    "swarm", "swarm_manager", "swarm_managers", "swarm_auto_lock", "swarm_certificate_days", "unencrypted_networks",
)  # fmt: skip
"""What the engine alone knows."""
PORT = 2377
"""Where managers listen unless told otherwise."""
_NANOSECONDS = 24 * 3600 * 10**9
_EVERYWHERE = frozenset(("0.0.0.0", "::"))  # noqa: S104 - read, not bound to


def swarm(view: FilesystemView, told: Mapping[str, Any], networks: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Attributes of `docker.daemon`."""
    state = _mapping(told, "Swarm")
    manager = bool(state.get("ControlAvailable"))
    spec = _mapping(_mapping(state, "Cluster"), "Spec")
    expiry = _mapping(spec, "CAConfig").get("NodeCertExpiry")
    managers = state.get("Managers")
    return {
        "swarm": state.get("LocalNodeState") not in (None, "", "inactive"),
        "swarm_manager": manager,
        "swarm_managers": managers if isinstance(managers, int) else 0,
        "swarm_everywhere": manager and _listens_everywhere(view),
        "swarm_auto_lock": bool(_mapping(spec, "EncryptionConfig").get("AutoLockManagers")),
        "swarm_certificate_days": expiry // _NANOSECONDS if isinstance(expiry, int) else 0,
        "unencrypted_networks": sorted(
            str(each.get("Name") or "") for each in networks if each.get("Driver") == "overlay" and not _encrypted(each)
        ),
    }


def _encrypted(network: Mapping[str, Any]) -> bool:
    """The option counts by being there, whatever it says but false."""
    found = _mapping(network, "Options").get("encrypted")
    return found is not None and str(found).lower() not in ("false", "0", "f")


def _listens_everywhere(view: FilesystemView) -> bool:
    for protocol, path in TABLES:
        if protocol == "tcp":
            rows = parse(protocol, read_text(view, Problems(), path) or "", path, Problems())
            if any(row.port == PORT and row.address in _EVERYWHERE for row in rows):
                return True
    return False


def _mapping(values: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = values.get(key)
    return found if isinstance(found, Mapping) else {}
