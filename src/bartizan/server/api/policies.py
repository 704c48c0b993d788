"""`/policies`: what is checked, and how the estate fares."""

from datetime import UTC, datetime
from typing import Any

import msgspec
from litestar import Controller, Request, Response, get
from litestar.params import FromPath
from litestar.response import Stream

from bartizan.inventory.policies import PolicyCounts, policy_counts, policy_results
from bartizan.model.policy import Policy
from bartizan.model.wire import plain
from bartizan.server.api.parameters import Cursor, GivenContext, GivenPrincipal, Limit
from bartizan.server.api.records import Page, PolicyDetail, PolicyView
from bartizan.server.api.table import answer
from bartizan.server.api.whole_lists import page_of_list
from bartizan.server.auth.access import READ
from bartizan.server.problems import not_found

COLUMNS = ("id", "title", "severity", "resource", "group", "passed", "failed", "unknown", "not_applicable", "fix")


class PolicyController(Controller):
    path = "/policies"
    tags = ("policies",)

    @get(opt=READ, summary="List policies")
    async def list_all(
        self,
        request: Request[Any, Any, Any],
        context: GivenContext,
        principal: GivenPrincipal,
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> Response[Page[PolicyView]] | Stream:
        """By group and id, with the number of assets by result."""

        def page(size: int, at: str | None) -> Page[PolicyView]:
            with context.store.read() as conn:
                counts = policy_counts(conn, principal.organisation, datetime.now(UTC))
            policies = sorted(context.shelf.policies.policies.values(), key=lambda one: (one.group, one.id))
            views = [_view(policy, counts.get(policy.id, PolicyCounts())) for policy in policies]
            return page_of_list(views, size, at, key=lambda view: (view.group, view.id))

        return await answer(request, COLUMNS, page, limit, cursor, "policies")

    @get("/{policy_id:str}", opt=READ, sync_to_thread=True, summary="One policy")
    def one(self, policy_id: FromPath[str], context: GivenContext, principal: GivenPrincipal) -> PolicyDetail:
        """With its expression and its result on each asset, the worst first."""
        policy = context.shelf.policies.policies.get(policy_id)
        if policy is None:
            raise not_found(f"policy {policy_id[:80]}")
        now = datetime.now(UTC)
        with context.store.read() as conn:
            counts = policy_counts(conn, principal.organisation, now).get(policy.id, PolicyCounts())
            results = policy_results(conn, principal.organisation, policy.id, now)
        return PolicyDetail(
            **msgspec.structs.asdict(_view(policy, counts)),
            check=policy.check,
            applies=policy.applies,
            parameters=plain(dict(policy.parameters)),
            results=[msgspec.to_builtins(result) for result in results],
        )


def _view(policy: Policy, counts: PolicyCounts) -> PolicyView:
    return PolicyView(
        id=policy.id,
        title=policy.title,
        severity=policy.severity.value,
        resource=policy.resource,
        group=policy.group,
        why=policy.why,
        fix=policy.fix.text,
        command=policy.fix.command,
        controls={framework: list(controls) for framework, controls in policy.controls.items()},
        passed=counts.passed,
        failed=counts.failed,
        unknown=counts.unknown,
        not_applicable=counts.not_applicable,
    )
