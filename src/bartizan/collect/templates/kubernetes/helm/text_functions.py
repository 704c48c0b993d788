"""Functions of Go templates, Sprig and Helm over texts, numbers and encodings. All arguments are known values.

Names and meanings: pkg.go.dev/text/template#hdr-Functions, masterminds.github.io/sprig, helm.sh/docs/howto.
What depends on the moment, on chance or on the network (now, randAlphaNum, genCA, lookup) is left out: unknown.
"""

import base64
import hashlib
import json
import math
import re
import zlib
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote_plus

import yaml

from bartizan.collect.resources.values import Value
from bartizan.collect.templates.kubernetes.helm.evaluate import Failed, Refused

MAX_TEXT = 8 << 20


def to_string(value: Value) -> str:
    """As Go's `%v` prints it."""
    if value is None:
        return "<nil>"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _float(value)
    if isinstance(value, Mapping):
        return "map[" + " ".join(f"{key}:{to_string(value[key])}" for key in sorted(value)) + "]"
    if isinstance(value, list):
        return "[" + " ".join(to_string(each) for each in value) + "]"
    if isinstance(value, (str, int)):
        return str(value)
    raise Refused("an object has no text")


def _float(value: float) -> str:
    if value == int(value) and abs(value) < 1e21:
        return str(int(value))
    return repr(value)


def to_yaml(value: Value) -> str:
    if isinstance(value, str) and "\ue000" in value:
        return value  # quotes around a mark that is all there is would hide that it may be a mapping
    dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    text: str = yaml.dump(value, Dumper=dumper, default_flow_style=False, allow_unicode=True, width=1 << 20)
    return text.removesuffix("\n...\n").rstrip("\n")


def to_json(value: Value) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


_VERB = re.compile(r"%([-+# 0]*)([0-9]*)(?:\.([0-9]+))?([vdsqtxXfgeoTc%])")


def printf(template: Value, *values: Value) -> str:
    """Go's verbs, as far as charts use them."""
    rest = list(values)

    def verb(match: re.Match[str]) -> str:
        flags, width, precision, kind = match.groups()
        if kind == "%":
            return "%"
        if not rest:
            raise Refused(f"printf has no value for {match[0]}")
        value = rest.pop(0)
        match kind:
            case "q":
                shown = quote(value)
            case "x" | "X" | "o" if isinstance(value, int):
                shown = format(value, kind)
            case "x":
                shown = to_string(value).encode().hex()
            case "f" | "e" | "g":
                shown = format(float(value), f".{precision or 6}{kind}")
            case "d":
                shown = str(int(value))
            case "c":
                shown = chr(int(value))
            case "T":
                shown = kind_of(value)
            case _:
                shown = to_string(value)[: int(precision)] if precision else to_string(value)
        size = min(int(width or 0), 10_000)
        if "-" in flags:
            return shown.ljust(size)
        return shown.rjust(size, "0" if "0" in flags and kind in "dxXof" else " ")

    return _VERB.sub(verb, str(template))


def print_values(*values: Value) -> str:
    """Go puts a space between two operands where neither is a text."""
    out = ""
    for number, value in enumerate(values):
        if number and not isinstance(value, str) and not isinstance(values[number - 1], str):
            out += " "
        out += to_string(value)
    return out


def quote(*values: Value) -> str:
    return " ".join(json.dumps(to_string(each), ensure_ascii=False) for each in values if each is not None)


def squote(*values: Value) -> str:
    return " ".join(f"'{to_string(each)}'" for each in values if each is not None)


def indent(count: Value, text: Value) -> str:
    spaces = " " * min(int(count), 1000)
    return "\n".join(spaces + line for line in str(text).split("\n"))


def fail(message: Value) -> Value:
    raise Failed(str(message))


def kind_of(value: Value) -> str:
    if value is None:
        return "invalid"
    for type_, name in ((bool, "bool"), (str, "string"), (int, "int64"), (float, "float64"), (list, "slice")):
        if isinstance(value, type_):
            return name
    return "map" if isinstance(value, Mapping) else "struct"


def kind_is(kind: Value, value: Value) -> bool:
    found = kind_of(value)
    return bool(found == kind or (found == "int64" and kind in ("int", "float64")))


def type_of(value: Value) -> str:
    names = {"slice": "[]interface {}", "map": "map[string]interface {}", "int64": "int64", "invalid": "<nil>"}
    return names.get(kind_of(value), kind_of(value))


def trunc(size: Value, text: Value) -> str:
    return str(text)[size:] if size < 0 else str(text)[:size]


