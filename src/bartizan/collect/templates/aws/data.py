"""Files, backups, queues, streams and brokers, and what works on data: EFS to SQS and MSK, SageMaker, Glue, builds."""

from collections.abc import Iterable

from bartizan.collect.resources.draft import Draft
from bartizan.collect.resources.plain_secret import in_variables
from bartizan.collect.resources.values import Unknown, Value
from bartizan.collect.templates.aws.kind import (
    Kind,
    More,
    count,
    dig,
    flag,
    flag_if,
    is_there,
    key,
    number,
    set_policy,
    text,
    there,
)
from bartizan.collect.templates.configuration import Configuration
from bartizan.collect.templates.declared import Declared
from bartizan.collect.templates.family import added, blocks, enabled


def _policy_of(type_: str, attribute: str, document: str, *names: str, own: str = "") -> More:
    """Sets the policy that another resource, or the resource itself, states."""

    def more(out: Draft, declared: Declared, configuration: Configuration) -> None:
        apart = added(declared, configuration, type_, attribute, *names)
        said = declared.attributes.get(own) if own else None
        set_policy(out, apart.get(document) if said is None else said)

    return more


def _terraform_file_system(out: Draft, declared: Declared, configuration: Configuration) -> None:
    found = configuration.linked(declared, "aws_efs_backup_policy", "file_system_id")
    out.set("backup", any(enabled(dig(each.attributes, "backup_policy.status")) is True for each in found))
    _policy_of("aws_efs_file_system_policy", "file_system_id", "policy")(out, declared, configuration)


def _cloudformation_file_system(out: Draft, declared: Declared, configuration: Configuration) -> None:
    out.set("backup", enabled(dig(declared.attributes, "BackupPolicy.Status")))
    set_policy(out, declared.attributes.get("FileSystemPolicy"))


def _terraform_queue(out: Draft, declared: Declared, configuration: Configuration) -> None:
    own = declared.attributes
    out.set("encrypted", _sse(own.get("sqs_managed_sse_enabled"), own.get("kms_master_key_id")))
    _policy_of("aws_sqs_queue_policy", "queue_url", "policy", own="policy")(out, declared, configuration)


def _cloudformation_queue(out: Draft, declared: Declared, configuration: Configuration) -> None:
    own = declared.attributes
    out.set("encrypted", _sse(own.get("SqsManagedSseEnabled"), own.get("KmsMasterKeyId")))
    _policy_of("AWS::SQS::QueuePolicy", "Queues", "PolicyDocument")(out, declared, configuration)


def _sse(managed: Value, key_id: Value) -> Value:
    """A queue is encrypted by SQS unless somebody turned that off and gave no key."""
    if is_there(key_id) is True or managed is None:
        return True
    return enabled(managed)


def _terraform_project(out: Draft, declared: Declared, configuration: Configuration) -> None:
    pairs = blocks(_environment(declared.attributes, "environment"), "environment_variable")
    _variables(out, pairs, "name", "value", "type")


def _cloudformation_project(out: Draft, declared: Declared, configuration: Configuration) -> None:
    pairs = blocks(_environment(declared.attributes, "Environment"), "EnvironmentVariables")
    _variables(out, pairs, "Name", "Value", "Type")


def _environment(attributes: dict[str, Value], name: str) -> Value:
    found = blocks(attributes, name)
    return found[0] if found else {}


def _variables(out: Draft, pairs: list[Value], name: str, value: str, kind: str) -> None:
    plain = {
        str(each.get(name)): each.get(value)
        for each in pairs
        if isinstance(each, dict) and each.get(kind) in (None, "PLAINTEXT")
    }
    out.set("secret_in_variables", in_variables(plain))


def _terraform_broker(out: Draft, declared: Declared, configuration: Configuration) -> None:
    own = declared.attributes
    out.set("logging", _any(dig(own, "logs.general"), dig(own, "logs.audit")))


