"""A real Debian with applications inside, as a root and as an image, and what it is judged by."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bartizan.assess.vulnerability.advisories import AdvisoryFile
from bartizan.assess.vulnerability.compile import compile_feeds
from debian_estate import CONFIG, LICENCES, STEPS, VULNERABLE, Estate
from debian_root import DebianRoot, NoDebian, debian_root
from image_files import Compression, ImageFiles, image_files
from small_feeds import write_records


@pytest.fixture(scope="session")
def debian(tmp_path_factory: pytest.TempPathFactory) -> DebianRoot:
    try:
        return debian_root(tmp_path_factory.getbasetemp().parent / "debian-root")
    except NoDebian as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def advisory_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("advisories")
    compile_feeds(write_records(folder / "feeds", VULNERABLE), folder / "advisories.db")
    return folder / "advisories.db"


@pytest.fixture(scope="session")
def licence_policy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("licences") / "licences.yaml"
    path.write_text(LICENCES)
    return path


@pytest.fixture(scope="module")
def estate(advisory_file: Path, licence_policy: Path) -> Iterator[Estate]:
    advisories = AdvisoryFile.open(advisory_file)
    yield Estate(advisories, licence_policy)
    advisories.close()


@pytest.fixture(scope="module")
def images(debian: DebianRoot) -> Callable[[Compression], ImageFiles]:
    """The Debian as an image of two layers. Only the one made last is kept in memory."""
    tars = [debian.base.read_bytes(), debian.application.read_bytes()]
    made: dict[str, ImageFiles] = {}

    def make(compression: Compression) -> ImageFiles:
        if compression not in made:
            made.clear()
            made[compression] = image_files(tars, compression=compression, steps=STEPS, config=CONFIG)
        return made[compression]

    return make
