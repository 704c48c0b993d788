"""The wheel, built and installed as a user installs it: the UI is in it, and the program runs without the checkout."""

import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from small_host import Run


@pytest.fixture(scope="module")
def wheel(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    words = [
        "wheel",
        "--quiet",
        "--no-build-isolation",
        "--no-deps",
        "--no-index",
        "--wheel-dir",
        str(folder),
        str(checkout),
    ]
    done = subprocess.run([sys.executable, "-m", "pip", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (built,) = folder.glob("bartizan-*.whl")
    return built


def test_the_ui_and_the_policies_are_in_it_and_sources_of_neither_are_missing(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert "bartizan/server/static/index.html" in names
    assert any(name.startswith("bartizan/server/static/") and name.endswith(".js") for name in names)
    assert any(name.startswith("bartizan/content/policies/host/") for name in names)
    assert any(name.startswith("bartizan/inventory/migrations/") for name in names)
    assert "bartizan/py.typed" in names
    assert not [name for name in names if name.startswith(("tests", "web", "benchmarks")) or "node_modules" in name]


def test_installed_alone_it_scans_a_host(
    wheel: Path, root: Path, advisories: Path, bartizan: Run, tmp_path: Path
) -> None:
    """An empty environment that sees the dependencies, but not this checkout."""
    place = tmp_path / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(place)], check=True)
    python = place / "bin/python"
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "--quiet",
            "--python",
            str(python),
            "install",
            "--no-deps",
            "--no-index",
            str(wheel),
        ],
        check=True,
    )
    (library,) = (place / "lib").glob("python*/site-packages")
    dependencies = sysconfig.get_paths()["purelib"]
    # Listed, not imported as a site folder: its own .pth file, which leads back to the checkout, is not read.
    (library / "dependencies.pth").write_text(f"{dependencies}\n")
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(place / "bin/bartizan"), *words], cwd=tmp_path, env=clean, capture_output=True, text=True, check=False
        )

    where = subprocess.run(
        [str(python), "-c", "import bartizan; print(bartizan.__file__)"],
        cwd=tmp_path,
        env=clean,
        capture_output=True,
        text=True,
        check=True,
    )
    assert where.stdout.startswith(str(place))
    assert "scan" in run("--help").stdout
    done = run("scan", "host", "--root", str(root), "--feeds", str(advisories), "--only", "vulnerability")
    assert "upgrade openssh to 1:9.2p1-2+deb12u3" in done.stdout, done.stderr
