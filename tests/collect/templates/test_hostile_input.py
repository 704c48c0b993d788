"""Templates that are broken, or made to exhaust whoever reads them: told with file and line, the rest judged."""

import json
import subprocess
import sys

import pytest

from bartizan.collect.filesystem.memory import MemoryView
from bartizan.collect.templates import budget
from bartizan.collect.templates.calls import roots
from bartizan.collect.templates.discover import read_templates
from bartizan.collect.templates.located import LocatedError, load_all

GOOD_TF = 'resource "aws_s3_bucket" "ok" {\n  bucket = "ok"\n}\n'
GOOD_CF = "Resources:\n  Ok: {Type: AWS::S3::Bucket, Properties: {BucketName: ok}}\n"
GOOD_BICEP = "resource ok 'Microsoft.Storage/storageAccounts@2023-01-01' = {\n  name: 'ok'\n}\n"
SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"


def arm(resources: list[object], **more: object) -> str:
    return json.dumps({"$schema": SCHEMA, "resources": resources, **more})


def account(name: str = "ok", **more: object) -> dict[str, object]:
    return {"type": "Microsoft.Storage/storageAccounts", "name": name, "apiVersion": "2023-01-01", **more}


def read(files: dict[str, str | bytes]) -> tuple[list[str], list[str]]:
    """Ids of the resources, and problems as `path:line: reason`."""
    view = MemoryView({path: text.encode() if isinstance(text, str) else text for path, text in files.items()})
    ids: list[str] = []
    problems: list[str] = []
    for section in read_templates(view).values():
        assert isinstance(section.facts, dict)
        ids += [each["id"] for each in section.facts["resources"]]
        problems += [f"{each.path}: {each.reason}" for each in section.problems]
    return ids, problems


def linked(*links: str) -> str:
    return arm(
        [
            account(),
            *(
                {
                    "type": "Microsoft.Resources/deployments",
                    "name": f"n{at}",
                    "properties": {"templateLink": {"relativePath": link}},
                }
                for at, link in enumerate(links)
            ),
        ]
    )


