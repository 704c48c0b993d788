"""Knowledge in: a local copy of the public feeds, kept fresh from their sources or from a mirror."""
