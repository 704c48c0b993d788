"""One process from its start to its end: wall clock, processor time (with its children's), peak memory."""

import os
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

BARTIZAN = (sys.executable, "-m", "bartizan.cli.main")


class Used(NamedTuple):
    wall: float
    """Seconds."""
    processor: float
    """Seconds, of all cores together."""
    memory: float
    """Peak of resident memory in megabytes."""

    def text(self) -> str:
        return f"{self.wall:6.2f} s  {self.processor:6.2f} s of CPU  peak {self.memory:4.0f} MB"


def clean_environment(**more: str) -> dict[str, str]:
    """What a user has: byte code is kept beside the sources, as an installation does it."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**environment, "PYTHONPATH": str(Path(__file__).resolve().parents[1] / "src"), **more}


def run(words: Sequence[str], environment: Mapping[str, str], *, codes: tuple[int, ...] = (0, 3)) -> Used:
    """Run it to its end, its output thrown away; leaves the program where its exit code is none of `codes`."""
    launcher = [sys.executable, "-I", "-S", str(Path(__file__).with_name("launch.py"))]
    told = subprocess.run([*launcher, *words], env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout
    code, wall, processor, memory = told.split()
    if int(code) not in codes:
        sys.exit(f"`{' '.join(words)}` failed with code {code}")
    return Used(float(wall), float(processor), int(memory) / 1024)


def median(rounds: int, words: Sequence[str], environment: Mapping[str, str]) -> Used:
    """Of several runs, each figure's median by itself."""
    runs = [run(words, environment) for _ in range(rounds)]
    return Used(*(statistics.median(column) for column in zip(*runs, strict=True)))
