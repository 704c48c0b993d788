"""Compile a folder of feeds into the advisory file: time, size, peak memory, and how fast the file opens.

python benchmarks/compile_feeds.py [FEEDS]        FEEDS defaults to ../shared/feeds
"""

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bartizan.assess.vulnerability.compile import compile_feeds

_OPEN = """
import sys, time
started = time.perf_counter()
from bartizan.assess.vulnerability.advisories import AdvisoryFile
loaded = time.perf_counter()
file = AdvisoryFile.open(sys.argv[1])
opened = time.perf_counter()
AdvisoryFile.open(sys.argv[1])
print(loaded - started, opened - loaded, time.perf_counter() - opened)
"""


def main() -> None:
    feeds = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parents[2] / "shared" / "feeds"
    if not feeds.is_dir():
        sys.exit(f"{feeds}: there is no folder of feeds; give one as the argument")
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "advisories.db"
        clock, processor = time.perf_counter(), time.process_time()
        report = compile_feeds(feeds, target)
        clock, processor = time.perf_counter() - clock, time.process_time() - processor
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"compile  {report.records} records in {clock:.1f} s ({processor:.1f} s of CPU), peak {peak:.0f} MB")
        print(f"size     {target.stat().st_size / 1e6:.1f} MB; {len(report.problems)} records or parts left out")
        done = subprocess.run([sys.executable, "-c", _OPEN, str(target)], check=True, capture_output=True, text=True)
        imported, first, again = (float(word) * 1000 for word in done.stdout.split())
        print(f"open     {first:.1f} ms in a fresh process (imports {imported:.0f} ms), {again:.1f} ms again")


if __name__ == "__main__":
    main()
