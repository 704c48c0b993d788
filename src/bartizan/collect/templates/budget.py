"""What evaluating one configuration may make in all, so that a template written to exhaust a machine does not.

A few lines can ask for anything: `[for i in range(1e5) : [for j in range(1e5) : i * j]]`, forty locals that each name
the one before four times, twenty modules that each call two. Values are therefore counted as they are made; what goes
beyond is unknown with that as its reason, and the rest of the template is judged.
"""

from collections.abc import Iterable

from bartizan.collect.resources.values import Document, Value

MAX_PARTS = 4_000_000
"""Elements of lists and objects, and pieces of 64 characters of texts, that one configuration may make."""
MAX_VALUE = 1_000_000
"""Parts of one value, each counted as often as it is reached."""
MAX_TEXT = 4 << 20
"""Characters of one text."""
MAX_INSTANCES = 50_000
"""Instances of resources and modules that one configuration may make."""
_PIECE = 64
_HEAVY = 64
"""Values of so many parts are weighed once and remembered."""


class TooMuch(Exception):
    """The value would go beyond what a configuration may make."""


class Budget:
    """What is left for one configuration."""

    def __init__(self) -> None:
        self._parts = MAX_PARTS
        self._instances = MAX_INSTANCES
        self._heavy: dict[int, tuple[Value, int]] = {}

    def spend(self, parts: int) -> None:
        """Count parts that were made or will be; raises TooMuch."""
        self._parts -= parts
        if self._parts < 0:
            raise TooMuch(f"the templates make more than {MAX_PARTS} values")

    def instances(self, wanted: int) -> int:
        """How many of the wanted instances may be made."""
        granted = min(wanted, self._instances)
        self._instances -= granted
        return granted

    def made(self, value: Value) -> Value:
        """Count a new value; raises TooMuch."""
        if isinstance(value, str):
            if len(value) > MAX_TEXT:
                raise TooMuch(f"a text of more than {MAX_TEXT} characters")
            if len(value) > _PIECE:
                self.spend(len(value) // _PIECE)
        elif isinstance(value, (list, dict)) and value:
            self.spend(len(value))
            self._weigh(value)
        return value

    def _weigh(self, value: Value) -> int:
        """Parts of a value, shared ones counted wherever they are: whoever walks it will meet them so often."""
        if isinstance(value, Document):
            value = value.value
        if not isinstance(value, (list, dict)):
            return 1
        items: Iterable[Value] = value.values() if isinstance(value, dict) else value
        known = self._heavy.get(id(value))
        if known is not None:
            return known[1]
        weight = 1
        for item in items:
            weight += self._weigh(item) if isinstance(item, (list, dict, Document)) else 1
        if weight > MAX_VALUE:
            raise TooMuch(f"a value of more than {MAX_VALUE} parts")
        if weight > _HEAVY:
            self._heavy[id(value)] = (value, weight)
        return weight