def repeat(count: Value, text: Value) -> str:
    if count * len(str(text)) > MAX_TEXT:
        raise Refused("repeat would be too long")
    return str(text) * int(count)


def _expression(pattern: Value) -> "re.Pattern[str]":
    import re2  # type: ignore[import-untyped,import-not-found,unused-ignore]

    return re2.compile(str(pattern))  # type: ignore[no-any-return,unused-ignore]


def regex_replace(pattern: Value, text: Value, replacement: Value) -> str:
    found = _expression(pattern)
    return found.sub(re.sub(r"\$\{?([0-9]+)\}?", r"\\\1", str(replacement)), str(text))


def _words(text: str) -> list[str]:
    return [word for word in re.split(r"[-_\s]+|(?<=[a-z0-9])(?=[A-Z])", text) if word]


def camel(text: Value) -> str:
    return "".join(word[:1].upper() + word[1:] for word in _words(str(text)))


def integer(value: Value) -> int:
    if isinstance(value, str):
        try:
            return int(value, 10)
        except ValueError:
            try:
                return int(float(value))
            except ValueError:
                return 0
    return int(value or 0)


def floating(value: Value) -> float:
    try:
        return float(value or 0)
    except ValueError:
        return 0.0


def divide(a: Value, b: Value) -> int:
    return math.trunc(integer(a) / integer(b))


def version(text: Value) -> tuple[tuple[int, int, int], str]:
    match = re.match(r"v?(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:-([0-9A-Za-z.-]+))?", str(text).strip())
    if match is None:
        raise Refused(f"{text!r} is no version")
    return (int(match[1]), int(match[2] or 0), int(match[3] or 0)), match[4] or ""


_CONSTRAINT = re.compile(r"(>=|<=|=>|=<|!=|=|>|<|~>|~|\^)?\s*v?([0-9xX*]+(?:\.[0-9xX*]+)*(?:-[0-9A-Za-z.-]+)?)")


def semver_compare(constraint: Value, given: Value) -> bool:
    """Alternatives by `||`, all parts of each by spaces or commas; a pre-release needs a constraint that names one."""
    return any(_all_hold(part, given) for part in str(constraint).split("||"))


def _all_hold(part: str, given: Value) -> bool:
    text = re.sub(r"(\S+)\s+-\s+(\S+)", r">=\1 <=\2", part.strip())
    found = _CONSTRAINT.findall(text)
    if not found:
        raise Refused(f"{part!r} is no version constraint")
    return all(_holds(operator, wanted, given) for operator, wanted in found)


def _holds(operator: str, wanted: str, given: Value) -> bool:
    numbers, pre = version(given)
    steps = wanted.partition("-")[0].split(".")
    wild = next((n for n, step in enumerate(steps) if step in ("x", "X", "*")), len(steps))
    if wild == 0:
        return not pre
    target, target_pre = version(".".join(steps[:wild]) + ("-" + wanted.partition("-")[2] if "-" in wanted else ""))
    if pre and not target_pre:
        return False
    mine, theirs = (numbers, not pre, pre), (target, not target_pre, target_pre)
    match operator:
        case ">":
            return mine > theirs
        case "<":
            return mine < theirs
        case ">=" | "=>":
            return mine >= theirs
        case "<=" | "=<":
            return mine <= theirs
        case "!=":
            return mine != theirs
        case "~" | "~>":
            return mine >= theirs and numbers[: max(min(wild, 2), 1)] == target[: max(min(wild, 2), 1)]
        case "^":
            first = next((n for n, number in enumerate(target) if number), 2)
            return mine >= theirs and numbers[: first + 1] == target[: first + 1]
    return numbers[:wild] == target[:wild] and pre == target_pre


def semver(text: Value) -> dict[str, Value]:
    numbers, pre = version(text)
    names = dict(zip(("Major", "Minor", "Patch"), numbers, strict=True))
    return {**names, "Prerelease": pre, "Original": str(text)}


def _text(function: Callable[..., Value]) -> Callable[..., Value]:
    """The function with its arguments as texts."""
    return lambda *values: function(*(to_string(each) for each in values))


