"""A Dockerfile is read as the builder reads it, and its policies speak of what it says."""

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bartizan.assess.policy.engine import assess_resource, load_policies
from bartizan.collect.filesystem.memory import MemoryView
from bartizan.collect.resources.docker import commands
from bartizan.collect.resources.values import Unknown
from bartizan.collect.templates.docker.dockerfile import DockerfileError, assignments, parse, replaced, words
from bartizan.collect.templates.docker.stages import of_dockerfile
from bartizan.model.finding import Verdict
from bartizan.model.resource import Resource

POLICIES = load_policies()


def read(text: str, arguments: dict[str, str] | None = None) -> Resource:
    found = of_dockerfile(MemoryView({"/Dockerfile": text.encode()}), "/Dockerfile", arguments)
    assert not found.problems, found.problems
    return found.resources[0]


def failing(text: str) -> set[str]:
    found = assess_resource(read(text), POLICIES).findings
    return {each.rule.removeprefix("dockerfile-") for each in found if each.verdict is Verdict.FAIL}


def test_instructions_continue_over_comments_and_keep_their_lines() -> None:
    text = "# top\nFROM a\nRUN one \\\n  # why\n\n  && two\nUSER x"
    found = [(each.name, each.text, each.line, each.end_line) for each in parse(text)]
    assert found == [("FROM", "a", 2, 2), ("RUN", "one   && two", 3, 6), ("USER", "x", 7, 7)]


def test_the_escape_directive_changes_what_continues_a_line() -> None:
    found = [each.text for each in parse("# syntax=x\n# escape=`\nFROM a\nRUN dir C:\\\nRUN x `\n y")]
    assert found == ["a", "dir C:\\", "x  y"]


def test_here_documents_belong_to_their_instruction() -> None:
    text = 'FROM a\nRUN <<EOF\nFROM b\nUSER c\nEOF\nCOPY <<-"A" <<B /x/\n\tone\n\tA\ntwo\nB\nUSER d\n'
    found = list(parse(text))
    assert [each.name for each in found] == ["FROM", "RUN", "COPY", "USER"]
    assert [each.documents for each in found] == [(), ("FROM b\nUSER c",), ("one", "two"), ()]


def test_flags_and_onbuild() -> None:
    (copy,) = parse("ONBUILD COPY --from=b --chmod=0755 a b")
    assert (copy.name, copy.onbuild, copy.flags, copy.text) == ("COPY", True, {"from": "b", "chmod": "0755"}, "a b")


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [("FROM a\nRUN <<EOF\nx", 2, "never closed"), ("FROM a\n\nFLY away", 3, "no instruction 'FLY'")],
)
def test_a_broken_file_is_told_with_its_line(text: str, line: int, reason: str) -> None:
    with pytest.raises(DockerfileError) as caught:
        list(parse(text))
    assert caught.value.line == line and reason in caught.value.reason
    (problem,) = of_dockerfile(MemoryView({"/D": text.encode()}), "/D").problems
    assert problem.line == line


@example("FROM a\n\\\n")
@given(st.text(alphabet="FROMRUN<>EOF \\\n\"'[]$,=-#a") | st.text())
def test_any_text_is_a_dockerfile_or_an_error(text: str) -> None:
    found = of_dockerfile(MemoryView({"/D": text.encode("utf-8", "replace")}), "/D")
    assert found.resources or found.problems


@pytest.mark.parametrize(
    ("text", "expected"),
    [('["a", "b c"]', ["a", "b c"]), ("a \"b c\" 'd'", ["a", "b c", "d"]), ("a\\ b", ["a b"]), ("[a b]", ["[a", "b]"])],
)
def test_words(text: str, expected: list[str]) -> None:
    assert words(text) == expected


def test_assignments_in_both_notations() -> None:
    assert assignments('A=1 B="two words" C=') == [("A", "1"), ("B", "two words"), ("C", "")]
    assert assignments("A one two") == [("A", "one two")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [("$A-${A}", "1-1"), ("${B:-x}${A:-x}", "x1"), ("${A:+y}${B:+y}", "y"), ("\\$A", "$A"), ("${B}", "")],
)
def test_variables(text: str, expected: str) -> None:
    assert replaced(text, {"A": "1"}) == expected


def test_an_argument_without_default_is_unknown_until_it_is_given() -> None:
    text = "ARG TAG\nFROM debian:${TAG}\n"
    (unknown,) = [each for each in read(text).unknowns if each.path == "stages[0].image_tag"]
    assert unknown.reason == "/Dockerfile:1: the build argument TAG has no default"
    assert read(text, {"TAG": "12"}).attributes["stages"][0]["image_tag"] == "12"
    assert read("ARG BASE\nFROM ${BASE}:7\nUSER 1\n").attributes["stages"][0]["image_tag"] == "7"


def test_a_stage_inherits_from_a_stage_of_the_file() -> None:
    text = "FROM a:1 AS base\nUSER app\nHEALTHCHECK CMD x\nCMD y\nFROM base\nRUN z\n"
    found = read(text).attributes
    assert found["final"] | {} == {
        "user": "app", "names_user": True, "root": False, "healthcheck": True, "runs_something": True,
        "commands": 0, "entrypoints": 0, "healthchecks": 0,
    }  # fmt: skip
    assert found["stages"][1]["from_stage"] is True


