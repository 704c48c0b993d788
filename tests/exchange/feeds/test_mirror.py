"""Fetching feeds from a real server on loopback: only what changed, resumed, checked, and never half of a file."""

from pathlib import Path

import pytest

from bartizan.exchange.feeds.download import DownloadError
from bartizan.exchange.feeds.mirror import refresh
from exchange.feeds.loopback_mirror import ECOSYSTEMS, Mirror, bundle

DEBIAN = "osv/Debian/all.zip"
ALL = {
    DEBIAN,
    "osv/PyPI/all.zip",
    "kev/known_exploited_vulnerabilities.json",
    "epss/epss_scores-current.csv.gz",
}


async def test_the_first_time_fetches_everything_that_can_be_judged(mirror: Mirror, folder: Path) -> None:
    report = await refresh(folder, ecosystems=ECOSYSTEMS, mirror=mirror.url)
    assert set(report.fetched) == ALL
    assert (report.unchanged, report.failed) == ((), {})
    for path in ALL:
        assert (folder / path).read_bytes() == mirror.files[path]
    assert report.received == sum(len(mirror.files[path]) for path in ALL)


async def test_the_second_time_fetches_nothing(mirror: Mirror, folder: Path) -> None:
    await refresh(folder, ecosystems=ECOSYSTEMS, mirror=mirror.url)
    report = await refresh(folder, ecosystems=ECOSYSTEMS, mirror=mirror.url)
    assert set(report.unchanged) == ALL
    assert report.received == 0
    assert mirror.statuses(DEBIAN) == [200, 304]


async def test_what_changed_is_fetched_again(mirror: Mirror, folder: Path) -> None:
    await refresh(folder, ecosystems=ECOSYSTEMS, mirror=mirror.url)
    mirror.files[DEBIAN] = bundle("DEBIAN-3")
    report = await refresh(folder, ecosystems=ECOSYSTEMS, mirror=mirror.url)
    assert report.fetched == (DEBIAN,)
    assert (folder / DEBIAN).read_bytes() == mirror.files[DEBIAN]


async def test_an_interrupted_download_goes_on_where_it_broke_off(mirror: Mirror, folder: Path) -> None:
    mirror.cut[DEBIAN] = 100
    report = await refresh(folder, ecosystems=ECOSYSTEMS, mirror=mirror.url, pause=0.01)
    assert DEBIAN in report.fetched
    assert [(status, asked) for path, status, asked in mirror.requests if path == DEBIAN] == [
        (200, ""),
        (206, "bytes=100-"),
    ]
    assert (folder / DEBIAN).read_bytes() == mirror.files[DEBIAN]
    assert not list(folder.rglob("*.part*"))


async def test_a_part_of_a_former_file_is_not_continued(mirror: Mirror, folder: Path) -> None:
    part = folder / "osv/Debian/all.zip.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(b"x" * 50)
    part.with_name("all.zip.part.etag").write_text('"of another file"')
    await refresh(folder, ecosystems=ECOSYSTEMS, mirror=mirror.url)
    assert (folder / DEBIAN).read_bytes() == mirror.files[DEBIAN]


async def test_a_damaged_file_leaves_the_former_one(mirror: Mirror, folder: Path) -> None:
    await refresh(folder, ecosystems=ECOSYSTEMS, mirror=mirror.url)
    before = (folder / DEBIAN).read_bytes()
    mirror.files[DEBIAN] = b"<html>please sign in</html>"
    report = await refresh(folder, ecosystems=ECOSYSTEMS, mirror=mirror.url)
    assert "no whole zip file" in report.failed[DEBIAN]
    assert (folder / DEBIAN).read_bytes() == before
    assert not list(folder.rglob("*.part*"))


@pytest.mark.parametrize(("status", "asked"), [(404, 1), (503, 4)])
async def test_no_is_final_and_not_now_is_asked_again(mirror: Mirror, folder: Path, status: int, asked: int) -> None:
    mirror.failing[DEBIAN] = status
    report = await refresh(folder, ecosystems=ECOSYSTEMS, mirror=mirror.url, pause=0.01)
    assert f"the server answered {status}" in report.failed[DEBIAN]
    assert mirror.statuses(DEBIAN) == [status] * asked
    assert set(report.fetched) == ALL - {DEBIAN}


async def test_checksums_are_believed_and_held(mirror: Mirror, folder: Path) -> None:
    mirror.list_sums()
    mirror.files[DEBIAN] = bundle("NOT-WHAT-WAS-LISTED")
    report = await refresh(folder, ecosystems=ECOSYSTEMS, mirror=mirror.url)
    assert "SHA-256 is not the one" in report.failed[DEBIAN]
    assert not (folder / DEBIAN).exists()
    again = await refresh(folder, ecosystems=ECOSYSTEMS, mirror=mirror.url)
    assert set(again.unchanged) == ALL - {DEBIAN}


async def test_a_list_that_leads_out_of_the_folder_is_not_followed(mirror: Mirror, folder: Path) -> None:
    mirror.list_sums()
    mirror.files["SHA256SUMS"] += b"\n" + b"0" * 64 + b"  osv/../../../../etc/passwd"
    await refresh(folder, ecosystems=ECOSYSTEMS, mirror=mirror.url)
    assert not any("passwd" in path for path, _, _ in mirror.requests)


async def test_without_a_list_of_files_nothing_is_touched(mirror: Mirror, folder: Path) -> None:
    mirror.files.clear()
    with pytest.raises(DownloadError, match=r"osv/ecosystems\.txt: the server answered 404"):
        await refresh(folder, ecosystems=ECOSYSTEMS, mirror=mirror.url)


async def test_a_server_that_is_not_there_is_said_so(folder: Path) -> None:
    with pytest.raises(DownloadError, match=r"http://127\.0\.0\.1:9/SHA256SUMS|ecosystems"):
        await refresh(folder, ecosystems=ECOSYSTEMS, mirror="http://127.0.0.1:9")
