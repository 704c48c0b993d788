"""Section `units`: which services, sockets and timers there are, whether they start, run, and how they are confined.

    {"name": "ssh.service", "state": "enabled", "starts": true, "running": true, "programs": ["/usr/sbin/sshd"],
     "user": "root", "confinement": {"PrivateTmp": "yes"}, "path": "/usr/lib/systemd/system/ssh.service"}

Folders in order of precedence and what links in them mean: systemd.unit(5), systemctl(1). What runs is told by control
groups, which exist while a unit has a process. A one-shot service never counts as running: it would come and go.
"""

import re
from dataclasses import dataclass, field

from bartizan.collect.filesystem.interface import Entry, FileKind, FilesystemError, FilesystemView, exists
from bartizan.collect.host.text import caught, decode, listed, printable
from bartizan.collect.host.units import unit_file
from bartizan.collect.interface import NEEDS_LIVE, Collector, Problems

FOLDERS = (
    "/etc/systemd/system",
    "/run/systemd/system",
    "/run/systemd/generator",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
)
ADMINISTRATOR = ("/etc/systemd/system/", "/run/systemd/system/")
SUFFIXES = (".service", ".socket", ".timer")
_WANTS = (".wants", ".requires", ".upholds")


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    name: str
    kind: str
    """`service`, `socket` or `timer`."""
    state: str
    """`enabled`, `disabled`, `static` (has no [Install]), `masked`, `alias`, `generated`, `instance`."""
    starts: bool
    """Something pulls it in: a link below `*.wants`, the administrator's or the vendor's."""
    wanted_by: tuple[str, ...]
    running: bool | None
    """None on a folder, and where systemd is not the first process."""
    path: str
    """The file that counts; of a masked unit the link."""
    drop_ins: tuple[str, ...]
    alias_of: str = ""
    programs: tuple[str, ...] = ()
    """Of a unit that starts or runs, as what follows; otherwise empty."""
    user: str = ""
    """Empty: root, unless `dynamic_user`."""
    dynamic_user: bool = False
    confinement: dict[str, str] = field(default_factory=dict)
    """Directives that confine a service, as written: `ProtectSystem` to `strict`."""
    schedule: tuple[str, ...] = ()
    listens: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Units:
    present: bool
    running_manager: bool | None
    """Whether systemd runs this machine; None on a folder."""
    default_target: str
    units: tuple[Unit, ...]
    init_scripts: tuple[str, ...]
    """Names that `/etc/rc?.d` starts and that are no unit: System V init."""


@dataclass(slots=True)
class _Found:
    """What the folders say, gathered in one pass over them."""

    files: dict[str, Entry] = field(default_factory=dict)
    """Unit name to the entry that counts."""
    wants: dict[str, set[str]] = field(default_factory=dict)
    chosen: set[str] = field(default_factory=set)
    """Units that the administrator's links pull in."""
    templates: set[str] = field(default_factory=set)
    """Templates of which the administrator's links pull in an instance."""
    drop_ins: dict[str, dict[str, str]] = field(default_factory=dict)
    """Unit name to drop-in file name to path."""


def collect(view: FilesystemView, problems: Problems) -> Units:
    found = _look(view, problems)
    if not found.files:
        return Units(
            present=False,
            running_manager=False if view.live else None,
            default_target="",
            units=(),
            init_scripts=_init_scripts(view, problems, found),
        )
    manager = exists(view, "/run/systemd/system") if view.live else None
    running = _control_groups(view, problems) if manager else None
    if running is None:
        problems.add("@units.running", "systemd is not running here" if view.live else NEEDS_LIVE)
    names = set(found.files) | {name for name in (*found.wants, *(running or ())) if name.endswith(SUFFIXES)}
    units = (_unit(view, problems, name, found, running) for name in sorted(names))
    return Units(
        present=True,
        running_manager=manager,
        default_target=_default_target(view),
        units=tuple(unit for unit in units if unit is not None),
        init_scripts=_init_scripts(view, problems, found),
    )


def _look(view: FilesystemView, problems: Problems) -> _Found:
    found = _Found()
    seen: set[str] = set()
    for folder in FOLDERS:
        try:
            real = view.resolve(folder)
            entries = view.list(folder)
        except FilesystemError as error:
            caught(problems, error, "units")
            continue
        if real in seen:  # /lib is a link to /usr/lib
            continue
        seen.add(real)
        for entry in entries:
            if entry.name.endswith(SUFFIXES) and entry.kind is not FileKind.DIRECTORY:
                found.files.setdefault(entry.name, entry)
            elif entry.name.endswith(_WANTS):
                target = printable(entry.name.rpartition(".")[0])
                for link in listed(view, problems, entry.path):
                    found.wants.setdefault(link.name, set()).add(target)
                    if folder + "/" in ADMINISTRATOR:
                        found.chosen.add(link.name)
                        found.templates.add(_template(link.name))
            elif entry.name.endswith(".d") and entry.kind is FileKind.DIRECTORY:
                for part in listed(view, problems, entry.path):
                    if part.name.endswith(".conf"):
                        found.drop_ins.setdefault(entry.name[:-2], {}).setdefault(part.name, part.path)
    return found


