"""What content was read as, remembered beside it: the same value and lines, and only ever of the very same bytes."""

import json
import os
import zlib
from pathlib import Path
from typing import Any

import pytest

from bartizan.content import documents, remembered
from bartizan.content.documents import ContentError, Document, read_document

TEXT = b"""rules:
  - id: one
    words: [a, 'b']
    share: 0.5
  - id: two
    count: 12
    open: true
    none: ~
"""


@pytest.fixture
def content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of the program's own content, which may be remembered."""
    monkeypatch.setattr(documents, "FOLDER", tmp_path)
    monkeypatch.setattr("sys.dont_write_bytecode", False)
    path = tmp_path / "rules.yaml"
    path.write_bytes(TEXT)
    return path


def kept(path: Path) -> Path:
    return path.parent / "__pycache__/rules.dat"


def told(document: Document) -> tuple[Any, dict[Any, int]]:
    return document.value, dict(document.lines)


@pytest.fixture
def not_parsed(content: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Any, dict[Any, int]]:
    """What reading gives; from here on nothing can be parsed any more."""
    first = told(read_document(content))

    def refuse(_: bytes, name: str) -> Document:
        raise ContentError(name, 0, "was parsed")

    monkeypatch.setattr(documents, "parse_document", refuse)
    return first


def test_values_and_lines_are_the_same(content: Path, not_parsed: tuple[Any, dict[Any, int]]) -> None:
    again = read_document(content, "rules.yaml")
    assert told(again) == not_parsed
    assert not_parsed[0]["rules"][1] == {"id": "two", "count": 12, "open": True, "none": None}
    assert str(again.error(("rules", 1, "count"), "too many")) == "rules.yaml:6: too many"


def test_other_bytes_are_parsed(content: Path, not_parsed: tuple[Any, dict[Any, int]]) -> None:
    content.write_bytes(TEXT + b"# a note\n")
    with pytest.raises(ContentError, match="was parsed"):
        read_document(content)


def test_another_dialect_is_parsed(
    content: Path, not_parsed: tuple[Any, dict[Any, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(documents, "REVISION", documents.REVISION + 1)
    with pytest.raises(ContentError, match="was parsed"):
        read_document(content)


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"no zlib",
        zlib.compress(b"no JSON"),
        zlib.compress(b"[1, 2]"),
        zlib.compress(b"{}"),
        zlib.compress(b"[" * 100_000),
        zlib.compress(json.dumps(["0" * 64, {"rules": []}, "[]"]).encode()),
    ],
)
def test_what_is_damaged_is_read_past(content: Path, not_parsed: tuple[Any, dict[Any, int]], damage: bytes) -> None:
    kept(content).write_bytes(damage)
    with pytest.raises(ContentError, match="was parsed"):
        read_document(content)


def test_what_others_may_write_is_read_past(content: Path, not_parsed: tuple[Any, dict[Any, int]]) -> None:
    assert kept(content).stat().st_mode & 0o022 == 0
    kept(content).chmod(0o664)
    with pytest.raises(ContentError, match="was parsed"):
        read_document(content)


def test_it_says_nothing_that_a_search_for_malware_would_find(content: Path) -> None:
    content.write_bytes(b"rules:\n  - text: this_would_be_found\n")
    read_document(content)
    assert b"would_be_found" not in kept(content).read_bytes()


def test_nothing_is_kept_where_byte_code_is_not(content: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.dont_write_bytecode", True)
    read_document(content)
    assert not kept(content).exists()


def test_nothing_is_kept_of_files_of_the_user(content: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    own = tmp_path_factory.mktemp("own") / "rules.yaml"
    own.write_bytes(TEXT)
    read_document(own)
    assert os.listdir(own.parent) == ["rules.yaml"]


def test_a_folder_that_cannot_be_written_is_no_error(content: Path) -> None:
    (content.parent / "__pycache__").write_bytes(b"a file in its place")
    assert read_document(content).value["rules"][0]["id"] == "one"
    assert remembered.recall(content, TEXT, documents.REVISION) is None


def test_a_bomb_is_read_past(content: Path, not_parsed: tuple[Any, dict[Any, int]]) -> None:
    kept(content).write_bytes(zlib.compress(b" " * (64 << 20)))
    with pytest.raises(ContentError, match="was parsed"):
        read_document(content)
