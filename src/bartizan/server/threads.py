"""Work that blocks (the database, password hashes, big bodies) runs in threads, so that the event loop never waits."""

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


async def in_thread(
    function: Callable[Arguments, Result], *arguments: Arguments.args, **named: Arguments.kwargs
) -> Result:
    """Call in the default executor, whose size `run` sets."""
    return await asyncio.to_thread(function, *arguments, **named)
