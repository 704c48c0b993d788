"""How fast the program starts: `bartizan --help`, `--version`, and a verb's help, each a process of its own.

python benchmarks/cli_start.py
"""

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROUNDS = 20
COMMANDS = (["--help"], ["--version"], ["scan", "host", "--help"], ["policy", "--help"])


def main() -> None:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[1] / "src")}
    bare = measured([sys.executable, "-c", "pass"], environment)
    print(f"{'python -c pass':<28}{bare * 1000:6.0f} ms")
    for arguments in COMMANDS:
        seconds = measured([sys.executable, "-m", "bartizan.cli.main", *arguments], environment)
        print(f"{'bartizan ' + ' '.join(arguments):<28}{seconds * 1000:6.0f} ms")


def measured(words: list[str], environment: dict[str, str]) -> float:
    """Median wall-clock seconds."""
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        subprocess.run(words, env=environment, stdout=subprocess.DEVNULL, check=True)
        times.append(time.perf_counter() - began)
    return statistics.median(times)


if __name__ == "__main__":
    main()
