"""Functions that read files of the module: `file`, `templatefile`, `fileexists`, `fileset` and their hashes; and
`templatestring`, whose template is a value.

Paths are within the view that is scanned; what lies outside is unknown. Nothing is fetched and nothing is run.
"""

import base64
import fnmatch
import hashlib
from collections.abc import Callable

from bartizan.collect.filesystem.interface import FileKind, FilesystemError, FilesystemView, Missing, exists
from bartizan.collect.resources.values import Unknown, Value
from bartizan.collect.templates.budget import Budget
from bartizan.collect.templates.hcl.evaluate import evaluate
from bartizan.collect.templates.hcl.functions import FUNCTIONS
from bartizan.collect.templates.hcl.parser import HclError, parse_template
from bartizan.collect.templates.hcl.syntax import Node

_LIMIT = 4 << 20
NAMES = frozenset({"file", "templatefile", "templatestring", "fileexists", "fileset"})


def call(view: FilesystemView, folder: str, name: str, arguments: list[Value], budget: Budget) -> Value:
    """A file function with its arguments; relative paths start at the module's folder. Raises KeyError where it is
    none."""
    if name not in NAMES and name not in _HASHES:
        raise KeyError(name)
    if not arguments or not isinstance(arguments[0], str):
        return next((each for each in arguments if isinstance(each, Unknown)), Unknown(f"{name} needs a path"))
    if name == "templatestring":
        return _rendered(name, arguments[0], arguments, budget)
    path = arguments[0] if arguments[0].startswith("/") else f"{folder.rstrip('/')}/{arguments[0]}"
    try:
        if name == "fileexists":
            return exists(view, path)
        if name == "fileset":
            return _fileset(view, path, arguments[1] if len(arguments) > 1 else "*")
        data = view.read(path, _LIMIT)
    except Missing:
        return Unknown(f"{name}: {path} does not exist")
    except FilesystemError as error:
        return Unknown(f"{name}: {error}")
    if name in _HASHES:
        return _HASHES[name](data)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return Unknown(f"{name}: {path} is not UTF-8")
    return text if name == "file" else _rendered(name, text, arguments, budget)


def _rendered(name: str, text: str, arguments: list[Value], budget: Budget) -> Value:
    values = arguments[1] if len(arguments) > 1 else {}
    if isinstance(values, Unknown):
        return values
    try:
        return evaluate(parse_template(text, name), _Values(values if isinstance(values, dict) else {}, budget))
    except HclError as error:
        return Unknown(f"{name}: {error}")


def _fileset(view: FilesystemView, path: str, pattern: Value) -> Value:
    if not isinstance(pattern, str):
        return Unknown("fileset needs a pattern")
    top = path.rstrip("/") + "/"
    found = [entry.path.removeprefix(top) for entry in view.walk(path) if entry.kind is FileKind.FILE]
    deep = "**" in pattern
    return sorted(
        name for name in found if fnmatch.fnmatchcase(name, pattern.replace("**/", "*")) and (deep or "/" not in name)
    )


_HASHES: dict[str, Callable[[bytes], str]] = {
    "filebase64": lambda data: base64.b64encode(data).decode(),
    "filebase64sha256": lambda data: base64.b64encode(hashlib.sha256(data).digest()).decode(),
    "filebase64sha512": lambda data: base64.b64encode(hashlib.sha512(data).digest()).decode(),
    "filesha1": lambda data: hashlib.sha1(data, usedforsecurity=False).hexdigest(),
    "filesha512": lambda data: hashlib.sha512(data).hexdigest(),
    "filesha256": lambda data: hashlib.sha256(data).hexdigest(),
    "filemd5": lambda data: hashlib.md5(data, usedforsecurity=False).hexdigest(),
}


class _Values:
    """The scope of a template file: the values that it was given."""

    def __init__(self, values: dict[str, Value], budget: Budget) -> None:
        self._values, self.budget = values, budget

    def root(self, name: str, node: Node) -> Value:
        return self._values.get(name, Unknown(f"the template was given no {name!r}"))

    def member(self, target: Value, name: str) -> Value:
        return Unknown(f"there is no attribute {name!r}")

    def call(self, name: str, arguments: list[Value]) -> Value:
        if name in FUNCTIONS:
            raise KeyError(name)
        return Unknown(f"the function {name} is not known")
