r"""What the steps of an image's history did, as the Dockerfile that made them would be read.

    /bin/sh -c apt-get update && apt-get install -y curl        RUN, of the classic builder
    |1 VERSION=2 /bin/sh -c make                                RUN with build arguments
    RUN /bin/sh -c make # buildkit
    /bin/sh -c #(nop) ADD file:0a1b in /srv                     names of sources are gone
    ADD https://example.org/tool.tar.gz /opt/ # buildkit
    RUN |1 VERSION=2 /bin/sh -c make # buildkit

Only findings leave: commands and arguments of builds hold secrets. What a base image brings with its own file system
(`ADD rootfs.tar /`, `ADD file:... in /`) is no step of anybody's Dockerfile.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Any

from bartizan.collect.resources.docker import commands

_NOP = re.compile(r"^\S+ -c #\(nop\)\s+")
_ARGUMENTS = re.compile(r"^\|\d+ (?:[^\s=]+=(?:\"[^\"]*\"|(?!\")\S*) )*?(?=/)")
_SHELL = re.compile(r"^(?:/\S+/)?(?:ba|da|a)?sh (?:-\w+ (?!-)\w+ |-\w+ )*?-\w*c ")
_MADE = re.compile(r"^(?:RUN |\|\d+ |/\S*/(?:ba|da|a)?sh )")
_BASE = re.compile(r"^ADD (?:.*\sin /\s*$|\S+ / #|\S+ /$)")
_REMOTE = re.compile(r"^(?:https?|git|ssh|ftp)://|^git@")
_ARCHIVE = re.compile(r"\.(?:tar|tgz|tbz2?|txz|tar\.(?:gz|bz2|xz|zst))$")


def runs(steps: Iterable[str]) -> Iterator[dict[str, Any]]:
    """A row for each RUN, with its number and what `commands.Commands` tells."""
    for number, step in enumerate(steps):
        text = step.removesuffix("# buildkit").strip()
        if "#(nop)" in text[:40] or not _MADE.match(text):
            continue
        text = _ARGUMENTS.sub("", text.removeprefix("RUN ").strip())
        yield {"step": number, **asdict(commands.read(_SHELL.sub("", text)))}


def copies(steps: Iterable[str]) -> Iterator[dict[str, Any]]:
    """A row for each ADD and COPY but that of the base's file system."""
    for number, step in enumerate(steps):
        text = _NOP.sub("", step.removesuffix("# buildkit").strip())
        if not text.startswith(("ADD ", "COPY ")) or _BASE.match(text):
            continue
        words = text.split()
        flags = [word for word in words[1:] if word.startswith("--")]
        # The classic builder names contents in the place of files: `ADD file:0a1b in /srv`, `dir:...`, `multi:...`.
        sources = [word for word in words[1 : words.index("in") if "in" in words else -1] if not word.startswith("--")]
        yield {
            "step": number,
            "instruction": words[0],
            "remote": any(_REMOTE.match(word) for word in sources),
            "plain_http": any(word.startswith("http://") for word in sources),
            "archive": any(_ARCHIVE.search(word) for word in sources),
            "checksum": any(word.startswith("--checksum=") for word in flags),
        }
