"""Well-known programs by what is written inside them, for those that no package database knows: a python built from
source, a node unpacked to /usr/local.

The table is data: which file names a program goes by, and the text around its version. A signature must hold for the
real file and for nothing near it: tests have samples of both for each row. Where one release line's number would also
match another library's, `line` finds the line first (the minor number of `python3.11`).
"""

import re
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

SEARCH_LIMIT = 256 << 20
"""Bytes of a file that are searched."""
_CHUNK = 1 << 20
_OVERLAP = 512


class Signature(NamedTuple):
    """One program. The patterns are compiled when a file needs them: most scans see few programs."""

    name: str
    files: str
    """The file names that it goes by; only such files are searched."""
    version: bytes
    """Group 1 is the version; `LINE` in the pattern stands for what `line` found."""
    line: bytes = b""


_BUILD = rb"(?<![\d.])(\d+\.\d+\.\d+?)[0-9A-Za-z._-]{0,64}?\d{19}\x00"
_OF_BUILD = rb"\x00(LINE\d?)\x00"
"""Redis and its fork write version, host and time of the build in one word, and the version once more by itself."""

SIGNATURES = (
    Signature(
        "python",
        r"^(?:python(?:[23](?:\.\d+)?)?|libpython[23]\.\d+[a-z]*\.so.*)$",
        rb"(?<![\d.])((?:LINE)\.\d{1,2}(?:(?:a|b|rc)\d+)?)\+?\x00",
        rb"python([23]\.\d{1,2})",
    ),
    Signature("node", r"^node(?:js)?(?:\.exe)?$", rb"node\.js/v(\d+\.\d+\.\d+)"),
    Signature("openssl", r"^(?:openssl|lib(?:ssl|crypto)\.so.*)$", rb"OpenSSL (\d+\.\d+\.\d+[a-z]*)[ \x00]"),
    Signature("nginx", r"^nginx$", rb"nginx version: (?:nginx|openresty)/(\d+\.\d+\.\d+(?:\.\d+)?)"),
    Signature("busybox", r"^busybox$", rb"BusyBox v(\d+\.\d+\.\d+)"),
    Signature("bash", r"^bash$", rb"@\(#\)Bash version (\d+\.\d+\.\d+)"),
    Signature(
        "php",
        r"^(?:php(?:\d+(?:\.\d+)?)?(?:-fpm|-cgi)?\d*(?:\.\d+)?|libphp\d*\.so)$",
        rb"X-Powered-By: PHP/(\d+\.\d+\.\d+)",
    ),
    Signature("ruby", r"^(?:ruby(?:\d\.\d)?|libruby.*\.so.*)$", rb"\x00ruby (\d+\.\d+\.\d+)(?:p\d+)? \("),
    Signature("perl", r"^(?:perl(?:5\.\d+\.\d+)?|libperl\.so.*)$", rb"/perl5?/(5\.\d{1,2}\.\d{1,2})[/\x00]"),
    Signature("postgresql", r"^(?:postgres|psql)$", rb"\(?PostgreSQL\)? (\d+\.\d+(?:\.\d+)?)[ \x00(]"),
    Signature("mariadb", r"^(?:mariadbd?|mysqld)$", rb"(\d+\.\d+\.\d+)-MariaDB"),
    Signature("mysql", r"^mysqld?$", rb"\x00[^\x00]{0,200}/mysql-(\d+\.\d+\.\d+)/"),
    Signature("httpd", r"^(?:httpd|apache2)$", rb"Apache/(\d+\.\d+\.\d+)"),
    Signature("redis", r"^redis-(?:server|sentinel|cli|check-rdb|check-aof)$", _OF_BUILD, _BUILD),
    Signature("valkey", r"^valkey-(?:server|sentinel|cli|check-rdb|check-aof)$", _OF_BUILD, _BUILD),
    Signature("haproxy", r"^haproxy$", rb"\x00(\d+\.\d+\.\d+)(?:-[\w.+~-]+)?\x00"),
    Signature("memcached", r"^memcached$", rb"memcached (\d+\.\d+\.\d+)"),
    Signature("curl", r"^(?:curl|libcurl\.so.*)$", rb"(?:lib)?curl/(\d+\.\d+\.\d+)"),
    Signature("zlib", r"^libz\.so.*$", rb"(?:de|in)flate (\d+\.\d+(?:\.\d+){0,2}) Copyright"),
    Signature("sqlite", r"^(?:sqlite3|libsqlite3\.so.*)$", rb"\x00(3\.\d{1,2}\.\d{1,2})\x00"),
    Signature("git", r"^git$", rb"(?<![\w/.-])git/(\d+\.\d+\.\d+)[ \x00]"),
    Signature("lua", r"^(?:lua(?:jit|\d\.\d)?|liblua.*\.so.*)$", rb"\$Lua(?:Version)?: Lua (5\.\d\.\d+)"),
    Signature("dropbear", r"^dropbear(?:multi)?$", rb"SSH-2\.0-dropbear_(\d{4}\.\d+)"),
    Signature("varnish", r"^varnishd$", rb"varnish-(\d+\.\d+\.\d+) revision"),
    Signature("openldap", r"^slapd$", rb"OpenLDAP: slapd (\d+\.\d+\.\d+)"),
    Signature("pgbouncer", r"^pgbouncer$", rb"PgBouncer (\d+\.\d+\.\d+)[ \n\x00]"),
    Signature("consul", r"^consul$", rb"CONSUL_VERSION: (\d+\.\d+\.\d+)"),
    Signature("erlang", r"^(?:beam\.smp|erlexec)$", rb"/otp_src_(\d+\.\d+(?:\.\d+){0,2})/"),
    Signature("rust", r"^(?:rustc|librustc_driver-\w+\.so|libstd-\w+\.so)$", rb"rustc version (\d+\.\d+\.\d+) \("),
    Signature(
        "gcc", r"^(?:[\w-]+-)?(?:gcc|g\+\+)(?:-\d+)?$|^(?:cc1|cc1plus)$", rb"GCC: \([^)\x00]{1,60}\) (\d+\.\d+\.\d+)"
    ),
    Signature("openssh", r"^(?:sshd|ssh)$", rb"OpenSSH_(\d+\.\d+(?:p\d+)?)[ \x00]"),
)


def by_name(file_name: str) -> list[Signature]:
    """The signatures to look for in a file of that name."""
    return [signature for signature in SIGNATURES if re.match(signature.files, file_name)]


def find(file: BinaryIO, file_name: str) -> Iterator[tuple[str, str]]:
    """(program, version) of each signature that the file bears."""
    for signature in by_name(file_name):
        pattern = signature.version
        if signature.line:
            name = file_name.encode("utf-8", "surrogateescape")
            line = re.search(signature.line, name) or _search(file, re.compile(signature.line))
            if line is None:
                continue
            pattern = pattern.replace(b"LINE", re.escape(line[1]))
        match = _search(file, re.compile(pattern))
        if match:
            yield signature.name, next(group for group in match.groups() if group).decode("ascii", "replace")


def _search(file: BinaryIO, pattern: re.Pattern[bytes]) -> re.Match[bytes] | None:
    file.seek(0)
    tail = b""
    for _ in range(SEARCH_LIMIT // _CHUNK):
        chunk = file.read(_CHUNK)
        if not chunk:
            return None
        match = pattern.search(tail + chunk)
        if match:
            return match
        tail = chunk[-_OVERLAP:]
    return None
