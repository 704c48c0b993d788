"""Storage accounts and their containers.

A storage account's defaults differ by the way it is made: Terraform sets TLS 1.2 and lets blobs be public, the API does
neither. What a template of one language leaves out is filled in as that language does it.
"""

from collections.abc import Iterable

from bartizan.collect.resources.draft import Draft
from bartizan.collect.resources.tls_version import tls_version
from bartizan.collect.resources.values import Unknown, Value
from bartizan.collect.templates.aws.kind import flag, flag_if, reference, text, there
from bartizan.collect.templates.azure.kind import Kind
from bartizan.collect.templates.configuration import Configuration
from bartizan.collect.templates.declared import Declared
from bartizan.collect.templates.family import UnknownBlock, added, block
from bartizan.collect.templates.rows import first, truth, whole

_BLOBS = "Microsoft.Storage/storageAccounts/blobServices"


def _terraform(out: Draft, account: Declared, configuration: Configuration) -> None:
    own = account.attributes
    out.set("https_only", truth(first(own, "https_traffic_only_enabled|enable_https_traffic_only"), True))
    out.set("min_tls", tls_version(own.get("min_tls_version", "TLS1_2")))
    blobs = truth(first(own, "allow_nested_items_to_be_public|allow_blob_public_access"), True)
    rules = block(own, "network_rules") or _added_rules(account, configuration)
    open_ = _network(out, own.get("public_network_access_enabled"), rules.get("default_action"), rules.get("bypass"))
    _public(out, blobs, open_)
    properties = block(own, "blob_properties")
    out.set("blobs.soft_delete_days", _days(properties, "delete_retention_policy"))
    out.set("containers.soft_delete_days", _days(properties, "container_delete_retention_policy"))
    out.set("blobs.versioning", truth(properties.get("versioning_enabled"), False))
    queue = block(block(own, "queue_properties"), "logging") or block(
        added(account, configuration, "azurerm_storage_account_queue_properties", "storage_account_id"), "logging"
    )
    out.set("queues.logging", _all(truth(queue.get(name), False) for name in ("read", "write", "delete")))
    key = block(own, "customer_managed_key").get("key_vault_key_id")
    apart = added(account, configuration, "azurerm_storage_account_customer_managed_key", "storage_account_id")
    key = first({"own": key, "apart": first(apart, "key_vault_key_id|key_name")}, "own|apart")
    out.set("own_key", _given(key))


def _added_rules(account: Declared, configuration: Configuration) -> dict[str, Value]:
    type_ = "azurerm_storage_account_network_rules"
    found = configuration.linked(account, type_, "storage_account_id")
    found += configuration.linked(account, type_, "storage_account_name", "name")
    if found:
        return found[0].attributes
    stray = configuration.unresolved(type_, "storage_account_id")
    return UnknownBlock(stray) if stray is not None else {}


def _days(properties: dict[str, Value], name: str) -> Value:
    if isinstance(properties, UnknownBlock):
        return properties.unknown
    if properties.get(name) is None:
        return 0
    found = block(properties, name).get("days")
    return 7 if found is None else whole(found)


def _arm(out: Draft, account: Declared, configuration: Configuration) -> None:
    own = account.attributes
    out.set("min_tls", tls_version(own.get("minimumTlsVersion")))
    rules = block(own, "networkAcls")
    open_ = _network(out, own.get("publicNetworkAccess"), rules.get("defaultAction"), rules.get("bypass"))
    _public(out, truth(own.get("allowBlobPublicAccess"), False), open_)
    services = configuration.linked(account, _BLOBS, "parent")
    blobs = services[0].attributes if services else {}
    for field, name in (("blobs", "deleteRetentionPolicy"), ("containers", "containerDeleteRetentionPolicy")):
        policy = block(blobs, name)
        on = truth(policy.get("enabled"), False)
        days = policy.get("days")
        out.set(f"{field}.soft_delete_days", on if isinstance(on, Unknown) else (whole(days) or 0) if on else 0)
    out.set("blobs.versioning", truth(blobs.get("isVersioningEnabled"), False))
    source = first(own, "encryption.keySource")
    out.set(
        "own_key",
        source if source is None or isinstance(source, Unknown) else str(source).lower() == "microsoft.keyvault",
    )
    queues = [
        each
        for service in configuration.linked(account, "Microsoft.Storage/storageAccounts/queueServices", "parent")
        for each in configuration.linked(service, "Microsoft.Insights/diagnosticSettings", "scope")
    ]
    out.set("queues.logging", bool(queues))


def _network(out: Draft, access: Value, action: Value, bypass: Value) -> bool | Unknown:
    """Which networks reach the account; the result tells whether all of them do."""
    public = truth(access, True)
    allowed = truth(action, True)
    out.set("network.public_access", public)
    out.set("network.open_by_default", allowed)
    if bypass is not None:
        names = bypass if isinstance(bypass, Unknown) else "azureservices" in str(bypass).lower()
        out.set("network.azure_services", names)
    return _all((public, allowed))


def _public(out: Draft, blobs: bool | Unknown, open_: bool | Unknown) -> None:
    out.set("public_blobs_allowed", blobs)
    out.set("public", _all((blobs, open_)))


def _all(truths: Iterable[bool | Unknown]) -> bool | Unknown:
    found = list(truths)
    if False in found:
        return False
    return next((each for each in found if isinstance(each, Unknown)), True)


def _given(value: Value) -> bool | Unknown:
    return True if isinstance(value, Unknown) and value.target else value if isinstance(value, Unknown) else bool(value)


def _container(out: Draft, container: Declared, configuration: Configuration) -> None:
    own = container.attributes
    access = first(own, "container_access_type|publicAccess")
    out.set("public", access, lambda value: str(value).lower() not in ("private", "none", ""))


KINDS: Iterable[Kind] = (
    Kind(
        type="azure.storage.account",
        terraform=("azurerm_storage_account",),
        arm=("Microsoft.Storage/storageAccounts",),
        rows=(
            flag("https_only", "", "supportsHttpsTrafficOnly"),
            flag("shared_key", "shared_access_key_enabled", "allowSharedKeyAccess"),
            flag(
                "infrastructure_encryption",
                "infrastructure_encryption_enabled",
                "encryption.requireInfrastructureEncryption",
            ),
            there("sas_expiry", "sas_policy.expiration_period", "sasPolicy.sasExpirationPeriod"),
            flag("cross_tenant_replication", "cross_tenant_replication_enabled", "allowCrossTenantReplication"),
            flag("sftp", "sftp_enabled", "isSftpEnabled"),
            flag("local_users", "local_user_enabled", "isLocalUserEnabled"),
            text("replication", "account_replication_type", "sku.name"),
        ),
        terraform_parts=(
            "azurerm_storage_account_network_rules",
            "azurerm_storage_account_customer_managed_key",
            "azurerm_storage_account_queue_properties",
            "azurerm_storage_account_static_website",
        ),
        arm_parts=(
            _BLOBS,
            "Microsoft.Storage/storageAccounts/queueServices",
            "Microsoft.Storage/storageAccounts/tableServices",
            "Microsoft.Storage/storageAccounts/fileServices",
        ),
        more_terraform=_terraform,
        more_arm=_arm,
    ),
    Kind(
        type="azure.storage.container",
        terraform=("azurerm_storage_container",),
        arm=("Microsoft.Storage/storageAccounts/blobServices/containers",),
        rows=(
            reference("account", "storage_account_name|storage_account_id", "parent", "in"),
            flag_if("immutable", "", "immutableStorageWithVersioning.enabled", "true"),
        ),
        more_terraform=_container,
        more_arm=_container,
    ),
)
