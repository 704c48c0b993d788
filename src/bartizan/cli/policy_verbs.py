"""What `bartizan policy` does: list, explain, test, write."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bartizan.cli.failure import ExitCode, Failure
from bartizan.cli.scan_host import collect
from bartizan.cli.scanning import read_parameters, read_policies
from bartizan.cli.terminal import say, tell, working
from bartizan.model.policy import Policy
from bartizan.model.severity import Severity
from bartizan.model.wire import plain

if TYPE_CHECKING:
    from bartizan.assess.policy.engine import Judgement, PolicySet

ID = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)+")

TEMPLATE = """\
# One file holds the policies of one group. `bartizan policy test {folder}` runs the cases below.
resource: host
group: {group}
policies:
  - id: {id}
    title: SSH listens on the port that we agreed on
    severity: medium
    # A CEL expression over the facts of a host that is true where the host complies.
    check: resource.sshd.effective.port.all(port, port == params.port)
    # Where the policy makes no sense it does not apply, which differs from passing.
    applies: resource.sshd.present
    parameters: {{port: 22}}
    why: A service on an unexpected port is a service that nobody watches.
    fix:
      text: Set Port in the SSH server's configuration and restart it.
      command: systemctl restart ssh
    good:
      - {{name: the agreed port, sshd.present: true, sshd.effective.port: [22]}}
    bad:
      - {{name: another port beside it, sshd.present: true, sshd.effective.port: [22, 2222]}}
    unknown:
      - {{name: unreadable, sshd.present: true, unknown: {{sshd.effective.port: permission denied}}}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which policies to list; empty means any."""

    group: str = ""
    resource: str = ""
    """A pattern."""
    framework: str = ""
    least: str = "info"

    def has(self, policy: Policy) -> bool:
        return (
            self.group in ("", policy.group)
            and fnmatchcase(policy.resource, self.resource or "*")
            and (not self.framework or self.framework in policy.controls)
            and policy.severity.rank >= Severity(self.least).rank
        )

    def refuse(self, policies: Iterable[Policy]) -> Failure:
        """Nothing is left: which of the filters no policy satisfies, with the nearest word."""
        from bartizan.assess.policy.types import suggest

        there = list(policies)
        known = {
            "group": (self.group, {each.group for each in there}),
            "resource type": (self.resource, {each.resource for each in there}),
            "framework": (self.framework, {key for each in there for key in each.controls}),
        }
        for what, (word, words) in known.items():
            if word and not any(fnmatchcase(each, word) for each in words):
                return Failure(
                    f"there is no {what} {word!r}{suggest(word, sorted(words))}",
                    remedy="See all: bartizan policy list --json",
                    code=ExitCode.USAGE,
                )
        return Failure("no policy is all that", remedy="Leave a filter out.", code=ExitCode.USAGE)


def list_policies(wanted: Wanted, folders: Sequence[Path], *, as_json: bool) -> int:
    """One line per policy, by group."""
    every = read_policies(tuple(folders)).policies.values()
    policies = [each for each in every if wanted.has(each)]
    if not policies:
        raise wanted.refuse(every)
    policies.sort(key=lambda each: (each.group, -each.severity.rank, each.id))
    if as_json:
        tell(json.dumps([plain(each) for each in policies], indent=2))
        return ExitCode.CLEAN
    width = max(len(each.id) for each in policies)
    shown = ""
    for each in policies:
        if each.group != shown:
            tell(("\n" if shown else "") + each.group)
            shown = each.group
        tell(f"  {each.severity.value:<9} {each.id:<{width}}  {each.title}")
    return ExitCode.CLEAN


def explain_policy(
    id_: str, root: Path | None, folders: Sequence[Path], parameters: Path | None, *, as_json: bool
) -> int:
    """A policy in full, and a host's result with the values that decided."""
    policies = read_policies(tuple(folders))
    policy = policies.policies.get(id_)
    if policy is None:
        from difflib import get_close_matches

        near = get_close_matches(id_, list(policies.policies), n=3)
        raise Failure(
            f"there is no policy {id_!r}",
            meaning=f"Did you mean {', '.join(near)}?" if near else "",
            remedy="See all: bartizan policy list",
            code=ExitCode.USAGE,
        )
    in_force = {**policy.parameters, **read_parameters(parameters, policies).get(id_, {})}
    judgement = _judge(policies, id_, in_force, root) if root else None
    if as_json:
        told: dict[str, Any] = {**plain(policy), "parameters_in_force": plain(in_force)}
        told["inputs"] = {name: list(forms) for name, forms in inputs_of(policy.resource).items()}
        if judgement is not None:
            told["result"] = {"result": judgement.result.value, "values": judgement.values, "why": reasons(judgement)}
        tell(json.dumps(told, indent=2, default=str))
        return ExitCode.CLEAN
    tell(_text(policy, in_force))
    if judgement is not None:
        tell(f"\nOn {root}: {judgement.result.value}")
        for path, value in judgement.values.items():
            tell(f"  {path} = {json.dumps(plain(value), default=str)}")
        for why in reasons(judgement):
            tell(f"  {why}")
    return ExitCode.CLEAN


def _text(policy: Policy, in_force: Mapping[str, Any]) -> str:
    parts = [f"{policy.title}\n{policy.id}, {policy.severity.value}, group {policy.group}", policy.why]
    parts.append("Judges\n" + "\n".join(f"  {line}" for line in _inputs(policy.resource)))
    if policy.applies:
        parts.append(f"Applies where\n  {policy.applies}")
    parts.append(f"Passes where\n  {policy.check}")
    if policy.parameters:
        values = (_parameter(name, in_force[name], default) for name, default in policy.parameters.items())
        parts.append("Parameters\n" + "\n".join(f"  {value}" for value in values))
    fix = [policy.fix.text, f"$ {policy.fix.command}" if policy.fix.command else ""]
    parts.append("To comply\n" + "\n".join(f"  {line}" for line in "\n".join(fix).splitlines() if line))
    if policy.fix.template:
        parts.append("In a template\n" + "\n".join(f"  {line}" for line in policy.fix.template.splitlines()))
    if policy.controls:
        parts.append("Controls\n" + "\n".join(f"  {key}: {', '.join(ids)}" for key, ids in policy.controls.items()))
    cases = [f"  {each.expect.value:<15} {each.name}" for each in policy.cases]
    parts.append("\n".join(["Cases", *cases]) if cases else "")
    return "\n\n".join(part for part in parts if part)


_ALIVE: Mapping[str, str] = {
    "host": "Hosts: scan host, the agent, roots in folders and on disks",
    "container.image": "Images: scan image, images on a server",
    "docker.daemon": "Hosts that run Docker",
    "docker.container": "Containers on hosts that run Docker",
    "docker.image": "Images on hosts that run Docker",
    "kubernetes.node": "Hosts that are nodes of a Kubernetes cluster",
}
"""What is read where it runs; whatever is declared in templates, their tables tell."""


def inputs_of(type_: str) -> dict[str, tuple[str, ...]]:
    """What resources of a type are read from, with the names that each language has for them."""
    from bartizan.collect.templates.languages import languages_of

    return {_ALIVE[type_]: (), **languages_of(type_)} if type_ in _ALIVE else languages_of(type_)


def _inputs(type_: str) -> list[str]:
    found = inputs_of(type_)
    if not found:
        return [type_, "No template declares this: only the live account can tell."]
    return [type_, *(f"{name}: {', '.join(forms)}" if forms else name for name, forms in found.items())]


def _parameter(name: str, value: Any, default: Any) -> str:
    told = f"{name} = {json.dumps(value)}"
    return told if value == default else f"{told} (default {json.dumps(default)})"


def reasons(judgement: "Judgement") -> list[str]:
    """Why a result is unknown."""
    return [f"{each.path}: {each.reason}" if each.path else each.reason for each in judgement.unknowns]


def _judge(policies: "PolicySet", id_: str, parameters: Mapping[str, Any], root: Path) -> "Judgement":
    from bartizan.assess.policy.engine import host_resource, judge
    from bartizan.assess.policy.schema import resource_value

    with working(f"Reading {root}") as step:
        snapshot = collect(root, datetime.now(UTC), step)
    compiled = policies.compiled[id_]
    resource = host_resource(snapshot.sections, snapshot.asset.name)
    value = resource_value(policies.schemas[compiled.policy.resource], resource.attributes, resource.unknowns)
    return judge(compiled, value, parameters)


def run_policy_tests(folders: Sequence[Path]) -> int:
    """Run every case; what is wrong with file and line."""
    from bartizan.assess.policy.cases import test_policies

    for folder in folders:
        if not folder.is_dir():
            raise Failure(f"there is no folder {folder}", remedy="Name a folder of policies.", code=ExitCode.USAGE)
    report = test_policies(folders, builtin=not folders)
    for error in report.errors:
        say(f"error: {error}")
    for outcome in report.failed:
        say(f"{outcome.path}:{outcome.line}: {outcome.policy}, case {outcome.case!r}: ")
        say(f"  expected {outcome.expected.value}, found {outcome.found.value}")
        for path, value in outcome.values.items():
            say(f"  {path} = {json.dumps(plain(value), default=str)}")
        for why in outcome.reasons:
            say(f"  {why}")
    for id_ in report.uncovered:
        say(f"{id_}: give it at least one good and one bad case")
    tell(f"{report.policies} policies, {len(report.outcomes)} cases, {len(report.failed)} judged otherwise")
    if report.errors:
        return ExitCode.USAGE
    return ExitCode.CLEAN if report.ok else ExitCode.FINDINGS


def write_new_policy(id_: str, directory: Path) -> int:
    """A complete policy to start from; never overwrites."""
    if not ID.fullmatch(id_):
        raise Failure(
            f"{id_!r} is no policy id",
            remedy="Use lower case words with hyphens, the first one naming you: acme-ssh-port",
            code=ExitCode.USAGE,
        )
    path = directory / f"{id_}.yaml"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(TEMPLATE.format(id=id_, group=id_.partition("-")[0], folder=directory))
    except FileExistsError as error:
        raise Failure(f"{path} exists", remedy="Choose another id, or edit that file.", code=ExitCode.USAGE) from error
    except OSError as error:
        raise Failure(f"cannot write {path}: {error.strerror}", code=ExitCode.USAGE) from error
    tell(str(path))
    say(f"Edit it, then: bartizan policy test {directory}")
    return ExitCode.CLEAN
