"""Registries that are watched: against Debian's docker-registry, with images pushed over its own API."""

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bartizan.server.sealing import CannotOpen, Seal
from image_files import ImageFiles, image_files, layer_tar
from server_process import Answer, Browser, Running, free_port, run_server, wait_until
from small_feeds import VULNERABLE, write_records

PROGRAM = "docker-registry"
OS_RELEASE = b'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n'
PASSWORD = "a password that nobody may see"


def test_what_is_sealed_is_opened_for_the_same_purpose_only() -> None:
    seal = Seal(b"k" * 32)
    sealed = seal.seal(PASSWORD, "registry:1:a.example")
    assert seal.open(sealed, "registry:1:a.example") == PASSWORD
    assert PASSWORD.encode() not in sealed
    assert seal.seal(PASSWORD, "registry:1:a.example") != sealed
    for other, purpose in ((seal, "registry:1:b.example"), (Seal(b"x" * 32), "registry:1:a.example")):
        with pytest.raises(CannotOpen, match="master key"):
            other.open(sealed, purpose)
    with pytest.raises(CannotOpen):
        seal.open(sealed[:-1] + b"\0", "registry:1:a.example")


@dataclass(frozen=True, slots=True)
class Started:
    host: str
    process: subprocess.Popen[bytes]


@pytest.fixture
def registry_process(tmp_path: Path) -> Iterator[Started]:
    """A real registry on loopback."""
    if shutil.which(PROGRAM) is None:
        pytest.skip(f"{PROGRAM} is not installed: apt-get install docker-registry")
    port = free_port()
    config = {
        "version": 0.1,
        "log": {"level": "error"},
        "storage": {"filesystem": {"rootdirectory": str(tmp_path / "registry")}, "delete": {"enabled": True}},
        "http": {"addr": f"127.0.0.1:{port}"},
    }
    path = tmp_path / "registry.yml"
    path.write_text(json.dumps(config))
    with (tmp_path / "registry.log").open("wb") as log:
        process = subprocess.Popen([PROGRAM, "serve", str(path)], stdout=log, stderr=log)
    try:
        wait_until(lambda: _listens(port))
        yield Started(f"127.0.0.1:{port}", process)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


@pytest.fixture
def registry(registry_process: Started) -> str:
    """Its host and port."""
    return registry_process.host


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Running]:
    running = run_server(tmp_path)
    yield running
    running.stop()


def ask(host: str, method: str, path: str, body: bytes = b"", kind: str = "application/octet-stream") -> str:
    connection = http.client.HTTPConnection(host, timeout=20)
    try:
        connection.request(method, path, body=body, headers={"Content-Type": kind})
        answer = connection.getresponse()
        told = answer.read()
        assert answer.status in (201, 202), (answer.status, told)
        return answer.headers.get("Location", "")
    finally:
        connection.close()


def push(host: str, repository: str, tag: str, image: ImageFiles) -> None:
    """By the Distribution API: each blob in one piece, then the manifest under its tag."""
    for digest, data in image.blobs.items():
        if data == image.manifest:
            continue
        place = ask(host, "POST", f"/v2/{repository}/blobs/uploads/")
        place = place.removeprefix(f"http://{host}")
        ask(host, "PUT", f"{place}{'&' if '?' in place else '?'}digest={digest}", data)
    kind = "application/vnd.oci.image.manifest.v1+json"
    ask(host, "PUT", f"/v2/{repository}/manifests/{tag}", image.manifest, kind)


def image(version: str = VULNERABLE, **more: Any) -> ImageFiles:
    status = f"Package: hello\nStatus: install ok installed\nArchitecture: amd64\nVersion: {version}\n\n".encode()
    return image_files([layer_tar({"etc/os-release": OS_RELEASE, "var/lib/dpkg/status": status})], **more)


def add(browser: Browser, host: str, *repositories: str, **more: Any) -> dict[str, Any]:
    answer = browser.post("/api/v1/registries", {"host": host, "repositories": list(repositories), **more})
    assert answer.status == 201, answer.body
    found: dict[str, Any] = answer.json()
    return found


def look(browser: Browser, made: dict[str, Any]) -> dict[str, Any]:
    """Look at it now, after the look that may run already; the registry as it is told then."""
    answers: list[Answer] = []

    def taken() -> bool:
        answers.append(browser.post(f"/api/v1/registries/{made['id']}/scan"))
        return answers[-1].status == 202

    wait_until(taken, 60)
    job = answers[-1].json()["id"]
    wait_until(lambda: browser.get(f"/api/v1/jobs/{job}").json()["state"] in ("done", "failed"), 60)
    return state(browser, made["id"])


def state(browser: Browser, registry: str) -> dict[str, Any]:
    (found,) = [one for one in browser.get("/api/v1/registries").json() if one["id"] == registry]
    return dict(found)


def images(browser: Browser) -> dict[str, str]:
    items = browser.get("/api/v1/assets?query=asset.kind:image&limit=500").json()["items"]
    return {item["name"]: item["id"] for item in items}


