"""`bartizan scan image` in a cold process: a small image, a layer of 400 MB with 45,000 files, 3 GB in 12 layers with
180,000 files; each read anew, then again with its facts known. Bounds: 0.25 s, 2.5 s, 20 s within 300 MB; again 0.15 s.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
from benchmarks.make_images import SHAPES, make

ROUNDS = 3


def main() -> None:
    feeds = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT.parent / "shared" / "feeds"
    if not feeds.is_dir():
        sys.exit(f"{feeds}: there is no folder of feeds; give one as the argument")
    told = os.environ.get("BARTIZAN_BENCH_IMAGES")
    with tempfile.TemporaryDirectory() as folder:
        images = Path(told or folder)
        environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "BARTIZAN_DATA": folder}
        command = [sys.executable, "-m", "bartizan.cli.main", "feeds", "import", str(feeds)]
        subprocess.run(command, env=environment, check=True, capture_output=True)
        for name, shape in SHAPES.items():
            image = make(shape, images)
            for what, cache in (("read", ""), ("again", f"{folder}/cache")):
                runs = [run(image, {**environment, "BARTIZAN_CACHE": cache}) for _ in range(ROUNDS + bool(cache))]
                columns = zip(*runs[bool(cache) :], strict=True)
                wall, processor, memory = (statistics.median(column) for column in columns)
                print(
                    f"{name:<12} {what:<6} {wall:6.2f} s  {processor:6.2f} s of CPU  peak {memory:4.0f} MB", flush=True
                )


def run(image: Path, environment: dict[str, str]) -> tuple[float, float, float]:
    """(wall seconds, processor seconds, peak megabytes) of one process."""
    words = [sys.executable, "-m", "bartizan.cli.main", "scan", "image", str(image), "--format", "json"]
    began = time.perf_counter()
    with Path(os.devnull).open("w") as nowhere:
        actions = [(os.POSIX_SPAWN_DUP2, nowhere.fileno(), number) for number in (1, 2)]
        process = os.posix_spawn(sys.executable, words, environment, file_actions=actions)
        _, status, used = os.wait4(process, 0)
    if os.waitstatus_to_exitcode(status) not in {0, 3}:
        sys.exit(f"`{' '.join(words[1:])}` failed with code {os.waitstatus_to_exitcode(status)}")
    return time.perf_counter() - began, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


if __name__ == "__main__":
    main()
