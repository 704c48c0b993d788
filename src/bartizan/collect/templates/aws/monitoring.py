"""Watching an account: CloudTrail, log groups, alarms, AWS Config, GuardDuty, Security Hub, Access Analyzer."""

from collections.abc import Iterable

from bartizan.collect.resources.draft import Draft
from bartizan.collect.resources.values import Unknown, Value
from bartizan.collect.templates.aws.kind import (
    Kind,
    count,
    dig,
    flag,
    key,
    number,
    reference,
    text,
)
from bartizan.collect.templates.configuration import Configuration
from bartizan.collect.templates.declared import Declared
from bartizan.collect.templates.family import blocks, enabled

_ELSEWHERE = Unknown("its bucket is not declared here")


def _terraform_trail(out: Draft, declared: Declared, configuration: Configuration) -> None:
    bucket = configuration.find(declared.attributes.get("s3_bucket_name"), ("aws_s3_bucket",), "bucket")
    if bucket is None:
        out.set("bucket_logged", _ELSEWHERE)
    else:
        apart = configuration.has(bucket, "aws_s3_bucket_logging", "bucket", "bucket")
        out.set("bucket_logged", bool(blocks(bucket.attributes, "logging")) or apart)
    selectors = blocks(declared.attributes, "event_selector")
    kinds = [(dig(each, "data_resource.type"), dig(each, "read_write_type")) for each in selectors]
    for each in blocks(declared.attributes, "advanced_event_selector"):
        kinds += [_advanced(blocks(each, "field_selector"), "field", "equals")]
    _data_events(out, kinds)


def _cloudformation_trail(out: Draft, declared: Declared, configuration: Configuration) -> None:
    bucket = configuration.find(declared.attributes.get("S3BucketName"), ("AWS::S3::Bucket",), "BucketName")
    logged = bool(blocks(bucket.attributes, "LoggingConfiguration")) if bucket else _ELSEWHERE
    out.set("bucket_logged", logged)
    selectors = blocks(declared.attributes, "EventSelectors")
    kinds = [(dig(each, "DataResources.Type"), dig(each, "ReadWriteType")) for each in selectors]
    for each in blocks(declared.attributes, "AdvancedEventSelectors"):
        kinds += [_advanced(blocks(each, "FieldSelectors"), "Field", "Equals")]
    _data_events(out, kinds)


def _advanced(found: list[Value], field: str, equals: str) -> tuple[Value, Value]:
    """The resource type and the kind of access that an advanced selector names."""
    known = {each.get(field): each.get(equals) for each in found if isinstance(each, dict)}
    types, only = known.get("resources.type"), known.get("readOnly")
    access = {"true": "ReadOnly", "false": "WriteOnly"}.get(str((only or [""])[0]).lower(), "All")
    return (types[0] if isinstance(types, list) and types else None), access


def _data_events(out: Draft, kinds: list[tuple[Value, Value]]) -> None:
    """Whether reading and writing of objects is recorded."""
    objects = [access or "All" for type_, access in kinds if type_ == "AWS::S3::Object"]
    doubt = next((type_ for type_, _ in kinds if isinstance(type_, Unknown)), None)
    for field, word in (("object_reads", "ReadOnly"), ("object_writes", "WriteOnly")):
        out.set(field, any(access in ("All", word) for access in objects) or doubt or False)


def _terraform_recorder(out: Draft, declared: Declared, configuration: Configuration) -> None:
    status = configuration.linked(declared, "aws_config_configuration_recorder_status", "name", "name")
    if status:
        out.set("enabled", enabled(status[0].attributes.get("is_enabled")))
    else:
        out.set("enabled", False)


def _cloudformation_recorder(out: Draft, declared: Declared, configuration: Configuration) -> None:
    """CloudFormation starts the recorder by making a delivery channel."""
    out.set("enabled", bool(configuration.of_type("AWS::Config::DeliveryChannel")))


def _terraform_detector(out: Draft, declared: Declared, configuration: Configuration) -> None:
    features = {
        str(each.attributes.get("name")): enabled(each.attributes.get("status"))
        for each in configuration.linked(declared, "aws_guardduty_detector_feature", "detector_id")
    }
    sources = "datasources"
    out.set("s3", features.get("S3_DATA_EVENTS", dig(declared.attributes, f"{sources}.s3_logs.enable")))
    kubernetes = dig(declared.attributes, f"{sources}.kubernetes.audit_logs.enable")
    out.set("kubernetes", features.get("EKS_AUDIT_LOGS", kubernetes))


def _cloudformation_detector(out: Draft, declared: Declared, configuration: Configuration) -> None:
    features = {
        str(each.get("Name")): enabled(each.get("Status"))
        for each in blocks(declared.attributes, "Features")
        if isinstance(each, dict)
    }
    sources = "DataSources"
    out.set("s3", features.get("S3_DATA_EVENTS", dig(declared.attributes, f"{sources}.S3Logs.Enable")))
    kubernetes = dig(declared.attributes, f"{sources}.Kubernetes.AuditLogs.Enable")
    out.set("kubernetes", features.get("EKS_AUDIT_LOGS", kubernetes))


def _terraform_filter(out: Draft, declared: Declared, configuration: Configuration) -> None:
    metric = dig(declared.attributes, "metric_transformation.name")
    out.set("alarmed", _alarmed(configuration, metric, "aws_cloudwatch_metric_alarm", "metric_name"))


def _cloudformation_filter(out: Draft, declared: Declared, configuration: Configuration) -> None:
    metric = dig(declared.attributes, "MetricTransformations.MetricName")
    out.set("alarmed", _alarmed(configuration, metric, "AWS::CloudWatch::Alarm", "MetricName"))


