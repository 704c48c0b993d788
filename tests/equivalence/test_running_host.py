"""A running host, the folder that it runs from, and images made of that folder: the same results.

The host is a Debian 12 that its administrator set up with care, with a Python, a Node, a Java and a Go application,
secrets and malware, scanned as it runs (`bartizan scan host`), from outside (`--root`) and as image. What only a host
that runs can tell is listed here with its reason, and is unknown everywhere else: nothing is judged otherwise.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from bartizan.assess.dispatch import Known, assess
from bartizan.assess.policy.engine import load_policies
from bartizan.collect.interface import NEEDS_LIVE
from bartizan.model.assessment import Assessment
from bartizan.model.finding import Finding, FindingKind, Verdict
from bartizan.model.snapshot import Problem, Section
from bartizan.model.wire import canonical, plain
from debian_estate import Estate, lines, without_layers
from debian_host import debian_host
from debian_root import DebianRoot, NoDebian
from image_files import folder_tar, image_files, write_docker_archive, write_layout, write_oci_archive
from live_host import NoNamespaces, scan_as_live, within

pytestmark = [pytest.mark.component, pytest.mark.timeout(900)]
POLICIES = load_policies()
SCANNERS = "vulnerability,policy,secret,malware,licence"
ONLY_WHILE_IT_RUNS = {
    "cloud.provider": "firmware and services of the cloud tell it",
    "firewall.active": "rules are loaded into the kernel; which are configured is read from files",
    "firewall.chains": "rules are loaded into the kernel; which are configured is read from files",
    "firewall.input_policy": "rules are loaded into the kernel; which are configured is read from files",
    "kernel.apparmor": "the kernel tells whether it was started with it",
    "kernel.apparmor_profiles": "profiles are loaded into the kernel",
    "kernel.build": "the kernel that runs is not the one that is installed",
    "kernel.cpu_vulnerabilities": "they are of the processor and of the kernel that runs",
    "kernel.efi": "how the machine was started",
    "kernel.lockdown": "how the machine was started",
    "kernel.parameters": "how the machine was started; what the boot loader is told is read from files",
    "kernel.release": "the kernel that runs is not the one that is installed",
    "kernel.runtime": "sysctl values in force; those that are configured are read from files",
    "kernel.secure_boot": "how the machine was started",
    "kernel.security_modules": "the kernel tells which it was started with",
    "kernel.selinux": "the kernel tells whether it enforces",
    "kernel.tainted": "what happened since the start",
    "modules.available": "modules of the kernel that runs",
    "modules.loaded": "modules that the kernel has loaded",
    "modules.supported": "whether the kernel that runs loads modules",
    "mounts.mounted": "what is mounted; what is to be mounted is read from fstab",
    "sockets": "programs that listen; which would is not told by files",
    "units.running": "systemd tells what runs; what is enabled is read from files",
    "units.running_manager": "whether the system was started by systemd",
}
"""Facts of a host that a folder, a disk and an image do not have, and why."""


@pytest.fixture(scope="module")
def host(debian: DebianRoot, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    try:
        made = debian_host(tmp_path_factory.getbasetemp().parent / "debian-host")
    except NoDebian as error:
        pytest.skip(str(error))
    own = tmp_path_factory.mktemp("running") / "root"
    subprocess.run(["cp", "-a", str(made), str(own)], check=True)
    subprocess.run(["tar", "-xf", str(debian.application), "-C", str(own)], check=True)
    yield own
    shutil.rmtree(own)


def sections_of(told: Path) -> dict[str, Section]:
    """What `--format snapshot` wrote."""
    return {
        name: Section(
            name=name, facts=each["facts"], problems=tuple(Problem(**problem) for problem in each["problems"])
        )
        for name, each in json.loads(told.read_text())["sections"].items()
    }


@pytest.fixture(scope="module")
def live(host: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Section]:
    folder = tmp_path_factory.mktemp("live")
    out = within(folder / "live.json")
    try:
        done = scan_as_live(host, [folder], "--scanners", SCANNERS, "--format", "snapshot", "--output", out)
    except NoNamespaces as error:
        pytest.skip(str(error))
    assert done.returncode in (0, 3), done.stderr
    return sections_of(folder / "live.json")


@pytest.fixture(scope="module")
def scanned(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., dict[str, Section]]:
    """The sections that `bartizan scan ...` gathers."""
    folder = tmp_path_factory.mktemp("scanned")

    def scan(*words: str | Path) -> dict[str, Section]:
        out = folder / "out.json"
        command = [sys.executable, "-m", "bartizan.cli.main", "scan", *map(str, words)]
        done = subprocess.run(
            [*command, "--scanners", SCANNERS, "--format", "snapshot", "--output", str(out)],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "HOME": str(folder), "BARTIZAN_CACHE": ""},
        )
        assert done.returncode in (0, 3), done.stderr
        return sections_of(out)

    return scan


@pytest.fixture(scope="module")
def folder(host: Path, scanned: Callable[..., dict[str, Section]]) -> dict[str, Section]:
    return scanned("host", "--root", host)


def differences(one: Mapping[str, Section], other: Mapping[str, Section]) -> set[str]:
    """What the facts of two hosts differ in, as section or `section.attribute`, without problems about those."""
    assert one.keys() == other.keys()
    out: set[str] = set()
    for name in one:
        left, right = one[name].facts, other[name].facts
        if isinstance(left, dict) and isinstance(right, dict):
            out |= {f"{name}.{key}" for key in left.keys() | right.keys() if left.get(key) != right.get(key)}
        elif left != right:
            out.add(name)
        told = set(one[name].problems) ^ set(other[name].problems)
        out |= {f"{name}.{each.path.removeprefix('@').removeprefix(f'{name}.')}" for each in told if each.path != name}
    return out


def test_only_what_runs_is_told_by_the_running_host_alone(live: dict[str, Section], folder: dict[str, Section]) -> None:
    assert differences(live, folder) <= ONLY_WHILE_IT_RUNS.keys()
    assert {"sockets", "mounts.mounted", "kernel.runtime", "kernel.release"} <= differences(live, folder)
    for name in ("packages_deb", "packages_pypi", "packages_npm", "packages_maven", "secrets", "malware", "disk"):
        assert canonical(plain(live[name])) == canonical(plain(folder[name])), name


def test_vulnerabilities_licences_secrets_and_malware_are_the_same(
    live: dict[str, Section], folder: dict[str, Section], estate: Estate
) -> None:
    found = estate.findings(live)
    assert lines(found) == lines(estate.findings(folder))
    subjects = {(finding.kind, finding.locator.partition("#")[0]) for finding in found}
    assert subjects >= {
        (FindingKind.VULNERABILITY, "pkg:deb/debian/glibc"),
        (FindingKind.VULNERABILITY, "pkg:pypi/requests"),
        (FindingKind.VULNERABILITY, "pkg:npm/lodash"),
        (FindingKind.VULNERABILITY, "pkg:maven/org.apache.logging.log4j/log4j-core"),
        (FindingKind.LICENCE, "pkg:deb/debian/libaudit1"),
        (FindingKind.SECRET, "/srv/python/settings.env"),
        (FindingKind.MALWARE, "/srv/www/upload/x.php"),
    }


def test_every_policy_that_files_decide_is_judged_the_same(
    live: dict[str, Section], folder: dict[str, Section]
) -> None:
    """What the folder cannot tell is unknown there because of something that is listed above."""
    running, standing = verdicts(live), verdicts(folder)
    assert running.keys() == standing.keys()
    undecided = {name for name, judged in standing.items() if judged == Verdict.UNKNOWN.value}
    assert {name: judged for name, judged in running.items() if name not in undecided} == {
        name: judged for name, judged in standing.items() if name not in undecided
    }
    assert len(standing) - len(undecided) > 250
    for finding in policy_findings(folder):
        if finding.verdict is Verdict.UNKNOWN and running["policy", finding.rule] != Verdict.UNKNOWN.value:
            for unknown in finding.evidence["unknowns"]:
                assert unknown["reason"].endswith(NEEDS_LIVE), finding
                assert {unknown["path"], unknown["path"].partition(".")[0]} & ONLY_WHILE_IT_RUNS.keys(), finding
    of_files = {finding.rule for finding in policy_findings(folder) if finding.verdict is Verdict.FAIL}
    assert [canonical(each) for each in policy_findings(live) if each.rule in of_files] == [
        canonical(each) for each in policy_findings(folder) if each.rule in of_files
    ]


def policy_findings(sections: Mapping[str, Section]) -> list[Finding]:
    found = [each for one in policy_assessments(sections) for each in one.findings]
    return sorted(found, key=lambda each: each.identity)


def policy_assessments(sections: Mapping[str, Section]) -> list[Assessment]:
    return [each for each in assess(sections, Known(policies=POLICIES)) if each.assessor.startswith("policy")]


def verdicts(sections: Mapping[str, Section]) -> dict[tuple[str, str], str]:
    """Assessor and policy to what it says of the host as a whole."""
    out: dict[tuple[str, str], str] = {}
    for each in policy_assessments(sections):
        out |= {(each.assessor, finding.rule): finding.verdict.value for finding in each.findings}
        out |= dict.fromkeys(((each.assessor, rule) for rule in each.passed), "pass")
        out |= dict.fromkeys(((each.assessor, rule) for rule in each.not_applicable), "not-applicable")
    return out


def test_images_of_it_give_the_same(
    host: Path, live: dict[str, Section], estate: Estate, scanned: Callable[..., dict[str, Section]], tmp_path: Path
) -> None:
    """A root file system in a tar, a Docker archive, an OCI archive and a layout of one layer."""
    expected = without_layers(estate.findings(live))
    tar = folder_tar(host)
    image = image_files([tar], compression="gzip", steps=["ADD root.tar /"])
    (tmp_path / "root.tar").write_bytes(tar)
    for path in (
        tmp_path / "root.tar",
        write_docker_archive(tmp_path / "docker.tar", image),
        write_oci_archive(tmp_path / "oci.tar", image),
        write_layout(tmp_path / "layout", image),
    ):
        sections = scanned("image", path)
        assert without_layers(estate.findings(sections)) == expected, path.name
