"""Databases: SQL, PostgreSQL, MySQL, Cosmos DB, Redis.

Auditing, administrators, firewall rules and parameters of a server are resources of their own in both languages; a
server is judged with all of them.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from bartizan.collect.resources.azure_network import ZERO, address_rule
from bartizan.collect.resources.draft import Draft
from bartizan.collect.resources.plain_secret import written
from bartizan.collect.resources.tls_version import tls_version
from bartizan.collect.resources.values import Unknown, Value
from bartizan.collect.templates.aws.kind import flag, number, reference, text, there, word
from bartizan.collect.templates.azure.kind import Kind
from bartizan.collect.templates.configuration import Configuration
from bartizan.collect.templates.declared import Declared
from bartizan.collect.templates.family import UnknownBlock, block, present
from bartizan.collect.templates.rows import first, records, truth, whole


@dataclass(frozen=True, slots=True)
class Link:
    """Resources of a type that lead to a server by an attribute."""

    type: str
    attribute: str

    def found(self, server: Declared, configuration: Configuration) -> list[dict[str, Value]]:
        """What they say; one of which nobody knows where it leads says nothing that is known."""
        found = [each.attributes for each in configuration.linked(server, self.type, self.attribute, "name")]
        stray = configuration.unresolved(self.type, self.attribute)
        return found + ([UnknownBlock(stray)] if stray is not None else [])


def _all(server: Declared, configuration: Configuration, links: Iterable[Link]) -> list[dict[str, Value]]:
    return [each for link in links for each in link.found(server, configuration)]


def _one(server: Declared, configuration: Configuration, links: Iterable[Link]) -> dict[str, Value]:
    found = _all(server, configuration, links)
    return found[0] if found else {}


def _links(server: str, *types: str) -> tuple[Link, ...]:
    return tuple(Link(each, attribute) for each in types for attribute in (f"{server}_id", f"{server}_name"))


def _parents(*types: str) -> tuple[Link, ...]:
    return tuple(Link(each, "parent") for each in types)


def set_firewall(out: Draft, rules: Iterable[dict[str, Value]], access: bool | Unknown) -> None:
    """The rules of a server's firewall, and whether the internet gets through: three-valued."""
    found = [
        address_rule(
            each.get("name"),
            first(each, "start_ip_address|start_ip|startIpAddress|startIP"),
            first(each, "end_ip_address|end_ip|endIpAddress|endIP"),
        )
        for each in rules
    ]
    out.set("firewall", found)
    verdicts = [each["public"] for each in found]
    opened: bool | Unknown = (
        True if True in verdicts else next((each for each in verdicts if isinstance(each, Unknown)), False)
    )
    out.set("public", False if access is False or opened is False else opened if isinstance(access, bool) else access)


# SQL

_SQL = "Microsoft.Sql/servers"
_TERRAFORM_AUDITING = _links("server", "azurerm_mssql_server_extended_auditing_policy")
_TERRAFORM_ALERTS = _links("server", "azurerm_mssql_server_security_alert_policy")
_TERRAFORM_FIREWALL = _links("server", "azurerm_mssql_firewall_rule", "azurerm_sql_firewall_rule")
_TERRAFORM_ADMINISTRATORS = _links("server", "azurerm_sql_active_directory_administrator")
_TERRAFORM_TDE = _links("server", "azurerm_mssql_server_transparent_data_encryption")
_ARM_AUDITING = _parents(f"{_SQL}/auditingSettings", f"{_SQL}/extendedAuditingSettings")
_ARM_ALERTS = _parents(f"{_SQL}/securityAlertPolicies", f"{_SQL}/advancedThreatProtectionSettings")
_ARM_ASSESSMENTS = _parents(f"{_SQL}/vulnerabilityAssessments", f"{_SQL}/sqlVulnerabilityAssessments")


