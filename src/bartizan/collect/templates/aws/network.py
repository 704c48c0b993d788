"""Networks: VPCs, subnets, security groups, network ACLs, endpoints, flow logs.

A security group is judged with all its rules: those that it states itself, and those that stand on their own and lead
to it. Terraform removes the rule with which AWS lets everything out; CloudFormation leaves it where no other is stated.
"""

from collections.abc import Iterable

from bartizan.collect.resources.draft import Draft
from bartizan.collect.resources.network_rules import any_wide, opens, ports, protocol, rule, unknown_rule
from bartizan.collect.resources.values import Unknown, Value
from bartizan.collect.templates.aws.kind import Kind, flag, reference, set_policy, text, texts, word
from bartizan.collect.templates.configuration import Configuration
from bartizan.collect.templates.declared import Declared
from bartizan.collect.templates.family import blocks, enabled

Rules = list[dict[str, Value]]


def terraform_group(out: Draft, group: Declared, configuration: Configuration) -> None:
    """A security group of Terraform."""
    out.set("default", group.type == "aws_default_security_group")
    ingress, egress = terraform_rules(group, configuration)
    out.set("ingress", list(ingress))
    out.set("egress", list(egress))
    out.set("public", opens(ingress))


def terraform_rules(group: Declared, configuration: Configuration) -> tuple[Rules, Rules]:
    """What a security group lets in and out."""
    found: dict[str, Rules] = {"ingress": [], "egress": []}
    for direction, rules in found.items():
        rules += [_terraform_rule(each) for each in blocks(group.attributes, direction)]
    for each in configuration.linked(group, "aws_security_group_rule", "security_group_id"):
        said = each.attributes.get("type")
        for name, rules in found.items():
            if said == name or isinstance(said, Unknown):
                rules.append(_terraform_rule(each.attributes))
    stray = configuration.unresolved("aws_security_group_rule", "security_group_id")
    if stray is not None:
        for rules in found.values():
            rules.append(unknown_rule(stray))
    for direction in ("ingress", "egress"):
        type_ = f"aws_vpc_security_group_{direction}_rule"
        found[direction] += [_vpc_rule(each.attributes) for each in configuration.linked(group, type_, _GROUP)]
        stray = configuration.unresolved(type_, _GROUP)
        if stray is not None:
            found[direction].append(unknown_rule(stray))
    return found["ingress"], found["egress"]


_GROUP = "security_group_id"


def _terraform_rule(block: Value) -> dict[str, Value]:
    if not isinstance(block, dict):
        return unknown_rule(block)
    return rule(
        kind=block.get("protocol"),
        first=block.get("from_port"),
        last=block.get("to_port"),
        cidrs=joined(block.get("cidr_blocks"), block.get("ipv6_cidr_blocks")),
        groups=joined(block.get("security_groups"), block.get("source_security_group_id")),
        description=block.get("description"),
    )


def _vpc_rule(block: dict[str, Value]) -> dict[str, Value]:
    return rule(
        kind=block.get("ip_protocol"),
        first=block.get("from_port"),
        last=block.get("to_port"),
        cidrs=joined(block.get("cidr_ipv4"), block.get("cidr_ipv6")),
        groups=joined(block.get("referenced_security_group_id")),
        description=block.get("description"),
    )


def joined(*values: Value) -> Value:
    """The elements of several lists, single values and unknowns as one list."""
    out: list[Value] = []
    for value in values:
        if isinstance(value, list):
            out += value
        elif value is not None:
            out.append(value)
    return out


def cloudformation_group(out: Draft, group: Declared, configuration: Configuration) -> None:
    """A security group of CloudFormation."""
    ingress, egress = cloudformation_rules(group, configuration)
    out.set("ingress", list(ingress))
    out.set("egress", list(egress))
    out.set("public", opens(ingress))


def cloudformation_rules(group: Declared, configuration: Configuration) -> tuple[Rules, Rules]:
    """What a security group lets in and out."""
    found: list[Rules] = []
    for direction in ("Ingress", "Egress"):
        rules = [_stack_rule(each) for each in blocks(group.attributes, f"SecurityGroup{direction}")]
        type_ = f"AWS::EC2::SecurityGroup{direction}"
        rules += [_stack_rule(each.attributes) for each in configuration.linked(group, type_, "GroupId")]
        stray = configuration.unresolved(type_, "GroupId")
        if stray is not None:
            rules.append(unknown_rule(stray))
        found.append(rules)
    ingress, egress = found
    if not egress:
        egress.append(rule(kind="-1", first=None, last=None, cidrs=["0.0.0.0/0"]))
    return ingress, egress


