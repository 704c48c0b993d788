"""What `bartizan feeds` does: compile, fetch, show."""

import asyncio
import json
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bartizan.cli.data_folder import ADVISORIES, advisory_file, data_folder
from bartizan.cli.failure import ExitCode, Failure
from bartizan.cli.scanning import open_advisories
from bartizan.cli.terminal import say, tell, warn, working
from bartizan.exchange.feed_age import age_in_days, newest_until
from bartizan.model.wire import plain

if TYPE_CHECKING:
    from bartizan.assess.vulnerability.advisories import Cve
    from bartizan.assess.vulnerability.explain import Told
    from bartizan.assess.vulnerability.feed_report import FeedReport
    from bartizan.exchange.feeds.mirror import SyncReport

FEEDS = "feeds"
"""Folder below the data folder with the local copy of the feeds."""
PROBLEMS_SHOWN = 5


def compile_into(folder: Path, data: Path | None, *, keep_going: bool) -> int:
    """Compile a folder of feeds into the data folder's advisory file."""
    from bartizan.assess.vulnerability.compile import compile_feeds
    from bartizan.assess.vulnerability.feed_report import FeedError

    target = (data or data_folder()) / ADVISORIES
    began = time.monotonic()
    try:
        with working("Compiling advisories") as step:
            report = compile_feeds(folder, target, step, keep_going=keep_going)
    except FeedError as error:
        raise Failure(
            str(error),
            meaning="The advisories that were there are untouched and still in use.",
            remedy="" if keep_going else "To go on without the damaged file: bartizan feeds import DIR --keep-going",
        ) from error
    _tell(report, target, time.monotonic() - began)
    return ExitCode.CLEAN


def _tell(report: "FeedReport", target: Path, seconds: float) -> None:
    newest = newest_until([feed.newest for feed in report.feeds], datetime.now(UTC))
    tell(f"{report.records:,} advisories of {len(report.feeds)} sources, the newest of {newest[:10]}")
    tell(f"{target} ({report.id.removeprefix('sha256:')[:12]}), {seconds:.1f} s")
    if report.problems:
        say(f"{len(report.problems):,} entries could not be used:")
        for problem in report.problems[:PROBLEMS_SHOWN]:
            say(f"  {problem.file} {problem.record}: {problem.reason}")
        if len(report.problems) > PROBLEMS_SHOWN:
            say(f"  and {len(report.problems) - PROBLEMS_SHOWN:,} more")


def fetch_and_compile(data: Path | None, mirror: str | None, only: Sequence[str]) -> int:
    """Fetch what changed, then compile where anything did."""
    from bartizan.assess.vulnerability.ecosystems import ECOSYSTEMS

    unknown = sorted(set(only) - set(ECOSYSTEMS))
    if unknown:
        raise Failure(
            f"unknown ecosystem {', '.join(unknown)}",
            remedy=f"One of: {', '.join(sorted(ECOSYSTEMS))}",
            code=ExitCode.USAGE,
        )
    folder = (data or data_folder()) / FEEDS
    report = fetch(folder, mirror, only or list(ECOSYSTEMS))
    for path, reason in report.failed.items():
        warn(f"{path} was not fetched: {reason}", meaning="Its former copy, if there was one, is still in use.")
    tell(
        f"{len(report.fetched)} fetched ({report.received / 1e6:.1f} MB), {len(report.unchanged)} unchanged, "
        f"{len(report.failed)} failed"
    )
    if not report.fetched and not report.unchanged:
        raise Failure("nothing could be fetched", meaning="The advisories that were there are untouched.")
    if report.fetched or not (folder.parent / ADVISORIES).exists():
        compile_into(folder, folder.parent, keep_going=False)
    return ExitCode.FINDINGS if report.failed else ExitCode.CLEAN


def fetch(folder: Path, mirror: str | None, ecosystems: Sequence[str]) -> "SyncReport":
    """Bring the local copy up to date, with progress."""
    from bartizan.exchange.feeds.download import DownloadError
    from bartizan.exchange.feeds.mirror import refresh

    received: dict[str, int] = {}
    with working("Fetching advisories") as step:

        def count(path: str, size: int) -> None:
            received[path] = received.get(path, 0) + size
            step(f"{sum(received.values()) / 1e6:.1f} MB, {path}")

        try:
            return asyncio.run(refresh(folder, ecosystems=ecosystems, mirror=mirror, progress=count))
        except DownloadError as error:
            raise Failure(
                str(error),
                meaning="The advisories that were there are untouched and still in use.",
                remedy="Check the network and the proxy (HTTPS_PROXY), or carry a folder: bartizan feeds import DIR",
            ) from error
        except OSError as error:
            raise Failure(f"cannot write {folder}: {error.strerror}", remedy="Name another one with --data.") from error


