"""Kubernetes objects as resources of the model, whether they come from a manifest, a chart or the API server."""
