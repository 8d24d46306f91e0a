# SPDX-License-Identifier: Apache-2.0
"""What an identity provider, or whoever stands in its place, could answer and must not be believed for."""
import base64
import json
import secrets
import time

from identity_provider import Key
from signing_in import b64url


class Vector:
    def __init__(self, name, words, spoil, algorithm="RS256", rule="amr=mfa", status=401, slug="provider-answer"):
        self.name, self.words, self.spoil, self.algorithm, self.rule = name, words, spoil, algorithm, rule
        self.status, self.slug = status, slug


VECTORS = []


def header(title, words, algorithm="RS256", **change):
    """With these in its header, None for without; signed as it then stands."""
    def spoil(token, realm):
        for key, value in change.items():
            value = value(token, realm) if callable(value) else value
            token.header[key] = value
            if value is None:
                del token.header[key]
    VECTORS.append(Vector(title, words, spoil, algorithm))


def claims(title, words, rule="amr=mfa", status=401, slug="provider-answer", **change):
    def spoil(token, realm):
        for key, value in change.items():
            value = value(token, realm) if callable(value) else value
            token.claims[key] = value
            if value is ABSENT:
                del token.claims[key]
    VECTORS.append(Vector(title, words, spoil, "RS256", rule, status, slug))


def written(name, words, spoil, algorithm="RS256"):
    """The token's text as `spoil` makes it."""
    VECTORS.append(Vector(name, words, spoil, algorithm))


ABSENT = object()
NOW = lambda seconds: lambda *unused: int(time.time()) + seconds  # noqa: E731
ALGORITHM, PARTS, URL64 = "an algorithm other than", "not of three parts", "not base64url"
SIGNATURE, UNKNOWN = "signature does not fit", "a key that it does not publish"
NO_HEADER, NO_CLAIMS = "header is no JSON object", "claims are no JSON object"

# ---- who signed it, and how ----


def unsigned(name):
    def spoil(token, realm):
        token.header["alg"] = name
        token.signature = b""
    return spoil


for text in ("none", "None", "NONE", "nOnE", "", "RS256 ", "rs256", "HS256", "HS384", "HS512", "ES256K", "dir", "RSA-OAEP"):
    written(f"unsigned, alg {text!r}", ALGORITHM, unsigned(text))
header("alg absent", "without an algorithm", alg=None)
for value in (256, True, ["RS256"], {"alg": "RS256"}):
    header(f"alg {value!r}", "without an algorithm", alg=value)


def shared(algorithm, secret):
    def spoil(token, realm):
        token.hs(algorithm, secret(realm.keys[0]))
    return spoil


for algorithm in ("HS256", "HS384", "HS512"):
    written(f"{algorithm} by the public key's PEM", ALGORITHM, shared(algorithm, lambda key: key.public))
written("HS256 by the PEM without its last line's end", ALGORITHM, shared("HS256", lambda key: key.public.strip()))
written("HS256 by the modulus", ALGORITHM, shared("HS256", lambda key: base64.urlsafe_b64decode(key.jwk()["n"] + "==")))
written("HS256 by the modulus as text", ALGORITHM, shared("HS256", lambda key: key.jwk()["n"].encode()))
written("HS256 by the whole key's JSON", ALGORITHM, shared("HS256", lambda key: json.dumps(key.jwk()).encode()))
written("HS256 by nothing", ALGORITHM, shared("HS256", lambda key: b""))
written("HS256 by an elliptic key's PEM", ALGORITHM, shared("HS256", lambda key: key.public), "ES256")
written("HS256 by an Ed25519 key", ALGORITHM, shared("HS256", lambda key: base64.urlsafe_b64decode(key.jwk()["x"] + "==")), "EdDSA")


def really(algorithm, says):
    def spoil(token, realm):
        token.header["alg"], token.algorithm = says, algorithm
    return spoil


for algorithm in ("RS384", "RS512", "PS384", "PS512"):
    written(f"{algorithm}, which is good RSA", ALGORITHM, really(algorithm, algorithm))
written("signed PS256, says RS256", SIGNATURE, really("PS256", "RS256"))
written("signed RS256, says PS256", SIGNATURE, really("RS256", "PS256"))
written("signed RS512, says RS256", SIGNATURE, really("RS512", "RS256"))
written("signed RS256, says ES256", UNKNOWN, really("RS256", "ES256"))
written("signed RS256, says EdDSA", UNKNOWN, really("RS256", "EdDSA"))
written("signed ES256, says RS256", UNKNOWN, really("ES256", "RS256"), "ES256")
written("signed EdDSA, says ES256", UNKNOWN, really("EdDSA", "ES256"), "EdDSA")


