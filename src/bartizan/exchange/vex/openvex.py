"""OpenVEX 0.2.0 (github.com/openvex/spec), and 0.0.1, whose vulnerability and products are plain texts.

{"@context": "https://openvex.dev/ns/v0.2.0", "@id": "...", "author": "...", "timestamp": "2026-01-08T18:02:03Z",
 "statements": [{"vulnerability": {"name": "CVE-2014-123456"}, "status": "not_affected",
   "products": [{"@id": "pkg:oci/app", "subcomponents": [{"@id": "pkg:deb/debian/zlib1g"}]}],
   "justification": "vulnerable_code_not_in_execute_path"}]}
"""

from collections.abc import Iterator, Mapping
from typing import Any

from bartizan.exchange.vex.document import VexError, items, text, texts
from bartizan.pipeline.statement import Product, Statement, Status


def statements(document: Mapping[str, Any], where: str) -> Iterator[Statement]:
    own = text(document.get("@id")) or where
    author = text(document.get("author"))
    moment = text(document.get("last_updated")) or text(document.get("timestamp"))
    for place, each in enumerate(items(document.get("statements"))):
        try:
            status = Status(text(each.get("status")))
        except ValueError:
            raise VexError(f"statement {place + 1} has the unknown status {text(each.get('status'))!r}") from None
        names = _vulnerability(each.get("vulnerability"))
        products = tuple(_products(each.get("products")))
        if names and products:
            yield Statement(
                document=own,
                author=author,
                vulnerabilities=names,
                products=products,
                status=status,
                justification=text(each.get("justification")),
                text=text(each.get("impact_statement"))
                or text(each.get("action_statement"))
                or text(each.get("status_notes")),
                moment=text(each.get("last_updated")) or text(each.get("timestamp")) or moment,
            )


def _vulnerability(value: Any) -> frozenset[str]:
    if isinstance(value, str):
        return frozenset({value} - {""})
    if not isinstance(value, dict):
        return frozenset()
    return frozenset({text(value.get("name")), *texts(value.get("aliases"))} - {""})


def _products(value: Any) -> Iterator[Product]:
    for each in value if isinstance(value, list) else ():
        if isinstance(each, str):
            yield Product(id=each)
        elif isinstance(each, dict):
            parts = [name for part in items(each.get("subcomponents")) for name in _names(part)]
            parts += texts(each.get("subcomponents"))
            for name in _names(each):
                yield Product(id=name, components=tuple(parts))


def _names(value: Mapping[str, Any]) -> list[str]:
    identifiers = value.get("identifiers")
    purl = text(identifiers.get("purl")) if isinstance(identifiers, dict) else ""
    return [name for name in dict.fromkeys((purl, text(value.get("@id")))) if name]
