"""How fast packages are found: a dpkg status of 800 packages, 2,000 nested jars (bound: 10 s), a pnpm lock of 30,000
packages, an RPM SQLite database of 2,000 packages, and the walk over this whole machine.

python benchmarks/packages.py
"""

import io
import os
import resource
import sqlite3
import struct
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

from bartizan.collect.filesystem.local import LocalView
from bartizan.collect.interface import Problems
from bartizan.collect.packages.discover import read_packages
from bartizan.collect.packages.readers import READERS

BY_NAME = {reader.name: reader for reader in READERS}


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for reader, title, write in (
            ("dpkg", "dpkg status, 800 packages", dpkg_status),
            ("java-archive", "2,000 nested jars, stored", lambda path: nested_jars(path, zipfile.ZIP_STORED)),
            ("java-archive", "2,000 nested jars, compressed", lambda path: nested_jars(path, zipfile.ZIP_DEFLATED)),
            ("pnpm-lock", "pnpm lock, 30,000 packages", pnpm_lock),
            ("rpm", "rpmdb.sqlite, 2,000 packages", rpm_database),
        ):
            measure(folder, reader, title, write)
    walk()


def measure(folder: Path, reader: str, title: str, write: Callable[[Path], None]) -> None:
    file = folder / reader
    file.unlink(missing_ok=True)
    write(file)
    view, problems = LocalView(str(folder)), Problems()
    wall, cpu = time.perf_counter(), time.process_time()
    count = sum(1 for _ in BY_NAME[reader].read(view, f"/{reader}", problems))
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    assert not problems.found, problems.found[:3]
    size = file.stat().st_size / (1 << 20)
    print(f"{title:<32}{size:7.1f} MB{count:8} packages{wall * 1000:9.1f} ms wall{cpu * 1000:9.1f} ms CPU")


def walk() -> None:
    wall, cpu = time.perf_counter(), time.process_time()
    sections = read_packages(LocalView("/"))
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    count = sum(len(section.facts) for section in sections.values() if isinstance(section.facts, list))
    used = os.statvfs("/").f_files - os.statvfs("/").f_ffree
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    print(
        f"{'this machine':<32}{used:7} inodes{count:5} packages{wall:9.1f} s wall{cpu:12.1f} s CPU{peak:6} MB at most"
    )


def dpkg_status(path: Path) -> None:
    text = (
        "Package: package-{0}\nStatus: install ok installed\nPriority: optional\nSection: libs\nInstalled-Size: 100\n"
    )
    text += "Maintainer: Somebody <a@b.example>\nArchitecture: amd64\nSource: source-{0}\nVersion: 1:{0}.2-3+deb12u1\n"
    text += "Depends: libc6 (>= 2.34), libgcc-s1 (>= 3.0)\nDescription: a package\n" + " with a longer text\n" * 8
    path.write_text("\n".join(text.format(number) for number in range(800)))


def nested_jars(path: Path, method: int) -> None:
    classes = {f"com/example/p{number % 20}/C{number}.class": os.urandom(600) for number in range(100)}
    with zipfile.ZipFile(path, "w", method) as outer:
        for number in range(2000):
            pom = f"groupId=g\nartifactId=a{number}\nversion=1.{number}\n"
            inner = io.BytesIO()
            with zipfile.ZipFile(inner, "w", zipfile.ZIP_STORED) as jar:
                for name, contents in classes.items():
                    jar.writestr(name, contents)
                jar.writestr(f"META-INF/maven/g/a{number}/pom.properties", pom)
            outer.writestr(f"BOOT-INF/lib/a{number}.jar", inner.getvalue())


def pnpm_lock(path: Path) -> None:
    entry = (
        "  '@scope/name{0}@1.{0}.0':\n    resolution: {{integrity: sha512-{1}==}}\n    engines: {{node: '>=12'}}\n\n"
    )
    lines = "".join(entry.format(number, "x" * 80) for number in range(30_000))
    path.write_text(f"lockfileVersion: '9.0'\n\npackages:\n\n{lines}")


def rpm_database(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE Packages (hnum INTEGER PRIMARY KEY, blob BLOB NOT NULL)")
    for number in range(2000):
        values = [(1000, f"package-{number}"), (1001, "1.2.3"), (1002, "4.el9"), (1022, "x86_64"), (1005, "x" * 20_000)]
        index, data = b"", b""
        for tag, text in values:
            index += struct.pack(">IIII", tag, 6, len(data), 1)
            data += text.encode() + b"\0"
        header = struct.pack(">II", len(values), len(data)) + index + data
        connection.execute("INSERT INTO Packages (blob) VALUES (?)", (header,))
    connection.commit()
    connection.close()


if __name__ == "__main__":
    main()
