"""Drafting a resource of the model: known values become attributes, unknown ones are listed with their path and reason.

    draft = Draft("aws.s3.bucket", id="aws_s3_bucket.logs", name="logs")
    draft.set("versioning.enabled", value)

Whoever drafts names every field that its source could tell; the schema of the type fills the rest with defaults, which
are what the provider does where nothing is said.
"""

from collections.abc import Callable, Mapping
from typing import Any

from bartizan.collect.resources.values import Document, Unknown, Value
from bartizan.model.resource import Location, Relation, Resource
from bartizan.model.resource import Unknown as UnknownField


class Draft:
    """A resource in the making."""

    def __init__(
        self,
        type_: str,
        *,
        id: str,
        name: str = "",
        provider: str = "",
        account: str = "",
        region: str = "",
        location: Location | None = None,
    ) -> None:
        self.type, self.id, self.name = type_, id, name
        self.provider, self.account, self.region, self.location = provider, account, region, location
        self._attributes: dict[str, Any] = {}
        self._unknowns: list[UnknownField] = []
        self._relations: list[Relation] = []

    def set(self, path: str, value: Value, convert: Callable[[Any], Any] | None = None) -> None:
        """Set a field by its dotted path. None leaves the provider's default in place; an unknown is noted as one, also
        within a list or an object. What `convert` cannot make sense of (it raises ValueError, say) is unknown."""
        if value is None:
            return
        if convert is not None and not isinstance(value, Unknown):
            try:
                value = convert(value)
            except (ValueError, TypeError, KeyError, AttributeError) as error:
                value = Unknown(f"{error}" or "the value makes no sense here")
            if value is None:
                return
        known = self._known(path, value)
        if isinstance(value, Unknown):
            return
        target = self._attributes
        *parents, last = path.split(".")
        for parent in parents:
            target = target.setdefault(parent, {})
        target[last] = known

    def unknown(self, path: str, reason: str) -> None:
        """Note that a field is not known."""
        self._unknowns.append(UnknownField(path=path, reason=reason))

    def relate(self, kind: str, value: Value) -> None:
        """Note an edge to another resource; an unknown value that refers to one counts."""
        target = value.target if isinstance(value, Unknown) else value
        if isinstance(target, str) and target:
            self._relations.append(Relation(kind=kind, target=target))

    def resource(self) -> Resource:
        """The resource as it was drafted."""
        return Resource(
            type=self.type,
            id=self.id,
            name=self.name,
            provider=self.provider,
            account=self.account,
            region=self.region,
            attributes=self._attributes,
            relations=tuple(dict.fromkeys(self._relations)),
            location=self.location,
            unknowns=tuple(dict.fromkeys(self._unknowns)),
        )

    def _known(self, path: str, value: Value) -> Value:
        """The value with its unknown parts noted and left out; a list with an unknown element is unknown as a whole
        where that element is not an object."""
        if type(value) in _PLAIN:  # nearly every value
            return value
        if isinstance(value, Unknown):
            self.unknown(path, value.reason)
            return None
        if isinstance(value, Document):
            return self._known(path, value.value)
        if isinstance(value, Mapping):
            out = {}
            for key, item in value.items():
                known = self._known(f"{path}.{key}", item)
                if not isinstance(item, Unknown):
                    out[key] = known
            return out
        if isinstance(value, list):
            if any(isinstance(item, Unknown) for item in value):
                first = next(item for item in value if isinstance(item, Unknown))
                self.unknown(path, first.reason)
                return [item for item in value if not isinstance(item, Unknown)]
            return [self._known(f"{path}[{index}]", item) for index, item in enumerate(value)]
        return value


_PLAIN = frozenset((str, int, float, bool, type(None)))
