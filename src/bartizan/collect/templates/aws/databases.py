"""Databases: RDS and Aurora with snapshots, DynamoDB, Redshift, ElastiCache, OpenSearch, DocumentDB, Neptune."""

from collections.abc import Iterable

from bartizan.collect.resources.draft import Draft
from bartizan.collect.resources.iam_document import is_public, statements
from bartizan.collect.resources.plain_secret import written
from bartizan.collect.resources.values import Unknown, Value
from bartizan.collect.templates.aws.kind import (
    Kind,
    Row,
    dig,
    flag,
    is_there,
    key,
    number,
    text,
    texts,
    there,
)
from bartizan.collect.templates.configuration import Configuration
from bartizan.collect.templates.declared import Declared
from bartizan.collect.templates.family import added, blocks, enabled, present


def _terraform_instance(out: Draft, declared: Declared, configuration: Configuration) -> None:
    own = declared.attributes
    member = own.get("cluster_identifier")
    out.set("in_cluster", declared.type != "aws_db_instance" or member is not None)
    out.set("password_in_template", written(own.get("password")))
    cluster = configuration.find(member, ("aws_rds_cluster",), "cluster_identifier")
    if cluster is not None and declared.type != "aws_db_instance":
        out.set("encrypted", enabled(cluster.attributes.get("storage_encrypted")) or False)
    elif declared.type != "aws_db_instance":
        out.unknown("encrypted", "its cluster is not declared here")


def _cloudformation_instance(out: Draft, declared: Declared, configuration: Configuration) -> None:
    own = declared.attributes
    member = own.get("DBClusterIdentifier")
    out.set("in_cluster", member is not None)
    out.set("password_in_template", written(own.get("MasterUserPassword")))
    cluster = configuration.find(member, ("AWS::RDS::DBCluster",), "DBClusterIdentifier")
    if cluster is not None:
        out.set("encrypted", enabled(cluster.attributes.get("StorageEncrypted")) or False)
    elif member is not None:
        out.unknown("encrypted", "its cluster is not declared here")


def _terraform_cluster(out: Draft, declared: Declared, configuration: Configuration) -> None:
    out.set("password_in_template", written(declared.attributes.get("master_password")))


def _cloudformation_cluster(out: Draft, declared: Declared, configuration: Configuration) -> None:
    out.set("password_in_template", written(declared.attributes.get("MasterUserPassword")))


def _terraform_snapshot(out: Draft, declared: Declared, configuration: Configuration) -> None:
    shared = declared.attributes.get("shared_accounts")
    out.set("public", shared if isinstance(shared, Unknown) else "all" in (shared or []))
    own = declared.attributes
    source = configuration.find(
        own.get("db_instance_identifier") or own.get("db_cluster_identifier"),
        ("aws_db_instance", "aws_rds_cluster", "aws_docdb_cluster", "aws_neptune_cluster"),
        "identifier",
        "cluster_identifier",
    )
    if source is None:
        out.unknown("encrypted", "its source is not declared here")
    else:
        out.set("encrypted", enabled(source.attributes.get("storage_encrypted")) or False)


def _terraform_parameters(out: Draft, declared: Declared, configuration: Configuration) -> None:
    out.set("parameters", _by_name(blocks(declared.attributes, "parameter"), "name", "value"))


def _by_name(found: list[Value], name: str, value: str) -> Value:
    known = {}
    for each in found:
        if not isinstance(each, dict) or isinstance(each.get(name), Unknown):
            return each if isinstance(each, Unknown) else each[name]
        known[str(each.get(name))] = each.get(value)
    return {key_: given if isinstance(given, Unknown) else str(given) for key_, given in known.items()}


def _cloudformation_parameters(out: Draft, declared: Declared, configuration: Configuration) -> None:
    found = declared.attributes.get("Parameters")
    if isinstance(found, dict):
        found = {key_: _text(value) for key_, value in found.items()}
    elif isinstance(found, list):
        found = _by_name(found, "ParameterName", "ParameterValue")
    out.set("parameters", found)


def _text(value: Value) -> Value:
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, Unknown) else str(value)


def _terraform_redshift(out: Draft, declared: Declared, configuration: Configuration) -> None:
    own = declared.attributes
    logging = added(declared, configuration, "aws_redshift_logging", "cluster_identifier", "cluster_identifier")
    out.set("logging", present(logging) or enabled(dig(own, "logging.enable")) or False)
    group = configuration.find(own.get("cluster_parameter_group_name"), ("aws_redshift_parameter_group",), "name")
    out.set("tls_required", _requires_tls(group, "parameter", "name", "value", own.get("cluster_parameter_group_name")))
    out.set("password_in_template", written(own.get("master_password")))


