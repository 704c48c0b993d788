"""Which image is built upon which, told by the images that were scanned."""

from typing import Any

from bartizan.inventory.accounts import create_organisation
from bartizan.inventory.assessments import attach, load_sections, needed, record
from bartizan.inventory.assets import delete_asset
from bartizan.inventory.findings import get_finding, list_findings
from bartizan.inventory.groups import list_groups
from bartizan.inventory.housekeeping import tidy_up
from bartizan.inventory.image_bases import TOLD_BY, base_facts, built_upon
from bartizan.inventory.ingest import ingest_snapshot
from bartizan.inventory.paging import Paging
from bartizan.inventory.store import Store
from bartizan.model.assessment import Assessment
from bartizan.model.asset import AssetKind, AssetRef
from bartizan.model.snapshot import Section
from inventory.simulated import START, vulnerability

READS = ("image", "image_base", "packages_deb")


class Registry:
    """Images of one organisation, judged by an assessor that tells where a package comes from."""

    def __init__(self, store: Store) -> None:
        self.store, self.now = store, START
        with store.begin() as conn:
            self.org = create_organisation(conn, "main", "Main", START).id

    def push(self, name: str, *layers: str, told: dict[str, Any] | None = None) -> int:
        """An image with a package in each of its layers."""
        facts: dict[str, Any] = {
            "image": {"layers": [{"digest": layer, "step": f"RUN {layer}"} for layer in layers]},
            "packages_deb": [{"name": f"in-{layer}", "layer": layer} for layer in layers],
        }
        if told is not None:
            facts["image_base"] = told
        sections = {key: Section(name=key, facts=value) for key, value in facts.items()}
        self.now += 1000
        with self.store.begin() as conn:
            found = ingest_snapshot(
                conn,
                self.org,
                AssetRef(kind=AssetKind.IMAGE, key=name, name=name),
                source="scanner",
                taken_at=self.now,
                manifest={key: section.digest for key, section in sections.items()},
                sections=sections,
            )
        return found.asset_id

    def assess(self) -> int:
        """Returns how many inputs were judged."""
        with self.store.begin() as conn:
            needs = needed(conn, self.org, lambda names: {"vulnerability:packages_deb": READS}, {"vulnerability": "1"})
            for need in needs:
                facts: dict[str, Any] = load_sections(conn, self.org, need.sections)
                record(conn, self.org, _judged(facts), need.input_digest, self.now)
            attach(conn, self.org, self.now)
        return len(needs)

    def parts(self, name: str) -> dict[str, str]:
        with self.store.read() as conn:
            items = list_findings(conn, self.org, f'asset.name="{name}"', Paging(limit=500), self.now).items
        return {item.rule: f"{item.origin.part} {item.origin.base}".strip() for item in items if item.origin}


def _judged(facts: dict[str, Section]) -> Assessment:
    """As `assess.image` places findings, as far as these tests go."""
    told: Any = facts["image_base"].facts if "image_base" in facts else {"layers": [], "name": ""}
    packages: Any = facts["packages_deb"].facts
    layers = [each["layer"] for each in packages]
    known = bool(told["layers"]) and layers[: len(told["layers"])] == told["layers"]
    found = []
    for index, layer in enumerate(layers):
        part = ("base" if index < len(told["layers"]) else "application") if known else "unknown"
        origin = {"layer": layer, "index": index, "step": f"RUN {layer}", "part": part, "kind": "operating-system"}
        found.append(vulnerability(f"CVE-{layer}", evidence={"origin": {**origin, "base": told["name"]}}))
    return Assessment(assessor="vulnerability:packages_deb", knowledge="1", findings=tuple(found))


def test_the_longest_image_that_another_begins_with_is_its_base(store: Store) -> None:
    registry = Registry(store)
    registry.push("debian", "a")
    registry.push("python", "a", "b")
    registry.push("other", "x", "b")
    shop = registry.push("shop", "a", "b", "c")
    registry.assess()
    assert registry.parts("shop") == {"CVE-a": "base python", "CVE-b": "base python", "CVE-c": "application python"}
    assert registry.parts("python") == {"CVE-a": "base debian", "CVE-b": "application debian"}
    assert registry.parts("debian") == {"CVE-a": "unknown"}
    assert registry.parts("other") == {"CVE-x": "unknown", "CVE-b": "unknown"}
    with store.read() as conn:
        assert base_facts(conn, registry.org, shop) == {"layers": ["a", "b"], "name": "python", "told_by": TOLD_BY}


def test_a_base_that_is_scanned_later_has_those_upon_it_judged_anew(store: Store) -> None:
    registry = Registry(store)
    registry.push("shop", "a", "b")
    registry.push("mail", "z")
    registry.assess()
    assert registry.parts("shop") == {"CVE-a": "unknown", "CVE-b": "unknown"}
    base = registry.push("debian", "a")
    assert registry.assess() == 2, "the base and what stands upon it, nothing else"
    assert registry.parts("shop") == {"CVE-a": "base debian", "CVE-b": "application debian"}
    with store.begin() as conn:
        tidy_up(conn, registry.org, registry.now)
        links, total = built_upon(conn, registry.org, base)
        assert ([link.name for link in links], total) == (["shop"], 1)
    assert registry.assess() == 0
    with store.begin() as conn:
        delete_asset(conn, registry.org, base)
    registry.assess()
    assert registry.parts("shop") == {"CVE-a": "unknown", "CVE-b": "unknown"}


def test_what_was_told_goes_before_the_index(store: Store) -> None:
    registry = Registry(store)
    registry.push("debian", "a")
    registry.push("shop", "a", "b", "c", told={"layers": ["a", "b"], "name": "mine", "told_by": "--base"})
    registry.assess()
    assert registry.parts("shop") == {"CVE-a": "base mine", "CVE-b": "base mine", "CVE-c": "application mine"}


def test_the_owner_of_a_base_sees_who_inherits_a_finding(store: Store) -> None:
    registry = Registry(store)
    registry.push("debian", "a")
    for name in ("shop", "mail"):
        registry.push(name, "a", name)
    registry.push("apart", "b")
    registry.assess()
    with store.read() as conn:
        item = list_findings(conn, registry.org, "asset.name:debian", Paging(), registry.now).items[0]
        told = get_finding(conn, registry.org, item.id, registry.now)
        assert told.inherited == 2
        listed = list_findings(conn, registry.org, told.inherited_query, Paging(), registry.now).items
        assert {each.asset_name for each in listed} == {"shop", "mail"}
        groups = list_groups(conn, registry.org, "", "layer", Paging(), registry.now).items
        assert [(each.key, each.title, each.findings, each.assets) for each in groups if each.key == "a"] == [
            ("a", "RUN a", 3, 3)
        ]
        parts = list_groups(conn, registry.org, "", "part", Paging(), registry.now).items
        assert {each.key: each.findings for each in parts} == {"base": 2, "application": 2, "unknown": 2}
        bases = list_groups(conn, registry.org, "", "base", Paging(), registry.now).items
        assert {each.key: (each.findings, each.query) for each in bases} == {"debian": (4, 'base="debian"')}
