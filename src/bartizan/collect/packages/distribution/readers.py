"""The readers of what distributions and package managers of whole systems have installed: by them alone a running host
is looked at between two walks."""

from bartizan.collect.packages.distribution import (
    apk,
    chisel,
    chocolatey,
    cos,
    dpkg,
    flatpak,
    homebrew,
    macos,
    nix,
    opkg,
    pacman,
    portage,
    snap,
    spack,
)
from bartizan.collect.packages.distribution.rpm import database as rpm
from bartizan.collect.packages.interface import Reader

READERS: tuple[Reader, ...] = (
    dpkg.READER,
    rpm.READER,
    apk.READER,
    pacman.READER,
    portage.READER,
    opkg.READER,
    chisel.READER,
    cos.READER,
    nix.READER,
    homebrew.READER,
    flatpak.READER,
    snap.READER,
    spack.READER,
    chocolatey.READER,
    macos.READER,
)
"""In the order in which they are asked."""
