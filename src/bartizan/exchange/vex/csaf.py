"""CSAF 2.0, profile VEX (OASIS, section 4.5).

{"document": {"category": "csaf_vex", "csaf_version": "2.0", "publisher": {"name": "..."}, "tracking": {"id": "..."}},
 "product_tree": {"branches": [{"product": {"product_id": "P1",
    "product_identification_helper": {"purl": "pkg:rpm/redhat/openssl@3.0.7"}}}],
    "relationships": [{"full_product_name": {"product_id": "OS:P1"}, "product_reference": "P1",
                       "relates_to_product_reference": "OS"}]},
 "vulnerabilities": [{"cve": "CVE-2026-0001", "product_status": {"known_not_affected": ["OS:P1"]},
    "flags": [{"label": "vulnerable_code_not_present", "product_ids": ["OS:P1"]}]}]}
"""

from collections.abc import Iterator, Mapping
from typing import Any

from bartizan.exchange.vex.document import items, text, texts
from bartizan.pipeline.statement import Product, Statement, Status

_STATUSES = {
    "known_not_affected": Status.NOT_AFFECTED,
    "fixed": Status.FIXED,
    "known_affected": Status.AFFECTED,
    "under_investigation": Status.UNDER_INVESTIGATION,
}
_DEPTH = 60


def statements(document: Mapping[str, Any], where: str) -> Iterator[Statement]:
    head = document["document"]
    tracking = _object(head.get("tracking"))
    purls = _purls(_object(document.get("product_tree")))
    for flaw in items(document.get("vulnerabilities")):
        names = frozenset({text(flaw.get("cve")), *(text(each.get("text")) for each in items(flaw.get("ids")))} - {""})
        reasons = _told(flaw.get("flags"), "label")
        impacts = _told([each for each in items(flaw.get("threats")) if each.get("category") == "impact"], "details")
        listed = _object(flaw.get("product_status"))
        for key, status in _STATUSES.items():
            for product in texts(listed.get(key)):
                if names and purls.get(product):
                    yield Statement(
                        document=text(tracking.get("id")) or where,
                        author=text(_object(head.get("publisher")).get("name")),
                        vulnerabilities=names,
                        products=tuple(Product(id=purl) for purl in purls[product]),
                        status=status,
                        justification=reasons.get(product, reasons.get("", "")),
                        text=impacts.get(product, impacts.get("", "")),
                        moment=text(tracking.get("current_release_date")),
                    )


def _told(entries: Any, key: str) -> dict[str, str]:
    """Product to text; an entry without products is about all (key "")."""
    out = {}
    for each in items(entries):
        for product in texts(each.get("product_ids")) or [""]:
            out[product] = text(each.get(key))
    return out


def _purls(tree: Mapping[str, Any]) -> dict[str, list[str]]:
    """Product id to package URLs, through the branches and relationships of the tree."""
    out: dict[str, list[str]] = {}
    for product in items(tree.get("full_product_names")):
        _note(product, out)
    pending = [(each, 0) for each in items(tree.get("branches"))]
    while pending:
        branch, depth = pending.pop()
        _note(_object(branch.get("product")), out)
        if depth < _DEPTH:
            pending += [(each, depth + 1) for each in items(branch.get("branches"))]
    for relation in items(tree.get("relationships")):
        whole = text(_object(relation.get("full_product_name")).get("product_id"))
        part = out.get(text(relation.get("product_reference")))
        if whole and part:
            out.setdefault(whole, []).extend(part)
    return out


def _note(product: Mapping[str, Any], out: dict[str, list[str]]) -> None:
    helper = _object(product.get("product_identification_helper"))
    found = [text(helper.get("purl")), *texts(helper.get("purls"))]
    if text(product.get("product_id")) and any(found):
        out.setdefault(text(product.get("product_id")), []).extend(each for each in found if each)


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
