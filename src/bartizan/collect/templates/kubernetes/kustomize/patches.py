"""Patches on Kubernetes objects: strategic merge and JSON patch (RFC 6902).

    spec: {template: {spec: {containers: [{name: web, image: web:2}]}}}       strategic: lists merge by their key
    [{op: replace, path: /spec/replicas, value: 3}]                           JSON patch

Merge keys are those of the API's own types (`patchMergeKey` in k8s.io/api); any other list is replaced.
`$patch: delete` and `$patch: replace` are understood.
"""

import copy
from typing import Any

MERGE_KEYS = {
    "containers": ("name",),
    "initContainers": ("name",),
    "ephemeralContainers": ("name",),
    "volumes": ("name",),
    "env": ("name",),
    "volumeMounts": ("mountPath",),
    "volumeDevices": ("devicePath",),
    "ports": ("containerPort", "port"),
    "imagePullSecrets": ("name",),
    "hostAliases": ("ip",),
    "secrets": ("name",),
    "topologySpreadConstraints": ("topologyKey",),
    "tolerations": (),
}


class PatchError(Exception):
    """A patch does not fit the object; the message says where."""


def strategic(target: Any, patch: Any, name: str = "") -> Any:
    """The target with the patch merged in; None takes a key away."""
    if isinstance(target, dict) and isinstance(patch, dict):
        directive = patch.get("$patch")
        if directive == "replace":
            return {key: copy.deepcopy(each) for key, each in patch.items() if key != "$patch"}
        out = dict(target)
        for key, each in patch.items():
            if key.startswith(("$patch", "$setElementOrder/", "$retainKeys", "$deleteFromPrimitiveList/")):
                continue
            if each is None or (isinstance(each, dict) and each.get("$patch") == "delete"):
                out.pop(key, None)
            elif key in out:
                out[key] = strategic(out[key], each, key)
            else:
                out[key] = _plain(each)
        return out
    if isinstance(target, list) and isinstance(patch, list):
        return _lists(target, patch, name)
    return _plain(patch)


def _lists(target: list[Any], patch: list[Any], name: str) -> list[Any]:
    replace = any(isinstance(each, dict) and each.get("$patch") == "replace" for each in patch)
    rows = [each for each in patch if not (isinstance(each, dict) and each.get("$patch") == "replace")]
    every = [*target, *rows]
    keys = () if replace else MERGE_KEYS.get(name, ())
    key = next((k for k in keys if every and all(isinstance(each, dict) and k in each for each in every)), "")
    if not key:
        return [_plain(each) for each in rows]
    out = list(target)
    for each in rows:
        at = next((n for n, mine in enumerate(out) if mine[key] == each[key]), None)
        if each.get("$patch") == "delete":
            out = [mine for mine in out if mine[key] != each[key]]
        elif at is None:
            out.append(_plain(each))
        else:
            out[at] = strategic(out[at], each)
    return out


def _plain(value: Any) -> Any:
    """A patch's own value, without directives and what it takes away."""
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items() if not key.startswith("$patch") and each is not None}
    return [_plain(each) for each in value] if isinstance(value, list) else value


def json_patch(target: Any, operations: Any) -> Any:
    """The target after the operations; raises `PatchError`."""
    if not isinstance(operations, list):
        raise PatchError("a JSON patch is a list of operations")
    out = copy.deepcopy(target)
    for operation in operations:
        if not isinstance(operation, dict) or not isinstance(operation.get("path"), str):
            raise PatchError("an operation needs op and path")
        out = _operate(out, operation)
    return out


def _operate(target: Any, operation: dict[str, Any]) -> Any:
    path, kind = operation["path"], operation.get("op")
    match kind:
        case "add" | "replace":
            return _put(target, path, copy.deepcopy(operation.get("value")), insert=kind == "add")
        case "remove":
            return _take(target, path)[0]
        case "test":
            if _read(target, path) != operation.get("value"):
                raise PatchError(f"the test at {path} fails")
            return target
        case "move":
            target, value = _take(target, str(operation.get("from")))
            return _put(target, path, value, insert=True)
        case "copy":
            return _put(target, path, copy.deepcopy(_read(target, str(operation.get("from")))), insert=True)
    raise PatchError(f"there is no operation {kind!r}")


def _steps(path: str) -> list[str]:
    if path and not path.startswith("/"):
        raise PatchError(f"the path {path!r} must begin with /")
    return [step.replace("~1", "/").replace("~0", "~") for step in path.split("/")[1:]]


def _read(target: Any, path: str) -> Any:
    for step in _steps(path):
        if isinstance(target, dict) and step in target:
            target = target[step]
        elif isinstance(target, list) and _is_place(step) and int(step) < len(target):
            target = target[int(step)]
        else:
            raise PatchError(f"there is nothing at {path}")
    return target


def _put(target: Any, path: str, value: Any, *, insert: bool) -> Any:
    steps = _steps(path)
    if not steps:
        return value
    parent, last = _read(target, path.rpartition("/")[0]), steps[-1]
    if isinstance(parent, dict):
        parent[last] = value
    elif isinstance(parent, list) and last == "-" and insert:
        parent.append(value)
    elif isinstance(parent, list) and _is_place(last) and int(last) <= len(parent) - (not insert):
        if insert:
            parent.insert(int(last), value)
        else:
            parent[int(last)] = value
    else:
        raise PatchError(f"there is nothing at {path}")
    return target


def _take(target: Any, path: str) -> tuple[Any, Any]:
    value = _read(target, path)
    parent, last = _read(target, path.rpartition("/")[0]), _steps(path)[-1]
    if isinstance(parent, list):
        parent.pop(int(last))
    else:
        parent.pop(last)
    return target, value


def _is_place(step: str) -> bool:
    """Whether it may be a place in a list: superscript digits and numbers without end are none."""
    return step.isdecimal() and len(step) < 10
