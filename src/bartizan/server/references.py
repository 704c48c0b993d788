"""References: a short id for each request: in its log line, in `X-Request-Id`, in the problem that it may end in."""

import secrets
from typing import Any

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32: nothing that is read aloud wrongly
_KEY = "bartizan_reference"


def new_reference() -> str:
    letters = [secrets.choice(_ALPHABET) for _ in range(8)]
    return "".join(letters[:4]) + "-" + "".join(letters[4:])


def reference_of(scope: Any) -> str:
    """The reference of this request, given at the first asking."""
    state = scope.setdefault("state", {})
    found = state.get(_KEY)
    if not isinstance(found, str):
        found = state[_KEY] = new_reference()
    return found
