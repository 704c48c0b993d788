"""Programs: Go's build information, the dependencies of auditable Rust programs, and signatures of well-known programs.

A program that a distribution package owns is judged by its distribution and is not read at all.
"""

from collections.abc import Iterator

from bartizan.collect.filesystem.interface import FilesystemError, FilesystemView
from bartizan.collect.interface import Problems
from bartizan.collect.packages.binaries import go_build, image, rust_audit, signatures
from bartizan.model.package import Package


def read(view: FilesystemView, path: str, problems: Problems) -> Iterator[Package]:
    """Everything that the program says about its parts."""
    try:
        with view.open(path) as file:
            if not image.is_executable(file.read(64)):
                return
            file.seek(0)
            try:
                mapped = image.open_image(file)
            except image.BadImage:
                mapped = None  # MS-DOS programs, Java classes: nothing that was asked for
            if mapped is not None:
                yield from go_build.packages(mapped, path)
                yield from rust_audit.packages(mapped, path, problems)
            for name, version in signatures.find(file, path.rpartition("/")[2]):
                yield Package(type="generic", name=name, version=version, path=path)
    except FilesystemError as error:
        problems.caught(error)
    except OSError as error:
        problems.add(path, error.strerror or str(error))
