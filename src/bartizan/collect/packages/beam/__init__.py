"""Erlang, Elixir and Gleam: lock files with packages of Hex."""
