"""Snapshot: the facts alone, as a server takes them; nothing in it was judged.

{"asset": {"kind": "image", "key": "sha256:...", "name": "shop/web:1.4"}, "taken_at": "2026-11-23T10:37:00Z",
 "sensor": "cli/0.1.0", "sections": {"image": {"facts": {...}, "problems": []}, "packages_deb": {...}}}

    bartizan scan image app.tar --format snapshot --output app.json
    curl --data-binary @app.json -H "Authorization: Bearer $BARTIZAN_TOKEN" https://HOST/api/v1/ingest/snapshot
"""

import json
from typing import Any, TextIO

from bartizan.exchange.interface import Exporter, ScanResult
from bartizan.model.wire import plain


def write(result: ScanResult, stream: TextIO) -> None:
    json.dump(document(result), stream, ensure_ascii=False)
    stream.write("\n")


def document(result: ScanResult) -> dict[str, Any]:
    """The facts as plain JSON values. Digests are left out: whoever reads them computes its own."""
    return {
        "asset": plain(result.asset),
        "taken_at": result.taken_at,
        "sensor": f"cli/{result.tool}",
        "sections": {
            name: {"facts": section.facts, "problems": plain(section.problems)}
            for name, section in sorted(result.sections.items())
        },
    }


EXPORTER = Exporter(name="snapshot", media_type="application/json", suffix=".json", write=write)
