"""Bicep files to deployments: parameters, variables, resources with those within them, modules, outputs, functions.

Microsoft Learn, "Bicep file structure and syntax":

    param env string = 'dev'
    resource store 'Microsoft.Storage/storageAccounts@2023-01-01' = {
      name: 'logs${env}'
      properties: { supportsHttpsTrafficOnly: true }
    }
    module net './net.bicep' = [for i in range(0, 2): if (env == 'dev') { name: 'net${i}', params: { number: i } }]

Not read, each noted with its line: `import`, `extension`, `provider`, `assert`. Types and decorators say nothing about
resources and are passed over. A statement that cannot be read is a problem; the ones after it are read.
"""

from collections.abc import Iterable, Iterator, Mapping

from bartizan.collect.templates.arm.bicep_expression import Expressions
from bartizan.collect.templates.arm.bicep_scanner import Token, scan
from bartizan.collect.templates.arm.syntax import (
    ArmError,
    Array,
    Call,
    Deployment,
    Lambda,
    Literal,
    Loop,
    Node,
    Object,
    Stated,
)
from bartizan.collect.templates.attribute_path import Part, path_of
from bartizan.collect.templates.declared import TemplateProblem

_PASSED_OVER = ("metadata", "targetScope", "type", "using")
_UNREAD = ("import", "extension", "provider", "assert")
_STATEMENTS = frozenset(
    {"param", "var", "resource", "module", "output", "func", "@", *_PASSED_OVER, *_UNREAD},
)


def read_bicep(text: str, path: str, problems: list[TemplateProblem]) -> Deployment:
    """The deployment of a Bicep file; what cannot be read is noted. Raises `ArmError` where it has no tokens."""
    reader = _Reader(scan(text), path, problems)
    reader.statements()
    return reader.deployment


