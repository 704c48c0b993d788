"""Starting the server, alone or with everything around it, and stopping it cleanly."""

import logging
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from bartizan import __version__
from bartizan.cli.company import Company
from bartizan.cli.data_folder import data_folder
from bartizan.cli.failure import ExitCode, told_by
from bartizan.cli.terminal import emphasised, say, tell
from bartizan.inventory.errors import InventoryError
from bartizan.server import logs
from bartizan.server.bootstrap import Bootstrap, bootstrap, new_password
from bartizan.server.run import run
from bartizan.server.settings import CannotStart, Settings, prepare

LOG_FILE = "server.log"
LOG_LIMIT = 16 << 20
"""A log file that is larger at the start makes room for a new one; one former file is kept."""


def start(settings: Settings, *, with_agent: bool) -> int:
    """`bartizan up`: until ctrl-C, which is how it is meant to end."""
    made = _bootstrap(settings)
    tell(f"Bartizan {__version__}")
    _line("data", str(settings.data_dir))
    company = Company(settings, with_agent=with_agent)

    def ready(url: str) -> None:
        _line("address", emphasised(url) if sys.stdout.isatty() else url)
        _tell_administrator(made)
        tell("ctrl-C stops everything; nothing is lost.")
        sys.stdout.flush()
        company.gather(url)

    _log_to_file(settings.data_dir / LOG_FILE)
    try:
        _serve(settings, ready)
    finally:
        company.leave()
    say("stopped")
    return ExitCode.CLEAN


def _tell_administrator(made: Bootstrap) -> None:
    if made.password is None:
        _line("sign in as", f"{made.username} (password lost? bartizan server password)")
    else:
        _line("sign in as", made.username)
        _line("password", f"{made.password}   shown this once: keep it")


def _line(label: str, text: str) -> None:
    tell(f"  {label:<12}{text}")


def serve(settings: Settings) -> int:
    """`bartizan server run`: the server alone, its log on standard error."""
    logs.configure()
    _serve(settings, None)
    return ExitCode.CLEAN


def _serve(settings: Settings, ready: Callable[[str], None] | None) -> None:
    try:
        with suppress(KeyboardInterrupt):  # uvicorn has stopped by then, and raises the signal once more
            run(settings, ready=ready, configure_logs=False)
    except (CannotStart, InventoryError) as error:
        raise told_by(error) from error


def set_up(data: Path | None, database: str | None) -> int:
    """Schema, organisation and administrator."""
    made = _bootstrap(Settings(data_dir=(data or data_folder()).absolute(), database_url=database or ""))
    if made.password is None:
        tell(f"there is an administrator already: {made.username}")
    else:
        tell(f"administrator {made.username}, password {made.password} (shown this once)")
    return ExitCode.CLEAN


def reset_password(username: str, data: Path | None, database: str | None) -> int:
    settings = Settings(data_dir=(data or data_folder()).absolute(), database_url=database or "")
    try:
        fresh = new_password(settings, username)
    except InventoryError as error:
        raise told_by(error, code=ExitCode.USAGE) from error
    tell(f"new password of {username}: {fresh} (shown this once)")
    return ExitCode.CLEAN


def _bootstrap(settings: Settings) -> Bootstrap:
    try:
        prepare(settings)
        return bootstrap(settings)
    except (CannotStart, InventoryError) as error:
        raise told_by(error) from error


def _log_to_file(path: Path) -> None:
    """The terminal is for the person; the log goes beside the data."""
    if path.is_file() and path.stat().st_size > LOG_LIMIT:
        path.replace(path.with_suffix(".log.1"))
    stream = path.open("a", encoding="utf-8", errors="backslashreplace")
    path.chmod(0o600)
    logs.configure(stream)
    logging.captureWarnings(capture=True)
