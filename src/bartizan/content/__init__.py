"""Rules as data: schemas, policies and frameworks in YAML, and the strict reader that all of them go through."""

from pathlib import Path

FOLDER = Path(__file__).parent
"""Where the built-in content lies; part of the wheel."""
