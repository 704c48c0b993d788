"""What holds for the repository as a whole: nothing of one machine in it, locked by hash, documented truly."""

import ast
import json
import re
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
TEXT = {".py", ".md", ".toml", ".txt", ".sh", ".yaml", ".yml", ".json", ".ts", ".tsx", ".css", ".html", ".js", ""}


@cache
def tracked() -> tuple[Path, ...]:
    """Every file that git knows or would take."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    found = (ROOT / name for name in done.stdout.decode().split("\0") if name)
    return tuple(path for path in found if path.is_file())


def texts() -> list[tuple[Path, str]]:
    return [
        (path.relative_to(ROOT), path.read_text(errors="replace"))
        for path in tracked()
        if path.suffix in TEXT and path.stat().st_size < 4 << 20
    ]


def test_no_path_of_the_machine_it_was_written_on() -> None:
    """A checkout lies somewhere else tomorrow: its own folder and its neighbours must not be named anywhere."""
    here = str(ROOT.parent) + "/"
    assert [str(path) for path, text in texts() if here in text] == []


def test_lock_files_name_no_registry_and_hash_everything() -> None:
    for path in (ROOT / "requirements").glob("*.txt"):
        text = path.read_text()
        assert "://" not in text, path
        assert not re.search(r"^--(extra-)?index-url|^--find-links", text, re.MULTILINE), path
        for requirement in re.split(r"(?m)^(?=\S)", text)[1:]:
            assert re.match(r"[A-Za-z0-9._-]+(\[[a-z0-9,-]+\])?==\S+", requirement), requirement
            assert "--hash=sha256:" in requirement, requirement
    lock = json.loads((ROOT / "web/package-lock.json").read_text())
    packages = {name: each for name, each in lock["packages"].items() if name and not each.get("link")}
    assert packages
    for name, each in packages.items():
        assert "resolved" not in each, name
        assert each["integrity"].startswith("sha512-"), name


def test_what_is_locked_is_what_the_project_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    asked = {*project["project"]["dependencies"], *project["dependency-groups"]["build"]}
    locked = {
        re.split(r"[\[=]", line, maxsplit=1)[0].lower()
        for line in (ROOT / "requirements/build.txt").read_text().splitlines()
        if "==" in line
    }
    names = {re.split(r"[\[<>=; ]", each, maxsplit=1)[0].lower() for each in asked}
    assert names <= locked


def test_every_module_says_what_lives_in_it() -> None:
    modules = [path for path in tracked() if path.suffix == ".py" and "node_modules" not in path.parts]
    silent = [str(path.relative_to(ROOT)) for path in modules if not ast.get_docstring(ast.parse(path.read_bytes()))]
    assert silent == []


def test_no_file_is_called_utilities() -> None:
    vague = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "base"}
    assert [str(path) for path in tracked() if path.stem in vague and path.suffix in {".py", ".ts", ".tsx"}] == []


def test_nothing_is_left_for_later() -> None:
    later = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b|raise NotImplementedError")
    code = [
        (path, text)
        for path, text in texts()
        if path.suffix in {".py", ".ts", ".tsx"} and path.name != Path(__file__).name
    ]
    assert [str(path) for path, text in code if later.search(text)] == []


def test_imports_go_down_the_floors_only() -> None:
    done = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def pages() -> list[Path]:
    return [path for path in tracked() if path.suffix == ".md" and (path.parent == ROOT or "usage" in path.parts)]


def commands() -> list[tuple[str, str]]:
    """(page, command) of every line that a reader is told to type."""
    found = []
    for page in pages():
        for block in re.findall(r"```console\n(.*?)```", page.read_text(), re.DOTALL):
            found += [(page.name, line[2:]) for line in block.splitlines() if line.startswith("$ ")]
    return found


@pytest.mark.parametrize(("page", "command"), commands())
def test_commands_in_the_documentation_exist(page: str, command: str) -> None:
    """`make` targets are in the Makefile; verbs and options are in the help of the program."""
    words = command.removeprefix("sudo ").split("#")[0].split()
    if words[0] == "make":
        assert re.search(rf"(?m)^{words[1]}:", (ROOT / "Makefile").read_text()), command
        return
    if words[0] == "export":
        variable = words[1].partition("=")[0]
        assert any(variable in path.read_text() for path in (ROOT / "src").rglob("*.py")), command
        return
    assert words[0] == "bartizan", command
    verbs: list[str] = []
    help_text = told()
    for word in words[1:]:
        if word.startswith("-") or not re.search(rf"(?m)^  {re.escape(word)}\b", help_text):
            break
        verbs.append(word)
        help_text = told(*verbs)
    assert verbs, command
    for word in words[1 + len(verbs) :]:
        if word.startswith("--"):
            assert re.search(rf"{re.escape(word)}\b", help_text), f"{page}: {command}: {word}"


@cache
def told(*verbs: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "bartizan.cli.main", *verbs, "--help"],
        cwd=ROOT / "src",
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_links_between_pages_lead_somewhere() -> None:
    for page in [*pages(), *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.relative_to(ROOT)}: {target}"
