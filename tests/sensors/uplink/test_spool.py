"""Nothing leaves the spool before it was delivered; what it has to give up is counted; damage is set aside."""

import os
import subprocess
import sys
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from bartizan.model.asset import AssetKind, AssetRef
from bartizan.model.snapshot import Section, Snapshot
from bartizan.sensors.uplink.spool import Spool

ASSET = AssetRef(kind=AssetKind.HOST, key="k", name="n")


def snapshot(second: int, **facts: object) -> Snapshot:
    sections = {name: Section(name=name, facts=value) for name, value in facts.items()}  # type: ignore[arg-type]
    return Snapshot(asset=ASSET, taken_at=f"2026-11-23T10:37:{second:02d}Z", sensor="agent/0", sections=sections)


def noise(number: int) -> str:
    return os.urandom(5000).hex() + str(number)


def test_what_is_put_waits_until_it_was_delivered(tmp_path: Path) -> None:
    with Spool(tmp_path / "spool.db") as spool:
        assert spool.put(snapshot(1, os="a", users=[1]))
        assert spool.put(snapshot(2, os="a", users=[2]))
    with Spool(tmp_path / "spool.db") as spool:
        first, second = spool.waiting()
        assert [first.taken_at, second.taken_at] == ["2026-11-23T10:37:01Z", "2026-11-23T10:37:02Z"]
        assert spool.sections(first, ["users"])["users"].facts == [1]
        spool.delivered(first)
        spool.delivered(second)
        assert spool.waiting() == []
        newest = spool.newest()
        assert newest is not None
        assert {name: section.facts for name, section in spool.sections(newest, ["os", "users"]).items()} == {
            "os": "a",
            "users": [2],
        }


def test_the_same_facts_again_need_no_place(tmp_path: Path) -> None:
    with Spool(tmp_path / "spool.db") as spool:
        assert spool.put(snapshot(1, os="a"))
        assert not spool.put(snapshot(2, os="a"))
        assert len(spool.waiting()) == 1


def test_the_youngest_but_the_newest_is_given_up_first_and_counted(tmp_path: Path) -> None:
    with Spool(tmp_path / "spool.db", limit=20_000) as spool:
        for number in range(6):
            spool.put(snapshot(number, os=noise(number)))
        assert [entry.taken_at[-3:-1] for entry in spool.waiting()] == ["00", "01", "05"]
        assert spool.dropped == 3


def test_sections_that_are_shared_survive_what_is_given_up(tmp_path: Path) -> None:
    shared = noise(0)
    with Spool(tmp_path / "spool.db", limit=16_000) as spool:
        for number in range(4):
            spool.put(snapshot(number, os=shared, users=noise(number)))
        for entry in spool.waiting():
            assert spool.sections(entry, ["os", "users"]).keys() == {"os", "users"}


def test_a_damaged_file_is_set_aside(tmp_path: Path) -> None:
    (tmp_path / "spool.db").write_bytes(b"not a database" * 1000)
    with Spool(tmp_path / "spool.db") as spool:
        assert spool.set_aside is not None
        assert spool.set_aside.read_bytes().startswith(b"not a database")
        assert spool.put(snapshot(1, os="a"))


def test_a_damaged_section_is_stored_anew(tmp_path: Path) -> None:
    with Spool(tmp_path / "spool.db") as spool:
        spool.put(snapshot(1, os="a", users=[1]))
        spool._db.execute("update section set body = x'00' where digest = ?", (snapshot(1, os="a").manifest()["os"],))
        spool._db.commit()
        (entry,) = spool.waiting()
        assert spool.sections(entry, ["os", "users"]).keys() == {"users"}
        assert spool.put(snapshot(2, os="a", users=[1]))
        assert spool.sections(spool.waiting()[-1], ["os", "users"]).keys() == {"os", "users"}


def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    with Spool(tmp_path / "spool.db"):
        assert (tmp_path / "spool.db").stat().st_mode & 0o777 == 0o600


def test_a_kill_in_the_middle_loses_nothing_that_was_put(tmp_path: Path) -> None:
    program = (
        "import sys, os; from pathlib import Path\n"
        "from tests_spool import snapshot\n"
        "from bartizan.sensors.uplink.spool import Spool\n"
        "spool = Spool(Path(sys.argv[1]))\n"
        "for number in range(50):\n"
        "    spool.put(snapshot(number, os=number)); print(number, flush=True)\n"
        "    if number == 30: os.kill(os.getpid(), 9)\n"
    ).replace("from tests_spool import snapshot\n", f"exec(open({__file__!r}).read())\n")
    result = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "spool.db")],
        capture_output=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        check=False,
    )
    assert result.returncode == -9, result.stderr
    with Spool(tmp_path / "spool.db") as spool:
        assert len(spool.waiting()) == len(result.stdout.split()) == 31


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from(["put", "deliver"]), max_size=20), st.integers(min_value=0, max_value=40_000))
def test_put_is_delivered_waiting_or_counted(tmp_path_factory: object, steps: list[str], limit: int) -> None:
    folder = tmp_path_factory.mktemp("spool")  # type: ignore[attr-defined]
    put = delivered = 0
    with Spool(folder / "spool.db", limit=limit) as spool:
        for step in steps:
            if step == "put":
                put += spool.put(snapshot(put, os=noise(put)))
            elif spool.waiting():
                spool.delivered(spool.waiting()[0])
                delivered += 1
        assert delivered + len(spool.waiting()) + spool.dropped == put
