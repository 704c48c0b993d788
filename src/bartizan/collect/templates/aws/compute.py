"""Machines: instances, launch templates, images, volumes, snapshots, and what an account sets for all of them.

User data is looked at for secrets and never kept. Whether the internet reaches an instance is worked out from its
public address (its own setting, else its subnet's) and the rules of its security groups, where they are declared here.
"""

from collections.abc import Callable, Iterable

from bartizan.collect.resources.draft import Draft
from bartizan.collect.resources.network_rules import exposed, opens
from bartizan.collect.resources.plain_secret import in_text
from bartizan.collect.resources.values import Unknown, Value
from bartizan.collect.templates.aws.kind import (
    Kind,
    as_texts,
    count,
    dig,
    flag,
    is_there,
    key,
    reference,
    referred,
    text,
)
from bartizan.collect.templates.aws.network import Rules, cloudformation_rules, joined, terraform_rules
from bartizan.collect.templates.configuration import Configuration
from bartizan.collect.templates.declared import Declared
from bartizan.collect.templates.family import block, blocks, enabled

_UNSAID_SUBNET = Unknown("the subnet is not declared here, and it decides about public addresses")


def terraform_instance(out: Draft, instance: Declared, configuration: Configuration) -> None:
    """An instance or launch template of Terraform."""
    own = instance.attributes
    said = dig(own, "launch_template.id") or dig(own, "launch_template.name")
    template = configuration.find(said, ("aws_launch_template",), "name")
    metadata = block(own, "metadata_options") or (block(template.attributes, "metadata_options") if template else {})
    if not metadata and not template and block(own, "launch_template"):
        metadata = {"http_tokens": Unknown("the launch template is not declared here and may say it")}
    _metadata(out, metadata.get("http_tokens"), metadata.get("http_endpoint"), "http_put_response_hop_limit", metadata)
    data = [own.get(name) for name in ("user_data", "user_data_base64") if own.get(name) is not None]
    _user_data(out, data[0] if data else None)
    interfaces = blocks(own, "network_interface") or blocks(own, "network_interfaces")
    first = next((each for each in interfaces if isinstance(each, dict)), {})
    asked = own.get("associate_public_ip_address", first.get("associate_public_ip_address"))
    subnet = configuration.at(own.get("subnet_id"))
    if instance.type == "aws_instance":
        given = enabled(subnet.attributes.get("map_public_ip_on_launch")) or False if subnet else None
        address = _address(asked, own.get("subnet_id"), given)
    else:
        address = False if asked is None else enabled(asked)
    out.set("public_address", address)
    groups = joined(own.get("vpc_security_group_ids"), own.get("security_groups"), first.get("security_groups"))
    _exposure(out, address, groups, configuration, terraform_rules)
    by_default = _default_encryption(configuration, "aws_ebs_encryption_by_default", "enabled")
    volumes = [_volume("root", block(own, "root_block_device"), "encrypted", "kms_key_id", by_default)]
    volumes += [
        _volume(each.get("device_name"), each, "encrypted", "kms_key_id", by_default)
        for each in blocks(own, "ebs_block_device")
        if isinstance(each, dict)
    ]
    if instance.type == "aws_launch_template":
        volumes = [
            _volume(each.get("device_name"), block(each, "ebs"), "encrypted", "kms_key_id", by_default)
            for each in blocks(own, "block_device_mappings")
            if isinstance(each, dict) and block(each, "ebs")
        ]
    out.set("volumes", list(volumes))


def cloudformation_instance(out: Draft, instance: Declared, configuration: Configuration) -> None:
    """An instance or launch template of CloudFormation."""
    own = instance.attributes
    own = block(own, "LaunchTemplateData") or own
    said = dig(own, "LaunchTemplate.LaunchTemplateId") or dig(own, "LaunchTemplate.LaunchTemplateName")
    template = configuration.find(said, ("AWS::EC2::LaunchTemplate",), "LaunchTemplateName")
    inherited = block(block(template.attributes, "LaunchTemplateData"), "MetadataOptions") if template else {}
    metadata = block(own, "MetadataOptions") or inherited
    tokens = metadata.get("HttpTokens", own.get("MetadataHttpTokens"))
    _metadata(out, tokens, metadata.get("HttpEndpoint"), "HttpPutResponseHopLimit", metadata)
    _user_data(out, own.get("UserData"))
    interfaces = [each for each in blocks(own, "NetworkInterfaces") if isinstance(each, dict)]
    first = interfaces[0] if interfaces else {}
    asked = first.get("AssociatePublicIpAddress", own.get("AssociatePublicIpAddress"))
    place = own.get("SubnetId", first.get("SubnetId"))
    subnet = configuration.at(place)
    if instance.type == "AWS::EC2::Instance":
        given = enabled(subnet.attributes.get("MapPublicIpOnLaunch")) or False if subnet else None
        address = _address(asked, place, given)
    else:
        address = False if asked is None else enabled(asked)
    out.set("public_address", address)
    groups = joined(own.get("SecurityGroupIds"), own.get("SecurityGroups"), first.get("GroupSet"))
    _exposure(out, address, groups, configuration, cloudformation_rules)
    mapped = [each for each in blocks(own, "BlockDeviceMappings") if isinstance(each, dict) and block(each, "Ebs")]
    volumes = [_volume(each.get("DeviceName"), block(each, "Ebs"), "Encrypted", "KmsKeyId", False) for each in mapped]
    if not volumes and instance.type == "AWS::EC2::Instance":
        volumes = [_volume("root", {}, "Encrypted", "KmsKeyId", False)]
    out.set("volumes", list(volumes))


