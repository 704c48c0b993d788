"""Where data is kept: buckets, Cloud SQL, BigQuery, Pub/Sub, KMS keys, secrets."""

from collections.abc import Iterable

from bartizan.collect.resources.draft import Draft
from bartizan.collect.resources.network_rules import any_wide
from bartizan.collect.resources.plain_secret import any_written
from bartizan.collect.resources.values import Unknown, Value
from bartizan.collect.templates.aws.kind import flag, number, reference, text, there, word
from bartizan.collect.templates.configuration import Configuration
from bartizan.collect.templates.declared import Declared
from bartizan.collect.templates.family import blocks
from bartizan.collect.templates.google.access import access_parts, set_access
from bartizan.collect.templates.google.kind import Kind
from bartizan.collect.templates.rows import first, records, truth

_BUCKET = "google_storage_bucket"


def _bucket(out: Draft, bucket: Declared, configuration: Configuration) -> None:
    own = bucket.attributes
    prevention = own.get("public_access_prevention", "inherited")
    enforced = prevention if isinstance(prevention, Unknown) else str(prevention).lower() == "enforced"
    out.set("public_access_prevention", enforced)
    public = set_access(out, bucket, configuration, _BUCKET, "bucket", "name")
    by_acl = _by_acl(bucket, configuration)
    public = True if True in (public, by_acl) else public if isinstance(public, Unknown) else by_acl
    out.set("public", False if enforced is True else public if public is False or enforced is False else enforced)
    out.set("retention_locked", truth(first(own, "retention_policy.is_locked"), False))
    uniform = first(own, "uniform_bucket_level_access|bucket_policy_only")
    out.set("uniform_access", truth(uniform, False))


def _by_acl(bucket: Declared, configuration: Configuration) -> bool | Unknown:
    grants: list[Value] = []
    for each in configuration.linked(bucket, "google_storage_bucket_acl", "bucket", "name"):
        predefined = each.attributes.get("predefined_acl")
        if isinstance(predefined, str) and predefined.lower().startswith("public"):
            return True
        grants += blocks(each.attributes, "role_entity")
    for type_ in ("google_storage_bucket_access_control", "google_storage_default_object_access_control"):
        grants += [each.attributes.get("entity") for each in configuration.linked(bucket, type_, "bucket", "name")]
    doubt = next((each for each in grants if isinstance(each, Unknown)), False)
    opened = any(str(each).lower().rpartition(":")[2] in ("allusers", "allauthenticatedusers") for each in grants)
    return True if opened else doubt


def _sql(out: Draft, instance: Declared, configuration: Configuration) -> None:
    own = instance.attributes
    version = own.get("database_version", "MYSQL_5_6")
    out.set("engine", version, lambda value: str(value).partition("_")[0].lower())
    flags: Value = {}
    for each in records(first(own, "settings.database_flags")):
        name = each.get("name")
        if not isinstance(name, str):
            flags = name if isinstance(name, Unknown) else Unknown("a flag has no name")
            break
        value = each.get("value")
        flags[name] = value if isinstance(value, Unknown) else str(value).lower()
    out.set("flags", flags)
    address = truth(first(own, "settings.ip_configuration.ipv4_enabled"), True)
    out.set("public_address", address)
    networks = [each.get("value") for each in records(first(own, "settings.ip_configuration.authorized_networks"))]
    out.set("authorized_networks", networks)
    opened = any_wide(networks)
    out.set("public", False if address is False or opened is False else opened if address is True else address)
    mode = first(own, "settings.ip_configuration.ssl_mode")
    if mode is not None:
        out.set("tls_required", mode if isinstance(mode, Unknown) else "UNENCRYPTED" not in str(mode).upper())
    else:
        out.set("tls_required", truth(first(own, "settings.ip_configuration.require_ssl"), False))


def _dataset(out: Draft, dataset: Declared, configuration: Configuration) -> None:
    public = set_access(out, dataset, configuration, "google_bigquery_dataset", "dataset_id", "dataset_id")
    entries = records(dataset.attributes.get("access"))
    entries += [
        each.attributes
        for each in configuration.linked(dataset, "google_bigquery_dataset_access", "dataset_id", "dataset_id")
    ]
    for each in entries:
        for name in ("special_group", "iam_member"):
            group = each.get(name)
            if isinstance(group, Unknown):
                public = public if public is True else group
            elif str(group).lower() in ("allauthenticatedusers", "allusers"):
                public = True
    out.set("public", public)


