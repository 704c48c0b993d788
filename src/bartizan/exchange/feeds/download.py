"""Fetching one file: only if it changed, from where it broke off, and in place only when it is whole.

    <name>         the file
    <name>.part    what has arrived of its successor, and below it the entity tag that it belongs to
    <name>.part.etag

A server that has the same entity tag answers 304 (RFC 9110, section 13.1.2); an interrupted download goes on with a
range that holds only for the same entity (section 14.2, `If-Range`).
"""

import asyncio
import gzip
import hashlib
import json
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import aiohttp

from bartizan.exchange.feeds.sources import Source

CHUNK = 1 << 18
ATTEMPTS = 4
Progress = Callable[[int], None]
"""Told how many further bytes arrived."""


class Outcome(StrEnum):
    FETCHED = "fetched"
    UNCHANGED = "unchanged"


class DownloadError(Exception):
    """The file could not be had; what was there is untouched. The message is for a person."""


@dataclass(frozen=True, slots=True)
class _Partial:
    path: Path

    @property
    def tag(self) -> Path:
        return self.path.with_name(f"{self.path.name}.etag")

    def resumable(self) -> tuple[int, str]:
        """(bytes that are there, the entity tag that they belong to); nothing without a strong tag."""
        if not self.path.is_file() or not self.tag.is_file():
            return 0, ""
        return self.path.stat().st_size, self.tag.read_text()

    def discard(self) -> None:
        self.path.unlink(missing_ok=True)
        self.tag.unlink(missing_ok=True)


async def download(
    session: aiohttp.ClientSession, source: Source, target: Path, *, tag: str, progress: Progress, pause: float = 1.0
) -> tuple[Outcome, str]:
    """Bring `target` up to date; the outcome and the entity tag to remember. `tag` is the one remembered."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.digest and target.is_file() and await asyncio.to_thread(_sha256, target) == source.digest:
        return Outcome.UNCHANGED, tag
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return await _attempt(session, source, target, tag, progress)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            if attempt == ATTEMPTS or _final(error):
                raise DownloadError(f"{source.address}: {_words(error)}") from error
            await asyncio.sleep(pause * 2 ** (attempt - 1))
    raise AssertionError("unreachable")


async def _attempt(
    session: aiohttp.ClientSession, source: Source, target: Path, tag: str, progress: Progress
) -> tuple[Outcome, str]:
    partial = _Partial(target.with_name(f"{target.name}.part"))
    there, partial_tag = partial.resumable()
    headers = {"Accept-Encoding": "identity"}
    if there:
        headers |= {"Range": f"bytes={there}-", "If-Range": partial_tag}
    elif tag and target.is_file():
        headers["If-None-Match"] = tag
    async with session.get(source.address, headers=headers) as response:
        if response.status == 304:
            return Outcome.UNCHANGED, tag
        if response.status == 416:  # more is there than the entity has: begin again
            partial.discard()
            return await _attempt(session, source, target, tag, progress)
        response.raise_for_status()
        new_tag = response.headers.get("ETag", "")
        going_on = response.status == 206
        if not going_on:
            partial.discard()
        if new_tag and not new_tag.startswith("W/"):
            partial.tag.write_text(new_tag)
        with partial.path.open("ab" if going_on else "wb") as file:
            async for chunk in response.content.iter_chunked(CHUNK):
                file.write(chunk)
                progress(len(chunk))
    try:
        await asyncio.to_thread(_check, partial.path, target.name, source)
    except DownloadError:
        partial.discard()
        raise
    partial.path.replace(target)
    partial.discard()
    return Outcome.FETCHED, new_tag


def _check(path: Path, name: str, source: Source) -> None:
    """That the file is what its name says; a page of a captive portal is not a feed."""
    if source.digest and _sha256(path) != source.digest:
        raise DownloadError(f"{source.address}: its SHA-256 is not the one that the mirror lists")
    try:
        if name.endswith(".zip"):
            with zipfile.ZipFile(path) as archive:
                archive.infolist()
        elif name.endswith(".gz"):
            with gzip.open(path) as stream:
                while stream.read(1 << 20):
                    pass
        elif name.endswith(".json"):
            json.loads(path.read_bytes())
    except (zipfile.BadZipFile, gzip.BadGzipFile, zlib.error, EOFError, ValueError, NotImplementedError) as error:
        raise DownloadError(
            f"{source.address}: what arrived is no whole {path.suffixes[0][1:]} file: {error}"
        ) from error


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _final(error: BaseException) -> bool:
    """Whether asking again is pointless: the server answered, and it was no."""
    return isinstance(error, aiohttp.ClientResponseError) and 400 <= error.status < 500 and error.status != 429


def _words(error: BaseException) -> str:
    if isinstance(error, aiohttp.ClientResponseError):
        return f"the server answered {error.status} {error.message}"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return str(error) or type(error).__name__
