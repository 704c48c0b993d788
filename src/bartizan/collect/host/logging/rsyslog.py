"""What rsyslog writes, receives and sends on, from rsyslog.conf(5) and what it includes.

    {"files": [{"path": "/var/log/auth.log", "selector": "auth,authpriv.*", "mode": 416, "source": "..."}],
     "listeners": [{"module": "imtcp", "port": "514", "source": "/etc/rsyslog.d/in.conf:3"}],
     "forwards": [{"target": "logs.example.org", "port": "6514", "protocol": "tcp", "tls": true, "source": "..."}]}

`$FileCreateMode` counts for the older actions after it, `module(load="builtin:omfile" fileCreateMode=...)` for the
others; the umask of the process, which `$Umask` or the unit sets, takes bits away from both.
"""

import re
from dataclasses import dataclass, field

from bartizan.collect.filesystem.interface import FilesystemError, FilesystemView, Missing, exists
from bartizan.collect.host.glob import glob
from bartizan.collect.host.logging.rsyslog_syntax import Directive, LegacyAction, NotUnderstood, Object, parse
from bartizan.collect.host.text import decode, files_in, printable, read_text
from bartizan.collect.host.units import unit_file
from bartizan.collect.interface import Problems

PROGRAMS = ("/usr/sbin/rsyslogd", "/sbin/rsyslogd")
CONFIGURATION = "/etc/rsyslog.conf"
RECEIVERS = frozenset(("im3195", "imdtls", "imgssapi", "imhttp", "imptcp", "imrelp", "imtcp", "imudp"))
"""Modules that take messages from the network (rsyslog's documentation, input modules)."""
MAX_FILES = 500
MAX_DEPTH = 16
MAX_ITEMS = 2000

