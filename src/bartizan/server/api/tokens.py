"""`/tokens`: API tokens of scripts. Made by people only; shown once."""

from datetime import UTC, datetime

import msgspec
from litestar import Controller, delete, get, post
from litestar.params import FromPath, JSONBody

from bartizan.inventory import audit
from bartizan.inventory.accounts import ApiToken, create_token, list_tokens, revoke_token
from bartizan.server.api.parameters import GivenContext, GivenPrincipal, future, number
from bartizan.server.api.records import TokenView
from bartizan.server.auth.access import SCOPES, SIGNED_IN, grantable
from bartizan.server.auth.principal import Principal
from bartizan.server.problems import Problem, invalid


class NewToken(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    name: str
    scopes: list[str]
    """Any of `read`, `metrics`, `triage`, `jobs`, `ingest`, `feeds`, `sensors`, `audit`, as the role allows."""
    expires_at: datetime | None = None


class TokenController(Controller):
    path = "/tokens"
    tags = ("tokens",)

    @get(opt=SIGNED_IN, sync_to_thread=True, summary="List API tokens")
    def list_all(self, context: GivenContext, principal: GivenPrincipal) -> list[TokenView]:
        """Tokens in use, newest first; administrators see everybody's, others their own."""
        with context.store.read() as conn:
            tokens = list_tokens(conn, principal.organisation)
        return [_view(token) for token in tokens if not token.revoked and _may_see(principal, token)]

    @post(opt=SIGNED_IN, sync_to_thread=True, summary="Make an API token")
    def create(self, data: JSONBody[NewToken], context: GivenContext, principal: GivenPrincipal) -> TokenView:
        """The answer holds the token itself, this once."""
        if not data.name.strip() or len(data.name) > 200:
            raise invalid("name", "a token needs a name of at most 200 characters")
        allowed = grantable(principal.role)
        wrong = [scope for scope in data.scopes if scope not in allowed]
        if wrong or not data.scopes:
            known = [scope for scope in wrong if scope in SCOPES]
            reason = f"your role does not allow {', '.join(known)}" if known else f"any of {', '.join(allowed)}"
            raise invalid("scopes", reason, remedy=f"Name one or more of: {', '.join(allowed)}.")
        now = datetime.now(UTC)
        with context.store.begin() as conn:
            secret, token = create_token(
                conn,
                principal.organisation,
                data.name.strip(),
                data.scopes,
                created_by=principal.actor,
                now=now,
                expires_at=future(data.expires_at, "expires_at"),
            )
            audit.write(
                conn,
                principal.organisation,
                actor=principal.actor,
                action="token.create",
                subject=str(token.id),
                detail={"name": token.name, "scopes": list(token.scopes), "expires_at": token.expires_at},
                now=now,
            )
        view = _view(token)
        view.token = secret
        return view

    @delete("/{token_id:str}", opt=SIGNED_IN, sync_to_thread=True, summary="Revoke an API token")
    def revoke(self, token_id: FromPath[str], context: GivenContext, principal: GivenPrincipal) -> None:
        """It is not accepted any more, from the next request on."""
        key = number(token_id, "API token")
        now = datetime.now(UTC)
        with context.store.begin() as conn:
            found = [token for token in list_tokens(conn, principal.organisation) if token.id == key]
            if found and not _may_see(principal, found[0]):
                raise Problem(403, "forbidden", "You may not do this", "The token is somebody else's.")
            revoke_token(conn, principal.organisation, key, now)
            audit.write(
                conn, principal.organisation, actor=principal.actor, action="token.revoke", subject=token_id, now=now
            )


def _may_see(principal: Principal, token: ApiToken) -> bool:
    return principal.role == "admin" or token.created_by == principal.actor


def _view(token: ApiToken) -> TokenView:
    return TokenView(
        id=str(token.id),
        name=token.name,
        scopes=list(token.scopes),
        created_at=token.created_at,
        expires_at=token.expires_at,
        last_used=token.last_used,
    )
