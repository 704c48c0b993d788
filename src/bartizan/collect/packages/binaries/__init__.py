"""Executables: what their own build information or their signature says about what is inside them."""
