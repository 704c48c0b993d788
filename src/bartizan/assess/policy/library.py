"""Reading policies: YAML files to checked, compiled policies.

A file under `content/policies/` (or in a user's folder) holds the policies of one group:

    resource: host
    group: ssh
    policies:
      - id: host-ssh-root-login
        title: Root cannot sign in over SSH with a password
        severity: high
        applies: resource.sshd.present
        check: resource.sshd.permit_root_login in ["no", "prohibit-password"]
        why: ...
        fix: {text: ..., command: ...}
        controls: {nist-800-53: [AC-6(2)]}
        parameters: {days: 365}
        with: {sshd.present: true}
        good: [{name: keys only, sshd.effective.permit_root_login: prohibit-password}]
        bad: [{name: password, sshd.effective.permit_root_login: yes}]
        unknown: [{name: unreadable, unknown: {sshd.effective: permission denied}}]
        not_applicable: [{name: no server, sshd.present: false}]

A case is a resource with every field at its default, but for the paths that it names; `with:` are paths that every case
of the policy starts from.
`defaults:` beside `policies:` gives keys that every policy of the file starts from. A policy with `for_each:` and a
list of mappings stands for as many policies: `{{name}}` in any of its texts is replaced by the entry's value.

A policy that cannot be used is reported with file and line; the others are loaded.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from bartizan.assess.policy.check import Checked, check
from bartizan.assess.policy.evaluate import Program
from bartizan.assess.policy.schema import Schema, misfit, put, read_schema
from bartizan.assess.policy.syntax import ExpressionError, parse
from bartizan.assess.policy.types import BOOL, ObjectType, accepts, matches, suggest, type_of
from bartizan.content import FOLDER
from bartizan.content.documents import ContentError, Document, Where, read_document
from bartizan.model.policy import Policy, PolicyCase, PolicyResult, Remediation
from bartizan.model.record import dataclass
from bartizan.model.severity import Severity

VARIABLES = ("resource", "params")


@dataclass(frozen=True, slots=True)
class Compiled:
    """A policy ready to judge, and where it is written."""

    policy: Policy
    check: Program
    applies: Program | None
    references: frozenset[str]
    """The fields that it reads, without `resource.`: `sshd.port`, `users.accounts[].uid`."""
    sections: frozenset[str]
    """The first parts of the references."""
    path: str
    line: int
    builtin: bool


@dataclass(frozen=True, slots=True)
class Library:
    """Everything that was read from folders of content."""

    schemas: Mapping[str, Schema]
    policies: tuple[Compiled, ...]
    errors: tuple[ContentError, ...]


Controls = Mapping[str, Mapping[str, str]]
"""Framework id to control id to title."""


def read_schemas(folders: Sequence[Path], types: Collection[str] = ()) -> tuple[dict[str, Schema], list[ContentError]]:
    """Every schema, or those of some types: a built-in one is in the file that bears its type's name."""
    schemas: dict[str, Schema] = {}
    errors: list[ContentError] = []
    for folder in folders:
        top = folder / "schemas"
        for path in (top / f"{type_}.yaml" for type_ in sorted(types)) if types else sorted(top.glob("*.yaml")):
            if types and not path.is_file():
                continue
            try:
                schema = read_schema(read_document(path, _name(path, folder)))
            except ContentError as error:
                errors.append(error)
            else:
                schemas.setdefault(schema.type, schema)
    return schemas, errors


def read_library(
    folders: Sequence[tuple[Path, bool]], schemas: Mapping[str, Schema], controls: Controls | None, part: str = ""
) -> Library:
    """Policies of all folders; `folders` pairs each with whether it is built in. Without `controls` those that policies
    name are not looked up."""
    compiled: dict[str, Compiled] = {}
    errors: list[ContentError] = []
    for folder, builtin in folders:
        top = folder / "policies" if builtin else folder
        if not top.is_dir():
            errors.append(ContentError(str(top), 0, "no such folder of policies (create it or leave it out)"))
            continue
        for path in _files(top / part if builtin and part else top):
            try:
                document = read_document(path, _name(path, folder) if builtin else str(path))
                reader = _FileReader(document, schemas, controls, builtin)
                for each in reader.policies():
                    other = compiled.get(each.policy.id)
                    if other is not None:
                        where = f"{other.path}:{other.line}"
                        message = f"policy {each.policy.id!r} exists already in {where} (choose another id)"
                        errors.append(ContentError(each.path, each.line, message))
                    else:
                        compiled[each.policy.id] = each
                errors += reader.errors
            except ContentError as error:
                errors.append(error)
    return Library(schemas, tuple(compiled[key] for key in sorted(compiled)), tuple(errors))


