"""Providers' configurations: the tags and labels that they add to every resource, and credentials in them."""

import json
from typing import Any

import pytest

from bartizan.assess.policy.engine import load_policies
from bartizan.assess.resources import assess_resources
from bartizan.collect.filesystem.memory import MemoryView
from bartizan.collect.templates.discover import read_templates
from bartizan.model.resource import Resource, resource_from

KEY = "AKIAQ6FAKEFAKEFAKE17"
RULE = "terraform-provider-credentials"


def resources(**files: str) -> dict[str, Resource]:
    view = MemoryView({f"/{name.replace('__', '/')}.tf": text.encode() for name, text in files.items()})
    facts: Any = read_templates(view)["resources_terraform"].facts
    assert KEY not in json.dumps(facts)
    return {each["id"].removeprefix("/#"): resource_from(each) for each in facts["resources"]}


DEFAULTS = """
variable "team" { default = "web" }
provider "aws" {
  default_tags {
    tags = { team = var.team, stage = "test" }
  }
}
provider "aws" {
  alias = "west"
  default_tags { tags = { side = "west" } }
}
resource "aws_s3_bucket" "own" { tags = { stage = "live" } }
resource "aws_ebs_volume" "none" {}
resource "aws_iam_role" "west" { provider = aws.west }
resource "aws_autoscaling_group" "g" {}
"""


def test_default_tags_are_on_every_resource_and_its_own_win() -> None:
    found = resources(main=DEFAULTS)
    assert found["aws_s3_bucket.own"].attributes["tags"] == {"team": "web", "stage": "live"}
    assert found["aws_ebs_volume.none"].attributes["tags"] == {"team": "web", "stage": "test"}
    assert found["aws_iam_role.west"].attributes["tags"] == {"side": "west"}
    assert "tags" not in found["aws_autoscaling_group.g"].attributes


def test_a_module_has_the_defaults_of_the_provider_that_it_is_handed() -> None:
    calls = (
        'module "same" { source = "./m" }\nmodule "other" {\n  source = "./m"\n  providers = { aws = aws.west }\n}\n'
    )
    found = resources(main=DEFAULTS, calls=calls, m__main='resource "aws_s3_bucket" "b" {}\n')
    assert found["module.same.aws_s3_bucket.b"].attributes["tags"] == {"team": "web", "stage": "test"}
    assert found["module.other.aws_s3_bucket.b"].attributes["tags"] == {"side": "west"}


def test_defaults_that_are_not_known_make_the_tags_unknown() -> None:
    main = 'variable "t" {}\nprovider "aws" {\n  default_tags {\n    tags = var.t\n  }\n}\n'
    found = resources(main=main + 'resource "aws_s3_bucket" "b" { tags = { a = "b" } }\n')["aws_s3_bucket.b"]
    assert [each.path for each in found.unknowns if "variable 't'" in each.reason] == ["tags"]


def test_default_labels_of_google() -> None:
    main = 'provider "google" {\n  default_labels = { team = "web" }\n}\nresource "google_storage_bucket" "b" {\n'
    found = resources(main=main + '  labels = { a = "b" }\n}\n')["google_storage_bucket.b"]
    assert found.attributes["labels"] == {"team": "web", "a": "b"}


def planned(values: dict[str, Any], type_: str = "aws_s3_bucket", **more: Any) -> dict[str, Resource]:
    one = {"address": f"{type_}.b", "mode": "managed", "type": type_, "name": "b", "values": values}
    document = {
        "format_version": "1.2",
        "terraform_version": "1.9",
        "planned_values": {"root_module": {"resources": [one]}},
        **more,
    }
    facts: Any = read_templates(MemoryView({"/p.json": json.dumps(document).encode()}))["resources_terraform"].facts
    assert KEY not in json.dumps(facts)
    return {each["id"].partition("#")[2]: resource_from(each) for each in facts["resources"]}


def test_a_plan_tells_the_merged_tags_itself() -> None:
    tags = planned({"tags": {"a": "b"}, "tags_all": {"a": "b", "team": "web"}})["aws_s3_bucket.b"].attributes["tags"]
    assert tags == {"a": "b", "team": "web"}
    labels = planned({"labels": {}, "terraform_labels": {"team": "web"}}, "google_storage_bucket")
    assert labels["google_storage_bucket.b"].attributes["labels"] == {"team": "web"}


@pytest.mark.parametrize(
    ("configuration", "secrets"),
    [
        (f'provider "aws" {{\n access_key = "{KEY}"\n secret_key = "x/y"\n}}', ["access_key", "secret_key"]),
        ('variable "k" {}\nprovider "aws" {\n access_key = var.k\n}', []),
        (f'variable "k" {{ default = "{KEY}" }}\nprovider "aws" {{\n access_key = var.k\n}}', ["access_key"]),
        ('provider "aws" {\n region = "eu-central-1"\n profile = "x"\n}', []),
        ('provider "azurerm" {\n client_secret = "s3cret"\n client_id = "x"\n}', ["client_secret"]),
        ('provider "google" {\n credentials = file("key.json")\n}', []),
        ('provider "google" {\n credentials = "key.json"\n}', []),
        ('provider "google" {\n credentials = "{\\"k\\": \\"-----BEGIN PRIVATE KEY-----\\"}"\n}', ["credentials"]),
        (f'terraform {{\n backend "s3" {{\n  access_key = "{KEY}"\n }}\n}}', ["access_key"]),
    ],
)
def test_credentials_in_a_configuration_are_found_by_name_and_never_kept(
    configuration: str, secrets: list[str]
) -> None:
    (found,) = resources(main=configuration).values()
    assert (found.type, found.attributes["secrets"]) == ("terraform.provider", secrets)


def test_a_plan_tells_credentials_too() -> None:
    provider = {"name": "aws", "expressions": {"access_key": {"constant_value": KEY}}}
    found = planned({}, configuration={"provider_config": {"aws": provider}})["provider.aws"]
    assert found.attributes["secrets"] == ["access_key"]


def test_the_policy_fails_where_the_key_stands() -> None:
    files = {"/main.tf": f'provider "aws" {{\n  access_key = "{KEY}"\n}}\nprovider "google" {{}}\n'.encode()}
    (assessment,) = assess_resources(read_templates(MemoryView(files)), load_policies())
    (failed,) = [each for each in assessment.findings if each.rule == RULE]
    assert (failed.locator, failed.evidence["values"]) == ("/#provider.aws", {"secrets": ["access_key"]})
