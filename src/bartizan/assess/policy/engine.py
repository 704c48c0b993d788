"""The policy assessor: a resource and a set of policies to an assessment.

    policies = load_policies()
    assess_resource(host_resource(snapshot.sections, "web1"), policies)

Four results: pass, fail, not applicable, and unknown wherever the answer hangs on a value that is not known.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bartizan.assess.policy.evaluate import Program
from bartizan.assess.policy.library import Compiled, read_library, read_schemas, types_in
from bartizan.assess.policy.operators import TROUBLE, ListIndex, TooExpensive, Touched
from bartizan.assess.policy.schema import Schema, resource_value
from bartizan.assess.policy.types import matches, suggest, type_of
from bartizan.content import FOLDER
from bartizan.content.documents import ContentError
from bartizan.model.assessment import Assessment
from bartizan.model.finding import Finding, FindingKind, Fix, FixState, Verdict
from bartizan.model.policy import Policy, PolicyResult
from bartizan.model.record import dataclass
from bartizan.model.resource import ONLY_LIVE, ONLY_TEMPLATE, Resource, Unknown
from bartizan.model.snapshot import Section
from bartizan.model.wire import digest

if TYPE_CHECKING:
    from bartizan.assess.policy.frameworks import Framework

ASSESSOR = "policy"
REVISION = 1
"""Goes up when the same policies and facts give other findings, so that what is stored is judged anew."""
Parameters = Mapping[str, Mapping[str, Any]]
"""An organisation's own values: policy id to parameter to value."""


@dataclass(frozen=True, slots=True)
class PolicySet:
    """All policies that are in force, compiled."""

    digest: str
    """Over the policies, schemas and the revision of the engine, which decide results; cases and prose do not count."""
    policies: Mapping[str, Policy]
    errors: tuple[ContentError, ...]
    """What could not be loaded, with file and line."""
    schemas: Mapping[str, Schema] = field(repr=False)
    frameworks: Mapping[str, "Framework"] = field(repr=False)
    compiled: Mapping[str, Compiled] = field(repr=False)
    by_type: Mapping[str, tuple[Compiled, ...]] = field(repr=False)

    def only(self, ids: AbstractSet[str]) -> "PolicySet":
        """The same knowledge with only some policies to judge by."""
        kept = {type_: tuple(each for each in found if each.policy.id in ids) for type_, found in self.by_type.items()}
        return replace(self, by_type=kept)

    def sections_of(self, id_: str) -> AbstractSet[str]:
        """Sections of a host that a policy reads; none where there is no such policy."""
        compiled = self.compiled.get(id_)
        if compiled is None:
            return frozenset()
        packages = PACKAGE_SECTIONS if "packages" in compiled.sections else ()
        return compiled.sections | frozenset(packages)


def load_policies(folders: Sequence[Path] = (), *, builtin: bool = True, part: str = "") -> PolicySet:
    """Built-in policies and those of further folders; broken ones are in `errors` and take nothing else down. `part`
    names the one folder of built-in policies to read (`image`), where resources of other types will not be judged;
    frameworks are left out then, and what our own policies say of controls is taken as it is."""
    if part and not folders:
        schemas, errors = read_schemas([FOLDER], types_in(part))
        frameworks: dict[str, Framework] = {}
        more: list[ContentError] = []
        controls = None
    else:
        from bartizan.assess.policy.frameworks import read_frameworks

        schemas, errors = read_schemas([FOLDER, *folders])
        frameworks, more = read_frameworks([FOLDER, *folders])
        controls = {key: each.titles for key, each in frameworks.items()}
    places = [(FOLDER, True)] if builtin else []
    library = read_library([*places, *((Path(folder), False) for folder in folders)], schemas, controls, part)
    by_type: dict[str, list[Compiled]] = {}
    for each in library.policies:
        by_type.setdefault(each.policy.resource, []).append(each)
    return PolicySet(
        digest=_digest(library.policies, schemas),
        policies={each.policy.id: each.policy for each in library.policies},
        errors=(*errors, *more, *library.errors),
        schemas=schemas,
        frameworks=frameworks,
        compiled={each.policy.id: each for each in library.policies},
        by_type={key: tuple(each) for key, each in by_type.items()},
    )


def _digest(policies: Iterable[Compiled], schemas: Mapping[str, Schema]) -> str:
    told = [judged_by(compiled.policy) for compiled in policies]
    filled = {key: each.empty for key, each in schemas.items()}
    return digest({"policies": told, "schemas": filled, "revision": REVISION})


def judged_by(policy: Policy) -> dict[str, Any]:
    """What of a policy decides results and what findings say."""
    names = ("id", "title", "severity", "resource", "check", "applies", "fix", "parameters")
    return {name: getattr(policy, name) for name in names}


def parameter_problems(policies: PolicySet, parameters: Parameters) -> list[str]:
    """What is wrong with an organisation's parameters: unknown policies and names, wrong types."""
    out = []
    for key, given in parameters.items():
        policy = policies.policies.get(key)
        if policy is None:
            out.append(f"{key}: there is no such policy{nearest_policy(policies, key)}")
        else:
            out += [f"{key}: {why}" for why in _misfits(policy.parameters, given)]
    return out


