"""What a server is told before it starts: where its data is, where it listens, whom it believes.

The data folder (mode 0700) holds `bartizan.db`, `advisories.db`, `jobs.db`, `keys/` (the master key) and `agent/` (the
local agent's state).
"""

from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

STATIC = Path(__file__).parent / "static"


class CannotStart(Exception):
    """The server cannot start; the message says what is in the way and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Times are seconds."""

    data_dir: Path
    database_url: str = ""
    """`postgresql://user@host/name`; empty: SQLite in the data folder. Jobs go to the same PostgreSQL database."""
    host: str = "127.0.0.1"
    port: int = 8480
    public_url: str = ""
    """How browsers reach the server where that differs: behind a proxy, `https://bartizan.example`."""
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    session_idle: int = 8 * 3600
    """A session ends this long after its last use."""
    session_absolute: int = 7 * 86400
    """A session ends this long after signing in, used or not."""
    policy_folders: tuple[Path, ...] = ()
    malware_folders: tuple[Path, ...] = ()
    """Rules for malware beside the built-in ones."""
    licence_policy: Path | None = None
    """Instead of the built-in one."""
    feeds_dir: Path | None = None
    """Where `POST /feeds/sync` reads advisories from: a mirror in the layout of `bartizan feeds import`."""
    sensor_interval: int = 300
    """Between passes of an agent; also decides when a sensor counts as silent."""
    static_dir: Path = STATIC

    @property
    def store_url(self) -> str:
        return self.database_url or f"sqlite:///{self.data_dir.absolute() / 'bartizan.db'}"

    @property
    def jobs_url(self) -> str:
        return self.database_url or f"sqlite:///{self.data_dir.absolute() / 'jobs.db'}"

    @property
    def advisories(self) -> Path:
        return self.data_dir / "advisories.db"

    @property
    def keys(self) -> Path:
        return self.data_dir / "keys"

    @property
    def agent_state(self) -> Path:
        return self.data_dir / "agent"

    @property
    def url(self) -> str:
        """How a browser on this machine reaches the server."""
        if self.public_url:
            return self.public_url.rstrip("/")
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.tls_certificate else 'http'}://{host}:{self.port}"

    @property
    def secure(self) -> bool:
        """Whether browsers come over TLS, so that cookies may be limited to it."""
        return self.url.startswith("https://")

    @property
    def hosts(self) -> frozenset[str]:
        """Host names that requests may ask for; empty: any. A server that listens on loopback knows its names, which
        keeps other sites from reaching it through a name of theirs that resolves to 127.0.0.1."""
        if not is_loopback(self.host):
            return frozenset()
        names = {"localhost", "127.0.0.1", "::1", self.host}
        if self.public_url:
            names.add(urlsplit(self.public_url).hostname or "")
        return frozenset(names)


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def prepare(settings: Settings) -> None:
    """Make the data folder, private to this user. `CannotStart` where it cannot be written."""
    for folder in (settings.data_dir, settings.keys):
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            probe = folder / ".probe"
            probe.write_bytes(b"")
            probe.unlink()
        except OSError as error:
            raise CannotStart(
                f"the data folder {folder} cannot be written: {error.strerror or error}. "
                f"Name another one with --data, or give this user the right to write there."
            ) from error
