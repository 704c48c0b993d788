"""Every package of a view, by one walk: sections `packages_deb`, `packages_pypi`, `packages_npm`, ... by purl type.

    read_packages(LocalView("/"))["packages_deb"].facts
    [{"type": "deb", "name": "adduser", "version": "3.134", "namespace": "debian", "distro": "debian-12", ...}, ...]

Facts are the packages as `package_facts` writes them, sorted, each once; `package_from` reads them back. A section is
there for each type that some file spoke of, if only to say why it could not be read. A file that asks for packages is a
problem where no lock file, no installation and no distribution tells what they come to. The section `packages` tells of
the walk itself: `{"left_out": [folders of other systems]}`, and as problems the folders that could not be entered.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import Any

from bartizan.collect.filesystem.interface import FilesystemError, FilesystemView
from bartizan.collect.interface import Problems
from bartizan.collect.packages import selection
from bartizan.collect.packages.companion import Companion
from bartizan.collect.packages.content import missing
from bartizan.collect.packages.interface import Reader
from bartizan.collect.packages.ownership import owners
from bartizan.model.package import UNRESOLVED, Package, package_facts
from bartizan.model.record import dataclass
from bartizan.model.snapshot import Problem, Section

PROBLEM_LIMIT = 1000
"""Problems kept in one section; what is over is counted in a last one."""
NAMES_TOLD = 5
"""Dependencies that are named where nothing resolves them."""
REASON_LIMIT = 500
"""Characters of a problem's reason: parsers quote what they stumbled over."""


@dataclass(frozen=True, slots=True)
class ReadFile:
    """What a reader made of one file before the view was whole: of a layer of an image, as it streamed by."""

    reader: Reader
    path: str
    packages: tuple[Package, ...]
    problems: tuple[Problem, ...]


def read_packages(
    view: FilesystemView,
    *,
    ignore: Collection[str] = (),
    readers: tuple[Reader, ...] | None = None,
    read_before: Sequence[ReadFile] = (),
    companion: Companion | None = None,
) -> dict[str, Section]:
    """The package sections of the view by name. Folders in `ignore` (absolute) are not entered; `read_before` are files
    of the view that were read already; a `companion` sees every entry of the one walk. All readers are asked where
    none are named."""
    if readers is None:
        from bartizan.collect.packages.readers import READERS  # all of them are slow to import

        readers = READERS
    candidates = selection.find(view, readers, ignore, companion)
    databases = [(reader, path) for reader, path in candidates.wanted if reader.operating_system]
    others = [(reader, path) for reader, path in candidates.wanted if not reader.operating_system]
    packages: dict[str, dict[tuple[str, ...], Package]] = {}
    problems: dict[str, Problems] = {}
    asking: list[ReadFile] = []

    def take(file: ReadFile, owner: str = "") -> None:
        if file.problems or not file.reader.manifest:
            problems.setdefault(file.reader.type, Problems()).found.extend(file.problems)
        if file.reader.resolved_by is not None and not owner and not _is_locked(view, file.reader, file.path):
            asking.append(file)
        for package in file.packages if not file.reader.manifest else ():
            problems.setdefault(package.type, Problems())
            _add(packages.setdefault(package.type, {}), replace(package, owner=owner) if owner else package)

    for reader, path in databases:
        take(read_file(reader, view, path))
    paths = [path for _, path in others] + [file.path for file in read_before]
    asked = frozenset(companion.paths()) if companion else frozenset()
    owned = owners(view, databases, [*paths, *asked], problems)
    if companion:
        companion.owned({path: owned[path] for path in asked if path in owned})
    for reader, path in others:
        if path in owned and (reader.binary or reader.manifest):
            continue  # nothing that it says would be judged
        if not (reader.manifest and _is_locked(view, reader, path)):
            take(read_file(reader, view, path), owned.get(path, ""))
    for file in read_before:
        if not (file.reader.binary and file.path in owned):
            take(file, owned.get(file.path, ""))
    for file in asking:
        unresolved = _unresolved(file, packages.get(file.reader.type, {}).values())
        if unresolved:
            problems.setdefault(file.reader.type, Problems()).add(file.path, unresolved)
    sections = {
        f"packages_{type_}": _section(f"packages_{type_}", list(packages.get(type_, {}).values()), problems[type_])
        for type_ in sorted(problems)
    }
    sections["packages"] = Section(
        name="packages",
        facts={"left_out": sorted(map(visible, candidates.left_out))},
        problems=_limited(candidates.problems),
    )
    return sections


