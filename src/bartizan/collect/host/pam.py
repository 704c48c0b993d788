"""Section `pam`: what each service asks of somebody who signs in, with includes in their place (pam.conf(5)).

    auth    [success=1 default=ignore]  pam_unix.so nullok
    auth    requisite                   pam_deny.so
    @include common-account             # Debian: all types of that file
    session substack system-auth        # like include, but `done` and `die` end only the part

Arguments are kept where their names are known; others may hold a password for a directory or database.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from bartizan.collect.filesystem.interface import FilesystemView, exists
from bartizan.collect.host.text import drop_ins, read_attribute, uncommented
from bartizan.collect.interface import Collector, Problems

FOLDERS = ("/etc/pam.d", "/usr/lib/pam.d", "/usr/etc/pam.d")
TYPES = ("auth", "account", "password", "session")
MAX_DEPTH = 32
"""Linux-PAM's PAM_SUBSTACK_MAX_LEVEL."""
MAX_RULES = 512

_ARGUMENTS = """
authfail authsucc audit authinfo_unavail blowfish broken_shadow conf config dcredit debug deny dictcheck difok
enforce_for_root enforce_root even_deny_root fail_interval file gecoscheck group group_name item kill lcredit
local_users_only magic_root maxclassrepeat maxrepeat maxsequence minclass minlen motd never no_log_info no_magic_root
noaudit nodelay nullok nullok_secure nullresetok obscure ocredit onerr open_only no_pass_expiry preauth quiet
quiet_fail quiet_success readenv reject_username remember require_auth required retry revoke root_only
root_unlock_time rounds sense serialize sha256 sha512 shadow silent skeleton skip_root time times tmpl trust
try_first_pass try_authtok type ucredit umask unlock_time use_authtok use_first_pass use_uid user_readenv userdb
yescrypt gost_yescrypt bigcrypt md5 nis not_set_pass
"""
ARGUMENTS = frozenset(_ARGUMENTS.split())

