"""A small reading of the query language for the mock server: `field:value`, `field>=number`, `and`, `or`, `not`,
brackets, bare words. Enough to drive the pages; the product's own language lives in `inventory/query`.

    severity:critical and not tag:lab and (package:openssl or kev:true)
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Record = dict[str, Any]
Test = Callable[[Record], bool]

_TOKEN = re.compile(
    r"""\s*(?:(\()|(\))|([a-z_.]+)\s*(>=|<=|:|>|<|=)\s*("(?:[^"\\]|\\.)*"|[^\s()]+)|("(?:[^"\\]|\\.)*"|[^\s()]+))"""
)
_RANKS = {"critical": 5, "high": 4, "medium": 3, "unknown": 2, "low": 1, "info": 0}


@dataclass(frozen=True)
class QueryRefused(Exception):
    """The text is not a query; `position` counts characters from 0."""

    position: int
    message: str
    expected: tuple[str, ...] = ()


def compile_query(text: str, fields: dict[str, Callable[[Record], Any]]) -> Test:
    """A predicate over records, or `QueryRefused`."""
    tokens = _tokens(text)
    if not tokens:
        return lambda _: True
    test, at = _either(tokens, 0, fields, len(text))
    if at < len(tokens):
        raise QueryRefused(tokens[at].start(), "expected `and` or `or` here", ("and", "or"))
    return test


def _tokens(text: str) -> list[re.Match[str]]:
    out, at = [], 0
    while at < len(text.rstrip()):
        match = _TOKEN.match(text, at)
        if match is None:
            raise QueryRefused(at, "this cannot be read")
        out.append(match)
        at = match.end()
    return out


def _word(token: re.Match[str]) -> str:
    return (token[6] or "").lower()


def _either(tokens: list[re.Match[str]], at: int, fields: Any, end: int) -> tuple[Test, int]:
    left, at = _both(tokens, at, fields, end)
    while at < len(tokens) and _word(tokens[at]) == "or":
        right, at = _both(tokens, at + 1, fields, end)
        left = _any(left, right)
    return left, at


def _both(tokens: list[re.Match[str]], at: int, fields: Any, end: int) -> tuple[Test, int]:
    left, at = _one(tokens, at, fields, end)
    while at < len(tokens) and not tokens[at][2] and _word(tokens[at]) != "or":
        if _word(tokens[at]) == "and":
            at += 1
        right, at = _one(tokens, at, fields, end)
        left = _all(left, right)
    return left, at


def _one(tokens: list[re.Match[str]], at: int, fields: Any, end: int) -> tuple[Test, int]:
    if at >= len(tokens):
        raise QueryRefused(end, "the query stops here; a field or a word is missing", ("field", "word"))
    token = tokens[at]
    if _word(token) == "not":
        inner, at = _one(tokens, at + 1, fields, end)
        return (lambda record: not inner(record)), at
    if token[1]:
        inner, at = _either(tokens, at + 1, fields, end)
        if at >= len(tokens) or not tokens[at][2]:
            raise QueryRefused(end, "a bracket is not closed", (")",))
        return inner, at + 1
    if token[2]:
        raise QueryRefused(token.start(2), "a bracket closes that was never opened")
    if token[3]:
        name = token[3]
        if name not in fields:
            near = ", ".join(sorted(fields))
            raise QueryRefused(token.start(3), f"there is no field `{name}`; the fields are {near}", tuple(fields))
        return _compare(fields[name], token[4], token[5].strip('"').replace('\\"', '"')), at + 1
    word = token[6].strip('"').lower()
    return (lambda record: word in record["_text"]), at + 1


def _compare(read: Callable[[Record], Any], operator: str, wanted: str) -> Test:
    def test(record: Record) -> bool:
        value = read(record)
        if isinstance(value, list):
            return wanted in value
        if isinstance(value, bool):
            return value == (wanted == "true")
        if operator in (":", "=") and wanted == "any":
            return True
        if operator in (":", "="):
            return str(value).lower() == wanted.lower()
        if value is None:
            return False
        left, right = (_RANKS[value], _RANKS.get(wanted, 0)) if value in _RANKS else (float(value), float(wanted))
        return {">=": left >= right, "<=": left <= right, ">": left > right, "<": left < right}[operator]

    return test


def _any(left: Test, right: Test) -> Test:
    return lambda record: left(record) or right(record)


def _all(left: Test, right: Test) -> Test:
    return lambda record: left(record) and right(record)
