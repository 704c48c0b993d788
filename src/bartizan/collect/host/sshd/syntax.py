"""Files of sshd_config(5) as directives in the order in which sshd takes them: `Include` in place, `Match` kept.

PermitRootLogin no                      # the first value wins
Include /etc/ssh/sshd_config.d/*.conf   # read here, in order of the names; relative to /etc/ssh
Match User "backup" Address 10.0.0.0/8  # until the next Match or the end of the file
    X11Forwarding no
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from bartizan.collect.filesystem.interface import FilesystemView
from bartizan.collect.host.glob import glob
from bartizan.collect.host.text import read_attribute
from bartizan.collect.interface import Problems

BASE = "/etc/ssh"
MAX_DEPTH = 16
"""servconf.c, SERVCONF_MAX_DEPTH."""
MAX_FILES = 512

Criteria = tuple[tuple[str, str], ...]
"""(`user`, `alice,bob`), ...; empty: always."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Directive:
    keyword: str
    """In lower case."""
    arguments: tuple[str, ...]
    path: str
    line: int
    criteria: Criteria = ()
    block: int = 0
    """Number of the Match block, 0 for what applies always."""


@dataclass(slots=True)
class Configuration:
    directives: list[Directive] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    """Files read, in order."""
    complete: bool = True
    """False where a file that sshd reads could not be read here."""


class SyntaxProblem(Exception):
    """A line that sshd would refuse."""


def read_configuration(view: FilesystemView, problems: Problems, path: str, attribute: str) -> Configuration:
    """All directives that sshd reads from `path`. What cannot be read makes `attribute` unknown."""
    reader = _Reader(view, problems, attribute)
    reader.file(path, (), 0, 0)
    return reader.found


class _Reader:
    def __init__(self, view: FilesystemView, problems: Problems, attribute: str) -> None:
        self._view = view
        self._problems = problems
        self._attribute = attribute
        self._blocks = 0
        self.found = Configuration()

    def file(self, path: str, criteria: Criteria, block: int, depth: int) -> None:
        if depth > MAX_DEPTH or len(self.found.sources) >= MAX_FILES:
            self._problems.add(f"@{self._attribute}", f"{path}: Include goes too deep; sshd refuses to start")
            self.found.complete = False
            return
        before = len(self._problems.found)
        text = read_attribute(self._view, self._problems, path, self._attribute)
        if text is None:
            self.found.complete = self.found.complete and len(self._problems.found) == before
            return
        self.found.sources.append(path)
        outer = criteria
        for number, line in enumerate(text.split("\n"), 1):
            try:
                parsed = split_line(line)
            except SyntaxProblem as problem:
                self._problems.add(f"{path}:{number}", str(problem))
                continue
            if parsed is None:
                continue
            keyword, arguments = parsed
            if keyword == "match":
                try:
                    inner = match_criteria(arguments)
                except SyntaxProblem as problem:
                    self._problems.add(f"{path}:{number}", str(problem))
                    inner = (("invalid", ""),)
                criteria = (*outer, *inner)
                self._blocks += 1
                block = self._blocks if criteria else 0
            elif keyword == "include":
                for name in self._included(arguments):
                    self.file(name, criteria, block, depth + 1)
            else:
                self.found.directives.append(
                    Directive(
                        keyword=keyword,
                        arguments=tuple(arguments),
                        path=path,
                        line=number,
                        criteria=criteria,
                        block=block,
                    )
                )

    def _included(self, arguments: list[str]) -> Iterator[str]:
        for argument in arguments:
            pattern = argument if argument.startswith(("/", "~")) else f"{BASE}/{argument}"
            yield from glob(self._view, self._problems, pattern, self._attribute)


def split_line(line: str) -> tuple[str, list[str]] | None:
    """(keyword in lower case, arguments), None for an empty line or a comment. `Keyword=value` is allowed."""
    text = line.strip(" \t\r\f\v")
    if not text or text.startswith("#"):
        return None
    if text.startswith('"'):
        keyword, _, rest = text[1:].partition('"')
    else:
        end = next((i for i, char in enumerate(text) if char in " \t="), len(text))
        keyword, rest = text[:end], text[end:]
    rest = rest.lstrip(" \t")
    if rest.startswith("="):
        rest = rest[1:].lstrip(" \t")
    return keyword.lower(), split_arguments(rest)


def split_arguments(text: str) -> list[str]:
    """Words as in `argv_split()` of OpenSSH: quotes of both kinds, backslash before a quote, a backslash or a space,
    and a comment from a word that begins with `#`."""
    words: list[str] = []
    position = 0
    while position < len(text):
        if text[position] in " \t":
            position += 1
            continue
        if text[position] == "#":
            break
        word, position = _word(text, position)
        words.append(word)
    return words


def _word(text: str, position: int) -> tuple[str, int]:
    out: list[str] = []
    quote = ""
    while position < len(text):
        char = text[position]
        following = text[position + 1 : position + 2]
        if char == "\\" and following and (following in "'\"\\" or (not quote and following == " ")):
            out.append(following)
            position += 1
        elif not quote and char in " \t":
            break
        elif not quote and char in "\"'":
            quote = char
        elif quote and char == quote:
            quote = ""
        else:
            out.append(char)
        position += 1
    if quote:
        raise SyntaxProblem("a quote is not closed; sshd refuses to start")
    return "".join(out), position


def match_criteria(arguments: list[str]) -> Criteria:
    """(criterion, patterns) pairs of a Match line; empty for `Match all`."""
    words: list[str] = []
    for argument in arguments:
        name, equals, value = argument.partition("=")
        words += [name, value] if equals and len(words) % 2 == 0 else [argument]
    if [word.lower() for word in words] == ["all"]:
        return ()
    out: list[tuple[str, str]] = []
    position = 0
    while position < len(words):
        name = words[position].lower()
        if name == "invalid-user":
            out.append((name, "yes"))
            position += 1
            continue
        if name not in _CRITERIA or position + 1 >= len(words):
            raise SyntaxProblem("Match has a criterion that sshd does not know or that lacks its patterns")
        out.append((name, words[position + 1]))
        position += 2
    if not out:
        raise SyntaxProblem("Match has no criterion")
    return tuple(out)


_CRITERIA = frozenset(
    ("user", "group", "host", "address", "localaddress", "localport", "rdomain", "version", "tagged", "command")
)