def _cloudformation_broker(out: Draft, declared: Declared, configuration: Configuration) -> None:
    own = declared.attributes
    out.set("logging", _any(dig(own, "Logs.General"), dig(own, "Logs.Audit")))


def _any(*values: Value) -> Value:
    truths = [value if isinstance(value, Unknown) else enabled(value) is True for value in values]
    return next((True for each in truths if each is True), None) or next(
        (each for each in truths if isinstance(each, Unknown)), False
    )


def _terraform_kafka(out: Draft, declared: Declared, configuration: Configuration) -> None:
    own = declared.attributes
    destinations = ("cloudwatch_logs", "firehose", "s3")
    out.set("logging", _any(*(dig(own, f"logging_info.broker_logs.{each}.enabled") for each in destinations)))


def _cloudformation_kafka(out: Draft, declared: Declared, configuration: Configuration) -> None:
    own = declared.attributes
    destinations = ("CloudWatchLogs", "Firehose", "S3")
    out.set("logging", _any(*(dig(own, f"LoggingInfo.BrokerLogs.{each}.Enabled") for each in destinations)))


_KAFKA = "broker_node_group_info.connectivity_info.public_access.type"
_KAFKA_STACK = "BrokerNodeGroupInfo.ConnectivityInfo.PublicAccess.Type"

