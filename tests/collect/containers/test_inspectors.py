"""Secrets are looked for while layers pass: with their layer, also where a later layer removed the file, through every
door, and never kept."""

import json
from datetime import UTC, datetime
from pathlib import Path

from bartizan.assess.dispatch import Known, assess
from bartizan.assess.secrets.inspector import SecretInspector
from bartizan.assess.secrets.rules import filled, load_rules
from bartizan.collect.containers.archive import open_archive
from bartizan.collect.containers.image import Platform
from bartizan.collect.containers.oci import open_layout
from bartizan.collect.containers.snapshot import collect_image
from image_files import compressed, image_files, layer_tar, write_docker_archive, write_layout, write_oci_archive

RULES = load_rules()
FIRST, SECOND, THIRD = (filled("ghp_{{alnum:36}}", name) for name in ("first", "second", "third"))
LAYERS = [
    layer_tar({"etc/os-release": b"ID=debian\nVERSION_ID=12\n", "app/.env": f"T={FIRST}\n".encode()}),
    layer_tar({"app/other.env": f"T={SECOND}\n".encode(), "root/.npmrc": f"# {THIRD}\n".encode()}),
    layer_tar({"app/.wh.other.env": b"", "root/.npmrc": b"nothing"}),
]
CONFIG = {"Env": ["DB_PASSWORD=hunter2hunter", "PATH=/bin"]}


def test_every_secret_has_its_layer_and_none_is_told(tmp_path: Path) -> None:
    image = image_files(LAYERS, steps=("ADD base", "COPY app /app", "RUN rm"), config=CONFIG)
    docker = write_docker_archive(tmp_path / "docker.tar", image)
    packed = tmp_path / "docker.tar.gz"
    packed.write_bytes(compressed(docker.read_bytes(), "gzip"))
    sources = [
        open_layout(write_layout(tmp_path / "layout", image), Platform()),
        open_archive(docker, Platform()),
        open_archive(packed, Platform()),
        open_archive(write_oci_archive(tmp_path / "oci.tar", image), Platform()),
    ]
    digests = set()
    for source in sources:
        shot = collect_image(
            source, sensor="test", now=datetime(2026, 1, 1, tzinfo=UTC), inspectors=[SecretInspector(RULES)]
        )
        digests.add(shot.sections["secrets"].digest)
    assert len(digests) == 1
    told = json.dumps(shot.facts("secrets"))
    assert not any(secret[8:] in told for secret in (FIRST, SECOND, THIRD, "hunter2hunter"))
    [assessment] = [each for each in assess(shot.sections, Known(secrets=RULES)) if each.assessor == "secret"]
    places = {
        finding.locator.partition("#")[0]: (
            finding.evidence.get("origin", {}).get("index"),
            finding.evidence.get("removed", False),
        )
        for finding in assessment.findings
    }
    assert places == {
        "/app/.env": (0, False),
        "/app/other.env": (1, True),
        "/root/.npmrc": (1, True),
        "ENV DB_PASSWORD": (None, False),
    }
