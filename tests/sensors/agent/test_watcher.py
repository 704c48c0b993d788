"""When the watcher starts which pass, told by a clock that the test moves."""

import os
from pathlib import Path

from bartizan.sensors.agent import exits, watcher
from bartizan.sensors.agent.plan import Plan, read, write
from bartizan.sensors.agent.watcher import CALM, FULL_SHARE, FULL_SOON, SETTLE, Watch


class Story:
    """A watch over real files with an invented clock."""

    def __init__(self, folder: Path) -> None:
        self.plan = Plan()
        self.watched, self.walked = folder / "status", folder / "site-packages"
        self.watched.write_text("1")
        self.walked.mkdir()
        self.plan.watch, self.plan.walk = [str(self.watched)], [str(self.walked)]
        self.now = 1000.0
        self.watch = Watch(self.now, lambda: 1.0)  # type: ignore[arg-type]

    def after(self, seconds: float) -> str:
        self.now += seconds
        self.watch.look(self.now, self.plan)
        return self.watch.due(self.now)

    def ran(self, mode: str, code: int = exits.DONE, seconds: float = 0.5) -> None:
        started, self.now = self.now, self.now + seconds
        self.watch.ended(mode, code, started, self.now, self.plan)
        self.after(0)


def started(folder: Path) -> Story:
    story = Story(folder)
    assert story.after(0) == "full"
    story.ran("full")
    return story


def test_it_begins_with_a_full_pass_and_goes_on_with_quick_ones(tmp_path: Path) -> None:
    story = started(tmp_path)
    assert story.after(CALM + 1) == ""
    assert story.after(story.plan.interval) == "quick"
    story.ran("quick")
    assert story.after(story.plan.full_interval) == "full"


def test_a_change_asks_for_a_quick_pass_at_once_and_a_full_one_soon(tmp_path: Path) -> None:
    story = started(tmp_path)
    assert story.after(CALM + 1) == ""
    story.watched.write_text("22")
    assert story.after(4) == ""
    assert story.after(4) == "quick"
    story.ran("quick")
    assert story.after(CALM) == ""
    assert story.after(FULL_SOON) == "full"


def test_what_goes_on_changing_is_looked_at_all_the_same(tmp_path: Path) -> None:
    story = started(tmp_path)
    story.after(CALM + 1)
    modes = []
    for number in range(6):
        story.watched.write_text("x" * (number + 5))
        modes.append(story.after(SETTLE / 4))
    assert "quick" in modes


def test_new_packages_in_a_walked_folder_ask_for_a_full_pass(tmp_path: Path) -> None:
    story = started(tmp_path)
    story.after(FULL_SHARE * 0.5 + CALM + 1)
    (story.walked / "new").mkdir()
    story.after(4)
    assert story.after(4) == "full"


def test_expensive_walks_are_spread_out(tmp_path: Path) -> None:
    story = Story(tmp_path)
    assert story.after(0) == "full"
    story.ran("full", seconds=20)
    (story.walked / "new").mkdir()
    story.after(CALM)
    assert story.after(4) == "quick"
    story.ran("quick")
    assert story.after(FULL_SHARE * 20) == "full"


def test_failures_wait_longer_each_time_and_a_change_tries_at_once(tmp_path: Path) -> None:
    story = started(tmp_path)
    story.after(story.plan.interval)
    for _ in range(5):
        story.ran("quick", exits.SERVER_AWAY)
        story.after(1000)
    story.ran("quick", exits.SERVER_AWAY)
    assert story.after(100) == ""
    story.watched.write_text("changed")
    story.after(4)
    assert story.after(4) == "quick"


def test_the_server_may_ask_to_be_left_alone(tmp_path: Path) -> None:
    story = started(tmp_path)
    story.after(story.plan.interval)
    story.plan.retry_after = 500
    story.ran("quick", exits.SERVER_AWAY)
    assert story.after(499) == ""
    assert story.after(10) == "quick"


def test_a_full_pass_that_reached_the_spool_is_not_repeated(tmp_path: Path) -> None:
    story = Story(tmp_path)
    story.after(0)
    story.ran("full", exits.SERVER_AWAY)
    assert story.after(60) == "quick"


def test_a_full_pass_on_command_comes_next(tmp_path: Path) -> None:
    story = started(tmp_path)
    story.after(story.plan.interval)
    story.ran("quick", exits.AGAIN)
    assert story.after(CALM) == "full"


def test_a_path_that_appears_or_goes_away_is_a_change(tmp_path: Path) -> None:
    before = watcher.state([str(tmp_path / "x")])
    (tmp_path / "x").touch()
    assert watcher.state([str(tmp_path / "x")]) != before


def test_the_plan_is_read_back_and_strange_lines_are_passed_over(tmp_path: Path) -> None:
    plan = Plan()
    plan.interval, plan.watch, plan.walk = 60, ["/etc/passwd", os.fsdecode(b"/caf\xe9 two")], ["/usr/lib"]
    where = str(tmp_path / "plan")
    write(where, plan)
    with open(where, "ab") as file:
        file.write(b"colour red\ninterval many\n\n")
    again = read(where)
    assert (again.interval, again.watch, again.walk) == (plan.interval, plan.watch, plan.walk)
    assert read(str(tmp_path / "none")).watch == []


def test_two_agents_on_one_folder_refuse(tmp_path: Path) -> None:
    first = watcher.take_lock(str(tmp_path / "lock"))
    assert first is not None
    assert watcher.take_lock(str(tmp_path / "lock")) is None
    os.close(first)
    again = watcher.take_lock(str(tmp_path / "lock"))
    assert again is not None
    os.close(again)
