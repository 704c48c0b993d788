"""What a word without quotes stands for in content: YAML 1.2 core scalars."""

import re
from collections.abc import Mapping

_INT = re.compile(r"[-+]?(0|[1-9][0-9]*)\Z")
_FLOAT = re.compile(r"[-+]?([0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))([eE][-+]?[0-9]+)?\Z")
_WORDS: Mapping[str, bool | None] = {"true": True, "false": False, "null": None, "~": None, "": None}


def scalar(text: str) -> str | int | float | bool | None:
    """A plain (unquoted) scalar by the YAML 1.2 core schema, without octal and hexadecimal numbers."""
    if text in _WORDS:
        return _WORDS[text]
    if _INT.match(text):
        return int(text) if len(text) <= 20 else text
    if _FLOAT.match(text):
        return float(text)
    return text
