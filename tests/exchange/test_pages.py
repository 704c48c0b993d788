"""JUnit and HTML: markup that stays markup whatever the estate calls its things."""

from dataclasses import replace
from html.parser import HTMLParser
from io import StringIO
from xml.etree.ElementTree import fromstring

from bartizan.exchange import html, junit
from bartizan.exchange.interface import ScanResult
from bartizan.model.asset import AssetKind, AssetRef


def written(result: ScanResult) -> str:
    stream = StringIO()
    junit.write(result, stream)
    return stream.getvalue()


def test_junit_counts_failures_unknowns_and_passes(result: ScanResult) -> None:
    root = fromstring(written(result))
    assert root.attrib == {"name": "bartizan", "tests": "10", "failures": "6", "errors": "1"}
    suites = {suite.attrib["name"]: suite for suite in root}
    assert list(suites) == ["policy", "vulnerability:packages_deb", "vulnerability:packages_pypi"]
    passed = [case for case in suites["policy"] if not len(case)]
    assert [case.attrib["name"] for case in passed] == ["host-ssh-empty-passwords"]
    error = suites["policy"].find("testcase/error")
    assert error is not None
    assert error.text == "users.accounts[].password: permission denied"


def test_a_name_that_xml_cannot_hold_does_not_break_it(result: ScanResult) -> None:
    hostile = replace(result, asset=AssetRef(kind=AssetKind.HOST, key="k", name="a\x00<b>&\udc80\x1b"))
    case = fromstring(written(hostile)).find("testsuite/testcase")
    assert case is not None
    assert case.attrib["classname"].startswith("a\ufffd<b>&\ufffd\ufffd.")


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.addresses += [value or "" for name, value in attrs if name in {"src", "href"}]


def test_html_runs_nothing_and_asks_nobody(result: ScanResult) -> None:
    hostile = replace(result, asset=AssetRef(kind=AssetKind.HOST, key="k", name="<img src=x onerror=alert(1)>"))
    tags = _Tags()
    tags.feed(html.page(hostile))
    assert not tags.names & {"script", "img", "iframe", "link", "object"}
    assert tags.addresses == []


def test_html_says_what_to_do_first(result: ScanResult) -> None:
    page = html.page(result)
    assert page.index("Upgrade <strong>openssh</strong> to <code>1:9.2p1-2+deb12u10</code>") < page.index(
        "<h2>Packages"
    )
    assert "1 known to be exploited" in page
