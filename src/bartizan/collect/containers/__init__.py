"""Images and containers: from archives, folders, registries and engines."""
