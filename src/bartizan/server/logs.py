"""Log lines of the server: one JSON object a line on standard error.

    {"at": "2026-11-23T10:37:00.123Z", "level": "info", "event": "request", "method": "GET", "route": "/api/v1/assets",
     "status": 200, "milliseconds": 3.1, "reference": "K7Q2-9FDM"}

Query strings, bodies and headers are never logged. As a second net every line passes a filter that blanks what has the
form of one of our own secrets.
"""

import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import TextIO

SECRET_FORMS = re.compile(
    r"\b(bak|brt)_[A-Za-z0-9_-]{8,}"  # activation keys, API tokens
    r"|(?<=://)[^/\s:@]+:[^/\s@]+(?=@)"  # user:password in a database's address
    r"|\b[0-9a-f]{64}\b(?!\")"  # keys of sensors
    r"|\$argon2[a-z]*\$[^\s\"']+"
)
_FIELDS = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}


class JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        line: dict[str, object] = {"at": at, "level": record.levelname.lower(), "event": record.getMessage()}
        if not record.name.startswith("bartizan"):
            line["from"] = record.name
        line |= {name: value for name, value in record.__dict__.items() if name not in _FIELDS and name[0] != "_"}
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return redacted(json.dumps(line, ensure_ascii=False, default=str))


def redacted(text: str) -> str:
    return SECRET_FORMS.sub("[redacted]", text)


def configure(stream: TextIO | None = None, level: int = logging.INFO) -> None:
    """Everything that this process logs, our libraries included, goes through the one formatter."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("bartizan").setLevel(level)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "dbos", "litestar", "alembic", "sqlalchemy"):
        library = logging.getLogger(name)
        library.handlers.clear()
        library.propagate = True
        library.setLevel(logging.WARNING)
