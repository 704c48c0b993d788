"""`bartizan scan sbom`: a bill of materials in CycloneDX or SPDX, judged as its asset would be."""

import sys
from datetime import UTC, datetime
from pathlib import Path

from bartizan import __version__
from bartizan.cli.failure import ExitCode, Failure
from bartizan.cli.scanning import Asked, scan
from bartizan.exchange.interface import ScanResult
from bartizan.model.snapshot import Snapshot


def scan_sbom(asked: Asked, path: Path) -> ScanResult:
    """Read the document and judge what it lists."""
    from bartizan.exchange.bills.document import BillError, read_bill

    try:
        data = sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
        bill = read_bill(data, str(path))
    except OSError as error:
        raise Failure(f"cannot read {path}: {error.strerror}", code=ExitCode.USAGE) from error
    except BillError as error:
        raise Failure(
            f"cannot scan {error}",
            meaning="Nothing was judged.",
            remedy="Give a CycloneDX 1.4 to 1.6 or SPDX 2.3 document in JSON.",
            code=ExitCode.INCOMPLETE,
        ) from error

    def collect(now: datetime, step: object) -> Snapshot:
        return Snapshot(
            asset=bill.asset,
            taken_at=now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            sensor=f"cli/{__version__}",
            sections=bill.sections,
        )

    return scan(asked, str(path), collect)
