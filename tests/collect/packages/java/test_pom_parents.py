"""Poms that inherit from each other."""

from collections.abc import Callable, Mapping

from bartizan.model.package import UNRESOLVED, Package

Files = Mapping[str, str | bytes]
Outcome = tuple[list[Package], list[tuple[str, str]]]


def project(artifact: str, inner: str = "", parent: str = "", relative: str = "") -> str:
    above = f"<parent><groupId>g</groupId><artifactId>{parent}</artifactId><version>1</version>{relative}</parent>"
    return f"<project><groupId>g</groupId><artifactId>{artifact}</artifactId>{above if parent else ''}{inner}</project>"


def dependency(artifact: str, version: str = "") -> str:
    told = f"<version>{version}</version>" if version else ""
    return f"<dependency><groupId>d</groupId><artifactId>{artifact}</artifactId>{told}</dependency>"


def versions(packages: list[Package], path: str) -> dict[str, str]:
    return {package.name: package.version for package in packages if package.path == path}


def test_properties_management_and_dependencies_come_from_the_parent(
    packages_of: Callable[[Files], list[Package]],
) -> None:
    parent = project(
        "parent",
        "<properties><v>1.0</v></properties>"
        f"<dependencyManagement><dependencies>{dependency('managed', '${v}')}</dependencies></dependencyManagement>"
        f"<dependencies>{dependency('inherited', '3.0')}</dependencies>",
    )
    child = project(
        "child",
        f"<properties><v>2.0</v></properties><dependencies>{dependency('managed')}</dependencies>",
        parent="parent",
    )
    packages = packages_of({"/srv/pom.xml": parent, "/srv/child/pom.xml": child})
    assert versions(packages, "/srv/child/pom.xml") == {"managed": "2.0", "inherited": "3.0"}


def others(problems: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Without what a file of declarations never tells."""
    return [each for each in problems if not each[1].startswith(UNRESOLVED)]


def test_a_file_that_is_another_project_is_no_parent(outcome_of: Callable[[Files], Outcome]) -> None:
    child = project("child", f"<dependencies>{dependency('x', '${v}')}</dependencies>", parent="elsewhere")
    packages, problems = outcome_of(
        {"/srv/pom.xml": project("other", "<properties><v>9</v></properties>"), "/srv/child/pom.xml": child}
    )
    assert versions(packages, "/srv/child/pom.xml") == {"x": ""}
    assert others(problems) == [("/srv/child/pom.xml", "version ${v} of d:x is not told by local files")]


def test_parents_in_a_circle_end(outcome_of: Callable[[Files], Outcome]) -> None:
    relative = "<relativePath>../{}/pom.xml</relativePath>"
    packages, problems = outcome_of(
        {
            "/srv/a/pom.xml": project(
                "a", f"<dependencies>{dependency('x', '1')}</dependencies>", "b", relative.format("b")
            ),
            "/srv/b/pom.xml": project("b", "", "a", relative.format("a")),
        }
    )
    assert versions(packages, "/srv/a/pom.xml") == {"x": "1"}
    assert {reason for _, reason in others(problems)} == {"its parents are in a circle or more than 20 deep"}


def test_properties_that_grow_end(outcome_of: Callable[[Files], Outcome]) -> None:
    grown = "".join(f"<p{n}>${{p{n + 1}}}${{p{n + 1}}}</p{n}>" for n in range(60))
    pom = project(
        "bomb", f"<properties>{grown}<p60>x</p60></properties><dependencies>{dependency('x', '${p0}')}</dependencies>"
    )
    packages, _ = outcome_of({"/srv/pom.xml": pom})
    assert len(packages[0].version) <= 2000


def test_entities_are_not_expanded(outcome_of: Callable[[Files], Outcome]) -> None:
    pom = '<!DOCTYPE project [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]><project>&b;</project>'
    _, problems = outcome_of({"/srv/pom.xml": pom})
    assert problems == [("/srv/pom.xml:1", "declares entities, which are not expanded")]
