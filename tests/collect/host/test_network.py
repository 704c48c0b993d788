"""Sections `firewall`, `time` and `cloud`."""

import json
import struct
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bartizan.collect.filesystem.local import LocalView
from bartizan.collect.host import cloud, time
from bartizan.collect.host.firewall import nftables
from bartizan.collect.host.firewall import section as firewall
from bartizan.collect.interface import NEEDS_LIVE, Problems
from host_folder import Host, Seen, see

ProblemsOf = Callable[[Seen], dict[str, str]]


def attribute(kind: int, value: bytes) -> bytes:
    return struct.pack("=HH", len(value) + 4, kind) + value + bytes(-len(value) % 4)


def test_a_base_chain_as_the_kernel_sends_it() -> None:
    hook = attribute(1, struct.pack(">I", 1)) + attribute(2, struct.pack(">i", -10))
    body = struct.pack("=BBH", 1, 0, 0) + attribute(1, b"filter\0") + attribute(3, b"in\0")
    body += attribute(0x8004, hook) + attribute(5, struct.pack(">I", 0)) + attribute(7, b"filter\0")
    message = struct.pack("=IHHII", 16 + len(body), 0xA03, 0, 1, 0) + body
    ((kind, received),) = nftables.messages(message)
    assert kind == 0xA03
    assert nftables.parse_chain(received, Counter({(1, "filter", "in"): 3})) == nftables.Chain(
        family="inet", table="filter", name="in", type="filter", hook="input", priority=-10, policy="drop", rules=3
    )
    assert nftables.parse_chain(struct.pack("=BBH", 1, 0, 0) + attribute(3, b"x\0"), Counter()) is None


@given(st.binary(max_size=120))
def test_no_answer_of_the_kernel_breaks_it(data: bytes) -> None:
    for _, body in nftables.messages(data):
        nftables.parse_chain(body, Counter())
        nftables.parse_rule(body)
    nftables.parse_chain(data, Counter())


def test_configured_firewalls(host: Host, problems_of: ProblemsOf) -> None:
    section = host.section(
        firewall.COLLECTOR,
        {
            "/usr/sbin/ufw": "",
            "/etc/ufw/ufw.conf": "ENABLED=yes\nLOGLEVEL=low\n",
            "/etc/default/ufw": 'IPV6=no\nDEFAULT_INPUT_POLICY="REJECT"\n',
            "/usr/sbin/firewalld": "",
            "/etc/firewalld/firewalld.conf": "DefaultZone=dmz\n",
            "/etc/systemd/system/multi-user.target.wants/firewalld.service": "-> /x",
            "/etc/nftables.conf": "table inet f { chain i { type filter hook input priority 0; policy drop; } }\n",
            "/etc/iptables/rules.v4": "*nat\n:INPUT ACCEPT [0:0]\n-A INPUT -j X\nCOMMIT\n*filter\n:INPUT DROP [0:0]\n"
            ":custom - [0:0]\n-A INPUT -i lo -j ACCEPT\n[1:2] -A custom -j DROP\nCOMMIT\n",
        },
    )
    facts = section.facts
    assert facts["ufw"]["enabled"] is True
    assert facts["ufw"]["default_input"] == "reject"
    assert facts["ufw"]["ipv6"] is False
    assert facts["firewalld"] == {"enabled": True, "default_zone": "dmz", "backend": "nftables"}
    assert facts["nftables"] == {"path": "/etc/nftables.conf", "enabled": False, "input_chains": ["drop"]}
    assert facts["iptables"] == [{"path": "/etc/iptables/rules.v4", "policies": {"INPUT": "DROP"}, "rules": 2}]
    assert problems_of(section) == {"@chains": NEEDS_LIVE, "@active": NEEDS_LIVE, "@input_policy": NEEDS_LIVE}
    assert facts["active"] is None


def chain(**changes: Any) -> nftables.Chain:
    values: dict[str, Any] = {"family": "ip", "table": "t", "name": "n", "type": "filter", "hook": "input"}
    return nftables.Chain(**(values | {"priority": 0, "policy": "accept", "rules": 0} | changes))


@pytest.mark.parametrize(
    ("chains", "active", "policy"),
    [
        ([], False, "accept"),
        ([chain(policy="drop")], True, "drop"),
        ([chain(rules=4)], True, "accept"),
        ([chain(hook="output", policy="drop"), chain(type="nat", rules=9)], False, "accept"),
    ],
)
def test_the_running_filter(
    monkeypatch: pytest.MonkeyPatch, chains: list[nftables.Chain], active: bool, policy: str
) -> None:
    monkeypatch.setattr(firewall, "base_chains", lambda: chains)
    monkeypatch.setattr(firewall, "_legacy", lambda *_: ())
    facts = see(firewall.COLLECTOR, LocalView("/")).facts
    assert (facts["active"], facts["input_policy"]) == (active, policy)


def test_a_kernel_that_does_not_answer_is_unknown(monkeypatch: pytest.MonkeyPatch, problems_of: ProblemsOf) -> None:
    def denied() -> list[nftables.Chain]:
        raise nftables.Unavailable("netlink: operation not permitted")

    monkeypatch.setattr(firewall, "base_chains", denied)
    section = see(firewall.COLLECTOR, LocalView("/"))
    assert section.facts["active"] is None
    assert problems_of(section)["@active"] == "netlink: operation not permitted"


