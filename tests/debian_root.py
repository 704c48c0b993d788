"""A real Debian 12 in a folder, with a Python, a Node, a Java and a Go application inside, with programs that came
without a package, with secrets, and with what a break-in leaves behind: made once a test run.

Packages come from the archives that apt, pip and npm of this machine are set up for.
"""

import fcntl
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from bartizan.assess.secrets.rules import filled
from malware_image import EICAR, KEY, SHELL
from program_files import elf, go_info, redis

SITE = "srv/python/venv/lib/python3.11/site-packages"
_NEEDLESS = ("usr/share/man", "usr/share/locale", "usr/share/info", "usr/share/zoneinfo")


class NoDebian(Exception):
    """It cannot be made here, and why."""


@dataclass(frozen=True, slots=True)
class DebianRoot:
    folder: Path
    """The whole: what a host would be."""
    base: Path
    """A tar of Debian alone."""
    application: Path
    """A tar of what was put on top of it."""


def debian_root(cache: Path) -> DebianRoot:
    """Made in `cache`, once for all workers of a run."""
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        root = DebianRoot(cache / "root", cache / "base.tar", cache / "application.tar")
        made, maker = cache / "made", Path(__file__).read_text()
        if not made.exists() or made.read_text() != maker:  # a run before this one may have left what it made
            _make(root)
            made.write_text(maker)
    return root


def _make(root: DebianRoot) -> None:
    if os.geteuid() != 0:
        raise NoDebian("debootstrap needs root")
    if not shutil.which("debootstrap"):
        raise NoDebian("debootstrap is not installed. On Debian: apt-get install debootstrap")
    for mounted in ("proc", "sys"):  # left there by a debootstrap that was stopped half-way
        if (root.folder / mounted).is_mount():
            _run("umount", str(root.folder / mounted))
    shutil.rmtree(root.folder, ignore_errors=True)
    _run("debootstrap", "--variant=minbase", "--include=python3-six", "bookworm", str(root.folder))
    for needless in (*_NEEDLESS, "var/cache/apt", "var/lib/apt/lists", "var/cache/debconf"):
        shutil.rmtree(root.folder / needless, ignore_errors=True)
    keep_copyright_files(root.folder / "usr/share/doc")
    lists = root.folder / "var/lib/apt/lists"
    lists.mkdir(parents=True)
    pocket = "deb.example_dists_bookworm-security_"
    (lists / f"{pocket}InRelease").write_text(
        "Origin: Debian\nLabel: Debian-Security\nSuite: stable-security\nCodename: bookworm-security\n"
        "Date: Sat, 21 Nov 2026 10:00:00 UTC\n"
    )
    (lists / f"{pocket}main_binary-amd64_Packages").write_text("Package: tar\nArchitecture: amd64\nVersion: 99.0-1\n\n")
    with tarfile.open(root.base, "w", format=tarfile.GNU_FORMAT) as archive:
        archive.add(root.folder, arcname=".")
    before = {"srv"}
    _python(root.folder)
    _node(root.folder)
    _java(root.folder)
    _programs(root.folder)
    _secrets_and_malware(root.folder)
    with tarfile.open(root.application, "w", format=tarfile.PAX_FORMAT) as archive:
        for name in before:
            archive.add(root.folder / name, arcname=name)


def keep_copyright_files(documents: Path) -> None:
    """As slim images do (`path-exclude` of dpkg.cfg(5)); links between folders stay."""
    for file in documents.rglob("*"):
        if file.name != "copyright" and (file.is_file() or file.is_symlink()) and file.parent != documents:
            file.unlink()


def _python(root: Path) -> None:
    target = root / SITE
    target.mkdir(parents=True)
    (root / "srv/python/requirements.txt").write_text("requests==2.19.0\njinja2==2.10\n")
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--target",
        str(target),
    ]
    _run(*command, "requests==2.19.0", "jinja2==2.10", "markupsafe")


def _node(root: Path) -> None:
    folder = root / "srv/node"
    folder.mkdir(parents=True)
    (folder / "package.json").write_text('{"name": "app", "version": "1.0.0", "private": true}')
    _run("npm", "install", "--silent", "--no-audit", "--no-fund", "lodash@4.17.4", "minimist@0.0.8", cwd=folder)


def _java(root: Path) -> None:
    folder = root / "srv/java"
    folder.mkdir(parents=True)
    inner = folder / "log4j-core-2.14.1.jar"
    with zipfile.ZipFile(inner, "w") as jar:
        jar.writestr(
            "META-INF/maven/org.apache.logging.log4j/log4j-core/pom.properties",
            "groupId=org.apache.logging.log4j\nartifactId=log4j-core\nversion=2.14.1\n",
        )
    with zipfile.ZipFile(folder / "app.war", "w") as war:
        war.write(inner, "WEB-INF/lib/log4j-core-2.14.1.jar")
    inner.unlink()
    with zipfile.ZipFile(folder / "tool-all.jar", "w") as jar:  # shaded: two artifacts in one archive
        for group, artifact, version in (("org.example", "tool", "1.0"), ("org.yaml", "snakeyaml", "1.26")):
            jar.writestr(
                f"META-INF/maven/{group}/{artifact}/pom.properties",
                f"groupId={group}\nartifactId={artifact}\nversion={version}\n",
            )


def _programs(root: Path) -> None:
    """What people unpack into an image beside its packages: copies of Debian's own programs are nobody's there."""
    folder = root / "srv/bin"
    folder.mkdir(parents=True)
    for file in (root / "usr/bin/python3.11", *root.glob("usr/lib/*-linux-gnu/libcrypto.so.3")):
        shutil.copy(file, folder / file.name)
    (folder / "redis-server").write_bytes(redis("6.2.0"))
    modules = "path\texample.com/tool\nmod\texample.com/tool\t(devel)\t\ndep\tgolang.org/x/crypto\tv0.16.0\th1:x=\n"
    (folder / "tool").write_bytes(elf({".go.buildinfo": go_info("go1.21.4", modules)}))
    for program in folder.iterdir():
        program.chmod(0o755)


def _secrets_and_malware(root: Path) -> None:
    (root / "srv/python/settings.env").write_text(f"AWS_ACCESS_KEY_ID={KEY}\n")
    (root / "srv/node/.npmrc").write_text(filled("//registry.npmjs.org/:_authToken=npm_{{alnum:36}}\n", "node"))
    folder = root / "srv/www/upload"
    folder.mkdir(parents=True)
    (folder / "x.php").write_bytes(SHELL)
    (folder / "eicar.com").write_bytes(EICAR)


def _run(*command: str, cwd: Path | None = None) -> None:
    try:
        done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, timeout=600)
    except subprocess.TimeoutExpired as error:
        raise NoDebian(f"{command[0]} took longer than ten minutes") from error
    if done.returncode:
        raise NoDebian(f"{command[0]} failed: {(done.stderr or done.stdout)[-500:]}")
