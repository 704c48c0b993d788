"""What IAM policies grant beyond need: administration, whole services, ways to more privilege.

Works on statements in normal form (`iam_document`). AWS IAM documentation, "Grammar of the IAM JSON policy language".
An action pattern may hold `*` and `?` and is matched without regard to case.
"""

from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase

from bartizan.collect.resources.draft import Draft
from bartizan.collect.resources.values import Unknown, Value

Statements = list[dict[str, Value]] | Unknown

ESCALATIONS: tuple[tuple[str, ...], ...] = (
    ("iam:CreatePolicyVersion",),
    ("iam:SetDefaultPolicyVersion",),
    ("iam:CreateAccessKey",),
    ("iam:CreateLoginProfile",),
    ("iam:UpdateLoginProfile",),
    ("iam:AttachUserPolicy",),
    ("iam:AttachGroupPolicy",),
    ("iam:AttachRolePolicy",),
    ("iam:PutUserPolicy",),
    ("iam:PutGroupPolicy",),
    ("iam:PutRolePolicy",),
    ("iam:AddUserToGroup",),
    ("iam:UpdateAssumeRolePolicy",),
    ("iam:PassRole", "ec2:RunInstances"),
    ("iam:PassRole", "lambda:CreateFunction"),
    ("iam:PassRole", "cloudformation:CreateStack"),
    ("iam:PassRole", "glue:CreateDevEndpoint"),
    ("iam:PassRole", "glue:CreateJob"),
    ("iam:PassRole", "sagemaker:CreateNotebookInstance"),
    ("iam:PassRole", "codebuild:CreateProject"),
    ("iam:PassRole", "ecs:RunTask"),
    ("lambda:UpdateFunctionCode",),
    ("ssm:SendCommand",),
)
"""Actions that, granted together on every resource, lead to all that somebody else may do."""


def administrator(statements: Statements) -> bool | Unknown:
    """Whether everything is allowed on everything."""
    return _any(statements, lambda each: "*" in _actions(each) and "*" in each["resources"])


def service_wide(statements: Statements) -> list[str] | Unknown:
    """The services of which every action is allowed on every resource: `s3` for `s3:*` on `*`."""
    if isinstance(statements, Unknown):
        return statements
    found: dict[str, None] = {}
    for each in statements:
        if each["effect"] == "Allow" and _whole(each["resources"]):
            for action in _known(each["actions"]):
                service, colon, name = action.partition(":")
                if colon and name == "*":
                    found[service.lower()] = None
    return list(found)


def escalations(statements: Statements) -> list[str] | Unknown:
    """Ways to more privilege that the statements open on every resource, each as its actions."""
    if isinstance(statements, Unknown):
        return statements
    return [" + ".join(way) for way in ESCALATIONS if all(grants(statements, action) is True for action in way)]


def grants(statements: Statements, action: str) -> bool | Unknown:
    """Whether an action is allowed on every resource, without condition, and not denied again."""
    if isinstance(statements, Unknown):
        return statements
    if any(_denies(each, action) for each in statements):
        return False
    return _any(
        statements,
        lambda each: not each["conditions"] and _whole(each["resources"]) and _covers(each, action),
    )


def allows_by_exception(statements: Statements) -> bool | Unknown:
    """Whether a statement allows all but what it names: new actions of AWS are allowed the day that they appear."""
    return _any(statements, lambda each: bool(each["not_actions"]) and not each["conditions"])


def _any(statements: Statements, test: Callable[[dict[str, Value]], bool]) -> bool | Unknown:
    if isinstance(statements, Unknown):
        return statements
    return any(each["effect"] == "Allow" and test(each) for each in statements)


def _denies(statement: dict[str, Value], action: str) -> bool:
    return (
        statement["effect"] == "Deny"
        and not statement["conditions"]
        and _whole(statement["resources"])
        and _covers(statement, action)
    )


def _covers(statement: dict[str, Value], action: str) -> bool:
    wanted = action.lower()
    if statement["not_actions"]:
        return not any(fnmatchcase(wanted, each.lower()) for each in _known(statement["not_actions"]))
    return any(fnmatchcase(wanted, each.lower()) for each in _known(statement["actions"]))


def _actions(statement: dict[str, Value]) -> list[str]:
    return ["*" if each == "*:*" else each for each in _known(statement["actions"])]


def _whole(resources: Value) -> bool:
    return any(each in ("*", "arn:aws:iam::*:role/*", "arn:aws:*:*:*:*") for each in _known(resources))


def _known(values: Value) -> Iterable[str]:
    return [each for each in values if isinstance(each, str)] if isinstance(values, list) else []


_FEDERATIONS = ("token.actions.githubusercontent.com", "gitlab.com", "app.terraform.io", "oidc.circleci.com")
"""Identity providers that everybody may have an account with."""


def open_federation(statements: Statements) -> bool | Unknown:
    """Whether a trust policy lets in whoever has an account with a public identity provider, whatever repository or
    project the token was made for: no condition on the token's subject, or one that any subject meets."""
    if isinstance(statements, Unknown):
        return statements
    return any(each["effect"] == "Allow" and _federated(each) and not _bound(each) for each in statements)


def _federated(statement: dict[str, Value]) -> bool:
    principals = statement["principals"] if isinstance(statement["principals"], list) else []
    texts = [each.text or each.target if isinstance(each, Unknown) else str(each) for each in principals]
    return any(name in text for text in texts for name in _FEDERATIONS)


def _bound(statement: dict[str, Value]) -> bool:
    for condition in statement["conditions"]:
        if isinstance(condition, Unknown):
            return True
        key = condition["key"].lower()
        if key.endswith((":sub", ":terraform_organization_name")) or "job_workflow_ref" in key:
            return not any(isinstance(each, str) and each.strip("*:?") in ("", "repo") for each in condition["values"])
    return False


def set_access(out: Draft, statements: Statements) -> None:
    """The fields of a policy that tell what it grants."""
    out.set("statements", statements)
    out.set("administrator", administrator(statements))
    out.set("services", service_wide(statements))
    out.set("escalations", escalations(statements))
    out.set("by_exception", allows_by_exception(statements))
    for field, action in (
        ("passes_any_role", "iam:PassRole"),
        ("assumes_any_role", "sts:AssumeRole"),
        ("decrypts_all", "kms:Decrypt"),
        ("reads_all_secrets", "secretsmanager:GetSecretValue"),
    ):
        out.set(field, grants(statements, action))
