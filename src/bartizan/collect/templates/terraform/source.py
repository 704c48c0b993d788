"""The files of a module: `*.tf`, `*.tofu` and their JSON forms, in one folder, read once whoever calls the module.

JSON syntax (developer.hashicorp.com/terraform/language/syntax/json): objects for blocks, labels as keys, strings as
templates.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bartizan.collect.filesystem.interface import FileKind, FilesystemError, FilesystemView, Missing
from bartizan.collect.templates.budget import Budget
from bartizan.collect.templates.declared import Step, TemplateProblem
from bartizan.collect.templates.hcl.parser import HclError, parse, parse_expression
from bartizan.collect.templates.hcl.syntax import Block, Body, Literal, Node, Object, Tuple

FILE_LIMIT = 16 << 20
_LABELS = {
    "resource": 2,
    "data": 2,
    "ephemeral": 2,
    "variable": 1,
    "output": 1,
    "module": 1,
    "provider": 1,
    "check": 1,
    "locals": 0,
    "terraform": 0,
}
_NESTED = frozenset({"lifecycle", "provisioner", "connection", "dynamic", "timeouts"})


@dataclass(slots=True)
class Source:
    """The parsed files of one folder."""

    folder: str
    blocks: list[tuple[str, Block]] = field(default_factory=list)
    """(file, block) in order of the files' names; overrides come last."""


class Sources:
    """Parsed folders, each once."""

    def __init__(self, view: FilesystemView, root: str) -> None:
        self.view, self.root = view, root
        self.problems: list[TemplateProblem] = []
        self.budget = Budget()
        self.origins: dict[tuple[int, str, str, bool], tuple[Step, ...]] = {}
        """Origins that all instances of a block share, by its identity, its module, the path, and whether texts
        are left out."""
        self._folders: dict[str, Source] = {}
        self._vendored: dict[str, str] | None = None

    def folder(self, path: str) -> Source:
        """The module in a folder."""
        found = self._folders.get(path)
        if found is None:
            found = self._folders[path] = Source(path)
            for name in self._files(path):
                file = f"{path.rstrip('/')}/{name}"
                found.blocks += [(file, block) for block in self._blocks(file)]
        return found

    def vendored(self, caller: str, name: str) -> str | None:
        """The folder into which `terraform init` put a module, by its record; None where it was not put anywhere."""
        if self._vendored is None:
            self._vendored = self._modules_record()
        key = ".".join([*re.findall(r"module\.([^.\[]+)", caller), name])
        return self._vendored.get(key)

    def _modules_record(self) -> dict[str, str]:
        """`.terraform/modules/modules.json`: {"Modules": [{"Key": "net.subnets", "Dir": ".terraform/modules/net"}]}."""
        path = f"{self.root.rstrip('/')}/.terraform/modules/modules.json"
        try:
            record = json.loads(self.view.read(path, FILE_LIMIT))
            return {
                str(entry["Key"]): f"{self.root.rstrip('/')}/{entry['Dir']}"
                for entry in record["Modules"]
                if entry.get("Dir") and ".." not in str(entry["Dir"]).split("/")
            }
        except Missing:
            return {}
        except (FilesystemError, ValueError, KeyError, TypeError, AttributeError) as error:
            self.problems.append(TemplateProblem(path=path, line=0, reason=f"cannot be read: {error}"))
            return {}

    def values(self, path: str) -> dict[str, Node]:
        """The assignments of a variable file; none where there is no such file."""
        try:
            text = self.view.read(path, FILE_LIMIT).decode("utf-8-sig")
            if path.endswith(".json"):
                return {str(key): _node(value) for key, value in json.loads(text).items()}
            return parse(text, path).attributes
        except Missing:
            return {}
        except HclError as error:
            self.problems.append(TemplateProblem(path=path, line=error.line, reason=error.reason))
        except FilesystemError as error:
            self.problems.append(TemplateProblem(path=path, line=0, reason=error.reason))
        except (ValueError, AttributeError, RecursionError) as error:
            self.problems.append(TemplateProblem(path=path, line=0, reason=f"not a variable file: {error}"))
        return {}

    def variable_files(self, path: str) -> list[str]:
        """The files that Terraform reads by itself, in its order of precedence, the strongest last."""
        try:
            names = [entry.name for entry in self.view.list(path) if entry.kind is not FileKind.DIRECTORY]
        except FilesystemError:
            return []
        first = [name for name in ("terraform.tfvars", "terraform.tfvars.json") if name in names]
        automatic = sorted(name for name in names if name.endswith((".auto.tfvars", ".auto.tfvars.json")))
        return [f"{path.rstrip('/')}/{name}" for name in first + automatic]

    def _files(self, path: str) -> list[str]:
        try:
            names = [entry.name for entry in self.view.list(path) if entry.kind is not FileKind.DIRECTORY]
        except FilesystemError as error:
            self.problems.append(TemplateProblem(path=path, line=0, reason=error.reason))
            return []
        wanted = sorted(name for name in names if name.endswith((".tf", ".tofu", ".tf.json", ".tofu.json")))
        tofu = {name.replace(".tofu", ".tf") for name in wanted if ".tofu" in name}
        wanted = [name for name in wanted if name not in tofu]
        overrides = [name for name in wanted if name.split(".")[0] == "override" or "_override." in name]
        return [name for name in wanted if name not in overrides] + overrides

    def _blocks(self, path: str) -> list[Block]:
        try:
            text = self.view.read(path, FILE_LIMIT).decode("utf-8-sig")
        except FilesystemError as error:
            self.problems.append(TemplateProblem(path=path, line=0, reason=error.reason))
            return []
        except UnicodeDecodeError as error:
            self.problems.append(TemplateProblem(path=path, line=0, reason=f"not UTF-8 at byte {error.start}"))
            return []
        try:
            return _json_blocks(text) if path.endswith(".json") else parse(text, path).blocks
        except HclError as error:
            self.problems.append(TemplateProblem(path=path, line=error.line, reason=error.reason))
        except json.JSONDecodeError as error:
            self.problems.append(TemplateProblem(path=path, line=error.lineno, reason=f"not JSON: {error.msg}"))
        except RecursionError:
            self.problems.append(TemplateProblem(path=path, line=0, reason="nested too deep"))
        return []


