"""What projects ask for in the files that people write, where no lock file says what that came to: names without
versions, in the state `declared`.

package.json      {"dependencies": {"axios": "^1.6"}, "devDependencies": {"vite": "*"}}
pyproject.toml    dependencies = ["flask>=3", "click"]
Cargo.toml        [dependencies]  serde = "1"
Gemfile           gem "rails", "~> 7.1"
build.gradle      implementation "org.yaml:snakeyaml:2.+"

`discover` asks only where neither a lock file nor an installation answers. Files that are programs are searched for the
usual form of a dependency, never run.
"""

import re
from collections.abc import Iterable, Iterator

from bartizan.collect.filesystem.interface import FilesystemView
from bartizan.collect.interface import Problems
from bartizan.collect.packages.content import list_of, read_json_table, read_text, read_toml, table_of, text_of
from bartizan.model.package import Package

LIMIT = 4 << 20
STATE = "declared"
_PYTHON_NAME = re.compile(r"^\s*([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?:$|[\[(<>=!~;,])")
_GEM = re.compile(r"""^[ \t]*gem[ \t(]+["']([A-Za-z0-9._-]+)["'](?!.*\b(?:path|git|github):)""", re.MULTILINE)
_GRADLE = re.compile(
    r"""^[ \t]*(?:[a-z][A-Za-z]{0,60}Implementation|implementation|api|compile|compileOnly|runtimeOnly|runtime|kapt"""
    r"""|classpath)"""
    r"""[ \t(]+(?:platform\(|enforcedPlatform\()?["']([A-Za-z0-9._-]+):([A-Za-z0-9._-]+)(?::[^"']*)?["']""",
    re.MULTILINE,
)
_MIX = re.compile(r"""\{[ \t]*:([a-z][a-z0-9_]*)[ \t]*,[ \t]*(?:["']|>=|~>)""")
_SWIFT = re.compile(r"""\.package\([^)]{0,500}?url:[ \t]*"(?:https?://|git@)([^"]+?)(?:\.git)?/?\"""")
_POD = re.compile(r"""^[ \t]*pod[ \t(]+["']([^"'/]+)[^"']*["'](?!.*:(?:path|git)\b)""", re.MULTILINE)
_PLATFORM = re.compile(r"^(?:php|hhvm|composer)(?:-|$)|^(?:ext|lib)-")


def read_package_json(view: FilesystemView, path: str, problems: Problems) -> Iterator[Package]:
    """npm: what running and building it asks for; folders, workspaces and addresses are no registry's packages."""
    document = read_json_table(view, path, problems, LIMIT)
    for field in ("dependencies", "optionalDependencies", "devDependencies"):
        for name, wanted in table_of(document.get(field)).items():
            if not re.match(r"^(?:file|link|workspace|portal|git|github|https?)[:+]", text_of(wanted)):
                scope, slash, base = name.partition("/")
                scoped = bool(slash) and scope.startswith("@")
                yield _declared(
                    "npm", base if scoped else name, path, scope if scoped else "", dev=field == "devDependencies"
                )


def read_pyproject(view: FilesystemView, path: str, problems: Problems) -> Iterator[Package]:
    """PEP 621 and Poetry; what only building it asks for is left out, and extras, which nobody may want."""
    from bartizan.collect.packages.python.installed import normal_name

    document = read_toml(view, path, problems, LIMIT) or {}
    project, poetry = table_of(document.get("project")), table_of(table_of(document.get("tool")).get("poetry"))
    wanted = map(text_of, list_of(project.get("dependencies")))
    names = [match[1] for match in map(_PYTHON_NAME.match, wanted) if match]
    names += [name for name, value in table_of(poetry.get("dependencies")).items() if _of_registry(value)]
    own = normal_name(text_of(project.get("name")))
    for name in map(normal_name, names):
        if name not in ("python", own):
            yield _declared("pypi", name, path)