_RUNS = {
    "inputtcpserverrun": "imtcp",
    "udpserverrun": "imudp",
    "inputptcpserverrun": "imptcp",
    "inputrelpserverrun": "imrelp",
    "inputgssserverrun": "imgssapi",
    "input3195listenport": "im3195",
}
_FORWARDERS = {"omfwd": "udp", "omrelp": "relp", "omgssapi": "gssapi", "omdtls": "dtls"}
"""Modules that send to another machine, and how they do where nothing else is said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFile:
    path: str
    """`?name` where a template makes the path of each message."""
    selector: str
    """Empty where a condition chooses the messages."""
    mode: int
    """That a new file gets, the umask taken off."""
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    module: str
    port: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Forward:
    target: str
    port: str
    protocol: str
    """`udp`, `tcp`, `relp`, `gssapi`, `dtls`."""
    tls: bool
    local: bool
    """The target is this machine itself."""
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rsyslog:
    present: bool
    modules: tuple[str, ...] = ()
    """Loaded ones, by name."""
    files: tuple[LogFile, ...] = ()
    listeners: tuple[Listener, ...] = ()
    forwards: tuple[Forward, ...] = ()
    sources: tuple[str, ...] = ()
    understood: bool = True
    """Every line was. Otherwise this is unknown, with the lines, for what they do is missing above."""


def rsyslog(view: FilesystemView, problems: Problems) -> Rsyslog:
    if not any(exists(view, path) for path in PROGRAMS):
        return Rsyslog(present=False)
    state = _State(view, problems, umask=_unit_umask(view, problems))
    state.read(CONFIGURATION, 0)
    return Rsyslog(
        present=True,
        modules=tuple(sorted(state.modules)),
        files=tuple(
            LogFile(path=path, selector=selector, mode=mode & ~state.umask, source=source)
            for path, selector, mode, source in state.files
        ),
        listeners=tuple(state.listeners),
        forwards=tuple(state.forwards),
        sources=tuple(state.sources),
        understood=state.understood,
    )


@dataclass(slots=True)
class _State:
    """What was said until here: later lines depend on earlier ones."""

    view: FilesystemView
    problems: Problems
    umask: int
    legacy_mode: int = 0o644
    module_mode: int = 0o644
    legacy_tls: bool = False
    modules: set[str] = field(default_factory=set)
    files: list[tuple[str, str, int, str]] = field(default_factory=list)
    listeners: list[Listener] = field(default_factory=list)
    forwards: list[Forward] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    items: int = 0
    understood: bool = True

    def read(self, path: str, depth: int) -> None:
        name = printable(path)
        if depth > MAX_DEPTH or len(self.sources) >= MAX_FILES:
            self.unknown(name, "too many files include one another")
            return
        try:
            text = decode(self.view.read(path, 4 << 20))
        except Missing:
            return
        except FilesystemError as error:
            self.unknown(name, error.reason)
            return
        self.sources.append(name)
        for item in parse(text):
            self.items += 1
            source = f"{name}:{item.line}"
            if self.items > MAX_ITEMS:
                self.unknown(source, f"only the first {MAX_ITEMS} statements are read")
                return
            match item:
                case Directive():
                    self.directive(item, source, depth)
                case Object():
                    self.object(item, source, depth)
                case LegacyAction():
                    self.action(item, source)
                case NotUnderstood():
                    self.unknown(source, item.reason)

    def unknown(self, source: str, reason: str) -> None:
        self.understood = False
        self.problems.add("@rsyslog.understood", f"{source}: {reason}")

    def include(self, pattern: str, depth: int) -> None:
        if pattern.endswith("/"):
            paths = files_in(self.view, self.problems, pattern.rstrip("/") or "/", attribute="rsyslog.understood")
            paths = [path for path in paths if not path.rpartition("/")[2].startswith(".")]
        else:
            paths = glob(self.view, self.problems, pattern, "rsyslog.understood")
        for path in paths:
            self.read(path, depth + 1)

    def directive(self, item: Directive, source: str, depth: int) -> None:
        value = item.value.split("#")[0].strip().strip('"')
        match item.name:
            case "includeconfig":
                self.include(value, depth)
            case "filecreatemode":
                self.legacy_mode = self.octal(value, source, self.legacy_mode)
            case "umask":
                self.umask = self.octal(value, source, self.umask)
            case "actionsendstreamdrivermode":
                self.legacy_tls = value == "1"
            case "modload":
                self.modules.add(_module_name(value))
            case name if name in _RUNS:
                self.listeners.append(Listener(module=_RUNS[name], port=value[:40], source=source))

    def object(self, item: Object, source: str, depth: int) -> None:
        given = item.parameters
        match item.kind:
            case "include":
                self.include(given.get("file", ""), depth)
            case "global":
                if "umask" in given:
                    self.umask = self.octal(given["umask"], source, self.umask)
            case "module":
                self.modules.add(_module_name(given.get("load", "")))
                if _module_name(given.get("load", "")) == "omfile" and "filecreatemode" in given:
                    self.module_mode = self.octal(given["filecreatemode"], source, self.module_mode)
            case "input":
                kind = _module_name(given.get("type", ""))
                if kind in RECEIVERS:
                    self.listeners.append(Listener(module=kind, port=given.get("port", "")[:40], source=source))
            case "action":
                self.new_action(given, source)

    def new_action(self, given: dict[str, str], source: str) -> None:
        kind = _module_name(given.get("type", ""))
        if kind == "omfile":
            mode = self.octal(given.get("filecreatemode", ""), source, self.module_mode)
            path = given.get("file") or "?" + given.get("dynafile", "")
            self.files.append((path, "", mode, source))
        elif kind in _FORWARDERS:
            tls = given.get("streamdrivermode", given.get("streamdriver.mode")) == "1" or given.get("tls") == "on"
            self.forwards.append(
                Forward(
                    target=given.get("target", "")[:255],
                    port=given.get("port", "514")[:40],
                    protocol=given.get("protocol", _FORWARDERS[kind]).lower()[:10],
                    tls=tls or kind == "omdtls",
                    local=_is_local(given.get("target", "")),
                    source=source,
                )
            )

    def action(self, item: LegacyAction, source: str) -> None:
        said = item.action.removeprefix("-")
        if said.startswith(("/", "?")):
            path = re.split(r"[;\s]", said)[0]
            self.files.append((path, item.selector, self.legacy_mode, source))
            return
        sent = _SENT.match(said)
        if sent:
            protocol = {"@": "udp", "@@": "tcp"}.get(sent["at"], sent["at"].strip(":").removeprefix("om"))
            self.forwards.append(
                Forward(
                    target=(sent["six"] or sent["host"])[:255],
                    port=(sent["port"] or "514")[:40],
                    protocol=protocol,
                    tls=self.legacy_tls and protocol == "tcp",
                    local=_is_local(sent["six"] or sent["host"]),
                    source=source,
                )
            )
        elif not re.match(r"[*|^>:~]|[\w.-]+(?:,[\w.-]+)*$", said):
            self.unknown(source, "this action is not understood")

    def octal(self, value: str, source: str, default: int) -> int:
        if not value:
            return default
        if re.fullmatch(r"[0-7]{3,5}", value):
            return int(value, 8)
        self.unknown(source, "the mode is not octal")
        return default


_SENT = re.compile(
    r"(?P<at>@@?|:omrelp:|:omgssapi:)(?:\([^)]*\))?(?:\[(?P<six>[^\]]*)\]|(?P<host>[^\s:;]+))(?::(?P<port>[^\s;]+))?"
)


def _is_local(target: str) -> bool:
    return target in ("", "::1", "localhost", "localhost.localdomain") or target.startswith("127.")


def _module_name(text: str) -> str:
    """`/usr/lib/rsyslog/imtcp.so`, `imtcp` and `builtin:omfile` -> `imtcp`, `omfile`."""
    return text.strip().rpartition("/")[2].removesuffix(".so").removeprefix("builtin:").lower()[:40]


def _unit_umask(view: FilesystemView, problems: Problems) -> int:
    """`UMask=` of the service; systemd's default is 0022 (systemd.exec(5))."""
    folders = ("/etc/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system")
    unit = next((path for folder in folders if exists(view, path := f"{folder}/rsyslog.service")), None)
    paths = [unit] if unit else []
    for folder in reversed(folders):
        paths += files_in(view, problems, f"{folder}/rsyslog.service.d", ".conf")
    texts = [read_text(view, problems, path) or "" for path in paths]
    given = unit_file.last(unit_file.parse(texts), "Service.UMask", "0022")
    return int(given, 8) if re.fullmatch(r"[0-7]{1,4}", given) else 0o022
