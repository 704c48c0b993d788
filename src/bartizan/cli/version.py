"""`bartizan version`: what a bug report should start with."""

import platform
import sys

from bartizan import __version__
from bartizan.cli.group import verb
from bartizan.cli.terminal import tell


@verb()
def version() -> None:
    """Print the versions of Bartizan, Python and the system."""
    tell(f"bartizan {__version__}")
    tell(f"python {platform.python_version()} ({sys.executable})")
    tell(f"system {platform.platform(aliased=True)}")
