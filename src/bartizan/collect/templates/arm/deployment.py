"""A deployment evaluated: what each resource of a template is, as far as it can be told before it is deployed.

Loops are unrolled, conditions decided, nested templates and modules followed where they are on disk. A resource is
known by its id below the resource group; what refers to one (`resourceId`, `nsg.id`) becomes an unknown that has it as
target.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from bartizan.collect.resources.values import Unknown, Value
from bartizan.collect.templates.arm.evaluate import Evaluator, Locals
from bartizan.collect.templates.arm.functions import MAX_ITEMS, text_of
from bartizan.collect.templates.arm.names import Place, canonical, path, top, within
from bartizan.collect.templates.arm.syntax import Call, Deployment, Lambda, Literal, Node, Object, Stated
from bartizan.collect.templates.budget import Budget
from bartizan.collect.templates.calls import joined
from bartizan.collect.templates.declared import Declared, Step, TemplateProblem
from bartizan.model.resource import Location

_NESTED = 10
_CIRCLE = Unknown("its value depends on itself")
DEPLOYMENTS = "microsoft.resources/deployments"
Load = Callable[[str], Deployment | None]
"""The template in a file; None, with a problem noted, where it cannot be read."""


@dataclass(frozen=True, slots=True)
class Instance:
    """One resource with the values of the loop that made it."""

    stated: Stated
    place: Place
    names: Mapping[str, Value]
    uncertain: str = ""


@dataclass(frozen=True, slots=True)
class Reference:
    """A resource or module that an identifier of Bicep stands for: one, or all that a loop makes."""

    stated: Stated
    instances: tuple[Instance, ...]


@dataclass(slots=True)
class Setting:
    """What all templates of a run share."""

    load: Load
    known_types: Mapping[str, str]
    problems: list[TemplateProblem] = field(default_factory=list)
    read_file: Callable[[str], Value] | None = None
    budget: Budget = field(default_factory=Budget)


class Run:
    """One template with the values of its parameters."""

    def __init__(
        self,
        deployment: Deployment,
        setting: Setting,
        given: Mapping[str, Value],
        *,
        address: str = "",
        outer: "Run | None" = None,
        depth: int = 0,
        caller: Instance | None = None,
    ) -> None:
        self.caller = caller
        """The resource or module, in the template around it, that it is nested by."""
        self._deployment, self._setting, self._given = deployment, setting, given
        self._address, self._outer, self._depth = address, outer, depth
        self._evaluator = Evaluator(self)
        self._variables: dict[str, Value] = {}
        self._parameters: dict[str, Value] = {}
        self._instances: dict[int, tuple[Instance, ...]] = {}
        self._children: dict[tuple[int, int], Run | None] = {}
        self._symbols = {each.symbol: each for each in deployment.resources if each.symbol}
        self._places: dict[str, str] | None = None

    @property
    def budget(self) -> Budget:
        """What this template and those around it may still make."""
        return self._setting.budget

    def declared(self) -> Iterator[Declared]:
        """Every resource, those of nested templates included."""
        for stated in self._deployment.resources:
            if stated.existing:
                continue
            for number, each in enumerate(self._made(stated)):
                if stated.template is not None or stated.link or stated.type.lower() == DEPLOYMENTS:
                    child = self._child(stated, number, each)
                    if child is not None:
                        yield from child.declared()
                else:
                    yield self._declared(each)

    def output(self, name: str) -> Value:
        """The value of an output."""
        for key, node in self._deployment.outputs.items():
            if key.lower() == name.lower():
                return self._evaluator.value(node, {})
        return Unknown(f"there is no output {name!r}")

    def _declared(self, each: Instance) -> Declared:
        stated = each.stated
        body = self._evaluator.value(stated.body, each.names)
        attributes: dict[str, Value] = {}
        if isinstance(body, dict):
            properties = body.get("properties")
            if isinstance(properties, dict):
                attributes |= properties
            attributes |= {key: value for key, value in body.items() if key != "properties"}
            if isinstance(properties, Unknown):
                attributes |= {"properties": properties}
        attributes["name"] = each.place.name.rpartition("/")[2]
        if each.place.parent:
            attributes["parent"] = self._here(each.place.parent)
        scope = attributes.get("scope")
        if each.place.scope:
            attributes["scope"] = self._here(each.place.scope)
        elif scope is not None:
            attributes["scope"] = scope
        return Declared(
            address=f"{self._address}{each.place.id}",
            type=canonical(each.place.type, self._setting.known_types),
            name=each.place.name.rpartition("/")[2],
            module=self._address.rstrip("/"),
            attributes=attributes,
            location=Location(
                path=self._deployment.path,
                line=stated.line,
                end_line=stated.end_line,
                module=self._address.rstrip("/"),
            ),
            origin=partial(self._origin, each),
            uncertain=each.uncertain,
        )

    def _here(self, id_: str) -> str:
        """The address of an id: of a resource of this template, or of one around it."""
        if self._places is None:
            self._places = {}
            for stated in self._deployment.resources:
                if not stated.existing:
                    for each in self._made(stated):
                        self._places[each.place.id.lower()] = f"{self._address}{each.place.id}"
        found = self._places.get(id_.lower())
        if found is None and self._outer is not None:
            return self._outer._here(id_)
        return found or id_

    # Instances

    def _made(self, stated: Stated) -> tuple[Instance, ...]:
        """The instances of a resource: one, one for each round of its loop, or none where its condition is false."""
        key = id(stated)
        if key not in self._instances:
            self._instances[key] = ()
            self._instances[key] = tuple(self._make(stated))
        return self._instances[key]

    def _make(self, stated: Stated) -> Iterator[Instance]:
        parents: tuple[Instance | None, ...] = self._made(stated.parent) if stated.parent is not None else (None,)
        for parent in parents:
            inherited: Locals = parent.names if parent is not None else {}
            for names, doubt in self._rounds(stated, inherited):
                uncertain = doubt or (parent.uncertain if parent is not None else "")
                if stated.condition is not None:
                    wanted = self._evaluator.value(stated.condition, names)
                    if wanted is False:
                        continue
                    if isinstance(wanted, Unknown):
                        uncertain = uncertain or f"condition: {wanted.reason}"
                if not self.budget.instances(1):
                    self._problem(stated, "the templates make more resources than are judged")
                    return
                yield Instance(stated, self._place(stated, parent, names), names, uncertain)

    def _rounds(self, stated: Stated, names: Locals) -> Iterator[tuple[Locals, str]]:
        loop = stated.loop
        if loop is None:
            yield names, ""
            return
        found: Value
        if loop.source is not None:
            found = self._evaluator.value(loop.source, names)
        else:
            count = self._evaluator.value(loop.count, names) if loop.count is not None else 0
            found = list(range(count)) if isinstance(count, int) and -1 < count <= MAX_ITEMS else count
        if not isinstance(found, list) or len(found) > MAX_ITEMS:
            unknown = found if isinstance(found, Unknown) else Unknown("its loop has no count that can be made")
            once = Unknown(unknown.reason, text=f"${{{loop.item or loop.name}}}")
            yield {**names, loop.item: once, loop.index: once, f"copy {loop.name}": once, "copy ": once}, unknown.reason
            return
        for index, item in enumerate(found):
            yield {**names, loop.item: item, loop.index: index, f"copy {loop.name}": index, "copy ": index}, ""

    def _place(self, stated: Stated, parent: Instance | None, names: Locals) -> Place:
        name = text_of(self._evaluator.value(stated.name, names))
        if parent is not None:
            return within(parent.place, stated.type, name)
        above = self._parent(stated, names)
        if above is not None and name:
            names_above = above.place.name.count("/") + 1
            if stated.type.count("/") > names_above:
                return Place(stated.type, f"{above.place.name}/{name}", above.place.scope)
        return top(stated.type, name)

    def _parent(self, stated: Stated, names: Locals) -> Instance | None:
        """The resource that Bicep's `parent:` names."""
        node = next((item for key, item in _items(stated) if key == "parent"), None)
        found = self._evaluator.value(node, names) if node is not None else None
        return found.instances[0] if isinstance(found, Reference) and found.instances else None

    # Nested templates

    def _child(self, stated: Stated, number: int, each: Instance) -> "Run | None":
        key = (id(stated), number)
        if key not in self._children:
            self._children[key] = None
            self._children[key] = self._nested(stated, each)
        return self._children[key]

    def _nested(self, stated: Stated, each: Instance) -> "Run | None":
        where = self._deployment.path
        name = stated.symbol or text_of(self._evaluator.value(stated.name, each.names))
        if self._depth >= _NESTED:
            self._problem(stated, f"{name}: more than {_NESTED} templates within each other")
            return None
        found = stated.template
        if found is None:
            link = stated.link or self._link(stated, each)
            if not link or "://" in link or link.startswith(("br:", "ts:", "br/", "ts/")):
                self._problem(stated, f"{name}: its template is not on disk{f' ({link})' if link else ''}")
                return None
            target = joined(where.rpartition("/")[0], link)
            if any(target == around._deployment.path for around in self._around_it()):
                self._problem(stated, f"{name}: the template in {target} nests itself")
                return None
            found = self._setting.load(target)
        if found is None:
            return None
        body = self._evaluator.value(stated.body, each.names)
        given = _arguments(body if isinstance(body, dict) else {})
        return Run(
            found,
            self._setting,
            given,
            address=f"{self._address}{name}/",
            outer=self,
            depth=self._depth + 1,
            caller=each,
        )

    def _around_it(self) -> Iterator["Run"]:
        run: Run | None = self
        while run is not None:
            yield run
            run = run._outer

    def _link(self, stated: Stated, each: Instance) -> str:
        body = self._evaluator.value(stated.body, each.names)
        properties = body.get("properties") if isinstance(body, dict) else None
        link = properties.get("templateLink") if isinstance(properties, dict) else None
        found = (link.get("relativePath") or link.get("uri")) if isinstance(link, dict) else None
        return found if isinstance(found, str) else ""

    def _problem(self, stated: Stated, reason: str) -> None:
        self._setting.problems.append(TemplateProblem(path=self._deployment.path, line=stated.line, reason=reason))

    # What is asked about the origin of values

    def _origin(self, each: Instance, path: str, hide: bool = False) -> tuple[Step, ...]:
        from bartizan.collect.templates.arm.origin import origin_of

        return origin_of(self, each, path, hide)

    @property
    def file(self) -> str:
        """The file of the template."""
        return self._deployment.path

    @property
    def around(self) -> "Run | None":
        """The template that nests this one."""
        return self._outer

    def line_of(self, path: str) -> int:
        """The line of `parameters.name` or `variables.name`; 0 where it is not known."""
        return self._deployment.lines.get(path, 0)

    def is_secure(self, name: str) -> bool:
        """Whether a parameter's value is secret."""
        return name in self._deployment.secure

    def kind_of(self, name: str) -> tuple[str, str] | None:
        """What an identifier of Bicep is: ("parameters" or "variables", name); None where it is neither."""
        if name in self._deployment.variables:
            return "variables", name
        return ("parameters", name) if name in self._deployment.parameters else None

    def lookup(self, kind: str, name: str) -> "tuple[Run, str, Node | None, bool]":
        """Where a parameter or variable is told: the template, the name as it has it, its default or value, and
        whether something else was given."""
        if self._deployment.outer and self._outer is not None:
            return self._outer.lookup(kind, name)
        held: Mapping[str, Node | None] = (
            self._deployment.variables if kind == "variables" else self._deployment.parameters
        )
        key = next((each for each in held if each.lower() == name.lower()), name)
        given = kind == "parameters" and any(each.lower() == name.lower() for each in self._given)
        return self, key, held.get(key), given

    def evaluated(self, node: Node, names: Locals) -> Value:
        """The value of a node."""
        return self._evaluator.value(node, names)

    # What the evaluator asks

    def name(self, name: str) -> Value:
        """An identifier of Bicep."""
        if name in self._deployment.variables:
            return self._variable(name)
        if name in self._deployment.parameters or name in self._given:
            return self._parameter(name)
        if name in self._symbols:
            stated = self._symbols[name]
            return Reference(stated, self._made(stated))
        return Unknown(f"there is no {name!r} here")

    def function(self, name: str) -> Lambda | None:
        """A function that the template defines."""
        return self._deployment.functions.get(name)

    def member(self, target: Value, name: str) -> Value | None:
        """A property of a resource or module that Bicep refers to, or an inner resource of it."""
        if isinstance(target, _Outputs):
            return (
                target.run.output(name)
                if target.run is not None
                else Unknown(f"output {name!r} of a module that is not read")
            )
        if not isinstance(target, Reference):
            return None
        if len(target.instances) != 1:
            reason = "a loop makes several" if target.instances else "its condition is false"
            return Unknown(f"{target.stated.symbol}: {reason}")
        each = target.instances[0]
        inner = next(
            (one for one in self._deployment.resources if one.parent is target.stated and one.symbol == name), None
        )
        if inner is not None:
            return Reference(inner, self._made(inner))
        if name == "name":
            return (
                each.place.name.rpartition("/")[2]
                if "${" not in each.place.name
                else self._evaluator.value(each.stated.name, each.names)
            )
        if name == "type":
            return each.place.type
        if name == "outputs" and (target.stated.link or target.stated.template):
            return _Outputs(self._child(target.stated, 0, each))
        return self._refer(each.place.id, name)

    def _refer(self, id_: str, attribute: str = "id") -> Unknown:
        return Unknown(f"{id_}: {attribute} is known when it is deployed", self._here(id_), attribute, id_)

    def knows(self, name: str) -> bool:
        """Whether a function speaks of the deployment."""
        return name in _OWN

    def call(self, name: str, arguments: list[Value]) -> Value:
        """A function that speaks of the deployment."""
        return _OWN[name](self, arguments)

    def _parameter(self, name: str) -> Value:
        if self._deployment.outer and self._outer is not None:
            return self._outer._parameter(name)
        key = next((each for each in self._deployment.parameters if each.lower() == name.lower()), name)
        for given, value in self._given.items():
            if given.lower() == name.lower():
                return value
        if key not in self._deployment.parameters:
            return Unknown(f"there is no parameter {name!r}")
        if key not in self._parameters:
            node = self._deployment.parameters[key]
            unset = Unknown(f"parameter {key!r} has no value", text=f"${{{key}}}")
            self._parameters[key] = _CIRCLE
            self._parameters[key] = self._evaluator.value(node, {}) if node is not None else unset
        return self._parameters[key]

    def _variable(self, name: str) -> Value:
        if self._deployment.outer and self._outer is not None:
            return self._outer._variable(name)
        key = next((each for each in self._deployment.variables if each.lower() == name.lower()), None)
        if key is None:
            return Unknown(f"there is no variable {name!r}")
        if key not in self._variables:
            self._variables[key] = _CIRCLE
            self._variables[key] = self._evaluator.value(self._deployment.variables[key], {})
        return self._variables[key]

    def _named_parameter(self, arguments: list[Value]) -> Value:
        return self._parameter(str(arguments[0])) if arguments else Unknown("parameters needs a name")

    def _named_variable(self, arguments: list[Value]) -> Value:
        return self._variable(str(arguments[0])) if arguments else Unknown("variables needs a name")

    def _resource_id(self, arguments: list[Value]) -> Value:
        texts = [text_of(each) for each in arguments]
        start = next((index for index, each in enumerate(texts) if "/" in each and "." in each.partition("/")[0]), None)
        if start is None:
            return Unknown("resourceId needs a type and names")
        return self._refer(path(texts[start], "/".join(texts[start + 1 :])))

    def _extension_id(self, arguments: list[Value]) -> Value:
        if len(arguments) < 3:
            return Unknown("extensionResourceId needs an id, a type and names")
        base = (
            arguments[0].target if isinstance(arguments[0], Unknown) and arguments[0].target else text_of(arguments[0])
        )
        return self._refer(
            f"{base}/providers/{path(text_of(arguments[1]), '/'.join(text_of(each) for each in arguments[2:]))}"
        )

    def _reference(self, arguments: list[Value]) -> Value:
        target = arguments[0] if arguments else None
        if isinstance(target, Unknown) and target.target:
            return Unknown(f"{target.text} is known when it is deployed", target.target, "", target.text)
        return Unknown(f"{text_of(target)} is known when it is deployed", text=f"${{reference({text_of(target)})}}")

    def _around(self, name: str) -> Callable[[list[Value]], Value]:
        def group(arguments: list[Value]) -> Value:
            reason = f"the {name} is known when the template is deployed"
            base = "/subscriptions/${subscription}" + (
                "/resourceGroups/${resourceGroup}" if name == "resource group" else ""
            )
            known = {key: Unknown(reason, text=f"${{{name}.{key}}}") for key in _AROUND}
            return {**known, "id": Unknown(reason, text=base), "tags": Unknown(reason), "properties": Unknown(reason)}

        return group

    def _file(self, arguments: list[Value], as_json: bool = False) -> Value:
        if not arguments or not isinstance(arguments[0], str) or self._setting.read_file is None:
            return Unknown("a file is read when the template is deployed")
        folder = self._deployment.path.rpartition("/")[0]
        text = self._setting.read_file(f"{folder}/{arguments[0].removeprefix('./')}")
        if as_json and isinstance(text, str):
            return self._evaluator.value(Call("json", (Literal(text),)), {})
        return text


