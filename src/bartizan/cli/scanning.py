"""A one-shot assessment of anything: collect, open what is known, judge, and say how complete that is."""

from collections.abc import Callable, Iterable
from dataclasses import field
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from bartizan import __version__
from bartizan.cli.data_folder import ADVISORIES, advisory_file, data_folder
from bartizan.cli.failure import ExitCode, Failure
from bartizan.cli.terminal import warn, working
from bartizan.exchange.feed_age import age_in_days, newest_until
from bartizan.exchange.interface import Feed, Knowledge, ScanResult
from bartizan.model.assessment import Assessment
from bartizan.model.finding import FindingKind, Verdict
from bartizan.model.record import dataclass
from bartizan.model.severity import Severity
from bartizan.model.snapshot import Snapshot

if TYPE_CHECKING:
    from bartizan.assess.licences.policy import LicencePolicy
    from bartizan.assess.malware.rules import MalwareRules
    from bartizan.assess.policy.engine import Parameters, PolicySet
    from bartizan.assess.secrets.rules import SecretRules
    from bartizan.assess.vulnerability.advisories import AdvisoryFile
    from bartizan.collect.interface import Inspector

OLD_AFTER_DAYS = 7
"""Advisories appear daily; a week without news means that nobody fetches them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What is made of the findings before they are shown."""

    vex: tuple[Path, ...] = ()
    ignore_file: Path | None = None
    suppressed: bool = False
    plan: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the user asked for, whatever is scanned."""

    feeds: Path | None = None
    policy_folders: tuple[Path, ...] = ()
    parameters: Path | None = None
    """Own values for parameters of policies."""
    vulnerabilities: bool = True
    policies: bool = True
    secrets: bool = True
    malware: bool = True
    malware_folders: tuple[Path, ...] = ()
    licences: bool = True
    licence_policy: Path | None = None
    threshold: Severity | None = None
    least: Severity = Severity.INFO
    part: str = ""
    """Part of an image whose findings are listed."""
    origin: str = ""
    """Whose packages' findings are listed."""
    by_layer: bool = False
    shown: Shown = field(default_factory=Shown)


Collect = Callable[[datetime, Callable[[str], None]], Snapshot]
"""(time, progress) to every section of what is scanned."""
Explain = Callable[[Snapshot, tuple[Assessment, ...]], tuple[Snapshot, tuple[Assessment, ...]]]
"""Adds what only whoever collected can tell of what was found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What was found, before anything is made of it."""

    snapshot: Snapshot
    assessments: tuple[Assessment, ...]
    knowledge: Knowledge


class Memory(Protocol):
    """Where judgements are kept."""

    def recall(self, now: datetime) -> Judged | None: ...
    def keep(self, judged: Judged, now: datetime) -> None: ...


def scan(
    asked: Asked,
    what: str,
    collect: Collect,
    *,
    part: str = "",
    memory: Memory | None = None,
    explain: Explain | None = None,
) -> ScanResult:
    """Collect and assess; says on standard error what weakens the result. `what` names it: `this host`. `part` of the
    built-in policies is enough where it is known what is scanned; `memory` may know the answer; `explain` adds to
    what was found."""
    from bartizan.cli.decisions import read_decisions
    from bartizan.pipeline.suppression import suppress

    now = datetime.now(UTC)
    decisions = read_decisions(asked.shown)
    judged = memory.recall(now) if memory else None
    if judged is None:
        judged = _judged(asked, what, collect, part, now, explain)
        if memory:
            memory.keep(judged, now)
    snapshot, knowledge = judged.snapshot, judged.knowledge
    if asked.vulnerabilities and any(name.startswith("packages_") for name in snapshot.sections):
        _warn_about_feeds(knowledge, snapshot.sections, _system(snapshot), now)
    applied = suppress(judged.assessments, snapshot.asset, decisions.statements, decisions.ignored, now.date())
    for note in applied.notes:
        warn(note, remedy="Look at it again: extend the day, or fix what it was about.")
    return ScanResult(
        asset=snapshot.asset,
        taken_at=snapshot.taken_at,
        tool=__version__,
        sections=snapshot.sections,
        assessments=applied.assessments,
        knowledge=knowledge,
        incomplete=_incomplete(applied.assessments, asked, have_advisories=bool(knowledge.advisories)),
        least=asked.least,
        part=asked.part,
        origin=asked.origin,
        by_layer=asked.by_layer,
        suppressed=applied.suppressed,
        show_suppressed=asked.shown.suppressed,
        show_plan=asked.shown.plan,
    )