def read_file(reader: Reader, view: FilesystemView, path: str) -> ReadFile:
    """What a reader makes of one file. Whatever it stumbles over is a problem of that file and of no other."""
    noted = Problems()
    packages: list[Package] = []
    try:
        read = reader.read(view, path, noted)
        for package in reader.completed(view, read, noted) if reader.completed else read:
            if package.name:
                packages.append(package)
            else:
                noted.add(path, f"speaks of a package without a name, version {package.version!r}")
    except FilesystemError as error:
        noted.caught(error)
    except Exception as error:  # one file that a reader stumbles over must not hide every other file's packages
        noted.add(path, f"the {reader.name} reader failed: {type(error).__name__}: {error}")
    return ReadFile(reader, path, tuple(packages), tuple(noted.found))


def _is_locked(view: FilesystemView, reader: Reader, path: str) -> bool:
    """Whether a lock file beside it, or in a folder above, tells what the file's dependencies come to."""
    folder = path
    while folder:
        folder = folder.rpartition("/")[0]
        if any(not missing(view, f"{folder}/{name}") for name in reader.resolved_by or ()):
            return True
    return False


def _unresolved(file: ReadFile, known: Iterable[Package]) -> str:
    """Why nothing is known of what a file asks for; empty where all of it is installed in the same file system."""
    wanted = {(package.namespace, package.name) for package in file.packages if not package.dev}
    if wanted:
        wanted -= {(package.namespace, package.name) for package in known if package.state == "installed"}
    if not wanted:
        return ""
    names = sorted("/".join(filter(None, each)) for each in wanted)
    more = f" and {len(names) - NAMES_TOLD} more" if len(names) > NAMES_TOLD else ""
    told = f"{', '.join(names[:NAMES_TOLD])}{more}"
    return f"{UNRESOLVED}: {told}; no lock file tells what they come to, and they are not installed here"


def _add(known: dict[tuple[str, ...], Package], package: Package) -> None:
    """A package that one file names twice counts once: needed in production if one mention says so."""
    key = _order(package)
    other = known.get(key)
    if other is not None and other != package:
        package = replace(
            other,
            dev=other.dev and package.dev,
            direct=package.direct if other.direct is None else other.direct or bool(package.direct),
            licences=other.licences or package.licences,
        )
    known[key] = package


def _order(package: Package) -> tuple[str, ...]:
    return (package.name, package.version, package.namespace, package.path, package.arch, package.state)


def _section(name: str, packages: list[Package], problems: Problems) -> Section:
    facts = [_storable(package_facts(package)) for package in sorted(packages, key=_order)]
    return Section(name=name, facts=facts, problems=_limited(problems.found))


def _storable(facts: dict[str, Any]) -> dict[str, Any]:
    return {key: visible(value) if isinstance(value, str) else value for key, value in facts.items()} | (
        {"licences": [visible(item) for item in facts["licences"]]} if "licences" in facts else {}
    )


def visible(text: str) -> str:
    """The text with bytes that are not UTF-8, and NUL, written out (`\\udcff`): every store must be able to hold it."""
    if text.isascii() and "\0" not in text:
        return text
    return text.replace("\0", "\\x00").encode("utf-8", "backslashreplace").decode("utf-8")


def _limited(problems: list[Problem]) -> tuple[Problem, ...]:
    unique = sorted({(visible(problem.path), visible(problem.reason[:REASON_LIMIT])) for problem in problems})
    kept = [Problem(path=path, reason=reason) for path, reason in unique[:PROBLEM_LIMIT]]
    if len(unique) > PROBLEM_LIMIT:
        kept.append(Problem(path="", reason=f"{len(unique) - PROBLEM_LIMIT} more problems are not listed"))
    return tuple(kept)
