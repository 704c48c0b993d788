"""The JSON format: stable names, everything in it."""

import json
from io import StringIO

from bartizan.exchange import json as json_format
from bartizan.exchange.interface import ScanResult


def test_it_holds_the_whole_result(result: ScanResult) -> None:
    stream = StringIO()
    json_format.write(result, stream)
    document = json.loads(stream.getvalue())
    assert list(document) == [
        "schema", "tool", "asset", "taken_at", "complete", "incomplete", "knowledge", "counts", "assessments",
        "sections", "packages", "findings", "suppressed",
    ]  # fmt: skip
    assert document["schema"] == "bartizan/scan/1"
    assert document["asset"] == {"kind": "host", "key": "0f1e2d", "name": "web-1"}
    assert document["complete"] is False
    assert document["counts"]["could_not_be_judged"] == 1
    assert document["knowledge"]["feeds"] == [
        {"source": "osv/Debian", "records": 37703, "newest": "2026-11-20T00:00:00Z"}
    ]
    assert {"name": "users", "digest": result.sections["users"].digest,
            "problems": [{"path": "/etc/shadow", "reason": "permission denied"}]} in document["sections"]  # fmt: skip
    first = document["findings"][0]
    assert (first["kind"], first["rule"], first["locator"]) == (
        "vulnerability",
        "CVE-2024-6387",
        "pkg:deb/debian/openssh",
    )
    assert first["fix"] == {"state": "fixed", "version": "1:9.2p1-2+deb12u3", "text": ""}
    assert first["evidence"]["kev"]["added"] == "2024-07-01"
