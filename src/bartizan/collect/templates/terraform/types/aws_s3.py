"""S3 buckets: the bucket, and everything that other resources add to it (provider version 4 and later), or that it says
itself (before).

What nothing says is what AWS does for a bucket made today: encrypted with AES256, owned by the bucket's owner. The
public access block is off unless a resource turns it on: that is what the API sets without the console.
"""

from collections.abc import Iterable

from bartizan.collect.resources.draft import Draft
from bartizan.collect.resources.iam_document import is_public, statements
from bartizan.collect.resources.s3 import public_bucket
from bartizan.collect.resources.values import Unknown, Value, first_unknown
from bartizan.collect.templates.aws.kind import terraform_tags
from bartizan.collect.templates.configuration import Configuration
from bartizan.collect.templates.declared import Declared
from bartizan.collect.templates.family import (
    Family,
    added,
    block,
    blocks,
    draft_of,
    enabled,
    present,
)

_BLOCKS = ("block_public_acls", "ignore_public_acls", "block_public_policy", "restrict_public_buckets")


def draft(bucket: Declared, configuration: Configuration) -> Iterable[Draft]:
    """One bucket."""

    def of(type_: str) -> dict[str, Value]:
        return added(bucket, configuration, type_, "bucket", "bucket", "id")

    out = draft_of("aws.s3.bucket", bucket, "aws", "bucket")
    own = bucket.attributes
    out.set("tags", terraform_tags(own))
    _access(out, own, of("aws_s3_bucket_acl"), of("aws_s3_bucket_policy"), of("aws_s3_bucket_public_access_block"))
    encryption = "server_side_encryption_configuration"
    _encryption(out, of(f"aws_s3_bucket_{encryption}") or block(own, encryption))
    versioning = block(of("aws_s3_bucket_versioning"), "versioning_configuration") or block(own, "versioning")
    out.set("versioning.enabled", enabled(versioning.get("status", versioning.get("enabled"))))
    out.set("versioning.mfa_delete", enabled(versioning.get("mfa_delete")))
    logging = of("aws_s3_bucket_logging") or block(own, "logging")
    out.set("logging.enabled", present(logging))
    out.relate("logs-to", logging.get("target_bucket"))
    out.set("object_ownership", block(of("aws_s3_bucket_ownership_controls"), "rule").get("object_ownership"))
    lifecycle = blocks(of("aws_s3_bucket_lifecycle_configuration"), "rule") or blocks(own, "lifecycle_rule")
    out.set("lifecycle_rules", first_unknown(lifecycle) if _uncountable(lifecycle) else len(lifecycle))
    out.set("website", present(of("aws_s3_bucket_website_configuration") or block(own, "website")))
    replication = of("aws_s3_bucket_replication_configuration") or block(own, "replication_configuration")
    out.set("replication", present(replication))
    out.set("object_lock", own.get("object_lock_enabled", present(block(own, "object_lock_configuration"))))
    yield out


def _uncountable(found: list[Value]) -> bool:
    return any(isinstance(each, Unknown) for each in found)


def _access(
    out: Draft, own: dict[str, Value], acls: dict[str, Value], policies: dict[str, Value], access: dict[str, Value]
) -> None:
    for name in _BLOCKS:
        out.set(f"public_access_block.{name}", access.get(name))
    acl, grants = _acl(own, acls)
    out.set("acl", acl)
    out.set("grants", grants)
    document = policies.get("policy", own.get("policy"))
    read = statements(document) if document is not None else []
    out.set("policy", read)
    out.set("public", public_bucket(acl, grants, is_public(read), access))


def _encryption(out: Draft, configuration: dict[str, Value]) -> None:
    rule = block(configuration, "rule")
    default = block(rule, "apply_server_side_encryption_by_default")
    out.set("encryption.algorithm", default.get("sse_algorithm"))
    key = default.get("kms_master_key_id")
    out.set("encryption.key", key.target or None if isinstance(key, Unknown) else key)
    out.relate("encrypted-with", key)
    out.set("encryption.bucket_key", rule.get("bucket_key_enabled"))


def _acl(own: dict[str, Value], acls: dict[str, Value]) -> tuple[Value, list[Value]]:
    acl = acls.get("acl", own.get("acl"))
    policy = block(acls, "access_control_policy")
    grants = [
        {"grantee": _grantee(block(grant, "grantee") or grant), "permission": grant.get("permission", "")}
        if isinstance(grant, dict)
        else grant
        for grant in blocks(policy, "grant") or blocks(own, "grant")
    ]
    return acl, grants


def _grantee(grantee: dict[str, Value]) -> Value:
    return grantee.get("uri") or grantee.get("id") or grantee.get("email_address") or ""


FAMILY = Family(
    types=("aws_s3_bucket",),
    makes=("aws.s3.bucket",),
    parts=(
        "aws_s3_bucket_acl",
        "aws_s3_bucket_lifecycle_configuration",
        "aws_s3_bucket_logging",
        "aws_s3_bucket_ownership_controls",
        "aws_s3_bucket_policy",
        "aws_s3_bucket_public_access_block",
        "aws_s3_bucket_replication_configuration",
        "aws_s3_bucket_server_side_encryption_configuration",
        "aws_s3_bucket_versioning",
        "aws_s3_bucket_website_configuration",
        *("aws_s3_object", "aws_s3_bucket_object", "aws_s3_object_copy", "aws_s3_bucket_notification"),
        *("aws_s3_bucket_cors_configuration", "aws_s3_bucket_accelerate_configuration", "aws_s3_bucket_inventory"),
        *(
            "aws_s3_bucket_intelligent_tiering_configuration",
            "aws_s3_bucket_metric",
            "aws_s3_bucket_object_lock_configuration",
        ),
    ),
    draft=draft,
)