class _Reader:
    def __init__(self, tokens: tuple[Token, ...], path: str, problems: list[TemplateProblem]) -> None:
        self._expressions = Expressions(tokens, self._inner)
        self._problems, self._path = problems, path
        self.deployment = Deployment(path=path)
        self._parents: list[Stated] = []
        self._secure = False
        """Whether what the decorators stand before is secret."""

    def statements(self) -> None:
        """Every statement of the file."""
        reader = self._expressions
        reader.lines()
        while reader.token.kind != "end":
            start = reader.at
            try:
                self._decorators()
                self._statement()
                self._end_of_statement()
            except ArmError as error:
                self._problems.append(TemplateProblem(path=self._path, line=error.line, reason=error.reason))
                self._parents.clear()
                reader.at = max(reader.at, start + 1)
                self._to_next_statement()
            reader.lines()

    def _to_next_statement(self) -> None:
        reader = self._expressions
        while reader.token.kind != "end" and not (reader.token.first and reader.token.text in _STATEMENTS):
            reader.at += 1

    def _statement(self) -> None:
        reader = self._expressions
        line = reader.token.line
        keyword = reader.identifier()
        if keyword == "param":
            name = reader.identifier()
            self.deployment.lines[f"parameters.{name}"] = line
            if self._secure:
                self.deployment.secure.add(name)
            self._type()
            self.deployment.parameters[name] = reader.value() if reader.skip("=") else None
        elif keyword == "var":
            name = reader.identifier()
            self.deployment.lines[f"variables.{name}"] = line
            self._type()
            reader.expect("=")
            reader.lines()
            self.deployment.variables[name] = reader.value()
        elif keyword in ("resource", "module"):
            self._resource(keyword, line)
        elif keyword == "output":
            name = reader.identifier()
            self._type()
            reader.expect("=")
            reader.lines()
            self.deployment.outputs[name] = reader.value()
        elif keyword == "func":
            self._function()
        elif keyword in _PASSED_OVER:
            self._rest_of_statement()
        elif keyword in _UNREAD:
            self._rest_of_statement()
            self._problems.append(TemplateProblem(path=self._path, line=line, reason=f"{keyword!r} is not supported"))
        else:
            raise ArmError(line, f"{keyword!r} begins no statement")

    def _decorators(self) -> None:
        reader = self._expressions
        self._secure = False
        while reader.skip("@"):
            decorator = reader.value()
            self._secure = self._secure or (isinstance(decorator, Call) and decorator.name == "secure")
            reader.lines()

    def _end_of_statement(self) -> None:
        token = self._expressions.token
        if token.kind not in ("line", "end"):
            raise ArmError(token.line, f"a new line is expected, not {token.text!r}")

    def _type(self) -> None:
        """Passes over a type: everything up to `=` or the end of the line, brackets and unions over lines included."""
        reader = self._expressions
        depth = 0
        while reader.token.kind != "end":
            token = reader.token
            if token.kind == "mark" and token.text in ("{", "[", "(", "[?"):
                depth += 1
            elif token.kind == "mark" and token.text in ("}", "]", ")"):
                depth -= 1
            elif depth == 0 and (token.text == "=" or (token.kind == "line" and reader.ahead().text != "|")):
                return
            reader.at += 1

    def _rest_of_statement(self) -> None:
        reader = self._expressions
        depth = 0
        while reader.token.kind != "end":
            token = reader.token
            if token.kind == "line" and depth == 0 and reader.ahead().text != "|":
                return
            if token.kind == "mark" and token.text in ("{", "[", "(", "[?"):
                depth += 1
            elif token.kind == "mark" and token.text in ("}", "]", ")"):
                depth -= 1
            reader.at += 1

    def _function(self) -> None:
        """`func name(a string, b int) string => body`."""
        reader = self._expressions
        name = reader.identifier()
        reader.expect("(")
        names = []
        depth = 1
        wanted = True
        while depth and reader.token.kind != "end":
            token = reader.next()
            if token.kind == "name" and wanted:
                names.append(token.text)
                wanted = False
            elif token.text == "," and depth == 1:
                wanted = True
            elif token.text in ("(", "{", "["):
                depth += 1
            elif token.text in (")", "}", "]"):
                depth -= 1
        while reader.token.text != "=>" and reader.token.kind != "end":
            reader.at += 1
        reader.expect("=>")
        reader.lines()
        self.deployment.functions[name] = Lambda(tuple(names), reader.value())

    # Resources

    def _inner(self, reader: Expressions) -> None:
        """A resource within the object of another."""
        self._decorators()
        line = reader.token.line
        if reader.identifier() != "resource":
            raise ArmError(line, "only a resource can stand here")
        self._resource("resource", line)

    def _resource(self, keyword: str, line: int) -> None:
        reader = self._expressions
        symbol = reader.identifier()
        token = reader.next()
        written = reader.text(token) if token.kind == "text" else None
        if not isinstance(written, Literal) or not isinstance(written.value, str):
            raise ArmError(token.line, "a type or a path is expected, as a plain text")
        existing = reader.token.text == "existing"
        if existing:
            reader.next()
        reader.expect("=")
        reader.lines()
        stated = Stated(
            symbol=symbol,
            type=written.value.partition("@")[0] if keyword == "resource" else "Microsoft.Resources/deployments",
            name=Literal(symbol),
            body=Object(()),
            existing=existing,
            parent=self._parents[-1] if self._parents else None,
            link=written.value if keyword == "module" else "",
            line=line,
        )
        self.deployment.resources.append(stated)
        self._parents.append(stated)
        try:
            self._body(stated)
        finally:
            if self._parents:
                self._parents.pop()
        stated.end_line = reader.tokens[reader.at - 1].line

    def _body(self, stated: Stated) -> None:
        """`{...}`, `if (condition) {...}` or `[for item in source: ...]`."""
        reader = self._expressions
        looped = reader.token.text == "[" and reader.token.kind == "mark"
        if looped:
            reader.next()
            reader.lines()
            if reader.token.text != "for":
                raise ArmError(reader.token.line, "'for' is expected")
            item, index, source = reader.loop()
            stated.loop = Loop(item=item, index=index, source=source)
        stated.condition = reader.condition()
        body = reader.object()
        if looped:
            reader.lines()
            reader.expect("]")
        stated.name = _property(body, "name") or stated.name
        stated.body = Object(tuple((key, item) for key, item in body.items if key != Literal("name")))
        stated.lines = dict(_lines(stated.body, (), reader.places))


def _lines(node: Node, above: tuple[Part, ...], places: Mapping[int, int]) -> Iterator[tuple[str, int]]:
    """Path to line of what stands in a body; properties are told without `properties`."""
    inner: Iterable[tuple[Part, Node]] = ()
    if isinstance(node, Object):
        inner = [(str(key.value), item) for key, item in node.items if isinstance(key, Literal)]
    elif isinstance(node, Array):
        inner = list(enumerate(node.items))
    for part, item in inner:
        parts = (*above, part)
        line = places.get(id(item), 0)
        if line:
            yield path_of(parts[1:] if len(parts) > 1 and parts[0] == "properties" else parts), line
        yield from _lines(item, parts, places)


def _property(body: Object, name: str) -> Node | None:
    return next((item for key, item in body.items if key == Literal(name)), None)
