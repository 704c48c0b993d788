"""Bills of materials as input: CycloneDX and SPDX documents, ours and other tools', back to sections."""
