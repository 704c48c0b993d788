# ruff: noqa: E501 - one case a line
"""What files, arguments and recorded answers of an engine say."""

import json
from typing import Any

import pytest

from bartizan.assess.policy.engine import assess_resource, load_policies
from bartizan.collect.filesystem.memory import MemoryView
from bartizan.collect.host.docker import containers, daemon, images, settings
from bartizan.collect.host.docker.containers import container
from bartizan.collect.host.docker.images import image
from bartizan.collect.host.docker.runtime import Defaults
from bartizan.collect.host.docker.swarm import FIELDS as SWARM
from bartizan.collect.interface import Problems
from bartizan.model.finding import Verdict

INSPECTED = {
    "Name": "/web",
    "AppArmorProfile": "docker-default",
    "Config": {"Image": "shop/web:1", "User": "app", "Env": ["PATH=/bin", "API_KEY=hunter22"]},
    "HostConfig": {
        "SecurityOpt": ["label=disable", "seccomp={}", "no-new-privileges:false"],
        "PortBindings": {"80/tcp": [{"HostIp": "", "HostPort": "8080"}]},
        "NetworkMode": "bridge",
        "PidsLimit": None,
    },
    "Mounts": [
        {"Type": "bind", "Source": "/var/run/docker.sock", "Destination": "/s", "RW": True, "Propagation": "rprivate"}
    ],
}


def test_an_inspected_container() -> None:
    found = container(INSPECTED, Defaults(selinux=True))
    attributes = found.attributes
    assert found.id == "web"
    assert (attributes["root"], attributes["seccomp"], attributes["no_new_privileges"]) == (False, "custom", False)
    assert attributes["ports"] == [{"container": 80, "host": 8080, "address": "", "protocol": "tcp"}]
    assert "hunter22" not in str(found)
    broken = {each.rule for each in assess_resource(found, load_policies()).findings if each.verdict is Verdict.FAIL}
    assert {"docker-container-selinux", "docker-container-socket", "docker-container-default-bridge"} <= broken


@pytest.mark.parametrize(
    ("step", "added", "alone"),
    [
        ("/bin/sh -c #(nop) ADD file:ab in / ", False, False),
        ("/bin/sh -c #(nop) ADD file:ab in /app/ ", True, False),
        ("ADD app /app # buildkit", True, False),
        ("ADD rootfs.tar / # buildkit", False, False),
        ("RUN /bin/sh -c apt-get update # buildkit", False, True),
        ("RUN /bin/sh -c apt-get update && apt-get install -y x # buildkit", False, False),
        ("COPY a b # buildkit", False, False),
    ],
)
def test_the_history_of_an_image(step: str, added: bool, alone: bool) -> None:
    found = image({"Id": "sha256:" + "ab" * 32, "Config": None}, [{"CreatedBy": step}])
    copies, runs = found.attributes["copies"], found.attributes["runs"]
    assert (any(each["instruction"] == "ADD" for each in copies), any(each["update_alone"] for each in runs)) == (
        added,
        alone,
    )
    assert found.id == "sha256:abababababab"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["-H", "fd://", "-H=tcp://0.0.0.0:2375"], {"hosts": ["fd://", "tcp://0.0.0.0:2375"]}),
        (["--icc=false", "--live-restore", "-D"], {"icc": "false", "live-restore": True, "debug": True}),
        (["--insecure-registry", "a", "--insecure-registry=b"], {"insecure-registries": ["a", "b"]}),
        (["--log-level", "warn", "-s", "vfs"], {"log-level": "warn", "storage-driver": "vfs"}),
    ],
)
def test_arguments_of_the_daemon(arguments: list[str], expected: dict[str, Any]) -> None:
    assert settings.parse_arguments(arguments) == expected


def host(files: dict[str, bytes], modes: dict[str, int] | None = None) -> Any:
    view = MemoryView({"/usr/bin/dockerd": b"", "/etc/passwd": b"root:x:0:0::/:/bin/sh\n", **files}, modes)
    return daemon.collect(view, Problems())


def test_an_engine_that_does_not_run_is_judged_by_its_files() -> None:
    facts = host(
        {
            "/etc/docker/daemon.json": json.dumps(
                {"icc": False, "tlscacert": "/etc/docker/ca.pem", "hosts": ["tcp://1"]}
            ).encode(),
            "/etc/docker/ca.pem": b"",
            "/etc/group": b"root:x:0:\ndocker:x:5:ann,bob\n",
            "/usr/sbin/auditd": b"",
            "/etc/audit/rules.d/d.rules": b"-w /usr/bin/dockerd -p wa\n-a always,exit -F path=/etc/docker/daemon.json -F perm=w\n",
        },
        {"/etc/docker/daemon.json": 0o666},
    )
    (found,) = facts["resources"]
    attributes = found["attributes"]
    assert (attributes["inter_container"], attributes["tcp"], attributes["tls_verify"]) == (False, ["tcp://1"], False)
    assert attributes["group_members"] == ["ann", "bob"]
    assert attributes["audited"] == ["/etc/docker/daemon.json", "/usr/bin/dockerd"]
    roles = {each["role"]: each for each in attributes["files"]}
    assert (roles["configuration"]["mode"], roles["authority"]["path"]) == (0o666, "/etc/docker/ca.pem")
    assert {each["path"] for each in found["unknowns"]} == {"version", "rootless", "storage_driver", *SWARM}


