"""A made-up estate for the mock server: real CVE ids on Debian hosts that do not exist, shaped as the API's records.

`debian_cves.csv` holds facts only: CVE, Debian 12 source package, fixed version, CVSS vector, EPSS, KEV date, CWE.
"""

import csv
import hashlib
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from web.mock_rooms import asset_row, registry

Record = dict[str, Any]

NOW = datetime.now(UTC).replace(microsecond=0)
SEVERITIES = ("critical", "high", "medium", "low", "info", "unknown")
_WEAKNESS = {
    "CWE-617": "Reachable assertion",
    "CWE-122": "Heap overflow",
    "CWE-770": "Unbounded allocation",
    "CWE-400": "Uncontrolled resource use",
    "CWE-20": "Unchecked input",
    "CWE-787": "Out-of-bounds write",
    "CWE-116": "Wrong output encoding",
    "CWE-918": "Request forgery from the server",
    "CWE-190": "Integer overflow",
    "CWE-200": "Information exposure",
    "CWE-362": "Race condition",
    "CWE-120": "Buffer overflow",
    "CWE-22": "Path traversal",
    "CWE-121": "Stack overflow",
    "CWE-295": "Certificate not checked",
    "CWE-89": "SQL injection",
    "CWE-364": "Race in a signal handler",
    "CWE-416": "Use after free",
    "CWE-476": "Null pointer dereference",
    "CWE-269": "Privileges not dropped",
    "CWE-674": "Uncontrolled recursion",
    "CWE-94": "Code injection",
    "CWE-843": "Type confusion",
    "CWE-862": "Missing authorisation",
    "CWE-367": "Time-of-check race",
    "CWE-126": "Out-of-bounds read",
}
_HOSTS = (
    ("bastion-01", "Debian GNU/Linux 12 (bookworm)", ["production", "internet-facing"], 1.0),
    ("web-01", "Debian GNU/Linux 12 (bookworm)", ["production", "internet-facing", "team-shop"], 0.9),
    ("web-02", "Debian GNU/Linux 12 (bookworm)", ["production", "internet-facing", "team-shop"], 0.85),
    ("db-01", "Debian GNU/Linux 12 (bookworm)", ["production", "team-data"], 0.7),
    ("db-02", "Debian GNU/Linux 12 (bookworm)", ["production", "team-data"], 0.7),
    ("cache-01", "Debian GNU/Linux 12 (bookworm)", ["production"], 0.5),
    ("mail-01", "Debian GNU/Linux 12 (bookworm)", ["production", "internet-facing"], 0.6),
    ("build-runner-07.ci.internal.example.org", "Debian GNU/Linux 12 (bookworm)", ["lab", "team-build"], 0.8),
    ("legacy-erp", "Debian GNU/Linux 10 (buster)", ["production", "team-finance"], 0.3),
    ("lab-edge-02", "Debian GNU/Linux 13 (trixie)", ["lab"], 0.2),
)
_PACKAGES = {
    "openssh": "openssh-server",
    "glibc": "libc6",
    "linux": "linux-image-amd64",
    "expat": "libexpat1",
    "curl": "libcurl4",
    "openssl": "libssl3",
    "krb5": "libkrb5-3",
    "bind9": "bind9-libs",
    "glib2.0": "libglib2.0-0",
    "libwebp": "libwebp7",
    "xz-utils": "liblzma5",
    "tiff": "libtiff6",
    "freetype": "libfreetype6",
    "zlib": "zlib1g",
    "cups": "libcups2",
    "nghttp2": "libnghttp2-14",
}
_POLICIES = (
    (
        "host-ssh-root-login",
        "SSH does not let root sign in with a password",
        "high",
        "ssh",
        "PermitRootLogin prohibit-password",
        'resource.sshd.effective.permit_root_login in ["no", "prohibit-password"]',
        ["AC-6(2)", "IA-2"],
    ),
    (
        "host-ssh-password-authentication",
        "SSH asks for keys, not passwords",
        "medium",
        "ssh",
        "PasswordAuthentication no",
        'resource.sshd.effective.password_authentication == "no"',
        ["IA-2(1)"],
    ),
    (
        "host-ssh-max-auth-tries",
        "SSH allows at most four attempts a connection",
        "low",
        "ssh",
        "MaxAuthTries 4",
        "resource.sshd.effective.max_auth_tries <= 4",
        ["AC-7"],
    ),
    (
        "host-shadow-permissions",
        "The file of password hashes is readable by root and shadow only",
        "high",
        "files",
        "chmod 0640 /etc/shadow && chown root:shadow /etc/shadow",
        'resource.files["/etc/shadow"].mode <= 416',
        ["AC-3"],
    ),
    (
        "host-users-empty-password",
        "No account has an empty password",
        "critical",
        "users",
        "passwd --lock NAME",
        'resource.users.all(u, u.password != "empty")',
        ["IA-5(1)"],
    ),
    (
        "host-users-uid-zero",
        "Only root has user id 0",
        "critical",
        "users",
        "usermod --uid 1001 NAME",
        "resource.users.filter(u, u.uid == 0).size() == 1",
        ["AC-6"],
    ),
    (
        "host-kernel-aslr",
        "Addresses are randomised",
        "medium",
        "kernel",
        "sysctl -w kernel.randomize_va_space=2",
        "resource.kernel.sysctl.kernel_randomize_va_space == 2",
        ["SI-16"],
    ),
    (
        "host-kernel-dmesg",
        "Kernel messages are for administrators",
        "low",
        "kernel",
        "sysctl -w kernel.dmesg_restrict=1",
        "resource.kernel.sysctl.kernel_dmesg_restrict == 1",
        ["SI-11"],
    ),
    (
        "host-time-synchronised",
        "The clock is synchronised",
        "medium",
        "services",
        "apt-get install systemd-timesyncd",
        "resource.time.synchronised",
        ["AU-8"],
    ),
    (
        "host-firewall-active",
        "A packet filter is active",
        "medium",
        "network",
        "systemctl enable --now nftables",
        "resource.firewall.active",
        ["SC-7"],
    ),
)


def stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def ago(**span: float) -> str:
    return stamp(NOW - timedelta(**span))


def identity(*parts: str) -> str:
    return hashlib.sha256("/".join(parts).encode()).hexdigest()[:20]


def counts(findings: list[Record]) -> dict[str, int]:
    out = dict.fromkeys(SEVERITIES, 0)
    for finding in findings:
        out[finding["severity"]] += 1
    return out


class Estate:
    """Everything that the mock server answers from; changed by decisions, jobs and keys."""

    def __init__(self, seed: int = 11) -> None:
        self.random = random.Random(seed)
        self.findings: list[Record] = []
        self.details: dict[str, Record] = {}
        self.decisions: list[Record] = []
        self.assets: list[Record] = []
        self.policy_results: dict[str, list[Record]] = {policy[0]: [] for policy in _POLICIES}
        rows = list(csv.DictReader((Path(__file__).parent / "debian_cves.csv").open()))
        for name, system, tags, share in _HOSTS:
            self._host(name, system, tags, share, rows)
        self.assets += [
            asset_row(self.assets[1], "image", "registry.example/shop/web:1.4.2", "sha256:" + "7e" * 32),
            asset_row(self.assets[1], "repository", "shop-infrastructure", "shop-infrastructure"),
        ]
        self.registries: list[Record] = [
            registry({"host": "registry.example", "repositories": ["shop/*"], "username": "watcher"}, ago(days=9))
            | {"last_run": ago(minutes=14), "tags": 31, "images": 12}
            | {"problems": [["shop/legacy:0.9", "a layer is damaged: the gzip stream ends early"]]}
        ]
        self.jobs = [
            _job("assess", "Assess 10 assets with new advisories", "running", 0.42, started=ago(seconds=40)),
            _job("feeds", "Import advisories", "done", 1.0, started=ago(hours=2), finished=ago(hours=1.99)),
            _job("housekeeping", "Remove expired sessions", "done", 1.0, started=ago(hours=5), finished=ago(hours=5)),
            _job(
                "feeds",
                "Fetch advisories",
                "failed",
                0.3,
                started=ago(days=1),
                finished=ago(days=1),
                error="The mirror answered 503 for Debian/all.zip. Try again, or import a folder.",
            ),
        ]
        self.keys: list[Record] = [
            {
                "id": "k1",
                "name": "this host",
                "created_at": ago(days=31),
                "expires_at": ago(days=-59),
                "uses": 1,
                "max_uses": 1,
                "revoked": False,
                "key": None,
            },
            {
                "id": "k2",
                "name": "golden image, web",
                "created_at": ago(days=12),
                "expires_at": None,
                "uses": 4,
                "max_uses": None,
                "revoked": False,
                "key": None,
            },
        ]
        self.tokens = [
            {
                "id": "t1",
                "name": "pipeline",
                "scopes": ["findings:read", "scans:write"],
                "created_at": ago(days=20),
                "expires_at": ago(days=-70),
                "last_used": ago(minutes=12),
                "token": None,
            },
        ]
        self.audit = [
            {
                "at": ago(minutes=8 * n + 2),
                "actor": actor,
                "action": action,
                "subject": subject,
                "detail": {},
                "digest": "sha256:" + identity("audit", str(n)) * 3,
            }
            for n, (actor, action, subject) in enumerate(
                [
                    ("admin", "session.open", "admin"),
                    ("pipeline", "token.use", "GET /findings"),
                    ("admin", "decision.create", "CVE-2023-4911"),
                    ("agent web-01", "snapshot.ingest", "web-01"),
                    ("system", "feeds.import", "sha256:7b1f"),
                    ("admin", "activation-key.create", "golden image, web"),
                ]
                * 6
            )
        ]

    def _host(self, name: str, system: str, tags: list[str], share: float, rows: list[dict[str, str]]) -> None:
        asset = identity("host", name)
        chance = self.random
        mine: list[Record] = []
        for row in rows:
            if chance.random() > share or "(buster)" in system:
                continue
            mine.append(self._vulnerability(asset, name, row, fixed=chance.random() < 0.12))
        passed = failed = unknown = 0
        for policy in _POLICIES:
            roll = chance.random()
            result = "pass" if roll < 0.62 else "fail" if roll < 0.9 else "unknown"
            finding = None
            if result != "pass":
                finding = self._policy_finding(asset, name, policy, result)
                mine.append(finding)
            passed, failed, unknown = (
                passed + (result == "pass"),
                failed + (result == "fail"),
                unknown + (result == "unknown"),
            )
            self.policy_results[policy[0]].append(
                {
                    "asset_id": asset,
                    "asset_name": name,
                    "result": result,
                    "values": {"observed": "yes" if result == "fail" else "no"},
                    "reason": "permission denied: /etc/ssh/sshd_config.d/50-site.conf" if result == "unknown" else "",
                    "finding": finding["id"] if finding else None,
                }
            )
        if "(buster)" in system:
            mine.append(self._coverage(asset, name, "end-of-life", "Debian 10 has no security support any more"))
        self.findings += mine
        opened = [f for f in mine if f["state"] in ("open", "unknown")]
        self.assets.append(
            {
                "id": asset,
                "kind": "host",
                "name": name,
                "key": identity("machine", name) + "c0ffee000000",
                "os": system,
                "open": counts(opened),
                "risk": round(max([f["score"] for f in opened], default=0) * 0.92, 1),
                "last_seen": ago(minutes=chance.randint(0, 9)),
                "sources": ["agent"],
                "tags": tags,
                "policy_pass": passed,
                "policy_fail": failed,
                "policy_unknown": unknown,
            }
        )

    def _vulnerability(self, asset: str, name: str, row: dict[str, str], *, fixed: bool) -> Record:
        base = _base_score(row["vector"])
        severity = "critical" if base >= 9 else "high" if base >= 7 else "medium" if base >= 4 else "low"
        epss = float(row["epss"]) if row["epss"] else None
        kev = bool(row["kev"])
        parts = [
            {"name": "CVSS", "points": round(base * 4, 1), "text": f"base score {base} of 10"},
            {"name": "EPSS", "points": round((epss or 0) * 25, 1), "text": f"{(epss or 0):.1%} likely within 30 days"},
            {
                "name": "KEV",
                "points": 25.0 if kev else 0.0,
                "text": "exploited in the wild" if kev else "not known to be exploited",
            },
            {
                "name": "Exposure",
                "points": 8.0 if "web" in name or "bastion" in name else 2.0,
                "text": "reachable from outside" if "web" in name else "inside the network",
            },
        ]
        score = min(100.0, round(sum(float(str(part["points"])) for part in parts), 1))
        package = _PACKAGES.get(row["source"], row["source"])
        weakness = _WEAKNESS.get(row["cwe"], "Flaw")
        key = identity(asset, row["cve"], package)
        age = self.random.randint(1, 80)
        installed = row["installed"] or (row["fixed"].rsplit("u", 1)[0] + "u1" if row["fixed"] else "5.36.0-7+deb12u1")
        finding: Record = {
            "id": key,
            "kind": "vulnerability",
            "rule": row["cve"],
            "locator": f"pkg:deb/debian/{package}",
            "title": f"{weakness} in {package}",
            "severity": severity,
            "verdict": "fail",
            "state": "fixed" if fixed else "open",
            "score": score,
            "asset_id": asset,
            "asset_name": name,
            "package": package,
            "installed": installed,
            "fix": {
                "state": "fixed" if row["fixed"] else "not-fixed",
                "version": row["fixed"],
                "text": f"apt-get install --only-upgrade {package}" if row["fixed"] else "Debian has not fixed it yet.",
            },
            "kev": kev,
            "epss": epss,
            "first_seen": ago(days=age),
            "last_seen": ago(minutes=6),
            "fixed_at": ago(hours=self.random.randint(1, 60)) if fixed else None,
            "reopened": 0,
            "sources": ["agent"],
        }
        self.details[key] = {
            "why": f"{row['cve']} lets an attacker over the network reach {package}; "
            + (f"it has been exploited in the wild since {row['kev']}." if kev else "no exploitation is known so far.")
            + f" This host runs {installed}, and the package is in use.",
            "evidence": {
                "package": {
                    "name": package,
                    "source": row["source"],
                    "version": installed,
                    "path": "/var/lib/dpkg/status",
                    "arch": "amd64",
                },
                "attestations": [
                    {
                        "source": f"DEBIAN-{row['cve']}",
                        "ecosystem": "Debian:12",
                        "package": row["source"],
                        "affected": f"< {row['fixed']}" if row["fixed"] else "every version",
                        "fixed": row["fixed"],
                    },
                    {
                        "source": "apt security pocket",
                        "ecosystem": "Debian:12",
                        "package": package,
                        "affected": "an upgrade is offered",
                        "fixed": row["fixed"],
                    },
                ],
                "aliases": [f"DEBIAN-{row['cve']}"],
                "cvss": {"vector": row["vector"], "score": base},
                "epss": {"score": epss, "percentile": float(row["percentile"]) if row["percentile"] else None},
                "kev": {"added": row["kev"], "due": row["kev"], "ransomware": False} if kev else None,
                "score": parts,
                "severities": [
                    {"source": "NVD", "severity": severity, "vector": row["vector"], "score": base},
                    {"source": "Debian", "severity": "medium", "word": "not yet assigned"},
                ],
                "cwe": [row["cwe"]] if row["cwe"] else [],
            },
            "controls": {"nist-800-53": ["SI-2", "RA-5"], "cis-controls-8": ["7.4"]},
            "history": [
                {
                    "at": finding["first_seen"],
                    "kind": "opened",
                    "text": "first seen by agent",
                    "cause": "knowledge",
                    "because": "new advisories: 472b3803e061, the newest of 2026-11-20",
                }
            ]
            + (
                [
                    {
                        "at": finding["fixed_at"],
                        "kind": "fixed",
                        "text": "no source sees it any more",
                        "cause": "asset",
                        "because": f"{package} {installed} became {row['fixed']} on the asset",
                    }
                ]
                if fixed
                else []
            ),
            "references": [
                f"https://security-tracker.debian.org/tracker/{row['cve']}",
                f"https://nvd.nist.gov/vuln/detail/{row['cve']}",
            ],
        }
        return finding

    def _policy_finding(self, asset: str, name: str, policy: tuple[Any, ...], result: str) -> Record:
        rule, title, severity, _group, command, check, controls = policy
        key = identity(asset, rule)
        score = {"critical": 70, "high": 55, "medium": 35, "low": 15}[severity] + self.random.random() * 5
        self.details[key] = {
            "why": f"{title} is what the policy asks; this host differs. Whoever has a foothold gains from it.",
            "evidence": {"values": {"observed": "yes", "path": "/etc/ssh/sshd_config:34"}, "check": check}
            if result == "fail"
            else {
                "unknowns": [{"path": "/etc/ssh/sshd_config.d/50-site.conf", "reason": "permission denied"}],
                "check": check,
            },
            "controls": {"nist-800-53": controls},
            "history": [{"at": ago(days=30), "kind": "opened", "text": "Seen first by agent"}],
            "references": [],
        }
        return {
            "id": key,
            "kind": "policy",
            "rule": rule,
            "locator": "",
            "title": title,
            "severity": severity,
            "verdict": "fail" if result == "fail" else "unknown",
            "state": "open" if result == "fail" else "unknown",
            "score": round(score, 1),
            "asset_id": asset,
            "asset_name": name,
            "package": "",
            "installed": "",
            "fix": {"state": "fixed", "version": "", "text": command},
            "kev": False,
            "epss": None,
            "first_seen": ago(days=30),
            "last_seen": ago(minutes=6),
            "fixed_at": None,
            "reopened": 0,
            "sources": ["agent"],
        }

    def _coverage(self, asset: str, name: str, rule: str, title: str) -> Record:
        key = identity(asset, rule)
        self.details[key] = {
            "why": f"{title}. Its packages cannot be judged, so nothing here means that they are safe.",
            "evidence": {"unknowns": [{"path": "os", "reason": title}]},
            "controls": {},
            "history": [{"at": ago(days=60), "kind": "opened", "text": "Seen first by agent"}],
            "references": [],
        }
        return {
            "id": key,
            "kind": "coverage",
            "rule": rule,
            "locator": "",
            "title": title,
            "severity": "unknown",
            "verdict": "unknown",
            "state": "unknown",
            "score": 40.0,
            "asset_id": asset,
            "asset_name": name,
            "package": "",
            "installed": "",
            "fix": {"state": "unknown", "version": "", "text": "Upgrade to Debian 12 or later."},
            "kev": False,
            "epss": None,
            "first_seen": ago(days=60),
            "last_seen": ago(minutes=6),
            "fixed_at": None,
            "reopened": 0,
            "sources": ["agent"],
        }

    def policies(self) -> list[Record]:
        out = []
        for rule, title, severity, group, command, _check, controls in _POLICIES:
            results = [row["result"] for row in self.policy_results[rule]]
            out.append(
                {
                    "id": rule,
                    "title": title,
                    "severity": severity,
                    "resource": "host",
                    "group": group,
                    "why": f"{title}: what is left open here is the first thing that an intruder tries.",
                    "fix": "Change the setting and reload the service.",
                    "command": command,
                    "controls": {"nist-800-53": controls, "cis-controls-8": ["4.1"]},
                    "passed": results.count("pass"),
                    "failed": results.count("fail"),
                    "unknown": results.count("unknown"),
                    "not_applicable": 0,
                }
            )
        return out

    def policy(self, rule: str) -> Record | None:
        view = next((policy for policy in self.policies() if policy["id"] == rule), None)
        if view is None:
            return None
        check = next(policy[5] for policy in _POLICIES if policy[0] == rule)
        order = {"fail": 0, "unknown": 1, "pass": 2}
        rows = sorted(self.policy_results[rule], key=lambda row: order[row["result"]])
        return view | {
            "check": check,
            "applies": "resource.sshd.present" if "ssh" in rule else "",
            "parameters": [],
            "results": rows,
        }


