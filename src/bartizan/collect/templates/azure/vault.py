"""Key vaults with their keys and secrets. A secret's text is never kept, only whether it stands in the template."""

from collections.abc import Iterable

from bartizan.collect.resources.draft import Draft
from bartizan.collect.resources.plain_secret import written
from bartizan.collect.resources.values import Unknown, Value
from bartizan.collect.templates.aws.kind import flag, number, text, there
from bartizan.collect.templates.azure.kind import Kind
from bartizan.collect.templates.configuration import Configuration
from bartizan.collect.templates.declared import Declared
from bartizan.collect.templates.family import block, present
from bartizan.collect.templates.rows import first, records, truth


def _vault(out: Draft, vault: Declared, configuration: Configuration) -> None:
    own = vault.attributes
    access = truth(first(own, "public_network_access_enabled|publicNetworkAccess"), True)
    action = truth(first(own, "network_acls.default_action|networkAcls.defaultAction"), True)
    out.set("public_access", access)
    out.set("open_by_default", action)
    closed = access is False or action is False
    doubt = next((each for each in (access, action) if isinstance(each, Unknown)), True)
    out.set("public", False if closed else doubt)
    logs = configuration.linked(vault, "azurerm_monitor_diagnostic_setting", "target_resource_id")
    stray = configuration.unresolved("azurerm_monitor_diagnostic_setting", "target_resource_id")
    logs += configuration.linked(vault, "Microsoft.Insights/diagnosticSettings", "scope")
    out.set("logging", True if logs else stray or False)


def _expires(out: Draft, item: Declared, configuration: Configuration) -> None:
    value = first(item.attributes, "expiration_date|attributes.exp")
    out.set(
        "expires", True if isinstance(value, Unknown) and (value.target or "timeadd" in value.reason) else _said(value)
    )


def _said(value: Value) -> Value:
    return value if isinstance(value, Unknown) else value not in (None, "", 0)


def _key(out: Draft, key: Declared, configuration: Configuration) -> None:
    _expires(out, key, configuration)
    policy = block(key.attributes, "rotation_policy")
    if policy:
        out.set(
            "rotation",
            bool(block(policy, "automatic")) if isinstance(policy.get("automatic"), list) else present(policy),
        )
        return
    actions = [first(each, "action.type") for each in records(first(key.attributes, "rotationPolicy.lifetimeActions"))]
    unknown = next((each for each in actions if isinstance(each, Unknown)), None)
    out.set(
        "rotation", any(str(each).lower() == "rotate" for each in actions if isinstance(each, str)) or unknown or False
    )


def _secret(out: Draft, secret: Declared, configuration: Configuration) -> None:
    _expires(out, secret, configuration)
    value = secret.attributes.get("value")
    out.set("value_in_template", written(value))


KINDS: Iterable[Kind] = (
    Kind(
        type="azure.keyvault.vault",
        terraform=("azurerm_key_vault",),
        arm=("Microsoft.KeyVault/vaults",),
        rows=(
            flag("purge_protection", "purge_protection_enabled", "enablePurgeProtection"),
            flag("soft_delete", "soft_delete_enabled", "enableSoftDelete"),
            number("soft_delete_days", "soft_delete_retention_days", "softDeleteRetentionInDays"),
            flag("rbac", "enable_rbac_authorization|rbac_authorization_enabled", "enableRbacAuthorization"),
        ),
        terraform_parts=("azurerm_key_vault_access_policy",),
        arm_parts=("Microsoft.KeyVault/vaults/accessPolicies",),
        more_terraform=_vault,
        more_arm=_vault,
    ),
    Kind(
        type="azure.keyvault.key",
        terraform=("azurerm_key_vault_key",),
        arm=("Microsoft.KeyVault/vaults/keys",),
        rows=(text("kind", "key_type", "kty"), number("size", "key_size", "keySize")),
        more_terraform=_key,
        more_arm=_key,
    ),
    Kind(
        type="azure.keyvault.secret",
        terraform=("azurerm_key_vault_secret",),
        arm=("Microsoft.KeyVault/vaults/secrets",),
        rows=(there("content_type", "content_type", "contentType"),),
        more_terraform=_secret,
        more_arm=_secret,
    ),
)
