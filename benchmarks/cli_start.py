"""How fast the program starts: `bartizan --help`, `--version`, and a verb's help, each a process of its own.

python benchmarks/cli_start.py
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from benchmarks.run_process import BARTIZAN, clean_environment, median

ROUNDS = 20
COMMANDS = (["--help"], ["--version"], ["scan", "host", "--help"], ["policy", "--help"])


def main() -> None:
    environment = clean_environment()
    told("python -c pass", [sys.executable, "-c", "pass"], environment)
    for arguments in COMMANDS:
        told(f"bartizan {' '.join(arguments)}", [*BARTIZAN, *arguments], environment)


def told(what: str, words: list[str], environment: dict[str, str]) -> None:
    used = median(ROUNDS, words, environment)
    print(f"{what:<28}{used.wall * 1000:6.0f} ms {used.processor * 1000:6.0f} ms of CPU")


if __name__ == "__main__":
    main()
