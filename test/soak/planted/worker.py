#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Workers that are none, for test/soak/hostile_media.py to find: one whose filter lets everything through and which follows the
name that it finds in its file, one that lies about its file, one that never ends.

    worker.py follows|nonsense|endless
"""
import ctypes
import os
import struct
import sys

SECCOMP = 317  # x86_64
ALLOW = struct.pack("HBBI", 6, 0, 0, 0x7FFF0000)  # BPF: return SECCOMP_RET_ALLOW
os.read(4, 4096)
code = ctypes.create_string_buffer(ALLOW)
program = struct.pack("HxxxxxxQ", 1, ctypes.addressof(code))
libc = ctypes.CDLL(None)
libc.prctl(38, 1, 0, 0, 0)  # PR_SET_NO_NEW_PRIVS
if libc.syscall(SECCOMP, 1, 0, program) != 0:
    sys.exit(20)
if sys.argv[1] == "follows":
    text = os.pread(3, 1 << 20, 0)
    start = text.find(b"file://")
    if start >= 0:
        name = text[start + 7:].split(b"\n")[0].split(b"\0")[0].split(b"'")[0]
        os.close(os.open(name, os.O_RDONLY))
elif sys.argv[1] == "endless":
    while True:
        pass
os.write(5, b'{"verdict":"excellent"}\n' if sys.argv[1] == "nonsense" else b'{"verdict":"whole"}\n')
os._exit(0)
