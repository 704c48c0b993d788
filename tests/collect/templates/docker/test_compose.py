# ruff: noqa: E501 - one case a line
"""Services of Compose files become containers as the engine would run them."""

from typing import Any

import pytest

from bartizan.collect.filesystem.memory import MemoryView
from bartizan.collect.templates.discover import read_templates
from bartizan.collect.templates.docker.compose import of_compose
from bartizan.collect.templates.normal import TemplateResources
from bartizan.model.resource import Resource


def read(text: str, more: dict[str, bytes] | None = None, variables: dict[str, str] | None = None) -> TemplateResources:
    return of_compose(MemoryView({"/c/compose.yaml": text.encode(), **(more or {})}), "/c/compose.yaml", variables)


def service(body: str, more: dict[str, bytes] | None = None, variables: dict[str, str] | None = None) -> Resource:
    found = read(f"services:\n  web:\n{body}", more, variables)
    assert not found.problems, found.problems
    return found.resources[0]


def attributes(line: str) -> Any:
    return service(f"    image: a:1\n    {line}\n").attributes


@pytest.mark.parametrize(
    ("line", "field", "expected"),
    [
        ("user: '1000:1000'", "root", False),
        ("user: root", "root", True),
        ("privileged: true", "privileged", True),
        ("cap_add: [cap_sys_admin]", "capabilities_added", ["SYS_ADMIN"]),
        ("security_opt: ['no-new-privileges:true']", "no_new_privileges", True),
        ("security_opt: [no-new-privileges]", "no_new_privileges", True),
        ("security_opt: ['seccomp=unconfined']", "seccomp", "unconfined"),
        ("network_mode: host", "network_mode", "host"),
        ("network_mode: bridge", "default_bridge", True),
        ("mem_limit: 256m", "memory_limit", 268435456),
        ("deploy: {resources: {limits: {memory: 1G, cpus: '0.5', pids: 9}}}", "memory_limit", 1 << 30),
        ("deploy: {resources: {limits: {cpus: '0.5'}}}", "cpu_limited", True),
        ("pids_limit: 10", "pids_limit", 10),
        ("restart: on-failure:5", "restart_limit", 5),
        ("restart: 'no'", "restart_policy", "no"),
        ("healthcheck: {test: [CMD, x]}", "healthcheck", True),
        ("healthcheck: {disable: true}", "healthcheck", False),
        ("devices: ['/dev/sda:/dev/xvda:r']", "devices", ["/dev/sda"]),
        ("logging: {driver: none}", "log_driver", "none"),
        ("sysctls: [net.core.somaxconn=1]", "sysctls", ["net.core.somaxconn"]),
    ],
)
def test_fields(line: str, field: str, expected: Any) -> None:
    assert attributes(line)[field] == expected


@pytest.mark.parametrize(
    ("port", "host", "address"),
    [
        ("80", 0, ""),
        ("8080:80", 8080, ""),
        ("127.0.0.1:8080:80", 8080, "127.0.0.1"),
        ("[::1]:8080:80/udp", 8080, "::1"),
        ("3000-3005:80", 3000, ""),
    ],
)
def test_ports(port: str, host: int, address: str) -> None:
    (found,) = attributes(f"ports: ['{port}']")["ports"]
    assert (found["container"], found["host"], found["address"]) == (80, host, address)


def test_mounts_short_and_long() -> None:
    found = attributes("volumes: ['/:/host:ro,rshared', 'data:/data', {type: bind, source: /etc, target: /e}]")[
        "mounts"
    ]
    assert [(each["source"], each["kind"], each["read_only"], each["propagation"]) for each in found] == [
        ("/", "bind", True, "rshared"),
        ("data", "volume", False, ""),
        ("/etc", "bind", False, ""),
    ]


def test_names_of_variables_are_kept_and_values_are_not() -> None:
    found = attributes("environment: {DB_PASSWORD: hunter22, MODE: fast, API_KEY: }")
    assert found["secret_variables"] == ["DB_PASSWORD"]
    assert found["environment"] == ["API_KEY", "DB_PASSWORD", "MODE"]
    assert "hunter22" not in str(found)


def test_variables_come_from_those_given_the_file_beside_and_their_defaults() -> None:
    body = '    image: "${NAME:-shop}:${TAG}"\n    user: "${OWNER}"\n    privileged: ${OPEN:-false}\n'
    found = service(body, {"/c/.env": b"TAG='2'\n"})
    assert (found.attributes["image"], found.attributes["privileged"]) == ("shop:2", False)
    assert {each.path: each.reason for each in found.unknowns}["root"] == "the variable OWNER has no value"
    assert service(body, {}, {"TAG": "3", "OWNER": "7"}).attributes["root"] is False


def test_a_service_extends_another_and_merges_anchors() -> None:
    text = (
        "x-all: &all {read_only: true}\nservices:\n  web:\n    <<: *all\n    extends: {file: ../base.yaml, service: web}\n"
        "    cap_add: [NET_RAW]\n"
    )
    found = read(text, {"/base.yaml": b"services: {web: {image: 'a:1', cap_add: [CHOWN], user: '5'}}\n"}).resources[0]
    assert (found.attributes["read_only_root"], found.attributes["root"]) == (True, False)
    assert found.attributes["capabilities_added"] == ["CHOWN", "NET_RAW"]
    assert found.location is not None and (found.location.path, found.location.line) == ("/c/compose.yaml", 3)


def test_what_only_the_image_says_is_unknown() -> None:
    assert {each.path for each in service("    image: a:1\n").unknowns} == {"user", "root", "healthcheck"}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("services: []", "must be a mapping"),
        ("services: {a: 5}", "is no mapping"),
        ("services: {a: {extends: a}}", "extends itself"),
        ("services: {a: {extends: {file: no.yaml, service: b}}}", "is not there to be extended"),
        ("services: {a: {image: x}, a: {image: y}}", "set twice"),
    ],
)
def test_bad_input_is_told(text: str, reason: str) -> None:
    assert any(reason in str(each) for each in read(text).problems)


def test_files_of_docker_are_found_in_a_tree() -> None:
    tree = {
        "/a/Dockerfile": b"FROM a:1\n",
        "/a/web.dockerfile": b"FROM a:1\n",
        "/a/stack.yml": b"services:\n  web:\n    image: a:1\n",
        "/a/other.yml": b"services:\n  - one\n",
    }
    found = read_templates(MemoryView(tree))
    facts: Any = {name: section.facts for name, section in found.items()}
    assert facts["resources_dockerfile"]["templates"] == ["/a/Dockerfile", "/a/web.dockerfile"]
    assert [each["id"] for each in facts["resources_compose"]["resources"]] == ["/a/stack.yml#web"]
