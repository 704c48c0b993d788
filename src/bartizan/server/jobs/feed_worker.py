"""Brings advisories up to date in a process of its own, so that minutes of computing never slow the server down.

    python -m bartizan.server.jobs.feed_worker import SOURCE TARGET
    python -m bartizan.server.jobs.feed_worker sync FOLDER TARGET      (official sources into FOLDER, then as above)

Writes one line of JSON for each step to standard output: {"step": "osv/Debian"} ... {"done": {...}} or {"failed":
"..."}.
"""

import asyncio
import json
import shutil
import signal
import sys
import time
from pathlib import Path
from typing import Any

from bartizan.assess.vulnerability.compile import compile_feeds
from bartizan.assess.vulnerability.ecosystems import ECOSYSTEMS
from bartizan.assess.vulnerability.feed_report import FeedError

LEFT_BEHIND = 6 * 3600
"""Seconds after which a scratch folder belongs to nobody."""


def main(arguments: list[str]) -> int:
    verb, source, target = arguments[0], Path(arguments[1]), Path(arguments[2])
    signal.signal(signal.SIGTERM, _stop)
    _clear(target)
    try:
        if verb == "sync":
            _fetch(source)
        report = compile_feeds(source, target, lambda step: _say(step=str(step)))
    except (FeedError, FetchFailed) as error:
        _say(failed=str(error))
        return 1
    _say(done={"id": report.id, "records": report.records, "problems": len(report.problems)})
    return 0


def _stop(*_: object) -> None:
    """Leave by an exception, so that what is half-done is cleared away."""
    sys.exit(128 + signal.SIGTERM)


def _clear(target: Path) -> None:
    """What a worker left behind that was killed outright."""
    for folder in target.parent.glob(f".{target.name}-*"):
        if time.time() - folder.stat().st_mtime > LEFT_BEHIND:
            shutil.rmtree(folder, ignore_errors=True)


class FetchFailed(Exception):
    """Nothing could be fetched; the message says from where and why."""


def _fetch(folder: Path) -> None:
    from bartizan.exchange.feeds.download import DownloadError
    from bartizan.exchange.feeds.mirror import refresh

    folder.mkdir(parents=True, exist_ok=True)
    last = ""

    def progress(path: str, _size: int) -> None:
        nonlocal last
        if path != last:
            last = path
            _say(step=f"fetching {path}")

    try:
        report = asyncio.run(refresh(folder, ecosystems=list(ECOSYSTEMS), mirror=None, progress=progress))
    except DownloadError as error:
        raise FetchFailed(str(error)) from error
    if not report.fetched and not report.unchanged:
        reason = next(iter(report.failed.values()), "no source answered")
        raise FetchFailed(
            f"nothing could be fetched: {reason}. The advisories that were there are still in use. "
            "Import a copy instead: bartizan feeds import DIR"
        )


def _say(**line: Any) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
