"""Where a finding points, for formats that want a file or a package rather than our locator.

pkg:deb/debian/openssh-server                       -> package, no file
pkg:npm/%40babel/core#/srv/app/package-lock.json    -> package, file
/etc/ssh/sshd_config                                -> file
/net#module.a.aws_vpc.b                             -> file and lines, from the evidence: the attribute's where it is
                                                       known which one decided, the resource's otherwise
sshd.effective.permit_root_login                    -> neither: a fact
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from bartizan.exchange.chain import Step, origins
from bartizan.model.finding import Finding

DATABASES = {"deb": "/var/lib/dpkg/status", "apk": "/lib/apk/db/installed", "rpm": "/var/lib/rpm"}
"""Where a distribution's packages are registered: the file that changes when such a package is upgraded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A file, a package, or both; empty strings for what a finding does not name."""

    path: str = ""
    """Absolute within the asset."""
    package: str = ""
    version: str = ""
    """The package's installed version."""
    line: int = 0
    """From 1, where the thing begins in the file; 0 where it is not told."""
    end_line: int = 0
    resource: str = ""
    """What a template calls it, modules and keys included: `module.vpc.aws_subnet.a["x"]`."""


def place(finding: Finding) -> Place:
    """What a finding's locator and evidence say about where it is."""
    locator, _, path = finding.locator.partition("#")
    evidence = finding.evidence
    if locator.startswith("pkg:"):
        kind, _, rest = locator.removeprefix("pkg:").partition("/")
        package = evidence.get("package")
        name = text(package.get("name")) if isinstance(package, dict) else ""
        name = name or unquote(rest.rpartition("/")[2])
        path = path or DATABASES.get(kind, "")
        return Place(path=path, package=name, version=text(evidence.get("installed")))
    decided = attribute(evidence)
    if decided is not None:
        return Place(path=decided.path, line=decided.line, end_line=decided.line, resource=path)
    location = evidence.get("location")
    if isinstance(location, dict) and text(location.get("path")):
        return Place(
            path=text(location["path"]),
            line=_number(location.get("line")),
            end_line=_number(location.get("end_line")),
            resource=path,
        )
    if locator.startswith("/"):
        return Place(path=locator, line=_first_line(evidence.get("problems"), locator))
    return Place()


def attribute(evidence: Mapping[str, Any]) -> Step | None:
    """Where the attribute stands that decided about a resource of a template; None where that is not known."""
    found = origins(evidence)
    first = found[0].steps[0] if found else None
    return first if first is not None and first.path and first.line else None


def _first_line(problems: Any, path: str) -> int:
    """The line of the first problem of a file that was not read: `{"path": "/net/main.tf:12", ...}`."""
    first = problems[0] if isinstance(problems, list) and problems else None
    told = text(first.get("path")) if isinstance(first, dict) else ""
    line = told.removeprefix(f"{path}:")
    return int(line) if line != told and line.isdecimal() else 0


def _number(value: Any) -> int:
    return value if isinstance(value, int) else 0


def text(value: Any) -> str:
    """A string of the evidence; empty where it is absent or of another type."""
    return value if isinstance(value, str) else ""


def subject(finding: Finding) -> str:
    """One short name of what the finding is about: package and version, file, fact, or nothing for the whole asset."""
    where = place(finding)
    if where.package:
        return f"{where.package} {where.version}".rstrip()
    if where.line:
        return f"{where.path}:{where.line} {where.resource}".rstrip()
    return where.path or finding.locator


def remedy(finding: Finding) -> str:
    """What to do, in one line; empty where nothing is known."""
    if finding.fix.version:
        return f"Upgrade {place(finding).package} to {finding.fix.version} or later."
    return finding.fix.text.partition("\n")[0]


def command(finding: Finding) -> str:
    """The command that mends it, where the fix has one: the paragraph after its text, or an upgrade's whole text."""
    first, _, rest = finding.fix.text.partition("\n\n")
    return rest or (first if finding.fix.version and first.startswith(COMMANDS) else "")


COMMANDS = ("apt-get ", "dnf ", "apk ")
