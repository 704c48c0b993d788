"""Section `sshd`: effective settings of the installed OpenSSH server, with each Match block's overrides.

    {"present": true, "version": "9.2p1", "effective": {"permit_root_login": "no", "port": [22], "ciphers": [...]},
     "match": [{"criteria": {"user": "backup"}, "settings": {"x11_forwarding": "no"}}], "sources": [...]}

A setting that this build lacks is null. Where a file that sshd reads could not be read, `@effective` is a problem.
"""

import fnmatch
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from bartizan.collect.filesystem.interface import FilesystemView, exists
from bartizan.collect.host.sshd.build import PROGRAMS, Build, find_build
from bartizan.collect.host.sshd.settings import ALIASES, OBSOLETE, SETTINGS, Kind, Setting, default
from bartizan.collect.host.sshd.syntax import (
    Configuration,
    Directive,
    SyntaxProblem,
    read_configuration,
    split_arguments,
)
from bartizan.collect.host.text import assignments, read_text
from bartizan.collect.interface import Collector, Problems

CONFIGURATIONS = ("/etc/ssh/sshd_config", "/usr/etc/ssh/sshd_config", "/usr/local/etc/sshd_config")
OPTION_FILES = (
    ("/etc/default/ssh", "SSHD_OPTS"),
    ("/etc/sysconfig/sshd", "OPTIONS"),
    ("/etc/crypto-policies/back-ends/opensshserver.config", "CRYPTO_POLICY"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchBlock:
    """Settings that replace the effective ones for connections that meet every criterion."""

    criteria: dict[str, str]
    settings: dict[str, Any]
    source: str
    """`path:line` of the first setting."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SshServer:
    present: bool
    version: str = ""
    vendor: str = ""
    effective: dict[str, Any] | None = None
    """Setting name to value; None where there is no server."""
    match: tuple[MatchBlock, ...] = ()
    sources: tuple[str, ...] = ()
    """Files read, in order."""


def collect(view: FilesystemView, problems: Problems) -> SshServer:
    build = find_build(view, problems)
    if build is None:
        return SshServer(present=False)
    path, given = _command_line(view, problems)
    if not path:
        path = next((name for name in CONFIGURATIONS if exists(view, name)), CONFIGURATIONS[0])
    configuration = read_configuration(view, problems, path, "effective")
    if not configuration.sources and configuration.complete:
        problems.add("@effective", f"{path}: does not exist; sshd does not start without it")
    settings = _Settings(build, problems)
    settings.take(given)
    settings.take(directive for directive in configuration.directives if not directive.block)
    return SshServer(
        present=True,
        version=build.release,
        vendor=build.vendor,
        effective=settings.effective(),
        match=tuple(_blocks(configuration, build, problems)),
        sources=tuple(configuration.sources),
    )


def _blocks(configuration: Configuration, build: Build, problems: Problems) -> Iterable[MatchBlock]:
    blocks: dict[int, list[Directive]] = {}
    for directive in configuration.directives:
        if directive.block:
            blocks.setdefault(directive.block, []).append(directive)
    for directives in blocks.values():
        settings = _Settings(build, problems)
        settings.take(directives)
        criteria: dict[str, str] = {}
        for name, patterns in directives[0].criteria:
            # Nested through Include: both must hold.
            criteria[name] = f"{criteria[name]} & {patterns}" if name in criteria else patterns
        first = directives[0]
        yield MatchBlock(criteria=criteria, settings=settings.said(), source=f"{first.path}:{first.line}")


def _command_line(view: FilesystemView, problems: Problems) -> tuple[str, list[Directive]]:
    """(other configuration file, directives) from the options that the service passes; they come before the file."""
    path = ""
    out: list[Directive] = []
    for source, variable in OPTION_FILES:
        text = read_text(view, problems, source)
        line = assignments(text or "").get(variable, "")
        try:
            words = split_arguments(line)
        except SyntaxProblem as problem:
            problems.add(source, f"{variable}: {problem}")
            continue
        for option, argument in _options(words):
            if option == "f":
                path = argument
            elif option == "p":
                out.append(Directive(keyword="port", arguments=(argument,), path=source, line=0))
            elif option == "o":
                keyword, _, rest = argument.replace("=", " ", 1).partition(" ")
                out.append(
                    Directive(keyword=keyword.lower(), arguments=tuple(split_arguments(rest)), path=source, line=0)
                )
    return path, out


def _options(words: list[str]) -> Iterable[tuple[str, str]]:
    """getopt(3) with sshd's options that take an argument."""
    position = 0
    while position < len(words):
        word = words[position]
        position += 1
        if not word.startswith("-"):
            continue
        for index, letter in enumerate(word[1:], 1):
            if letter not in "CEfgGhkobpu":
                continue
            rest = word[index + 1 :]
            if not rest and position < len(words):
                rest = words[position]
                position += 1
            yield letter, rest
            break


@dataclass(slots=True)
class _Settings:
    """Values in the making: the first one wins, except for what gathers over all lines."""

    build: Build
    problems: Problems
    values: dict[str, Any] = field(default_factory=dict)
    ports_fixed: bool = False

    def take(self, directives: Iterable[Directive]) -> None:
        for directive in directives:
            keyword = ALIASES.get(directive.keyword, directive.keyword)
            if not keyword or keyword in OBSOLETE:
                continue
            setting = SETTINGS.get(keyword)
            where = f"{directive.path}:{directive.line}" if directive.line else directive.path
            if setting is None:
                # Not repeated: whatever stands where a keyword belongs may be a pasted password.
                self.problems.add(where, "is not a setting that sshd knows; sshd may refuse to start")
                continue
            try:
                self._set(setting, list(directive.arguments), from_file=bool(directive.line))
            except SyntaxProblem as problem:
                self.problems.add(where, f"{setting.keyword}: {problem}")

    def _set(self, setting: Setting, arguments: list[str], *, from_file: bool) -> None:
        if not arguments:
            raise SyntaxProblem("has no value; sshd refuses to start")
        if setting.name == "port":
            if from_file and self.ports_fixed:
                return
            self.ports_fixed = self.ports_fixed or not from_file
        name = setting.name
        if setting.kind in (Kind.GATHERED, Kind.NUMBERS):
            added = [_number(argument) for argument in arguments] if setting.kind is Kind.NUMBERS else arguments
            self.values.setdefault(name, []).extend(added)
        elif setting.kind is Kind.SUBSYSTEM:
            if len(arguments) < 2:
                raise SyntaxProblem("names no program; sshd refuses to start")
            self.values.setdefault(name, {}).setdefault(arguments[0], arguments[1])
        elif name not in self.values:
            self.values[name] = self._value(setting, arguments)

    def _value(self, setting: Setting, arguments: list[str]) -> Any:
        first = arguments[0]
        match setting.kind:
            case Kind.WORD:
                return _word(setting, first)
            case Kind.NUMBER:
                return _number(first)
            case Kind.SECONDS:
                return seconds(first)
            case Kind.OCTAL:
                return first if re.fullmatch(r"0?[0-7]{1,4}", first) else _refuse()
            case Kind.WORDS:
                return arguments
            case Kind.LINE:
                return " ".join(arguments)
            case Kind.NAMES:
                return [argument.partition("=")[0] for argument in arguments]
            case Kind.PROGRAM:
                return first.split()[0] if first.split() else "none"
            case Kind.ALGORITHMS:
                return algorithms(first, self._default(setting))
            case _:
                return first

    def _default(self, setting: Setting) -> Any:
        if setting.name in self.build.lists:
            return list(self.build.lists[setting.name])
        debian = self.build.vendor.startswith(("Debian", "Ubuntu"))
        if setting.name in ("gssapi_key_exchange", "gssapi_store_credentials_on_rekey"):
            return "no" if setting.name in self.build.patched else None
        return default(setting, self.build.version, debian=debian)

    def said(self) -> dict[str, Any]:
        """What the directives say, without defaults."""
        return dict(self.values)

    def effective(self) -> dict[str, Any]:
        out: dict[str, Any] = {}
        for setting in SETTINGS.values():
            name = setting.name
            out[name] = self.values[name] if name in self.values else self._default(setting)
            if out[name] is None and setting.kind is Kind.ALGORITHMS and self.build.version is None:
                self.problems.add(f"@effective.{name}", "the default is not known, for the version of sshd is not")
        out["listen_address"] = _listening(out)
        if out["host_key"] is None:
            out["host_key"] = [f"/etc/ssh/ssh_host_{kind}_key" for kind in ("rsa", "ecdsa", "ed25519")]
        return out


def _listening(effective: dict[str, Any]) -> list[str]:
    """Every address with its port, as `sshd -T` prints them."""
    ports: list[int] = effective["port"]
    given: list[str] = [address for address in effective["listen_address"] if address != "rdomain"]
    if not given:
        family = effective["address_family"]
        given = list(_ANY.get(family, _ANY["any"]))
    out = []
    for address in given:
        bare = address.count(":") > 1 and not address.startswith("[")
        host = f"[{address}]" if bare else address
        has_port = re.search(r"\]:\d+$", host) if host.startswith("[") else re.search(r"^[^:]+:\d+$", host)
        out += [host] if has_port else [f"{host}:{port}" for port in ports]
    return out


_ANY = {"any": ("[::]", "0.0.0.0"), "inet": ("0.0.0.0",), "inet6": ("[::]",)}  # noqa: S104 - read, not bound


def _word(setting: Setting, text: str) -> str:
    word = text.lower()
    if setting.words and word not in setting.words:
        word = {"true": "yes", "false": "no"}.get(word, "")
        if word not in setting.words:
            _refuse()
    if setting.name == "compression" and word == "delayed":
        return "yes"
    return "prohibit-password" if word == "without-password" else word


def _refuse() -> str:
    raise SyntaxProblem("has a value that sshd refuses")


def _number(text: str) -> int:
    if not re.fullmatch(r"-?[0-9]{1,9}", text):
        _refuse()
    return int(text)


def seconds(text: str) -> int:
    """`600`, `10m`, `1h30m`; `none` is 0."""
    if text.lower() == "none":
        return 0
    parts = re.findall(r"(\d{1,9})([smhdwSMHDW]?)", text)
    if not parts or "".join(a + b for a, b in parts) != text:
        _refuse()
    return sum(int(amount) * _UNITS[unit.lower()] for amount, unit in parts)


_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


def algorithms(text: str, base: list[str] | None) -> list[str] | None:
    """A list as given, or the default changed: `+a,b` appends, `-a*` removes, `^a` puts in front."""
    names = [name for name in text.lstrip("+-^").split(",") if name]
    if text[:1] not in ("+", "-", "^"):
        return names
    if base is None:
        return None
    if text[0] == "-":
        return [name for name in base if not any(fnmatch.fnmatchcase(name, pattern) for pattern in names)]
    if text[0] == "+":
        return base + [name for name in names if name not in base]
    return names + [name for name in base if name not in names]


COLLECTOR = Collector(
    section="sshd",
    collect=collect,
    watches=(
        *PROGRAMS[:1],
        "/etc/ssh/sshd_config",
        "/etc/ssh/sshd_config.d",
        "/etc/default/ssh",
        "/etc/sysconfig/sshd",
    ),
)
