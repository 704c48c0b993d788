"""Fitting text into a terminal's width."""

from collections.abc import Sequence


def middle(text: str, room: int) -> str:
    """Shortened in the middle, where a name says least: `linux-ima…7-amd64`."""
    if len(text) <= room:
        return text
    if room < 2:
        return text[:room]
    head = room // 2
    return f"{text[:head]}…{text[len(text) - (room - 1 - head) :]}"


def shares(longest: Sequence[int], room: int, least: int = 8) -> list[int]:
    """How wide each column may be, when the longest text of each would take `longest`: the widest give way first."""
    widths = list(longest)
    while sum(widths) > room:
        widest = max(range(len(widths)), key=widths.__getitem__)
        if widths[widest] <= least:
            break
        widths[widest] -= 1
    return widths
