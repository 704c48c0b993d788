"""A stand-in for the server while the pages are developed and tested: the API's paths over a made-up estate, and the
built pages under the content security policy that the product uses. Loopback only; nothing here is part of the product.

    python tests/web/mock_api.py 8420        # then `npm run dev` in web/, or open http://127.0.0.1:8420
"""

import json
import mimetypes
import re
import secrets
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from copy import deepcopy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs, unquote, urlsplit

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from web import mock_rooms
from web.mock_estate import NOW, SEVERITIES, Estate, Record, ago, counts, identity, sections, stamp
from web.mock_query import QueryRefused, compile_query

STATIC = Path(__file__).resolve().parents[2] / "src/bartizan/server/static"
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types default",
    )
)
"""Stricter than the product's: no nonce, and no markup from text."""
_SEVERITY_RANK = {"critical": 5, "high": 4, "medium": 3, "unknown": 2, "low": 1, "info": 0}

Fields = dict[str, Callable[[Record], Any]]


def _finding_fields(estate: Estate) -> Fields:
    tags = {asset["id"]: asset["tags"] for asset in estate.assets}
    systems = {asset["id"]: asset["os"] for asset in estate.assets}
    plain = ("kind", "rule", "severity", "state", "verdict", "package", "kev", "epss", "score", "id")
    out: Fields = {name: (lambda record, name=name: record[name]) for name in plain}  # type: ignore[misc]
    out["asset"] = out["asset.name"] = lambda record: record["asset_name"]
    out["asset.id"] = lambda record: record["asset_id"]
    out["asset.os"] = lambda record: systems[record["asset_id"]]
    out["tag"] = lambda record: tags[record["asset_id"]]
    out["fix"] = lambda record: record["fix"]["state"]
    return out


_ASSET_FIELDS: Fields = {
    "asset.name": lambda record: record["name"],
    "asset.kind": lambda record: record["kind"],
    "asset.os": lambda record: record["os"],
    "tag": lambda record: record["tags"],
    "asset.risk": lambda record: record["risk"],
    "asset.id": lambda record: record["id"],
}


