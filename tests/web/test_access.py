"""Every page in both themes: axe-core finds nothing serious, and the content security policy holds."""

import gzip
import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from web.conftest import Watch, observe, sign_in, violations
from web.mock_api import STATIC, MockServer

PAGES = {
    "/": ".fix-table",
    "/findings?query=state%3Aopen": ".data-table .row-link",
    "/findings?query=state%3Aopen&panel={finding}": ".side-panel h3",
    "/findings?query=state%3Aopen&view=package": ".group-table",
    "/findings?query=sevrity%3Ahigh": ".query-note",
    "/findings/{finding}": ".evidence",
    "/findings/{unknown}": ".unknown-list",
    "/assets": ".data-table .row-link",
    "/assets?panel={asset}": ".side-panel h3",
    "/assets/{asset}": ".graph",
    "/assets/{asset}?tab=findings": ".data-table .row-link",
    "/assets/{asset}?tab=facts": ".facts-head",
    "/assets/{asset}?tab=facts&section=packages_deb": ".fact-table",
    "/assets/{asset}?tab=policies": ".outcome-fail",
    "/assets/{asset}?tab=timeline": ".timeline",
    "/compliance": ".policy-table",
    "/compliance/frameworks/nist-800-53": ".control-family",
    "/compliance/frameworks/pci-dss-4?status=fail": ".control-fail",
    "/images": ".data-table .row-link",
    "/images/image-1": ".layers",
    "/images/image-1?by=layer": ".placed-group h3",
    "/code": ".data-table .row-link",
    "/code/repository-1": ".code-file",
    "/compliance/host-ssh-root-login": ".evidence",
    "/fleet": ".plain-table",
    "/governance": ".empty",
    "/governance?tab=audit": ".plain-table",
    "/settings": ".plain-table",
    "/settings?tab=registries": ".registry",
    "/settings?tab=tokens": ".plain-table",
    "/settings?tab=jobs": ".jobs",
    "/settings?tab=appearance": ".choices",
    "/nowhere": ".empty",
}


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_every_page_is_accessible(browser: Browser, mock: MockServer, theme: str, width: int) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 800}, color_scheme=theme, reduced_motion="reduce")  # type: ignore[arg-type]
    page, watch = context.new_page(), Watch(mock.url)
    observe(page, watch)
    page.goto(mock.url)
    page.get_by_label("Name").wait_for()
    found = {"sign-in": violations(page)}
    sign_in(page, mock.url, "admin", "correct horse")
    page.set_viewport_size({"width": width, "height": 844})
    names = {
        "finding": mock.estate.findings[0]["id"],
        "unknown": next(one["id"] for one in mock.estate.findings if one["state"] == "unknown"),
        "asset": mock.estate.assets[0]["id"],
    }
    for path, sign in PAGES.items():
        page.goto(mock.url + path.format(**names))
        page.locator(sign).first.wait_for()
        found[path] = violations(page)
    assert {path: list for path, list in found.items() if list} == {}
    watch.assert_clean()
    context.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_what_opens_over_a_page_is_accessible(browser: Browser, mock: MockServer, theme: str) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 800}, color_scheme=theme, reduced_motion="reduce")  # type: ignore[arg-type]
    page, watch = context.new_page(), Watch(mock.url)
    observe(page, watch)
    sign_in(page, mock.url, "admin", "correct horse")
    page.locator(".fix-table").wait_for()
    opened: dict[str, object] = {}

    def look(name: str) -> None:
        page.wait_for_timeout(250)
        if wrong := violations(page):
            opened[name] = wrong
        page.keyboard.press("Escape")
        page.wait_for_timeout(250)

    page.keyboard.press("?")
    look("keyboard map")
    page.keyboard.press("Control+k")
    look("palette")
    for name in ("Knowledge", "jobs", "Signed in"):
        page.get_by_role("button", name=re.compile(name)).click()
        look(name)
    page.keyboard.press("/")
    page.keyboard.type("sev")
    page.get_by_role("option").first.wait_for()
    look("completion")
    page.goto(f"{mock.url}/findings?query=state%3Aopen+and+severity%3Acritical")
    page.locator(".data-table .row-link").first.wait_for()
    for key in ("j", "x", "e"):
        page.keyboard.press(key)
    page.get_by_role("dialog").wait_for()
    look("decision")
    look("selection")
    page.get_by_role("button", name="Decide on all").click()
    page.get_by_role("dialog").get_by_role("button", name="Decide on all of it").click()
    look("decision by query without a reason")
    page.goto(f"{mock.url}/compliance/host-ssh-root-login")
    page.get_by_label(re.compile("^max_attempts")).fill("x")
    page.get_by_label(re.compile("^max_attempts")).press("Enter")
    page.locator(".parameter .field-error").wait_for()
    look("parameter of the wrong type")
    page.goto(f"{mock.url}/fleet")
    page.get_by_role("button", name="Enrol a host").click()
    look("enrolment")
    page.goto(f"{mock.url}/settings?tab=registries")
    page.get_by_role("button", name="Watch a registry").click()
    look("registry")
    assert opened == {}
    watch.assert_clean()
    context.close()


def test_focus_is_always_visible(page: Page, mock: MockServer) -> None:
    page.goto(f"{mock.url}/findings?query=state%3Aopen")
    page.locator(".data-table .row-link").first.wait_for()
    page.locator("body").focus()
    unseen = []
    for _ in range(40):
        page.keyboard.press("Tab")
        seen = page.evaluate(
            """() => {
              const node = document.activeElement;
              if (!node || node === document.body) return true;
              const chain = [node, node.parentElement, node.closest('.query'), node.closest('label')].filter(Boolean);
              return chain.some(one => {
                const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(one);
                return (outlineStyle !== 'none' && parseFloat(outlineWidth) > 0) || boxShadow !== 'none';
              });
            }"""
        )
        if not seen:
            unseen.append(page.evaluate("document.activeElement.outerHTML.slice(0, 120)"))
    assert unseen == []


def test_the_initial_script_is_small() -> None:
    index = STATIC / "index.html"
    if not index.exists():
        pytest.skip("the pages are not built: make ui")
    text = index.read_text()
    files = re.findall(r'(?:src|href)="/([^"]+\.js)"', text)
    assert files
    size = sum(len(gzip.compress((STATIC / name).read_bytes())) for name in files)
    print(f"initial script: {size / 1000:.0f} kB gzipped in {len(files)} files")
    assert size < 250_000


def test_nothing_is_inline_and_names_are_hashed() -> None:
    index = STATIC / "index.html"
    if not index.exists():
        pytest.skip("the pages are not built: make ui")
    text = index.read_text()
    assert "<style" not in text
    assert re.findall(r"<script(?![^>]*\bsrc=)", text) == []
    assert re.findall(r"\son\w+=", text) == []
    bundle = [path.name for path in Path(STATIC / "bundle").iterdir()]
    assert bundle
    assert all(re.search(r"-[\w-]{8}\.(js|css|woff2?)(\.gz|\.br)?$", name) for name in bundle)


def test_the_lock_file_names_no_registry_and_proves_every_package() -> None:
    import json

    lock = json.loads((Path(__file__).resolve().parents[2] / "web/package-lock.json").read_text())
    packages = {name: entry for name, entry in lock["packages"].items() if name}
    assert packages
    assert [name for name, entry in packages.items() if "resolved" in entry] == []
    assert [name for name, entry in packages.items() if "integrity" not in entry] == []
