"""The formats that a scan can be written in, each imported when it is asked for."""

from importlib import import_module

from bartizan.exchange.interface import Exporter

FORMATS = ("table", "json", "sarif", "junit", "html", "cyclonedx", "spdx", "snapshot")


def exporter(name: str) -> Exporter:
    """The exporter of that name; one of FORMATS."""
    if name not in FORMATS:
        raise ValueError(f"no format {name!r}: one of {', '.join(FORMATS)}")
    found = import_module(f"bartizan.exchange.{name}").EXPORTER
    assert isinstance(found, Exporter)
    return found
