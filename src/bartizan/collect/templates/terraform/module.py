"""Evaluating a module: variables, locals, resources with count and for_each, dynamic blocks, calls of other modules.

Everything is evaluated when it is asked for and once, so a module of which one output is used costs one output. What
goes in a circle is unknown and reported.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from bartizan.collect.filesystem.interface import FilesystemError
from bartizan.collect.resources.values import Document, Unknown, Value
from bartizan.collect.templates.budget import Budget
from bartizan.collect.templates.declared import Declared, Step, TemplateProblem
from bartizan.collect.templates.hcl.evaluate import as_number, as_text, evaluate
from bartizan.collect.templates.hcl.parser import HclError, parse_expression
from bartizan.collect.templates.hcl.syntax import Block, Literal, Node, Object
from bartizan.collect.templates.terraform.blocks import block_names, expanded, overridden
from bartizan.collect.templates.terraform.documents import policy_document
from bartizan.collect.templates.terraform.providers import DEFAULTS, provider_of, with_defaults
from bartizan.collect.templates.terraform.source import Source, Sources
from bartizan.model.resource import Location

MAX_DEPTH = 30
"""Modules within modules."""
MAX_INSTANCES = 10_000
"""Instances that one count or for_each may make; more are reported."""

_META = frozenset(
    {"count", "for_each", "provider", "depends_on", "lifecycle", "provisioner", "connection", "providers"}
)
_CIRCLE = Unknown("its value depends on itself")


@dataclass(slots=True)
class Instance:
    """One instance of a resource: `aws_subnet.private["a"]`."""

    module: "Module"
    block: Block
    file: str
    address: str
    each: dict[str, Value] | None
    index: int | None
    uncertain: str = ""
    _values: dict[str, Value] = field(default_factory=dict)

    @property
    def data(self) -> bool:
        return self.block.type == "data"

    def attribute(self, name: str) -> Value:
        """The configured value of an attribute or block type; unknown after apply where it is not configured."""
        if name in self._values:
            return self._values[name]
        self._values[name] = _CIRCLE
        self._values[name] = value = self._evaluated(name)
        return value

    def _evaluated(self, name: str) -> Value:
        scope = InstanceScope(self.module, self)
        node = self.block.body.attributes.get(name)
        if node is not None:
            return evaluate(node, scope)
        blocks = expanded(self.block.body, name, scope)
        if blocks is not None:
            return blocks
        if self.data:
            document = policy_document(self.block.labels[0], name, self.block.body.attributes, self.attribute)
            if document is not None:
                return document
        return Unknown(f"{self.address}.{name} is known after apply", self.address, name)

    def set(self, name: str) -> Value:
        """The value of an attribute or block type that the configuration sets; None where it does not."""
        if name in self.block.body.attributes or name in block_names(self.block.body):
            return self.attribute(name)
        return None

    def configured(self) -> dict[str, Value]:
        """Every attribute and block that the configuration sets."""
        scope = InstanceScope(self.module, self)
        out = {name: self.attribute(name) for name in self.block.body.attributes if name not in _META}
        for name in block_names(self.block.body):
            if name not in _META:
                out[name] = expanded(self.block.body, name, scope) or []
        return out

    def origin(self, path: str, hide: bool = False) -> tuple[Step, ...]:
        """Where the value of an attribute came from: see `Origin`."""
        from bartizan.collect.templates.terraform.origin import origin_of

        return origin_of(self, path, hide)


class InstanceScope:
    """The scope within a resource: `each`, `count` and `self` besides what the module has."""

    def __init__(self, module: "Module", instance: Instance) -> None:
        self._module, self._instance = module, instance

    @property
    def budget(self) -> Budget:
        return self._module.budget

    def root(self, name: str, node: Node) -> Value:
        instance = self._instance
        if name == "each":
            return instance.each if instance.each is not None else Unknown(instance.uncertain or "there is no for_each")
        if name == "count":
            return {
                "index": instance.index if instance.index is not None else Unknown(instance.uncertain or "no count")
            }
        if name == "self":
            return instance
        return self._module.root(name, node)

    def member(self, target: Value, name: str) -> Value:
        return self._module.member(target, name)

    def call(self, name: str, arguments: list[Value]) -> Value:
        return self._module.call(name, arguments)


@dataclass(frozen=True, slots=True)
class _Handle:
    """A name on the way to a value: `var`, `aws_s3_bucket`, `module`, `data.aws_ami`."""

    kind: str
    name: str = ""


@dataclass(slots=True)
class _Family:
    """All instances of one resource."""

    address: str
    instances: list[Instance]
    repeated: bool
    by_key: bool
    uncertain: str = ""

    def value(self) -> Value:
        """What the resource's name stands for: an instance, a list of them, or an object of them by key."""
        if self.uncertain:
            return Unknown(f"{self.address}: {self.uncertain}", self.address)
        if not self.repeated:
            return self.instances[0] if self.instances else Unknown(f"{self.address} is one too many", self.address)
        if not self.by_key:
            return list(self.instances)
        return {instance.each["key"]: instance for instance in self.instances if instance.each}


