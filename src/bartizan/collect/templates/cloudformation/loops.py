"""Fn::ForEach, written out: AWS CloudFormation Template Reference, "Fn::ForEach" (transform AWS::LanguageExtensions).

    Resources:
      Fn::ForEach::Topics:
        - Name
        - [Success, Failure]
        - SnsTopic${Name}: {Type: AWS::SNS::Topic, Properties: {TopicName: {Ref: Name}}}

becomes `SnsTopicSuccess` and `SnsTopicFailure`. A loop whose list is not known stays as it stands and is reported.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from bartizan.collect.templates.budget import Budget

PREFIX = "Fn::ForEach::"
_DEEPEST = 5
"""Loops within loops, as CloudFormation allows."""

Names = Mapping[str, str]


class Loops:
    """Writes out the loops of one template; knows afterwards where each name came from, and what it could not do."""

    def __init__(self, value: Callable[[Any], Any], budget: Budget) -> None:
        self._value, self._budget = value, budget
        self.sources: dict[str, str] = {}
        """Path of what was written out (`Resources.SnsTopicSuccess`) to the path of what stands in the file."""
        self.problems: list[tuple[str, str]] = []
        """(path, reason)."""

    def written_out(self, part: Mapping[str, Any], path: str) -> dict[str, Any]:
        """A section of the template, or any mapping within it."""
        found = self._mapping(part, {}, path, path, 0)
        return found if isinstance(found, dict) else {}

    def _node(self, node: Any, names: Names, path: str, source: str, depth: int) -> Any:
        if isinstance(node, str):
            return _named(node, names)
        if isinstance(node, list):
            return [self._node(item, names, f"{path}[{at}]", f"{source}[{at}]", depth) for at, item in enumerate(node)]
        if isinstance(node, dict):
            return self._mapping(node, names, path, source, depth)
        return node

    def _mapping(self, node: Mapping[str, Any], names: Names, path: str, source: str, depth: int) -> Any:
        if len(node) == 1 and node.get("Ref") in names:
            return names[node["Ref"]]
        out: dict[str, Any] = {}
        for key, item in node.items():
            if key.startswith(PREFIX):
                out |= self._loop(key, item, names, path, f"{source}.{key}", depth + 1)
                continue
            name = _named(key, names)
            if names:
                self.sources[f"{path}.{name}"] = f"{source}.{key}"
            out[name] = self._node(item, names, f"{path}.{name}", f"{source}.{key}", depth)
        return out

    def _loop(self, key: str, loop: Any, names: Names, path: str, source: str, depth: int) -> dict[str, Any]:
        if not (isinstance(loop, list) and len(loop) == 3 and isinstance(loop[0], str) and isinstance(loop[2], dict)):
            self.problems.append((source, f"{key} needs a name, a list and a mapping"))
            return {}
        if depth > _DEEPEST:
            self.problems.append((source, f"{key}: more than {_DEEPEST} loops within each other"))
            return {}
        items = self._value(self._node(loop[1], names, path, f"{source}[1]", depth))
        if not isinstance(items, list) or not all(isinstance(item, (str, int)) for item in items):
            reason = getattr(items, "reason", "") or "some of it is not known"
            self.problems.append((source, f"{key}: what it goes through is not known: {reason}"))
            return {}
        granted = self._budget.instances(len(items))
        if granted < len(items):
            self.problems.append((source, f"{key}: only {granted} of {len(items)} rounds are judged"))
        out: dict[str, Any] = {}
        for item in items[:granted]:
            out |= self._mapping(loop[2], {**names, loop[0]: str(item)}, path, f"{source}[2]", depth)
        return out


def _named(text: str, names: Names) -> str:
    """`${Name}` is the item; `&{Name}` the item without what a logical id may not have."""
    for name, item in names.items():
        text = text.replace(f"${{{name}}}", item).replace(f"&{{{name}}}", re.sub(r"[^A-Za-z0-9]", "", item))
    return text
