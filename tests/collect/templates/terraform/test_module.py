"""Configurations become the resources that a plan would show, with what only applying can tell left unknown."""

from collections.abc import Mapping
from typing import Any

import pytest

from bartizan.collect.filesystem.memory import MemoryView
from bartizan.collect.resources.values import Document, Unknown
from bartizan.collect.templates.declared import Declared
from bartizan.collect.templates.terraform.module import root_module
from bartizan.collect.templates.terraform.source import Sources


def declared(files: Mapping[str, str], **variables: str) -> tuple[dict[str, Declared], list[str]]:
    view = MemoryView({f"/src/{path}": text.encode() for path, text in files.items()})
    sources = Sources(view, "/src")
    found = {each.address: each for each in root_module(sources, "/src", variables).declared()}
    return found, [str(problem) for problem in sources.problems]


def attributes(files: Mapping[str, str], **variables: str) -> dict[str, Any]:
    found, problems = declared(files, **variables)
    assert not problems
    return {address: each.attributes for address, each in found.items()}


def test_variables_locals_and_references() -> None:
    main = """
    variable "name" { default = "logs" }
    locals { full = "${var.name}-${terraform.workspace}" }
    resource "aws_s3_bucket" "b" { bucket = local.full }
    resource "aws_s3_bucket_acl" "a" {
      bucket = aws_s3_bucket.b.id
      owner  = aws_s3_bucket.b.bucket
    }
    """
    found = attributes({"main.tf": main})
    assert found["aws_s3_bucket.b"] == {"bucket": "logs-default"}
    assert found["aws_s3_bucket_acl.a"]["owner"] == "logs-default"
    link = found["aws_s3_bucket_acl.a"]["bucket"]
    assert isinstance(link, Unknown) and (link.target, link.attribute) == ("aws_s3_bucket.b", "id")


def test_the_strongest_source_of_a_variable_wins() -> None:
    files = {
        "main.tf": 'variable "a" { default = "default" }\nresource "t" "r" { a = var.a }\n',
        "terraform.tfvars": 'a = "tfvars"',
        "b.auto.tfvars": 'a = "b"',
        "a.auto.tfvars": 'a = "a"',
    }
    assert attributes(files)["t.r"]["a"] == "b"
    assert attributes(files, a='"given"')["t.r"]["a"] == "given"


def test_a_variable_without_a_value_is_unknown_and_says_so() -> None:
    value = attributes({"main.tf": 'variable "acl" {}\nresource "t" "r" { acl = var.acl }'})["t.r"]["acl"]
    assert value == Unknown("variable 'acl' has no value")


def test_count_and_for_each_make_instances() -> None:
    main = """
    resource "t" "counted" {
      count = 2
      name  = "n${count.index}"
    }
    resource "t" "keyed" {
      for_each = toset(["b", "a"])
      name     = each.key
      value    = t.counted[0].name
    }
    resource "t" "mapped" {
      for_each = { x = { size = 3 } }
      size     = each.value.size
    }
    resource "t" "none" { count = false ? 1 : 0 }
    resource "t" "all" {
      names = t.counted[*].name
      keys  = [for key, each in t.keyed : "${key}=${each.name}"]
    }
    """
    found = attributes({"main.tf": main})
    assert list(found) == [
        "t.counted[0]",
        "t.counted[1]",
        't.keyed["a"]',
        't.keyed["b"]',
        't.mapped["x"]',
        "t.all",
    ]
    assert found['t.keyed["b"]'] == {"name": "b", "value": "n0"}
    assert found['t.mapped["x"]']["size"] == 3
    assert found["t.all"] == {"names": ["n0", "n1"], "keys": ["a=a", "b=b"]}


def test_an_unknown_count_is_one_uncertain_instance() -> None:
    found, _ = declared({"main.tf": 'variable "n" {}\nresource "t" "r" {\n  count = var.n\n  a = 1\n}\n'})
    assert found["t.r"].uncertain == "count is not known: variable 'n' has no value"
    assert found["t.r"].attributes == {"a": 1}


def test_blocks_and_dynamic_blocks_look_like_a_plan() -> None:
    main = """
    resource "aws_security_group" "s" {
      ingress {
        from_port = 22
      }
      dynamic "ingress" {
        for_each = [80, 443]
        iterator = port
        content {
          from_port = port.value
          dynamic "inner" {
            for_each = { a = port.value }
            content { both = "${inner.key}${port.key}" }
          }
        }
      }
    }
    """
    found, _ = declared({"main.tf": main})
    group = found["aws_security_group.s"]
    assert group.attributes["ingress"] == [
        {"from_port": 22},
        {"from_port": 80, "inner": [{"both": "a0"}]},
        {"from_port": 443, "inner": [{"both": "a1"}]},
    ]
    assert [(step.line, step.text) for step in group.origin("ingress[0].from_port")] == [(4, "from_port = 22")]
    assert [(step.line, step.text) for step in group.origin("ingress[2].from_port")] == [
        (10, "from_port = port.value"),
        (7, "for_each[1] = 443"),
    ]


def test_a_dynamic_block_over_an_unknown_is_unknown() -> None:
    main = (
        'variable "rules" {}\nresource "t" "r" {\n dynamic "ingress" {\n  for_each = var.rules\n  content {}\n }\n}\n'
    )
    (found,) = attributes({"main.tf": main})["t.r"]["ingress"]
    assert isinstance(found, Unknown) and "how many ingress blocks" in found.reason