BROKEN: dict[str, tuple[dict[str, str | bytes], str]] = {
    "terraform: a value is missing": ({"/a.tf": 'resource "x" "y" {\n  bucket = \n}\n'}, "/a.tf:2"),
    "terraform: a text is not closed": ({"/a.tf": 'locals {\n  a = "x\n'}, "/a.tf:2"),
    "terraform: not text": ({"/a.tf": b"\xff\xfe\0\0"}, "/a.tf: not UTF-8 at byte 0"),
    "terraform: lists without end": ({"/a.tf": "locals {\n  a = " + "[" * 50_000}, "/a.tf:2: nested"),
    "terraform: blocks without end": ({"/a.tf": "a {\n" * 20_000}, "/a.tf:200: nested"),
    "terraform: texts without end": ({"/a.tf": 'locals {\n  a = "' + '${"' * 5_000}, "/a.tf:2: nested"),
    "terraform: JSON without end": ({"/a.tf.json": "[" * 100_000}, "/a.tf.json: nested too deep"),
    "terraform: a module that is not there": (
        {"/a.tf": 'module "m" {\n  source = "./nowhere"\n}\n'},
        "/a.tf:1: module.m: the folder /nowhere is missing",
    ),
    "terraform: a module that calls itself": (
        {"/a.tf": 'module "m" {\n  source = "./"\n}\n'},
        "/a.tf:1: module.m: the module in / calls itself",
    ),
    "terraform: variables that are none": (
        {"/a.tf": GOOD_TF, "/terraform.tfvars": "a = \n"},
        "/terraform.tfvars:1",
    ),
    "cloudformation: YAML that is none": ({"/a.yaml": GOOD_CF + "   X: [\n"}, "/a.yaml:3"),
    "cloudformation: a key twice": (
        {"/a.yaml": GOOD_CF + "  Ok: {Type: AWS::SNS::Topic}\n"},
        "/a.yaml:3: the key 'Ok' is set twice, first on line 2",
    ),
    "cloudformation: flow without end": ({"/a.yaml": GOOD_CF + "  X: " + "[" * 100_000}, "/a.yaml:3: nested"),
    "cloudformation: lists without end": ({"/a.yaml": GOOD_CF + "  X:\n   " + "- " * 100_000}, "/a.yaml:4: nested"),
    "cloudformation: JSON without end": (
        {"/a.json": '{"Resources": {"A": {"Type": "AWS::S3::Bucket", "P": ' + '{"a":' * 100_000},
        "/a.json:1: nested",
    ),
    "cloudformation: aliases that multiply": (
        {
            "/a.yaml": "Resources:\n  A: &a0 {Type: AWS::S3::Bucket}\n"
            + "".join(f"  B{at}: &a{at + 1} [{', '.join([f'*a{at}'] * 9)}]\n" for at in range(12))
        },
        "anchors and aliases that multiply",
    ),
    "cloudformation: a stack within itself": (
        {"/a.yaml": "Resources:\n  N:\n    Type: AWS::CloudFormation::Stack\n    Properties: {TemplateURL: a.yaml}\n"},
        "/a.yaml:2: N: the template in /a.yaml nests itself",
    ),
    "cloudformation: a macro": (
        {"/a.yaml": "Transform: [Ours]\n" + GOOD_CF},
        "/a.yaml:1: the macro Ours may change the template",
    ),
    "cloudformation: a loop over who knows what": (
        {
            "/a.yaml": "Parameters: {P: {Type: CommaDelimitedList}}\nResources:\n  Fn::ForEach::L:\n    - N\n"
            "    - !Ref P\n    - B${N}: {Type: AWS::S3::Bucket}\n"
        },
        "/a.yaml:3: Fn::ForEach::L: what it goes through is not known",
    ),
    "arm: a key twice": ({"/a.json": f'{{"$schema": "{SCHEMA}",\n"resources": [],\n"resources": []}}'}, "/a.json:3"),
    "arm: lists without end": ({"/a.json": f'{{"$schema": "{SCHEMA}",\n"resources": ' + "[" * 100_000}, "/a.json:2"),
    "arm: calls without end": (
        {"/a.json": arm([account(kind="[" + "concat(" * 5_000 + ")" * 5_000 + "]")])},
        "an expression is nested more than",
    ),
    "arm: a template within itself": (
        {"/a.json": linked("a.json", "./a.json")},
        "n0: the template in /a.json nests itself",
    ),
    "bicep: a brace too many": ({"/a.bicep": "var a = 1\n}\n"}, "/a.bicep:2"),
    "bicep: lists without end": ({"/a.bicep": "var a = " + "[" * 50_000}, "/a.bicep: nested too deep"),
    "bicep: texts without end": ({"/a.bicep": "var a = " + "'${" * 3_000}, "/a.bicep:1"),
    "bicep: conditions without end": ({"/a.bicep": "var a = " + "true ? 1 : " * 20_000 + "1"}, "/a.bicep:1"),
    "bicep: modules in a circle": (
        {"/a.bicep": "module m 'b.bicep' = {\n name: 'm'\n}\n", "/b.bicep": "module m 'a.bicep' = {\n name: 'm'\n}\n"},
        "m: the template in /a.bicep nests itself",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_broken_is_told_with_its_line_and_the_rest_is_judged(name: str) -> None:
    files, told = BROKEN[name]
    good: dict[str, str | bytes] = {"/z/ok.tf": GOOD_TF, "/z/ok.yaml": GOOD_CF, "/z/ok.bicep": GOOD_BICEP}
    ids, problems = read(good | files)
    assert any(told in problem for problem in problems), problems
    assert {
        "/z#aws_s3_bucket.ok",
        "/z/ok.yaml#Ok",
        "/z/ok.bicep#Microsoft.Storage/storageAccounts/ok",
    } <= set(ids)


def doubling(line: str) -> str:
    return "locals {\n" + "".join(line.format(at + 1, *[f"local.l{at}"] * 4) for at in range(40)) + "}\n"


HUNGRY: dict[str, dict[str, str]] = {
    "terraform: texts that grow": {
        "/a.tf": 'locals {\n l0 = "aaaaaaaaaa"\n}\n' + doubling(' l{} = "${{{}}}${{{}}}${{{}}}${{{}}}"\n') + GOOD_TF
    },
    "terraform: lists that grow": {
        "/a.tf": 'locals {\n l0 = ["a"]\n}\n' + doubling(" l{} = concat({}, {}, {}, {})\n") + GOOD_TF
    },
    "terraform: lists of lists that grow": {
        "/a.tf": 'locals {\n l0 = ["a"]\n}\n'
        + doubling(" l{} = [{}, {}, {}, {}]\n")
        + 'resource "aws_s3_bucket" "b" {\n  tags = local.l40\n}\n'
        + GOOD_TF
    },
    "terraform: loops in loops": {
        "/a.tf": "locals {\n l = [for i in range(100000) : [for j in range(100000) : i * j]]\n}\n"
        'resource "aws_s3_bucket" "b" {\n  bucket = length(local.l)\n}\n' + GOOD_TF
    },
    "terraform: numbers and columns": {
        "/a.tf": 'resource "aws_s3_bucket" "b" {\n  bucket = pow(99999999, 99999999)\n}\n'
        'resource "aws_s3_bucket" "c" {\n  bucket = format("%999999999s", "a")\n}\n' + GOOD_TF
    },
    "terraform: a chain of locals": {
        "/a.tf": "locals {\n"
        + "".join(f" l{at} = local.l{at + 1}\n" for at in range(20_000))
        + '}\nresource "aws_s3_bucket" "b" {\n  bucket = local.l0\n}\n'
        + GOOD_TF
    },
    "terraform: a long sum": {
        "/a.tf": 'resource "aws_s3_bucket" "b" {\n  bucket = ' + "1 + " * 50_000 + "1\n}\n" + GOOD_TF
    },
    "terraform: a long way": {
        "/a.tf": 'resource "aws_s3_bucket" "b" {\n  bucket = local' + ".a" * 50_000 + "\n}\n" + GOOD_TF
    },
    "arm: texts that grow": {
        "/a.json": arm(
            [account(kind="[variables('v40')]")],
            variables={
                "v0": "aaaaaaaaaa",
                **{f"v{at + 1}": "[concat(" + ", ".join([f"variables('v{at}')"] * 4) + ")]" for at in range(40)}
            },
        )
    },
    "arm: lists of lists that grow": {
        "/a.json": arm(
            [account(tags="[variables('v40')]")],
            variables={
                "v0": ["a"],
                **{f"v{at + 1}": "[createArray(" + ", ".join([f"variables('v{at}')"] * 4) + ")]" for at in range(40)}
            },
        )
    },
    "bicep: a text times a number": {
        "/a.bicep": "var a = 'aaaa' * 1000000000\n" + GOOD_BICEP.replace("name: 'ok'", "name: 'ok'\n  kind: a")
    },
    "bicep: loops in loops": {
        "/a.bicep": "var a = [for i in range(0, 10000): range(0, 10000)]\n"
        + GOOD_BICEP.replace("name: 'ok'", "name: 'ok'\n  kind: string(a)")
    },
}  # fmt: skip


@pytest.mark.parametrize("name", HUNGRY)
def test_what_grows_without_bound_is_unknown_within_bounds(name: str) -> None:
    """In a process that may have 2 GB and a minute of processor time; the one well-meant resource is judged."""
    program = (
        "import json, resource, sys\n"
        "resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))\n"
        "resource.setrlimit(resource.RLIMIT_CPU, (60, 60))\n"
        "from bartizan.collect.filesystem.memory import MemoryView\n"
        "from bartizan.collect.templates.discover import read_templates\n"
        "files = {path: text.encode() for path, text in json.load(sys.stdin).items()}\n"
        "found = read_templates(MemoryView(files)).values()\n"
        "print(json.dumps([each['id'] for section in found for each in section.facts['resources']]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], input=json.dumps(HUNGRY[name]), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert any(id_.endswith(("aws_s3_bucket.ok", "storageAccounts/ok")) for id_ in json.loads(done.stdout))


def test_modules_that_multiply_are_judged_up_to_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "MAX_INSTANCES", 500)
    files: dict[str, str | bytes] = {"/main.tf": 'module "m" {\n  source = "./m1"\n}\n', "/m25/main.tf": GOOD_TF}
    for at in range(1, 25):
        calls = "".join(f'module "{name}" {{\n  source = "../m{at + 1}"\n}}\n' for name in "ab")
        files[f"/m{at}/main.tf"] = calls
    ids, problems = read(files)
    assert 0 < len(ids) < 500
    assert any("only 0 are judged" in problem for problem in problems)


def test_one_of_a_circle_stands_for_it() -> None:
    assert roots(["/a", "/b", "/c"], {"/a": {"/b"}}) == ["/a", "/c"]
    assert roots(["/a", "/b", "/c"], {"/a": {"/b"}, "/b": {"/a"}, "/c": {"/c"}}) == ["/a", "/c"]


def test_depth_is_refused_wherever_it_hides() -> None:
    for text in ("[" * 30_000, "{a: " * 30_000, "- " * 30_000, "? " * 30_000, "a:\n" + " " * 3_000 + "- " * 30_000):
        with pytest.raises(LocatedError, match="nested more than 200 deep"):
            list(load_all(text))
    wide = "a: [" + ", ".join(["[1]"] * 5_000) + "]\n"
    assert len(next(load_all(wide)).value["a"]) == 5_000


@pytest.mark.parametrize("number", ["\u00b2", "9" * 5000, "1e999"])
@pytest.mark.parametrize("use", ['local.a["{}"]', "local.a.{}", "local.a[{}]", "floor({})"])
def test_numbers_that_are_none_hide_nothing_else(use: str, number: str) -> None:
    """Digits that make no number, numbers without end."""
    terraform = f'locals {{\n  a = ["x"]\n}}\nresource "aws_s3_bucket" "odd" {{\n  bucket = {use.format(number)}\n}}\n'
    ids, _ = read({"/odd/odd.tf": terraform, "/ok/ok.tf": GOOD_TF})
    assert "/ok#aws_s3_bucket.ok" in ids


@pytest.mark.parametrize("number", ["\u00b2", "9" * 5000])
def test_a_patch_of_a_place_that_is_no_number_does_not_fit(number: str) -> None:
    patch = f"    - op: replace\n      path: /spec/template/spec/containers/{number}/image\n      value: x\n"
    kustomization = f"resources: [d.yaml]\npatches:\n- target: {{kind: Deployment}}\n  patch: |-\n{patch}"
    workload = "metadata: {name: a}\nspec: {template: {spec: {containers: [{name: a, image: b}]}}}\n"
    _, problems = read(
        {"/k/kustomization.yaml": kustomization, "/k/d.yaml": f"apiVersion: apps/v1\nkind: Deployment\n{workload}"}
    )
    assert any("does not fit" in problem for problem in problems)
