"""What the agent costs on this host: memory that stays, memory and processor time of a pass, bytes on the wire.

    python benchmarks/agent.py [--root DIR] [--rest SECONDS]

Runs a real server and real passes, with a relay between them that counts. Peers' published figures stand beside ours.
"""

import argparse
import os
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "tests")]

from bartizan.sensors.agent import plan, watcher
from server_process import SOURCE, Running, run_server

PROGRAM = str(Path(SOURCE) / "bartizan/sensors/agent/__main__.py")

LAUNCHER = (
    "import os, sys\n"
    "child = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)\n"
    "_, status, usage = os.wait4(child, 0)\n"
    "print(os.waitstatus_to_exitcode(status), usage.ru_utime + usage.ru_stime, usage.ru_maxrss)\n"
)
"""Starts a pass from a process as small as the watcher: a peak is never told as less than the starter's own."""


@dataclass(slots=True)
class Relay:
    """Passes bytes on to a port and counts those that the agent sends and gets."""

    target: int
    sent: int = 0
    received: int = 0
    listener: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0)))

    @property
    def port(self) -> int:
        return int(self.listener.getsockname()[1])

    def serve(self) -> None:
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", self.target))
            threading.Thread(target=self._pump, args=(near, far, "sent"), daemon=True).start()
            threading.Thread(target=self._pump, args=(far, near, "received"), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket, counter: str) -> None:
        while chunk := source.recv(65536):
            setattr(self, counter, getattr(self, counter) + len(chunk))
            sink.sendall(chunk)
        sink.shutdown(socket.SHUT_WR)


@dataclass(frozen=True, slots=True)
class Cost:
    """One pass."""

    wall: float
    cpu: float
    peak_mib: float
    sent: int
    received: int


def one_pass(mode: str, words: list[str], relay: Relay) -> Cost:
    sent, received, began = relay.sent, relay.received, time.monotonic()
    told = subprocess.run(
        [sys.executable, "-I", "-S", "-c", LAUNCHER, sys.executable, "-I", "-S", PROGRAM, "pass", mode, *words],
        stderr=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    wall = time.monotonic() - began
    code, cpu, peak = told.stdout.split()
    if code != "0":
        raise SystemExit(f"the {mode} pass ended with code {code}")
    time.sleep(0.2)
    return Cost(wall, float(cpu), float(peak) / 1024, relay.sent - sent, relay.received - received)


def watcher_cost(state: Path, words: list[str], seconds: float) -> tuple[float, float, float]:
    """(resident MiB, private MiB, share of a core) of the watcher alone, at rest."""
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", PROGRAM, "watch", str(state), str(watcher.POLL), *words], stderr=subprocess.DEVNULL
    )
    folder = Path(f"/proc/{process.pid}")
    try:
        wait_for_rest(process.pid)
        before = _ticks(folder)
        time.sleep(seconds)
        share = (_ticks(folder) - before) / os.sysconf("SC_CLK_TCK") / seconds
        rollup = (folder / "smaps_rollup").read_text()
        private = sum(_kib(rollup, name) for name in ("Private_Clean", "Private_Dirty"))
        return _kib(rollup, "Rss") / 1024, private / 1024, share
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


def wait_for_rest(process: int) -> None:
    """Until the first pass is over."""
    deadline = time.monotonic() + 300
    seen = False
    while time.monotonic() < deadline:
        children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
        if seen and not children:
            return
        seen = seen or bool(children)
        time.sleep(0.05)
    raise SystemExit("the first pass did not end within five minutes")


def _ticks(folder: Path) -> int:
    columns = (folder / "stat").read_text().rpartition(")")[2].split()
    return int(columns[11]) + int(columns[12])


def _kib(text: str, name: str) -> int:
    return int(text.partition(f"{name}:")[2].split()[0])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", default="/")
    parser.add_argument("--rest", type=float, default=60.0, help="seconds for which the watcher is watched")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        server = run_server(folder)
        try:
            measure(server, folder, chosen.root, chosen.rest)
        finally:
            server.stop()


def measure(server: Running, folder: Path, root: str, rest: float) -> None:
    relay = Relay(server.port)
    threading.Thread(target=relay.serve, daemon=True).start()
    state, key = folder / "state", folder / "key"
    state.mkdir()
    key.write_text(server.activation_key())
    words = ["--state", str(state), "--server", f"http://127.0.0.1:{relay.port}", "--root", root]
    words += ["--activation-key-file", str(key)]
    passes = {
        "first pass (full)": one_pass("full", words, relay),
        "second pass (quick)": one_pass("quick", words, relay),
        "third pass (quick)": one_pass("quick", words, relay),
        "full pass again": one_pass("full", words, relay),
    }
    watched = plan.read(str(state / "plan"))
    resident, private, share = watcher_cost(state, words, rest)
    quick = passes["third pass (quick)"]
    print(f"{'':24}{'wall s':>8}{'CPU s':>8}{'peak MiB':>10}{'sent B':>10}{'got B':>8}")
    for name, cost in passes.items():
        print(f"{name:24}{cost.wall:8.2f}{cost.cpu:8.2f}{cost.peak_mib:10.1f}{cost.sent:10,}{cost.received:8,}")
    paths = len(watched.watch) + len(watched.walk)
    print(f"\nwatcher at rest: {resident:.1f} MiB resident, {private:.1f} MiB private, {paths} paths watched")
    print(f"  {share:.3%} of a core for watching, {share + quick.cpu / plan.INTERVAL:.3%} with quick passes")
    daily = 86400 / plan.INTERVAL * (quick.sent + quick.received)
    print(f"  {daily / 1000:.0f} kB a day where nothing changes ({quick.sent + quick.received} B a pass)")
    print("\npublished by peers: Qualys agent 5 MB, 0.01 % idle (2017); Wazuh syscheckd 8 + modulesd 6.5 to 79 MB;")
    print("osquery watchdog limits 100 to 200 MB")
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"\n(this benchmark's own children used {children.ru_utime + children.ru_stime:.1f} CPU s in all)")


if __name__ == "__main__":
    main()
