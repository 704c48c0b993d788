"""Kubernetes manifests, charts and overlays as resources."""
