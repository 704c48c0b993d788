"""The shelf: advisories, policies and rules as they are now, reopened when the advisory file was replaced.

Anybody may replace the file (a job, `bartizan feeds import` in a terminal, a copy from elsewhere): its identity is
looked at, not who wrote it.
"""

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path

from bartizan.assess.dispatch import Known
from bartizan.assess.licences.policy import LicencePolicy, load_policy
from bartizan.assess.malware.rules import MalwareRules
from bartizan.assess.malware.rules import load_rules as load_malware_rules
from bartizan.assess.malware.scanner import Scanner
from bartizan.assess.policy.engine import ASSESSOR as POLICY
from bartizan.assess.policy.engine import Parameters, PolicySet
from bartizan.assess.policy.engine import knowledge as policy_knowledge
from bartizan.assess.secrets.rules import SecretRules
from bartizan.assess.secrets.rules import load_rules as load_secret_rules
from bartizan.assess.vulnerability.advisories import AdvisoryFile, AdvisoryFileError
from bartizan.assess.vulnerability.assessor import knowledge as vulnerability_knowledge
from bartizan.assess.vulnerability.delta import changed

LOG = logging.getLogger("bartizan.server.knowledge")

Mark = tuple[int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What is read once, when the server starts."""

    secrets: SecretRules
    malware: MalwareRules
    licences: LicencePolicy


def load_rules(malware_folders: Sequence[Path] = (), licence_policy: Path | None = None) -> Rules:
    """The built-in rules and the user's; raises `ContentError` where one cannot be used."""
    malware = load_malware_rules(malware_folders)
    if malware_folders:
        Scanner(malware).check()
    return Rules(secrets=load_secret_rules(), malware=malware, licences=load_policy(licence_policy))


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What is judged by."""

    advisories: AdvisoryFile | None
    policies: PolicySet
    rules: Rules
    today: date
    """Decides which releases are out of support."""
    parameters: Parameters = field(default_factory=dict)
    """An organisation's own values for parameters of policies."""

    def for_organisation(self, parameters: Parameters) -> "Knowledge":
        """The same with an organisation's own values."""
        return replace(self, parameters=parameters)

    def digests(self) -> dict[str, str]:
        """By family of assessors, as the inventory wants it."""
        return {
            "vulnerability": vulnerability_knowledge(self.advisories, self.today),
            POLICY: policy_knowledge(self.policies, self.parameters),
            "secret": self.rules.secrets.digest,
            "malware": self.rules.malware.digest,
            "licence": self.rules.licences.digest,
        }

    def known(self) -> Known:
        """The same as assessors take it."""
        return Known(
            advisories=self.advisories,
            policies=self.policies,
            parameters=self.parameters,
            secrets=self.rules.secrets,
            malware=self.rules.malware,
            licences=self.rules.licences,
            today=self.today,
        )


@dataclass(frozen=True, slots=True)
class Succession:
    """From one advisory file to the next: what was judged by `old` and looked up nothing of `changed` stands."""

    old: str
    new: str
    changed: frozenset[int]


class KnowledgeShelf:
    """One per server; safe from any thread."""

    def __init__(self, advisories: Path, policies: PolicySet, rules: Rules) -> None:
        self._path = advisories
        self._policies = policies
        self._rules = rules
        self._lock = threading.Lock()
        self._mark: Mark | None = None
        self._open: AdvisoryFile | None = None
        self._before: AdvisoryFile | None = None
        self._changed: tuple[str, str, frozenset[int]] | None = None
        self._comparing = threading.Lock()
        self.trouble = ""
        """Why the advisory file cannot be used, where it is there and cannot."""

    @property
    def policies(self) -> PolicySet:
        return self._policies

    def current(self) -> Knowledge:
        """What to judge by now. Whoever still reads an older file keeps it until done."""
        with self._lock:
            mark = _mark(self._path)
            if mark != self._mark:
                self._mark = mark
                self._before = self._open or self._before
                self._open = self._reopen() if mark else None
            return Knowledge(self._open, self._policies, self._rules, datetime.now(UTC).date())

    def succession(self, knowledge: Knowledge) -> Succession | None:
        """What the advisories that were in use before and those of now differ by; None where there were none before.

        The file that was replaced can be read as long as it is open. Comparing takes seconds, and is done once.
        """
        with self._comparing:
            before, now = self._before, knowledge.advisories
            if before is None or now is None or before.id == now.id:
                return None
            if self._changed is None or self._changed[:2] != (before.id, now.id):
                self._changed = (before.id, now.id, changed(before, now))
            return Succession(
                old=vulnerability_knowledge(before, knowledge.today),
                new=vulnerability_knowledge(now, knowledge.today),
                changed=self._changed[2],
            )

    def _reopen(self) -> AdvisoryFile | None:
        try:
            opened = AdvisoryFile.open(self._path)
        except AdvisoryFileError as error:
            self.trouble = str(error)
            LOG.warning("the advisory file cannot be used", extra={"reason": str(error)})
            return None
        self.trouble = ""
        return opened


def _mark(path: Path) -> Mark | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return (status.st_ino, status.st_size, status.st_mtime_ns)
