"""Machines of Google Cloud: instances, templates, disks, and the metadata of a project.

Metadata set for the project holds for every instance that says nothing itself. The internet reaches an instance that
has an external address where some rule of its network lets it in and speaks of one of the instance's tags, or of all.
"""

from collections.abc import Iterable, Mapping

from bartizan.collect.resources.draft import Draft
from bartizan.collect.resources.plain_secret import in_text, in_variables
from bartizan.collect.resources.values import Unknown, Value
from bartizan.collect.templates.aws.kind import flag, text, texts
from bartizan.collect.templates.configuration import Configuration
from bartizan.collect.templates.declared import Declared
from bartizan.collect.templates.family import block
from bartizan.collect.templates.google.kind import Kind
from bartizan.collect.templates.google.network import firewall_opens
from bartizan.collect.templates.rows import first, named, records, truth

_FULL = ("https://www.googleapis.com/auth/cloud-platform", "cloud-platform")


def _instance(out: Draft, instance: Declared, configuration: Configuration) -> None:
    own = instance.attributes
    project = _project_metadata(configuration)
    metadata = own.get("metadata")
    for field, name, unset in (
        ("os_login", "enable-oslogin", False),
        ("serial_port", "serial-port-enable", False),
        ("project_keys_blocked", "block-project-ssh-keys", False),
    ):
        said = _entry(metadata, name)
        out.set(field, truth(said if said is not None else _entry(project, name), unset))
    script = own.get("metadata_startup_script", _entry(metadata, "startup-script"))
    in_script = in_text(script) if script is not None else False
    out.set(
        "start_data_secret",
        True if in_script is True else in_variables(metadata) if metadata is not None else in_script,
    )
    interfaces = records(own.get("network_interface"))
    addresses = [_addressed(each) for each in interfaces]
    address = True if True in addresses else next((each for each in addresses if isinstance(each, Unknown)), False)
    out.set("public_address", address)
    out.set("public", _reached(own, interfaces, address, configuration))
    _account(out, block(own, "service_account"), own.get("service_account") is not None)
    disks = [*records(own.get("boot_disk")), *records(own.get("attached_disk")), *records(own.get("disk"))]
    out.set("disks", [{"name": _disk_name(each), "own_key": _has_key(each)} for each in disks])
    shielded = block(own, "shielded_instance_config")
    out.set("shielded.integrity", truth(shielded.get("enable_integrity_monitoring"), bool(shielded)))
    out.set("shielded.vtpm", truth(shielded.get("enable_vtpm"), bool(shielded)))
    out.set("shielded.secure_boot", truth(shielded.get("enable_secure_boot"), False))


def _addressed(interface: Mapping[str, Value]) -> bool | Unknown:
    """Whether an interface has an external address."""
    found = [interface.get(name) for name in ("access_config", "ipv6_access_config")]
    unknown = next((each for each in found if isinstance(each, Unknown)), None)
    return unknown if unknown is not None else any(found)


def _disk_name(disk: Mapping[str, Value]) -> str:
    found = [disk.get(name) for name in ("device_name", "source")]
    return next((each for each in found if isinstance(each, str) and each), "boot")


def _has_key(disk: Mapping[str, Value]) -> bool | Unknown:
    key = first(
        dict(disk),
        "kms_key_self_link|disk_encryption_key.kms_key_self_link|disk_encryption_key_raw|disk_encryption_key.raw_key",
    )
    return True if isinstance(key, Unknown) and key.target else key if isinstance(key, Unknown) else bool(key)


def _account(out: Draft, account: dict[str, Value], stated: bool) -> None:
    email = account.get("email")
    default = stated and (email is None or str(email).endswith("-compute@developer.gserviceaccount.com"))
    if isinstance(email, Unknown):
        default = False if email.target else default
        out.set("service_account.default", False if email.target else email)
    else:
        out.set("service_account.default", default)
    scopes = account.get("scopes")
    out.set("service_account.scopes", scopes)
    out.set(
        "service_account.full", scopes if isinstance(scopes, Unknown) else any(each in _FULL for each in scopes or [])
    )


