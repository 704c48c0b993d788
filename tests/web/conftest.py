"""A browser for the pages: Debian's Chromium driven by Playwright, against the mock server and against the product.

Both need the built pages (`make ui`) and Chromium; without them the tests are skipped and say so.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, sync_playwright

from web.mock_api import STATIC, MockServer

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = (
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
AXE = Path(__file__).resolve().parents[2] / "web/node_modules/axe-core/axe.min.js"

_REFUSED = re.compile(r"Failed to load resource: (the server responded with a status of 4\d\d|net::ERR_FAILED)")
"""Chromium's own note about an answer that the page expects: 401 before signing in, a connection that a test cuts."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.component)


@dataclass
class Watch:
    """What a page must not do: complain in the console, break the content security policy, ask another origin."""

    origin: str
    complaints: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)

    def console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not _REFUSED.match(message.text):
            self.complaints.append(message.text)

    def request(self, request: Request) -> None:
        if not request.url.startswith((self.origin, "data:", "blob:")):
            self.elsewhere.append(request.url)

    def assert_clean(self) -> None:
        assert self.complaints == []
        assert self.elsewhere == []


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.skip("Chromium is not installed: apt-get install chromium")
    if not (STATIC / "index.html").exists():
        pytest.skip("the pages are not built: make ui")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(FLAGS))
        yield started
        started.close()


@pytest.fixture
def mock() -> Iterator[MockServer]:
    import threading

    server = MockServer()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    made = browser.new_context(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
    made.set_default_timeout(10_000)
    made.grant_permissions(["clipboard-read", "clipboard-write"])
    yield made
    made.close()


@pytest.fixture
def watch(mock: MockServer) -> Watch:
    return Watch(mock.url)


@pytest.fixture
def page(context: BrowserContext, mock: MockServer, watch: Watch) -> Iterator[Page]:
    """Signed in at the mock server, on the overview; watched to the end."""
    opened = context.new_page()
    observe(opened, watch)
    sign_in(opened, mock.url, "admin", "correct horse")
    yield opened
    watch.assert_clean()


def observe(page: Page, watch: Watch) -> None:
    page.on("console", watch.console)
    page.on("pageerror", lambda error: watch.complaints.append(str(error)))
    page.on("request", watch.request)


def sign_in(page: Page, url: str, username: str, password: str) -> None:
    page.goto(url)
    page.get_by_label("Name").fill(username)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("navigation", name="Rooms").wait_for()


@dataclass(frozen=True)
class Violation:
    """What axe-core found, in short."""

    rule: str
    impact: str
    target: str


def violations(page: Page) -> list[Violation]:
    """Serious and critical violations on the page as it stands."""
    if not AXE.exists():
        pytest.skip("axe-core is not installed: npm ci in web/")
    # Evaluated by the debugger, so that the page's content security policy stays as strict as it is.
    page.evaluate(AXE.read_text() + "; undefined")
    found = page.evaluate("() => axe.run(document, {resultTypes: ['violations']}).then(result => result.violations)")
    return [
        Violation(one["id"], one["impact"], " ".join(map(str, node["target"])) + ": " + node["failureSummary"])
        for one in found
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]
