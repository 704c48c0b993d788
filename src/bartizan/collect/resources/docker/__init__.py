"""What Docker builds with, in one form for templates and images."""
