"""Networks of Azure: security groups with all their rules, subnets, interfaces, public addresses, gateways, flow logs.

A network security group is judged with the rules that it states itself and those that stand on their own and lead to
it. Whether the internet reaches a machine is worked out in `compute.py` from what is found here.
"""

from collections.abc import Iterable

from bartizan.collect.resources.azure_network import GroupRule, group_rules
from bartizan.collect.resources.draft import Draft
from bartizan.collect.resources.network_rules import opens
from bartizan.collect.resources.tls_version import tls_version
from bartizan.collect.resources.values import Unknown, Value
from bartizan.collect.templates.aws.kind import flag, flag_if, number, reference, there, word
from bartizan.collect.templates.azure.kind import Kind
from bartizan.collect.templates.configuration import Configuration
from bartizan.collect.templates.declared import Declared
from bartizan.collect.templates.family import UnknownBlock, blocks
from bartizan.collect.templates.rows import first, records, truth

_RULE = "Microsoft.Network/networkSecurityGroups/securityRules"


def terraform_rules(group: Declared, configuration: Configuration) -> list[GroupRule]:
    """The rules of a group in Terraform."""
    found = [_terraform_rule(each) for each in records(group.attributes.get("security_rule"))]
    apart = configuration.linked(group, "azurerm_network_security_rule", "network_security_group_name", "name")
    found += [_terraform_rule(each.attributes) for each in apart]
    stray = configuration.unresolved("azurerm_network_security_rule", "network_security_group_name")
    return found + ([_terraform_rule(UnknownBlock(stray))] if stray is not None else [])


def _terraform_rule(rule: dict[str, Value]) -> GroupRule:
    inbound = _is_inbound(rule.get("direction"))
    side = "source" if inbound else "destination"
    return GroupRule(
        name=rule.get("name"),
        priority=rule.get("priority"),
        direction=rule.get("direction"),
        access=rule.get("access"),
        protocol=rule.get("protocol"),
        ports=several(rule.get("destination_port_range"), rule.get("destination_port_ranges")),
        addresses=several(rule.get(f"{side}_address_prefix"), rule.get(f"{side}_address_prefixes")),
    )


def arm_rules(group: Declared, configuration: Configuration) -> list[GroupRule]:
    """The rules of a group in ARM."""
    found = [_arm_rule(_flat(each)) for each in records(group.attributes.get("securityRules"))]
    return found + [_arm_rule(each.attributes) for each in configuration.linked(group, _RULE, "parent")]


def _arm_rule(rule: dict[str, Value]) -> GroupRule:
    side = "source" if _is_inbound(rule.get("direction")) else "destination"
    return GroupRule(
        name=rule.get("name"),
        priority=rule.get("priority"),
        direction=rule.get("direction"),
        access=rule.get("access"),
        protocol=rule.get("protocol"),
        ports=several(rule.get("destinationPortRange"), rule.get("destinationPortRanges")),
        addresses=several(rule.get(f"{side}AddressPrefix"), rule.get(f"{side}AddressPrefixes")),
    )


def _is_inbound(direction: Value) -> bool:
    return isinstance(direction, Unknown) or str(direction).lower() == "inbound"


def _flat(item: dict[str, Value]) -> dict[str, Value]:
    """An inner element of ARM with its properties beside its name."""
    properties = item.get("properties")
    if isinstance(properties, Unknown):
        return UnknownBlock(properties)
    return {**item, **properties} if isinstance(properties, dict) else item


def several(one: Value, more: Value) -> list[Value]:
    """What is said once or as a list."""
    if isinstance(more, list) and more:
        return more
    found = one if one is not None and one != "" else more
    return found if isinstance(found, list) else [] if found is None else [found]


def _set_rules(out: Draft, rules: list[GroupRule]) -> None:
    ingress, egress = group_rules(rules, "inbound"), group_rules(rules, "outbound")
    out.set("ingress", ingress)
    out.set("egress", egress)
    out.set("public", ingress if isinstance(ingress, Unknown) else opens(ingress))


def open_group(group: Declared, configuration: Configuration) -> bool | Unknown:
    """Whether a group lets the internet in, in whichever language it is written."""
    rules = terraform_rules if group.type.startswith("azurerm") else arm_rules
    ingress = group_rules(rules(group, configuration), "inbound")
    return ingress if isinstance(ingress, Unknown) else opens(ingress)