def types_in(part: str) -> frozenset[str]:
    """The types of resources that one folder of built-in policies is about; empty where a file does not say."""
    told = set()
    for path in _files(FOLDER / "policies" / part):
        value = read_document(path).value
        if not isinstance(value, dict) or not isinstance(value.get("resource"), str):
            return frozenset()
        told.add(value["resource"])
    return frozenset(told)


def _files(top: Path) -> list[Path]:
    """YAML files below a folder; a checkout's own `.git` and the like, and tests' own files, are not policies."""
    found = [path for pattern in ("*.yaml", "*.yml") for path in top.rglob(pattern)]
    return sorted(path for path in found if not any(part.startswith(".") for part in path.relative_to(top).parts))


def _name(path: Path, folder: Path) -> str:
    return f"content/{path.relative_to(folder).as_posix()}" if folder == FOLDER else str(path)


def substitute(value: Any, entry: Mapping[str, Any]) -> Any:
    """The value with `{{name}}` replaced; a text that is nothing else becomes the entry's value itself."""
    if isinstance(value, dict):
        return {substitute(key, entry): substitute(each, entry) for key, each in value.items()}
    if isinstance(value, list):
        return [substitute(each, entry) for each in value]
    if not isinstance(value, str) or "{{" not in value:
        return value
    for name, each in entry.items():
        mark = "{{" + name + "}}"
        if value == mark:
            return each
        value = value.replace(mark, str(each))
    return value


def _refuse_other_than_bool(checked: Checked) -> None:
    if not accepts(BOOL, checked.type):
        raise ExpressionError(f"must be true or false, but is {checked.type}", 0)


_FILE_KEYS = ("resource", "group", "defaults", "policies")
_KEYS = (
    "id", "title", "severity", "resource", "group", "applies", "check", "why", "fix", "controls", "parameters",
    "with", "good", "bad", "unknown", "not_applicable",
)  # fmt: skip
_NEEDED = ("id", "title", "severity", "check", "why", "fix")
_CASES = {
    "good": PolicyResult.PASS,
    "bad": PolicyResult.FAIL,
    "unknown": PolicyResult.UNKNOWN,
    "not_applicable": PolicyResult.NOT_APPLICABLE,
}


