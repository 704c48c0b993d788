"""pip's requirements files (pip documentation, "Requirements File Format"; PEP 508 for each line).

flask==3.0.0 \\
    --hash=sha256:21128f47e4e3b9d597a3e8521a329bf56909b690fcc3fa3e477725aa81367638
-r base.txt
-c constraints.txt
uvicorn[standard]>=0.20 ; python_version >= "3.9"

Only `==` and `===` with a whole version name a version. A constraints file gives one to names that this file leaves
open; what stays open is a package without version, which nobody can judge.
"""

import re
from collections.abc import Iterator
from posixpath import dirname, join, normpath

from bartizan.collect.filesystem.interface import FilesystemError, FilesystemView
from bartizan.collect.interface import Problems
from bartizan.collect.packages.content import decode
from bartizan.collect.packages.python.installed import normal_name
from bartizan.model.package import Package

LIMIT = 4 << 20
MAX_FILES = 50
"""Files that one requirements file may pull in."""

_FILE_NAME = re.compile(r"/(?:(?:[^/]*[-_.])?requirements(?:[-_.][^/]*)?|requirements/[^/]+)\.txt$", re.IGNORECASE)
_REQUIREMENT = re.compile(
    r"^(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?:\[[^\]]*\])?\s*(?P<rest>$|[(@<>=!~].*$)"
)
_PIN = re.compile(r"^={2,3}\s*([A-Za-z0-9][A-Za-z0-9.!+_-]*)$")
_WHEEL = re.compile(r"(?:^|/)([A-Za-z0-9._]+)-([0-9][A-Za-z0-9._!+]*)(?:-[^/-]+){3,4}\.whl(?:$|[?#])")
_INCLUDE = re.compile(r"^(?:-(?P<short>[rc])\s*|--(?P<long>requirement|constraint)(?:\s+|=))(?P<file>\S+)$")
_OPTION_AFTER = re.compile(r"\s+-(?:-[a-z]|[A-Za-z]\b).*$")


def is_requirements(path: str) -> bool:
    """Whether pip's users would call the file one of requirements: by its name, or by its folder's."""
    return _FILE_NAME.search(path) is not None


def read(view: FilesystemView, path: str, problems: Problems) -> Iterator[Package]:
    """The requirements of the file and of those that it includes under another kind of name."""
    constraints: dict[str, str] = {}
    requirements: list[tuple[str, str, str]] = []
    pending = [(path, False)]
    seen = {path}
    while pending:
        file, constraining = pending.pop(0)
        for number, line in _lines(view, file, problems, required=file == path):
            include = _INCLUDE.match(line)
            if include:
                target = normpath(join(dirname(file), include["file"]))
                only_constrains = constraining or (include["short"] or include["long"][0]) == "c"
                apart = not only_constrains and _FILE_NAME.search(target)  # is found, and read, by itself
                if not apart and target not in seen and "$" not in target and "://" not in target:
                    if len(seen) >= MAX_FILES:
                        problems.add(
                            f"{file}:{number}", f"more than {MAX_FILES} files are included; the rest is not read"
                        )
                    else:
                        seen.add(target)
                        pending.append((target, only_constrains))
                continue
            parsed = _requirement(line)
            if parsed is None:
                problems.add(f"{file}:{number}", f"not a requirement: {line[:80]!r}")
            elif parsed[0] and constraining:
                constraints.setdefault(*parsed)
            elif parsed[0]:
                requirements.append((*parsed, file))
    for name, version, file in requirements:
        yield Package(
            type="pypi",
            name=name,
            version=version or constraints.get(name, ""),
            path=file,
            dev=bool(re.search(r"(?:^|[^a-z])(?:dev|test|tests|docs?|lint)(?:[^a-z]|$)", file.rpartition("/")[2])),
            state="locked",
        )


def _lines(view: FilesystemView, path: str, problems: Problems, *, required: bool) -> Iterator[tuple[int, str]]:
    """Logical lines: continuations joined, comments removed. A file that is included but absent is told."""
    try:
        text = decode(view.read(path, LIMIT), path, problems)
    except FilesystemError as error:
        if required:
            problems.caught(error)
        else:
            problems.add(path, f"is included by a requirements file but cannot be read: {error.reason}")
        return
    joined, start = "", 0
    for number, raw in enumerate(text.splitlines(), 1):
        start = start if joined else number
        line = re.sub(r"(?:^|\s)#.*$", "", raw)
        if line.rstrip().endswith("\\") and line == raw:
            joined += line.rstrip()[:-1] + " "
            continue
        whole = (joined + line).strip()
        joined = ""
        if whole:
            yield start, whole
    if joined.strip():
        yield start, joined.strip()


def _requirement(line: str) -> tuple[str, str] | None:
    """(name, version or empty); an empty name for options, paths and addresses that name no package; None: not one."""
    if line.startswith("-"):
        return ("", "") if re.match(r"^(?:--[a-z][a-z-]*|-[a-zA-Z])(?:[\s=]|$)", line) else None
    wheel = _WHEEL.search(line)
    if wheel:
        return normal_name(wheel[1]), wheel[2]
    egg = re.search(r"[#&]egg=([A-Za-z0-9._-]+)", line)
    if egg and "://" in line:
        return normal_name(egg[1]), ""
    line = _OPTION_AFTER.sub("", line.split(";", 1)[0].rstrip())
    match = _REQUIREMENT.match(line)
    if not match:
        return ("", "") if "/" in line or line.startswith(".") else None
    rest = match["rest"].strip()
    if rest.startswith("@"):
        return normal_name(match["name"]), ""
    if rest.startswith("(") and rest.endswith(")"):
        rest = rest[1:-1]
    clauses = [clause.strip() for clause in rest.split(",")] if rest else []
    if any(not re.match(r"^(?:===?|[<>!~]=|[<>])\s*[^\s<>=!~]+$", clause) for clause in clauses):
        return (normal_name(match["name"]), "") if "$" in rest else None
    pins = [pin[1] for pin in map(_PIN.match, clauses) if pin and not pin[1].endswith(".")]
    return normal_name(match["name"]), pins[0] if pins else ""
