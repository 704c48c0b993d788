"""What every test may ask for: the folder of real inputs beside the checkout, and a run in which nothing is skipped."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

if "CI" not in os.environ:  # there Hypothesis has a profile of its own, which draws the same in every run
    settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("busy")

pytest_plugins = ("small_host",)

CHECKOUT = Path(__file__).resolve().parent.parent


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--no-skips", action="store_true", help="a skipped test fails the run: for CI, where all must run")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    if session.config.getoption("--no-skips") and _skipped(session.config) and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    skipped = _skipped(config)
    if config.getoption("--no-skips") and skipped:
        terminalreporter.section("skipped, where nothing may be", red=True)
        for report in skipped:
            reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
            terminalreporter.write_line(f"{report.nodeid}: {reason}")


def _skipped(config: pytest.Config) -> list[pytest.TestReport]:
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    return list(reporter.stats.get("skipped", ())) if reporter else []


@pytest.fixture(scope="session")
def checkout() -> Path:
    """The root of this checkout."""
    return CHECKOUT


@pytest.fixture(scope="session")
def shared() -> Path:
    """Real advisories and inputs beside the checkout: `feeds/` and `data/`."""
    folder = CHECKOUT.parent / "shared"
    if not folder.is_dir():
        pytest.skip("no folder `shared` with real inputs beside the checkout")
    return folder


@pytest.fixture(scope="session")
def feeds(shared: Path) -> Path:
    """A folder of real advisories: OSV bundles, KEV and EPSS."""
    folder = shared / "feeds"
    if not folder.is_dir():
        pytest.skip("no folder `shared/feeds` with real advisories beside the checkout")
    return folder


def pytest_make_parametrize_id(val: object) -> str | None:
    """gzip writes the time into its header: workers that gather tests a second apart would name them differently."""
    return "gzip" if isinstance(val, bytes) and val.startswith(b"\x1f\x8b") else None