def _stack_rule(block: Value) -> dict[str, Value]:
    if not isinstance(block, dict):
        return unknown_rule(block)
    return rule(
        kind=block.get("IpProtocol"),
        first=block.get("FromPort"),
        last=block.get("ToPort"),
        cidrs=joined(block.get("CidrIp"), block.get("CidrIpv6")),
        groups=joined(block.get("SourceSecurityGroupId"), block.get("DestinationSecurityGroupId")),
        description=block.get("Description"),
    )


def terraform_acl(out: Draft, acl: Declared, configuration: Configuration) -> None:
    """A network ACL of Terraform."""
    out.set("default", acl.type == "aws_default_network_acl")
    found: dict[bool, list[Value]] = {False: [], True: []}
    for direction in ("ingress", "egress"):
        for each in blocks(acl.attributes, direction):
            found[direction == "egress"].append(
                _entry(each, "rule_no", "action", "protocol", "from_port", "to_port", "cidr_block", "ipv6_cidr_block")
            )
    for each in configuration.linked(acl, "aws_network_acl_rule", "network_acl_id"):
        found[enabled(each.attributes.get("egress")) is True].append(
            _entry(
                each.attributes,
                *("rule_number", "rule_action", "protocol", "from_port", "to_port", "cidr_block", "ipv6_cidr_block"),
            )
        )
    out.set("ingress", found[False])
    out.set("egress", found[True])


def cloudformation_acl(out: Draft, acl: Declared, configuration: Configuration) -> None:
    """A network ACL of CloudFormation, whose entries stand on their own."""
    found: dict[bool, list[Value]] = {False: [], True: []}
    for each in configuration.linked(acl, "AWS::EC2::NetworkAclEntry", "NetworkAclId"):
        block = dict(each.attributes)
        span = block.get("PortRange")
        block |= {"From": span.get("From"), "To": span.get("To")} if isinstance(span, dict) else {}
        found[enabled(block.get("Egress")) is True].append(
            _entry(block, "RuleNumber", "RuleAction", "Protocol", "From", "To", "CidrBlock", "Ipv6CidrBlock")
        )
    out.set("ingress", found[False])
    out.set("egress", found[True])


def _entry(
    block: Value, number: str, action: str, kind: str, first: str, last: str, cidr: str, cidr_6: str
) -> dict[str, Value]:
    if not isinstance(block, dict):
        names = ("number", "allow", "protocol", "from_port", "to_port", "cidr", "public")
        return dict.fromkeys(names, block)
    name = protocol(block.get(kind))
    low, high = ports(name, block.get(first), block.get(last))
    source = block.get(cidr) or block.get(cidr_6) or ""
    rank = block.get(number)
    return {
        "number": rank if isinstance(rank, Unknown) else int(rank or 0),
        "allow": enabled(block.get(action)),
        "protocol": name,
        "from_port": low,
        "to_port": high,
        "cidr": source,
        "public": any_wide([source]) if source else False,
    }


def terraform_vpc(out: Draft, vpc: Declared, configuration: Configuration) -> None:
    """A VPC and whether its flows are logged."""
    out.set("default", vpc.type == "aws_default_vpc")
    logs = configuration.linked(vpc, "aws_flow_log", "vpc_id")
    out.set("flow_logs", configuration.has(vpc, "aws_flow_log", "vpc_id"))
    kinds = [each.attributes.get("traffic_type") for each in logs]
    out.set("logged_traffic", [str(each) for each in kinds if not isinstance(each, Unknown)])


def cloudformation_vpc(out: Draft, vpc: Declared, configuration: Configuration) -> None:
    """A VPC and whether its flows are logged."""
    logs = configuration.linked(vpc, "AWS::EC2::FlowLog", "ResourceId")
    out.set("flow_logs", configuration.has(vpc, "AWS::EC2::FlowLog", "ResourceId"))
    kinds = [each.attributes.get("TrafficType") for each in logs]
    out.set("logged_traffic", [str(each) for each in kinds if not isinstance(each, Unknown)])


def terraform_endpoint(out: Draft, endpoint: Declared, configuration: Configuration) -> None:
    """An endpoint's policy; without one everybody in the VPC may do everything through it."""
    _endpoint_policy(out, endpoint.attributes.get("policy"))


def cloudformation_endpoint(out: Draft, endpoint: Declared, configuration: Configuration) -> None:
    """The same in CloudFormation."""
    _endpoint_policy(out, endpoint.attributes.get("PolicyDocument"))