def _table(out: Draft, table: Declared, configuration: Configuration) -> None:
    key = first(table.attributes, "encryption_configuration.kms_key_name")
    if key is None:
        dataset = configuration.at(table.attributes.get("dataset_id"))
        key = (
            first(dataset.attributes, "default_encryption_configuration.kms_key_name") if dataset is not None else None
        )
    out.set(
        "own_key", True if isinstance(key, Unknown) and key.target else key if isinstance(key, Unknown) else bool(key)
    )
    out.set("view", bool(table.attributes.get("view")))


def _topic(out: Draft, topic: Declared, configuration: Configuration) -> None:
    set_access(out, topic, configuration, "google_pubsub_topic", "topic", "name")


def _subscription(out: Draft, subscription: Declared, configuration: Configuration) -> None:
    set_access(out, subscription, configuration, "google_pubsub_subscription", "subscription", "name")


def _key(out: Draft, key: Declared, configuration: Configuration) -> None:
    set_access(out, key, configuration, "google_kms_crypto_key", "crypto_key_id", "name")
    period = key.attributes.get("rotation_period")
    out.set("rotation_days", period, lambda value: int(float(str(value).rstrip("s")) // 86400))


def _secret(out: Draft, secret: Declared, configuration: Configuration) -> None:
    set_access(out, secret, configuration, "google_secret_manager_secret", "secret_id", "secret_id")
    versions = configuration.linked(secret, "google_secret_manager_secret_version", "secret", "secret_id")
    values = [each.attributes.get("secret_data") for each in versions]
    out.set("value_in_template", any_written(values))


KINDS: Iterable[Kind] = (
    Kind(
        type="google.storage.bucket",
        terraform=(_BUCKET,),
        rows=(
            flag("versioning", "versioning.enabled", ""),
            there("logging", "logging.log_bucket", ""),
            reference("key", "encryption.default_kms_key_name", "", "encrypted-with"),
            number("retention_seconds", "retention_policy.retention_period", ""),
            number("soft_delete_seconds", "soft_delete_policy.retention_duration_seconds", ""),
        ),
        parts=(
            *access_parts(_BUCKET),
            *("google_storage_bucket_acl", "google_storage_bucket_access_control", "google_storage_default_object_acl"),
            *(
                "google_storage_default_object_access_control",
                "google_storage_bucket_object",
                "google_storage_notification",
            ),
        ),
        more=_bucket,
    ),
    Kind(
        type="google.sql.instance",
        terraform=("google_sql_database_instance",),
        rows=(
            flag("backups", "settings.backup_configuration.enabled", ""),
            flag(
                "point_in_time",
                "settings.backup_configuration.point_in_time_recovery_enabled|settings.backup_configuration.binary_log_enabled",
                "",
            ),
            flag("deletion_protection", "deletion_protection", ""),
            reference("key", "encryption_key_name", "", "encrypted-with"),
            word("availability", "settings.availability_type", ""),
            there("replica", "master_instance_name", ""),
        ),
        parts=("google_sql_database", "google_sql_user", "google_sql_ssl_cert"),
        more=_sql,
    ),
    Kind(
        type="google.bigquery.dataset",
        terraform=("google_bigquery_dataset",),
        name="dataset_id",
        rows=(reference("key", "default_encryption_configuration.kms_key_name", "", "encrypted-with"),),
        parts=(*access_parts("google_bigquery_dataset"), "google_bigquery_dataset_access"),
        more=_dataset,
    ),
    Kind(
        type="google.bigquery.table",
        terraform=("google_bigquery_table",),
        name="table_id",
        rows=(flag("deletion_protection", "deletion_protection", ""),),
        more=_table,
    ),
    Kind(
        type="google.pubsub.topic",
        terraform=("google_pubsub_topic",),
        rows=(reference("key", "kms_key_name", "", "encrypted-with"),),
        parts=access_parts("google_pubsub_topic"),
        more=_topic,
    ),
    Kind(
        type="google.pubsub.subscription",
        terraform=("google_pubsub_subscription",),
        parts=access_parts("google_pubsub_subscription"),
        more=_subscription,
    ),
    Kind(
        type="google.kms.key",
        terraform=("google_kms_crypto_key",),
        rows=(word("purpose", "purpose", ""), word("protection", "version_template.protection_level", "")),
        parts=(*access_parts("google_kms_crypto_key"), *access_parts("google_kms_key_ring"), "google_kms_key_ring"),
        more=_key,
    ),
    Kind(
        type="google.secretmanager.secret",
        terraform=("google_secret_manager_secret",),
        name="secret_id",
        rows=(there("rotation", "rotation", ""), text("expires", "expire_time", "")),
        parts=(*access_parts("google_secret_manager_secret"), "google_secret_manager_secret_version"),
        more=_secret,
    ),
)
