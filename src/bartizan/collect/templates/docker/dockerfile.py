r"""The text of a Dockerfile as instructions (docs.docker.com/reference/dockerfile).

    # escape=`                       a directive, before anything else: ` continues lines, not \
    ARG TAG=3.20
    FROM alpine:${TAG} AS build
    RUN apk add --no-cache curl \
        && curl -fsS https://example.org
    RUN <<EOF
    make
    EOF

Variables are replaced where the builder replaces them; an argument that has no default is unknown.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from bartizan.collect.resources.values import Unknown, Value

MAX_INSTRUCTIONS = 10_000
MAX_VALUE = 1 << 16
KNOWN = frozenset(
    (
        "ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL", "MAINTAINER",
        "ONBUILD", "RUN", "SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR",
    )
)  # fmt: skip
PREDEFINED = frozenset(
    (
        "HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "FTP_PROXY", "ftp_proxy", "NO_PROXY", "no_proxy",
        "ALL_PROXY", "all_proxy",
    )
)  # fmt: skip
_DIRECTIVE = re.compile(r"#\s*([A-Za-z]+)\s*=\s*(\S+)\s*$")
_HEREDOC = re.compile(r"(?<![<\w])<<(-?)([\"']?)([A-Za-z_][A-Za-z0-9_]*)\2")
_FLAG = re.compile(r"--([a-z][a-z0-9-]*)(?:=(\S*))?\s*")
_VARIABLE = re.compile(r"(\\)?\$(?:([A-Za-z_][A-Za-z0-9_]*)|\{([A-Za-z_][A-Za-z0-9_]*)(?:(:?[-+?])([^}]*))?\})")


class DockerfileError(Exception):
    """The text is no Dockerfile, at a line."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(f"line {line}: {reason}")
        self.line, self.reason = line, reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruction:
    """One instruction as written: continued lines joined, comments left out."""

    name: str
    """`RUN`; upper case."""
    text: str
    """What follows the flags."""
    flags: dict[str, str] = field(default_factory=dict)
    documents: tuple[str, ...] = ()
    """Contents of its here-documents."""
    line: int
    end_line: int
    onbuild: bool = False


def parse(text: str) -> Iterator[Instruction]:
    """The instructions of a file; raises `DockerfileError`."""
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")
    escape = _escape(lines)
    at = count = 0
    while at < len(lines):
        stripped = lines[at].strip()
        if not stripped or stripped.startswith("#"):
            at += 1
            continue
        begin = at
        whole, at = _joined(lines, at, escape)
        if not whole.strip():
            continue
        documents, at = _documents(lines, at, whole, begin)
        count += 1
        if count > MAX_INSTRUCTIONS:
            raise DockerfileError(begin + 1, f"more than {MAX_INSTRUCTIONS} instructions")
        yield _instruction(whole.strip(), documents, begin + 1, at)


def _escape(lines: list[str]) -> str:
    for line in lines:
        match = _DIRECTIVE.match(line.strip())
        if match is None:
            break
        if match[1].lower() == "escape" and match[2] in ("\\", "`"):
            return match[2]
    return "\\"


def _joined(lines: list[str], at: int, escape: str) -> tuple[str, int]:
    pieces: list[str] = []
    while at < len(lines):
        line = lines[at].rstrip(" \t")
        at += 1
        if pieces and (not line.strip() or line.lstrip().startswith("#")):
            continue
        if not line.endswith(escape):
            pieces.append(line)
            break
        pieces.append(line[:-1])
    return "".join(pieces), at


def _documents(lines: list[str], at: int, whole: str, begin: int) -> tuple[tuple[str, ...], int]:
    name = whole.split(None, 1)[0].upper()
    if name == "ONBUILD":
        name = whole.split(None, 2)[1].upper() if len(whole.split(None, 2)) > 1 else ""
    if name not in ("RUN", "COPY", "ADD"):
        return (), at
    found = []
    for dash, _, word in _HEREDOC.findall(whole):
        body: list[str] = []
        while True:
            if at >= len(lines):
                raise DockerfileError(begin + 1, f"the here-document {word} is never closed")
            line = lines[at].lstrip("\t") if dash else lines[at]
            at += 1
            if line.rstrip("\r") == word:
                break
            body.append(line)
        found.append("\n".join(body))
    return tuple(found), at


def _instruction(whole: str, documents: tuple[str, ...], line: int, end: int, *, onbuild: bool = False) -> Instruction:
    name, _, rest = whole.partition(" ") if " " in whole.split("\t", 1)[0] else whole.partition("\t")
    name, rest = name.upper(), rest.strip()
    if name == "ONBUILD" and rest and not onbuild:
        return _instruction(rest, documents, line, end, onbuild=True)
    if name not in KNOWN:
        raise DockerfileError(line, f"there is no instruction {name[:40]!r}")
    flags: dict[str, str] = {}
    while name not in ("ENV", "LABEL", "ARG", "CMD", "ENTRYPOINT") and (match := _FLAG.match(rest)):
        flags[match[1]] = match[2] or ""
        rest = rest[match.end() :]
    return Instruction(name=name, text=rest, flags=flags, documents=documents, line=line, end_line=end, onbuild=onbuild)


def words(text: str) -> list[str]:
    """The words of an instruction: a JSON list, or text parted at space with quotes taken off."""
    if text.startswith("["):
        found = re.fullmatch(r"\[\s*(\"(?:[^\"\\]|\\.)*\"\s*(?:,\s*\"(?:[^\"\\]|\\.)*\"\s*)*)?\]", text)
        if found:
            return [re.sub(r"\\(.)", r"\1", each) for each in re.findall(r'"((?:[^"\\]|\\.)*)"', text)]
    out, word, quote, inside, position = [], "", "", False, 0
    while position < len(text):
        char = text[position]
        if char == "\\" and quote != "'" and position + 1 < len(text):
            position += 1
            word += text[position] if text[position] != "$" else "\\$"
            inside = True
        elif quote:
            quote = "" if char == quote else quote
            word += char if quote else ""
        elif char in "\"'":
            quote, inside = char, True
        elif char.isspace():
            if inside or word:
                out.append(word)
            word, inside = "", False
        else:
            word += char
        position += 1
    return [*out, word] if inside or word else out


def assignments(text: str) -> list[tuple[str, str]]:
    """`A=1 B="two words"`, and the older `A one value`."""
    first, _, rest = text.partition(" ")
    if "=" not in first:
        return [(first, rest.strip())] if first else []
    return [(name, value) for name, equals, value in (word.partition("=") for word in words(text)) if equals]


Variables = dict[str, Value]


def replaced(text: str, variables: Variables) -> Value:
    """The text with its variables; unknown where one is."""
    unknown: list[Unknown] = []

    def value(match: re.Match[str]) -> str:
        if match[1]:
            return match[0][1:]
        name, operator, word = match[2] or match[3], match[4] or "", match[5] or ""
        found = variables.get(name, "")
        if operator.endswith("+"):
            return word if found or isinstance(found, Unknown) else ""
        if operator.endswith("-") and not found and not isinstance(found, Unknown):
            return word
        if isinstance(found, Unknown):
            if operator.endswith("-"):
                found = Unknown(f"{found.reason}; without it, {word!r}")
            unknown.append(found)
            return "${...}"
        return str(found)

    out = _VARIABLE.sub(value, text)[:MAX_VALUE]
    return Unknown(unknown[0].reason, text=out) if unknown else out
