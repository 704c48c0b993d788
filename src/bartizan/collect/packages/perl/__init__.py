"""Perl: metadata of installed CPAN distributions."""
