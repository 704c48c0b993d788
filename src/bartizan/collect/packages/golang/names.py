"""Go modules as packages: `golang.org/x/net` is name `net` in namespace `golang.org/x`."""

from bartizan.model.package import Package


def module(path: str, version: str, file: str, *, direct: bool | None = None, state: str = "installed") -> Package:
    """The package for a module path."""
    namespace, _, name = path.strip("/").rpartition("/")
    return Package(
        type="golang", namespace=namespace, name=name, version=version, path=file, direct=direct, state=state
    )
