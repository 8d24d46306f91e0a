#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An authenticator app for transcripts: app.py SERVER LOGIN PASSWORD_FILE enrolls one for that person, and prints their recovery codes."""
import json
import pathlib
import sys
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "server"))
from signing_in import GUARD, totp  # noqa: E402


def main(server, login, password_file):
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())

    def ask(path, **body):
        with browser.open(urllib.request.Request(server + path, json.dumps(body).encode(), GUARD, method="POST")) as answer:
            return json.load(answer)
    ask("/api/v1/session", login=login, password=pathlib.Path(password_file).read_text().rstrip("\n"))
    secret = ask("/api/v1/account/totp")["secret"]
    print("\n".join(ask("/api/v1/account/totp/confirm", code=totp(secret), name="Phone")["recovery_codes"]))


if __name__ == "__main__":
    main(*sys.argv[1:])
