"""`/images` and `/code`: one image by its layers, one source tree by its files, each with what stands against it.

Lists of them are lists of assets: `GET /assets?query=asset.kind:image`, `asset.kind:repository`.
"""

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from litestar import Controller, get
from litestar.params import FromPath
from sqlalchemy import Connection

from bartizan.assess.dispatch import BASE, IMAGE
from bartizan.assess.image import base_of_labels, is_base
from bartizan.assess.resources import PREFIX
from bartizan.inventory import assets
from bartizan.inventory.errors import NotFound
from bartizan.inventory.image_bases import base_facts, built_upon
from bartizan.model.snapshot import Section
from bartizan.server.api.parameters import GivenContext, GivenPrincipal, number
from bartizan.server.api.placed import open_counts, placed_findings
from bartizan.server.api.records import CodeFile, CodeView, ImageLink, ImageView, LayerView, PlacedFinding
from bartizan.server.auth.access import READ
from bartizan.server.problems import not_found

TYPES = 100
"""Resource types that are named."""


class ImageController(Controller):
    path = "/images"
    tags = ("images",)

    @get("/{asset_id:str}", opt=READ, sync_to_thread=True, summary="One image, by its layers")
    def one(self, asset_id: FromPath[str], context: GivenContext, principal: GivenPrincipal) -> ImageView:
        """Its layers with their build steps, and each finding with the layer that brought it, whether that belongs to
        the base image, and whose package it is."""
        key, now = number(asset_id, "image"), datetime.now(UTC)
        org = principal.organisation
        with context.store.read() as conn:
            asset = assets.get_asset(conn, org, key, now)
            image = _facts(conn, org, key, IMAGE)
            if not image:
                raise not_found(f"image {asset_id[:80]}")
            base = _facts(conn, org, key, BASE) or base_facts(conn, org, key)
            upon, upon_count = built_upon(conn, org, key)
            brought = _packages_by_layer(conn, org, key, [section.name for section in asset.sections])
            findings, more = placed_findings(conn, org, key, now)
        layers = image.get("layers")
        below, name, told_by = _base(image, base)
        return ImageView(
            id=asset.id,
            name=asset.name,
            key=asset.key,
            os=asset.os,
            platform=str(image.get("platform", "")),
            created=str(image.get("created", "")),
            user=str(image.get("user", "")),
            entrypoint=[str(word) for word in image.get("entrypoint") or image.get("command") or ()],
            exposed_ports=[str(port) for port in image.get("exposed_ports") or ()],
            setuid=[str(path) for path in image.get("setuid") or ()],
            base=name,
            base_told_by=told_by,
            built_upon_it=[ImageLink(id=one.id, name=one.name) for one in upon],
            built_upon_it_count=upon_count,
            layers=_layers(layers if isinstance(layers, list) else [], below, brought, findings),
            findings=findings,
            more=more,
        )


class CodeController(Controller):
    path = "/code"
    tags = ("code",)

    @get("/{asset_id:str}", opt=READ, sync_to_thread=True, summary="One source tree, by its files")
    def one(self, asset_id: FromPath[str], context: GivenContext, principal: GivenPrincipal) -> CodeView:
        """What its templates declare, and each finding with file, line, resource and module."""
        key, now = number(asset_id, "source tree"), datetime.now(UTC)
        org = principal.organisation
        languages: dict[str, int] = {}
        types: Counter[str] = Counter()
        unmodelled: Counter[str] = Counter()
        with context.store.read() as conn:
            asset = assets.get_asset(conn, org, key, now)
            names = [section.name for section in asset.sections if section.name.startswith(PREFIX)]
            if not names:
                raise not_found(f"source tree {asset_id[:80]}")
            for name in names:
                facts = _facts(conn, org, key, name)
                resources = facts.get("resources") or []
                languages[name.removeprefix(PREFIX)] = len(resources)
                types.update(str(one.get("type", "")) for one in resources if isinstance(one, Mapping))
                unmodelled.update({str(type_): int(count) for type_, count in (facts.get("unmodelled") or {}).items()})
            findings, more = placed_findings(conn, org, key, now)
        return CodeView(
            id=asset.id,
            name=asset.name,
            key=asset.key,
            languages=languages,
            types=types.most_common(TYPES),
            unmodelled=unmodelled.most_common(TYPES),
            files=_files(findings),
            more=more,
        )


def _facts(conn: Connection, org: int, asset_id: int, name: str) -> Mapping[str, Any]:
    try:
        facts = assets.get_section(conn, org, asset_id, name, None).facts
    except NotFound:
        return {}
    return facts if isinstance(facts, Mapping) else {}


def _packages_by_layer(conn: Connection, org: int, asset_id: int, names: list[str]) -> Counter[str]:
    brought: Counter[str] = Counter()
    for name in names:
        if name.startswith("packages_"):
            facts = assets.get_section(conn, org, asset_id, name, None).facts
            if isinstance(facts, list):
                brought.update(str(one.get("layer", "")) for one in facts if isinstance(one, Mapping))
    return brought


def _base(image: Mapping[str, Any], told: Mapping[str, Any]) -> tuple[list[str], str, str]:
    """The base's layers where they are this image's first ones, its name, and who told it."""
    if told:
        layers = [str(one) for one in told.get("layers") or ()]
        own = [str(one.get("digest", "")) for one in image.get("layers") or ()]
        return (layers if is_base(own, layers) else [], str(told.get("name", "")), str(told.get("told_by", "")))
    base = base_of_labels({IMAGE: Section(name=IMAGE, facts=dict(image))})
    return ([], base.name, base.told_by)


def _layers(
    layers: list[Any], below: list[str], brought: Counter[str], findings: list[PlacedFinding]
) -> list[LayerView]:
    by_layer: dict[int, list[PlacedFinding]] = {}
    for finding in findings:
        if finding.layer is not None:
            by_layer.setdefault(finding.layer, []).append(finding)
    out = []
    for index, layer in enumerate(layers):
        digest = str(layer.get("digest", ""))
        part = ("base" if index < len(below) else "application") if below else "unknown"
        out.append(
            LayerView(
                index=index,
                digest=digest,
                size=int(layer.get("size") or 0),
                step=str(layer.get("step", "")),
                part=part,  # type: ignore[arg-type]
                packages=brought[digest],
                open=open_counts(by_layer.get(index, ())),
            )
        )
    return out


def _files(findings: list[PlacedFinding]) -> list[CodeFile]:
    """By file, the one with the most urgent finding first, as `findings` are sorted; without a file last."""
    by_path: dict[str, list[PlacedFinding]] = {}
    for finding in findings:
        by_path.setdefault(finding.path or _path_of(finding), []).append(finding)
    files = [
        CodeFile(path=path, open=open_counts(found), findings=sorted(found, key=lambda one: (one.line, one.rule)))
        for path, found in by_path.items()
    ]
    return sorted(files, key=lambda one: not one.path)


def _path_of(finding: PlacedFinding) -> str:
    """A file that could not be read is named by its finding's locator."""
    return finding.locator if finding.kind == "coverage" and finding.locator.startswith("/") else ""