def sections() -> dict[str, Any]:
    """Facts of a host, by section, as the collectors shape them."""
    packages: list[Record] = [
        {
            "type": "deb",
            "name": name,
            "version": version,
            "namespace": "debian",
            "arch": "amd64",
            "source": source,
            "source_version": "",
            "path": "/var/lib/dpkg/status",
            "owner": "",
            "layer": "",
            "licences": [],
            "dev": False,
            "direct": None,
            "distro": "debian-12",
            "state": "installed",
        }
        for name, version, source in [
            ("adduser", "3.134", ""),
            ("libc6", "2.36-9+deb12u4", "glibc"),
            ("libssl3", "3.0.11-1~deb12u2", "openssl"),
            ("openssh-server", "1:9.2p1-2+deb12u2", "openssh"),
            ("systemd", "252.22-1~deb12u1", ""),
            ("zlib1g", "1:1.2.13.dfsg-1", "zlib"),
        ]
        + [(f"python3-example{n}", f"1.{n}-1", "") for n in range(400)]
    ]
    return {
        "os": {
            "id": "debian",
            "version_id": "12",
            "codename": "bookworm",
            "name": "Debian GNU/Linux 12 (bookworm)",
            "architecture": "x86_64",
            "hostname": "web-01",
        },
        "kernel": {
            "release": "6.1.0-21-amd64",
            "lockdown": "none",
            "sysctl": {"kernel.randomize_va_space": "2", "kernel.dmesg_restrict": "0", "net.ipv4.ip_forward": "0"},
        },
        "packages_deb": packages,
        "users": [
            {
                "name": "root",
                "uid": 0,
                "gid": 0,
                "home": "/root",
                "shell": "/bin/bash",
                "password": {"state": "locked", "algorithm": None, "changed": "2026-01-04"},
                "groups": ["root"],
            },
            {
                "name": "deploy",
                "uid": 1000,
                "gid": 1000,
                "home": "/home/deploy",
                "shell": "/bin/bash",
                "password": {"state": "set", "algorithm": "yescrypt", "changed": "2026-05-11"},
                "groups": ["sudo", "docker"],
            },
            {
                "name": "www-data",
                "uid": 33,
                "gid": 33,
                "home": "/var/www",
                "shell": "/usr/sbin/nologin",
                "password": {"state": "locked", "algorithm": None, "changed": None},
                "groups": ["www-data"],
            },
        ],
        "sockets": [
            {
                "protocol": "tcp",
                "address": "0.0.0.0",
                "port": 22,
                "process": "sshd",
                "unit": "ssh.service",
                "user": "root",
            },
            {
                "protocol": "tcp",
                "address": "0.0.0.0",
                "port": 443,
                "process": "nginx",
                "unit": "nginx.service",
                "user": "root",
            },
            {
                "protocol": "tcp",
                "address": "127.0.0.1",
                "port": 5432,
                "process": "postgres",
                "unit": "postgresql.service",
                "user": "postgres",
            },
        ],
        "sshd": {
            "present": True,
            "effective": {
                "permit_root_login": "yes",
                "password_authentication": "no",
                "max_auth_tries": 6,
                "ciphers": ["chacha20-poly1305@openssh.com", "aes256-gcm@openssh.com"],
            },
            "files": ["/etc/ssh/sshd_config", "/etc/ssh/sshd_config.d/50-site.conf"],
        },
        "mounts": [
            {"target": "/", "type": "ext4", "options": ["rw", "relatime"]},
            {"target": "/tmp", "type": "tmpfs", "options": ["rw", "nosuid", "nodev"]},
        ],
        "cloud": None,
    }


