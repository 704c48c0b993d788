"""The plan: what a pass tells the watcher to do until the next one; a text file that needs no parser to speak of.

    interval 300
    full_interval 21600
    retry_after 0
    watch /etc/passwd
    walk /usr/local/lib/python3.11/dist-packages

A change of a `watch` path asks for a quick pass, one of a `walk` path for a full one. Written whole or not at all.
"""

import os

INTERVAL = 300
"""Seconds between passes where nobody says otherwise."""
FULL_INTERVAL = 6 * 3600
"""Seconds between passes that walk the whole filesystem."""


class Plan:
    """Plain attributes; the watcher keeps one in memory."""

    __slots__ = ("full_interval", "interval", "retry_after", "walk", "watch")

    def __init__(self) -> None:
        self.interval = INTERVAL
        self.full_interval = FULL_INTERVAL
        self.retry_after = 0
        self.watch: list[str] = []
        self.walk: list[str] = []


def write(path: str, plan: Plan) -> None:
    lines = [
        f"interval {plan.interval}",
        f"full_interval {plan.full_interval}",
        f"retry_after {plan.retry_after}",
        *(f"watch {name}" for name in plan.watch if "\n" not in name),
        *(f"walk {name}" for name in plan.walk if "\n" not in name),
    ]
    with open(path + ".new", "wb") as file:  # noqa: PTH123 - the watcher has no use for pathlib
        file.write(os.fsencode("\n".join(lines) + "\n"))
    os.replace(path + ".new", path)  # noqa: PTH105


def read(path: str) -> Plan:
    """The plan, or the default one where none was written yet; lines that nobody knows are passed over."""
    plan = Plan()
    try:
        with open(path, "rb") as file:  # noqa: PTH123
            lines = os.fsdecode(file.read()).splitlines()
    except FileNotFoundError:
        return plan
    for line in lines:
        name, _, value = line.partition(" ")
        if name == "watch":
            plan.watch.append(value)
        elif name == "walk":
            plan.walk.append(value)
        elif value.isdecimal() and name in ("interval", "full_interval", "retry_after"):
            setattr(plan, name, int(value))
    return plan