def read_pipfile(view: FilesystemView, path: str, problems: Problems) -> Iterator[Package]:
    from bartizan.collect.packages.python.installed import normal_name

    document = read_toml(view, path, problems, LIMIT) or {}
    for name, value in table_of(document.get("packages")).items():
        if _of_registry(value):
            yield _declared("pypi", normal_name(name), path)


def read_cargo(view: FilesystemView, path: str, problems: Problems) -> Iterator[Package]:
    document = read_toml(view, path, problems, LIMIT) or {}
    places = [document, *map(table_of, table_of(document.get("target")).values())]
    for place in places:
        for field in ("dependencies", "build-dependencies"):
            for name, value in table_of(place.get(field)).items():
                if _of_registry(value):
                    yield _declared("cargo", text_of(table_of(value).get("package")) or name, path)


def read_composer(view: FilesystemView, path: str, problems: Problems) -> Iterator[Package]:
    for name in table_of(read_json_table(view, path, problems, LIMIT).get("require")):
        vendor, slash, base = name.partition("/")
        if slash and not _PLATFORM.match(name):
            yield _declared("composer", base.lower(), path, vendor.lower())


def read_pubspec(view: FilesystemView, path: str, problems: Problems) -> Iterator[Package]:
    from bartizan.collect.packages.yaml_subset import parse_yaml

    text = read_text(view, path, problems, LIMIT)
    document = parse_yaml(text, path, problems) if text is not None else None
    for name, value in table_of(table_of(document).get("dependencies")).items():
        if not {"sdk", "path", "git"} & table_of(value).keys():
            yield _declared("pub", name, path)


def read_go(view: FilesystemView, path: str, problems: Problems) -> Iterator[Package]:
    """Module files of Go before 1.17, which name what is asked for directly and nothing that this needs in turn."""
    from bartizan.collect.packages.golang.modules import before_pruning, parse
    from bartizan.collect.packages.golang.names import module

    text = read_text(view, path, problems, LIMIT)
    found = parse(text or "", path, Problems())
    if before_pruning(found.go):
        for name, _, _ in found.required:
            yield module(name, "", path, direct=True, state=STATE)


def read_gemfile(view: FilesystemView, path: str, problems: Problems) -> Iterator[Package]:
    return (_declared("gem", name, path) for (name,) in _found(_GEM, view, path, problems))


def read_gradle(view: FilesystemView, path: str, problems: Problems) -> Iterator[Package]:
    return (_declared("maven", name, path, group) for group, name in _found(_GRADLE, view, path, problems))


def read_mix(view: FilesystemView, path: str, problems: Problems) -> Iterator[Package]:
    return (_declared("hex", name, path) for (name,) in _found(_MIX, view, path, problems))


def read_podfile(view: FilesystemView, path: str, problems: Problems) -> Iterator[Package]:
    return (_declared("cocoapods", name, path) for (name,) in _found(_POD, view, path, problems))


def read_swift(view: FilesystemView, path: str, problems: Problems) -> Iterator[Package]:
    for (address,) in _found(_SWIFT, view, path, problems):
        namespace, _, name = address.replace(":", "/").rpartition("/")
        yield _declared("swift", name, path, namespace)


def _found(pattern: re.Pattern[str], view: FilesystemView, path: str, problems: Problems) -> Iterable[tuple[str, ...]]:
    text = read_text(view, path, problems, LIMIT) or ""
    return (match.groups() for match in pattern.finditer(text))


def _of_registry(value: object) -> bool:
    """Whether a table that tells a dependency leaves it to the registry: no folder, no repository."""
    return not {"path", "git", "url", "file"} & table_of(value).keys()


def _declared(type_: str, name: str, path: str, namespace: str = "", *, dev: bool = False) -> Package:
    return Package(type=type_, namespace=namespace, name=name, version="", path=path, dev=dev, direct=True, state=STATE)
