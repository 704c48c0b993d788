"""OpenSCAP and we judge the same root: every verdict that differs is either explained or a mistake.

    python tests/oracles/openscap.py ROOT [--all]

ROOT is a Debian root folder (tests/debian_host.py makes one); it is copied, and the copy claims to be the release that
the content is for, since Debian brings none for Debian 12. Needs `apt-get install openscap-scanner ssg-debderived`. Run
by hand: it takes some ten seconds of processor time and its content changes with the distribution. Exit code 1 where a
verdict differs without a reason in openscap.yaml.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from datetime import UTC, datetime
from pathlib import Path

import yaml

from bartizan.assess.policy.engine import assess_resource, host_resource, load_policies
from bartizan.collect.filesystem.local import LocalView
from bartizan.collect.host.snapshot import collect_host

CONTENT = "/usr/share/xml/scap/ssg/content/ssg-ubuntu2204-ds.xml"
PROFILE = "xccdf_org.ssgproject.content_profile_cis_level2_server"
RELEASE = "DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE=22.04\nDISTRIB_CODENAME=jammy\n"
NAMESPACE = "{http://checklists.nist.gov/xccdf/1.2}"
ENVIRONMENT = {
    "OSCAP_PROBE_OS_NAME": "Linux",
    "OSCAP_PROBE_OS_VERSION": "5",
    "OSCAP_PROBE_ARCHITECTURE": "x86_64",
    "OSCAP_PROBE_PRIMARY_HOST_NAME": "root",
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("root", type=Path)
    parser.add_argument("--all", action="store_true", help="list the verdicts that agree too")
    arguments = parser.parse_args()
    table = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text())
    rules, explained = table["rules"], table["differs"]
    ours, theirs = verdicts(arguments.root), openscap(arguments.root)
    agree = different = open_questions = 0
    for rule, policy in rules.items():
        pair = (ours.get(policy, "absent"), theirs.get(rule, "absent"))
        if pair[1] not in ("pass", "fail") or pair[0] not in ("pass", "fail"):
            continue
        if pair[0] == pair[1]:
            agree += 1
            if arguments.all:
                print(f"agree      {pair[0]:4} {rule} = {policy}")
            continue
        different += 1
        told = explained.get(rule, {})
        reason = told.get("theirs") if told.get("ours") in (pair[0], "any") else None
        open_questions += reason is None
        label = "explained" if reason else "OPEN"
        print(f"{label:10} ours {pair[0]:4} theirs {pair[1]:4} {rule} = {policy}: {reason or '?'}")
    unjudged = len(rules) - agree - different
    print(f"{agree} agree, {different} differ ({open_questions} without a reason), {unjudged} not judged by both")
    return 1 if open_questions else 0


def verdicts(root: Path) -> dict[str, str]:
    snapshot = collect_host(LocalView(str(root)), sensor="oracle", now=datetime.now(UTC))
    assessment = assess_resource(host_resource(snapshot.sections, "root"), load_policies())
    return {each.rule: each.verdict.value for each in assessment.findings} | dict.fromkeys(assessment.passed, "pass")


def openscap(root: Path) -> dict[str, str]:
    with tempfile.TemporaryDirectory() as folder:
        copy, results = Path(folder) / "root", Path(folder) / "results.xml"
        subprocess.run(["cp", "-a", str(root), str(copy)], check=True)
        (copy / "etc/lsb-release").write_text(RELEASE)
        command = ["oscap", "xccdf", "eval", "--profile", PROFILE, "--results", str(results), CONTENT]
        environment = os.environ | ENVIRONMENT | {"OSCAP_PROBE_ROOT": str(copy)}
        done = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)
        if done.returncode not in (0, 2):  # 2: some rule failed
            raise SystemExit(f"oscap failed: {done.stderr[-1000:]}")
        found = {}
        for result in ElementTree.parse(results).getroot().iter(f"{NAMESPACE}rule-result"):
            verdict = result.findtext(f"{NAMESPACE}result", "")
            found[result.get("idref", "").partition("content_rule_")[2]] = verdict
        return found


if __name__ == "__main__":
    sys.exit(main())
