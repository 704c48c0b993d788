"""One pass over an image: its configuration, its operating system, its packages with the layer that brought each.

Package files are kept or read while the layers stream by; everything else of the image is passed over. A package
belongs to the layer since which it is there without a break: a database that each layer rewrites
(`/var/lib/dpkg/status`) is read as it stood after each of them.
"""

import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, BinaryIO, NamedTuple, TypeVar

from bartizan.collect.containers.image import Image, ImageSource, WalkedImage
from bartizan.collect.filesystem.interface import FileKind, FilesystemError, FilesystemView
from bartizan.collect.filesystem.layer import LayerLimits, Visitor, Want
from bartizan.collect.filesystem.layered import LayeredView
from bartizan.collect.filesystem.memory import MemoryView
from bartizan.collect.filesystem.tar import FILE, HARD_LINK, Member, normal
from bartizan.collect.host.os import COLLECTOR as OS_COLLECTOR
from bartizan.collect.interface import Inspector, Problems, run
from bartizan.collect.packages.discover import ReadFile, read_file, read_packages, visible
from bartizan.collect.packages.interface import Beside, Reader
from bartizan.collect.packages.readers import READERS
from bartizan.collect.packages.selection import Wishes, holds_nothing, is_other_system, may_be_program
from bartizan.model.asset import AssetKind, AssetRef
from bartizan.model.package import Package, package_facts, package_from
from bartizan.model.snapshot import Problem, Section, Snapshot
from bartizan.model.wire import Json

_KEPT_FOLDERS = (
    "/etc/",
    "/usr/lib/os-release",
    "/usr/lib/apk/",
    "/lib/apk/",
    "/usr/lib/sysimage/rpm/",
    "/var/lib/rpm/",
    "/var/lib/dpkg/",
    "/var/lib/pacman/",
)
_APT_LISTS = "/var/lib/apt/lists/"
_LIST_SIZE = 64 << 20
_KEPT = (*_KEPT_FOLDERS, _APT_LISTS)
_KEPT_SIZE = 1 << 20
"""Configuration larger than this is not kept unless a package reader wants it."""
_EXECUTABLE = (b"\x7fELF", b"MZ", b"\xcf\xfa\xed\xfe", b"\xfe\xed\xfa\xcf", b"\xca\xfe\xba\xbe")


def collect_image(
    source: ImageSource,
    *,
    sensor: str,
    now: datetime,
    limits: LayerLimits | None = None,
    progress: Callable[[str], None] | None = None,
    inspectors: Sequence[Inspector] = (),
) -> Snapshot:
    """Every section of an image, and one for each inspector. Raises `ImageError` or `LayerError` where a layer cannot
    be used: an image of which a part is missing has no snapshot."""
    plan = _Plan(READERS, inspectors)
    if progress:
        progress("layers")
    walked = source.walk(plan.wanted, plan.visitor, limits or LayerLimits())
    plan.put_in_order(walked.visited)
    view = LayeredView(walked.layers, keep_versions_of=plan.repeated())
    if progress:
        progress("packages")
    sections = _packages(view, walked, plan)
    sections["os"] = run(OS_COLLECTOR, view)
    if _has(view, _APT_LISTS):
        from bartizan.collect.host.updates_apt.section import COLLECTOR as UPDATES_APT_COLLECTOR

        sections["updates_apt"] = run(UPDATES_APT_COLLECTOR, view)
    sections["image"] = Section(name="image", facts=_image_facts(walked, view))
    for inspector in inspectors:
        sections[inspector.section] = _inspected(inspector, walked, view, plan)
    image = walked.image
    key = image.id or (walked.layers[0].digest if walked.layers else image.name)
    return Snapshot(
        asset=AssetRef(kind=AssetKind.IMAGE, key=key, name=image.name),
        taken_at=now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        sensor=sensor,
        sections=sections,
    )


class _Askers(NamedTuple):
    """Who looks into one file while it streams by."""

    readers: Sequence[Reader]
    named: bool
    """Whether readers that need more than the file want it."""
    programs: bool
    """Whether the readers of programs do, if it is one by its first bytes."""
    inspectors: Sequence[Inspector] | None
    """None where nobody asked them yet, because the file is read anyway."""


