"""`/policies`: what is checked, and how the estate fares."""

from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Annotated, Any

import msgspec
from litestar import Controller, Request, Response, get
from litestar.params import FromPath, QueryParameter
from litestar.response import Stream

from bartizan.assess.policy.explain import explain
from bartizan.assess.policy.frameworks import policies_of
from bartizan.inventory.policies import PolicyCounts, policy_counts, policy_results
from bartizan.model.policy import Policy
from bartizan.server.api.parameters import Cursor, GivenContext, GivenPrincipal, Limit
from bartizan.server.api.policy_parameters import parameter_views
from bartizan.server.api.records import Page, PolicyDetail, PolicyInput, PolicyView
from bartizan.server.api.table import answer
from bartizan.server.api.whole_lists import page_of_list
from bartizan.server.auth.access import READ
from bartizan.server.context import Context
from bartizan.server.problems import invalid, not_found

COLUMNS = ("id", "title", "severity", "resource", "group", "passed", "failed", "unknown", "not_applicable", "fix")

Filter = Annotated[str, QueryParameter(max_length=200, description="Only those; empty: all.")]


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
        resource: Filter = "",
        group: Filter = "",
        framework: Filter = "",
        severity: Filter = "",
        result: Filter = "",
    ) -> Response[Page[PolicyView]] | Stream:
        """By group and id, with the number of assets by result. `framework` keeps those that judge one of its controls,
        `result` those with at least one pass, fail, unknown or not-applicable; `resource` may end in `*`."""
        wanted = _Wanted(resource, group, framework, severity, result, _of_framework(context, framework))

        def page(size: int, at: str | None) -> Page[PolicyView]:
            with context.store.read() as conn:
                counts = policy_counts(conn, principal.organisation, datetime.now(UTC))
            policies = sorted(context.shelf.policies.policies.values(), key=lambda one: (one.group, one.id))
            views = [_view(policy, counts.get(policy.id, PolicyCounts())) for policy in policies]
            views = [view for view in views if wanted.admits(view)]
            return page_of_list(views, size, at, key=lambda view: (view.group, view.id))

        return await answer(request, COLUMNS, page, limit, cursor, "policies")

    @get("/{policy_id:str}", opt=READ, sync_to_thread=True, summary="One policy")
    def one(self, policy_id: FromPath[str], context: GivenContext, principal: GivenPrincipal) -> PolicyDetail:
        """With its expression and its result on each asset, the worst first."""
        policy = context.shelf.policies.policies.get(policy_id)
        if policy is None:
            raise not_found(f"policy {policy_id[:80]}")
        explained = explain(context.shelf.policies, policy.id)
        now = datetime.now(UTC)
        with context.store.read() as conn:
            counts = policy_counts(conn, principal.organisation, now).get(policy.id, PolicyCounts())
            results = policy_results(conn, principal.organisation, policy.id, now)
            parameters = parameter_views(conn, principal.organisation, policy)
        return PolicyDetail(
            **msgspec.structs.asdict(_view(policy, counts)),
            check=policy.check,
            applies=policy.applies,
            template=policy.fix.template,
            inputs=[PolicyInput(path=one.path, type=one.type, about=one.about) for one in explained.inputs],
            judges=_judges(policy.resource),
            source=explained.source if explained.builtin else "",
            cases=len(policy.cases),
            parameters=parameters,
            results=[msgspec.to_builtins(result) for result in results],
        )


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What a list of policies is narrowed down to; empty words let everything through."""

    resource: str
    group: str
    framework: str
    severity: str
    result: str
    mapped: frozenset[str]

    def admits(self, view: PolicyView) -> bool:
        return (
            (not self.resource or fnmatchcase(view.resource, self.resource))
            and (not self.group or view.group == self.group)
            and (not self.framework or view.id in self.mapped)
            and (not self.severity or view.severity == self.severity)
            and (not self.result or getattr(view, _RESULTS[self.result]) > 0)
        )

    def __post_init__(self) -> None:
        if self.result and self.result not in _RESULTS:
            raise invalid("result", f"is none of {', '.join(_RESULTS)}")


_RESULTS = {"pass": "passed", "fail": "failed", "unknown": "unknown", "not-applicable": "not_applicable"}


def _of_framework(context: Context, name: str) -> frozenset[str]:
    if not name:
        return frozenset()
    framework = context.shelf.policies.frameworks.get(name)
    if framework is None:
        raise not_found(f"framework {name[:80]}")
    judged = policies_of(framework, context.shelf.policies.policies.values())
    return frozenset(policy for policies in judged.values() for policy in policies)


def _judges(resource: str) -> list[str]:
    """Where resources of a type come from."""
    provider = resource.partition(".")[0]
    return {"host": ["hosts"], "container": ["images"], "docker": ["hosts"], "kubernetes": ["manifests"]}.get(
        provider, ["templates"]
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