_EVERYTHING = {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]}


def _endpoint_policy(out: Draft, document: Value) -> None:
    set_policy(out, _EVERYTHING if document is None else document)


KINDS: Iterable[Kind] = (
    Kind(
        type="aws.ec2.security_group",
        terraform=("aws_security_group", "aws_default_security_group"),
        cloudformation=("AWS::EC2::SecurityGroup",),
        name=("name", "GroupName"),
        rows=(
            text("description", "description", "GroupDescription"),
            reference("vpc", "vpc_id", "VpcId", "in"),
        ),
        terraform_parts=(
            "aws_security_group_rule",
            "aws_vpc_security_group_ingress_rule",
            "aws_vpc_security_group_egress_rule",
        ),
        cloudformation_parts=("AWS::EC2::SecurityGroupIngress", "AWS::EC2::SecurityGroupEgress"),
        more_terraform=terraform_group,
        more_cloudformation=cloudformation_group,
    ),
    Kind(
        type="aws.ec2.network_acl",
        terraform=("aws_network_acl", "aws_default_network_acl"),
        cloudformation=("AWS::EC2::NetworkAcl",),
        rows=(reference("vpc", "vpc_id", "VpcId", "in"),),
        terraform_parts=("aws_network_acl_rule", "aws_network_acl_association"),
        cloudformation_parts=("AWS::EC2::NetworkAclEntry", "AWS::EC2::SubnetNetworkAclAssociation"),
        more_terraform=terraform_acl,
        more_cloudformation=cloudformation_acl,
    ),
    Kind(
        type="aws.ec2.vpc",
        terraform=("aws_vpc", "aws_default_vpc"),
        cloudformation=("AWS::EC2::VPC",),
        rows=(text("cidr", "cidr_block", "CidrBlock"),),
        terraform_parts=(
            *("aws_flow_log", "aws_internet_gateway", "aws_nat_gateway", "aws_eip", "aws_route", "aws_route_table"),
            *("aws_route_table_association", "aws_main_route_table_association", "aws_network_interface"),
            *("aws_default_route_table", "aws_vpc_dhcp_options", "aws_vpc_dhcp_options_association"),
            *("aws_vpc_peering_connection", "aws_eip_association", "aws_vpc_ipv4_cidr_block_association"),
        ),
        cloudformation_parts=(
            *("AWS::EC2::FlowLog", "AWS::EC2::InternetGateway", "AWS::EC2::VPCGatewayAttachment"),
            *("AWS::EC2::NatGateway", "AWS::EC2::EIP", "AWS::EC2::Route", "AWS::EC2::RouteTable"),
            *("AWS::EC2::SubnetRouteTableAssociation", "AWS::EC2::NetworkInterface", "AWS::EC2::EIPAssociation"),
            *("AWS::EC2::DHCPOptions", "AWS::EC2::VPCDHCPOptionsAssociation", "AWS::EC2::VPCPeeringConnection"),
        ),
        more_terraform=terraform_vpc,
        more_cloudformation=cloudformation_vpc,
    ),
    Kind(
        type="aws.ec2.subnet",
        terraform=("aws_subnet", "aws_default_subnet"),
        cloudformation=("AWS::EC2::Subnet",),
        rows=(
            text("cidr", "cidr_block", "CidrBlock"),
            flag("public_addresses", "map_public_ip_on_launch", "MapPublicIpOnLaunch"),
            reference("vpc", "vpc_id", "VpcId", "in"),
        ),
    ),
    Kind(
        type="aws.ec2.vpc_endpoint",
        terraform=("aws_vpc_endpoint",),
        cloudformation=("AWS::EC2::VPCEndpoint",),
        rows=(
            text("service", "service_name", "ServiceName"),
            word("kind", "vpc_endpoint_type", "VpcEndpointType"),
        ),
        terraform_parts=("aws_vpc_endpoint_route_table_association", "aws_vpc_endpoint_subnet_association"),
        more_terraform=terraform_endpoint,
        more_cloudformation=cloudformation_endpoint,
    ),
    Kind(
        type="aws.ec2.vpc_endpoint_service",
        terraform=("aws_vpc_endpoint_service",),
        cloudformation=("AWS::EC2::VPCEndpointService",),
        rows=(
            flag("acceptance_required", "acceptance_required", "AcceptanceRequired"),
            texts("allowed_principals", "allowed_principals", ""),
        ),
    ),
)
