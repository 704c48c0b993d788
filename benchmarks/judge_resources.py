"""Judging resources of templates and clouds: 100,000 by 50 policies each, on one core, and the hottest functions.

    python benchmarks/judge_resources.py [--resources 100000] [--profile]

Types with fewer than 50 policies are judged by theirs in turn until there are 50. One resource in eight is insecure,
and one in sixteen has something that is not known.
"""

import argparse
import cProfile
import pstats
import resource as limits
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import cycle, islice
from typing import Any

from bartizan.assess.policy.engine import PolicySet, assess_resource, load_policies
from bartizan.model.resource import Resource, Unknown

PER_RESOURCE = 50
TARGET_SECONDS = 180


def group(number: int) -> dict[str, Any]:
    """A security group with eight rules."""
    insecure = number % 8 == 0
    rules = [
        {"protocol": "tcp", "from_port": 8000 + each, "to_port": 8000 + each, "cidrs": [f"10.{each}.0.0/16"]}
        for each in range(7)
    ]
    rules.append({"protocol": "tcp", "from_port": 22, "to_port": 22, "cidrs": ["0.0.0.0/0"], "public": insecure})
    return {"description": f"group {number}", "ingress": rules}


def instance(number: int) -> dict[str, Any]:
    """An instance with two volumes."""
    return {
        "metadata": {"tokens_required": number % 8 != 0},
        "monitoring": True,
        "profile": "web",
        "volumes": [{"device": "root", "encrypted": True}, {"device": "/dev/sdb", "encrypted": number % 8 != 0}],
    }


def bucket(number: int) -> dict[str, Any]:
    """A bucket with a policy."""
    names = ("block_public_acls", "ignore_public_acls", "block_public_policy", "restrict_public_buckets")
    return {
        "public": number % 8 == 0,
        "public_access_block": dict.fromkeys(names, number % 8 != 0),
        "versioning": {"enabled": True},
        "policy": [{"effect": "Allow", "principals": [f"{number:012}"], "actions": ["s3:GetObject"]}],
    }


def database(number: int) -> dict[str, Any]:
    """A database instance."""
    return {"engine": "postgres", "encrypted": number % 8 != 0, "backup_days": 14, "multi_zone": True}


MAKERS = {
    "aws.ec2.security_group": group,
    "aws.ec2.instance": instance,
    "aws.s3.bucket": bucket,
    "aws.rds.instance": database,
}


def resources(count: int) -> Iterator[Resource]:
    """Resources of four types in turn."""
    kinds = cycle(MAKERS.items())
    for number in range(count):
        type_, make = next(kinds)
        unknowns = (Unknown(path="tags", reason="variable has no value"),) if number % 16 == 0 else ()
        yield Resource(type=type_, id=f"r{number}", attributes=make(number // len(MAKERS)), unknowns=unknowns)


def fifty(policies: PolicySet) -> PolicySet:
    """The same set with 50 policies for each type."""
    by_type = {type_: tuple(islice(cycle(policies.by_type[type_]), PER_RESOURCE)) for type_ in MAKERS}
    return replace(policies, by_type=by_type)


def run(count: int, policies: PolicySet) -> tuple[float, int]:
    """CPU seconds, and findings."""
    start, findings = time.process_time(), 0
    for each in resources(count):
        findings += len(assess_resource(each, policies, locator=each.id).findings)
    return time.process_time() - start, findings


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--resources", type=int, default=100_000)
    parser.add_argument("--profile", action="store_true")
    options = parser.parse_args()
    policies = fifty(load_policies())
    if options.profile:
        profile = cProfile.Profile()
        profile.runcall(run, options.resources // 10, policies)
        pstats.Stats(profile).sort_stats("tottime").print_stats(15)
        return
    seconds, findings = run(options.resources, policies)
    judged = options.resources * PER_RESOURCE
    memory = limits.getrusage(limits.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{options.resources:,} resources by {PER_RESOURCE} policies: {seconds:.1f} CPU s (aim: {TARGET_SECONDS})")
    print(f"{judged / seconds:,.0f} judgements a CPU second, {findings:,} findings, {memory:.0f} MiB")


if __name__ == "__main__":
    main()
