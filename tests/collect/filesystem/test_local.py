"""The local view: stays inside its root, opens regular files only, and tolerates what a live system does meanwhile."""

import errno
import os
import socket
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bartizan.collect.filesystem.interface import FileKind, FilesystemError, FilesystemView, Missing, TooLarge, exists
from bartizan.collect.filesystem.local import MAX_DEPTH, LocalView


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "passwd").write_text("outside")
    return folder


@pytest.fixture
def root(tmp_path: Path, outside: Path) -> Path:
    folder = tmp_path / "root"
    (folder / "etc/deep/deeper").mkdir(parents=True)
    (folder / "etc/passwd").write_text("inside")
    return folder


@pytest.fixture
def view(root: Path) -> LocalView:
    return LocalView(str(root))


def test_it_is_a_filesystem_view(view: LocalView) -> None:
    accepted: FilesystemView = view
    assert not accepted.live
    assert LocalView("/").live


def test_reads_below_its_root(view: LocalView) -> None:
    assert view.read("/etc/passwd") == b"inside"
    with view.open("/etc/passwd") as file:
        file.seek(2)
        assert file.read() == b"side"


@pytest.mark.parametrize(
    "target",
    [
        "/etc/passwd",
        "../../../../../../etc/passwd",
        "passwd",
        "deep/../passwd",
        "deep/deeper/../../passwd",
        "./././passwd",
        "//etc///passwd",
    ],
)
def test_links_lead_to_the_roots_own_file(root: Path, view: LocalView, target: str) -> None:
    os.symlink(target, root / "etc/link")
    assert view.read("/etc/link") == b"inside"
    assert view.resolve("/etc/link") == "/etc/passwd"
    assert view.lstat("/etc/link").kind is FileKind.LINK
    assert view.stat("/etc/link").kind is FileKind.FILE
    assert view.readlink("/etc/link") == target


def test_a_link_to_a_folder_outside_stays_inside(root: Path, view: LocalView, outside: Path) -> None:
    os.symlink(outside, root / "var")
    assert not exists(view, "/var/passwd")
    os.symlink("../" * 20 + "etc", root / "way-up")
    assert view.read("/way-up/passwd") == b"inside"
    assert [entry.name for entry in view.list("/way-up")] == ["deep", "passwd"]


def test_dots_do_not_leave_the_root(view: LocalView) -> None:
    assert view.read("/../../../etc/passwd") == b"inside"
    assert view.read("etc/passwd") == b"inside"
    assert view.resolve("/etc/deep/../..") == "/"


@pytest.mark.parametrize("kind", ["itself", "pair"])
def test_a_loop_is_an_error_and_not_a_missing_file(root: Path, view: LocalView, kind: str) -> None:
    os.symlink("b" if kind == "pair" else "a", root / "a")
    os.symlink("a", root / "b")
    for call in (view.read, view.stat, view.resolve, view.list):
        with pytest.raises(FilesystemError, match="symbolic links") as caught:
            call("/a")
        assert not isinstance(caught.value, Missing)
    assert view.lstat("/a").kind is FileKind.LINK


def test_what_is_missing_is_missing(root: Path, view: LocalView) -> None:
    os.symlink("nowhere", root / "dangling")
    for path in ("/nothing", "/dangling", "/etc/passwd/below", "/nothing/below", "/x\0y", "/" + "n" * 300, "/\ud800"):
        for call in (view.read, view.stat, view.resolve, view.list):
            with pytest.raises(Missing):
                call(path)
    with pytest.raises(FilesystemError, match="not a symbolic link"):
        view.readlink("/etc/passwd")


def test_only_regular_files_are_read(root: Path, view: LocalView) -> None:
    os.mkfifo(root / "fifo")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(root / "s"))
    os.symlink("fifo", root / "to-fifo")
    for path in ("/fifo", "/s", "/to-fifo"):
        assert view.stat(path).kind is FileKind.OTHER
        with pytest.raises(FilesystemError, match="not a regular file"):
            view.read(path)
    with pytest.raises(FilesystemError, match="is a folder"):
        view.read("/etc")
    with pytest.raises(FilesystemError, match="not a folder"):
        view.list("/etc/passwd")


def test_a_limit_is_kept(view: LocalView, root: Path) -> None:
    (root / "big").write_bytes(b"x" * 100)
    assert len(view.read("/big", 100)) == 100
    with pytest.raises(TooLarge):
        view.read("/big", 99)


def test_names_that_are_not_utf8_survive(root: Path, view: LocalView) -> None:
    os.mkdir(bytes(root) + b"/caf\xe9")
    Path(os.fsdecode(bytes(root) + b"/caf\xe9/f\xff")).write_bytes(b"odd")
    (entry,) = [entry for entry in view.walk() if entry.name.startswith("f")]
    assert os.fsencode(entry.path) == b"/caf\xe9/f\xff"
    assert view.read(entry.path) == b"odd"


def test_stat_tells_what_an_archive_keeps(root: Path, view: LocalView) -> None:
    (root / "etc/passwd").chmod(0o4751)
    os.link(root / "etc/passwd", root / "etc/again")
    found = view.stat("/etc/passwd")
    assert (found.mode, found.size, found.links, found.uid) == (0o4751, 6, 2, os.getuid())
    assert view.stat("/etc").size == 0


