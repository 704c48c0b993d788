"""Ruby: installed gems and Bundler's lock file."""