def test_older_iptables_rules_cannot_be_told(monkeypatch: pytest.MonkeyPatch, problems_of: ProblemsOf) -> None:
    monkeypatch.setattr(firewall, "base_chains", list)
    monkeypatch.setattr(firewall, "_legacy", lambda *_: ("filter",))
    section = see(firewall.COLLECTOR, LocalView("/"))
    assert section.facts["active"] is None
    assert "older iptables" in problems_of(section)["@active"]


def test_time_sources_with_their_includes(host: Host) -> None:
    facts = host.facts(
        time.COLLECTOR,
        {
            "/usr/sbin/chronyd": "",
            "/etc/chrony/chrony.conf": "! x\npool a.example iburst\nconfdir /etc/chrony/conf.d\nsourcedir /run/x\n",
            "/etc/chrony/conf.d/b.conf": "server b.example nts\n",
            "/run/x/c.sources": "peer c.example\n",
            "/etc/systemd/system/multi-user.target.wants/chrony.service": "-> /x",
            "/usr/lib/systemd/systemd-timesyncd": "",
            "/etc/systemd/timesyncd.conf": "[Time]\nNTP=t1 t2\n#NTP=no\n",
            "/etc/systemd/timesyncd.conf.d/1.conf": "[Time]\nNTP=\nNTP=t3\n",
        },
    )
    assert [(d["name"], d["enabled"], d["servers"], d["authenticated"]) for d in facts["daemons"]] == [
        ("chrony", True, ["a.example", "b.example", "c.example"], True),
        ("timesyncd", False, ["t3"], False),
    ]


class Metadata(BaseHTTPRequestHandler):
    """A metadata service that has secrets to give to whoever asks for the wrong paths."""

    asked: ClassVar[list[str]] = []
    pages: ClassVar[dict[str, bytes]] = {}

    def do_PUT(self) -> None:
        self._answer(200, b"TOKEN")

    def do_GET(self) -> None:
        Metadata.asked.append(self.path)
        if self.path == "/latest/meta-data/instance-id" and not self.headers.get("X-aws-ec2-metadata-token"):
            return self._answer(401, b"")
        page = Metadata.pages.get(self.path.partition("?")[0])
        return self._answer(404 if page is None else 200, page or b"")

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        return


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Metadata]]:
    server = HTTPServer(("127.0.0.1", 0), Metadata)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    Metadata.asked, Metadata.pages = [], {}
    monkeypatch.setattr(cloud, "ADDRESS", f"127.0.0.1:{server.server_port}")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    yield Metadata
    server.shutdown()
    thread.join()
    server.server_close()


def test_aws(service: type[Metadata]) -> None:
    document = {"instanceId": "i-1", "accountId": "1234", "region": "eu-west-1", "imageId": "ami-1", "kernelId": None}
    service.pages = {"/latest/dynamic/instance-identity/document": json.dumps(document).encode()}
    found = cloud.describe("aws", cloud._ask, Problems())
    assert found.instance == cloud.Instance(id="i-1", account="1234", region="eu-west-1", image="ami-1")
    assert found.token_required is True


def test_azure_and_google(service: type[Metadata]) -> None:
    service.pages = {"/metadata/instance/compute/vmId": b"vm-1", "/metadata/instance/compute/location": b"westeurope"}
    azure = cloud.describe("azure", cloud._ask, Problems()).instance
    assert azure == cloud.Instance(id="vm-1", region="westeurope")
    service.pages = {
        "/computeMetadata/v1/instance/zone": b"projects/1/zones/europe-west6-a",
        "/computeMetadata/v1/project/project-id": b"p",
    }
    google = cloud.describe("gcp", cloud._ask, Problems()).instance
    assert google == cloud.Instance(account="p", region="europe-west6", zone="europe-west6-a")
    for path in service.asked:
        assert not any(word in path.lower() for word in ("user-data", "userdata", "customdata", "credential", "token"))


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff"])
def test_a_service_that_answers_nonsense_is_unknown(service: type[Metadata], body: bytes) -> None:
    service.pages = {"/latest/dynamic/instance-identity/document": body}
    problems = Problems()
    assert cloud.describe("aws", cloud._ask, problems).instance is None
    assert problems.found[0].path == "@instance"


def test_nobody_is_asked_on_a_machine_that_is_in_no_cloud(host: Host, problems_of: ProblemsOf) -> None:
    def ask(*_: object) -> tuple[int, bytes]:
        raise AssertionError("asked")

    assert cloud.describe("", ask, Problems()) == cloud.Cloud(provider="")
    assert cloud.describe("hetzner", ask, Problems()).provider == "hetzner"
    assert problems_of(host.section(cloud.COLLECTOR, {"/etc/x": ""})) == {"@provider": NEEDS_LIVE}


@pytest.mark.parametrize(
    ("files", "name"),
    [
        ({"sys_vendor": "Amazon EC2"}, "aws"),
        ({"sys_vendor": "Xen", "product_version": "4.11.amazon"}, "aws"),
        ({"sys_vendor": "Microsoft Corporation", "chassis_asset_tag": "7783-7084-3265-9085-8269-3286-77"}, "azure"),
        ({"sys_vendor": "Microsoft Corporation"}, ""),
        ({"product_name": "Google Compute Engine"}, "gcp"),
        ({"sys_vendor": "Dell Inc."}, ""),
        ({}, ""),
    ],
)
def test_the_firmware_tells_the_provider(host: Host, files: dict[str, str], name: str) -> None:
    host.section(cloud.COLLECTOR, {f"/sys/class/dmi/id/{key}": text + "\n" for key, text in files.items()})
    assert cloud.provider(LocalView(str(host.root)), Problems()) == name
