"""Functions, containers and clusters: Lambda, ECR, ECS, EKS.

Of variables only names are kept, and whether a value in the clear looks like a secret.
"""

import json
from collections.abc import Iterable

from bartizan.collect.resources.draft import Draft
from bartizan.collect.resources.iam_document import is_public, statements
from bartizan.collect.resources.plain_secret import in_variables
from bartizan.collect.resources.values import Document, Unknown, Value
from bartizan.collect.templates.aws.kind import (
    Kind,
    as_texts,
    dig,
    flag,
    flag_if,
    is_there,
    key,
    number,
    referred,
    set_policy,
    text,
    texts,
    there,
)
from bartizan.collect.templates.configuration import Configuration
from bartizan.collect.templates.declared import Declared
from bartizan.collect.templates.family import added, block, blocks, enabled


def _permission(principal: Value, account: Value, source: Value) -> dict[str, Value]:
    """A permission of Lambda as the policy statement that it becomes."""
    condition: dict[str, Value] = {}
    if account is not None:
        condition["StringEquals"] = {"aws:SourceAccount": account}
    if source is not None:
        condition["ArnLike"] = {"aws:SourceArn": source}
    return {"Effect": "Allow", "Principal": principal, "Action": "lambda:InvokeFunction", "Condition": condition}


def _stray(unknown: Unknown | None) -> list[dict[str, Value]]:
    """A permission that is given to nobody knows which function."""
    return [_permission(unknown, None, None)] if unknown is not None else []


def _terraform_function(out: Draft, declared: Declared, configuration: Configuration) -> None:
    own = declared.attributes
    variables = dig(own, "environment.variables")
    _environment(out, variables)
    names = ("function_name",)
    granted = [
        _permission(each.get("principal"), each.get("source_account"), each.get("source_arn"))
        for each in (
            one.attributes
            for one in configuration.linked(declared, "aws_lambda_permission", "function_name", *names)
            if one.attributes.get("function_url_auth_type") is None
        )
    ]
    stray = configuration.unresolved("aws_lambda_permission", "function_name")
    out.set("public", is_public(statements({"Statement": granted + _stray(stray)})))
    url = added(declared, configuration, "aws_lambda_function_url", "function_name", *names)
    out.set("url", dig(url, "authorization_type"))


def _cloudformation_function(out: Draft, declared: Declared, configuration: Configuration) -> None:
    own = declared.attributes
    _environment(out, dig(own, "Environment.Variables"))
    granted = [
        _permission(each.get("Principal"), each.get("SourceAccount"), each.get("SourceArn"))
        for each in (
            one.attributes
            for one in configuration.linked(declared, "AWS::Lambda::Permission", "FunctionName", "FunctionName")
            if one.attributes.get("FunctionUrlAuthType") is None
        )
    ]
    stray = configuration.unresolved("AWS::Lambda::Permission", "FunctionName")
    out.set("public", is_public(statements({"Statement": granted + _stray(stray)})))
    url = added(declared, configuration, "AWS::Lambda::Url", "TargetFunctionArn", "FunctionName")
    out.set("url", dig(url, "AuthType") or dig(own, "FunctionUrlConfig.AuthType"))


def _environment(out: Draft, variables: Value) -> None:
    if isinstance(variables, Unknown):
        out.set("variables", variables)
    else:
        out.set("variables", sorted(variables) if isinstance(variables, dict) else [])
    out.set("secret_in_variables", in_variables(variables))


def _terraform_repository(out: Draft, declared: Declared, configuration: Configuration) -> None:
    policy = added(declared, configuration, "aws_ecr_repository_policy", "repository", "name")
    set_policy(out, policy.get("policy"))
    out.set("lifecycle", configuration.has(declared, "aws_ecr_lifecycle_policy", "repository", "name"))
    by_kind = dig(declared.attributes, "encryption_configuration.encryption_type")
    out.set("kms", by_kind if isinstance(by_kind, Unknown) else str(by_kind).startswith("KMS"))


def _cloudformation_repository(out: Draft, declared: Declared, configuration: Configuration) -> None:
    own = declared.attributes
    set_policy(out, own.get("RepositoryPolicyText"))
    out.set("lifecycle", is_there(own.get("LifecyclePolicy")))
    by_kind = dig(own, "EncryptionConfiguration.EncryptionType")
    out.set("kms", by_kind if isinstance(by_kind, Unknown) else str(by_kind).startswith("KMS"))


def _terraform_task(out: Draft, declared: Declared, configuration: Configuration) -> None:
    own = declared.attributes
    found = own.get("container_definitions")
    if isinstance(found, Document):
        found = found.value
    if isinstance(found, str):
        try:
            found = json.loads(found)
        except ValueError:
            found = Unknown("the container definitions are not JSON")
    _containers(out, found, upper=False)
    volumes = [block(each, "efs_volume_configuration") for each in blocks(own, "volume")]
    _volumes(out, [dig(each, "transit_encryption") for each in volumes if each])