class _Plan:
    """Which files of the layers to keep, which to read as they pass, and what came of that."""

    def __init__(self, readers: tuple[Reader, ...], inspectors: Sequence[Inspector] = ()) -> None:
        self._inspectors = tuple(inspectors)
        self._wishes = Wishes(readers)
        self._binary = tuple(reader for reader in readers if reader.binary and reader.alone)
        self.kept_readers = tuple(reader for reader in readers if not reader.alone)
        self._exact = {path for reader in self.kept_readers for path in reader.paths}
        self._beside = {reader.beside.name: reader.beside for reader in readers if reader.beside}
        self._folders = tuple(f"{folder}/" for reader in self.kept_readers for folder in reader.folders)
        self.streamed: dict[tuple[int, str], list[ReadFile]] = {}
        """What self-contained readers found while a layer streamed by, by layer and path."""
        self.inspected: dict[str, dict[tuple[int, str], list[dict[str, Any]]]] = {
            each.section: {} for each in inspectors
        }
        """What inspectors told, by section, layer and path."""
        self._seen: dict[str, int] = {}
        """Paths of kept files, with the number of layers that have them."""
        self._asked: tuple[Member | None, _Askers] = (None, _Askers((), False, False, ()))
        """The member that was decided upon last: a visit follows at once, and need not ask everybody again."""

    def wanted(self, member: Member) -> Want:
        name = member.path[member.path.rfind("/") + 1 :]
        asked = self._askers(member, name)
        self._asked = member, asked
        visit = bool(asked.readers or asked.programs or asked.inspectors)
        part = name in self._beside and self._read_beside(member, name) is not None
        if not part and self._kept(member, asked.named):
            return Want.BOTH if visit else Want.KEEP
        if part:
            return Want.BOTH if visit else Want.PART
        return Want.VISIT if visit else Want.SKIP

    def _askers(self, member: Member, name: str) -> _Askers:
        path, size, mode = member.path, member.size, member.mode
        readers = self._wishes.of(path, name)
        alone = [reader for reader in readers if reader.alone] if readers else readers
        programs = bool(self._binary) and may_be_program(name, size, mode)
        inspectors: list[Inspector] | None = None
        if not alone and not programs:
            inspectors = [each for each in self._inspectors if each.wants(path, size, mode)]
        return _Askers(alone, len(readers) > len(alone), programs, inspectors)

    def _kept(self, member: Member, named: bool) -> bool:
        path = member.path
        if named or path in self._exact or path.startswith(self._folders):
            self._seen[path] = self._seen.get(path, 0) + 1
            return True
        if not path.startswith(_KEPT):
            return False
        if path.startswith(_APT_LISTS):
            return member.size <= _LIST_SIZE
        return path.startswith(_KEPT_FOLDERS) and member.size <= _KEPT_SIZE

    def _read_beside(self, member: Member, name: str) -> Beside | None:
        beside = self._beside.get(name)
        return beside if beside and member.path.startswith(beside.folder) and member.size <= beside.limit else None

    def visitor(self, layer: int) -> Visitor:
        def visit(member: Member, contents: bytes) -> bytes | None:
            name = member.path.rpartition("/")[2]
            asked, askers = self._asked
            read(member, askers if asked is member else self._askers(member, name), contents)
            beside = self._read_beside(member, name) if self._beside else None
            return beside.part(contents) if beside else None

        def read(member: Member, askers: _Askers, contents: bytes) -> None:
            inspectors = askers.inspectors
            if inspectors is None:
                inspectors = [each for each in self._inspectors if each.wants(member.path, member.size, member.mode)]
            for inspector in inspectors:
                told = list(inspector.inspect(member.path, contents))
                if told:
                    self.inspected[inspector.section][layer, member.path] = told
            readers = askers.readers
            if askers.programs and contents.startswith(_EXECUTABLE):
                readers = [*readers, *self._binary]
            if not readers:
                return
            view = MemoryView({member.path: contents}, {member.path: member.mode})
            read = (read_file(reader, view, member.path) for reader in readers)
            found = [file for file in read if file.packages or file.problems]
            if found:
                self.streamed[layer, member.path] = found
            else:
                self.streamed.pop((layer, member.path), None)  # a later entry of the same name in one layer

        return visit

    def put_in_order(self, visited: Sequence[int]) -> None:
        """From the indexes under which layers were visited to those that they have in the image."""
        if not visited:
            return
        self.streamed = _in_order(self.streamed, visited)
        self.inspected = {section: _in_order(told, visited) for section, told in self.inspected.items()}

    def repeated(self) -> frozenset[str]:
        """Kept package files that several layers have."""
        return frozenset(path for path, layers in self._seen.items() if layers > 1)


_Told = TypeVar("_Told")


def _in_order(told: Mapping[tuple[int, str], _Told], visited: Sequence[int]) -> dict[tuple[int, str], _Told]:
    places: dict[int, list[int]] = {}
    for place, index in enumerate(visited):
        places.setdefault(index, []).append(place)
    return {(place, path): each for (index, path), each in told.items() for place in places.get(index, ())}


