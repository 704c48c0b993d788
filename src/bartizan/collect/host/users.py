"""Section `users`: accounts, the state of their passwords without any part of them, and the rules for new ones.

`/etc/passwd` (passwd(5)) and `/etc/shadow` (shadow(5)):

    root:x:0:0:root:/root:/bin/bash
    root:$y$j9T$salt$hash:19000:0:99999:7:::

Of a password field leave only the state and the name of the algorithm; of `/etc/login.defs` only the named settings.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from bartizan.collect.filesystem.interface import FilesystemError, FilesystemView
from bartizan.collect.host.text import assignments, caught, number, read_attribute, read_text, uncommented
from bartizan.collect.interface import Collector, Problems


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One line of `/etc/passwd`."""

    name: str
    uid: int
    gid: int
    home: str
    shell: str
    password: str
    """`shadow`: kept in `/etc/shadow`; `empty`: none asked; `locked`; `set`: the hash itself is in this public file."""
    login: bool
    """The shell lets somebody in: it is neither `nologin` nor `false` nor the like."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShadowEntry:
    """One line of `/etc/shadow`, without the hash. Days are days since 1970-01-01; None where the field is empty."""

    name: str
    state: str
    """`empty`: no password is asked; `locked`: none matches; `none`: never had one (`*`, `!`); `set`."""
    algorithm: str
    """`yescrypt`, `sha512`, `md5`, `des`, ...: also of a locked password; empty where there is none."""
    changed_day: int | None
    min_days: int | None
    max_days: int | None
    warn_days: int | None
    inactive_days: int | None
    expires_day: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """A home folder that exists."""

    user: str
    path: str
    mode: int
    uid: int
    gid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Users:
    accounts: tuple[Account, ...]
    """In the order of the file: the first of two entries of one name is the one that counts."""
    shadow: tuple[ShadowEntry, ...] | None
    """None where it could not be read (`@shadow`) or does not exist."""
    login_defs: dict[str, str]
    """login.defs(5), lower case, the settings that concern passwords and new accounts."""
    new_inactive_days: int | None
    """`INACTIVE` of `/etc/default/useradd`: for new accounts; -1 is never, None where it is not set."""
    shells: tuple[str, ...]
    """`/etc/shells`."""
    homes: tuple[Home, ...]
    """Of accounts with a login shell."""


_LOGIN_DEFS = """
pass_max_days pass_min_days pass_warn_age pass_min_len encrypt_method sha_crypt_min_rounds sha_crypt_max_rounds
yescrypt_cost_factor uid_min uid_max gid_min gid_max sys_uid_min sys_uid_max umask home_mode usergroups_enab
login_retries login_timeout fail_delay su_wheel_only log_ok_logins create_home default_home hmac_crypto_algo
"""
LOGIN_DEFS = frozenset(_LOGIN_DEFS.split())

NO_LOGIN = frozenset({"nologin", "false", "true", "sync", "halt", "shutdown", "git-shell", "noshell"})


def collect(view: FilesystemView, problems: Problems) -> Users:
    passwd = read_attribute(view, problems, "/etc/passwd", "accounts")
    accounts = tuple(parse_passwd(passwd or "", problems))
    shells = read_text(view, problems, "/etc/shells")
    useradd = read_attribute(view, problems, "/etc/default/useradd", "new_inactive_days")
    return Users(
        accounts=accounts,
        shadow=_shadow(view, problems),
        login_defs=parse_login_defs(read_attribute(view, problems, "/etc/login.defs", "login_defs") or ""),
        new_inactive_days=number(assignments(useradd or "").get("INACTIVE")),
        shells=tuple(line for _, line in uncommented(shells or "")),
        homes=tuple(_homes(view, problems, accounts)),
    )


def parse_passwd(text: str, problems: Problems) -> Iterator[Account]:
    for line_number, line in _entries(text):
        fields = line.split(":")
        if line[0] in "+-":
            continue  # NIS compatibility entries name no local account
        uid, gid = (number(fields[2]), number(fields[3])) if len(fields) == 7 else (None, None)
        if uid is None or gid is None or not fields[0]:
            problems.add(f"/etc/passwd:{line_number}", "is not an account: seven fields with numeric ids are expected")
            continue
        shell = fields[6] or "/bin/sh"
        yield Account(
            name=fields[0],
            uid=uid,
            gid=gid,
            home=fields[5],
            shell=shell,
            password=_passwd_state(fields[1]),
            login=shell.rpartition("/")[2] not in NO_LOGIN,
        )


def _passwd_state(field: str) -> str:
    if field == "x":
        return "shadow"
    state = password_state(field)[0]
    return "locked" if state == "none" else state


def _shadow(view: FilesystemView, problems: Problems) -> tuple[ShadowEntry, ...] | None:
    text = read_attribute(view, problems, "/etc/shadow", "shadow")
    return None if text is None else tuple(parse_shadow(text, problems))


def parse_shadow(text: str, problems: Problems) -> Iterator[ShadowEntry]:
    for line_number, line in _entries(text):
        fields = line.split(":")
        if len(fields) < 2 or not fields[0] or len(fields) > 9:
            # The line itself is never quoted: it may be a hash.
            problems.add(f"/etc/shadow:{line_number}", "is not a password entry: nine fields are expected")
            continue
        state, algorithm = password_state(fields[1])
        days = [number(field) for field in fields[2:8]] + [None] * 6
        yield ShadowEntry(
            name=fields[0],
            state=state,
            algorithm=algorithm,
            changed_day=days[0],
            min_days=days[1],
            max_days=days[2],
            warn_days=days[3],
            inactive_days=days[4],
            expires_day=days[5],
        )


def password_state(field: str) -> tuple[str, str]:
    """(state, algorithm) of a password field, crypt(5). Nothing else of the field is kept."""
    if not field:
        return "empty", ""
    hashed = field.lstrip("!")
    locked = hashed != field or field.startswith("*")
    if not hashed or hashed[0] == "*" or hashed in ("x", "NP", "LK", "!"):
        return "none", ""
    return ("locked" if locked else "set"), _algorithm(hashed)


def _algorithm(hashed: str) -> str:
    prefix = re.match(r"\$([0-9A-Za-z-]{1,10})[$,]", hashed)
    if prefix:
        return _ALGORITHMS.get(prefix[1], "unknown")
    if hashed.startswith("_"):
        return "bsdi"
    return "des" if re.fullmatch(r"[./0-9A-Za-z]{13,178}", hashed) else "unknown"


_ALGORITHMS = {
    "1": "md5",
    "2": "bcrypt",
    "2a": "bcrypt",
    "2b": "bcrypt",
    "2x": "bcrypt",
    "2y": "bcrypt",
    "3": "nt",
    "5": "sha256",
    "6": "sha512",
    "7": "scrypt",
    "gy": "gost-yescrypt",
    "md5": "sunmd5",
    "sha1": "sha1",
    "y": "yescrypt",
}


def parse_login_defs(text: str) -> dict[str, str]:
    out = {}
    for _, line in uncommented(text):
        name, _, rest = line.partition(" ") if "\t" not in line.split(" ", 1)[0] else line.partition("\t")
        key = name.lower()
        if key in LOGIN_DEFS:
            out[key] = rest.strip().strip('"')
    return out


def _homes(view: FilesystemView, problems: Problems, accounts: tuple[Account, ...]) -> Iterator[Home]:
    for account in accounts:
        if not account.login or not account.home.startswith("/"):
            continue
        try:
            found = view.stat(account.home)
        except FilesystemError as error:
            caught(problems, error, "homes")
            continue
        yield Home(user=account.name, path=account.home, mode=found.mode, uid=found.uid, gid=found.gid)


def _entries(text: str) -> Iterator[tuple[int, str]]:
    """Lines with their numbers, comments and empty lines left out. Other line ends than `\\n` belong to a field."""
    for line_number, line in enumerate(text.split("\n"), 1):
        if line and not line.startswith("#"):
            yield line_number, line


COLLECTOR = Collector(
    section="users",
    collect=collect,
    watches=("/etc/passwd", "/etc/shadow", "/etc/login.defs", "/etc/default/useradd", "/etc/shells"),
)