def _cloudformation_redshift(out: Draft, declared: Declared, configuration: Configuration) -> None:
    own = declared.attributes
    out.set("logging", is_there(own.get("LoggingProperties")))
    said = own.get("ClusterParameterGroupName")
    group = configuration.find(said, ("AWS::Redshift::ClusterParameterGroup",), "ParameterGroupName")
    out.set("tls_required", _requires_tls(group, "Parameters", "ParameterName", "ParameterValue", said))
    out.set("password_in_template", written(own.get("MasterUserPassword")))


def _requires_tls(group: Declared | None, list_: str, name: str, value: str, said: Value) -> Value:
    """Redshift accepts plain connections unless a parameter group sets require_ssl."""
    if group is None:
        return False if said is None else Unknown("its parameter group is not declared here")
    for each in blocks(group.attributes, list_):
        if isinstance(each, dict) and each.get(name) == "require_ssl":
            return enabled(each.get(value))
    return False


def _terraform_domain(out: Draft, declared: Declared, configuration: Configuration) -> None:
    own = declared.attributes
    type_ = f"{declared.type}_policy"
    apart = added(declared, configuration, type_, "domain_name", "domain_name")
    document = own.get("access_policies", apart.get("access_policies"))
    options = [each for each in blocks(own, "log_publishing_options") if isinstance(each, dict)]
    kinds = [each.get("log_type") for each in options if enabled(each.get("enabled", True)) is not False]
    out.set("logs", [str(each) for each in kinds if not isinstance(each, Unknown)])
    _open(out, document, _in_vpc(own, "vpc_options"))


def _cloudformation_domain(out: Draft, declared: Declared, configuration: Configuration) -> None:
    own = declared.attributes
    options = own.get("LogPublishingOptions")
    found = options if isinstance(options, dict) else {}
    out.set("logs", [name for name, each in found.items() if enabled(dig(each, "Enabled")) is True])
    document = own.get("AccessPolicies")
    _open(out, document, _in_vpc(own, "VPCOptions"))


def _in_vpc(own: dict[str, Value], name: str) -> Value:
    return is_there(own.get(name))


def _open(out: Draft, document: Value, in_vpc: Value) -> None:
    """A domain outside a VPC is as open as its policy; one within is reached from there alone."""
    read = statements(document) if document is not None else []
    out.set("policy", read)
    out.set("in_vpc", in_vpc)
    by_policy = is_public(read)
    out.set("public", False if in_vpc is True or by_policy is False else by_policy)


_DATABASE: tuple[Row, ...] = (
    text("engine", "engine", "Engine"),
    flag("encrypted", "storage_encrypted", "StorageEncrypted"),
    key("key", "kms_key_id", "KmsKeyId"),
    number("backup_days", "backup_retention_period", "BackupRetentionPeriod"),
    flag("deletion_protection", "deletion_protection", "DeletionProtection"),
)

