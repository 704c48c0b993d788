"""The program itself: help, completion, errors, and that it starts without loading what a verb does not need."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bartizan.cli.group import VERBS
from small_host import Run

ALL_VERBS = [verb for verbs in VERBS.values() for verb in verbs]


@pytest.mark.parametrize("verb", ALL_VERBS)
def test_every_verb_explains_itself(bartizan: Run, verb: str) -> None:
    done = bartizan(verb, "--help")
    assert done.returncode == 0, done.stderr
    assert f"Usage: bartizan {verb}" in done.stdout


def test_help_lists_every_verb_and_loads_nothing_heavy(bartizan: Run, checkout: Path) -> None:
    done = bartizan("--help")
    assert all(f"  {verb}" in done.stdout for verb in ALL_VERBS)
    program = (
        "import sys\nfrom bartizan.cli.main import main\nmain(['--help'])\nsys.stderr.write('\\n'.join(sys.modules))\n"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": str(checkout / "src")},
        capture_output=True,
        text=True,
        check=True,
    ).stderr.split()
    heavy = {
        "rich",
        "sqlalchemy",
        "litestar",
        "aiohttp",
        "msgspec",
        "yaml",
        "alembic",
        "dbos",
        "asyncio",
        "ssl",
        "sqlite3",
        "typer",
        "pydantic",
        "dataclasses",
        "inspect",
        "pathlib",
        "json",
    }
    assert heavy & set(loaded) == set()
    own = {name.removeprefix("bartizan.cli.") for name in loaded if name.startswith("bartizan")}
    assert own <= {
        "bartizan",
        "bartizan.cli",
        "main",
        "failure",
        "group",
        "command_line",
        "help_text",
        "parameters",
        "terminal",
    }


def test_a_verb_that_is_nearly_right_is_suggested(bartizan: Run) -> None:
    done = bartizan("scna")
    assert done.returncode == 2
    assert done.stderr == "error: there is no verb 'scna'; did you mean 'scan'?\n  See what it takes: bartizan --help\n"


def test_without_a_verb_it_shows_what_there_is_and_is_a_usage_error(bartizan: Run) -> None:
    for arguments in ((), ("scan",), ("feeds",)):
        done = bartizan(*arguments)
        assert done.returncode == 2
        assert "Usage: bartizan" in done.stdout


def test_the_version_is_the_packages_own(bartizan: Run) -> None:
    from bartizan import __version__

    assert bartizan("--version").stdout == f"bartizan {__version__}\n"
    assert bartizan("version").stdout.startswith(f"bartizan {__version__}\npython ")


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("bartizan s", {"scan", "server", "sensor"}),
        ("bartizan feeds s", {"sync", "status", "show"}),
        ("bartizan completion z", {"zsh"}),
        ("bartizan scan host --fail-on h", {"high"}),
        ("bartizan scan host --pl", {"--plan"}),
        ("bartizan scan host --root /e", set()),
        ("bartizan nothing s", set()),
    ],
)
def test_the_shell_completes_verbs_options_and_values(bartizan: Run, words: str, wanted: set[str]) -> None:
    done = bartizan(_BARTIZAN_COMPLETE="complete_bash", COMP_WORDS=words, COMP_CWORD=str(len(words.split()) - 1))
    assert set(done.stdout.split()) == wanted


def test_bash_completes_with_the_script_that_is_printed(bartizan: Run, tmp_path: Path, checkout: Path) -> None:
    program = tmp_path / "bartizan"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m bartizan.cli.main "$@"\n')
    program.chmod(0o755)
    script = bartizan("completion", "bash").stdout
    asked = f"{script}\nCOMP_WORDS=(bartizan feeds st)\nCOMP_CWORD=2\n_bartizan_completion {program}\n"
    asked += 'printf "%s\\n" "${COMPREPLY[@]}"'
    environment = {**os.environ, "PYTHONPATH": str(checkout / "src")}
    done = subprocess.run(["bash", "-c", asked], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "status\n", done.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_call_the_program(bartizan: Run, shell: str) -> None:
    assert "_BARTIZAN_COMPLETE" in bartizan("completion", shell).stdout


def test_no_escape_sequences_outside_a_terminal(bartizan: Run, root: Path) -> None:
    done = bartizan("scan", "host", "--root", root)
    assert "\x1b" not in done.stdout + done.stderr + bartizan("--help").stdout


def test_a_defect_is_told_without_a_trace_unless_asked_for(bartizan: Run, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "sitecustomize.py").write_text(
        "import bartizan.cli.version as v\ndef fail():\n    raise RuntimeError('boom')\nv.version.function = fail\n"
    )
    path = os.pathsep.join([str(broken), os.environ.get("PYTHONPATH", ""), str(Path(__file__).parents[2] / "src")])
    done = bartizan("version", PYTHONPATH=path)
    assert done.returncode == 3
    assert done.stderr.startswith("error: unexpected RuntimeError: boom\n  This is a defect of Bartizan")
    assert "Traceback" in bartizan("version", PYTHONPATH=path, BARTIZAN_DEBUG="1").stderr


def test_a_reader_that_leaves_early_is_no_error(root: Path, checkout: Path) -> None:
    done = subprocess.run(
        f"{sys.executable} -m bartizan.cli.main policy list | head -n 1",
        shell=True,
        env={**os.environ, "PYTHONPATH": str(checkout / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""


def test_feeds_status_without_advisories_is_incomplete(bartizan: Run) -> None:
    done = bartizan("feeds", "status")
    assert done.returncode == 3
    assert "bartizan feeds sync" in done.stderr


def test_feeds_status_as_json(bartizan: Run, advisories: Path) -> None:
    told = json.loads(bartizan("feeds", "status", "--json").stdout)
    assert told["path"] == str(advisories)
    assert told["feeds"][0]["source"] == "osv/Debian"


def test_a_damaged_bundle_leaves_the_former_advisories(bartizan: Run, advisories: Path, small_feeds: Path) -> None:
    before = advisories.read_bytes()
    bundle = small_feeds / "osv/Debian/all.zip"
    bundle.write_bytes(bundle.read_bytes()[:100])
    done = bartizan("feeds", "import", small_feeds)
    assert done.returncode == 1
    assert "osv/Debian/all.zip" in done.stderr
    assert "The advisories that were there are untouched" in done.stderr
    assert advisories.read_bytes() == before


def test_feeds_show_tells_who_is_affected(bartizan: Run, advisories: Path) -> None:
    done = bartizan("feeds", "show", "cve-2024-6387")
    assert "Debian:12            openssh                      < 1:9.2p1-2+deb12u3" in done.stdout
    told = json.loads(bartizan("feeds", "show", "DEBIAN-CVE-2024-6387", "--json").stdout)
    assert told["affected"][0]["fixed"] == "1:9.2p1-2+deb12u3"
    assert bartizan("feeds", "show", "CVE-1999-0001").returncode == 1
