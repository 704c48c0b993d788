"""Compares our verdicts with those of docker-bench-security, check by check, on real engines and files, good and bad.

    python tests/oracles/docker_bench.py CHECKOUT                       # engines of our own, careless and careful
    python tests/oracles/docker_bench.py CHECKOUT --socket /run/x.sock  # one that runs

CHECKOUT is a folder with docker-bench-security.sh (github.com/docker/docker-bench-security). It must run as root. What
differs for a reason that docs/oracles.md tells is listed in `EXPLAINED`; any other difference makes the exit code 1.
Files of the host are put in place in a mount namespace of its own, where overlayfs is to be had.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from socket import AF_UNIX, socket
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bartizan.assess.policy.engine import assess_resource, load_policies
from bartizan.collect.filesystem.local import LocalView
from bartizan.collect.host.docker import containers, daemon, images
from bartizan.collect.host.docker.engine import Engine
from bartizan.collect.host.docker.files import AUDITED
from bartizan.collect.interface import Problems
from bartizan.model.finding import Verdict
from bartizan.model.resource import resource_from
from collect.host.docker.engine_process import import_image, running_engine
from image_servers import free_port

SAFE = (
    "--network", "none", "--user", "10001", "--read-only", "--memory", "32m", "--cpu-shares", "256",
    "--pids-limit", "9", "--security-opt", "no-new-privileges", "--cap-drop", "ALL", "--health-cmd", "x",
)  # fmt: skip
CONTAINERS: dict[str, tuple[str, ...]] = {
    "safe": SAFE,
    "careless": (),
    "privileged": (*SAFE, "--privileged"),
    "capability": (*SAFE, "--cap-add", "SYS_ADMIN"),
    "raw": (*SAFE, "--cap-add", "NET_RAW"),
    "usual-capability": (*SAFE, "--cap-add", "CHOWN"),
    "pid": (*SAFE, "--pid", "host"),
    "ipc": (*SAFE, "--ipc", "host"),
    "uts": (*SAFE, "--uts", "host"),
    "network": ("--network", "host"),
    "seccomp": (*SAFE, "--security-opt", "seccomp=unconfined"),
    "etc": (*SAFE, "-v", "/etc:/mnt/etc"),
    "etc-read-only": (*SAFE, "-v", "/etc:/mnt/etc:ro"),
    "var": (*SAFE, "-v", "/var:/mnt/var"),
    "socket": (*SAFE, "-v", "/var/run/docker.sock:/mnt/docker.sock"),
    "run": (*SAFE, "-v", "/run:/mnt/run"),
    "shared": (*SAFE, "-v", "{shared}:/mnt/srv:shared"),
    "always": (*SAFE, "--restart", "always"),
    "on-failure": (*SAFE, "--restart", "on-failure:9"),
    "no-limit": (*SAFE, "--restart", "on-failure"),
    "device": (*SAFE, "--device", "/dev/zero"),
    "cpus": ("--network", "none", "--cpus", "0.5"),
    "quota": ("--network", "none", "--cpu-quota", "50000"),
    "set": ("--network", "none", "--cpuset-cpus", "0"),
    "endless": (*SAFE, "--pids-limit", "-1"),
    "ulimit": (*SAFE, "--ulimit", "nofile=64:64"),
    "group": (*SAFE, "--user", "0:0"),
    "unhealthy": (*SAFE[:-2], "--no-healthcheck"),
    "cgroup": (*SAFE, "--cgroup-parent", "/other"),
    "unsaid": tuple(word for word in SAFE if word not in ("--security-opt", "no-new-privileges")),
}
IMAGES: dict[str, tuple[str, ...]] = {
    "plain:1": ('CMD ["/bin/sleep", "600"]',),
    "healthy:1": ("USER 10001", 'HEALTHCHECK CMD ["/bin/x"]', 'CMD ["/bin/sleep", "600"]'),
    "none:1": ("USER 10001", "HEALTHCHECK NONE", 'CMD ["/bin/sleep", "600"]'),
}
CARELESS: dict[str, object] = {"insecure-registries": ["registry.example:5000"], "log-level": "debug"}
CAREFUL: dict[str, object] = {
    "live-restore": True,
    "no-new-privileges": True,
    "userland-proxy": False,
    "log-driver": "local",
    "default-ulimits": {"nofile": {"Name": "nofile", "Soft": 64, "Hard": 64}},
}
SCENES: dict[str, tuple[dict[str, object], tuple[str, ...]]] = {
    "careless": (CARELESS, ("-H", "tcp://127.0.0.1:{port}")),
    "careful": (CAREFUL, ("-H", "tcp://127.0.0.1:{port}")),
    "arguments": (
        {},
        (
            *("--log-level=debug", "--insecure-registry=registry.example:5000", "--no-new-privileges"),
            *("--live-restore", "--userland-proxy=false", "--default-ulimit=nofile=64:64"),
        ),
    ),
}
"""What is said to the engine by daemon.json and by arguments; the first two have files of the host, bad and good."""
OVERLAID = ("/etc", "/usr/sbin")
POLICIES = {
    "2.13": ("docker-daemon-remote-logs",),
    "4.1": ("docker-container-root",),
    "4.6": ("docker-image-healthcheck",),
    "4.7": ("docker-image-update-alone",),
    "4.9": ("docker-image-add",),
    "5.4": ("docker-container-capabilities",),
    "5.32": ("docker-container-socket",),
}
"""Which of our policies means what the check means, where more than one has its number."""
EXPLAINED = {
    "1.1.1": "the engine mounts its folder on itself; that is no file system of its own",
    "1.1.2": "they list the members, we judge that there are any",
    "2.3": "where jq is installed, they do not come to look at the arguments",
    "2.7": "they read tlsverify of the arguments alone where jq is installed",
    "2.13": "only json-file is bad to them; local and none stay on the host or keep nothing, too",
    "3.15": "they look at /var/run/docker.sock, whichever engine was asked; the group root is fewer than docker",
    "3.16": "as 3.15",
    "4.1": "0:0 is root, too",
    "4.6": "HEALTHCHECK NONE switches the check off, and they count it as one",
    "4.7": "they search the history for the word update, wherever it stands",
    "5.4": "adding NET_RAW is fine to them; the benchmark's text wants it dropped",
    "5.6": "mounts that cannot be written tell secrets; /var, /run and /root lead to the host as well",
    "5.12": "a quota and a set of processors are limits, too",
    "5.15": "always and a failure without a number restart without end, and they only look at the number",
    "5.32": "a mounted folder that holds the socket holds the socket",
}


@dataclass(frozen=True, slots=True)
class Told:
    result: str
    """pass, fail, unknown; empty where nothing is judged."""
    items: frozenset[str] = frozenset()


def theirs(checkout: Path, address: str) -> dict[str, Told]:
    """Their results by number."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        subprocess.run(
            ["bash", "docker-bench-security.sh", "-b", "-l", str(log)],
            cwd=checkout,
            env={**os.environ, "DOCKER_HOST": f"unix://{address}"},
            check=False,
            capture_output=True,
            timeout=900,
        )
        found = json.loads(Path(f"{log}.json").read_text())
    out = {}
    for test in (each for section in found["tests"] for each in section["results"]):
        items = frozenset(
            item.partition(":")[0] if test["id"].startswith("5.") else item.strip("[]")
            for item in test.get("items", ())
        )
        result = {"PASS": "pass", "WARN": "fail"}.get(test["result"], "fail" if items else "")
        out[test["id"]] = Told(result, items)
    return out


