"""Arguments of the Kubernetes components: of a static pod by its manifest, of a program that runs.

    /etc/kubernetes/manifests/kube-apiserver.yaml     - --anonymous-auth=false
                                                      command: ["kube-apiserver", "--anonymous-auth=false"]
    /proc/<pid>/cmdline                               kubelet --config=/var/lib/kubelet/config.yaml

Only settings leave: none of these programs takes a secret as an argument, but the paths of files.
"""

import re
from collections.abc import Iterable

from bartizan.collect.filesystem.interface import FilesystemError, FilesystemView
from bartizan.collect.host.text import read_text, value
from bartizan.collect.interface import Problems

_ITEM = re.compile(r"^\s*-\s+(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'][^#\n]*?))\s*(?:#.*)?$", re.MULTILINE)
_QUOTED = re.compile(r"\"(--[^\"]*)\"|'(--[^']*)'")


def static_pod_arguments(text: str) -> dict[str, str]:
    """The flags in the command of a static pod, whether its list is written in lines or in brackets."""
    words = [next(filter(None, groups), "") for groups in _ITEM.findall(text)]
    if not any(word.startswith("--") for word in words):
        words = [next(filter(None, groups), "") for groups in _QUOTED.findall(text)]
    return flags(words)


def flags(words: Iterable[str]) -> dict[str, str]:
    """`--name=value` and `--name value`; a flag without value is true. The last one counts."""
    out: dict[str, str] = {}
    open_flag = ""
    for word in words:
        if word.startswith("--"):
            name, equals, text = word[2:].partition("=")
            open_flag = "" if equals else name
            out[name] = text.strip() if equals else "true"
        elif open_flag and ": " not in word:
            out[open_flag], open_flag = word.strip(), ""
        else:
            open_flag = ""
    return out


def running(view: FilesystemView, program: str) -> list[str] | None:
    """The arguments of a program that runs; None where none is seen."""
    try:
        entries = view.list("/proc") if view.live else []
    except FilesystemError:
        return None
    for entry in entries:
        # The kernel keeps 15 bytes of a name.
        if entry.name.isdigit() and value(view, Problems(), f"/proc/{entry.name}/comm") == program[:15]:
            words = (read_text(view, Problems(), f"/proc/{entry.name}/cmdline") or "").split("\0")
            if words[0].rpartition("/")[2] == program:
                return words[1:]
    return None
