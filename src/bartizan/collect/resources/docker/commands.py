r"""What the shell commands of a RUN instruction do, as far as policies ask. The commands themselves are not kept.

apt-get update && apt-get install -y curl && curl http://example.org/x.sh | sh
"""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

_SHELLS = frozenset(("sh", "bash", "ash", "dash", "zsh", "ksh", "python", "python3", "perl", "ruby", "node"))
_PARTS = re.compile(r"&&|\|\||;|\n|(?<!\|)\|(?!\|)|&(?!&|>|\d)")
_WORLD = re.compile(r"^(?:-R|--recursive)?0?[0-7]?[0-7]{2}[2367]$|^[ao]*\+[rx]*w")
_SETUID = re.compile(r"^0?[2467][0-7]{3}$|^[ugo]*\+[rwx]*s")
MAX_TEXT = 1 << 18


@dataclass(frozen=True, slots=True, kw_only=True)
class Commands:
    """The findings of one RUN."""

    downloads_to_shell: bool = False
    sudo: bool = False
    package_install: str = ""
    """Managers that install: `apt apk`."""
    apt_recommends: bool = False
    apt_lists_kept: bool = False
    apk_cache_kept: bool = False
    yum_cache_kept: bool = False
    pip_cache_kept: bool = False
    update_alone: bool = False
    upgrade: bool = False
    unanswered: bool = False
    """apt-get install without -y."""
    apt_cli: bool = False
    """`apt`, which promises scripts nothing, instead of `apt-get`."""
    world_writable: bool = False
    setuid: bool = False
    unverified: bool = False
    """Checks of certificates or signatures are switched off."""
    changes_password: bool = False
    ssh_server: bool = False
    cd: bool = False
    plain_http: bool = False


def read(text: str) -> Commands:
    """What the commands of a shell text do."""
    text = text[:MAX_TEXT]
    commands = [words for words in (_words(part) for part in _PARTS.split(text)) if words]
    every = {word for words in commands for word in words}
    apt = [words for words in commands if words[0] in ("apt", "apt-get", "aptitude")]
    installs = [words for words in apt if "install" in words]
    managers = sorted({words[0] for words in commands if words[0] in _MANAGERS and {"install", "add"} & set(words)})
    updates = any("update" in words for words in apt) or any(words[:2] == ["apk", "update"] for words in commands)
    return Commands(
        downloads_to_shell=_downloads_to_shell(text),
        sudo="sudo" in {raw[0] for raw in _raw(text)},
        package_install=" ".join(managers),
        apt_recommends=any(
            "--no-install-recommends" not in words and "APT::Install-Recommends=false" not in words
            for words in installs
        ),
        apt_lists_kept=bool(installs) and "/var/lib/apt/lists" not in text,
        apk_cache_kept=any(words[0] == "apk" and "add" in words and "--no-cache" not in words for words in commands)
        and "/var/cache/apk" not in text,
        yum_cache_kept=any(words[0] in ("yum", "dnf", "microdnf") and "install" in words for words in commands)
        and "clean" not in every
        and "/var/cache" not in text,
        pip_cache_kept=any(
            words[0] in ("pip", "pip3") and "install" in words and "--no-cache-dir" not in words for words in commands
        ),
        update_alone=updates and not managers and not any(each.endswith("upgrade") for each in every),
        upgrade=any({"upgrade", "dist-upgrade", "full-upgrade"} & set(words) for words in apt),
        unanswered=any(
            not {"-y", "--yes", "-qq", "-qy", "-yq", "-yqq", "-qqy", "--assume-yes"} & set(w) for w in installs
        ),
        apt_cli=any(words[0] == "apt" for words in apt),
        world_writable=any(w[0] == "chmod" and any(_WORLD.match(each) for each in w[1:]) for w in commands),
        setuid=any(w[0] == "chmod" and any(_SETUID.match(each) for each in w[1:]) for w in commands),
        unverified=any(_unverified(words) for words in commands),
        changes_password=any(words[0] in ("passwd", "chpasswd") for words in commands),
        ssh_server=bool(managers) and bool(every & {"openssh-server", "dropbear", "openssh"}),
        cd=any(words[0] == "cd" for words in commands) and commands[-1][0] == "cd",
        plain_http=any(
            words[0] in ("curl", "wget") and any(each.startswith("http://") for each in words) for words in commands
        ),
    )


_MANAGERS = frozenset(("apt", "apt-get", "aptitude", "apk", "yum", "dnf", "microdnf", "zypper"))


def _raw(text: str) -> Iterator[list[str]]:
    for part in _PARTS.split(text):
        words = part.split()
        while words and (
            re.fullmatch(r"[A-Za-z_]\w*=\S*", words[0]) or words[0] in ("then", "do", "(", "{", "!", "if")
        ):
            words = words[1:]
        if words:
            yield words


def _words(part: str) -> list[str]:
    """The words of a simple command; assignments before it, sudo and the like taken off."""
    try:
        words = shlex.split(part, comments=True)
    except ValueError:
        words = part.split()
    skip = ("sudo", "env", "exec", "command", "then", "do", "else", "if", "(", "{", "!", "nice", "time", "set")
    while words and (re.fullmatch(r"[A-Za-z_]\w*=.*", words[0]) or words[0] in skip or words[0].startswith("-")):
        if words[0] == "set":
            return []
        words = words[1:]
    return [words[0].rpartition("/")[2].lstrip("("), *words[1:]] if words else []


def _downloads_to_shell(text: str) -> bool:
    for line in re.split(r"&&|\|\||;|\n", text):
        steps = [_words(each) for each in line.split("|")]
        heads = [each[0] if each else "" for each in steps]
        for at, head in enumerate(heads):
            if head in ("curl", "wget") and any(each in _SHELLS for each in heads[at + 1 :]):
                return True
        if re.search(r"(?:^|\s)(?:ba|da|z|a)?sh\s+(?:-c\s+[\"']?)?(?:\$\(|<\(|`)\s*(?:curl|wget)\b", line):
            return True
    return False


def _unverified(words: list[str]) -> bool:
    name, rest = words[0], set(words[1:])
    match name:
        case "curl":
            return bool(rest & {"-k", "--insecure"}) or any(
                re.fullmatch(r"-[a-zA-Z]*k[a-zA-Z]*", each) for each in rest
            )
        case "wget":
            return "--no-check-certificate" in rest
        case "apt" | "apt-get" | "aptitude":
            return bool(rest & {"--allow-unauthenticated", "--force-yes", "--allow-insecure-repositories"})
        case "apk":
            return "--allow-untrusted" in rest
        case "yum" | "dnf" | "microdnf":
            return "--nogpgcheck" in rest
        case "rpm":
            return bool(rest & {"--nosignature", "--nodigest"})
        case "zypper":
            return bool(rest & {"--no-gpg-checks", "--allow-unsigned-rpm"})
        case "pip" | "pip3":
            return any(each.startswith("--trusted-host") for each in rest)
        case "npm" | "yarn":
            return "strict-ssl" in rest and "false" in rest
        case "git":
            return any(each.lower() == "http.sslverify=false" for each in rest) or {"http.sslVerify", "false"} <= rest
    return False
