"""`Cargo.lock` (Cargo Book, "Cargo.toml vs Cargo.lock"), versions 1 to 4.

[[package]]
name = "serde"
version = "1.0.193"
source = "registry+https://..."
dependencies = ["serde_derive", "syn 2.0.39"]
"""

from collections.abc import Iterator

from bartizan.collect.filesystem.interface import FilesystemView
from bartizan.collect.interface import Problems
from bartizan.collect.packages.content import list_of, read_toml, table_of, text_of
from bartizan.model.package import Package


def read(view: FilesystemView, path: str, problems: Problems) -> Iterator[Package]:
    """The locked crates. Those without a source are the project's own: what they depend on is asked for."""
    document = read_toml(view, path, problems)
    entries = [entry for entry in list_of(table_of(document).get("package")) if isinstance(entry, dict)]
    own = [entry for entry in entries if "source" not in entry]
    direct = {text_of(item).split(" ")[0] for entry in own for item in list_of(entry.get("dependencies"))}
    for entry in entries:
        name, version = text_of(entry.get("name")), text_of(entry.get("version"))
        if not name or not version:
            problems.add(path, f"package {name or 'without a name'} has no {'version' if name else 'name'}")
        elif entry not in own:
            yield Package(
                type="cargo",
                name=name,
                version=version,
                path=path,
                direct=name in direct if own else None,
                state="locked",
            )
