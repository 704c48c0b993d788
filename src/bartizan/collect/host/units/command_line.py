"""What a service would be started with: its `ExecStart=`, with drop-ins and variables (systemd.service(5)).

    docker.service              ExecStart=/usr/bin/dockerd -H fd:// $DOCKER_OPTS
                                EnvironmentFile=-/etc/default/docker
    /etc/default/docker         DOCKER_OPTS="--icc=false"

`$NAME` as a word of its own is parted at spaces; in a word, as `${NAME}`, it is not.
"""

import re
import shlex

from bartizan.collect.filesystem.interface import FilesystemError, FilesystemView, exists
from bartizan.collect.host.text import assignments, drop_ins, read_text
from bartizan.collect.host.units.unit_file import parse
from bartizan.collect.interface import Problems

_FOLDERS = ("/etc/systemd/system", "/run/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system")
_WITHIN = re.compile(r"\$\{(\w+)\}")


def command_line(view: FilesystemView, unit: str) -> list[str]:
    """The words after the program; none where there is no such unit."""
    silent = Problems()
    paths = [f"{folder}/{unit}" for folder in _FOLDERS]
    try:
        found = [path for path in paths if exists(view, path)]
    except FilesystemError:
        return []
    places = tuple(f"{folder}/{unit}.d" for folder in _FOLDERS)
    texts = [read_text(view, silent, path) or "" for path in (*found[:1], *drop_ins(view, silent, places, ".conf"))]
    directives = parse(texts)
    variables: dict[str, str] = {}
    for line in directives.get("Service.Environment", ()):
        variables |= dict(word.split("=", 1) for word in _words(line) if "=" in word)
    for path in directives.get("Service.EnvironmentFile", ()):
        variables |= assignments(read_text(view, silent, path.removeprefix("-")) or "")
    out: list[str] = []
    for word in _words((directives.get("Service.ExecStart") or [""])[-1])[1:]:
        if re.fullmatch(r"\$\w+", word):
            out += _words(variables.get(word[1:], ""))
        else:
            out.append(_WITHIN.sub(lambda match: variables.get(match[1], ""), word))
    return out


def _words(line: str) -> list[str]:
    try:
        return shlex.split(line)
    except ValueError:
        return line.split()
