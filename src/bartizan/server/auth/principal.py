"""Who is asking, found from the request: the session cookie of a browser or the bearer token of a script."""

import hmac
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

from litestar.connection import ASGIConnection
from litestar.handlers.base import BaseRouteHandler

from bartizan.inventory.accounts import Session, find_session, find_token
from bartizan.inventory.accounts.sessions import session_used
from bartizan.inventory.accounts.tokens import token_used
from bartizan.server.auth.access import Access, at_least
from bartizan.server.context import Context
from bartizan.server.problems import Problem
from bartizan.server.threads import in_thread

CSRF_HEADER = "X-CSRF-Token"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Somebody who was let in."""

    organisation: int
    actor: str
    """As the audit log names them: `alice`, `token:nightly`."""
    role: str = ""
    """Empty for a token, which has scopes instead."""
    scopes: frozenset[str] = frozenset()
    session: Session | None = None


def cookie_name(*, secure: bool) -> str:
    """The prefix makes browsers insist on TLS and on this very host (RFC 6265bis, section 4.1.3)."""
    return "__Host-bartizan" if secure else "bartizan"


async def guard(connection: ASGIConnection, handler: BaseRouteHandler) -> None:  # type: ignore[type-arg]
    """Runs before every handler. What does not say whom it admits admits nobody."""
    access = handler.opt.get("access")
    if access is None and connection.scope.get("method") == "OPTIONS":
        return  # the framework's own: tells which methods there are
    if not isinstance(access, Access):
        raise Problem(500, "internal", "Something went wrong in the server", "the endpoint names no access rule")
    if access.role is None:
        return
    context: Context = connection.app.state.context
    principal = await in_thread(_find, context, connection)
    _admit(principal, access)
    if principal.session is not None and connection.scope.get("method") not in SAFE:
        _check_forgery(connection, principal.session)
    connection.scope["user"] = principal


def _find(context: Context, connection: ASGIConnection) -> Principal:  # type: ignore[type-arg]
    now = datetime.now(UTC)
    header = connection.headers.get("authorization", "")
    scheme, _, secret = header.partition(" ")
    if header:
        if scheme.lower() != "bearer" or not secret:
            raise _not_signed_in("the Authorization header is not `Bearer <token>`")
        with context.store.read() as conn:
            found = find_token(conn, secret.strip(), now)
        if found is None:
            raise _not_signed_in("the token is unknown, expired or revoked")
        if context.uses.due(("token", found.id), now.timestamp()):
            with context.store.begin() as conn:
                token_used(conn, found.id, now)
        return Principal(organisation=found.org_id, actor=f"token:{found.name}", scopes=frozenset(found.scopes))
    cookie = connection.cookies.get(cookie_name(secure=context.settings.secure), "")
    if not cookie:
        raise _not_signed_in("")
    with context.store.read() as conn:
        session = find_session(conn, cookie, now, idle=context.settings.session_idle * 1000)
    if session is None:
        raise _not_signed_in("the session has ended", code="session-ended")
    if context.uses.due(("session", session.id), now.timestamp()):
        with context.store.begin() as conn:
            session_used(conn, session.id, now)
    return Principal(organisation=session.org_id, actor=session.username, role=session.role, session=session)


def _admit(principal: Principal, access: Access) -> None:
    assert access.role is not None
    if principal.session is not None:
        if not at_least(principal.role, access.role):
            raise Problem(
                403,
                "forbidden",
                "You may not do this",
                f"This needs the role {access.role}; yours is {principal.role}.",
                remedy="Ask an administrator.",
            )
    elif access.scope is None or access.scope not in principal.scopes:
        wanted = f"the scope {access.scope}" if access.scope else "a person who is signed in"
        raise Problem(
            403,
            "forbidden",
            "This token may not do this",
            f"This needs {wanted}; the token has {', '.join(sorted(principal.scopes))}.",
            remedy="Make a token with the scope that is needed." if access.scope else "Sign in with a browser.",
        )


def _check_forgery(connection: ASGIConnection, session: Session) -> None:  # type: ignore[type-arg]
    check_same_site(connection)
    sent = connection.headers.get(CSRF_HEADER, "")
    if not hmac.compare_digest(sent.encode(), session.csrf_token.encode()):
        raise Problem(
            403,
            "csrf",
            "The request does not come from this application",
            f"The header {CSRF_HEADER} is missing or wrong.",
            remedy="Send the csrf_token of GET /api/v1/session in it; reload the page in a browser.",
        )


def check_same_site(connection: ASGIConnection) -> None:  # type: ignore[type-arg]
    """Refuse what a browser says comes from another site (Fetch Metadata; the Origin header where that is not sent)."""
    site = connection.headers.get("sec-fetch-site", "")
    origin = connection.headers.get("origin", "")
    foreign = site not in ("", "same-origin", "none")
    if not site and origin:
        foreign = urlsplit(origin).netloc != connection.headers.get("host", "")
    if foreign:
        raise Problem(403, "csrf", "The request does not come from this application", "It was sent by another site.")


def _not_signed_in(detail: str, code: str = "not-signed-in") -> Problem:
    return Problem(
        401,
        code,
        "You are not signed in",
        detail,
        remedy="Sign in, or send `Authorization: Bearer <token>`.",
        headers={"WWW-Authenticate": 'Bearer realm="bartizan"'},
    )
