"""The schema's history: one Alembic revision each in `versions/`, numbered in order. `upgrade` runs them."""
