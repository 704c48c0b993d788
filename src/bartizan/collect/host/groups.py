"""Section `groups`: groups and their members, from group(5) and gshadow(5).

sudo:x:27:alice,bob
sudo:!::alice,bob           (gshadow: name, password, administrators, members)
"""

from collections.abc import Iterator
from dataclasses import dataclass

from bartizan.collect.filesystem.interface import FilesystemView
from bartizan.collect.host.text import number, read_attribute
from bartizan.collect.host.users import password_state
from bartizan.collect.interface import Collector, Problems


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    name: str
    gid: int
    members: tuple[str, ...]
    """As listed here; accounts whose primary group this is are found by their `gid`."""
    password: str
    """`shadow`, `empty`, `locked` or `set`, as for accounts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupShadow:
    name: str
    state: str
    administrators: tuple[str, ...]
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Groups:
    groups: tuple[Group, ...]
    shadow: tuple[GroupShadow, ...] | None
    """None where `/etc/gshadow` could not be read (`@shadow`) or does not exist."""


def collect(view: FilesystemView, problems: Problems) -> Groups:
    text = read_attribute(view, problems, "/etc/group", "groups")
    shadow = read_attribute(view, problems, "/etc/gshadow", "shadow")
    return Groups(
        groups=tuple(parse_group(text or "", problems)),
        shadow=None if shadow is None else tuple(parse_gshadow(shadow, problems)),
    )


def parse_group(text: str, problems: Problems) -> Iterator[Group]:
    for line_number, line in enumerate(text.split("\n"), 1):
        if not line or line[0] in "#+-":
            continue
        fields = line.split(":")
        gid = number(fields[2]) if len(fields) == 4 else None
        if gid is None or not fields[0]:
            problems.add(f"/etc/group:{line_number}", "is not a group: four fields with a numeric id are expected")
            continue
        state = password_state(fields[1])[0]
        password = "shadow" if fields[1] == "x" else "locked" if state == "none" else state
        yield Group(name=fields[0], gid=gid, members=_names(fields[3]), password=password)


def parse_gshadow(text: str, problems: Problems) -> Iterator[GroupShadow]:
    for line_number, line in enumerate(text.split("\n"), 1):
        if not line or line.startswith("#"):
            continue
        fields = line.split(":")
        if len(fields) != 4 or not fields[0]:
            problems.add(f"/etc/gshadow:{line_number}", "is not a group entry: four fields are expected")
            continue
        # An empty field means something else here than for accounts: nobody can join by password.
        state = password_state(fields[1])[0] if fields[1] else "none"
        yield GroupShadow(name=fields[0], state=state, administrators=_names(fields[2]), members=_names(fields[3]))


def _names(field: str) -> tuple[str, ...]:
    return tuple(name for name in field.split(",") if name)


COLLECTOR = Collector(section="groups", collect=collect, watches=("/etc/group", "/etc/gshadow"))