def _terraform_group(out: Draft, group: Declared, configuration: Configuration) -> None:
    _set_rules(out, terraform_rules(group, configuration))


def _arm_group(out: Draft, group: Declared, configuration: Configuration) -> None:
    _set_rules(out, arm_rules(group, configuration))


_OWN_RULES = ("GatewaySubnet", "AzureFirewallSubnet", "AzureFirewallManagementSubnet", "RouteServerSubnet")
"""Subnets that Azure guards itself, and that take no group."""


def _terraform_subnet(out: Draft, subnet: Declared, configuration: Configuration) -> None:
    type_ = "azurerm_subnet_network_security_group_association"
    found = configuration.linked(subnet, type_, "subnet_id")
    stray = configuration.unresolved(type_, "subnet_id")
    out.set("guarded", True if found else stray or False)
    out.set("reserved", out.name in _OWN_RULES)


def _arm_subnet(out: Draft, subnet: Declared, configuration: Configuration) -> None:
    out.set("reserved", out.name in _OWN_RULES)


def _arm_network(out: Draft, network: Declared, configuration: Configuration) -> None:
    _unguarded(out, (_flat(each) for each in records(network.attributes.get("subnets"))), "networkSecurityGroup")


def _terraform_network(out: Draft, network: Declared, configuration: Configuration) -> None:
    _unguarded(out, records(network.attributes.get("subnet")), "security_group")


def _unguarded(out: Draft, subnets: Iterable[dict[str, Value]], group: str) -> None:
    names: list[Value] = []
    for each in subnets:
        name = each.get("name")
        if each.get(group) in (None, "", {}) and name not in _OWN_RULES:
            names.append(name)
    out.set("unguarded_subnets", names)


def _interface(out: Draft, interface: Declared, configuration: Configuration) -> None:
    out.set("public_address", has_public_address(interface))


def has_public_address(interface: Declared) -> bool | Unknown:
    """Whether a network interface has a public address."""
    if interface.type.startswith("azurerm"):
        found = [
            each.get("public_ip_address_id")
            for each in blocks(interface.attributes, "ip_configuration")
            if isinstance(each, dict)
        ]
    else:
        configurations = (_flat(each) for each in records(interface.attributes.get("ipConfigurations")))
        found = [each.get("publicIPAddress") for each in configurations]
    doubt = next((each for each in found if isinstance(each, Unknown) and not each.target), None)
    if any(each is not None and not (isinstance(each, Unknown) and not each.target) for each in found):
        return True
    return doubt or False


def _gateway_waf(out: Draft, gateway: Declared, configuration: Configuration) -> None:
    own = gateway.attributes
    policy = first(own, "firewall_policy_id|firewallPolicy.id")
    state = first(own, "waf_configuration.enabled|webApplicationFirewallConfiguration.enabled")
    out.set("min_tls", tls_version(first(own, "ssl_policy.min_protocol_version|sslPolicy.minProtocolVersion")))
    out.set("waf.enabled", True if policy is not None else truth(state, False))
    mode = first(own, "waf_configuration.firewall_mode|webApplicationFirewallConfiguration.firewallMode")
    linked = configuration.at(policy)
    if linked is not None:
        mode = first(linked.attributes, "policy_settings.mode|policySettings.mode")
    elif policy is not None:
        mode = Unknown("the firewall policy is not declared here")
    out.set("waf.prevention", mode, lambda value: str(value).lower() == "prevention")
    out.set("plain", _plain(own))


def _plain(gateway: dict[str, Value]) -> bool | Unknown:
    """Whether a listener without TLS passes requests on, rather than have a rule redirect them."""
    redirected: list[Value] = []
    for rule in records(first(gateway, "request_routing_rule|requestRoutingRules")):
        target = first(rule, "redirect_configuration_name|properties.redirectConfiguration.id")
        if target is not None:
            listener = first(rule, "http_listener_name|properties.httpListener.id")
            redirected.append(target if isinstance(target, Unknown) else listener)
    doubt = next((each for each in redirected if isinstance(each, Unknown)), None)
    names = {str(each).rpartition("/")[2].lower() for each in redirected}
    for each in records(first(gateway, "http_listener|httpListeners")):
        name, protocol = each.get("name"), first(each, "protocol|properties.protocol")
        if isinstance(protocol, Unknown):
            doubt = protocol
        elif str(protocol).lower() == "http" and isinstance(name, Unknown) and names:
            doubt = name
        elif str(protocol).lower() == "http" and doubt is None and str(name).lower() not in names:
            return True
    return doubt or False