def ours(address: str) -> dict[str, Told]:
    """Our results by number."""
    policies, view, engine = load_policies(), LocalView("/"), Engine(address)
    facts: list[Any] = [
        module.collect(view, Problems(), Engine(engine.path)) for module in (daemon, containers, images)
    ]
    by_rule: dict[str, dict[str, str]] = {}
    for resource in (resource_from(each) for section in facts for each in section["resources"]):
        found = assess_resource(resource, policies)
        item = "" if resource.type == "docker.daemon" else resource.id
        for rule in found.passed:
            by_rule.setdefault(rule, {})[item] = "pass"
        for each in found.findings:
            by_rule.setdefault(each.rule, {})[item] = "fail" if each.verdict is Verdict.FAIL else "unknown"
    by_number: dict[str, list[str]] = {}
    for policy in policies.policies.values():
        if policy.id.startswith("docker-") and not policy.id.startswith("dockerfile-"):
            for number in policy.controls.get("cis-docker", ()):
                by_number.setdefault(number, []).append(policy.id)
    out = {}
    for number, rules in by_number.items():
        results = [each for rule in POLICIES.get(number, rules) for each in by_rule.get(rule, {}).items()]
        failing = frozenset(item for item, result in results if result == "fail" and item)
        words = {result for _, result in results}
        out[number] = Told(next((each for each in ("fail", "unknown", "pass") if each in words), ""), failing)
    return out


def compare(checkout: Path, address: str, name: str) -> int:
    """Prints the differences; how many have no reason."""
    mine, other = ours(address), theirs(checkout, address)
    numbers = sorted((each for each in other if each[0].isdigit()), key=lambda each: [int(n) for n in each.split(".")])
    judged = [number for number in numbers if other[number].result and number in mine]
    differing = [number for number in judged if mine[number].result and mine[number] != other[number]]
    print(f"{name}: {len(judged)} checks that both judge, {len(judged) - len(differing)} equal")
    open_ones = 0
    for number in differing:
        reason = EXPLAINED.get(number, "")
        open_ones += not reason
        print(
            f"  {number:6} they {_shown(other[number], mine[number])},",
            f"we {_shown(mine[number], other[number])}: {reason or '???'}",
        )
    silent = [number for number in numbers if other[number].result and not mine.get(number, Told("")).result]
    print(f"  judged by them only: {' '.join(silent) or 'none'}")
    return open_ones


