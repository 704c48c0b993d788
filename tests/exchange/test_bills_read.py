"""Bills of materials read back: ours exactly, other tools' with what they say in their own words, bad ones refused."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bartizan.exchange.bills.document import BillError, read_bill
from bartizan.exchange.bills.package_url import package_fields
from bartizan.exchange.formats import exporter
from bartizan.exchange.interface import ScanResult
from bartizan.model.asset import AssetKind, AssetRef
from bartizan.model.package import Package, package_facts, package_from, purl
from bartizan.model.package_url import parse
from bartizan.model.snapshot import Problem, Section

WORDS = st.text(alphabet="abcXYZ019-_.+~", min_size=1, max_size=12)
TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=12)
PACKAGES = st.builds(
    Package,
    type=st.sampled_from(["deb", "rpm", "npm", "pypi", "maven", "golang", "generic"]),
    name=WORDS | st.builds(lambda a, b: f"{a}/{b}", WORDS, WORDS),
    version=WORDS | st.builds(lambda epoch, rest: f"{epoch}:{rest}", st.integers(0, 9), WORDS),
    namespace=st.just("") | WORDS | st.builds(lambda a, b: f"{a}/{b}", WORDS, WORDS),
    arch=st.just("") | WORDS,
    source=st.just("") | WORDS,
    source_version=st.just("") | WORDS,
    path=st.just("") | TEXT.map(lambda text: f"/{text}"),
    owner=st.just("") | WORDS,
    layer=st.just("") | st.just("sha256:00ff"),
    licences=st.lists(WORDS, max_size=2).map(tuple),
    dev=st.booleans(),
    direct=st.sampled_from([None, True, False]),
    modularity=st.just("") | st.just("nodejs:18"),
    distro=st.just("") | st.just("debian-12"),
    state=st.sampled_from(["installed", "locked"]),
)


def result_of(packages: list[Package]) -> ScanResult:
    by_type: dict[str, list[Any]] = {}
    for package in packages:
        by_type.setdefault(f"packages_{package.type}", []).append(package_facts(package))
    sections = {name: Section(name=name, facts=facts) for name, facts in by_type.items()}
    sections["packages_gem"] = Section(name="packages_gem", facts=[], problems=(Problem(path="/a", reason="damaged"),))
    sections["packages_rpm"] = sections.get("packages_rpm") or Section(name="packages_rpm", facts=None)
    sections["os"] = Section(name="os", facts={"id": "debian", "version_id": "12", "name": "Debian"})
    return ScanResult(
        asset=AssetRef(kind=AssetKind.IMAGE, key="sha256:ab", name="app:1.0"),
        taken_at="2026-11-23T10:00:00Z",
        tool="1",
        sections=sections,
        assessments=(),
    )


@pytest.mark.parametrize("format_", ["cyclonedx", "spdx"])
@given(packages=st.lists(PACKAGES, max_size=4))
def test_what_we_write_reads_back_exactly(format_: str, packages: list[Package]) -> None:
    once = {(each.purl, each.path): each for each in reversed(packages)}
    if len({each.purl for each in once.values() if each.type in ("deb", "rpm")}) < sum(
        each.type in ("deb", "rpm") for each in once.values()
    ):
        return  # a distribution's database names a package once
    result = result_of(list(once.values()))
    out = io.StringIO()
    exporter(format_).write(result, out)
    bill = read_bill(out.getvalue().encode(), "x")
    assert bill.asset == result.asset and bill.sections["os"] == result.sections["os"]
    assert bill.sections["packages_gem"] == result.sections["packages_gem"]
    assert set(bill.sections) == set(result.sections)
    for package in once.values():
        read = [package_from(facts) for facts in bill.sections[f"packages_{package.type}"].facts or ()]  # type: ignore[union-attr, arg-type]
        if package.type != "pypi" and not (package.type == "npm" and package.namespace):  # put into normal form
            assert package in read


def cyclonedx(*components: dict[str, Any], **more: Any) -> bytes:
    return json.dumps({"bomFormat": "CycloneDX", "specVersion": "1.5", "components": list(components), **more}).encode()


def packages_of(data: bytes, section: str) -> list[Package]:
    facts = read_bill(data, "x").sections[section].facts
    assert isinstance(facts, list)
    return [package_from(each) for each in facts]


def test_what_trivy_says() -> None:
    properties = {
        "SrcName": "openssl", "SrcVersion": "3.0.15", "SrcRelease": "1~deb12u1", "LayerDiffID": "sha256:aa",
    }  # fmt: skip
    data = cyclonedx(
        {"type": "operating-system", "name": "debian", "version": "12.9"},
        {
            "type": "library",
            "name": "libssl3",
            "version": "3.0.15-1~deb12u1",
            "purl": "pkg:deb/debian/libssl3@3.0.15-1~deb12u1?arch=amd64&distro=debian-12.9",
            "properties": [
                {"name": f"aquasecurity:trivy:{name}", "value": value} for name, value in properties.items()
            ],
        },
        metadata={"component": {"type": "container", "name": "app:1.0"}},
    )
    [package] = packages_of(data, "packages_deb")
    assert (package.source_name, package.judged_version) == ("openssl", "3.0.15-1~deb12u1")
    assert package.layer == "sha256:aa" and package.distro == "debian-12.9" and package.arch == "amd64"
    bill = read_bill(data, "x")
    assert bill.asset.kind is AssetKind.IMAGE and bill.sections["os"].facts == {
        "id": "debian", "version_id": "12.9", "name": "debian 12.9",
    }  # fmt: skip


def test_what_syft_says() -> None:
    data = cyclonedx(
        {
            "type": "library",
            "name": "openssl-libs",
            "purl": "pkg:rpm/almalinux/openssl-libs@3.0.7-27.el9?arch=x86_64&epoch=1"
            "&upstream=openssl-3.0.7-27.el9.src.rpm&distro=almalinux-9.4",
            "properties": [
                {"name": "syft:location:0:path", "value": "/var/lib/rpm/rpmdb.sqlite"},
                {"name": "syft:location:0:layerID", "value": "sha256:bb"},
            ],
        },
        {"type": "library", "name": "core", "group": "@angular", "purl": "pkg:npm/%40angular/core@16.0.0"},
    )
    [package] = packages_of(data, "packages_rpm")
    assert package.version == "1:3.0.7-27.el9" and package.source == "openssl"
    assert package.judged_version == "1:3.0.7-27.el9" and package.path == "/var/lib/rpm/rpmdb.sqlite"
    [angular] = packages_of(data, "packages_npm")
    assert (angular.namespace, angular.name) == ("@angular", "core")


def test_spdx_of_others() -> None:
    data = json.dumps(
        {
            "spdxVersion": "SPDX-2.3",
            "name": "app",
            "packages": [
                {"name": "debian", "versionInfo": "12", "primaryPackagePurpose": "OPERATING-SYSTEM"},
                {
                    "name": "libssl3",
                    "versionInfo": "3.0.15-1",
                    "sourceInfo": "built package from: openssl 3.0.15-1",
                    "licenseDeclared": "Apache-2.0",
                    "externalRefs": [
                        {"referenceType": "purl", "referenceLocator": "pkg:deb/debian/libssl3@3.0.15-1?arch=amd64"}
                    ],
                },
                {"name": "mystery", "versionInfo": "1.0"},
            ],
        }
    ).encode()
    [package] = packages_of(data, "packages_deb")
    assert package.source == "openssl" and package.licences == ("Apache-2.0",)
    bill = read_bill(data, "x")
    assert "mystery 1.0" in bill.sections["packages_generic"].problems[0].reason


def test_nested_components_are_found() -> None:
    inner = {"type": "library", "name": "log4j-core", "purl": "pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1"}
    [package] = packages_of(cyclonedx({"type": "container", "name": "x", "components": [inner]}), "packages_maven")
    assert (package.namespace, package.name, package.version) == ("org.apache.logging.log4j", "log4j-core", "2.14.1")


def test_nesting_without_end_ends() -> None:
    inner: dict[str, Any] = {"type": "library", "name": "a", "purl": "pkg:npm/a@1"}
    for _ in range(400):
        inner = {"type": "application", "name": "x", "components": [inner]}
    assert read_bill(cyclonedx(inner), "x").sections == {}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not JSON"),
        (b"<bom/>", "JSON forms"),
        (b"[]", "an object was expected|object"),
        (b'{"bomFormat": "CycloneDX", "specVersion": "1.1"}', "1.1"),
        (b'{"spdxVersion": "SPDX-3.0"}', "SPDX-3.0"),
        (b"{}", "neither"),
        (b"[" * 100_000, "not JSON"),
    ],
)
def test_what_cannot_be_read_says_why(data: bytes, message: str) -> None:
    with pytest.raises(BillError, match=message):
        read_bill(data, "x")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
KEYS = ["components", "metadata", "properties", "purl", "name", "evidence", "licenses", "type", "tools", "version"]


@given(st.dictionaries(st.sampled_from(KEYS), JSON), JSON)
def test_any_shape_of_document_is_read_or_refused(component: dict[str, Any], rest: Any) -> None:
    for document in (
        {"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [component, rest], "metadata": rest},
        {"spdxVersion": "SPDX-2.3", "packages": [component, rest], "annotations": rest, "creationInfo": rest},
    ):
        read_bill(json.dumps(document).encode(), "x")


@given(st.sampled_from(["deb", "npm", "golang"]), TEXT, TEXT.filter(bool), TEXT)
def test_a_package_url_reads_back(type_: str, namespace: str, name: str, version: str) -> None:
    if {"", ".", ".."} & {*namespace.split("/"), *name.split("/")} and namespace:
        return
    url = parse(purl(type_, namespace, name, version, {"arch": "amd64"}), name=name)
    if "/" in name and not all(name.split("/")):
        return
    assert url is not None
    assert (url.type, url.namespace, url.name, url.version) == (type_, namespace, name, version)
    assert url.qualifiers == {"arch": "amd64"}


@given(st.text(max_size=40))
def test_what_is_no_package_url_is_none(text: str) -> None:
    url = parse(text)
    assert url is None or package_fields(url)["name"]


@pytest.mark.real_data
def test_documents_of_other_tools(shared: Path) -> None:
    found = {}
    for path in sorted((shared / "data/reports/cyclonedx").glob("*.json")):
        try:
            bill = read_bill(path.read_bytes(), path.name)
        except BillError:
            continue
        found[path.name] = sum(len(each.facts) for each in bill.sections.values() if isinstance(each.facts, list))
    assert found["issue_9277.json"] > 90 and found["log4j.json"] == 1 == found["nested-component-log4j.json"]
