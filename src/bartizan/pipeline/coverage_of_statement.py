"""Whether a VEX statement speaks of a finding: same vulnerability, and every package of the finding is one it names.

A finding about a distribution's source package lists the binary packages that are there. A statement about some of them
only does not settle it. A version, architecture or distribution in a statement's package URL must be the package's own;
without one every version is meant.
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from bartizan.model.asset import AssetRef
from bartizan.model.finding import Finding
from bartizan.model.package_url import PackageUrl, parse
from bartizan.pipeline.statement import Product, Statement

_IMAGES = frozenset({"oci", "docker"})


def speaks_of(statement: Statement, finding: Finding, asset: AssetRef) -> bool:
    """Whether the statement settles the finding on this asset."""
    return same_flaw(statement, finding) and _covers(statement.products, finding, asset)


def same_flaw(statement: Statement, finding: Finding) -> bool:
    """Whether both are about one vulnerability, by any of its names."""
    aliases = finding.evidence.get("aliases")
    names = {finding.rule, *(aliases if isinstance(aliases, list) else ())}
    return not statement.vulnerabilities.isdisjoint(names)


def _covers(products: Iterable[Product], finding: Finding, asset: AssetRef) -> bool:
    meant: list[PackageUrl] = []
    for product in products:
        if _is_asset(product.id, asset):
            if not product.components:
                return True
            meant += _urls(product.components)
        elif not product.components:
            meant += _urls((product.id,))
    subject = _url(finding.locator.partition("#")[0])
    packages = finding.evidence.get("packages")
    if subject is None or not meant or not isinstance(packages, list) or not packages:
        return False
    if finding.evidence.get("more_packages"):
        packages = []  # not all are listed: only a statement about the source package itself is enough
        return any(_same(url, subject, {}) and not url.version for url in meant)
    return all(_is_meant(meant, subject, each) for each in packages if isinstance(each, dict))


def _is_meant(meant: Iterable[PackageUrl], subject: PackageUrl, package: Mapping[str, Any]) -> bool:
    return any(_same(url, subject, package) for url in meant)


def _same(url: PackageUrl, subject: PackageUrl, package: Mapping[str, Any]) -> bool:
    """`subject` has the type, namespace and source's name; `package` the binary's name and version."""
    if url.type != subject.type or url.namespace.lower() != subject.namespace.lower():
        return False
    if url.name.lower() not in (subject.name.lower(), str(package.get("name", "")).lower()):
        return False
    if url.version and url.version != package.get("version"):
        return False
    wanted = url.qualifiers.get("arch", "")
    return not wanted or wanted in ("src", "source") or wanted == package.get("arch", wanted)


def _is_asset(product: str, asset: AssetRef) -> bool:
    """An image is named by its reference, by the digest of its configuration, or by a package URL of either."""
    if product in (asset.name, asset.key):
        return True
    url = _url(product)
    if url is None or url.type not in _IMAGES:
        return False
    repository = asset.name.partition("@")[0]
    name, colon, tag = repository.rpartition(":")
    if not colon or "/" in tag:
        name, tag = repository, ""
    if name.rpartition("/")[2] != url.name:
        return False
    wanted = url.qualifiers.get("tag", "")
    return (not url.version or url.version in {asset.key, tag}) and (not wanted or wanted == tag)


def _urls(texts: Iterable[str]) -> list[PackageUrl]:
    return [url for text in texts if (url := _url(text)) is not None]


@lru_cache(maxsize=8192)
def _url(text: str) -> PackageUrl | None:
    return parse(text)