def other_key(kind, which, keeps_id=True):
    """Signed by a key of the right kind that is not the provider's."""
    def spoil(token, realm):
        token.key = realm.provider.key(kind, which)
        if not keeps_id:
            token.header["kid"] = token.key.id
    return spoil


for algorithm, kind in (("RS256", "RSA"), ("PS256", "RSA"), ("ES256", "P-256"), ("EdDSA", "Ed25519")):
    written(f"{algorithm} by another key under this one's name", SIGNATURE, other_key(kind, 7), algorithm)
    written(f"{algorithm} by another key under its own name", UNKNOWN, other_key(kind, 7, keeps_id=False), algorithm)
for value in ("", "0", "../../../dev/null", "' OR 1=1 --", "x" * 500, "\u0000"):
    header(f"kid {value[:20]!r}", UNKNOWN, kid=value)
for value in (1, ["a"], {"a": 1}, True, "x" * 600):
    header(f"kid of a type or length of no kid: {str(value)[:20]}", '"kid" that is no text', kid=value)


def der(token, realm):
    from identity_provider import openssl
    parts = token.parts()
    parts[2] = b64url(openssl("dgst", "-sha256", "-sign", token.key.file, data=f"{parts[0]}.{parts[1]}".encode()))
    return ".".join(parts)


def resigned(change):
    """The signature's bytes changed."""
    def spoil(token, realm):
        parts = token.parts()
        parts[2] = b64url(change(base64.urlsafe_b64decode(parts[2] + "==")))
        return ".".join(parts)
    return spoil


written("ES256 as DER", SIGNATURE, der, "ES256")
for algorithm in ("RS256", "PS256", "ES256", "EdDSA"):
    written(f"{algorithm}: signature without its last byte", SIGNATURE, resigned(lambda s: s[:-1]), algorithm)
    written(f"{algorithm}: signature and a byte", SIGNATURE, resigned(lambda s: s + b"\0"), algorithm)
    written(f"{algorithm}: a bit of the signature", SIGNATURE, resigned(lambda s: bytes([s[0] ^ 1]) + s[1:]), algorithm)
    written(f"{algorithm}: signature of zeros", SIGNATURE, resigned(lambda s: bytes(len(s))), algorithm)
    written(f"{algorithm}: no signature", SIGNATURE, resigned(lambda s: b""), algorithm)
written("ES256: signature of ones", SIGNATURE, resigned(lambda s: bytes([0] * 31 + [1]) * 2), "ES256")
written("ES256: its numbers the other way round", SIGNATURE, resigned(lambda s: s[32:] + s[:32]), "ES256")

# ---- what stands in the header ----

for name, value in (("jku", "http://127.0.0.1/keys"), ("x5u", "http://127.0.0.1/cert"), ("x5c", ["MIIB"]), ("crit", ["exp"]), ("crit", []),
                    ("crit", ["b64"]), ("b64", False), ("enc", "A256GCM"), ("zip", "DEF")):
    header(f"{name} {value!r}", f'"{name}" in its header', **{name: value})


def own_key(token, realm):
    token.key = realm.provider.key("RSA", 7)
    token.header["jwk"] = token.key.jwk()
    token.header["kid"] = token.key.id


written("jwk of the key that signed", '"jwk" in its header', own_key)
for value in ("at+jwt", "logout+jwt", "secevent+jwt", "JOSE", ""):
    header(f"typ {value!r}", "of another type", typ=value)
header("typ 1", '"typ" that is no text', typ=1)

# ---- how it is written ----


def parts(change):
    def spoil(token, realm):
        return change(*token.parts())
    return spoil


written("encrypted", "an encrypted token", parts(lambda h, c, s: ".".join((h, b64url(b"key"), b64url(b"iv"), c, s))))
for name, change in {
    "two parts": lambda h, c, s: f"{h}.{c}", "one part": lambda h, c, s: h, "four parts": lambda h, c, s: f"{h}.{c}.{s}.",
    "six parts": lambda h, c, s: f"{h}.{c}.{s}...", "nothing": lambda h, c, s: "",
}.items():
    written(name, PARTS, parts(change))
