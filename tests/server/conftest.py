"""Servers to test: a real one in its own process, and one in this process for property tests."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from litestar.testing import TestClient

from bartizan.server.bootstrap import bootstrap, local_activation_key
from bartizan.server.settings import Settings
from server_process import InProcess, Running, run_server


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One server for all tests that leave it as it was, but for what they add."""
    running = run_server(tmp_path_factory.mktemp("server"))
    yield running
    running.stop()


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Running]:
    """A server that the test may kill."""
    running = run_server(tmp_path)
    yield running
    if running.process.poll() is None:
        running.stop()


@pytest.fixture
def server_with(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    """Makes servers with settings of the test's own."""
    made: list[Running] = []

    def make(**more: Any) -> Running:
        folder = tmp_path / f"server-{len(made)}"
        folder.mkdir()
        made.append(run_server(folder, **more))
        return made[-1]

    yield make
    for running in made:
        if running.process.poll() is None:
            running.stop()


@pytest.fixture(scope="session")
def in_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InProcess]:
    from bartizan.server.application import create_app

    settings = Settings(data_dir=tmp_path_factory.mktemp("in-process"))
    made = bootstrap(settings)
    local_activation_key(settings)
    assert made.password is not None
    app = create_app(settings)
    with TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False) as client:
        yield InProcess(app, client, made.password)
