"""systemd's journal: what journald.conf(5) and its drop-ins come to, and where entries are sent.

    [Journal]
    Storage=persistent
    #ForwardToSyslog=yes
    SystemMaxUse=1G

A value that journald would refuse is passed over with a warning there, and is a problem here.
"""

import re
from dataclasses import dataclass, field

from bartizan.collect.filesystem.interface import FilesystemError, FilesystemView, exists
from bartizan.collect.host import systemd_config
from bartizan.collect.host.text import assignments, listed, printable, read_text
from bartizan.collect.interface import Problems

PROGRAMS = ("/usr/lib/systemd/systemd-journald", "/lib/systemd/systemd-journald")
REMOTE = ("/usr/lib/systemd/systemd-journal-remote", "/lib/systemd/systemd-journal-remote")
UPLOAD = ("/usr/lib/systemd/systemd-journal-upload", "/lib/systemd/systemd-journal-upload")

_BOOLEAN = frozenset(("ForwardToConsole", "ForwardToKMsg", "ForwardToSyslog", "ForwardToWall", "ReadKMsg", "Seal"))
_LIMITS = frozenset(
    (
        "MaxFileSec",
        "MaxRetentionSec",
        "RateLimitBurst",
        "RateLimitIntervalSec",
        "RuntimeKeepFree",
        "RuntimeMaxFileSize",
        "RuntimeMaxUse",
        "SyncIntervalSec",
        "SystemKeepFree",
        "SystemMaxFileSize",
        "SystemMaxFiles",
        "SystemMaxUse",
    )
)
_STORAGE = ("volatile", "persistent", "auto", "none")
_SPLIT = ("uid", "none", "login")


@dataclass(frozen=True, slots=True, kw_only=True)
class Journal:
    present: bool
    storage: str = "auto"
    """`Storage=`: `volatile`, `persistent`, `auto` or `none`."""
    on_disk: bool = False
    """Entries outlive a restart: storage is persistent, or it is auto and `/var/log/journal` exists."""
    compress: bool = True
    forward_to_syslog: bool = False
    settings: dict[str, str] = field(default_factory=dict)
    """What the files set, of journald's own keys; the last one of each."""
    set_in: dict[str, str] = field(default_factory=dict)
    """The same keys to `path:line`."""
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """systemd-journal-upload(8): sends the journal to another machine."""

    present: bool
    url: str = ""
    server_key: str = ""
    """Paths of files, never what is in them."""
    server_certificate: str = ""
    trusted_certificate: str = ""


def journal(view: FilesystemView, problems: Problems) -> Journal:
    if not any(exists(view, path) for path in PROGRAMS):
        return Journal(present=False)
    settings: dict[str, str] = {}
    places: dict[str, str] = {}
    paths = systemd_config.sources(view, problems, "journald.conf", "journal")
    for given in systemd_config.assignments(view, problems, paths, "Journal", "journal"):
        value = _accepted(given.key, given.value)
        if value is None:
            problems.add(given.source, f"journald passes over {given.key} with this value")
        elif value == "":
            continue
        else:
            settings[given.key] = value
            places[given.key] = given.source
    storage = settings.get("Storage", "auto")
    return Journal(
        present=True,
        storage=storage,
        on_disk=storage == "persistent" or (storage == "auto" and _folder(view)),
        compress=settings.get("Compress", "yes") != "no",
        forward_to_syslog=settings.get("ForwardToSyslog", _forward_default(view, problems)) == "yes",
        settings=dict(sorted(settings.items())),
        set_in=dict(sorted(places.items())),
        sources=tuple(printable(path) for path in paths),
    )


def _accepted(key: str, value: str) -> str | None:
    """The value in one form; empty for a key that is not kept, None for what journald does not take."""
    if key in _BOOLEAN:
        return systemd_config.boolean(value)
    if key == "Storage":
        return value if value in _STORAGE else None
    if key == "SplitMode":
        return value if value in _SPLIT else None
    if key == "Compress":  # a boolean or a size from which on entries are compressed
        return systemd_config.boolean(value) or ("yes" if not value or _SIZE.fullmatch(value) else None)
    return value if key in _LIMITS and len(value) < 40 else ""


_SIZE = re.compile(r"[0-9.]+ ?[BKMGTPE]?")


def _folder(view: FilesystemView) -> bool:
    try:
        return view.stat("/var/log/journal").kind == "directory"
    except FilesystemError:
        return False


def _forward_default(view: FilesystemView, problems: Problems) -> str:
    """Debian and Ubuntu compiled `yes` in up to systemd 253; since then a drop-in says it, and the default is `no`."""
    release = assignments(read_text(view, problems, "/etc/os-release") or "")
    family = {release.get("ID", ""), *release.get("ID_LIKE", "").split()}
    if family.isdisjoint(("debian", "ubuntu")):
        return "no"
    version = _systemd_version(view, problems)
    if version is None:
        problems.add("@journal.forward_to_syslog", "the version of systemd, which decides the default, is not known")
    return "yes" if version is not None and version < 254 else "no"


def _systemd_version(view: FilesystemView, problems: Problems) -> int | None:
    """From the name of its library: `libsystemd-shared-252.so`, `libsystemd-core-255.so`."""
    for folder in ("/usr/lib/systemd", "/lib/systemd", *_multiarch(view, problems)):
        for entry in listed(view, problems, folder):
            found = re.match(r"libsystemd-(?:shared|core)-(\d{3})", entry.name)
            if found:
                return int(found[1])
    return None


def _multiarch(view: FilesystemView, problems: Problems) -> list[str]:
    folders = listed(view, problems, "/usr/lib")
    return [f"{entry.path}/systemd" for entry in folders if entry.name.endswith("-linux-gnu")]


_UPLOAD_KEYS = {
    "URL": "url",
    "ServerKeyFile": "server_key",
    "ServerCertificateFile": "server_certificate",
    "TrustedCertificateFile": "trusted_certificate",
}


def upload(view: FilesystemView, problems: Problems) -> Upload:
    if not any(exists(view, path) for path in UPLOAD):
        return Upload(present=False)
    paths = systemd_config.sources(view, problems, "journal-upload.conf", "upload")
    found: dict[str, str] = {}
    for given in systemd_config.assignments(view, problems, paths, "Upload", "upload"):
        if given.key in _UPLOAD_KEYS:
            found[_UPLOAD_KEYS[given.key]] = _without_password(given.value)
    return Upload(present=True, **found)


def _without_password(value: str) -> str:
    """An address without the `user:password@` that it may carry."""
    return re.sub(r"^([a-z]+://)?[^/@]*@", r"\1", value)