def _judged(asked: Asked, what: str, collect: Collect, part: str, now: datetime, explain: Explain | None) -> Judged:
    from bartizan.assess.dispatch import Known, assess

    advisories = open_advisories(asked.feeds) if asked.vulnerabilities else None
    # Parameters may be of any policy: whether there is such a one shows only where all were read.
    policies = read_policies(asked.policy_folders, "" if asked.parameters else part) if asked.policies else None
    parameters = read_parameters(asked.parameters, policies) if policies else {}
    try:
        with working(f"Reading {what}") as step:
            snapshot = collect(now, step)
        with working("Judging what was found"):
            known = Known(
                advisories=advisories,
                policies=policies,
                parameters=parameters,
                secrets=secret_rules(asked) if "secrets" in snapshot.sections else None,
                malware=malware_rules(asked) if "malware" in snapshot.sections else None,
                licences=licence_policy(asked) if _has_packages(snapshot) else None,
                today=_day_of(snapshot),
            )
            assessments = tuple(
                each
                for each in assess(snapshot.sections, known)
                if asked.vulnerabilities or not each.assessor.startswith("vulnerability")
            )
            if explain is not None:
                snapshot, assessments = explain(snapshot, assessments)
        return Judged(
            snapshot=snapshot, assessments=assessments, knowledge=_knowledge(advisories, policies, parameters, now)
        )
    finally:
        if advisories is not None:
            advisories.close()


def _day_of(snapshot: Snapshot) -> date:
    """The day on which a snapshot was taken: what was out of support then is."""
    return date.fromisoformat(snapshot.taken_at[:10])


def exit_code(result: ScanResult, threshold: Severity | None) -> ExitCode:
    """Findings win over incompleteness: whoever waits for a reason to stop has one."""
    if threshold is not None and any(
        finding.verdict is Verdict.FAIL and finding.severity.rank >= threshold.rank for finding in result.findings
    ):
        return ExitCode.FINDINGS
    return ExitCode.INCOMPLETE if result.incomplete else ExitCode.CLEAN


def open_advisories(told: Path | None) -> "AdvisoryFile | None":
    """The advisory file that was named, which must be usable, or the one in the data folder, if there is one."""
    from bartizan.assess.vulnerability.advisories import AdvisoryFile, AdvisoryFileError

    path = told or advisory_file()
    if path is None:
        return None
    if path.is_dir():
        path /= ADVISORIES
    try:
        return AdvisoryFile.open(path)
    except AdvisoryFileError as error:
        raise Failure(
            str(error),
            meaning="Without advisories no package can be judged, so nothing was scanned.",
            code=ExitCode.USAGE if told else ExitCode.INCOMPLETE,
        ) from error


def read_policies(folders: tuple[Path, ...], part: str = "") -> "PolicySet":
    """The built-in policies and the user's; a broken one stops the scan: left out it would look like a pass."""
    from bartizan.assess.policy.engine import load_policies

    for folder in folders:
        if not folder.is_dir():
            raise Failure(f"there is no folder {folder}", remedy="Name a folder of policies.", code=ExitCode.USAGE)
    policies = load_policies(folders, part=part)
    if policies.errors:
        raise Failure(
            "\n  ".join(["some policies cannot be used:", *(str(error) for error in policies.errors)]),
            meaning="A policy that is left out would look like one that passes, so nothing was scanned.",
            remedy="Mend them; `bartizan policy test DIR` checks a folder.",
            code=ExitCode.USAGE,
        )
    return policies


def read_parameters(path: Path | None, policies: "PolicySet") -> "Parameters":
    """Own values for parameters; none where no file is named. One that cannot be used stops the scan: with the default
    in its place the result would be another than was asked for."""
    if path is None:
        return {}
    from bartizan.assess.policy import parameters
    from bartizan.content.documents import ContentError

    try:
        found, errors = parameters.read_parameters(path, policies)
    except ContentError as error:
        found, errors = {}, [error]
    if errors:
        raise Failure(
            "\n  ".join(["the parameters cannot be used:", *(str(error) for error in errors)]),
            meaning="Defaults in their place would judge by what nobody asked for, so nothing was judged.",
            remedy="Mend the file; `bartizan policy explain ID` shows a policy's parameters and their defaults.",
            code=ExitCode.USAGE,
        )
    return found


def inspectors_of(asked: Asked) -> "list[Inspector]":
    """What looks into files while they are read for other reasons."""
    found: list[Inspector] = []
    secrets = secret_rules(asked)
    if secrets is not None:
        from bartizan.assess.secrets.inspector import SecretInspector

        found.append(SecretInspector(secrets))
    malware = malware_rules(asked)
    if malware is not None:
        from bartizan.assess.malware.inspector import MalwareInspector

        found.append(MalwareInspector(malware))
    return found


def licence_policy(asked: Asked) -> "LicencePolicy | None":
    """What is made of licences, where that is asked for."""
    if not asked.licences:
        return None
    from bartizan.assess.licences.policy import load_policy
    from bartizan.content.documents import ContentError

    try:
        return load_policy(asked.licence_policy)
    except ContentError as error:
        raise Failure(
            f"the policy for licences cannot be used: {error}",
            meaning="Nothing was scanned.",
            remedy="Mend it; the documentation has one to start from.",
            code=ExitCode.USAGE,
        ) from error


