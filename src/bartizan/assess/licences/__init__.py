"""Licences: what packages declare, in SPDX's words, and what a policy makes of that."""
