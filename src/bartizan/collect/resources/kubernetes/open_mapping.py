"""A mapping that may have more keys than are known: what it does not have is unknown rather than absent."""

from typing import Any

from bartizan.collect.resources.values import Unknown, Value


class OpenMapping(dict[str, Value]):
    """Known entries, and the reason why there may be more."""

    def __init__(self, known: dict[str, Value], unknown: Unknown) -> None:
        super().__init__(known)
        self.unknown = unknown

    def get(self, key: str, default: Any = None) -> Value:
        return super().get(key, self.unknown)


def keys_of(value: Value) -> list[str] | Unknown:
    """The names in a mapping, sorted; unknown where there may be more."""
    if isinstance(value, Unknown):
        return value
    if isinstance(value, OpenMapping):
        return value.unknown
    return sorted(map(str, value)) if isinstance(value, dict) else []
