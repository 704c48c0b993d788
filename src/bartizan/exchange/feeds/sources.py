"""Which files the feeds consist of, and where each comes from.

The local folder has the layout that `compile_feeds` reads, and a mirror serves the same layout below one address:

    osv/ecosystems.txt                          osv.dev's bulk export: the folders, one a line
    osv/<Ecosystem>/all.zip                     one OSV record per file
    kev/known_exploited_vulnerabilities.json    CISA
    epss/epss_scores-current.csv.gz             FIRST

A mirror with a SHA256SUMS file (as sha256sum(1) writes it) is believed to hold what that file lists, and each file is
checked against it; a mirror without one is asked for the files above.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import quote

OSV = "https://osv-vulnerabilities.storage.googleapis.com"
KEV = "https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json"
EPSS = "https://epss.empiricalsecurity.com/epss_scores-current.csv.gz"

ECOSYSTEMS_FILE = "osv/ecosystems.txt"
KEV_FILE = "kev/known_exploited_vulnerabilities.json"
EPSS_FILE = "epss/epss_scores-current.csv.gz"
SUMS_FILE = "SHA256SUMS"
WANTED = ("osv/", "kev/", "epss/", "cve/")
"""Folders that `compile_feeds` reads: the only ones that are taken from a mirror."""


@dataclass(frozen=True, slots=True)
class Source:
    """One file to fetch."""

    path: str
    """Relative to the local folder."""
    address: str
    digest: str = ""
    """SHA-256 in hex, where the origin says so."""


def official(ecosystems: Iterable[str]) -> list[Source]:
    """Every file, from the organisations that publish it."""
    bundles = [Source(f"osv/{name}/all.zip", f"{OSV}/{quote(name)}/all.zip") for name in ecosystems]
    return [*bundles, Source(KEV_FILE, KEV), Source(EPSS_FILE, EPSS)]


def mirrored(address: str, ecosystems: Iterable[str]) -> list[Source]:
    """Every file, from a mirror that has no list of checksums."""
    paths = [*(f"osv/{name}/all.zip" for name in ecosystems), KEV_FILE, EPSS_FILE]
    return [Source(path, below(address, path)) for path in paths]


def below(address: str, path: str) -> str:
    """The address of a file of a mirror."""
    return f"{address.rstrip('/')}/{quote(path)}"


def read_ecosystems(text: str, supported: Iterable[str]) -> list[str]:
    """The names in `ecosystems.txt` that can be judged. Names are folder names: nothing else is believed."""
    known = set(supported)
    return sorted({name for line in text.splitlines() if (name := line.strip()) in known})


_SUM = re.compile(r"([0-9a-f]{64}) [ *](.+)")


def read_sums(text: str, address: str) -> list[Source]:
    """The wanted files of a SHA256SUMS file. A path that leads out of the folder is a lie and is left out."""
    out = []
    for line in text.splitlines():
        match = _SUM.fullmatch(line.strip())
        if match and match[2].startswith(WANTED) and ".." not in PurePosixPath(match[2]).parts:
            out.append(Source(match[2], below(address, match[2]), match[1]))
    return out