def _exposure(
    out: Draft,
    address: bool | Unknown,
    groups: list[Value],
    configuration: Configuration,
    rules: Callable[[Declared, Configuration], tuple[Rules, Rules]],
) -> None:
    out.set("security_groups", as_texts(groups))
    elsewhere = Unknown("a security group is not declared here, and it may be open")
    found = [configuration.at(each) for each in groups]
    opened = [opens(rules(each, configuration)[0]) if each else elsewhere for each in found]
    out.set("public", exposed(address, opened))


def _metadata(out: Draft, tokens: Value, endpoint: Value, hops: str, metadata: dict[str, Value]) -> None:
    unknown = isinstance(tokens, Unknown)
    out.set("metadata.tokens_required", tokens if unknown else None if tokens is None else _is(tokens, "required"))
    out.set("metadata.enabled", enabled(endpoint))
    out.set("metadata.hop_limit", metadata.get(hops), lambda value: int(float(value)))


def _is(value: Value, wanted: str) -> bool:
    """Launch configurations and instances of CloudFormation say it as a truth."""
    return str(value).lower() in (wanted, "true")


def _user_data(out: Draft, data: Value) -> None:
    out.set("user_data.given", is_there(data) if data is not None else False)
    if data is not None:
        out.set("user_data.secret", in_text(data))


def _address(asked: Value, place: Value, given: Value) -> bool | Unknown:
    """Whether an instance gets a public address: as it asks, else as its subnet gives; those of a default VPC do."""
    if asked is not None:
        answer: bool | Unknown = enabled(asked)
        return answer
    if given is not None:
        return given if isinstance(given, (bool, Unknown)) else bool(given)
    return True if place is None else _UNSAID_SUBNET


def _volume(device: Value, settings: dict[str, Value], encrypted: str, key_id: str, default: Value) -> dict[str, Value]:
    said = settings.get(encrypted)
    return {
        "device": device or "",
        "encrypted": default if said is None else enabled(said),
        "key": referred(settings.get(key_id)) or "",
    }


def _default_encryption(configuration: Configuration, type_: str, attribute: str) -> Value:
    """Whether the account encrypts every new volume, as far as the template says so itself."""
    found = configuration.of_type(type_)
    return found[0].attributes.get(attribute, True) if found else False


def terraform_image(out: Draft, image: Declared, configuration: Configuration) -> None:
    """An image and to whom it is open."""
    own = image.attributes
    if image.type == "aws_ami":
        disks = [each for each in blocks(own, "ebs_block_device") if isinstance(each, dict)]
        out.set("encrypted", _all_encrypted(disks, configuration))
    grants = configuration.linked(image, "aws_ami_launch_permission", "image_id")
    everybody = any(each.attributes.get("group") == "all" for each in grants)
    out.set("public", everybody or configuration.unresolved("aws_ami_launch_permission", "image_id") or False)


def _all_encrypted(disks: list[dict[str, Value]], configuration: Configuration) -> Value:
    for each in disks:
        if enabled(each.get("encrypted")) is True:
            continue
        source = configuration.at(each.get("snapshot_id"))
        if source is None and each.get("snapshot_id") is not None:
            return Unknown("the image is made of a snapshot that is not declared here")
        if source is None or _snapshot_encrypted(source, configuration) is not True:
            return False
    return bool(disks) or Unknown("the image's volumes are not declared")


def terraform_snapshot(out: Draft, snapshot: Declared, configuration: Configuration) -> None:
    """A snapshot is encrypted as its volume is."""
    out.set("encrypted", _snapshot_encrypted(snapshot, configuration))
    type_, attribute = "aws_snapshot_create_volume_permission", "snapshot_id"
    shares = configuration.linked(snapshot, type_, attribute)
    everybody = any(each.attributes.get("account_id") == "all" for each in shares)
    out.set("public", everybody or configuration.unresolved(type_, attribute) or False)


def _snapshot_encrypted(snapshot: Declared, configuration: Configuration) -> Value:
    said = snapshot.attributes.get("encrypted")
    if said is not None:
        return enabled(said)
    volume = configuration.at(snapshot.attributes.get("volume_id"))
    if volume is None:
        return Unknown("its source is not declared here")
    return enabled(volume.attributes.get("encrypted")) or False