def test_settings_that_cannot_be_read_are_unknown() -> None:
    (found,) = host({"/etc/docker/daemon.json": b"{"})["resources"]
    assert "inter_container" in {each["path"] for each in found["unknowns"]}


def test_a_host_without_an_engine_says_so() -> None:
    for collect in (daemon.collect, containers.collect, images.collect):
        assert collect(MemoryView({"/etc/passwd": b""}), Problems()) == {"present": False, "resources": []}


def test_containers_of_a_root_that_is_not_running_are_not_known() -> None:
    problems = Problems()
    assert containers.collect(MemoryView({"/usr/bin/dockerd": b""}), problems)["present"] is True
    assert [each.reason for each in problems.found] == ["needs a running system"]


def test_a_daemon_that_does_not_run_has_the_arguments_of_its_unit() -> None:
    unit = b"[Service]\nEnvironmentFile=-/etc/default/docker\nExecStart=/usr/bin/dockerd -H fd:// $DOCKER_OPTS ${ONE}\n"
    drop_in = b"[Service]\nEnvironment=ONE=--icc=false\n"
    (found,) = host(
        {
            "/usr/lib/systemd/system/docker.service": unit,
            "/etc/systemd/system/docker.service.d/10.conf": drop_in,
            "/etc/default/docker": b'DOCKER_OPTS="-H tcp://0.0.0.0:2375 --live-restore"\n',
        }
    )["resources"]
    attributes = found["attributes"]
    assert (attributes["tcp"], attributes["inter_container"], attributes["live_restore"]) == (
        ["tcp://0.0.0.0:2375"],
        False,
        True,
    )


@pytest.mark.parametrize(
    ("line", "watched"),
    [
        (b"-w /etc/docker -p wa", {"/etc/docker", "/etc/docker/daemon.json"}),
        (b"-w /etc/docker/daemon.json -p r", set()),
        (b"-a never,exit -F path=/etc/docker/daemon.json -F perm=w", set()),
        (b"-a always,exit -F arch=b64 -F dir=/var/lib/docker -F perm=wa", {"/var/lib/docker"}),
        (b"-a never,task\n-w /etc/docker", set()),
    ],
)
def test_an_audit_rule_watches_what_it_means(line: bytes, watched: set[str]) -> None:
    files = {"/usr/sbin/auditd": b"", "/etc/audit/rules.d/d.rules": line + b"\n", "/etc/docker/daemon.json": b"{}"}
    (found,) = host(files)["resources"]
    assert set(found["attributes"]["audited"]) == watched


def test_audit_rules_that_are_not_understood_leave_what_they_watch_unknown() -> None:
    (found,) = host({"/usr/sbin/auditd": b"", "/etc/audit/rules.d/d.rules": b"-w\n"})["resources"]
    assert "audited" in {each["path"] for each in found["unknowns"]}


def test_ports_are_those_that_the_engine_published() -> None:
    ports = {"80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "32768"}], "81/tcp": None}
    settings = {"Networks": {"bridge": {}}, "Ports": ports}
    inspected = {
        **INSPECTED,
        "NetworkSettings": settings,
        "HostConfig": {"PublishAllPorts": True, "NetworkMode": "shop"},
    }
    attributes = container(inspected, Defaults()).attributes
    assert attributes["ports"] == [{"container": 80, "host": 32768, "address": "0.0.0.0", "protocol": "tcp"}]
    assert attributes["default_bridge"] is True
    assert attributes["ssh_server"] is False


def test_a_container_whose_processes_are_not_seen_may_serve_ssh() -> None:
    assert [each.path for each in container(INSPECTED, Defaults()).unknowns] == ["ssh_server"]
    assert container(INSPECTED, Defaults(), {"tini", "sshd"}).attributes["ssh_server"] is True


@pytest.mark.parametrize("port", ["8\u00b2", "x", "9" * 5000, ""])
def test_a_port_that_is_no_number_is_none(port: str) -> None:
    found = image({"Id": "sha256:" + "ab" * 32, "Config": {"ExposedPorts": {f"{port}/tcp": {}, "80/tcp": {}}}}, [])
    assert found.attributes["ports"] == [80]
    bindings = {"PortBindings": {f"{port}/tcp": [{"HostPort": port}]}}
    attributes = container({**INSPECTED, "HostConfig": bindings}, Defaults()).attributes
    assert [(each["container"], each["host"]) for each in attributes["ports"]] == [(0, 0)]
