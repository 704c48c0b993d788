"""The pages on the product itself: a real server, this very host enrolled through the real uplink, a real browser."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from server_process import Running, run_server, wait_until
from web.conftest import Watch, observe, sign_in, violations


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    running = run_server(tmp_path_factory.mktemp("product"))
    yield running
    running.stop()


@pytest.fixture
def product(context: BrowserContext, server: Running) -> Iterator[Page]:
    page, watch = context.new_page(), Watch(server.url)
    observe(page, watch)
    sign_in(page, server.url, "admin", server.password)
    yield page
    watch.assert_clean()


def enrol(server: Running, folder: Path) -> None:
    key = folder / "activation.key"
    key.write_text(server.activation_key())
    command = [sys.executable, "-m", "bartizan.cli.main", "sensor", "enrol", "--server", server.url]
    command += ["--activation-key-file", str(key), "--state", str(folder / "agent")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def inhabited(server: Running, tmp_path: Path) -> Running:
    """The server with this host on it, whichever process ran the test that enrols it."""
    browser = server.browser()
    if not browser.get("/api/v1/assets?query=asset.kind:host").json()["items"]:
        enrol(server, tmp_path)
    wait_until(lambda: browser.get("/api/v1/findings?query=state:open").json()["items"], 120)
    return server


def test_an_empty_estate_teaches_and_fills_by_itself(product: Page, server: Running, tmp_path: Path) -> None:
    expect(product.get_by_role("heading", name="Nothing is watched yet")).to_be_visible()
    expect(product.get_by_text("bartizan up")).to_be_visible()
    assert violations(product) == []
    enrol(server, tmp_path)
    # Nobody reloads: the server tells the page, and the page reads anew.
    expect(product.get_by_role("heading", name="Open findings by severity")).to_be_visible(timeout=60_000)
    product.locator(".sentence .figure", has_text=re.compile(r"^[1-9]")).first.wait_for(timeout=120_000)
    assert violations(product) == []


def test_findings_are_asked_for_opened_and_decided(product: Page, inhabited: Running) -> None:
    product.goto(f"{inhabited.url}/findings?query=state%3Aopen+and+kind%3Apolicy")
    product.locator(".data-table .row-link").first.wait_for()
    before = product.locator(".list-title [role=status]").inner_text()
    for key in ("j", "Enter"):
        product.keyboard.press(key)
    product.locator(".side-panel").get_by_role("heading", name="Evidence").wait_for()
    product.keyboard.press("e")
    dialog = product.get_by_role("dialog")
    dialog.get_by_label("Reason").fill("Accepted in a test")
    dialog.get_by_role("button", name="Decide").click()
    expect(product.locator(".list-title [role=status]")).not_to_have_text(before)
    product.get_by_role("button", name="Undo").click()
    expect(product.locator(".list-title [role=status]")).to_have_text(before)
    product.goto(f"{inhabited.url}/governance")
    expect(product.get_by_role("cell", name="Accepted in a test")).to_be_visible()


def test_everything_that_matches_a_query_is_accepted_and_comes_back(product: Page, inhabited: Running) -> None:
    query = "state:open and kind:policy and severity:low"
    product.goto(f"{inhabited.url}/findings?query={quote(query)}")
    product.locator(".data-table .row-link").first.wait_for()
    status = product.locator(".list-title [role=status]")
    before = status.inner_text()
    product.get_by_role("button", name="Decide on all").click()
    dialog = product.get_by_role("dialog", name="Decide on everything that matches")
    expect(dialog.locator(".exception-query")).to_have_text("kind:policy and severity:low")
    promised = dialog.get_by_text("match now").inner_text().split()[0]
    dialog.get_by_text("30 days").click()
    dialog.get_by_label("Reason").fill("The laboratory is not reachable")
    dialog.get_by_role("button", name="Decide on all of it").click()
    expect(status).to_have_text("0 findings")
    [made] = [each for each in inhabited.browser().get("/api/v1/decisions").json()["items"] if each["query"]]
    assert (made["active"], made["covers"], made["verdict"]) == (True, int(promised), "accepted")
    assert made["expires_at"]
    product.get_by_role("button", name="Undo").click()
    expect(status).to_have_text(before)
    product.locator(".data-table .row-link").first.click()
    story = product.locator(".timeline .event")
    expect(story.filter(has_text="The laboratory is not reachable")).to_have_count(1)
    expect(story.filter(has_text="was taken back by admin")).to_have_count(1)
    product.goto(f"{inhabited.url}/governance")
    expect(product.locator("tbody tr", has_text="The laboratory is not reachable")).to_contain_text("ended")


def test_a_parameter_that_is_set_changes_results_and_their_history_says_so(product: Page, inhabited: Running) -> None:
    """This host's release is called out of support, and is in support again when that is reset."""
    browser = inhabited.browser()
    host = browser.get("/api/v1/assets?query=asset.kind:host").json()["items"][0]["id"]
    system = browser.get(f"/api/v1/assets/{host}/sections/os").json()["facts"]
    policy = "host-os-supported"
    product.goto(f"{inhabited.url}/compliance/{policy}")
    expect(product.locator(".plain-table .outcome-pass")).to_be_visible()
    field = product.get_by_role("textbox", name=re.compile("^ended"))
    field.fill(json.dumps([f"{system['id']} {system['version_id']}"]))
    field.press("Enter")
    # The results are judged anew on the server, and the page follows by itself.
    product.locator(".plain-table .outcome-fail").click(timeout=60_000)
    product.locator(".timeline").wait_for()
    expect(product.locator(".because").first).to_contain_text("ended of this policy was set to")
    expect(product.locator(".because").first).to_contain_text("Policy changed")
    product.goto(f"{inhabited.url}/compliance/{policy}")
    product.get_by_role("button", name="Reset").click()
    expect(product.locator(".plain-table .outcome-pass")).to_be_visible(timeout=60_000)
    product.goto(f"{inhabited.url}/assets/{host}?tab=timeline")
    gone = product.locator(".event-finding-fixed", has_text=policy).first
    expect(gone.locator(".because")).to_contain_text("the organisation's parameters of policies changed")


