"""An estate for tests.

Hosts with packages, two assessors that are plain functions, and a clock that is turned by hand.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bartizan.inventory.accounts import create_organisation
from bartizan.inventory.assessments import Changes, attach, load_sections, needed, record_all
from bartizan.inventory.findings import FindingSummary, list_findings
from bartizan.inventory.ingest import IngestResult, ingest_snapshot
from bartizan.inventory.paging import Paging
from bartizan.inventory.store import Store
from bartizan.model.assessment import Assessment
from bartizan.model.asset import AssetKind, AssetRef
from bartizan.model.finding import Finding, FindingKind, Fix, FixState, Verdict
from bartizan.model.severity import Severity
from bartizan.model.snapshot import Problem, Section

START = 1_795_000_000_000
"""Milliseconds: a whole second in November 2026."""


def scopes(names: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
    """As `assess.host.scopes`: one assessor for policies, one per section of packages."""
    packages = sorted(name for name in names if name.startswith("packages_"))
    return {"policy": ("os", "users"), **{f"vulnerability:{name}": ("os", name) for name in packages}}


def vulnerability(rule: str, package: str = "openssl", **changes: Any) -> Finding:
    """A finding with sensible values."""
    evidence = {"package": {"name": package}, "installed": changes.pop("installed", "1.0")}
    evidence |= changes.pop("evidence", {})
    values: dict[str, Any] = {
        "kind": FindingKind.VULNERABILITY,
        "rule": rule,
        "locator": f"pkg:deb/debian/{package}",
        "severity": Severity.HIGH,
        "title": f"{rule} in {package}",
        "score": 70.0,
        "fix": Fix(state=FixState.FIXED, version="2.0"),
    }
    return Finding(**(values | changes), evidence=evidence)


def policy(rule: str, *, unknown: bool = False, severity: Severity = Severity.MEDIUM) -> Finding:
    """A policy that failed, or could not be judged."""
    evidence: dict[str, Any] = {"values": {"sshd.port": 22}}
    if unknown:
        evidence = {"unknowns": [{"path": "users.shadow", "reason": "permission denied"}]}
    return Finding(
        kind=FindingKind.POLICY,
        rule=rule,
        locator="",
        severity=severity,
        title=f"{rule} is not met",
        verdict=Verdict.UNKNOWN if unknown else Verdict.FAIL,
        score=30.0,
        evidence=evidence,
    )


class Estate:
    """One organisation, and time."""

    def __init__(self, store: Store, key: str = "main") -> None:
        self.store = store
        self.now = START
        with store.begin() as conn:
            self.org = create_organisation(conn, key, key.title(), self.now).id
        self.advisories: dict[str, Sequence[Finding]] = {}
        """Package to its findings: what the vulnerability assessor knows."""
        self.knowledge = "1"
        self.policies = "1"
        self.blind = False
        """There are no advisories to judge by."""

    def later(self, seconds: int = 60) -> int:
        """Turn the clock."""
        self.now += seconds * 1000
        return self.now

    def sections(self, **facts: Any) -> dict[str, Section]:
        """Sections by name; None stands for one that could not be read."""
        problem = (Problem(path="/var/lib/dpkg/status", reason="permission denied"),)
        os = facts.pop("os", {"id": "debian", "version_id": "12", "pretty_name": "Debian GNU/Linux 12 (bookworm)"})
        return {
            name: Section(name=name, facts=value, problems=problem if value is None else ())
            for name, value in {"os": os, **facts}.items()
        }

    def snapshot(self, host: str, *, source: str = "agent", at: int | None = None, **facts: Any) -> IngestResult:
        """Take in what a source saw of a host: `packages_deb=["openssl"]`."""
        sections = self.sections(**facts)
        with self.store.begin() as conn:
            return ingest_snapshot(
                conn,
                self.org,
                AssetRef(kind=AssetKind.HOST, key=f"machine-{host}", name=host),
                source=source,
                taken_at=self.now if at is None else at,
                manifest={name: section.digest for name, section in sections.items()},
                sections=sections,
                sensor=f"{source}/1",
            )

    def assess(self) -> Changes:
        """Judge what is new and attach it."""
        knowledge = {"vulnerability": self.knowledge, "policy": self.policies}
        with self.store.begin() as conn:
            judged = [
                (self.judge(need.assessor, load_sections(conn, self.org, need.sections)), need.input_digest)
                for need in needed(conn, self.org, scopes, knowledge)
            ]
            record_all(conn, self.org, judged, self.now)
            return attach(conn, self.org, self.now)

    def judge(self, assessor: str, facts: Mapping[str, Section]) -> Assessment:
        """Packages have the findings that `advisories` says; users the policies that they name."""
        if assessor == "policy":
            return self._policies(facts)
        section = facts[assessor.partition(":")[2]]
        if section.facts is None:
            gap = Finding(
                kind=FindingKind.COVERAGE,
                rule=f"unreadable-{section.name}",
                locator=section.name,
                severity=Severity.UNKNOWN,
                title="Packages could not be read",
                verdict=Verdict.UNKNOWN,
            )
            return Assessment(assessor=assessor, knowledge=self.knowledge, findings=(gap,))
        assert isinstance(section.facts, list)
        if self.blind:
            return Assessment(assessor=assessor, knowledge=self.knowledge, findings=(), blind=True)
        names = [str(each["name"] if isinstance(each, dict) else each) for each in section.facts]
        found = [finding for name in names for finding in self.advisories.get(name, ())]
        return Assessment(
            assessor=assessor,
            knowledge=self.knowledge,
            findings=tuple(found),
            counts={"packages": len(section.facts), "fail": len(found)},
        )

    def _policies(self, facts: Mapping[str, Section]) -> Assessment:
        """`users={"fail": [...], "unknown": [...], "pass": [...], "na": {rule: reason}}`."""
        section = facts.get("users")
        told: Any = section.facts if section is not None and section.facts else {}
        failed, unknown = told.get("fail", []), told.get("unknown", [])
        passed, skipped = told.get("pass", []), told.get("na", {})
        return Assessment(
            assessor="policy",
            knowledge=self.policies,
            findings=tuple([policy(rule) for rule in failed] + [policy(rule, unknown=True) for rule in unknown]),
            counts={
                "pass": len(passed),
                "fail": len(failed),
                "unknown": len(unknown),
                "not-applicable": len(skipped),
            },
            passed=tuple(passed),
            not_applicable=skipped,
        )

    def findings(self, query: str = "", *, sort: str = "", limit: int = 500) -> list[FindingSummary]:
        """All pages of a list."""
        items: list[FindingSummary] = []
        cursor: str | None = None
        with self.store.read() as conn:
            while True:
                paging = Paging(limit=limit, cursor=cursor, sort=sort)
                page = list_findings(conn, self.org, query, paging, self.now)
                items += page.items
                cursor = page.next
                if cursor is None:
                    assert page.total == len(items)
                    return items
