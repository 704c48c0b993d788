"""Who is needed by whom in a lock file: what is reached from a project's production dependencies is not for development
only, whatever else asks for it too.
"""

from collections.abc import Iterable, Mapping


def reachable(start: Iterable[str], needs: Mapping[str, Iterable[str]]) -> set[str]:
    """The names to start from, and all that they need directly or not. Circles are no trouble."""
    reached = set(start)
    pending = list(reached)
    while pending:
        for name in needs.get(pending.pop(), ()):
            if name not in reached:
                reached.add(name)
                pending.append(name)
    return reached