class Module:
    """One call of a module; a `Scope` for its expressions."""

    def __init__(
        self,
        sources: Sources,
        source: Source,
        *,
        address: str = "",
        arguments: dict[str, Value] | None = None,
        outer: "Module | None" = None,
        caller: Instance | None = None,
        given: dict[str, tuple[str, Node]] | None = None,
    ) -> None:
        self.sources, self.address, self.outer = sources, address, outer
        self.depth: int = outer.depth + 1 if outer is not None else 0
        self.folder = source.folder
        self.caller = caller
        """The call that it is, in the module around it; None at the root."""
        self.given = given or {}
        """Values of root variables with the file and the expression that they come from."""
        self.elsewhere: dict[int, str] = {}
        """Files of what override files put into other blocks, by the identity of the node or block."""
        self._arguments = arguments or {}
        self.variables: dict[str, tuple[str, Block]] = {}
        self.locals: dict[str, tuple[str, Node]] = {}
        self._resources: dict[tuple[str, str, str], tuple[str, Block]] = {}
        self.providers: dict[str, Instance] = {}
        """Configurations of providers by local name: `aws`, `aws.west`."""
        self._backends: list[Instance] = []
        self.outputs: dict[str, tuple[str, Block]] = {}
        self._calls: dict[str, tuple[str, Block]] = {}
        self._values: dict[tuple[str, str], Value] = {}
        self._families: dict[tuple[str, str, str], _Family] = {}
        self._modules: dict[str, list[tuple[Value, Module]] | Unknown] = {}
        self._index(source)

    def _index(self, source: Source) -> None:
        for file, block in source.blocks:
            if block.type == "locals":
                for name, node in block.body.attributes.items():
                    self.locals[name] = (file, node)
            elif block.type in ("resource", "data", "ephemeral") and len(block.labels) == 2:
                key = (block.type, block.labels[0], block.labels[1])
                known = self._resources.get(key)
                if known is not None and "override" in file.rpartition("/")[2]:
                    self._resources[key] = (known[0], overridden(known[1], block))
                    put_in = (*block.body.attributes.values(), *block.body.blocks)
                    self.elsewhere |= {id(each): file for each in put_in}
                else:
                    self._resources[key] = (file, block)
            elif block.type == "provider" and block.labels:
                alias = block.body.attributes.get("alias")
                suffix = f".{alias.value}" if isinstance(alias, Literal) else ""
                name = f"{block.labels[0]}{suffix}"
                self.providers[name] = Instance(self, block, file, f"{self._prefix}provider.{name}", None, None)
            elif block.type == "terraform":
                for inner in block.body.blocks:
                    if inner.type == "backend" and inner.labels:
                        address = f"{self._prefix}terraform.backend.{inner.labels[0]}"
                        self._backends.append(Instance(self, inner, file, address, None, None))
            elif block.labels:
                kinds = {"variable": self.variables, "output": self.outputs}
                if block.type in kinds:
                    kinds[block.type][block.labels[0]] = (file, block)
                elif block.type == "module":
                    self._calls[block.labels[0]] = (file, block)
        self._types = {type_ for kind, type_, _ in self._resources if kind == "resource"}

    # Everything that is declared

    def declared(self) -> Iterator[Declared]:
        """Every resource, data source and configuration of a provider, of the module and of those that it calls."""
        for configuration in (*self.providers.values(), *self._backends):
            yield _declared_configuration(configuration)
        for key in self._resources:
            for instance in self._family(key).instances:
                yield _declared(instance)
        for name in self._calls:
            called = self._called(name)
            if not isinstance(called, Unknown):
                for _, module in called:
                    yield from module.declared()

    def output(self, name: str) -> Value:
        """The value of an output."""
        found = self.outputs.get(name)
        if found is None:
            return Unknown(f"{self.address or 'the root module'} has no output {name!r}")
        node = found[1].body.attributes.get("value")
        return self._once(("output", name), node) if node is not None else Unknown(f"output {name!r} has no value")

    def instances(self, key: tuple[str, str, str]) -> list[Instance]:
        """The instances of a resource by (kind, type, name); none where it is not declared."""
        return self._family(key).instances if key in self._resources else []

    def called(self, name: str) -> list[tuple[Value, "Module"]]:
        """The instances of a module that is called here, by key or index; none where the call leads nowhere."""
        found = self._called(name)
        return [] if isinstance(found, Unknown) else found

    def provider(self, name: str) -> Instance | None:
        """The configuration that a local name stands for, which may be that of a module around; None where there is
        none."""
        found = self.providers.get(name)
        if found is not None or self.caller is None or self.outer is None:
            return found
        handed = self.caller.block.body.attributes.get("providers")
        for key, value in handed.items if isinstance(handed, Object) else ():
            if (key.value if isinstance(key, Literal) else _reference_text(key)) == name:
                return self.outer.provider(_reference_text(value))
        return self.outer.provider(name) if "." not in name else None

    @property
    def _prefix(self) -> str:
        return f"{self.address}." if self.address else ""

    # Scope

    @property
    def budget(self) -> Budget:
        return self.sources.budget

    def root(self, name: str, node: Node) -> Value:
        if name in ("var", "local", "module", "data", "path", "terraform", "ephemeral"):
            return _Handle(name)
        if name in self._types:
            return _Handle("resource", name)
        return Unknown(f"there is no {name!r} in {self.address or 'the root module'}")

    def member(self, target: Value, name: str) -> Value:
        if isinstance(target, _Handle):
            return self._of_handle(target, name)
        if isinstance(target, Instance):
            return target.attribute(name)
        if isinstance(target, Module):
            return target.output(name)
        if isinstance(target, Document):
            return Unknown("a document is a text and has no attributes")
        return Unknown(f"there is no attribute {name!r}")

    def call(self, name: str, arguments: list[Value]) -> Value:
        from bartizan.collect.templates.terraform.files import call

        return call(self.sources.view, self.folder, name, arguments, self.budget)

    def _of_handle(self, handle: _Handle, name: str) -> Value:
        match handle.kind:
            case "var":
                return self._variable(name)
            case "local":
                found = self.locals.get(name)
                return self._once(("local", name), found[1]) if found else Unknown(f"there is no local {name!r}")
            case "module":
                return self._module_value(name)
            case "path":
                return {"module": self.folder, "root": ".", "cwd": "."}.get(name, Unknown(f"there is no path.{name}"))
            case "terraform":
                return "default" if name == "workspace" else Unknown(f"there is no terraform.{name}")
            case "data" | "ephemeral" if not handle.name:
                return _Handle(handle.kind, name)
        key = (handle.kind, handle.name, name)
        if key not in self._resources:
            return Unknown(f"{handle.name}.{name} is not declared")
        return self._family(key).value()

    def _variable(self, name: str) -> Value:
        if name in self._arguments:
            return self._arguments[name]
        found = self.variables.get(name)
        if found is None:
            return Unknown(f"variable {name!r} is not declared")
        default = found[1].body.attributes.get("default")
        return Unknown(f"variable {name!r} has no value") if default is None else self._once(("var", name), default)

    def _once(self, key: tuple[str, str], node: Node) -> Value:
        if key not in self._values:
            self._values[key] = _CIRCLE
            self._values[key] = evaluate(node, self)
        return self._values[key]

    # Resources

    def _family(self, key: tuple[str, str, str]) -> _Family:
        known = self._families.get(key)
        if known is None:
            self._families[key] = _Family(".".join(key[1:]), [], repeated=False, by_key=False, uncertain=_CIRCLE.reason)
            self._families[key] = known = self._expanded(key)
        return known

    def _expanded(self, key: tuple[str, str, str]) -> _Family:
        file, block = self._resources[key]
        kind, type_, name = key
        prefix = f"{self.address}." if self.address else ""
        address = f"{prefix}{'data.' if kind == 'data' else ''}{type_}.{name}"
        repetition, uncertain, by_key = self._repetition(block, file, address)
        instances = [
            Instance(self, block, file, address + suffix, each, index, uncertain) for suffix, each, index in repetition
        ]
        repeated = "count" in block.body.attributes or "for_each" in block.body.attributes
        return _Family(address, instances, repeated, by_key, uncertain)

    def _repetition(
        self, block: Block, file: str, address: str
    ) -> tuple[list[tuple[str, dict[str, Value] | None, int | None]], str, bool]:
        """Instances as (suffix of the address, each, count index); why their number is not known; whether by key."""
        count, for_each = block.body.attributes.get("count"), block.body.attributes.get("for_each")
        if count is not None:
            value = evaluate(count, self)
            number = as_number(value) if not isinstance(value, bool) else int(value)
            if number is None:
                return [("", None, None)], f"count is not known: {_reason(value)}", False
            number = self._bounded(int(number), file, block, address)
            return [(f"[{index}]", None, index) for index in range(number)], "", False
        if for_each is not None:
            value = evaluate(for_each, self)
            if isinstance(value, list):
                texts = [as_text(item) for item in value]
                if None in texts:
                    return [("", None, None)], "for_each has unknown keys", True
                pairs: list[tuple[str, Value]] = [(str(text), text) for text in texts]
            elif isinstance(value, dict):
                pairs = list(value.items())
            else:
                return [("", None, None)], f"for_each is not known: {_reason(value)}", True
            pairs = pairs[: self._bounded(len(pairs), file, block, address)]
            return [(f'["{key}"]', {"key": key, "value": item}, None) for key, item in pairs], "", True
        if not self._bounded(1, file, block, address):
            return [], "", False
        return [("", None, None)], "", False

    def _bounded(self, number: int, file: str, block: Block, address: str) -> int:
        granted = self.budget.instances(min(max(number, 0), MAX_INSTANCES))
        if granted < number:
            reason = f"{address} has {number} instances; only {granted} are judged"
            self.sources.problems.append(TemplateProblem(path=file, line=block.line, reason=reason))
        return granted

    # Modules

    def _module_value(self, name: str) -> Value:
        called = self._called(name)
        if isinstance(called, Unknown):
            return called
        block = self._calls[name][1]
        if "count" in block.body.attributes:
            return [module for _, module in called]
        if "for_each" in block.body.attributes:
            return {str(key): module for key, module in called}
        return called[0][1] if called else Unknown(f"module.{name} has no instance")

    def _called(self, name: str) -> list[tuple[Value, "Module"]] | Unknown:
        if name not in self._modules:
            self._modules[name] = _CIRCLE
            self._modules[name] = self._call_module(name)
        return self._modules[name]

    def _call_module(self, name: str) -> list[tuple[Value, "Module"]] | Unknown:
        if name not in self._calls:
            return Unknown(f"module {name!r} is not called")
        file, block = self._calls[name]
        prefix = f"{self.address}." if self.address else ""
        address = f"{prefix}module.{name}"
        folder = self._module_folder(block, file, address)
        if isinstance(folder, Unknown):
            self.sources.problems.append(TemplateProblem(path=file, line=block.line, reason=folder.reason))
            return folder
        source = self.sources.folder(folder)
        repetition, uncertain, _ = self._repetition(block, file, address)
        out: list[tuple[Value, Module]] = []
        for suffix, each, index in repetition:
            instance = Instance(self, block, file, address + suffix, each, index, uncertain)
            arguments = {
                argument: instance.attribute(argument)
                for argument in block.body.attributes
                if argument not in _META and argument not in ("source", "version")
            }
            key = each["key"] if each else index
            called = Module(
                self.sources, source, address=address + suffix, arguments=arguments, outer=self, caller=instance
            )
            out.append((key, called))
        return out

    def _module_folder(self, block: Block, file: str, address: str) -> str | Unknown:
        node = block.body.attributes.get("source")
        source = as_text(evaluate(node, self)) if node is not None else None
        if not source:
            return Unknown(f"{address} has no source")
        if self.depth >= MAX_DEPTH:
            return Unknown(f"{address} is more than {MAX_DEPTH} modules deep and is not followed")
        if source.startswith(("./", "../", "/")):
            folder = _joined(self.folder, source)
        else:
            found = self.sources.vendored(self.address, block.labels[0])
            if found is None:
                return Unknown(f"{address}: {source} is not on disk; vendor it with 'terraform init' to have it judged")
            folder = found
        if any(folder == caller.folder for caller in self._callers()):
            return Unknown(f"{address}: the module in {folder} calls itself, which Terraform refuses")
        try:
            self.sources.view.list(folder)
        except FilesystemError:
            return Unknown(f"{address}: the folder {folder} is missing; is a submodule of git or a path wrong?")
        return folder

    def _callers(self) -> Iterator["Module"]:
        module: Module | None = self
        while module is not None:
            yield module
            module = module.outer