def _unit(
    view: FilesystemView, problems: Problems, name: str, found: _Found, running: frozenset[str] | None
) -> Unit | None:
    template = _template(name)
    entry = found.files.get(name) or found.files.get(template)
    if entry is None:
        return None  # wanted, but not installed
    instance = entry.name != name
    starts = name in found.wants
    parts = {**found.drop_ins.get("service" if name.endswith(".service") else "", {})}
    parts |= found.drop_ins.get(template, {}) | found.drop_ins.get(name, {})
    drop_ins = [parts[part] for part in sorted(parts)]
    alias = ""
    if entry.kind is FileKind.LINK:
        try:
            alias = view.readlink(entry.path).rpartition("/")[2]
        except FilesystemError:
            alias = ""
        alias = "" if alias == entry.name else alias
    text = ""
    state = "masked"
    if alias != "null":
        try:
            text = decode(view.read(entry.path, 1 << 20))
        except FilesystemError as error:
            caught(problems, error, "units")
        if text or alias:
            state = _state(name, entry, found, alias=alias, instance=instance, text=text)
    runs = None if running is None else name in running and "Type=oneshot" not in text
    active = (starts or bool(runs)) and state not in ("masked", "alias")
    directives = unit_file.parse([text, *_texts(view, problems, drop_ins)]) if active else {}
    return Unit(
        name=printable(name),
        kind=name.rpartition(".")[2],
        state=state,
        starts=starts and state != "masked",
        wanted_by=tuple(sorted(found.wants.get(name, ()))),
        running=runs,
        path=printable(entry.path),
        drop_ins=tuple(printable(path) for path in drop_ins),
        alias_of=printable(alias) if state == "alias" else "",
        programs=unit_file.programs(directives),
        user=unit_file.last(directives, "Service.User"),
        dynamic_user=unit_file.confinement(directives).get("DynamicUser") == "yes",
        confinement=unit_file.confinement(directives),
        schedule=unit_file.schedule(directives),
        listens=unit_file.listening(directives),
    )


def _template(name: str) -> str:
    """`getty@.service` of `getty@tty1.service`; of what is no instance, its own name."""
    return re.sub(r"@[^@]*\.", "@.", name) if "@" in name else name


def _state(name: str, entry: Entry, found: _Found, *, alias: str, instance: bool, text: str) -> str:
    if entry.path.startswith("/run/systemd/generator/"):
        return "generated"
    if alias and not alias.startswith(name.partition("@")[0] + "@"):
        return "alias"
    linked = entry.kind is FileKind.LINK and entry.path.startswith(ADMINISTRATOR)  # from elsewhere: `systemctl link`
    if linked or name in found.chosen or name in found.templates:
        return "enabled"
    if instance:
        return "instance"
    return "disabled" if _INSTALLABLE.search(text) else "static"


_INSTALLABLE = re.compile(r"^(?:WantedBy|RequiredBy|UpheldBy|Alias|Also)[ \t]*=[ \t]*\S", re.MULTILINE)


def _texts(view: FilesystemView, problems: Problems, paths: list[str]) -> list[str]:
    out = []
    for path in paths:
        try:
            out.append(decode(view.read(path, 1 << 20)))
        except FilesystemError as error:
            caught(problems, error, "units")
    return out


def _control_groups(view: FilesystemView, problems: Problems) -> frozenset[str] | None:
    """Units with a control group below `system.slice`, at most two slices deep, in version 2 or 1."""
    for top in (
        "/sys/fs/cgroup/system.slice",
        "/sys/fs/cgroup/systemd/system.slice",
        "/sys/fs/cgroup/unified/system.slice",
    ):
        if exists(view, top):
            names = set()
            for entry in listed(view, problems, top):
                if entry.name.endswith(SUFFIXES):
                    names.add(_unescaped(entry.name))
                elif entry.name.endswith(".slice") and entry.kind is FileKind.DIRECTORY:
                    names |= {
                        _unescaped(e.name) for e in listed(view, problems, entry.path) if e.name.endswith(SUFFIXES)
                    }
            return frozenset(names)
    return None


def _unescaped(name: str) -> str:
    return name.removeprefix("_")


def _default_target(view: FilesystemView) -> str:
    for folder in FOLDERS:
        try:
            return printable(view.readlink(f"{folder}/default.target").rpartition("/")[2])
        except FilesystemError:
            continue
    return ""


def _init_scripts(view: FilesystemView, problems: Problems, found: _Found) -> tuple[str, ...]:
    names = set()
    for level in "2345":
        for entry in listed(view, problems, f"/etc/rc{level}.d"):
            started = re.fullmatch(r"S\d\d(.+)", entry.name)
            if started and f"{started[1]}.service" not in found.files:
                names.add(printable(started[1]))
    return tuple(sorted(names))


COLLECTOR = Collector(
    section="units",
    collect=collect,
    watches=(*FOLDERS, "/etc/systemd/system/multi-user.target.wants", "/etc/rc2.d", "/sys/fs/cgroup/system.slice"),
)
