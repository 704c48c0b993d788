"""RPM: the header format, and the three stores that hold headers: Berkeley DB hash, NDB and SQLite."""
