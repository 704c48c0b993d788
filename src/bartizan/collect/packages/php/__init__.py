"""PHP: Composer's lock file and its list of installed packages. Namespaces are vendors."""
