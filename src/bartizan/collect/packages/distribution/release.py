"""Which distribution this is, from os-release(5): what the packages of its databases are called in package URLs.

ID=debian
VERSION_ID="12"
"""

from bartizan.collect.filesystem.interface import FilesystemError, FilesystemView
from bartizan.model.record import dataclass

OS_RELEASE = ("/etc/os-release", "/usr/lib/os-release")


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """The distribution as far as it tells."""

    id: str
    """`debian`, `rhel`, `alpine`; empty where nothing says so."""
    version: str
    """`12`, `9.4`; the code name where a rolling release has no number; empty where there is neither."""

    @property
    def distro(self) -> str:
        """`debian-12`; `arch` for a release without version."""
        return f"{self.id}-{self.version}" if self.id and self.version else self.id


def read_release(view: FilesystemView) -> Release:
    """The release, with empty parts where os-release is absent or silent."""
    for path in OS_RELEASE:
        try:
            text = view.read(path, 64 << 10).decode("utf-8", "replace")
        except FilesystemError:
            continue
        values = dict(_assignments(text))
        return Release(id=values.get("ID", ""), version=values.get("VERSION_ID") or values.get("VERSION_CODENAME", ""))
    return Release(id="", version="")


def _assignments(text: str) -> list[tuple[str, str]]:
    out = []
    for line in text.splitlines():
        name, equals, value = line.strip().partition("=")
        if equals and not name.startswith("#"):
            quoted = len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'"
            out.append((name, value[1:-1] if quoted else value))
    return out
