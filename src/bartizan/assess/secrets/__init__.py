"""Secrets: found in files and configurations while they are read for other reasons, told without being kept."""
