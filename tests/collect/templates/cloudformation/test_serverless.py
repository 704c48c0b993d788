"""The Serverless Application Model is judged as the plain resources that it becomes."""

from bartizan.collect.filesystem.memory import MemoryView
from bartizan.collect.templates.cloudformation.resources import of_template
from bartizan.model.resource import Resource

TEMPLATE = b"""
Transform: AWS::Serverless-2016-10-31
Globals:
  Function:
    Runtime: python3.13
    Tracing: Active
    Environment: {Variables: {STAGE: live}}
  Api:
    TracingEnabled: true
Resources:
  Hello:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: nodejs22.x
      DeadLetterQueue: {Type: SQS, TargetArn: !GetAtt Dead.Arn}
      Environment: {Variables: {DB_PASSWORD: hunter22}}
      FunctionUrlConfig: {AuthType: NONE}
      Policies:
        - AmazonS3ReadOnlyAccess
        - S3ReadPolicy: {BucketName: b}
        - Statement: [{Effect: Allow, Action: "*", Resource: "*"}]
  Own:
    Type: AWS::Serverless::Function
    Properties: {Role: "arn:aws:iam::1:role/r"}
  Dead: {Type: AWS::SQS::Queue}
  Rest:
    Type: AWS::Serverless::Api
    Properties:
      StageName: live
      AccessLogSetting: {DestinationArn: "arn:1"}
      EndpointConfiguration: {Type: PRIVATE}
  Things: {Type: AWS::Serverless::SimpleTable, Properties: {SSESpecification: {SSEEnabled: true}}}
  Steps: {Type: AWS::Serverless::StateMachine, Properties: {Tracing: {Enabled: true}}}
  Layer: {Type: AWS::Serverless::LayerVersion, Properties: {}}
"""


def resources() -> dict[tuple[str, str], Resource]:
    found = of_template(MemoryView({"/t.yaml": TEMPLATE}), "/t.yaml")
    assert not found.problems
    assert not found.unmodelled
    return {(each.type, each.id): each for each in found.resources}


def test_a_function_has_the_globals_below_its_own_properties() -> None:
    function = resources()["aws.lambda.function", "Hello"].attributes
    assert function["runtime"] == "nodejs22.x"
    assert function["tracing"] is True
    assert function["dead_letters"] is True
    assert function["variables"] == ["DB_PASSWORD", "STAGE"]
    assert function["secret_in_variables"] is True
    assert function["url"] == "NONE"


def test_no_value_of_a_variable_is_kept() -> None:
    assert "hunter22" not in repr(list(resources().values()))


def test_a_function_without_a_role_gets_one_of_its_own() -> None:
    found = resources()
    role = found["aws.iam.role", "HelloRole"].attributes
    assert role["managed_policies"] == ["arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"]
    assert role["trust_public"] is False
    (policy,) = [each for key, each in found.items() if key[0] == "aws.iam.policy"]
    assert policy.attributes["administrator"] is True
    assert ("aws.iam.role", "OwnRole") not in found


def test_an_api_is_an_api_and_its_stage() -> None:
    found = resources()
    assert found["aws.apigateway.api", "Rest"].attributes["private"] is True
    stage = found["aws.apigateway.stage", "RestStage"].attributes
    assert stage["tracing"] is True
    assert stage["logging"] is True


def test_tables_and_state_machines_are_plain_ones() -> None:
    found = resources()
    assert found["aws.dynamodb.table", "Things"].attributes["kms"] is True
    assert found["aws.states.machine", "Steps"].attributes["tracing"] is True