def _cloudformation_task(out: Draft, declared: Declared, configuration: Configuration) -> None:
    own = declared.attributes
    _containers(out, own.get("ContainerDefinitions"), upper=True)
    volumes = [block(each, "EFSVolumeConfiguration") for each in blocks(own, "Volumes")]
    _volumes(out, [dig(each, "TransitEncryption") for each in volumes if each])


def _volumes(out: Draft, modes: list[Value]) -> None:
    doubt = next((each for each in modes if isinstance(each, Unknown)), None)
    out.set("plain_volumes", doubt or sum(enabled(each) is not True for each in modes))


def _containers(out: Draft, found: Value, *, upper: bool) -> None:
    if isinstance(found, Unknown):
        out.set("containers", found)
        return

    def of(each: dict[str, Value], name: str) -> Value:
        return each.get(name[0].upper() + name[1:] if upper else name)

    containers = []
    for each in found if isinstance(found, list) else []:
        if not isinstance(each, dict):
            continue
        pairs = of(each, "environment")
        variables = {
            str(of(pair, "name")): of(pair, "value")
            for pair in (pairs if isinstance(pairs, list) else [])
            if isinstance(pair, dict)
        }
        containers.append(
            {
                "name": of(each, "name") or "",
                "image": referred(of(each, "image")) or "",
                "privileged": enabled(of(each, "privileged")) or False,
                "read_only_root": enabled(of(each, "readonlyRootFilesystem")) or False,
                "user": of(each, "user") or "",
                "logging": is_there(of(each, "logConfiguration")),
                "secret_in_variables": in_variables(variables),
            }
        )
    out.set("containers", containers)


def _terraform_service(out: Draft, declared: Declared, configuration: Configuration) -> None:
    out.set("public_address", enabled(dig(declared.attributes, "network_configuration.assign_public_ip")))


def _cloudformation_service(out: Draft, declared: Declared, configuration: Configuration) -> None:
    found = dig(declared.attributes, "NetworkConfiguration.AwsvpcConfiguration.AssignPublicIp")
    out.set("public_address", enabled(found))


def _terraform_ecs(out: Draft, declared: Declared, configuration: Configuration) -> None:
    _insights(out, blocks(declared.attributes, "setting"), "name", "value")


def _cloudformation_ecs(out: Draft, declared: Declared, configuration: Configuration) -> None:
    _insights(out, blocks(declared.attributes, "ClusterSettings"), "Name", "Value")


def _insights(out: Draft, settings: list[Value], name: str, value: str) -> None:
    for each in settings:
        if isinstance(each, dict) and each.get(name) == "containerInsights":
            said = each.get(value)
            out.set("insights", said if isinstance(said, Unknown) else str(said).lower() in ("enabled", "enhanced"))


def _terraform_eks(out: Draft, declared: Declared, configuration: Configuration) -> None:
    own = declared.attributes
    network = block(own, "vpc_config")
    _endpoint(out, network.get("endpoint_public_access"), network.get("public_access_cidrs"))
    out.set("private_endpoint", enabled(network.get("endpoint_private_access")))
    out.set("secrets_encrypted", is_there(own.get("encryption_config")) if "encryption_config" in own else False)
    out.set("logs", as_texts(own.get("enabled_cluster_log_types")))


def _cloudformation_eks(out: Draft, declared: Declared, configuration: Configuration) -> None:
    own = declared.attributes
    network = block(own, "ResourcesVpcConfig")
    _endpoint(out, network.get("EndpointPublicAccess"), network.get("PublicAccessCidrs"))
    out.set("private_endpoint", enabled(network.get("EndpointPrivateAccess")))
    out.set("secrets_encrypted", is_there(own.get("EncryptionConfig")))
    kinds = blocks(block(block(own, "Logging"), "ClusterLogging"), "EnabledTypes")
    out.set("logs", [each.get("Type") for each in kinds if isinstance(each, dict)])


def _endpoint(out: Draft, public: Value, cidrs: Value) -> None:
    out.set("public_endpoint", enabled(public))
    out.set("public_cidrs", as_texts(cidrs))


