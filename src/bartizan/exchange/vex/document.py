"""The door to the readers of VEX documents: which format a document is in, and its statements.

read_vex(data, "app.openvex.json") -> (Statement(...), ...)
"""

import json
from typing import Any

from bartizan.pipeline.statement import Statement

MAX_BYTES = 256 << 20


class VexError(Exception):
    """The document cannot be used; the message says where and why."""


def read_vex(data: bytes, where: str) -> tuple[Statement, ...]:
    """Every statement of a document; raises `VexError`."""
    from bartizan.exchange.vex import csaf, cyclonedx, openvex

    if len(data) > MAX_BYTES:
        raise VexError(f"{where}: {len(data)} bytes are over the limit of {MAX_BYTES}")
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise VexError(f"{where}: not JSON: {error}") from None
    if isinstance(document, dict):
        try:
            if "openvex" in text(document.get("@context")).lower():
                return tuple(openvex.statements(document, where))
            if document.get("bomFormat") == "CycloneDX":
                return tuple(cyclonedx.statements(document, where))
            if isinstance(document.get("document"), dict) and "csaf_version" in document["document"]:
                return tuple(csaf.statements(document, where))
        except VexError as error:
            raise VexError(f"{where}: {error}") from None
    raise VexError(f"{where}: neither OpenVEX (@context), CSAF (csaf_version) nor CycloneDX (bomFormat)")


def text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def items(value: Any) -> list[dict[str, Any]]:
    """The objects of a list; nothing else."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def texts(value: Any) -> list[str]:
    """The texts of a list; nothing else."""
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []
