"""A real engine: each container breaks exactly the rule that it is started to break, and so do image and daemon."""

import json
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
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
from bartizan.model.snapshot import Problem, Section
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
    path = str(tmp_path / "s")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        problems = Problems()
        facts = containers.collect(LocalView("/"), problems, Engine(path, timeout=1))
    assert facts == {"present": True, "resources": []}
    assert [each.path for each in problems.found] == [path]


def test_what_the_daemon_gives_counts_for_a_container_that_says_nothing(engine: RunningEngine) -> None:
    engine.docker("run", "-d", "--name", "unsaid", "--network", "none", "plain:1")
    engine.docker(
        "run", "-d", "--name", "asked", "--network", "none", "--security-opt", "no-new-privileges=false", "plain:1"
    )
    found = resources(containers.collect(LocalView("/"), Problems(), Engine(engine.socket)))
    assert found["unsaid"].attributes["no_new_privileges"] is True
    assert found["asked"].attributes["no_new_privileges"] is False
    assert found["unsaid"].unknowns == ()


def test_a_swarm_manager_tells_how_it_is_set_up(policies: PolicySet) -> None:
    with running_engine({}) as engine:
        engine.docker("swarm", "init", "--advertise-addr", "127.0.0.1", "--listen-addr", "127.0.0.1:2377")
        (found,) = resources(daemon.collect(LocalView("/"), Problems(), Engine(engine.socket))).values()
        engine.docker("swarm", "leave", "--force")
    attributes = found.attributes
    assert (attributes["swarm_manager"], attributes["swarm_managers"], attributes["swarm_certificate_days"]) == (
        True,
        1,
        90,
    )
    assert {each for each in failing(found, policies, "docker-") if each.startswith(("swarm", "daemon-swarm"))} == {
        "daemon-swarm",
        "swarm-lock",
    } | ({"swarm-encryption"} if attributes["unencrypted_networks"] else set())


@contextmanager
def serving(path: Path, answer: bytes, *, slowly: bool = False) -> Iterator[None]:
    """A socket that gives the same bytes to everybody and then keeps the connection; slowly: one byte at a time."""
    over = threading.Event()

    def serve(server: socket.socket) -> None:
        kept = []
        while not over.is_set():
            try:
                client, _ = server.accept()
            except OSError:
                return
            kept.append(client)
            for piece in [answer[i : i + 1] for i in range(len(answer))] if slowly else [answer]:
                try:
                    client.sendall(piece)
                except OSError:
                    break
                if slowly and over.wait(0.05):
                    break

    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        thread = threading.Thread(target=serve, args=(server,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            server.shutdown(socket.SHUT_RDWR)
            thread.join(10)


def scan(path: str, **limits: float) -> tuple[Any, Problems]:
    problems = Problems()
    return containers.collect(LocalView("/"), problems, Engine(path, **limits)), problems


@pytest.mark.parametrize(
    ("served", "reason"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9999999\r\n\r\n[", "was not answered in time"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n[[[[[[[[[", "does not answer with JSON"),
        (b'HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n{"a": 1}', "does not answer with a list of objects"),
        (b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n", "answers with status 403"),
        (b"I am no engine\r\n\r\n", "no answer of an engine"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n", "no answer of an engine"),
    ],
)
def test_a_socket_that_lies_leaves_its_answers_unknown(tmp_path: Path, served: bytes, reason: str) -> None:
    with serving(tmp_path / "s", served):
        facts, problems = scan(str(tmp_path / "s"), timeout=0.3)
    assert facts == {"present": True, "resources": []}
    assert [(each.path, reason in each.reason) for each in problems.found] == [(str(tmp_path / "s"), True)]


def test_a_socket_that_drips_ends_when_its_time_is_over(tmp_path: Path) -> None:
    """A timeout of a socket begins anew with each byte; ours does not."""
    with serving(tmp_path / "s", b"HTTP/1.1 200 OK\r\nX: " + b"y" * 60_000, slowly=True):
        facts, problems = scan(str(tmp_path / "s"), timeout=0.5)
    assert facts == {"present": True, "resources": []}
    assert "was not answered in time" in problems.found[0].reason


def test_a_socket_that_may_not_be_used_is_unknown(policies: PolicySet) -> None:
    """As somebody who is not in the group docker sees it: in a process of its own, for root may do everything."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder, serving(path := Path(folder) / "s", b""):
        Path(folder).chmod(0o755)
        path.chmod(0o600)
        program = (
            "import os\n"
            "from bartizan.collect.filesystem.local import LocalView\n"
            "from bartizan.collect.host.docker import containers\n"
            "from bartizan.collect.host.docker.engine import Engine\n"
            "from bartizan.collect.interface import Problems\n"
            "os.setgid(65534), os.setuid(65534)\n"
            "problems = Problems()\n"
            f"facts = containers.collect(LocalView('/'), problems, Engine({str(path)!r}))\n"
            "print(facts['resources'], problems.found[0].reason)\n"
        )
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stdout == "[] permission denied\n", done.stderr
    section = Section(
        name="docker_containers",
        facts={"present": True, "resources": []},
        problems=(Problem(path=str(path), reason="permission denied"),),
    )
    assessments = assess_host({"docker_containers": section}, advisories=None, policies=policies)
    (finding,) = next(each for each in assessments if each.assessor == "policy:docker_containers").findings
    assert (finding.rule, finding.verdict, finding.locator) == ("resources-not-read", Verdict.UNKNOWN, str(path))


def test_a_scan_of_the_host_shows_the_findings_of_each_container(engine: RunningEngine, tmp_path: Path) -> None:
    """The whole way, in a mount namespace where the engine's socket stands where everybody looks for it."""
    engine.docker("run", "-d", "--name", "careless", "--network", "host", "--user", "0", "plain:1")
    result = tmp_path / "result.json"
    script = (
        "mount -t tmpfs none /run && touch /run/docker.sock && mount --bind $1 /run/docker.sock"
        " && exec $2 -c 'from bartizan.cli.main import run; run()' scan host --scanners policy -f json -o $3"
    )
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", script, "sh", engine.socket, sys.executable, str(result)],
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )
    assert result.exists(), done.stderr
    told = json.loads(result.read_text())
    found = {(each["rule"], each["locator"]) for each in told["findings"]}
    assert {("docker-container-host-network", "careless"), ("docker-container-root", "careless")} <= found
    assert {("docker-image-user", "plain:1"), ("docker-daemon-insecure-registries", "dockerd")} <= found
