"""Conda environments: `conda-meta/NAME-VERSION-BUILD.json` of each installed package.

{"name": "jupyterlab", "version": "3.1.12", "build_string": "py39hf3db000", "subdir": "linux-64"}
"""

from collections.abc import Iterator

from bartizan.collect.filesystem.interface import FilesystemView
from bartizan.collect.interface import Problems
from bartizan.collect.packages.content import read_json, text_of
from bartizan.model.package import Package


def read(view: FilesystemView, path: str, problems: Problems) -> Iterator[Package]:
    """The package that the record describes."""
    record = read_json(view, path, problems)
    if record is None:
        return
    if not isinstance(record, dict) or not text_of(record.get("name")) or not text_of(record.get("version")):
        problems.add(path, "the record has no name or no version")
        return
    asked = record.get("requested_spec")
    licence = text_of(record.get("license"))
    yield Package(
        type="conda",
        name=record["name"],
        version=record["version"],
        arch=text_of(record.get("subdir")),
        licences=(licence,) if licence else (),
        direct=bool(asked) if isinstance(asked, str) else None,
        path=path,
    )
