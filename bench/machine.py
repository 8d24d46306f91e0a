#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the figures were measured on, as one JSON line: the first of docs/figures/benchmarks.jsonl."""
import datetime
import json
import os
import pathlib
import platform
import re
import subprocess

from servers import BUILT, PEERS, ROOT, absent


def first_line(*command):
    try:
        done = subprocess.run([str(a) for a in command], capture_output=True, text=True)
    except OSError:
        return None
    lines = (done.stdout or done.stderr).strip().splitlines()
    return lines[0] if lines else None


def version(text):
    found = re.search(r"\d+(\.\d+)+", text or "")
    return found.group(0) if found else None


def main():
    cpu = re.search(r"^model name\s*: (.*)$", pathlib.Path("/proc/cpuinfo").read_text(), re.M)
    memory = re.search(r"^MemTotal:\s*(\d+)", pathlib.Path("/proc/meminfo").read_text(), re.M)
    BUILT.mkdir(parents=True, exist_ok=True)
    filesystem = first_line("findmnt", "-n", "-o", "FSTYPE", "-T", BUILT)
    device = first_line("findmnt", "-n", "-o", "SOURCE", "-T", BUILT) or ""
    package = PEERS / "node/node_modules/@tus/server/package.json"
    peers = {
        "nginx": version(first_line(PEERS / "nginx/usr/sbin/nginx", "-v")),
        "@tus/server": json.loads(package.read_text())["version"] if package.exists() else None,
        "node": version(first_line("node", "--version")),
        "tusd": version((re.search(r"^tusd_version=(.*)$", (ROOT / "tools/setup-bench.sh").read_text(), re.M) or [""])[0])
        if (PEERS / "bin/tusd").exists() else None,
        "wrk": version(first_line("dpkg-query", "-W", "-f", "${Version}", "wrk")),
        "openssl": version(first_line("openssl", "version")),
    }
    print(json.dumps({
        "machine": {
            "cpu": cpu.group(1).strip() if cpu else platform.machine(),
            "cores": os.cpu_count(),
            "ram_gib": round(int(memory.group(1)) / (1 << 20)) if memory else None,
            "kernel": platform.release(),
            "disk": "virtio" if device.startswith("/dev/vd") else re.sub(r"\[.*", "", device),
            "filesystem": filesystem,
            "load_before": round(os.getloadavg()[0], 2),
        },
        "revision": first_line("git", "-C", ROOT, "rev-parse", "--short=12", "HEAD"),
        "peers": peers,
        "absent": absent(),
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d"),
    }))


if __name__ == "__main__":
    main()
