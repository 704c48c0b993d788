"""JSON with indents, as `json.dump` writes it, in a third of the time where there is much of it: the standard library
writes every bracket and comma from Python then.
"""

import json
from typing import Any, TextIO

LONG = 1 << 18
"""Characters from which it is worth importing what lays them out: that takes as long as to write these."""


def write_json(value: Any, stream: TextIO, *, indent: int) -> None:
    """As `json.dump(value, stream, indent=indent, ensure_ascii=False)`, to the letter."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    laid_out = _laid_out(text, indent) if len(text) >= LONG else None
    if laid_out is None:
        json.dump(value, stream, indent=indent, ensure_ascii=False)
    else:
        stream.write(laid_out)


def _laid_out(text: str, indent: int) -> str | None:
    """None for half a character of a file name that is not UTF-8, and for infinity: neither is JSON elsewhere."""
    import msgspec

    try:
        return msgspec.json.format(text, indent=indent)
    except (UnicodeEncodeError, msgspec.DecodeError):
        return None
