"""CycloneDX VEX: the analyses of vulnerabilities in a CycloneDX document, with the components or apart from them.

{"bomFormat": "CycloneDX", "serialNumber": "urn:uuid:...", "vulnerabilities": [{"id": "CVE-2026-0001",
   "analysis": {"state": "not_affected", "justification": "code_not_reachable", "detail": "..."},
   "affects": [{"ref": "urn:cdx:3e671687-395b-41f5-a30f-a58921a69b79/1#pkg:npm/lodash@4.17.4"}]}]}
"""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from bartizan.exchange.vex.document import items, text, texts
from bartizan.pipeline.statement import Product, Statement, Status

_STATES = {
    "not_affected": Status.NOT_AFFECTED,
    "false_positive": Status.NOT_AFFECTED,
    "resolved": Status.FIXED,
    "resolved_with_pedigree": Status.FIXED,
    "exploitable": Status.AFFECTED,
    "in_triage": Status.UNDER_INVESTIGATION,
}


def statements(document: Mapping[str, Any], where: str) -> Iterator[Statement]:
    references = {text(each.get("bom-ref")): text(each.get("purl")) for each in items(document.get("components"))}
    metadata = document.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    authors = [text(each.get("name")) for each in items(metadata.get("authors"))]
    for flaw in items(document.get("vulnerabilities")):
        analysis = flaw.get("analysis")
        status = _STATES.get(text(analysis.get("state"))) if isinstance(analysis, dict) else None
        aliases = (text(each.get("id")) for each in items(flaw.get("references")))
        names = frozenset({text(flaw.get("id")), *aliases} - {""})
        products = tuple(Product(id=each) for each in _affected(flaw, references) if each)
        if status is None or not names or not products or not isinstance(analysis, dict):
            continue
        yield Statement(
            document=text(document.get("serialNumber")) or where,
            author=", ".join(each for each in authors if each),
            vulnerabilities=names,
            products=products,
            status=status,
            justification=text(analysis.get("justification"))
            or ("false_positive" if analysis.get("state") == "false_positive" else ""),
            text=text(analysis.get("detail")) or ", ".join(texts(analysis.get("response"))),
            moment=text(analysis.get("lastUpdated")) or text(flaw.get("updated")) or text(metadata.get("timestamp")),
        )


def _affected(flaw: Mapping[str, Any], references: Mapping[str, str]) -> Iterator[str]:
    """References of the same document, of another (BOM-Link), or package URLs used as references."""
    for each in items(flaw.get("affects")):
        reference = text(each.get("ref"))
        own = reference.partition("#")[2] if reference.startswith("urn:cdx:") else reference
        yield references.get(own) or references.get(unquote(own)) or unquote(own)