def _terraform_sql(out: Draft, server: Declared, configuration: Configuration) -> None:
    own = server.attributes
    audit = block(own, "extended_auditing_policy") or _one(server, configuration, _TERRAFORM_AUDITING)
    out.set("auditing.enabled", _enabled(audit, "enabled", True))
    out.set("auditing.retention_days", audit.get("retention_in_days"), whole)
    alerts = block(own, "threat_detection_policy") or _one(server, configuration, _TERRAFORM_ALERTS)
    out.set("threat_detection", _enabled(alerts, "state", False))
    out.set("alerts_off", alerts.get("disabled_alerts"))
    out.set("alerts_unheard", _unheard(alerts, "email_account_admins", "email_addresses"))
    _password(out, own)
    out.set("min_tls", tls_version(own.get("minimum_tls_version", "1.2" if "mssql" in server.type else "none")))
    scans = [
        scan
        for policy in configuration.linked(server, "azurerm_mssql_server_security_alert_policy", "server_name", "name")
        for scan in configuration.linked(
            policy, "azurerm_mssql_server_vulnerability_assessment", "server_security_alert_policy_id"
        )
    ]
    out.set("vulnerability_assessment", bool(scans))
    administrators = block(own, "azuread_administrator") or _one(server, configuration, _TERRAFORM_ADMINISTRATORS)
    out.set("directory_administrator", present(administrators))
    out.set("directory_only", truth(administrators.get("azuread_authentication_only"), False))
    tde = _one(server, configuration, _TERRAFORM_TDE)
    key = first(tde, "key_vault_key_id") or own.get("transparent_data_encryption_key_vault_key_id")
    out.set("own_key", _given(key))
    access = truth(own.get("public_network_access_enabled"), True)
    set_firewall(out, _all(server, configuration, _TERRAFORM_FIREWALL), access)


def _unheard(policy: dict[str, Value], administrators: str, addresses: str) -> bool | Unknown:
    """Whether a policy mails neither the subscription's administrators nor anybody by address; false without one."""
    if not present(policy):
        return False
    wanted, listed = truth(policy.get(administrators), False), policy.get(addresses)
    if wanted is True or (listed and not isinstance(listed, Unknown)):
        return False
    return next((each for each in (wanted, listed) if isinstance(each, Unknown)), True)


def _arm_sql(out: Draft, server: Declared, configuration: Configuration) -> None:
    own = server.attributes
    audit = _one(server, configuration, _ARM_AUDITING)
    out.set("auditing.enabled", _enabled(audit, "state", False))
    out.set("auditing.retention_days", audit.get("retentionDays"), whole)
    out.set("min_tls", tls_version(own.get("minimalTlsVersion")))
    alerts = _one(server, configuration, _ARM_ALERTS)
    out.set("threat_detection", _enabled(alerts, "state", False))
    out.set("alerts_off", alerts.get("disabledAlerts"))
    policy = _one(server, configuration, _parents(f"{_SQL}/securityAlertPolicies"))
    out.set("alerts_unheard", _unheard(policy, "emailAccountAdmins", "emailAddresses"))
    _password(out, own)
    out.set("vulnerability_assessment", present(_one(server, configuration, _ARM_ASSESSMENTS)))
    administrators = block(own, "administrators") or _one(server, configuration, _parents(f"{_SQL}/administrators"))
    out.set("directory_administrator", present(administrators))
    only = _one(server, configuration, _parents(f"{_SQL}/azureADOnlyAuthentications"))
    out.set(
        "directory_only",
        truth(
            first({"a": administrators, "b": only}, "a.azureADOnlyAuthentication|b.azureADOnlyAuthentication"), False
        ),
    )
    protector = _one(server, configuration, _parents(f"{_SQL}/encryptionProtector"))
    kind = protector.get("serverKeyType")
    out.set(
        "own_key",
        kind if isinstance(kind, Unknown) else str(kind).lower() == "azurekeyvault" or _given(own.get("keyId")),
    )
    access = truth(own.get("publicNetworkAccess"), True)
    set_firewall(out, _all(server, configuration, _parents(f"{_SQL}/firewallRules")), access)


