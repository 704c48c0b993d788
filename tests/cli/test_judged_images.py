"""A judgement is remembered with all that decides it: the same again is quick, and anything else is judged anew."""

import json
import os
import subprocess
import sys
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bartizan.cli.judged_images import JudgedImages
from bartizan.cli.scanning import Asked, Judged
from bartizan.collect.containers.image import Platform
from bartizan.collect.containers.oci import open_layout
from bartizan.collect.containers.snapshot import collect_image
from bartizan.exchange.interface import Knowledge
from image_files import image_files, layer_tar, write_layout
from small_host import Run, advisory

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
STATUS = (
    b"Package: openssh-server\nStatus: install ok installed\nSource: openssh\nVersion: 1:9.2p1-2\nArchitecture: amd64\n"
)
OS_RELEASE = b'ID=debian\nVERSION_ID="12"\n'


@pytest.fixture
def layout(tmp_path: Path) -> Path:
    layer = layer_tar({"etc/os-release": OS_RELEASE, "var/lib/dpkg/status": STATUS})
    return write_layout(tmp_path / "layout", image_files([layer], config={"Env": ["API_TOKEN=q8Zr2LtVw0Pn"]}))


@pytest.fixture
def judged(home: Path) -> Path:
    return home / ".cache/bartizan/judged"


def rules(done: subprocess.CompletedProcess[str]) -> list[str]:
    return [each["rule"] for each in json.loads(done.stdout)["findings"]]


def told(output: str) -> dict[str, object]:
    return {**json.loads(output), "taken_at": ""}


@pytest.mark.parametrize("format_", ["json", "table", "sarif", "cyclonedx", "spdx", "junit", "html"])
def test_what_is_remembered_is_written_as_it_was(bartizan: Run, advisories: Path, layout: Path, format_: str) -> None:
    plain = bartizan("scan", "image", layout, "--format", format_, "--plan", BARTIZAN_CACHE="")
    runs = [bartizan("scan", "image", layout, "--format", format_, "--plan") for _ in range(2)]
    assert {run.returncode for run in runs} == {plain.returncode}
    if format_ == "json":
        assert told(runs[0].stdout) == told(runs[1].stdout) == told(plain.stdout)
        assert [each["kind"] for each in json.loads(runs[1].stdout)["findings"]].count("vulnerability") == 1
    if format_ in ("json", "table", "sarif", "junit"):
        assert without_times(runs[1].stdout) == without_times(plain.stdout)
    assert runs[1].stderr == plain.stderr


def without_times(text: str) -> list[str]:
    return [line for line in text.splitlines() if "20" not in line]


def test_new_advisories_judge_it_anew(
    bartizan: Run, advisories: Path, layout: Path, small_feeds: Path, judged: Path
) -> None:
    assert "CVE-2024-6387" in rules(bartizan("scan", "image", layout, "--format", "json"))
    with zipfile.ZipFile(small_feeds / "osv/Debian/all.zip", "w") as bundle:
        bundle.writestr("DEBIAN-CVE-2024-6387.json", json.dumps(advisory("CVE-2024-6387", "1:9.2p1-1")))
    assert bartizan("feeds", "import", small_feeds).returncode == 0
    assert "CVE-2024-6387" not in rules(bartizan("scan", "image", layout, "--format", "json"))
    assert len(list(judged.glob("*.json"))) == 2


@pytest.mark.parametrize("options", [["--only", "policy"], ["--scanners", "secret"], ["--base", "{layout}"]])
def test_another_question_is_another_judgement(
    bartizan: Run, advisories: Path, layout: Path, judged: Path, options: list[str]
) -> None:
    words = [each.format(layout=layout) for each in options]
    whole = bartizan("scan", "image", layout, "--format", "json")
    narrow = bartizan("scan", "image", layout, "--format", "json", *words)
    assert told(narrow.stdout)["findings"] != told(whole.stdout)["findings"]
    assert told(narrow.stdout) == told(
        bartizan("scan", "image", layout, "--format", "json", *words, BARTIZAN_CACHE="").stdout
    )
    assert len(list(judged.glob("*.json"))) == 2


def test_thresholds_and_decisions_are_applied_to_what_is_remembered(
    bartizan: Run, advisories: Path, layout: Path, judged: Path, tmp_path: Path
) -> None:
    bartizan("scan", "image", layout)
    assert bartizan("scan", "image", layout, "--fail-on", "high").returncode == 1
    accepted = tmp_path / "accepted.yaml"
    accepted.write_text("ignore:\n  - rule: CVE-2024-6387\n    reason: not reachable\n")
    done = bartizan("scan", "image", layout, "--format", "json", "--ignore-file", accepted)
    assert "CVE-2024-6387" not in rules(done)
    assert len(list(judged.glob("*.json"))) == 1


