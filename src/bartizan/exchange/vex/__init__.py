"""VEX documents as statements: OpenVEX, CSAF and CycloneDX."""
