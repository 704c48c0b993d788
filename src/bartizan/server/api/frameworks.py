"""`/frameworks`: what the results of policies say about the controls of NIST, CIS, PCI DSS, ISO and the others.

Five statuses are told apart for each control, and what is unknown is never counted as a pass. Everything is worked out
from the results that stand now, for the whole estate or for one asset.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, cast

from litestar import Controller, Request, Response, get
from litestar.params import FromPath, QueryParameter
from litestar.response import Stream

from bartizan.assess.policy.frameworks import (
    ControlReport,
    Framework,
    FrameworkReport,
    family_of,
    parent_of,
    report_of_counts,
)
from bartizan.inventory.policies import policy_counts
from bartizan.model.policy import Policy, PolicyResult
from bartizan.server.api.asset_policies import results_of_asset
from bartizan.server.api.parameters import GivenContext, GivenPrincipal, number
from bartizan.server.api.records import (
    ControlPolicy,
    ControlStatus,
    ControlView,
    FrameworkDetail,
    FrameworkSummary,
    Page,
)
from bartizan.server.api.table import answer, wants_csv
from bartizan.server.auth.access import READ
from bartizan.server.context import Context
from bartizan.server.problems import not_found
from bartizan.server.threads import in_thread

COLUMNS = (
    "id", "title", "status", "reason", "manual", "policies", "failing", "passed", "failed", "unknown",
    "not_applicable",
)  # fmt: skip
QUERY_LIMIT = 3500
"""Characters; the query language takes 4000, and more rules than that nobody reads."""

Counts = Mapping[str, Mapping[PolicyResult, int]]
OneAsset = Annotated[
    str | None, QueryParameter(name="asset", max_length=40, description="An asset's id: its results alone.")
]


class FrameworkController(Controller):
    path = "/frameworks"
    tags = ("frameworks",)

    @get(opt=READ, sync_to_thread=True, summary="List frameworks")
    def list_all(
        self, context: GivenContext, principal: GivenPrincipal, asset: OneAsset = None
    ) -> list[FrameworkSummary]:
        """With the number of controls by status."""
        counts = _counts(context, principal.organisation, asset)
        policies = context.shelf.policies
        reports = [report_of_counts(one, policies.policies.values(), counts) for one in policies.frameworks.values()]
        return sorted((_summary(one) for one in reports), key=lambda one: (one.title, one.version))

    @get("/{framework_id:str}", opt=READ, summary="One framework")
    async def one(
        self,
        request: Request[Any, Any, Any],
        framework_id: FromPath[str],
        context: GivenContext,
        principal: GivenPrincipal,
        asset: OneAsset = None,
    ) -> Response[FrameworkDetail] | Response[Page[ControlView]] | Stream:
        """Every control with its status and what that rests on; as CSV a line for each control."""
        detail = await in_thread(_detail, context, principal.organisation, framework_id, asset)
        if not wants_csv(request):
            return Response(detail)

        def page(_limit: int, _cursor: str | None) -> Page[ControlView]:
            return Page(items=detail.controls, total=len(detail.controls))

        return await answer(request, COLUMNS, page, 1, None, f"framework-{detail.id}")


def _detail(context: Context, org: int, framework_id: str, asset: str | None) -> FrameworkDetail:
    framework = context.shelf.policies.frameworks.get(framework_id)
    if framework is None:
        raise not_found(f"framework {framework_id[:80]}")
    policies = context.shelf.policies.policies
    counts = _counts(context, org, asset)
    report = report_of_counts(framework, policies.values(), counts)
    summary = _summary(report)
    named = {policy for control in report.controls for policy in control.policies}
    return FrameworkDetail(
        id=summary.id,
        title=summary.title,
        version=summary.version,
        total=summary.total,
        counts=summary.counts,
        policies=summary.policies,
        controls=[_control(control, framework, counts, asset) for control in report.controls],
        judged_by={name: _policy(policies[name], counts.get(name, {})) for name in sorted(named)},
        asset=asset,
    )


def _counts(context: Context, org: int, asset: str | None) -> Counts:
    """Policy to how many assets have each result."""
    with context.store.read() as conn:
        if asset is None:
            return {
                policy: {
                    PolicyResult.PASS: one.passed,
                    PolicyResult.FAIL: one.failed,
                    PolicyResult.UNKNOWN: one.unknown,
                    PolicyResult.NOT_APPLICABLE: one.not_applicable,
                }
                for policy, one in policy_counts(conn, org, datetime.now(UTC)).items()
            }
        out: dict[str, dict[PolicyResult, int]] = {}
        for result in results_of_asset(conn, org, number(asset, "asset")):
            of_policy = out.setdefault(result.policy, {})
            kind = PolicyResult(result.result)
            of_policy[kind] = of_policy.get(kind, 0) + 1
        return out


def _summary(report: FrameworkReport) -> FrameworkSummary:
    return FrameworkSummary(
        id=report.framework.id,
        title=report.framework.title,
        version=report.framework.version,
        total=len(report.controls),
        counts={_word(status): count for status, count in report.counts.items()},
        policies=len({policy for control in report.controls for policy in control.policies}),
    )


def _word(status: str) -> str:
    return status.removeprefix("automated-")


def _control(one: ControlReport, framework: Framework, counts: Counts, asset: str | None) -> ControlView:
    results = one.results
    against = [*one.failed, *(name for name in one.policies if counts.get(name, {}).get(PolicyResult.UNKNOWN))]
    return ControlView(
        id=one.control.id,
        title=one.control.title,
        status=cast(ControlStatus, _word(one.status.value)),
        reason=_reason(one),
        family=family_of(one.control.id),
        parent=parent_of(one.control.id, framework),
        manual=one.control.manual,
        policies=list(one.policies),
        failing=list(one.failed),
        passed=results["pass"],
        failed=results["fail"],
        unknown=results["unknown"],
        not_applicable=results["not-applicable"],
        query=_query(list(dict.fromkeys(against)), asset),
    )


def _reason(one: ControlReport) -> str:
    """What the status rests on."""
    results = one.results
    judged = results["pass"] + results["fail"] + results["unknown"]
    if not one.policies:
        return "It takes a person to judge it." if one.control.manual else "No policy judges it yet."
    if results["fail"]:
        return f"{_many(len(one.failed), 'policy', 'policies')} of {len(one.policies)} fail somewhere."
    if results["unknown"]:
        return f"Nothing fails, but {_many(results['unknown'], 'result', 'results')} could not be told."
    if not judged:
        return "Its policies do not apply to any asset." if results["not-applicable"] else "Nothing was judged yet."
    if one.control.manual:
        return "Its policies pass, but it takes a person to judge it."
    return f"All {_many(len(one.policies), 'policy passes', 'policies pass')} wherever they apply."


def _many(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"


def _query(rules: list[str], asset: str | None) -> str:
    if not rules:
        return ""
    of_asset = f" and asset.id:{asset}" if asset else ""
    kept: list[str] = []
    for rule in rules:
        if sum(len(one) + 9 for one in kept) + len(rule) > QUERY_LIMIT:
            break
        kept.append(f"rule:{rule}")
    return f"kind:policy and ({' or '.join(kept)}){of_asset}"


def _policy(policy: Policy, counts: Mapping[PolicyResult, int]) -> ControlPolicy:
    return ControlPolicy(
        title=policy.title,
        severity=policy.severity.value,
        resource=policy.resource,
        passed=counts.get(PolicyResult.PASS, 0),
        failed=counts.get(PolicyResult.FAIL, 0),
        unknown=counts.get(PolicyResult.UNKNOWN, 0),
        not_applicable=counts.get(PolicyResult.NOT_APPLICABLE, 0),
    )
