"""Dockerfiles and Compose files."""
