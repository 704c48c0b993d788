"""`/session`: signing in with a browser, who is signed in, signing out."""

import time
from datetime import UTC, datetime
from typing import Any

import msgspec
from litestar import Controller, Request, Response, delete, get, post
from litestar.datastructures import Cookie
from litestar.params import JSONBody

from bartizan.inventory import audit
from bartizan.inventory.accounts import Session, authenticate, close_session, open_session
from bartizan.server.api.parameters import GivenContext, GivenPrincipal
from bartizan.server.api.records import SessionView
from bartizan.server.auth.access import PUBLIC, SIGNED_IN
from bartizan.server.auth.principal import check_same_site, cookie_name
from bartizan.server.context import Context
from bartizan.server.problems import Problem

SLOWEST = 0.4
"""Seconds that every refusal takes at least, whatever its reason was."""


class SignIn(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    username: str
    password: str


class SessionController(Controller):
    path = "/session"
    tags = ("session",)

    @get(opt=SIGNED_IN, sync_to_thread=False, summary="Who is signed in")
    def who(self, principal: GivenPrincipal) -> SessionView:
        """The session of the cookie, with the token that changing requests must carry as `X-CSRF-Token`."""
        assert principal.session is not None
        return _view(principal.session)

    @post(opt=PUBLIC, status_code=200, sync_to_thread=True, summary="Sign in")
    def sign_in(
        self, request: Request[Any, Any, Any], data: JSONBody[SignIn], context: GivenContext
    ) -> Response[SessionView]:
        """Sets the session cookie (HttpOnly, SameSite=Strict). A session that the browser had ends."""
        check_same_site(request)
        address = request.client.host if request.client else ""
        began = time.monotonic()
        if wait := context.sign_ins.wait(address, began):
            context.metrics.sign_ins.labels("throttled").inc()
            raise Problem(
                429,
                "too-many",
                "Too many attempts to sign in",
                "There were too many attempts from this address.",
                remedy=f"Try again in {int(wait) + 1} seconds.",
                headers={"Retry-After": str(int(wait) + 1)},
            )
        now = datetime.now(UTC)
        with context.store.begin() as conn:
            user = authenticate(conn, data.username, data.password, now)
            if user is None:
                opened = None
            else:
                close_session(conn, request.cookies.get(cookie_name(secure=context.settings.secure), ""))
                lifetime = context.settings.session_absolute * 1000
                opened = open_session(conn, user.id, now, lifetime=lifetime)
                audit.write(
                    conn, user.org_id, actor=user.username, action="session.open", detail=_from(address), now=now
                )
        if opened is None:
            context.metrics.sign_ins.labels("refused").inc()
            # An account that waits, one that does not exist and a wrong password must not be told apart by their time.
            time.sleep(max(0.0, SLOWEST - (time.monotonic() - began)))
            raise Problem(
                401,
                "wrong-password",
                "This did not work",
                "The user name or the password is wrong, or the account waits after too many attempts.",
                remedy="Check both; after several attempts wait a few minutes.",
            )
        context.sign_ins.forgive(address)
        context.metrics.sign_ins.labels("done").inc()
        token, session = opened
        return Response(_view(session), cookies=[_cookie(context, token, context.settings.session_absolute)])

    @delete(opt=SIGNED_IN, sync_to_thread=True, summary="Sign out")
    def sign_out(
        self, request: Request[Any, Any, Any], context: GivenContext, principal: GivenPrincipal
    ) -> Response[None]:
        """Ends the session; its cookie is worth nothing from then on."""
        now = datetime.now(UTC)
        with context.store.begin() as conn:
            close_session(conn, request.cookies.get(cookie_name(secure=context.settings.secure), ""))
            audit.write(conn, principal.organisation, actor=principal.actor, action="session.close", now=now)
        return Response(None, status_code=204, cookies=[_cookie(context, "", 0)])


def _cookie(context: Context, value: str, seconds: int) -> Cookie:
    secure = context.settings.secure
    return Cookie(
        key=cookie_name(secure=secure),
        value=value,
        max_age=seconds,
        httponly=True,
        samesite="strict",
        secure=secure,
        path="/",
    )


def _from(address: str) -> dict[str, str]:
    return {"address": address} if address else {}


def _view(session: Session) -> SessionView:
    return SessionView(
        username=session.username,
        organisation=session.organisation,
        role=session.role,  # type: ignore[arg-type]
        expires_at=session.expires_at,
        csrf_token=session.csrf_token,
    )