def _job(
    kind: str,
    title: str,
    state: str,
    progress: float | None,
    *,
    started: str,
    finished: str | None = None,
    error: str | None = None,
) -> Record:
    return {
        "id": identity("job", kind, title),
        "kind": kind,
        "title": title,
        "state": state,
        "progress": progress,
        "started_at": started,
        "finished_at": finished,
        "error": error,
    }


def _base_score(vector: str) -> float:
    """A CVSS 3 base score, by the equations of the specification, section 7.1."""
    m = dict(part.split(":") for part in vector.split("/")[1:])
    impact_of = {"H": 0.56, "L": 0.22, "N": 0.0}
    changed = m["S"] == "C"
    base = 1 - (1 - impact_of[m["C"]]) * (1 - impact_of[m["I"]]) * (1 - impact_of[m["A"]])
    impact = 7.52 * (base - 0.029) - 3.25 * (base - 0.02) ** 15 if changed else 6.42 * base
    privileges = {"N": 0.85, "L": 0.68 if changed else 0.62, "H": 0.5 if changed else 0.27}[m["PR"]]
    reach = {"N": 0.85, "A": 0.62, "L": 0.55, "P": 0.2}[m["AV"]] * {"L": 0.77, "H": 0.44}[m["AC"]]
    exploitability = 8.22 * reach * privileges * {"N": 0.85, "R": 0.62}[m["UI"]]
    if impact <= 0:
        return 0.0
    total = min((impact + exploitability) * (1.08 if changed else 1), 10)
    return int(total * 10 + 0.99999) / 10
