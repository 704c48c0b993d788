"""Package databases and lock files, one module each: what is installed or locked, as purl-named packages."""
