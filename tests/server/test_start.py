"""What is in the way of a server that starts, told with what to do; keys that are private; bootstrap that repeats."""

import socket
import stat
from pathlib import Path

import pytest

from bartizan.inventory.errors import StoreError
from bartizan.server import keys
from bartizan.server.application import create_app
from bartizan.server.bootstrap import bootstrap, generate_password, local_activation_key, new_password
from bartizan.server.run import bind, run
from bartizan.server.settings import CannotStart, Settings, prepare
from server_process import Running, free_port


def test_a_port_that_is_taken_is_told_with_another_one() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(CannotStart, match=rf"127.0.0.1:{port} is taken.*--port {port + 1}"):
            bind("127.0.0.1", port)


def test_an_address_that_is_not_ours_is_told() -> None:
    with pytest.raises(CannotStart, match="no such address"):
        bind("192.0.2.1", free_port())


def test_nothing_is_written_where_the_port_is_taken(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        settings = Settings(data_dir=tmp_path / "data", port=other.getsockname()[1])
        with pytest.raises(CannotStart):
            run(settings, configure_logs=False)
    assert not (tmp_path / "data" / "bartizan.db").exists()


def test_a_data_folder_in_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CannotStart, match=r"data folder .* cannot be written.*--data"):
        prepare(Settings(data_dir=tmp_path / "file" / "data"))


def test_a_data_folder_where_nobody_may_write_is_told() -> None:
    with pytest.raises(CannotStart, match=r"data folder /proc/bartizan cannot be written"):
        prepare(Settings(data_dir=Path("/proc/bartizan")))


def test_a_database_that_is_none_is_left_alone(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    (tmp_path / "bartizan.db").write_bytes(b"my diary\n" * 1000)
    with pytest.raises(StoreError, match=r"bartizan\.db"):
        create_app(settings)
    assert (tmp_path / "bartizan.db").read_bytes() == b"my diary\n" * 1000


def test_the_data_folder_and_its_keys_are_private(server: Running) -> None:
    folder = server.settings.data_dir
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    key = folder / "keys" / "uplink.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600


def test_a_key_is_made_once(tmp_path: Path) -> None:
    first = keys.load_or_make(tmp_path, "uplink")
    assert len(first) == 32
    assert keys.load_or_make(tmp_path, "uplink") == first
    assert keys.load_or_make(tmp_path, "other") != first


@pytest.mark.parametrize(("content", "mode"), [("ab" * 32, 0o644), ("ab", 0o600), ("zz" * 32, 0o600), ("é", 0o600)])
def test_a_key_that_cannot_be_trusted_is_refused(tmp_path: Path, content: str, mode: int) -> None:
    path = tmp_path / "uplink.key"
    path.write_text(content)
    path.chmod(mode)
    with pytest.raises(CannotStart, match=str(path)):
        keys.load_or_make(tmp_path, "uplink")


def test_the_first_password_is_told_once(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    first = bootstrap(settings)
    assert first.username == "admin"
    assert first.password
    assert bootstrap(settings).password is None
    assert new_password(settings) != first.password
    for path in tmp_path.rglob("*"):
        if path.is_file():
            assert first.password.encode() not in path.read_bytes()


def test_passwords_are_long_and_differ() -> None:
    some = {generate_password() for _ in range(50)}
    assert len(some) == 50
    assert all(len(one) == 23 for one in some)


def test_the_local_key_admits_once_and_replaces_the_one_before(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    bootstrap(settings)
    path = local_activation_key(settings)
    first = path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert local_activation_key(settings).read_text() != first


def test_addresses() -> None:
    assert Settings(data_dir=Path("d")).url == "http://127.0.0.1:8480"
    assert Settings(data_dir=Path("d"), host="::1").url == "http://[::1]:8480"
    assert Settings(data_dir=Path("d"), public_url="https://x.example/").secure
    assert "x.example" in Settings(data_dir=Path("d"), public_url="https://x.example/").hosts
    assert not Settings(data_dir=Path("d"), host="0.0.0.0").hosts
