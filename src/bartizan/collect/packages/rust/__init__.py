"""Rust: Cargo's lock file."""
