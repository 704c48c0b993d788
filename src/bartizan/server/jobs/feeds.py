"""Runs the feed worker and follows it: its steps as progress, its failure as an error with the remedy in it."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

EXPECTED_STEPS = 40
"""About as many steps as a run reports; only for showing how far it is."""


class FeedsFailed(Exception):
    """The worker's own words."""


def run_worker(
    verb: str,
    source: Path,
    target: Path,
    *,
    started: Callable[[subprocess.Popen[str]], None],
    progress: Callable[[str, float], None],
) -> dict[str, Any]:
    """Blocks until the advisory file is in place. `started` gets the process, so that it can be ended."""
    words = [sys.executable, "-m", "bartizan.server.jobs.feed_worker", verb, str(source), str(target)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:  # noqa: S603
        started(process)
        assert process.stdout is not None
        assert process.stderr is not None
        outcome: dict[str, Any] | None = None
        failure = ""
        for number, text in enumerate(process.stdout):
            line = json.loads(text)
            if "step" in line:
                progress(line["step"], min(0.95, number / EXPECTED_STEPS))
            outcome = line.get("done", outcome)
            failure = line.get("failed", failure)
        complaint = process.stderr.read().strip().splitlines()
    if process.returncode == 0 and outcome is not None:
        return outcome
    if failure:
        raise FeedsFailed(failure)
    if process.returncode < 0:
        raise FeedsFailed("the import was stopped; the advisories that were there are still in use")
    raise FeedsFailed(complaint[-1] if complaint else f"the import ended with code {process.returncode}")
