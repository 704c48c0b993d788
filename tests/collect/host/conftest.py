"""Fixtures of host sections."""

from collections.abc import Callable
from pathlib import Path

import pytest

from host_folder import Host, Seen


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


@pytest.fixture
def problems_of() -> Callable[[Seen], dict[str, str]]:
    """Path to reason, of a section."""
    return lambda section: {problem.path: problem.reason for problem in section.problems}