def test_what_only_the_base_image_knows_is_unknown() -> None:
    assert {each.path for each in read("FROM a:1\nCMD x").unknowns} == {"final.user", "final.root"}
    assert read("FROM scratch\nCMD x").attributes["final"]["root"] is True


GOOD = """FROM debian:12@sha256:ab AS build
RUN apt-get update && apt-get install -y --no-install-recommends curl && rm -rf /var/lib/apt/lists/*
RUN curl -fsSLo x https://example.org/x && sha256sum -c x.sum
FROM build
WORKDIR /app
COPY --chmod=0755 app /app/
EXPOSE 8080
USER 10001:10001
HEALTHCHECK CMD ["/app/app", "health"]
ENTRYPOINT ["/app/app"]
"""


def test_a_good_file_breaks_no_rule() -> None:
    assert failing(GOOD) == set()


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (("USER 10001:10001", "USER root"), "user"),
        (("debian:12@sha256:ab", "debian@sha256:ab"), ""),
        (("WORKDIR /app", "WORKDIR app"), "workdir"),
        (("EXPOSE 8080", "EXPOSE 22/tcp"), "ssh-port"),
        (("EXPOSE 8080", "ENV DB_PASSWORD=hunter22"), "secrets"),
        (("EXPOSE 8080", "ARG API_KEY"), "secrets"),
        (("EXPOSE 8080", "MAINTAINER me"), "maintainer"),
        (('HEALTHCHECK CMD ["/app/app", "health"]', "HEALTHCHECK NONE"), "healthcheck"),
        (("EXPOSE 8080", "CMD a\nCMD b"), "one-command"),
        (("--chmod=0755", "--chmod=777"), "copy-mode"),
        (("COPY --chmod=0755 app", "ADD app"), "add"),
        (("EXPOSE 8080", "ADD https://example.org/a /a"), "add-remote"),
        (("EXPOSE 8080", "COPY . ."), "whole-context"),
        (("EXPOSE 8080", "COPY id_rsa /x"), "secret-files"),
        (("EXPOSE 8080", "COPY --from=tool /a /b"), "copy-image-tag"),
        (("EXPOSE 8080", "RUN curl -s https://example.org/x | sudo -E bash"), "pipe-to-shell"),
        (("EXPOSE 8080", 'RUN sh -c "$(curl -fsSL https://example.org/x)"'), "pipe-to-shell"),
        (("EXPOSE 8080", "RUN <<EOF\nwget -qO- https://example.org/x | sh\nEOF"), "pipe-to-shell"),
        (("EXPOSE 8080", "RUN sudo make"), "sudo"),
        ((" --no-install-recommends", ""), "apt-recommends"),
        ((" && rm -rf /var/lib/apt/lists/*", ""), "apt-lists"),
        (("install -y", "install"), "unanswered"),
        (("EXPOSE 8080", "RUN apt-get update"), "update-alone"),
        (("EXPOSE 8080", "RUN apt-get update && apt-get -y dist-upgrade"), "upgrade"),
        (("EXPOSE 8080", "RUN apk add curl"), "apk-cache"),
        (("EXPOSE 8080", "RUN dnf install -y curl"), "yum-cache"),
        (("EXPOSE 8080", "RUN pip install x"), "pip-cache"),
        (("EXPOSE 8080", "RUN apt update -y && apt list"), "apt-cli"),
        (("EXPOSE 8080", "RUN chmod -R 777 /app"), "world-writable"),
        (("EXPOSE 8080", "RUN chmod u+s /bin/x"), "setuid"),
        (("EXPOSE 8080", "RUN curl -k https://example.org/x"), "unverified"),
        (("EXPOSE 8080", "RUN wget http://example.org/x"), "plain-http"),
        (("EXPOSE 8080", "RUN echo root:x | chpasswd"), "password"),
        (("EXPOSE 8080", "RUN apk add --no-cache openssh-server"), "ssh-server"),
        (("EXPOSE 8080", "RUN cd /x"), "cd"),
    ],
)
def test_each_change_breaks_exactly_the_rule_that_it_should(change: tuple[str, str], rule: str) -> None:
    found = failing(GOOD.replace(*change))
    side = {"apt-cli": {"update-alone"}, "pipe-to-shell": {"sudo"}}.get(rule, set())
    assert found - side == ({rule} if rule else set())


def test_secret_values_are_never_kept() -> None:
    assert "hunter22" not in str(read("FROM a\nENV DB_PASSWORD=hunter22\nRUN echo hunter22\n"))


@given(st.text())
def test_any_text_of_commands_is_read(text: str) -> None:
    assert isinstance(commands.read(text), commands.Commands)


def test_attributes_fit_the_schema() -> None:
    unknown: Any = Unknown("x")
    assert replaced("${A}", {"A": unknown}) == Unknown("x", text="${...}")
    assert not [each for each in assess_resource(read(GOOD), POLICIES).findings if each.verdict is Verdict.UNKNOWN]