def _password(out: Draft, own: dict[str, Value]) -> None:
    password = first(own, "administrator_login_password|administrator_password|administratorLoginPassword")
    out.set("password_in_template", written(password))


def _enabled(found: dict[str, Value], name: str, unset: bool) -> bool | Unknown:
    """Whether a part that is stated is on; one that is not stated is off."""
    if isinstance(found, UnknownBlock):
        return found.unknown
    return truth(found.get(name), unset) if found else False


def _given(value: Value) -> bool | Unknown:
    return True if isinstance(value, Unknown) and value.target else value if isinstance(value, Unknown) else bool(value)


def _arm_database(out: Draft, database: Declared, configuration: Configuration) -> None:
    found = _one(database, configuration, _parents("Microsoft.Sql/servers/databases/transparentDataEncryption"))
    out.set("encrypted", truth(first(found, "state|status"), True))
    out.set("system", out.name.lower() == "master")
    kept = _one(database, configuration, _parents("Microsoft.Sql/servers/databases/backupShortTermRetentionPolicies"))
    out.set("retention_days", kept.get("retentionDays"), whole)


# PostgreSQL and MySQL


def _terraform_open_source(engine: str) -> tuple[tuple[Link, ...], tuple[Link, ...]]:
    prefixes = (f"azurerm_{engine}_", f"azurerm_{engine}_flexible_server_")
    return (
        _links("server", *(f"{each}configuration" for each in prefixes)),
        _links("server", *(f"{each}firewall_rule" for each in prefixes)),
    )


def _terraform_server(out: Draft, server: Declared, configuration: Configuration) -> None:
    own = server.attributes
    parameters, firewall = _terraform_open_source(server.type.split("_")[1])
    flexible = server.type.endswith("flexible_server")
    _password(out, own)
    given = _parameters(_all(server, configuration, parameters), "value")
    _server(
        out, flexible, given, own.get("ssl_enforcement_enabled"), own.get("ssl_minimal_tls_version_enforced"), "TLS1_2"
    )
    private = own.get("delegated_subnet_id") is not None
    access = truth(own.get("public_network_access_enabled"), not private)
    out.set("public_access", False if private else access)
    set_firewall(out, _all(server, configuration, firewall), False if private else access)
    out.set("own_key", _given(first(own, "customer_managed_key.key_vault_key_id")))


def _arm_server(out: Draft, server: Declared, configuration: Configuration) -> None:
    own = server.attributes
    given = _parameters(_all(server, configuration, _parents(f"{server.type}/configurations")), "value")
    flexible = server.type.endswith("flexibleServers")
    _password(out, own)
    _server(out, flexible, given, own.get("sslEnforcement"), own.get("minimalTlsVersion"), "TLSEnforcementDisabled")
    private = first(own, "network.delegatedSubnetResourceId") is not None
    access = truth(first(own, "publicNetworkAccess|network.publicNetworkAccess"), not private)
    out.set("public_access", False if private else access)
    set_firewall(
        out, _all(server, configuration, _parents(f"{server.type}/firewallRules")), False if private else access
    )
    kind = first(own, "dataEncryption.type")
    out.set("own_key", kind if isinstance(kind, Unknown) else str(kind).lower() == "azurekeyvault")


def _parameters(found: list[dict[str, Value]], value: str) -> dict[str, Value] | Unknown:
    out: dict[str, Value] = {}
    for each in found:
        name = each.get("name")
        if not isinstance(name, str):
            return name if isinstance(name, Unknown) else Unknown("a parameter's name is not known")
        out[name.rpartition("/")[2].lower()] = _lower(each.get(value))
    return out


def _lower(value: Value) -> Value:
    return value if isinstance(value, Unknown) else str(value).lower()


