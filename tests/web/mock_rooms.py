"""Frameworks, an image and a source tree of the made-up estate, shaped as the API's records."""

from functools import cache
from typing import Any

from bartizan.assess.policy.engine import PolicySet, load_policies
from bartizan.assess.policy.frameworks import family_of, parent_of, policies_of

Record = dict[str, Any]
STATUSES = ("pass", "fail", "unknown", "manual", "not-covered")
_STEPS = (
    ("ADD rootfs.tar.xz /", 49_600_000),
    ("RUN apt-get update && apt-get install --yes --no-install-recommends ca-certificates curl nginx", 31_400_000),
    ("COPY requirements.txt /app/requirements.txt", 1_200),
    ("RUN pip install --no-cache-dir --requirement /app/requirements.txt", 88_000_000),
    ("COPY src /app", 640_000),
)
_FILES = (
    ("/network/main.tf", "aws_security_group.web", "module.network", 14),
    ("/network/main.tf", "aws_security_group.database", "module.network", 41),
    ("/storage/buckets.tf", "aws_s3_bucket.customer_exports_archive", 'module.storage["eu-central-1"]', 7),
    ("/deploy/web.yaml", "apps/v1/Deployment/shop/web", "", 1),
)


@cache
def _policies() -> PolicySet:
    return load_policies()


def framework(key: str, detailed: bool = True) -> Record | None:
    """Results are a function of the policy's name, so that they stay."""
    found = _policies().frameworks.get(key)
    if found is None:
        return None
    judged = policies_of(found, _policies().policies.values())
    controls: list[Record] = []
    named: set[str] = set()
    for control in found.controls.values():
        ids = judged.get(control.id, ())
        named.update(ids)
        failed = [each for each in ids if sum(each.encode()) % 5 == 0]
        unknown = [each for each in ids if sum(each.encode()) % 7 == 0 and each not in failed]
        status = "fail" if failed else "unknown" if unknown else "pass" if ids else "not-covered"
        if control.manual and not failed:
            status = "manual"
        controls.append(
            {
                "id": control.id,
                "title": control.title,
                "status": status,
                "reason": f"{len(failed)} policies of {len(ids)} fail somewhere."
                if ids
                else "No policy judges it yet.",
                "family": family_of(control.id),
                "parent": parent_of(control.id, found),
                "manual": control.manual,
                "policies": list(ids),
                "failing": failed,
                "passed": 8 * (len(ids) - len(failed) - len(unknown)),
                "failed": 2 * len(failed),
                "unknown": len(unknown),
                "not_applicable": 0,
                "query": "kind:policy and (" + " or ".join(f"rule:{each}" for each in failed) + ")" if failed else "",
            }
        )
    out: Record = {
        "id": found.id,
        "title": found.title,
        "version": found.version,
        "total": len(controls),
        "counts": {status: sum(1 for each in controls if each["status"] == status) for status in STATUSES},
        "policies": len(named),
    }
    if detailed:
        out["controls"] = controls
        out["asset"] = None
        out["judged_by"] = {
            each: {
                "title": _policies().policies[each].title,
                "severity": _policies().policies[each].severity.value,
                "resource": _policies().policies[each].resource,
                "passed": 8,
                "failed": 2 if sum(each.encode()) % 5 == 0 else 0,
                "unknown": 1 if sum(each.encode()) % 7 == 0 else 0,
                "not_applicable": 0,
            }
            for each in sorted(named)
        }
    return out


def frameworks() -> list[Record]:
    found = [framework(key, detailed=False) for key in _policies().frameworks]
    return sorted((each for each in found if each), key=lambda each: str(each["title"]))


def registry(asked: Record, now: str) -> Record:
    """A registry that is watched from now on; what was asked for, without the password."""
    return {
        "id": asked["host"],
        "host": asked["host"],
        "repositories": asked["repositories"],
        "username": asked.get("username", ""),
        "every_minutes": asked.get("every_minutes", 60),
        "created_at": now,
        "last_run": None,
        "last_error": "",
        "tags": 0,
        "images": 0,
        "problems": [],
    }


def asset_row(like: Record, kind: str, name: str, key: str) -> Record:
    """An asset of another kind, made after one that is there."""
    return {
        **like, "id": f"{kind}-1", "kind": kind, "name": name, "key": key, "tags": ["shop"], "sources": ["upload"],
        "os": "Debian GNU/Linux 12 (bookworm)" if kind == "image" else "", "risk": 74.0 if kind == "image" else 52.0,
    }  # fmt: skip


