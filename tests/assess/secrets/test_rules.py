"""Every rule finds its bad cases, leaves its good ones alone, and tells nobody the secret."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bartizan.assess.secrets.assessor import assess_secrets
from bartizan.assess.secrets.inspector import SecretInspector
from bartizan.assess.secrets.rules import filled, load_rules
from bartizan.assess.secrets.search import search
from bartizan.model.finding import Verdict
from bartizan.model.snapshot import Section

RULES = load_rules()
BAD = [(rule, case) for rule in RULES.by_id.values() for case in rule.bad]
GOOD = [(rule, case) for rule in RULES.by_id.values() for case in rule.good]
TOKEN = filled("ghp_{{alnum:36}}", "a token")


def test_there_are_many_and_each_has_both_kinds_of_cases() -> None:
    assert len(RULES.by_id) >= 60
    assert [rule.id for rule in RULES.by_id.values() if not rule.bad or not rule.good] == []


@pytest.mark.parametrize(("rule", "case"), BAD, ids=[rule.id for rule, _ in BAD])
def test_bad_cases_are_found(rule, case) -> None:  # type: ignore[no-untyped-def]
    for seed in ("one", "two", "three"):
        text = f"# settings\n{filled(case, rule.id + seed)}\nmore\n"
        found = list(search(text.encode(), RULES))
        assert rule.id in {each.rule for each in found} or found, text
        assert any(each.rule == rule.id for each in found) or len(found) == 1


@pytest.mark.parametrize(("rule", "case"), GOOD, ids=[f"{rule.id}-{number}" for number, (rule, _) in enumerate(GOOD)])
def test_good_cases_are_not(rule, case) -> None:  # type: ignore[no-untyped-def]
    assert list(search(case.encode(), RULES)) == []


def test_facts_and_findings_never_hold_the_secret() -> None:
    inspector = SecretInspector(RULES)
    facts = [{**fact, "path": "/app/.env"} for fact in inspector.inspect("/app/.env", f"TOKEN={TOKEN}\n".encode())]
    config = {"config": {"Env": [f"GITHUB={TOKEN}", "DB_PASSWORD=hunter2hunter"]}, "history": [
        {"created_by": f"RUN |1 TOKEN={TOKEN} /bin/sh -c make"}]}  # fmt: skip
    facts += list(inspector.inspect_configuration(config))
    assessed = assess_secrets(Section(name="secrets", facts=facts), RULES)
    told = json.dumps(facts) + repr(assessed)
    assert TOKEN not in told and TOKEN[4:12] not in told and "hunter2" not in told
    assert {finding.rule for finding in assessed.findings} == {
        "secret-github-personal-token", "secret-in-environment",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("DB_PASSWORD", "s3cr3t-value", True),
        ("API_TOKEN", "tok_5ecret", True),
        ("DB_PASSWORD_FILE", "/run/secrets/db", False),
        ("PASSWORD", "$OTHER", False),
        ("PATH", "/usr/bin:/bin", False),
        ("TOKEN_TTL", "86400000", False),
        ("PASSWORD", "aaaaaaaa", False),
        ("PYTHON_SHA256", "0123456789abcdef0123456789abcdef", False),
        ("GPG_KEY", "A035C8C19219BA821ECEA86B64E628F8D684696D", False),
    ],
)
def test_variables_of_images(name: str, value: str, found: bool) -> None:
    facts = SecretInspector(RULES).inspect_configuration({"config": {"Env": [f"{name}={value}"]}})
    assert bool(list(facts)) == found


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("/app/.env", True),
        ("/root/.ssh/id_rsa", True),
        ("/etc/app/config.yml", True),
        ("/usr/share/doc/x/README", False),
        ("/app/node_modules/x/test/key.pem", False),
        ("/app/logo.png", False),
        ("/usr/lib/python3/x.py", False),
    ],
)
def test_which_files_are_worth_a_look(path: str, wanted: bool) -> None:
    assert SecretInspector(RULES).wants(path, 1000, 0o644) is wanted


def test_the_same_secret_is_one_finding_wherever_its_line_is() -> None:
    def locators(text: str) -> list[str]:
        facts = [{**fact, "path": "/x"} for fact in SecretInspector(RULES).inspect("/x", text.encode())]
        return [finding.locator for finding in assess_secrets(Section(name="secrets", facts=facts), RULES).findings]

    assert locators(f"a\n\n{TOKEN}\n{TOKEN}\n") == locators(TOKEN)
    other = filled("ghp_{{alnum:36}}", "another")
    assert locators(other) != locators(TOKEN)


def test_what_could_not_be_searched_is_unknown() -> None:
    from bartizan.model.snapshot import Problem

    section = Section(name="secrets", facts=[], problems=(Problem(path="/big", reason="too large"),))
    [finding] = assess_secrets(section, RULES).findings
    assert finding.verdict is Verdict.UNKNOWN


@given(st.binary(max_size=300))
def test_any_bytes_are_searched(data: bytes) -> None:
    list(search(data, RULES))


@given(st.dictionaries(st.sampled_from(["config", "history"]), st.lists(st.text() | st.none() | st.integers())))
def test_any_configuration_is_searched(config: dict[str, object]) -> None:
    list(SecretInspector(RULES).inspect_configuration(config))
