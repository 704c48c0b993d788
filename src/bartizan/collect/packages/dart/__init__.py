"""Dart and Flutter: pub's lock file."""
