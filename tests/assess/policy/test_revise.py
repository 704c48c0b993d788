"""A change of policies judges only what changed, and comes to what judging everything would."""

from dataclasses import replace
from itertools import compress, product
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings

from bartizan.assess import dispatch
from bartizan.assess.dispatch import Difference, Known, reads, revise, unconcerned
from bartizan.assess.policy.engine import Parameters, PolicySet, load_policies
from bartizan.assess.policy.revise import differing, prints
from bartizan.model.assessment import Assessment, Standing, Stood
from bartizan.model.finding import Verdict
from bartizan.model.snapshot import Section

CHECKS = (
    "resource.sshd.present",
    "resource.os.id == 'debian'",
    "resource.sockets.listening.all(each, each.port < params.port)",
    "resource.users.accounts.exists(each, each.uid == 0)",
    "size(resource.packages) > 1",
    "resource.kernel.runtime['net.ipv4.ip_forward'] == '0'",
)
POLICY = """\
  - id: rule-{number}
    title: Rule {number}
    severity: {severity}
    check: {check}
    {more}
    parameters: {{port: {port}}}
    why: It is tested.
    fix: {{text: Mend it.}}
"""

VARIANTS = list(product(CHECKS, ("low", "high"), ("", "applies: resource.os.id == 'debian'"), (22, 1024)))
library = st.dictionaries(st.integers(1, 5), st.integers(0, len(VARIANTS) - 1), max_size=5)
own = st.dictionaries(st.sampled_from(("rule-1", "rule-2", "rule-3")), st.just({"port": 80}), max_size=2)
host = st.fixed_dictionaries(
    {},
    optional={
        "os": st.sampled_from([{"id": "debian"}, {"id": "alpine"}]),
        "sockets": st.sampled_from(
            [{"listening": []}, {"listening": [{"protocol": "tcp", "port": 80, "address": "0.0.0.0", "local": False}]}]
        ),
        "users": st.sampled_from([{"accounts": [{"name": "root", "uid": 0}]}, None]),
        "packages_deb": st.sampled_from([[], [{"name": "bash", "version": "1"}, {"name": "curl", "version": "1"}]]),
        "kernel": st.sampled_from([{"runtime": {"net.ipv4.ip_forward": "0"}}, None]),
    },
)


@pytest.fixture(scope="module")
def variants(tmp_path_factory: pytest.TempPathFactory) -> PolicySet:
    """Every variant, as `rule-0`, `rule-1`, ..."""
    folder = tmp_path_factory.mktemp("policies")
    names = ("check", "severity", "more", "port")
    told = "".join(
        POLICY.format(number=number, **dict(zip(names, each, strict=True))) for number, each in enumerate(VARIANTS)
    )
    (folder / "some.yaml").write_text(f"resource: host\ngroup: tests\npolicies:\n{told}")
    policies = load_policies([folder], builtin=False)
    assert not policies.errors, policies.errors
    return policies


def library_of(variants: PolicySet, content: dict[int, int]) -> PolicySet:
    """Policies by number, each in one of the variants."""
    chosen = {}
    for number, variant in content.items():
        id_, compiled = f"rule-{number}", variants.compiled[f"rule-{variant}"]
        chosen[id_] = replace(compiled, policy=replace(compiled.policy, id=id_, title="A rule"))
    return replace(
        variants,
        digest=str(sorted(content.items())),
        policies={id_: each.policy for id_, each in chosen.items()},
        compiled=chosen,
        by_type={"host": tuple(chosen.values())} if chosen else {},
    )


def stood(one: Assessment) -> Standing:
    """The assessment as the inventory keeps it."""
    return Standing(
        findings=[Stood(*each.identity, each.verdict is Verdict.UNKNOWN) for each in one.findings],
        counts=one.counts,
        passed=one.passed,
        not_applicable=one.not_applicable,
        depends=one.depends,
    )


def compare(old: PolicySet, before: Parameters, new: PolicySet, now: Parameters, facts: dict[str, Any]) -> str:
    """Judge by both, the second time in part; says which part that was."""
    sections = {name: Section(name=name, facts=told) for name, told in facts.items()}
    known = Known(policies=new, parameters=now)
    standing = dispatch.judge("policy", sections, Known(policies=old, parameters=before))
    whole = dispatch.judge("policy", sections, known)
    difference = Difference(policies=differing(prints(old, before), prints(new, now)))
    if unconcerned("policy", sections, difference):
        assert (whole.findings, whole.counts, whole.passed) == (standing.findings, standing.counts, standing.passed)
        return "nothing"
    wanted = {name: sections[name] for name in reads("policy", sections, known, difference)}
    revision = revise("policy", wanted, known, stood(standing), difference)
    if revision is None:
        return "all"
    ours = revision.assessment
    told = (*compress(standing.findings, revision.kept), *ours.findings)
    assert sorted(told, key=lambda each: each.identity) == list(whole.findings)
    assert ours.counts == whole.counts
    assert sorted(ours.passed) == sorted(whole.passed)
    assert ours.not_applicable == whole.not_applicable
    assert ours.knowledge == whole.knowledge
    return "a part"


def test_judging_the_changed_policies_gives_what_judging_all_gives(variants: PolicySet) -> None:
    seen = set()

    @settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
    @given(one=library, other=library, before=own, now=own, hosts=st.lists(host, min_size=1, max_size=4))
    def run(one: Any, other: Any, before: Any, now: Any, hosts: list[Any]) -> None:
        old, new = library_of(variants, one), library_of(variants, {**one, **other})
        fewer = library_of(variants, dict(list(one.items())[1:]))
        for facts in hosts:
            seen.add(compare(old, before, new, before, facts))
            seen.add(compare(old, before, new, now, facts))
            seen.add(compare(old, before, fewer, before, facts))

    run()
    assert seen >= {"nothing", "a part"}


def test_only_the_sections_of_changed_policies_are_read(variants: PolicySet) -> None:
    policies = library_of(
        variants, {number: VARIANTS.index((check, "low", "", 22)) for number, check in enumerate(CHECKS)}
    )

    def changed(*rules: str) -> Difference:
        own = {rule: {"port": 80} for rule in rules}
        return Difference(policies=differing(prints(policies), prints(policies, own)))

    names = ["os", "sockets", "users", "packages_deb", "kernel"]
    known = Known(policies=policies)
    assert reads("policy", names, known, changed("rule-2")) == ["sockets"]
    assert reads("policy", names, known, changed("rule-4", "rule-1")) == ["os", "packages_deb"]
    assert unconcerned("policy", names, changed())
    assert not unconcerned("policy", names, changed("rule-2"))


def test_policies_of_images_leave_hosts_as_they_are() -> None:
    policies = load_policies()
    image = next(each.policy.id for each in policies.by_type["container.image"])
    left = set(policies.policies) - {image}
    difference = Difference(policies=differing(prints(policies), prints(policies.only(left))))
    assert unconcerned("policy", ["os", "sshd"], difference)
    assert not unconcerned("policy", ["image", "os"], difference)
    assert not unconcerned("vulnerability:packages_deb", ["os"], difference)