def _declared(instance: Instance) -> Declared:
    block, module = instance.block, instance.module
    provider = _reference_text(block.body.attributes.get("provider"))
    attributes = instance.configured()
    name = provider_of(block.labels[0], provider)
    configuration = module.provider(name) if name.partition(".")[0] in DEFAULTS and not instance.data else None
    if configuration is not None:
        kind = configuration.block.labels[0]
        merged = with_defaults(block.labels[0], kind, attributes, configuration.set)
        attributes |= dict([merged]) if merged is not None else {}
    return Declared(
        address=instance.address,
        type=block.labels[0],
        name=block.labels[1],
        module=module.address,
        data=instance.data,
        provider=provider,
        attributes=attributes,
        location=Location(path=instance.file, line=block.line, end_line=block.end_line, module=module.address),
        origin=instance.origin,
        uncertain=instance.uncertain,
    )


def _declared_configuration(instance: Instance) -> Declared:
    block, module = instance.block, instance.module
    return Declared(
        address=instance.address,
        type=block.type,
        name=block.labels[0],
        module=module.address,
        attributes=instance.configured(),
        location=Location(path=instance.file, line=block.line, end_line=block.end_line, module=module.address),
        origin=instance.origin,
    )


def _reference_text(node: Node | None) -> str:
    parts: list[str] = []
    while node is not None and hasattr(node, "target"):
        parts.append(getattr(node, "name", ""))
        node = node.target
    name = getattr(node, "name", "") if node is not None else ""
    return ".".join([name, *reversed(parts)]) if name else ""


def _joined(folder: str, relative: str) -> str:
    parts = [] if relative.startswith("/") else folder.split("/")
    for part in relative.split("/"):
        if part == "..":
            if parts:
                parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return "/" + "/".join(part for part in parts if part)


def _reason(value: Value) -> str:
    return value.reason if isinstance(value, Unknown) else "it is not a number, a list or an object"


def root_module(sources: Sources, folder: str, variables: dict[str, str] | None = None) -> Module:
    """The module in a folder with the values of its variable files and of `variables` (name to HCL expression)."""
    given: dict[str, tuple[str, Node]] = {}
    empty = Module(sources, Source(folder))
    for path in sources.variable_files(folder):
        given |= {name: (path, node) for name, node in sources.values(path).items()}
    for name, text in (variables or {}).items():
        try:
            given[name] = ("", parse_expression(text, f"-var {name}"))
        except HclError:
            given[name] = ("", Literal(0, text))
    values = {name: evaluate(node, empty) for name, (_, node) in given.items()}
    return Module(sources, sources.folder(folder), arguments=values, given=given)
