"""Installed Python distributions in the forms that installers leave behind."""

from collections.abc import Callable, Mapping

from bartizan.model.package import Package

Files = Mapping[str, str | bytes]
Outcome = tuple[list[Package], list[tuple[str, str]]]

SITE = "/opt/venv/lib/python3.11/site-packages"


def test_every_form_of_metadata(packages_of: Callable[[Files], list[Package]]) -> None:
    packages = packages_of(
        {
            f"{SITE}/A_b.c-1.0.dist-info/METADATA": "Name: A_b.c\nVersion: 1.0\nLicense-Expression: MIT OR ISC\n",
            f"{SITE}/A_b.c-1.0.dist-info/REQUESTED": "",
            f"{SITE}/folder.egg-info/PKG-INFO": "Name: folder\nVersion: 2\nClassifier: License :: BSD License\n",
            f"{SITE}/file-3.egg-info": "Name: file\r\nVersion: 3\r\nLicense: UNKNOWN\r\n",
            f"{SITE}/zipped-4-py3.11.egg/EGG-INFO/PKG-INFO": "Name: zipped\nVersion: 4\n",
            "/usr/lib/python2.7/lib-dynload/Python-2.7.18.egg-info": "Name: Python\nVersion: 2.7.18\n",
        }
    )
    assert [(package.name, package.version, package.licences, package.direct) for package in packages] == [
        ("a-b-c", "1.0", ("MIT OR ISC",), True),
        ("file", "3", (), None),
        ("folder", "2", ("BSD License",), None),
        ("zipped", "4", (), None),
    ]


def test_fields_in_the_description_do_not_count(packages_of: Callable[[Files], list[Package]]) -> None:
    text = "Name: real\nVersion: 1\n\nName: fake\nVersion: 9\n"
    assert [(package.name, package.version) for package in packages_of({f"{SITE}/real.dist-info/METADATA": text})] == [
        ("real", "1")
    ]


def test_metadata_without_a_version_is_told(outcome_of: Callable[[Files], Outcome]) -> None:
    packages, problems = outcome_of({f"{SITE}/broken.dist-info/METADATA": "Name: broken\n"})
    assert packages == []
    assert problems == [(f"{SITE}/broken.dist-info/METADATA", "the metadata has no version")]


def test_an_editable_install_counts_once_and_a_dangling_one_is_told(
    outcome_of: Callable[[Files], Outcome],
) -> None:
    packages, problems = outcome_of(
        {
            "/src/tool/tool.egg-info/PKG-INFO": "Name: tool\nVersion: 5\n",
            f"{SITE}/tool.egg-link": "/src/tool\n.",
            f"{SITE}/gone.egg-link": "/src/gone\n.",
        }
    )
    assert [package.path for package in packages] == ["/src/tool/tool.egg-info/PKG-INFO"]
    assert problems == [
        (f"{SITE}/gone.egg-link", "links to /src/gone, which is not there: the package's version is not known")
    ]