def _packages(view: LayeredView, walked: WalkedImage, plan: _Plan) -> dict[str, Section]:
    sections = read_packages(view, readers=plan.kept_readers, read_before=_surviving(view, plan))
    histories = _histories(view, plan)
    out = {}
    for name, section in sections.items():
        if not isinstance(section.facts, list):
            out[name] = section
            continue
        facts = []
        for item in section.facts:
            package = package_from(item)
            index = _introduced(package, view, histories)
            layer = walked.layers[index].digest if index is not None else ""
            facts.append(package_facts(replace(package, layer=layer)))
        out[name] = Section(name=name, facts=facts, problems=section.problems)
    return out


def _surviving(view: LayeredView, plan: _Plan) -> list[ReadFile]:
    """What was read from streams, of files that no later layer replaced or removed, under every name that they have."""
    return [
        file if path == file.path else _renamed(file, path)
        for written, path in _names(view, plan.streamed)
        for file in plan.streamed[written]
    ]


def _renamed(file: ReadFile, path: str) -> ReadFile:
    """The same file under another of its names; a package inside an archive has `!/` and its place there behind it."""
    packages = (replace(each, path=path + each.path.removeprefix(file.path)) for each in file.packages)
    return replace(file, path=path, packages=tuple(packages))


def _names(view: LayeredView, streamed: Mapping[tuple[int, str], object]) -> Iterator[tuple[tuple[int, str], str]]:
    """(layer and path as written, path in the view) of streamed files that are still there, hard links included."""
    written = {path for _, path in streamed}
    asked = sorted(
        written
        | {
            member.path
            for layer in view.layers
            for member in layer.members
            if member.kind == HARD_LINK and normal(member.link) in written
        }
    )
    seen = set()
    for path in asked:
        try:
            if view.lstat(path).kind is not FileKind.FILE:
                continue  # a later layer put a link or a folder here; what it leads to has a name of its own
            layer, member, resolved = view.origin_of(path)
        except FilesystemError:
            continue
        if (layer, member.path) in streamed and resolved not in seen and not _passed_over(resolved):
            seen.add(resolved)
            yield (layer, member.path), resolved


def _passed_over(path: str) -> bool:
    """Whether a walk over the file system would not have come here."""
    folder = path.rpartition("/")[0]
    while folder:
        if is_other_system(folder) or holds_nothing(folder):
            return True
        folder = folder.rpartition("/")[0]
    return False


def _inspected(inspector: Inspector, walked: WalkedImage, view: LayeredView, plan: _Plan) -> Section:
    """What an inspector told of the files that are there, each with its layer; and of those that only a lower layer
    has any more, for whoever has the image has them too."""
    told = plan.inspected[inspector.section]
    current = dict(_names(view, told))
    facts: list[Json] = []
    for (layer, path), found in sorted(told.items()):
        where: dict[str, Any] = {
            "path": visible(current.get((layer, path), path)),
            "layer": walked.layers[layer].digest,
        }
        if (layer, path) not in current:
            where["removed"] = True
        facts += [{**each, **where} for each in found]
    config = inspector.inspect_configuration(walked.image.config)
    refused = [Problem(path=visible(path), reason=reason) for path, reason in inspector.refused()]
    return Section(name=inspector.section, facts=[*facts, *config], problems=tuple(refused))


def _has(view: LayeredView, folder: str) -> bool:
    try:
        return bool(view.list(folder))
    except FilesystemError:
        return False


_History = list[tuple[int, frozenset[tuple[str, str, str]]]]


def _histories(view: LayeredView, plan: _Plan) -> dict[str, _History]:
    """For each package file that several layers wrote: which packages it named after each of them."""
    out: dict[str, _History] = {}
    for path in plan.repeated():
        versions = view.as_of(path)
        readers = _readers_of(path, plan.kept_readers)
        out[path] = [
            (layer, frozenset(_named(reader, view, path, contents) if contents else ()))
            for layer, contents in versions
            for reader in readers[:1]
        ]
    return out


def _readers_of(path: str, readers: tuple[Reader, ...]) -> list[Reader]:
    folder, _, name = path.rpartition("/")
    exact = [reader for reader in readers if path in reader.paths or folder in reader.folders]
    return exact or list(Wishes(readers).of(path, name))


def _named(reader: Reader, view: FilesystemView, path: str, contents: bytes) -> list[tuple[str, str, str]]:
    try:
        return [_identity(package) for package in reader.read(_Earlier(view, path, contents), path, Problems())]
    except FilesystemError:
        return []


