"""What sshd_config(5) can set: how each setting is written, the name of its fact, and its value when nothing is said.

`permit_root_login` stands for `PermitRootLogin`. Defaults follow `fill_default_server_options()` of portable OpenSSH
and the release notes where they changed; `sshd -T` prints the same values.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Any

Version = tuple[int, int]


class Kind(Enum):
    """How arguments become a value."""

    WORD = "word"
    """One argument; the set of words is closed, so case does not matter."""
    TEXT = "text"
    """One argument, kept as it is: a path, a user."""
    WORDS = "words"
    """All arguments of the first line."""
    GATHERED = "gathered"
    """All arguments of all lines."""
    NUMBERS = "numbers"
    """One number a line, of all lines."""
    NUMBER = "number"
    OCTAL = "octal"
    SECONDS = "seconds"
    """`sshd_config(5)`, "TIME FORMATS": `1h30m`."""
    ALGORITHMS = "algorithms"
    """Comma-separated; `+`, `-` and `^` in front change the default instead of replacing it."""
    LINE = "line"
    """All arguments of the first line, joined by spaces."""
    PROGRAM = "program"
    """The first word of a command: arguments may hold what must not leave the host."""
    SUBSYSTEM = "subsystem"
    """Name to program, of all lines."""
    NAMES = "names"
    """`NAME=value` pairs of which only the names are kept."""


@dataclass(frozen=True, slots=True)
class Setting:
    keyword: str
    name: str
    kind: Kind
    default: Any
    since: Version = (0, 0)
    words: tuple[str, ...] = ()
    """The closed set of a WORD, where sshd has one."""


YES_NO = ("yes", "no")
_FORWARD = ("yes", "no", "all", "local", "remote")


def _flag(keyword: str, name: str, default: str, since: Version = (0, 0)) -> Setting:
    return Setting(keyword, name, Kind.WORD, default, since, YES_NO)


_SETTINGS = (
    Setting("AcceptEnv", "accept_env", Kind.GATHERED, []),
    Setting("AddressFamily", "address_family", Kind.WORD, "any", words=("any", "inet", "inet6")),
    _flag("AllowAgentForwarding", "allow_agent_forwarding", "yes"),
    Setting("AllowGroups", "allow_groups", Kind.GATHERED, []),
    Setting("AllowStreamLocalForwarding", "allow_stream_local_forwarding", Kind.WORD, "yes", (6, 7), _FORWARD),
    Setting("AllowTcpForwarding", "allow_tcp_forwarding", Kind.WORD, "yes", words=_FORWARD),
    Setting("AllowUsers", "allow_users", Kind.GATHERED, []),
    Setting("AuthenticationMethods", "authentication_methods", Kind.WORDS, ["any"]),
    Setting("AuthorizedKeysCommand", "authorized_keys_command", Kind.PROGRAM, "none"),
    Setting("AuthorizedKeysCommandUser", "authorized_keys_command_user", Kind.TEXT, "none"),
    Setting(
        "AuthorizedKeysFile", "authorized_keys_file", Kind.WORDS, [".ssh/authorized_keys", ".ssh/authorized_keys2"]
    ),
    Setting("AuthorizedPrincipalsCommand", "authorized_principals_command", Kind.PROGRAM, "none", (6, 9)),
    Setting("AuthorizedPrincipalsCommandUser", "authorized_principals_command_user", Kind.TEXT, "none", (6, 9)),
    Setting("AuthorizedPrincipalsFile", "authorized_principals_file", Kind.TEXT, "none"),
    Setting("Banner", "banner", Kind.TEXT, "none"),
    Setting("CASignatureAlgorithms", "ca_signature_algorithms", Kind.ALGORITHMS, None, (7, 9)),
    Setting("ChannelTimeout", "channel_timeout", Kind.WORDS, ["none"], (9, 2)),
    Setting("ChrootDirectory", "chroot_directory", Kind.TEXT, "none"),
    Setting("Ciphers", "ciphers", Kind.ALGORITHMS, None),
    Setting("ClientAliveCountMax", "client_alive_count_max", Kind.NUMBER, 3),
    Setting("ClientAliveInterval", "client_alive_interval", Kind.SECONDS, 0),
    Setting("Compression", "compression", Kind.WORD, "yes", words=("yes", "delayed", "no")),
    Setting("DebianBanner", "debian_banner", Kind.WORD, None, words=YES_NO),
    Setting("DenyGroups", "deny_groups", Kind.GATHERED, []),
    Setting("DenyUsers", "deny_users", Kind.GATHERED, []),
    _flag("DisableForwarding", "disable_forwarding", "no", (7, 4)),
    _flag("ExposeAuthInfo", "expose_auth_info", "no", (7, 6)),
    Setting("FingerprintHash", "fingerprint_hash", Kind.WORD, "sha256", (6, 8), ("md5", "sha256")),
    Setting("ForceCommand", "force_command", Kind.PROGRAM, "none"),
    Setting("GatewayPorts", "gateway_ports", Kind.WORD, "no", words=("yes", "no", "clientspecified")),
    _flag("GSSAPIAuthentication", "gssapi_authentication", "no"),
    _flag("GSSAPICleanupCredentials", "gssapi_cleanup_credentials", "yes"),
    Setting("GSSAPIEnablek5users", "gssapi_enable_k5users", Kind.WORD, None, words=YES_NO),
    Setting("GSSAPIKeyExchange", "gssapi_key_exchange", Kind.WORD, None, words=YES_NO),
    Setting("GSSAPIKexAlgorithms", "gssapi_kex_algorithms", Kind.ALGORITHMS, None),
    Setting("GSSAPIStoreCredentialsOnRekey", "gssapi_store_credentials_on_rekey", Kind.WORD, None, words=YES_NO),
    _flag("GSSAPIStrictAcceptorCheck", "gssapi_strict_acceptor_check", "yes"),
    Setting("HostCertificate", "host_certificate", Kind.GATHERED, []),
    Setting("HostKey", "host_key", Kind.GATHERED, None),
    Setting("HostKeyAgent", "host_key_agent", Kind.TEXT, "none"),
    Setting("HostKeyAlgorithms", "host_key_algorithms", Kind.ALGORITHMS, None),
    Setting("HostbasedAcceptedAlgorithms", "hostbased_accepted_algorithms", Kind.ALGORITHMS, None),
    _flag("HostbasedAuthentication", "hostbased_authentication", "no"),
    _flag("HostbasedUsesNameFromPacketOnly", "hostbased_uses_name_from_packet_only", "no"),
    Setting("IPQoS", "ip_qos", Kind.WORDS, None),
    Setting("IgnoreRhosts", "ignore_rhosts", Kind.WORD, "yes", words=("yes", "no", "shosts-only")),
    _flag("IgnoreUserKnownHosts", "ignore_user_known_hosts", "no"),
    _flag("KbdInteractiveAuthentication", "kbd_interactive_authentication", "yes"),
    _flag("KerberosAuthentication", "kerberos_authentication", "no"),
    Setting("KerberosGetAFSToken", "kerberos_get_afs_token", Kind.WORD, None, words=YES_NO),
    _flag("KerberosOrLocalPasswd", "kerberos_or_local_passwd", "yes"),
    _flag("KerberosTicketCleanup", "kerberos_ticket_cleanup", "yes"),
    Setting("KexAlgorithms", "kex_algorithms", Kind.ALGORITHMS, None),
    Setting("ListenAddress", "listen_address", Kind.GATHERED, []),
    Setting(
        "LogLevel",
        "log_level",
        Kind.WORD,
        "info",
        words=("quiet", "fatal", "error", "info", "verbose", "debug", "debug1", "debug2", "debug3"),
    ),
    Setting("LogVerbose", "log_verbose", Kind.GATHERED, [], (8, 5)),
    Setting("LoginGraceTime", "login_grace_time", Kind.SECONDS, 120),
    Setting("MACs", "macs", Kind.ALGORITHMS, None),
    Setting("MaxAuthTries", "max_auth_tries", Kind.NUMBER, 6),
    Setting("MaxSessions", "max_sessions", Kind.NUMBER, 10),
    Setting("MaxStartups", "max_startups", Kind.TEXT, "10:30:100"),
    Setting("ModuliFile", "moduli_file", Kind.TEXT, "/etc/ssh/moduli", (8, 3)),
    _flag("PasswordAuthentication", "password_authentication", "yes"),
    _flag("PermitEmptyPasswords", "permit_empty_passwords", "no"),
    Setting("PermitListen", "permit_listen", Kind.WORDS, ["any"], (7, 8)),
    Setting("PermitOpen", "permit_open", Kind.WORDS, ["any"]),
    Setting(
        "PermitRootLogin",
        "permit_root_login",
        Kind.WORD,
        "prohibit-password",
        words=("yes", "no", "prohibit-password", "without-password", "forced-commands-only"),
    ),
    _flag("PermitTTY", "permit_tty", "yes"),
    Setting("PermitTunnel", "permit_tunnel", Kind.WORD, "no", words=("yes", "no", "point-to-point", "ethernet")),
    Setting("PermitUserEnvironment", "permit_user_environment", Kind.TEXT, "no"),
    _flag("PermitUserRC", "permit_user_rc", "yes", (6, 7)),
    Setting("PerSourceMaxStartups", "per_source_max_startups", Kind.TEXT, "none", (8, 5)),
    Setting("PerSourceNetBlockSize", "per_source_net_block_size", Kind.TEXT, "32:128", (8, 5)),
    Setting("PerSourcePenalties", "per_source_penalties", Kind.WORDS, ["yes"], (9, 8)),
    Setting("PerSourcePenaltyExemptList", "per_source_penalty_exempt_list", Kind.TEXT, "none", (9, 8)),
    Setting("PidFile", "pid_file", Kind.TEXT, "/run/sshd.pid"),
    Setting("Port", "port", Kind.NUMBERS, [22]),
    _flag("PrintLastLog", "print_last_log", "yes"),
    _flag("PrintMotd", "print_motd", "yes"),
    Setting("PubkeyAcceptedAlgorithms", "pubkey_accepted_algorithms", Kind.ALGORITHMS, None),
    Setting("PubkeyAuthOptions", "pubkey_auth_options", Kind.WORDS, ["none"], (8, 2)),
    _flag("PubkeyAuthentication", "pubkey_authentication", "yes"),
    Setting("RDomain", "rdomain", Kind.TEXT, "none", (7, 7)),
    Setting("RefuseConnection", "refuse_connection", Kind.WORD, "no", (9, 9), YES_NO),
    Setting("RekeyLimit", "rekey_limit", Kind.LINE, "default none"),
    Setting("RequiredRSASize", "required_rsa_size", Kind.NUMBER, 1024, (9, 1)),
    Setting("RevokedKeys", "revoked_keys", Kind.TEXT, "none"),
    Setting("SecurityKeyProvider", "security_key_provider", Kind.TEXT, "internal", (8, 2)),
    Setting("SetEnv", "set_env", Kind.NAMES, [], (7, 8)),
    Setting("SshdAuthPath", "sshd_auth_path", Kind.TEXT, None, (10, 0)),
    Setting("SshdSessionPath", "sshd_session_path", Kind.TEXT, None, (9, 8)),
    Setting("StreamLocalBindMask", "stream_local_bind_mask", Kind.OCTAL, "0177", (6, 7)),
    _flag("StreamLocalBindUnlink", "stream_local_bind_unlink", "no", (6, 7)),
    _flag("StrictModes", "strict_modes", "yes"),
    Setting("Subsystem", "subsystem", Kind.SUBSYSTEM, {}),
    Setting("SyslogFacility", "syslog_facility", Kind.WORD, "auth"),
    _flag("TCPKeepAlive", "tcp_keep_alive", "yes"),
    Setting("TrustedUserCAKeys", "trusted_user_ca_keys", Kind.TEXT, "none"),
    Setting("UnusedConnectionTimeout", "unused_connection_timeout", Kind.SECONDS, 0, (9, 2)),
    _flag("UseDNS", "use_dns", "no"),
    _flag("UsePAM", "use_pam", "no"),
    Setting("VersionAddendum", "version_addendum", Kind.LINE, "none"),
    Setting("X11DisplayOffset", "x11_display_offset", Kind.NUMBER, 10),
    _flag("X11Forwarding", "x11_forwarding", "no"),
    _flag("X11UseLocalhost", "x11_use_localhost", "yes"),
    Setting("XAuthLocation", "xauth_location", Kind.TEXT, "/usr/bin/xauth"),
)

SETTINGS = {setting.keyword.lower(): setting for setting in _SETTINGS}
"""Keyword in lower case to setting."""

ALIASES = {
    "authorizedkeysfile2": "",
    "challengeresponseauthentication": "kbdinteractiveauthentication",
    "skeyauthentication": "kbdinteractiveauthentication",
    "dsaauthentication": "pubkeyauthentication",
    "hostbasedacceptedkeytypes": "hostbasedacceptedalgorithms",
    "hostdsakey": "hostkey",
    "keepalive": "tcpkeepalive",
    "pubkeyacceptedkeytypes": "pubkeyacceptedalgorithms",
    "gssusesessionccache": "",
    "gssapiusesessioncredcache": "",
}
"""Older keywords. An empty text, and the keywords of OBSOLETE, stand for what sshd takes and passes over."""

_OBSOLETE = """
afstokenpassing checkmail fallbacktorsh keyregenerationinterval kerberostgtpassing paranoid pamauthenticationviakbdint
protocol protocolkeepalives reversemappingcheck rhostsauthentication rhostsrsaauthentication rsaauthentication
serverkeybits uselogin useprivilegeseparation verifyreversemapping
"""
OBSOLETE = frozenset(_OBSOLETE.split())

_CTR = ["aes128-ctr", "aes192-ctr", "aes256-ctr"]
_GCM = ["aes128-gcm@openssh.com", "aes256-gcm@openssh.com"]
_CHACHA = "chacha20-poly1305@openssh.com"
_CURVE = ["curve25519-sha256", "curve25519-sha256@libssh.org"]
_ECDH = ["ecdh-sha2-nistp256", "ecdh-sha2-nistp384", "ecdh-sha2-nistp521"]
_DH = [
    "diffie-hellman-group-exchange-sha256",
    "diffie-hellman-group16-sha512",
    "diffie-hellman-group18-sha512",
    "diffie-hellman-group14-sha256",
]
_NTRU = "sntrup761x25519-sha512@openssh.com"
_MACS = [
    "umac-64-etm@openssh.com",
    "umac-128-etm@openssh.com",
    "hmac-sha2-256-etm@openssh.com",
    "hmac-sha2-512-etm@openssh.com",
    "hmac-sha1-etm@openssh.com",
    "umac-64@openssh.com",
    "umac-128@openssh.com",
    "hmac-sha2-256",
    "hmac-sha2-512",
    "hmac-sha1",
]
_NISTP = ["256", "384", "521"]
_RSA_SHA2 = ["rsa-sha2-512", "rsa-sha2-256"]
_OLDEST_WITH_LISTS = (7, 4)


def ciphers(version: Version) -> list[str]:
    """10.0 prefers GCM to CTR."""
    return [_CHACHA, *_GCM, *_CTR] if version >= (10, 0) else [_CHACHA, *_CTR, *_GCM]


def kex_algorithms(version: Version) -> list[str]:
    """8.2 dropped SHA-1, 8.9 and 9.0 brought NTRU Prime, 9.9 and 10.0 ML-KEM; 10.0 dropped finite-field groups."""
    if version >= (10, 0):
        return ["mlkem768x25519-sha256", _NTRU.partition("@")[0], _NTRU, *_CURVE, *_ECDH]
    if version >= (9, 9):
        return [_NTRU.partition("@")[0], _NTRU, "mlkem768x25519-sha256", *_CURVE, *_ECDH, *_DH]
    if version >= (9, 0):
        return [_NTRU, *_CURVE, *_ECDH, *_DH]
    if version >= (8, 9):
        return [*_CURVE, *_ECDH, _NTRU, *_DH]
    if version >= (8, 2):
        return [*_CURVE, *_ECDH, *_DH]
    return [*_CURVE, *_ECDH, *_DH, "diffie-hellman-group14-sha1"]


def key_algorithms(version: Version) -> list[str]:
    """Host keys, and what users may sign with: 8.2 added security keys, 8.5 moved Ed25519 to the front, 8.8 dropped
    SHA-1 signatures."""
    ecdsa = [f"ecdsa-sha2-nistp{bits}" for bits in _NISTP]
    sk = ["sk-ssh-ed25519", "sk-ecdsa-sha2-nistp256"] if version >= (8, 2) else []
    old = [] if version >= (8, 8) else ["ssh-rsa"]
    families: list[str]
    if version >= (8, 5):
        families = ["ssh-ed25519", *ecdsa, *sk, *_RSA_SHA2, *old]
    elif sk:
        families = [*ecdsa, sk[1], "ssh-ed25519", sk[0], *_RSA_SHA2, *old]
    else:
        families = [*ecdsa, "ssh-ed25519", *_RSA_SHA2, *old]
    certified = families if version >= (7, 8) else [name for name in families if name not in _RSA_SHA2]
    return [f"{name}-cert-v01@openssh.com" for name in certified] + [
        f"{name}@openssh.com" if name.startswith("sk-") else name for name in families
    ]


def default(setting: Setting, version: Version | None, *, debian: bool) -> Any:
    """The value when nothing is configured. None where this build has no such setting or its default is not known."""
    if version is not None and version < setting.since:
        return None
    if setting.name in _PATCHED_BY_DEBIAN:
        return _PATCHED_BY_DEBIAN[setting.name] if debian else None
    if setting.name == "use_dns" and version is not None and version < (6, 8):
        return "yes"
    if setting.name == "permit_root_login" and version is not None and version < (7, 0):
        return "yes"
    if setting.name == "ip_qos":
        return ["lowdelay", "throughput"] if debian else _ip_qos(version)
    if setting.kind is not Kind.ALGORITHMS:
        return setting.default
    if version is None or version < _OLDEST_WITH_LISTS:
        return None
    return _algorithms(setting.name, version)


def _algorithms(name: str, version: Version) -> list[str] | None:
    if name == "ciphers":
        return ciphers(version)
    if name == "macs":
        return list(_MACS)
    if name == "kex_algorithms":
        return kex_algorithms(version)
    if name == "ca_signature_algorithms":
        keys = [key for key in key_algorithms(version) if "-cert-" not in key]
        return keys if version >= (8, 2) else [key for key in keys if not key.startswith("sk-")]
    return key_algorithms(version)


def _ip_qos(version: Version | None) -> list[str] | None:
    if version is None:
        return None
    if version >= (10, 1):
        return ["ef", "none"]
    return ["af21", "cs1"] if version >= (7, 8) else ["lowdelay", "throughput"]


_PATCHED_BY_DEBIAN: dict[str, Any] = {
    "debian_banner": "yes",
    "gssapi_key_exchange": "no",
    "gssapi_store_credentials_on_rekey": "no",
    "gssapi_kex_algorithms": [
        "gss-group14-sha256-",
        "gss-group16-sha512-",
        "gss-nistp256-sha256-",
        "gss-curve25519-sha256-",
        "gss-group14-sha1-",
        "gss-gex-sha1-",
    ],
}