def nearest_policy(policies: PolicySet, id_: str) -> str:
    """` (did you mean 'x'?)`, or nothing where no policy has a name like that."""
    from difflib import get_close_matches  # only who mistypes waits for it

    near = get_close_matches(id_, list(policies.policies), n=1)
    return f" (did you mean {near[0]!r}?)" if near else ""


def _misfits(defaults: Mapping[str, Any], given: Mapping[str, Any]) -> list[str]:
    return [why for name, value in given.items() if (why := misfit_of(defaults, name, value))]


def misfit_of(defaults: Mapping[str, Any], name: str, value: Any) -> str:
    """Why a policy with these defaults cannot take the value; empty where it can."""
    if name not in defaults:
        return f"there is no parameter {name!r}{suggest(name, defaults) or ('' if defaults else ' (it has none)')}"
    why = matches(type_of(defaults[name]), value)
    return f"parameter {name!r}: {why} (its default is {json.dumps(defaults[name])})" if why else ""


def knowledge(policies: PolicySet, parameters: Parameters | None = None) -> str:
    """What `Assessment.knowledge` will say: the policies, and an organisation's own values where it has any."""
    return policies.digest if not parameters else f"{policies.digest};parameters={digest(parameters)}"


@dataclass(frozen=True, slots=True)
class Judgement:
    """One policy's result for one resource."""

    compiled: Compiled
    result: PolicyResult
    unknowns: tuple[Unknown, ...] = ()
    values: Mapping[str, Any] = field(default_factory=dict)
    """What decided: paths and the values read there. Told for failures and unknowns."""


def judge(
    compiled: Compiled,
    value: Mapping[str, Any],
    parameters: Mapping[str, Any],
    index: ListIndex | None = None,
    *,
    declared: bool = False,
) -> Judgement:
    """Judge a filled resource (`schema.resource_value`); `index` is shared by all judgements of that value. A policy
    whose answer hangs on nothing but what such a resource never tells does not apply: `declared` ones are written
    down, in a template or a state."""
    judgement = _judged(compiled, value, parameters, index)
    never = (ONLY_TEMPLATE, ONLY_LIVE) if declared else (ONLY_TEMPLATE,)
    if judgement.unknowns and all(each.reason in never for each in judgement.unknowns):
        return replace(judgement, result=PolicyResult.NOT_APPLICABLE)
    return judgement


def _judged(
    compiled: Compiled, value: Mapping[str, Any], parameters: Mapping[str, Any], index: ListIndex | None
) -> Judgement:
    if compiled.applies is not None:
        applies, unknowns = _ask(compiled.applies, value, parameters, index)
        if applies is None:
            return Judgement(compiled, PolicyResult.UNKNOWN, unknowns, _values(compiled.applies, value, parameters))
        if not applies:
            return Judgement(compiled, PolicyResult.NOT_APPLICABLE, values=_values(compiled.applies, value, parameters))
    passed, unknowns = _ask(compiled.check, value, parameters, index)
    if passed:
        return Judgement(compiled, PolicyResult.PASS)
    result = PolicyResult.UNKNOWN if passed is None else PolicyResult.FAIL
    return Judgement(compiled, result, unknowns, _values(compiled.check, value, parameters))


def _ask(
    program: Program, value: Any, parameters: Any, index: ListIndex | None
) -> tuple[bool | None, tuple[Unknown, ...]]:
    try:
        answer = program.evaluate(value, parameters, index=index)
    except Touched as error:
        return None, tuple(Unknown(path=gap.path, reason=gap.reason) for gap in error.gaps)
    except (*TROUBLE, TooExpensive) as error:
        text = str(error.args[0]) if error.args else type(error).__name__
        return None, (Unknown(path="", reason=f"the policy could not be evaluated: {text}"),)
    if answer is True or answer is False:
        return answer, ()
    return None, (Unknown(path="", reason="the policy gives neither true nor false"),)


def _values(program: Program, value: Any, parameters: Any) -> dict[str, Any]:
    return program.trace(value, parameters).values