_QUALITY = """
badwords_set dcredit dictcheck difok enforce_for_root enforcing gecoscheck lcredit local_users_only maxclassrepeat
maxrepeat maxsequence minclass minlen ocredit palindrome retry ucredit usercheck usersubstr
"""
QUALITY = frozenset(_QUALITY.split())
_FAILLOCK = """
admin_group audit deny even_deny_root fail_interval local_users_only no_log_info nodelay root_unlock_time silent
unlock_time
"""
FAILLOCK = frozenset(_FAILLOCK.split())
HISTORY = frozenset(("remember", "enforce_for_root", "retry", "debug"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One module in a stack."""

    control: str
    """`required`, `requisite`, `sufficient`, `optional`, or `[success=1 default=ignore]` with its pairs sorted."""
    module: str
    """File name: `pam_unix.so`."""
    arguments: tuple[str, ...]
    source: str
    """File in which it stands."""
    optional: bool
    """A `-` in front of the type: a missing module is passed over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    name: str
    auth: tuple[Rule, ...]
    account: tuple[Rule, ...]
    password: tuple[Rule, ...]
    session: tuple[Rule, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """One line of limits.conf(5)."""

    domain: str
    type: str
    item: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pam:
    present: bool
    services: tuple[Service, ...] = ()
    """By name; files that only others include (`common-auth`) are services too, as PAM sees them."""
    pwquality: dict[str, str] | None = None
    """pwquality.conf(5) and its drop-ins; a flag is `""`. None where there is no such file."""
    faillock: dict[str, str] | None = None
    pwhistory: dict[str, str] | None = None
    limits: tuple[Limit, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line as it is written."""

    type: str
    control: str
    module: str
    arguments: tuple[str, ...]
    optional: bool = False


def collect(view: FilesystemView, problems: Problems) -> Pam:
    paths = {path.rpartition("/")[2]: path for path in drop_ins(view, problems, FOLDERS, "", "services")}
    if not paths and not problems.found:
        return Pam(present=False)
    files: dict[str, list[Line] | None] = {}
    for name, path in paths.items():
        text = read_attribute(view, problems, path, "services")
        files[name] = None if text is None else list(parse(text, path, problems))
    services = []
    for name in sorted(files):
        if files[name] is not None:
            stacks = {type_: tuple(_Stack(files, paths, problems, type_).rules(name)) for type_ in TYPES}
            services.append(Service(name=name, **stacks))
    return Pam(
        present=True,
        services=tuple(services),
        pwquality=_settings(view, problems, "pwquality", QUALITY),
        faillock=_settings(view, problems, "faillock", FAILLOCK),
        pwhistory=_settings(view, problems, "pwhistory", HISTORY),
        limits=tuple(_limits(view, problems)),
    )


def parse(text: str, path: str, problems: Problems) -> Iterator[Line]:
    """Lines of one file; a backslash at the end of a line continues it."""
    for number, raw in uncommented(text.replace("\\\n", " ")):
        line = raw.split("#", 1)[0].strip()
        words = re.findall(r"\[(?:\\\]|[^\]])*\]|\S+", line)
        if words and words[0] == "@include" and len(words) == 2:
            yield Line(type="", control="include", module=words[1], arguments=())
            continue
        type_ = words[0].removeprefix("-").lower() if words else ""
        if type_ not in TYPES or len(words) < 3 or not _CONTROL.fullmatch(words[1]):
            problems.add(f"{path}:{number}", "is not a PAM rule: type, control and module are expected")
            continue
        yield Line(
            type=type_,
            control=_control(words[1]),
            module=words[2],
            arguments=tuple(_arguments(words[2], words[3:])),
            optional=words[0].startswith("-"),
        )


_CONTROL = re.compile(r"required|requisite|sufficient|optional|include|substack|\[[\w\s=]+\]", re.IGNORECASE)


def _control(word: str) -> str:
    if not word.startswith("["):
        return word.lower()
    return "[" + " ".join(sorted(re.sub(r"\s*=\s*", "=", word[1:-1]).lower().split())) + "]"


def _arguments(module: str, words: list[str]) -> Iterator[str]:
    name = module.rpartition("/")[2]
    for word in words:
        bare = word[1:-1] if word.startswith("[") else word
        known = bare.partition("=")[0] in ARGUMENTS
        if known or (name == "pam_succeed_if.so" and re.fullmatch(r"[\w:<>=!.-]{1,64}", bare)):
            yield bare


@dataclass(slots=True)
class _Stack:
    """Flattens one type of one service."""

    files: dict[str, list[Line] | None]
    paths: dict[str, str]
    problems: Problems
    type: str

    def rules(self, name: str, inside: tuple[str, ...] = ()) -> Iterator[Rule]:
        if name in inside or len(inside) > MAX_DEPTH:
            self.problems.add("@services", f"{self.paths.get(name, name)}: includes itself")
            return
        for line in self.files.get(name) or ():
            if line.control in ("include", "substack"):
                if line.type in ("", self.type):
                    yield from self._included(line, name, inside)
            elif line.type == self.type:
                yield Rule(
                    control=line.control,
                    module=line.module.rpartition("/")[2],
                    arguments=line.arguments,
                    source=self.paths[name],
                    optional=line.optional,
                )

    def _included(self, line: Line, name: str, inside: tuple[str, ...]) -> Iterator[Rule]:
        target = line.module.rpartition("/")[2]
        if target in self.files:
            for count, rule in enumerate(self.rules(target, (*inside, name))):
                if count > MAX_RULES:
                    return
                yield rule
        elif not line.optional and self.type == (line.type or TYPES[0]):
            self.problems.add("@services", f"{self.paths[name]}: includes {target}, which does not exist")


def _settings(view: FilesystemView, problems: Problems, name: str, known: frozenset[str]) -> dict[str, str] | None:
    """`/etc/security/NAME.conf` after its vendor's copy, then the drop-ins in order of their names."""
    out: dict[str, str] = {}
    seen = False
    base = [f"{folder}/security/{name}.conf" for folder in ("/usr/lib", "/usr/etc", "/etc")]
    paths = [path for path in base if exists(view, path)][-1:]
    paths += drop_ins(view, problems, (f"/etc/security/{name}.conf.d",), ".conf")
    for path in paths:
        text = read_attribute(view, problems, path, name)
        seen = seen or text is not None
        for _, raw in uncommented(text or ""):
            key, _, given = raw.split("#", 1)[0].partition("=")
            if key.strip() in known:
                out[key.strip()] = given.strip()
    return out if seen else None


def _limits(view: FilesystemView, problems: Problems) -> Iterator[Limit]:
    paths = ["/etc/security/limits.conf", *drop_ins(view, problems, ("/etc/security/limits.d",), ".conf")]
    for path in paths:
        text = read_attribute(view, problems, path, "limits")
        for number, raw in uncommented(text or ""):
            words = raw.split("#", 1)[0].split()
            if len(words) == 4 and words[1] in ("soft", "hard", "-"):
                yield Limit(domain=words[0], type=words[1], item=words[2], value=words[3])
            elif len(words) != 2:  # `domain -` alone lifts all limits
                problems.add(f"{path}:{number}", "is not a limit: domain, type, item and value are expected")


COLLECTOR = Collector(
    section="pam",
    collect=collect,
    watches=(
        "/etc/pam.d",
        "/usr/lib/pam.d",
        "/etc/security",
        "/etc/security/limits.d",
        "/etc/security/pwquality.conf.d",
    ),
)
