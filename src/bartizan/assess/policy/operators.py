"""Operators on values that may not be known, and what is raised where they are not."""

import math
from collections.abc import Callable
from typing import Any

from bartizan.assess.policy.schema import Gap

BUDGET = 2_000_000
"""Elements that the macros of one evaluation may look at; nested macros over long lists multiply."""
Environment = list[Any]
ListIndex = dict[tuple[int, str], dict[str, list[Any]]]
"""(identity of a list, field) to the elements for each text in that field."""
Run = Callable[[Environment], Any]
SPENT, TRACE, INDEX, FIRST = 0, 1, 2, 3


class Touched(Exception):
    """The answer hangs on values that are not known."""

    def __init__(self, *gaps: Gap) -> None:
        super().__init__(", ".join(gap.path for gap in gaps))
        self.gaps = gaps


class TooExpensive(Exception):
    """The expression looked at more elements than it may."""


TROUBLE = (Touched, LookupError, ValueError, TypeError, ArithmeticError, AttributeError)
"""What stands for CEL's errors: absorbed by the logical operators, otherwise the result is unknown."""


def boolean(value: Any) -> bool:
    if value is True or value is False:
        return bool(value)
    raise TypeError(f"expected true or false, found {value!r}")


def logic(decisive: bool, operands: tuple[Run, ...]) -> Run:
    def run(env: Environment) -> bool:
        trouble: Exception | None = None
        for operand in operands:
            try:
                if boolean(operand(env)) is decisive:
                    return decisive
            except TROUBLE as error:
                trouble = worse(trouble, error)
        if trouble is not None:
            raise trouble
        return not decisive

    return run


def worse(first: Exception | None, second: Exception) -> Exception:
    """Of two troubles the one to tell: unknowns are joined, and an error of the expression comes before them."""
    if first is None:
        return second
    if isinstance(first, Touched) and isinstance(second, Touched):
        return Touched(*{gap.path: gap for gap in (*first.gaps, *second.gaps)}.values())
    return second if isinstance(first, Touched) else first


def unary(operator: str, operand: Run) -> Run:
    if operator == "!":
        return lambda env: not boolean(operand(env))
    return lambda env: _whole(-operand(env))


def _whole(value: Any) -> Any:
    if value.__class__ is int and not -(2**63) <= value < 2**63:
        raise OverflowError("the number does not fit 64 bits")
    return value


def _equal(left: Any, right: Any) -> bool:
    if left.__class__ is not right.__class__ and (left.__class__ is bool or right.__class__ is bool):
        return False
    if left.__class__ is list or left.__class__ is dict:
        refuse_gaps(left)
    if right.__class__ is list or right.__class__ is dict:
        refuse_gaps(right)
    return bool(left == right)


def _contains(item: Any, container: Any) -> bool:
    if container.__class__ is dict:
        if container.get(item).__class__ is Gap:
            raise Touched(container[item])
        return item in container
    gaps = [each for each in container if each.__class__ is Gap]
    if any(each.__class__ is not Gap and _equal(item, each) for each in container):
        return True
    if gaps:
        raise Touched(*gaps)
    return False


def _divide(left: Any, right: Any) -> Any:
    if left.__class__ is int:
        if right == 0:
            raise ZeroDivisionError("division by zero")
        quotient = abs(left) // abs(right)
        return _whole(quotient if (left < 0) == (right < 0) else -quotient)
    if right == 0.0:
        return float("nan") if left == 0.0 or math.isnan(left) else left * float("inf")
    return left / right


def binary(operator: str, left: Run, right: Run) -> Run:
    match operator:
        case "==":
            return lambda env: _equal(left(env), right(env))
        case "!=":
            return lambda env: not _equal(left(env), right(env))
        case "in":
            return lambda env: _contains(left(env), right(env))
        case "<":
            return lambda env: left(env) < right(env)
        case "<=":
            return lambda env: left(env) <= right(env)
        case ">":
            return lambda env: left(env) > right(env)
        case ">=":
            return lambda env: left(env) >= right(env)
        case "+":
            return lambda env: _whole(left(env) + right(env))
        case "-":
            return lambda env: _whole(left(env) - right(env))
        case "*":
            return lambda env: _whole(left(env) * right(env))
        case "/":
            return lambda env: _divide(left(env), right(env))
    return lambda env: _remainder(left(env), right(env))


def _remainder(left: int, right: int) -> int:
    if right == 0:
        raise ZeroDivisionError("remainder by zero")
    return (abs(left) % abs(right)) * (-1 if left < 0 else 1)


def refuse_gaps(value: Any) -> None:
    """Raise where anything within is not known."""
    stack = [value]
    while stack:
        each = stack.pop()
        for item in each.values() if each.__class__ is dict else each:
            if item.__class__ is Gap:
                raise Touched(item)
            if item.__class__ is dict or item.__class__ is list:
                stack.append(item)
