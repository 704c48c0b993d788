"""The readers of what distributions and package managers of whole systems have installed: by them alone a running host
is looked at between two walks. As in `packages/readers.py`, how each reads is in the module that its row names."""

from bartizan.collect.packages.interface import Beside, Reader
from bartizan.collect.packages.later import Later

_is_formula = Later("distribution.homebrew", "is_formula")
_licensed = Later("distribution.copyright", "licensed")
_COPYRIGHT = Beside(
    folder="/usr/share/doc", name="copyright", limit=4 << 20, part=Later("distribution.copyright", "essence")
)
_RPM_FOLDERS = ("/var/lib/rpm", "/usr/lib/sysimage/rpm", "/usr/share/rpm")
_RPM_FILES = ("rpmdb.sqlite", "Packages.db", "Packages")

READERS: tuple[Reader, ...] = (
    Reader(
        name="dpkg",
        type="deb",
        read=Later("distribution.dpkg", "read"),
        paths=("/var/lib/dpkg/status",),
        folders=("/var/lib/dpkg/status.d",),
        operating_system=True,
        owned=Later("distribution.dpkg", "owned"),
        completed=_licensed,
        beside=_COPYRIGHT,
    ),
    Reader(
        name="rpm",
        type="rpm",
        read=Later("distribution.rpm.database", "read"),
        paths=(
            *(f"{folder}/{file}" for folder in _RPM_FOLDERS for file in _RPM_FILES),
            "/var/lib/rpmmanifest/container-manifest-2",
        ),
        operating_system=True,
        owned=Later("distribution.rpm.database", "owned"),
    ),
    Reader(
        name="apk",
        type="apk",
        read=Later("distribution.apk", "read"),
        paths=("/lib/apk/db/installed", "/usr/lib/apk/db/installed"),
        operating_system=True,
        owned=Later("distribution.apk", "owned"),
    ),
    Reader(
        name="pacman",
        type="alpm",
        read=Later("distribution.pacman", "read"),
        names=frozenset({"desc"}),
        matches=lambda path: path.startswith("/var/lib/pacman/local/"),
        operating_system=True,
        owned=Later("distribution.pacman", "owned"),
    ),
    Reader(
        name="portage",
        type="ebuild",
        read=Later("distribution.portage", "read"),
        names=frozenset({"PF"}),
        matches=lambda path: path.startswith("/var/db/pkg/"),
        operating_system=True,
        owned=Later("distribution.portage", "owned"),
    ),
    Reader(
        name="opkg",
        type="opkg",
        read=Later("distribution.opkg", "read"),
        paths=("/usr/lib/opkg/status", "/var/lib/opkg/status"),
        operating_system=True,
        owned=Later("distribution.opkg", "owned"),
    ),
    Reader(
        name="chisel",
        type="deb",
        read=Later("distribution.chisel", "read"),
        paths=("/var/lib/chisel/manifest.wall",),
        operating_system=True,
        completed=_licensed,
        beside=_COPYRIGHT,
    ),
    Reader(
        name="cos",
        type="cos",
        read=Later("distribution.cos", "read"),
        paths=("/etc/cos-package-info.json",),
        operating_system=True,
    ),
    Reader(name="nix", type="nix", read=Later("distribution.nix", "read"), paths=("/nix/store",)),
    Reader(
        name="homebrew",
        type="brew",
        read=Later("distribution.homebrew", "read"),
        paths=("/opt/homebrew/Caskroom", "/usr/local/Caskroom", "/home/linuxbrew/.linuxbrew/Caskroom"),
        names=frozenset({"INSTALL_RECEIPT.json"}),
        matches=lambda path: "/Cellar/" in path and bool(_is_formula(path)),
    ),
    Reader(
        name="flatpak",
        type="flatpak",
        read=Later("distribution.flatpak", "read"),
        suffixes=(".metainfo.xml", ".appdata.xml"),
        matches=lambda path: "/flatpak/" in path,
    ),
    Reader(
        name="snap",
        type="snap",
        read=Later("distribution.snap", "read"),
        suffixes=("/meta/snap.yaml",),
    ),
    Reader(
        name="spack",
        type="spack",
        read=Later("distribution.spack", "read"),
        suffixes=("/.spack/spec.json",),
    ),
    Reader(
        name="chocolatey",
        type="chocolatey",
        read=Later("distribution.chocolatey", "read"),
        suffixes=(".nuspec",),
        matches=lambda path: "/chocolatey/lib/" in path.lower(),
    ),
    Reader(
        name="macos-application",
        type="macos-application",
        read=Later("distribution.macos", "read"),
        suffixes=(".app/Contents/Info.plist",),
    ),
)
"""In the order in which they are asked."""
