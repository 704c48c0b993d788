"""User's policies: what is wrong is told with file and line, and takes nothing else down."""

from pathlib import Path

import pytest

from bartizan.assess.policy.cases import test_policies as run_policies
from bartizan.assess.policy.engine import PolicySet, load_policies
from bartizan.content.documents import ContentError

CHECK = 'resource.os.id == "debian"'
FIX = "    fix: Do it."
GOOD = """\
resource: host
policies:
  - id: site-one
    title: One
    severity: low
    check: resource.os.id == "debian"
    why: Because.
    fix: Do it.
    good: [{name: debian, os.id: debian}]
    bad: [{name: other, os.id: other}]
"""


def errors(folder: Path, text: str) -> list[str]:
    (folder / "site.yaml").write_text(text)
    return [
        str(error).replace(str(folder), "DIR") for error in complaints(load_policies([folder], builtin=False), folder)
    ]


def complaints(policies: PolicySet, folder: Path) -> list[ContentError]:
    """Of that folder alone: what is built in has tests of its own."""
    return [error for error in policies.errors if error.path.startswith(str(folder))]


def test_a_folder_of_policies_is_loaded(tmp_path: Path) -> None:
    assert errors(tmp_path, GOOD) == []
    policies = load_policies([tmp_path])
    assert policies.policies["site-one"].fix.text == "Do it."
    assert not policies.compiled["site-one"].builtin
    assert policies.compiled["site-one"].line == 3
    assert len(policies.policies) > 200
    assert load_policies([tmp_path]).digest == policies.digest != load_policies().digest


@pytest.mark.parametrize(
    ("old", "new", "wanted"),
    [
        ("os.id ==", "os.idd ==", "6: check, character 13: resource.os has no field 'idd' (did you mean 'id'?)"),
        ('== "debian"', "== 12", "6: check, character 16: string is never equal to int"),
        (CHECK, "resource.os.id", "6: check, character 1: must be true or false, but is string"),
        (CHECK, "lowr(resource.os.id) == ''", "6: check, character 1: unknown function 'lowr' (did you mean 'lower'?)"),
        (CHECK, "(" * 4000, "6: check, character 51: nested deeper than 50 levels"),
        ("severity: low", "severity: lowish", "5: severity 'lowish' is none of critical, high, medium, low, info"),
        ("    why: Because.\n", "", "3: policy 'site-one' has no why (add `why:`)"),
        ("    why:", "    whi:", "7: a policy has no key 'whi' (did you mean 'why'?)"),
        ("id: site-one", "id: Site One", "3: id 'Site One' may have lower-case letters"),
        ("resource: host", "resource: hst", "1: unknown resource type 'hst' (did you mean 'host'?)"),
        ("os.id: other", "os.idd: other", "10: os.idd: has no field 'idd' (did you mean 'id'?)"),
        ("os.id: other", "os.id: 12", "10: in case 'other': os: id: expected string, found int 12"),
        (FIX, FIX + "\n    controls: {nist-800-53: [AC-99]}", "9: framework nist-800-53 has no control 'AC-99'"),
        (FIX, FIX + "\n    controls: {nist: [AC-2]}", "9: unknown framework 'nist'"),
        ("    fix: Do it.", "    fix: {txt: Do it.}", "8: fix must be text, or a mapping with text"),
        (FIX, FIX + "\n    parameters: {a: {b: 1}}", "9: parameter 'a' must be a plain name"),
        ("policies:", "policys:", "1: a policy file is a mapping with `policies:` and a list"),
        ("    title: One", "    title: &x One", "4: anchors and aliases are not allowed"),
        ("    title: One", "    title: One\n    title: Two", "5: key 'title' is written twice, first on line 4"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_line(tmp_path: Path, old: str, new: str, wanted: str) -> None:
    assert old in GOOD
    found = errors(tmp_path, GOOD.replace(old, new, 1))
    assert len(found) == 1
    assert found[0].startswith(f"DIR/site.yaml:{wanted}")


def test_an_error_in_a_long_expression_names_its_line(tmp_path: Path) -> None:
    text = GOOD.replace(
        'check: resource.os.id == "debian"',
        'check: |\n      resource.os.id == "debian"\n      && resource.os.nam == ""',
    )
    assert errors(tmp_path, text)[0].startswith("DIR/site.yaml:8: check, character 16: resource.os has no field 'nam'")


def test_one_bad_policy_leaves_the_others(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text(
        GOOD.replace("site-one", "site-two").replace("resource.os.id ==", "resource.os.x ==")
    )
    (tmp_path / "worse.yaml").write_text("policies: [")
    (tmp_path / "good.yaml").write_text(GOOD)
    policies = load_policies([tmp_path])
    assert "site-one" in policies.policies
    assert len(policies.policies) > 200
    assert len(complaints(policies, tmp_path)) == 2


def test_an_id_exists_once(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(GOOD)
    (tmp_path / "b.yaml").write_text(GOOD)
    (error,) = complaints(load_policies([tmp_path], builtin=False), tmp_path)
    assert f"policy 'site-one' exists already in {tmp_path}/a.yaml:3" in str(error)


def test_a_missing_folder_is_told(tmp_path: Path) -> None:
    (error,) = complaints(load_policies([tmp_path / "none"], builtin=False), tmp_path)
    assert "no such folder of policies" in str(error)


def test_a_family_stands_for_as_many_policies(tmp_path: Path) -> None:
    text = """\
resource: host
group: site
defaults: {severity: low, why: Because., fix: Do it., controls: {nist-800-53: [CM-6]}}
policies:
  - for_each:
      - {name: debian, other: alpine, least: 3}
      - {name: alpine, other: debian, least: 4}
    id: site-{{name}}
    title: It is {{name}}
    parameters: {least: "{{least}}"}
    controls: {cis-controls-8: ["4.1"]}
    check: resource.os.id == "{{name}}" && params.least > 2
    good: [{name: so, os.id: "{{name}}"}]
    bad: [{name: not so, os.id: "{{other}}"}]
"""
    assert errors(tmp_path, text) == []
    policies = load_policies([tmp_path], builtin=False)
    assert sorted(policies.policies) == ["site-alpine", "site-debian"]
    policy = policies.policies["site-alpine"]
    assert policy.parameters == {"least": 4}
    assert policy.controls == {"nist-800-53": ("CM-6",), "cis-controls-8": ("4.1",)}
    assert policy.group == "site"
    assert policies.compiled["site-alpine"].line == 7
    assert run_policies([tmp_path], builtin=False).failed == ()


def test_cases_are_run_and_told(tmp_path: Path) -> None:
    (tmp_path / "site.yaml").write_text(GOOD.replace("os.id: other", "os.id: debian"))
    report = run_policies([tmp_path], builtin=False)
    (failed,) = report.failed
    assert (failed.policy, failed.case, failed.expected.value, failed.found.value) == (
        "site-one",
        "other",
        "fail",
        "pass",
    )
    assert not report.ok


def test_a_policy_without_a_bad_case_is_told(tmp_path: Path) -> None:
    (tmp_path / "site.yaml").write_text(GOOD.replace("    bad: [{name: other, os.id: other}]\n", ""))
    assert run_policies([tmp_path], builtin=False).uncovered == ("site-one",)


def test_hidden_folders_are_left_out(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "x.yaml").write_text("nonsense: [")
    assert errors(tmp_path, GOOD) == []
