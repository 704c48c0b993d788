"""Helm charts, rendered without the helm program: Go templates over values, with what nobody gave left unknown."""
