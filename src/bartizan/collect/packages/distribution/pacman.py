"""pacman: the local database of Arch Linux and its kin (alpm, `/var/lib/pacman/local/NAME-VERSION/desc` and `files`).

%NAME%
gawk

%VERSION%
5.3.1-1

%BASE%
gawk
"""

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet

from bartizan.collect.filesystem.interface import FilesystemView
from bartizan.collect.interface import Problems
from bartizan.collect.packages.content import read_text
from bartizan.collect.packages.distribution.release import read_release
from bartizan.model.package import Package

DESC_LIMIT = 4 << 20


def read(view: FilesystemView, path: str, problems: Problems) -> Iterator[Package]:
    """The package of one `desc` file."""
    text = read_text(view, path, problems, DESC_LIMIT)
    if text is None:
        return
    fields = blocks(text)
    name, version = _one(fields, "NAME"), _one(fields, "VERSION")
    if not name or not version:
        problems.add(path, f"has no %{'VERSION' if name else 'NAME'}%")
        return
    base = _one(fields, "BASE")
    release = read_release(view)
    yield Package(
        type="alpm",
        namespace=release.id or "arch",
        name=name,
        version=version,
        arch=_one(fields, "ARCH"),
        source="" if base == name else base,
        licences=tuple(fields.get("LICENSE", ())),
        direct=_one(fields, "REASON") != "1",
        distro=release.distro,
        path=path,
    )


def blocks(text: str) -> dict[str, list[str]]:
    """`%NAME%` blocks: the lines up to the next empty one."""
    fields: dict[str, list[str]] = {}
    current: list[str] | None = None
    for raw in text.splitlines():
        line = raw.strip()
        if not line:
            current = None
        elif current is None and len(line) > 2 and line[0] == line[-1] == "%":
            current = fields.setdefault(line[1:-1], [])
        elif current is not None:
            current.append(line)
    return fields


def _one(fields: dict[str, list[str]], name: str) -> str:
    return fields.get(name, [""])[0] if fields.get(name) else ""


def owned(view: FilesystemView, path: str, wanted: AbstractSet[str], problems: Problems) -> Mapping[str, str]:
    """Owners by the `files` file beside `desc`, whose names have no leading slash."""
    folder = path.rpartition("/")[0]
    text = read_text(view, f"{folder}/files", problems)
    names = {f"/{name}" for name in blocks(text or "").get("FILES", ())}
    package = folder.rpartition("/")[2].rsplit("-", 2)[0]
    return dict.fromkeys(wanted & names, package)
