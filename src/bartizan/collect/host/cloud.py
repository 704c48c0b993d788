"""Section `cloud`: which cloud a machine runs in, and its identity there.

The firmware's tables (`/sys/class/dmi/id`) tell the provider. Only where they do is its metadata service asked, at its
link-local address, without a proxy, one second at most for each answer, and only for the named paths: never for user
data, credentials, tokens of roles, or keys.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass

from bartizan.collect.filesystem.interface import FilesystemView
from bartizan.collect.host.text import value
from bartizan.collect.interface import NEEDS_LIVE, Collector, Problems

ADDRESS = "169.254.169.254"
TIMEOUT = 1.0
LIMIT = 64 << 10

Ask = Callable[[str, str, dict[str, str]], tuple[int, bytes]]
"""(method, path, headers) to (status, body); raises OSError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """Empty text where the provider does not say."""

    id: str = ""
    name: str = ""
    account: str = ""
    """AWS account, Azure subscription, Google Cloud project."""
    region: str = ""
    zone: str = ""
    type: str = ""
    image: str = ""
    group: str = ""
    """Azure resource group."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cloud:
    provider: str | None
    """`aws`, `azure`, `gcp`, another provider's name, or empty on a machine that is in none; None on a folder."""
    instance: Instance | None = None
    """None where the provider has no metadata service that is known here, or it did not answer."""
    token_required: bool | None = None
    """AWS: whether the metadata service refuses requests without a session token (IMDSv2 only)."""


_VENDORS = (
    ("Amazon EC2", "aws"),
    ("Google", "gcp"),
    ("DigitalOcean", "digitalocean"),
    ("Hetzner", "hetzner"),
    ("Alibaba Cloud", "alibaba"),
    ("OpenStack", "openstack"),
    ("Scaleway", "scaleway"),
    ("Vultr", "vultr"),
    ("Linode", "linode"),
    ("Akamai", "linode"),
    ("Tencent Cloud", "tencent"),
    ("OracleCloud.com", "oracle"),
    ("Exoscale", "exoscale"),
    ("UpCloud", "upcloud"),
)
_AZURE_ASSET_TAG = "7783-7084-3265-9085-8269-3286-77"


def collect(view: FilesystemView, problems: Problems) -> Cloud:
    if not view.live:
        problems.add("@provider", NEEDS_LIVE)
        return Cloud(provider=None)
    return describe(provider(view, problems), _ask, problems)


def provider(view: FilesystemView, problems: Problems) -> str:
    """Read from the firmware, which a guest cannot mistake for another's."""
    names = ("sys_vendor", "product_name", "bios_vendor", "board_vendor", "chassis_asset_tag", "product_version")
    found = {name: value(view, problems, f"/sys/class/dmi/id/{name}") or "" for name in names}
    if found["chassis_asset_tag"] == _AZURE_ASSET_TAG:
        return "azure"
    for vendor, name in _VENDORS:
        if any(text.startswith(vendor) for text in found.values()):
            return name
    if "amazon" in found["product_version"].lower():  # Xen guests
        return "aws"
    return ""


def describe(name: str, ask: Ask, problems: Problems) -> Cloud:
    """The facts of one provider; a service that does not answer leaves the instance unknown."""
    readers = {"aws": _aws, "azure": _azure, "gcp": _gcp}
    if name not in readers:
        return Cloud(provider=name)
    try:
        return readers[name](ask)
    except (OSError, ValueError) as error:
        problems.add("@instance", f"metadata service: {type(error).__name__}: {error}")
        return Cloud(provider=name)


def _aws(ask: Ask) -> Cloud:
    status, token = ask("PUT", "/latest/api/token", {"X-aws-ec2-metadata-token-ttl-seconds": "60"})
    headers = {"X-aws-ec2-metadata-token": token.decode("ascii", "replace")} if status == 200 else {}
    document = json.loads(_body(ask, "/latest/dynamic/instance-identity/document", headers))
    if not isinstance(document, dict):
        raise ValueError("the identity document is not an object")  # noqa: TRY004 - the answer is wrong, not a type
    open_status, _ = ask("GET", "/latest/meta-data/instance-id", {})

    def text(key: str) -> str:
        return str(document.get(key) or "")

    return Cloud(
        provider="aws",
        instance=Instance(
            id=text("instanceId"),
            account=text("accountId"),
            region=text("region"),
            zone=text("availabilityZone"),
            type=text("instanceType"),
            image=text("imageId"),
        ),
        token_required=open_status == 401,
    )


def _azure(ask: Ask) -> Cloud:
    def text(name: str) -> str:
        path = f"/metadata/instance/compute/{name}?api-version=2021-02-01&format=text"
        return _body(ask, path, {"Metadata": "true"}).decode("utf-8", "replace").strip()

    image = ":".join(text(part) for part in ("publisher", "offer", "sku", "version"))
    return Cloud(
        provider="azure",
        instance=Instance(
            id=text("vmId"),
            name=text("name"),
            account=text("subscriptionId"),
            region=text("location"),
            zone=text("zone"),
            type=text("vmSize"),
            image="" if image == ":::" else image,
            group=text("resourceGroupName"),
        ),
    )


def _gcp(ask: Ask) -> Cloud:
    def text(path: str) -> str:
        body = _body(ask, f"/computeMetadata/v1/{path}", {"Metadata-Flavor": "Google"})
        return body.decode("utf-8", "replace").strip()

    zone = text("instance/zone").rpartition("/")[2]
    return Cloud(
        provider="gcp",
        instance=Instance(
            id=text("instance/id"),
            name=text("instance/name"),
            account=text("project/project-id"),
            region=zone.rpartition("-")[0],
            zone=zone,
            type=text("instance/machine-type").rpartition("/")[2],
            image=text("instance/image"),
        ),
    )


def _body(ask: Ask, path: str, headers: dict[str, str]) -> bytes:
    status, body = ask("GET", path, headers)
    if status == 404:
        return b""
    if status != 200:
        raise ValueError(f"{path.partition('?')[0]} answered {status}")
    return body


def _ask(method: str, path: str, headers: dict[str, str]) -> tuple[int, bytes]:
    # Imported here: it costs more than all sections together, and most machines are in no cloud.
    from http.client import HTTPConnection, HTTPException

    connection = HTTPConnection(ADDRESS, timeout=TIMEOUT)
    try:
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read(LIMIT)
    except HTTPException as error:
        raise OSError(f"is no proper answer: {type(error).__name__}") from error
    finally:
        connection.close()


COLLECTOR = Collector(section="cloud", collect=collect, watches=("/sys/class/dmi/id/sys_vendor",))
