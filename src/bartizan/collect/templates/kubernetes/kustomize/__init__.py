"""Kustomize overlays: objects of bases, changed by patches and transformers, without the kustomize program."""