def test_modules_take_arguments_and_give_outputs() -> None:
    files = {
        "main.tf": """
        module "bucket" {
          source   = "./modules/bucket"
          for_each = { logs = "private", web = "public-read" }
          name     = each.key
          acl      = each.value
        }
        resource "t" "r" { name = module.bucket["web"].full }
        """,
        "modules/bucket/main.tf": """
        variable "name" {}
        variable "acl" {}
        resource "aws_s3_bucket" "this" {
          bucket = var.name
          acl    = var.acl
        }
        output "full" { value = "${aws_s3_bucket.this.bucket}!" }
        """,
    }
    found, _ = declared(files)
    assert found['module.bucket["web"].aws_s3_bucket.this'].attributes == {"bucket": "web", "acl": "public-read"}
    assert found['module.bucket["web"].aws_s3_bucket.this'].location.path == "/src/modules/bucket/main.tf"
    assert found["t.r"].attributes["name"] == "web!"


def test_a_module_that_is_not_on_disk_is_reported_and_the_rest_is_judged() -> None:
    main = """
    module "vpc" { source = "terraform-aws-modules/vpc/aws" }
    module "gone" { source = "./gone" }
    resource "t" "r" { id = module.vpc.vpc_id }
    """
    found, problems = declared({"main.tf": main})
    assert isinstance(found["t.r"].attributes["id"], Unknown)
    assert problems == [
        "/src/main.tf:2: module.vpc: terraform-aws-modules/vpc/aws is not on disk; "
        "vendor it with 'terraform init' to have it judged",
        "/src/main.tf:3: module.gone: the folder /src/gone is missing; is a submodule of git or a path wrong?",
    ]


def test_a_vendored_module_is_followed() -> None:
    files = {
        "main.tf": 'module "vpc" { source = "terraform-aws-modules/vpc/aws" }',
        ".terraform/modules/modules.json": '{"Modules": [{"Key": "", "Dir": "."}, {"Key": "vpc", "Dir": "v/vpc"}]}',
        "v/vpc/main.tf": 'resource "t" "r" {}',
    }
    found, problems = declared(files)
    assert list(found) == ["module.vpc.t.r"] and not problems


def test_a_module_that_calls_itself_ends() -> None:
    found, problems = declared({"main.tf": 'resource "t" "r" {}\nmodule "again" { source = "./" }\n'})
    assert list(found) == ["t.r"]
    assert problems == ["/src/main.tf:2: module.again: the module in /src calls itself, which Terraform refuses"]


def test_what_depends_on_itself_is_unknown() -> None:
    main = 'locals {\n a = local.b\n b = local.a\n}\nresource "t" "r" {\n x = local.a\n y = t.r.y\n}\n'
    found = attributes({"main.tf": main})["t.r"]
    assert found == {"x": Unknown("its value depends on itself"), "y": Unknown("its value depends on itself")}


def test_too_many_instances_are_bounded_and_reported() -> None:
    found, problems = declared({"main.tf": 'resource "t" "r" { count = 2000000 }'})
    assert len(found) == 10_000 and "only 10000 are judged" in problems[0]


def test_policy_documents_can_be_read_before_they_exist() -> None:
    main = """
    data "aws_iam_policy_document" "d" {
      statement {
        actions   = ["s3:GetObject"]
        resources = ["${aws_s3_bucket.b.arn}/*"]
        principals {
          type        = "*"
          identifiers = ["*"]
        }
        condition {
          test     = "Bool"
          variable = "aws:SecureTransport"
          values   = ["true"]
        }
      }
    }
    resource "aws_s3_bucket" "b" {}
    resource "aws_s3_bucket_policy" "p" { policy = data.aws_iam_policy_document.d.json }
    """
    policy = attributes({"main.tf": main})["aws_s3_bucket_policy.p"]["policy"]
    assert isinstance(policy, Document)
    (statement,) = policy.value["Statement"]
    assert statement["Principal"] == "*" and statement["Effect"] == "Allow"
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": ["true"]}}
    assert statement["Resource"][0].text == "${…}/*"


def test_files_are_read_within_the_view_only() -> None:
    files = {
        "main.tf": 'resource "t" "r" {\n a = file("a.txt")\n b = templatefile("b.tpl", {n = 2})\n'
        ' c = file("/etc/passwd")\n d = fileset("x", "*.txt")\n}\n',
        "a.txt": "hello",
        "b.tpl": "%{ for i in range(n) }<${i}>%{ endfor }",
        "x/1.txt": "",
        "x/y/2.txt": "",
    }
    found = attributes(files)["t.r"]
    assert (found["a"], found["b"], found["d"]) == ("hello", "<0><1>", ["1.txt"])
    assert found["c"] == Unknown("file: /etc/passwd does not exist")


def test_json_syntax_is_read_alike() -> None:
    main = '{"resource": {"t": {"r": {"count": 2, "a": "${count.index}", "list": ["x"]}}}, "//": "a comment"}'
    assert attributes({"main.tf.json": main}) == {
        "t.r[0]": {"a": 0, "list": ["x"]},
        "t.r[1]": {"a": 1, "list": ["x"]},
    }


def test_overrides_replace_attribute_by_attribute() -> None:
    files = {
        "main.tf": 'resource "t" "r" {\n a = 1\n b = 1\n}\n',
        "main_override.tf": 'resource "t" "r" {\n b = 2\n}\n',
    }
    assert attributes(files)["t.r"] == {"a": 1, "b": 2}


@pytest.mark.parametrize("bad", ['resource "t" "r" {', "\xff", "a = = 1"])
def test_a_broken_file_is_reported_with_its_line_and_the_others_are_judged(bad: str) -> None:
    found, problems = declared({"bad.tf": bad, "good.tf": 'resource "t" "r" {}'})
    assert list(found) == ["t.r"]
    assert problems and problems[0].startswith("/src/bad.tf:")