def _alarmed(configuration: Configuration, metric: Value, type_: str, attribute: str) -> bool | Unknown:
    """Whether an alarm of the template watches a metric."""
    if configuration.find(metric, (type_,), attribute) is not None:
        return True
    return configuration.unresolved(type_, attribute) or (metric if isinstance(metric, Unknown) else False)


def _there(out: Draft, declared: Declared, configuration: Configuration) -> None:
    """A service that is on by being declared."""
    out.set("enabled", True)


KINDS: Iterable[Kind] = (
    Kind(
        type="aws.cloudtrail.trail",
        terraform=("aws_cloudtrail",),
        cloudformation=("AWS::CloudTrail::Trail",),
        name=("name", "TrailName"),
        rows=(
            flag("multi_region", "is_multi_region_trail", "IsMultiRegionTrail"),
            flag("validation", "enable_log_file_validation", "EnableLogFileValidation"),
            key("key", "kms_key_id", "KMSKeyId"),
            reference("log_group", "cloud_watch_logs_group_arn", "CloudWatchLogsLogGroupArn", "logs-to"),
            reference("bucket", "s3_bucket_name", "S3BucketName", "logs-to"),
            flag("logging", "enable_logging", "IsLogging"),
            flag("global_events", "include_global_service_events", "IncludeGlobalServiceEvents"),
        ),
        more_terraform=_terraform_trail,
        more_cloudformation=_cloudformation_trail,
    ),
    Kind(
        type="aws.logs.group",
        terraform=("aws_cloudwatch_log_group",),
        cloudformation=("AWS::Logs::LogGroup",),
        name=("name", "LogGroupName"),
        rows=(number("retention_days", "retention_in_days", "RetentionInDays"), key("key", "kms_key_id", "KmsKeyId")),
        terraform_parts=(
            *("aws_cloudwatch_log_stream", "aws_cloudwatch_log_resource_policy"),
            *("aws_cloudwatch_log_subscription_filter", "aws_cloudwatch_dashboard"),
        ),
        cloudformation_parts=(
            *("AWS::Logs::LogStream", "AWS::Logs::SubscriptionFilter"),
            *("AWS::Logs::ResourcePolicy", "AWS::CloudWatch::Dashboard"),
        ),
    ),
    Kind(
        type="aws.logs.metric_filter",
        terraform=("aws_cloudwatch_log_metric_filter",),
        cloudformation=("AWS::Logs::MetricFilter",),
        name=("name", "FilterName"),
        rows=(
            text("pattern", "pattern", "FilterPattern"),
            text("metric", "metric_transformation.name", "MetricTransformations.MetricName"),
        ),
        more_terraform=_terraform_filter,
        more_cloudformation=_cloudformation_filter,
    ),
    Kind(
        type="aws.cloudwatch.alarm",
        terraform=("aws_cloudwatch_metric_alarm", "aws_cloudwatch_composite_alarm"),
        cloudformation=("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm"),
        name=("alarm_name", "AlarmName"),
        rows=(
            flag("enabled", "actions_enabled", "ActionsEnabled"),
            count("actions", "alarm_actions", "AlarmActions"),
        ),
    ),
    Kind(
        type="aws.config.recorder",
        terraform=("aws_config_configuration_recorder",),
        cloudformation=("AWS::Config::ConfigurationRecorder",),
        rows=(
            flag("all_types", "recording_group.all_supported", "RecordingGroup.AllSupported"),
            flag(
                "global_types",
                "recording_group.include_global_resource_types",
                "RecordingGroup.IncludeGlobalResourceTypes",
            ),
        ),
        terraform_parts=(
            *("aws_config_configuration_recorder_status", "aws_config_delivery_channel", "aws_config_config_rule"),
            *(
                "aws_config_configuration_aggregator",
                "aws_config_aggregate_authorization",
                "aws_config_conformance_pack",
            ),
        ),
        cloudformation_parts=("AWS::Config::DeliveryChannel", "AWS::Config::ConfigRule"),
        more_terraform=_terraform_recorder,
        more_cloudformation=_cloudformation_recorder,
    ),
    Kind(
        type="aws.guardduty.detector",
        terraform=("aws_guardduty_detector",),
        cloudformation=("AWS::GuardDuty::Detector",),
        rows=(
            flag("enabled", "enable", "Enable"),
            text("frequency", "finding_publishing_frequency", "FindingPublishingFrequency"),
        ),
        terraform_parts=("aws_guardduty_detector_feature", "aws_guardduty_member", "aws_guardduty_filter"),
        cloudformation_parts=("AWS::GuardDuty::Member", "AWS::GuardDuty::Filter"),
        more_terraform=_terraform_detector,
        more_cloudformation=_cloudformation_detector,
    ),
    Kind(
        type="aws.securityhub.hub",
        terraform=("aws_securityhub_account",),
        cloudformation=("AWS::SecurityHub::Hub",),
        terraform_parts=("aws_securityhub_standards_subscription", "aws_securityhub_product_subscription"),
        cloudformation_parts=("AWS::SecurityHub::Standard",),
        more_terraform=_there,
        more_cloudformation=_there,
    ),
    Kind(
        type="aws.accessanalyzer.analyzer",
        terraform=("aws_accessanalyzer_analyzer",),
        cloudformation=("AWS::AccessAnalyzer::Analyzer",),
        name=("analyzer_name", "AnalyzerName"),
        rows=(text("kind", "type", "Type"),),
        terraform_parts=("aws_accessanalyzer_archive_rule",),
        more_terraform=_there,
        more_cloudformation=_there,
    ),
)
