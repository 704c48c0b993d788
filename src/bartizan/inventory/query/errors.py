"""A query that cannot be understood: where, why, and what would have fitted."""

from bartizan.inventory.errors import BadInput


class QueryError(BadInput):
    """Points at a position of the query's text."""

    def __init__(self, position: int, message: str, expected: tuple[str, ...] = ()) -> None:
        told = f" Expected {_listed(expected)}." if expected else ""
        super().__init__(f"query, character {position + 1}: {message}.{told}")
        self.position = position
        """From 0."""
        self.message = message
        self.expected = expected


def _listed(options: tuple[str, ...]) -> str:
    if len(options) == 1:
        return options[0]
    return f"{', '.join(options[:-1])} or {options[-1]}"
