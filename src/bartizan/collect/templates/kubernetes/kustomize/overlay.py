"""A kustomization (kubectl.docs.kubernetes.io/references/kustomize) as the objects that it builds.

    resources: [../base, service.yaml]
    namePrefix: test-
    namespace: test
    images: [{name: web, newTag: "2"}]
    patches: [{target: {kind: Deployment, name: web}, path: patch.yaml}]

Names that other objects use (accounts, secrets, config maps, services) follow a prefix or suffix. Names of generated
maps and secrets get no hash: it is part of no verdict. What lies elsewhere (a URL) is a problem and is not fetched;
fields that are not understood are named in a problem.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from bartizan.collect.filesystem.interface import FilesystemError, FilesystemView
from bartizan.collect.resources.kubernetes.objects import draft_object, objects
from bartizan.collect.templates.declared import TemplateProblem
from bartizan.collect.templates.kubernetes.kustomize.patches import PatchError, json_patch, strategic
from bartizan.collect.templates.located import LocatedError, load_all
from bartizan.collect.templates.normal import TemplateResources
from bartizan.model.resource import Location, Resource

NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
MAX_DEPTH = 20
MAX_OBJECTS = 100_000
MAX_FILE = 16 << 20
_CLUSTER_WIDE = frozenset(
    ("Namespace", "ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition", "PersistentVolume", "StorageClass")
)
_READ = frozenset(
    (
        "apiVersion", "kind", "metadata", "resources", "bases", "components", "patches", "patchesStrategicMerge",
        "patchesJson6902", "images", "namePrefix", "nameSuffix", "namespace", "commonLabels", "labels",
        "commonAnnotations", "configMapGenerator", "secretGenerator", "generatorOptions", "replicas",
    )
)  # fmt: skip
_HARMLESS = frozenset(("configurations", "openapi", "buildMetadata", "sortOptions", "crds"))
_REMOTE = re.compile(r"^[a-z+]+://|^git@|^[a-z0-9.-]+\.[a-z]{2,}/.+/|[?]ref=")


@dataclass(frozen=True, slots=True)
class Object:
    """One object, and where it is written."""

    value: dict[str, Any]
    location: Location
    original: str
    """Its name before prefixes, by which patches may know it."""

    @property
    def kind(self) -> str:
        return str(self.value.get("kind", ""))

    @property
    def metadata(self) -> dict[str, Any]:
        found = self.value.get("metadata")
        return found if isinstance(found, dict) else {}

    @property
    def name(self) -> str:
        return str(self.metadata.get("name", ""))


def of_overlay(view: FilesystemView, folder: str) -> TemplateResources:
    """The objects that the kustomization in a folder builds."""
    builder = _Builder(view)
    resources: list[Resource] = []
    unmodelled: dict[str, int] = {}
    for each in builder.build(folder, 0):
        draft = draft_object(each.value, location=each.location)
        if draft is None:
            unmodelled[f"kubernetes {each.kind}"] = unmodelled.get(f"kubernetes {each.kind}", 0) + 1
        else:
            resources.append(draft.resource())
    return TemplateResources(tuple(resources), tuple(builder.problems), unmodelled)


def parts_of(view: FilesystemView, folder: str) -> Iterator[str]:
    """Files and folders of the tree that the kustomization in a folder is made of, at the first level."""
    builder = _Builder(view)
    settings, _ = builder.settings(folder)
    for key in ("resources", "bases", "components", "patchesStrategicMerge"):
        for name in _list(settings, key):
            if isinstance(name, str) and not _REMOTE.search(name) and "\n" not in name:
                yield _joined(folder, name)
    for key in ("patches", "patchesJson6902"):
        for patch in _list(settings, key):
            if isinstance(patch, dict) and isinstance(patch.get("path"), str):
                yield _joined(folder, patch["path"])


class _Builder:
    def __init__(self, view: FilesystemView) -> None:
        self.view = view
        self.problems: list[TemplateProblem] = []
        self._open: list[str] = []
        self._count = 0

    def settings(self, folder: str) -> tuple[dict[str, Any], str]:
        for name in NAMES:
            path = f"{folder.rstrip('/')}/{name}"
            try:
                self.view.stat(path)
            except FilesystemError:
                continue
            for value, _ in self._documents(path):
                if isinstance(value, dict):
                    return value, path
            return {}, path
        return {}, ""

    def build(self, folder: str, depth: int, below: list[Object] | None = None) -> list[Object]:
        """The objects of a kustomization; a component gets what stands `below` it."""
        if folder in self._open or depth > MAX_DEPTH:
            self._problem(folder, 0, "the kustomization includes itself" if folder in self._open else "nested too deep")
            return below or []
        settings, path = self.settings(folder)
        if not path:
            self._problem(folder, 0, "there is no kustomization.yaml in this folder")
            return below or []
        self._open.append(folder)
        found = list(below or [])
        for name in (*_list(settings, "resources"), *_list(settings, "bases")):
            found += self._resource(folder, str(name), path, depth)
        found += self._generated(settings, path)
        for name in _list(settings, "components"):
            found = self.build(_joined(folder, str(name)), depth + 1, found)
        for key in sorted(set(settings) - _READ - _HARMLESS):
            self._problem(path, 0, f"{key} is not understood: what it changes is judged as it was")
        found = self._patched(settings, folder, path, found)
        self._open.pop()
        return self._transformed(settings, found)

    def _resource(self, folder: str, name: str, path: str, depth: int) -> list[Object]:
        if _REMOTE.search(name):
            self._problem(path, 0, f"{name} lies elsewhere and is not fetched: copy it into the tree to have it judged")
            return []
        target = _joined(folder, name)
        try:
            is_folder = self.view.stat(target).kind.value == "directory"
        except FilesystemError as error:
            self._problem(path, 0, f"{name}: {error.reason}")
            return []
        if is_folder:
            return self.build(target, depth + 1)
        out: list[Object] = []
        for value, location in self._documents(target):
            for each in objects(value):
                self._count += 1
                if self._count > MAX_OBJECTS:
                    self._problem(path, 0, f"more than {MAX_OBJECTS} objects")
                    return out
                found = Object(dict(each), location, "")
                out.append(replace(found, original=found.name))
        return out

    def _generated(self, settings: dict[str, Any], path: str) -> list[Object]:
        out = []
        for key, kind in (("configMapGenerator", "ConfigMap"), ("secretGenerator", "Secret")):
            for each in _list(settings, key):
                if not isinstance(each, dict) or each.get("behavior") in ("merge", "replace"):
                    continue
                name = str(each.get("name", ""))
                names = [str(item).partition("=")[0].rpartition("/")[2] for item in _list(each, "files")]
                names += [str(item).partition("=")[0] for item in _list(each, "literals")]
                value = {
                    "apiVersion": "v1",
                    "kind": kind,
                    "metadata": {"name": name, **({"namespace": each["namespace"]} if "namespace" in each else {})},
                    "data": dict.fromkeys(names, ""),
                    **({"type": each.get("type", "Opaque")} if kind == "Secret" else {}),
                }
                out.append(Object(value, Location(path=path, line=1), name))
        return out

    def _patched(self, settings: dict[str, Any], folder: str, path: str, found: list[Object]) -> list[Object]:
        for written in _list(settings, "patchesStrategicMerge"):
            found = self._apply({"patch": written} if "\n" in str(written) else {"path": written}, folder, path, found)
        for key in ("patches", "patchesJson6902"):
            for patch in _list(settings, key):
                if isinstance(patch, dict):
                    found = self._apply(patch, folder, path, found)
        return found

    def _apply(self, patch: Mapping[str, Any], folder: str, path: str, found: list[Object]) -> list[Object]:
        where = path
        if isinstance(patch.get("path"), str):
            where = _joined(folder, patch["path"])
            documents = [value for value, _ in self._documents(where)]
        else:
            documents = [value for value, _ in self._read(str(patch.get("patch", "")), path)]
        target = patch.get("target")
        for document in documents:
            selects = _selector(target) if isinstance(target, dict) else _same(document)
            hits = [each for each in found if selects(each)]
            if not hits:
                self._problem(where, 0, "the patch fits no object")
            for each in hits:
                try:
                    found = _replaced(found, each, _patch(each, document))
                except PatchError as error:
                    self._problem(where, 0, f"the patch does not fit {each.kind} {each.name}: {error}")
        return found

    def _transformed(self, settings: dict[str, Any], found: list[Object]) -> list[Object]:
        prefix, suffix = str(settings.get("namePrefix") or ""), str(settings.get("nameSuffix") or "")
        renamed = {(each.kind, each.name): f"{prefix}{each.name}{suffix}" for each in found if each.kind != "Namespace"}
        namespace = settings.get("namespace")
        labels = dict(settings.get("commonLabels") or {})
        shallow: dict[str, Any] = {}
        for each in _list(settings, "labels"):
            if isinstance(each, dict):
                (labels if each.get("includeSelectors") or each.get("includeTemplates") else shallow).update(
                    each.get("pairs") or {}
                )
        images = [each for each in _list(settings, "images") if isinstance(each, dict)]
        replicas = {
            str(each.get("name")): each.get("count") for each in _list(settings, "replicas") if isinstance(each, dict)
        }
        out = []
        for each in found:
            value = _follow(each.value, renamed) if prefix or suffix else each.value
            metadata = {**each.metadata}
            if (each.kind, each.name) in renamed:
                metadata["name"] = renamed[each.kind, each.name]
            if namespace and each.kind not in _CLUSTER_WIDE:
                metadata["namespace"] = namespace
            for key, more in (
                ("labels", {**labels, **shallow}),
                ("annotations", settings.get("commonAnnotations") or {}),
            ):
                if more:
                    metadata[key] = {**(metadata.get(key) or {}), **more}
            value = {**value, "metadata": metadata}
            if namespace and each.kind in ("RoleBinding", "ClusterRoleBinding"):
                value["subjects"] = [_moved(subject, namespace, found) for subject in _list(value, "subjects")]
            if images:
                value = _with_images(value, images)
            if each.original in replicas and isinstance(value.get("spec"), dict):
                value["spec"] = {**value["spec"], "replicas": replicas[each.original]}
            out.append(replace(each, value=value))
        return out

    def _documents(self, path: str) -> list[tuple[Any, Location]]:
        try:
            text = self.view.read(path, MAX_FILE).decode("utf-8-sig")
        except FilesystemError as error:
            self._problem(path, 0, error.reason)
            return []
        except UnicodeDecodeError as error:
            self._problem(path, 0, f"not UTF-8 at byte {error.start}")
            return []
        return self._read(text, path)

    def _read(self, text: str, path: str) -> list[tuple[Any, Location]]:
        out = []
        try:
            for each in load_all(text):
                location = Location(path=path, line=each.lines.get("", 0), end_line=each.end_lines.get("", 0))
                out.append((each.value, location))
        except LocatedError as error:
            self._problem(path, error.line, error.reason)
        return out

    def _problem(self, path: str, line: int, reason: str) -> None:
        self.problems.append(TemplateProblem(path=path, line=line, reason=reason))


def _patch(target: Object, document: Any) -> dict[str, Any] | None:
    if isinstance(document, list):
        found = json_patch(target.value, document)
    elif isinstance(document, dict) and document.get("$patch") == "delete":
        return None
    else:
        kept = {key: target.value[key] for key in ("apiVersion", "kind") if key in target.value}
        found = {**strategic(target.value, document), **kept}
        found["metadata"] = {**(found.get("metadata") or {}), "name": target.name}
    if not isinstance(found, dict):
        raise PatchError("nothing is left of the object")
    return found


def _replaced(found: list[Object], old: Object, value: dict[str, Any] | None) -> list[Object]:
    if value is None:
        return [each for each in found if each is not old]
    return [replace(each, value=value) if each is old else each for each in found]


def _selector(target: dict[str, Any]) -> Callable[[Object], bool]:
    """By kind, name and namespace, which are expressions anchored at both ends, and by labels."""

    def selects(each: Object) -> bool:
        wanted = (("kind", each.kind), ("namespace", str(each.metadata.get("namespace", ""))))
        if any(key in target and not _matches(str(target[key]), text) for key, text in wanted):
            return False
        if "name" in target and not any(_matches(str(target["name"]), text) for text in (each.name, each.original)):
            return False
        labels = each.metadata.get("labels") or {}
        pairs = (pair.partition("=") for pair in str(target.get("labelSelector") or "").split(",") if pair)
        return all(str(labels.get(key.strip())) == value.strip(" =") for key, _, value in pairs)

    return selects


def _matches(pattern: str, text: str) -> bool:
    """Plain names and `.*` are what targets are written with; both are matched without backtracking."""
    parts = pattern.strip("^$").split(".*")
    if len(parts) == 1:
        return text == parts[0]
    if not text.startswith(parts[0]) or not text.endswith(parts[-1]):
        return False
    at = len(parts[0])
    for part in parts[1:-1]:
        at = text.find(part, at)
        if at < 0:
            return False
        at += len(part)
    return at <= len(text) - len(parts[-1])


def _same(document: Any) -> Callable[[Object], bool]:
    metadata = document.get("metadata") if isinstance(document, dict) else None
    kind = document.get("kind") if isinstance(document, dict) else None
    name = metadata.get("name") if isinstance(metadata, dict) else None
    return lambda each: each.kind == kind and name in (each.name, each.original)


_REFERENCES = {
    "serviceAccountName": "ServiceAccount",
    "serviceAccount": "ServiceAccount",
    "secretName": "Secret",
    "claimName": "PersistentVolumeClaim",
    "serviceName": "Service",
}
_REFERENCE_BLOCKS = {
    "configMapKeyRef": "ConfigMap",
    "secretKeyRef": "Secret",
    "configMapRef": "ConfigMap",
    "secretRef": "Secret",
    "configMap": "ConfigMap",
    "imagePullSecrets": "Secret",
    "roleRef": "",
    "subjects": "",
    "service": "Service",
}


def _follow(value: Any, renamed: Mapping[tuple[str, str], str], block: str = "") -> Any:
    """References by name to objects that were renamed."""
    if isinstance(value, list):
        return [_follow(each, renamed, block) for each in value]
    if not isinstance(value, dict):
        return value
    out = {}
    for key, each in value.items():
        if isinstance(each, str):
            kind = _REFERENCES.get(key, "")
            if key == "name" and block:
                kind = _REFERENCE_BLOCKS[block] or str(value.get("kind", ""))
            out[key] = renamed.get((kind, each), each)
        else:
            out[key] = _follow(each, renamed, key if key in _REFERENCE_BLOCKS else "")
    return out


def _moved(subject: Any, namespace: str, found: list[Object]) -> Any:
    """A subject that is an account of this kustomization moves with it."""
    if not isinstance(subject, dict) or subject.get("kind") != "ServiceAccount":
        return subject
    own = {each.name for each in found if each.kind == "ServiceAccount"} | {each.original for each in found}
    return {**subject, "namespace": namespace} if subject.get("name") in own | {"default"} else subject


def _with_images(value: Any, images: list[dict[str, Any]]) -> Any:
    if isinstance(value, list):
        return [_with_images(each, images) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        key: _image(each, images) if key == "image" and isinstance(each, str) else _with_images(each, images)
        for key, each in value.items()
    }


def _image(image: str, images: list[dict[str, Any]]) -> str:
    name, at, digest = image.partition("@")
    head, slash, last = name.rpartition("/")
    base, colon, tag = last.partition(":")
    name = head + slash + base
    for each in images:
        if each.get("name") == name:
            new = str(each.get("newName") or name)
            if each.get("digest"):
                return f"{new}@{each['digest']}"
            if each.get("newTag") is not None:
                return f"{new}:{each['newTag']}"
            return f"{new}{colon}{tag}{at}{digest}"
    return image


def _list(value: Mapping[str, Any], key: str) -> list[Any]:
    found = value.get(key)
    return found if isinstance(found, list) else []


def _joined(folder: str, path: str) -> str:
    parts = [] if path.startswith("/") else [each for each in folder.split("/") if each]
    for step in path.split("/"):
        if step == "..":
            parts = parts[:-1]
        elif step not in ("", "."):
            parts.append(step)
    return "/" + "/".join(parts)