def text_functions() -> dict[str, Callable[..., Value]]:
    """The functions by name."""
    return {
        "toString": to_string,
        "toYaml": to_yaml,
        "mustToYaml": to_yaml,
        "toYamlPretty": to_yaml,
        "toJson": to_json,
        "mustToJson": to_json,
        "toRawJson": to_json,
        "toPrettyJson": lambda value: json.dumps(value, sort_keys=True, indent=2, ensure_ascii=False),
        "fromJson": json.loads,
        "printf": printf,
        "print": print_values,
        "println": lambda *values: " ".join(to_string(each) for each in values) + "\n",
        "html": _text(lambda text: text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")),
        "quote": quote,
        "squote": squote,
        "cat": lambda *values: " ".join(to_string(each) for each in values),
        "indent": indent,
        "nindent": lambda count, text: "\n" + indent(count, text),
        "trim": _text(str.strip),
        "trimAll": _text(lambda marks, text: text.strip(marks)),
        "trimSuffix": _text(lambda end, text: text.removesuffix(end)),
        "trimPrefix": _text(lambda start, text: text.removeprefix(start)),
        "upper": _text(str.upper),
        "lower": _text(str.lower),
        "title": _text(lambda text: re.sub(r"(?:^|(?<=\s))\S", lambda match: match[0].upper(), text)),
        "untitle": _text(lambda text: re.sub(r"(?:^|(?<=\s))\S", lambda match: match[0].lower(), text)),
        "nospace": _text(lambda text: "".join(text.split())),
        "replace": _text(lambda old, new, text: text.replace(old, new)),
        "contains": _text(lambda part, text: part in text),
        "hasPrefix": _text(lambda start, text: text.startswith(start)),
        "hasSuffix": _text(lambda end, text: text.endswith(end)),
        "trunc": trunc,
        "abbrev": lambda size, text: str(text) if len(str(text)) <= size else str(text)[: size - 3] + "...",
        "substr": lambda start, end, text: str(text)[max(start, 0) : end if end >= 0 else None],
        "repeat": repeat,
        "snakecase": lambda text: "_".join(_words(str(text))).lower(),
        "kebabcase": lambda text: "-".join(_words(str(text))).lower(),
        "camelcase": camel,
        "initials": _text(lambda text: "".join(word[0] for word in text.split())),
        "plural": lambda one, many, count: one if count == 1 else many,
        "regexMatch": lambda pattern, text: bool(_expression(pattern).search(str(text))),
        "regexFind": lambda pattern, text: match[0] if (match := _expression(pattern).search(str(text))) else "",
        "regexReplaceAll": regex_replace,
        "regexReplaceAllLiteral": lambda p, text, new: _expression(p).sub(lambda _: str(new), str(text)),
        "regexSplit": lambda p, text, n: _expression(p).split(str(text), max(n - 1, 0)),
        "regexQuoteMeta": _text(re.escape),
        "b64enc": _text(lambda text: base64.b64encode(text.encode()).decode()),
        "b64dec": _text(lambda text: base64.b64decode(text, validate=True).decode()),
        "sha256sum": _text(lambda text: hashlib.sha256(text.encode()).hexdigest()),
        "sha1sum": _text(lambda text: hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()),
        "adler32sum": _text(lambda text: str(zlib.adler32(text.encode()))),
        "urlquery": _text(quote_plus),
        "fail": fail,
        "kindOf": kind_of,
        "kindIs": kind_is,
        "typeOf": type_of,
        "typeIs": lambda name, value: type_of(value) == name,
        "int": integer,
        "int64": integer,
        "float64": floating,
        "atoi": integer,
        "toDecimal": lambda text: int(str(text), 8),
        "add": lambda *values: sum(map(integer, values)),
        "add1": lambda value: integer(value) + 1,
        "sub": lambda a, b: integer(a) - integer(b),
        "mul": lambda *values: math.prod(map(integer, values)),
        "div": divide,
        "mod": lambda a, b: int(math.fmod(integer(a), integer(b))),
        "max": lambda *values: max(map(integer, values)),
        "min": lambda *values: min(map(integer, values)),
        "addf": lambda *values: sum(map(floating, values)),
        "mulf": lambda *values: math.prod(map(floating, values)),
        "divf": lambda a, b: floating(a) / floating(b),
        "floor": lambda value: float(math.floor(floating(value))),
        "ceil": lambda value: float(math.ceil(floating(value))),
        "round": lambda value, digits: float(f"{floating(value):.{integer(digits)}f}"),
        "semver": semver,
        "semverCompare": semver_compare,
        "base": _text(lambda path: path.rstrip("/").rpartition("/")[2] or "."),
        "dir": _text(lambda path: path.rpartition("/")[0] or "."),
        "ext": _text(lambda path: "." + path.rpartition(".")[2] if "." in path.rpartition("/")[2] else ""),
        "clean": _text(lambda path: re.sub(r"/+", "/", path).rstrip("/") or "/"),
    }
