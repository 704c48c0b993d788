"""Tables of fields: how values of either language are read, and what is not known stays so."""

from typing import Any

import pytest

from bartizan.collect.filesystem.memory import MemoryView
from bartizan.collect.templates.terraform.resources import of_folder
from bartizan.model.resource import Resource


def resource(text: str, type_: str) -> Resource:
    found = of_folder(MemoryView({"/t/main.tf": text.encode()}), "/t")
    (each,) = [each for each in found.resources if each.type == type_]
    return each


def unknowns(found: Resource) -> dict[str, str]:
    return {each.path: each.reason for each in found.unknowns}


@pytest.mark.parametrize(("said", "days"), [("14", 14), ('"14"', 14), ("null", None)])
def test_numbers_also_as_texts(said: str, days: int | None) -> None:
    found = resource(f'resource "aws_rds_cluster" "c" {{ backup_retention_period = {said} }}', "aws.rds.cluster")
    assert found.attributes.get("backup_days") == days


def test_a_number_that_is_none_is_unknown_with_the_reason() -> None:
    found = resource('resource "aws_rds_cluster" "c" { backup_retention_period = "soon" }', "aws.rds.cluster")
    assert "soon" in unknowns(found)["backup_days"]


def test_a_variable_without_a_value_is_unknown() -> None:
    text = 'variable "e" {}\nresource "aws_rds_cluster" "c" { storage_encrypted = var.e }'
    found = resource(text, "aws.rds.cluster")
    assert "e" in unknowns(found)["encrypted"]


def test_a_key_of_the_same_template_is_known_by_its_address_and_is_an_edge() -> None:
    text = 'resource "aws_kms_key" "k" {}\nresource "aws_ebs_volume" "v" { kms_key_id = aws_kms_key.k.arn }'
    found = resource(text, "aws.ec2.volume")
    assert found.attributes["key"] == "aws_kms_key.k"
    assert [(each.kind, each.target) for each in found.relations] == [("encrypted-with", "aws_kms_key.k")]


def test_user_data_is_never_kept() -> None:
    text = 'resource "aws_instance" "i" { user_data = "password=hunter22 and more" }'
    found = resource(text, "aws.ec2.instance")
    assert found.attributes["user_data"] == {"given": True, "secret": True}
    assert "hunter22" not in repr(found)


GROUP = """
resource "aws_security_group" "g" {}
resource "aws_instance" "i" {
  associate_public_ip_address = true
  vpc_security_group_ids      = [GROUPS]
}
"""
RULE = """
resource "aws_vpc_security_group_ingress_rule" "r" {
  security_group_id = TARGET
  ip_protocol       = "tcp"
  from_port         = 22
  to_port           = 22
  cidr_ipv4         = "0.0.0.0/0"
}
"""


@pytest.mark.parametrize(
    ("groups", "target", "public"),
    [
        ("aws_security_group.g.id", "aws_security_group.g.id", True),
        ("aws_security_group.g.id", '"sg-1"', False),
        ("aws_security_group.g.id", "var.g", None),
        ('aws_security_group.g.id, "sg-2"', '"sg-1"', None),
    ],
)
def test_exposure_follows_references_and_admits_what_it_cannot_follow(
    groups: str, target: str, public: bool | None
) -> None:
    text = 'variable "g" {}\n' + GROUP.replace("GROUPS", groups) + RULE.replace("TARGET", target)
    found = resource(text, "aws.ec2.instance")
    assert found.attributes.get("public") is public
    assert ("public" in unknowns(found)) is (public is None)


def test_a_rule_that_leads_nobody_knows_where_makes_groups_unknown() -> None:
    text = 'variable "g" {}\nresource "aws_security_group" "g" {}\n' + RULE.replace("TARGET", "var.g")
    paths = unknowns(resource(text, "aws.ec2.security_group"))
    assert "ingress[0].public" in paths


NAMED = """
data "aws_caller_identity" "me" {}
resource "aws_iam_user" "u" { name = "${data.aws_caller_identity.me.account_id}-u" }
resource "aws_iam_user" "v" { name = "${data.aws_caller_identity.me.account_id}-v" }
resource "aws_iam_access_key" "k" { user = aws_iam_user.u.name }
"""


def test_names_that_are_known_in_part_still_lead_to_their_own() -> None:
    found: dict[str, Any] = {
        each.id: each.attributes["access_keys"]
        for each in of_folder(MemoryView({"/t/main.tf": NAMED.encode()}), "/t").resources
    }
    assert found == {"aws_iam_user.u": 1, "aws_iam_user.v": 0}


def test_a_member_finds_its_cluster_by_name_too() -> None:
    text = """
    resource "aws_rds_cluster" "c" {
      cluster_identifier = "main"
      storage_encrypted  = true
    }
    resource "aws_rds_cluster_instance" "i" { cluster_identifier = aws_rds_cluster.c.cluster_identifier }
    """
    assert resource(text, "aws.rds.instance").attributes["encrypted"] is True
