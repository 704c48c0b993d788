"""Which mount points a walk leaves out, from `/proc/self/mountinfo` (proc(5)):

    36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue
    id parent device root point options optional... - type source options

Left out: the kernel's own file systems, other machines' (a walk must neither hang on them nor load them), what would be
walked twice through a bind mount, and the layers of containers, which are assets of their own.
"""

import re
from dataclasses import dataclass

PSEUDO = frozenset(
    (
        "anon_inodefs",
        "autofs",
        "bdev",
        "binder",
        "binfmt_misc",
        "bpf",
        "cgroup",
        "cgroup2",
        "configfs",
        "cpuset",
        "debugfs",
        "devpts",
        "devtmpfs",
        "efivarfs",
        "fusectl",
        "hugetlbfs",
        "mqueue",
        "nfsd",
        "nsfs",
        "pipefs",
        "proc",
        "pstore",
        "ramfs",
        "resctrl",
        "rpc_pipefs",
        "securityfs",
        "selinuxfs",
        "smackfs",
        "sockfs",
        "sysfs",
        "tracefs",
        "usbfs",
        "xenfs",
    )
)
NETWORK = frozenset(
    (
        "9p",
        "acfs",
        "afs",
        "beegfs",
        "ceph",
        "cifs",
        "coda",
        "davfs",
        "gfs",
        "gfs2",
        "glusterfs",
        "gpfs",
        "lustre",
        "ncpfs",
        "ncp",
        "nfs",
        "nfs4",
        "ocfs2",
        "orangefs",
        "panfs",
        "pvfs2",
        "smb3",
        "smbfs",
        "vboxsf",
        "virtiofs",
        "vmhgfs",
        "wekafs",
    )
)
VOLATILE = ("/run", "/var/run", "/dev", "/sys", "/proc")
ENGINE_FOLDERS = (
    "/var/lib/docker",
    "/var/lib/containerd",
    "/var/lib/containers",
    "/var/lib/kubelet",
    "/var/lib/rancher",
    "/var/lib/lxc",
    "/var/lib/lxd",
    "/var/lib/incus",
    "/var/lib/machines",
    "/var/snap",
    "/run",
)
LAYER_STORES = frozenset(
    [f"/var/lib/docker/{driver}" for driver in ("overlay2", "overlay", "aufs", "vfs", "btrfs", "zfs", "fuse-overlayfs")]
    + [f"/var/lib/containers/storage/{driver}" for driver in ("overlay", "vfs", "btrfs", "zfs")]
    + [
        f"/var/lib/containerd/io.containerd.snapshotter.v1.{driver}"
        for driver in ("overlayfs", "native", "btrfs", "zfs", "erofs", "stargz", "devmapper")
    ]
    + ["/var/lib/lxc", "/var/lib/lxd", "/var/lib/incus", "/var/lib/machines"]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mount:
    """One line of `mountinfo`."""

    point: str
    type: str
    source: str
    root: str
    """Which folder of the file system is mounted: other than `/` for a bind mount or a subvolume."""
    device: str
    options: tuple[str, ...]
    super_options: tuple[str, ...]


def parse_mountinfo(text: str) -> list[Mount]:
    """Mounts in the order in which they were made; lines of another form are passed over."""
    mounts = []
    for line in text.splitlines():
        head, separator, tail = line.partition(" - ")
        left, right = head.split(" "), tail.split(" ")
        if not separator or len(left) < 6 or len(right) < 2:
            continue
        mounts.append(
            Mount(
                point=unescape(left[4]),
                type=right[0],
                source=unescape(right[1]),
                root=unescape(left[3]),
                device=left[2],
                options=tuple(left[5].split(",")),
                super_options=tuple(right[2].split(",")) if len(right) > 2 else (),
            )
        )
    return mounts


def unescape(text: str) -> str:
    """Space, tab, newline and backslash are written as octal `\\040` there and in fstab(5)."""
    return _OCTAL.sub(lambda found: chr(int(found[1], 8)), text) if "\\" in text else text


_OCTAL = re.compile(r"\\([0-3][0-7]{2})")


def left_out(root: str) -> frozenset[str]:
    """Paths within the view of `root` that a walk does not enter."""
    try:
        with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as file:  # noqa: PTH123
            mounts = parse_mountinfo(file.read())
    except OSError:
        mounts = []
    return LAYER_STORES | prune(mounts, root)


def prune(mounts: list[Mount], root: str) -> frozenset[str]:
    """Mount points below `root`, written within it, that are not part of the machine's own local files."""
    latest = {mount.point: mount for mount in mounts}  # a later mount at the same point covers the earlier one
    prefix = "" if root == "/" else root
    home = max((m for m in latest.values() if _below(root, m.point)), key=lambda m: len(m.point), default=None)
    seen: list[tuple[str, str]] = []
    if home is not None:
        seen.append((home.device, _joined(home.root, root[len(home.point.rstrip("/")) :])))
    out = set()
    for point, mount in latest.items():
        if point == root or not _below(point, root):
            continue
        inside = point[len(prefix) :]
        again = any(mount.device == device and _below(mount.root, top) for device, top in seen)
        if again or _foreign(mount.type, inside):
            out.add(inside)
        else:
            seen.append((mount.device, mount.root))
    return frozenset(out)


def _foreign(type_: str, point: str) -> bool:
    if type_ in PSEUDO or type_ in NETWORK or type_.startswith("fuse."):
        return True
    if type_ == "tmpfs":
        return any(_below(point, folder) for folder in VOLATILE)
    return type_ == "overlay" and any(_below(point, folder) for folder in ENGINE_FOLDERS)


def _below(path: str, folder: str) -> bool:
    return folder in ("/", path) or path.startswith(folder + "/")


def _joined(folder: str, rest: str) -> str:
    return (folder.rstrip("/") + "/" + rest.lstrip("/")).rstrip("/") or "/"
