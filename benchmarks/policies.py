"""Policies: loading them, judging a host's stored facts, and evaluations a second beside the Rust CEL engine.

    python benchmarks/policies.py [--seconds 2]

The host is this machine, collected once; then only stored facts are judged, as the server does. The Rust engine judges
the same expressions on the same values, with the same helper functions.
"""

import argparse
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import cel

from bartizan.assess.policy.engine import PolicySet, assess_resource, host_resource, load_policies
from bartizan.assess.policy.evaluate import Program
from bartizan.assess.policy.functions import FUNCTIONS
from bartizan.assess.policy.operators import TROUBLE
from bartizan.assess.policy.schema import Gap, resource_value
from bartizan.assess.policy.syntax import parse
from bartizan.collect.filesystem.local import LocalView
from bartizan.collect.host.snapshot import collect_host
from bartizan.model.resource import Resource

SECURITY_GROUP = (
    'resource.rules.all(r, r.direction != "in" || !(r.cidr in ["0.0.0.0/0", "::/0"]) || 22 < r.low || 22 > r.high)',
    {
        "rules": [
            {"direction": "in", "cidr": f"10.{number}.0.0/16", "low": 20 + number, "high": 30 + number}
            for number in range(6)
        ]
    },
)
BUCKET = (
    "(resource.block_acls && resource.block_policy) || !resource.grants.exists(g, g == 'AllUsers')",
    {"block_acls": True, "block_policy": False, "grants": ["owner", "log-delivery"]},
)


def per_call(call: Callable[[], Any], seconds: float) -> float:
    """CPU seconds for one call."""
    call()
    count, start = 0, time.process_time()
    while time.process_time() - start < seconds:
        call()
        count += 1
    return (time.process_time() - start) / count


def known(value: Any) -> Any:
    """The value without what is not known: the Rust engine has no word for it."""
    if isinstance(value, dict):
        return {key: known(each) for key, each in value.items() if not isinstance(each, Gap)}
    return [known(each) for each in value] if isinstance(value, list) else value


def micro(name: str, text: str, value: dict[str, Any], seconds: float) -> None:
    ours = Program(parse(text), ("resource",))
    rust = cel.compile(text)
    context = cel.Context(variables={"resource": value})
    assert ours.evaluate(value) is rust.execute(context)
    figures = [
        per_call(lambda: ours.evaluate(value), seconds),
        per_call(lambda: rust.execute(context), seconds),
        per_call(lambda: rust.execute(cel.Context(variables={"resource": value})), seconds),
    ]
    told = [f"{1 / each:>9,.0f}/s" for each in figures]
    print(f"{name:<34} ours {told[0]}   Rust, context kept {told[1]}   Rust, context made {told[2]}")


def many(policies: PolicySet, seconds: float) -> None:
    """100,000 small resources by 50 policies, from the cost of one bucket: filled once, judged by each policy."""
    kind = "aws.s3.bucket"
    if kind not in policies.by_type:
        return
    bucket = Resource(type=kind, id="b", name="b")
    fill = per_call(lambda: resource_value(policies.schemas[kind], bucket.attributes), seconds)
    whole = per_call(lambda: assess_resource(bucket, policies), seconds)
    count = len(policies.by_type[kind])
    each = (whole - fill) / count
    print(f"{count} policies on a bucket             {whole * 1e6:9.0f} us")
    print(f"100,000 resources by 50 policies   {100_000 * (fill + 50 * each):9.0f} s on one core, findings included")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=2.0)
    seconds = parser.parse_args().seconds

    print(f"load and compile all policies      {per_call(load_policies, seconds) * 1000:9.1f} ms")
    policies = load_policies()
    snapshot = collect_host(LocalView(), sensor="benchmark", now=datetime.now(UTC))
    resource = host_resource(snapshot.sections, "here")
    assessment = assess_resource(resource, policies)
    checks = len(policies.by_type["host"])
    judge = per_call(lambda: assess_resource(resource, policies), seconds)
    print(f"judge one host, {checks} checks         {judge * 1000:9.1f} ms   {dict(assessment.counts)}")
    print(f"judge 10,000 hosts anew            {judge * 10_000:9.0f} s on one core")

    many(policies, seconds)

    value = resource_value(policies.schemas["host"], resource.attributes, resource.unknowns)
    expressions = [each.policy for each in policies.by_type["host"]]
    ours = [(Program(parse(each.check), ("resource", "params")), each.parameters) for each in expressions]

    def judge_ours() -> None:
        index: dict[Any, Any] = {}
        for program, parameters in ours:
            try:
                program.evaluate(value, parameters, index=index)
            except TROUBLE:
                continue

    plain = known(value)
    helpers = {each.name: each.call for each in FUNCTIONS if each.about and not each.method}
    rust = [(cel.compile(each.check), each.parameters) for each in expressions]

    def judge_rust() -> None:
        context = cel.Context(variables={"resource": plain, "params": {}}, functions=helpers)
        for program, parameters in rust:
            context.add_variable("params", parameters)
            try:
                program.execute(context)
            except Exception:  # what is not known is missing there
                continue

    for name, call in (("ours", judge_ours), ("Rust, one context", judge_rust)):
        took = per_call(call, seconds)
        print(f"the {checks} checks alone, {name:<18} {took * 1000:5.1f} ms   {checks / took:>9,.0f}/s")
    micro("security group, 6 rules", *SECURITY_GROUP, seconds)
    micro("bucket", *BUCKET, seconds)


if __name__ == "__main__":
    main()
