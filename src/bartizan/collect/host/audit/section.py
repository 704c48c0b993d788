"""Section `audit`: whether auditd is there, how it is set up, and which rules the next start gives to the kernel.

    {"present": true, "daemon": {"max_log_file": 8, "max_log_file_action": "keep_logs", ...},
     "rules": [{"action": "always", "list": "exit", "path": "/etc/shadow", "permissions": "aw", ...}],
     "enabled": 2, "arches": ["b64", "b32"], "files": [{"path": "/usr/sbin/auditctl", "role": "tool", ...}]}

The rules are those of `/etc/audit/rules.d` where the service runs augenrules, otherwise those of `audit.rules`. What
runs now the kernel tells to root alone over netlink; it is not asked.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from bartizan.collect.filesystem.interface import FileKind, FileStat, FilesystemError, FilesystemView, exists
from bartizan.collect.host.audit.auditd import Daemon, daemon
from bartizan.collect.host.audit.merged import in_order, merge
from bartizan.collect.host.audit.rules import Line, Rule, RuleSet, lines_of, load
from bartizan.collect.host.groups import parse_group
from bartizan.collect.host.os import architecture
from bartizan.collect.host.text import decode, drop_ins, files_in, listed, number, printable, read_attribute, read_text
from bartizan.collect.host.users import parse_login_defs, parse_passwd
from bartizan.collect.interface import Collector, Problems

PROGRAMS = ("/usr/sbin/auditd", "/sbin/auditd")
RULES = "/etc/audit/audit.rules"
FOLDER = "/etc/audit/rules.d"
TOOLS = ("auditctl", "auditd", "augenrules", "aureport", "ausearch", "autrace", "audisp-remote")
"""Programs with which the audit log is made, read and steered."""
COMMANDS = (
    "/usr/bin/chacl",
    "/usr/bin/chcon",
    "/usr/bin/kmod",
    "/usr/bin/setfacl",
    "/usr/sbin/usermod",
)
"""Programs whose use is worth a rule of its own, where they are installed."""
MAX_FILES = 300
MAX_RULES = 5000
_ABSENT = (
    *("access", "chmod", "chown", "creat", "dup2", "lchown", "link", "mkdir", "mknod", "open", "readlink", "rename"),
    *("rmdir", "symlink", "unlink", "utime", "utimes"),
)
"""System calls of old that newer architectures never had (asm-generic/unistd.h)."""
_LACKS = {"aarch64": _ABSENT, "riscv64": (*_ABSENT, "renameat"), "loongarch64": (*_ABSENT, "renameat")}


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file of the audit system."""

    path: str
    role: str
    """`log`, `log-folder`, `configuration`, `tool`."""
    mode: int
    uid: int
    gid: int
    user: str
    """Empty where no account has this id."""
    owner_group: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    present: bool
    """auditd is installed."""
    daemon: Daemon = field(default_factory=Daemon)
    merged: bool = False
    """The service makes the rules anew from `/etc/audit/rules.d` when it starts."""
    in_step: bool = True
    """`audit.rules` is what `/etc/audit/rules.d` comes to."""
    rules: tuple[Rule, ...] = ()
    """Unknown where one line is not understood, for auditctl stops at the first that it does not take."""
    silenced: bool = False
    """A rule without conditions keeps everything from being recorded: `-a never,task`."""
    enabled: int = 1
    failure: int = 1
    backlog: int = 64
    loginuid_immutable: bool = False
    arches: tuple[str, ...] = ()
    """Interfaces through which programs may call this kernel: `b64` and `b32`, or `b32` alone."""
    absent: tuple[str, ...] = ()
    """System calls that the 64 bit interface of this machine does not have."""
    commands: tuple[str, ...] = ()
    """Of the programs whose use is worth a rule, those that are installed."""
    files: tuple[File, ...] = ()
    """By path. Of log files with equal owners and modes only the first is told."""
    plugins: tuple[str, ...] = ()
    """Names of those that hand records on and are active."""


def collect(view: FilesystemView, problems: Problems) -> Audit:
    if not any(exists(view, path) for path in PROGRAMS):
        return Audit(present=False)
    settings = daemon(view, problems)
    sources = list(_folder_lines(view, problems))
    merged = bool(sources) and _runs_augenrules(view, problems)
    fixed = list(_lines(view, problems, RULES))
    expected = merge(sources)
    found = load(expected if merged else fixed)
    _tell(found, problems)
    machine = architecture(view)
    least = number(parse_login_defs(read_text(view, problems, "/etc/login.defs") or "").get("uid_min", "1000"))
    narrow = _is_32_bit(machine)
    return Audit(
        present=True,
        daemon=settings,
        merged=merged,
        in_step=not merged or [line.text for line in fixed] == [line.text for line in expected],
        rules=tuple(_about_people(_placed(view, rule), least or 1000) for rule in found.rules[:MAX_RULES]),
        silenced=any(_silences(rule) for rule in found.rules),
        enabled=found.enabled,
        failure=found.failure,
        backlog=found.backlog,
        loginuid_immutable=found.loginuid_immutable,
        arches=("b32",) if narrow else ("b64", "b32"),
        absent=_LACKS.get(machine, ()),
        commands=tuple(path for path in COMMANDS if exists(view, path)),
        files=tuple(_files(view, problems, settings.log_file)),
        plugins=tuple(_plugins(view, problems)),
    )


def _folder_lines(view: FilesystemView, problems: Problems) -> Iterator[Line]:
    paths = {path.rpartition("/")[2]: path for path in files_in(view, problems, FOLDER, ".rules", "rules")}
    for name in in_order(name for name in paths if not name.startswith(".")):
        yield from _lines(view, problems, paths[name])


