"""Package URLs taken apart: `pkg:deb/debian/libssl3@3.0.15-1?arch=amd64&distro=debian-12` (package-url/purl-spec)."""

from dataclasses import dataclass, field
from urllib.parse import unquote


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageUrl:
    type: str
    name: str
    namespace: str = ""
    version: str = ""
    qualifiers: dict[str, str] = field(default_factory=dict)


def parse(text: str, *, name: str = "") -> PackageUrl | None:
    """The parts; None where it is no package URL. `name` is the package's name where the document tells it beside: a
    name that holds slashes is otherwise taken for a namespace and a name."""
    rest = text.partition("#")[0]
    scheme, colon, rest = rest.partition(":")
    if scheme.lower() != "pkg" or not colon:
        return None
    rest, _, query = rest.partition("?")
    type_, slash, path = rest.lstrip("/").partition("/")
    if not slash or not type_:
        return None
    path, version = _split_version(path)
    whole = "/".join(unquote(part, errors="replace") for part in path.strip("/").split("/"))
    namespace, _, last = whole.rpartition("/")
    if name and whole == name:
        namespace, last = "", name
    elif name and whole.endswith(f"/{name}"):
        namespace, last = whole[: -len(name) - 1], name
    if not last:
        return None
    pairs = (pair.partition("=") for pair in query.split("&") if pair)
    return PackageUrl(
        type=type_.lower(),
        namespace=namespace,
        name=last,
        version=unquote(version, errors="replace"),
        qualifiers={key.lower(): unquote(value, errors="replace") for key, _, value in pairs},
    )


def _split_version(path: str) -> tuple[str, str]:
    head, at, version = path.rpartition("@")
    if at and head and "/" not in version:
        return head, version
    return path, ""
