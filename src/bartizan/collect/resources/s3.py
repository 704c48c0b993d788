"""Whether an S3 bucket is open to everybody, with all settings considered together.

S3 User Guide, "Blocking public access to your Amazon S3 storage", "The meaning of public".
"""

from collections.abc import Mapping

from bartizan.collect.resources.values import Unknown, Value

PUBLIC_ACLS = ("public-read", "public-read-write", "authenticated-read")
_EVERYBODY = (
    "http://acs.amazonaws.com/groups/global/AllUsers",
    "http://acs.amazonaws.com/groups/global/AuthenticatedUsers",
)


def public_bucket(
    acl: Value, grants: list[Value], policy: bool | Unknown, access: Mapping[str, Value]
) -> bool | Unknown:
    """Everybody can read or write something: by the ACL unless ACLs are ignored, by the policy unless it is restricted.

    `policy` tells whether the bucket's policy lets everybody in; `access` is its public access block.
    """
    by_acl: bool | Unknown = acl if isinstance(acl, Unknown) else acl in PUBLIC_ACLS
    for grant in grants:
        grantee = grant["grantee"] if isinstance(grant, dict) else grant
        if grantee in _EVERYBODY:
            by_acl = True
        elif isinstance(grantee, Unknown) and by_acl is False:
            by_acl = grantee
    doubt: Unknown | None = None
    for opened, closed in (
        (by_acl, access.get("ignore_public_acls", False)),
        (policy, access.get("restrict_public_buckets", False)),
    ):
        if opened is False or closed is True:
            continue
        if opened is True and closed is False:
            return True
        doubt = doubt or (opened if isinstance(opened, Unknown) else closed)
    return doubt or False