def _lines(view: FilesystemView, problems: Problems, path: str) -> Iterator[Line]:
    yield from lines_of(read_attribute(view, problems, path, "rules") or "", printable(path))


def _runs_augenrules(view: FilesystemView, problems: Problems) -> bool:
    """What the service starts to load the rules; augenrules where that cannot be told, as both families ship it."""
    folders = ("/etc/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system")
    texts = []
    for unit in ("auditd.service", "audit-rules.service"):
        path = next((path for folder in folders if exists(view, path := f"{folder}/{unit}")), None)
        paths = [path] if path else []
        paths += drop_ins(view, problems, tuple(f"{folder}/{unit}.d" for folder in folders), ".conf")
        texts += [read_text(view, problems, found) or "" for found in paths]
    started = [
        line for text in texts for line in text.splitlines() if line.startswith(("ExecStart=", "ExecStartPost="))
    ]
    if any("augenrules" in line for line in started):
        return True
    return not any("auditctl" in line and "-R" in line for line in started)


def _tell(found: RuleSet, problems: Problems) -> None:
    for source, reason in found.refused[:20]:
        problems.add("@rules", f"{source}: {reason}")
    if found.refused:
        problems.add("@enabled", f"{found.refused[0][0]}: auditctl stops here")
    if len(found.rules) > MAX_RULES:
        problems.add("@rules", f"there are {len(found.rules)}, and the first {MAX_RULES} are told")


def _is_32_bit(machine: str) -> bool:
    return machine in ("i386", "i486", "i586", "i686", "x86", "arm", "armel", "armhf", "armv7l", "armv7")


def _placed(view: FilesystemView, rule: Rule) -> Rule:
    """The path with links in its folders followed: `/sbin/usermod` is `/usr/sbin/usermod` on a merged system."""
    if not rule.path or rule.path == "/":
        return rule
    folder, _, name = rule.path.rpartition("/")
    try:
        real = view.resolve(folder or "/").rstrip("/")
    except FilesystemError:
        return rule
    return replace(rule, path=f"{real}/{name}")


def _about_people(rule: Rule, least: int) -> Rule:
    """`auid>=N` says the same for every N up to the first id of people; it is written `auid>=people` then."""
    return replace(rule, fields=tuple(sorted(_people(each, least) for each in rule.fields)))


def _people(condition: str, least: int) -> str:
    for sign, more in ((">=", 0), (">", 1)):
        first = number(condition.removeprefix("auid" + sign)) if condition.startswith("auid" + sign) else None
        if first is not None and first + more <= least:
            return "auid>=people"
    return condition


def _silences(rule: Rule) -> bool:
    bare = not (rule.fields or rule.path or rule.syscalls or rule.arch or rule.permissions)
    return rule.action == "never" and rule.list in ("task", "exit") and bare


def _files(view: FilesystemView, problems: Problems, log_file: str) -> Iterator[File]:
    users = {each.uid: each.name for each in reversed(list(parse_passwd(_text(view, "/etc/passwd"), Problems())))}
    groups = {each.gid: each.name for each in reversed(list(parse_group(_text(view, "/etc/group"), Problems())))}
    seen: set[tuple[int, int, int]] = set()
    for path, role in _places(view, problems, log_file):
        try:
            stat = view.stat(path)
        except FilesystemError as error:
            problems.caught(error)
            continue
        if role == "log" and (stat.kind is not FileKind.FILE or _again(stat, seen)):
            continue
        yield File(
            path=printable(path),
            role=role,
            mode=stat.mode,
            uid=stat.uid,
            gid=stat.gid,
            user=users.get(stat.uid, ""),
            owner_group=groups.get(stat.gid, ""),
        )


def _again(stat: FileStat, seen: set[tuple[int, int, int]]) -> bool:
    key = (stat.mode, stat.uid, stat.gid)
    known = key in seen
    seen.add(key)
    return known


def _places(view: FilesystemView, problems: Problems, log_file: str) -> Iterator[tuple[str, str]]:
    for folder in ("/etc/audit", FOLDER, "/etc/audit/plugins.d"):
        for entry in listed(view, problems, folder, "files")[:MAX_FILES]:
            if entry.name.endswith((".conf", ".rules")):
                yield entry.path, "configuration"
    for name in TOOLS:
        place = next((path for path in (f"/usr/sbin/{name}", f"/sbin/{name}") if exists(view, path)), None)
        if place:
            yield place, "tool"
    folder = log_file.rpartition("/")[0]
    if folder.startswith("/"):
        if exists(view, folder):
            yield folder, "log-folder"
        for entry in listed(view, problems, folder, "files")[:MAX_FILES]:
            yield entry.path, "log"


def _plugins(view: FilesystemView, problems: Problems) -> Iterator[str]:
    for folder in ("/etc/audit/plugins.d", "/etc/audisp/plugins.d"):
        for path in files_in(view, problems, folder, ".conf", "plugins"):
            said = (read_attribute(view, problems, path, "plugins") or "").replace(" ", "").lower()
            if "active=yes" in said.split("\n"):
                yield printable(path.rpartition("/")[2].removesuffix(".conf"))


def _text(view: FilesystemView, path: str) -> str:
    """Names for ids; where they cannot be read the sections `users` and `groups` say so."""
    try:
        return decode(view.read(path))
    except FilesystemError:
        return ""


COLLECTOR = Collector(
    section="audit",
    collect=collect,
    watches=("/etc/audit", "/etc/audit/auditd.conf", RULES, FOLDER, "/etc/audit/plugins.d", "/var/log/audit"),
)
