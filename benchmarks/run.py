"""Runs every benchmark, one after another, and writes docs/benchmarks.md: machine, date, command, figures.

    python benchmarks/run.py                    # all of them
    python benchmarks/run.py cli_start ingest   # these; the figures of the others stay

A benchmark is a file in this folder whose docstring says what it measures, and whose output is its figures.
"""

import ast
import os
import platform
import re
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

HERE = Path(__file__).resolve().parent
PAGE = HERE.parent / "docs/benchmarks.md"
NOT_BENCHMARKS = ("launch", "make_", "run")
HEAD = """\
# Measurements

Written by `make bench`: every figure that we state, with the machine, the day and the command. Run it yourself; a part
of it is run again with `python benchmarks/run.py NAME`. Where a figure is bounded by an issue, the bound stands in the
benchmark's own text.
"""


def main() -> None:
    wanted = sys.argv[1:] or [path.stem for path in benchmarks()]
    sections = former()
    failed = []
    for path in benchmarks():
        if path.stem in wanted:
            print(f"== {path.stem}", flush=True)
            section = measured(path)
            if section is None:
                failed.append(path.stem)
            else:
                sections[path.stem] = section
                print(section.partition("```text\n")[2].rpartition("```")[0], flush=True)
    present = {path.stem for path in benchmarks()}
    PAGE.write_text("\n".join([HEAD, *(sections[name] for name in sorted(sections) if name in present)]))
    print(f"{PAGE.relative_to(HERE.parent)} written")
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


def benchmarks() -> list[Path]:
    return sorted(path for path in HERE.glob("*.py") if not path.stem.startswith(NOT_BENCHMARKS))


def former() -> dict[str, str]:
    """The sections of the page as it is, by name."""
    if not PAGE.is_file():
        return {}
    parts = re.split(r"(?m)^(?=## )", PAGE.read_text())[1:]
    return {part.splitlines()[0].removeprefix("## ").strip(): part.rstrip() + "\n" for part in parts}


def measured(path: Path) -> str | None:
    """One section of the page; None where the benchmark failed."""
    began, load = time.monotonic(), os.getloadavg()[0]
    environment = {**os.environ, "PYTHONPATH": f"{HERE.parent / 'src'}{os.pathsep}{HERE.parent / 'tests'}"}
    done = subprocess.run(
        [sys.executable, str(path)], cwd=HERE.parent, env=environment, stdout=subprocess.PIPE, text=True, check=False
    )
    if done.returncode:
        print(done.stdout, file=sys.stderr)
        return None
    text = ast.get_docstring(ast.parse(path.read_text())) or path.stem
    what = text.partition("\n\n")[0].replace("\n", " ")
    figures = without_machine(done.stdout.rstrip())
    took = time.monotonic() - began
    return (
        f"## {path.stem}\n\n{what}\n\n{machine()}, {datetime.now(UTC):%Y-%m-%d}, "
        f"`python benchmarks/{path.name}` ({took:.0f} s; other work on the machine: load {load:.1f} before it began):"
        f"\n\n```text\n{figures}\n```\n"
    )


def without_machine(text: str) -> str:
    """Figures without the paths of the machine that they were measured on."""
    return text.replace(str(HERE.parent), ".").replace(str(Path.home()), "~")


def machine() -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30)
    return f"{processor()}, {os.cpu_count()} cores, {memory:.0f} GiB, Python {platform.python_version()}"


def processor() -> str:
    try:
        found = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())
    except OSError:
        found = None
    return found[1].strip() if found else platform.machine()


if __name__ == "__main__":
    main()
