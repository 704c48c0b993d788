"""Sections `os`, `users`, `groups`: what is installed, who has an account, and never any part of a password."""

import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bartizan.collect.host import groups, os, users
from bartizan.collect.interface import Problems
from host_folder import Host, Seen

ProblemsOf = Callable[[Seen], dict[str, str]]


def test_os_release_is_read_with_shell_quoting(host: Host) -> None:
    facts = host.facts(
        os.COLLECTOR,
        {
            "/etc/os-release": "-> ../usr/lib/os-release",
            "/usr/lib/os-release": "# comment\nID=Ubuntu\nID_LIKE=\"debian other\"\nVERSION_ID='24.04'\n"
            'PRETTY_NAME="Ubuntu \\"Noble\\""\nVERSION_CODENAME=noble # trailing\nbroken line\n',
            "/etc/debian_version": "trixie/sid\n",
            "/etc/hostname": "# name\nweb-1\n",
            "/etc/machine-id": "0123456789abcdef0123456789abcdef\n",
            "/etc/localtime": "-> /usr/share/zoneinfo/Europe/Zurich",
        },
    )
    assert facts["id"] == "ubuntu"
    assert facts["id_like"] == ["debian", "other"]
    assert facts["version_id"] == "24.04"
    assert facts["version_codename"] == "noble"
    assert facts["name"] == 'Ubuntu "Noble"'
    assert facts["hostname"] == "web-1"
    assert facts["machine_id"] is True
    assert facts["timezone"] == "Europe/Zurich"


@pytest.mark.parametrize(("machine", "name"), [(62, "x86_64"), (183, "aarch64"), (9999, "")])
def test_the_architecture_of_a_folder_is_that_of_its_shell(host: Host, machine: int, name: str) -> None:
    elf = b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x03\x00" + machine.to_bytes(2, "little")
    assert host.facts(os.COLLECTOR, {"/etc/os-release": "ID=x\n", "/bin/sh": elf})["architecture"] == name


def test_without_os_release_the_distribution_is_unknown(host: Host, problems_of: ProblemsOf) -> None:
    section = host.section(os.COLLECTOR, {"/etc/hostname": "h\n"})
    assert "os-release" in problems_of(section)["@id"]
    assert section.facts["machine_id"] is False


SHADOW = """root:$y$j9T$SALTSALT$HASHHASH:19000:0:99999:7:::
old:$1$SALTSALT$HASHHASH:1:2:3:4:5:6:
locked:!$6$SALTSALT$HASHHASH:19000::::::
never:*:19000:0:99999:7:::
nologin:!:19000:0:99999:7:::
twice:!!:19000::::::
open::19000:0:99999:7:::
des:abJnggxhB/yWI:19000::::::
strange:HASHHASH:19000::::::
"""


def test_of_a_password_only_state_and_algorithm_are_told(host: Host) -> None:
    facts = host.facts(users.COLLECTOR, {"/etc/passwd": "root:x:0:0::/root:/bin/sh\n", "/etc/shadow": SHADOW})
    assert [(entry["name"], entry["state"], entry["algorithm"]) for entry in facts["shadow"]] == [
        ("root", "set", "yescrypt"),
        ("old", "set", "md5"),
        ("locked", "locked", "sha512"),
        ("never", "none", ""),
        ("nologin", "none", ""),
        ("twice", "none", ""),
        ("open", "empty", ""),
        ("des", "set", "des"),
        ("strange", "set", "unknown"),
    ]
    assert facts["shadow"][1]["expires_day"] == 6
    assert facts["shadow"][2]["max_days"] is None
    text = json.dumps(facts)
    assert "SALT" not in text
    assert "HASH" not in text


