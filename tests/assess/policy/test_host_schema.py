"""The host's schema says what the collectors give, no more and no less."""

import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any, Union, get_args, get_origin, get_type_hints

import pytest

from bartizan.assess.policy.engine import HOST_SECTIONS, load_policies
from bartizan.assess.policy.types import ANY, BOOL, INT, STRING, ListType, MapType, ObjectType, Type
from bartizan.collect.host import cloud, cron, groups, kernel, modules, mounts, os, pam, sockets, time, users
from bartizan.collect.host.audit.section import Audit
from bartizan.collect.host.disk import Disk
from bartizan.collect.host.files import Files
from bartizan.collect.host.firewall.section import Firewall
from bartizan.collect.host.logging.section import Logging
from bartizan.collect.host.sshd.section import SshServer
from bartizan.collect.host.sshd.settings import SETTINGS
from bartizan.collect.host.sudo.section import Sudo
from bartizan.collect.host.units.section import Units
from bartizan.collect.host.updates_apt.section import AptUpdates

RECORDS: dict[str, type] = {
    "os": os.OperatingSystem,
    "kernel": kernel.Kernel,
    "modules": modules.Modules,
    "users": users.Users,
    "groups": groups.Groups,
    "sudo": Sudo,
    "files": Files,
    "mounts": mounts.Mounts,
    "units": Units,
    "sockets": sockets.Sockets,
    "sshd": SshServer,
    "pam": pam.Pam,
    "cron": cron.Cron,
    "firewall": Firewall,
    "time": time.Time,
    "logging": Logging,
    "audit": Audit,
    "disk": Disk,
    "cloud": cloud.Cloud,
    "updates_apt": AptUpdates,
}
FIELDS = load_policies(builtin=False).schemas["host"].root.fields


def test_every_section_is_described() -> None:
    assert set(RECORDS) == set(HOST_SECTIONS)
    assert set(FIELDS) == set(HOST_SECTIONS) | {"packages"}


@pytest.mark.parametrize("section", sorted(RECORDS))
def test_a_section_is_as_its_collector_gives_it(section: str) -> None:
    assert list(differences(RECORDS[section], FIELDS[section], section)) == []


def test_settings_of_sshd_are_as_the_collector_names_them() -> None:
    sshd = FIELDS["sshd"]
    assert isinstance(sshd, ObjectType)
    effective = sshd.fields["effective"]
    assert isinstance(effective, ObjectType)
    assert set(effective.fields) == {setting.name for setting in SETTINGS.values()}


def differences(given: Any, described: Type, path: str) -> list[str]:
    """Where a record's type and the schema's do not agree."""
    origin = get_origin(given)
    if origin in (Union, types.UnionType):
        (given,) = [each for each in get_args(given) if each is not type(None)]
        origin = get_origin(given)
    if is_dataclass(given):
        assert isinstance(given, type)
        if not isinstance(described, ObjectType):
            return [f"{path}: {given.__name__} is described as {described}"]
        names = [each.name for each in fields(given)]
        out = [f"{path}: has {name!r} on one side only" for name in set(names) ^ set(described.fields)]
        hints = get_type_hints(given)
        for name in set(names) & set(described.fields):
            out += differences(hints[name], described.fields[name], f"{path}.{name}")
        return out
    if origin is tuple:
        if not isinstance(described, ListType):
            return [f"{path}: a list is described as {described}"]
        return differences(get_args(given)[0], described.item, f"{path}[]")
    if origin in (dict, Mapping):
        if path == "sshd.effective":
            return []
        if not isinstance(described, MapType):
            return [f"{path}: a map is described as {described}"]
        return differences(get_args(given)[1], described.value, f"{path}.*")
    if isinstance(given, type) and issubclass(given, Enum):
        given = str
    wanted = {str: STRING, int: INT, bool: BOOL, Any: ANY}[given]
    return [] if described == wanted else [f"{path}: {given} is described as {described}"]
