"""A real engine for tests: its own folder, the vfs driver, no network."""

import io
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from bartizan.collect.host.docker.engine import Engine, EngineError

DEADLINE = 60


@dataclass(frozen=True)
class RunningEngine:
    folder: Path
    socket: str

    def docker(self, *words: str) -> str:
        """The output of a docker command."""
        done = subprocess.run(
            ["docker", "-H", f"unix://{self.socket}", *words], capture_output=True, text=True, check=False, timeout=120
        )
        assert done.returncode == 0, f"docker {words}: {done.stderr}"
        return done.stdout.strip()


@contextmanager
def running_engine(configuration: dict[str, object], *arguments: str) -> Iterator[RunningEngine]:
    """An engine with this daemon.json; skips where none can run."""
    if shutil.which("dockerd") is None or shutil.which("docker") is None:
        pytest.skip("dockerd is not installed")
    if os.geteuid() != 0:
        pytest.skip("dockerd needs root")
    folder = Path(tempfile.mkdtemp(prefix="bz-docker-", dir="/tmp"))
    (folder / "daemon.json").write_text(json.dumps(configuration))
    socket = folder / "docker.sock"
    command = [
        "dockerd", f"--config-file={folder / 'daemon.json'}", "--storage-driver", "vfs", "--bridge=none",
        "--iptables=false", "--ip6tables=false", "--data-root", str(folder / "data"), "--exec-root",
        str(folder / "exec"), "-H", f"unix://{socket}", "-p", str(folder / "pid"), *arguments,
    ]  # fmt: skip
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    engine = RunningEngine(folder, str(socket))
    try:
        waited = time.monotonic() + DEADLINE
        while not _answers(socket):
            if process.poll() is not None or time.monotonic() > waited:
                pytest.skip(f"dockerd does not start here: {(folder / 'log').read_text()[-400:]}")
            time.sleep(0.1)
        yield engine
        # With live-restore they would outlive the engine.
        if left := engine.docker("ps", "--quiet").split():
            engine.docker("rm", "--force", *left)
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(30)
        if process.poll() is None:
            process.kill()
            process.wait()
        for line in Path("/proc/self/mounts").read_text().splitlines():
            if line.split()[1].startswith(str(folder)):
                subprocess.run(["umount", "-l", line.split()[1]], check=False)
        shutil.rmtree(folder, ignore_errors=True)


def _answers(socket: Path) -> bool:
    try:
        Engine(str(socket), timeout=5).get("/version")
    except EngineError:
        return False
    return True


def build_image(engine: RunningEngine, tag: str, dockerfile: str, files: dict[str, bytes]) -> None:
    """An image of the engine's own builder, whose steps reach no network."""
    context = Path(tempfile.mkdtemp(dir=engine.folder))
    (context / "Dockerfile").write_text(dockerfile)
    for name, data in files.items():
        (context / name).write_bytes(data)
    done = subprocess.run(
        ["docker", "-H", f"unix://{engine.socket}", "build", "--network", "none", "-t", tag, str(context)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**os.environ, "DOCKER_BUILDKIT": "0"},
    )
    assert done.returncode == 0, done.stdout + done.stderr


def import_shell(engine: RunningEngine, tag: str) -> None:
    """A base image whose shell succeeds at whatever it is told, so that any step can be built."""
    source, target = engine.folder / "shell.c", engine.folder / "shell"
    source.write_text("int main(void) { return 0; }\n")
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler is installed")
    subprocess.run([compiler, "-static", "-Os", "-o", str(target), str(source)], check=True)
    archive = engine.folder / "shell.tar"
    with tarfile.open(archive, "w") as tar:
        info = tarfile.TarInfo("bin/sh")
        info.mode, info.size = 0o755, target.stat().st_size
        tar.addfile(info, io.BytesIO(target.read_bytes()))
    engine.docker("import", str(archive), tag)


def import_image(engine: RunningEngine, tag: str, *changes: str) -> None:
    """An image that holds one static program, which sleeps, with changes as `docker import -c` takes them."""
    program = _sleeper(engine.folder)
    archive = engine.folder / "image.tar"
    with tarfile.open(archive, "w") as tar:
        for name in ("bin", "etc", "mnt"):
            folder = tarfile.TarInfo(name)
            folder.type, folder.mode = tarfile.DIRTYPE, 0o755
            tar.addfile(folder)
        info = tarfile.TarInfo("bin/sleep")
        info.mode, info.size = 0o755, len(program)
        tar.addfile(info, io.BytesIO(program))
    engine.docker("import", *(word for change in changes for word in ("-c", change)), str(archive), tag)


def _sleeper(folder: Path) -> bytes:
    """A static program for this machine: busybox where it is, else one made by the C compiler."""
    for path in ("/bin/busybox", "/usr/bin/busybox"):
        if Path(path).is_file():
            return Path(path).read_bytes()
    source, target = folder / "sleep.c", folder / "sleep"
    source.write_text("#include <unistd.h>\nint main(void) { for (;;) sleep(1000); }\n")
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        pytest.skip("neither busybox nor a C compiler is installed")
    subprocess.run([compiler, "-static", "-Os", "-o", str(target), str(source)], check=True)
    return target.read_bytes()
