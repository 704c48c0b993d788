"""The REST API under `/api/v1`: one module per resource, each a Litestar controller; records in `records.py`."""
