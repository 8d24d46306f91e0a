# SPDX-License-Identifier: Apache-2.0
"""Filesystems of a campaign's own: images on loop devices, mounted where nobody else sees them.

A campaign runs in a mount and a process namespace of its own (`enter_own_namespaces`). Whatever ends it, kill -9
included, ends every process that it started and every mount that it made, and with a mount goes its loop device; the
outermost image has no name once it is mounted, so that its bytes go too. Nothing is ever done to a filesystem that was
there before.
"""
import contextlib
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

OUTSIDE = "LAPEL_OUTER_NAMESPACE"  # the mount namespace in which the campaign was called
NOT_RUN = 77
BUSY_SECONDS_MAX = 20
PROGRAMS = {"unshare": "util-linux", "losetup": "util-linux", "mkfs.ext4": "e2fsprogs", "mkfs.xfs": "xfsprogs",
            "xfs_io": "xfsprogs", "cp": "coreutils", "sync": "coreutils", "strace": "strace", "cc": "gcc"}


def not_run(why):
    print(f"NOT RUN: {why}", flush=True)
    sys.exit(NOT_RUN)


def enter_own_namespaces():
    """Starts this program again, alone in its namespaces, or ends it where that cannot be."""
    own = os.readlink("/proc/self/ns/mnt")
    outside = os.environ.get(OUTSIDE)
    if outside is None:
        if os.geteuid() != 0:
            not_run("only root can make filesystems")
        for program, package in PROGRAMS.items():
            if shutil.which(program) is None:
                not_run(f"there is no {program} here (Debian: {package})")
        known = pathlib.Path("/proc/filesystems").read_text().split()
        for kind in ("ext4", "xfs"):
            if kind not in known:
                not_run(f"this kernel has no {kind}")
        os.environ[OUTSIDE] = own
        os.execvp("unshare", ["unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child",
                              "--mount-proc", sys.executable, *sys.argv])
    if outside == own:
        raise SystemExit(f"{OUTSIDE} is set, and this is no namespace of its own")
    signal.signal(signal.SIGTERM, lambda *unused: sys.exit(128 + signal.SIGTERM))


def call(*arguments):
    done = subprocess.run([str(a) for a in arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, arguments))}: {done.stdout}{done.stderr}")
    return done.stdout


def make(kind, image, size, *options):
    """A fresh filesystem in a sparse file of so many bytes."""
    with open(image, "wb") as file:
        file.truncate(size)
    if kind == "ext4":
        # Nothing is written later in the background, and root has no blocks of its own.
        call("mkfs.ext4", "-q", "-F", "-m", "0", "-E", "lazy_itable_init=0,lazy_journal_init=0", *options, image)
    else:
        call("mkfs.xfs", "-q", "-f", "-m", "reflink=1", *options, image)


@contextlib.contextmanager
def mounted(kind, image, point, *options):
    """Where the image is mounted while the body runs. A copy has its original's UUID, which XFS minds."""
    everything = ["loop", *options, *(["nouuid"] if kind == "xfs" else [])]
    point.mkdir(exist_ok=True)
    call("mount", "-t", kind, "-o", ",".join(everything), image, point)
    try:
        yield point
    finally:
        unmount(point)
        point.rmdir()


def unmount(point):
    """What a killed server had started ends soon after it, and holds its files until then."""
    end, never = time.monotonic() + BUSY_SECONDS_MAX, threading.Event()
    while subprocess.run(["umount", "-q", point], capture_output=True, check=False).returncode != 0:
        if time.monotonic() > end:
            call("umount", point)
            return
        never.wait(0.01)


def flush(path):
    """What stands on the filesystem of `path` is durable; of that filesystem alone."""
    call("sync", "-f", path)


@contextlib.contextmanager
def workshop(size):
    """A directory on an XFS filesystem of its own, whose files can be copied in an instant (`snapshot`).

    LAPEL_SOAK_DIRECTORY says where its image lies; it is sparse, and has no name while it is used.
    """
    home = pathlib.Path(tempfile.mkdtemp(prefix="lapel-filesystems-", dir=os.environ.get("LAPEL_SOAK_DIRECTORY")))
    try:
        image = home / "image"
        make("xfs", image, size)
        with mounted("xfs", image, home / "mount") as path:
            image.unlink()
            yield path
    finally:
        shutil.rmtree(home, ignore_errors=True)


def snapshot(image, copy):
    """The image as it is at one moment, while it is being written to."""
    call("cp", "--reflink=always", image, copy)
