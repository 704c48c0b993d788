"""Rules of Azure's network security groups: priority, ranges, service tags; firewalls of servers."""

import pytest

from bartizan.collect.resources.azure_network import GroupRule, address_rule, group_rules, public_addresses, span
from bartizan.collect.resources.values import Unknown, Value


def rule(priority: int, access: str, ports: str, address: Value = "*", protocol: str = "Tcp") -> GroupRule:
    return GroupRule(
        name="r",
        priority=priority,
        direction="Inbound",
        access=access,
        protocol=protocol,
        ports=[ports],
        addresses=[address],
    )


@pytest.mark.parametrize(
    ("deny", "public"),
    [
        (rule(100, "Deny", "22"), False),
        (rule(100, "Deny", "*", protocol="*"), False),
        (rule(100, "Deny", "20-25"), False),
        (rule(300, "Deny", "22"), True),
        (rule(100, "Deny", "23"), True),
        (rule(100, "Deny", "22", protocol="Udp"), True),
        (rule(100, "Deny", "22", address="203.0.113.0/24"), True),
    ],
)
def test_what_an_earlier_rule_denies_to_all_is_not_public(deny: GroupRule, public: bool) -> None:
    found = group_rules([rule(200, "Allow", "22"), deny], "inbound")
    assert isinstance(found, list)
    assert [each["public"] for each in found] == [public]


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("*", True),
        ("Internet", True),
        ("0.0.0.0/0", True),
        ("::/0", True),
        ("VirtualNetwork", False),
        ("AzureLoadBalancer", False),
        ("10.0.0.0/8", False),
        ("203.0.113.7", False),
    ],
)
def test_which_addresses_stand_for_the_internet(address: str, public: bool) -> None:
    assert public_addresses([address]) is public


def test_an_address_that_is_not_known_leaves_it_open() -> None:
    unknown = Unknown("parameter has no value")
    assert public_addresses([unknown]) == unknown
    assert public_addresses([unknown, "*"]) is True


def test_ranges_are_never_expanded() -> None:
    assert span("0-65535") == (0, 65535)
    assert span("*") == (0, 65535)
    assert span("22") == (22, 22)
    assert isinstance(span("a-b")[0], Unknown)


@pytest.mark.parametrize(
    ("first", "last", "azure", "public"),
    [
        ("0.0.0.0", "0.0.0.0", True, False),
        ("0.0.0.0", "255.255.255.255", False, True),
        ("198.51.100.7", "198.51.100.9", False, False),
    ],
)
def test_rules_of_a_servers_firewall(first: str, last: str, azure: bool, public: bool) -> None:
    found = address_rule("r", first, last)
    assert (found["azure"], found["public"]) == (azure, public)