def test_a_wrong_query_is_marked_and_a_right_one_completed(product: Page, inhabited: Running) -> None:
    product.goto(f"{inhabited.url}/findings?query=state%3Aopen+and+sevrity%3Ahigh")
    expect(product.locator(".query-note")).to_contain_text("sevrity")
    assert "15ch" in (product.locator(".query-caret").get_attribute("style") or "")
    product.goto(f"{inhabited.url}/findings")
    product.locator(".data-table .row-link").first.wait_for()
    product.keyboard.press("/")
    product.keyboard.type("sever")
    expect(product.get_by_role("option", name="severity:")).to_be_visible()
    product.keyboard.press("Escape")


def upload(server: Running) -> tuple[str, str]:
    """An image and a source tree, as a pipeline sends them; their ids once both were judged."""
    browser = server.browser()
    layer = {"digest": "sha256:" + "1" * 64, "size": 4096, "step": "COPY . /app"}
    bucket = {"type": "aws.s3.bucket", "id": "/net#aws_s3_bucket.logs", "name": "logs", "attributes": {}}
    place = {"path": "/net/main.tf", "line": 3, "end_line": 9, "module": "module.net"}
    sent: dict[str, dict[str, Any]] = {
        "image": {"image": {"platform": "linux/amd64", "layers": [layer]}, "os": {"id": "debian", "version_id": "12"}},
        "repository": {"resources_terraform": {"resources": [bucket | {"location": place}], "templates": ["/net"]}},
    }
    ids = []
    for kind, sections in sent.items():
        facts = {name: {"facts": each, "problems": []} for name, each in sections.items()}
        asset = {"kind": kind, "key": f"{kind}-key", "name": f"shop-{kind}"}
        message = {"asset": asset, "taken_at": "2026-11-20T10:00:00Z", "sensor": "test/1", "sections": facts}
        ids.append(browser.post("/api/v1/ingest/snapshot", message).json()["asset_id"])
    wait_until(lambda: browser.get(f"/api/v1/assets/{ids[1]}/findings").json()["total"], 60)
    return ids[0], ids[1]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_room_shows_this_host_without_a_serious_violation(product: Page, inhabited: Running, scheme: str) -> None:
    product.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    browser = inhabited.browser()
    hosts = "/api/v1/assets?query=asset.kind:host"
    asset = browser.get(hosts).json()["items"][0]["id"]
    finding = browser.get("/api/v1/findings?query=state:open").json()["items"][0]["id"]
    policy = browser.get("/api/v1/policies").json()["items"][0]["id"]
    image, code = upload(inhabited)
    rooms = {
        "/": ".fix-table, .card",
        "/findings": ".data-table .row-link",
        "/findings?query=state%3Aopen&view=rule": ".group-table",
        f"/findings/{finding}": ".evidence",
        "/assets": ".data-table .row-link",
        f"/assets/{asset}": ".factors",
        f"/assets/{asset}?tab=facts": ".facts-head",
        f"/assets/{asset}?tab=facts&section=users": ".fact-table",
        f"/assets/{asset}?tab=facts&section=sshd": ".facts-head",
        f"/assets/{asset}?tab=policies": ".plain-table",
        f"/assets/{asset}?tab=timeline": ".timeline",
        "/compliance": ".policy-table",
        f"/compliance/{policy}": ".evidence",
        "/compliance/frameworks/nist-800-53": ".control-family",
        f"/compliance/frameworks/cis-debian-12?asset={asset}": ".control-family",
        "/images": ".data-table .row-link",
        f"/images/{image}": ".layers",
        "/code": ".data-table .row-link",
        f"/code/{code}": ".code-file",
        f"/assets/{code}?tab=policies": ".plain-table",
        "/settings?tab=registries": ".empty",
        "/fleet": ".plain-table",
        "/governance?tab=audit": ".plain-table",
        "/settings": ".card, .empty",
        "/settings?tab=jobs": ".jobs",
        "/settings?tab=tokens": ".card",
    }
    found = {}
    for path, sign in rooms.items():
        product.goto(inhabited.url + path)
        product.locator(sign).first.wait_for()
        if wrong := violations(product):
            found[path] = wrong
    assert found == {}


def test_a_session_that_ended_on_the_server_leads_to_sign_in(product: Page, inhabited: Running) -> None:
    product.goto(f"{inhabited.url}/assets")
    product.locator(".data-table .row-link").first.wait_for()
    product.context.clear_cookies()
    product.locator(".data-table .row-link").first.click()
    product.get_by_label("Name").fill("admin")
    product.get_by_label("Password", exact=True).fill(inhabited.password)
    product.get_by_role("button", name="Sign in").click()
    expect(product.get_by_role("tab", name="Facts")).to_be_visible()
