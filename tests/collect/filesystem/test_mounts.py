"""Which mounts a walk enters: local file systems once, nothing of the kernel's, of other machines, of containers."""

from hypothesis import given
from hypothesis import strategies as st

from bartizan.collect.filesystem.mounts import parse_mountinfo, prune

MOUNTINFO = r"""
22 27 0:21 / /proc rw,relatime - proc proc rw
23 27 0:22 / /sys rw,relatime - sysfs sysfs rw
24 27 0:6 / /dev rw,relatime - devtmpfs devtmpfs rw
27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw,discard
28 27 254:1 / /home rw,relatime - ext4 /dev/vdb rw
29 27 0:30 / /srv/share\040one rw - nfs4 server:/export rw,addr=10.0.0.1
30 27 0:31 / /run rw,nosuid - tmpfs tmpfs rw
31 27 0:32 / /tmp rw,nosuid - tmpfs tmpfs rw
32 27 0:33 / /var/lib/docker/overlay2/ab/merged rw - overlay overlay rw,lowerdir=x
33 27 254:0 /var/www /mnt/www rw - ext4 /dev/vda rw
34 27 0:35 / /mnt/files rw - fuse.sshfs user@host: rw
35 27 0:36 / /mnt/auto rw - autofs systemd-1 rw
36 27 254:2 /@ /data rw - btrfs /dev/vdc rw,subvol=/@
"""


def test_a_mount_is_read_as_proc_describes_it() -> None:
    mounts = {mount.point: mount for mount in parse_mountinfo(MOUNTINFO)}
    assert mounts["/srv/share one"].type == "nfs4"
    assert mounts["/mnt/www"].root == "/var/www"
    assert mounts["/"].options == ("rw", "relatime")
    assert mounts["/"].super_options == ("rw", "discard")


def test_only_local_file_systems_are_entered_and_each_once() -> None:
    assert prune(parse_mountinfo(MOUNTINFO), "/") == {
        "/proc",
        "/sys",
        "/dev",
        "/srv/share one",
        "/run",
        "/var/lib/docker/overlay2/ab/merged",
        "/mnt/www",
        "/mnt/files",
        "/mnt/auto",
    }


def test_below_another_root_paths_are_written_within_it() -> None:
    text = (
        "1 0 0:9 / / rw - overlay overlay rw\n"
        "2 1 8:1 / /host rw - ext4 /dev/sda rw\n"
        "3 2 0:3 / /host/proc rw - proc proc rw\n"
    )
    assert prune(parse_mountinfo(text), "/host") == {"/proc"}


def test_the_last_mount_at_a_point_counts() -> None:
    text = "1 0 8:1 / / rw - ext4 a rw\n2 1 0:3 / /mnt rw - nfs4 b rw\n3 2 8:2 / /mnt rw - ext4 c rw\n"
    assert prune(parse_mountinfo(text), "/") == frozenset()


@given(st.text(max_size=200))
def test_no_text_breaks_the_parser(text: str) -> None:
    prune(parse_mountinfo(text), "/")