def show_status(data: Path | None, *, as_json: bool) -> int:
    """The advisory file's identity, age and coverage."""
    path = data / ADVISORIES if data else advisory_file()
    if path is None or not path.exists():
        raise Failure(
            f"there are no advisories in {data or data_folder()}",
            meaning="No package can be judged.",
            remedy="Fetch them: bartizan feeds sync, or import a folder: bartizan feeds import DIR",
            code=ExitCode.INCOMPLETE,
        )
    advisories = open_advisories(path)
    assert advisories is not None
    with advisories:
        feeds, now = advisories.feeds(), datetime.now(UTC)
        newest = newest_until([feed.newest for feed in feeds], now)
        if as_json:
            told = {
                "path": str(path),
                "id": advisories.id,
                "newest": newest,
                "age_days": age_in_days(newest, now),
                "feeds": [{"source": f.source, "records": f.records, "newest": f.newest} for f in feeds],
            }
            tell(json.dumps(told, indent=2))
            return ExitCode.CLEAN
        tell(f"{path} ({advisories.id.removeprefix('sha256:')[:12]})")
        tell(f"{sum(f.records for f in feeds if f.source.startswith('osv/')):,} advisories, newest {newest[:10]}\n")
        for feed in feeds:
            tell(f"  {feed.source:<28}{feed.records:>10,}  {feed.newest[:10]}")
    return ExitCode.CLEAN


def show_advisory(id_: str, data: Path | None, *, as_json: bool) -> int:
    """One vulnerability: what is known of it, and whom it affects."""
    from bartizan.assess.vulnerability.explain import about

    path = data / ADVISORIES if data else advisory_file()
    if path is None:
        raise Failure(
            f"there are no advisories in {data_folder()}",
            remedy="Fetch them: bartizan feeds sync, or import a folder: bartizan feeds import DIR",
            code=ExitCode.INCOMPLETE,
        )
    advisories = open_advisories(path)
    assert advisories is not None
    with advisories, working(f"Looking for {id_}"):
        told = about(advisories, id_)
    if not told.advisories and not told.cves:
        raise Failure(
            f"nothing is known about {id_}",
            meaning=f"It is in none of the sources of {path}.",
            remedy="Check its spelling, or bring the sources up to date: bartizan feeds sync",
        )
    tell(json.dumps(_plain(told), indent=2) if as_json else "\n".join(_text(id_, told)))
    return ExitCode.CLEAN


def _plain(told: "Told") -> dict[str, Any]:
    names = ("id", "rules", "aliases", "summary", "published", "modified", "references")
    return {
        "advisories": [{name: getattr(record, name) for name in names} for record in told.advisories],
        "cves": {name: _cve_facts(cve) for name, cve in told.cves.items()},
        "affected": [plain(each) for each in told.affected],
    }


def _cve_facts(cve: "Cve") -> dict[str, Any]:
    kev = cve.data.kev
    return {
        "epss": cve.epss,
        "percentile": cve.percentile,
        "kev": None if kev is None else {"added": kev.added, "due": kev.due, "ransomware": kev.ransomware},
        "vectors": [list(vector) for vector in cve.data.vectors],
        "exploitation": cve.data.exploitation,
    }


def _text(id_: str, told: "Told") -> list[str]:
    lines = [id_]
    summary = next((each.summary for each in told.advisories if each.summary), "")
    lines += [summary] if summary else []
    for name, cve in told.cves.items():
        if cve.data.kev is not None:
            lines.append(f"  {name} is known to be exploited since {cve.data.kev.added}")
        if cve.epss is not None:
            lines.append(f"  {name}: EPSS {cve.epss:.1%} within 30 days, above {cve.percentile or 0:.0%} of all")
        lines += [f"  {source} {vector}" for source, _, vector in cve.data.vectors]
    lines += ["", "Advisories: " + ", ".join(each.id for each in told.advisories), ""]
    for each in told.affected:
        lines.append(f"  {each.ecosystem:<20} {each.package:<28} {each.affected}")
    references = dict.fromkeys(link for each in told.advisories for link in each.references)
    return [*lines, "", *(f"  {link}" for link in list(references)[:8])]
