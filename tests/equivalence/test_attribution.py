"""Of a real Debian image with applications inside, nothing is left that nobody answers for: every package and every
finding has the layer and the build step that brought it, says whether that is the base image or the application, and
what the distribution owns is the distribution's."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from bartizan.assess.dispatch import BASE
from bartizan.collect.containers.image import Platform
from bartizan.collect.containers.oci import open_layout
from bartizan.model.finding import Finding, FindingKind, Verdict
from bartizan.model.snapshot import Section
from debian_estate import STEPS, Estate
from debian_root import SITE
from image_files import Compression, ImageFiles, write_layout

pytestmark = [pytest.mark.component, pytest.mark.timeout(900)]
BASE_NAME = "debian:12"
APPLICATION = "/srv/"
OF_THE_WHOLE = {
    ("coverage-program", "packages_generic"),
    ("coverage-version", "packages_golang"),
    *(("licence-unknown", f"packages_{type_}") for type_ in ("deb", "generic", "golang", "maven", "pypi")),
}
"""Findings about a section and not about a package: what they list may be of any layer."""


@dataclass(frozen=True, slots=True)
class Told:
    """The image as it was read, on a base that is known, and what was found in it."""

    layers: list[str]
    packages: list[dict[str, Any]]
    findings: list[Finding]


@pytest.fixture(scope="module")
def told(images: Callable[[Compression], ImageFiles], estate: Estate, tmp_path_factory: pytest.TempPathFactory) -> Told:
    layout = write_layout(tmp_path_factory.mktemp("attributed") / "layout", images("none"))
    sections = dict(estate.image(open_layout(layout, Platform())).sections)
    image = sections["image"].facts
    assert isinstance(image, dict)
    layers = [layer["digest"] for layer in image["layers"]]
    sections[BASE] = Section(name=BASE, facts={"layers": layers[:1], "name": BASE_NAME, "told_by": "--base"})
    packages = [
        fact
        for name, section in sections.items()
        if name.startswith("packages_") and isinstance(section.facts, list)
        for fact in section.facts
        if isinstance(fact, dict)
    ]
    return Told(layers, packages, estate.findings(sections))


def test_every_package_has_the_layer_that_brought_it(told: Told) -> None:
    assert {fact["type"] for fact in told.packages} == {"deb", "pypi", "npm", "maven", "golang", "generic"}
    assert len([fact for fact in told.packages if fact["type"] == "deb"]) > 80
    for fact in told.packages:
        of_application = fact.get("path", "").startswith(APPLICATION)
        assert told.layers.index(fact["layer"]) == (1 if of_application else 0), fact
        assert of_application == (fact["type"] != "deb" and "owner" not in fact), fact


def test_what_the_distribution_owns_says_so(told: Told) -> None:
    owned = {(fact["type"], fact["name"]): fact["owner"] for fact in told.packages if "owner" in fact}
    assert owned == {("pypi", "six"): "python3-six"}


def test_every_finding_says_whose_it_is(told: Told) -> None:
    located = [finding for finding in told.findings if finding.layer]
    whole = {(finding.rule, finding.locator) for finding in told.findings if not finding.layer}
    assert whole == OF_THE_WHOLE
    assert all(finding.verdict is Verdict.UNKNOWN for finding in told.findings if not finding.layer)
    assert {finding.kind for finding in located} == {
        FindingKind.VULNERABILITY,
        FindingKind.LICENCE,
        FindingKind.SECRET,
        FindingKind.MALWARE,
    }
    assert len(located) > 50
    for finding in located:
        index = 1 if APPLICATION in finding.locator else 0
        assert finding.evidence["origin"] == {
            "layer": told.layers[index],
            "index": index,
            "step": STEPS[index],
            "part": ("base", "application")[index],
            "kind": ("operating-system", "application")[index],
            "base": BASE_NAME,
        }, finding
        assert finding.layer == told.layers[index]


def test_what_the_distribution_owns_only_the_distribution_judges(told: Told) -> None:
    judged = {finding.locator.partition("#")[0] for finding in told.findings if finding.layer}
    assert {
        *(
            "pkg:deb/debian/glibc",
            "pkg:deb/debian/six",
            "pkg:deb/debian/tar",
            "pkg:generic/python",
            "pkg:generic/redis",
        ),
        *("pkg:pypi/requests", "pkg:pypi/jinja2", "pkg:npm/lodash", "pkg:npm/minimist", "pkg:golang/stdlib"),
        *("pkg:maven/org.apache.logging.log4j/log4j-core", "pkg:maven/org.yaml/snakeyaml", "/srv/www/upload/x.php"),
        "pkg:golang/golang.org/x/crypto",
    } <= judged
    vulnerable = {finding.locator for finding in told.findings if finding.kind is FindingKind.VULNERABILITY}
    assert not [locator for locator in vulnerable if locator.startswith("pkg:pypi/six")]
    assert {locator for locator in vulnerable if locator.startswith("pkg:generic/python")} == {
        "pkg:generic/python#/srv/bin/python3.11"
    }
    assert any(locator.startswith(f"pkg:pypi/requests#/{SITE}/") for locator in vulnerable)


def test_what_nobody_can_judge_is_named(told: Told) -> None:
    unknown = {finding.rule: finding.evidence for finding in told.findings if finding.kind is FindingKind.COVERAGE}
    assert [item["name"] for item in unknown["coverage-program"]["programs"]] == ["openssl"]
    assert [item["name"] for item in unknown["coverage-version"]["versions"]] == ["example.com/tool"]
