"""Kubernetes clusters (AKS) and container registries."""

from collections.abc import Iterable

from bartizan.collect.resources.draft import Draft
from bartizan.collect.resources.network_rules import any_wide
from bartizan.collect.resources.values import Unknown, Value
from bartizan.collect.templates.aws.kind import flag, reference, text, there, word
from bartizan.collect.templates.azure.kind import Kind
from bartizan.collect.templates.configuration import Configuration
from bartizan.collect.templates.declared import Declared
from bartizan.collect.templates.family import block
from bartizan.collect.templates.rows import first, truth

_ADDONS = {"monitoring": "omsagent", "policy": "azurepolicy", "http_routing": "httpApplicationRouting"}


def _cluster(out: Draft, cluster: Declared, configuration: Configuration) -> None:
    own = cluster.attributes
    private = truth(first(own, "private_cluster_enabled|apiServerAccessProfile.enablePrivateCluster"), False)
    out.set("private", private)
    ranges = first(
        own,
        "api_server_access_profile.authorized_ip_ranges|api_server_authorized_ip_ranges"
        "|apiServerAccessProfile.authorizedIPRanges",
    )
    out.set("authorized_ranges", ranges)
    out.set("public", _reached(private, ranges))


def _reached(private: bool | Unknown, ranges: Value) -> bool | Unknown:
    """Whether the internet reaches the API server: it is not private, and no narrow list of addresses is set."""
    if private is True:
        return False
    opened = True if ranges in (None, []) else any_wide(ranges)
    return private if opened is True and isinstance(private, Unknown) else opened


def _terraform(out: Draft, cluster: Declared, configuration: Configuration) -> None:
    own = cluster.attributes
    _cluster(out, cluster, configuration)
    out.set("rbac", truth(first(own, "role_based_access_control_enabled|role_based_access_control.enabled"), True))
    old = block(own, "addon_profile")
    monitoring = first(old, "oms_agent.enabled")
    out.set("monitoring", truth(monitoring, bool(block(own, "oms_agent"))))
    out.set(
        "policy", truth(first({"own": own, "old": old}, "own.azure_policy_enabled|old.azure_policy.enabled"), False)
    )
    routing = first(
        {"own": own, "old": old}, "own.http_application_routing_enabled|old.http_application_routing.enabled"
    )
    out.set("http_routing", truth(routing, False))
    directory = first(
        own, "azure_active_directory_role_based_access_control|role_based_access_control.azure_active_directory"
    )
    out.set("directory", directory if isinstance(directory, Unknown) else bool(directory))
    kubenet = first(own, "network_profile.network_policy")
    out.set("network_policy", kubenet, str)


def _arm(out: Draft, cluster: Declared, configuration: Configuration) -> None:
    own = cluster.attributes
    _cluster(out, cluster, configuration)
    addons = block(own, "addonProfiles")
    for field, name in _ADDONS.items():
        found: Value = next((each for key, each in addons.items() if key.lower() == name.lower()), {})
        out.set(field, truth(first(found, "enabled"), False))
    directory = own.get("aadProfile")
    out.set("directory", directory if isinstance(directory, Unknown) else bool(directory))


KINDS: Iterable[Kind] = (
    Kind(
        type="azure.aks.cluster",
        terraform=("azurerm_kubernetes_cluster",),
        arm=("Microsoft.ContainerService/managedClusters",),
        rows=(
            flag("rbac", "", "enableRBAC"),
            flag("local_accounts_off", "local_account_disabled", "disableLocalAccounts"),
            word("network_policy", "", "networkProfile.networkPolicy"),
            reference("disk_key", "disk_encryption_set_id", "diskEncryptionSetID", "encrypted-with"),
            word(
                "upgrades", "automatic_channel_upgrade|automatic_upgrade_channel", "autoUpgradeProfile.upgradeChannel"
            ),
            text("version", "kubernetes_version", "kubernetesVersion"),
            flag("defender", "", "securityProfile.defender.securityMonitoring.enabled"),
            there("defender", "microsoft_defender", ""),
            there("identity", "identity.type", "identity.type"),
        ),
        terraform_parts=("azurerm_kubernetes_cluster_node_pool",),
        arm_parts=("Microsoft.ContainerService/managedClusters/agentPools",),
        more_terraform=_terraform,
        more_arm=_arm,
    ),
    Kind(
        type="azure.registry",
        terraform=("azurerm_container_registry",),
        arm=("Microsoft.ContainerRegistry/registries",),
        rows=(
            flag("admin", "admin_enabled", "adminUserEnabled"),
            flag("anonymous_pull", "anonymous_pull_enabled", "anonymousPullEnabled"),
            flag("public_access", "public_network_access_enabled", "publicNetworkAccess"),
            word("sku", "sku", "sku.name"),
            there("key", "encryption.key_vault_key_id", "encryption.keyVaultProperties.keyIdentifier"),
            flag("quarantine", "quarantine_policy_enabled", "policies.quarantinePolicy.status"),
        ),
        arm_parts=("Microsoft.ContainerRegistry/registries/replications",),
    ),
)
