"""`/policies/{id}/parameters`: the values that a policy reads, and what the organisation sets them to.

A change is part of what is judged by, so everything that the policies judge is judged anew from stored facts.
"""

from datetime import UTC, datetime
from typing import Any

import msgspec
from litestar import Controller, delete, get, put
from litestar.params import FromPath, JSONBody
from sqlalchemy import Connection

from bartizan.assess.policy.engine import PolicySet, parameter_problems
from bartizan.assess.policy.types import type_of
from bartizan.inventory import audit
from bartizan.inventory.policy_parameters import own_values, reset_value, set_value
from bartizan.model.policy import Policy
from bartizan.model.wire import plain
from bartizan.server.api.parameters import GivenContext, GivenPrincipal
from bartizan.server.api.records import PolicyParameter
from bartizan.server.auth.access import ADMIN, READ
from bartizan.server.context import Context
from bartizan.server.problems import invalid, not_found

VALUE_LIMIT = 10_000
"""Characters of one value as JSON."""


class NewValues(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    values: dict[str, Any]
    """By name; those that are not named stay as they are."""


class PolicyParameterController(Controller):
    path = "/policies/{policy_id:str}/parameters"
    tags = ("policies",)

    @get(opt=READ, sync_to_thread=True, summary="Parameters of a policy")
    def list_all(
        self, policy_id: FromPath[str], context: GivenContext, principal: GivenPrincipal
    ) -> list[PolicyParameter]:
        """With their defaults, and who set which to another value."""
        policy = policy_of(context.shelf.policies, policy_id)
        with context.store.read() as conn:
            return parameter_views(conn, principal.organisation, policy)

    @put(opt=ADMIN, sync_to_thread=True, summary="Set parameters of a policy")
    def set_values(
        self, policy_id: FromPath[str], data: JSONBody[NewValues], context: GivenContext, principal: GivenPrincipal
    ) -> list[PolicyParameter]:
        """Values of the parameter's own type. What the policy judges is judged anew."""
        policy = policy_of(context.shelf.policies, policy_id)
        _check(context.shelf.policies, policy, data.values)
        org, now = principal.organisation, datetime.now(UTC)
        with context.store.begin() as conn:
            for name, value in data.values.items():
                set_value(conn, org, policy.id, name, value, by=principal.actor, now=now)
            audit.write(
                conn,
                org,
                actor=principal.actor,
                action="policy.parameters",
                subject=policy.id,
                detail={"set": data.values},
                now=now,
            )
            views = parameter_views(conn, org, policy)
        _judge_anew(context, org)
        return views

    @delete("/{name:str}", opt=ADMIN, sync_to_thread=True, summary="Reset a parameter of a policy")
    def reset(
        self, policy_id: FromPath[str], name: FromPath[str], context: GivenContext, principal: GivenPrincipal
    ) -> None:
        """Back to its default."""
        policy = policy_of(context.shelf.policies, policy_id)
        org, now = principal.organisation, datetime.now(UTC)
        with context.store.begin() as conn:
            if not reset_value(conn, org, policy.id, name):
                raise not_found(f"own value of {name[:80]} in policy {policy.id}")
            audit.write(
                conn,
                org,
                actor=principal.actor,
                action="policy.parameters",
                subject=policy.id,
                detail={"reset": name},
                now=now,
            )
        _judge_anew(context, org)


def policy_of(policies: PolicySet, policy_id: str) -> Policy:
    policy = policies.policies.get(policy_id)
    if policy is None:
        raise not_found(f"policy {policy_id[:80]}")
    return policy


def parameter_views(conn: Connection, org: int, policy: Policy) -> list[PolicyParameter]:
    """In the policy's own order."""
    own = {each.name: each for each in own_values(conn, org, policy.id)}
    return [
        PolicyParameter(
            name=name,
            type=str(type_of(default)),
            default=plain(default),
            value=own[name].value if name in own else plain(default),
            set_by=own[name].set_by if name in own else None,
            set_at=own[name].set_at if name in own else None,
        )
        for name, default in policy.parameters.items()
    ]


def _check(policies: PolicySet, policy: Policy, values: dict[str, Any]) -> None:
    if not values:
        raise invalid("values", "name at least one parameter")
    for name, value in values.items():
        if len(msgspec.json.encode(value)) > VALUE_LIMIT:
            raise invalid(f"values.{name[:80]}", f"is longer than {VALUE_LIMIT} characters")
    for problem in parameter_problems(policies, {policy.id: values}):
        known = ", ".join(policy.parameters) or "none"
        raise invalid("values", problem, remedy=f"The parameters of {policy.id} are: {known}.")


def _judge_anew(context: Context, org: int) -> None:
    context.dispatcher.want(org)
    context.hub.publish(org, "findings", "assets")