KINDS: Iterable[Kind] = (
    Kind(
        type="aws.lambda.function",
        terraform=("aws_lambda_function",),
        cloudformation=("AWS::Lambda::Function",),
        name=("function_name", "FunctionName"),
        rows=(
            text("runtime", "runtime", "Runtime"),
            key("key", "kms_key_arn", "KmsKeyArn"),
            there("in_vpc", "vpc_config.subnet_ids", "VpcConfig.SubnetIds"),
            flag_if("tracing", "tracing_config.mode", "TracingConfig.Mode", "active"),
            there("dead_letters", "dead_letter_config.target_arn", "DeadLetterConfig.TargetArn"),
            there("signed", "code_signing_config_arn", "CodeSigningConfigArn"),
            number("concurrency", "reserved_concurrent_executions", "ReservedConcurrentExecutions"),
        ),
        terraform_parts=(
            *("aws_lambda_permission", "aws_lambda_function_url", "aws_lambda_alias", "aws_lambda_layer_version"),
            *(
                "aws_lambda_event_source_mapping",
                "aws_lambda_code_signing_config",
                "aws_lambda_function_event_invoke_config",
            ),
        ),
        cloudformation_parts=(
            *("AWS::Lambda::Permission", "AWS::Lambda::Url", "AWS::Lambda::Alias", "AWS::Lambda::Version"),
            *("AWS::Lambda::LayerVersion", "AWS::Lambda::EventSourceMapping", "AWS::Lambda::CodeSigningConfig"),
        ),
        more_terraform=_terraform_function,
        more_cloudformation=_cloudformation_function,
    ),
    Kind(
        type="aws.ecr.repository",
        terraform=("aws_ecr_repository",),
        cloudformation=("AWS::ECR::Repository",),
        name=("name", "RepositoryName"),
        rows=(
            flag("scan_on_push", "image_scanning_configuration.scan_on_push", "ImageScanningConfiguration.ScanOnPush"),
            flag_if("immutable", "image_tag_mutability", "ImageTagMutability", "immutable"),
            key("key", "encryption_configuration.kms_key", "EncryptionConfiguration.KmsKey"),
        ),
        terraform_parts=("aws_ecr_repository_policy", "aws_ecr_lifecycle_policy", "aws_ecr_pull_through_cache_rule"),
        more_terraform=_terraform_repository,
        more_cloudformation=_cloudformation_repository,
    ),
    Kind(
        type="aws.ecs.task",
        terraform=("aws_ecs_task_definition",),
        cloudformation=("AWS::ECS::TaskDefinition",),
        name=("family", "Family"),
        rows=(
            text("network", "network_mode", "NetworkMode"),
            text("processes", "pid_mode", "PidMode"),
            text("ipc", "ipc_mode", "IpcMode"),
        ),
        more_terraform=_terraform_task,
        more_cloudformation=_cloudformation_task,
    ),
    Kind(
        type="aws.ecs.service",
        terraform=("aws_ecs_service",),
        cloudformation=("AWS::ECS::Service",),
        name=("name", "ServiceName"),
        rows=(
            text("platform", "platform_version", "PlatformVersion"),
            flag("shell", "enable_execute_command", "EnableExecuteCommand"),
        ),
        terraform_parts=("aws_appautoscaling_target", "aws_appautoscaling_policy"),
        cloudformation_parts=(
            "AWS::ApplicationAutoScaling::ScalableTarget",
            "AWS::ApplicationAutoScaling::ScalingPolicy",
        ),
        more_terraform=_terraform_service,
        more_cloudformation=_cloudformation_service,
    ),
    Kind(
        type="aws.ecs.cluster",
        terraform=("aws_ecs_cluster",),
        cloudformation=("AWS::ECS::Cluster",),
        name=("name", "ClusterName"),
        terraform_parts=("aws_ecs_cluster_capacity_providers", "aws_ecs_capacity_provider"),
        cloudformation_parts=("AWS::ECS::CapacityProvider",),
        more_terraform=_terraform_ecs,
        more_cloudformation=_cloudformation_ecs,
    ),
    Kind(
        type="aws.eks.cluster",
        terraform=("aws_eks_cluster",),
        cloudformation=("AWS::EKS::Cluster",),
        rows=(text("version", "version", "Version"),),
        terraform_parts=("aws_eks_addon", "aws_eks_fargate_profile", "aws_eks_access_entry"),
        cloudformation_parts=("AWS::EKS::Addon", "AWS::EKS::FargateProfile"),
        more_terraform=_terraform_eks,
        more_cloudformation=_cloudformation_eks,
    ),
    Kind(
        type="aws.eks.nodegroup",
        terraform=("aws_eks_node_group",),
        cloudformation=("AWS::EKS::Nodegroup",),
        name=("node_group_name", "NodegroupName"),
        rows=(
            there("ssh", "remote_access.ec2_ssh_key", "RemoteAccess.Ec2SshKey"),
            texts("ssh_groups", "remote_access.source_security_group_ids", "RemoteAccess.SourceSecurityGroups"),
        ),
    ),
)
