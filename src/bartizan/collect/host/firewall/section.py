"""Section `firewall`: the packet filter in force, and what ufw, firewalld, nftables and iptables are set up to do.

/etc/ufw/ufw.conf           ENABLED=yes
/etc/default/ufw            DEFAULT_INPUT_POLICY="DROP"
/etc/firewalld/firewalld.conf   DefaultZone=public
/etc/iptables/rules.v4      :INPUT DROP [0:0]
"""

import re
from dataclasses import dataclass, field

from bartizan.collect.filesystem.interface import FilesystemError, FilesystemView, exists
from bartizan.collect.host.firewall.nftables import Chain, Unavailable, base_chains
from bartizan.collect.host.text import assignments, caught, read_attribute, read_text, uncommented
from bartizan.collect.interface import NEEDS_LIVE, Collector, Problems

IPTABLES_FILES = (
    "/etc/iptables/rules.v4",
    "/etc/iptables/rules.v6",
    "/etc/sysconfig/iptables",
    "/etc/sysconfig/ip6tables",
    "/etc/iptables/iptables.rules",
    "/etc/iptables/ip6tables.rules",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ufw:
    enabled: bool
    default_input: str
    """`drop`, `reject`, `accept`."""
    default_output: str
    default_forward: str
    ipv6: bool
    log_level: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Firewalld:
    enabled: bool
    """Its unit is enabled."""
    default_zone: str
    backend: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NftablesFile:
    path: str
    enabled: bool
    """The unit that loads it is enabled."""
    input_chains: tuple[str, ...]
    """Policies of the chains that hook into input: `drop`, `accept`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IptablesFile:
    path: str
    policies: dict[str, str]
    """Chain of the filter table to policy: `INPUT` to `DROP`."""
    rules: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Firewall:
    active: bool | None
    """Whether something restricts what comes in: a rule or a policy at the input hook. None: cannot be told."""
    input_policy: str | None
    """`drop` where some chain at the input hook drops by default, otherwise `accept`; None: cannot be told."""
    chains: tuple[Chain, ...] | None
    """Base chains of the running kernel; None where it cannot be asked."""
    legacy_tables: tuple[str, ...] = ()
    """Tables of the older iptables that are in use: `filter`, `nat`."""
    ufw: Ufw | None = None
    """None where it is not installed, as the following."""
    firewalld: Firewalld | None = None
    nftables: NftablesFile | None = None
    iptables: tuple[IptablesFile, ...] = field(default=())


def collect(view: FilesystemView, problems: Problems) -> Firewall:
    chains: tuple[Chain, ...] | None = None
    legacy: tuple[str, ...] = ()
    reason = NEEDS_LIVE
    if view.live:
        legacy = _legacy(view, problems)
        try:
            chains = tuple(base_chains())
        except Unavailable as error:
            reason = str(error)
    if chains is not None and "filter" in legacy:
        reason = (
            "/proc/net/ip_tables_names: rules of the older iptables are in use, which can only be listed with iptables"
        )
    decided = chains is not None and "filter" not in legacy
    if chains is None:
        problems.add("@chains", reason)
    inputs = [chain for chain in chains or () if chain.hook == "input" and chain.type == "filter"]
    active = any(chain.policy == "drop" or chain.rules for chain in inputs)
    drops = any(chain.policy == "drop" for chain in inputs)
    if not decided and not active:
        problems.add("@active", reason)
    if not decided and not drops:
        problems.add("@input_policy", reason)
    return Firewall(
        active=True if active else (False if decided else None),
        input_policy="drop" if drops else ("accept" if decided else None),
        chains=chains,
        legacy_tables=legacy,
        ufw=_ufw(view, problems),
        firewalld=_firewalld(view, problems),
        nftables=_nftables(view, problems),
        iptables=tuple(found for path in IPTABLES_FILES if (found := _iptables(view, problems, path))),
    )


def _legacy(view: FilesystemView, problems: Problems) -> tuple[str, ...]:
    names: set[str] = set()
    for path in ("/proc/net/ip_tables_names", "/proc/net/ip6_tables_names"):
        names.update((read_attribute(view, problems, path, "legacy_tables") or "").split())
    return tuple(sorted(names))


def _ufw(view: FilesystemView, problems: Problems) -> Ufw | None:
    text = read_attribute(view, problems, "/etc/ufw/ufw.conf", "ufw")
    if text is None or not (exists(view, "/usr/sbin/ufw") or exists(view, "/sbin/ufw")):
        return None
    main = assignments(text)
    defaults = assignments(read_attribute(view, problems, "/etc/default/ufw", "ufw") or "")
    return Ufw(
        enabled=main.get("ENABLED", "no").lower() == "yes",
        default_input=defaults.get("DEFAULT_INPUT_POLICY", "drop").lower(),
        default_output=defaults.get("DEFAULT_OUTPUT_POLICY", "accept").lower(),
        default_forward=defaults.get("DEFAULT_FORWARD_POLICY", "drop").lower(),
        ipv6=defaults.get("IPV6", "yes").lower() == "yes",
        log_level=main.get("LOGLEVEL", "low").lower(),
    )


def _firewalld(view: FilesystemView, problems: Problems) -> Firewalld | None:
    if not (exists(view, "/usr/sbin/firewalld") or exists(view, "/usr/bin/firewalld")):
        return None
    text = read_attribute(view, problems, "/etc/firewalld/firewalld.conf", "firewalld")
    settings = assignments(text or "")
    return Firewalld(
        enabled=_enabled(view, "firewalld.service"),
        default_zone=settings.get("DefaultZone", "public"),
        backend=settings.get("FirewallBackend", "nftables"),
    )


def _nftables(view: FilesystemView, problems: Problems) -> NftablesFile | None:
    for path in ("/etc/nftables.conf", "/etc/sysconfig/nftables.conf", "/etc/nftables.nft"):
        text = read_attribute(view, problems, path, "nftables")
        if text is not None:
            return NftablesFile(
                path=path,
                enabled=_enabled(view, "nftables.service"),
                input_chains=tuple(parse_input_chains(text)),
            )
    return None


def parse_input_chains(text: str) -> list[str]:
    """Policies of `type filter hook input priority ...; policy drop;` in nft(8) syntax; accept where none is given."""
    bare = re.sub(r"#[^\n]*", "", text)
    chains = re.findall(r"type\s+filter\s+hook\s+input\b[^;{}]*;?\s*(?:policy\s+(\w+))?", bare)
    return [policy or "accept" for policy in chains]


def _iptables(view: FilesystemView, problems: Problems, path: str) -> IptablesFile | None:
    text = read_text(view, problems, path)
    return None if text is None else parse_iptables(path, text)


def parse_iptables(path: str, text: str) -> IptablesFile:
    """The filter table of iptables-save(8)."""
    policies: dict[str, str] = {}
    rules, table = 0, ""
    for _, line in uncommented(text):
        if line.startswith("*"):
            table = line[1:].strip()
        elif table == "filter" and line.startswith(":"):
            name, _, rest = line[1:].partition(" ")
            if rest[:1] not in ("-", ""):
                policies[name] = rest.split()[0]
        elif table == "filter" and re.match(r"(\[\d+:\d+\] )?-[AI] ", line):
            rules += 1
    return IptablesFile(path=path, policies=policies, rules=rules)


def _enabled(view: FilesystemView, unit: str) -> bool:
    """A link to the unit below any target of the administrator."""
    try:
        targets = [entry for entry in view.list("/etc/systemd/system") if entry.name.endswith(".wants")]
        return any(item.name == unit for entry in targets for item in view.list(entry.path))
    except FilesystemError as error:
        caught(Problems(), error)
        return False


COLLECTOR = Collector(
    section="firewall",
    collect=collect,
    watches=(
        "/etc/ufw",
        "/etc/default/ufw",
        "/etc/firewalld",
        "/etc/nftables.conf",
        *IPTABLES_FILES,
        "/proc/net/ip_tables_names",
    ),
)
