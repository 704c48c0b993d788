"""After a change of knowledge the server judges anew what that concerns, and comes to what judging everything gives."""

import json
import shutil
import zipfile
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from bartizan.assess.dispatch import scopes
from bartizan.assess.policy.engine import PolicySet, load_policies
from bartizan.assess.vulnerability.advisories import AdvisoryFile
from bartizan.assess.vulnerability.assessor import knowledge as advisories_knowledge
from bartizan.assess.vulnerability.compile import compile_feeds
from bartizan.assess.vulnerability.delta import changed
from bartizan.inventory.accounts import create_organisation
from bartizan.inventory.assessments import attach, needed, record_all
from bartizan.inventory.housekeeping import tidy_up
from bartizan.inventory.ingest import ingest_snapshot
from bartizan.inventory.knowledge import prints_of
from bartizan.inventory.schema import accounts, estate, judgement
from bartizan.inventory.store import Store
from bartizan.model.asset import AssetKind, AssetRef
from bartizan.model.snapshot import Section
from bartizan.server.jobs import judging as job
from bartizan.server.jobs.judging import Differences, Judging
from bartizan.server.knowledge import Knowledge, Succession, load_rules
from small_feeds import RECORD, write_feeds

NOW = datetime(2026, 1, 1, tzinfo=UTC)
TODAY = date(2026, 1, 1)
RULES = load_rules()
ADDED = """\
resource: host
group: estate
policies:
  - id: estate-ports
    title: Nothing listens to others from a high port on
    severity: medium
    check: resource.sockets.listening.all(each, each.local || each.port < params.port)
    parameters: {port: 20000}
    why: High ports are not watched.
    fix: {text: Let the service listen on a lower port.}
"""


@pytest.fixture(scope="module")
def before() -> PolicySet:
    return load_policies()


@pytest.fixture(scope="module")
def after(tmp_path_factory: pytest.TempPathFactory) -> PolicySet:
    folder = tmp_path_factory.mktemp("policies")
    (folder / "estate.yaml").write_text(ADDED)
    return load_policies([folder])


Estate = tuple[Store, int]


@pytest.fixture
def open_estate(tmp_path: Path) -> Iterator[Any]:
    """Makes a store of three hosts and an image, by name."""
    stores = []

    def opened(name: str) -> Estate:
        store = Store.open(f"sqlite:///{tmp_path}/{name}.db")
        store.migrate()
        stores.append(store)
        with store.begin() as conn:
            org = create_organisation(conn, "default", "Default", NOW).id
            for number, port in enumerate((80, 25000, 30000)):
                put(conn, org, AssetKind.HOST, f"host-{number}", host(port))
            put(conn, org, AssetKind.IMAGE, "image", {**packages("hello", "curl"), "image": {"user": "root"}})
        return store, org

    yield opened
    for store in stores:
        store.close()


def host(port: int) -> dict[str, Any]:
    listening = [{"protocol": "tcp", "port": port, "address": "0.0.0.0", "local": False, "process": "app"}]
    return {**packages("hello", "bash"), "sockets": {"listening": listening}}


def packages(*names: str) -> dict[str, Any]:
    found = [{"type": "deb", "name": name, "version": "1.0", "namespace": "debian"} for name in names]
    return {"os": {"id": "debian", "version_id": "12"}, "packages_deb": found}


def put(conn: Any, org: int, kind: AssetKind, name: str, facts: dict[str, Any]) -> None:
    sections = {each: Section(name=each, facts=told) for each, told in facts.items()}
    ingest_snapshot(
        conn,
        org,
        AssetRef(kind=kind, key=name, name=name),
        source="agent",
        taken_at="2026-01-01T00:00:00Z",
        manifest={each: section.digest for each, section in sections.items()},
        sections=sections,
    )


def assess(estate: Estate, knowledge: Knowledge, succession: Succession | None = None) -> list[str]:
    """As the job does; the assessors of which something was judged."""
    store, org = estate
    with store.begin() as conn:
        judging = Judging(knowledge, Differences(conn, knowledge, succession))
        needs = judging.concerned(conn, needed(conn, org, scopes, knowledge.digests()))
    judged = judging.judge(store, org, needs)
    with store.begin() as conn:
        record_all(conn, org, judged.assessments, NOW, judged.kept)
        attach(conn, org, NOW)
    with store.begin() as conn:
        assert needed(conn, org, scopes, knowledge.digests()) == []
    return sorted(need.assessor for need in needs)


def stands(opened: Estate) -> list[Any]:
    """Everything that assets have: findings by content, what passed and what does not apply."""
    store, _ = opened
    held, member, detail = judgement.asset_findings, judgement.finding_set_member, judgement.finding_detail
    query = (
        select(estate.asset.c.name, held.c.assessor, judgement.outcome.c.digest, detail.c.digest)
        .select_from(held)
        .join(estate.asset, estate.asset.c.id == held.c.asset_id)
        .join(judgement.outcome, judgement.outcome.c.id == held.c.outcome_id)
        .outerjoin(member, member.c.set_id == held.c.set_id)
        .outerjoin(detail, detail.c.id == member.c.detail_id)
    )
    with store.read() as conn:
        return sorted(map(tuple, conn.execute(query)), key=str)