def test_walk_goes_depth_first_in_order_and_follows_no_link(root: Path, view: LocalView) -> None:
    os.symlink("/", root / "etc/deep/up")
    (root / "a").write_text("")
    found = list(view.walk())
    assert [(entry.path, entry.kind.value) for entry in found] == [
        ("/a", "file"),
        ("/etc", "directory"),
        ("/etc/deep", "directory"),
        ("/etc/deep/deeper", "directory"),
        ("/etc/deep/up", "link"),
        ("/etc/passwd", "file"),
    ]
    assert [entry.path for entry in view.walk("/etc/deep")] == ["/etc/deep/deeper", "/etc/deep/up"]
    with pytest.raises(Missing):
        list(view.walk("/nothing"))


def test_walk_names_but_does_not_enter_what_is_pruned(view: LocalView) -> None:
    found = [entry.path for entry in view.walk(prune=lambda entry: entry.name == "deep")]
    assert found == ["/etc", "/etc/deep", "/etc/passwd"]


def test_walk_survives_what_disappears_or_turns_into_a_link(root: Path, view: LocalView, outside: Path) -> None:
    seen = []
    for entry in view.walk():
        seen.append(entry.path)
        if entry.path == "/etc":
            (root / "etc/deep/deeper").rmdir()
        if entry.path == "/etc/deep":
            (root / "etc/deep").rmdir()
            os.symlink(outside, root / "etc/deep")
    assert seen == ["/etc", "/etc/deep", "/etc/passwd"]
    assert view.skipped() == []


def test_a_very_deep_tree_is_reported_and_not_followed_for_ever(root: Path, view: LocalView) -> None:
    here = os.getcwd()
    os.chdir(root)
    for _ in range(MAX_DEPTH + 10):
        os.mkdir("d")
        os.chdir("d")
    os.chdir(here)
    count = sum(1 for entry in view.walk() if entry.name == "d")
    assert count == MAX_DEPTH
    assert "folders deep" in view.skipped()[0].reason


def test_a_folder_that_may_not_be_entered_is_skipped_with_the_reason(
    view: LocalView, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.open

    def denied(path: str, *arguments: int, **named: int) -> int:
        if path == "deep":  # root may enter every folder, so the kernel's answer is given here
            raise PermissionError(errno.EACCES, "Permission denied")
        return real(path, *arguments, **named)

    monkeypatch.setattr(os, "open", denied)
    assert [entry.path for entry in view.walk()] == ["/etc", "/etc/deep", "/etc/passwd"]
    assert [(error.path, error.reason) for error in view.skipped()] == [("/etc/deep", "permission denied")]


def test_walk_gives_its_descriptors_back(view: LocalView) -> None:
    before = len(os.listdir("/proc/self/fd"))
    walk = view.walk()
    next(walk)
    next(walk)
    walk.close()  # type: ignore[attr-defined]
    for _ in range(50):
        with pytest.raises(Missing):
            view.read("/etc/deep/nothing")
    assert len(os.listdir("/proc/self/fd")) == before


def test_nobody_leads_a_read_out_by_swapping_a_folder_for_a_link(root: Path, view: LocalView, outside: Path) -> None:
    (root / "home").mkdir()
    (root / "home/passwd").write_text("inside")
    stop = threading.Event()

    def swap() -> None:
        while not stop.is_set():
            os.rename(root / "home", root / "moved")
            os.symlink(outside, root / "home")
            os.unlink(root / "home")
            os.rename(root / "moved", root / "home")

    thread = threading.Thread(target=swap)
    thread.start()
    try:
        for _ in range(2000):
            try:
                assert view.read("/home/passwd") == b"inside"
            except FilesystemError:
                continue
    finally:
        stop.set()
        thread.join()


def test_the_running_system_reads_proc_and_leaves_it_out_of_walks() -> None:
    view = LocalView("/")
    assert view.read("/proc/self/status").startswith(b"Name:")
    assert view.resolve("/proc/self/cwd") == os.path.realpath(os.getcwd())
    top = [entry.path for entry in view.walk(prune=lambda entry: entry.path not in ("/proc", "/sys"))]
    assert "/proc" in top
    assert not any(path.startswith(("/proc/", "/sys/")) for path in top)


def test_a_root_that_is_no_folder_is_refused(root: Path) -> None:
    with pytest.raises(FilesystemError, match="not a folder"):
        LocalView(str(root / "etc/passwd"))


@settings(max_examples=150, deadline=None)
@given(
    path=st.text(st.sampled_from("/.ab\0é"), max_size=20),
    target=st.text(st.sampled_from("/.ab"), min_size=1, max_size=12),
)
def test_no_path_breaks_it(tmp_path_factory: pytest.TempPathFactory, path: str, target: str) -> None:
    root = tmp_path_factory.mktemp("any")
    (root / "a/b").mkdir(parents=True)
    (root / "a/a").write_text("x")
    os.symlink(target, root / "b")
    view = LocalView(str(root))
    for call in (view.read, view.stat, view.lstat, view.resolve, view.list, view.readlink):
        try:
            call(path)
        except FilesystemError:
            continue
