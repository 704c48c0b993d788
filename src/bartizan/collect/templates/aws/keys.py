"""Keys, secrets and certificates: KMS, Secrets Manager, the parameter store, ACM."""

from collections.abc import Iterable

from bartizan.collect.resources.draft import Draft
from bartizan.collect.resources.plain_secret import any_written, written
from bartizan.collect.resources.values import Unknown, Value
from bartizan.collect.templates.aws.kind import Kind, dig, flag, flag_if, key, number, set_policy, text
from bartizan.collect.templates.configuration import Configuration
from bartizan.collect.templates.declared import Declared
from bartizan.collect.templates.family import added, present


def _terraform_key(out: Draft, declared: Declared, configuration: Configuration) -> None:
    apart = added(declared, configuration, "aws_kms_key_policy", "key_id")
    set_policy(out, declared.attributes.get("policy", apart.get("policy")))


def _cloudformation_key(out: Draft, declared: Declared, configuration: Configuration) -> None:
    set_policy(out, declared.attributes.get("KeyPolicy"))


def _terraform_secret(out: Draft, declared: Declared, configuration: Configuration) -> None:
    rotation = added(declared, configuration, "aws_secretsmanager_secret_rotation", "secret_id", "name")
    out.set("rotation", present(rotation))
    out.set("rotation_days", dig(rotation, "rotation_rules.automatically_after_days"), lambda value: int(float(value)))
    apart = added(declared, configuration, "aws_secretsmanager_secret_policy", "secret_arn", "name")
    set_policy(out, declared.attributes.get("policy", apart.get("policy")))
    versions = configuration.linked(declared, "aws_secretsmanager_secret_version", "secret_id", "name")
    out.set("value_in_template", any_written(each.attributes.get("secret_string") for each in versions))


def _cloudformation_secret(out: Draft, declared: Declared, configuration: Configuration) -> None:
    rotation = added(declared, configuration, "AWS::SecretsManager::RotationSchedule", "SecretId", "Name")
    out.set("rotation", present(rotation))
    days = dig(rotation, "RotationRules.AutomaticallyAfterDays")
    out.set("rotation_days", days, lambda value: int(float(value)))
    apart = added(declared, configuration, "AWS::SecretsManager::ResourcePolicy", "SecretId", "Name")
    set_policy(out, apart.get("ResourcePolicy"))
    out.set("value_in_template", written(declared.attributes.get("SecretString")))


def _terraform_parameter(out: Draft, declared: Declared, configuration: Configuration) -> None:
    _parameter(out, declared.attributes.get("type"), declared.attributes.get("value"))


def _cloudformation_parameter(out: Draft, declared: Declared, configuration: Configuration) -> None:
    _parameter(out, declared.attributes.get("Type"), declared.attributes.get("Value"))


def _parameter(out: Draft, kind: Value, value: Value) -> None:
    out.set("secure", kind if isinstance(kind, Unknown) else kind == "SecureString")
    out.set("value_in_template", written(value))


KINDS: Iterable[Kind] = (
    Kind(
        type="aws.kms.key",
        terraform=("aws_kms_key", "aws_kms_external_key", "aws_kms_replica_key"),
        cloudformation=("AWS::KMS::Key", "AWS::KMS::ReplicaKey"),
        name=("description", "Description"),
        rows=(
            flag("rotation", "enable_key_rotation", "EnableKeyRotation"),
            text("spec", "customer_master_key_spec", "KeySpec"),
            text("usage", "key_usage", "KeyUsage"),
            number("deletion_days", "deletion_window_in_days", "PendingWindowInDays"),
            flag("enabled", "is_enabled", "Enabled"),
            flag("multi_region", "multi_region", "MultiRegion"),
        ),
        terraform_parts=("aws_kms_alias", "aws_kms_key_policy", "aws_kms_grant"),
        cloudformation_parts=("AWS::KMS::Alias",),
        more_terraform=_terraform_key,
        more_cloudformation=_cloudformation_key,
    ),
    Kind(
        type="aws.secretsmanager.secret",
        terraform=("aws_secretsmanager_secret",),
        cloudformation=("AWS::SecretsManager::Secret",),
        rows=(
            key("key", "kms_key_id", "KmsKeyId"),
            number("recovery_days", "recovery_window_in_days", ""),
        ),
        terraform_parts=(
            "aws_secretsmanager_secret_rotation",
            "aws_secretsmanager_secret_policy",
            "aws_secretsmanager_secret_version",
        ),
        cloudformation_parts=(
            "AWS::SecretsManager::RotationSchedule",
            "AWS::SecretsManager::ResourcePolicy",
            "AWS::SecretsManager::SecretTargetAttachment",
        ),
        more_terraform=_terraform_secret,
        more_cloudformation=_cloudformation_secret,
    ),
    Kind(
        type="aws.ssm.parameter",
        terraform=("aws_ssm_parameter",),
        cloudformation=("AWS::SSM::Parameter",),
        rows=(text("path", "name", "Name"), key("key", "key_id", "")),
        more_terraform=_terraform_parameter,
        more_cloudformation=_cloudformation_parameter,
    ),
    Kind(
        type="aws.acm.certificate",
        terraform=("aws_acm_certificate",),
        cloudformation=("AWS::CertificateManager::Certificate",),
        name=("domain_name", "DomainName"),
        rows=(
            text("domain", "domain_name", "DomainName"),
            text("validation", "validation_method", "ValidationMethod"),
            text("algorithm", "key_algorithm", "KeyAlgorithm"),
            flag_if(
                "transparency",
                "options.certificate_transparency_logging_preference",
                "CertificateTransparencyLoggingPreference",
                "enabled",
            ),
        ),
        terraform_parts=("aws_acm_certificate_validation",),
    ),
)
