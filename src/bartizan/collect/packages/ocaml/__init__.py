"""OCaml: the state of opam's switches."""
