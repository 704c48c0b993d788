"""package.json as evidence of an installed package, and when it is none."""

import json
from collections.abc import Callable, Mapping

import pytest

from bartizan.model.package import Package

Files = Mapping[str, str | bytes]
Outcome = tuple[list[Package], list[tuple[str, str]]]


def manifest(**fields: object) -> str:
    return json.dumps({"name": "left-pad", "version": "1.3.0"} | fields)


def test_packages_in_node_modules(packages_of: Callable[[Files], list[Package]]) -> None:
    packages = packages_of(
        {
            "/srv/app/node_modules/left-pad/package.json": manifest(license="WTFPL"),
            "/srv/app/node_modules/@angular/core/package.json": manifest(name="@angular/core", license={"type": "MIT"}),
            "/srv/app/node_modules/.pnpm/x@1.0.0/node_modules/x/package.json": manifest(
                name="x", licenses=[{"type": "ISC"}]
            ),
        }
    )
    assert [(package.namespace, package.name, package.licences) for package in packages] == [
        ("@angular", "core", ("MIT",)),
        ("", "left-pad", ("WTFPL",)),
        ("", "x", ("ISC",)),
    ]
    assert packages[0].purl == "pkg:npm/%40angular/core@1.3.0"


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/srv/node_modules/left-pad/dist/package.json", manifest()),
        ("/srv/node_modules/@scope/left-pad/test/fixture/package.json", manifest()),
        ("/srv/app/package.json", manifest(private=True)),
        ("/srv/app/package.json", '{"type": "module"}'),
        ("/home/a/.vscode/extensions/x/package.json", manifest(engines={"vscode": "^1.0.0"})),
        ("/srv/game/package.json", manifest(unity="2020.1")),
    ],
)
def test_what_is_no_installed_package(packages_of: Callable[[Files], list[Package]], path: str, text: str) -> None:
    assert packages_of({path: text}) == []


def test_a_damaged_manifest_is_told(outcome_of: Callable[[Files], Outcome]) -> None:
    _, problems = outcome_of({"/srv/node_modules/a/package.json": '{"name": "a",\n "version": }'})
    assert problems == [("/srv/node_modules/a/package.json:2", "not JSON: Expecting value in column 13")]
