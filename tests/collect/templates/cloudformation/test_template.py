"""CloudFormation's functions and conditions, worked out as far as a template alone can tell."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bartizan.collect.filesystem.memory import MemoryView
from bartizan.collect.resources.values import Document, Unknown
from bartizan.collect.templates.cloudformation.resources import of_template
from bartizan.collect.templates.cloudformation.template import Template, short_form
from bartizan.collect.templates.located import LocatedError, load_all

HEAD = """
Parameters:
  Env: {Type: String, Default: dev}
  Secret: {Type: String}
Mappings:
  Sizes: {dev: {size: 1}, prod: {size: 9}}
Conditions:
  IsProd: !Equals [!Ref Env, prod]
  IsSecret: !Equals [!Ref Secret, x]
  NotProd: !Not [!Condition IsProd]
  Either: !Or [!Condition IsSecret, !Condition NotProd]
"""


def template(resources: str, **parameters: str) -> Template:
    text = HEAD + "Resources:\n" + "\n".join("  " + line for line in resources.strip("\n").split("\n"))
    return Template(next(load_all(text, short_form)), "t.yaml", parameters)


def value(text: str, **parameters: str) -> Any:
    (found,) = template(f"R:\n  Type: T\n  Properties:\n    v: {text}", **parameters).declared()
    return found.attributes.get("v")


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("!Ref Env", "dev"),
        ("!Sub '${Env}-${!literal}-${AWS::Partition}'", "dev-${literal}-aws"),
        ("!Sub ['${a}!', {a: !Ref Env}]", "dev!"),
        ("!Join ['-', [a, !Ref Env]]", "a-dev"),
        ("!Select [1, [a, b]]", "b"),
        ("!Split [',', 'a,b']", ["a", "b"]),
        ("!FindInMap [Sizes, !Ref Env, size]", 1),
        ("!If [IsProd, 1, 2]", 2),
        ("!If [IsSecret, same, same]", "same"),
        ("!If [Either, yes, !Ref AWS::NoValue]", True),
        ("{'Fn::Base64': hi}", "aGk="),
        ("!Cidr [10.0.0.0/16, 2, 8]", ["10.0.0.0/24", "10.0.1.0/24"]),
        ("{a: !Ref 'AWS::NoValue', b: 1}", {"b": 1}),
        ("{'Fn::ToJsonString': {a: 1}}", Document({"a": 1})),
    ],
)
def test_functions(text: str, meant: Any) -> None:
    assert value(text) == meant


def test_a_given_parameter_wins_over_its_default() -> None:
    assert value("!If [IsProd, !FindInMap [Sizes, !Ref Env, size], 0]", Env="prod") == 9


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("!Ref Secret", "parameter 'Secret' has no value"),
        ("!Ref Nobody", "there is no parameter or resource 'Nobody'"),
        ("!Ref AWS::Region", "known when the stack is made"),
        ("!ImportValue other", "known when the stack is made"),
        ("!If [IsSecret, 1, 2]", "depends on condition 'IsSecret': parameter 'Secret' has no value"),
        ("!Select [5, [a]]", "there is no element 5"),
        ("{'Fn::Nonsense': 1}", "Fn::Nonsense is not known"),
    ],
)
def test_what_the_template_cannot_tell_is_unknown_with_its_reason(text: str, reason: str) -> None:
    found = value(text)
    assert isinstance(found, Unknown) and reason in found.reason


def test_references_name_their_target() -> None:
    first, _ = template(
        "R:\n  Type: T\n  Properties:\n    a: !GetAtt Key.Arn\n    b: !Sub 'arn:${Key}/*'\nKey:\n  Type: K"
    ).declared()
    assert (first.attributes["a"].target, first.attributes["a"].attribute) == ("Key", "Arn")
    assert (first.attributes["b"].target, first.attributes["b"].text) == ("Key", "arn:${…}/*")


def test_conditions_rule_resources_out_or_leave_them_uncertain() -> None:
    found = {
        each.name: each.uncertain
        for each in template(
            "A: {Type: T, Condition: IsProd}\nB: {Type: T, Condition: NotProd}\nC: {Type: T, Condition: IsSecret}"
        ).declared()
    }
    assert found == {"B": "", "C": "condition: parameter 'Secret' has no value"}


def test_conditions_in_a_circle_end() -> None:
    text = "Conditions: {A: !Not [!Condition B], B: !Not [!Condition A]}\nResources: {R: {Type: T, Condition: A}}"
    (found,) = Template(next(load_all(text, short_form)), "t").declared()
    assert "depends on itself" in found.uncertain


def test_lines_point_at_the_source() -> None:
    (found,) = template("R:\n  Type: T\n  Properties:\n    a: 1\n    b:\n      - c: 2").declared()
    start = found.location.line
    told = [step for path in ("a", "b[0].c") for step in found.origin(path)]
    assert [(step.line, step.text) for step in told] == [(start + 3, "a: 1"), (start + 5, "c: 2")]


def test_nested_stacks_on_disk_are_followed_with_their_parameters() -> None:
    files = {
        "/t/main.yaml": b"Resources:\n  N:\n    Type: AWS::CloudFormation::Stack\n    Properties:\n"
        b"      TemplateURL: ./nested.json\n      Parameters: {Name: inner}\n",
        "/t/nested.json": b'{"Parameters": {"Name": {"Type": "String"}}, "Resources": {"B": {"Type": "AWS::S3::Bucket",'
        b' "Properties": {"BucketName": {"Ref": "Name"}}}}}',
    }
    found = of_template(MemoryView(files), "/t/main.yaml")
    assert [(each.id, each.name) for each in found.resources] == [("N.B", "inner")]
    assert not found.problems


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("a: 1\na: 2", 2, "the key 'a' is set twice"),
        ("a: [1", 2, "expected"),
        ("a: &x [1]\n? [b]\n: 1", 2, "a key must be plain text"),
        ("a: " + "[" * 300 + "]" * 300, 1, "nested more than"),
        ('{"a": {"b": 1,}, "c" "d"}', 1, "expected|did not find"),
    ],
)
def test_what_is_not_a_template_is_refused_with_its_line(text: str, line: int, reason: str) -> None:
    with pytest.raises(LocatedError, match=reason) as caught:
        list(load_all(text))
    assert caught.value.line == line


def test_aliases_that_multiply_are_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join(['*a' + str(n - 1)] * 10)}]" for n in range(1, 9)]
    with pytest.raises(LocatedError, match="multiply"):
        list(load_all("\n".join(lines)))


@given(text=st.text(alphabet=st.sampled_from("aR:{}[]!&*-'\"\n ,Ref"), max_size=120))
@settings(max_examples=300, deadline=None)
def test_any_text_is_read_or_refused(text: str) -> None:
    found = of_template(MemoryView({"/t.yaml": text.encode()}), "/t.yaml")
    assert isinstance(found.problems, tuple)
