"""`--parameters FILE`: an organisation's own values, judged by, shown, and refused where they mean nothing."""

import json
import os
from pathlib import Path

import pytest

from image_files import image_files, layer_tar, write_layout
from small_host import Run

LENGTH = "host-pam-quality-length"
PAM = {
    "etc/pam.d/passwd": "password requisite pam_pwquality.so\npassword required pam_unix.so yescrypt\n",
    "etc/security/pwquality.conf": "minlen = 14\n",
}


@pytest.fixture
def own(tmp_path: Path) -> Path:
    path = tmp_path / "parameters.yaml"
    path.write_text(f"{LENGTH}: {{least: 16}}\n")
    return path


@pytest.fixture
def asking(root: Path) -> Path:
    """The small host, asking for passwords of fourteen characters."""
    for name, text in PAM.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def test_own_values_are_judged_by_and_shown(bartizan: Run, asking: Path, own: Path) -> None:
    plain, judged = (
        json.loads(bartizan("scan", "host", "--root", asking, "--only", "policy", "-f", "json", *options).stdout)
        for options in ((), ("--parameters", own))
    )
    assert LENGTH not in {each["rule"] for each in plain["findings"]}
    (found,) = [each for each in judged["findings"] if each["rule"] == LENGTH]
    assert found["verdict"] == "fail"
    assert found["evidence"]["parameters"] == {"least": 16}
    assert plain["knowledge"]["policies"] != judged["knowledge"]["policies"]


def test_explaining_tells_the_value_and_the_default(bartizan: Run, own: Path) -> None:
    assert "\n  least = 14\n" in bartizan("policy", "explain", LENGTH).stdout
    assert "\n  least = 16 (default 14)\n" in bartizan("policy", "explain", LENGTH, "--parameters", own).stdout
    told = json.loads(bartizan("policy", "explain", LENGTH, "--parameters", own, "--json").stdout)
    assert (told["parameters"], told["parameters_in_force"]) == ({"least": 14}, {"least": 16})


def test_explaining_judges_a_host_by_own_values(bartizan: Run, asking: Path, own: Path) -> None:
    words = ("policy", "explain", LENGTH, "--root", asking)
    assert f"On {asking}: pass" in bartizan(*words).stdout
    assert f"On {asking}: fail" in bartizan(*words, "--parameters", own).stdout


def test_a_remembered_image_is_judged_anew_when_the_content_changes(
    bartizan: Run, home: Path, advisories: Path, own: Path, tmp_path: Path
) -> None:
    layer = layer_tar({"etc/os-release": b'ID=debian\nVERSION_ID="12"\n'})
    image = write_layout(tmp_path / "layout", image_files([layer], config={"User": "app"}))
    kept = home / ".cache/bartizan/judged"
    for least, judgements in ((16, 1), (16, 1), (18, 2)):
        own.write_text(f"{LENGTH}: {{least: {least}}}\n")
        os.utime(own, (0, 0))  # same size, same time: only the content tells
        done = bartizan("scan", "image", image, "--parameters", own, "--format", "json")
        assert done.returncode == 0, done.stderr
        assert len(list(kept.glob("*.json"))) == judgements
    knowledge = {json.loads(each.read_text())["knowledge"]["policies"] for each in kept.glob("*.json")}
    assert len(knowledge) == 2


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (f"# mine\n{LENGTH}: {{leest: 16}}\n", ":2: " + LENGTH + ": there is no parameter 'leest' (did you mean"),
        (f"{LENGTH}:\n  least: many\n", ":2: " + LENGTH + ": parameter 'least': expected int, found string 'many'"),
        ("host-pam-quality-lenght: {least: 16}\n", ":1: there is no policy 'host-pam-quality-lenght' (did you mean"),
        ("nothing-at-all-like-it:\n", ":1: there is no policy 'nothing-at-all-like-it'"),
        (f"{LENGTH}: 16\n", ":1: " + LENGTH + " must map names of parameters to values (it has least)"),
        (f"{LENGTH}:\n", ":1: " + LENGTH + " must map names of parameters to values (it has least)"),
        ("host-ssh-root-login: {least: 1}\n", ":1: host-ssh-root-login: there is no parameter 'least' (it has none)"),
        (f"- {LENGTH}\n", ":1: a file of parameters maps policies to names and values"),
        (f"{LENGTH}: {{least: 15}}\n{LENGTH}: {{least: 16}}\n", f":2: key '{LENGTH}' is written twice, first on line"),
        (f"{LENGTH}: &a {{least: 15}}\n", ":1: anchors and aliases are not allowed (write the value out)"),
        (f"{LENGTH}: {{least: !!int 15}}\n", ":1: tag"),
        (f"{LENGTH}: {'[' * 100}{']' * 100}\n", ":1: nested deeper than 40 levels"),
        (f"{LENGTH}: {{least: 16\n", ":2: did not find expected"),
    ],
)
def test_a_file_that_cannot_be_used_stops_before_anything_is_judged(
    bartizan: Run, root: Path, own: Path, text: str, told: str
) -> None:
    own.write_text(text)
    words = [("scan", "host", "--root", root), ("scan", "templates", root), ("policy", "explain", LENGTH)]
    for each in words:
        done = bartizan(*each, "--parameters", own)
        assert (done.returncode, done.stdout) == (2, "")
        assert f"{own}{told}" in done.stderr
        assert "Mend the file; `bartizan policy explain ID` shows" in done.stderr


def test_every_mistake_is_told_at_once(bartizan: Run, root: Path, own: Path) -> None:
    own.write_text(f"{LENGTH}: {{leest: 16}}\nhost-none: {{x: 1}}\n")
    told = bartizan("scan", "host", "--root", root, "--parameters", own).stderr
    assert f"{own}:1: " in told
    assert f"{own}:2: " in told


def test_a_file_that_is_not_there(bartizan: Run, root: Path) -> None:
    done = bartizan("scan", "host", "--root", root, "--parameters", "/nowhere.yaml")
    assert done.returncode == 2
    assert "/nowhere.yaml: cannot be read: No such file or directory (check the path" in done.stderr