def _has_packages(snapshot: Snapshot) -> bool:
    return any(name.startswith("packages_") for name in snapshot.sections)


@cache
def malware_rules(asked: Asked) -> "MalwareRules | None":
    """What malware is recognised by, where it is asked for. Rules of the user that are no rules stop the scan: left
    out they would look like files that are clean."""
    if not asked.malware:
        return None
    from bartizan.assess.malware.rules import load_rules
    from bartizan.content.documents import ContentError

    for folder in asked.malware_folders:
        if not folder.is_dir():
            raise Failure(f"there is no folder {folder}", remedy="Name a folder of rules.", code=ExitCode.USAGE)
    try:
        rules = load_rules(asked.malware_folders, cases=False)
        if asked.malware_folders:
            from bartizan.assess.malware.scanner import Scanner

            Scanner(rules).check()
    except ContentError as error:
        raise Failure(
            f"a rule for malware cannot be used: {error}",
            meaning="A rule that is left out would look like files that are clean, so nothing was scanned.",
            remedy="Mend it, or take it out of the folder.",
            code=ExitCode.USAGE,
        ) from error
    return rules


@cache
def secret_rules(asked: Asked) -> "SecretRules | None":
    """The rules by which secrets are recognised, where they are asked for; read once, for inspecting and judging."""
    if not asked.secrets:
        return None
    from bartizan.assess.secrets.rules import load_rules

    return load_rules()


def _system(snapshot: Snapshot) -> str:
    facts = snapshot.facts("os")
    return str(facts.get("id", "")) if isinstance(facts, dict) else ""


def _warn_about_feeds(knowledge: Knowledge, sections: Iterable[str], system: str, now: datetime) -> None:
    if not knowledge.advisories:
        warn(
            "there are no advisories on this machine",
            meaning="No package was judged: this result says nothing about vulnerabilities.",
            remedy=f"Into {data_folder()}: bartizan feeds sync, or: bartizan feeds import DIR",
        )
        return
    newest = {feed.source.removeprefix("osv/"): feed.newest for feed in knowledge.feeds}
    ages = {
        name: age
        for name in _ecosystems(sections, system)
        if (age := age_in_days(newest.get(name, ""), now)) is not None and age > OLD_AFTER_DAYS
    }
    if ages:
        warn(
            "old advisories: " + ", ".join(f"{name} of {age:.0f} days ago" for name, age in sorted(ages.items())),
            meaning="What became known since then is not in this result.",
            remedy="Fetch new ones: bartizan feeds sync",
        )


def _ecosystems(sections: Iterable[str], system: str) -> list[str]:
    """The ecosystems whose advisories judge these package sections."""
    from bartizan.assess.vulnerability.ecosystems import ECOSYSTEMS

    types = {name.removeprefix("packages_") for name in sections if name.startswith("packages_")}
    return [
        each.name
        for each in ECOSYSTEMS.values()
        if each.purl_type in types and (not each.distribution or each.name.lower().startswith(system or "?"))
    ]


def _knowledge(
    advisories: "AdvisoryFile | None", policies: "PolicySet | None", parameters: "Parameters", now: datetime
) -> Knowledge:
    from bartizan.assess.policy.engine import knowledge

    return Knowledge(
        advisories=advisories.id if advisories else "",
        newest=newest_until((feed.newest for feed in advisories.feeds()), now) if advisories else "",
        feeds=tuple(
            Feed(source=feed.source, records=feed.records, newest=feed.newest)
            for feed in (advisories.feeds() if advisories else ())
        ),
        policies=knowledge(policies, parameters) if policies else "",
    )


def _incomplete(assessments: tuple[Assessment, ...], asked: Asked, *, have_advisories: bool) -> tuple[str, ...]:
    """Why a finding at or over the threshold may be missing from the result."""
    reasons = []
    if asked.vulnerabilities and not have_advisories:
        reasons.append("there are no advisories: no package was judged")
    least = (asked.threshold or Severity.INFO).rank
    policies = 0
    for assessment in assessments:
        by_policies = assessment.assessor.startswith("policy")
        for finding in assessment.findings:
            if finding.verdict is not Verdict.UNKNOWN:
                continue
            if finding.kind is FindingKind.LICENCE and finding.severity is Severity.INFO:
                continue  # told because the policy asks; it weakens nothing
            if finding.kind is FindingKind.POLICY:
                policies += finding.severity.rank >= least
            elif by_policies:  # a file that was not read, and not a type that no policy speaks of
                reasons += [finding.title] if finding.severity is Severity.UNKNOWN else []
            elif have_advisories and (finding.severity is Severity.UNKNOWN or finding.severity.rank >= least):
                reasons.append(finding.title)
    if policies:
        reasons.append(f"{policies} {'policy' if policies == 1 else 'policies'} could not be judged")
    return tuple(dict.fromkeys(reasons))
