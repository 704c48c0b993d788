"""Helper functions of policies."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bartizan.assess.policy import functions as f


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("90", 90),
        ("15m", 900),
        ("1h30m", 5400),
        ("1h 30min", 5400),
        ("2d", 172_800),
        ("500ms", 0),
        ("1w", 604_800),
        ("0", 0),
    ],
)
def test_time_spans(text: str, wanted: int) -> None:
    assert f.seconds(text) == wanted


@pytest.mark.parametrize("text", ["", "soon", "5 parsecs", "1h x", "-5"])
def test_what_is_no_time_span(text: str) -> None:
    with pytest.raises(ValueError, match="not a time span"):
        f.seconds(text)


def test_modes() -> None:
    assert f.mode_at_most(0o600, "0640")
    assert f.mode_at_most(0o640, "0640")
    assert not f.mode_at_most(0o644, "0640")
    assert not f.mode_at_most(0o4600, "0640")
    assert f.mode_has(0o1777, "1000")
    assert not f.mode_has(0o777, "1000")
    with pytest.raises(ValueError, match="octal"):
        f.mode_at_most(0o600, "rw-")


@given(st.integers(0, 0o7777), st.integers(0, 0o7777))
def test_a_mode_is_at_most_another_where_it_has_no_bit_more(mode: int, limit: int) -> None:
    assert f.mode_at_most(mode, format(limit, "04o")) == (mode | limit == limit)


def test_globs() -> None:
    assert f.glob("/etc/ssh/sshd_config", "/etc/*config")
    assert f.glob("a.yaml", "?.[xy]aml")
    assert not f.glob("xa.yaml", "?.yaml")
    with pytest.raises(ValueError, match="stars"):
        f.glob("a" * 50, "*a" * 20)


def test_regular_expressions_take_linear_time() -> None:
    assert f.matches("alice@example.org", "^[a-z]+@")
    assert not f.matches("a" * 5000 + "!", "^(a+)+$")


@pytest.mark.parametrize(
    ("left", "right", "wanted"),
    [
        ("9.2p1", "9.10", -1),
        ("1.0", "1.0", 0),
        ("1.0~rc1", "1.0", -1),
        ("2", "10", -1),
        ("1.0.1", "1.0", 1),
        ("6.1.0-30", "6.1.0-4", 1),
    ],
)
def test_versions(left: str, right: str, wanted: int) -> None:
    assert f.version_compare(left, right) == wanted
    assert f.version_compare(right, left) == -wanted
    assert f.version_at_least(left, right) is (wanted >= 0)


_VERSIONS = st.text(alphabet="0123456789.abp~-", max_size=10)


@given(_VERSIONS, _VERSIONS, _VERSIONS)
def test_versions_are_ordered(a: str, b: str, c: str) -> None:
    assert f.version_compare(a, b) == -f.version_compare(b, a)
    if f.version_compare(a, b) <= 0 and f.version_compare(b, c) <= 0:
        assert f.version_compare(a, c) <= 0


def test_networks() -> None:
    assert f.cidr_contains("10.0.0.0/8", "10.1.2.3")
    assert f.cidr_contains("::/0", "2001:db8::/32")
    assert not f.cidr_contains("0.0.0.0/0", "::1")
    assert f.cidr_public("0.0.0.0/0")
    assert f.cidr_public("::/0")
    assert f.cidr_public("8.8.8.8/32")
    assert not f.cidr_public("192.168.0.0/16")
    assert not f.cidr_public("fe80::/10")
    assert f.address_local("127.0.0.1")
    assert f.address_local("::1")
    assert f.address_local("::ffff:127.0.0.1")
    assert not f.address_local("0.0.0.0")


def test_ports() -> None:
    assert f.port_in(22, "20-25, 3389")
    assert not f.port_in(26, "20-25,3389")
    assert f.ports_overlap(0, 65535, "22")
    assert not f.ports_overlap(100, 200, "22,80-99,201")
    with pytest.raises(ValueError, match="list of ports"):
        f.port_in(22, "ssh")


ALLOW = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject"}


@pytest.mark.parametrize(
    ("statement", "public"),
    [
        (ALLOW, True),
        ({**ALLOW, "Principal": {"AWS": "*"}}, True),
        ({**ALLOW, "Principal": {"AWS": ["arn:aws:iam::111122223333:root", "*"]}}, True),
        ({**ALLOW, "Principal": {"AWS": "arn:aws:iam::111122223333:root"}}, False),
        ({**ALLOW, "Effect": "Deny"}, False),
        ({**ALLOW, "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}}, False),
        ({**ALLOW, "Condition": {"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}}}, True),
        ({**ALLOW, "Condition": {"StringLike": {"aws:PrincipalArn": "*"}}}, True),
        ({**ALLOW, "Condition": {"IpAddress": {"aws:SourceIp": ["0.0.0.0/0"]}}}, True),
        ({**ALLOW, "Condition": {"IpAddress": {"aws:SourceIp": ["203.0.113.0/24"]}}}, False),
        ({**ALLOW, "Condition": {"Bool": {"aws:SecureTransport": "true"}}}, True),
        ({"Effect": "Allow", "NotPrincipal": {"AWS": "x"}, "Action": "*"}, True),
    ],
)
def test_statements_that_are_open_to_anybody(statement: dict[str, object], public: bool) -> None:
    assert bool(f.public_statements({"Statement": [statement]})) is public
    assert bool(f.public_statements({"Statement": statement})) is public


def test_doubled_values() -> None:
    assert f.duplicates([1, 2, 1, 3, 2, 1]) == [1, 2]
    assert f.duplicates([]) == []


def test_every_function_of_our_own_is_told() -> None:
    names = {each.name for each in f.FUNCTIONS if each.about}
    assert {"glob", "seconds", "cidr_contains", "mode_at_most", "public_statements", "version_at_least"} <= names