def _identity(package: Package) -> tuple[str, str, str]:
    return (package.name, package.version, package.arch)


def _introduced(package: Package, view: LayeredView, histories: Mapping[str, _History]) -> int | None:
    """The layer since which the package is there without a break."""
    history = histories.get(package.path)
    if history:
        identity = _identity(package)
        first: int | None = None
        for layer, named in reversed(history):
            if identity not in named:
                break
            first = layer
        if first is not None:
            return first
    try:
        return view.layer_of(package.path.partition("!/")[0])
    except FilesystemError:
        return None


class _Earlier:
    """A view in which one file has the contents of an earlier layer."""

    def __init__(self, view: FilesystemView, path: str, contents: bytes) -> None:
        self._view, self._path, self._contents = view, path, contents

    def open(self, path: str) -> BinaryIO:
        return io.BytesIO(self._contents) if path == self._path else self._view.open(path)

    def read(self, path: str, limit: int = 16 << 20) -> bytes:
        return self._contents if path == self._path else self._view.read(path, limit)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._view, name)


# The image itself

_ENV_STEP = re.compile(r"^(?:/bin/sh -c #\(nop\)\s+)?(ENV|ARG)\s+(.*)$", re.DOTALL)
_BUILD_ARGUMENTS = re.compile(r"\|(\d+) ((?:\S+=\S* )+)")
_ASSIGNED = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=(\"[^\"]*\"|'[^']*'|\S*)")
_CREDENTIAL = re.compile(
    r"(?i)((?:pass(?:word|wd)?|secret|token|api[_-]?key|authorization|credential)[a-z0-9_-]*[\"']?\s*[=: ]\s*)\S+"
    r"|(?<=://)[^/\s:@]+:[^/\s@]+(?=@)"
)
_STEP_LENGTH = 400


def build_step(text: str) -> str:
    """A step of the history for people: values that a build was given are left out, for they may be secrets."""
    text = text.strip()
    match = _ENV_STEP.match(text)
    if match:
        names = [name for name, _ in _ASSIGNED.findall(match.group(2))] or match.group(2).split()[:1]
        return f"{match.group(1)} {' '.join(names)}"[:_STEP_LENGTH]
    text = _BUILD_ARGUMENTS.sub("", text)
    text = _CREDENTIAL.sub(lambda found: f"{found.group(1) or ''}…", text)
    text = text.removeprefix("/bin/sh -c #(nop)").removeprefix("/bin/sh -c ").strip()
    return text if len(text) <= _STEP_LENGTH else text[: _STEP_LENGTH - 1] + "…"


def _image_facts(walked: WalkedImage, view: LayeredView) -> dict[str, Any]:
    image = walked.image
    settings = _mapping(image.config.get("config"))
    return {
        "id": image.id,
        "platform": str(image.platform),
        "created": str(image.config.get("created") or ""),
        "user": str(settings.get("User") or ""),
        "environment": sorted({str(item).partition("=")[0] for item in _strings(settings.get("Env"))}),
        "entrypoint": [build_step(item) for item in _strings(settings.get("Entrypoint"))],
        "command": [build_step(item) for item in _strings(settings.get("Cmd"))],
        "exposed_ports": sorted(_mapping(settings.get("ExposedPorts"))),
        "volumes": sorted(_mapping(settings.get("Volumes"))),
        "labels": {str(key): str(value) for key, value in _mapping(settings.get("Labels")).items()},
        "health_check": _strings(_mapping(settings.get("Healthcheck")).get("Test"))[:1] not in ([], ["NONE"]),
        "working_folder": str(settings.get("WorkingDir") or ""),
        "layers": [_layer_facts(image, index, layer.digest, layer.size) for index, layer in enumerate(walked.layers)],
        "steps": [{"step": build_step(step.created_by), "empty": step.empty} for step in image.history],
        "setuid": sorted(
            member.path
            for index, layer in enumerate(walked.layers)
            for member in layer.members
            if member.kind == FILE and member.mode & 0o6000 and _is_current(view, member.path, index)
        ),
    }


def _layer_facts(image: Image, index: int, digest: str, size: int) -> dict[str, Any]:
    step = image.step_of_layer(index)
    return {"digest": digest, "size": size, "step": build_step(step.created_by) if step else ""}


def _is_current(view: LayeredView, path: str, layer: int) -> bool:
    try:
        return view.layer_of(path) == layer
    except FilesystemError:
        return False


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _strings(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [str(item) for item in value] if isinstance(value, list) else []
