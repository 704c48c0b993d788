"""Resources of Google Cloud as templates declare them."""
