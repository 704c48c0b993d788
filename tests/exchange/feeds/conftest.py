"""A mirror of feeds on loopback, with small bundles."""

import gzip
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from exchange.feeds.loopback_mirror import Mirror, bundle


@pytest.fixture
async def mirror() -> AsyncIterator[Mirror]:
    made = Mirror(
        files={
            "osv/ecosystems.txt": b"Debian\nPyPI\nNowhere\n",
            "osv/Debian/all.zip": bundle("DEBIAN-1", "DEBIAN-2"),
            "osv/PyPI/all.zip": bundle("PYSEC-1"),
            "kev/known_exploited_vulnerabilities.json": b'{"vulnerabilities": []}',
            "epss/epss_scores-current.csv.gz": gzip.compress(b"cve,epss,percentile\n", mtime=0),
        }
    )
    app = web.Application()
    app.router.add_get("/feeds/{path:.+}", made.answer)
    async with TestServer(app) as server:
        made.url = str(server.make_url("/feeds"))
        yield made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "feeds"