def _retention(out: Draft, log: Declared, configuration: Configuration) -> None:
    policy = first(log.attributes, "retention_policy.enabled|retentionPolicy.enabled")
    days = first(log.attributes, "retention_policy.days|retentionPolicy.days")
    kept = truth(policy, False)
    if isinstance(kept, Unknown) or isinstance(days, Unknown):
        out.set("retention_days", kept if isinstance(kept, Unknown) else days)
    else:
        out.set("retention_days", int(float(days or 0)) if kept else 0)


KINDS: Iterable[Kind] = (
    Kind(
        type="azure.network.security_group",
        terraform=("azurerm_network_security_group",),
        arm=("Microsoft.Network/networkSecurityGroups",),
        terraform_parts=(
            "azurerm_network_security_rule",
            "azurerm_network_interface_security_group_association",
            "azurerm_subnet_network_security_group_association",
            "azurerm_network_watcher",
            "azurerm_resource_group",
            "azurerm_route_table",
            "azurerm_subnet_route_table_association",
        ),
        arm_parts=(
            _RULE,
            "Microsoft.Network/networkWatchers",
            "Microsoft.Resources/resourceGroups",
            "Microsoft.Network/routeTables",
        ),
        more_terraform=_terraform_group,
        more_arm=_arm_group,
    ),
    Kind(
        type="azure.network.virtual_network",
        terraform=("azurerm_virtual_network",),
        arm=("Microsoft.Network/virtualNetworks",),
        terraform_parts=("azurerm_virtual_network_peering",),
        arm_parts=("Microsoft.Network/virtualNetworks/virtualNetworkPeerings",),
        more_terraform=_terraform_network,
        more_arm=_arm_network,
    ),
    Kind(
        type="azure.network.subnet",
        terraform=("azurerm_subnet",),
        arm=("Microsoft.Network/virtualNetworks/subnets",),
        rows=(there("guarded", "", "networkSecurityGroup"),),
        more_terraform=_terraform_subnet,
        more_arm=_arm_subnet,
    ),
    Kind(
        type="azure.network.interface",
        terraform=("azurerm_network_interface",),
        arm=("Microsoft.Network/networkInterfaces",),
        rows=(flag("forwarding", "enable_ip_forwarding|ip_forwarding_enabled", "enableIPForwarding"),),
        more_terraform=_interface,
        more_arm=_interface,
    ),
    Kind(
        type="azure.network.public_address",
        terraform=("azurerm_public_ip",),
        arm=("Microsoft.Network/publicIPAddresses",),
        rows=(word("sku", "sku", "sku.name"),),
    ),
    Kind(
        type="azure.network.application_gateway",
        terraform=("azurerm_application_gateway",),
        arm=("Microsoft.Network/applicationGateways",),
        rows=(word("tls_policy", "ssl_policy.policy_name", "sslPolicy.policyName"),),
        more_terraform=_gateway_waf,
        more_arm=_gateway_waf,
    ),
    Kind(
        type="azure.network.waf_policy",
        terraform=("azurerm_web_application_firewall_policy", "azurerm_frontdoor_firewall_policy"),
        arm=(
            "Microsoft.Network/ApplicationGatewayWebApplicationFirewallPolicies",
            "Microsoft.Network/FrontDoorWebApplicationFirewallPolicies",
        ),
        rows=(
            flag("enabled", "policy_settings.enabled|enabled", "policySettings.state|policySettings.enabledState"),
            flag_if("prevention", "policy_settings.mode|mode", "policySettings.mode", "prevention"),
        ),
    ),
    Kind(
        type="azure.network.flow_log",
        terraform=("azurerm_network_watcher_flow_log",),
        arm=("Microsoft.Network/networkWatchers/flowLogs",),
        rows=(
            flag("enabled", "enabled", "enabled"),
            flag(
                "analytics",
                "traffic_analytics.enabled",
                "flowAnalyticsConfiguration.networkWatcherFlowAnalyticsConfiguration.enabled",
            ),
            reference("about", "network_security_group_id|target_resource_id", "targetResourceId", "watches"),
            number("version", "version", "format.version"),
        ),
        more_terraform=_retention,
        more_arm=_retention,
    ),
)
