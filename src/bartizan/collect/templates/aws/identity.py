"""Identity: users, groups, roles, policies on their own and within them, the password policy.

A policy that stands within a user, group or role is a resource of its own here, as it is one in Terraform: what a
policy grants is judged once, wherever it is written.
"""

from collections.abc import Iterable, Iterator

from bartizan.collect.resources.draft import Draft
from bartizan.collect.resources.iam_access import open_federation, set_access
from bartizan.collect.resources.iam_document import is_public, statements
from bartizan.collect.resources.values import Unknown, Value
from bartizan.collect.templates.aws.kind import Kind, as_texts, flag, number, terraform_tags
from bartizan.collect.templates.aws.network import joined
from bartizan.collect.templates.configuration import Configuration
from bartizan.collect.templates.declared import Declared
from bartizan.collect.templates.family import Family, blocks, draft_of


def terraform_policy(policy: Declared, configuration: Configuration) -> Iterator[Draft]:
    """A policy, managed or within something."""
    out = draft_of("aws.iam.policy", policy, "aws")
    out.set("inline", policy.type != "aws_iam_policy")
    out.set("holder", as_texts(joined(*(policy.attributes.get(name) for name in ("role", "user", "group")))))
    set_access(out, statements(policy.attributes.get("policy")))
    yield out


def cloudformation_policy(policy: Declared, configuration: Configuration) -> Iterator[Draft]:
    """The same in CloudFormation, which attaches a policy to several at once."""
    own = policy.attributes
    out = draft_of("aws.iam.policy", policy, "aws", "PolicyName")
    out.set("inline", policy.type != "AWS::IAM::ManagedPolicy")
    names = ("Roles", "Users", "Groups", "RoleName", "UserName", "GroupName")
    out.set("holder", as_texts(joined(*(own.get(name) for name in names))))
    set_access(out, statements(own.get("PolicyDocument")))
    yield out


def _inner(holder: Declared, found: list[Value], name: str, document: str) -> Iterator[Draft]:
    """The policies that a user, group or role holds within itself."""
    for index, each in enumerate(found):
        if not isinstance(each, dict):
            continue
        out = draft_of("aws.iam.policy", holder, "aws")
        title = each.get(name)
        out.name = title if isinstance(title, str) else f"policy {index + 1}"
        out.id = f"{holder.address}/{out.name}"
        out.set("inline", True)
        out.set("holder", [holder.address])
        set_access(out, statements(each.get(document)))
        yield out


_HOLDERS = {"aws_iam_role": "role", "aws_iam_user": "user", "aws_iam_group": "group"}


def terraform_holder(holder: Declared, configuration: Configuration) -> Iterator[Draft]:
    """A user, a group or a role."""
    kind = _HOLDERS[holder.type]
    own = holder.attributes
    out = draft_of(f"aws.iam.{kind}", holder, "aws")
    out.set("tags", terraform_tags(own))
    inner = [each for each in blocks(own, "inline_policy") if isinstance(each, dict)]
    out.set("inline_policies", _sum(len(inner), configuration.count(holder, f"aws_iam_{kind}_policy", kind, "name")))
    attached = [
        each.attributes.get("policy_arn")
        for each in configuration.linked(holder, f"aws_iam_{kind}_policy_attachment", kind, "name")
    ]
    attached += [
        each.attributes.get("policy_arn")
        for each in configuration.linked(holder, "aws_iam_policy_attachment", f"{kind}s", "name")
    ]
    attached += [configuration.unresolved(f"aws_iam_{kind}_policy_attachment", kind)]
    out.set("managed_policies", as_texts(joined(own.get("managed_policy_arns"), *attached)))
    if kind == "user":
        out.set("access_keys", configuration.count(holder, "aws_iam_access_key", "user", "name"))
        out.set("console", configuration.has(holder, "aws_iam_user_login_profile", "user", "name"))
    if kind == "role":
        _trust(out, own.get("assume_role_policy"))
        out.set("boundary", as_texts(own.get("permissions_boundary")), _first)
    yield out
    yield from _inner(holder, inner, "name", "policy")


