"""One process from its start to its end: wall clock, processor time (with its children's), peak memory."""

import os
import statistics
import sys
import time
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
    began = time.perf_counter()
    with Path(os.devnull).open("w") as nowhere:
        actions = [(os.POSIX_SPAWN_DUP2, nowhere.fileno(), number) for number in (1, 2)]
        process = os.posix_spawnp(words[0], list(words), environment, file_actions=actions)
        _, status, used = os.wait4(process, 0)
    if os.waitstatus_to_exitcode(status) not in codes:
        sys.exit(f"`{' '.join(words)}` failed with code {os.waitstatus_to_exitcode(status)}")
    return Used(time.perf_counter() - began, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def median(rounds: int, words: Sequence[str], environment: Mapping[str, str]) -> Used:
    """Of several runs, each figure's median by itself."""
    runs = [run(words, environment) for _ in range(rounds)]
    return Used(*(statistics.median(column) for column in zip(*runs, strict=True)))
