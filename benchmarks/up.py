"""From `make up` in a fresh clone to this host's findings: a stopwatch over every phase that a newcomer waits for.

    python benchmarks/up.py [FEEDS]        FEEDS defaults to ../shared/feeds

Package managers' caches are as they are (warm, if anything was installed before); everything else is new: environment,
UI, data folder, advisories.
"""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[1]
PATIENCE = 600


def main() -> None:
    feeds = Path(sys.argv[1]) if len(sys.argv) > 1 else CHECKOUT.parent / "shared" / "feeds"
    if not feeds.is_dir():
        sys.exit(f"{feeds}: there is no folder of feeds; give one as the argument")
    with tempfile.TemporaryDirectory() as folder:
        clone = Path(folder) / "bartizan"
        subprocess.run(["git", "clone", "--quiet", str(CHECKOUT), str(clone)], check=True)
        first = run(clone, feeds, Path(folder) / "data", "")
        print("second start, everything in place:")
        run(clone, feeds, Path(folder) / "data", first)


def run(clone: Path, feeds: Path, data: Path, password: str) -> str:
    """One `make up`, measured until findings of vulnerabilities can be read; the administrator's password."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    began = time.perf_counter()
    words = ["make", "up", f"FEEDS={feeds}", f"ARGS=--port {port} --data {data}"]
    environment = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "VIRTUAL_ENV"}}
    process = subprocess.Popen(
        words, cwd=clone, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        start_new_session=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        for line in process.stdout:
            shown = re.search(r"password    (\S+)   shown this once", line)
            password = shown[1] if shown else password
            if line.startswith("ctrl-C"):
                break
        else:
            sys.exit("`make up` ended before the server answered")
        told("the server answers", began)
        get = signed_in(f"http://127.0.0.1:{port}/api/v1", password)
        wait(lambda: get("/assets")["items"])
        told("this host is there", began)
        wait(lambda: get("/assets")["items"][0]["policy_pass"])
        told("its policy results", began)
        wait(lambda: get("/findings?query=kind:vulnerability&limit=1")["items"])
        told("its vulnerabilities", began)
    finally:
        os.killpg(process.pid, signal.SIGINT)
        process.communicate()
    return password


def told(what: str, began: float) -> None:
    print(f"  {what:<24}{time.perf_counter() - began:6.1f} s", flush=True)


def wait(what: Callable[[], Any]) -> None:
    until = time.monotonic() + PATIENCE
    while not what():
        if time.monotonic() > until:
            sys.exit(f"not within {PATIENCE} s")
        time.sleep(0.2)


def signed_in(address: str, password: str) -> Callable[[str], Any]:
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(CookieJar())
    )
    body = json.dumps({"username": "admin", "password": password}).encode()
    request = urllib.request.Request(f"{address}/session", body, {"Content-Type": "application/json"})
    opener.open(request, timeout=30).close()

    def get(path: str) -> Any:
        with opener.open(address + path, timeout=30) as response:
            return json.load(response)

    return get


if __name__ == "__main__":
    main()