class MockServer(ThreadingHTTPServer):
    """Holds the estate and what tests steer: whether sessions are valid, and events to send."""

    daemon_threads = True

    def __init__(self, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.estate = Estate()
        self.role = "admin"
        self.parameters: Record = deepcopy(mock_rooms.PARAMETERS)
        self.sessions: dict[str, str] = {}
        self.events: list[tuple[str, str]] = []
        self.changed = threading.Condition()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def announce(self, kind: str) -> None:
        """Send a server-sent event to every open page."""
        with self.changed:
            self.events.append((str(len(self.events) + 1), kind))
            self.changed.notify_all()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that hangs up is no news."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: MockServer
    routes: ClassVar[list[tuple[str, re.Pattern[str], str]]] = [
        (method, re.compile(f"^/api/v1{pattern}$"), name)
        for method, pattern, name in [
            ("GET", "/overview", "overview"),
            ("GET", "/feeds", "feeds"),
            ("POST", "/feeds/sync", "sync"),
            ("GET", "/findings", "findings"),
            ("GET", "/findings/facets", "finding_facets"),
            ("GET", "/findings/groups", "groups"),
            ("GET", "/findings/([^/]+)", "finding"),
            ("GET", "/assets", "assets"),
            ("GET", "/assets/facets", "asset_facets"),
            ("GET", "/assets/([^/]+)", "asset"),
            ("GET", "/assets/([^/]+)/findings", "asset_findings"),
            ("GET", "/assets/([^/]+)/timeline", "timeline"),
            ("GET", "/assets/([^/]+)/policies", "asset_policies"),
            ("GET", "/assets/([^/]+)/sections/([^/]+)", "section"),
            ("GET", "/decisions", "decisions"),
            ("POST", "/decisions", "decide"),
            ("DELETE", "/decisions/([^/]+)", "withdraw"),
            ("GET", "/frameworks", "frameworks"),
            ("GET", "/frameworks/([^/]+)", "framework"),
            ("GET", "/images/([^/]+)", "image"),
            ("GET", "/code/([^/]+)", "code"),
            ("GET", "/policies", "policies"),
            ("GET", "/policies/([^/]+)", "policy"),
            ("PUT", "/policies/([^/]+)/parameters", "set_parameters"),
            ("DELETE", "/policies/([^/]+)/parameters/([^/]+)", "reset_parameter"),
            ("GET", "/audit", "audit"),
            ("GET", "/sensors", "sensors"),
            ("POST", "/sensors/([^/]+)/revoke", "revoke_sensor"),
            ("GET", "/activation-keys", "keys"),
            ("POST", "/activation-keys", "new_key"),
            ("POST", "/activation-keys/([^/]+)/revoke", "revoke_key"),
            ("GET", "/registries", "registries"),
            ("POST", "/registries", "new_registry"),
            ("POST", "/registries/([^/]+)/scan", "look_at_registry"),
            ("DELETE", "/registries/([^/]+)", "drop_registry"),
            ("GET", "/tokens", "tokens"),
            ("POST", "/tokens", "new_token"),
            ("DELETE", "/tokens/([^/]+)", "drop_token"),
            ("GET", "/jobs", "jobs"),
            ("POST", "/jobs/([^/]+)/cancel", "cancel"),
            ("GET", "/query/complete", "complete"),
            ("GET", "/stream", "stream"),
        ]
    ]

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""

    def do_GET(self) -> None:
        self._serve("GET")

    def do_POST(self) -> None:
        self._serve("POST")

    def do_PUT(self) -> None:
        self._serve("PUT")

    def do_DELETE(self) -> None:
        self._serve("DELETE")

    def _serve(self, method: str) -> None:
        split = urlsplit(self.path)
        self.arguments = {name: values[0] for name, values in parse_qs(split.query).items()}
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.body: Record = json.loads(body) if body else {}
        path = split.path
        if not path.startswith("/api/"):
            return self._page(path)
        if path == "/api/v1/session":
            return self._session(method)
        if self._user() is None:
            return self._problem(401, "Your session has ended", "Sign in again to carry on.")
        if method != "GET" and self.headers.get("X-CSRF-Token") != "csrf-" + self._cookie():
            return self._problem(403, "The request lacks its CSRF token", "Reload the page.")
        for wanted, pattern, name in self.routes:
            match = pattern.match(path)
            if match and wanted == method:
                try:
                    getattr(self, name)(*map(unquote, match.groups()))
                    return None
                except QueryRefused as refusal:
                    return self._problem(
                        400,
                        "The query cannot be read",
                        refusal.message,
                        position=refusal.position,
                        expected=list(refusal.expected),
                    )
        return self._problem(404, "There is nothing here", f"{path} is not a path of this API.")

    # Answers

    def _send(self, status: int, content: bytes, kind: str, extra: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {
            "Content-Type": kind,
            "Content-Length": str(len(content)),
            "X-Content-Type-Options": "nosniff",
            **(extra or {}),
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def _json(self, value: Any, status: int = 200, extra: dict[str, str] | None = None) -> None:
        self._send(status, json.dumps(value).encode(), "application/json", extra)

    def _problem(self, status: int, title: str, detail: str, **more: Any) -> None:
        value = {
            "type": "about:blank",
            "title": title,
            "status": status,
            "detail": detail,
            "reference": secrets.token_hex(6),
            **more,
        }
        self._send(status, json.dumps(value).encode(), "application/problem+json")

    def _page(self, path: str) -> None:
        file = (STATIC / path.lstrip("/")).resolve()
        if path == "/" or not file.is_file() or STATIC not in file.parents:
            if path.startswith("/bundle/"):
                return self._problem(404, "There is no such file", path)
            page = (STATIC / "index.html").read_bytes()
            return self._send(
                200, page, "text/html; charset=utf-8", {"Content-Security-Policy": POLICY, "Cache-Control": "no-store"}
            )
        kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        return self._send(200, file.read_bytes(), kind, {"Cache-Control": "public, max-age=31536000, immutable"})

    def _cookie(self) -> str:
        match = re.search(r"bartizan_session=([\w-]+)", self.headers.get("Cookie") or "")
        return match[1] if match else ""

    def _user(self) -> str | None:
        return self.server.sessions.get(self._cookie())

    def _view(self, user: str, token: str) -> Record:
        return {
            "username": user,
            "organisation": "Example",
            "role": self.server.role,
            "expires_at": ago(hours=-8),
            "csrf_token": "csrf-" + token,
        }

    def _session(self, method: str) -> None:
        if method == "POST":
            if self.body.get("password") != "correct horse":
                return self._problem(
                    401,
                    "That name and password do not match",
                    "Check both and try again. After five attempts the account rests for a minute.",
                )
            token = secrets.token_urlsafe(12)
            self.server.sessions[token] = self.body["username"]
            return self._json(
                self._view(self.body["username"], token),
                201,
                {"Set-Cookie": f"bartizan_session={token}; HttpOnly; SameSite=Strict; Path=/"},
            )
        if method == "DELETE":
            self.server.sessions.pop(self._cookie(), None)
            self.send_response(204)
            self.send_header("Content-Length", "0")
            return self.end_headers()
        user = self._user()
        return (
            self._json(self._view(user, self._cookie()))
            if user
            else self._problem(401, "Nobody is signed in", "Sign in first.")
        )

    def _paged(self, rows: list[Record]) -> None:
        if "text/csv" in (self.headers.get("Accept") or ""):
            names = [name for name in rows[0] if not name.startswith("_")] if rows else []
            lines = [",".join(names)] + [",".join(json.dumps(row[name]) for name in names) for row in rows]
            return self._send(200, "\n".join(lines).encode(), "text/csv")
        start = int(self.arguments.get("cursor") or 0)
        limit = int(self.arguments.get("limit") or 100)
        end = start + limit
        return self._json(
            {
                "items": rows[start:end],
                "next": str(end) if end < len(rows) else None,
                "total": len(rows),
                "total_at_least": False,
            }
        )

    def _sorted(self, rows: list[Record], default: str) -> list[Record]:
        name = self.arguments.get("sort") or default
        field = name.lstrip("-")
        field = {"asset": "asset_name"}.get(field, field)

        def key(row: Record) -> Any:
            value = sum(row["open"].values()) if field == "open" else row.get(field)
            if field == "severity":
                return _SEVERITY_RANK[row["severity"]]
            return (value is not None, value.lower() if isinstance(value, str) else value if value is not None else 0)

        return sorted(rows, key=key, reverse=name.startswith("-"))

    # Findings

    def _found(self, base: list[Record] | None = None) -> list[Record]:
        query = self.arguments.get("query", "")
        test = compile_query(query, _finding_fields(self.server.estate))
        rows = self.server.estate.findings if base is None else base
        if query and "state:" not in query:
            rows = [row for row in rows if row["state"] in ("open", "unknown")]
        return [
            row
            for row in rows
            if test({**row, "_text": f"{row['title']} {row['rule']} {row['asset_name']} {row['package']}".lower()})
        ]

    def findings(self) -> None:
        self._paged(self._sorted(self._found(), "-score"))

    def finding_facets(self) -> None:
        rows, fields = self._found(), _finding_fields(self.server.estate)
        self._json(
            self._facets(
                rows, fields, ("severity", "state", "kind", "package", "asset", "asset.os", "tag", "fix", "kev")
            )
        )

    def _facets(self, rows: list[Record], fields: Fields, names: tuple[str, ...]) -> list[Record]:
        out = []
        for name in names:
            counter: Counter[str] = Counter()
            for row in rows:
                value = fields[name](row)
                counter.update(
                    value
                    if isinstance(value, list)
                    else [str(value).lower() if isinstance(value, bool) else str(value)]
                )
            values = [(value, number) for value, number in counter.most_common(12) if value]
            if name == "severity":
                values.sort(key=lambda pair: SEVERITIES.index(pair[0]))
            out.append({"field": name, "values": values})
        return out

    def _groups(self, rows: list[Record], by: str) -> list[Record]:
        groups: dict[str, list[Record]] = {}
        for row in rows:
            if row["state"] == "open":
                groups.setdefault(
                    {"rule": row["rule"], "asset": row["asset_name"], "package": row["package"] or row["rule"]}[by], []
                ).append(row)
        out = []
        for key, members in groups.items():
            worst = max(members, key=lambda row: row["score"])
            field = {"rule": "rule", "asset": "asset", "package": "package" if worst["package"] else "rule"}[by]
            out.append(
                {
                    "key": key,
                    "title": f"Upgrade {key}" if worst["package"] else worst["title"],
                    "severity": worst["severity"],
                    "score": worst["score"],
                    "total": round(sum(row["score"] for row in members), 1),
                    "findings": len(members),
                    "assets": len({row["asset_id"] for row in members}),
                    "fix": worst["fix"]["text"],
                    "kev": sum(row["kev"] for row in members),
                    "query": f'{field}:"{key}"',
                }
            )
        return sorted(out, key=lambda group: -group["total"])

    def groups(self) -> None:
        self._paged(self._groups(self._found(), self.arguments.get("by", "rule")))

    def finding(self, key: str) -> None:
        estate = self.server.estate
        row = next((row for row in estate.findings if row["id"] == key), None)
        if row is None:
            return self._problem(404, "There is no such finding", "It may have been removed with its asset.")
        decisions = [
            decision
            for decision in estate.decisions
            if decision["rule"] == row["rule"] and decision["asset_id"] in (None, row["asset_id"])
        ]
        elsewhere = sum(
            other["rule"] == row["rule"] and other["state"] == "open" and other["id"] != key
            for other in estate.findings
        )
        return self._json({**row, **estate.details[key], "decisions": decisions, "elsewhere": elsewhere})

    # Assets

    def assets(self) -> None:
        test = compile_query(self.arguments.get("query", ""), _ASSET_FIELDS)
        rows = [
            row for row in self.server.estate.assets if test({**row, "_text": f"{row['name']} {row['os']}".lower()})
        ]
        self._paged(self._sorted(rows, "-risk"))

    def asset_facets(self) -> None:
        test = compile_query(self.arguments.get("query", ""), _ASSET_FIELDS)
        rows = [
            row for row in self.server.estate.assets if test({**row, "_text": f"{row['name']} {row['os']}".lower()})
        ]
        self._json(self._facets(rows, _ASSET_FIELDS, ("asset.kind", "asset.os", "tag")))

    def asset(self, key: str) -> None:
        rows = self.server.estate.assets
        row = next((row for row in rows if row["id"] == key), None)
        if row is None:
            return self._problem(404, "There is no such asset", "It may have been removed.")
        views = [
            {
                "name": name,
                "digest": "sha256:" + identity(key, name) * 3,
                "since": ago(days=3 + n),
                "problems": 1 if name == "sshd" else 0,
            }
            for n, name in enumerate(sections())
        ]
        others = [other for other in rows if other["id"] != key][:4]
        kinds = ["connects-to", "runs-on", "built-from", "same-network"]
        relations = [
            {"kind": kinds[n], "asset": other["id"], "name": other["name"], "direction": "out" if n % 2 == 0 else "in"}
            for n, other in enumerate(others)
        ]
        factors = [
            {"name": "Worst finding", "points": round(row["risk"] * 0.7, 1), "text": "the highest open score"},
            {
                "name": "Number of findings",
                "points": round(row["risk"] * 0.2, 1),
                "text": f"{sum(row['open'].values())} open",
            },
            {"name": "Exposure", "points": round(row["risk"] * 0.1, 1), "text": "tags: " + ", ".join(row["tags"])},
        ]
        return self._json(
            {
                **row,
                "first_seen": ago(days=90),
                "sections": views,
                "relations": relations,
                "risk_factors": factors,
                "unknowns": row["policy_unknown"] + row["open"]["unknown"],
            }
        )

    def asset_findings(self, key: str) -> None:
        self._paged(
            self._sorted(self._found([row for row in self.server.estate.findings if row["asset_id"] == key]), "-score")
        )

    def asset_policies(self, key: str) -> None:
        estate = self.server.estate
        rows = []
        for policy in estate.policies():
            view = {"policy": policy["id"], "title": policy["title"], "severity": policy["severity"]}
            rows += [
                {**view, "group": policy["group"], **{name: row[name] for name in ("result", "reason", "finding")}}
                for row in estate.policy_results[policy["id"]]
                if row["asset_id"] == key
            ]
        self._json(rows)

    def timeline(self, key: str) -> None:
        mine = [row for row in self.server.estate.findings if row["asset_id"] == key]
        events = [
            {
                "at": row["first_seen"],
                "kind": "finding-opened",
                "title": row["title"],
                "detail": row["rule"],
                "finding": row["id"],
                "severity": row["severity"],
                "section": None,
                "count": 1,
                "cause": "first",
                "because": "first assessment",
            }
            for row in mine[:25]
        ]
        events += [
            {
                "at": row["fixed_at"],
                "kind": "finding-fixed",
                "title": row["title"],
                "detail": row["rule"],
                "finding": row["id"],
                "severity": row["severity"],
                "section": None,
                "count": 1,
                "cause": "asset",
                "because": "changed on the asset: packages_deb",
            }
            for row in mine
            if row["fixed_at"]
        ]
        events += [
            {
                "at": ago(hours=5),
                "kind": "section-changed",
                "title": "packages_deb",
                "detail": "3 packages upgraded, 1 installed",
                "finding": None,
                "severity": None,
                "section": "packages_deb",
                "count": 4,
            },
            {
                "at": ago(days=90),
                "kind": "first-seen",
                "title": "First seen",
                "detail": "by agent 0.1.0",
                "finding": None,
                "severity": None,
                "section": None,
                "count": 1,
            },
        ]
        self._paged(sorted(events, key=lambda event: str(event["at"]), reverse=True))

    def section(self, _key: str, name: str) -> None:
        facts = sections()
        if name not in facts:
            return self._problem(404, "There is no such section", name)
        problems = (
            [{"path": "/etc/ssh/sshd_config.d/50-site.conf", "reason": "permission denied"}] if name == "sshd" else []
        )
        return self._json(
            {
                "name": name,
                "digest": "sha256:" + identity(name) * 3,
                "since": ago(days=3),
                "facts": facts[name],
                "problems": problems,
            }
        )

    # Decisions

    def decisions(self) -> None:
        self._paged(sorted(self.server.estate.decisions, key=lambda row: row["created_at"], reverse=True))

    def decide(self) -> None:
        estate = self.server.estate
        if query := self.body.get("query"):
            test = compile_query(query, _finding_fields(estate))
            covered = [
                row for row in estate.findings if row["state"] in ("open", "unknown") and test({**row, "_text": ""})
            ]
            made = mock_rooms.exception(self.body, covered, self._user(), stamp(NOW))
            estate.decisions.append(made)
            return self._json([made], 201)
        out = []
        for row in estate.findings:
            if row["id"] in self.body.get("findings", ()):
                decision = {
                    "id": secrets.token_hex(6),
                    "verdict": self.body["verdict"],
                    "reason": self.body["reason"],
                    "requested_by": self._user(),
                    "approved_by": None,
                    "created_at": stamp(NOW),
                    "expires_at": self.body.get("expires_at"),
                    "expires_when_fixable": bool(self.body.get("expires_when_fixable")),
                    "rule": row["rule"],
                    "locator": row["locator"],
                    "asset_id": row["asset_id"],
                    "active": True,
                    "_before": row["state"],
                }
                row["state"] = self.body["verdict"]
                estate.decisions.append(decision)
                out.append(decision)
        return self._json(out, 201)

    def withdraw(self, key: str) -> None:
        for decision in self.server.estate.decisions:
            if decision["id"] == key:
                decision["active"] = False
                before = dict(decision.get("_covered", ()))
                for row in self.server.estate.findings:
                    row["state"] = before.get(row["id"], row["state"])
                if decision.get("query"):
                    continue
                for row in self.server.estate.findings:
                    if (row["rule"], row["asset_id"], row["locator"]) == (
                        decision["rule"],
                        decision["asset_id"],
                        decision["locator"],
                    ):
                        row["state"] = decision["_before"]
        self._json({})

    # The rest

    def overview(self) -> None:
        estate = self.server.estate
        live = [row for row in estate.findings if row["state"] == "open"]
        groups = self._groups(live, "package")[:5]
        trend = []
        opened = counts(live)
        for n in range(29, -1, -1):
            factor = 1 + 0.012 * n + (0.15 if 9 < n < 14 else 0)
            trend.append(
                {
                    "day": ago(days=n)[:10],
                    "open": {name: round(value * factor) for name, value in opened.items()},
                    "opened": (n * 7) % 19,
                    "fixed": (n * 11) % 23,
                }
            )
        results = Counter(row["result"] for rows in estate.policy_results.values() for row in rows)
        self._json(
            {
                "risk": 74.0,
                "assets": len(estate.assets),
                "open": opened,
                "kev_open": sum(row["kev"] for row in live),
                "opened_since_yesterday": 14,
                "fixed_since_yesterday": 32,
                "fix_first": groups,
                "fix_first_share": sum(group["total"] for group in groups) / sum(row["score"] for row in live),
                "unseen": [
                    {"text": "packages of a release without security support", "count": 1, "query": "kind:coverage"},
                    {
                        "text": "policy results that could not be judged",
                        "count": results["unknown"],
                        "query": "kind:policy and state:unknown",
                    },
                ],
                "by_kind": {
                    kind: counts([row for row in live if row["kind"] == kind]) for kind in ("vulnerability", "policy")
                },
                "trend": trend,
                "policies": {
                    "pass": results["pass"],
                    "fail": results["fail"],
                    "unknown": results["unknown"],
                    "not-applicable": 4,
                },
                "assets_by_os": Counter(row["os"] for row in estate.assets).most_common(),
                "sensors_online": 9,
                "sensors_silent": 1,
                "knowledge": self._knowledge(),
            }
        )

    def _knowledge(self) -> Record:
        return {
            "id": "sha256:7b1f2c",
            "imported_at": ago(hours=2),
            "newest": ago(days=3),
            "age_days": 3.1,
            "lamp": "amber",
            "reason": "The newest Debian advisory is 3 days old.",
            "feeds": [
                {"source": "Debian", "records": 37703, "newest": ago(days=3)},
                {"source": "PyPI", "records": 7258, "newest": ago(days=93)},
                {"source": "CISA KEV", "records": 1662, "newest": ago(days=108)},
                {"source": "FIRST EPSS", "records": 360142, "newest": ago(days=99)},
            ],
        }

    def feeds(self) -> None:
        self._json(self._knowledge())

    def sync(self) -> None:
        self._json(self.server.estate.jobs[0], 202)

    def registries(self) -> None:
        self._json(self.server.estate.registries)

    def new_registry(self) -> None:
        made = mock_rooms.registry(self.body, ago(seconds=0))
        self.server.estate.registries.append(made)
        self._json(made, 201)

    def look_at_registry(self, _key: str) -> None:
        self._json(self.server.estate.jobs[0], 202)

    def drop_registry(self, key: str) -> None:
        self.server.estate.registries = [one for one in self.server.estate.registries if one["id"] != key]
        self._json(None)

    def frameworks(self) -> None:
        self._json(mock_rooms.frameworks())

    def framework(self, key: str) -> None:
        found = mock_rooms.framework(key)
        if found is None:
            return self._problem(404, "There is no such framework", key)
        if "text/csv" in (self.headers.get("Accept") or ""):
            return self._paged(found["controls"])
        return self._json(found)

    def image(self, key: str) -> None:
        self._room(key, mock_rooms.image)

    def code(self, key: str) -> None:
        self._room(key, mock_rooms.code)

    def _room(self, key: str, view: Callable[[Record, list[Record]], Record]) -> None:
        row = next((row for row in self.server.estate.assets if row["id"] == key), None)
        if row is None:
            return self._problem(404, "There is no such asset", "It may have been removed.")
        return self._json(view(row, self.server.estate.findings))

    def policies(self) -> None:
        self._paged(self.server.estate.policies())

    def set_parameters(self, key: str) -> None:
        for one in self._parameters(key):
            if one["name"] in self.body["values"]:
                mock_rooms.set_parameter(one, self.body["values"][one["name"]], self._user(), stamp(NOW))
        # With the new value every asset complies, as soon as it was judged anew.
        for row in self.server.estate.policy_results[key]:
            row |= {"result": "pass", "finding": None}
        self._json(self._parameters(key))

    def reset_parameter(self, key: str, name: str) -> None:
        for one in self._parameters(key):
            if one["name"] == name:
                mock_rooms.set_parameter(one, one["default"], None, "")
        self._json({})

    def _parameters(self, key: str) -> list[Record]:
        found: list[Record] = self.server.parameters.get(key, [])
        return found

    def policy(self, key: str) -> None:
        found = self.server.estate.policy(key)
        if found:
            found["parameters"] = self._parameters(key)
        return self._json(found) if found else self._problem(404, "There is no such policy", key)

    def audit(self) -> None:
        self._paged(self.server.estate.audit)

    def sensors(self) -> None:
        self._paged(
            [
                {
                    "id": identity("sensor", asset["name"]),
                    "kind": "agent",
                    "name": asset["name"],
                    "version": "0.1.0",
                    "asset_id": asset["id"],
                    "enrolled_at": ago(days=31),
                    "last_seen": ago(minutes=n if n != 8 else 4000),
                    "online": n != 8,
                    "revoked": False,
                    "spool_dropped": 120 if n == 8 else 0,
                }
                for n, asset in enumerate(self.server.estate.assets)
            ]
        )

    def revoke_sensor(self, _key: str) -> None:
        self._json({})

    def keys(self) -> None:
        self._paged(self.server.estate.keys)

    def new_key(self) -> None:
        row = {
            "id": secrets.token_hex(4),
            "name": self.body["name"],
            "created_at": stamp(NOW),
            "expires_at": self.body.get("expires_at"),
            "uses": 0,
            "max_uses": self.body.get("max_uses"),
            "revoked": False,
            "key": None,
        }
        self.server.estate.keys.append(row)
        self._json({**row, "key": "bzk_" + secrets.token_urlsafe(24)}, 201)

    def revoke_key(self, key: str) -> None:
        for row in self.server.estate.keys:
            row["revoked"] = row["revoked"] or row["id"] == key
        self._json({})

    def tokens(self) -> None:
        self._json(self.server.estate.tokens)

    def new_token(self) -> None:
        row = {
            "id": secrets.token_hex(4),
            "name": self.body["name"],
            "scopes": self.body["scopes"],
            "created_at": stamp(NOW),
            "expires_at": self.body.get("expires_at"),
            "last_used": None,
            "token": None,
        }
        self.server.estate.tokens.append(row)
        self._json({**row, "token": "bzt_" + secrets.token_urlsafe(24)}, 201)

    def drop_token(self, key: str) -> None:
        self.server.estate.tokens = [row for row in self.server.estate.tokens if row["id"] != key]
        self._json({})

    def jobs(self) -> None:
        self._paged(self.server.estate.jobs)

    def cancel(self, key: str) -> None:
        for job in self.server.estate.jobs:
            if job["id"] == key:
                job["state"] = "cancelled"
        self._json({})

    def complete(self) -> None:
        text, cursor = self.arguments.get("text", ""), int(self.arguments.get("cursor") or 0)
        fields = _ASSET_FIELDS if self.arguments.get("of") == "assets" else _finding_fields(self.server.estate)
        head = text[:cursor]
        start = max(head.rfind(" "), head.rfind("(")) + 1
        word = head[start:]
        items = []
        if ":" in word:
            name, _, typed = word.partition(":")
            start += len(name) + 1
            rows = self.server.estate.assets if self.arguments.get("of") == "assets" else self.server.estate.findings
            facet = self._facets(rows, fields, (name,))[0]["values"] if name in fields else []
            items = [
                {"text": value if " " not in value else f'"{value}"', "kind": "value", "detail": f"{number}"}
                for value, number in facet
                if value.lower().startswith(typed.strip('"').lower())
            ]
        else:
            items = [
                {"text": f"{name}:", "kind": "field", "detail": ""} for name in sorted(fields) if name.startswith(word)
            ]
            items += [
                {"text": f"{name} ", "kind": "operator", "detail": ""}
                for name in ("and", "or", "not")
                if name.startswith(word) and head[:start].strip()
            ]
        self._json({"start": start, "end": cursor, "items": items[:12]})

    def stream(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Cache-Control", "no-store")
        self.send_header("Connection", "close")
        self.end_headers()
        server, seen = self.server, len(self.server.events)
        self.wfile.write(b": hello\n\n")
        self.wfile.flush()
        until = time.monotonic() + 600
        while time.monotonic() < until:
            with server.changed:
                server.changed.wait(timeout=10)
                fresh, seen = server.events[seen:], len(server.events)
            for number, kind in fresh:
                self.wfile.write(f"id: {number}\ndata: {json.dumps({'kind': kind})}\n\n".encode())
            self.wfile.write(b": still here\n\n")
            self.wfile.flush()


def main() -> None:
    server = MockServer(int(sys.argv[1]) if len(sys.argv) > 1 else 8420)
    print(f"{server.url}  (any name, password `correct horse`)")
    server.serve_forever()


if __name__ == "__main__":
    main()
