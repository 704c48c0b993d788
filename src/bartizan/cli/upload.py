"""`bartizan scan ... --upload URL`: hand the facts of a scan to a server, so that it keeps judging them.

BARTIZAN_TOKEN=bat_... bartizan scan image app.tar --upload https://bartizan.example
"""

import gzip
import http.client
import io
import json
import os
from typing import Any

from bartizan import __version__
from bartizan.cli.failure import ExitCode, Failure
from bartizan.cli.terminal import say
from bartizan.exchange.interface import ScanResult
from bartizan.exchange.snapshot import write
from bartizan.model.wire import digest
from bartizan.sensors.uplink.client import Server, ServerAddress
from bartizan.sensors.uplink.protocol import REPLY_LIMIT, SNAPSHOT

TOKEN = "BARTIZAN_TOKEN"  # noqa: S105 - the name of a variable
CA = "BARTIZAN_CA"
TIMEOUT = 120.0
"""Seconds for connecting and for each read: a large image takes a while to be stored."""


def upload(result: ScanResult, url: str) -> None:
    """Send the snapshot; says what it came to. A repetition, because the answer was lost, changes nothing."""
    token = os.environ.get(TOKEN, "")
    if not token:
        raise Failure(
            f"--upload needs an API token in {TOKEN}",
            meaning="Nothing was sent.",
            remedy="Make one with the scope `ingest` under Settings, Tokens.",
            code=ExitCode.USAGE,
        )
    try:
        server = Server.parse(url, os.environ.get(CA, ""))
    except ServerAddress as error:
        raise Failure(str(error), meaning="Nothing was sent.", code=ExitCode.USAGE) from None
    text = io.StringIO()
    write(result, text)
    body = gzip.compress(text.getvalue().encode("utf-8", "surrogatepass"), 6, mtime=0)
    key = digest([result.asset, result.taken_at, {name: each.digest for name, each in result.sections.items()}])
    answer = _post(server, body, {"Authorization": f"Bearer {token}", "Idempotency-Key": key})
    news = "is new there" if answer.get("created") else "was known there"
    say(f"Sent to {url}: {result.asset.name} {news}, {len(answer.get('changed', []))} sections changed.")


def _post(server: Server, body: bytes, headers: dict[str, str]) -> dict[str, Any]:
    connection = _connection(server)
    where = f"{server.host}:{server.port}"
    sent = {
        "Content-Type": "application/json",
        "Content-Encoding": "gzip",
        "User-Agent": f"bartizan/{__version__}",
        **headers,
    }
    try:
        connection.request("POST", server.prefix + SNAPSHOT, body=body, headers=sent)
        response = connection.getresponse()
        content = response.read(REPLY_LIMIT)
    except (OSError, http.client.HTTPException) as error:
        raise Failure(
            f"no answer from {where}: {error or type(error).__name__}",
            meaning="The scan is done, but the server does not have its facts.",
            remedy="Is the address right, and its certificate trusted? "
            f"{CA} names a file with a private authority's certificate.",
        ) from error
    finally:
        connection.close()
    try:
        answer = json.loads(content)
    except ValueError:
        answer = None
    if response.status != 200 or not isinstance(answer, dict):
        told = answer if isinstance(answer, dict) else {}
        raise Failure(
            f"{where} did not take the facts: {told.get('title') or f'HTTP status {response.status}'}",
            meaning=str(told.get("detail", "")),
            remedy=str(told.get("remedy", "")),
        )
    return answer


def _connection(server: Server) -> http.client.HTTPConnection:
    if not server.tls:
        return http.client.HTTPConnection(server.host, server.port, timeout=TIMEOUT)
    import ssl

    try:
        context = ssl.create_default_context(cafile=server.ca_file or None)
    except (OSError, ssl.SSLError) as error:
        raise Failure(f"{server.ca_file}: not a file of certificates: {error}", code=ExitCode.USAGE) from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return http.client.HTTPSConnection(server.host, server.port, timeout=TIMEOUT, context=context)