def assess_resource(
    resource: Resource, policies: PolicySet, parameters: Parameters | None = None, *, locator: str = ""
) -> Assessment:
    """Judge a resource by every policy of its type.

    `locator` tells the resource within its asset; it stays empty where the resource is the asset, as a host is.
    """
    parameters = parameters or {}
    known = knowledge(policies, parameters)
    schema = policies.schemas.get(resource.type)
    if schema is None:
        return Assessment(assessor=ASSESSOR, knowledge=known, findings=(), counts={})
    value = resource_value(schema, resource.attributes, resource.unknowns)
    findings: list[Finding] = []
    passed: list[str] = []
    not_applicable: dict[str, str] = {}
    index: ListIndex = {}
    counts = dict.fromkeys((each.value for each in PolicyResult), 0)
    in_force: Mapping[str, Any]
    for compiled in policies.by_type.get(resource.type, ()):
        in_force, misfits = compiled.policy.parameters, []
        if own := parameters.get(compiled.policy.id):
            misfits = _misfits(in_force, own)
            in_force = {**in_force, **own}
        if misfits:
            reasons = tuple(Unknown(path="params", reason=why) for why in misfits)
            judgement = Judgement(compiled, PolicyResult.UNKNOWN, reasons)
        else:
            declared = resource.location is not None
            judgement = judge(compiled, value, in_force, index, declared=declared)
        counts[judgement.result.value] += 1
        match judgement.result:
            case PolicyResult.PASS:
                passed.append(compiled.policy.id)
            case PolicyResult.NOT_APPLICABLE:
                not_applicable[compiled.policy.id] = not_applicable_reason(judgement)
            case _:
                findings.append(finding(judgement, resource, locator, in_force))
    return Assessment(
        assessor=ASSESSOR,
        knowledge=known,
        findings=tuple(sorted(findings, key=lambda each: each.identity)),
        counts=counts,
        passed=tuple(passed),
        not_applicable=not_applicable,
    )


def not_applicable_reason(judgement: Judgement) -> str:
    """Why a policy does not apply: the values that its `applies` read, or what such a resource never tells."""
    if judgement.unknowns:
        return ", ".join(f"{each.path}: {each.reason}" for each in judgement.unknowns)
    told = ", ".join(f"{path} is {_word(value)}" for path, value in judgement.values.items())
    return told or f"not so: {judgement.compiled.policy.applies}"


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return value or "empty"
    return str(value)


def finding(
    judgement: Judgement, resource: Resource, locator: str = "", parameters: Mapping[str, Any] | None = None
) -> Finding:
    """The record of a failure or an unknown; `parameters` are those that were in force."""
    policy = judgement.compiled.policy
    failed = judgement.result is PolicyResult.FAIL
    evidence: dict[str, Any] = {
        "values": dict(judgement.values),
        "check": policy.check,
        "why": policy.why,
        "group": policy.group,
        "controls": {key: list(ids) for key, ids in policy.controls.items()},
    }
    if parameters:
        evidence["parameters"] = dict(parameters)
    if not failed:
        evidence["unknowns"] = [{"path": each.path, "reason": each.reason} for each in judgement.unknowns]
    if resource.location is not None:
        evidence["location"] = {
            "path": resource.location.path,
            "line": resource.location.line,
            "end_line": resource.location.end_line,
            "module": resource.location.module,
        }
    text = policy.fix.text + (f"\n\n{policy.fix.command}" if policy.fix.command else "")
    return Finding(
        kind=FindingKind.POLICY,
        rule=policy.id,
        locator=locator,
        severity=policy.severity,
        title=policy.title,
        verdict=Verdict.FAIL if failed else Verdict.UNKNOWN,
        evidence=evidence,
        fix=Fix(state=FixState.FIXED, text=text) if failed else Fix(),
    )


def host_resource(sections: Mapping[str, Section], name: str) -> Resource:
    """A host's sections as one resource.

    A section without facts is unknown as a whole. A problem whose path begins with `@` names the attribute below its
    section that is not known; other problems name files and leave the facts as they are.
    """
    attributes: dict[str, Any] = {}
    unknowns: list[Unknown] = []
    for key in HOST_SECTIONS:
        section = sections.get(key)
        if section is None:
            unknowns.append(Unknown(path=key, reason="this section was not collected"))
        elif section.facts is None:
            reason = "; ".join(f"{each.path}: {each.reason}" for each in section.problems) or "no facts"
            unknowns.append(Unknown(path=key, reason=reason))
        else:
            attributes[key] = section.facts
            unknowns += [
                Unknown(path=f"{key}.{each.path[1:]}", reason=each.reason)
                for each in section.problems
                if each.path.startswith("@")
            ]
    _add_packages(sections, attributes, unknowns)
    return Resource(type="host", id=name, name=name, attributes=attributes, unknowns=tuple(unknowns))


HOST_SECTIONS = (
    "os", "kernel", "modules", "users", "groups", "sudo", "files", "mounts", "units", "sockets", "sshd", "pam", "cron",
    "firewall", "time", "logging", "audit", "disk", "cloud", "updates_apt",
)  # fmt: skip
PACKAGE_SECTIONS = ("packages_deb", "packages_rpm", "packages_apk")


def _add_packages(sections: Mapping[str, Section], attributes: dict[str, Any], unknowns: list[Unknown]) -> None:
    """`packages`: installed distribution packages, name to version."""
    found = [sections[key] for key in PACKAGE_SECTIONS if key in sections]
    if not found:
        unknowns.append(Unknown(path="packages", reason="no package database was found"))
        return
    packages: dict[str, str] = {}
    for section in found:
        if not isinstance(section.facts, list):
            reason = "; ".join(f"{each.path}: {each.reason}" for each in section.problems) or "no facts"
            unknowns.append(Unknown(path="packages", reason=reason))
            continue
        for package in section.facts:
            if isinstance(package, dict) and package.get("state", "installed") == "installed":
                packages[package.get("name", "")] = package.get("version", "")
    attributes["packages"] = packages