def test_own_policies_are_read_each_time(bartizan: Run, layout: Path, judged: Path, tmp_path: Path) -> None:
    assert bartizan("policy", "new", "acme-ssh-port", "--directory", tmp_path / "own").returncode == 0
    bartizan("scan", "image", layout, "--policies", tmp_path / "own")
    assert not list(judged.glob("*.json"))


@pytest.mark.parametrize("damage", [b"", b"[]", b'{"assessments": []}', b'{"assessments": 1, "knowledge": {}}'])
def test_a_damaged_judgement_is_read_past(
    bartizan: Run, advisories: Path, layout: Path, judged: Path, damage: bytes
) -> None:
    first = bartizan("scan", "image", layout, "--format", "json")
    [path] = judged.glob("*.json")
    path.write_bytes(damage)
    assert told(bartizan("scan", "image", layout, "--format", "json").stdout) == told(first.stdout)
    assert path.read_bytes() != damage


def test_a_judgement_that_others_could_have_written_is_read_past(
    bartizan: Run, advisories: Path, layout: Path, judged: Path
) -> None:
    bartizan("scan", "image", layout)
    [path] = judged.glob("*.json")
    path.write_text(json.dumps({**json.loads(path.read_bytes()), "assessments": []}))
    assert rules(bartizan("scan", "image", layout, "--format", "json")) == []
    path.chmod(0o666)
    assert "CVE-2024-6387" in rules(bartizan("scan", "image", layout, "--format", "json"))


def test_a_named_file_that_changes_is_other_knowledge(layout: Path, tmp_path: Path) -> None:
    source = open_layout(layout, Platform())
    policy = tmp_path / "licences.yaml"
    policy.write_text("one")
    memory = JudgedImages(source.image, {}, Asked(licence_policy=policy), tmp_path / "images")
    snapshot = collect_image(source, sensor="cli/test", now=NOW)
    memory.keep(Judged(snapshot=snapshot, assessments=(), knowledge=Knowledge()), NOW)
    found = memory.recall(NOW)
    assert found is not None and found.snapshot.manifest() == snapshot.manifest()
    assert memory.recall(NOW + timedelta(days=1)) is None
    policy.write_text("other")
    assert memory.recall(NOW) is None


PROGRAM = """
import sys
from bartizan.cli.main import main
sys.stdout.write("")
main(["scan", "image", sys.argv[1], "--format", "json", "--output", sys.argv[2]])
print("\\n".join(sys.modules))
"""


def loaded(layout: Path, home: Path, checkout: Path) -> set[str]:
    """The modules that a scan has loaded when it is done."""
    environment = {"HOME": str(home), "PATH": os.environ["PATH"], "PYTHONPATH": str(checkout / "src")}
    words = [sys.executable, "-c", PROGRAM, str(layout), os.devnull]
    return set(subprocess.run(words, env=environment, capture_output=True, text=True, check=True).stdout.split())


NEVER = {
    "typer", "pydantic", "rich", "asyncio", "ssl", "aiohttp", "sqlalchemy", "litestar", "logging", "concurrent.futures",
    "cel", "bartizan.collect.host.collectors", "bartizan.assess.policy.frameworks", "bartizan.pipeline.fix_plan",
    "bartizan.pipeline.ignore_file", "bartizan.exchange.vex.document",
}  # fmt: skip
NOT_AGAIN = {
    "yaml", "zstandard", "msgspec", "sqlite3", "re2", "isal", "cel", "tempfile", "bartizan.assess.dispatch",
    "bartizan.assess.policy.engine", "bartizan.assess.secrets.rules", "bartizan.assess.vulnerability.assessor",
    "bartizan.collect.containers.snapshot", "bartizan.collect.packages.readers",
}  # fmt: skip


def test_a_scan_loads_what_it_uses_and_the_same_again_hardly_anything(
    bartizan: Run, advisories: Path, layout: Path, home: Path, checkout: Path
) -> None:
    """Most of a small scan is the start of the program: what is loaded needlessly is waited for each time."""
    assert loaded(layout, home, checkout) & NEVER == set()
    assert loaded(layout, home, checkout) & (NEVER | NOT_AGAIN) == set()
