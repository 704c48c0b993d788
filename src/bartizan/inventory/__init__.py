"""The store: schema, ingest, finding lifecycle, history and queries, on SQLite and PostgreSQL alike."""