def _project_metadata(configuration: Configuration) -> Value:
    found = configuration.of_type("google_compute_project_metadata")
    out: dict[str, Value] = {}
    for each in found:
        metadata = each.attributes.get("metadata")
        out |= metadata if isinstance(metadata, dict) else {}
    for each in configuration.of_type("google_compute_project_metadata_item"):
        if isinstance(each.attributes.get("key"), str):
            out[each.attributes["key"]] = each.attributes.get("value")
    return out


def _entry(metadata: Value, name: str) -> Value:
    if isinstance(metadata, Unknown):
        return metadata
    if not isinstance(metadata, dict):
        return None
    value = metadata.get(name)
    return str(value) if isinstance(value, int) and not isinstance(value, bool) and value not in (0, 1) else _one(value)


def _one(value: Value) -> Value:
    """`1` and "1" mean yes in metadata."""
    return value == "1" if value in ("0", "1") else bool(value) if value in (0, 1) else value


def _reached(
    own: Mapping[str, Value], interfaces: list[dict[str, Value]], address: bool | Unknown, configuration: Configuration
) -> bool | Unknown:
    if address is False:
        return False
    tags = own.get("tags")
    doubt: Unknown | None = None
    networks = [_network(each, configuration) for each in interfaces]
    if any(each is None for each in networks):
        doubt = Unknown("its network is not declared here, and so not all of its firewall rules are")
    for rule in configuration.of_type("google_compute_firewall"):
        target = named(configuration, rule.attributes.get("network"), "google_compute_network")
        if target is None or not any(each is target for each in networks):
            continue
        opened = firewall_opens(rule)
        wanted = rule.attributes.get("target_tags")
        if opened is False or rule.attributes.get("target_service_accounts"):
            continue
        if isinstance(opened, Unknown) or isinstance(wanted, Unknown) or (wanted and isinstance(tags, Unknown)):
            doubt = doubt or next(each for each in (opened, wanted, tags) if isinstance(each, Unknown))
        elif not wanted or any(each in (tags or []) for each in wanted):
            return address
    return doubt or False


def _network(interface: Mapping[str, Value], configuration: Configuration) -> Declared | None:
    found = named(configuration, interface.get("network"), "google_compute_network")
    if found is None:
        subnet = named(configuration, interface.get("subnetwork"), "google_compute_subnetwork")
        link = subnet.attributes.get("network") if subnet is not None else None
        found = named(configuration, link, "google_compute_network")
    return found


def _project(out: Draft, declared: Declared, configuration: Configuration) -> None:
    metadata = _project_metadata(configuration)
    out.set("os_login", truth(_entry(metadata, "enable-oslogin"), False))
    out.set("serial_port", truth(_entry(metadata, "serial-port-enable"), False))


def _disk(out: Draft, disk: Declared, configuration: Configuration) -> None:
    out.set("own_key", _has_key(disk.attributes))


_INSTANCE = (
    flag("forwarding", "can_ip_forward", ""),
    flag("deletion_protection", "deletion_protection", ""),
    flag("confidential", "confidential_instance_config.enable_confidential_compute", ""),
    text("size", "machine_type", ""),
    texts("network_tags", "tags", ""),
)

KINDS: Iterable[Kind] = (
    Kind(
        type="google.compute.instance",
        terraform=("google_compute_instance",),
        rows=_INSTANCE,
        parts=(
            "google_compute_attached_disk",
            "google_compute_instance_group",
            "google_compute_instance_group_manager",
        ),
        more=_instance,
    ),
    Kind(
        type="google.compute.instance_template",
        terraform=("google_compute_instance_template", "google_compute_region_instance_template"),
        rows=_INSTANCE,
        more=_instance,
    ),
    Kind(
        type="google.compute.disk",
        terraform=(
            "google_compute_disk",
            "google_compute_region_disk",
            "google_compute_snapshot",
            "google_compute_image",
        ),
        parts=("google_compute_resource_policy", "google_compute_disk_resource_policy_attachment"),
        more=_disk,
    ),
    Kind(
        type="google.compute.project",
        terraform=("google_compute_project_metadata", "google_compute_project_metadata_item"),
        more=_project,
    ),
)
