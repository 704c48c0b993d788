"""The Serverless Application Model: its resources as the plain ones that they become, with the Globals section applied.

AWS SAM Developer Guide, "AWS SAM resources and properties" and "Globals section": maps of both are joined, lists follow
each other, anything else of the resource replaces the global value.

    Globals: {Function: {Tracing: Active}}
    Resources: {Hello: {Type: AWS::Serverless::Function, Properties: {Runtime: python3.13}}}

becomes a function `Hello` that is traced, and its role `HelloRole`.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from bartizan.collect.resources.values import Value
from bartizan.collect.templates.declared import Declared
from bartizan.collect.templates.family import Family

PREFIX = "AWS::Serverless::"
_TRUST = {
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]
}

Attributes = dict[str, Value]


def expanded(declared: Declared, common: Value) -> Iterator[Declared]:
    """What a resource becomes; one of another kind stays as it is."""
    name = declared.type.removeprefix(PREFIX)
    expand = _KINDS.get(name) if declared.type.startswith(PREFIX) else None
    if expand is None:
        yield declared
        return
    given = common.get(name) if isinstance(common, Mapping) else None
    own = _joined(given, declared.attributes) if isinstance(given, Mapping) else declared.attributes
    for suffix, type_, attributes in expand(own):
        address = f"{declared.address}{suffix}"
        yield replace(declared, address=address, name=f"{declared.name}{suffix}", type=type_, attributes=attributes)


def _joined(common: Mapping[str, Any], own: Mapping[str, Any]) -> Attributes:
    out = dict(common)
    for key, value in own.items():
        held = out.get(key)
        if isinstance(held, Mapping) and isinstance(value, Mapping):
            out[key] = _joined(held, value)
        elif isinstance(held, list) and isinstance(value, list):
            out[key] = held + value
        else:
            out[key] = value
    return out


def _function(own: Attributes) -> Iterator[tuple[str, str, Attributes]]:
    plain = {**own}
    if "Tracing" in own:
        plain["TracingConfig"] = {"Mode": own["Tracing"]}
    if isinstance(own.get("DeadLetterQueue"), Mapping):
        plain["DeadLetterConfig"] = {"TargetArn": own["DeadLetterQueue"].get("TargetArn")}
    yield "", "AWS::Lambda::Function", plain
    if "Role" not in own:
        yield "Role", "AWS::IAM::Role", _role(own)


def _role(own: Attributes) -> Attributes:
    policies = own.get("Policies")
    managed: list[Value] = []
    inline: list[Value] = []
    for each in policies if isinstance(policies, list) else [policies] if policies is not None else []:
        if isinstance(each, str):
            managed.append(each if ":" in each else f"arn:aws:iam::aws:policy/{each}")
        elif isinstance(each, Mapping):
            if "Statement" in each:
                inline.append({"PolicyName": f"policy {len(inline) + 1}", "PolicyDocument": each})
        else:
            managed.append(each)
    boundary = own.get("PermissionsBoundary")
    found: Attributes = {"AssumeRolePolicyDocument": _TRUST, "ManagedPolicyArns": managed, "Policies": inline}
    return {**found, "PermissionsBoundary": boundary} if boundary is not None else found


def _api(own: Attributes) -> Iterator[tuple[str, str, Attributes]]:
    api: Attributes = {key: own[key] for key in ("Name", "DisableExecuteApiEndpoint", "Tags") if key in own}
    endpoint = own.get("EndpointConfiguration")
    if isinstance(endpoint, Mapping):
        api["EndpointConfiguration"] = {"Types": [endpoint.get("Type")]}
    auth = own.get("Auth")
    policy = auth.get("ResourcePolicy") if isinstance(auth, Mapping) else None
    if isinstance(policy, Mapping) and "CustomStatements" in policy:
        api["Policy"] = {"Statement": policy["CustomStatements"]}
    yield "", "AWS::ApiGateway::RestApi", api
    yield "Stage", "AWS::ApiGateway::Stage", own


def _http_api(own: Attributes) -> Iterator[tuple[str, str, Attributes]]:
    yield "", "AWS::ApiGatewayV2::Api", own
    yield "Stage", "AWS::ApiGatewayV2::Stage", own


def _table(own: Attributes) -> Iterator[tuple[str, str, Attributes]]:
    yield "", "AWS::DynamoDB::Table", own


def _machine(own: Attributes) -> Iterator[tuple[str, str, Attributes]]:
    plain = {**own, "StateMachineName": own.get("Name")}
    for ours, theirs in (("Logging", "LoggingConfiguration"), ("Tracing", "TracingConfiguration")):
        if ours in own:
            plain[theirs] = own[ours]
    yield "", "AWS::StepFunctions::StateMachine", plain


_KINDS: Mapping[str, Callable[[Attributes], Iterator[tuple[str, str, Attributes]]]] = {
    "Function": _function,
    "Api": _api,
    "HttpApi": _http_api,
    "SimpleTable": _table,
    "StateMachine": _machine,
}

FAMILY = Family(
    types=(),
    parts=(
        *("AWS::Serverless::LayerVersion", "AWS::Serverless::Application", "AWS::Serverless::Connector"),
        *("AWS::CloudFormation::Stack", "AWS::CloudFormation::WaitCondition"),
        *("AWS::CloudFormation::WaitConditionHandle", "AWS::CloudFormation::CustomResource", "AWS::CDK::Metadata"),
    ),
    draft=lambda declared, configuration: (),
)
"""What becomes nothing that is judged: the resources of a nested stack are read from its template."""