def _shown(told: Told, against: Told) -> str:
    more = sorted(told.items - against.items)
    return f"{told.result}{' also ' + ' '.join(more) if more else ''}"


@contextmanager
def scene(configuration: dict[str, object], *arguments: str) -> Iterator[str]:
    """An engine with our images and containers."""
    with running_engine(configuration, *arguments) as engine:
        shared = engine.folder / "shared"
        shared.mkdir()
        subprocess.run(["mount", "--bind", str(shared), str(shared)], check=True)
        subprocess.run(["mount", "--make-shared", str(shared)], check=True)
        for tag, changes in IMAGES.items():
            import_image(engine, tag, *changes)
        for name, words in CONTAINERS.items():
            network = () if "--network" in words else ("--network", "none")
            engine.docker(
                "run", "-d", "--name", name, *network, *(word.format(shared=shared) for word in words), "plain:1"
            )
        yield engine.socket


def host_files(folder: Path, *, good: bool) -> dict[str, object]:
    """Puts an engine's files in place, as they should be or not; what daemon.json says about those for TLS."""
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", str(folder)], check=True)
    (folder / "tls").mkdir()
    for place in OVERLAID:
        above = folder / place.replace("/", "-")
        for name in ("upper", "work"):
            (above / name).mkdir(parents=True)
        layers = f"lowerdir={place},upperdir={above / 'upper'},workdir={above / 'work'}"
        subprocess.run(["mount", "-t", "overlay", "overlay", "-o", layers, place], check=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run"], check=True)
    tls = {name: folder / "tls" / name for name in ("tlscacert", "tlscert", "tlskey")}
    request = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    subprocess.run(
        [*request, "-keyout", str(tls["tlskey"]), "-out", str(tls["tlscert"])], check=True, capture_output=True
    )
    tls["tlscacert"].write_bytes(tls["tlscert"].read_bytes())
    modes = {
        **{"/etc/docker/daemon.json": 0o644, "/etc/docker/certs.d/registry.example/ca.crt": 0o444},
        **{"/etc/default/docker": 0o644, "/etc/sysconfig/docker": 0o644, "/etc/containerd/config.toml": 0o644},
        **{"/etc/systemd/system/docker.service": 0o644, "/etc/systemd/system/docker.socket": 0o644},
        **{str(tls["tlscacert"]): 0o444, str(tls["tlscert"]): 0o444, str(tls["tlskey"]): 0o400},
    }
    for name in modes:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        if not name.startswith(str(folder)):
            Path(name).write_text("{}" if name.endswith(".json") else "# nothing\n")
    modes["/etc/docker"] = 0o755
    host_socket(Path("/run/docker.sock"), good=good)
    for name, mode in modes.items():
        settle(Path(name), mode, good=good)
    watched = [f"-w {path} -p rwxa -k docker\n" for places in AUDITED.values() for path in places]
    Path("/usr/sbin/auditd").touch()  # without it nobody loads the rules
    Path("/etc/audit/rules.d").mkdir(parents=True, exist_ok=True)
    for name in ("/etc/audit/audit.rules", "/etc/audit/rules.d/docker.rules"):
        Path(name).write_text("".join(watched if good else ["-w /usr/bin/other -p wa\n"]))
    return {"tlsverify": good, "tls": True, **{key: str(path) for key, path in tls.items()}}


def host_socket(path: Path, *, good: bool) -> None:
    """A socket that nobody listens on."""
    path.parent.mkdir(exist_ok=True)
    with socket(AF_UNIX) as made:
        made.bind(str(path))
    settle(path, 0o660, good=good)


def settle(path: Path, mode: int, *, good: bool) -> None:
    path.chmod(mode if good else mode | 0o022)
    os.chown(path, 0 if good else 1000, 0 if good else 1000)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("checkout", type=Path)
    parser.add_argument("--socket")
    parser.add_argument("--scene", choices=SCENES, help="in the mount namespace that this process is in")
    wanted = parser.parse_args()
    if wanted.socket:
        sys.exit(compare(wanted.checkout, wanted.socket, wanted.socket) > 0)
    if not wanted.scene:
        command = [sys.executable, __file__, str(wanted.checkout), "--scene"]
        codes = [subprocess.run(["unshare", "--mount", *command, name], check=False).returncode for name in SCENES]
        sys.exit(any(codes))
    configuration, arguments = SCENES[wanted.scene]
    good = wanted.scene == "careful"
    with tempfile.TemporaryDirectory() as folder:
        tls = {} if wanted.scene == "arguments" else host_files(Path(folder), good=good)
        with scene({**configuration, **tls}, *(each.format(port=free_port()) for each in arguments)) as address:
            if tls:  # not before: the engine would talk to it
                host_socket(Path("/run/containerd/containerd.sock"), good=good)
            code = compare(wanted.checkout, address, wanted.scene) > 0
        if tls:
            subprocess.run(["umount", "--lazy", *OVERLAID, folder], check=True)
    sys.exit(code)


if __name__ == "__main__":
    main()
