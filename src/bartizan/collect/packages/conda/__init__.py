"""Conda: packages of an environment and their lock files."""