@dataclass(frozen=True, slots=True)
class _Outputs:
    """The outputs of a module."""

    run: Run | None


_AROUND = ("name", "location", "subscriptionId", "tenantId", "displayName", "managedBy", "type")


def _items(stated: Stated) -> Iterator[tuple[str, Any]]:
    if isinstance(stated.body, Object):
        for key, item in stated.body.items:
            if isinstance(key, Literal):
                yield str(key.value), item


def _arguments(body: Mapping[str, Value]) -> dict[str, Value]:
    """The values that a module gets: `params` in Bicep, `properties.parameters.name.value` in ARM."""
    params = body.get("params")
    if isinstance(params, dict):
        return dict(params)
    properties = body.get("properties")
    found = properties.get("parameters") if isinstance(properties, dict) else None
    out: dict[str, Value] = {}
    for key, each in found.items() if isinstance(found, dict) else ():
        out[key] = each.get("value", Unknown("it is taken from a key vault")) if isinstance(each, dict) else each
    return out


_OWN: dict[str, Callable[[Run, list[Value]], Value]] = {
    "parameters": Run._named_parameter,
    "variables": Run._named_variable,
    "resourceid": Run._resource_id,
    "subscriptionresourceid": Run._resource_id,
    "tenantresourceid": Run._resource_id,
    "managementgroupresourceid": Run._resource_id,
    "extensionresourceid": Run._extension_id,
    "reference": Run._reference,
    "resourcegroup": lambda run, arguments: run._around("resource group")(arguments),
    "subscription": lambda run, arguments: run._around("subscription")(arguments),
    "tenant": lambda run, arguments: run._around("tenant")(arguments),
    "managementgroup": lambda run, arguments: run._around("management group")(arguments),
    "deployment": lambda run, arguments: run._around("deployment")(arguments),
    "environment": lambda run, arguments: Unknown(
        "the cloud is known when the template is deployed", text="${environment}"
    ),
    "any": lambda run, arguments: arguments[0] if arguments else None,
    "loadtextcontent": Run._file,
    "loadjsoncontent": lambda run, arguments: run._file(arguments, as_json=True),
    "loadfileasbase64": lambda run, arguments: Unknown("a file's bytes are not read"),
    "loadyamlcontent": lambda run, arguments: Unknown("YAML files are not read"),
}