def cloudformation_holder(holder: Declared, configuration: Configuration) -> Iterator[Draft]:
    """A user, a group or a role."""
    kind = holder.type.rpartition("::")[2]
    own = holder.attributes
    out = draft_of(f"aws.iam.{kind.lower()}", holder, "aws", f"{kind}Name")
    out.set("tags", {each["Key"]: each["Value"] for each in blocks(own, "Tags") if isinstance(each, dict)})
    inner = [each for each in blocks(own, "Policies") if isinstance(each, dict)]
    several = configuration.count(holder, "AWS::IAM::Policy", f"{kind}s", f"{kind}Name")
    single = configuration.count(holder, f"AWS::IAM::{kind}Policy", f"{kind}Name", f"{kind}Name")
    out.set("inline_policies", _sum(len(inner), several, single))
    managed = configuration.linked(holder, "AWS::IAM::ManagedPolicy", f"{kind}s", f"{kind}Name")
    out.set("managed_policies", as_texts(joined(own.get("ManagedPolicyArns"), *(each.address for each in managed))))
    if kind == "User":
        out.set("access_keys", configuration.count(holder, "AWS::IAM::AccessKey", "UserName", "UserName"))
        profile = own.get("LoginProfile")
        out.set("console", profile if isinstance(profile, Unknown) else profile is not None)
    if kind == "Role":
        _trust(out, own.get("AssumeRolePolicyDocument"))
        out.set("boundary", as_texts(own.get("PermissionsBoundary")), _first)
    yield out
    yield from _inner(holder, inner, "PolicyName", "PolicyDocument")


def _sum(*numbers: int | Unknown) -> int | Unknown:
    return next((each for each in numbers if isinstance(each, Unknown)), None) or sum(
        each for each in numbers if isinstance(each, int)
    )


def _first(values: Value) -> Value:
    return values[0] if values else None


def _trust(out: Draft, document: Value) -> None:
    read = statements(document) if document is not None else []
    out.set("trust", read)
    out.set("trust_public", is_public(read))
    out.set("trust_open_federation", open_federation(read))


_HOLDING = ("aws.iam.user", "aws.iam.group", "aws.iam.role", "aws.iam.policy")
"""Whoever holds policies, and those that are written into them."""

TERRAFORM: tuple[Family, ...] = (
    Family(
        types=("aws_iam_policy", "aws_iam_role_policy", "aws_iam_user_policy", "aws_iam_group_policy"),
        draft=terraform_policy,
        makes=("aws.iam.policy",),
    ),
    Family(
        types=tuple(_HOLDERS),
        parts=(
            *("aws_iam_role_policy_attachment", "aws_iam_user_policy_attachment", "aws_iam_group_policy_attachment"),
            *("aws_iam_policy_attachment", "aws_iam_access_key", "aws_iam_user_login_profile"),
            *("aws_iam_instance_profile", "aws_iam_group_membership", "aws_iam_user_group_membership"),
            *("aws_iam_service_linked_role", "aws_iam_openid_connect_provider", "aws_iam_user_ssh_key"),
            *("aws_iam_saml_provider", "aws_iam_account_alias"),
        ),
        draft=terraform_holder,
        makes=_HOLDING,
    ),
)

CLOUDFORMATION: tuple[Family, ...] = (
    Family(
        types=(
            *("AWS::IAM::ManagedPolicy", "AWS::IAM::Policy"),
            *("AWS::IAM::RolePolicy", "AWS::IAM::UserPolicy", "AWS::IAM::GroupPolicy"),
        ),
        draft=cloudformation_policy,
        makes=("aws.iam.policy",),
    ),
    Family(
        types=("AWS::IAM::Role", "AWS::IAM::User", "AWS::IAM::Group"),
        parts=(
            *("AWS::IAM::AccessKey", "AWS::IAM::InstanceProfile", "AWS::IAM::UserToGroupAddition"),
            *("AWS::IAM::OIDCProvider", "AWS::IAM::ServiceLinkedRole", "AWS::IAM::SAMLProvider"),
        ),
        draft=cloudformation_holder,
        makes=_HOLDING,
    ),
)

KINDS: Iterable[Kind] = (
    Kind(
        type="aws.iam.password_policy",
        terraform=("aws_iam_account_password_policy",),
        rows=(
            number("length", "minimum_password_length", ""),
            number("remembered", "password_reuse_prevention", ""),
            number("days", "max_password_age", ""),
            flag("lower_case", "require_lowercase_characters", ""),
            flag("upper_case", "require_uppercase_characters", ""),
            flag("numbers", "require_numbers", ""),
            flag("symbols", "require_symbols", ""),
        ),
    ),
)
