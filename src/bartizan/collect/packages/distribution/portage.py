"""portage: Gentoo's `/var/db/pkg/CATEGORY/NAME-VERSION/` (PMS and vdb layout): `PF` holds name and version, `LICENSE`,
`repository`, and `CONTENTS` the installed files.

/var/db/pkg/dev-perl/Getopt-Long-2.580.0/PF: Getopt-Long-2.580.0
"""

import re
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet

from bartizan.collect.filesystem.interface import FilesystemView
from bartizan.collect.interface import Problems
from bartizan.collect.packages.content import missing, read_text
from bartizan.collect.packages.distribution.release import read_release
from bartizan.model.package import Package

_NAME_VERSION = re.compile(
    r"^(?P<name>[A-Za-z0-9+_][A-Za-z0-9+_-]*?)"
    r"-(?P<version>[0-9]+(?:\.[0-9]+)*[a-z]?(?:_(?:alpha|beta|pre|rc|p)[0-9]*)*(?:-r[0-9]+)?)$"
)
"""PMS 3.1 and 3.2."""


def read(view: FilesystemView, path: str, problems: Problems) -> Iterator[Package]:
    """The package of one `PF` file."""
    text = read_text(view, path, problems, 4096)
    if text is None:
        return
    match = _NAME_VERSION.match(text.strip())
    if not match:
        problems.add(path, "is not a name and a version as the package manager specification writes them")
        return
    folder = path.rpartition("/")[0]
    licence = "" if missing(view, f"{folder}/LICENSE") else (read_text(view, f"{folder}/LICENSE", problems) or "")
    yield Package(
        type="ebuild",
        namespace=folder.rpartition("/")[0].rpartition("/")[2],
        name=match["name"],
        version=match["version"],
        licences=(licence.strip(),) if licence.strip() else (),
        distro=read_release(view).distro,
        path=path,
    )


def owned(view: FilesystemView, path: str, wanted: AbstractSet[str], problems: Problems) -> Mapping[str, str]:
    """Owners by CONTENTS: `obj /usr/bin/x <md5> <mtime>`."""
    folder = path.rpartition("/")[0]
    if missing(view, f"{folder}/CONTENTS"):
        return {}
    text = read_text(view, f"{folder}/CONTENTS", problems) or ""
    names = {line[4:].rsplit(" ", 2)[0] for line in text.splitlines() if line.startswith("obj ")}
    match = _NAME_VERSION.match(folder.rpartition("/")[2])
    return dict.fromkeys(wanted & names, match["name"]) if match else {}
