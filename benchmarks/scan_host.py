"""`bartizan scan host` on this machine with real advisories: wall clock, processor time and peak memory.

python benchmarks/scan_host.py [FEEDS]        FEEDS defaults to ../shared/feeds
"""

import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

from bartizan.assess.vulnerability.compile import compile_feeds

ROUNDS = 5
FORMATS = ("json", "table", "sarif", "cyclonedx")


def main() -> None:
    feeds = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parents[2] / "shared" / "feeds"
    if not feeds.is_dir():
        sys.exit(f"{feeds}: there is no folder of feeds; give one as the argument")
    with tempfile.TemporaryDirectory() as folder:
        advisories = Path(folder) / "advisories.db"
        compile_feeds(feeds, advisories)
        for name in FORMATS:
            output = Path(folder) / f"out.{name}"
            runs = [run(advisories, name, output) for _ in range(ROUNDS)]
            wall, processor, memory = (statistics.median(column) for column in zip(*runs, strict=True))
            print(f"{name:<10} {wall:5.2f} s   {processor:5.2f} s of CPU   peak {memory:4.0f} MB")
        document = json.loads((Path(folder) / "out.json").read_text())
        packages = sum(each["counts"].get("packages", 0) for each in document["assessments"])
        policies = next(each["counts"] for each in document["assessments"] if each["assessor"] == "policy")
        judged = sum(number for name, number in policies.items() if name != "not-applicable")
        print(f"{packages:,} packages, {judged} policies judged, {document['counts']['findings']:,} findings")


def run(advisories: Path, name: str, output: Path) -> tuple[float, float, float]:
    """(wall seconds, processor seconds, peak megabytes) of one process."""
    words = [sys.executable, "-m", "bartizan.cli.main", "scan", "host", "--feeds", str(advisories)]
    words += ["--format", name, "--output", str(output)]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[1] / "src")}
    began = time.perf_counter()
    with Path(os.devnull).open("w") as nowhere:
        actions = [(os.POSIX_SPAWN_DUP2, nowhere.fileno(), 2)]
        process = os.posix_spawn(sys.executable, words, environment, file_actions=actions)
        _, status, used = os.wait4(process, 0)
    if os.waitstatus_to_exitcode(status) not in {0, 3} or not output.is_file():
        sys.exit(f"`{' '.join(words[1:])}` failed with code {os.waitstatus_to_exitcode(status)}")
    return time.perf_counter() - began, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


if __name__ == "__main__":
    main()
