"""How the words behind a verb become values, and what is said when they cannot."""

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bartizan.cli.command_line import HelpWanted, read_words
from bartizan.cli.failure import UsageError
from bartizan.cli.help_text import dedent, help_text, parameter_rows, usage_of
from bartizan.cli.parameters import Argument, Option, Parameter, parameters_of


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


def paint(
    wall: Annotated[Path, Argument(help="Which wall.")],
    others: Annotated[list[str] | None, Argument(metavar="[WALL]...", help="More walls.")] = None,
    colour: Annotated[Colour, Option("--colour", "-c", help="Which colour.")] = Colour.RED,
    layers: Annotated[int, Option(least=1, most=9, help="How often.")] = 2,
    owner: Annotated[str | None, Option(envvar="PAINT_OWNER", metavar="NAME", help="Whose.")] = None,
    tool: Annotated[list[Path] | None, Option(metavar="FILE", help="With what.")] = None,
    dry: Annotated[bool, Option("--dry", help="Only look.")] = False,
    varnish: Annotated[bool, Option("--varnish/--no-varnish", help="Make it shine.")] = True,
) -> int:
    """Paint a wall.

    It dries within a day.
    """
    return len([wall, others, colour, layers, owner, tool, dry, varnish])


PARAMETERS = parameters_of(paint)


def read(*words: str, environment: Mapping[str, str] | None = None) -> dict[str, Any]:
    return read_words(PARAMETERS, words, environment or {})


def test_defaults_where_nothing_is_given() -> None:
    assert read("north") == {
        "wall": Path("north"),
        "others": None,
        "colour": Colour.RED,
        "layers": 2,
        "owner": None,
        "tool": None,
        "dry": False,
        "varnish": True,
    }


@pytest.mark.parametrize(
    ("words", "name", "value"),
    [
        (["n", "--colour", "blue"], "colour", Colour.BLUE),
        (["n", "--colour=blue"], "colour", Colour.BLUE),
        (["-c", "blue", "n"], "colour", Colour.BLUE),
        (["-cblue", "n"], "colour", Colour.BLUE),
        (["n", "--colour", "red", "--colour", "blue"], "colour", Colour.BLUE),
        (["n", "--layers", "9"], "layers", 9),
        (["n", "--tool", "a", "--tool=b"], "tool", [Path("a"), Path("b")]),
        (["n", "--dry"], "dry", True),
        (["n", "--no-varnish"], "varnish", False),
        (["n", "--no-varnish", "--varnish"], "varnish", True),
        (["n", "--owner", ""], "owner", ""),
        (["n", "--owner=--dry"], "owner", "--dry"),
        (["n", "--owner", "-"], "owner", "-"),
        (["-"], "wall", Path("-")),
        (["--", "--dry"], "wall", Path("--dry")),
        (["n", "s", "--dry", "w"], "others", ["s", "w"]),
    ],
)
def test_ways_to_write_a_value(words: list[str], name: str, value: object) -> None:
    assert read(*words)[name] == value


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "WALL is missing"),
        (["n", "--color", "red"], "there is no option --color; did you mean --colour?"),
        (["n", "-x"], "there is no option -x"),
        (["n", "--colour", "green"], "--colour / -c: there is no 'green'; choose from red, blue"),
        (["n", "--colour"], "--colour needs a value: --colour <red|blue>"),
        (["n", "--owner", "--dry"], "--owner needs a value: --owner NAME"),
        (["n", "--dry=yes"], "--dry takes no value"),
        (["n", "--layers", "many"], "--layers: 'many' is not a number"),
        (["n", "--layers", "0"], "--layers: 0 is not within 1 and 9"),
    ],
)
def test_what_is_said_about_wrong_words(words: list[str], said: str) -> None:
    with pytest.raises(UsageError) as error:
        read(*words)
    assert error.value.what == said


def test_a_word_that_nothing_takes() -> None:
    def verb(one: Annotated[str, Argument()]) -> None: ...

    with pytest.raises(UsageError, match="nothing takes b c"):
        read_words(parameters_of(verb), ["a", "b", "c"], {})


def test_help_is_wanted_wherever_it_stands() -> None:
    for words in (["--help"], ["n", "-h"], ["--dry", "--help", "--nonsense"]):
        with pytest.raises(HelpWanted):
            read(*words)


def test_the_environment_stands_in_for_an_option() -> None:
    assert read("n", environment={"PAINT_OWNER": "she"})["owner"] == "she"
    assert read("n", "--owner", "he", environment={"PAINT_OWNER": "she"})["owner"] == "he"
    assert read("n", environment={"PAINT_OWNER": ""})["owner"] is None


def test_an_argument_without_an_annotation_is_a_defect_that_shows_at_once() -> None:
    def verb(one: str) -> None: ...

    with pytest.raises(TypeError, match="one: annotate it"):
        parameters_of(verb)


def written(parameter: Parameter, value: Any) -> list[str]:
    values = value if parameter.many else [value]
    return [f"{parameter.on[0]}={getattr(each, 'value', each)}" for each in values]


@given(
    colour=st.sampled_from(Colour),
    layers=st.integers(1, 9),
    owner=st.text(),
    tool=st.lists(st.text(min_size=1).map(Path), min_size=1),
    wall=st.text(min_size=1).map(Path),
)
def test_what_is_written_is_read(colour: Colour, layers: int, owner: str, tool: list[Path], wall: Path) -> None:
    values = {"colour": colour, "layers": layers, "owner": owner, "tool": tool}
    words = [word for each in PARAMETERS if each.name in values for word in written(each, values[each.name])]
    told = read(*words, "--", str(wall))
    assert {name: told[name] for name in (*values, "wall")} == {**values, "wall": wall}


@given(st.lists(st.text(alphabet=st.sampled_from("-=ndcx hlopy/"), max_size=12)))
def test_any_words_are_values_or_a_usage_error(words: list[str]) -> None:
    try:
        told = read(*words)
    except (UsageError, HelpWanted):
        return
    assert set(told) == {each.name for each in PARAMETERS}


def test_help_shows_everything_that_a_verb_takes() -> None:
    text = help_text(paint.__doc__ or "", usage_of("paint", PARAMETERS), parameter_rows(PARAMETERS), width=60)
    assert (
        text
        == dedent("""
        Paint a wall.

        It dries within a day.

        Usage: paint [OPTIONS] WALL [WALL]...

        Arguments:
          WALL       Which wall.  [required]
          [WALL]...  More walls.

        Options:
          -c, --colour <red|blue>   Which colour.  [default: red]
          --layers <number>         How often.  [default: 2; 1 to 9]
          --owner NAME              Whose.  [env var: PAINT_OWNER]
          --tool FILE               With what.
          --dry                     Only look.
          --varnish / --no-varnish  Make it shine.  [default:
                                    varnish]
          -h, --help                Show this message and leave.
        """)
        + "\n"
    )
