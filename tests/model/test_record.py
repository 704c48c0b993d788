"""Our `dataclass` against the standard library's: what can be seen of a record is the same."""

import copy
import dataclasses
import inspect
import pickle
from collections.abc import Callable
from dataclasses import FrozenInstanceError, field
from typing import Any

import pytest

from bartizan.model import record

Make = Callable[..., Any]


def family(dataclass: Make) -> dict[str, Any]:
    @dataclass(frozen=True, slots=True, kw_only=True)
    class Frozen:
        a: int
        b: str = "b"
        c: list[int] = field(default_factory=list)
        d: float = field(default=0.5, compare=False)
        e: str = field(default="secret", repr=False)

        @property
        def double(self) -> int:
            return self.a * 2

    @dataclass(frozen=True, slots=True)
    class Pair:
        left: int
        right: tuple[int, ...] = ()
        later: int = field(default=7, kw_only=True)

    @dataclass(slots=True)
    class Open:
        name: str
        parts: dict[str, Any] = field(default_factory=dict)
        steps: int = field(default=0, init=False)

        def __post_init__(self) -> None:
            self.steps = len(self.name)

    @dataclass(frozen=True)
    class Empty:
        pass

    @dataclass(frozen=True, slots=True)
    class Own:
        a: int

        def __eq__(self, other: object) -> bool:
            return True

        def __hash__(self) -> int:
            return 1

        def __repr__(self) -> str:
            return "own"

    return {"Frozen": Frozen, "Pair": Pair, "Open": Open, "Empty": Empty, "Own": Own}


OURS = family(record.dataclass)
THEIRS = family(dataclasses.dataclass)

CALLS: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
    ("Frozen", (), {"a": 1}),
    ("Frozen", (), {"a": 1, "b": "x", "c": [1], "d": 2.0, "e": "y"}),
    ("Frozen", (), {}),
    ("Frozen", (1,), {}),
    ("Frozen", (), {"a": 1, "z": 1}),
    ("Pair", (1,), {}),
    ("Pair", (1, (2,)), {"later": 3}),
    ("Pair", (1, (2,), 3), {}),
    ("Open", ("abc",), {}),
    ("Open", (), {"name": "abc", "parts": {"x": 1}}),
    ("Open", ("abc",), {"steps": 1}),
    ("Empty", (), {}),
    ("Own", (3,), {}),
]


def outcome(make: Any, arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
    try:
        made = make(*arguments, **named)
    except TypeError as error:
        return str(error)
    values = {each.name: getattr(made, each.name) for each in dataclasses.fields(made)}
    parameters = [(each.name, each.kind) for each in inspect.signature(make).parameters.values()]
    return repr(made), values, dataclasses.asdict(made), parameters, make.__match_args__


@pytest.mark.parametrize(("name", "arguments", "named"), CALLS)
def test_they_are_made_and_shown_alike(name: str, arguments: tuple[Any, ...], named: dict[str, Any]) -> None:
    assert outcome(OURS[name], arguments, named) == outcome(THEIRS[name], arguments, named)


@pytest.mark.parametrize("made", [OURS, THEIRS], ids=["ours", "theirs"])
def test_they_compare_and_hash_by_their_fields(made: dict[str, Any]) -> None:
    pair, frozen, empty = made["Pair"], made["Frozen"], made["Empty"]
    assert pair(1, (2,)) == pair(1, (2,))
    assert pair(1) != pair(2)
    assert pair(1) != empty()
    assert empty() == empty()
    assert len({pair(1), pair(1), pair(2), empty(), empty()}) == 3
    assert frozen(a=1, d=1.0) == frozen(a=1, d=2.0)
    assert frozen(a=1) != frozen(a=1, e="other")
    assert made["Own"](1) == made["Own"](2)
    assert hash(made["Own"](5)) == 1
    with pytest.raises(TypeError):
        hash(made["Open"]("a"))


@pytest.mark.parametrize("made", [OURS, THEIRS], ids=["ours", "theirs"])
def test_they_do_not_change(made: dict[str, Any]) -> None:
    one = made["Pair"](1)
    with pytest.raises(FrozenInstanceError):
        one.left = 2
    with pytest.raises(FrozenInstanceError):
        del one.left
    with pytest.raises((FrozenInstanceError, AttributeError, TypeError)):
        one.another = 2
    assert not hasattr(one, "__dict__")
    opened = made["Open"]("a")
    opened.name = "b"
    assert opened.name == "b"


@pytest.mark.parametrize("made", [OURS, THEIRS], ids=["ours", "theirs"])
def test_they_are_replaced_copied_and_matched(made: dict[str, Any]) -> None:
    one = made["Frozen"](a=1, c=[1])
    other = dataclasses.replace(one, a=2)
    assert (other.a, other.c, other.double) == (2, [1], 4)
    assert copy.copy(one) == one
    assert copy.deepcopy(one).c is not one.c
    pair = made["Pair"]
    match pair(1, (2,)):
        case pair(left, right):
            assert (left, right) == (1, (2,))


def test_defaults_are_not_shared() -> None:
    one, other = OURS["Frozen"](a=1), OURS["Frozen"](a=1)
    one.c.append(1)
    assert other.c == []


@record.dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """At the top of the module, where pickle finds it."""

    name: str
    size: int = 0


def test_they_are_pickled() -> None:
    assert pickle.loads(pickle.dumps(Sent(name="x", size=2))) == Sent(name="x", size=2)


def test_one_that_holds_itself_is_shown() -> None:
    one = OURS["Open"]("a")
    one.parts["self"] = one
    assert repr(one).endswith("parts={'self': ...}, steps=1)")
