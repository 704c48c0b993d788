"""A Dockerfile as a resource `docker.dockerfile`: its stages, what each instruction does, and what the last stage is.

    of_dockerfile(view, "/app/Dockerfile").resources[0].attributes["final"]["user"]

What a stage inherits from another stage of the file counts; what an image elsewhere brings (a user, a health check) is
unknown where the file does not say it.
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from bartizan.collect.filesystem.interface import FilesystemError, FilesystemView
from bartizan.collect.resources import plain_secret
from bartizan.collect.resources.docker import commands
from bartizan.collect.resources.draft import Draft
from bartizan.collect.resources.values import Unknown, Value
from bartizan.collect.templates.declared import TemplateProblem
from bartizan.collect.templates.docker.dockerfile import (
    PREDEFINED,
    DockerfileError,
    Instruction,
    Variables,
    assignments,
    parse,
    replaced,
    words,
)
from bartizan.collect.templates.docker.image_name import image_parts
from bartizan.collect.templates.normal import TemplateResources
from bartizan.model.resource import Location

TYPE = "docker.dockerfile"
LIMIT = 2 << 20
_ARCHIVE = re.compile(r"\.(?:tar|tgz|tbz2?|txz|tar\.(?:gz|bz2|xz|zst))$")
_SECRET_FILE = re.compile(
    r"(?:^|/)(?:\.env(?:\..+)?|id_(?:rsa|dsa|ecdsa|ed25519)|\.npmrc|\.pypirc|\.netrc|\.git-credentials|\.aws|\.ssh|.*\.(?:key|p12|pfx|jks))/?$"
)


@dataclass(slots=True)
class _Stage:
    name: str
    base: Value
    line: int
    stage: int = -1
    """Number of the stage that it is built on; -1: an image."""
    user: Value = None
    healthcheck: Value = None
    command: bool = False
    environment: Variables = field(default_factory=dict)


def of_dockerfile(view: FilesystemView, path: str, arguments: Mapping[str, str] | None = None) -> TemplateResources:
    """The resource that a Dockerfile stands for; `arguments` are given to the build (`--build-arg`)."""
    try:
        text = view.read(path, LIMIT).decode("utf-8-sig")
        instructions = list(parse(text))
    except FilesystemError as error:
        return TemplateResources((), (TemplateProblem(path=path, line=0, reason=error.reason),), {})
    except UnicodeDecodeError as error:
        reason = f"not UTF-8 at byte {error.start}"
        return TemplateResources((), (TemplateProblem(path=path, line=0, reason=reason),), {})
    except DockerfileError as error:
        return TemplateResources((), (TemplateProblem(path=path, line=error.line, reason=error.reason),), {})
    if not any(each.name == "FROM" for each in instructions):
        return TemplateResources((), (TemplateProblem(path=path, line=1, reason="there is no FROM"),), {})
    reader = _Reader(path, arguments or {})
    for each in instructions:
        reader.take(each)
    return TemplateResources((reader.draft().resource(),), (), {})


class _Reader:
    def __init__(self, path: str, arguments: Mapping[str, str]) -> None:
        self.path, self.arguments = path, arguments
        self.stages: list[_Stage] = []
        self.globals: Variables = {}
        self.variables: Variables = {}
        self.rows: dict[str, list[Value]] = {name: [] for name in ("runs", "copies", "ports", "volumes", "workdirs")}
        self.secrets: dict[str, None] = {}
        self.names: list[str] = []
        self.onbuild: list[str] = []
        self.last_user = 0
        self.counts = {"CMD": 0, "ENTRYPOINT": 0, "HEALTHCHECK": 0}
        self.end_line = 1

    def take(self, each: Instruction) -> None:
        self.end_line = each.end_line
        if each.onbuild:
            self.onbuild.append(each.name)
            return
        self.names.append(each.name)
        match each.name:
            case "FROM":
                self._from(each)
            case "ARG":
                self._arguments(each)
            case "ENV":
                for name, value in assignments(each.text):
                    found = replaced(value, self.variables)
                    self.variables[name] = found
                    if self.stages:
                        self.stages[-1].environment[name] = found
                    self._secret(name, found)
            case "RUN":
                done = commands.read("\n".join((each.text, *each.documents)))
                mounts = "secret" if "type=secret" in each.flags.get("mount", "") else ""
                self._row("runs", each, {**asdict(done), "mount": mounts, "network": each.flags.get("network", "")})
            case "COPY" | "ADD":
                self._copy(each)
            case "USER" if self.stages:
                self.stages[-1].user = replaced(each.text.strip(), self.variables)
            case "EXPOSE":
                self.rows["ports"] += [replaced(word, self.variables) for word in words(each.text)]
            case "VOLUME":
                self.rows["volumes"] += [replaced(word, self.variables) for word in words(each.text)]
            case "WORKDIR":
                self.rows["workdirs"].append(replaced(each.text.strip(), self.variables))
            case "HEALTHCHECK" if self.stages:
                self.stages[-1].healthcheck = each.text.strip().upper() != "NONE"
                self.counts["HEALTHCHECK"] += 1
            case "CMD" | "ENTRYPOINT" if self.stages:
                self.stages[-1].command = True
                self.counts[each.name] += 1

    def _from(self, each: Instruction) -> None:
        found = words(each.text)
        base = replaced(found[0] if found else "", self.globals)
        name = found[2] if len(found) > 2 and found[1].upper() == "AS" else ""
        at = next((n for n, stage in enumerate(self.stages) if base in (stage.name, str(n)) and base != ""), -1)
        stage = _Stage(name=name, base=base, line=each.line, stage=at)
        if at >= 0:
            below = self.stages[at]
            stage.user, stage.healthcheck, stage.command = below.user, below.healthcheck, below.command
            stage.environment = dict(below.environment)
        self.stages.append(stage)
        self.variables = dict(stage.environment)
        self.counts = dict.fromkeys(self.counts, 0)
        self.rows["ports"], self.rows["volumes"] = [], []

    def _arguments(self, each: Instruction) -> None:
        for word in words(each.text):
            name, equals, value = word.partition("=")
            scope = self.variables if self.stages else self.globals
            if name in self.arguments:
                found: Value = self.arguments[name]
            elif equals:
                found = replaced(value, scope)
            elif self.stages and name in self.globals:
                found = self.globals[name]
            elif name in PREDEFINED:
                continue
            else:
                found = Unknown(f"{self.path}:{each.line}: the build argument {name} has no default")
            scope[name] = found
            self._secret(name, found, argument=True)

    def _secret(self, name: str, value: Value, *, argument: bool = False) -> None:
        """By name; what an argument gets is kept in the image's history, whatever it is."""
        shown = "given at build time" if argument and isinstance(value, Unknown) else value
        if plain_secret.in_variables({name: shown}) is True:
            self.secrets[name] = None

    def _copy(self, each: Instruction) -> None:
        found = [replaced(word, self.variables) for word in words(each.text)]
        sources = [] if each.documents and len(found) < 3 else found[:-1]
        texts = [source for source in sources if isinstance(source, str)]
        unknown = next((source for source in sources if isinstance(source, Unknown)), None)
        remote = any(re.match(r"https?://", source) for source in texts)
        fetched = remote or any(re.match(r"git@|ssh://|git://", source) for source in texts)
        self._row(
            "copies",
            each,
            {
                "instruction": each.name,
                "remote": True if fetched else unknown or False,
                "plain_http": any(source.startswith("http://") for source in texts),
                "archive": any(_ARCHIVE.search(source) for source in texts),
                "whole_context": any(source in (".", "./", "/", "*") for source in texts) and "from" not in each.flags,
                "secret_file": any(_SECRET_FILE.search(source) for source in texts) and "from" not in each.flags,
                "checksum": "checksum" in each.flags,
                "mode": each.flags.get("chmod", ""),
                "from_image": self._other_image(each.flags.get("from", "")),
                "from_tag": image_parts(each.flags.get("from", ""))["image_tag"],
            },
        )

    def _other_image(self, name: str) -> str:
        known = {stage.name for stage in self.stages} | {str(n) for n in range(len(self.stages))}
        return "" if not name or name in known else name

    def _row(self, name: str, each: Instruction, row: dict[str, Value]) -> None:
        self.rows[name].append({"line": each.line, "stage": len(self.stages) - 1, **row})

    def draft(self) -> Draft:
        name = self.path.rpartition("/")[2]
        draft = Draft(
            TYPE,
            id=name,
            name=name,
            provider="docker",
            location=Location(path=self.path, line=self.stages[-1].line, end_line=self.end_line),
        )
        draft.set("stages", [self._stage(each) for each in self.stages])
        last = self.stages[-1]
        elsewhere = Unknown(f"the image {_shown(self._root(last))} says it, if anybody does")
        scratch = self._root(last) == "scratch"
        draft.set("final.user", last.user if last.user is not None else ("" if scratch else elsewhere))
        draft.set("final.names_user", last.user is not None)
        draft.set("final.root", _root(last.user) if last.user is not None else (True if scratch else elsewhere))
        draft.set("final.healthcheck", last.healthcheck if last.healthcheck is not None else False)
        draft.set("final.runs_something", last.command)
        draft.set("final.commands", self.counts["CMD"])
        draft.set("final.entrypoints", self.counts["ENTRYPOINT"])
        draft.set("final.healthchecks", self.counts["HEALTHCHECK"])
        draft.set("ports", [_port(each) for each in self.rows["ports"]])
        for each in ("runs", "copies", "volumes", "workdirs"):
            draft.set(each, self.rows[each])
        draft.set("secret_variables", sorted(self.secrets))
        draft.set("maintainer", "MAINTAINER" in self.names)
        draft.set("onbuild", self.onbuild)
        return draft

    def _root(self, stage: _Stage) -> Value:
        while stage.stage >= 0:
            stage = self.stages[stage.stage]
        return stage.base

    def _stage(self, stage: _Stage) -> dict[str, Value]:
        parts: dict[str, Any] = {} if stage.stage >= 0 else image_parts(stage.base)
        number = self.stages.index(stage)
        later = any(other.stage == number for other in self.stages)
        return {
            "name": stage.name,
            "line": stage.line,
            "image": "" if stage.stage >= 0 else stage.base,
            "from_stage": stage.stage >= 0,
            "final": number == len(self.stages) - 1,
            "built_on": later,
            **parts,
        }


def _root(user: Value) -> Value:
    if isinstance(user, Unknown):
        return user
    return str(user).partition(":")[0] in ("", "0", "root")


def _port(text: Value) -> Value:
    if isinstance(text, Unknown):
        return text
    number = str(text).partition("/")[0].partition("-")[0]
    return int(number) if number.isascii() and number.isdigit() and len(number) < 6 else 0


def _shown(value: Value) -> str:
    return value.text if isinstance(value, Unknown) else str(value)
