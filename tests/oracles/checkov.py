"""Compares our verdicts on templates with Checkov's, resource by resource.

    python tests/oracles/checkov.py FOLDER                            # runs the program `checkov`
    python tests/oracles/checkov.py FOLDER --checkov /opt/ck/checkov  # another program
    python tests/oracles/checkov.py FOLDER --checkov saved.json       # what it wrote with `-d FOLDER -o json`

Each check that failed with them is looked up in `checkov.yaml`, which names our policies that mean the same or the
reason why none does. The resource is the one whose lines theirs are, or, where it is a part of another with us (a rule
of a security group), one that its lines name. A difference or a check without an entry makes the exit code 1.
"""

import argparse
import json
import subprocess
import sys
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from bartizan.assess.policy.engine import assess_resource, load_policies
from bartizan.collect.filesystem.local import LocalView
from bartizan.collect.templates.discover import read_templates
from bartizan.model.finding import Verdict
from bartizan.model.resource import Resource, resource_from


@dataclass(frozen=True, slots=True)
class Told:
    """A check that failed with them."""

    check: str
    title: str
    path: str
    lines: range
    resource: str
    text: str


@dataclass(frozen=True, slots=True)
class Judged:
    """A resource of ours, and what each policy said of it."""

    resource: Resource
    verdicts: dict[str, str]


@dataclass(frozen=True, slots=True)
class Meaning:
    policies: tuple[str, ...] = ()
    reason: str = ""
    """Why there is no policy, or why one answers otherwise."""


def theirs(folder: Path, source: str) -> list[Told]:
    """The checks that failed."""
    if source.endswith(".json"):
        text = Path(source).read_text()
    else:
        ran = subprocess.run(
            [source, "-d", str(folder), "-o", "json", "--quiet"], check=False, capture_output=True, timeout=1800
        )
        text = ran.stdout.decode()
    found: Any = json.loads(text)
    return [
        Told(
            check=each["check_id"],
            title=each["check_name"],
            path=each["file_path"],
            lines=range(each["file_line_range"][0], each["file_line_range"][1] + 1),
            resource=each["resource"],
            text=_lines(folder, each["file_path"], each["file_line_range"]),
        )
        for report in (found if isinstance(found, list) else [found])
        for each in report["results"]["failed_checks"]
    ]


def _lines(folder: Path, path: str, lines: list[int]) -> str:
    return "\n".join((folder / path.lstrip("/")).read_text(errors="replace").splitlines()[lines[0] - 1 : lines[1]])


def ours(folder: Path) -> dict[str, list[Judged]]:
    """All resources by the file that declares them."""
    policies, out = load_policies(), defaultdict(list)
    for section in read_templates(LocalView(str(folder.resolve()))).values():
        assert isinstance(section.facts, dict)
        for resource in (resource_from(each) for each in section.facts["resources"]):
            found = assess_resource(resource, policies)
            verdicts = dict.fromkeys(found.passed, "pass")
            for each in found.findings:
                verdicts[each.rule] = "fail" if each.verdict is Verdict.FAIL else "unknown"
            if resource.location:
                out["/" + resource.location.path.lstrip("/")].append(Judged(resource, verdicts))
    return out


def meanings() -> dict[str, Meaning]:
    """What `checkov.yaml` says. Raises `ValueError` where it names a policy that does not exist."""
    known, out = load_policies().policies, {}
    for check, entry in yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text()).items():
        match entry:
            case str():
                out[check] = Meaning(reason=entry)
            case list():
                out[check] = Meaning(tuple(entry))
            case {"policies": policies, "differs": reason}:
                out[check] = Meaning(tuple(policies), reason)
        if missing := [each for each in out[check].policies if each not in known]:
            raise ValueError(f"{check}: no policy {', '.join(missing)}")
    return out


def about(told: Told, judged: dict[str, list[Judged]]) -> tuple[list[Judged], list[Judged]]:
    """The resources of ours that a check of theirs is about: those of its lines, and those that its lines name."""
    own = []
    for each in judged.get(told.path, ()):
        where = each.resource.location
        if where and where.line < told.lines.stop and max(where.line, where.end_line) >= told.lines.start:
            own.append(each)
    folder = told.path.rpartition("/")[0]
    named = [
        each
        for path, resources in judged.items()
        if path.rpartition("/")[0] == folder
        for each in resources
        if "." in each.resource.id and f"{each.resource.id.rpartition('#')[2]}." in told.text
    ]
    return own, named


def compare(folder: Path, source: str) -> int:
    """Prints what differs; how many of it have no reason."""
    judged, known = ours(folder), meanings()
    counts: Counter[str] = Counter()
    differing: dict[tuple[str, str], list[str]] = defaultdict(list)
    matched: set[tuple[str, str]] = set()
    for told in theirs(folder, source):
        meaning = known.get(told.check)
        policies = meaning.policies if meaning else ()
        own, named = about(told, judged)
        said = _said(own, policies) or _said(named, policies)
        same = {pair for pair, verdict in said.items() if verdict == "fail"}
        matched |= same
        if meaning is None:
            word = "unmapped"
        elif same:
            word = "agree"
        else:
            word = "they only, with a reason" if meaning.reason else "they only"
        counts[word] += 1
        if word != "agree":
            silent = _silence(set(said.values()), bool(own or named))
            we = silent if policies else "no policy"
            differing[word, f"{told.check} ({told.title}); we: {we}; {meaning.reason if meaning else '???'}"].append(
                told.resource
            )
    more = Counter(
        rule
        for resources in judged.values()
        for each in resources
        for rule, verdict in each.verdicts.items()
        if verdict == "fail" and (each.resource.id, rule) not in matched
    )
    for (word, line), names in sorted(differing.items()):
        print(f"{word}: {line}\n    {' '.join(sorted(names))}")
    for rule, number in sorted(more.items()):
        print(f"we only: {rule} ({number})")
    print(f"{folder}:", ", ".join(f"{number} {word}" for word, number in sorted(counts.items())), end="")
    print(f"; {sum(more.values())} we only")
    return counts["they only"] + counts["unmapped"]


def _silence(verdicts: set[str], modelled: bool) -> str:
    said = next((each for each in ("unknown", "pass") if each in verdicts), "not applicable")
    return said if modelled else "not modelled"


def _said(resources: list[Judged], policies: tuple[str, ...]) -> dict[tuple[str, str], str]:
    return {
        (each.resource.id, rule): each.verdicts[rule]
        for each in resources
        for rule in policies
        if rule in each.verdicts
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--checkov", default="checkov")
    wanted = parser.parse_args()
    sys.exit(compare(wanted.folder, wanted.checkov) > 0)


if __name__ == "__main__":
    main()