def _server(
    out: Draft, flexible: bool, parameters: dict[str, Value] | Unknown, enforced: Value, least: Value, unset: str
) -> None:
    """Encryption on the way: single servers state it, flexible ones have parameters for it, on from the start."""
    out.set("flexible", flexible)
    out.set("parameters", parameters)
    if not flexible:
        out.set("tls_required", truth(enforced, True))
        out.set("min_tls", tls_version(least if least is not None else unset))
        return
    if isinstance(parameters, Unknown):
        out.set("tls_required", parameters)
        out.set("min_tls", parameters)
        return
    out.set("tls_required", truth(parameters.get("require_secure_transport"), True))
    version = first(parameters, "tls_version|ssl_min_protocol_version")
    out.set("min_tls", version if isinstance(version, Unknown) else _least(str(version or "tlsv1.2")))


def _least(versions: str) -> str:
    """The lowest of `tlsv1.2,tlsv1.3`."""
    return min(str(tls_version(each)) for each in versions.split(","))


# Cosmos DB and Redis


def _cosmos(out: Draft, account: Declared, configuration: Configuration) -> None:
    own = account.attributes
    access = truth(first(own, "public_network_access_enabled|publicNetworkAccess"), True)
    out.set("public_access", access)
    rules = own.get("ip_range_filter")
    if isinstance(rules, str):
        rules = [each.strip() for each in rules.split(",") if each.strip()]
    if own.get("ipRules") is not None:
        rules = [each.get("ipAddressOrRange") for each in records(own.get("ipRules"))]
    out.set("addresses", rules)
    networks = truth(first(own, "is_virtual_network_filter_enabled|isVirtualNetworkFilterEnabled"), False)
    everybody: bool | Unknown = False
    if access is not False and networks is not True:
        if isinstance(rules, Unknown):
            everybody = rules
        elif not rules or any(each in (ZERO, f"{ZERO}/0") for each in rules):
            everybody = access if networks is False else networks
    out.set("public", everybody)


def _redis(out: Draft, cache: Declared, configuration: Configuration) -> None:
    own = cache.attributes
    least = first(own, "minimum_tls_version|minimumTlsVersion")
    out.set("min_tls", tls_version(least))
    access = truth(first(own, "public_network_access_enabled|publicNetworkAccess"), True)
    out.set("public_access", access)
    links = (*_links("redis_cache", "azurerm_redis_firewall_rule"), *_parents("Microsoft.Cache/redis/firewallRules"))
    set_firewall(out, _all(cache, configuration, links), access)


_PARTS = ("configuration", "firewall_rule", "database", "active_directory_administrator", "virtual_network_rule")


def _engine(name: str, provider: str) -> Kind:
    return Kind(
        type=f"azure.{name}.server",
        terraform=(f"azurerm_{name}_server", f"azurerm_{name}_flexible_server"),
        arm=(f"{provider}/servers", f"{provider}/flexibleServers"),
        rows=(
            number(
                "retention_days",
                "backup_retention_days",
                "backup.backupRetentionDays|storageProfile.backupRetentionDays",
            ),
            flag(
                "geo_backup",
                "geo_redundant_backup_enabled",
                "backup.geoRedundantBackup|storageProfile.geoRedundantBackup",
            ),
            flag("infrastructure_encryption", "infrastructure_encryption_enabled", "infrastructureEncryption"),
            flag("directory_login", "authentication.active_directory_auth_enabled", "authConfig.activeDirectoryAuth"),
            there("high_availability", "high_availability.mode", "highAvailability.mode"),
            text("version", "version", "version"),
        ),
        terraform_parts=(
            f"azurerm_{name}_flexible_database",
            *(f"azurerm_{name}_{middle}{part}" for middle in ("", "flexible_server_") for part in _PARTS),
        ),
        arm_parts=tuple(
            f"{provider}/{server}/{part}"
            for server in ("servers", "flexibleServers")
            for part in ("configurations", "firewallRules", "databases", "administrators", "virtualNetworkRules")
        ),
        more_terraform=_terraform_server,
        more_arm=_arm_server,
    )


