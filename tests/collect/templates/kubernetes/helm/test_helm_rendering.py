# ruff: noqa: E501 - one case a line
"""Go templates render as Helm renders them; what nobody knows stays unknown, with the line that asked for it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bartizan.collect.filesystem.memory import MemoryView
from bartizan.collect.resources.values import Unknown
from bartizan.collect.templates.kubernetes.helm.collection_functions import collection_functions
from bartizan.collect.templates.kubernetes.helm.evaluate import Output, Refused, Renderer, RenderError
from bartizan.collect.templates.kubernetes.helm.resources import of_chart
from bartizan.collect.templates.kubernetes.helm.syntax import Node, TemplateSyntaxError, parse
from bartizan.collect.templates.kubernetes.helm.text_functions import text_functions
from bartizan.collect.templates.kubernetes.helm.unknowns import Marks, readable
from bartizan.collect.templates.located import load_all
from bartizan.collect.templates.normal import TemplateResources

VALUES = {
    "name": "shop",
    "empty": "",
    "count": 3,
    "on": True,
    "list": ["a", "b"],
    "map": {"x": 1, "y": "two"},
    "deep": {"er": {"est": "found"}},
    "big": 1.5,
    "gone": Unknown("never given"),
}


def output(text: str) -> tuple[Output, Marks]:
    template = parse(text, "t.yaml")
    marks = Marks()

    def compiled(source: str, path: str) -> list[Node]:
        return parse(source, path).nodes

    defines = {name: ("t.yaml", nodes) for name, nodes in template.defines.items()}
    renderer = Renderer({**text_functions(), **collection_functions()}, defines, marks, compiled)
    return renderer.render("t.yaml", template.nodes, {"Values": VALUES, "Release": {"Name": "rel"}}), marks


def rendered(text: str) -> str:
    return output(text)[0].text()


def value(expression: str) -> Any:
    """What an expression gives, as it stands in rendered YAML."""
    out, marks = output(f"it: {{{{ {expression} }}}}")
    (document,) = load_all(readable(out.text()))
    return marks.restored(document.value)["it"]


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("a {{ .Values.name }} b", "a shop b"),
        ("a {{- .Values.name -}} b", "ashopb"),
        ("{{/* nothing }} */}}x", "x"),
        ("x\n{{- /* gone */ -}}\ny", "xy"),
        ('{{ "}}" }}', "}}"),
        ("{{ `a\\n` }}", "a\\n"),
        ('{{ "a\\tb" }}', "a\tb"),
        ("{{ if .Values.empty }}a{{ else if .Values.on }}b{{ else }}c{{ end }}", "b"),
        ("{{ with .Values.deep.er }}{{ .est }}{{ $.Release.Name }}{{ end }}", "foundrel"),
        ("{{ with .Values.empty }}a{{ else }}b{{ end }}", "b"),
        ("{{ range .Values.list }}[{{ . }}]{{ end }}", "[a][b]"),
        ("{{ range $i, $x := .Values.list }}{{ $i }}{{ $x }}{{ end }}", "0a1b"),
        ("{{ range $k, $v := .Values.map }}{{ $k }}={{ $v }};{{ end }}", "x=1;y=two;"),
        ("{{ range .Values.nothing }}a{{ else }}b{{ end }}", "b"),
        ("{{ range until 5 }}{{ if eq . 3 }}{{ break }}{{ end }}{{ . }}{{ end }}", "012"),
        ('{{ $x := "a" }}{{ if true }}{{ $x = "b" }}{{ end }}{{ $x }}', "b"),
        ('{{ $x := "a" }}{{ if true }}{{ $x := "b" }}{{ end }}{{ $x }}', "a"),
        ('{{ define "n" }}<{{ .name }}>{{ end }}{{ include "n" .Values | upper }}', "<SHOP>"),
        ('{{ define "n" }}<{{ . }}>{{ end }}{{ template "n" "x" }}', "<x>"),
        ('{{ block "n" .Values }}{{ .name }}{{ end }}', "shop"),
        ('{{ tpl "{{ .Values.name }}!" . }}', "shop!"),
        ("{{ (dict \"a\" (list 1 2)).a }}", "[1 2]"),
        ("{{ .Values.map | toYaml | nindent 2 }}", "\n  x: 1\n  y: two"),
        ('{{ printf "%s-%d %05d %q %v" .Values.name 7 42 "x" true }}', 'shop-7 00042 "x" true'),
        ("{{ and .Values.on .Values.name }} {{ or .Values.empty .Values.name }}", "shop shop"),
        ("{{ not .Values.on }} {{ ne 1 2 }} {{ lt 1 2 }} {{ eq .Values.name \"a\" \"shop\" }}", "false true true true"),
        ("{{ index .Values.list 1 }} {{ len .Values.map }} {{ index .Values \"deep\" \"er\" \"est\" }}", "b 2 found"),
        ("{{ .Values.count | int | add 4 }} {{ mul 2 3 }} {{ div 7 2 }} {{ mod 7 2 }} {{ max 1 9 3 }}", "7 6 3 1 9"),
        ("{{ 0644 }} {{ 0x10 }} {{ .Values.big }}", "420 16 1.5"),
        ('{{ "abcdef" | trunc 3 }} {{ "abcdef" | trunc -2 }} {{ "a-" | trimSuffix "-" }}', "abc ef a"),
        ('{{ default "d" .Values.nothing }} {{ .Values.empty | default "d" }} {{ .Values.name | default "d" }}', "d d shop"),
        ('{{ coalesce .Values.nothing "" "x" }} {{ ternary "a" "b" true }} {{ empty .Values.empty }}', "x a true"),
        ('{{ "a,b" | splitList "," | join "+" }} {{ list "b" "a" | sortAlpha | first }}', "a+b a"),
        ('{{ hasKey .Values "name" }} {{ get .Values.map "y" }} {{ dig "er" "est" "no" .Values.deep }}', "true two found"),
        ('{{ keys .Values.map | join "," }} {{ has "a" .Values.list }} {{ omit .Values.map "x" }}', "x,y true map[y:two]"),
        ('{{ $d := dict "a" 1 }}{{ $_ := set $d "b" 2 }}{{ merge $d (dict "a" 9 "c" 3) | toJson }}', '{"a":1,"b":2,"c":3}'),
        ('{{ mergeOverwrite (dict "a" (dict "x" 1)) (dict "a" (dict "y" 2)) | toJson }}', '{"a":{"x":1,"y":2}}'),
        ('{{ "x" | b64enc }} {{ "eA==" | b64dec }} {{ "a" | sha256sum | trunc 8 }}', "eA== x ca978112"),
        ('{{ semverCompare ">=1.19-0" "v1.31.0" }} {{ semverCompare "<1.19" "1.31.0" }} {{ semverCompare "^1.2.3" "1.9.0" }}', "true false true"),
        ('{{ regexMatch "^a.c$" "abc" }} {{ regexReplaceAll "a(x*)b" "-axxb-" "${1}W" }}', "true -xxW-"),
        ('{{ kindIs "map" .Values.map }} {{ kindOf .Values.list }} {{ "my name" | title }} {{ "aB" | kebabcase }}', "true slice My Name a-b"),
        ('{{ (fromYaml "a: {b: 1}").a.b }} {{ (fromJson `{"a": 2}`).a }}', "1 2"),
        ("{{ .Values.list | toJson }} {{ quote 1 \"a\" }} {{ squote \"b\" }}", '["a","b"] "1" "a" \'b\''),
        ("{{ print 1 2 \"a\" 3 }}", "1 2a3"),
        ("{{- range untilStep 0 6 2 }}{{ . }}{{ end }}", "024"),
    ],
)  # fmt: skip
def test_templates_render_as_in_helm(template: str, expected: str) -> None:
    assert rendered(template) == expected


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        (".Values.nothing", ".Values.nothing has no value"),
        (".Values.nothing.below", ".Values.nothing.below has no value"),
        (".Values.gone | quote", "never given"),
        (".Values.gone | upper | trunc 3", "never given"),
        ('printf "%s:%s" .Values.name .Values.gone', "never given"),
        ("eq .Values.gone 1", "never given"),
        ("toYaml .Values.nothing", ".Values.nothing has no value"),
        ("randAlphaNum 5", "the function randAlphaNum is not supported"),
        ('lookup "v1" "Secret" "ns" "n"', "the function lookup is not supported"),
        ('include "nowhere" .', "there is no template 'nowhere'"),
        ('required "say which" .Values.nothing', "a value is required: say which"),
        ("$nobody", "there is no variable $nobody"),
        ("index .Values.list 9", "there is no element 9"),
        ("div 1 0", "cannot work on these values"),
        (".Values.nothing | b64enc", ".Values.nothing has no value"),
    ],
)
def test_what_is_not_known_is_unknown_with_its_line(expression: str, reason: str) -> None:
    found = value(expression)
    assert isinstance(found, Unknown) and reason in found.reason
    assert "t.yaml:1" in found.reason or "never given" in found.reason


def test_an_unset_value_is_false_in_a_condition_and_takes_its_default() -> None:
    assert rendered("{{ if .Values.nothing }}a{{ else }}b{{ end }}") == "b"
    assert rendered("{{ if and .Values.gone .Values.empty }}a{{ else }}b{{ end }}") == "b"
    assert value("or .Values.gone true") is True


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("a: 1\n{{- if .Values.gone }}\nb: 2\n{{- end }}\nc: 3\n", {"a": 1, "c": 3}),
        (
            "a:\n  b: 1\n  {{- with .Values.gone }}\n  d:\n    {{- toYaml . | nindent 4 }}\n  {{- end }}\n",
            {"a": {"b": 1}},
        ),
        ("a:\n  b: 1\n  {{- toYaml .Values.gone | nindent 2 }}\n", {"a": {"b": 1}}),
    ],
)
def test_an_unknown_block_leaves_open_what_it_would_have_added(template: str, expected: dict[str, Any]) -> None:
    out, marks = output(template)
    (document,) = load_all(readable(out.text()))
    found = marks.restored(document.value)
    assert found == expected
    inner: Any = found["a"] if isinstance(found["a"], dict) else found
    assert inner.get("whatever").reason == "never given"
    assert inner.get("c" if "c" in inner else "b") in (1, 3)


def test_an_unknown_block_in_a_list_and_in_a_line() -> None:
    out, marks = output(
        "a:\n  - x\n  {{- range .Values.gone }}\n  - {{ . }}\n  {{- end }}\nb: p-{{ if .Values.gone }}q{{ end }}\n"
    )
    (document,) = load_all(readable(out.text()))
    found = marks.restored(document.value)
    assert found["a"][0] == "x" and isinstance(found["a"][1], Unknown)
    assert isinstance(found["b"], Unknown) and found["b"].text == "p-${...}"


def test_a_variable_that_an_unknown_block_sets_is_unknown() -> None:
    assert isinstance(value("$x := 1 }}{{ if .Values.gone }}{{ $x = 2 }}{{ end }}{{ $x"), Unknown)


def test_lines_of_the_rendered_text_lead_back_to_the_file() -> None:
    out, _ = output("a: 1\n{{- if true }}\nb: 2\n{{- end }}\n{{ toYaml .Values.map }}\nc: 3\n")
    told = list(zip(out.text().split("\n"), out.lines(), strict=False))
    assert [line for text, line in told if text in ("a: 1", "b: 2", "c: 3")] == [1, 3, 6]
    assert [line for text, line in told if text in ("x: 1", "y: two")] == [5, 5]


@pytest.mark.parametrize(
    ("template", "line", "reason"),
    [
        ("a\n{{ if x }}", 2, "never closed with end"),
        ("a\n{{ end }}", 2, "closes nothing"),
        ("{{ else }}", 1, "belongs to no"),
        ("a\n\n{{ .Values", 3, "never closed with }}"),
        ("{{/* x", 1, "a comment is never closed"),
        ('{{ "x }}', 1, "never closed with }}"),
        ("{{ ( 1 }}", 1, "a parenthesis is never closed"),
        ("{{ 1 | }}", 1, "a command is missing"),
        ("{{ ; }}", 1, "is no part of a template"),
        ("{{ if 1 }}" * 200, 1, "nested more than"),
    ],
)
def test_broken_templates_are_told_with_their_line(template: str, line: int, reason: str) -> None:
    with pytest.raises(TemplateSyntaxError) as caught:
        parse(template, "t.yaml")
    assert caught.value.line == line and reason in caught.value.reason


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ('{{ define "a" }}{{ include "a" . }}{{ end }}{{ include "a" . }}', "without end"),
        ("{{ range until 90000 }}{{ range until 90000 }}{{ . }}{{ end }}{{ end }}", "steps"),
        ('{{ $x := repeat 1000000 "aaaaaaaa" }}{{ range until 100 }}{{ $x }}{{ end }}', "MiB"),
        ('{{ fail "no such plan" }}', "the chart refuses these values: no such plan"),
    ],
)
def test_what_never_ends_is_stopped(template: str, reason: str) -> None:
    with pytest.raises(RenderError, match=reason):
        rendered(template)


@given(st.text(alphabet='{}-$.|()"`ab \n:=/*1') | st.text())
def test_any_text_is_a_template_or_an_error_with_a_line(text: str) -> None:
    try:
        rendered(text)
    except (TemplateSyntaxError, RenderError) as error:
        assert error.line >= 1


def test_functions_refuse_what_they_cannot_do() -> None:
    functions = {**text_functions(), **collection_functions()}
    for name, arguments in (("repeat", (10**9, "a")), ("until", (10**9,)), ("lt", (1, "a")), ("semver", ("x",))):
        with pytest.raises(Refused):
            functions[name](*arguments)


CHART = {
    "/c/Chart.yaml": b"apiVersion: v2\nname: shop\nversion: 1.2.0\nappVersion: '9'\ndependencies:\n"
    b"- {name: cache, condition: cache.enabled}\n- {name: idle, condition: idle.enabled}\n- {name: absent}\n",
    "/c/values.yaml": b"image: {repository: shop, tag: null}\ncache: {privileged: true, enabled: true}\nidle: {enabled: false}\n"
    b"global: {registry: registry.example}\nextra: ''\n",
    "/c/templates/_names.tpl": b'{{- define "shop.name" -}}{{ .Release.Name | trunc 63 }}{{- end -}}',
    "/c/templates/NOTES.txt": b"{{ broken",
    "/c/templates/pod.yaml": b"# top\napiVersion: v1\nkind: Pod\nmetadata:\n  name: {{ include \"shop.name\" . }}\n"
    b"spec:\n  containers:\n  - name: web\n    image: \"{{ .Values.image.repository }}:{{ .Values.image.tag }}\"\n"
    b"    command: [{{ .Files.Get \"run.txt\" | quote }}]\n",
    "/c/run.txt": b"go",
    "/c/templates/monitor.yaml": b'{{- if .Capabilities.APIVersions.Has "monitoring.example/v1" }}\n{{ fail "no" }}\n{{- end }}\n'
    b'{{ if lookup "v1" "Pod" "a" "b" }}\napiVersion: v1\nkind: Pod\n{{ end }}\n',
    "/c/templates/broken.yaml": b"\n{{ if }}\n",
    "/c/charts/cache/Chart.yaml": b"name: cache\nversion: 0.1.0\n",
    "/c/charts/cache/values.yaml": b"privileged: false\nport: 6379\n",
    "/c/charts/cache/templates/pod.yaml": b"apiVersion: v1\nkind: Pod\nmetadata: {name: '{{ include \"shop.name\" . }}-{{ .Chart.Name }}'}\n"
    b"spec:\n  containers:\n  - name: c\n    image: {{ .Values.global.registry }}/cache\n"
    b"    securityContext: {privileged: {{ .Values.privileged }}}\n    ports: [{containerPort: {{ .Values.port }}}]\n",
    "/c/charts/idle/Chart.yaml": b"name: idle\nversion: 0.1.0\n",
    "/c/charts/idle/templates/pod.yaml": b"{{ fail \"never rendered\" }}",
}  # fmt: skip


def chart(variables: dict[str, str] | None = None) -> TemplateResources:
    return of_chart(MemoryView(CHART), "/c", variables)


def test_a_chart_gives_the_objects_of_itself_and_of_the_charts_within_it() -> None:
    found = {each.id: each for each in chart().resources}
    assert set(found) == {"Pod/shop", "Pod/shop-cache"}
    (cache,) = found["Pod/shop-cache"].attributes["containers"]
    assert (cache["privileged"], cache["image_registry"], cache["ports"][0]["container"]) == (
        True, "registry.example", 6379,
    )  # fmt: skip
    location = found["Pod/shop"].location
    assert location is not None
    assert (location.path, location.line) == ("/c/templates/pod.yaml", 2)


def test_what_the_values_do_not_say_is_unknown_until_somebody_says_it() -> None:
    shop = next(each for each in chart().resources if each.id == "Pod/shop")
    reasons = {each.path: each.reason for each in shop.unknowns}
    assert reasons["containers[0].image_tag"] == "/c/templates/pod.yaml:9: .Values.image.tag has no value"
    assert "namespace" in reasons
    shop = next(each for each in chart({"image.tag": "1.0"}).resources if each.id == "Pod/shop")
    assert shop.attributes["containers"][0]["image_tag"] == "1.0"


def test_what_a_chart_lacks_or_hides_is_a_problem_with_its_place() -> None:
    told = {str(each) for each in chart().problems}
    assert "/c/templates/broken.yaml:2: a command is missing" in told
    assert any(each.startswith("/c/Chart.yaml: the chart 'absent' is not here") for each in told)
    assert any("monitor.yaml:4" in each and "lookup is not supported" in each for each in told)
    assert len(told) == 3
