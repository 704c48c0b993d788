"""A PostgreSQL server of our own for tests.

A fresh cluster in a temporary folder, reached by a socket in it, no TCP.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class NoPostgres(Exception):
    """There is no PostgreSQL to run here, and why."""


@contextmanager
def running_postgres() -> Iterator[str]:
    """URL of the server's administrative database; the server and its folder are gone afterwards."""
    programs = _programs()
    user = _user()
    folder = Path(tempfile.mkdtemp(prefix="bartizan-pg-"))
    try:
        if user is not None:
            shutil.chown(folder, user=user)
        data = folder / "data"
        _run(user, [programs / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"])
        options = f"-k {folder} -c listen_addresses='' -c fsync=off -c synchronous_commit=off -c full_page_writes=off"
        log = folder / "log"
        _run(user, [programs / "pg_ctl", "-D", data, "-l", log, "-w", "-o", options, "start"])
        try:
            yield f"postgresql://postgres@/postgres?host={folder}"
        finally:
            _run(user, [programs / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop"])
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _programs() -> Path:
    """Where Debian keeps the server's programs, or where they are on the path."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if debian:
        return debian[-1].parent
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    raise NoPostgres("PostgreSQL is not installed. On Debian: apt-get install postgresql")


def _user() -> str | None:
    """The server refuses to run as root: then it runs as the user that Debian's package makes."""
    if os.geteuid() != 0:
        return None
    import pwd

    try:
        return pwd.getpwnam("postgres").pw_name
    except KeyError as error:
        raise NoPostgres("running as root, and there is no user `postgres` to run the server as") from error


def _run(user: str | None, command: list[object]) -> None:
    done = subprocess.run(
        [str(part) for part in command],
        user=user,
        cwd="/",
        env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        timeout=120,
    )
    if done.returncode:
        raise NoPostgres(f"{command[0]} failed: {done.stdout.decode(errors='replace')[-500:]}")
