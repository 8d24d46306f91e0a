# SPDX-License-Identifier: Apache-2.0
"""An identity provider that tests can make lie: OpenID Connect by Python's standard library, signatures by OpenSSL's command line.
Nothing of Lapel's own code makes what Lapel checks."""
import base64
import hashlib
import hmac
import http.server
import json
import pathlib
import secrets
import shutil
import subprocess
import tempfile
import threading
import time
import urllib.parse

from signing_in import b64url


def openssl(*words, data=None):
    return subprocess.run(["openssl", *map(str, words)], input=data, check=True, capture_output=True).stdout


class Key:
    """A key pair of a kind: "RSA", "P-256" or "Ed25519"."""

    def __init__(self, home, kind, bits=2048):
        self.kind, self.id = kind, secrets.token_hex(8)
        self.file = home / f"{self.id}.pem"
        options = {"RSA": ("RSA", "-pkeyopt", f"rsa_keygen_bits:{bits}"), "P-256": ("EC", "-pkeyopt", "ec_paramgen_curve:P-256"),
                   "P-384": ("EC", "-pkeyopt", "ec_paramgen_curve:P-384"), "Ed25519": ("ED25519",)}[kind]
        openssl("genpkey", "-algorithm", *options, "-out", self.file)
        self.public = openssl("pkey", "-in", self.file, "-pubout")

    def jwk(self, **more):
        der = openssl("pkey", "-in", self.file, "-pubout", "-outform", "DER")
        if self.kind == "RSA":
            modulus = openssl("rsa", "-in", self.file, "-noout", "-modulus").decode().strip().split("=")[1]
            shape = {"kty": "RSA", "n": b64url(bytes.fromhex(modulus)), "e": "AQAB"}
        elif self.kind == "Ed25519":
            shape = {"kty": "OKP", "crv": "Ed25519", "x": b64url(der[-32:])}
        else:
            half = 32 if self.kind == "P-256" else 48
            shape = {"kty": "EC", "crv": self.kind, "x": b64url(der[-2 * half:-half]), "y": b64url(der[-half:])}
        return {**shape, "kid": self.id, "use": "sig", **more}

    def sign(self, algorithm, message):
        if algorithm == "EdDSA":
            with tempfile.NamedTemporaryFile() as file:  # which it wants to know the length of
                file.write(message)
                file.flush()
                return openssl("pkeyutl", "-sign", "-rawin", "-inkey", self.file, "-in", file.name)
        options = ["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest"] if algorithm.startswith("PS") else []
        signature = openssl("dgst", f"-sha{algorithm[2:]}", "-sign", self.file, *options, data=message)
        return raw_of_der(signature) if algorithm == "ES256" else signature


def raw_of_der(der):
    """ECDSA's two numbers, 32 bytes each."""
    out, at = b"", 2
    for _ in range(2):
        size = der[at + 1]
        out += der[at + 2:at + 2 + size].lstrip(b"\0").rjust(32, b"\0")
        at += 2 + size
    return out


class Token:
    """A token in the making: what it says, by which key, and how it is written."""

    def __init__(self, header, claims, key):
        self.header, self.claims, self.key = header, claims, key
        self.algorithm = header["alg"]  # that is really signed by, whatever the header says
        self.header_text = self.claims_text = None  # in place of the JSON of the two
        self.signature = None

    def parts(self):
        header = self.header_text if self.header_text is not None else json.dumps(self.header).encode()
        claims = self.claims_text if self.claims_text is not None else json.dumps(self.claims).encode()
        signed = f"{b64url(header)}.{b64url(claims)}".encode()
        signature = self.signature if self.signature is not None else self.key.sign(self.algorithm, signed)
        return [b64url(header), b64url(claims), b64url(signature)]

    def hs(self, algorithm, secret):
        """Signed by a shared secret, as if a public key were one."""
        self.header["alg"] = algorithm
        signed = f"{b64url(json.dumps(self.header).encode())}.{b64url(json.dumps(self.claims).encode())}".encode()
        self.signature = hmac.new(secret, signed, getattr(hashlib, f"sha{algorithm[2:]}")).digest()

    def text(self):
        return ".".join(self.parts())


