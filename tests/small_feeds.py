"""A folder of advisories with one record: enough to see a finding open and close."""

import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

RECORD: dict[str, Any] = {
    "id": "DEBIAN-CVE-2026-0001",
    "upstream": ["CVE-2026-0001"],
    "modified": "2026-11-20T00:00:00Z",
    "published": "2026-11-19T00:00:00Z",
    "details": "hello greets strangers",
    "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}],
    "affected": [
        {
            "package": {"ecosystem": "Debian:12", "name": "hello"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2.10-3+deb12u1"}]}],
        }
    ],
}
VULNERABLE, FIXED = "2.10-3", "2.10-3+deb12u1"


def write_feeds(folder: Path) -> Path:
    """The layout that `bartizan feeds import` reads."""
    bundle = folder / "osv" / "Debian" / "all.zip"
    bundle.parent.mkdir(parents=True)
    with zipfile.ZipFile(bundle, "w") as file:
        file.writestr(f"{RECORD['id']}.json", json.dumps(RECORD))
    return folder


def write_host(root: Path, version: str = VULNERABLE) -> Path:
    """A Debian 12 with the package `hello`."""
    files = {
        "etc/os-release": 'ID=debian\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\nPRETTY_NAME="Debian GNU/Linux 12"\n',
        "etc/hostname": "greeter\n",
        "etc/machine-id": "0123456789abcdef0123456789abcdef\n",
        "etc/passwd": "root:x:0:0:root:/root:/bin/bash\n",
        "etc/group": "root:x:0:\n",
        "var/lib/dpkg/status": status(version),
    }
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def status(version: str) -> str:
    """dpkg's status with one package."""
    return (
        "Package: hello\nStatus: install ok installed\nPriority: optional\nSection: devel\nInstalled-Size: 100\n"
        f"Maintainer: nobody <nobody@example.org>\nArchitecture: amd64\nVersion: {version}\nDescription: greets\n"
    )


def write_records(folder: Path, vulnerable: Mapping[str, Sequence[tuple[str, str, str]]]) -> Path:
    """Feeds in which each (ecosystem, package, fixed version) is one flaw: bundle name to those."""
    for bundle, entries in vulnerable.items():
        path = folder / "osv" / bundle / "all.zip"
        path.parent.mkdir(parents=True)
        with zipfile.ZipFile(path, "w") as file:
            for number, (ecosystem, name, fixed) in enumerate(entries):
                id_ = f"CVE-2026-{1000 + number}{len(bundle)}"
                record = RECORD | {
                    "id": id_,
                    "upstream": [],
                    "affected": [
                        {
                            "package": {"ecosystem": ecosystem, "name": name},
                            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": fixed}]}],
                        }
                    ],
                }
                file.writestr(f"{id_}.json", json.dumps(record))
    return folder
