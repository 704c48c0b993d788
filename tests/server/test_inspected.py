"""Secrets, malware and licences on the server: judged from stored facts as a scan does; again under new rules."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bartizan.assess.dispatch import assess as assess_at_once
from bartizan.assess.malware.inspector import MalwareInspector
from bartizan.assess.malware.rules import load_rules as load_malware_rules
from bartizan.assess.policy.engine import load_policies
from bartizan.assess.secrets.inspector import SecretInspector
from bartizan.collect.containers.archive import open_archive
from bartizan.collect.containers.image import Platform
from bartizan.collect.containers.snapshot import collect_image
from bartizan.collect.interface import Inspector
from bartizan.inventory.accounts import create_organisation
from bartizan.inventory.findings import get_finding, list_findings
from bartizan.inventory.ingest import ingest_snapshot
from bartizan.inventory.paging import Paging
from bartizan.inventory.store import Store
from bartizan.model.severity import Severity
from bartizan.model.snapshot import Snapshot
from bartizan.server.jobs.assessing import assess
from bartizan.server.knowledge import KnowledgeShelf, Rules, load_rules
from image_files import write_docker_archive
from malware_image import KEY, infected

NOW = datetime(2026, 1, 1, tzinfo=UTC)
RULES = load_rules()
POLICIES = load_policies(part="image")
INSPECTED = {"secret", "malware", "licence"}


@pytest.fixture
def snapshot(tmp_path: Path) -> Snapshot:
    source = open_archive(write_docker_archive(tmp_path / "app.tar", infected()), Platform())
    inspectors: list[Inspector] = [SecretInspector(RULES.secrets), MalwareInspector(RULES.malware)]
    return collect_image(source, sensor="test", now=NOW, inspectors=inspectors)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store.open(f"sqlite:///{tmp_path}/bartizan.db")
    opened.migrate()
    yield opened
    opened.close()


def shelf(tmp_path: Path, rules: Rules) -> KnowledgeShelf:
    return KnowledgeShelf(tmp_path / "no.db", POLICIES, rules)


def judged(store: Store, org: int, tmp_path: Path, rules: Rules) -> dict[tuple[str, str], Any]:
    """Assess what is needed; the open findings by rule and locator."""
    assert assess(store, shelf(tmp_path, rules), org, progress=lambda _: None, stopped=lambda: False) == 0
    with store.read() as conn:
        page = list_findings(conn, org, "", Paging(limit=200), NOW)
    return {(each.rule, each.locator): each for each in page.items if each.kind in INSPECTED}


def test_the_server_says_what_a_scan_says_and_judges_anew_when_rules_change(
    store: Store, snapshot: Snapshot, tmp_path: Path
) -> None:
    with store.begin() as conn:
        org = create_organisation(conn, "default", "Default", NOW).id
        ingest_snapshot(
            conn,
            org,
            snapshot.asset,
            source="registry",
            taken_at=snapshot.taken_at,
            manifest=snapshot.manifest(),
            sections=snapshot.sections,
        )
    stored = judged(store, org, tmp_path, RULES)
    known = shelf(tmp_path, RULES).current().known()
    scanned = [
        finding
        for assessment in assess_at_once(snapshot.sections, replace(known, policies=None))
        for finding in assessment.findings
        if finding.kind in INSPECTED
    ]
    assert {(key, each.severity, each.title) for key, each in stored.items()} == {
        ((finding.rule, finding.locator), finding.severity, finding.title) for finding in scanned
    }
    assert {rule for rule, _ in stored} == {
        "malware-eicar-test-file",
        "malware-packed-upx",
        "malware-php-runs-request",
        "secret-aws-access-key-id",
        "AGPL-3.0-or-later",
    }
    with store.read() as conn:
        details = [get_finding(conn, org, each.id, NOW) for each in stored.values()]
    assert KEY[6:] not in repr(details)

    milder = {id_: replace(rule, severity=Severity.LOW) for id_, rule in RULES.malware.by_id.items()}
    del milder["malware-packed-upx"]
    changed = replace(RULES, malware=replace(RULES.malware, by_id=milder, digest="sha256:changed"))
    anew = judged(store, org, tmp_path, changed)
    assert {rule: each.severity for (rule, _), each in anew.items() if each.kind == "malware"} == {
        "malware-eicar-test-file": "low",
        "malware-php-runs-request": "low",
    }


def test_new_rules_are_not_taken_for_rules_that_were_tried(tmp_path: Path) -> None:
    (tmp_path / "one.sha256").write_text("")
    assert load_malware_rules([tmp_path]).patterns == RULES.malware.patterns