class Realm:
    """One issuer. What it answers is what a good one would, unless a test spoils it."""

    def __init__(self, provider, name, algorithm="RS256"):
        self.provider, self.path = provider, f"/{name}"
        self.issuer = provider.url + self.path
        self.algorithm = algorithm
        self.keys = [provider.key({"RS256": "RSA", "PS256": "RSA", "ES256": "P-256", "EdDSA": "Ed25519"}[algorithm])]
        self.client_id, self.client_secret = "lapel", "secret of lapel: 100% & more"
        self.person = {"sub": "subject-1", "preferred_username": "doe", "name": "J. Doe", "groups": ["Officers"], "amr": ["pwd", "mfa"]}
        self.grants, self.asked = {}, []
        self.heal()

    def heal(self):
        self.spoil_document = self.spoil_keys = self.spoil_token = self.spoil_answer = None

    # ---- what it says ----

    def document(self):
        return {"issuer": self.issuer, "authorization_endpoint": f"{self.issuer}/authorize", "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/keys", "response_types_supported": ["code"], "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": [self.algorithm], "code_challenge_methods_supported": ["S256"],
                "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"]}

    def key_set(self):
        return {"keys": [key.jwk() for key in self.keys]}

    def authorize(self, location, **person):
        """What a person does there: whatever the address asks, they sign in. The code and the state."""
        query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(location).query))
        assert location.startswith(f"{self.issuer}/authorize?"), location
        assert (query["response_type"], query["client_id"], query["code_challenge_method"]) == ("code", self.client_id, "S256"), query
        assert "openid" in query["scope"].split(), query
        code = secrets.token_urlsafe(24)
        self.grants[code] = {**query, "person": {**self.person, **person}, "at": int(time.time())}
        return {"code": code, "state": query["state"]}

    def claims(self, grant):
        said = {"iss": self.issuer, "aud": self.client_id, "iat": int(time.time()), "exp": int(time.time()) + 300, "nonce": grant["nonce"],
                "auth_time": grant["at"], **grant["person"]}
        return {name: value for name, value in said.items() if value is not None}

    def token(self, grant):
        token = Token({"alg": self.algorithm, "kid": self.keys[0].id, "typ": "JWT"}, self.claims(grant), self.keys[0])
        if self.spoil_token:
            spoiled = self.spoil_token(token, self)
            if isinstance(spoiled, str):
                return spoiled
        return token.text()

    def answer(self, form, authorization):
        """(status, headers, body) of the token endpoint."""
        grant = self.grants.pop(form.get("code", ""), None)
        expected = "Basic " + base64.b64encode(
            f"{urllib.parse.quote(self.client_id, safe='')}:{urllib.parse.quote(self.client_secret, safe='')}".encode()).decode()
        verifier = b64url(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        if authorization != expected and (form.get("client_id"), form.get("client_secret")) != (self.client_id, self.client_secret):
            return 401, {}, b'{"error":"invalid_client"}'
        if grant is None or grant["redirect_uri"] != form["redirect_uri"] or grant["code_challenge"] != verifier:
            return 400, {}, b'{"error":"invalid_grant"}'
        good = {"access_token": secrets.token_urlsafe(16), "token_type": "Bearer", "expires_in": 300, "id_token": self.token(grant)}
        if self.spoil_answer:
            spoiled = self.spoil_answer(good, self)
            if spoiled is not None:
                return spoiled
        return 200, {}, json.dumps(good).encode()


class Provider:
    """Realms behind one port of this machine."""

    def __init__(self):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="lapel-provider-"))
        self.realms, self.shared = {}, {}
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *unused):
                pass

            def send(self, status, headers, body):
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                if "Content-Length" not in headers:
                    self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def answered(self, spoil, good):
                spoiled = spoil(good) if spoil else None
                if callable(spoiled):
                    spoiled(self)
                    self.close_connection = True
                    return
                self.send(*(spoiled or (200, {"Content-Type": "application/json"}, json.dumps(good).encode())))

            def do_GET(self):
                realm = outer.realms.get("/" + self.path.split("/")[1])
                if realm is None:
                    return self.send(404, {}, b"")
                realm.asked.append(self.path)
                if self.path == f"{realm.path}/.well-known/openid-configuration":
                    return self.answered(realm.spoil_document, realm.document())
                if self.path == f"{realm.path}/keys":
                    return self.answered(realm.spoil_keys, realm.key_set())
                return self.send(404, {}, b"")

            def do_POST(self):
                realm = outer.realms["/" + self.path.split("/")[1]]
                form = dict(urllib.parse.parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
                realm.asked.append(self.path)
                done = realm.answer(form, self.headers.get("Authorization"))
                if callable(done):
                    done(self)
                    self.close_connection = True
                    return None
                return self.send(*done)

        class Server(http.server.ThreadingHTTPServer):
            def handle_error(self, *unused):
                """Whoever was asked for too much hangs up."""

        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.dribbled = threading.Event()  # what answers without end ends with the tests
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def key(self, kind, which=0):
        """Keys are slow to make: realms share them, but for those that a test wants of its own."""
        if (kind, which) not in self.shared:
            self.shared[(kind, which)] = Key(self.home, kind)
        return self.shared[(kind, which)]

    def realm(self, algorithm="RS256"):
        realm = Realm(self, f"realm-{len(self.realms)}", algorithm)
        self.realms[realm.path] = realm
        return realm

    def close(self):
        self.server.dribbled.set()
        self.server.shutdown()
        self.server.server_close()
        shutil.rmtree(self.home, ignore_errors=True)
