"""A small host in a folder, a small file of advisories, and the program, run as a user runs it."""

import io
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]

STATUS = """\
Package: openssh-server
Status: install ok installed
Architecture: amd64
Source: openssh
Version: 1:9.2p1-2

Package: bash
Status: install ok installed
Architecture: amd64
Version: 5.2.15-2+b7

"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A Debian 12 with a vulnerable openssh."""
    top = tmp_path / "root"
    (top / "etc").mkdir(parents=True)
    (top / "etc/os-release").write_text(
        'ID=debian\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n'
    )
    (top / "etc/hostname").write_text("small\n")
    (top / "etc/machine-id").write_text("0123456789abcdef0123456789abcdef\n")
    (top / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/bash\n")
    (top / "var/lib/dpkg/info").mkdir(parents=True)
    (top / "var/lib/dpkg/status").write_text(STATUS)
    return top


def advisory(name: str, fixed: str) -> dict[str, object]:
    """An OSV record about Debian 12's openssh."""
    return {
        "id": f"DEBIAN-{name}",
        "upstream": [name],
        "modified": "2024-07-02T00:00:00Z",
        "published": "2024-07-01T00:00:00Z",
        "summary": f"{name} in openssh",
        "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:U/C:H/I:H/A:H"}],
        "affected": [
            {
                "package": {"ecosystem": "Debian:12", "name": "openssh"},
                "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": fixed}]}],
            }
        ],
    }


@pytest.fixture
def small_feeds(tmp_path: Path) -> Path:
    """A folder of feeds with one advisory."""
    folder = tmp_path / "feeds"
    bundle = folder / "osv/Debian/all.zip"
    bundle.parent.mkdir(parents=True)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("DEBIAN-CVE-2024-6387.json", json.dumps(advisory("CVE-2024-6387", "1:9.2p1-2+deb12u3")))
    bundle.write_bytes(stream.getvalue())
    (folder / "osv/ecosystems.txt").write_text("Debian\n")
    return folder


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@pytest.fixture
def bartizan(home: Path, checkout: Path) -> Run:
    """`bartizan ...` in a process of its own, with a home of its own; answers with code, output and errors."""

    def run(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("BARTIZAN", "XDG", "COV_"))}
        return subprocess.run(
            [sys.executable, "-m", "bartizan.cli.main", *map(str, arguments)],
            env={**clean, "HOME": str(home), "PYTHONPATH": str(checkout / "src"), **environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    return run


@pytest.fixture
def advisories(bartizan: Run, small_feeds: Path, home: Path) -> Path:
    """The advisory file of `small_feeds`, in the home's data folder."""
    done = bartizan("feeds", "import", small_feeds)
    assert done.returncode == 0, done.stderr
    return home / ".local/share/bartizan/advisories.db"
