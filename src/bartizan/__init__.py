"""Bartizan: one watch over a hybrid estate. Imports nothing, so that every entry point starts fast."""

__version__ = "0.1.0"
