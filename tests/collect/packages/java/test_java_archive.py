"""Java archives: nested, shaded, without a pom, prefixed by a script, and hostile."""

import io
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bartizan.collect.filesystem.local import LocalView
from bartizan.collect.interface import Problems
from bartizan.collect.packages.java.archive import read
from bartizan.collect.packages.java.manifest import Identity, identify, parse_manifest
from bartizan.model.package import Package

Files = Mapping[str, str | bytes]
Outcome = tuple[list[Package], list[tuple[str, str]]]

STORED, DEFLATED = zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED


def archive(members: Mapping[str, str | bytes], method: int = DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as file:
        for name, contents in members.items():
            file.writestr(name, contents)
    return out.getvalue()


def pom(group: str, artifact: str, version: str) -> dict[str, str]:
    text = f"#comment\ngroupId={group}\nartifactId={artifact}\nversion={version}\n"
    return {f"META-INF/maven/{group}/{artifact}/pom.properties": text}


def found(packages: list[Package]) -> list[str]:
    return sorted(f"{package.namespace}:{package.name}:{package.version} {package.path}" for package in packages)


LOG4J = archive(pom("org.apache.logging.log4j", "log4j-core", "2.14.1"))


@pytest.mark.parametrize("method", [STORED, DEFLATED])
def test_nested_archives_stored_and_compressed(packages_of: Callable[[Files], list[Package]], method: int) -> None:
    war = archive({"WEB-INF/lib/log4j-core-2.14.1.jar": LOG4J, **pom("com.example", "web", "1.0")}, method)
    ear = archive({"web.war": war, "META-INF/application.xml": "<application/>"}, method)
    assert found(packages_of({"/srv/app.ear": ear})) == [
        "com.example:web:1.0 /srv/app.ear!/web.war",
        "org.apache.logging.log4j:log4j-core:2.14.1 /srv/app.ear!/web.war!/WEB-INF/lib/log4j-core-2.14.1.jar",
    ]


def test_shaded_poms_count_each(packages_of: Callable[[Files], list[Package]]) -> None:
    jar = archive({**pom("com.example", "app", "1.0"), **pom("com.google.guava", "guava", "30.0-jre")})
    assert found(packages_of({"/srv/app-all.jar": jar})) == [
        "com.example:app:1.0 /srv/app-all.jar",
        "com.google.guava:guava:30.0-jre /srv/app-all.jar",
    ]


def test_a_pom_alone_serves_where_there_are_no_properties(packages_of: Callable[[Files], list[Package]]) -> None:
    parent = "<parent><groupId>org.p</groupId><version>2.0</version></parent>"
    xml = f"<project>{parent}<artifactId>child</artifactId></project>"
    jar = archive({"META-INF/maven/org.p/child/pom.xml": xml})
    assert found(packages_of({"/srv/child.jar": jar})) == ["org.p:child:2.0 /srv/child.jar"]


def test_a_start_script_in_front_is_skipped(packages_of: Callable[[Files], list[Package]]) -> None:
    jar = b"#!/bin/sh\nexec java -jar $0\n" + archive({"BOOT-INF/lib/log4j-core-2.14.1.jar": LOG4J}, STORED)
    assert found(packages_of({"/srv/boot.jar": jar})) == [
        "org.apache.logging.log4j:log4j-core:2.14.1 /srv/boot.jar!/BOOT-INF/lib/log4j-core-2.14.1.jar"
    ]


@pytest.mark.parametrize(
    ("file", "manifest", "identity"),
    [
        ("spring-web-5.3.26.jar", "", Identity("org.springframework", "spring-web", "5.3.26")),
        (
            "ivy.jar",
            "Implementation-Version: 2.4.0\nBundle-SymbolicName: org.apache.ivy",
            Identity("org.apache.ivy", "ivy", "2.4.0"),
        ),
        (
            "commons-lang3.jar",
            "Implementation-Title: Apache Commons Lang\nImplementation-Version: 3.12.0",
            Identity("org.apache.commons", "commons-lang3", "3.12.0"),
        ),
        (
            "elasticsearch-8.14.3.jar",
            "Implementation-Title: org.elasticsearch#server;8.14.3\nImplementation-Version: 8.14.3",
            Identity("org.elasticsearch", "elasticsearch", "8.14.3"),
        ),
        (
            "tool-1.0.jar",
            "Bundle-SymbolicName: org.example.tools;singleton:=true",
            Identity("org.example.tools", "tool", "1.0"),
        ),
        (
            "axis.jar",
            "Name: org/apache/axis\nImplementation-Version: 1.4 1855 April 22 2006",
            Identity("axis", "axis", "1.4"),
        ),
        ("app.jar", "Manifest-Version: 1.0", None),
    ],
)
def test_without_a_pom_manifest_and_file_name_tell(file: str, manifest: str, identity: Identity | None) -> None:
    assert identify(file, parse_manifest(manifest.encode())) == identity


def test_manifest_lines_continue() -> None:
    assert parse_manifest(b"A: one\r\n  two\r\nB: x\r\n\r\nName: section\r\nA: other\r\n") == {"A": "one two", "B": "x"}


def test_fifty_archives_deep_ends_with_a_problem(outcome_of: Callable[[Files], Outcome]) -> None:
    jar = LOG4J
    for _ in range(50):
        jar = archive({"inner.jar": jar})
    packages, problems = outcome_of({"/srv/matryoshka.jar": jar})
    assert packages == []
    ((place, reason),) = problems
    assert place == "/srv/matryoshka.jar" + "!/inner.jar" * 9
    assert reason == "is nested more than 8 archives deep; what it contains is not known"


def test_what_unpacks_to_too_much_is_told(
    outcome_of: Callable[[Files], Outcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    from bartizan.collect.packages.java import archive as reader

    monkeypatch.setattr(reader, "NESTED_LIMIT", 1 << 16)
    monkeypatch.setattr(reader, "UNPACK_BUDGET", 1 << 20)
    bomb = archive({"big.jar": b"\0" * (1 << 20), "log4j-core.jar": LOG4J})
    packages, problems = outcome_of({"/srv/bomb.jar": bomb})
    assert [package.name for package in packages] == ["log4j-core"]
    assert problems == [("/srv/bomb.jar!/big.jar", "unpacks to more than 65536 bytes, which are not read")]


def test_many_bombs_together_exceed_the_budget(
    outcome_of: Callable[[Files], Outcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    from bartizan.collect.packages.java import archive as reader

    monkeypatch.setattr(reader, "UNPACK_BUDGET", 1 << 20)
    bomb = archive({f"{number}.jar": b"\0" * (1 << 19) for number in range(5)})
    _, problems = outcome_of({"/srv/bomb.jar": bomb})
    assert sum("unpacks to more than is read from one file" in reason for _, reason in problems) == 3


def test_a_claim_of_gigabytes_costs_nothing(outcome_of: Callable[[Files], Outcome]) -> None:
    data = bytearray(archive({"META-INF/MANIFEST.MF": b"x" * 100}))
    at = data.rfind(b"PK\x05\x06")
    data[at + 12 : at + 16] = b"\xf0\xff\xff\x7f"
    _, problems = outcome_of({"/srv/liar.jar": bytes(data)})
    assert problems == [
        ("/srv/liar.jar", "not a zip archive that can be read: claims a list of members of 2147483632 bytes")
    ]


def test_cut_off_and_empty_archives_are_told(outcome_of: Callable[[Files], Outcome]) -> None:
    whole = archive(pom("a", "b", "1"))
    packages, problems = outcome_of({"/srv/cut.jar": whole[:-30], "/srv/empty.jar": b"", "/srv/ok.jar": whole})
    assert [package.name for package in packages] == ["b"]
    assert [path for path, _ in problems] == ["/srv/cut.jar", "/srv/empty.jar"]


def test_encrypted_members_are_told(outcome_of: Callable[[Files], Outcome]) -> None:
    data = bytearray(archive(pom("a", "b", "1")))
    at = data.rfind(b"PK\x01\x02")
    data[at + 8] |= 1
    _, problems = outcome_of({"/srv/secret.jar": bytes(data)})
    assert [reason for _, reason in problems] == ["is encrypted"]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_damaged_archives_end_in_packages_or_problems(tmp_path: Path, data: st.DataObject) -> None:
    inner = archive({**pom("a", "b", "1"), "META-INF/MANIFEST.MF": "Bundle-Version: 1\n"})
    broken = bytearray(archive({"x.jar": inner, **pom("c", "d", "2")}, data.draw(st.sampled_from([STORED, DEFLATED]))))
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, len(broken) - 1))
        broken[at : at + data.draw(st.integers(1, 4))] = data.draw(st.binary(max_size=4))
    (tmp_path / "x.jar").write_bytes(broken[: data.draw(st.integers(0, len(broken)))])
    for package in read(LocalView(str(tmp_path)), "/x.jar", Problems()):
        assert package.purl


def test_a_java_runtime_unpacked_by_hand(packages_of: Callable[[Files], list[Package]]) -> None:
    release = 'IMPLEMENTOR="Eclipse Adoptium"\nJAVA_VERSION="17.0.9"\nJAVA_RUNTIME_VERSION="17.0.9+9"\n'
    packages = packages_of({"/opt/jdk/release": release, "/opt/jdk/bin/java": "", "/srv/release": release})
    assert [package.purl for package in packages] == ["pkg:generic/openjdk@17.0.9%2B9"]
