"""A small scan of a host with one of everything: what every format must be able to say."""

import pytest

from bartizan.exchange.interface import Feed, Knowledge, ScanResult
from bartizan.model.assessment import Assessment
from bartizan.model.asset import AssetKind, AssetRef
from bartizan.model.finding import Finding, FindingKind, Fix, FixState, Verdict
from bartizan.model.package import Package, package_facts
from bartizan.model.severity import Severity
from bartizan.model.snapshot import Problem, Section

PACKAGES = [
    Package(
        type="deb",
        namespace="debian",
        name="openssh-server",
        version="1:9.2p1-2",
        arch="amd64",
        source="openssh",
        path="/var/lib/dpkg/status",
        distro="debian-12",
        licences=("BSD-3-Clause",),
    ),
    Package(
        type="deb",
        namespace="debian",
        name="openssh-client",
        version="1:9.2p1-2",
        arch="amd64",
        source="openssh",
        path="/var/lib/dpkg/status",
        distro="debian-12",
    ),
    Package(
        type="deb", namespace="debian", name="gone", version="1", path="/var/lib/dpkg/status", state="config-files"
    ),
]
LANGUAGE = [
    Package(type="pypi", name="requests", version="2.19.0", path="/srv/a/requests-2.19.0.dist-info/METADATA"),
    Package(type="pypi", name="requests", version="2.19.0", path="/srv/b/requests-2.19.0.dist-info/METADATA"),
]


def vulnerability(
    rule: str, package: Package, locator: str, severity: Severity, score: float, **evidence: object
) -> Finding:
    fixed = str(evidence.pop("fixed", ""))
    return Finding(
        kind=FindingKind.VULNERABILITY,
        rule=rule,
        locator=locator,
        severity=severity,
        title=f"{package.source_name}: <script>alert('{rule}')</script> & more",
        evidence={
            "package": {"name": package.source_name, "type": package.type, "purl": locator.partition("#")[0]},
            "installed": package.version,
            "packages": [
                {"name": package.name, "version": package.version, "arch": package.arch, "path": package.path}
            ],
            "references": ["https://advisories.example/" + rule],
            "cvss": {
                "source": "GHSA",
                "severity": "high",
                "score": 8.1,
                "vector": "CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:U/C:H/I:H/A:H",
            },
            **evidence,
        },
        fix=Fix(state=FixState.FIXED if fixed else FixState.NOT_FIXED, version=fixed),
        score=score,
    )


@pytest.fixture
def result() -> ScanResult:
    ssh, requests = "pkg:deb/debian/openssh", "pkg:pypi/requests"
    kev = {"added": "2024-07-01", "due": "2024-07-22"}
    findings = (
        vulnerability("CVE-2024-6387", PACKAGES[0], ssh, Severity.CRITICAL, 91.0, fixed="1:9.2p1-2+deb12u3", kev=kev),
        vulnerability("CVE-2023-51385", PACKAGES[0], ssh, Severity.MEDIUM, 40.0, fixed="1:9.2p1-2+deb12u10"),
        vulnerability("CVE-2020-15778", PACKAGES[0], ssh, Severity.HIGH, 50.0),
    )
    places = tuple(
        vulnerability("CVE-2018-18074", each, f"{requests}#{each.path}", Severity.HIGH, 60.0, fixed="2.20.0")
        for each in LANGUAGE
    )
    failed = Finding(
        kind=FindingKind.POLICY,
        rule="host-ssh-root-login",
        locator="",
        severity=Severity.HIGH,
        title="Root cannot sign in over SSH with a password",
        evidence={"values": {"sshd.effective.permit_root_login": "yes"}, "controls": {"nist-800-53": ["AC-6(2)"]}},
        fix=Fix(state=FixState.FIXED, text="Set PermitRootLogin to no.\n\nsshd -T | grep -i permitrootlogin"),
    )
    unknown = Finding(
        kind=FindingKind.POLICY,
        rule="host-users-locked",
        locator="",
        severity=Severity.MEDIUM,
        title="Accounts without a password are locked",
        verdict=Verdict.UNKNOWN,
        evidence={"unknowns": [{"path": "users.accounts[].password", "reason": "permission denied"}]},
    )
    return ScanResult(
        asset=AssetRef(kind=AssetKind.HOST, key="0f1e2d", name="web-1"),
        taken_at="2026-11-23T10:37:00Z",
        tool="0.1.0",
        sections={
            "os": Section(
                name="os", facts={"id": "debian", "version_id": "12", "name": "Debian GNU/Linux 12 (bookworm)"}
            ),
            "users": Section(
                name="users", facts=None, problems=(Problem(path="/etc/shadow", reason="permission denied"),)
            ),
            "packages_deb": Section(name="packages_deb", facts=[package_facts(each) for each in PACKAGES]),
            "packages_pypi": Section(name="packages_pypi", facts=[package_facts(each) for each in LANGUAGE]),
        },
        assessments=(
            Assessment(
                assessor="policy",
                knowledge="sha256:aa",
                findings=(failed, unknown),
                counts={"pass": 1, "fail": 1, "unknown": 1, "not-applicable": 0},
                passed=("host-ssh-empty-passwords",),
            ),
            Assessment(
                assessor="vulnerability:packages_deb", knowledge="sha256:bb", findings=findings, counts={"packages": 2}
            ),
            Assessment(
                assessor="vulnerability:packages_pypi", knowledge="sha256:bb", findings=places, counts={"packages": 2}
            ),
        ),
        knowledge=Knowledge(
            advisories="sha256:bb",
            newest="2026-11-20T00:00:00Z",
            feeds=(Feed(source="osv/Debian", records=37703, newest="2026-11-20T00:00:00Z"),),
            policies="sha256:aa",
        ),
        incomplete=("1 policy could not be judged",),
    )
