"""`bartizan policy` as a new user meets it: what is shown, and what is said where something is wrong."""

import json
from pathlib import Path

import pytest

from bartizan.assess.policy.engine import load_policies
from bartizan.cli.policy_verbs import inputs_of
from small_host import Run

POLICY = """\
resource: host
group: acme
policies:
  - id: acme-ssh-port
    title: SSH listens where we agreed
    severity: medium
    check: resource.sshd.effective.port.all(port, port == 22)
    why: Nobody watches another port.
    fix: {text: Set Port.}
    good: [{name: agreed, sshd.effective.port: [22]}]
    bad: [{name: another, sshd.effective.port: [2222]}]
"""


def test_a_new_policy_passes_its_own_test(bartizan: Run, tmp_path: Path) -> None:
    assert bartizan("policy", "new", "acme-ssh-port", "--directory", tmp_path / "own").returncode == 0
    done = bartizan("policy", "test", tmp_path / "own")
    assert (done.returncode, done.stdout) == (0, "1 policies, 3 cases, 0 judged otherwise\n")
    again = bartizan("policy", "new", "acme-ssh-port", "--directory", tmp_path / "own")
    assert again.returncode == 2
    assert "Choose another id, or edit that file." in again.stderr


@pytest.mark.parametrize(
    ("before", "after", "line", "told"),
    [
        ("severity:", "severty:", 6, "a policy has no key 'severty' (did you mean 'severity'?)"),
        ("medium", "5", 6, "severity 5 is none of"),
        ("resource.sshd.effective.port", "resource.sshd.efective.port", 7, "efective"),
        ("port == 22", 'port == "22"', 7, "check, character"),
        ("resource: host", "resource: hots", 1, "unknown resource type 'hots' (did you mean 'host'?)"),
        ("[2222]", '["2222"]', 11, "expected int, found string '2222'"),
        ("    why:", "    title: Twice\n    why:", 8, "key 'title' is written twice, first on line 5"),
        ("{text: Set Port.}", "&fix {text: Set Port.}", 9, "anchors and aliases are not allowed (write the value out)"),
        ("{text: Set Port.}", "{" + "a: {" * 60 + "}" * 61, 9, "nested deeper than 40 levels"),
        ("port == 22)", f"{'(' * 500}port == 22{')' * 501}", 7, "check, character"),
        ("[{name: agreed,", "[{name: agreed", 10, "(mend the YAML)"),
    ],
)
def test_what_is_wrong_is_told_with_file_and_line(
    bartizan: Run, tmp_path: Path, root: Path, before: str, after: str, line: int, told: str
) -> None:
    path = tmp_path / "own.yaml"
    assert before in POLICY
    path.write_text(POLICY.replace(before, after, 1))
    done = bartizan("policy", "test", tmp_path)
    assert done.returncode == 2, done.stdout
    assert f"{path}:{line}: " in done.stderr
    assert told in done.stderr
    scanned = bartizan("scan", "host", "--root", root, "--only", "policy", "--policies", tmp_path)
    assert (scanned.returncode, scanned.stdout) == (2, "")
    assert f"{path}:{line}: " in scanned.stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["explain", "host-ssh-rot-login"], "Did you mean host-ssh-root-login"),
        (["test", "/nowhere"], "there is no folder /nowhere"),
        (["new", "SSH Port"], "Use lower case words with hyphens"),
        (["list", "--group", "shs"], "there is no group 'shs'"),
        (["list", "--framework", "pci-dss-5"], "there is no framework 'pci-dss-5' (did you mean 'pci-dss-4'?)"),
        (["list", "--resource", "aws.s3.bukket"], "there is no resource type 'aws.s3.bukket' (did you mean 'aws.s3."),
        (["list", "--resource", "host", "--group", "S3"], "there is no group 'S3'"),
    ],
)
def test_a_wrong_word_is_code_2_with_what_to_do(bartizan: Run, words: list[str], told: str) -> None:
    done = bartizan("policy", *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr


def test_lists_narrow_down(bartizan: Run) -> None:
    words = ("--resource", "aws.s3.*", "--framework", "pci-dss-4", "--severity", "high", "--json")
    found = json.loads(bartizan("policy", "list", *words).stdout)
    assert found
    assert {each["resource"].rpartition(".")[0] for each in found} == {"aws.s3"}
    assert {each["severity"] for each in found} <= {"high", "critical"}
    assert all("pci-dss-4" in each["controls"] for each in found)


@pytest.mark.parametrize(
    ("type_", "wanted"),
    [
        (
            "aws.s3.bucket",
            {"Terraform (configuration, plan, state)": "aws_s3_bucket", "CloudFormation, SAM": "S3::Buc"},
        ),
        ("azure.storage.account", {"ARM, Bicep": "Microsoft.Storage/storageAccounts"}),
        ("aws.iam.role", {"Terraform (configuration, plan, state)": "aws_iam_role"}),
        ("kubernetes.workload", {"Kubernetes manifests, Helm charts, Kustomize overlays": ""}),
        ("docker.container", {"Containers on hosts that run Docker": "", "Compose": ""}),
        ("docker.dockerfile", {"Dockerfile": ""}),
        ("host", {"Hosts: scan host, the agent, roots in folders and on disks": ""}),
    ],
)
def test_inputs_follow_the_tables_that_read_them(type_: str, wanted: dict[str, str]) -> None:
    found = inputs_of(type_)
    for language, name in wanted.items():
        assert language in found
        assert name in ", ".join(found[language])


def test_what_no_template_declares_says_so(bartizan: Run) -> None:
    loaded = load_policies()
    alone = [each for each in loaded.policies.values() if not inputs_of(each.resource)]
    assert {each.resource.partition(".")[0] for each in alone} <= {"aws", "azure", "google"}
    for policy in alone[:1]:
        assert "only the live account can tell" in bartizan("policy", "explain", policy.id).stdout


def test_an_explanation_has_everything(bartizan: Run) -> None:
    told = bartizan("policy", "explain", "host-ssh-root-login").stdout
    for part in ("Judges\n  host\n", "Applies where", "Passes where", "To comply", "Controls", "Cases\n  pass"):
        assert part in told
