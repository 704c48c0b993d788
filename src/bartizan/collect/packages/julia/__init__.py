"""Julia: manifests."""