KINDS: Iterable[Kind] = (
    Kind(
        type="azure.sql.server",
        terraform=("azurerm_mssql_server", "azurerm_sql_server"),
        arm=(_SQL,),
        rows=(
            flag("public_access", "public_network_access_enabled", "publicNetworkAccess"),
            there("identity", "identity.type", "identity.type"),
        ),
        terraform_parts=(
            "azurerm_mssql_server_extended_auditing_policy",
            "azurerm_mssql_server_security_alert_policy",
            "azurerm_mssql_server_vulnerability_assessment",
            "azurerm_mssql_server_transparent_data_encryption",
            "azurerm_mssql_firewall_rule",
            "azurerm_mssql_virtual_network_rule",
            "azurerm_sql_firewall_rule",
            "azurerm_sql_active_directory_administrator",
            "azurerm_mssql_database_extended_auditing_policy",
        ),
        arm_parts=tuple(
            f"{_SQL}/{part}"
            for part in (
                "auditingSettings",
                "extendedAuditingSettings",
                "securityAlertPolicies",
                "firewallRules",
                "administrators",
                "advancedThreatProtectionSettings",
                "vulnerabilityAssessments",
                "sqlVulnerabilityAssessments",
                "keys",
                "azureADOnlyAuthentications",
                "encryptionProtector",
                "virtualNetworkRules",
                "connectionPolicies",
                "databases/transparentDataEncryption",
                "databases/backupShortTermRetentionPolicies",
                "databases/auditingSettings",
                "databases/securityAlertPolicies",
            )
        ),
        more_terraform=_terraform_sql,
        more_arm=_arm_sql,
    ),
    Kind(
        type="azure.sql.database",
        terraform=("azurerm_mssql_database", "azurerm_sql_database"),
        arm=(f"{_SQL}/databases",),
        rows=(
            flag("encrypted", "transparent_data_encryption_enabled", ""),
            number("retention_days", "short_term_retention_policy.retention_days", ""),
            flag("ledger", "ledger_enabled", "isLedgerOn"),
            flag("zone_redundant", "zone_redundant", "zoneRedundant"),
            reference("server", "server_id|server_name", "parent", "in"),
        ),
        more_arm=_arm_database,
    ),
    _engine("postgresql", "Microsoft.DBforPostgreSQL"),
    _engine("mysql", "Microsoft.DBforMySQL"),
    Kind(
        type="azure.cosmos.account",
        terraform=("azurerm_cosmosdb_account",),
        arm=("Microsoft.DocumentDB/databaseAccounts",),
        rows=(
            flag("local_login_off", "local_authentication_disabled", "disableLocalAuth"),
            flag("key_writes_off", "", "disableKeyBasedMetadataWriteAccess"),
            reference("key", "key_vault_key_id", "keyVaultKeyUri", "encrypted-with"),
            flag("network_filter", "is_virtual_network_filter_enabled", "isVirtualNetworkFilterEnabled"),
            word("backup", "backup.type", "backupPolicy.type"),
        ),
        terraform_parts=(
            "azurerm_cosmosdb_sql_database",
            "azurerm_cosmosdb_sql_container",
            "azurerm_cosmosdb_mongo_database",
        ),
        arm_parts=(
            "Microsoft.DocumentDB/databaseAccounts/sqlDatabases",
            "Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers",
        ),
        more_terraform=_cosmos,
        more_arm=_cosmos,
    ),
    Kind(
        type="azure.redis.cache",
        terraform=("azurerm_redis_cache",),
        arm=("Microsoft.Cache/redis",),
        rows=(
            flag("plain_port", "enable_non_ssl_port|non_ssl_port_enabled", "enableNonSslPort"),
            flag("without_password", "", "redisConfiguration.authnotrequired"),
        ),
        terraform_parts=("azurerm_redis_firewall_rule",),
        arm_parts=("Microsoft.Cache/redis/firewallRules",),
        more_terraform=_redis,
        more_arm=_redis,
    ),
)
