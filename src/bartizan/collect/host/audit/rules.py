"""Rules of the Linux audit system (auditctl(8), audit.rules(7)) in one form, so that equal ones are equal.

    -D
    -b 8192
    -w /etc/shadow -p wa -k identity
    -a always,exit -F arch=b64 -S chmod,fchmod -S fchmodat -F auid>=1000 -F auid!=unset -k perm_mod
    -a never,exit -F path=/usr/bin/noise
    -e 2

A watch is a rule over all system calls with a path and permissions. Keys are labels and are dropped; the order of
fields and how system calls are spread over `-S` do not matter; `auid!=-1`, `auid!=4294967295` and `auid!=unset` are the
same.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

NO_USER = ("-1", "4294967295", "unset")
"""How the absence of a login user is written."""
_64_BIT = frozenset(
    ("aarch64", "b64", "ia64", "loongarch64", "mips64", "ppc64", "ppc64le", "riscv64", "s390x", "x86_64")
)
_32_BIT = frozenset(
    ("arm", "armeb", "armv5tejl", "armv7l", "b32", "i386", "i486", "i586", "i686", "ppc", "riscv32", "s390")
)
_ERRORS = {"1": "EPERM", "2": "ENOENT", "13": "EACCES"}
_ACTIONS = frozenset(("always", "never", "possible"))
_LISTS = frozenset(("exit", "task", "user", "exclude", "filesystem", "io_uring"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    action: str
    """`always` or `never`."""
    list: str
    """`exit`, `task`, `user`, `exclude`, `filesystem`, `io_uring`."""
    arch: str = ""
    """`b64`, `b32`; empty where the rule names none."""
    syscalls: tuple[str, ...] = ()
    """Sorted; empty means all of them."""
    path: str = ""
    """What is watched, `/var/run` written as `/run`, no slash at its end; empty where nothing is."""
    recursive: bool = False
    """Everything below the path as well."""
    permissions: str = ""
    """Some of `arwx` in that order: attribute changes, reading, writing, execution. Of a watch without any, all."""
    fields: tuple[str, ...] = ()
    """Every other condition, sorted: `auid!=unset`, `auid>=1000`, `euid!=uid`, `exit=-EACCES`."""
    source: str = ""
    """`path:line`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line of a file of rules."""

    text: str
    source: str


@dataclass(slots=True)
class RuleSet:
    """What the kernel has after all lines."""

    rules: list[Rule] = field(default_factory=list)
    enabled: int = 1
    """`-e`: 0 off, 1 on, 2 on and not to be changed until the next start."""
    failure: int = 1
    """`-f`: 0 silent, 1 a message, 2 the kernel panics."""
    backlog: int = 64
    """`-b`: records that may wait."""
    loginuid_immutable: bool = False
    refused: list[tuple[str, str]] = field(default_factory=list)
    """(source, why) of lines that auditctl would stop at, or that come too late."""


class NotARule(Exception):
    """auditctl would not take the line, or this module does not understand it."""


def lines_of(text: str, source: str) -> Iterator[Line]:
    for number, line in enumerate(text.split("\n"), 1):
        if line and not line.lstrip().startswith("#"):
            yield Line(text=line.strip(), source=f"{source}:{number}")


def load(lines: Iterable[Line]) -> RuleSet:
    """What `auditctl -R` makes of the lines, one after the other."""
    found = RuleSet()
    for line in lines:
        if found.enabled == 2:
            found.refused.append((line.source, "comes after -e 2, which locks the rules"))
            continue
        try:
            _execute(line, found)
        except NotARule as error:
            found.refused.append((line.source, str(error)))
    return found


def _execute(line: Line, found: RuleSet) -> None:
    words = line.text.split()
    verb = words[0] if words else ""
    value = words[1] if len(words) > 1 else ""
    match verb:
        case "" | "-i" | "-c" | "-q" | "-t" | "-r" | "--reset-lost" | "--backlog_wait_time" | "-s" | "-l" | "-v":
            return
        case "-D":
            if value:
                raise NotARule("deletes the rules of one key, which are not kept apart here")
            found.rules.clear()
        case "-e":
            found.enabled = _number(value, 2)
        case "-f":
            found.failure = _number(value, 2)
        case "-b":
            found.backlog = _number(value, 1 << 31)
        case "--loginuid-immutable":
            found.loginuid_immutable = True
        case "-w" | "-a" | "-A":
            rule = replace(parse(words), source=line.source)
            found.rules.insert(0 if verb == "-A" else len(found.rules), rule)
        case "-d" | "-W":
            gone = replace(parse(["-a" if verb == "-d" else "-w", *words[1:]]), source="")
            found.rules[:] = [rule for rule in found.rules if replace(rule, source="") != gone]
        case _:
            raise NotARule("does not begin with an option of auditctl")


def _number(text: str, most: int) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > most:
        raise NotARule("a number is expected")
    return int(text)


def parse(words: list[str]) -> Rule:
    """The rule of a line's words: `-w`, `-a` or `-A` and what belongs to it."""
    options = list(_options(words))
    named = dict(options)
    if "-w" in named:
        if set(named) - {"-w", "-p", "-k"}:
            raise NotARule("a watch has -p and -k only")
        path = named["-w"]
        if not path.startswith("/"):
            raise NotARule("the path of a watch is absolute")
        permissions = _permissions(named.get("-p", "rwxa"))
        return Rule(action="always", list="exit", path=place(path), recursive=True, permissions=permissions)
    action, list_ = _what(named.get("-a", named.get("-A", "")))
    rule = Rule(action=action, list=list_)
    calls: set[str] = set()
    fields: set[str] = set()
    for option, value in options:
        if option == "-S":
            calls.update(value.split(","))
        elif option == "-C":
            fields.add(_comparison(value))
        elif option == "-F":
            rule = _with_field(rule, value, fields)
        elif option == "-p":
            raise NotARule("-p belongs to a watch")
    everything = not calls or "all" in calls
    if rule.path and not rule.permissions:
        rule = replace(rule, permissions="arwx")
    return replace(rule, syscalls=() if everything else tuple(sorted(calls)), fields=tuple(sorted(fields)))


