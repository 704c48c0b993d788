"""Python: installed distributions and lock files. Names are in the normal form of PEP 503."""
