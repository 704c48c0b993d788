"""Views of a file system: one interface over a live host, a folder, an image's layers, a tar, an SSH session."""
