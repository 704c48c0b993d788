"""Gathering findings into things to do."""

from bartizan.exchange.digest import first_steps, upgrades
from bartizan.exchange.interface import ScanResult
from bartizan.pipeline.fix_plan import latest


def test_one_upgrade_for_all_of_a_package_and_the_version_that_fixes_all(result: ScanResult) -> None:
    ssh, requests = upgrades(result.findings)
    assert (ssh.package, ssh.installed, ssh.to, ssh.fixable, ssh.exploited) == (
        "openssh",
        ("1:9.2p1-2",),
        "1:9.2p1-2+deb12u10",
        2,
        1,
    )
    assert (requests.package, requests.to, len(requests.rules), len(requests.paths)) == ("requests", "2.20.0", 1, 2)


def test_steps_that_nobody_can_take_are_no_steps(result: ScanResult) -> None:
    assert [step.package for step in first_steps(result)] == ["openssh", "requests"]


def test_the_latest_version_is_by_the_ecosystems_order() -> None:
    assert latest(["1:9.2p1-2+deb12u3", "1:9.2p1-2+deb12u10"], "pkg:deb/debian/openssh") == "1:9.2p1-2+deb12u10"
    assert latest(["2.9", "2.10"], "pkg:pypi/x") == "2.10"


def test_an_order_that_nobody_knows_gives_the_version_for_the_worst_finding() -> None:
    assert latest(["3", "10"], "pkg:nosuchtype/x") == "3"
    assert latest(["", ""], "pkg:nosuchtype/x") == ""