def image(row: Record, findings: list[Record]) -> Record:
    """Findings of a host, spread over the layers of an image."""
    vulnerable = [each for each in findings if each["kind"] == "vulnerability" and each["asset_name"] == "web-01"]
    placed = []
    for number, each in enumerate(vulnerable):
        layer = (0, 0, 1, 3)[number % 4]
        part = "base" if layer == 0 else "application"
        brought = "application" if layer == 3 else "operating-system"
        placed.append({**each, "layer": layer, "part": part, "brought_by": brought, **_NOWHERE})
    return {
        "id": row["id"],
        "name": row["name"],
        "key": row["key"],
        "os": row["os"],
        "platform": "linux/amd64",
        "created": "2026-11-19T08:12:00Z",
        "user": "",
        "entrypoint": ["gunicorn", "shop.wsgi", "--bind", "0.0.0.0:8080"],
        "exposed_ports": ["8080/tcp"],
        "setuid": ["/usr/bin/chsh", "/usr/bin/passwd", "/usr/bin/su"],
        "base": "debian:12-slim",
        "base_told_by": "--base",
        "layers": [
            {
                "index": index,
                "digest": f"sha256:{index:064x}",
                "size": size,
                "step": step,
                "part": "base" if index == 0 else "application",
                "packages": (88, 41, 0, 63, 0)[index],
                "open": _counts([each for each in placed if each["layer"] == index]),
            }
            for index, (step, size) in enumerate(_STEPS)
        ],
        "findings": placed,
        "more": 0,
    }


def code(row: Record, findings: list[Record]) -> Record:
    failed = [each for each in findings if each["kind"] == "policy"]
    by_path: dict[str, list[Record]] = {}
    for number, (path, resource, module, line) in enumerate(_FILES):
        by_path.setdefault(path, []).extend(
            {
                **each, "locator": f"{path.rpartition('/')[0]}#{resource}", "layer": None, "part": None,
                "brought_by": None, "path": path, "line": line, "end_line": line + 9, "module": module,
            }
            for each in failed[3 * number : 3 * number + 3]
        )  # fmt: skip
    files = [{"path": path, "open": _counts(mine), "findings": mine} for path, mine in by_path.items()]
    return {
        "id": row["id"],
        "name": row["name"],
        "key": row["key"],
        "languages": {"terraform": 46, "kubernetes": 3},
        "types": [["aws.ec2.security_group", 12], ["aws.s3.bucket", 5], ["kubernetes.workload", 3]],
        "unmodelled": [["aws_cloudwatch_dashboard", 2]],
        "files": files,
        "more": 0,
    }


_NOWHERE: Record = {"path": "", "line": 0, "end_line": 0, "module": ""}


def _counts(findings: list[Record]) -> dict[str, int]:
    counts = dict.fromkeys(("critical", "high", "medium", "low", "info", "unknown"), 0)
    for each in findings:
        counts[each["severity"]] += each["state"] == "open"
    return counts


PARAMETERS: Record = {
    "host-ssh-root-login": [
        {"name": "max_attempts", "type": "int", "default": 4, "value": 4, "set_by": None, "set_at": None},
        {
            "name": "accepted",
            "type": "list(string)",
            "default": ["no"],
            "value": ["no"],
            "set_by": None,
            "set_at": None,
        },
    ]
}
"""What a policy's page lets an administrator set."""


def set_parameter(one: Record, value: object, by: str | None, at: str) -> None:
    one |= {"value": value, "set_by": by, "set_at": at if by else None}


def exception(asked: Record, covered: list[Record], by: str | None, at: str) -> Record:
    """A decision about everything that a query selects; what it covers is hidden until it is taken back."""
    made = {
        "id": f"exception-{at}-{len(covered)}", "verdict": asked["verdict"], "reason": asked["reason"],
        "requested_by": by, "approved_by": None, "created_at": at, "expires_at": asked.get("expires_at"),
        "expires_when_fixable": bool(asked.get("expires_when_fixable")), "rule": "", "locator": None,
        "asset_id": None, "query": asked["query"], "covers": len(covered), "active": True, "pending": False,
        "ended_at": None, "ended_by": None, "_covered": [(row["id"], row["state"]) for row in covered],
    }  # fmt: skip
    for row in covered:
        row["state"] = asked["verdict"]
    return made
