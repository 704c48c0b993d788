"""Where a value came from: every assignment between an attribute and what stands in a file, with its file and line."""

from collections.abc import Mapping

import pytest

from bartizan.collect.filesystem.memory import MemoryView
from bartizan.collect.templates.declared import MAX_STEPS
from bartizan.collect.templates.terraform.module import root_module
from bartizan.collect.templates.terraform.source import Sources


def origin(files: Mapping[str, str], address: str, path: str, **variables: str) -> list[str]:
    view = MemoryView({f"/{name}": text.encode() for name, text in files.items()})
    found = {each.address: each for each in root_module(Sources(view, "/"), "/", variables).declared()}
    steps = found[address].origin(path)
    return [f"{step.path}:{step.line} {step.text}" if step.path else step.text for step in steps]


BUCKET = 'variable "acl" {}\nresource "aws_s3_bucket" "b" {\n  bucket = "x"\n  acl    = var.acl\n}\n'


def test_an_attribute_of_a_module_leads_through_the_call_to_a_local() -> None:
    files = {
        "main.tf": 'module "store" {\n  source = "./modules/s3"\n  acl    = local.acl\n}\n',
        "locals.tf": 'locals {\n  kind = "web"\n  acl  = "public-read"\n}\n',
        "modules/s3/main.tf": BUCKET,
    }
    assert origin(files, "module.store.aws_s3_bucket.b", "acl") == [
        "/modules/s3/main.tf:4 acl = var.acl",
        "/main.tf:3 acl = local.acl",
        '/locals.tf:3 acl = "public-read"',
    ]


def test_two_calls_of_one_module_each_lead_to_their_own() -> None:
    files = {
        "main.tf": 'module "a" {\n  source = "./s3"\n  acl = "private"\n}\n'
        'module "b" {\n  source = "./s3"\n  acl = "public-read"\n}\n',
        "s3/main.tf": BUCKET,
    }
    assert origin(files, "module.a.aws_s3_bucket.b", "acl")[-1] == '/main.tf:3 acl = "private"'
    assert origin(files, "module.b.aws_s3_bucket.b", "acl")[-1] == '/main.tf:7 acl = "public-read"'


@pytest.mark.parametrize(
    ("more", "variables", "last"),
    [
        ({}, {}, '/variables.tf:2 variable "acl" default = "private"'),
        ({"terraform.tfvars": '\nacl = "public-read"\n'}, {}, '/terraform.tfvars:2 acl = "public-read"'),
        ({"x.auto.tfvars": 'acl = "log"'}, {"acl": '"public-read"'}, '--var acl = "public-read"'),
    ],
)
def test_a_root_variable_leads_to_what_gives_it_its_value(
    more: dict[str, str], variables: dict[str, str], last: str
) -> None:
    files = {
        "main.tf": 'resource "aws_s3_bucket" "b" {\n  acl = var.acl\n}\n',
        "variables.tf": 'variable "acl" {\n  default = "private"\n}\n',
        **more,
    }
    assert origin(files, "aws_s3_bucket.b", "acl", **variables) == ["/main.tf:2 acl = var.acl", last]


def test_a_variable_without_a_value_ends_at_its_declaration() -> None:
    assert origin({"main.tf": BUCKET}, "aws_s3_bucket.b", "acl") == [
        "/main.tf:4 acl = var.acl",
        '/main.tf:1 variable "acl" has no default',
    ]


EACH = """\
locals {
  buckets = {
    logs = { acl = "private" }
    site = { acl = "public-read" }
  }
}
resource "aws_s3_bucket" "b" {
  for_each = local.buckets
  acl      = each.value.acl
}
"""


@pytest.mark.parametrize(("key", "line", "acl"), [("logs", 3, "private"), ("site", 4, "public-read")])
def test_for_each_leads_to_the_element_of_the_instance(key: str, line: int, acl: str) -> None:
    assert origin({"main.tf": EACH}, f'aws_s3_bucket.b["{key}"]', "acl") == [
        "/main.tf:9 acl = each.value.acl",
        "/main.tf:8 for_each = local.buckets",
        f'/main.tf:{line} buckets.{key}.acl = "{acl}"',
    ]


def test_a_called_module_with_for_each_leads_to_the_element_of_its_call() -> None:
    files = {
        "main.tf": 'module "s" {\n  source = "./s3"\n  for_each = {\n    a = "private"\n    b = "public-read"\n  }\n'
        "  acl = each.value\n}\n",
        "s3/main.tf": BUCKET,
    }
    assert origin(files, 'module.s["b"].aws_s3_bucket.b', "acl")[1:] == [
        "/main.tf:7 acl = each.value",
        '/main.tf:5 for_each.b = "public-read"',
    ]


def test_a_dynamic_block_leads_to_the_element_that_made_it() -> None:
    main = (
        'variable "open" {\n  default = [\n    { port = 443, from = "10.0.0.0/8" },\n'
        '    { port = 22, from = "0.0.0.0/0" },\n  ]\n}\n'
        'resource "aws_security_group" "g" {\n  ingress {\n    from_port = 80\n  }\n'
        '  dynamic "ingress" {\n    for_each = var.open\n    content {\n      from_port   = ingress.value.port\n'
        "      cidr_blocks = [ingress.value.from]\n    }\n  }\n}\n"
    )
    assert origin({"main.tf": main}, "aws_security_group.g", "ingress[0].from_port") == ["/main.tf:9 from_port = 80"]
    assert origin({"main.tf": main}, "aws_security_group.g", "ingress[2].cidr_blocks[0]") == [
        "/main.tf:15 cidr_blocks[0] = ingress.value.from",
        "/main.tf:12 for_each = var.open",
        '/main.tf:4 variable "open" default[1].from = "0.0.0.0/0"',
    ]


