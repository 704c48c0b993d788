"""`bartizan scan image` in a cold process: a small image, a layer of 400 MB with 45,000 files, 3 GB in 12 layers with
180,000 files; each read anew, then again with its facts known. Bounds: 0.25 s, 2.5 s, 20 s within 300 MB; again 0.15 s.
Beside it Syft, where it is on PATH: it lists packages and judges nothing.

python benchmarks/scan_image.py [FEEDS]
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
from benchmarks.make_images import SHAPES, make
from benchmarks.run_process import BARTIZAN, clean_environment, median, run

ROUNDS = 3


def main() -> None:
    feeds = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT.parent / "shared" / "feeds"
    if not feeds.is_dir():
        sys.exit(f"{feeds}: there is no folder of feeds; give one as the argument")
    told = os.environ.get("BARTIZAN_BENCH_IMAGES")
    with tempfile.TemporaryDirectory() as folder:
        images = Path(told or folder)
        environment = clean_environment(BARTIZAN_DATA=folder)
        command = [*BARTIZAN, "feeds", "import", str(feeds)]
        subprocess.run(command, env=environment, check=True, capture_output=True)
        for name, shape in SHAPES.items():
            image = make(shape, images)
            words = (*BARTIZAN, "scan", "image", str(image), "--format", "json")
            for what, cache in (("read", ""), ("again", f"{folder}/cache")):
                there = {**environment, "BARTIZAN_CACHE": cache}
                run(words, there)  # what the first run leaves behind, byte code or facts, is there for the others
                print(f"{name:<12} {what:<6} {median(ROUNDS, words, there).text()}", flush=True)
            if shutil.which("syft"):
                peer = ("syft", "scan", f"oci-dir:{image}", "-o", "json")
                quiet = {**os.environ, "SYFT_CHECK_FOR_APP_UPDATE": "false"}
                print(f"{name:<12} syft   {median(ROUNDS, peer, quiet).text()}", flush=True)


if __name__ == "__main__":
    main()