def _json_blocks(text: str) -> list[Block]:
    document = json.loads(text)
    blocks: list[Block] = []
    for type_, content in document.items() if isinstance(document, dict) else ():
        if type_ in _LABELS:
            for each in content if isinstance(content, list) else [content]:
                blocks += _labelled(type_, [], each, _LABELS[type_])
    return blocks


def _labelled(type_: str, labels: list[str], content: Any, missing: int) -> list[Block]:
    if not isinstance(content, dict):
        return []
    if missing:
        return [
            block
            for label, inner in content.items()
            for each in (inner if isinstance(inner, list) else [inner])
            for block in _labelled(type_, [*labels, str(label)], each, missing - 1)
        ]
    return [Block(type_, labels, _json_body(content), 0, 0)]


def _json_body(content: Mapping[str, Any]) -> Body:
    """In JSON an object may be an attribute or a block; what reads it takes either, so all are attributes here but for
    the meta-arguments that are always blocks."""
    attributes: dict[str, Node] = {}
    blocks: list[Block] = []
    for key, value in content.items():
        if key == "//":
            continue
        if key in _NESTED and isinstance(value, (dict, list)):
            for each in value if isinstance(value, list) else [value]:
                blocks += _labelled(key, [], each, 1 if key in ("provisioner", "dynamic") else 0)
        else:
            attributes[key] = _node(value)
    return Body(attributes, blocks)


def _node(value: Any) -> Node:
    if isinstance(value, str):
        if "${" not in value and "%{" not in value:
            return Literal(0, value)
        try:
            return parse_expression(json.dumps(value, ensure_ascii=False))
        except HclError:
            return Literal(0, value)
    if isinstance(value, list):
        return Tuple(0, [_node(item) for item in value])
    if isinstance(value, dict):
        return Object(0, [(Literal(0, str(key)), _node(item)) for key, item in value.items()])
    return Literal(0, value)
