"""Snapshots by digest: what is sent, what is written, what is refused."""

from typing import Any

import pytest
from sqlalchemy import func, select

from bartizan.inventory.assessments import load_sections
from bartizan.inventory.assets import get_section, list_assets
from bartizan.inventory.errors import BadInput, DigestMismatch, NotFound, SectionsMissing
from bartizan.inventory.exposure import asset_sections_at
from bartizan.inventory.ingest import ingest_snapshot, missing_sections
from bartizan.inventory.moments import text
from bartizan.inventory.paging import Paging
from bartizan.inventory.schema import estate as tables
from bartizan.model.asset import AssetKind, AssetRef
from bartizan.model.snapshot import Section
from bartizan.model.wire import digest
from inventory.conftest import counting_writes
from inventory.simulated import Estate

HOST = AssetRef(kind=AssetKind.HOST, key="m1", name="web-1")


def test_only_contents_that_nobody_has_sent_are_missing(estate: Estate) -> None:
    sections = estate.sections(packages_deb=["openssl"], users=[])
    manifest = {name: section.digest for name, section in sections.items()}
    with estate.store.read() as conn:
        assert missing_sections(conn, estate.org, manifest) == {"os", "packages_deb", "users"}
    estate.snapshot("a", packages_deb=["openssl"])
    with estate.store.read() as conn:
        assert missing_sections(conn, estate.org, manifest) == {"users"}


def test_an_unchanged_snapshot_writes_one_row(estate: Estate) -> None:
    facts: dict[str, Any] = {"packages_deb": ["openssl"], "users": {"fail": ["p"]}}
    estate.snapshot("a", **facts)
    estate.assess()
    estate.later()
    with counting_writes(estate.store) as written:
        result = estate.snapshot("a", **facts)
        changes = estate.assess()
    assert (result.changed, result.created, changes.assets) == ((), False, ())
    assert written.rows == 1


def test_a_changed_section_is_stored_with_its_time(estate: Estate) -> None:
    first = estate.now
    asset = estate.snapshot("a", packages_deb=["openssl"], users=[]).asset_id
    second = estate.later()
    assert estate.snapshot("a", packages_deb=["openssl", "curl"]).changed == ("packages_deb", "users")
    with estate.store.read() as conn:
        now = get_section(conn, estate.org, asset, "packages_deb")
        then = get_section(conn, estate.org, asset, "packages_deb", first)
        assert (now.facts, now.since) == (["openssl", "curl"], text(second))
        assert (then.facts, then.since) == (["openssl"], text(first))
        assert set(asset_sections_at(conn, estate.org, asset, first)) == {"os", "packages_deb", "users"}
        assert set(asset_sections_at(conn, estate.org, asset, second)) == {"os", "packages_deb"}
        assert asset_sections_at(conn, estate.org, asset, first - 1) == {}
        with pytest.raises(NotFound, match="no section 'users'"):
            get_section(conn, estate.org, asset, "users")


def test_two_snapshots_in_one_millisecond(estate: Estate) -> None:
    estate.snapshot("a", packages_deb=["openssl"])
    asset = estate.snapshot("a", packages_deb=["curl"]).asset_id
    with estate.store.read() as conn:
        assert get_section(conn, estate.org, asset, "packages_deb").facts == ["curl"]


def test_a_late_snapshot_does_not_rewrite_history(estate: Estate) -> None:
    estate.snapshot("a", packages_deb=["openssl"])
    with counting_writes(estate.store) as written:
        assert estate.snapshot("a", packages_deb=["older"], at=estate.now - 1).stale
    assert written.rows == 0


def test_equal_contents_are_stored_once(estate: Estate) -> None:
    for number in range(20):
        estate.snapshot(f"host-{number}", packages_deb=["openssl", "curl"])
    with estate.store.read() as conn:
        assert conn.execute(select(func.count()).select_from(tables.section)).scalar_one() == 2
        page = list_assets(conn, estate.org, "", Paging(), estate.now)
    assert {item.os for item in page.items} == {"Debian GNU/Linux 12 (bookworm)"}


def test_content_is_digested_again_because_others_share_it(estate: Estate) -> None:
    honest = Section(name="users", facts=["root"])
    forged = Section(name="users", facts=["root", "intruder"], digest=honest.digest)
    with pytest.raises(DigestMismatch, match=r"section users: the manifest says sha256:.*Send it again"):
        _ingest(estate, {"users": honest.digest}, {"users": forged})
    _nothing_stored(estate)


def test_a_manifest_with_contents_that_never_came(estate: Estate) -> None:
    with pytest.raises(SectionsMissing, match="neither stored nor sent: os, users") as raised:
        _ingest(estate, {"users": digest(1), "os": digest(2)}, {})
    assert raised.value.names == {"os", "users"}
    _nothing_stored(estate)


@pytest.mark.parametrize(
    ("manifest", "told"),
    [
        ({"Users!": digest(1)}, "section name 'Users!'"),
        ({"users": "md5:1"}, "section users: 'md5:1' is not sha256"),
        ({f"s{number}": digest(1) for number in range(1001)}, "at most 1000"),
    ],
)
def test_manifests_that_are_no_manifests(estate: Estate, manifest: dict[str, str], told: str) -> None:
    with pytest.raises(BadInput, match=told):
        _ingest(estate, manifest, {})
    _nothing_stored(estate)


@pytest.mark.parametrize("at", ["yesterday", "2026-11-23T10:00:00", ""])
def test_times_that_are_no_times(estate: Estate, at: str) -> None:
    section = Section(name="users", facts=[])
    with pytest.raises(BadInput):
        _ingest(estate, {"users": section.digest}, {"users": section}, at=at)


def test_names_with_bytes_that_no_database_takes(estate: Estate) -> None:
    section = Section(name="users", facts=["nul \x00", "lone \udcff"])
    host = AssetRef(kind=AssetKind.HOST, key="m\x00", name="nul \x00 lone \udcff")
    with estate.store.begin() as conn:
        result = ingest_snapshot(
            conn, estate.org, host, source="agent", taken_at=estate.now,
            manifest={"users": section.digest}, sections={"users": section},
        )  # fmt: skip
        stored = get_section(conn, estate.org, result.asset_id, "users")
        exact = load_sections(conn, estate.org, {"users": section.digest})["users"]
    assert stored.facts == ["nul \x00", "lone \ufffd\ufffd\ufffd"]
    assert exact == section


def test_organisations_do_not_see_each_other(estate: Estate) -> None:
    other = Estate(estate.store, "other")
    asset = estate.snapshot("a", packages_deb=["openssl"]).asset_id
    manifest = {"packages_deb": Section(name="packages_deb", facts=["openssl"]).digest}
    with estate.store.read() as conn:
        assert missing_sections(conn, other.org, manifest) == {"packages_deb"}
        assert list_assets(conn, other.org, "", Paging(), other.now).items == []
        assert asset_sections_at(conn, other.org, asset, other.now) == {}
        with pytest.raises(NotFound):
            get_section(conn, other.org, asset, "os")


def _ingest(
    estate: Estate, manifest: dict[str, str], sections: dict[str, Section], at: str | int | None = None
) -> None:
    with estate.store.begin() as conn:
        ingest_snapshot(
            conn,
            estate.org,
            HOST,
            source="agent",
            taken_at=estate.now if at is None else at,
            manifest=manifest,
            sections=sections,
        )


def _nothing_stored(estate: Estate) -> None:
    with estate.store.read() as conn:
        for table in (tables.asset, tables.section, tables.asset_section, tables.observation):
            assert conn.execute(select(func.count()).select_from(table)).scalar_one() == 0