def _options(words: list[str]) -> Iterator[tuple[str, str]]:
    position = 0
    while position < len(words):
        option = words[position]
        if option not in ("-w", "-p", "-k", "-a", "-A", "-S", "-F", "-C"):
            raise NotARule("has an option that is not expected in a rule")
        if position + 1 >= len(words):
            raise NotARule("an option lacks its value")
        yield option, words[position + 1]
        position += 2


def _what(text: str) -> tuple[str, str]:
    """`always,exit` and `exit,always` are the same."""
    words = set(text.split(","))
    action, list_ = words & _ACTIONS, words & _LISTS
    if len(words) != 2 or len(action) != 1 or len(list_) != 1:
        raise NotARule("-a wants an action and a list, such as always,exit")
    return ("never" if "never" in action else "always"), list_.pop()


_FIELD = re.compile(r"(\w+)(!=|<=|>=|&=|=|<|>|&)(.*)")


def _with_field(rule: Rule, text: str, fields: set[str]) -> Rule:
    found = _FIELD.fullmatch(text)
    if not found:
        raise NotARule("-F wants a field with a value")
    name, operator, value = found.groups()
    match name, operator:
        case "key", "=":
            return rule
        case "arch", "=":
            return replace(rule, arch=_arch(value))
        case (("path" | "dir"), "="):
            return replace(rule, path=place(value), recursive=name == "dir")
        case "perm", "=":
            return replace(rule, permissions=_permissions(value))
    fields.add(_condition(name, operator, value))
    return rule


def _arch(value: str) -> str:
    if value in _64_BIT or value in _32_BIT:
        return "b64" if value in _64_BIT else "b32"
    raise NotARule("this architecture is not known here")


def _condition(name: str, operator: str, value: str) -> str:
    if name in ("auid", "loginuid"):
        name = "auid"
        value = "unset" if value in NO_USER else value
    elif name == "exit":
        sign, digits = ("-", value[1:]) if value.startswith("-") else ("", value)
        value = sign + _ERRORS.get(digits, digits)
    elif name == "success":
        value = {"yes": "1", "no": "0"}.get(value, value)
    elif re.fullmatch(r"a[0-3]", name) and re.fullmatch(r"0x[0-9a-fA-F]+|\d+", value):
        value = str(int(value, 0) if value.startswith("0x") else int(value))
    return f"{name}{operator}{value}"


def _comparison(text: str) -> str:
    """`-C uid!=euid`: the two sides in order of their names."""
    found = re.fullmatch(r"(\w+)(!=|=)(\w+)", text)
    if not found:
        raise NotARule("-C compares two fields")
    left, right = sorted((found[1], found[3]))
    return f"{left}{found[2]}{right}"


def _permissions(text: str) -> str:
    if not text or set(text) - set("rwxa"):
        raise NotARule("permissions are of r, w, x and a")
    return "".join(sorted(set(text)))


def place(path: str) -> str:
    """A path in one form."""
    bare = re.sub(r"/+", "/", path)
    bare = bare.rstrip("/") or "/"
    return bare.removeprefix("/var") if bare == "/var/run" or bare.startswith("/var/run/") else bare
