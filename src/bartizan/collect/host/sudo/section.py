"""Section `sudo`: aliases resolved, each rule as the grants it makes, and which accounts can become root with them.

{"present": true, "defaults": {"use_pty": true}, "grants": [{"subject": "%sudo", "run_as_users": ["ALL"],
 "commands": ["ALL"], "nopasswd": false, "source": "/etc/sudoers:50"}],
 "administrators": [{"user": "alice", "via": "%sudo", "nopasswd": false}]}
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bartizan.collect.filesystem.interface import FilesystemError, FilesystemView, exists
from bartizan.collect.host.groups import Group, parse_group
from bartizan.collect.host.sudo.grammar import Command, Default, Rule, Sudoers, read_sudoers
from bartizan.collect.host.text import decode, read_text
from bartizan.collect.host.users import Account, parse_passwd
from bartizan.collect.interface import Collector, Problems

PATH = "/etc/sudoers"
PROGRAMS = ("/usr/bin/sudo", "/usr/local/bin/sudo", "/bin/sudo")

_FLAGS = """
always_set_home authenticate env_reset exec_background fqdn ignore_dot insults intercept log_exit_status log_host
log_input log_output log_passwords log_subcmds log_year long_otp_prompt mail_always mail_badpass mail_no_user
netgroup_tuple noexec path_info pwfeedback requiretty root_sudo rootpw runaspw set_home set_logname setenv
shell_noargs targetpw tty_tickets use_loginclass use_netgroups use_pty visiblepw
"""
FLAGS = frozenset(_FLAGS.split())
_VALUES = """
closefrom editor env_file exempt_group iolog_dir lecture listpw logfile passwd_timeout passwd_tries secure_path syslog
timestamp_timeout timestamp_type umask verifypw
"""
VALUES = frozenset(_VALUES.split())
LISTS = frozenset(("env_keep", "env_check", "env_delete"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """One subject's right to run commands as others, under one set of conditions."""

    subject: str
    """`alice`, `%wheel`, `#1000`, `+netgroup`, `ALL`; a `!` in front takes the right away."""
    hosts: tuple[str, ...]
    run_as_users: tuple[str, ...]
    run_as_groups: tuple[str, ...]
    commands: tuple[str, ...]
    """Paths without arguments, `ALL`, `sudoedit`; `!` denies."""
    arguments: bool
    """Whether some command is limited to certain arguments."""
    nopasswd: bool
    noexec: bool
    setenv: bool
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopedDefault:
    scope: str
    name: str
    value: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Administrator:
    """An account that may run every command as root."""

    user: str
    via: str
    nopasswd: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Sudo:
    present: bool
    sources: tuple[str, ...] = ()
    defaults: dict[str, Any] | None = None
    """Setting to true, false, a text, or a list of names, for everybody."""
    scoped_defaults: tuple[ScopedDefault, ...] = ()
    grants: tuple[Grant, ...] | None = None
    administrators: tuple[Administrator, ...] | None = None
    """Without root itself; members of directory services' groups are not known here."""
    other_sources: tuple[str, ...] = ()
    """Where rules come from besides the files: `ldap`, `sss` in `/etc/nsswitch.conf`."""


def collect(view: FilesystemView, problems: Problems) -> Sudo:
    if not any(exists(view, path) for path in PROGRAMS):
        return Sudo(present=False)
    sudoers = read_sudoers(view, problems, PATH, "grants")
    unreadable = [problem.reason for problem in problems.found if problem.path == "@grants"]
    for reason in unreadable:
        problems.add("@defaults", reason)
        problems.add("@administrators", reason)
    grants = tuple(grant for rule in sudoers.rules for grant in grants_of(rule, sudoers))
    return Sudo(
        present=True,
        sources=tuple(sudoers.sources),
        defaults=defaults_of(default for default in sudoers.defaults if not default.scope),
        scoped_defaults=tuple(_scoped(sudoers.defaults)),
        grants=grants,
        administrators=tuple(_administrators(view, grants)),
        other_sources=_other_sources(view, problems),
    )