@pytest.mark.component
def test_new_images_are_scanned_and_known_ones_left_alone(registry: str, server: Running) -> None:
    push(registry, "team/app", "1.0", image())
    push(registry, "team/app", "latest", image())
    push(registry, "other/app", "1.0", image("2.9"))
    browser = server.browser()
    made = add(browser, registry, "team/*")
    found = look(browser, made)
    assert (found["tags"], found["images"], found["last_error"], found["problems"]) == (2, 1, "", [])
    assert list(images(browser)) == [f"{registry}/team/app:1.0"], "one digest under two tags is one image"
    push(registry, "team/app", "2.0", image("2.10-3+deb12u1"))
    # What is not fetched again need not be there any more.
    found = look(browser, made)
    assert (found["tags"], found["images"]) == (3, 2)
    assert len(images(browser)) == 2


@pytest.mark.component
def test_newer_advisories_judge_every_stored_image_anew_while_the_registry_is_away(
    registry_process: Started, server: Running, tmp_path: Path
) -> None:
    host = registry_process.host
    versions = {"team/app:1.0": "2.10-3", "team/app:2.0": "2.10-3+deb12u1", "team/web:1.0": "2.9-1"}
    for name, version in versions.items():
        repository, tag = name.split(":")
        push(host, repository, tag, image(version))
    browser = server.browser()
    made = add(browser, host, "team/*")
    assert look(browser, made)["images"] == 3
    registry_process.process.terminate()
    registry_process.process.wait(20)
    seen = state(browser, made["id"])

    def judged_by(name: str, fixed: Sequence[str], expected: Mapping[str, Sequence[str]]) -> None:
        """Import advisories of as many flaws; wait until each image has those that its version has."""
        feeds = write_records(tmp_path / name, {"Debian": [("Debian:12", "hello", version) for version in fixed]})
        browser.post("/api/v1/feeds/import", {"folder": str(feeds)})
        wanted = {(f"{host}/{image}", rule) for image, rules in expected.items() for rule in rules}

        def found() -> set[tuple[str, str]]:
            items = browser.get("/api/v1/findings?query=kind:vulnerability&limit=500").json()["items"]
            assert all(item["sources"] == ["registry"] for item in items)
            return {(item["asset_name"], item["rule"]) for item in items}

        wait_until(lambda: found() == wanted, 60)

    first, second = "CVE-2026-10006", "CVE-2026-10016"
    judged_by("early", ["2.10-1"], {"team/web:1.0": [first]})
    judged_by(
        "newer",
        ["2.10-3+deb12u1", "2.10-9"],
        {"team/app:1.0": [first, second], "team/app:2.0": [second], "team/web:1.0": [first, second]},
    )
    judged_by("without the second", ["2.10-3+deb12u1"], {"team/app:1.0": [first], "team/web:1.0": [first]})
    assert state(browser, made["id"]) == seen, "nobody asked the registry"
    assert seen["last_error"] == ""


@pytest.mark.component
def test_an_image_that_cannot_be_scanned_is_told_and_the_others_go_on(
    registry: str, server: Running, tmp_path: Path
) -> None:
    broken = image_files([b"this is no tar at all"], compression="none")
    push(registry, "team/broken", "1", broken)
    push(registry, "team/app", "1.0", image())
    browser = server.browser()
    found = look(browser, add(browser, registry, "team/*"))
    assert [name for name, _ in found["problems"]] == ["team/broken:1"]
    assert found["problems"][0][1]
    assert list(images(browser)) == [f"{registry}/team/app:1.0"]


@pytest.mark.component
def test_a_registry_that_does_not_answer_is_told(server: Running) -> None:
    browser = server.browser()
    found = look(browser, add(browser, f"127.0.0.1:{free_port()}", "team/app"))
    assert "refused" in found["last_error"].lower()


@pytest.mark.component
def test_a_password_is_nowhere_in_clear(registry: str, server: Running) -> None:
    push(registry, "team/app", "1.0", image())
    browser = server.browser()
    made = add(browser, registry, "team/app", username="watcher", password=PASSWORD)
    look(browser, made)
    assert PASSWORD not in json.dumps(made)
    server.stop()
    for folder, _, files in os.walk(server.settings.data_dir):
        for name in files:
            assert PASSWORD.encode() not in (Path(folder) / name).read_bytes(), name
    assert PASSWORD not in server.log.read_text()
    server.start()


def test_what_cannot_be_watched_is_refused(server: Running) -> None:
    browser = server.browser()
    for wrong in (
        {"host": "http://x", "repositories": ["a"]},
        {"host": "x.example", "repositories": []},
        {"host": "x.example", "repositories": ["Upper"]},
        {"host": "x.example", "repositories": ["a"], "username": "only"},
        {"host": "x.example", "repositories": ["a"], "every_minutes": 0},
    ):
        assert browser.post("/api/v1/registries", wrong).status == 400, wrong
    made = add(browser, "x.example", "a", every_minutes=600)
    assert browser.post("/api/v1/registries", {"host": "x.example", "repositories": ["b"]}).status == 409
    assert browser.call("DELETE", f"/api/v1/registries/{made['id']}").status == 204
    assert browser.get("/api/v1/registries").json() == []
    assert browser.post(f"/api/v1/registries/{made['id']}/scan").status == 404
