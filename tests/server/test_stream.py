"""Live refresh: who hears what, what a listener that comes back missed, and that streams end with the server."""

import asyncio
import http.client
import json
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

from bartizan.server import stream
from bartizan.server.stream import Hub
from server_process import Running, wait_until


class Listener:
    """Reads a stream frame by frame."""

    def __init__(self, hub: Hub, organisation: int, last_seen: str = "") -> None:
        self._frames: AsyncIterator[bytes] = hub.listen(organisation, last_seen)
        self.last_id = ""

    async def opened(self) -> "Listener":
        assert await anext(self._frames) == b"retry: 2000\n\n"
        return self

    async def kinds(self, seconds: float = 2.0) -> list[str]:
        try:
            frame = await asyncio.wait_for(anext(self._frames), seconds)
        except (TimeoutError, StopAsyncIteration):
            return []
        out = []
        for line in frame.decode().splitlines():
            if line.startswith("id: "):
                self.last_id = line.removeprefix("id: ")
            if line.startswith("data: "):
                out.append(json.loads(line.removeprefix("data: "))["kind"])
        return out


def hub() -> Hub:
    made = Hub()
    made.start(asyncio.get_running_loop())
    return made


async def test_a_burst_is_one_refresh_of_each_kind() -> None:
    one = hub()
    listener = await Listener(one, 1).opened()
    first = asyncio.ensure_future(listener.kinds())
    await asyncio.sleep(0.01)
    for _ in range(50):
        one.publish(1, "findings", "assets")
    assert await first == ["findings", "assets"]


async def test_organisations_hear_their_own_and_what_is_everybody_s() -> None:
    one = hub()
    listener = await Listener(one, 2).opened()
    waiting = asyncio.ensure_future(listener.kinds())
    await asyncio.sleep(0.01)
    one.publish(1, "findings")
    one.publish(None, "feeds")
    assert await waiting == ["feeds"]


async def test_a_listener_that_comes_back_gets_what_it_missed() -> None:
    one = hub()
    listener = await Listener(one, 1).opened()
    waiting = asyncio.ensure_future(listener.kinds())
    await asyncio.sleep(0.01)
    one.publish(1, "jobs")
    assert await waiting == ["jobs"]
    one.publish(1, "findings")
    again = await Listener(one, 1, listener.last_id).opened()
    assert await again.kinds() == ["findings"]


async def test_after_too_long_or_a_restart_everything_is_refreshed() -> None:
    one = hub()
    for number in range(stream.KEPT + 5):
        one.publish(1, stream.KINDS[number % 4])
    boot = one._boot
    for last_seen in (f"{boot}-1", "another-3", "nonsense", "-", f"{boot}-99999999999"):
        listener = await Listener(one, 1, last_seen).opened()
        assert await listener.kinds() == list(stream.KINDS), last_seen


async def test_closing_ends_every_stream() -> None:
    one = hub()
    listener = await Listener(one, 1).opened()
    waiting = asyncio.ensure_future(listener.kinds(5))
    await asyncio.sleep(0.01)
    one.close()
    assert await waiting == []
    assert await listener.kinds(0.5) == []
    assert one.listeners == 0


def read_events(response: http.client.HTTPResponse, until: str) -> list[str]:
    seen: list[str] = []
    while until not in seen:
        line = response.readline().decode()
        assert line, seen
        if line.startswith("data: "):
            seen.append(json.loads(line[6:])["kind"])
    return seen


def test_the_browser_hears_of_a_job_and_the_server_stops_all_the_same(own_server: Running) -> None:
    browser = own_server.browser()
    connection = http.client.HTTPConnection("127.0.0.1", own_server.port, timeout=20)
    connection.request("GET", "/api/v1/stream", headers={"Cookie": browser.cookie})
    response = connection.getresponse()
    assert response.status == 200
    assert response.headers["content-type"].startswith("text/event-stream")
    own_server.browser()
    import_feeds(browser, own_server)
    assert read_events(response, "jobs")
    began = time.monotonic()
    assert own_server.stop() == 0
    assert timedelta(seconds=time.monotonic() - began) < timedelta(seconds=15)
    connection.close()


def import_feeds(browser: Any, server: Running) -> None:
    from small_feeds import write_feeds

    folder = write_feeds(server.settings.data_dir.parent / "feeds")
    answer = browser.post("/api/v1/feeds/import", {"folder": str(folder)})
    assert answer.status == 202, answer.body
    wait_until(lambda: browser.get(f"/api/v1/jobs/{answer.json()['id']}").json()["state"] == "done", 60)