for name, change in {
    "padded header": lambda h, c, s: f"{h}=.{c}.{s}", "padded claims": lambda h, c, s: f"{h}.{c}==.{s}",
    "padded signature": lambda h, c, s: f"{h}.{c}.{s}==", "a line's end behind it": lambda h, c, s: f"{h}.{c}.{s}\n",
    "a space before it": lambda h, c, s: f" {h}.{c}.{s}", "a line's end inside": lambda h, c, s: f"{h}.{c[:8]}\r\n{c[8:]}.{s}",
    "standard base64": lambda h, c, s: f"{h}.{c}.{s[:-2]}+/", "a character of none": lambda h, c, s: f"{h}.{c}.{s[:-1]}!",
    "bytes behind it": lambda h, c, s: f"{h}.{c}.{s} {s}", "a length of no base64": lambda h, c, s: f"{h}.{c}.{s}AAA"[:len(f"{h}.{c}.") + len(s) // 4 * 4 + 1],
    "bits beyond the last byte": lambda h, c, s: f"{h}.{c}.{s[:-1]}{chr(ord(s[-1]) + 1)}", "a zero byte": lambda h, c, s: f"{h}.{c}.{s}\0",
}.items():
    written(name, URL64, parts(change))
for name, change in {
    "the first part empty": lambda h, c, s: f".{c}.{s}", "header of another token kind": lambda h, c, s: f"{c}.{c}.{s}",
}.items():
    written(name, "a token", parts(change))
written("more bytes than a token has", "more than 32768 bytes", parts(lambda h, c, s: f"{h}.{c}.{s * 100}"))


def changed_after(name, value):
    """A claim changed when the signature was there already."""
    def spoil(token, realm):
        signature = token.parts()[2]
        token.claims[name] = value
        return ".".join(token.parts()[:2] + [signature])
    return spoil


written("a claim changed after the signature", SIGNATURE, changed_after("sub", "chief"))
written("groups added after the signature", SIGNATURE, changed_after("groups", ["Chiefs"]))


def headed_after(token, realm):
    signature = token.parts()[2]
    token.header["typ"] = "jwt"
    return ".".join(token.parts()[:2] + [signature])


written("the header changed after the signature", SIGNATURE, headed_after)


def others_signature(token, realm):
    own = token.parts()
    token.claims["sub"] = "another"
    return ".".join(own[:2] + [token.parts()[2]])


written("the signature of another token", SIGNATURE, others_signature)


def text(which, change):
    """Signed well, but its JSON is what it should not be."""
    def spoil(token, realm):
        good = json.dumps(getattr(token, which)).encode()
        setattr(token, f"{which}_text", change(good))
    return spoil


for which, words in (("header", NO_HEADER), ("claims", NO_CLAIMS)):
    for name, change in {
        "an array": lambda good: b"[" + good + b"]", "a text": lambda good: b'"x"', "null": lambda good: b"null", "nothing": lambda good: b"",
        "cut": lambda good: good[:-1], "bytes behind": lambda good: good + b"x", "two objects": lambda good: good + good,
        "no UTF-8": lambda good: good[:-1] + b',"x":"\xff"}', "a byte order mark": lambda good: b"\xef\xbb\xbf" + good,
        "too deep": lambda good: good[:-1] + b',"x":' + b"[" * 50 + b"]" * 50 + b"}", "a comment": lambda good: b"/**/" + good,
        "an endless number": lambda good: good[:-1] + b',"x":NaN}',
    }.items():
        written(f"{which}: {name}", words, text(which, change))
written("alg twice", NO_HEADER, text("header", lambda good: b'{"alg":"none",' + good[1:]))
written("kid twice", NO_HEADER, text("header", lambda good: good[:-1] + b',"kid":"x"}'))
written("sub twice", NO_CLAIMS, text("claims", lambda good: b'{"sub":"chief",' + good[1:]))
written("aud twice", NO_CLAIMS, text("claims", lambda good: good[:-1] + b',"aud":"another"}'))
written("iss twice, once with an escape", NO_CLAIMS, text("claims", lambda good: good[:-1] + b',"i\\u0073s":"https://evil.example"}'))

# ---- what it says ----

for name, value, words in (
        ("absent", ABSENT, 'without "iss"'), ("another", "https://evil.example", "another issuer"), ("null", None, 'without "iss"'),
        ("a number", 1, '"iss" is no text'), ("a list", lambda t, r: [r.issuer], '"iss" is no text'), ("empty", "", "another issuer"),
        ("with a slash", lambda t, r: r.issuer + "/", "another issuer"), ("cut", lambda t, r: r.issuer[:-1], "another issuer"),
        ("in capitals", lambda t, r: r.issuer.upper(), "another issuer")):
    claims(f"iss {name}", words, iss=value)
for name, value in (
        ("absent", ABSENT), ("another", "another"), ("null", None), ("a number", 1), ("empty", ""), ("an empty list", []),
        ("two, with this one", ["lapel", "another"]), ("another in a list", ["another"]), ("a list in a list", [["lapel"]]),
        ("longer", "lapel2"), ("shorter", "lape"), ("in capitals", "LAPEL"), ("an object", {"lapel": True}), ("this one twice", ["lapel", "lapel"])):
    claims(f"aud {name}", "another client than this one, or not for it alone", aud=value)
claims("azp another", "another client was given", azp="another")
claims("azp empty", "another client was given", azp="")
claims("azp a number", '"azp" is no text', azp=1)
claims("azp a list", '"azp" is no text', azp=["lapel"])
for name, words in (("exp", 'without "exp"'), ("iat", 'without "iat"')):
    claims(f"{name} absent", words, **{name: ABSENT})
for name in ("exp", "iat", "nbf", "auth_time"):
    for value, kind in (("1893456000", "text"), (1.5, "broken number"), (-1, "negative"), (True, "yes"), ([1], "list"), (10 ** 18, "beyond all years"), (None, "null")):
        claims(f"{name} a {kind}", f'"{name}" is no time in whole seconds', **{name: value})
claims("exp an hour ago", "time is over", exp=NOW(-3600))
claims("exp just over", "time is over", exp=NOW(-61))
claims("exp at the beginning of time", "time is over", exp=0)
claims("iat in an hour", "from the time to come", iat=NOW(3600))
claims("iat just too early", "from the time to come", iat=NOW(90))
claims("iat an hour ago", "before this sign-in began", iat=NOW(-3600))
claims("iat just before", "before this sign-in began", iat=NOW(-90))
claims("nbf in an hour", "does not count yet", nbf=NOW(3600))
claims("auth_time in an hour", "sign-in in the time to come", auth_time=NOW(3600))
for name, value, words in (
        ("absent", ABSENT, 'without "nonce"'), ("another", "x" * 43, "another sign-in"), ("empty", "", "another sign-in"), ("a number", 1, '"nonce" is no text'),
        ("null", None, 'without "nonce"'), ("cut", lambda t, r: t.claims["nonce"][:-1], "another sign-in"),
        ("longer", lambda t, r: t.claims["nonce"] + "A", "another sign-in"), ("in capitals", lambda t, r: t.claims["nonce"].swapcase(), "another sign-in"),
        ("in a list", lambda t, r: [t.claims["nonce"]], '"nonce" is no text')):
    claims(f"nonce {name}", words, nonce=value)
for name, value, words in (
        ("absent", ABSENT, 'without "sub"'), ("null", None, 'without "sub"'), ("empty", "", "has not 1 to 255 bytes"), ("a number", 1, '"sub" is no text'),
        ("too long", "s" * 256, "has not 1 to 255 bytes"), ("with a line's end", "a\nb", "has not 1 to 255 bytes"), ("with a zero byte", "a\0", "has not 1 to 255 bytes"),
        ("a list", ["chief"], '"sub" is no text')):
    claims(f"sub {name}", words, sub=value)
claims("at_hash of another", "another access token", at_hash=b64url(bytes(16)))
claims("at_hash empty", "another access token", at_hash="")
claims("at_hash a number", '"at_hash" is no text', at_hash=1)
for name, value, words in (
        ("absent", ABSENT, "more than a password"), ("a password alone", ["pwd"], "more than a password"), ("empty", [], "more than a password"),
        ("a text", "mfa", '"amr" is no list'), ("an object", {"mfa": True}, '"amr" is no list'), ("a number in it", ["mfa", 1], '"amr" is no list'),
        ("in capitals", ["MFA"], "more than a password"), ("inside another", ["pwd mfa"], "more than a password"), ("a list in it", [["mfa"]], '"amr" is no list')):
    claims(f"amr {name}", words, amr=value)
for name, value, words in (
        ("absent", ABSENT, "more than a password"), ("another", "silver", "more than a password"), ("a list", ["gold"], '"acr" is no text'),
        ("longer", "golden", "more than a password"), ("a number", 1, '"acr" is no text'), ("two in one", "gold silver", "more than a password")):
    claims(f"acr {name}", words, "acr=gold", acr=value)
for name, value in (("a text", "Officers"), ("a number in it", [1]), ("an object", {"Officers": True}), ("a list in it", [["Officers"]]), ("too many", ["g"] * 1001)):
    claims(f"groups {name}", '"groups" is no list', groups=value)
for name, value in (("none", []), ("absent", ABSENT), ("none that is mapped", ["Janitors"]), ("in capitals", ["OFFICERS"]), ("inside another", ["Officers,Chiefs"])):
    claims(f"groups {name}", "in no group that has a role here", status=403, slug="denied", groups=value)
claims("preferred_username a number", '"preferred_username" is no text', preferred_username=1)
claims("name a list", '"name" is no text', name=["J. Doe"])

# ---- what comes for a code: status, headers, body ----


def body(change):
    def spoil(good, realm):
        done = change(good)
        return 200, {}, (done if isinstance(done, bytes) else json.dumps(done).encode())
    return spoil


def status(code, **headers):
    return lambda good, realm: (code, headers, json.dumps(good).encode())


def without(good, name):
    return {key: value for key, value in good.items() if key != name}


def cut(good, realm):
    def send(handler):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n{\"id_token\":")
    return send


def dribble(good, realm):
    """Never an end, and never so slow that the connection counts as dead."""
    def send(handler):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
        stop = handler.server.dribbled
        try:
            while not stop.wait(0.2):
                handler.wfile.write(b" ")
                handler.wfile.flush()
        except OSError:
            pass
    return send


CODE = "its answer for the code"
ANSWERS = {
    "answer: no ID token": (401, "has no ID token", body(lambda good: without(good, "id_token"))),
    "answer: ID token a number": (401, "has no ID token", body(lambda good: {**good, "id_token": 1})),
    "answer: ID token null": (401, "has no ID token", body(lambda good: {**good, "id_token": None})),
    "answer: ID token in a list": (401, "has no ID token", body(lambda good: {**good, "id_token": [good["id_token"]]})),
    "answer: no type": (401, "another type than Bearer", body(lambda good: without(good, "token_type"))),
    "answer: type mac": (401, "another type than Bearer", body(lambda good: {**good, "token_type": "mac"})),
    "answer: type DPoP": (401, "another type than Bearer", body(lambda good: {**good, "token_type": "DPoP"})),
    "answer: type a list": (401, "another type than Bearer", body(lambda good: {**good, "token_type": ["Bearer"]})),
    "answer: access token a number": (401, "access token that is no text", body(lambda good: {**good, "access_token": 1})),
    "answer: a list": (401, "no JSON object", body(lambda good: [good])),
    "answer: a form": (401, "no JSON object", body(lambda good: f"id_token={good['id_token']}&token_type=Bearer".encode())),
    "answer: a page": (401, "no JSON object", body(lambda good: b"<html>Sign in</html>")),
    "answer: nothing": (401, "no JSON object", body(lambda good: b"")),
    "answer: ID token twice": (401, "no JSON object", body(lambda good: b'{"id_token":"x",' + json.dumps(good).encode()[1:])),
    "answer: bytes behind": (401, "no JSON object", body(lambda good: json.dumps(good).encode() + b"}")),
    "answer: too long": (401, "more than 131072 bytes", body(lambda good: {**good, "x": "x" * 200_000})),
    "answer: elsewhere": (401, f"{CODE} came with status 302", status(302, Location="http://127.0.0.1:1/token")),
    "answer: elsewhere for good": (401, f"{CODE} came with status 308", status(308, Location="http://127.0.0.1:1/token")),
    "answer: 400": (401, f"{CODE} came with status 400", status(400)),
    "answer: 401": (401, f"{CODE} came with status 401", status(401)),
    "answer: 201": (401, f"{CODE} came with status 201", status(201)),
    "answer: 206": (401, f"{CODE} came with status 206", status(206)),
    "answer: 500": (503, "cannot be reached", status(500)),
    "answer: 503": (503, "cannot be reached", status(503)),
    "answer: cut": (503, "cannot be reached", cut),
    "answer: without end": (503, "cannot be reached", dribble),
}

# ---- what a provider says of itself ----


def document(**change):
    def spoil(good, realm):
        good = {**good, **{key: (value(realm) if callable(value) else value) for key, value in change.items()}}
        return 200, {}, json.dumps({key: value for key, value in good.items() if value is not ABSENT}).encode()
    return spoil


def raw(code, data, **headers):
    return lambda good, realm: (code, headers, data(good) if callable(data) else data)


OTHER, NAMES, LISTED = "another issuer", "an address that it may not name", "has none of"
DOCUMENTS = {
    "document: issuer absent": (401, OTHER, document(issuer=ABSENT)),
    "document: another issuer": (401, OTHER, document(issuer="https://evil.example")),
    "document: issuer with a slash": (401, OTHER, document(issuer=lambda realm: realm.issuer + "/")),
    "document: issuer of another realm": (401, OTHER, document(issuer=lambda realm: realm.issuer[:-1])),
    "document: issuer a list": (401, OTHER, document(issuer=lambda realm: [realm.issuer])),
    "document: response types without code": (401, LISTED, document(response_types_supported=["id_token", "token"])),
    "document: response types a text": (401, LISTED, document(response_types_supported="code")),
    "document: no S256": (401, LISTED, document(code_challenge_methods_supported=["plain"])),
    "document: shared secrets alone": (401, LISTED, document(id_token_signing_alg_values_supported=["HS256", "none"])),
    "document: no way for the secret": (401, LISTED, document(token_endpoint_auth_methods_supported=["private_key_jwt"])),
    "document: iss parameter maybe": (401, "neither true nor false", document(authorization_response_iss_parameter_supported="yes")),
    "document: a list": (401, "no JSON object", raw(200, b"[]")),
    "document: a page": (401, "no JSON object", raw(200, b"<html></html>")),
    "document: nothing": (401, "no JSON object", raw(200, b"")),
    "document: issuer twice": (401, "no JSON object", raw(200, lambda good: b'{"issuer":"https://evil.example",' + json.dumps(good).encode()[1:])),
    "document: too long": (401, "more than 65536 bytes", raw(200, lambda good: json.dumps({**good, "x": "x" * 70_000}).encode())),
    "document: elsewhere": (401, "its document came with status 302", raw(302, b"", Location="http://127.0.0.1:1/")),
    "document: 404": (401, "its document came with status 404", raw(404, b"")),
    "document: 500": (503, "cannot be reached", raw(500, b"")),
}
for member in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
    DOCUMENTS[f"document: {member} absent"] = (401, f'no "{member}"', document(**{member: ABSENT}))
    for name, value in {
        "a script": "javascript:alert(1)", "a file": "file:///etc/passwd", "of another scheme": "gopher://127.0.0.1/", "a path": "/token",
        "with a user": "https://lapel@evil.example/", "with a fragment": "https://login.example/#x", "with a space": "https://login.example/a b",
        "with a backslash": "https://login.example\\@evil.example/", "with a line's end": "https://login.example/\r\nX: y", "without a host": "https:///token",
        "with a port of none": "https://login.example:99999/", "without a scheme": "//login.example/token",
    }.items():
        DOCUMENTS[f"document: {member} {name}"] = (401, f'"{member}" of its document is no address', document(**{member: value}))
    for name, value in {"http elsewhere": "http://login.example/", "the cloud's own address": "http://169.254.169.254/latest", "http by number": "http://2130706433/"}.items():
        DOCUMENTS[f"document: {member} {name}"] = (401, NAMES, document(**{member: value}))
    DOCUMENTS[f"document: {member} a list"] = (401, f'no "{member}"', document(**{member: ["https://login.example/"]}))

# ---- its keys ----


def keys(change):
    """The set with each key changed, or another set altogether."""
    def spoil(good, realm):
        done = change(good, realm)
        return 200, {}, (done if isinstance(done, bytes) else json.dumps(done).encode())
    return spoil


def each(**change):
    def spoil(good, realm):
        made = [{**key, **change} for key in good["keys"]]
        return {"keys": [{name: value for name, value in key.items() if value is not ABSENT} for key in made]}
    return keys(spoil)


NO_SET, NONE_GOOD = "no JSON Web Key Set", "none of its keys is for signatures"
KEY_SETS = {
    "keys: a page": (401, NO_SET, keys(lambda good, realm: b"<html></html>")),
    "keys: a list": (401, NO_SET, keys(lambda good, realm: good["keys"])),
    "keys: one key": (401, NO_SET, keys(lambda good, realm: good["keys"][0])),
    "keys: an object in place of the list": (401, NO_SET, keys(lambda good, realm: {"keys": good["keys"][0]})),
    "keys: twice": (401, NO_SET, keys(lambda good, realm: b'{"keys":[],' + json.dumps(good).encode()[1:])),
    "keys: none": (401, NONE_GOOD, keys(lambda good, realm: {"keys": []})),
    "keys: nulls": (401, NONE_GOOD, keys(lambda good, realm: {"keys": [None, 1, "x", []]})),
    "keys: too many": (401, "more than 64 keys", keys(lambda good, realm: {"keys": good["keys"] * 65})),
    "keys: too long": (401, "more than 65536 bytes", keys(lambda good, realm: {**good, "x": "x" * 70_000})),
    "keys: elsewhere": (401, "its set of keys came with status 302", raw(302, b"", Location="http://127.0.0.1:1/")),
    "keys: 404": (401, "its set of keys came with status 404", raw(404, b"")),
    "keys: 500": (503, "cannot be reached", raw(500, b"")),
    "keys: a shared secret under this name": (401, NONE_GOOD, keys(lambda good, realm: {"keys": [{"kty": "oct", "k": "AAAA", "kid": realm.keys[0].id}]})),
    "keys: with its private half": (401, NONE_GOOD, each(d="AAAA")),
    "keys: for encryption": (401, NONE_GOOD, each(use="enc")),
    "keys: for use of no text": (401, NONE_GOOD, each(use=1)),
    "keys: to sign, not to verify": (401, NONE_GOOD, each(key_ops=["sign"])),
    "keys: for another algorithm": (401, NONE_GOOD, each(alg="RSA-OAEP-256")),
    "keys: for shared secrets": (401, NONE_GOOD, each(alg="HS256")),
    "keys: for elliptic curves": (401, NONE_GOOD, each(alg="ES256")),
    "keys: for PS256 alone": (401, UNKNOWN, each(alg="PS256")),
    "keys: of no kind": (401, NONE_GOOD, each(kty=ABSENT)),
    "keys: kind in small letters": (401, NONE_GOOD, each(kty="rsa")),
    "keys: without a modulus": (401, NONE_GOOD, each(n=ABSENT)),
    "keys: modulus a number": (401, NONE_GOOD, each(n=5)),
    "keys: modulus of 8 bits": (401, NONE_GOOD, each(n="-w")),
    "keys: exponent one": (401, NONE_GOOD, each(e="AQ")),
    "keys: exponent even": (401, NONE_GOOD, each(e="AQAA")),
    "keys: exponent padded": (401, NONE_GOOD, each(e="AQAB=")),
    "keys: exponent with a zero before": (401, NONE_GOOD, each(e="AAEAAQ")),
    "keys: kid a number": (401, NONE_GOOD, each(kid=1)),
    "keys: another's kid": (401, UNKNOWN, each(kid="another")),
    "keys: another key under this name": (401, SIGNATURE, keys(lambda good, realm: {"keys": [realm.provider.key("RSA", 7).jwk(kid=realm.keys[0].id)]})),
    "keys: two under one name": (401, "two of its keys", keys(
        lambda good, realm: {"keys": good["keys"] + [realm.provider.key("RSA", 7).jwk(kid=realm.keys[0].id)]})),
    "keys: 1024 bits": (401, NONE_GOOD, keys(lambda good, realm: {"keys": [Key(realm.provider.home, "RSA", 1024).jwk(kid=realm.keys[0].id)]})),
    "keys: a curve that is not accepted": (401, NONE_GOOD, keys(lambda good, realm: {"keys": [Key(realm.provider.home, "P-384").jwk(kid=realm.keys[0].id)]})),
    "keys: a point beside the curve": (401, NONE_GOOD, keys(
        lambda good, realm: {"keys": [{**realm.provider.key("P-256").jwk(), "y": b64url(bytes(31) + b"\1"), "kid": realm.keys[0].id}]})),
}