def test_accounts_keep_the_order_of_the_file(host: Host) -> None:
    facts = host.facts(
        users.COLLECTOR,
        {
            "/etc/passwd": "root:x:0:0:root:/root:/bin/bash\ntoor::0:0::/root:\n+nis::::::\n"
            "app:$6$a$bcd:10:10::/srv:/usr/sbin/nologin\nzoe:*:1000:1000:Zo\u00eb,,,:/home/zoe:/bin/zsh\n",
            "/etc/login.defs": "# x\nPASS_MAX_DAYS\t99999\nUMASK 022\nENCRYPT_METHOD YESCRYPT\nMAIL_DIR /var/mail\n",
            "/etc/shells": "# shells\n/bin/sh\n/bin/bash\n",
            "/home/zoe/": "",
        },
    )
    assert [(a["name"], a["password"], a["login"]) for a in facts["accounts"]] == [
        ("root", "shadow", True),
        ("toor", "empty", True),
        ("app", "set", False),
        ("zoe", "locked", True),
    ]
    assert facts["accounts"][1]["shell"] == "/bin/sh"
    assert facts["shadow"] is None
    assert facts["login_defs"] == {"pass_max_days": "99999", "umask": "022", "encrypt_method": "YESCRYPT"}
    assert facts["shells"] == ["/bin/sh", "/bin/bash"]
    assert [(h["user"], h["mode"]) for h in facts["homes"]] == [("zoe", 0o755)]


def test_broken_lines_are_problems_with_their_place_and_without_their_text(host: Host, problems_of: ProblemsOf) -> None:
    section = host.section(
        users.COLLECTOR,
        {
            "/etc/passwd": b"root:x:0:0::/root:/bin/sh\nshort:line\nx:x:NaN:0::/:/bin/sh\n\xff\xfe:x:7:7::/:/bin/sh\n",
            "/etc/shadow": "SECRETONLY\nroot:*:1:1:1:1:::\n",
        },
    )
    found = problems_of(section)
    assert set(found) == {"/etc/passwd:2", "/etc/passwd:3", "/etc/shadow:1"}
    assert "SECRETONLY" not in json.dumps(section.facts) + str(found)
    assert section.facts["accounts"][1]["name"] == "\\xff\\xfe"


def test_a_shadow_file_that_cannot_be_read_makes_the_attribute_unknown(host: Host, problems_of: ProblemsOf) -> None:
    section = host.section(users.COLLECTOR, {"/etc/passwd": "r:x:0:0::/:\n", "/etc/shadow": "-> shadow"})
    assert problems_of(section)["@shadow"].startswith("/etc/shadow: too many levels")
    assert section.facts["shadow"] is None


def test_groups_and_their_shadow(host: Host, problems_of: ProblemsOf) -> None:
    section = host.section(
        groups.COLLECTOR,
        {
            "/etc/group": "root:x:0:\nsudo:x:27:alice,,bob\nopen::5:\nbroken\n",
            "/etc/gshadow": "sudo:!:carol:alice,bob\nstaff::adm:\nteam:$6$SALT$HASH::\n",
        },
    )
    assert [(g["name"], g["members"], g["password"]) for g in section.facts["groups"]] == [
        ("root", [], "shadow"),
        ("sudo", ["alice", "bob"], "shadow"),
        ("open", [], "empty"),
    ]
    assert [(g["name"], g["state"]) for g in section.facts["shadow"]] == [
        ("sudo", "none"),
        ("staff", "none"),
        ("team", "set"),
    ]
    assert "HASH" not in json.dumps(section.facts)
    assert list(problems_of(section)) == ["/etc/group:4"]


@given(st.text(st.characters(codec="utf-8"), max_size=120))
def test_no_text_breaks_the_parsers(text: str) -> None:
    problems = Problems()
    list(users.parse_passwd(text, problems))
    list(users.parse_shadow(text, problems))
    list(groups.parse_group(text, problems))
    list(groups.parse_gshadow(text, problems))
    users.parse_login_defs(text)


@given(
    salt=st.from_regex(r"[a-zA-Z0-9./]{8}", fullmatch=True),
    hashed=st.from_regex(r"[a-zA-Z0-9./]{22,86}", fullmatch=True),
)
def test_nothing_of_a_hash_is_ever_told(salt: str, hashed: str) -> None:
    for field in (f"$6${salt}${hashed}", f"!$y$j9T${salt}${hashed}", hashed, f"_{hashed}", f"${salt}${hashed}"):
        told = " ".join(users.password_state(field))
        assert salt not in told
        assert hashed not in told
