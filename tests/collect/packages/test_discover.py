"""One walk, one section per purl type: what it finds, what it leaves out, who owns what."""

from collections.abc import Callable, Mapping
from pathlib import Path

from bartizan.collect.filesystem.interface import FilesystemView
from bartizan.collect.filesystem.local import LocalView
from bartizan.collect.interface import Problems
from bartizan.collect.packages.discover import read_packages
from bartizan.collect.packages.interface import Reader
from bartizan.model.package import Package, package_facts, package_from
from bartizan.model.snapshot import Problem, Section

Files = Mapping[str, str | bytes]

DEBIAN = 'ID=debian\nVERSION_ID="12"\n'
STATUS = """\
Package: python3-requests
Status: install ok installed
Architecture: all
Source: requests
Version: 2.28.1+dfsg-1
"""
EGG_INFO = "/usr/lib/python3/dist-packages/requests-2.28.1.egg-info/PKG-INFO"
METADATA = "Metadata-Version: 2.1\nName: Requests\nVersion: 2.28.1\n\nlong text\n"


def test_facts_leave_defaults_out_and_read_back() -> None:
    package = Package(type="pypi", name="requests", version="2.28.1", licences=("Apache-2.0",), direct=False)
    facts = package_facts(package)
    assert facts == {
        "type": "pypi",
        "name": "requests",
        "version": "2.28.1",
        "licences": ["Apache-2.0"],
        "direct": False,
    }
    assert package_from(facts) == package


def test_a_file_of_a_distribution_package_names_its_owner(packages_of: Callable[[Files], list[Package]]) -> None:
    packages = packages_of(
        {
            "/etc/os-release": DEBIAN,
            "/var/lib/dpkg/status": STATUS,
            "/var/lib/dpkg/info/python3-requests.list": f"/.\n/usr\n{EGG_INFO}\n",
            EGG_INFO: METADATA,
            "/opt/venv/lib/python3.11/site-packages/requests-2.31.0.dist-info/METADATA": METADATA.replace(
                "28.1", "31.0"
            ),
        }
    )
    assert [(package.version, package.owner) for package in packages if package.type == "pypi"] == [
        ("2.28.1", "python3-requests"),
        ("2.31.0", ""),
    ]


def test_ownership_sees_through_merged_usr(packages_of: Callable[[Files], list[Package]]) -> None:
    packages = packages_of(
        {
            "/var/lib/dpkg/status": STATUS,
            "/var/lib/dpkg/info/python3-requests.list": "/lib/python3/requests.egg-info\n",
            "/usr/lib/python3/requests.egg-info": METADATA,
        }
    )
    assert [package.owner for package in packages if package.type == "pypi"] == ["python3-requests"]


def test_layers_of_containers_are_not_the_hosts_own(sections_of: Callable[[Files], dict[str, Section]]) -> None:
    inner = "/var/lib/docker/overlay2/0a/diff/usr/lib/python3/requests-2.0.dist-info/METADATA"
    sections = sections_of({inner: METADATA})
    assert list(sections) == ["packages"]
    assert sections["packages"].facts == {"left_out": ["/var/lib/docker"]}


def test_ignored_folders_are_not_entered(view_of: Callable[[Files], LocalView]) -> None:
    view = view_of({"/srv/a/x.dist-info/METADATA": METADATA, "/srv/b/x.dist-info/METADATA": METADATA})
    facts = read_packages(view, ignore={"/srv/a"})["packages_pypi"].facts
    assert isinstance(facts, list)
    assert [fact["path"] for fact in facts] == ["/srv/b/x.dist-info/METADATA"]


def test_the_same_files_give_the_same_digests(tmp_path: Path) -> None:
    digests = []
    for name in ("one", "two"):
        folder = tmp_path / name / "srv"
        for project in ("b", "a") if name == "one" else ("a", "b"):
            (folder / f"{project}.dist-info").mkdir(parents=True)
            (folder / f"{project}.dist-info" / "METADATA").write_text(METADATA.replace("Requests", project))
        digests.append({name: section.digest for name, section in read_packages(LocalView(str(folder.parent))).items()})
    assert digests[0] == digests[1]


def test_a_reader_that_fails_is_a_problem_and_hides_nothing_else(view_of: Callable[[Files], LocalView]) -> None:
    def read(view: FilesystemView, path: str, problems: Problems) -> list[Package]:
        if path == "/bad.lock":
            raise KeyError("version")
        return [Package(type="generic", name="good", version="1")]

    reader = Reader(name="example", type="generic", read=read, suffixes=(".lock",))
    section = read_packages(view_of({"/bad.lock": "", "/good.lock": ""}), readers=(reader,))["packages_generic"]
    assert section.facts == [{"type": "generic", "name": "good", "version": "1"}]
    assert section.problems == (Problem(path="/bad.lock", reason="the example reader failed: KeyError: 'version'"),)


def test_lock_files_inside_installed_dependencies_are_not_read(view_of: Callable[[Files], LocalView]) -> None:
    def read(view: FilesystemView, path: str, problems: Problems) -> list[Package]:
        return [Package(type="generic", name="x", version="1", path=path)]

    reader = Reader(name="example", type="generic", read=read, names=frozenset({"x.lock"}), locked=True)
    view = view_of(
        {
            "/srv/app/x.lock": "",
            "/srv/app/node_modules/dep/x.lock": "",
            "/home/a/go/pkg/mod/example.com/dep@v1.0.0/x.lock": "",
            "/usr/lib/python3/dist-packages/dep/x.lock": "",
        }
    )
    facts = read_packages(view, readers=(reader,))["packages_generic"].facts
    assert isinstance(facts, list)
    assert [fact["path"] for fact in facts] == ["/srv/app/x.lock"]
