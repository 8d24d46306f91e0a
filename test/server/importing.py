# SPDX-License-Identifier: Apache-2.0
"""Imports of other systems' exports, as far as tests of other things need them."""
import json

from harness import until


def begin(town, token, *files):
    """An import whose folder has these files, (path, bytes) each; nothing of them is sent."""
    def ask(path, **body):
        answer = town.request("POST", path, token, body=json.dumps(body))
        assert answer.status in (200, 201), answer.body
        return answer.json()
    made = ask("/api/v1/imports", title="June", profile="axon_evidence", zone="America/New_York")["id"]
    ask(f"/api/v1/imports/{made}/listing", files=[{"path": path, "bytes": len(data)} for path, data in files])
    return made


def one_that_differs(town, token):
    """The recording of a file that is not what the inventory of its import says."""
    table, film = b"Evidence ID,File Name,Checksum\nE-1,imported.mp4," + b"0" * 64 + b"\n", b"imported"
    made = begin(town, token, ("evidence.csv", table), ("imported.mp4", film))

    def send(path, data):
        answer = town.request("POST", f"/api/v1/imports/{made}/files", token, body=json.dumps({"path": path}))
        assert town.patch(f"/api/v1/uploads/{answer.json()['upload']}", token, 0, data).status == 204
        until(lambda: town.request("GET", f"/api/v1/imports/{made}", token).json()["counts"]["sealing"] == 0)
    send("evidence.csv", table)
    assert town.request("POST", f"/api/v1/imports/{made}/reading", token, body="{}").status == 200
    send("imported.mp4", film)
    line, = town.request("GET", f"/api/v1/imports/{made}/lines?status=differs", token).json()["items"]
    return line["recording"]
