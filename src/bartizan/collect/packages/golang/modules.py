"""Go's module files: `go.mod` with `go.sum` (Go Modules Reference) and `vendor/modules.txt`.

module example.com/app
go 1.21.4
require (
    golang.org/x/net v0.17.0
    golang.org/x/text v0.13.0 // indirect
)
replace golang.org/x/net => example.com/fork/net v0.18.0
exclude golang.org/x/text v0.13.0
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from bartizan.collect.filesystem.interface import FilesystemView
from bartizan.collect.interface import Problems
from bartizan.collect.packages.content import missing, read_text
from bartizan.collect.packages.golang.names import module
from bartizan.model.package import Package

_TOOLCHAIN = re.compile(r"^go(\d+\.\d+(?:\.\d+)?(?:(?:rc|beta)\d+)?)")
_FULL = re.compile(r"^\d+\.\d+\.\d+$|^\d+\.\d+(?:rc|beta)\d+$")
_VERSION = re.compile(r"^v\d+\.\d+\.\d+[\w.+-]*$")
_DIRECTIVES = frozenset(
    {"module", "go", "toolchain", "require", "replace", "exclude", "retract", "godebug", "tool", "ignore"}
)


@dataclass(slots=True)
class GoMod:
    """A module file."""

    go: str = ""
    toolchain: str = ""
    required: list[tuple[str, str, bool]] = field(default_factory=list)
    """(module path, version, direct)."""
    replaced: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    """(module path, version or empty for all) to (path, version); version empty: a folder."""
    excluded: set[tuple[str, str]] = field(default_factory=set)


def read(view: FilesystemView, path: str, problems: Problems) -> Iterator[Package]:
    """The required modules after replacement, and the standard library where a toolchain is named."""
    text = read_text(view, path, problems)
    if text is None:
        return
    found = parse(text, path, problems)
    match = _TOOLCHAIN.match(found.toolchain)
    library = match[1] if match else found.go
    if _FULL.match(library):
        yield module("stdlib", library, path, state="locked")
    for name, version, direct in found.required:
        yield _effective(found, name, version, direct, path)
    if before_pruning(found.go):
        yield from _from_sum(view, path, found, problems)


def parse(text: str, path: str, problems: Problems) -> GoMod:
    """The module file; lines that are not understood are noted."""
    found = GoMod()
    block = ""
    for number, raw in enumerate(text.splitlines(), 1):
        line, _, comment = raw.partition("//")
        words = [word.strip('"`') for word in line.split()]
        if not words:
            continue
        if block and words == [")"]:
            block = ""
            continue
        if not block and len(words) == 2 and words[1] == "(":
            block = words[0]
            continue
        directive, rest = (block, words) if block else (words[0], words[1:])
        if not _line(found, directive, rest, comment):
            problems.add(f"{path}:{number}", f"is not understood: {raw.strip()[:80]!r}")
    return found


def _line(found: GoMod, directive: str, words: list[str], comment: str) -> bool:
    if directive == "go" and len(words) == 1:
        found.go = words[0]
    elif directive == "toolchain" and len(words) == 1:
        found.toolchain = words[0]
    elif directive == "require" and len(words) == 2:
        found.required.append((words[0], words[1], "indirect" not in comment))
    elif directive == "exclude" and len(words) == 2:
        found.excluded.add((words[0], words[1]))
    elif directive == "replace" and "=>" in words:
        at = words.index("=>")
        old, new = [*words[:at], ""], [*words[at + 1 :], ""]
        if len(old) not in (2, 3) or len(new) not in (2, 3):
            return False
        found.replaced[(old[0], old[1])] = (new[0], new[1])
    else:
        return directive in _DIRECTIVES - {"require", "exclude", "replace", "go", "toolchain"}
    return True


def _effective(found: GoMod, name: str, version: str, direct: bool, path: str) -> Package:
    new = found.replaced.get((name, version)) or found.replaced.get((name, ""))
    if new is None:
        known = "" if (name, version) in found.excluded else version  # the next higher one is taken, whichever that is
        return module(name, known, path, direct=direct, state="locked")
    if not new[1]:  # a folder: the code is changed, and no release says how far
        return module(name, "", path, direct=direct, state="locked")
    return module(new[0], new[1], path, direct=direct, state="locked")


def before_pruning(go: str) -> bool:
    """Before Go 1.17 the module file names direct requirements only; the checksums know the others."""
    match = re.match(r"^1\.(\d{1,4})(?!\d)", go)
    return not go or (match is not None and int(match[1]) < 17)


def _from_sum(view: FilesystemView, path: str, found: GoMod, problems: Problems) -> Iterator[Package]:
    sums = path.removesuffix(".mod") + ".sum"
    text = None if missing(view, sums) else read_text(view, sums, problems)
    known = {name for name, _, _ in found.required}
    highest: dict[str, str] = {}
    for number, line in enumerate((text or "").splitlines(), 1):
        words = line.split()
        if len(words) != 3:
            if words:
                problems.add(f"{sums}:{number}", "is not a module, a version and a checksum")
            continue
        name, version = words[0], words[1]
        if version.endswith("/go.mod") or name in known:
            continue
        if name not in highest or _order(version) > _order(highest[name]):
            highest[name] = version
    for name, version in highest.items():
        yield _effective(found, name, version, False, path)


def _order(version: str) -> tuple[list[int], bool, str]:
    """Good enough to pick the selected one of two versions of a module: numbers, then release over pre-release."""
    core, _, rest = version.removeprefix("v").partition("-")
    numbers = [int(part) if re.fullmatch(r"[0-9]{1,18}", part) else 0 for part in core.partition("+")[0].split(".")[:3]]
    return numbers, not rest, rest


def read_vendored(view: FilesystemView, path: str, problems: Problems) -> Iterator[Package]:
    """`# module version [=> replacement [version]]`; `## explicit` below marks what the project asks for."""
    text = read_text(view, path, problems)
    lines = (text or "").splitlines()
    for number, line in enumerate(lines, 1):
        if not line.startswith("# "):
            continue
        words = line[2:].split()
        old, new = words, []
        if "=>" in words:
            at = words.index("=>")
            old, new = words[:at], words[at + 1 :]
        if len(old) == 1 and new:
            continue  # the reminder of a replacement that holds for all versions
        if len(old) != 2 or not _VERSION.match(old[1]) or len(new) > 2:
            problems.add(f"{path}:{number}", f"is not a module and a version: {line[:80]!r}")
            continue
        explicit = number < len(lines) and lines[number].startswith("## explicit")
        name, version = (new[0], new[1]) if len(new) == 2 else (old[0], "" if new else old[1])
        yield module(name, version, path, direct=explicit, state="locked")
