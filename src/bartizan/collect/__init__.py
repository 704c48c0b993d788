"""Where facts come from. Collectors read and never judge; what could not be read is a problem with its reason."""
