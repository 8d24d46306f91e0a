# SPDX-License-Identifier: Apache-2.0
"""A browser that keeps a cookie, and an authenticator and an authenticator app in software, by OpenSSL's command line and Python's
standard library: nothing of Lapel's own code makes what Lapel checks."""
import base64
import hashlib
import hmac
import json
import secrets
import struct
import subprocess
import time

from harness import PASSWORD

GUARD = {"X-Lapel": "1", "Content-Type": "application/json"}


def b64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def totp(secret, at=None):
    """RFC 6238: the code of a base32 secret now."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    mac = hmac.new(key, struct.pack(">Q", int((time.time() if at is None else at) // 30)), hashlib.sha1).digest()
    offset = mac[-1] & 15
    return f"{(struct.unpack('>I', mac[offset:offset + 4])[0] & 0x7fffffff) % 1_000_000:06}"


def next_totp(secret):
    """The code after that: what was enrolled by the code of now takes this one, also when the half minute ends in between."""
    return totp(secret, time.time() + 30)


def cbor(value):
    """As much of RFC 8949 as a COSE key needs."""
    def head(major, n):
        return bytes([major << 5 | n]) if n < 24 else bytes([major << 5 | 24, n])
    if isinstance(value, int):
        return head(0, value) if value >= 0 else head(1, -1 - value)
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    return head(5, len(value)) + b"".join(cbor(k) + cbor(v) for k, v in value.items())


class Authenticator:
    def __init__(self, home, name="passkey"):
        self.key, self.message = home / f"{name}.pem", home / f"{name}.message"
        self.id = secrets.token_bytes(32)
        self.counter = 0
        subprocess.run(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", self.key],
                       check=True, capture_output=True)

    def public(self):
        der = subprocess.run(["openssl", "pkey", "-in", self.key, "-pubout", "-outform", "DER"], check=True, capture_output=True).stdout
        return der[-64:-32], der[-32:]

    @staticmethod
    def client_data(kind, challenge, origin):
        return json.dumps({"type": kind, "challenge": challenge, "origin": origin, "crossOrigin": False}).encode()

    def create(self, question, origin):
        x, y = self.public()
        data = (hashlib.sha256(question["rp"]["id"].encode()).digest() + b"\x45" + struct.pack(">I", self.counter) + bytes(16)
                + struct.pack(">H", len(self.id)) + self.id + cbor({1: 2, 3: -7, -1: 1, -2: x, -3: y}))
        return {"type": "public-key", "id": b64url(self.id),
                "response": {"clientDataJSON": b64url(self.client_data("webauthn.create", question["challenge"], origin)),
                             "authenticatorData": b64url(data)}}

    def present(self, question, origin):
        self.counter += 1
        client = self.client_data("webauthn.get", question["challenge"], origin)
        data = hashlib.sha256(question["rpId"].encode()).digest() + b"\x05" + struct.pack(">I", self.counter)
        self.message.write_bytes(data + hashlib.sha256(client).digest())
        signature = subprocess.run(["openssl", "dgst", "-sha256", "-sign", self.key, self.message], check=True, capture_output=True).stdout
        return {"type": "public-key", "id": b64url(self.id),
                "response": {"clientDataJSON": b64url(client), "authenticatorData": b64url(data), "signature": b64url(signature)}}


class Browser:
    """Keeps a cookie, as one does."""

    def __init__(self, town, host="localhost"):
        self.town, self.cookie, self.codes = town, None, []
        self.host = f"{host}:{town.port}"
        self.origin = f"http://{self.host}"

    def ask(self, method, path, body=None, status=None, headers=None):
        everything = {"Host": self.host, "Origin": self.origin, **GUARD, **(headers or {})}
        if self.cookie:
            everything["Cookie"] = self.cookie
        answer = self.town.request(method, path, headers=everything, body=json.dumps(body) if body is not None else None)
        if "Set-Cookie" in answer.headers:
            self.cookie = answer.headers["Set-Cookie"].split(";")[0]
        if status is not None and answer.status != status:
            raise AssertionError(f"{method} {path}: {answer.status} {answer.body!r}")
        return answer

    def sign_in(self, login, password=PASSWORD, status=200):
        return self.ask("POST", "/api/v1/session", {"login": login, "password": password}, status)

    def show_again(self):
        """The second factor, by one of the recovery codes that enrolling gave."""
        self.ask("POST", "/api/v1/session/factor", {"recovery": self.codes.pop()}, 200)

    def opens(self):
        return self.ask("GET", "/api/v1/recordings").status == 200

    def enroll_app(self):
        secret = self.ask("POST", "/api/v1/account/totp", status=200).json()["secret"]
        codes = self.ask("POST", "/api/v1/account/totp/confirm", {"code": totp(secret), "name": "Phone"}, 201).json()
        self.codes = list(codes["recovery_codes"])
        return secret, codes["recovery_codes"]

    def enroll_passkey(self, own):
        question = self.ask("POST", "/api/v1/account/passkey-question", status=200).json()
        return self.ask("POST", "/api/v1/account/passkeys", {"name": "Key", "credential": own.create(question, self.origin)})

    def passkey(self, own, **body):
        question = self.ask("POST", "/api/v1/session/passkey-question", status=200).json()
        return own.present(question, self.origin)


def takes_a_person(method, path, body):
    """Whether it is refused to a token: who may see what is locked or supervises whom, and the rules of viewing."""
    return (method, path) == ("PUT", "/api/v1/rules") or (path == "/api/v1/assignments" and (body or {}).get("kind") in ("clearance", "unit", "unit_supervisor"))


class Fresh:
    """People at browsers, each with a second factor that they have shown just now."""

    def __init__(self, town):
        self.town, self.browsers, self.shown = town, {}, {}

    def __call__(self, who):
        if who not in self.browsers:
            self.browsers[who] = Browser(self.town)
            self.browsers[who].sign_in(who)
            self.browsers[who].enroll_app()
            self.shown[who] = time.monotonic()
        if time.monotonic() - self.shown[who] > 120:  # of five minutes, on a busy machine
            self.browsers[who].show_again()
            self.shown[who] = time.monotonic()
        return self.browsers[who]
