"""Log lines of the agent on standard error, one event a line (logfmt):

at=2026-11-23T10:37:00Z level=info event=delivered mode=quick sections=3 seconds=0.4

Imports nothing but what the interpreter has loaded: the watcher uses it. Callers never pass a key or a payload.
"""

import sys
import time


def log(level: str, event: str, **fields: object) -> None:
    parts = [f"at={time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())}", f"level={level}", f"event={event}"]
    parts += [f"{name}={_value(value)}" for name, value in fields.items()]
    try:
        sys.stderr.write(" ".join(parts) + "\n")
        sys.stderr.flush()
    except OSError:
        return  # nobody reads the log any more; watching goes on


def _value(value: object) -> str:
    text = f"{value:.3f}" if isinstance(value, float) else str(value)
    if text and all(character.isalnum() or character in "-_./:+" for character in text):
        return text
    escaped = text.encode("unicode_escape", "backslashreplace").decode("ascii")
    return '"' + escaped.replace('"', '\\"') + '"'
