"""Section `disk`: one walk sees what is out of the ordinary, and readers of packages see the same files as before."""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bartizan.collect.filesystem.local import LocalView
from bartizan.collect.host.disk import TOLD, Survey
from bartizan.collect.host.snapshot import collect_host
from bartizan.collect.packages.discover import read_packages
from bartizan.model.snapshot import Section
from host_folder import write

NOW = datetime(2026, 11, 23, tzinfo=UTC)
ACCOUNTS = {
    "/etc/passwd": "root:x:0:0::/root:/bin/sh\nalice:x:1000:1000::/home/alice:/bin/sh\n",
    "/etc/group": "root:x:0:\nalice:x:1000:\n",
}
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")


def survey(root: Path, files: dict[str, str | bytes] | None = None) -> Section:
    write(root, {**ACCOUNTS, **(files or {})})
    return look(root)


def look(root: Path) -> Section:
    seen = Survey(LocalView(str(root)))
    list(seen.walk("/", lambda _: False))
    return seen.section()


def paths(section: Section, name: str) -> list[str]:
    facts: Any = section.facts
    return [each["path"] for each in facts[name]]


def test_an_ordinary_folder_has_nothing_to_tell(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    section = survey(tmp_path, {"/usr/bin/tool": "", "/tmp/": ""})
    (tmp_path / "tmp").chmod(0o1777)
    facts: Any = look(tmp_path).facts
    assert (facts["privileged"], facts["writable"], facts["left_out"]) == ([], [], [])
    assert section.problems == ()


def test_programs_with_privileges(tmp_path: Path) -> None:
    survey(tmp_path, {"/usr/bin/a": "", "/usr/bin/b": "", "/usr/bin/c": "", "/usr/lib/folder/": ""})
    for name, mode in (("bin/a", 0o4755), ("bin/b", 0o2755), ("bin/c", 0o755), ("lib/folder", 0o2755)):
        (tmp_path / "usr" / name).chmod(mode)
    assert paths(look(tmp_path), "privileged") == ["/usr/bin/a", "/usr/bin/b"]


def test_what_everybody_may_write(tmp_path: Path) -> None:
    survey(tmp_path, {"/srv/f": "", "/srv/drop/": "", "/srv/sticky/": "", "/srv/link": "-> f", "/srv/shut/f": ""})
    for name, mode in (("f", 0o666), ("drop", 0o777), ("sticky", 0o1777), ("shut/f", 0o666), ("shut", 0o750)):
        (tmp_path / "srv" / name).chmod(mode)
    facts: Any = look(tmp_path).facts
    assert [(each["path"], each["kind"], each["reachable"]) for each in facts["writable"]] == [
        ("/srv/drop", "directory", True),
        ("/srv/f", "file", True),
        ("/srv/shut/f", "file", False),
    ]


@needs_root
def test_of_a_folder_of_nobody_only_the_folder_is_told(tmp_path: Path) -> None:
    survey(tmp_path, {"/srv/old/a": "", "/srv/old/b": "", "/srv/other": "", "/srv/known": ""})
    for name, uid, gid in (
        ("old", 77, 0),
        ("old/a", 77, 0),
        ("old/b", 78, 0),
        ("other", 0, 4000),
        ("known", 1000, 1000),
    ):
        os.chown(tmp_path / "srv" / name, uid, gid)
    assert paths(look(tmp_path), "orphans") == ["/srv/old", "/srv/old/b", "/srv/other"]


@needs_root
def test_ids_of_containers_and_of_running_services_belong_to_somebody(tmp_path: Path) -> None:
    survey(tmp_path, {"/etc/subuid": "alice:100000:65536\n", "/etc/subgid": "alice:100000:65536\n", "/a": "", "/b": ""})
    os.chown(tmp_path / "a", 100999, 100999)
    os.chown(tmp_path / "b", 61500, 61500)
    assert paths(look(tmp_path), "orphans") == []


def test_names_that_come_from_elsewhere_make_owners_unknown(tmp_path: Path) -> None:
    section = survey(
        tmp_path, {"/etc/nsswitch.conf": "passwd: files sss [NOTFOUND=return] systemd\nhosts: files dns\n"}
    )
    assert [(each.path, "sss" in each.reason) for each in section.problems] == [("@orphans", True)]


def test_lists_are_bounded_and_the_rest_is_counted(tmp_path: Path) -> None:
    section = survey(tmp_path, {f"/srv/{number:04}": "" for number in range(TOLD + 3)})
    for path in (tmp_path / "srv").iterdir():
        path.chmod(0o666)
    section = look(tmp_path)
    facts: Any = section.facts
    assert (len(facts["writable"]), facts["writable_left_out"]) == (TOLD, 3)
    assert [each.path for each in section.problems] == ["@writable_left_out"]


def test_storage_of_containers_is_left_out_and_said_so(tmp_path: Path) -> None:
    survey(tmp_path, {"/var/lib/docker/overlay2/x/sh": ""})
    (tmp_path / "var/lib/docker/overlay2/x/sh").chmod(0o4755)
    section = look(tmp_path)
    assert (paths(section, "privileged"), section.facts["left_out"]) == ([], ["/var/lib/docker"])  # type: ignore[index,call-overload]


@pytest.mark.parametrize("pruned", [True, False])
def test_what_readers_do_not_enter_is_seen_all_the_same(tmp_path: Path, pruned: bool) -> None:
    write(tmp_path, {**ACCOUNTS, "/usr/__pycache__/sh": "", "/usr/z": ""})
    (tmp_path / "usr/__pycache__/sh").chmod(0o4755)
    seen = Survey(LocalView(str(tmp_path)))
    shown = [entry.path for entry in seen.walk("/", lambda entry: pruned and entry.name == "__pycache__")]
    assert ("/usr/__pycache__/sh" in shown) is not pruned
    assert {"/usr/__pycache__", "/usr/z"} <= set(shown)
    assert paths(seen.section(), "privileged") == ["/usr/__pycache__/sh"]


def test_the_readers_find_the_same_packages_with_and_without_company(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            **ACCOUNTS,
            "/var/lib/dpkg/status": "Package: sudo\nStatus: install ok installed\nArchitecture: all\nVersion: 1\n\n",
            "/var/lib/dpkg/info/sudo.list": "/.\n/usr/bin/sudo\n",
            "/usr/bin/sudo": b"\x7fELF" + bytes(40000),
            "/srv/package-lock.json": '{"lockfileVersion": 3, "packages": {"node_modules/a": {"version": "1.0.0"}}}',
            "/var/lib/dpkg/statoverride": "root root 4750 /usr/bin/sudo\n",
        },
    )
    (tmp_path / "usr/bin/sudo").chmod(0o4755)
    view = LocalView(str(tmp_path))
    together = read_packages(view, companion=(seen := Survey(view)))
    assert together == read_packages(LocalView(str(tmp_path)))
    facts: Any = seen.section().facts
    assert [(each["package"], each["chosen_mode"]) for each in facts["privileged"]] == [("sudo", 0o4750)]


def test_a_view_without_a_quick_walk_sees_the_same(tmp_path: Path) -> None:
    write(tmp_path, {**ACCOUNTS, "/usr/bin/a": "", "/srv/f": ""})
    (tmp_path / "usr/bin/a").chmod(0o4755)
    (tmp_path / "srv/f").chmod(0o666)

    class Slow:
        """A view of which only what the door promises is known."""

        def __init__(self, inner: LocalView) -> None:
            self.live, self._inner = False, inner
            self.walk, self.lstat, self.read = inner.walk, inner.lstat, inner.read
            self.skipped: Callable[[], Any] = inner.skipped

    slow = Survey(Slow(LocalView(str(tmp_path))))  # type: ignore[arg-type]
    list(slow.walk("/", lambda _: False))
    assert slow.section() == look(tmp_path)


def test_a_host_has_the_section(tmp_path: Path) -> None:
    write(tmp_path, ACCOUNTS)
    assert collect_host(LocalView(str(tmp_path)), sensor="test", now=NOW).sections["disk"].facts is not None
