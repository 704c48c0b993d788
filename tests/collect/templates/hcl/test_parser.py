"""HCL as people write it, and as they write it wrong."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bartizan.collect.resources.values import Document, Unknown, Value
from bartizan.collect.templates.budget import Budget
from bartizan.collect.templates.hcl.evaluate import evaluate
from bartizan.collect.templates.hcl.functions import FUNCTIONS
from bartizan.collect.templates.hcl.parser import MAX_DEPTH, HclError, parse, parse_expression
from bartizan.collect.templates.hcl.syntax import Node


class Names:
    """A scope of plain names."""

    def __init__(self, **names: Value) -> None:
        self.names = names
        self.budget = Budget()

    def root(self, name: str, node: Node) -> Value:
        return self.names.get(name, Unknown(f"there is no {name}"))

    def member(self, target: Value, name: str) -> Value:
        return Unknown(f"there is no attribute {name!r}")

    def call(self, name: str, arguments: list[Value]) -> Value:
        raise KeyError(name)


def value(text: str, **names: Value) -> Value:
    return evaluate(parse_expression(text), Names(**names))


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("10 / 4", 2.5),
        ("10 / 5", 2),
        ("-7 % 3", -1),
        ("!true || 1 < 2 && 2 >= 2", True),
        ('"1" == 1', True),
        ('parseint("ff", 16)', 255),
        ("pow(2, 10)", 1024),
        ('timecmp("2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z")', 1),
        ('formatdate("EEE, DD MMM YYYY \'at\' hh:mm ZZZ", "2026-11-28T04:05:06Z")', "Sat, 28 Nov 2026 at 04:05 UTC"),
        ('textdecodebase64(textencodebase64("é", "UTF-16LE"), "UTF-16LE")', "é"),
        ('base64gunzip(base64gzip("text"))', "text"),
        ('urldecode(urlencode("a b&c"))', "a b&c"),
        ('cidrcontains("10.0.0.0/8", "10.1.0.0/16")', True),
        ('uuidv5("dns", "www.terraform.io")', "a5008fae-b28c-5ba5-96cd-82b4c53552d6"),
        ('distinct(["a", 1, "a", true, 1])', ["a", 1, True]),
        ('setintersection(["a", "b"], ["b", "c"], ["b"])', ["b"]),
        ('setsubtract(["a", "b"], ["b"])', ["a"]),
        ('matchkeys(["x", "y"], ["a", "b"], ["b"])', ["y"]),
        ("true == 1", False),
        ("null == null", True),
        ('"a${1 + 1}b"', "a2b"),
        ('"$${x} %%{y} \\"q\\" \\u00e9"', '${x} %{y} "q" é'),
        ('"${[1, 2][1]}"', 2),
        ('{a = 1, "b" : 2, (upper("c")) = 3}', {"a": 1, "b": 2, "C": 3}),
        ("[for n in [3, 1, 2] : n * 2 if n > 1]", [6, 4]),
        ('{for i, n in ["x", "y"] : n => i}', {"x": 0, "y": 1}),
        ('{for n in ["aa", "ab", "b"] : substr(n, 0, 1) => n...}', {"a": ["aa", "ab"], "b": ["b"]}),
        ("[{id = 1}, {id = 2}][*].id", [1, 2]),
        ("{id = 1}[*].id", [1]),
        ("null[*].id", []),
        ('true ? "x" : "y"', "x"),
        ('"%{ if true }yes%{ else }no%{ endif }"', "yes"),
        ('"%{ for n in [1, 2] }<${n}>%{ endfor }"', "<1><2>"),
        ('try({}.missing, "other")', "other"),
        ("can({}.missing)", False),
        ("max([1, 3, 2]...)", 3),
    ],
)
def test_expressions(text: str, meant: Value) -> None:
    assert value(text) == meant


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ('cidrsubnet("10.0.0.0/8", 8, 2)', "10.2.0.0/16"),
        ('cidrhost("10.0.0.0/24", -1)', "10.0.0.255"),
        ('cidrsubnets("10.1.0.0/16", 4, 4, 8)', ["10.1.0.0/20", "10.1.16.0/20", "10.1.32.0/24"]),
        ('format("%s-%03d-%t", "a", 7, true)', "a-007-true"),
        ('formatlist("%s!", ["a", "b"])', ["a!", "b!"]),
        ('join(",", ["a", 1, true])', "a,1,true"),
        ('regex("(?P<a>[a-z]+)-(?P<b>\\\\d+)", "abc-12")', {"a": "abc", "b": "12"}),
        ('regexall("[a-z]", "1a2b")', ["a", "b"]),
        ('replace("a.b.c", "/\\\\./", "-")', "a-b-c"),
        ("flatten([[1, [2]], 3])", [1, 2, 3]),
        ('lookup({a = 1}, "b", 5)', 5),
        ('element(["a", "b"], 3)', "b"),
        ("range(3)", [0, 1, 2]),
        ('setproduct(["a"], [1, 2])', [["a", 1], ["a", 2]]),
        ('zipmap(["a", "b"], [1, 2])', {"a": 1, "b": 2}),
        ('yamldecode("a: [1, 2]")', {"a": [1, 2]}),
        ('jsondecode("{\\"a\\": 1}").a', 1),
        ('trimprefix("xay", "x")', "ay"),
        ('coalesce("", null, "c")', "c"),
        ("merge({a = 1}, {b = 2})", {"a": 1, "b": 2}),
        ('base64encode("hi")', "aGk="),
        ('sha1("a")', "86f7e437faa5a7fce15d1ddcb9eaeaea377667b8"),
    ],
)
def test_functions(text: str, meant: Value) -> None:
    assert value(text) == meant


UNKNOWN = Unknown("known after apply", "aws_vpc.main", "id")


@pytest.mark.parametrize("text", ["false && x", "x && false", "!(true || x)", "x ? false : false"])
def test_what_no_unknown_can_change_is_known(text: str) -> None:
    assert value(text, x=UNKNOWN) is False


@pytest.mark.parametrize("text", ["x == 1", "x && true", "[x][0]", "x + 1", "lower(x)", "x ? 1 : 2", 'join("", [x])'])
def test_an_unknown_stays_one_and_keeps_its_reason(text: str) -> None:
    found = value(text, x=UNKNOWN)
    assert isinstance(found, Unknown) and "known after apply" in found.reason


def test_a_text_with_an_unknown_part_shows_the_rest() -> None:
    found = value('"arn:aws:s3:::${x}/*"', x=UNKNOWN)
    assert isinstance(found, Unknown) and found.text == "arn:aws:s3:::${…}/*"


def test_an_encoded_document_can_still_be_read() -> None:
    assert value('jsonencode({Effect = "Allow", Resource = x})', x=UNKNOWN) == Document(
        {"Effect": "Allow", "Resource": UNKNOWN}
    )
    assert value('"${jsonencode({b = 1, a = "<"})}"') == Document({"b": 1, "a": "<"})
    assert value('"x${jsonencode({b = 1, a = "<"})}"') == 'x{"a":"\\u003c","b":1}'


def test_a_mistake_of_types_is_an_unknown_with_its_reason() -> None:
    for text in ('"a" + 1', "upper([1])", "{}.a", "[1][7]", "no_such_function(1)", 'regex("(", "a")', "1 / 0"):
        assert isinstance(value(text), Unknown), text


def test_structure_lines_and_labels() -> None:
    body = parse('a = 1\nresource "t" "n" {\n  x = [\n    1,\n  ]\n  inner {\n    y = 2\n  }\n}\n')
    (block,) = body.blocks
    assert (block.type, block.labels, block.line, block.end_line) == ("resource", ["t", "n"], 2, 9)
    assert block.body.attributes["x"].line == 3
    assert block.body.blocks[0].body.attributes["y"].line == 7


def test_heredocs() -> None:
    body = parse("a = <<-EOT\n    one ${1 + 1}\n      two\n    EOT\nb = <<E\n  kept\nE\n")
    assert evaluate(body.attributes["a"], Names()) == "one 2\n  two\n"
    assert evaluate(body.attributes["b"], Names()) == "  kept\n"


def test_new_lines_mean_nothing_within_parentheses_and_end_what_is_without() -> None:
    body = parse("a = (true\n  && false)\nb = [\n  1\n  ,\n  2\n]\nc = max(\n 1,\n 2\n)\n")
    assert [evaluate(node, Names()) for node in body.attributes.values()] == [False, [1, 2], 2]
    with pytest.raises(HclError, match="f:2:3"):
        parse("a = true\n  && false\n", "f")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('a = "x', r"f:1:\d+: a string has no end"),
        ('a = "x\n"', r"f:1:7: a string ends with its line"),
        ("a = [1, 2", r"f:1:10: ',' or '\]' expected"),
        ("a = <<EOT\nx", "never ends with EOT"),
        ("a = 1\na = 2", "f:2:.*a is set twice"),
        ('b "x" {\n', "f:2:1: a name expected"),
        ("a = b c", "a new line expected, found 'c'"),
        ("a = $", r"unexpected character '\$'"),
        ('a = "%{ if x }"', "has no end"),
        ("a = " + "[" * 5000, f"nested more than {MAX_DEPTH} deep"),
        ("a = " + "-" * 5000 + "1", f"nested more than {MAX_DEPTH} deep"),
        ("a " + "{ a " * 5000, f"nested more than {MAX_DEPTH} deep"),
        ("a = " + '"${' * 5000, f"nested more than {MAX_DEPTH} deep"),
    ],
)
def test_errors_have_a_place(text: str, message: str) -> None:
    with pytest.raises(HclError, match=message):
        parse(text, "f")


PIECES = st.sampled_from(
    ['"', "${", "%{", "}", "{", "[", "]", "(", ")", "a", "1", " ", "\n", "=", ",", ".", "*", "?", ":", "for", "in",
     "if", "<<E\n", "E\n", "&&", "...", "=>", "\\", "~", "/*", "*/", "#", "endif", "else"]
)  # fmt: skip


@given(text=st.lists(PIECES, max_size=60).map("".join) | st.text(max_size=200))
@settings(max_examples=500, deadline=None)
def test_any_text_parses_or_is_refused(text: str) -> None:
    try:
        body = parse(text, "f")
    except HclError as error:
        assert error.line >= 1 and error.column >= 1
        return
    for node in body.attributes.values():
        evaluate(node, Names())


@given(name=st.sampled_from(sorted(FUNCTIONS)), arguments=st.lists(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=5) | st.lists(st.text(max_size=3), max_size=3)
    | st.dictionaries(st.text(max_size=2), st.integers(), max_size=2) | st.just(UNKNOWN), max_size=4))  # fmt: skip
@settings(max_examples=500, deadline=None)
def test_any_call_has_a_value_or_is_unknown(name: str, arguments: list[Value]) -> None:
    names = {f"a{number}": argument for number, argument in enumerate(arguments)}
    value(f"{name}({', '.join(names)})", **names)
