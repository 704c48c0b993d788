"""`bartizan scan host` as pipelines and people use it: exit codes, formats, and honesty about what is not known."""

import json
import os
from pathlib import Path

import pytest

from small_host import Run


def findings(output: str) -> list[tuple[str, str]]:
    return [(each["rule"], each["verdict"]) for each in json.loads(output)["findings"]]


def test_a_vulnerable_package_is_found_and_fails_at_its_severity(bartizan: Run, root: Path, advisories: Path) -> None:
    done = bartizan("scan", "host", "--root", root, "--only", "vulnerability", "--format", "json", "--fail-on", "high")
    assert done.returncode == 1, done.stderr
    document = json.loads(done.stdout)
    assert [each["rule"] for each in document["findings"]] == ["CVE-2024-6387"]
    assert document["findings"][0]["fix"]["version"] == "1:9.2p1-2+deb12u3"
    assert document["asset"]["name"] == "small"


def test_below_the_threshold_is_clean(bartizan: Run, root: Path, advisories: Path) -> None:
    done = bartizan("scan", "host", "--root", root, "--only", "vulnerability", "--fail-on", "critical")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "upgrade openssh to 1:9.2p1-2+deb12u3" in done.stdout


def test_after_the_upgrade_nothing_is_left(bartizan: Run, root: Path, advisories: Path) -> None:
    status = root / "var/lib/dpkg/status"
    status.write_text(status.read_text().replace("1:9.2p1-2\n", "1:9.2p1-2+deb12u3\n"))
    done = bartizan("scan", "host", "--root", root, "--only", "vulnerability", "--fail-on", "low", "--format", "json")
    assert done.returncode == 0
    assert findings(done.stdout) == []


def test_without_advisories_it_says_so_loudly_and_is_incomplete(bartizan: Run, root: Path) -> None:
    done = bartizan("scan", "host", "--root", root, "--only", "vulnerability", "--fail-on", "high")
    assert done.returncode == 3
    assert "warning: there are no advisories on this machine" in done.stderr
    assert "bartizan feeds sync" in done.stderr
    assert "Incomplete: there are no advisories: no package was judged" in done.stdout


def test_old_advisories_are_warned_about(bartizan: Run, root: Path, advisories: Path) -> None:
    assert "old advisories: Debian of" in bartizan("scan", "host", "--root", root).stderr


def test_a_package_database_that_cannot_be_read_is_incomplete(bartizan: Run, root: Path, advisories: Path) -> None:
    (root / "var/lib/dpkg/status").write_bytes(b"Package: bash\nStatus: install ok installed\nVersi")
    done = bartizan("scan", "host", "--root", root, "--only", "vulnerability", "--fail-on", "low", "--format", "json")
    assert done.returncode == 3, done.stdout
    assert not json.loads(done.stdout)["complete"]


def test_policies_that_need_a_running_system_are_unknown_and_findings_win(
    bartizan: Run, root: Path, advisories: Path
) -> None:
    both = bartizan("scan", "host", "--root", root, "--format", "json", "--fail-on", "high")
    assert both.returncode == 1
    only = bartizan("scan", "host", "--root", root, "--only", "policy", "--format", "json")
    assert "unknown" in {verdict for _, verdict in findings(only.stdout)}
    assert only.returncode == 3


def test_an_own_policy_is_judged_beside_the_built_in_ones(bartizan: Run, root: Path, tmp_path: Path) -> None:
    assert bartizan("policy", "new", "acme-ssh-port", "--directory", tmp_path / "own").returncode == 0
    done = bartizan(
        "scan", "host", "--root", root, "--only", "policy", "--policies", tmp_path / "own", "--format", "json"
    )
    assert {each["assessor"].partition(":")[0] for each in json.loads(done.stdout)["assessments"]} == {"policy"}
    broken = tmp_path / "own/broken.yaml"
    broken.write_text("resource: host\npolicies:\n  - id: x\n    chek: 'true'\n")
    done = bartizan("scan", "host", "--root", root, "--policies", tmp_path / "own")
    assert done.returncode == 2
    assert f"{broken}:" in done.stderr


@pytest.mark.parametrize("name", ["table", "json", "sarif", "junit", "html", "cyclonedx", "spdx"])
def test_every_format_goes_to_a_file_whole(
    bartizan: Run, root: Path, advisories: Path, tmp_path: Path, name: str
) -> None:
    output = tmp_path / "out"
    done = bartizan("scan", "host", "--root", root, "--format", name, "--output", output)
    assert done.stdout == ""
    assert "openssh" in output.read_text()
    assert [path.name for path in tmp_path.glob(".out*")] == []


def test_two_scans_of_the_same_host_say_the_same(bartizan: Run, root: Path, advisories: Path) -> None:
    first, second = (json.loads(bartizan("scan", "host", "--root", root, "-f", "json").stdout) for _ in range(2))
    assert first | {"taken_at": ""} == second | {"taken_at": ""}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--root", "/nowhere"], "cannot scan /nowhere: it is neither a folder nor a disk"),
        (["--feeds", "/nowhere"], "there is no advisory file"),
        (["--format", "xlsx"], "there is no 'xlsx'; choose from"),
        (["--output", "/nowhere/out"], "cannot write /nowhere/out"),
        (["--policies", "/nowhere"], "there is no folder /nowhere"),
    ],
)
def test_a_wrong_command_line_is_code_2_with_what_to_do(
    bartizan: Run, root: Path, arguments: list[str], told: str
) -> None:
    done = bartizan("scan", "host", "--root", root, *arguments)
    assert done.returncode == 2, done.stdout
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_names_that_are_not_utf8_are_shown_with_escapes(bartizan: Run, root: Path, advisories: Path) -> None:
    (root / "etc/hostname").write_bytes(b"caf\xe9\n")
    done = bartizan("scan", "host", "--root", root, "-f", "json", PYTHONIOENCODING="utf-8")
    assert json.loads(done.stdout)["asset"]["name"].startswith("caf")


def test_a_scan_opens_no_connection_and_starts_no_process(bartizan: Run, root: Path, advisories: Path) -> None:
    """Python's audit events tell: none of those that a connection or a new program needs is raised."""
    forbidden = ["socket.connect", "socket.bind", "socket.getaddrinfo", "subprocess.Popen", "os.exec", "os.system"]
    forbidden += ["os.posix_spawn", "os.fork", "os.forkpty"]
    hook = (
        "import sys\n"
        "def hook(event, args):\n"
        f"    if event in {forbidden!r}:\n"
        "        sys.stderr.write(f'FORBIDDEN {event}\\n')\n"
        "sys.addaudithook(hook)\n"
    )
    (root.parent / "sitecustomize.py").write_text(hook)
    path = os.pathsep.join([str(root.parent), str(Path(__file__).parents[2] / "src")])
    done = bartizan("scan", "host", "--root", root, "-f", "json", PYTHONPATH=path)
    assert json.loads(done.stdout)["findings"]
    assert "FORBIDDEN" not in done.stderr
