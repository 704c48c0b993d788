"""Firewall rules in normal form, and what counts as the internet."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bartizan.collect.resources.network_rules import any_wide, exposed, opens, ports, protocol, rule, wide
from bartizan.collect.resources.values import Unknown

UNKNOWN = Unknown("variable has no value")


@pytest.mark.parametrize(
    ("cidr", "internet"),
    [
        ("0.0.0.0/0", True),
        ("::/0", True),
        ("0.0.0.0/1", True),
        ("128.0.0.0/1", True),
        ("3.0.0.0/8", True),
        ("2000::/3", True),
        ("10.0.0.0/8", False),
        ("172.16.0.0/12", False),
        ("198.51.100.0/24", False),
        ("8.8.8.8/32", False),
        ("fd00::/8", False),
        ("2001:db8::/32", False),
    ],
)
def test_a_block_is_the_internet_where_it_is_a_large_part_of_it(cidr: str, internet: bool) -> None:
    assert wide(cidr) is internet


def test_what_is_no_block_is_not_known() -> None:
    assert isinstance(wide("everywhere"), Unknown)


@pytest.mark.parametrize(
    ("said", "name"),
    [("-1", "all"), (-1, "all"), (None, "all"), ("6", "tcp"), (17, "udp"), ("TCP", "tcp"), ("50", "50")],
)
def test_protocols_have_names(said: object, name: str) -> None:
    assert protocol(said) == name


def test_every_protocol_means_every_port_and_others_without_ports_none() -> None:
    assert ports("all", 0, 0) == (0, 65535)
    assert ports("tcp", None, None) == (0, 65535)
    assert ports("tcp", -1, -1) == (0, 65535)
    assert ports("tcp", "22", 22.0) == (22, 22)
    assert ports("icmp", 8, -1) == (0, 0)


def test_one_known_block_of_the_internet_decides_whatever_the_others_are() -> None:
    assert any_wide([UNKNOWN, "0.0.0.0/0"]) is True
    assert any_wide(["10.0.0.0/8", UNKNOWN]) is UNKNOWN
    assert any_wide(["10.0.0.0/8"]) is False


def test_a_block_of_another_resource_is_not_the_internet() -> None:
    own = Unknown("known after apply", "aws_vpc.v", "cidr_block")
    found = rule(kind="tcp", first=22, last=22, cidrs=[own])
    assert found["public"] is False
    assert found["cidrs"] == ["aws_vpc.v"]


TRUTHS = st.sampled_from([True, False, UNKNOWN])


@given(st.lists(TRUTHS, max_size=4))
def test_a_group_is_open_by_any_of_its_rules(truths: list[bool | Unknown]) -> None:
    found = opens({"public": each} for each in truths)
    if True in truths:
        assert found is True
    elif UNKNOWN in truths:
        assert found is UNKNOWN
    else:
        assert found is False


@given(TRUTHS, st.lists(TRUTHS, max_size=3))
def test_exposure_never_guesses(address: bool | Unknown, groups: list[bool | Unknown]) -> None:
    """Whatever an unknown turns out to be, a known answer stays as it is."""
    found = exposed(address, groups)
    if isinstance(found, Unknown):
        return
    for one in (True, False):
        settled = exposed(
            one if isinstance(address, Unknown) else address,
            [one if isinstance(each, Unknown) else each for each in groups],
        )
        assert settled is found
