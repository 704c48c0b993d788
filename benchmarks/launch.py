"""Runs a program to its end, its output thrown away, and prints its exit code, wall clock and processor time in seconds
and peak memory in KiB.

The system counts what the parent had in memory as the child's peak (the child is the parent until it becomes another
program), so whoever measures starts this small program, without `site`, to start the other:

python -I -S benchmarks/launch.py PROGRAM ARGUMENT...
"""

import os
import sys
from time import perf_counter


def main() -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    answers = os.dup(1)
    actions = [(os.POSIX_SPAWN_DUP2, nowhere, number) for number in (1, 2)]
    began = perf_counter()
    process = os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ, file_actions=actions)
    _, status, used = os.wait4(process, 0)
    wall = perf_counter() - began
    code = os.waitstatus_to_exitcode(status)
    os.write(answers, f"{code} {wall} {used.ru_utime + used.ru_stime} {used.ru_maxrss}".encode())


if __name__ == "__main__":
    main()
