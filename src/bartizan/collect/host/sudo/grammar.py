"""sudoers(5) as records, in the order of the files, with `@include` and `@includedir` followed.

    Defaults:%wheel !authenticate, secure_path="/usr/sbin:/usr/bin"
    User_Alias ADMINS = alice, %ops : OTHERS = bob
    ADMINS  ALL = (root : wheel) NOPASSWD: /usr/bin/systemctl restart nginx, PASSWD: ALL

A `#` begins a comment, except in `#include`, `#includedir` and before the number of a user id. Arguments of commands
are never kept: they may hold what must not leave the host.
"""

import re
from dataclasses import dataclass, field

from bartizan.collect.filesystem.interface import FilesystemView
from bartizan.collect.host.text import files_in, read_attribute
from bartizan.collect.interface import Problems

MAX_FILES = 256
MAX_DEPTH = 128
"""sudo's own limit on nested includes."""

ALIAS_KINDS = {
    "User_Alias": "user",
    "Runas_Alias": "runas",
    "Host_Alias": "host",
    "Cmnd_Alias": "command",
    "Cmd_Alias": "command",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One command of a rule, with what holds for it."""

    name: str
    """Path, `ALL`, `sudoedit`, `list` or an alias; a `!` in front denies."""
    arguments: bool
    """Whether the rule limits or gives arguments."""
    run_as_users: tuple[str, ...]
    run_as_groups: tuple[str, ...]
    tags: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    users: tuple[str, ...]
    hosts: tuple[str, ...]
    commands: tuple[Command, ...]
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Default:
    scope: str
    """Empty for everybody; otherwise `user:...`, `host:...`, `command:...`, `runas:...`."""
    name: str
    operator: str
    """`=`, `+=`, `-=`; `!` for a setting that is switched off; empty for one that is switched on."""
    value: str
    source: str


@dataclass(slots=True)
class Sudoers:
    rules: list[Rule] = field(default_factory=list)
    defaults: list[Default] = field(default_factory=list)
    aliases: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    """(kind, name) to members."""
    sources: list[str] = field(default_factory=list)


class GrammarError(Exception):
    """A line that sudo would refuse."""


def read_sudoers(view: FilesystemView, problems: Problems, path: str, attribute: str) -> Sudoers:
    found = Sudoers()
    _file(view, problems, path, attribute, found, 0)
    return found


def _file(view: FilesystemView, problems: Problems, path: str, attribute: str, found: Sudoers, depth: int) -> None:
    if depth > MAX_DEPTH or len(found.sources) >= MAX_FILES:
        problems.add("@" + attribute, f"{path}: too many files include one another")
        return
    text = read_attribute(view, problems, path, attribute)
    if text is None:
        return
    found.sources.append(path)
    for number, line in logical_lines(text):
        include = re.match(r"[#@](include|includedir)[ \t]+(.+)$", line)
        if include:
            for name in _included(view, problems, path, include[1], include[2].strip(), attribute):
                _file(view, problems, name, attribute, found, depth + 1)
            continue
        stripped = strip_comment(line).strip()
        if not stripped:
            continue
        try:
            parse_line(stripped, f"{path}:{number}", found)
        except GrammarError as error:
            problems.add(f"{path}:{number}", str(error))


def _included(
    view: FilesystemView, problems: Problems, source: str, verb: str, target: str, attribute: str
) -> list[str]:
    name = target.strip('"').replace("\\ ", " ")
    if not name.startswith("/"):
        name = source.rpartition("/")[0] + "/" + name
    if verb == "include":
        return [name]
    # Names with a dot or a tilde at the end are left out: package managers and editors leave such files behind.
    names = files_in(view, problems, name, attribute=attribute)
    return [path for path in names if not re.search(r"\.|~$", path.rpartition("/")[2])]


def logical_lines(text: str) -> list[tuple[int, str]]:
    """(number of the first line, line), a backslash at the end of a line continues it."""
    out: list[tuple[int, str]] = []
    held, start = "", 0
    for number, line in enumerate(text.split("\n"), 1):
        start = start or number
        if line.endswith("\\") and not line.endswith("\\\\"):
            held += line[:-1] + " "
            continue
        out.append((start, (held + line).strip()))
        held, start = "", 0
    if held:
        out.append((start, held.strip()))
    return out


def strip_comment(line: str) -> str:
    """Without a comment; a `#` before digits is a user id where a word may begin."""
    quoted = False
    for position, char in enumerate(line):
        if char == "\\":
            continue
        if position and line[position - 1] == "\\":
            continue
        if char == '"':
            quoted = not quoted
        elif char == "#" and not quoted and not re.match(r"#-?\d", line[position:]):
            return line[:position]
    return line


def parse_line(line: str, source: str, found: Sudoers) -> None:
    word = re.match(r"[A-Za-z_]+", line)
    keyword = word[0] if word else ""
    if keyword == "Defaults":
        _defaults(line[len("Defaults") :], source, found)
    elif keyword in ALIAS_KINDS and line[len(keyword) : len(keyword) + 1] in (" ", "\t"):
        # A colon also stands in digests and IPv6 addresses; the next definition is told by its name and equals sign.
        for definition in re.split(r":(?=\s*[A-Z][A-Z0-9_]*\s*=)", line[len(keyword) :]):
            name, equals, members = definition.partition("=")
            if not equals or not re.fullmatch(r"[A-Z][A-Z0-9_]*", name.strip()):
                raise GrammarError("is not an alias: NAME = members is expected")
            parsed = split(members, ",")
            if ALIAS_KINDS[keyword] == "command":
                parsed = [_command_name(member)[0] for member in parsed]
            found.aliases[(ALIAS_KINDS[keyword], name.strip())] = tuple(parsed)
    else:
        found.rules.extend(_rules(line, source))


def _rules(line: str, source: str) -> list[Rule]:
    parts = split(line, ":")
    while len(parts) > 1 and "=" not in parts[0]:
        parts[:2] = [f"{parts[0]}:{parts[1]}"]
    users_text, hosts_text, commands_text = _head(parts[0])
    users = tuple(split(users_text, ","))
    heads = [(hosts_text, commands_text)]
    for part in parts[1:]:
        # `NOPASSWD:` and `(root : wheel)` hold colons too; a new host list is told by its own equals sign.
        hosts, equals, commands = part.partition("=")
        if equals and not re.search(r"[()/\s]", hosts.strip()) and not _OPTION.fullmatch(hosts.strip()):
            heads.append((hosts, commands))
        else:
            heads[-1] = (heads[-1][0], f"{heads[-1][1]}:{part}")
    return [
        Rule(users=users, hosts=tuple(split(hosts, ",")), commands=tuple(_commands(commands)), source=source)
        for hosts, commands in heads
    ]


def _head(text: str) -> tuple[str, str, str]:
    """(users, hosts, commands): lists whose items are separated by commas stand apart by white space."""
    left, equals, commands = text.partition("=")
    if not equals:
        raise GrammarError("is not a rule: users, hosts, an equals sign and commands are expected")
    joined = re.sub(r"\s*,\s*", ",", left.strip())
    joined = re.sub(r"!\s+", "!", joined)
    words = re.findall(r'(?:"[^"]*"|\\.|[^\s"])+', joined)
    if len(words) != 2:
        raise GrammarError("is not a rule: users and hosts are expected before the equals sign")
    return words[0], words[1], commands


_OPTION = re.compile(r"CWD|CHROOT|ROLE|TYPE|TIMEOUT|NOTBEFORE|NOTAFTER|PRIVS|LIMITPRIVS|APPARMOR_PROFILE")
_TAG = re.compile(r"((?:NO)?(?:PASSWD|EXEC|SETENV|LOG_INPUT|LOG_OUTPUT|MAIL|FOLLOW|INTERCEPT))\s*:\s*")
_RUNAS = re.compile(r"\(([^():]*)(?::([^()]*))?\)\s*")
_OPTIONS = re.compile(rf'(?:{_OPTION.pattern})\s*=\s*(?:"[^"]*"|\S+)\s*')


def _commands(text: str) -> list[Command]:
    out: list[Command] = []
    users: tuple[str, ...] = ("root",)
    groups: tuple[str, ...] = ()
    tags: frozenset[str] = frozenset()
    for item in split(text, ","):
        rest = item
        while True:
            runas = _RUNAS.match(rest)
            if runas:
                groups = tuple(split(runas[2] or "", ","))
                users = tuple(split(runas[1], ",")) or (() if groups else ("root",))
                rest = rest[runas.end() :]
                continue
            tag = _TAG.match(rest)
            if tag:
                opposite = tag[1][2:] if tag[1].startswith("NO") else "NO" + tag[1]
                tags = tags - {opposite} | {tag[1]}
                rest = rest[tag.end() :]
                continue
            option = _OPTIONS.match(rest)
            if not option:
                break
            rest = rest[option.end() :]
        name, arguments = _command_name(rest)
        if not name:
            raise GrammarError("is not a rule: a command is missing")
        out.append(Command(name=name, arguments=arguments, run_as_users=users, run_as_groups=groups, tags=tags))
    if not out:
        raise GrammarError("is not a rule: no command is given")
    return out


def _command_name(text: str) -> tuple[str, bool]:
    """(name, has arguments) of a command; digests in front of it are dropped."""
    rest = re.sub(r"^(?:sha(?:224|256|384|512):\S+\s*,?\s*)+", "", text.strip())
    denied = rest.startswith("!")
    words = re.findall(r"(?:\\.|[^\s\\])+", rest.lstrip("! "))
    if not words:
        return "", False
    return ("!" if denied else "") + words[0], len(words) > 1


def _defaults(text: str, source: str, found: Sudoers) -> None:
    scope = ""
    if text[:1] in _SCOPES:
        target = re.match(r'(?:"[^"]*"|\\.|[^\s"])+', text[1:].lstrip())
        if not target:
            raise GrammarError("is not a Defaults line: it names nobody")
        scope = f"{_SCOPES[text[0]]}:{_command_name(target[0])[0]}"
        text = text[1:].lstrip()[target.end() :]
    elif text[:1] not in (" ", "\t"):
        raise GrammarError("is not a Defaults line")
    for setting in split(text, ","):
        parsed = re.fullmatch(r"(!?)\s*([a-z_0-9]+)\s*(?:(\+=|-=|=)\s*(.*))?", setting, re.DOTALL)
        if not parsed:
            raise GrammarError("is not a Defaults line: a setting has no proper name")
        found.defaults.append(
            Default(
                scope=scope,
                name=parsed[2],
                operator=parsed[3] or parsed[1],
                value=(parsed[4] or "").strip().strip('"'),
                source=source,
            )
        )


_SCOPES = {":": "user", "@": "host", "!": "command", ">": "runas"}


def split(text: str, separator: str) -> list[str]:
    """Parts between separators that stand outside quotes and parentheses and are not escaped; empty parts dropped."""
    out: list[str] = []
    start, depth, quoted, escaped = 0, 0, False, False
    for position, char in enumerate(text):
        if escaped:
            escaped = False
        elif char == "\\":
            escaped = True
        elif char == '"':
            quoted = not quoted
        elif quoted:
            continue
        elif char == "(":
            depth += 1
        elif char == ")":
            depth = max(0, depth - 1)
        elif char == separator and not depth:
            out.append(text[start:position].strip())
            start = position + 1
    out.append(text[start:].strip())
    return [part for part in out if part]
