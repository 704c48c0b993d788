"""Fn::ForEach as CloudFormation's transform AWS::LanguageExtensions writes it out."""

from bartizan.collect.filesystem.memory import MemoryView
from bartizan.collect.templates.cloudformation.resources import of_template, of_templates

TEMPLATE = """\
Transform: AWS::LanguageExtensions
Mappings: {Names: {All: {List: [a-1, b]}}}
Resources:
  Fn::ForEach::Buckets:
    - Name
    - !FindInMap [Names, All, List]
    - Bucket&{Name}:
        Type: AWS::S3::Bucket
        Properties:
          BucketName: !Sub "${AWS::Partition}-${Name}"
          VersioningConfiguration: {Status: Enabled}
          Fn::ForEach::Tags:
            - Key
            - [One]
            - Tags: [{Key: !Ref Key, Value: !Ref Name}]
  Plain: {Type: AWS::S3::Bucket}
"""


def test_each_round_makes_its_resources_where_the_loop_stands() -> None:
    found = of_template(MemoryView({"/t.yaml": TEMPLATE.encode()}), "/t.yaml")
    assert not found.problems
    told = {
        each.id: (each.name, each.attributes.get("tags"), each.location.line)
        for each in found.resources
        if each.location
    }
    assert told == {
        "Bucketa1": ("aws-a-1", {"One": "a-1"}, 7),
        "Bucketb": ("aws-b", {"One": "b"}, 7),
        "Plain": ("Plain", None, 16),
    }


def test_a_nested_stack_is_judged_where_it_is_nested() -> None:
    nest = "Resources:\n  N:\n    Type: AWS::CloudFormation::Stack\n    Properties: {TemplateURL: ../b.yaml}\n"
    view = MemoryView({"/a/a.yaml": nest.encode(), "/b.yaml": b"Resources: {B: {Type: AWS::S3::Bucket}}\n"})
    found = list(of_templates(view, ["/a/a.yaml", "/b.yaml"]))
    assert [(path, [each.id for each in read.resources]) for path, read in found] == [("/a/a.yaml", ["N.B"])]
