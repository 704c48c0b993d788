"""The package databases of operating systems: dpkg, apk, rpm, pacman and their kin."""