@pytest.fixture
def wholes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Assessors that judged an input as a whole, filled in as it happens."""
    seen: list[str] = []
    whole = job.judge

    def noted(assessor: str, *arguments: Any) -> Any:
        seen.append(assessor)
        return whole(assessor, *arguments)

    monkeypatch.setattr(job, "judge", noted)
    return seen


def test_a_new_policy_judges_only_itself(
    open_estate: Any, before: PolicySet, after: PolicySet, wholes: list[str]
) -> None:
    ours, fresh = open_estate("ours"), open_estate("fresh")
    assess(ours, Knowledge(None, before, RULES, TODAY))
    wholes.clear()
    concerned = assess(ours, Knowledge(None, after, RULES, TODAY))
    assert concerned == ["policy"] * 3  # the image has no such policy
    assert wholes == []
    assess(fresh, Knowledge(None, after, RULES, TODAY))
    assert stands(ours) == stands(fresh)
    assess(ours, Knowledge(None, before, RULES, TODAY))
    assert not any("estate-ports" in str(row) for row in stands(ours))


def test_an_organisation_s_own_value_judges_only_its_policy(
    open_estate: Any, after: PolicySet, wholes: list[str]
) -> None:
    ours, fresh = open_estate("ours"), open_estate("fresh")
    plain = Knowledge(None, after, RULES, TODAY)
    assess(ours, plain)
    wholes.clear()
    own = plain.for_organisation({"estate-ports": {"port": 28000}})
    assert assess(ours, own) == ["policy"] * 3
    assert wholes == []
    assess(fresh, own)
    assert stands(ours) == stands(fresh)


def test_what_nobody_noted_is_judged_as_a_whole(
    open_estate: Any, before: PolicySet, after: PolicySet, wholes: list[str]
) -> None:
    ours, fresh = open_estate("ours"), open_estate("fresh")
    assess(ours, Knowledge(None, before, RULES, TODAY))
    store, org = ours
    with store.begin() as conn:
        tidy_up(conn, org, NOW)
        assert prints_of(conn, before.digest) is not None  # what is stored was judged by it
    wholes.clear()
    assess(ours, Knowledge(None, after, RULES, TODAY))
    assert wholes == []
    with store.begin() as conn:
        tidy_up(conn, org, NOW)
        assert prints_of(conn, before.digest) is None
    assess(ours, Knowledge(None, before, RULES, TODAY))
    assert wholes == []
    with store.begin() as conn:
        conn.execute(accounts.policy_knowledge.delete())
    assess(ours, Knowledge(None, after, RULES, TODAY))
    assert sorted(wholes) == ["policy"] * 4
    assess(fresh, Knowledge(None, after, RULES, TODAY))
    assert stands(ours) == stands(fresh)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[AdvisoryFile, AdvisoryFile]]:
    """Advisories about hello; then also about curl, and hello's are told otherwise."""
    folder = tmp_path_factory.mktemp("advisories")
    write_feeds(folder / "old")
    shutil.copytree(folder / "old", folder / "new")
    with zipfile.ZipFile(folder / "new/osv/Debian/all.zip", "w") as bundle:
        for name, rule in (("hello", "CVE-2026-0001"), ("curl", "CVE-2026-0002")):
            affected = [{**RECORD["affected"][0], "package": {"ecosystem": "Debian:12", "name": name}}]
            record = {**RECORD, "id": f"DEBIAN-{rule}", "upstream": [rule], "affected": affected, "details": "worse"}
            bundle.writestr(f"DEBIAN-{rule}.json", json.dumps(record))
    for name in ("old", "new"):
        compile_feeds(folder / name, folder / f"{name}.db")
    with AdvisoryFile.open(folder / "old.db") as old, AdvisoryFile.open(folder / "new.db") as new:
        yield old, new


def test_newer_advisories_judge_only_the_packages_that_they_concern(
    open_estate: Any, before: PolicySet, wholes: list[str], files: tuple[AdvisoryFile, AdvisoryFile]
) -> None:
    old, new = files
    ours, fresh = open_estate("ours"), open_estate("fresh")
    assess(ours, Knowledge(old, before, RULES, TODAY))
    succession = Succession(
        old=advisories_knowledge(old, TODAY), new=advisories_knowledge(new, TODAY), changed=changed(old, new)
    )
    wholes.clear()
    assess(ours, Knowledge(new, before, RULES, TODAY), succession)
    assert wholes == []
    assess(fresh, Knowledge(new, before, RULES, TODAY))
    assert stands(ours) == stands(fresh)
    assert any("image" in row for row in map(str, stands(ours)))
