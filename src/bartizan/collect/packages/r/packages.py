"""R: `DESCRIPTION` of installed packages (Writing R Extensions, "The DESCRIPTION file") and `renv.lock`.

Package: jsonlite
Version: 1.8.8
License: MIT + file LICENSE
Repository: CRAN
"""

import re
from collections.abc import Iterator

from bartizan.collect.filesystem.interface import FilesystemView
from bartizan.collect.interface import Problems
from bartizan.collect.packages.content import read_json_table, read_text, table_of, text_of
from bartizan.model.package import Package

DESCRIPTION_LIMIT = 1 << 20
_LIBRARY = re.compile(r"/(?:site-)?library/[^/]+/DESCRIPTION$")


def is_library(path: str) -> bool:
    """Whether the description lies where packages are installed."""
    return _LIBRARY.search(path) is not None


def read_installed(view: FilesystemView, path: str, problems: Problems) -> Iterator[Package]:
    """The package that the file describes."""
    text = read_text(view, path, problems, DESCRIPTION_LIMIT)
    if text is None:
        return
    pairs = (line.partition(":") for line in text.splitlines() if not line.startswith((" ", "\t")))
    fields = {name: value.strip() for name, colon, value in pairs if colon}
    name, version = fields.get("Package", ""), fields.get("Version", "")
    if not name or not version:
        problems.add(path, f"has no {'Version' if name else 'Package'}")
        return
    licence = fields.get("License", "")
    yield Package(
        type=_type("Bioconductor" if "biocViews" in fields else ""),
        name=name,
        version=version,
        licences=(licence,) if licence else (),
        path=path,
    )


def read_lock(view: FilesystemView, path: str, problems: Problems) -> Iterator[Package]:
    """The locked packages, whatever they come from: a fork's version is the version that it forked."""
    for key, value in table_of(read_json_table(view, path, problems).get("Packages")).items():
        entry = table_of(value)
        name, version = text_of(entry.get("Package")) or key, text_of(entry.get("Version"))
        if version:
            yield Package(
                type=_type(text_of(entry.get("Source"))), name=name, version=version, path=path, state="locked"
            )
        else:
            problems.add(path, f"package {name} has no Version")


def _type(source: str) -> str:
    return "bioconductor" if source == "Bioconductor" else "cran"
