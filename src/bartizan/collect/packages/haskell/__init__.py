"""Haskell: cabal's freeze file and Stack's lock file."""
