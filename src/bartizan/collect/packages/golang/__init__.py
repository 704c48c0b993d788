"""Go: module files. Names are module paths, split at the last slash; versions keep their `v`."""