KINDS: Iterable[Kind] = (
    Kind(
        type="aws.efs.file_system",
        terraform=("aws_efs_file_system",),
        cloudformation=("AWS::EFS::FileSystem",),
        rows=(flag("encrypted", "encrypted", "Encrypted"), key("key", "kms_key_id", "KmsKeyId")),
        terraform_parts=("aws_efs_backup_policy", "aws_efs_file_system_policy", "aws_efs_mount_target"),
        cloudformation_parts=("AWS::EFS::MountTarget",),
        more_terraform=_terraform_file_system,
        more_cloudformation=_cloudformation_file_system,
    ),
    Kind(
        type="aws.efs.access_point",
        terraform=("aws_efs_access_point",),
        cloudformation=("AWS::EFS::AccessPoint",),
        rows=(
            there("user", "posix_user", "PosixUser"),
            text("root", "root_directory.path", "RootDirectory.Path"),
        ),
    ),
    Kind(
        type="aws.fsx.file_system",
        terraform=(
            *("aws_fsx_lustre_file_system", "aws_fsx_windows_file_system", "aws_fsx_ontap_file_system"),
            "aws_fsx_openzfs_file_system",
        ),
        cloudformation=("AWS::FSx::FileSystem",),
        rows=(
            key("key", "kms_key_id", "KmsKeyId"),
            number(
                "backup_days", "automatic_backup_retention_days", "WindowsConfiguration.AutomaticBackupRetentionDays"
            ),
            number("backup_days", "", "LustreConfiguration.AutomaticBackupRetentionDays"),
        ),
    ),
    Kind(
        type="aws.backup.vault",
        terraform=("aws_backup_vault",),
        cloudformation=("AWS::Backup::BackupVault",),
        name=("name", "BackupVaultName"),
        rows=(
            key("key", "kms_key_arn", "EncryptionKeyArn"),
            there("locked", "", "LockConfiguration"),
        ),
        terraform_parts=(
            *("aws_backup_vault_lock_configuration", "aws_backup_vault_policy", "aws_backup_plan"),
            "aws_backup_selection",
        ),
        cloudformation_parts=("AWS::Backup::BackupPlan", "AWS::Backup::BackupSelection"),
        more_terraform=lambda out, declared, configuration: out.set(
            "locked",
            configuration.has(declared, "aws_backup_vault_lock_configuration", "backup_vault_name", "name"),
        ),
    ),
    Kind(
        type="aws.sns.topic",
        terraform=("aws_sns_topic",),
        cloudformation=("AWS::SNS::Topic",),
        name=("name", "TopicName"),
        rows=(key("key", "kms_master_key_id", "KmsMasterKeyId"),),
        terraform_parts=("aws_sns_topic_policy", "aws_sns_topic_subscription"),
        cloudformation_parts=("AWS::SNS::TopicPolicy", "AWS::SNS::Subscription"),
        more_terraform=_policy_of("aws_sns_topic_policy", "arn", "policy", own="policy"),
        more_cloudformation=_policy_of("AWS::SNS::TopicPolicy", "Topics", "PolicyDocument"),
    ),
    Kind(
        type="aws.sqs.queue",
        terraform=("aws_sqs_queue",),
        cloudformation=("AWS::SQS::Queue",),
        name=("name", "QueueName"),
        rows=(
            key("key", "kms_master_key_id", "KmsMasterKeyId"),
            there("dead_letters", "redrive_policy", "RedrivePolicy"),
        ),
        terraform_parts=("aws_sqs_queue_policy", "aws_sqs_queue_redrive_policy"),
        cloudformation_parts=("AWS::SQS::QueuePolicy",),
        more_terraform=_terraform_queue,
        more_cloudformation=_cloudformation_queue,
    ),
    Kind(
        type="aws.kinesis.stream",
        terraform=("aws_kinesis_stream",),
        cloudformation=("AWS::Kinesis::Stream",),
        rows=(
            flag_if("encrypted", "encryption_type", "StreamEncryption.EncryptionType", "kms"),
            key("key", "kms_key_id", "StreamEncryption.KeyId"),
        ),
    ),
    Kind(
        type="aws.firehose.stream",
        terraform=("aws_kinesis_firehose_delivery_stream",),
        cloudformation=("AWS::KinesisFirehose::DeliveryStream",),
        name=("name", "DeliveryStreamName"),
        rows=(
            flag("encrypted", "server_side_encryption.enabled", ""),
            there("encrypted", "", "DeliveryStreamEncryptionConfigurationInput"),
            there("from_stream", "kinesis_source_configuration", "KinesisStreamSourceConfiguration"),
        ),
    ),
    Kind(
        type="aws.msk.cluster",
        terraform=("aws_msk_cluster",),
        cloudformation=("AWS::MSK::Cluster",),
        name=("cluster_name", "ClusterName"),
        rows=(
            key(
                "key",
                "encryption_info.encryption_at_rest_kms_key_arn",
                "EncryptionInfo.EncryptionAtRest.DataVolumeKMSKeyId",
            ),
            text(
                "clients",
                "encryption_info.encryption_in_transit.client_broker",
                "EncryptionInfo.EncryptionInTransit.ClientBroker",
            ),
            flag(
                "between_brokers",
                "encryption_info.encryption_in_transit.in_cluster",
                "EncryptionInfo.EncryptionInTransit.InCluster",
            ),
            flag_if("public", _KAFKA, _KAFKA_STACK, "service_provided_eips"),
            flag(
                "unauthenticated",
                "client_authentication.unauthenticated",
                "ClientAuthentication.Unauthenticated.Enabled",
            ),
        ),
        terraform_parts=("aws_msk_configuration", "aws_msk_scram_secret_association"),
        cloudformation_parts=("AWS::MSK::Configuration", "AWS::MSK::BatchScramSecret"),
        more_terraform=_terraform_kafka,
        more_cloudformation=_cloudformation_kafka,
    ),
    Kind(
        type="aws.mq.broker",
        terraform=("aws_mq_broker",),
        cloudformation=("AWS::AmazonMQ::Broker",),
        name=("broker_name", "BrokerName"),
        rows=(
            flag("publicly_accessible", "publicly_accessible", "PubliclyAccessible"),
            flag("minor_upgrades", "auto_minor_version_upgrade", "AutoMinorVersionUpgrade"),
            key("key", "encryption_options.kms_key_id", "EncryptionOptions.KmsKeyId"),
        ),
        terraform_parts=("aws_mq_configuration",),
        cloudformation_parts=("AWS::AmazonMQ::Configuration",),
        more_terraform=_terraform_broker,
        more_cloudformation=_cloudformation_broker,
    ),
    Kind(
        type="aws.sagemaker.notebook",
        terraform=("aws_sagemaker_notebook_instance",),
        cloudformation=("AWS::SageMaker::NotebookInstance",),
        name=("name", "NotebookInstanceName"),
        rows=(
            flag("internet", "direct_internet_access", "DirectInternetAccess"),
            flag("root", "root_access", "RootAccess"),
            there("in_vpc", "subnet_id", "SubnetId"),
            key("key", "kms_key_id", "KmsKeyId"),
        ),
    ),
    Kind(
        type="aws.glue.security_configuration",
        terraform=("aws_glue_security_configuration",),
        cloudformation=("AWS::Glue::SecurityConfiguration",),
        rows=(
            text(
                "objects",
                "encryption_configuration.s3_encryption.s3_encryption_mode",
                "EncryptionConfiguration.S3Encryptions.S3EncryptionMode",
            ),
            text(
                "logs",
                "encryption_configuration.cloudwatch_encryption.cloudwatch_encryption_mode",
                "EncryptionConfiguration.CloudWatchEncryption.CloudWatchEncryptionMode",
            ),
            text(
                "bookmarks",
                "encryption_configuration.job_bookmarks_encryption.job_bookmarks_encryption_mode",
                "EncryptionConfiguration.JobBookmarksEncryption.JobBookmarksEncryptionMode",
            ),
        ),
    ),
    Kind(
        type="aws.athena.workgroup",
        terraform=("aws_athena_workgroup",),
        cloudformation=("AWS::Athena::WorkGroup",),
        rows=(
            text(
                "encryption",
                "configuration.result_configuration.encryption_configuration.encryption_option",
                "WorkGroupConfiguration.ResultConfiguration.EncryptionConfiguration.EncryptionOption",
            ),
            flag(
                "enforced",
                "configuration.enforce_workgroup_configuration",
                "WorkGroupConfiguration.EnforceWorkGroupConfiguration",
            ),
        ),
    ),
    Kind(
        type="aws.emr.cluster",
        terraform=("aws_emr_cluster",),
        cloudformation=("AWS::EMR::Cluster",),
        rows=(
            there("security_configuration", "security_configuration", "SecurityConfiguration"),
            there("logging", "log_uri", "LogUri"),
            there("kerberos", "kerberos_attributes", "KerberosAttributes"),
        ),
        terraform_parts=("aws_emr_security_configuration", "aws_emr_instance_group"),
        cloudformation_parts=("AWS::EMR::SecurityConfiguration",),
    ),
    Kind(
        type="aws.states.machine",
        terraform=("aws_sfn_state_machine",),
        cloudformation=("AWS::StepFunctions::StateMachine",),
        name=("name", "StateMachineName"),
        rows=(
            text("log_level", "logging_configuration.level", "LoggingConfiguration.Level"),
            flag("tracing", "tracing_configuration.enabled", "TracingConfiguration.Enabled"),
        ),
    ),
    Kind(
        type="aws.codebuild.project",
        terraform=("aws_codebuild_project",),
        cloudformation=("AWS::CodeBuild::Project",),
        rows=(
            key("key", "encryption_key", "EncryptionKey"),
            flag("privileged", "environment.privileged_mode", "Environment.PrivilegedMode"),
            flag_if("logs_off", "logs_config.cloudwatch_logs.status", "LogsConfig.CloudWatchLogs.Status", "disabled"),
            flag("artifacts_plain", "artifacts.encryption_disabled", "Artifacts.EncryptionDisabled"),
            count("secondary", "secondary_sources", "SecondarySources"),
        ),
        terraform_parts=("aws_codebuild_webhook", "aws_codebuild_source_credential"),
        more_terraform=_terraform_project,
        more_cloudformation=_cloudformation_project,
    ),
)
