"""C and C++: Conan's lock file."""
