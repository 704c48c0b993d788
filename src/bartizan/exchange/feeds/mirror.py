"""Keeping a local copy of the feeds fresh: find out what there is, fetch what changed, remember what was fetched.

    report = await refresh(folder, ecosystems=supported)                      # from the official sources
    report = await refresh(folder, ecosystems=supported, mirror="https://...")  # from a mirror of them

What cannot be fetched keeps its former copy and is reported. `state.json` beside the feeds remembers entity tags.
"""

import asyncio
import json
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from bartizan.exchange.feeds.download import CHUNK, DownloadError, Outcome, download
from bartizan.exchange.feeds.sources import (
    ECOSYSTEMS_FILE,
    OSV,
    SUMS_FILE,
    Source,
    below,
    mirrored,
    official,
    read_ecosystems,
    read_sums,
)

AT_ONCE = 4
STATE = "state.json"
TIMEOUT = aiohttp.ClientTimeout(total=None, connect=30, sock_read=60)
MAX_LIST = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncReport:
    """What happened to each file."""

    fetched: tuple[str, ...]
    unchanged: tuple[str, ...]
    failed: dict[str, str]
    """Path to the reason; its former copy, if there was one, is still in use."""
    received: int
    """Bytes over the network."""


Progress = Callable[[str, int], None]
"""Told the path of a file and how many further bytes of it arrived."""


async def refresh(
    folder: Path,
    *,
    ecosystems: Collection[str],
    mirror: str | None = None,
    progress: Progress | None = None,
    pause: float = 1.0,
) -> SyncReport:
    """Bring the copy in `folder` up to date. Raises DownloadError when not even the list of files can be had."""
    folder.mkdir(parents=True, exist_ok=True)
    state = _read_state(folder)
    tell = progress or (lambda _path, _size: None)
    async with aiohttp.ClientSession(timeout=TIMEOUT, trust_env=True) as session:
        sources = await _sources(session, ecosystems, mirror)
        gate = asyncio.Semaphore(AT_ONCE)
        received = 0
        outcomes: dict[str, Outcome] = {}
        failed: dict[str, str] = {}

        async def fetch(source: Source) -> None:
            def count(size: int) -> None:
                nonlocal received
                received += size
                tell(source.path, size)

            known = state.get(source.path, {})
            tag = known.get("etag", "") if known.get("address") == source.address else ""
            async with gate:
                try:
                    outcome, new = await download(
                        session, source, folder / source.path, tag=tag, progress=count, pause=pause
                    )
                except DownloadError as error:
                    failed[source.path] = str(error)
                    return
            outcomes[source.path] = outcome
            state[source.path] = {"address": source.address, "etag": new}

        try:
            async with asyncio.TaskGroup() as tasks:
                for source in sources:
                    tasks.create_task(fetch(source))
        finally:
            _write_state(folder, state)
    return SyncReport(
        fetched=tuple(sorted(path for path, outcome in outcomes.items() if outcome is Outcome.FETCHED)),
        unchanged=tuple(sorted(path for path, outcome in outcomes.items() if outcome is Outcome.UNCHANGED)),
        failed=dict(sorted(failed.items())),
        received=received,
    )


async def _sources(session: aiohttp.ClientSession, ecosystems: Collection[str], mirror: str | None) -> list[Source]:
    if mirror is None:
        listed = await _text(session, f"{OSV}/ecosystems.txt")
        return official(read_ecosystems(listed, ecosystems))
    try:
        sums = await _text(session, below(mirror, SUMS_FILE))
    except DownloadError:
        listed = await _text(session, below(mirror, ECOSYSTEMS_FILE))
        return mirrored(mirror, read_ecosystems(listed, ecosystems))
    wanted = {f"osv/{name}/all.zip" for name in ecosystems}
    found = [each for each in read_sums(sums, mirror) if not each.path.startswith("osv/") or each.path in wanted]
    if not any(each.path.startswith("osv/") for each in found):
        raise DownloadError(f"{below(mirror, SUMS_FILE)}: it lists no osv/<Ecosystem>/all.zip that can be used")
    return found


async def _text(session: aiohttp.ClientSession, address: str) -> str:
    try:
        async with session.get(address) as response:
            response.raise_for_status()
            data = bytearray()
            async for chunk in response.content.iter_chunked(CHUNK):
                data += chunk
                if len(data) > MAX_LIST:
                    raise DownloadError(f"{address}: larger than a list of files may be")
            return data.decode("utf-8", "replace")
    except aiohttp.ClientResponseError as error:
        raise DownloadError(f"{address}: the server answered {error.status} {error.message}") from error
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        raise DownloadError(f"{address}: {error or 'no answer in time'}") from error


def _read_state(folder: Path) -> dict[str, dict[str, str]]:
    try:
        state = json.loads((folder / STATE).read_text())
    except (OSError, ValueError):
        return {}  # nothing remembered means that everything is asked for again, which is only slower
    return state if isinstance(state, dict) else {}


def _write_state(folder: Path, state: dict[str, dict[str, str]]) -> None:
    fresh = folder / f".{STATE}"
    fresh.write_text(json.dumps(state, indent=1, sort_keys=True))
    fresh.replace(folder / STATE)
