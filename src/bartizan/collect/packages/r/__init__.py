"""R: installed packages and renv's lock file."""
