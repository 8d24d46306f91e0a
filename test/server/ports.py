# SPDX-License-Identifier: Apache-2.0
"""A port for a server that is to come back to it. One that the system gives away (bind to 0) may be given to somebody else while
that server is down, or as a client's end of a connection; these are below what it gives away."""
import pathlib
import random
import socket

LOWEST = 20_000
ATTEMPTS = 1_000


def free_port():
    given_away = int(pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    for _ in range(ATTEMPTS):
        port = random.SystemRandom().randrange(LOWEST, max(given_away, LOWEST + 1_000))
        try:
            with socket.create_server(("127.0.0.1", port)):
                return port
        except OSError:
            pass
    raise AssertionError("no free port was found")
