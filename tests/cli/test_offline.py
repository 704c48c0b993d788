"""`bartizan scan image` in a network namespace in which there is nothing, not even a loopback that is up."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bartizan.assess.vulnerability.compile import compile_feeds
from image_files import image_files, layer_tar, write_docker_archive, write_layout
from small_feeds import status, write_feeds

COMMAND = [sys.executable, "-m", "bartizan.cli.main", "scan", "image"]


def test_archives_and_layouts_are_judged_where_there_is_no_network(tmp_path: Path) -> None:
    probe = subprocess.run(["unshare", "--net", "true"], capture_output=True, text=True, check=False)
    if probe.returncode:
        pytest.skip(f"no network namespace can be made here: {probe.stderr.strip()}")
    advisories = tmp_path / "advisories.db"
    compile_feeds(write_feeds(tmp_path / "feeds"), advisories)
    system = b'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n'
    image = image_files([layer_tar({"etc/os-release": system, "var/lib/dpkg/status": status("2.10-3").encode()})])
    doors = [write_docker_archive(tmp_path / "docker.tar", image), write_layout(tmp_path / "layout", image)]
    options = ["--platform", "linux/amd64", "--feeds", str(advisories), "--fail-on", "high", "--format", "json"]
    for door in doors:
        done = subprocess.run(
            ["unshare", "--net", *COMMAND, str(door), *options],
            capture_output=True,
            text=True,
            check=False,
            env={"BARTIZAN_CACHE": "", "PATH": "/usr/bin:/bin"},
        )
        assert done.returncode == 1, done.stderr
        assert "CVE-2026-0001" in {finding["rule"] for finding in json.loads(done.stdout)["findings"]}
