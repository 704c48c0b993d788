"""What the Debian of `debian_root` is judged by, what it looks like through a door, and how findings are compared."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from bartizan.assess.dispatch import Known, assess
from bartizan.assess.licences.policy import load_policy
from bartizan.assess.malware.inspector import MalwareInspector
from bartizan.assess.malware.rules import load_rules as malware_rules
from bartizan.assess.malware.scanner import Scanner
from bartizan.assess.secrets.inspector import SecretInspector
from bartizan.assess.secrets.rules import load_rules as secret_rules
from bartizan.assess.vulnerability.advisories import AdvisoryFile
from bartizan.collect.containers.image import ImageSource
from bartizan.collect.containers.snapshot import collect_image
from bartizan.collect.filesystem.interface import FilesystemView
from bartizan.collect.host.snapshot import collect_host
from bartizan.collect.inspection import inspect_files
from bartizan.collect.interface import Inspector
from bartizan.model.finding import Finding
from bartizan.model.snapshot import Section, Snapshot
from bartizan.model.wire import canonical, plain

STEPS = ("ADD rootfs.tar /", "COPY srv /srv")
CONFIG = {"User": "app", "Cmd": ["python3", "-m", "app"]}
NOW = datetime(2026, 11, 23, tzinfo=UTC)
TODAY = date(2026, 11, 23)
VULNERABLE = {
    "Debian": [("Debian:12", name, "9:99") for name in ("glibc", "tar", "python3.11", "six", "zlib")],
    "PyPI": [("PyPI", "requests", "2.20.0"), ("PyPI", "jinja2", "2.10.1"), ("PyPI", "six", "99")],
    "npm": [("npm", "lodash", "4.17.21"), ("npm", "minimist", "0.2.4")],
    "Maven": [
        ("Maven", "org.apache.logging.log4j:log4j-core", "2.17.1"),
        ("Maven", "org.yaml:snakeyaml", "1.31"),
    ],
    "Go": [("Go", "golang.org/x/crypto", "0.17.0"), ("Go", "stdlib", "1.21.8"), ("Go", "example.com/tool", "9")],
    "Bitnami": [("Bitnami", "python", "3.99.0"), ("Bitnami", "redis", "6.2.14")],
}
LICENCES = "packages: all\nreview: {licences: [strong-copyleft], severity: low}\nunknown: info\n"
"""Every package of the distribution is judged as well, by what its copyright file says."""


class Estate:
    """What the Debian is judged by, and what it looks like through a door."""

    def __init__(self, advisories: AdvisoryFile, licences: Path) -> None:
        self._secrets, self._malware = secret_rules(), malware_rules()
        self._scanner = Scanner(self._malware)
        self.known = Known(
            advisories=advisories,
            licences=load_policy(licences),
            secrets=self._secrets,
            malware=self._malware,
            today=TODAY,
        )

    def inspectors(self) -> list[Inspector]:
        return [SecretInspector(self._secrets), MalwareInspector(self._malware, self._scanner)]

    def image(self, source: ImageSource) -> Snapshot:
        return collect_image(source, sensor="test/1", now=NOW, inspectors=self.inspectors())

    def host(self, view: FilesystemView) -> Snapshot:
        shot = collect_host(view, sensor="test/1", now=NOW)
        return replace(shot, sections={**shot.sections, **inspect_files(view, self.inspectors())})

    def findings(self, of: ImageSource | Mapping[str, Section]) -> list[Finding]:
        """Every finding of an image, or of sections, in the order of their identity."""
        sections = of if isinstance(of, Mapping) else self.image(of).sections
        found = [each for one in assess(sections, self.known) for each in one.findings]
        return sorted(found, key=lambda each: each.identity)


def lines(findings: list[Finding]) -> list[bytes]:
    return [canonical(finding) for finding in findings]


def without_layers(findings: list[Finding]) -> list[bytes]:
    """For sources that have no layers, or one."""
    return [canonical(_bare(plain(replace(finding, layer="")))) for finding in findings]


def _bare(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _bare(each) for key, each in value.items() if key not in ("layer", "origin")}
    return [_bare(each) for each in value] if isinstance(value, list) else value