KINDS: Iterable[Kind] = (
    Kind(
        type="aws.rds.instance",
        terraform=("aws_db_instance", "aws_rds_cluster_instance"),
        cloudformation=("AWS::RDS::DBInstance",),
        name=("identifier", "DBInstanceIdentifier"),
        rows=(
            *_DATABASE,
            flag("publicly_accessible", "publicly_accessible", "PubliclyAccessible"),
            flag("multi_zone", "multi_az", "MultiAZ"),
            flag("minor_upgrades", "auto_minor_version_upgrade", "AutoMinorVersionUpgrade"),
            flag("iam_sign_in", "iam_database_authentication_enabled", "EnableIAMDatabaseAuthentication"),
            texts("logs", "enabled_cloudwatch_logs_exports", "EnableCloudwatchLogsExports"),
            number("monitoring_seconds", "monitoring_interval", "MonitoringInterval"),
            flag("insights", "performance_insights_enabled", "EnablePerformanceInsights"),
            flag("tags_to_snapshots", "copy_tags_to_snapshot", "CopyTagsToSnapshot"),
            text("administrator", "username", "MasterUsername"),
        ),
        terraform_parts=("aws_db_option_group", "aws_db_subnet_group", "aws_db_event_subscription"),
        cloudformation_parts=("AWS::RDS::DBSubnetGroup", "AWS::RDS::OptionGroup", "AWS::RDS::EventSubscription"),
        more_terraform=_terraform_instance,
        more_cloudformation=_cloudformation_instance,
    ),
    Kind(
        type="aws.rds.cluster",
        terraform=("aws_rds_cluster",),
        cloudformation=("AWS::RDS::DBCluster",),
        name=("cluster_identifier", "DBClusterIdentifier"),
        rows=(
            *_DATABASE,
            flag("iam_sign_in", "iam_database_authentication_enabled", "EnableIAMDatabaseAuthentication"),
            texts("logs", "enabled_cloudwatch_logs_exports", "EnableCloudwatchLogsExports"),
            flag("tags_to_snapshots", "copy_tags_to_snapshot", "CopyTagsToSnapshot"),
            text("administrator", "master_username", "MasterUsername"),
        ),
        terraform_parts=("aws_rds_global_cluster", "aws_rds_cluster_role_association"),
        more_terraform=_terraform_cluster,
        more_cloudformation=_cloudformation_cluster,
    ),
    Kind(
        type="aws.rds.snapshot",
        terraform=(
            *("aws_db_snapshot", "aws_db_cluster_snapshot", "aws_docdb_cluster_snapshot"),
            "aws_neptune_cluster_snapshot",
        ),
        name=("db_snapshot_identifier", ""),
        more_terraform=_terraform_snapshot,
    ),
    Kind(
        type="aws.rds.parameter_group",
        terraform=("aws_db_parameter_group", "aws_rds_cluster_parameter_group"),
        cloudformation=("AWS::RDS::DBParameterGroup", "AWS::RDS::DBClusterParameterGroup"),
        rows=(text("family", "family", "Family"),),
        more_terraform=_terraform_parameters,
        more_cloudformation=_cloudformation_parameters,
    ),
    Kind(
        type="aws.docdb.cluster",
        terraform=("aws_docdb_cluster",),
        cloudformation=("AWS::DocDB::DBCluster",),
        name=("cluster_identifier", "DBClusterIdentifier"),
        rows=(*_DATABASE, texts("logs", "enabled_cloudwatch_logs_exports", "EnableCloudwatchLogsExports")),
        terraform_parts=("aws_docdb_cluster_instance", "aws_docdb_subnet_group", "aws_docdb_cluster_parameter_group"),
        cloudformation_parts=(
            *("AWS::DocDB::DBInstance", "AWS::DocDB::DBSubnetGroup", "AWS::DocDB::DBClusterParameterGroup"),
        ),
        more_terraform=_terraform_cluster,
        more_cloudformation=_cloudformation_cluster,
    ),
    Kind(
        type="aws.neptune.cluster",
        terraform=("aws_neptune_cluster",),
        cloudformation=("AWS::Neptune::DBCluster",),
        name=("cluster_identifier", "DBClusterIdentifier"),
        rows=(
            flag("encrypted", "storage_encrypted", "StorageEncrypted"),
            key("key", "kms_key_arn", "KmsKeyId"),
            number("backup_days", "backup_retention_period", "BackupRetentionPeriod"),
            flag("deletion_protection", "deletion_protection", "DeletionProtection"),
            flag("iam_sign_in", "iam_database_authentication_enabled", "IamAuthEnabled"),
            texts("logs", "enable_cloudwatch_logs_exports", "EnableCloudwatchLogsExports"),
            flag("tags_to_snapshots", "copy_tags_to_snapshot", "CopyTagsToSnapshot"),
        ),
        terraform_parts=(
            *("aws_neptune_cluster_instance", "aws_neptune_subnet_group"),
            *("aws_neptune_cluster_parameter_group", "aws_neptune_parameter_group"),
        ),
        cloudformation_parts=("AWS::Neptune::DBInstance", "AWS::Neptune::DBSubnetGroup"),
    ),
    Kind(
        type="aws.dynamodb.table",
        terraform=("aws_dynamodb_table",),
        cloudformation=("AWS::DynamoDB::Table", "AWS::DynamoDB::GlobalTable"),
        name=("name", "TableName"),
        rows=(
            key("key", "server_side_encryption.kms_key_arn", "SSESpecification.KMSMasterKeyId"),
            flag("kms", "server_side_encryption.enabled", "SSESpecification.SSEEnabled"),
            flag(
                "recovery",
                "point_in_time_recovery.enabled",
                "PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled",
            ),
            flag("deletion_protection", "deletion_protection_enabled", "DeletionProtectionEnabled"),
        ),
        terraform_parts=("aws_dynamodb_table_item",),
    ),
    Kind(
        type="aws.dax.cluster",
        terraform=("aws_dax_cluster",),
        cloudformation=("AWS::DAX::Cluster",),
        name=("cluster_name", "ClusterName"),
        rows=(
            flag("encrypted", "server_side_encryption.enabled", "SSESpecification.SSEEnabled"),
            text("endpoint", "cluster_endpoint_encryption_type", "ClusterEndpointEncryptionType"),
        ),
        terraform_parts=("aws_dax_subnet_group", "aws_dax_parameter_group"),
        cloudformation_parts=("AWS::DAX::SubnetGroup", "AWS::DAX::ParameterGroup"),
    ),
    Kind(
        type="aws.redshift.cluster",
        terraform=("aws_redshift_cluster",),
        cloudformation=("AWS::Redshift::Cluster",),
        name=("cluster_identifier", "ClusterIdentifier"),
        rows=(
            flag("encrypted", "encrypted", "Encrypted"),
            key("key", "kms_key_id", "KmsKeyId"),
            flag("publicly_accessible", "publicly_accessible", "PubliclyAccessible"),
            flag("version_upgrades", "allow_version_upgrade", "AllowVersionUpgrade"),
            flag("enhanced_routing", "enhanced_vpc_routing", "EnhancedVpcRouting"),
            number("backup_days", "automated_snapshot_retention_period", "AutomatedSnapshotRetentionPeriod"),
            text("administrator", "master_username", "MasterUsername"),
        ),
        terraform_parts=("aws_redshift_logging", "aws_redshift_parameter_group", "aws_redshift_subnet_group"),
        cloudformation_parts=("AWS::Redshift::ClusterParameterGroup", "AWS::Redshift::ClusterSubnetGroup"),
        more_terraform=_terraform_redshift,
        more_cloudformation=_cloudformation_redshift,
    ),
    Kind(
        type="aws.elasticache.replication_group",
        terraform=("aws_elasticache_replication_group",),
        cloudformation=("AWS::ElastiCache::ReplicationGroup",),
        name=("replication_group_id", "ReplicationGroupId"),
        rows=(
            flag("encrypted", "at_rest_encryption_enabled", "AtRestEncryptionEnabled"),
            flag("tls", "transit_encryption_enabled", "TransitEncryptionEnabled"),
            key("key", "kms_key_id", "KmsKeyId"),
            flag("failover", "automatic_failover_enabled", "AutomaticFailoverEnabled"),
            flag("minor_upgrades", "auto_minor_version_upgrade", "AutoMinorVersionUpgrade"),
            number("backup_days", "snapshot_retention_limit", "SnapshotRetentionLimit"),
            there("password", "auth_token", "AuthToken"),
            there("users", "user_group_ids", "UserGroupIds"),
        ),
        terraform_parts=(
            *("aws_elasticache_subnet_group", "aws_elasticache_parameter_group", "aws_elasticache_user"),
            *("aws_elasticache_user_group", "aws_elasticache_cluster"),
        ),
        cloudformation_parts=(
            *("AWS::ElastiCache::SubnetGroup", "AWS::ElastiCache::ParameterGroup", "AWS::ElastiCache::User"),
            "AWS::ElastiCache::UserGroup",
        ),
    ),
    Kind(
        type="aws.opensearch.domain",
        terraform=("aws_opensearch_domain", "aws_elasticsearch_domain"),
        cloudformation=("AWS::OpenSearchService::Domain", "AWS::Elasticsearch::Domain"),
        name=("domain_name", "DomainName"),
        rows=(
            flag("encrypted", "encrypt_at_rest.enabled", "EncryptionAtRestOptions.Enabled"),
            key("key", "encrypt_at_rest.kms_key_id", "EncryptionAtRestOptions.KmsKeyId"),
            flag("node_to_node", "node_to_node_encryption.enabled", "NodeToNodeEncryptionOptions.Enabled"),
            flag("https", "domain_endpoint_options.enforce_https", "DomainEndpointOptions.EnforceHTTPS"),
            text(
                "tls_policy", "domain_endpoint_options.tls_security_policy", "DomainEndpointOptions.TLSSecurityPolicy"
            ),
            flag("fine_grained", "advanced_security_options.enabled", "AdvancedSecurityOptions.Enabled"),
            text("version", "engine_version", "EngineVersion"),
        ),
        terraform_parts=(
            *("aws_opensearch_domain_policy", "aws_elasticsearch_domain_policy"),
            "aws_opensearch_domain_saml_options",
        ),
        more_terraform=_terraform_domain,
        more_cloudformation=_cloudformation_domain,
    ),
)
