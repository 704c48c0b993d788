"""Match packages against the advisories: look-ups alone, and whole assessments with their findings.

    python benchmarks/matching.py [FEEDS]        FEEDS defaults to ../shared/feeds

Figures are per second of processor time, as other work may share the machine. Packages are drawn from the advisory
file itself, so that every name is known to it (the worst case), with versions at which about one in ten of their
advisories applies; beside them this host as it is.
"""

import random
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from bartizan.assess.vulnerability.advisories import AdvisoryFile
from bartizan.assess.vulnerability.assessor import assess_packages
from bartizan.assess.vulnerability.compile import compile_feeds
from bartizan.assess.vulnerability.matcher import match
from bartizan.assess.vulnerability.schema import OWN_NAME
from bartizan.assess.vulnerability.targets import distribution_targets
from bartizan.model.package import Package, package_facts
from bartizan.model.snapshot import Section

COUNT = 20_000
DISTRO = "debian-12"
RELEASE = "Debian:12"


def main() -> None:
    feeds = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parents[2] / "shared" / "feeds"
    if not feeds.is_dir():
        sys.exit(f"{feeds}: there is no folder of feeds; give one as the argument")
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "advisories.db"
        compile_feeds(feeds, target)
        packages = drawn(target)
        look_ups(target, packages)
        sections = {"packages_deb": Section(name="packages_deb", facts=[package_facts(item) for item in packages])}
        assessments("20,000 packages, all with advisories", target, "packages_deb", sections)
        from bartizan.collect.filesystem.local import LocalView
        from bartizan.collect.packages.discover import read_packages

        host = read_packages(LocalView("/"), ignore=("/tmp",))
        if "packages_deb" in host:
            assessments("this host's dpkg packages", target, "packages_deb", host)
        if "packages_pypi" in host:
            assessments("this host's Python packages", target, "packages_pypi", host)


def drawn(target: Path) -> list[Package]:
    """Debian packages as large hosts have them: many, mostly up to date."""
    chance = random.Random(20261123)
    with AdvisoryFile.open(target) as file:
        release = file.release(RELEASE)
        assert release is not None
        names = [
            name
            for (name,) in file._connection.execute(
                "SELECT name FROM affected WHERE release = ? AND kind = ? ORDER BY name", (release.number, OWN_NAME)
            )
        ]
        rows = file.rows(release, names)
    out = []
    for number in range(COUNT):
        source = chance.choice(names)
        below = rows[source].below
        place = int(len(below) * (0.9 + chance.random() / 5))
        version = below[min(place, len(below) - 1)][0] if below else "1.0-1"
        out.append(Package(type="deb", name=f"{source}-{number}", version=version, source=source, distro=DISTRO))
    return out


def look_ups(target: Path, packages: list[Package]) -> None:
    file = AdvisoryFile.open(target)
    for words in ("cold", "warm"):
        release = file.release(RELEASE)
        assert release is not None
        started = time.process_time()
        found = sum(1 for _ in match((t for item in packages for t in distribution_targets(item, [release])), file))
        spent = time.process_time() - started
        print(f"look up and compare, {words}: {len(packages) / spent:9,.0f} packages/s ({found} matches)")
    file.close()


def assessments(title: str, target: Path, section: str, sections: Mapping[str, Section]) -> None:
    file = AdvisoryFile.open(target)
    facts = sections[section].facts
    assert isinstance(facts, list)
    for words in ("cold", "warm"):
        started = time.process_time()
        found = assess_packages(section, sections, file)
        spent = time.process_time() - started
        count = len(found.findings)
        print(
            f"{title}, {words}: {len(facts) / spent:9,.0f} packages/s, {count / spent:9,.0f} findings/s"
            f" ({len(facts)} packages, {count} findings, {spent * 1000:.0f} ms)"
        )
    file.close()


if __name__ == "__main__":
    main()