_SETTINGS = {
    "aws_ebs_encryption_by_default": ("ebs_encryption", "enabled", ("true",), True),
    "aws_ebs_snapshot_block_public_access": (
        "snapshots_blocked",
        "state",
        ("block-all-sharing", "block-new-sharing"),
        None,
    ),
    "aws_ec2_image_block_public_access": ("images_blocked", "state", ("block-new-sharing",), None),
    "aws_ec2_instance_metadata_defaults": ("metadata_tokens_required", "http_tokens", ("required",), None),
    "aws_ec2_serial_console_access": ("serial_console", "enabled", ("true",), True),
}


def terraform_settings(out: Draft, declared: Declared, configuration: Configuration) -> None:
    """One setting of a region; of the others its template does not speak."""
    for type_, (field, attribute, truths, unsaid) in _SETTINGS.items():
        if type_ != declared.type:
            out.unknown(field, "this template does not set it")
            continue
        value = declared.attributes.get(attribute, unsaid)
        out.set(field, value if value is None or isinstance(value, Unknown) else str(value).lower() in truths)


_INSTANCE_ROWS = (
    text("image", "image_id", "LaunchTemplateData.ImageId"),
    text("type", "instance_type", "LaunchTemplateData.InstanceType"),
)

KINDS: Iterable[Kind] = (
    Kind(
        type="aws.ec2.instance",
        terraform=("aws_instance",),
        cloudformation=("AWS::EC2::Instance",),
        rows=(
            text("image", "ami", "ImageId"),
            text("type", "instance_type", "InstanceType"),
            reference("subnet", "subnet_id", "SubnetId", "in"),
            reference("profile", "iam_instance_profile", "IamInstanceProfile", "runs-as"),
            flag("monitoring", "monitoring", "Monitoring"),
            flag("termination_protection", "disable_api_termination", "DisableApiTermination"),
            flag("ebs_optimized", "ebs_optimized", "EbsOptimized"),
        ),
        terraform_parts=("aws_volume_attachment", "aws_key_pair", "aws_network_interface_attachment"),
        cloudformation_parts=("AWS::EC2::VolumeAttachment", "AWS::EC2::KeyPair"),
        more_terraform=terraform_instance,
        more_cloudformation=cloudformation_instance,
    ),
    Kind(
        type="aws.ec2.launch_template",
        terraform=("aws_launch_template", "aws_launch_configuration"),
        cloudformation=("AWS::EC2::LaunchTemplate", "AWS::AutoScaling::LaunchConfiguration"),
        name=("name", "LaunchTemplateName"),
        rows=_INSTANCE_ROWS,
        more_terraform=terraform_instance,
        more_cloudformation=cloudformation_instance,
    ),
    Kind(
        type="aws.autoscaling.group",
        terraform=("aws_autoscaling_group",),
        cloudformation=("AWS::AutoScaling::AutoScalingGroup",),
        name=("name", "AutoScalingGroupName"),
        rows=(
            text("health_check", "health_check_type", "HealthCheckType"),
            count("load_balancers", "target_group_arns", "TargetGroupARNs"),
            count("zones", "vpc_zone_identifier", "VPCZoneIdentifier"),
        ),
        terraform_parts=("aws_autoscaling_policy", "aws_autoscaling_attachment", "aws_autoscaling_schedule"),
        cloudformation_parts=("AWS::AutoScaling::ScalingPolicy", "AWS::AutoScaling::LifecycleHook"),
    ),
    Kind(
        type="aws.ec2.image",
        terraform=("aws_ami", "aws_ami_copy", "aws_ami_from_instance"),
        rows=(flag("encrypted", "encrypted", ""), key("key", "kms_key_id", "")),
        terraform_parts=("aws_ami_launch_permission",),
        more_terraform=terraform_image,
    ),
    Kind(
        type="aws.ec2.volume",
        terraform=("aws_ebs_volume",),
        cloudformation=("AWS::EC2::Volume",),
        rows=(flag("encrypted", "encrypted", "Encrypted"), key("key", "kms_key_id", "KmsKeyId")),
    ),
    Kind(
        type="aws.ec2.snapshot",
        terraform=("aws_ebs_snapshot", "aws_ebs_snapshot_copy"),
        rows=(key("key", "kms_key_id", ""),),
        terraform_parts=("aws_snapshot_create_volume_permission",),
        more_terraform=terraform_snapshot,
    ),
    Kind(
        type="aws.ec2.settings",
        terraform=tuple(_SETTINGS),
        more_terraform=terraform_settings,
    ),
    Kind(
        type="aws.s3.account",
        terraform=("aws_s3_account_public_access_block",),
        rows=tuple(
            flag(name, name, "")
            for name in ("block_public_acls", "ignore_public_acls", "block_public_policy", "restrict_public_buckets")
        ),
    ),
)
