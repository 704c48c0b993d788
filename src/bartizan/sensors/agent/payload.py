"""`show-payload`: prints, as indented JSON, exactly what a full pass would send from this host. Sends nothing."""

import argparse
import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime

from bartizan.model.wire import plain
from bartizan.sensors.agent import exits, gather
from bartizan.sensors.agent.options import _folder
from bartizan.sensors.uplink.fitting import fit


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m bartizan.sensors.agent show-payload", description="Print what would be sent; send nothing."
    )
    parser.add_argument("--root", default="/", type=_folder, help="folder to look at instead of this host")
    parser.add_argument("--section", action="append", default=[], help="only this section; may be given again")
    parsed = parser.parse_args(arguments)
    snapshot = fit(gather.full(parsed.root, datetime.now(UTC)))
    missing = [name for name in parsed.section if name not in snapshot.sections]
    if missing:
        parser.error(f"no section {', '.join(missing)}; there are {', '.join(sorted(snapshot.sections))}")
    sections = {
        name: {"digest": section.digest, "facts": section.facts, "problems": section.problems}
        for name, section in sorted(snapshot.sections.items())
        if not parsed.section or name in parsed.section
    }
    document = {
        "asset": snapshot.asset,
        "taken_at": snapshot.taken_at,
        "sensor": snapshot.sensor,
        "sections": sections,
    }
    json.dump(plain(document), sys.stdout, indent=2, ensure_ascii=True)
    sys.stdout.write("\n")
    return exits.DONE
