"""A real engine: each container breaks exactly the rule that it is started to break, and so do image and daemon."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bartizan.assess.host import assess_host, scopes
from bartizan.assess.policy.engine import PolicySet, assess_resource, load_policies
from bartizan.collect.filesystem.local import LocalView
from bartizan.collect.host.docker import containers, daemon, images
from bartizan.collect.host.docker.engine import Engine
from bartizan.collect.interface import Problems
from bartizan.model.finding import FindingKind, Verdict
from bartizan.model.resource import Resource, resource_from
from bartizan.model.snapshot import Section
from collect.host.docker.engine_process import RunningEngine, import_image, running_engine

pytestmark = pytest.mark.component

CONFIGURATION = {
    "live-restore": True,
    "no-new-privileges": True,
    "userland-proxy": False,
    "log-driver": "json-file",
    "log-opts": {"max-size": "1m"},
    "insecure-registries": ["registry.example:5000"],
    "default-ulimits": {"nofile": {"Name": "nofile", "Soft": 64, "Hard": 64}},
}
SAFE = (
    "--network", "none", "--user", "10001", "--read-only", "--memory", "32m", "--cpu-shares", "256",
    "--pids-limit", "10",
    "--security-opt", "no-new-privileges", "--cap-drop", "ALL", "--health-cmd", "x", "--log-driver", "json-file",
)  # fmt: skip


@pytest.fixture(scope="module")
def policies() -> PolicySet:
    return load_policies()


@pytest.fixture(scope="module")
def engine() -> Iterator[RunningEngine]:
    with running_engine(CONFIGURATION) as running:
        import_image(running, "plain:1", 'CMD ["/bin/sleep", "600"]')
        import_image(
            running, "better:1", "USER 10001", 'HEALTHCHECK CMD ["/bin/x"]', "ENV API_KEY=hunter22", "EXPOSE 22",
            'CMD ["/bin/sleep", "600"]',
        )  # fmt: skip
        yield running


def failing(resource: Resource, policies: PolicySet, prefix: str) -> set[str]:
    found = assess_resource(resource, policies).findings
    return {each.rule.removeprefix(prefix) for each in found if each.verdict is Verdict.FAIL}


def resources(facts: Any) -> dict[str, Resource]:
    return {each["id"]: resource_from(each) for each in facts["resources"]}


SELINUX = {"selinux"} if Path("/sys/fs/selinux/enforce").exists() else set[str]()
BREAKS: dict[str, tuple[tuple[str, ...], set[str]]] = {
    "safe": ((), set()),
    "root": (("--user", "0"), {"root"}),
    "privileged": (("--privileged",), {"privileged"}),
    "capability": (("--cap-add", "SYS_ADMIN"), {"capabilities"}),
    "pid": (("--pid", "host"), {"host-processes"}),
    "ipc": (("--ipc", "host"), {"host-ipc"}),
    "uts": (("--uts", "host"), {"host-uts"}),
    "network": (("--network", "host"), {"host-network"}),
    "seccomp": (("--security-opt", "seccomp=unconfined"), {"seccomp"}),
    "label": (("--security-opt", "label=disable"), SELINUX),
    "etc": (("-v", "/etc:/mnt:ro"), {"host-folders"}),
    "variable": (("-e", "DB_PASSWORD=hunter22"), {"secrets"}),
    "restart": (("--restart", "always"), {"restart"}),
    "logs": (("--log-driver", "none"), {"logs"}),
    "device": (("--device", "/dev/zero"), {"devices"}),
    "memory": (("--memory", "0"), {"memory"}),
    "cpu": (("--cpu-shares", "0"), {"cpu"}),
    "pids": (("--pids-limit", "-1"), {"processes"}),
    "health": (("--no-healthcheck",), {"healthcheck"}),
    "writable": (("--read-only=false",), {"read-only"}),
}


def options(more: tuple[str, ...]) -> list[str]:
    """The safe options, with those of `more` in the place of their own."""
    out: list[str] = []
    words = iter(SAFE)
    pairs = [(word,) if word == "--read-only" else (word, next(words)) for word in words]
    names = {word.partition("=")[0] for word in more if word.startswith("-")} - {"--security-opt"}
    if "--no-healthcheck" in names:
        names.add("--health-cmd")
    for pair in pairs:
        if pair[0] not in names:
            out += pair
    return [*out, *more]


@pytest.fixture(scope="module")
def started(engine: RunningEngine) -> RunningEngine:
    """The engine with a container for each rule."""
    for name, (more, _) in BREAKS.items():
        engine.docker("run", "-d", "--name", name, *options(more), "plain:1")
    return engine


def test_each_container_breaks_exactly_its_rule(started: RunningEngine, policies: PolicySet) -> None:
    engine, problems = started, Problems()
    facts = containers.collect(LocalView("/"), problems, Engine(engine.socket))
    assert problems.found == []
    found = resources(facts)
    missing = set(BREAKS) - set(found)
    assert not missing, engine.docker("ps", "-a")
    wrong = {
        name: (broken, expected)
        for name, (_, expected) in BREAKS.items()
        if (broken := failing(found[name], policies, "docker-container-")) != expected
    }
    assert not wrong, "found, expected"
    assert "hunter22" not in str(facts)
    assert found["variable"].attributes["secret_variables"] == ["DB_PASSWORD"]
    assert facts == containers.collect(LocalView("/"), problems, Engine(engine.socket)), "equal states have equal bytes"


def test_images(engine: RunningEngine, policies: PolicySet) -> None:
    facts = images.collect(LocalView("/"), Problems(), Engine(engine.socket))
    found = resources(facts)
    assert failing(found["plain:1"], policies, "docker-image-") == {"user", "healthcheck"}
    assert failing(found["better:1"], policies, "docker-image-") == {"secrets", "ssh-port"}
    assert "hunter22" not in str(facts)


def test_the_daemon_is_judged_by_what_it_reads_and_tells(engine: RunningEngine, policies: PolicySet) -> None:
    problems = Problems()
    (found,) = resources(daemon.collect(LocalView("/"), problems, Engine(engine.socket))).values()
    assert found.unknowns == ()
    attributes = found.attributes
    assert (attributes["running"], attributes["storage_driver"], attributes["iptables"]) == (True, "vfs", False)
    broken = failing(found, policies, "docker-daemon-")
    assert {
        "iptables",
        "insecure-registries",
        "user-namespaces",
        "authorization",
        "remote-logs",
        "rootless",
        "icc",
    } <= broken
    assert not broken & {
        "live-restore",
        "new-privileges",
        "userland-proxy",
        "ulimits",
        "log-size",
        "tls",
        "swarm",
    }


def test_a_hosts_assessment_judges_its_containers(started: RunningEngine, policies: PolicySet) -> None:
    facts: Any = containers.collect(LocalView("/"), Problems(), Engine(started.socket))
    sections = {"docker_containers": Section(name="docker_containers", facts=facts)}
    assert scopes(sections)["policy:docker_containers"] == ("docker_containers",)
    (assessment,) = [
        each for each in assess_host(sections, advisories=None, policies=policies) if each.assessor != "policy"
    ]
    privileged = [each for each in assessment.findings if each.rule == "docker-container-privileged"]
    assert [each.locator for each in privileged] == ["privileged"]
    assert all(each.kind is FindingKind.POLICY for each in assessment.findings)


def test_an_engine_that_does_not_answer_leaves_its_answers_unknown(tmp_path: Path) -> None:
    import socket

    path = str(tmp_path / "s")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        problems = Problems()
        facts = containers.collect(LocalView("/"), problems, Engine(path, timeout=1))
    assert facts == {"present": True, "resources": []}
    assert [each.path for each in problems.found] == [path]