def grants_of(rule: Rule, sudoers: Sudoers) -> Iterator[Grant]:
    """A rule as grants: one for each subject and each run of commands under the same conditions."""
    users = expand(rule.users, "user", sudoers)
    hosts = tuple(expand(rule.hosts, "host", sudoers))
    batches: list[list[Command]] = []
    for command in rule.commands:
        if batches and _conditions(batches[-1][0]) == _conditions(command):
            batches[-1].append(command)
        else:
            batches.append([command])
    for subject in users:
        for batch in batches:
            first = batch[0]
            yield Grant(
                subject=subject,
                hosts=hosts,
                run_as_users=tuple(expand(first.run_as_users, "runas", sudoers)),
                run_as_groups=tuple(expand(first.run_as_groups, "runas", sudoers)),
                commands=tuple(expand(tuple(command.name for command in batch), "command", sudoers)),
                arguments=any(command.arguments for command in batch),
                nopasswd="NOPASSWD" in first.tags,
                noexec="NOEXEC" in first.tags,
                setenv="SETENV" in first.tags,
                source=rule.source,
            )


def _conditions(command: Command) -> tuple[object, ...]:
    return (command.run_as_users, command.run_as_groups, command.tags)


def expand(names: tuple[str, ...], kind: str, sudoers: Sudoers, seen: frozenset[str] = frozenset()) -> list[str]:
    """Members of aliases in their place; a `!` before an alias turns each of its members round."""
    out: list[str] = []
    for name in names:
        bare = name.lstrip("! ")
        denied = (len(name) - len(name.lstrip("!"))) % 2 == 1
        members = sudoers.aliases.get((kind, bare))
        if members is None or bare in seen:
            out.append("!" + bare if denied else bare)
            continue
        inner = expand(members, kind, sudoers, seen | {bare})
        out += [_opposite(member) for member in inner] if denied else inner
    return out


def _opposite(name: str) -> str:
    return name[1:] if name.startswith("!") else "!" + name


def defaults_of(defaults: Iterator[Default]) -> dict[str, Any]:
    """Settings in force: the last line wins, `+=` and `-=` change a list. Only settings of closed lists are kept."""
    out: dict[str, Any] = {}
    for default in defaults:
        name = default.name
        if name in LISTS:
            # `NAME=value` patterns are allowed: the value stays here.
            words = {re.split(r"[=%]", word)[0] for word in default.value.split()}
            before = set(out.get(name) or ())
            changed = {"+=": before | words, "-=": before - words, "=": words}.get(default.operator, set())
            out[name] = sorted(word for word in changed if word)
        elif name in FLAGS or (name in VALUES and not default.value):
            out[name] = default.operator != "!"
        elif name in VALUES:
            out[name] = default.value
    return out


def _scoped(defaults: list[Default]) -> Iterator[ScopedDefault]:
    for default in defaults:
        if default.scope:
            for name, value in defaults_of(iter([default])).items():
                yield ScopedDefault(scope=default.scope, name=name, value=value)


def _administrators(view: FilesystemView, grants: tuple[Grant, ...]) -> list[Administrator]:
    """The last matching grant decides, as in sudoers(5)."""
    accounts = list(parse_passwd(_text(view, "/etc/passwd"), Problems()))
    groups = list(parse_group(_text(view, "/etc/group"), Problems()))
    out = []
    for account in accounts:
        if account.uid == 0:
            continue
        names = _names_of(account, groups)
        decided: Administrator | None = None
        for grant in grants:
            subject = grant.subject.lstrip("!")
            if subject not in names:
                continue
            everything = "ALL" in grant.commands and not {"root", "ALL", "#0"}.isdisjoint(grant.run_as_users)
            if grant.subject.startswith("!"):
                decided = None
            elif everything:
                decided = Administrator(user=account.name, via=grant.subject, nopasswd=grant.nopasswd)
        if decided:
            out.append(decided)
    return sorted(out, key=lambda administrator: administrator.user)


def _names_of(account: Account, groups: list[Group]) -> set[str]:
    """What a rule can call this account: its name, id, groups."""
    names = {"ALL", account.name, f"#{account.uid}"}
    for group in groups:
        if account.gid == group.gid or account.name in group.members:
            names |= {f"%{group.name}", f"%#{group.gid}"}
    return names


def _other_sources(view: FilesystemView, problems: Problems) -> tuple[str, ...]:
    text = read_text(view, problems, "/etc/nsswitch.conf") or ""
    line = re.search(r"^sudoers\s*:(.*)$", text, re.MULTILINE)
    words = re.sub(r"\[[^\]]*\]|#.*", " ", line[1]).split() if line else []
    return tuple(word for word in words if word != "files")


def _text(view: FilesystemView, path: str) -> str:
    try:
        return decode(view.read(path))
    except FilesystemError:
        return ""


COLLECTOR = Collector(
    section="sudo",
    collect=collect,
    watches=(PATH, "/etc/sudoers.d", "/etc/passwd", "/etc/group", "/etc/nsswitch.conf", PROGRAMS[0]),
)