@pytest.mark.parametrize(
    ("expression", "last"),
    [
        ("var.yes ? local.a : local.b", 'a = "one"'),
        ("var.yes ? local.b : local.a", 'b = "two"'),
        ("lookup(local.map, var.key)", 'map.k = "three"'),
        ("local.map[var.key]", 'map.k = "three"'),
        ("try(local.none.x, local.a)", 'a = "one"'),
        ("coalesce(null, local.b)", 'b = "two"'),
        ('"${local.b}-x"', 'b = "two"'),
        ("upper(local.a)", 'a = "one"'),
        ("merge(local.map, { k = local.b }).k", 'b = "two"'),
        ("concat(local.list, [local.a])[2]", 'a = "one"'),
        ("concat(local.list, [local.a])[1]", 'list[1] = "y"'),
        ("module.m.out", 'output "out" = "four"'),
        ("t.other.v", 'v = "five"'),
        ("t.other.id", 'resource "t" "other"'),
        ("local.objects[*].name", 'objects = [{ name = "o" }]'),
    ],
)
def test_of_an_expression_the_part_that_decided_is_followed(expression: str, last: str) -> None:
    files = {
        "main.tf": 'locals {\n a = "one"\n b = "two"\n map = { k = "three" }\n list = ["x", "y"]\n'
        ' objects = [{ name = "o" }]\n none = {}\n}\nvariable "yes" { default = true }\n'
        'variable "key" { default = "k" }\nmodule "m" { source = "./m" }\n'
        f'resource "t" "other" {{ v = "five" }}\nresource "t" "r" {{ value = {expression} }}\n',
        "m/main.tf": 'output "out" { value = "four" }',
    }
    steps = origin(files, "t.r", "value")
    assert steps[-1].split(" ", 1)[1] == last


def test_what_an_override_file_sets_is_told_with_that_file() -> None:
    files = {"main.tf": BUCKET, "x_override.tf": 'resource "aws_s3_bucket" "b" {\n\n  acl = "public-read"\n}\n'}
    assert origin(files, "aws_s3_bucket.b", "acl") == ['/x_override.tf:3 acl = "public-read"']


SECRETS = [
    'variable "p" { default = "hunter2" }\nresource "t" "r" { password = var.p }',
    'variable "db_password" { default = "hunter2" }\nresource "t" "r" { value = var.db_password }',
    'variable "p" {\n default = "hunter2"\n sensitive = true\n}\nresource "t" "r" { value = var.p }',
    'locals { all = { api_key = "hunter2" } }\nresource "t" "r" { value = local.all }',
    'locals { all = { api_key = "hunter2" } }\nresource "t" "r" { value = local.all.api_key }',
    'resource "t" "r" { value = sensitive("hunter2") }',
    'resource "t" "r" { value = "postgres://app:hunter2@db/x" }',
    'resource "t" "r" { value = "export PASSWORD=hunter2" }',
    'resource "t" "r" { value = "hunter2hunter2hunter2" }',
    'resource "t" "r" {\n value = <<E\nhunter2\nE\n}',
    'locals { p = "hunter2" }\nresource "t" "r" { value = { DB_PASSWORD = local.p }["DB_PASSWORD"] }',
    'locals { p = "hunter2" }\nresource "t" "r" { value = { user = "u", password = local.p } }',
    'locals { p = "hunter2" }\nresource "t" "r" { value = jsonencode([{ name = "API_KEY", value = local.p }]) }',
    'resource "t" "r" { value = [{ name = "API_KEY", value = "hunter2" }] }',
    'locals { p = "hunter2" }\nresource "t" "r" {\n set {\n  name = "db.password"\n  value = local.p\n }\n}',
    'variable "pin" {\n default = 4711\n sensitive = true\n}\nresource "t" "r" { value = var.pin }',
    'module "m" {\n source = "./m"\n p = "hunter2"\n}',
]


@pytest.mark.parametrize("main", SECRETS)
def test_no_text_of_what_is_sensitive_is_ever_told(main: str) -> None:
    inner = 'variable "p" { sensitive = true }\nresource "t" "r" { value = var.p }'
    view = MemoryView({"/main.tf": main.encode(), "/m/main.tf": inner.encode()})
    (found,) = root_module(Sources(view, "/"), "/").declared()
    names = [*found.attributes, "set[0].value", "value[0].value"]
    told = " ".join(step.text for name in names for step in found.origin(name))
    assert told and "hunter2" not in told and "4711" not in told


def test_circles_and_long_chains_end() -> None:
    circle = 'locals {\n a = local.b\n b = local.a\n}\nresource "t" "r" { v = local.a }'
    assert len(origin({"main.tf": circle}, "t.r", "v")) == 3
    steps = "\n".join(f"l{number} = local.l{number + 1}" for number in range(40))
    long = f'locals {{\n{steps}\nl40 = 1\n}}\nresource "t" "r" {{ v = local.l0 }}'
    assert len(origin({"main.tf": long}, "t.r", "v")) == MAX_STEPS
