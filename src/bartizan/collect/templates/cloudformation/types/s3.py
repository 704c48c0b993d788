"""S3 buckets as CloudFormation writes them: all in the bucket's own properties but for its policy."""

from collections.abc import Iterable, Mapping

from bartizan.collect.resources.draft import Draft
from bartizan.collect.resources.iam_document import is_public, statements
from bartizan.collect.resources.s3 import public_bucket
from bartizan.collect.resources.values import Unknown, Value
from bartizan.collect.templates.configuration import Configuration
from bartizan.collect.templates.declared import Declared
from bartizan.collect.templates.family import Family, added, block, blocks, draft_of, enabled, present

_BLOCKS = {
    "block_public_acls": "BlockPublicAcls",
    "ignore_public_acls": "IgnorePublicAcls",
    "block_public_policy": "BlockPublicPolicy",
    "restrict_public_buckets": "RestrictPublicBuckets",
}
_ACLS = {
    "Private": "private",
    "PublicRead": "public-read",
    "PublicReadWrite": "public-read-write",
    "AuthenticatedRead": "authenticated-read",
    "LogDeliveryWrite": "log-delivery-write",
    "BucketOwnerRead": "bucket-owner-read",
    "BucketOwnerFullControl": "bucket-owner-full-control",
    "AwsExecRead": "aws-exec-read",
}


def draft(bucket: Declared, configuration: Configuration) -> Iterable[Draft]:
    """One bucket."""
    own = bucket.attributes
    out = draft_of("aws.s3.bucket", bucket, "aws", "BucketName")
    out.set("tags", own.get("Tags"), tags)
    access = block(own, "PublicAccessBlockConfiguration")
    settings = {name: _truth(access.get(key)) for name, key in _BLOCKS.items()}
    for name, value in settings.items():
        out.set(f"public_access_block.{name}", value)
    acl = own.get("AccessControl")
    acl = _ACLS.get(acl, acl) if isinstance(acl, str) else acl
    out.set("acl", acl)
    policy = added(bucket, configuration, "AWS::S3::BucketPolicy", "Bucket", "BucketName")
    document = policy.get("PolicyDocument")
    read = statements(document) if document is not None else []
    out.set("policy", read)
    known = {name: value for name, value in settings.items() if value is not None}
    out.set("public", public_bucket(acl, [], is_public(read), known))
    rule = block(block(own, "BucketEncryption"), "ServerSideEncryptionConfiguration")
    default = block(rule, "ServerSideEncryptionByDefault")
    out.set("encryption.algorithm", default.get("SSEAlgorithm"))
    key = default.get("KMSMasterKeyID")
    out.set("encryption.key", key.target or None if isinstance(key, Unknown) else key)
    out.relate("encrypted-with", key)
    out.set("encryption.bucket_key", _truth(rule.get("BucketKeyEnabled")))
    out.set("versioning.enabled", enabled(block(own, "VersioningConfiguration").get("Status")))
    logging = block(own, "LoggingConfiguration")
    out.set("logging.enabled", present(logging))
    out.relate("logs-to", logging.get("DestinationBucketName"))
    out.set("object_ownership", block(block(own, "OwnershipControls"), "Rules").get("ObjectOwnership"))
    out.set("lifecycle_rules", _count(blocks(block(own, "LifecycleConfiguration"), "Rules")))
    out.set("website", present(block(own, "WebsiteConfiguration")))
    out.set("replication", present(block(own, "ReplicationConfiguration")))
    out.set("object_lock", _truth(own.get("ObjectLockEnabled")))
    yield out


def tags(value: Value) -> Value:
    """`[{"Key": ..., "Value": ...}]` as an object."""
    return {str(each["Key"]): each["Value"] for each in value if isinstance(each, Mapping)}


def _count(found: list[Value]) -> Value:
    return next((each for each in found if isinstance(each, Unknown)), len(found))


def _truth(value: Value) -> Value:
    return enabled(value)


FAMILY = Family(types=("AWS::S3::Bucket",), parts=("AWS::S3::BucketPolicy",), draft=draft, makes=("aws.s3.bucket",))
