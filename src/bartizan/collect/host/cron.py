"""Section `cron`: which jobs run when and as whom (crontab(5)), and who may plan jobs.

    SHELL=/bin/sh                                    # settings: passed over
    17 *  * * *  root  cd / && run-parts ...         # system tables name a user
    @daily       /usr/local/bin/backup --token ...   # tables of users do not

Of a command only the path of its program is kept, for the rest may hold anything.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from bartizan.collect.filesystem.interface import FilesystemView
from bartizan.collect.host.text import files_in, printable, read_attribute, uncommented
from bartizan.collect.interface import Collector, Problems

SPOOLS = ("/var/spool/cron/crontabs", "/var/spool/cron/tabs", "/var/spool/cron", "/etc/crontabs")
PERIODS = ("hourly", "daily", "weekly", "monthly")


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    source: str
    user: str
    schedule: str
    """Five fields, or `@daily` and the like."""
    program: str
    """Path of the program, where the command begins with one; otherwise empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cron:
    jobs: tuple[Job, ...]
    scripts: dict[str, tuple[str, ...]]
    """`hourly`, `daily`, `weekly`, `monthly` to names of what `run-parts` runs there."""
    allow: tuple[str, ...] | None
    """Names in `/etc/cron.allow`; None where there is no such file."""
    deny: tuple[str, ...] | None
    at_allow: tuple[str, ...] | None
    at_deny: tuple[str, ...] | None


def collect(view: FilesystemView, problems: Problems) -> Cron:
    return Cron(
        jobs=tuple(_jobs(view, problems)),
        scripts={period: _scripts(view, problems, f"/etc/cron.{period}") for period in PERIODS},
        allow=_names(view, problems, "/etc/cron.allow", "allow"),
        deny=_names(view, problems, "/etc/cron.deny", "deny"),
        at_allow=_names(view, problems, "/etc/at.allow", "at_allow"),
        at_deny=_names(view, problems, "/etc/at.deny", "at_deny"),
    )


def _jobs(view: FilesystemView, problems: Problems) -> Iterator[Job]:
    for path in ["/etc/crontab", *files_in(view, problems, "/etc/cron.d", attribute="jobs")]:
        if re.fullmatch(r"[\w-]+", path.rpartition("/")[2]):  # cron passes over names with dots
            yield from parse(read_attribute(view, problems, path, "jobs") or "", printable(path), "", problems)
    for spool in SPOOLS:
        for path in files_in(view, problems, spool, attribute="jobs"):
            user = printable(path.rpartition("/")[2])
            if not user.startswith("."):
                yield from parse(read_attribute(view, problems, path, "jobs") or "", printable(path), user, problems)


def parse(text: str, source: str, user: str, problems: Problems) -> Iterator[Job]:
    """Jobs of one table; without `user` each line names its own."""
    for number, line in uncommented(text):
        if re.match(r"""["']?[A-Za-z_]\w*["']?\s*=""", line):
            continue
        fields = line.split(None, (1 if line.startswith("@") else 5) + (not user))
        head = len(fields) - (1 if user else 2)
        if head != (1 if line.startswith("@") else 5) or not _SCHEDULE.fullmatch(" ".join(fields[:head])):
            problems.add(f"{source}:{number}", "is not a job: a schedule and a command are expected")
            continue
        yield Job(
            source=source,
            user=user or (fields[head] if re.fullmatch(r"[\w.$-]{1,32}", fields[head]) else ""),
            schedule=" ".join(fields[:head]),
            program=_program(fields[-1]),
        )


_SCHEDULE = re.compile(r"@[a-z]{4,10}|[\w*/,~?#-]+(?: [\w*/,~?#-]+){4}")


def _program(command: str) -> str:
    first = re.match(r"/[\w./+-]{1,200}(?=$|[\s;|&>])", command)
    return first[0] if first else ""


def _scripts(view: FilesystemView, problems: Problems, folder: str) -> tuple[str, ...]:
    names = (path.rpartition("/")[2] for path in files_in(view, problems, folder, attribute="scripts"))
    return tuple(name for name in names if re.fullmatch(r"[\w-]+", name))


def _names(view: FilesystemView, problems: Problems, path: str, attribute: str) -> tuple[str, ...] | None:
    text = read_attribute(view, problems, path, attribute)
    return None if text is None else tuple(line for _, line in uncommented(text))


COLLECTOR = Collector(
    section="cron",
    collect=collect,
    watches=(
        "/etc/crontab",
        "/etc/cron.d",
        *(f"/etc/cron.{period}" for period in PERIODS),
        "/etc/cron.allow",
        "/etc/cron.deny",
        "/etc/at.allow",
        "/etc/at.deny",
        *SPOOLS,
    ),
)
