# SPDX-License-Identifier: Apache-2.0
"""A second reader of what a camera signs, by docs/formats/camera_signature.md alone: hashlib, and Ed25519 by RFC 8032 as written there.

Nothing of it is Lapel's own code, so that what both call good is so by the page.
"""
import hashlib
import json

PRIME = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, PRIME) % PRIME
ROOT = pow(2, (PRIME - 1) // 4, PRIME)
USER_TYPE = bytes.fromhex("6f2a0e5c93b44d178e614c6170656c01")
CAPTURE_DOMAIN, LOG_DOMAIN = b"lapel-camera/1\n", b"lapel-camera-log/1\n"


class Breach(Exception):
    pass


def plus(a, b):
    """Two points in extended coordinates."""
    left, right = (a[1] - a[0]) * (b[1] - b[0]) % PRIME, (a[1] + a[0]) * (b[1] + b[0]) % PRIME
    third, fourth = 2 * a[3] * b[3] * D % PRIME, 2 * a[2] * b[2] % PRIME
    e, f, g, h = right - left, fourth - third, fourth + third, right + left
    return e * f % PRIME, g * h % PRIME, f * g % PRIME, e * h % PRIME


def times(number, point):
    out = (0, 1, 1, 0)
    while number:
        if number & 1:
            out = plus(out, point)
        point, number = plus(point, point), number >> 1
    return out


def point_of(text):
    y = int.from_bytes(text, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    square = (y * y - 1) * pow(D * y * y + 1, -1, PRIME) % PRIME
    x = pow(square, (PRIME + 3) // 8, PRIME)
    if (x * x - square) % PRIME:
        x = x * ROOT % PRIME
    if y >= PRIME or (x * x - square) % PRIME or (x == 0 and sign):
        raise Breach("no point")
    if x & 1 != sign:
        x = PRIME - x
    return x, y, 1, x * y % PRIME


BASE = point_of((4 * pow(5, -1, PRIME) % PRIME).to_bytes(32, "little"))


def is_signed(key, message, signature):
    s = int.from_bytes(signature[32:], "little")
    if s >= ORDER:
        return False
    h = int.from_bytes(hashlib.sha512(signature[:32] + key + message).digest(), "little") % ORDER
    left, right = times(s, BASE), plus(point_of(signature[:32]), times(h, point_of(key)))
    return (left[0] * right[2] - right[0] * left[2]) % PRIME == 0 and (left[1] * right[2] - right[1] * left[2]) % PRIME == 0


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def boxes(data):
    """(offset, type, whole box) as long as there are any."""
    at = 0
    while at + 8 <= len(data):
        length = int.from_bytes(data[at:at + 4], "big")
        if length == 1:
            length = int.from_bytes(data[at + 8:at + 16], "big")
        if length < 8 or at + length > len(data):
            return
        yield at, data[at + 4:at + 8], data[at:at + length]
        at += length


def pieces(data):
    """What each signature covers, and its box; and the bytes behind the last."""
    out, begun = [], 0
    for at, kind, box in boxes(data):
        if kind == b"uuid" and box[8:24] == USER_TYPE:
            out.append((data[begun:at], box))
            begun = at + len(box)
    return out, data[begun:]


def verify_footage(data, key):
    """The statements of the signatures, in order, and how many bytes behind them are not signed."""
    said, last = [], None
    found, rest = pieces(data)
    for covered, box in found:
        text, signature = box[24:-64], box[-64:]
        if not text.startswith(CAPTURE_DOMAIN) or not is_signed(key, text, signature):
            raise Breach(f"signature {len(said)}")
        entry = json.loads(text[len(CAPTURE_DOMAIN):])
        if text != CAPTURE_DOMAIN + canonical(entry) + b"\n":
            raise Breach("spelling")
        if (entry["n"], entry["bytes"], entry["sha256"]) != (len(said), len(covered), hashlib.sha256(covered).hexdigest()):
            raise Breach(f"what signature {len(said)} covers")
        if entry.get("previous") != last or (said and "end" in said[-1]):
            raise Breach(f"the link of signature {len(said)}")
        if not said and entry["key"] != key.hex():
            raise Breach("key")
        last = hashlib.sha256(box[24:]).hexdigest()
        said.append(entry)
    if said and "end" in said[-1] and rest:
        raise Breach("more than the end")
    return said, len(rest)


def verify_log(texts, key):
    """The entries of a device's log, whose files stand in their order; each may end in an unfinished line."""
    entries, last = [], None
    for text in texts:
        for line in text.split(b"\n")[:-1]:
            whole = json.loads(line)
            entry = whole["entry"]
            if line != canonical(whole) or not is_signed(key, LOG_DOMAIN + canonical(entry), bytes.fromhex(whole["signature"])):
                raise Breach(f"line {len(entries) + 1}")
            if entries and (entry["n"] != entries[-1]["n"] + 1 or entry["previous"] != last):
                raise Breach(f"the link of line {len(entries) + 1}")
            last = hashlib.sha256(line).hexdigest()
            entries.append(entry)
    return entries
