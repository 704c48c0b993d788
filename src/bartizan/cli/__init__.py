"""Verbs for people and pipelines."""
