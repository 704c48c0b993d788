"""Fixtures of host sections."""

from collections.abc import Callable
from pathlib import Path

import pytest

from bartizan.model.snapshot import Section
from host_folder import Host


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


@pytest.fixture
def problems_of() -> Callable[[Section], dict[str, str]]:
    """Path to reason, of a section."""
    return lambda section: {problem.path: problem.reason for problem in section.problems}
