# ruff: noqa: E501 - one state a line
"""A Dockerfile and the image that an engine built of it get the same verdicts."""

from collections.abc import Iterator
from typing import Any

import pytest

from bartizan.assess.policy.engine import PolicySet, assess_resource, load_policies
from bartizan.collect.filesystem.local import LocalView
from bartizan.collect.filesystem.memory import MemoryView
from bartizan.collect.host.docker import images
from bartizan.collect.host.docker.engine import Engine
from bartizan.collect.interface import Problems
from bartizan.collect.resources.docker.history import copies, runs
from bartizan.collect.templates.docker.stages import of_dockerfile
from bartizan.model.finding import Verdict
from bartizan.model.resource import Resource, resource_from
from collect.host.docker.engine_process import RunningEngine, build_image, import_shell, running_engine

pytestmark = pytest.mark.component

SAFE = 'USER 10001\nHEALTHCHECK CMD ["/bin/sh"]\n'
STATES: dict[str, tuple[str, set[str]]] = {
    "safe": (SAFE, set()),
    "root": ('USER root\nHEALTHCHECK CMD ["/bin/sh"]\n', {"user"}),
    "root with a group": (SAFE + "USER 0:0\n", {"user"}),
    "no check": ("USER app\nHEALTHCHECK NONE\n", {"healthcheck"}),
    "update alone": ("RUN apt-get update\n" + SAFE, {"update-alone"}),
    "update and install": (
        "RUN apt-get update && apt-get install -y --no-install-recommends curl && rm -rf /var/lib/apt/lists/*\n" + SAFE,
        set(),
    ),
    "lists kept": ("RUN apt-get update && apt-get install -y --no-install-recommends curl\n" + SAFE, {"apt-lists"}),
    "pipe": ("RUN curl -fsSL https://example.org/x.sh | sh\n" + SAFE, {"pipe-to-shell"}),
    "pipe with an argument": (
        "ARG V=1\nRUN curl -fsSL https://example.org/$V.sh | bash -s\n" + SAFE,
        {"pipe-to-shell"},
    ),
    "unverified": ("RUN curl -k -O https://example.org/x\n" + SAFE, {"unverified"}),
    "unsigned": (
        "RUN apt-get install -y --no-install-recommends --allow-unauthenticated curl && rm -rf /var/lib/apt/lists\n"
        + SAFE,
        {"unverified"},
    ),
    "plain http": ("RUN wget http://example.org/x\n" + SAFE, {"plain-http"}),
    "setuid": ("RUN chmod u+s /bin/sh\n" + SAFE, {"setuid"}),
    "world-writable": ("RUN chmod -R 777 /srv\n" + SAFE, {"world-writable"}),
    "password": ("RUN echo root:x | chpasswd\n" + SAFE, {"password"}),
    "sudo": ("RUN sudo make\n" + SAFE, {"sudo"}),
    "ssh server": ("RUN apk add --no-cache openssh-server\nEXPOSE 22\n" + SAFE, {"ssh-server", "ssh-port"}),
    "secret": ("ENV DB_PASSWORD=hunter22\n" + SAFE, {"secrets"}),
    "no secret": ("ENV DB_PASSWORD_FILE=/run/secrets/db\n" + SAFE, set()),
    "added": ("ADD file /srv/\n" + SAFE, {"add"}),
    "copied": ("COPY file /srv/\n" + SAFE, set()),
}
COMMON = (
    "user", "healthcheck", "update-alone", "apt-lists", "pipe-to-shell", "unverified", "plain-http", "setuid", "world-writable",
    "password", "sudo", "ssh-server", "ssh-port", "secrets", "add", "add-remote",
)  # fmt: skip


@pytest.fixture(scope="module")
def policies() -> PolicySet:
    return load_policies()


@pytest.fixture(scope="module")
def built() -> Iterator[dict[str, Any]]:
    """What the engine tells of the images, by state."""
    with running_engine({}) as engine:
        import_shell(engine, "base:1")
        tags = {state: f"state:{number}" for number, state in enumerate(STATES)}
        for state, tag in tags.items():
            build_image(engine, tag, f"FROM base:1\n{STATES[state][0]}", {"file": b"x"})
        yield _told(engine, tags)


def _told(engine: RunningEngine, tags: dict[str, str]) -> dict[str, Any]:
    problems = Problems()
    facts = images.collect(LocalView("/"), problems, Engine(engine.socket))
    assert problems.found == []
    by_tag = {tag: each for each in facts["resources"] for tag in each["attributes"]["tags"]}
    return {state: by_tag[tag] for state, tag in tags.items()}


def broken(resource: Resource, policies: PolicySet, prefix: str) -> set[str]:
    findings = assess_resource(resource, policies).findings
    failing = {each.rule.removeprefix(prefix) for each in findings if each.verdict is Verdict.FAIL}
    return failing & set(COMMON)


@pytest.mark.parametrize("state", STATES)
def test_a_dockerfile_and_its_image_break_the_same_rules(
    built: dict[str, Any], policies: PolicySet, state: str
) -> None:
    text, expected = STATES[state]
    (template,) = of_dockerfile(MemoryView({"/Dockerfile": f"FROM base:1\n{text}".encode()}), "/Dockerfile").resources
    assert broken(template, policies, "dockerfile-") == expected
    image = resource_from(built[state])
    assert broken(image, policies, "docker-image-") == expected
    assert "hunter22" not in str(built[state])


@pytest.mark.parametrize(
    ("step", "field"),
    [
        ("RUN /bin/sh -c curl -s https://example.org/x | sh # buildkit", "downloads_to_shell"),
        ("RUN |1 V=1 /bin/sh -c curl -s https://example.org/$V | sh # buildkit", "downloads_to_shell"),
        ('|2 A="a b" V=1 /bin/sh -c apt-get update', "update_alone"),
        ("/bin/bash -o pipefail -c apt-get update", "update_alone"),
        ("RUN apt-get update", "update_alone"),
    ],
)
def test_a_step_is_read_in_the_words_of_each_builder(step: str, field: str) -> None:
    (row,) = runs([step])
    assert row[field] is True


def test_what_builders_write_of_files() -> None:
    remote, checked, copied = copies(
        [
            "ADD http://example.org/x.tar.gz /opt/ # buildkit",
            "ADD --checksum=sha256:00 https://example.org/x /opt/ # buildkit",
            "COPY --chown=1:1 a b /srv/ # buildkit",
            "ADD rootfs.tar / # buildkit",
            "/bin/sh -c #(nop) ADD file:0a in / ",
        ]
    )
    assert (remote["remote"], remote["plain_http"], remote["archive"], remote["checksum"]) == (True, True, True, False)
    assert (checked["remote"], checked["checksum"], copied["instruction"]) == (True, True, "COPY")