class _FileReader:
    """Reads the policies of one file; each broken one leaves an error and not more."""

    def __init__(
        self, document: Document, schemas: Mapping[str, Schema], controls: Controls | None, builtin: bool
    ) -> None:
        self.document = document
        self.schemas = schemas
        self.controls = controls
        self.builtin = builtin
        self.errors: list[ContentError] = []

    def policies(self) -> list[Compiled]:
        value = self.document.value
        if not isinstance(value, dict) or not isinstance(value.get("policies"), list):
            raise self.document.error((), "a policy file is a mapping with `policies:` and a list")
        self.keys((), value, _FILE_KEYS, "a policy file")
        defaults = {"resource": value.get("resource"), "group": value.get("group", ""), **value.get("defaults", {})}
        out = []
        for number, item in enumerate(value["policies"]):
            where = ("policies", number)
            try:
                for line, each in self.expand(where, item):
                    out.append(self.policy(where, self.joined(defaults, each), line))
            except ContentError as error:
                self.errors.append(error)
        return out

    def joined(self, defaults: Mapping[str, Any], item: Mapping[str, Any]) -> dict[str, Any]:
        """The item over the file's defaults; controls of both are kept, framework by framework."""
        out = {**defaults, **item}
        for key in ("controls", "with"):
            if isinstance(defaults.get(key), dict) and isinstance(item.get(key), dict):
                out[key] = {**defaults[key], **item[key]}
        return out

    def expand(self, where: Where, item: Any) -> Iterator[tuple[int, dict[str, Any]]]:
        """The policies that an item stands for, each with its line: itself, or one for each entry of `for_each`."""
        if not isinstance(item, dict):
            raise self.fail(where, "a policy must be a mapping with id, title, severity, check, why and fix")
        if "for_each" not in item:
            yield self.document.line((*where, "id")), item
            return
        entries = item["for_each"]
        if not isinstance(entries, list) or not all(isinstance(each, dict) for each in entries):
            raise self.fail((*where, "for_each"), "for_each must be a list of mappings")
        body = {key: each for key, each in item.items() if key != "for_each"}
        for number, entry in enumerate(entries):
            yield self.document.line((*where, "for_each", number)), substitute(body, entry)

    def fail(self, where: Where, message: str) -> ContentError:
        return self.document.error(where, message)

    def keys(self, where: Where, value: Mapping[str, Any], known: Sequence[str], what: str) -> None:
        for key in value:
            if key not in known:
                raise self.fail((*where, key), f"{what} has no key {key!r}{suggest(key, list(known))}")

    def text(self, where: Where, value: Any, *, needed: bool = True) -> str:
        if not isinstance(value, str) or (needed and not value.strip()):
            raise self.fail(where, f"{where[-1]} must be text")
        return value.strip()

    def policy(self, where: Where, item: Mapping[str, Any], line: int) -> Compiled:
        self.keys(where, item, _KEYS, "a policy")
        for key in _NEEDED:
            if key not in item:
                raise self.fail(where, f"policy {item.get('id', '')!r} has no {key} (add `{key}:`)")
        place = (*where, "resource") if (*where, "resource") in self.document.lines else ("resource",)
        resource = self.text(place, item.get("resource"))
        schema = self.schemas.get(resource)
        if schema is None:
            raise self.fail(place, f"unknown resource type {resource!r}{suggest(resource, list(self.schemas))}")
        parameters = self.parameters((*where, "parameters"), item.get("parameters", {}))
        types = {
            "resource": schema.root,
            "params": ObjectType({key: type_of(each) for key, each in parameters.items()}),
        }
        program, checked = self.expression((*where, "check"), item["check"], types)
        applies, needs = None, frozenset[str]()
        if "applies" in item:
            applies, found = self.expression((*where, "applies"), item["applies"], types)
            needs = found.references
        references = frozenset(
            each.removeprefix("resource.") for each in checked.references | needs if each.startswith("resource.")
        )
        policy = Policy(
            id=self.identifier((*where, "id"), item["id"]),
            title=self.text((*where, "title"), item["title"]),
            severity=self.severity((*where, "severity"), item["severity"]),
            resource=resource,
            check=str(item["check"]).strip(),
            applies=str(item.get("applies", "")).strip(),
            why=self.text((*where, "why"), item["why"]),
            fix=self.fix((*where, "fix"), item["fix"]),
            controls=self.mapped((*where, "controls"), item.get("controls", {})),
            parameters=parameters,
            cases=self.cases(where, item, schema),
            group=self.text((*where, "group"), item.get("group", ""), needed=False),
        )
        sections = frozenset(each.split(".")[0].split("[")[0] for each in references)
        if "resource" in checked.references | needs:  # as a whole
            sections = frozenset(schema.root.fields)
        return Compiled(policy, program, applies, references, sections, self.document.path, line, self.builtin)

    def identifier(self, where: Where, value: Any) -> str:
        text = self.text(where, value)
        if len(text) > 100 or not all(c.islower() or c.isdigit() or c in "-." for c in text):
            raise self.fail(where, f"id {text[:100]!r} may have lower-case letters, digits, dots and dashes only")
        return text

    def severity(self, where: Where, value: Any) -> Severity:
        names = [each.value for each in Severity if each is not Severity.UNKNOWN]
        if value not in names:
            raise self.fail(where, f"severity {value!r} is none of {', '.join(names)}")
        return Severity(value)

    def parameters(self, where: Where, value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise self.fail(where, "parameters must be a mapping of names to defaults")
        for key, each in value.items():
            if not key.isidentifier() or each is None or isinstance(each, dict):
                raise self.fail((*where, key), f"parameter {key!r} must be a plain name with a scalar or a list")
        return value

    def expression(self, where: Where, text: Any, types: Mapping[str, Any]) -> tuple[Program, Checked]:
        if not isinstance(text, str):
            raise self.fail(where, f"{where[-1]} must be an expression (put it in quotes)")
        try:
            node = parse(text)
            checked = check(node, types)
            _refuse_other_than_bool(checked)
        except ExpressionError as error:
            position = f"{where[-1]}, character {error.at - text.rfind(chr(10), 0, error.at)}"
            before = text[: error.at].count("\n")
            line = self.document.line(where) + (before + 1 if "\n" in text.strip() else 0)
            raise ContentError(self.document.path, line, f"{position}: {error.message}") from None
        return Program(node, VARIABLES), checked

    def fix(self, where: Where, value: Any) -> Remediation:
        if isinstance(value, str):
            value = {"text": value}
        if not isinstance(value, dict) or "text" not in value:
            raise self.fail(where, "fix must be text, or a mapping with text, command and template")
        self.keys(where, value, ("text", "command", "template"), "fix")
        return Remediation(**{key: self.text((*where, key), each) for key, each in value.items()})

    def mapped(self, where: Where, value: Any) -> dict[str, tuple[str, ...]]:
        if not isinstance(value, dict):
            raise self.fail(where, "controls must be a mapping of frameworks to lists of control ids")
        out = {}
        for framework, ids in value.items():
            known = self.controls.get(framework) if self.controls is not None else None
            if self.controls is not None and known is None:
                raise self.fail(
                    (*where, framework), f"unknown framework {framework!r}{suggest(framework, list(self.controls))}"
                )
            if not isinstance(ids, list) or not all(isinstance(each, str) for each in ids):
                raise self.fail((*where, framework), "control ids must be a list of texts (quote numbers)")
            for number, each in enumerate(ids):
                if each and known is not None and each not in known:
                    message = f"framework {framework} has no control {each!r}{suggest(each, list(known))}"
                    raise self.fail((*where, framework, number), message)
            out[framework] = tuple(each for each in ids if each)
        return {framework: ids for framework, ids in out.items() if ids}

    def cases(self, where: Where, item: Mapping[str, Any], schema: Schema) -> tuple[PolicyCase, ...]:
        out = []
        start = item.get("with", {})
        if not isinstance(start, dict):
            raise self.fail((*where, "with"), "`with` must be a mapping of paths to values")
        for key, expected in _CASES.items():
            given = item.get(key, [])
            if not isinstance(given, list):
                raise self.fail((*where, key), f"{key} must be a list of cases")
            for number, each in enumerate(given):
                out.append(self.case((*where, key, number), each, expected, schema, start))
        return tuple(out)

    def case(self, where: Where, value: Any, expected: PolicyResult, schema: Schema, start: Any) -> PolicyCase:
        if not isinstance(value, dict):
            raise self.fail(where, "a case must be a mapping of paths to values, with `name` and `unknown` beside them")
        given = {key: each for key, each in value.items() if key not in ("name", "unknown", "declared")}
        unknowns = value.get("unknown", {})
        if not isinstance(unknowns, dict):
            raise self.fail((*where, "unknown"), "`unknown` must be a mapping of paths to reasons")
        attributes: dict[str, Any] = {}
        for path, each in {**start, **given}.items():
            if why := put(schema.root, attributes, path, each):
                raise self.fail((*where, path), f"{path}: {why}")
        if why := matches(schema.root, attributes):
            raise self.fail(where, f"in case {value.get('name', '')!r}: {why}")
        for path in unknowns:
            if why := misfit(schema.root, path):
                raise self.fail((*where, "unknown", path), f"{path}: {why}")
        return PolicyCase(
            name=self.text((*where, "name"), value.get("name", expected.value)),
            attributes=attributes,
            unknowns={k: str(v) for k, v in unknowns.items()},
            declared=value.get("declared") is True,
            expect=expected,
        )
