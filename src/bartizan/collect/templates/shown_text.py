"""What may be shown of the text of a template: one short line, and nothing that looks like a secret."""

from bartizan.collect.resources.plain_secret import looks_secret

MAX_TEXT = 100
"""Characters of a line; what is longer ends in an ellipsis."""
_MAX_LITERAL = 60
HIDDEN = "…"


def cut(text: str) -> str:
    """A text in one line of bounded length."""
    line = " ".join(text[: 10 * MAX_TEXT].split())
    return line if len(line) <= MAX_TEXT else f"{line[: MAX_TEXT - 1]}…"


def shown(value: str, *, hide: bool = False) -> str:
    """What may be told of one text that stands in a template."""
    if hide or len(value) > _MAX_LITERAL or "\n" in value or looks_secret(value):
        return HIDDEN
    return value
