"""Assets: anything that is assessed."""

from enum import StrEnum

from bartizan.model.record import dataclass


class AssetKind(StrEnum):
    """What an asset is. The set is closed: a new kind is a decision, not a string somebody typed."""

    HOST = "host"
    IMAGE = "image"
    CONTAINER = "container"
    CLOUD_RESOURCE = "cloud-resource"
    CLUSTER = "cluster"
    REPOSITORY = "repository"
    WEB_APPLICATION = "web-application"


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetRef:
    """Which asset. Two references with the same kind and key are the same asset, whoever reports it."""

    kind: AssetKind
    key: str
    """Stable identity within the kind: a host's machine id, an image's manifest digest, a cloud resource's id."""
    name: str
    """What people call it: a host name, an image's repository and tag. May change; is not identity."""
