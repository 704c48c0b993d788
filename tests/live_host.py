"""`bartizan scan host` inside a root folder, as on the machine that it would be: the folder is `/`, with a `/proc`,
`/sys` and `/dev` of its own, and processes, sockets, mounts and a name that are nobody else's.

The program comes from outside: interpreter, modules and libraries of the tests are mounted below `/dev`, which no walk
enters, and started by their own loader, so that they do not depend on what the root has.
"""

import os
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path

_PLACE = "/dev/outside"
_SCRIPT = """
set -e
root=$1; loader=$2; libraries=$3; modules=$4; python=$5; shift 5
mount --make-rprivate /
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
mknod -m 666 "$root/dev/null" c 1 3
mknod -m 666 "$root/dev/urandom" c 1 9
mkdir "$root/dev/shm"
while [ "$1" != -- ]; do
  mkdir -p "$root/dev/outside$1"
  mount --bind "$1" "$root/dev/outside$1"
  shift
done
shift
exec chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin HOME=/root PYTHONDONTWRITEBYTECODE=1 \
  PYTHONPATH="$modules" "$loader" --library-path "$libraries" "$python" -m bartizan.cli.main scan host "$@"
"""


class NoNamespaces(Exception):
    """Nothing can be run as a machine of its own here, and why."""


def scan_as_live(root: Path, outside: Sequence[Path], *arguments: str) -> subprocess.CompletedProcess[str]:
    """`bartizan scan host` in the root; the folders `outside` are there under `within(...)`."""
    separate = ["unshare", "--mount", "--pid", "--net", "--uts", "--ipc", "--fork"]
    probe = subprocess.run([*separate, "true"], capture_output=True, text=True, check=False)
    if probe.returncode or os.geteuid() != 0:
        raise NoNamespaces(f"no namespaces can be made here: {probe.stderr.strip() or 'that needs root'}")
    modules = [
        Path(__file__).parents[1] / "src",
        *map(Path, {sysconfig.get_path(kind) for kind in ("purelib", "platlib")}),
    ]
    loader, libraries = _libraries()
    places = dict.fromkeys([Path(sys.base_prefix), *modules, loader.parent, *libraries, *outside])
    words = [
        *("sh", "-c", _SCRIPT, "sh", root, within(loader), ":".join(map(within, libraries))),
        *(":".join(map(within, modules)), within(Path(sys.executable).resolve()), *places, "--", *arguments),
    ]
    environment = {"PATH": f"{os.defpath}:/usr/sbin:/sbin"}
    return subprocess.run(
        [*separate, *map(str, words)], capture_output=True, text=True, check=False, timeout=300, env=environment
    )


def within(path: Path) -> str:
    """Where a path of this machine is in the root."""
    return f"{_PLACE}{path}"


def _libraries() -> tuple[Path, list[Path]]:
    """The loader of this very process, and the folders that its libraries come from."""
    import ctypes  # noqa: F401 - so that its libraries are among them, as those of the others
    import lzma  # noqa: F401
    import sqlite3  # noqa: F401
    import ssl  # noqa: F401

    mapped = {
        Path(line.split(maxsplit=5)[5]) for line in Path("/proc/self/maps").read_text().splitlines() if "/" in line
    }
    loader = next(path for path in mapped if path.name.startswith("ld-"))
    folders = {path.parent for path in mapped if ".so" in path.name}
    return loader, sorted(folders | {Path(sys.base_prefix, "lib")})
