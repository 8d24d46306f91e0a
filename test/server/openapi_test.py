# SPDX-License-Identifier: Apache-2.0
"""The contract against real answers: every operation of a real server, its refusals too, by the document that it serves.

An answer fails that has a status, a type, a header, a member or a value that the document does not give it. That routes and
document name the same addresses is src/lapel/wiring_test.cc's to see.
"""
import base64
import copy
import hashlib
import json
import re
import shutil
import sqlite3
import subprocess
import time
import unittest

import jsonschema

from harness import BIN, PASSWORD, ROOT, Town, run, sha256, until
from moved_clock import MovedClock
from federation_test import Traveler
from identity_provider import Provider
from signing_in import Authenticator, Browser, next_totp

METHODS = ("get", "put", "post", "patch", "delete", "head", "options")
FILM = ROOT / "test/data/video/pytorch+torchcodec/test/resources/nasa_13013.mp4"
DRIVE = ROOT / "test/data/telemetry/mapillary+mapillary_tools/camm6.mp4"
GUARD = {"X-Lapel": "1"}
JSON = {"Content-Type": "application/json"}
OFFSET = "application/offset+octet-stream"


def sealed(answer):
    """Whether it is not of the beat that is still to come."""
    if answer.status != 409:
        return True
    assert answer.json()["type"] == "/problems/not-sealed", answer.body
    return False


def closed(schema):
    """The same schema, but a member that it does not name is refused. What clients must ignore, the server must not send."""
    if isinstance(schema, list):
        return [closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    out = {key: closed(value) for key, value in schema.items()}
    # Beside a $ref, properties only narrow what is there.
    if isinstance(out.get("properties"), dict) and "$ref" not in out:
        out.setdefault("additionalProperties", False)
    return out


class Disagreement(AssertionError):
    pass


class Contract:
    def __init__(self, document):
        self.document = document
        self.components = closed(document["components"])
        self.routes = [(self.pattern(path), path) for path in sorted(document["paths"], key=lambda path: path.count("{"))]
        self.seen = set()  # (operation id, status)

    @staticmethod
    def pattern(path):
        # A tile's index has slashes of its own.
        parts = [".+" if part == "{index}" else "[^/]+" if part.startswith("{") else re.escape(part) for part in path.split("/")]
        return re.compile("/".join(parts))

    def resolve(self, value):
        while "$ref" in value:
            found = {"components": self.components}
            for part in value["$ref"].removeprefix("#/").split("/"):
                found = found[part]
            value = found
        return value

    def operation(self, method, target):
        for pattern, path in self.routes:
            if pattern.fullmatch(target.split("?")[0]) and method.lower() in self.document["paths"][path]:
                return self.document["paths"][path][method.lower()]
        raise Disagreement(f"{method} {target} is not described")

    def validate(self, schema, value, where):
        root = {"components": self.components, **closed(schema)}
        error = jsonschema.exceptions.best_match(jsonschema.Draft202012Validator(root).iter_errors(value))
        if error is not None:
            raise Disagreement(f"{where}: {error.json_path}: {error.message}")

    def check(self, method, target, answer):
        """The operation of this answer, once the answer is what the document says."""
        where = f"{method} {target.split('?')[0]} {answer.status}"
        is_head = method == "HEAD"
        operation = self.operation(method, target) if not is_head else self.operation_of_head(target)
        if str(answer.status) not in operation["responses"]:
            raise Disagreement(f"{where}: the status is not described: {answer.body[:300]}")
        response = self.resolve(operation["responses"][str(answer.status)])
        self.check_headers(response, answer, where)
        self.check_body(response, answer, where, is_head)
        if "X-Request-Id" not in answer.headers:
            raise Disagreement(f"{where}: no request id")
        self.seen.add((operation["operationId"], answer.status))
        return operation

    def operation_of_head(self, target):
        try:
            return self.operation("HEAD", target)
        except Disagreement:
            return self.operation("GET", target)

    def check_headers(self, response, answer, where):
        described = response.get("headers", {})
        for name, header in described.items():
            header = self.resolve(header)
            text = answer.headers.get(name)
            if text is None:
                if header.get("required"):
                    raise Disagreement(f"{where}: the header {name} is missing")
                continue
            schema = self.resolve(header["schema"])
            is_integer = schema.get("type") == "integer" and re.fullmatch("[0-9]+", text)
            self.validate(header["schema"], int(text) if is_integer else text, f"{where}: {name}")
        if answer.status < 300:
            for name in answer.headers:
                if name.lower().startswith(("upload-", "tus-", "location")) and name not in described:
                    raise Disagreement(f"{where}: the header {name} is not described")

    def check_body(self, response, answer, where, is_head):
        content = response.get("content", {})
        if is_head or not content:
            if answer.body:
                raise Disagreement(f"{where}: a body, where none is described")
            return
        media_type = (answer.headers.get("Content-Type") or "").split(";")[0]
        if media_type not in content and "*/*" not in content:
            raise Disagreement(f"{where}: the type {media_type!r} is not described")
        schema = content.get(media_type, content.get("*/*"))["schema"]
        if media_type.endswith("json"):
            self.validate(schema, json.loads(answer.body), where)
        elif media_type == "text/plain":
            self.validate(schema, answer.body.decode(), where)
        if media_type == "application/problem+json":
            problem = json.loads(answer.body)
            if (problem["status"], problem["instance"]) != (answer.status, answer.headers.get("X-Request-Id")):
                raise Disagreement(f"{where}: the problem is of another answer: {problem}")


class Dock:
    """A dock that speaks for itself, with OpenSSL's keys."""

    def __init__(self, home, seed=None):
        self.key = home / ("dock.pem" if seed is None else "dock of a seed.pem")
        self.message = home / "message"
        if seed is None:
            run("openssl", "genpkey", "-algorithm", "ed25519", "-out", self.key)
        else:  # RFC 8410: what stands before the seed is always the same
            der = base64.b64encode(bytes.fromhex("302e020100300506032b657004220420") + seed).decode()
            self.key.write_text(f"-----BEGIN PRIVATE KEY-----\n{der}\n-----END PRIVATE KEY-----\n")
        # The last 32 bytes of the SubjectPublicKeyInfo are the key.
        self.public_key = subprocess.run(["openssl", "pkey", "-in", str(self.key), "-pubout", "-outform", "DER"],
                                         check=True, capture_output=True).stdout[-32:].hex()

    def sign(self, text):
        self.message.write_text(text)
        return subprocess.run(["openssl", "pkeyutl", "-sign", "-inkey", str(self.key), "-rawin", "-in", str(self.message)],
                              check=True, capture_output=True).stdout.hex()

    def enrollment(self, code):
        raw = base64.b32decode(code.replace("-", "").upper())
        secret, ledger_key = raw[:16], raw[16:48]
        return {"code": code, "public_key": self.public_key,
                "signature": self.sign(f"lapel-dock-enroll/1\n{ledger_key.hex()}\n{hashlib.sha256(secret).hexdigest()}")}


class OpenApi(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.town = Town(beat=1)
        cls.addClassCleanup(cls.town.__exit__)
        cls.clerk = cls.town.add_user("clerk", "records")
        cls.coordinator = cls.town.add_user("coordinator", "coordinator")
        cls.union = cls.town.add_user("union", "union")
        cls.command = cls.town.add_user("command", "command")
        cls.administrator = cls.town.add_user("admin", "administrator")
        cls.listing = cls.town.token("clerk", "list")
        cls.town.second_factor("optional")
        cls.town.start("--trusted-proxy", "127.0.0.1/32")
        cls.contract = Contract(cls.town.request("GET", "/api/v1/openapi.json").json())
        cls.data = bytes(range(256)) * 400
        cls.recording = cls.town.upload(cls.clerk, cls.data, filename="a.bin", wearer="4711", incident="22-1", color="red")["recording"]

    @classmethod
    def tearDownClass(cls):
        # What no test here has met, nobody has compared. (Skipped where a single test was asked for.)
        if len(cls.seen_tests) < 8:
            return
        met = {operation for operation, status in cls.contract.seen if status < 300}
        for path in cls.contract.document["paths"].values():
            for method in METHODS:
                if method in path and path[method]["operationId"] not in met:
                    raise AssertionError(f"no success of {path[method]['operationId']} was compared with the document")

    seen_tests = set()

    def setUp(self):
        self.seen_tests.add(self.id())

    def ask(self, method, target, token=None, headers=None, body=None, status=None, slug=None):
        if isinstance(body, (dict, list)):
            headers, body = {**JSON, **(headers or {})}, json.dumps(body)
        answer = self.town.request(method, target, token, headers, body)
        self.contract.check(method, target, answer)
        if status is not None:
            self.assertEqual(answer.status, status, answer.body)
        if slug is not None:
            self.assertEqual(answer.json()["type"], f"/problems/{slug}")
        return answer

    def tus(self, method, target, token=None, headers=None, body=None, **expected):
        return self.ask(method, target, token or self.clerk, {"Tus-Resumable": "1.0.0", **(headers or {})}, body, **expected)

    def create(self, length, **headers):
        return self.tus("POST", "/api/v1/uploads", headers={"Upload-Length": str(length), **headers}, status=201).headers["Location"]

    def append(self, location, offset, body, headers=None, **expected):
        return self.tus("PATCH", location, headers={"Upload-Offset": str(offset), "Content-Type": OFFSET, **(headers or {})}, body=body, **expected)

    # ---- the document ----

    def test_the_document_is_the_one_in_the_repository(self):
        answer = self.ask("GET", "/api/v1/openapi.json", status=200)
        again = self.town.home / "openapi.json"
        run("node", ROOT / "web/tools/contract.js", ROOT / "api/openapi.yaml", again)
        self.assertEqual(answer.body, again.read_bytes())
        self.assertRegex(answer.headers["ETag"], r'\A"[0-9a-f]+"\Z')
        self.ask("GET", "/api/v1/openapi.json", headers={"If-None-Match": answer.headers["ETag"]}, status=304)
        self.ask("HEAD", "/api/v1/openapi.json", status=200)

    def test_the_document_explains_itself(self):
        document = self.contract.document
        operations = [path[method] for path in document["paths"].values() for method in METHODS if method in path]
        names = [operation["operationId"] for operation in operations]
        self.assertEqual(len(names), len(set(names)))
        for operation in operations:
            self.assertIn("default", operation["responses"], operation["operationId"])
            self.assertTrue(operation["summary"], operation["operationId"])

        def walk(value, where):
            if isinstance(value, list):
                for item in value:
                    walk(item, where)
            if not isinstance(value, dict):
                return
            if "$ref" in value:
                refs.add(value["$ref"])
                self.contract.resolve(value)
            for key, child in value.items():
                if key == "properties" and "$ref" not in value:
                    for name, schema in child.items():
                        self.assertTrue(schema.get("description"), f"{where}/{name} is not described")
                if key in ("parameters", "headers") and where != "components":
                    for item in child if isinstance(child, list) else child.values():
                        self.assertTrue(self.contract.resolve(item).get("description"), f"{where}: {item}")
                walk(child, f"{where}/{key}")
        refs = set()
        walk(document["paths"], "paths")
        walk(document["components"], "components")
        for kind in ("schemas", "responses", "parameters", "headers"):
            for name in document["components"][kind]:
                self.assertIn(f"#/components/{kind}/{name}", refs, "nothing uses this")

        # What the server answers is always all there: unknown is null, never missing; but for SCIM, where the unknown is left out.
        asked = {ref for operation in operations for ref in re.findall(r'"(#/components/schemas/[^"]+)"', json.dumps(operation.get("requestBody", {})))}
        for name, schema in document["components"]["schemas"].items():
            if "properties" in schema and not name.startswith("Scim") and f"#/components/schemas/{name}" not in asked:
                self.assertEqual(sorted(schema["required"]), sorted(schema["properties"]), name)

    # ---- that this can fail ----

    def test_a_wrong_document_is_noticed(self):
        target = f"/api/v1/recordings/{self.recording}"
        shown = self.ask("GET", target, self.clerk, status=200)
        page = self.ask("GET", "/api/v1/recordings", self.clerk, status=200)
        refusal = self.ask("GET", "/api/v1/recordings", status=401)
        upload = self.town.create(self.clerk, 1)

        def planted(change, method, target, answer):
            document = copy.deepcopy(self.contract.document)
            change(document, document["components"]["schemas"])
            with self.assertRaises(Disagreement, msg=change):
                Contract(document).check(method, target, answer)

        def renamed(document, schemas):
            properties, required = schemas["Recording"]["properties"], schemas["Recording"]["required"]
            properties["received"] = properties.pop("received_at")
            required[required.index("received_at")] = "received"

        def forgotten(document, schemas):
            schemas["Recording"]["properties"].pop("width")
            schemas["Recording"]["required"].remove("width")

        def forgotten_below(document, schemas):
            schemas["Clip"]["properties"].pop("receipt")
            schemas["Clip"]["required"].remove("receipt")

        def retyped(document, schemas):
            schemas["ByteCount"]["type"] = "string"

        def narrowed(document, schemas):
            schemas["Recording"]["properties"]["state"]["enum"].remove("sealed")

        def other_status(document, schemas):
            responses = document["paths"]["/api/v1/recordings/{id}"]["get"]["responses"]
            responses["201"] = responses.pop("200")

        def other_problem(document, schemas):
            document["components"]["responses"]["Unauthenticated"]["content"]["application/problem+json"]["schema"]["properties"]["type"]["enum"] = ["/problems/rule"]

        def problem_member(document, schemas):
            schemas["Problem"]["properties"].pop("remedy")
            schemas["Problem"]["required"].remove("remedy")

        def other_type(document, schemas):
            content = document["paths"]["/api/v1/recordings"]["get"]["responses"]["200"]["content"]
            content["text/plain"] = content.pop("application/json")

        def other_route(document, schemas):
            document["paths"]["/api/v1/records"] = document["paths"].pop("/api/v1/recordings")

        def missing_header(document, schemas):
            document["components"]["headers"]["UploadOffset"]["schema"]["minimum"] = 1

        def undescribed_header(document, schemas):
            document["paths"]["/api/v1/uploads"]["post"]["responses"]["201"]["headers"].pop("Upload-Expires")

        for change in (renamed, forgotten, forgotten_below, retyped, narrowed, other_status):
            planted(change, "GET", target, shown)
        for change in (renamed, forgotten, other_type, other_route):
            planted(change, "GET", "/api/v1/recordings", page)
        for change in (other_problem, problem_member):
            planted(change, "GET", "/api/v1/recordings", refusal)
        for change in (missing_header, undescribed_header):
            planted(change, "POST", "/api/v1/uploads", upload)
        body = shown.json()
        for change in ({**body, "further": 1}, {**body, "clips": []}, {k: v for k, v in body.items() if k != "group"}):
            shown.body = json.dumps(change).encode()
            with self.assertRaises(Disagreement, msg=change):
                self.contract.check("GET", target, shown)

    # ---- uploads ----

    def test_uploads(self):
        self.ask("OPTIONS", "/api/v1/uploads", status=204)
        self.ask("OPTIONS", "/api/v1/uploads/" + "0" * 32, status=204)
        location = self.create(11, **{"Upload-Metadata": "filename aGVsbG8=,unknown"})
        self.append(location, 0, b"hello", status=204)
        head = self.tus("HEAD", location, status=200)
        self.assertEqual((head.headers["Upload-Offset"], head.headers["Upload-Length"]), ("5", "11"))
        self.assertEqual(self.ask("GET", location, self.clerk, status=200).json()["state"], "receiving")

        self.append(location, 4, b"x", status=409, slug="upload-offset")
        self.append(location, 5, b"more than that", status=413, slug="upload-too-long")
        self.append(location, 5, b" world", {"Content-Type": "text/plain"}, status=415, slug="tus-content-type")
        self.append(location, 5, b" world", {"Upload-Checksum": "sha256 " + base64.b64encode(bytes(32)).decode()}, status=460, slug="checksum-mismatch")
        self.append(location, 5, b" world", {"Upload-Checksum": "md5 " + base64.b64encode(bytes(16)).decode()}, status=400, slug="checksum-algorithm")
        self.append(location, "five", b" world", status=400, slug="tus-header")
        self.ask("PATCH", location, self.clerk, {"Upload-Offset": "5", "Content-Type": OFFSET}, b" world", status=412, slug="tus-version")
        self.ask("HEAD", location, self.clerk, status=412)
        self.tus("HEAD", location, token="nonsense", status=401)
        self.append(location, 5, b" world", status=204)
        state = self.town.wait_state(location, self.clerk)
        self.assertEqual(self.ask("GET", location, self.clerk, status=200).json(), state)
        self.append(location, 11, b"", status=403, slug="upload-finished")
        self.tus("DELETE", location, status=403, slug="upload-finished")

        location = self.create(5)
        self.tus("DELETE", location, status=204)
        for method in ("HEAD", "DELETE"):
            self.tus(method, location, status=404)
        self.ask("GET", location, self.clerk, status=404, slug="not-found")
        self.append(location, 0, b"x", status=404, slug="not-found")

        # With a first part, refused by its digest; and joined from parts.
        wrong = base64.b64encode(sha256(b"other").encode()).decode()
        answer = self.tus("POST", "/api/v1/uploads", headers={"Upload-Length": "2", "Upload-Metadata": f"sha256 {wrong}", "Content-Type": OFFSET},
                          body=b"ab", status=201)
        self.assertEqual(self.town.wait_state(answer.headers["Location"], self.clerk)["state"], "refused")
        self.assertTrue(self.ask("GET", answer.headers["Location"], self.clerk, status=200).json()["reason"])
        parts = [self.create(3, **{"Upload-Concat": "partial"}) for _ in range(2)]
        for part in parts:
            self.append(part, 0, b"abc", status=204)
            self.tus("HEAD", part, status=200)
        joined = self.tus("POST", "/api/v1/uploads", headers={"Upload-Concat": "final;" + " ".join(parts)}, status=201).headers["Location"]
        self.tus("HEAD", joined, status=200)
        self.town.wait_state(joined, self.clerk)
        self.assertEqual(self.ask("GET", parts[0], self.clerk, status=200).json()["reason"], "joined")

    def test_refused_creations(self):
        def create(status, slug, token=None, **headers):
            self.tus("POST", "/api/v1/uploads", token, {name.replace("_", "-"): value for name, value in headers.items()}, status=status, slug=slug)
        create(400, "tus-header")
        create(400, "tus-header", Upload_Length="-1")
        create(400, "tus-header", Upload_Length="1", Upload_Concat="half")
        create(400, "tus-metadata", Upload_Length="1", Upload_Metadata="filename ***")
        create(400, "concatenation", Upload_Concat="final;/api/v1/uploads/" + "0" * 32)
        create(413, "upload-length-limit", Upload_Length=str(2 ** 40 + 1))
        create(401, "unauthenticated", token="nonsense", Upload_Length="1")
        create(403, "rule", token=self.union, Upload_Length="1")
        if shutil.disk_usage(self.town.home).free < 2 ** 40:
            create(507, "storage-full", Upload_Length=str(2 ** 40))
        self.ask("POST", "/api/v1/uploads", self.clerk, {"Upload-Length": "1"}, status=412, slug="tus-version")
        self.ask("POST", "/api/v1/uploads", self.clerk, {"Tus-Resumable": "0.2.2", "Upload-Length": "1"}, status=412, slug="tus-version")
        self.tus("POST", "/api/v1/uploads", headers={"Upload-Length": "1", "Content-Type": "text/plain"}, body=b"x", status=415, slug="tus-content-type")
        self.tus("POST", "/api/v1/uploads", headers={"Upload-Length": "1", "Content-Type": OFFSET}, body=b"xy", status=413, slug="upload-too-long")

    def test_an_expired_upload(self):
        location = self.create(5)
        catalog = sqlite3.connect(self.town.data / "catalog.db", timeout=30)
        with catalog:
            catalog.execute("UPDATE uploads SET expires_us = 1 WHERE id = ?", (location.rsplit("/", 1)[1],))
        catalog.close()
        self.ask("GET", location, self.clerk, status=410, slug="upload-expired")
        self.tus("HEAD", location, status=410)
        self.append(location, 0, b"x", status=410, slug="upload-expired")

    # ---- the facts that access stands on ----

    def test_people_units_cases_and_assignments(self):
        people = self.ask("GET", "/api/v1/people", self.command, status=200).json()["items"]
        clerk = next(person["id"] for person in people if person["login"] == "clerk")
        self.ask("GET", "/api/v1/people", self.union, status=403, slug="rule")
        self.ask("GET", "/api/v1/people/clerk/rights", self.clerk, status=200)
        self.ask("GET", "/api/v1/people/command/rights", self.clerk, status=403, slug="rule")
        self.ask("GET", "/api/v1/people/nobody/rights", self.command, status=404, slug="not-found")
        self.ask("POST", "/api/v1/units", self.administrator, body={"name": "Night"}, status=201)
        self.ask("POST", "/api/v1/units", self.administrator, body={"name": "Night"}, status=409, slug="conflict")
        self.ask("POST", "/api/v1/units", self.clerk, body={"name": "Day"}, status=403, slug="rule")
        self.ask("GET", "/api/v1/units", self.clerk, status=200)
        self.ask("POST", "/api/v1/cases", self.clerk, body={"number": "22-1", "title": "A burglary"}, status=201)
        category = self.ask("POST", "/api/v1/categories", self.command, body={"name": "Traffic stop"}, status=201).json()
        self.ask("POST", "/api/v1/categories", self.command, body={"name": "Traffic stop"}, status=409, slug="conflict")
        self.ask("POST", "/api/v1/categories", self.clerk, body={"name": "Arrest"}, status=403, slug="rule")
        self.ask("POST", f"/api/v1/categories/{category['id']}/retire", self.command, body={}, status=400, slug="invalid")
        self.ask("POST", f"/api/v1/categories/{category['id']}/retire", self.command, body={"reason": "Renamed"}, status=200)
        self.ask("POST", f"/api/v1/categories/{category['id']}/retire", self.command, body={"reason": "Renamed"}, status=409, slug="conflict")
        self.assertEqual([each["name"] for each in self.ask("GET", "/api/v1/categories", self.clerk, status=200).json()["items"]], ["Traffic stop"])
        self.ask("POST", "/api/v1/cases", self.clerk, body={}, status=400, slug="invalid")
        self.ask("GET", "/api/v1/cases", self.clerk, status=200)
        made = self.ask("POST", "/api/v1/assignments", self.administrator, body={"kind": "badge", "person": "clerk", "target": "B-77"}, status=201).json()
        self.assertEqual((made["person"], made["until"]), (clerk, None))
        self.ask("POST", "/api/v1/assignments", self.administrator, body={"kind": "badge", "person": "clerk", "target": "B-77"}, status=409, slug="conflict")
        self.ask("POST", "/api/v1/assignments", self.administrator, body={"kind": "facility", "person": "clerk", "target": "Dawn"}, status=404, slug="not-found")
        self.ask("POST", "/api/v1/assignments", self.administrator, body={"kind": "unit", "person": "clerk", "target": "Night"}, status=401, slug="fresh-factor")
        self.ask("POST", "/api/v1/assignments", self.clerk, body={"kind": "clearance", "person": "clerk", "target": "minor"}, status=401, slug="fresh-factor")
        captain = self.captain()
        self.ask("GET", f"/api/v1/assignments?kind=badge&person={clerk}&at=2022-12-02T06:12:07Z", self.clerk, status=200)
        self.ask("GET", "/api/v1/assignments?kind=king", self.clerk, status=400, slug="invalid")
        end = f"/api/v1/assignments/{made['id']}/end"
        self.ask("POST", end, self.administrator, body={"reason": "moved"}, status=200)
        self.ask("POST", end, self.administrator, body={"reason": "moved"}, status=409, slug="conflict")
        self.ask("POST", end, self.administrator, body={}, status=400, slug="invalid")
        self.ask("POST", "/api/v1/statements", self.clerk, body={"person": "coordinator", "incident": "22-1"}, status=204)
        self.ask("POST", "/api/v1/statements", self.clerk, body={"person": "coordinator", "incident": "22-1"}, status=409, slug="conflict")
        self.ask("GET", "/api/v1/statements?person=coordinator", self.clerk, status=200)
        taken_back = {"person": "coordinator", "incident": "22-1", "reason": "filed by another"}
        self.ask("POST", "/api/v1/statements/withdraw", self.union, body=taken_back, status=403, slug="rule")
        self.ask("POST", "/api/v1/statements/withdraw", self.clerk, body=taken_back, status=204)
        self.ask("POST", "/api/v1/statements/withdraw", self.clerk, body=taken_back, status=404, slug="not-found")
        self.ask("GET", "/api/v1/statements", self.clerk, status=400, slug="invalid")
        self.ask("GET", "/api/v1/statements?person=nobody", self.clerk, status=404, slug="not-found")
        self.ask("GET", "/api/v1/statements?person=coordinator", self.union, status=403, slug="rule")
        self.ask("GET", "/api/v1/rules", self.union, status=200)
        captain.ask("PUT", "/api/v1/rules", {"own_viewing": "allowed", "reason": "General Order 12"}, 200)
        captain.ask("PUT", "/api/v1/rules", {"own_viewing": "never", "reason": "x"}, 400)
        self.ask("PUT", "/api/v1/rules", self.command, body={"own_viewing": "allowed", "reason": "x"}, status=401, slug="fresh-factor")
        self.ask("GET", "/api/v1/people/clerk", self.clerk, status=200)
        self.ask("GET", "/api/v1/people/clerk", self.union, status=403, slug="rule")
        self.ask("GET", "/api/v1/people/nobody", self.clerk, status=404, slug="not-found")
        self.town.add_user("adder", "administrator")
        administrator, clerk = self.browser("adder"), self.browser("clerk")
        person = {"login": "added", "roles": ["officer"]}
        self.ask("POST", "/api/v1/people", self.administrator, body=person, status=401, slug="fresh-factor")
        administrator.enroll_app()
        added = administrator.ask("POST", "/api/v1/people", person, 201).json()
        administrator.ask("POST", "/api/v1/people", person, 409)
        administrator.ask("POST", "/api/v1/people", {"login": "further", "roles": ["king"]}, 400)
        administrator.ask("POST", f"/api/v1/people/{added['id']}/setup-link", None, 201)
        administrator.ask("POST", "/api/v1/people/nobody/setup-link", None, 404)
        administrator.ask("POST", "/api/v1/people/clerk/setup-link", None, 409)
        clerk.ask("POST", "/api/v1/people", {"login": "further", "roles": ["officer"]}, 401)
        self.ask("POST", f"/api/v1/people/{added['id']}/setup-link", self.clerk, status=401, slug="fresh-factor")
        self.ask("GET", "/api/v1/first-steps", self.administrator, status=200)
        self.ask("GET", "/api/v1/first-steps", self.clerk, status=403, slug="rule")
        for method, path in (("GET", "people"), ("GET", "units"), ("GET", "cases"), ("GET", "assignments"), ("GET", "rules"), ("GET", "statements"),
                             ("GET", "first-steps")):
            self.ask(method, "/api/v1/" + path, status=401, slug="unauthenticated")

    def test_oversight(self):
        with Town() as town:
            clock = MovedClock(town.home)
            town.wrapper = clock.wrapper
            town.second_factor("optional")
            tokens = {login: town.add_user(login, role) for login, role in (
                ("clerk", "records"), ("sergeant", "supervisor"), ("captain", "command"), ("auditor", "auditor"), ("boss", "administrator"), ("union", "union"))}
            town.token("clerk", "list")
            town.start()

            def ask(method, target, who=None, status=None, **body):
                headers = JSON if body else {}
                answer = town.request(method, target, tokens.get(who), headers, json.dumps(body) if body else None)
                self.contract.check(method, target, answer)
                self.assertEqual(answer.status, status, answer.body)
                return answer

            def listed(target, who):
                return until(lambda: ask("GET", target, who, 200).json()["items"])
            for target in ("alerts", "digests"):
                self.assertEqual(ask("GET", f"/api/v1/{target}", "captain", 200).json(), {"items": [], "next": None})
            for number in range(20):
                recording = town.upload(tokens["clerk"], b"film %d" % number, filename=f"{number}.bin")["recording"]
                town.request("POST", f"/api/v1/recordings/{recording}/views", tokens["clerk"], body=json.dumps({"purpose": "review"}))
            alert = listed("/api/v1/alerts", "sergeant")[0]["id"]
            clock.into_next_week()
            ask("GET", "/api/v1/recordings", "clerk", 200)  # by a clock alone no week ends
            digest = listed("/api/v1/digests", "sergeant")[0]["id"]
            for target in ("alerts", "digests"):
                ask("GET", f"/api/v1/{target}?limit=1", "captain", 200)
                ask("GET", f"/api/v1/{target}?cursor=x", "captain", 400)
            ask("GET", f"/api/v1/alerts/{alert}", "captain", 200)
            ask("GET", f"/api/v1/digests/{digest}", "auditor", 200)
            review = ask("GET", "/api/v1/access-review", "boss", 200).json()
            ask("GET", "/api/v1/access-review?format=csv", "auditor", 200)
            ask("GET", "/api/v1/access-review?format=pdf", "auditor", 400)
            ask("GET", "/api/v1/unattributed", "sergeant", 200)
            ask("GET", "/api/v1/people/clerk/recordings?limit=5", "captain", 200)
            ask("GET", "/api/v1/people/clerk/recordings", "boss", 200)
            ask("GET", "/api/v1/people/clerk/recordings?limit=0", "captain", 400)
            ask("GET", "/api/v1/people/nobody/recordings", "captain", 404)
            steps = ((f"/api/v1/alerts/{alert}/acknowledge", "sergeant", "captain", {"reason": "asked"}, 200),
                     (f"/api/v1/digests/{digest}/sign", "sergeant", "sergeant", {"note": "read"}, 200),
                     ("/api/v1/access-review/sign", "boss", "union", {"sha256": review["sha256"], "note": "read"}, 204))
            for target, who, other, body, status in steps:
                ask("POST", target, None, 401, **body)
                ask("POST", target, "union", 403, **body)
                ask("POST", target, who, 400, reason=7, note=7, sha256=review["sha256"])
                ask("POST", target, who, status, **body)
                if status == 200:
                    ask("POST", target, other, 409, **body)
            ask("POST", "/api/v1/access-review/sign", "boss", 409, sha256="0" * 64)
            for kind in ("alerts", "digests"):
                ask("GET", f"/api/v1/{kind}", None, 401)
                ask("GET", f"/api/v1/{kind}", "union", 403)
                ask("GET", f"/api/v1/{kind}/{'0' * 32}", "captain", 404)
            ask("POST", f"/api/v1/alerts/{'0' * 32}/acknowledge", "captain", 404, reason="x")
            ask("POST", f"/api/v1/digests/{'0' * 32}/sign", "captain", 404, note="x")
            for target in ("access-review", "unattributed", "people/clerk/recordings"):
                ask("GET", f"/api/v1/{target}", "union", 403)
                ask("GET", f"/api/v1/{target}", None, 401)

    def test_the_program(self):
        file = json.loads((ROOT / "share/program/pittsfield_2022.json").read_text())
        self.town.add_user("manager", "program_manager")
        manager = self.town.token("manager")
        for target in ("status", "costs", "report", "statements"):
            self.ask("GET", f"/api/v1/program/{target}", status=401, slug="unauthenticated")
            self.ask("GET", f"/api/v1/program/{target}", self.union, status=403, slug="rule")
            self.ask("GET", f"/api/v1/program/{target}?as_of=today", manager, status=400, slug="invalid")
            self.ask("GET", f"/api/v1/program/{target}", manager, status=200)
        target = "/api/v1/program/bargaining"
        self.ask("GET", target, status=401, slug="unauthenticated")
        self.ask("GET", f"{target}?privileged=included", self.union, status=403, slug="rule")
        self.ask("GET", f"{target}?privileged=x", manager, status=400, slug="invalid")
        self.ask("GET", target, self.union, status=200)
        path, body = "/api/v1/program/statements", json.dumps(file)
        self.ask("POST", path, status=401, body=body, headers=JSON, slug="unauthenticated")
        self.ask("POST", path, self.union, status=403, body=body, headers=JSON, slug="rule")
        self.ask("POST", path, manager, status=400, body=json.dumps({**file, "format": "other"}), headers=JSON, slug="invalid")
        self.ask("POST", path, manager, status=413, body=json.dumps({**file, "statements": [{}] * 2001}), headers=JSON, slug="too-large")
        self.ask("POST", path, manager, status=201, body=body, headers=JSON)
        self.ask("POST", path, manager, status=200, body=body, headers=JSON)
        known = json.dumps(json.loads((ROOT / "share/program/pittsfield_bargaining_2022.json").read_text()))
        self.ask("POST", path, manager, status=201, body=known, headers=JSON)
        source = {"by": "b", "where": "w", "on": "2022-11-08"}
        more = [("bargaining_session/s", "bargaining", "bargaining/447"), ("bargaining_session/s", "on", "2022-11-03"), ("bargaining_session/s", "note", "Both came"),
                ("bargaining_offer/o", "bargaining", "bargaining/447"), ("bargaining_offer/o", "made_by", "unit"), ("bargaining_offer/o", "text", "A stipend"),
                ("bargaining_offer/o", "made_on", "2022-11-03"), ("bargaining_offer/o", "answer", "refused"), ("bargaining/447", "concerns", "In confidence"),
                ("notice/intent", "privileged_note", "In confidence"), ("task/docks", "title", "Docks"), ("task/docks", "state", "done"), ("task/docks", "note", "Two of them")]
        stated = {"format": "lapel-program/1", "statements": [{"subject": subject, "field": field, "value": value, "source": source} for subject, field, value in more]}
        self.ask("POST", path, manager, status=201, body=json.dumps(stated), headers=JSON)
        ordered = {**stated, "statements": [{"subject": "participation/447", "field": "mode", "value": "ordered", "source": source}]}  # and no reason
        self.ask("POST", path, manager, status=403, body=json.dumps(ordered), headers=JSON, slug="rule")
        for query in ("", "?as_of=2022-10-28", "?privileged=included&embargoed=included"):
            self.ask("GET", f"/api/v1/program/bargaining{query}", manager, status=200)
        self.ask("GET", "/api/v1/program/bargaining", self.union, status=200)
        for target in ("status", "report"):
            self.ask("GET", f"/api/v1/program/{target}?privileged=included", manager, status=200)
        for target in ("status", "costs", "report"):
            for query in ("", "?as_of=2022-10-25", "?as_of=2022-11-29&embargoed=included", "?by=ledger"):
                self.ask("GET", f"/api/v1/program/{target}{query}", manager, status=200)
        source = {"by": "the program manager", "where": "A plan", "on": "2022-11-08"}
        plan = [("phase/pilot", "title", "The pilot"), ("gate/docked", "title", "The docks are wired"), ("gate/docked", "opens", "phase/pilot"), ("gate/docked", "needs", "stated"),
                ("gate/docked", "waivable_by", "command"), ("gate/docked", "owner", "The coordinator"), ("gate/restored", "title", "A restore was tried"),
                ("gate/restored", "opens", "phase/check-out"), ("gate/restored", "needs", "restore_test"), ("rollout/sites", "title", "All stations"), ("rollout/sites", "by", "2023-03-01"),
                ("rollout/sites", "sites", 2), ("site/main", "title", "Main"), ("site/main", "rollout", "rollout/sites"), ("site/main", "wearers", 8), ("site/main", "live_on", "2022-12-02"),
                ("site/main", "alias", "Allen Street"), ("tariff/axon", "from", "2022-01-01"), ("tariff/axon", "storage_gb_month", "0.0265"),
                ("invoice/march", "contract", "contract/axon"), ("invoice/march", "month", "2022-03"), ("invoice/march", "amount", "100")]
        self.ask("POST", path, manager, status=201, headers=JSON,
                 body=json.dumps({"format": "lapel-program/1", "statements": [{"subject": s, "field": f, "value": v, "source": source} for s, f, v in plan]}))
        for target in ("gates", "metering?month=2022-03"):
            self.ask("GET", f"/api/v1/program/{target}", status=401, slug="unauthenticated")
            self.ask("GET", f"/api/v1/program/{target}", manager, status=200)
        self.ask("GET", "/api/v1/program/gates", self.union, status=200)
        self.ask("GET", "/api/v1/program/gates?as_of=2022-11-29", manager, status=200)
        self.ask("GET", "/api/v1/program/metering", manager, status=400, slug="invalid")
        self.ask("GET", "/api/v1/program/metering?month=2999-01", manager, status=400, slug="invalid")
        self.ask("GET", "/api/v1/program/metering?month=2022-03", self.union, status=403, slug="rule")
        phases, waivers = "/api/v1/program/phases", "/api/v1/program/waivers"
        self.ask("POST", phases, status=401, body='{"phase": "pilot"}', headers=JSON, slug="unauthenticated")
        self.ask("POST", phases, self.union, status=403, body='{"phase": "pilot"}', headers=JSON, slug="rule")
        self.ask("POST", phases, manager, status=403, body='{"phase": "pilot"}', headers=JSON, slug="rule")
        self.ask("POST", phases, manager, status=404, body='{"phase": "other"}', headers=JSON, slug="not-found")
        self.ask("POST", phases, manager, status=400, body='{"phase": "pilot", "on": "soon"}', headers=JSON, slug="invalid")
        waiver = '{"gate": "docked", "reason": "It is on its way", "until": "2999-01-01"}'
        self.ask("POST", waivers, status=401, body=waiver, headers=JSON, slug="unauthenticated")
        self.ask("POST", waivers, manager, status=401, body=waiver, headers=JSON, slug="fresh-factor")
        chief = self.captain()
        for gate, status in (("other", 404), ("restored", 403)):
            chief.ask("POST", waivers, {"gate": gate, "reason": "Why"}, status)
        chief.ask("POST", waivers, json.loads(waiver), 201)
        self.ask("GET", "/api/v1/program/gates", manager, status=200)
        self.ask("POST", phases, manager, status=201, body='{"phase": "pilot"}', headers=JSON)
        self.ask("GET", "/api/v1/program/costs?contract=other", manager, status=404, slug="not-found")
        self.ask("GET", "/api/v1/program/volumes", status=401, slug="unauthenticated")
        self.ask("GET", "/api/v1/program/volumes", self.union, status=403, slug="rule")
        for query in ("", "?from=2022-13", "?from=2022-11&until=2022-10", "?until=2999-01"):  # no whole month has passed here
            self.ask("GET", f"/api/v1/program/volumes{query}", manager, status=400, slug="invalid")
        volumes = self.ask("GET", "/api/v1/program/volumes?from=2022-01&until=2022-03", manager, status=200).json()
        path = "/api/v1/program/forecast"
        self.ask("POST", path, status=401, body={}, slug="unauthenticated")
        self.ask("POST", path, self.union, status=403, body={"volumes": volumes}, slug="rule")
        for body in ({}, {"volumes": {**volumes, "format": "x"}}, {"volumes": volumes, "what_if": {"years": 21}}, {"volumes": volumes, "what_if": {"yaers": 2}},
                     {"volumes": volumes, "what_if": {"headcount": 5}}):
            self.ask("POST", path, manager, status=400, body=body, slug="invalid")
        self.ask("POST", path, manager, status=413, body=" " * (2 << 20), headers=JSON, slug="too-large")
        self.ask("POST", path, manager, status=200, body={"volumes": volumes, "what_if": {"retention_days": {"routine": 180}, "price_gb_month": "0.0265"}})
        months = [{"month": f"2022-0{n}", "wearers": 8, "categories": [{"category": "routine", "recordings": 9, "bytes": n * 10**9, "seconds": 60}]} for n in (1, 2, 3)]
        self.ask("POST", path, manager, status=200, body={"volumes": {**volumes, "months": months}, "what_if": {"headcount": None, "mix_percent": {"routine": 100}}})
        path = "/api/v1/program/publications"
        for target in (path, f"{path}/{'0' * 32}"):
            self.ask("GET", target, status=401, slug="unauthenticated")
            self.ask("GET", target, self.union, status=403, slug="rule")
        self.ask("POST", path, status=401, body={"title": "x"}, slug="unauthenticated")
        self.ask("POST", path, self.union, status=403, body={"title": "x"}, slug="rule")
        for body in ({}, {"title": "x", "as_of": "tomorrow"}, {"title": "x", "as_of": "9000-01-01"}):
            self.ask("POST", path, manager, status=400, body=body, slug="invalid")
        made = self.ask("POST", path, manager, status=201, body={"title": "To the council", "as_of": "2022-11-29"}).json()
        self.assertTrue(made["is_superseded"], "what was said on that day was corrected on the next")
        shown = self.ask("GET", f"{path}/{made['id']}", manager, status=200).json()
        self.assertEqual(sha256(shown["content"].encode()), made["sha256"])
        self.ask("GET", path, manager, status=200)
        self.ask("GET", f"{path}/{'0' * 32}", manager, status=404, slug="not-found")
        for form in ("html", "pdf", "csv"):
            for target in ("program/report?", f"program/publications/{made['id']}?", f"program/publications/{made['id']}?marked=superseded&"):
                self.ask("GET", f"/api/v1/{target}format={form}", manager, status=200)
        self.ask("GET", "/api/v1/program/report?format=doc", manager, status=400, slug="invalid")
        self.ask("GET", "/api/v1/program/report?format=pdf&privileged=included", manager, status=400, slug="invalid")
        narrow = self.ask("GET", "/api/v1/program/report?kinds=grant,contract", manager, status=200).json()
        self.assertEqual({"grant", "contract"}, {subject["kind"] for subject in narrow["subjects"]})
        whole = self.ask("GET", "/api/v1/program/report", manager, status=200).json()
        self.assertEqual([subject for subject in whole["subjects"] if subject["kind"] in ("grant", "contract")], narrow["subjects"])
        self.ask("GET", "/api/v1/program/report?format=pdf&kinds=grant", manager, status=400, slug="invalid")
        self.ask("GET", "/api/v1/program/report?kinds=grant,moon", manager, status=400, slug="invalid")
        self.ask("GET", f"{path}/{made['id']}?marked=x", manager, status=400, slug="invalid")
        self.reports_that_are_asked_for(manager)
        self.drafts_of_reports(manager, source)
        page = self.ask("GET", "/api/v1/program/statements?limit=5", manager, status=200).json()
        self.ask("GET", f"/api/v1/program/statements?cursor={page['next']}", manager, status=200)
        self.ask("GET", "/api/v1/program/statements?cursor=x", manager, status=400, slug="invalid")

    def reports_that_are_asked_for(self, manager):
        evaluation = (ROOT / "share/program/pittsfield_evaluation_2022.json").read_text()
        self.ask("POST", "/api/v1/program/statements", manager, status=201, body=evaluation, headers=JSON)
        for target in ("measures", "profiles", "profiles/illinois/report?year=2022", "grants/eopss-fy23/pack"):
            self.ask("GET", f"/api/v1/program/{target}", status=401, slug="unauthenticated")
            self.ask("GET", f"/api/v1/program/{target}", self.union, status=403, slug="rule")
            self.ask("GET", f"/api/v1/program/{target}", manager, status=200)
        for target in ("measures?as_of=today", "profiles/illinois/report", "profiles/illinois/report?year=x", "profiles/illinois/report?year=2999",
                       "profiles/dc/report?year=2022&from=2022-01-01", "profiles/dc/report?from=2022-07-01&until=2022-01-01",
                       "grants/eopss-fy23/pack?format=x", "grants/eopss-fy23/pack?privileged=included"):
            self.ask("GET", f"/api/v1/program/{target}", manager, status=400, slug="invalid")
        self.ask("GET", "/api/v1/program/measures?as_of=2022-12-31", manager, status=200)
        for form in ("json", "html", "pdf", "csv"):
            self.ask("GET", f"/api/v1/program/profiles/dc/report?from=2022-07-01&until=2022-12-31&format={form}", manager, status=200)
        self.ask("GET", "/api/v1/program/grants/eopss-fy23/pack?format=json", manager, status=200)
        for target in ("profiles/other/report?year=2022", "grants/other/pack"):
            self.ask("GET", f"/api/v1/program/{target}", manager, status=404, slug="not-found")

    def drafts_of_reports(self, manager, source):
        path, mayor = "/api/v1/program/drafts", self.town.add_user("mayor", "approver")
        self.ask("GET", path, status=401, slug="unauthenticated")
        self.ask("GET", path, self.union, status=403, slug="rule")
        self.ask("POST", path, status=401, body={"title": "x"}, slug="unauthenticated")
        self.ask("POST", path, mayor, status=403, body={"title": "x"}, slug="rule")
        self.ask("POST", path, manager, status=400, body={}, slug="invalid")
        self.ask("POST", path, manager, status=413, body=" " * (2 << 20), headers=JSON, slug="too-large")
        named = [{"subject": "report_reviewer/mayor", "field": field, "value": value, "source": source}
                 for field, value in (("title", "the mayor"), ("login", "mayor"), ("from", "2022-11-08"))]
        self.ask("POST", "/api/v1/program/statements", manager, status=201, body=json.dumps({"format": "lapel-program/1", "statements": named}), headers=JSON)
        self.ask("POST", "/api/v1/program/publications", manager, status=403, body={"title": "x"}, slug="rule")
        one = f"{path}/{self.ask('POST', path, manager, status=201, body={'title': 'To the council', 'as_of': '2022-11-29'}).json()['id']}"
        for target, body in ((one, None), (f"{one}/reviews", {"decision": "approved", "reason": "Good"}), (f"{one}/publication", {})):
            method = "GET" if body is None else "POST"
            self.ask(method, target, status=401, body=body, slug="unauthenticated")
            self.ask(method, target, self.union, status=403, body=body, slug="rule")
            self.ask(method, target.replace(one, f"{path}/{'0' * 32}"), mayor if "reviews" in target else manager, status=404, body=body, slug="not-found")
        for form in ("json", "html", "pdf", "csv"):
            self.ask("GET", f"{one}?format={form}", mayor, status=200)
        self.ask("GET", f"{one}?format=doc", mayor, status=400, slug="invalid")
        self.ask("POST", f"{one}/publication", manager, status=403, body={}, slug="rule")
        for body in ({}, {"decision": "perhaps", "reason": "x"}, {"decision": "approved"}):
            self.ask("POST", f"{one}/reviews", mayor, status=400, body=body, slug="invalid")
        self.ask("POST", f"{one}/reviews", mayor, status=413, body=" " * (2 << 20), headers=JSON, slug="too-large")
        self.ask("POST", f"{one}/reviews", mayor, status=201, body={"decision": "approved", "reason": "Good"})
        self.ask("POST", f"{one}/reviews", mayor, status=409, body={"decision": "refused", "reason": "Not good"}, slug="conflict")
        self.ask("POST", f"{one}/publication", manager, status=201, body={})
        self.ask("POST", f"{one}/publication", manager, status=409, body={}, slug="conflict")
        self.ask("GET", path, mayor, status=200)

    def test_staffing_cameras_and_the_rotation(self):
        for login, badge in (("first", "901"), ("second", "902")):
            self.town.add_user(login, "officer", badge=badge)
        for target in ("staffing", "fleet/cameras", "fleet/cameras/AX-1", "fleet/docks", "rotation", "rotation/plan", "rotation/participants"):
            self.ask("GET", f"/api/v1/{target}", status=401, slug="unauthenticated")
            self.ask("GET", f"/api/v1/{target}", self.union, status=403, slug="rule")
        for target in ("staffing?as_of=today", "rotation?as_of=today", "rotation/plan?on=today"):
            self.ask("GET", f"/api/v1/{target}", self.coordinator, status=400, slug="invalid")
        path = "/api/v1/staffing/import"
        rows = ("what,name,aliases,badge,unit,shift,count,begins,ends,from,source\nauthorized,,,,,,97,,,2022-11-29,the chief\n"
                "unit,Rotating,,,,,,,,,\nshift,Early,,,,,,06:00,14:00,,\nfacility,Souza,Shirley,,,,,,,,\ncamera,FX-1,,,,,,,,2022-12-01,\n"
                "member,,,901,Rotating,,,,,2022-10-01,\nmember,,,902,Rotating,,,,,2022-10-01,\nslot,,,,Rotating,Early,2,,,2022-12-02,\n")
        self.ask("POST", path, status=401, body={"csv": rows}, slug="unauthenticated")
        self.ask("POST", path, self.union, status=403, body={"csv": rows}, slug="rule")
        self.ask("POST", path, self.coordinator, status=403, body={"csv": rows, "zone": "America/New_York"}, slug="rule")
        for body in ({}, {"csv": "what\nofficers\n"}, {"csv": rows}, {"csv": rows, "zone": "Boston"}):
            self.ask("POST", path, self.administrator, status=400, body=body, slug="invalid")
        self.ask("POST", path, self.administrator, status=413, body={"csv": "x" * (2 << 20)}, slug="too-large")
        self.ask("POST", path, self.administrator, status=201, body={"csv": rows, "zone": "America/New_York"})
        self.ask("POST", path, self.administrator, status=200, body={"csv": rows, "zone": "America/New_York"})
        self.ask("GET", "/api/v1/staffing", self.coordinator, status=200)
        path = "/api/v1/fleet/mode"
        self.ask("PUT", path, self.coordinator, status=409, body={"mode": "individual", "reason": "x"}, slug="conflict")  # no sworn strength
        self.ask("POST", "/api/v1/staffing/import", self.administrator, status=201, body={"csv": "what,count,from\nsworn,88,2022-11-29\n"})
        self.ask("PUT", path, self.administrator, status=403, body={"mode": "pool", "reason": "x"}, slug="rule")
        self.ask("PUT", path, self.coordinator, status=400, body={"mode": "some", "reason": "x"}, slug="invalid")
        self.ask("PUT", path, self.coordinator, status=200, body={"mode": "pool", "reason": "x"})
        self.assertEqual(self.ask("GET", "/api/v1/staffing?as_of=2022-12-02", self.coordinator, status=200).json()["cameras"], 1)

        camera = "/api/v1/fleet/cameras/FX-1"
        for what, good, wrong in (("reports", {"firmware": "1", "clock_drift_ms": -5, "battery_percent": 80}, {"battery_percent": 101}),
                                  ("state", {"state": "in_service", "use": "personal", "reason": "x"}, {"state": "mislaid", "reason": "x"}),
                                  ("faults", {"what": "dark"}, {})):
            self.ask("POST", f"{camera}/{what}", self.administrator, status=403, body=good, slug="rule")
            self.ask("POST", f"{camera}/{what}", self.coordinator, status=400, body=wrong, slug="invalid")
            self.ask("POST", f"/api/v1/fleet/cameras/{'0' * 32}/{what}", self.coordinator, status=404, body=good, slug="not-found")
            made = self.ask("POST", f"{camera}/{what}", self.coordinator, status=200 if what == "state" else 201, body=good).json()
        fault = f"/api/v1/fleet/faults/{made['id']}/fix"
        self.ask("POST", fault, self.coordinator, status=200, body={"fix": "new"})
        self.ask("POST", fault, self.coordinator, status=409, body={"fix": "new"}, slug="conflict")
        self.ask("GET", "/api/v1/fleet/cameras", self.coordinator, status=200)
        self.ask("GET", "/api/v1/fleet/docks", self.coordinator, status=200)
        self.ask("POST", "/api/v1/fleet/runs", self.administrator, status=403, body={"mode": "out"}, slug="rule")
        self.ask("POST", "/api/v1/fleet/runs", self.coordinator, status=400, body={"mode": "away"}, slug="invalid")
        for mode, codes in (("out", ("FX-1", "901", "nothing")), ("audit", ("FX-1", "FX-1"))):
            run_of = self.ask("POST", "/api/v1/fleet/runs", self.coordinator, status=201, body={"mode": mode}).json()["id"]
            for code in codes:
                self.ask("POST", f"/api/v1/fleet/runs/{run_of}/scans", self.coordinator, status=200, body={"code": code, "place": "desk"})
            self.ask("POST", f"/api/v1/fleet/runs/{run_of}/end", self.coordinator, status=200)
            self.ask("POST", f"/api/v1/fleet/runs/{run_of}/end", self.coordinator, status=409, slug="conflict")
            self.ask("POST", f"/api/v1/fleet/runs/{run_of}/scans", self.coordinator, status=409, body={"code": "FX-1"}, slug="conflict")
        self.ask("POST", f"/api/v1/fleet/runs/{'0' * 32}/scans", self.coordinator, status=404, body={"code": "FX-1"}, slug="not-found")

        path = "/api/v1/rotation/participants"
        self.ask("POST", path, self.administrator, status=403, body={"person": "first", "status": "volunteered"}, slug="rule")
        for body in ({"person": "first", "status": "keen"}, {"person": "first", "status": "ordered"}, {"person": "first", "status": "volunteered", "on": "2999-01-01"}):
            self.ask("POST", path, self.coordinator, status=400, body=body, slug="invalid")
        self.ask("POST", path, self.coordinator, status=404, body={"person": "nobody at all", "status": "volunteered"}, slug="not-found")
        for login in ("first", "second"):
            self.ask("POST", path, self.coordinator, status=201, body={"person": login, "status": "volunteered", "on": "2022-10-13"})
        self.ask("POST", path, self.coordinator, status=409, body={"person": "first", "status": "volunteered"}, slug="conflict")
        self.ask("GET", path, self.coordinator, status=200)
        slot = self.ask("GET", "/api/v1/rotation", self.coordinator, status=200).json()["slots"][0]["id"]
        turns = f"/api/v1/rotation/slots/{slot}/turns"
        begin = {"person": "first", "on": "2022-12-02", "camera": "FX-1", "at": "2022-12-02T12:00:00Z"}
        self.ask("POST", turns, self.administrator, status=403, body=begin, slug="rule")
        self.ask("POST", turns, self.coordinator, status=400, body={**begin, "at": None}, slug="invalid")
        turn = self.ask("POST", turns, self.coordinator, status=201, body=begin).json()["id"]
        self.ask("POST", turns, self.coordinator, status=409, body=begin, slug="conflict")
        self.ask("POST", turns.replace(slot, "0" * 32), self.coordinator, status=404, body={**begin, "person": "second"}, slug="not-found")
        self.ask("GET", "/api/v1/rotation?as_of=2023-01-14", self.coordinator, status=200)
        plan = self.ask("GET", "/api/v1/rotation/plan?on=2022-12-30&seed=x", self.coordinator, status=200).json()
        self.assertEqual([swap["in"]["name"] for swap in plan["proposals"]], ["second, badge 902"])
        swap = f"/api/v1/rotation/turns/{turn}/swap"
        body = {"person": "second", "on": "2022-12-29", "at": "2022-12-29T12:00:00Z"}
        self.ask("POST", swap, self.coordinator, status=409, body=body, slug="conflict")
        self.ask("POST", swap, self.administrator, status=403, body=body, slug="rule")
        body = {"person": "second", "on": "2022-12-30", "at": "2022-12-30T12:00:00Z"}
        next_turn = self.ask("POST", swap, self.coordinator, status=201, body=body).json()["id"]
        self.ask("POST", swap.replace(turn, "0" * 32), self.coordinator, status=404, body=body, slug="not-found")
        end = f"/api/v1/rotation/slots/{slot}/end"
        self.ask("POST", end, self.coordinator, status=409, body={"reason": "over"}, slug="conflict")
        vacate = f"/api/v1/rotation/turns/{next_turn}/vacate"
        self.ask("POST", vacate, self.coordinator, status=400, body={}, slug="invalid")
        self.ask("POST", vacate, self.coordinator, status=200, body={"reason": "over"})
        self.ask("POST", vacate, self.coordinator, status=409, body={"reason": "over"}, slug="conflict")
        self.ask("POST", end, self.coordinator, status=200, body={"reason": "over"})
        self.ask("GET", camera, self.coordinator, status=200)
        path = "/api/v1/rotation/window"
        self.ask("PUT", path, self.administrator, status=403, body={"min_days": 28, "max_days": 42, "reason": "x"}, slug="rule")
        for body in ({"min_days": "28", "max_days": 42, "reason": "x"}, {"min_days": 28, "max_days": 27, "reason": "x"}, {"min_days": 28, "max_days": 42}):
            self.ask("PUT", path, self.coordinator, status=400, body=body, slug="invalid")
        self.ask("PUT", path, self.coordinator, status=200, body={"min_days": 28, "max_days": 42, "reason": "x"})

    def test_policies_and_training(self):
        manager = self.town.add_user("policy_manager", "program_manager")
        own = "/api/v1/policies"
        text = {"clauses": [{"key": "homes", "heading": "Homes", "text": "With a warrant.", "items": ["homes", "made-up"], "setting": "warrant_for_homes",
                             "says": "always"},
                            {"key": "kept", "heading": "Kept", "text": "180 days.", "setting": "retention_band", "says": "180 days"}],
                "check": [{"question": "When?", "choices": ["Never", "Always"], "right": 2}]}
        for path in (own, f"{own}/rules", "/api/v1/training", "/api/v1/training/checklist", "/api/v1/training/courses", "/api/v1/training/sessions",
                     "/api/v1/training/people/union", f"/api/v1/training/sessions/{'0' * 32}"):
            self.ask("GET", path, status=401, slug="unauthenticated")
        named = {"slug": "rules", "title": "Rules of the camera"}
        self.ask("POST", own, self.union, status=403, body=named, slug="rule")
        for body in ({"slug": "rules"}, {"slug": "The rules", "title": "x"}):
            self.ask("POST", own, manager, status=400, body=body, slug="invalid")
        self.ask("POST", own, manager, status=404, body={**named, "unit": "Nowhere"}, slug="not-found")
        made = self.ask("POST", own, manager, status=201, body=named).json()
        self.ask("POST", own, manager, status=409, body=named, slug="conflict")
        self.ask("GET", f"{own}/{made['id']}/in-force", manager, status=404, slug="not-found")
        versions = f"{own}/rules/versions"
        self.ask("POST", versions, self.union, status=403, body=text, slug="rule")
        self.ask("POST", versions, manager, status=400, body={"clauses": []}, slug="invalid")
        self.ask("POST", versions, manager, status=413, body={"clauses": [], "note": "x" * (1 << 20)}, slug="too-large")
        self.ask("POST", versions, manager, status=201, body={**text, "effective": "2022-10-13", "note": "For the pilot"})
        later = {**text, "clauses": text["clauses"][:1], "effective": "2099-01-01"}
        self.ask("POST", versions, manager, status=201, body=later)
        self.ask("POST", versions, manager, status=409, body=text, slug="conflict")
        self.ask("POST", f"{own}/none/versions", manager, status=404, body=text, slug="not-found")
        for path in (own, f"{own}/rules", f"{own}/rules/in-force", f"{versions}/2", f"{versions}/2/changes", f"{versions}/1/changes",
                     "/api/v1/training/checklist"):
            self.ask("GET", path, self.union, status=200)
        self.ask("GET", f"{versions}/2/changes?since=x", self.union, status=400, slug="invalid")
        for path in (f"{own}/none", f"{versions}/3", f"{versions}/x", f"{versions}/2/changes?since=9"):
            self.ask("GET", path, self.union, status=404, slug="not-found")

        path = f"{versions}/1/acknowledgements"
        browser = Browser(self.town)
        browser.sign_in("policy_manager")
        browser.enroll_app()

        def acknowledge(status, **body):
            answer = browser.ask("POST", path, body)
            self.contract.check("POST", path, answer)
            self.assertEqual(answer.status, status, answer.body)
            return answer.json()
        acknowledge(400, answers="2")
        self.assertEqual(acknowledge(200, answers=[1])["wrong"], [1])
        self.ask("POST", path, self.union, status=401, body={"answers": [2]}, slug="fresh-factor")
        own_key = Authenticator(self.town.home, "acknowledging")
        self.assertEqual(browser.enroll_passkey(own_key).status, 201)
        question = acknowledge(200, answers=[2])["question"]
        acknowledge(201, answers=[2], passkey=own_key.present(question, browser.origin))
        acknowledge(409, answers=[2])
        self.ask("POST", path.replace("/1/", "/7/"), self.union, status=404, body={}, slug="not-found")

        path = "/api/v1/training/requirements"
        required = {"policy": "rules", "required": False, "reason": "to try it"}
        self.ask("PUT", path, self.union, status=403, body=required, slug="rule")
        for body in ({**required, "required": "no"}, {**required, "course": "rules"}, {"required": True, "reason": "x"}):
            self.ask("PUT", path, manager, status=400, body=body, slug="invalid")
        self.ask("PUT", path, manager, status=404, body={**required, "policy": "none"}, slug="not-found")
        self.ask("PUT", path, manager, status=200, body=required)

        path = "/api/v1/training/courses"
        course = {"slug": "basic", "title": "Body-worn cameras, basic", "valid_months": 12, "required": True}
        self.ask("POST", path, self.union, status=403, body=course, slug="rule")
        self.ask("POST", path, manager, status=400, body={**course, "valid_days": 3}, slug="invalid")
        self.ask("POST", path, manager, status=404, body={**course, "renews": "none"}, slug="not-found")
        self.ask("POST", path, manager, status=201, body=course)
        self.ask("POST", path, manager, status=409, body=course, slug="conflict")
        self.ask("POST", path, manager, status=201, body={"slug": "again", "title": "Refresher", "renews": "basic", "valid_days": 30})
        self.ask("GET", path, self.union, status=200)
        path = "/api/v1/training/sessions"
        plan = {"course": "basic", "on": "2022-11-30", "place": "Roll call", "trainer": "Sgt. Boyd"}
        self.ask("POST", path, self.union, status=403, body=plan, slug="rule")
        self.ask("POST", path, manager, status=400, body={**plan, "on": "today"}, slug="invalid")
        self.ask("POST", path, manager, status=404, body={**plan, "course": "none"}, slug="not-found")
        session = self.ask("POST", path, manager, status=201, body=plan).json()["id"]
        self.ask("POST", path, manager, status=409, body=plan, slug="conflict")
        off = self.ask("POST", path, manager, status=201, body={**plan, "on": "2022-11-14"}).json()["id"]
        for status, token, body in ((403, self.union, {"reason": "ill"}), (400, manager, {}), (200, manager, {"reason": "ill"}), (409, manager, {"reason": "ill"})):
            self.ask("POST", f"{path}/{off}/cancel", token, status=status, body=body)
        self.ask("POST", f"{path}/{'0' * 32}/cancel", manager, status=404, body={"reason": "ill"}, slug="not-found")
        self.town.add_user("trained", "officer", badge="910")
        scans = f"{path}/{session}/attendances"
        self.ask("POST", scans, self.union, status=403, body={"code": "910"}, slug="rule")
        self.ask("POST", scans, manager, status=403, body={"code": "policy_manager"}, slug="rule")
        self.ask("POST", scans, manager, status=400, body={}, slug="invalid")
        self.ask("POST", scans.replace(session, "0" * 32), manager, status=404, body={"code": "910"}, slug="not-found")
        for code in ("910", "910", "nobody"):
            self.ask("POST", scans, manager, status=200, body={"code": code})
        self.ask("GET", path, self.union, status=200)
        self.ask("GET", f"{path}/{session}", self.union, status=403, slug="rule")
        roster = self.ask("GET", f"{path}/{session}", manager, status=200).json()["roster"]
        self.ask("GET", "/api/v1/training/people/trained", manager, status=200)
        withdraw = f"/api/v1/training/attendances/{roster[0]['id']}/withdraw"
        for status, token, body in ((403, self.union, {"reason": "x"}), (400, manager, {}), (204, manager, {"reason": "x"}), (409, manager, {"reason": "x"})):
            self.ask("POST", withdraw, token, status=status, body=body)
        self.ask("POST", withdraw.replace(roster[0]["id"], "0" * 32), manager, status=404, body={"reason": "x"}, slug="not-found")
        path = "/api/v1/training/import"
        csv = "course,on,badge,trainer\nbasic,2022-12-01,910,Sgt. Boyd\n"
        self.ask("POST", path, self.union, status=403, body={"csv": csv}, slug="rule")
        self.ask("POST", path, manager, status=400, body={"csv": csv.replace("910", "999")}, slug="invalid")
        self.ask("POST", path, manager, status=413, body={"csv": "x" * (2 << 20)}, slug="too-large")
        for status in (201, 200):
            self.ask("POST", path, manager, status=status, body={"csv": csv})
        self.ask("GET", "/api/v1/training", self.union, status=403, slug="rule")
        self.ask("GET", "/api/v1/training?as_of=today", manager, status=400, slug="invalid")
        for path in ("/api/v1/training", "/api/v1/training?as_of=2022-12-02", "/api/v1/training/people/trained", "/api/v1/training/people/policy_manager"):
            self.ask("GET", path, manager, status=200)
        self.ask("GET", "/api/v1/training/people/trained", self.union, status=403, slug="rule")
        self.ask("GET", "/api/v1/training/people/nobody", manager, status=404, slug="not-found")
        recording = self.town.upload(self.clerk, b"bound to a policy", filename="bound.bin", wearer="910")["recording"]
        self.ask("GET", f"/api/v1/training/recordings/{recording}", self.clerk, status=200)
        self.ask("GET", f"/api/v1/training/recordings/{'0' * 32}", self.clerk, status=404, slug="not-found")
        self.ask("PUT", "/api/v1/training/requirements", manager, status=200, body={"course": "basic", "required": False, "reason": "the test is over"})

    def test_what_people_are(self):
        self.town.add_user("leaver", "officer")
        roles, active = "/api/v1/people/leaver/roles", "/api/v1/people/leaver/active"
        administrator, clerk = self.browser("admin"), self.browser("clerk")
        good = {"roles": ["counsel", "officer"], "reason": "moved"}
        self.assertEqual(administrator.ask("POST", roles, good, 401).json()["type"], "/problems/no-factor")
        administrator.enroll_app()
        changed = administrator.ask("POST", roles, good, 200).json()
        self.assertEqual(changed, self.ask("GET", f"/api/v1/people/{changed['id']}", self.clerk, status=200).json())
        administrator.ask("POST", roles, good, 409)
        administrator.ask("POST", roles, {**good, "roles": []}, 400)
        administrator.ask("POST", "/api/v1/people/admin/roles", good, 403)
        administrator.ask("POST", "/api/v1/people/nobody/roles", good, 404)
        self.ask("POST", roles, self.administrator, body=good, status=401, slug="fresh-factor")
        clerk.ask("POST", "/api/v1/assignments", {"kind": "clearance", "person": "leaver", "target": "minor"}, 401)
        self.ask("POST", roles, body=good, status=401, slug="unauthenticated")
        self.assertFalse(self.ask("POST", active, self.administrator, body={"active": False, "reason": "left"}, status=200).json()["active"])
        self.ask("GET", "/api/v1/people/leaver/rights", self.command, status=200)
        self.ask("POST", active, self.administrator, body={"active": False, "reason": "left"}, status=409, slug="conflict")
        self.ask("POST", active, self.administrator, body={"active": 1, "reason": "left"}, status=400, slug="invalid")
        self.ask("POST", active, self.clerk, body={"active": True, "reason": "back"}, status=403, slug="rule")
        self.ask("POST", active, body={"active": True, "reason": "back"}, status=401, slug="unauthenticated")
        self.ask("POST", "/api/v1/people/nobody/active", self.administrator, body={"active": True, "reason": "back"}, status=404, slug="not-found")
        self.assertTrue(self.ask("POST", active, self.administrator, body={"active": True, "reason": "back"}, status=200).json()["active"])

    def test_changes_of_a_recording(self):
        recording = self.town.upload(self.clerk, b"x", filename="b.bin", incident="22-7")["recording"]
        path = f"/api/v1/recordings/{recording}"
        people = self.ask("GET", "/api/v1/people", self.command, status=200).json()["items"]
        officer = next(person["id"] for person in people if person["login"] == "coordinator")
        changed = self.ask("PATCH", path, self.clerk, body={"category": "arrest", "inside_home": True, "victim_sensitive": True, "assigned_officer": officer,
                                                            "restriction": "minor", "reason": "as found"}, status=200).json()
        self.assertEqual([changed[name] for name in ("category", "inside_home", "victim_sensitive", "assigned_officer", "restriction", "state")],
                         ["arrest", True, True, officer, "minor", "restricted"])
        self.ask("GET", "/api/v1/recordings", self.clerk, status=200)
        self.ask("PATCH", path, self.command, body={"restriction": "secret", "reason": "x"}, status=400, slug="invalid")
        self.ask("PATCH", path, self.command, body={"restriction": None}, status=400, slug="invalid")
        self.ask("PATCH", path, self.clerk, body={"restriction": None, "reason": "x"}, status=403, slug="rule")
        self.ask("PATCH", "/api/v1/recordings/" + "0" * 32, self.clerk, body={"reason": "x"}, status=404, slug="not-found")
        self.ask("POST", path + "/release", self.command, body={"reason": "report filed"}, status=204)
        self.ask("POST", path + "/release", self.clerk, body={"reason": "x"}, status=403, slug="rule")
        self.ask("PATCH", path, self.command, body={"restriction": None, "reason": "x"}, status=403, slug="rule")
        self.captain().ask("POST", "/api/v1/assignments", {"kind": "clearance", "person": "clerk", "target": "minor"}, 201)
        self.ask("PATCH", path, self.clerk, body={"restriction": None, "reason": "x"}, status=403, slug="two-person")
        self.ask("PATCH", path, self.clerk, body={"assigned_officer": None, "reason": "x"}, status=200)
        self.ask("POST", path + "/release", self.command, body={"reason": "x"}, status=409, slug="conflict")

    def test_what_takes_two_people(self):
        recording = self.town.upload(self.clerk, b"x", filename="c.bin", incident="22-8")["recording"]
        path = f"/api/v1/recordings/{recording}"
        why, nothing = {"reason": "a letter of claim"}, "0" * 32
        self.ask("POST", "/api/v1/holds", self.clerk, body={"matter": "Doe", "incident": "22-8", **why}, status=201)
        hold = self.ask("POST", "/api/v1/holds", self.clerk, body={"matter": "Doe", "recording": recording, **why}, status=201).json()
        self.ask("POST", "/api/v1/holds", self.clerk, body={"matter": "Doe", "recording": nothing, **why}, status=404, slug="not-found")
        self.ask("POST", "/api/v1/holds", self.clerk, body={}, status=400, slug="invalid")
        self.ask("POST", "/api/v1/holds", self.union, body={"matter": "Doe", "recording": recording, **why}, status=403, slug="rule")
        self.ask("GET", "/api/v1/holds", self.clerk, status=200)
        self.ask("GET", "/api/v1/holds", self.union, status=403, slug="rule")
        self.assertEqual(self.ask("GET", path, self.clerk, status=200).json()["state"], "held")
        clerk, command = self.browser("clerk"), self.browser("command")
        clerk.ask("POST", f"/api/v1/holds/{hold['id']}/release", why, 401)  # has no second factor
        for browser in (clerk, command):
            browser.enroll_app()
        release = f"/api/v1/holds/{hold['id']}/release"
        self.ask("POST", release, self.clerk, body=why, status=401, slug="fresh-factor")
        clerk.ask("POST", release, {}, 400)
        clerk.ask("POST", f"/api/v1/holds/{nothing}/release", why, 404)
        made = clerk.ask("POST", release, why, 201).json()
        clerk.ask("POST", release, why, 409)
        self.ask("GET", "/api/v1/proposals?state=open", self.clerk, status=200)
        self.ask("GET", "/api/v1/proposals", self.union, status=403, slug="rule")
        self.ask("GET", "/api/v1/proposals?state=x", self.clerk, status=400, slug="invalid")
        proposal = f"/api/v1/proposals/{made['id']}"
        self.ask("GET", proposal, self.clerk, status=200)
        self.ask("GET", f"/api/v1/proposals/{nothing}", self.clerk, status=404, slug="not-found")
        self.ask("GET", proposal, self.union, status=403, slug="rule")
        clerk.ask("POST", proposal + "/approve", why, 403)
        command.ask("POST", proposal + "/approve", {}, 400)
        self.ask("POST", proposal + "/withdraw", self.command, body=why, status=403, slug="two-person")
        command.ask("POST", proposal + "/approve", why, 200)
        command.ask("POST", proposal + "/approve", why, 409)
        incident = next(each for each in self.ask("GET", "/api/v1/holds", self.clerk, status=200).json()["items"] if each["incident"])
        made = clerk.ask("POST", f"/api/v1/holds/{incident['id']}/release", why, 201).json()
        command.ask("POST", f"/api/v1/proposals/{made['id']}/refuse", why, 200)
        self.ask("PATCH", path, self.clerk, body={"restriction": "medical", **why}, status=200)
        self.captain().ask("POST", "/api/v1/assignments", {"kind": "clearance", "person": "clerk", "target": "medical"}, 201)
        made = clerk.ask("POST", path + "/unrestrict", why, 201).json()
        clerk.ask("POST", f"/api/v1/recordings/{nothing}/unrestrict", why, 404)
        self.ask("POST", f"/api/v1/proposals/{made['id']}/withdraw", self.clerk, body=why, status=200)
        self.ask("POST", f"/api/v1/proposals/{made['id']}/withdraw", self.clerk, body=why, status=409, slug="conflict")

    def test_hosted_agencies(self):
        self.ask("GET", "/api/v1/agencies", self.clerk, status=403, slug="rule")
        added = self.ask("POST", "/api/v1/agencies", self.administrator, body={"name": "Conway Police"}, status=201).json()
        self.ask("POST", "/api/v1/agencies", self.administrator, body={"name": "Conway Police"}, status=409, slug="conflict")
        self.ask("POST", "/api/v1/agencies", self.administrator, body={"name": "Another", "slug": "Not A Slug"}, status=400, slug="invalid")
        self.ask("POST", "/api/v1/agencies", self.clerk, body={"name": "Another"}, status=403, slug="rule")
        self.ask("GET", "/api/v1/agencies", self.administrator, status=200)
        self.ask("POST", f"/api/v1/agencies/{added['id']}/setup-link", self.administrator, status=201)
        self.ask("POST", f"/api/v1/agencies/{'0' * 32}/setup-link", self.administrator, status=404, slug="not-found")
        lead = next(each for each in self.ask("GET", "/api/v1/agencies", self.administrator, status=200).json()["items"] if each["lead"])
        self.ask("POST", f"/api/v1/agencies/{lead['id']}/setup-link", self.administrator, status=409, slug="conflict")

    # ---- recordings and views ----

    def test_recordings(self):
        self.assertEqual(len(self.ask("GET", "/api/v1/recordings?limit=1&q=a.bin&officer=4711&incident=22-1&from=2020-01-01T00:00:00Z",
                                      self.clerk, status=200).json()["items"]), 1)
        for bad in ("limit=0", "limit=201", "cursor=x", "from=yesterday"):
            self.ask("GET", f"/api/v1/recordings?{bad}", self.clerk, status=400, slug="invalid")
        self.ask("GET", "/api/v1/recordings?bbox=1,2,3,4", self.clerk, status=415, slug="unsupported")
        self.ask("GET", "/api/v1/recordings", status=401, slug="unauthenticated")
        self.ask("GET", "/api/v1/recordings", self.union, status=403, slug="rule")

        path = f"/api/v1/recordings/{self.recording}"
        shown = self.ask("GET", path, self.clerk, status=200).json()
        self.assertEqual((shown["sha256"], shown["metadata"]), (sha256(self.data), {"color": "red"}))
        self.assertEqual([item["type"] for item in self.ask("GET", path + "/custody", self.clerk, status=200).json()["items"]][0], "recording.admitted")
        self.ask("GET", path + "/receipt", self.clerk, status=200)
        self.ask("GET", path + "/receipt?n=x", self.clerk, status=400, slug="invalid")
        self.ask("GET", path + "/receipt?under=hope", self.clerk, status=400, slug="invalid")
        self.ask("GET", path + "/receipt?n=999", self.clerk, status=404, slug="not-found")
        for part in ("", "/custody", "/receipt", "/poster"):
            self.ask("GET", path + part, status=401, slug="unauthenticated")
            self.ask("GET", path + part, self.union, status=404, slug="not-found")
            self.ask("GET", "/api/v1/recordings/nonsense" + part, self.clerk, status=404, slug="not-found")
        for part in ("", "/custody", "/receipt"):
            self.ask("GET", path + part, self.listing, status=403, slug="rule")

    def test_views_and_bytes(self):
        path = f"/api/v1/recordings/{self.recording}"
        for body in ({}, {"purpose": "fun"}, {"purpose": "review", "case": 7}, []):
            self.ask("POST", path + "/views", self.clerk, body=body, status=400, slug="invalid")
        self.ask("POST", path + "/views", self.clerk, body={"purpose": "investigation"}, status=403, slug="rule")
        self.ask("POST", path + "/views", body={"purpose": "review"}, status=401, slug="unauthenticated")
        self.ask("POST", path + "/views", self.union, body={"purpose": "review"}, status=404, slug="not-found")
        original = self.ask("POST", path + "/views", self.clerk, body={"purpose": "review", "case": "22-9", "warrant": None}, status=201).json()["original"]
        whole = self.ask("GET", original, self.clerk, status=200)
        self.assertEqual(whole.body, self.data)
        etag = whole.headers["ETag"]
        self.ask("HEAD", original, self.clerk, status=200)
        self.ask("GET", original, self.clerk, {"Range": "bytes=1-2"}, status=206)
        self.ask("GET", original, self.clerk, {"Range": "bytes=-2"}, status=206)
        self.ask("GET", original, self.clerk, {"Range": "bytes=1-2,5-6"}, status=206)
        self.ask("GET", original, self.clerk, {"Range": "bytes=1-2", "If-Range": '"other"'}, status=200)
        self.ask("GET", original, self.clerk, {"If-None-Match": etag}, status=304)
        self.ask("GET", original, self.clerk, {"Range": f"bytes={len(self.data)}-"}, status=416, slug="range-not-satisfiable")
        self.ask("GET", original, status=401, slug="unauthenticated")
        self.ask("GET", original, self.coordinator, status=404, slug="not-found")
        view = original.split("/")[4]
        catalog = sqlite3.connect(self.town.data / "catalog.db", timeout=30)
        with catalog:
            catalog.execute("UPDATE views SET expires_us = 1 WHERE id = ?", (view,))
        catalog.close()
        self.ask("GET", original, self.clerk, status=410, slug="gone")
        self.ask("GET", f"{path}/filmstrip?view={view}", self.clerk, status=410, slug="gone")
        self.ask("GET", f"{path}/filmstrip", self.clerk, status=400, slug="invalid")

    def test_exports(self):
        path = f"/api/v1/recordings/{self.recording}"
        self.ask("POST", path + "/exports", self.clerk, body={}, status=400, slug="invalid")
        self.ask("POST", path + "/exports", self.coordinator, body={"purpose": "discovery"}, status=403, slug="rule")
        opened = self.ask("POST", path + "/exports", self.clerk, body={"purpose": "discovery"}, status=201).json()
        answer = until(lambda: self.ask("GET", opened["files"], self.clerk), sealed)
        self.assertEqual(answer.status, 200)
        self.ask("GET", opened["files"], status=401, slug="unauthenticated")
        self.ask("GET", "/api/v1/views/" + "0" * 32 + "/export", self.clerk, status=404, slug="not-found")
        # An event of this moment is sealed and not yet published, unless the beat falls between the two requests.
        n = len(self.ask("GET", path + "/custody", self.clerk).json()["items"])
        statuses = set()
        for n in range(n, n + 50):
            self.ask("POST", path + "/views", self.clerk, body={"purpose": "review"}, status=201)
            statuses.add(self.ask("GET", f"{path}/receipt?n={n}&under=published", self.clerk).status)
            if 409 in statuses:
                break
        self.assertIn(409, statuses)

    def test_file_requests(self):
        target = "/api/v1/file-requests"
        terms = {"name": "Ella Marsh", "incident": "22-1", "words": "The film of your door", "contact": "413 555 0100", "files_max": 2, "bytes_max": 5_000_000, "code": True}
        self.ask("POST", target, status=401, body=terms, slug="unauthenticated")
        self.ask("POST", target, self.command, status=403, body=terms, slug="rule")
        self.ask("POST", target, self.clerk, status=400, body={**terms, "words": ""}, slug="invalid")
        self.ask("POST", target, self.clerk, status=413, body={**terms, "words": "x" * (1 << 20)}, slug="too-large")
        made = self.ask("POST", target, self.clerk, status=201, body=terms).json()
        self.ask("GET", target, status=401, slug="unauthenticated")
        self.ask("GET", target, self.union, status=403, slug="rule")
        self.ask("GET", f"{target}?limit=0", self.clerk, status=400, slug="invalid")
        self.ask("GET", target, self.clerk, status=200)
        one = f"{target}/{made['file_request']['id']}"
        self.ask("GET", one, self.union, status=404, slug="not-found")
        entry = {"link": made["link"].partition("#")[2], "code": made["code"]}
        self.ask("POST", f"{target}/session", status=400, body={}, slug="invalid")
        self.ask("POST", f"{target}/session", status=401, body={**entry, "code": "0000-0000"}, slug="file-request-code")
        self.ask("POST", f"{target}/session", status=404, body={**entry, "link": "other"}, slug="not-found")
        token = self.ask("POST", f"{target}/session", status=201, body=entry).json()["token"]
        self.ask("GET", f"{target}/mine", self.clerk, status=404, slug="not-found")
        self.ask("GET", f"{target}/mine", status=401, slug="unauthenticated")
        film = FILM.read_bytes()
        self.tus("POST", "/api/v1/uploads", token, {"Upload-Length": "5000001"}, status=413, slug="file-request-quota")
        upload = self.tus("POST", "/api/v1/uploads", token, {"Upload-Length": str(len(film))}, status=201).headers["Location"]
        self.ask("GET", f"{target}/mine", token, status=200)
        self.ask("GET", one, self.clerk, status=200)
        self.tus("PATCH", upload, token, {"Upload-Offset": "0", "Content-Type": OFFSET}, film, status=204)
        recording = self.town.wait_state(upload, token)["recording"]
        self.ask("GET", f"{target}/mine", token, status=200)
        accept = f"/api/v1/recordings/{recording}/accept"
        until(lambda: self.ask("GET", f"/api/v1/recordings/{recording}", self.clerk, status=200).json()["media"]["verdict"])
        self.ask("GET", one, self.clerk, status=200)
        for kind in ("views", "exports"):
            self.ask("POST", f"/api/v1/recordings/{recording}/{kind}", self.clerk, status=409, body={"purpose": "review"}, slug="quarantined")
        self.ask("POST", accept, status=401, body={"reason": "a film"}, slug="unauthenticated")
        self.ask("POST", accept, self.command, status=403, body={"reason": "a film"}, slug="rule")
        self.ask("POST", accept, self.union, status=404, body={"reason": "a film"}, slug="not-found")
        self.ask("POST", accept, self.clerk, status=400, body={}, slug="invalid")
        self.ask("POST", accept, self.clerk, status=200, body={"reason": "a film"})
        self.ask("POST", accept, self.clerk, status=409, body={"reason": "a film"}, slug="conflict")
        self.ask("POST", f"{one}/codes", self.clerk, status=201)
        self.ask("POST", f"{one}/revoke", self.clerk, status=400, body={}, slug="invalid")
        self.ask("POST", f"{one}/revoke", self.clerk, status=200, body={"reason": "all is here"})
        self.ask("POST", f"{one}/revoke", self.clerk, status=409, body={"reason": "all is here"}, slug="conflict")
        self.ask("POST", f"{one}/codes", self.clerk, status=409, slug="conflict")
        self.ask("GET", f"{target}/mine", token, status=401, slug="unauthenticated")

    def test_shares(self):
        terms = {"kind": "discovery", "recipient": "Dana Whitfield", "organization": "Public Defender", "recordings": [self.recording],
                 "purpose": "discovery", "case": "22-1", "order": "For the defense alone."}
        self.ask("POST", "/api/v1/shares", self.clerk, body={**terms, "kind": "loan"}, status=400, slug="invalid")
        self.ask("POST", "/api/v1/shares", body=terms, status=401, slug="unauthenticated")
        self.ask("POST", "/api/v1/shares", self.coordinator, body=terms, status=403, slug="rule")
        self.ask("POST", "/api/v1/shares", self.clerk, body={**terms, "recordings": ["0" * 32]}, status=404, slug="not-found")
        made = self.ask("POST", "/api/v1/shares", self.clerk, body=terms, status=201).json()
        path = f"/api/v1/shares/{made['share']['id']}"
        self.ask("GET", path, self.clerk, status=200)
        self.ask("GET", path, self.coordinator, status=404, slug="not-found")
        self.ask("GET", f"/api/v1/shares?recording={self.recording}", self.clerk, status=200)
        self.ask("GET", "/api/v1/shares?recording=x", self.clerk, status=404, slug="not-found")
        self.ask("GET", "/api/v1/shares", self.coordinator, status=403, slug="rule")
        code = self.ask("POST", path + "/codes", self.clerk, status=201).json()["code"]

        link = made["link"].partition("#")[2]
        entry, received = {"link": link, "code": code}, "/api/v1/received"
        self.ask("POST", received + "/session", headers=GUARD, body={"link": link}, status=400, slug="invalid")
        self.ask("POST", received + "/session", body=entry, status=403, slug="denied")
        self.ask("POST", received + "/session", headers=GUARD, body={**entry, "code": "0000-0000"}, status=401, slug="share-code")
        entered = self.ask("POST", received + "/session", headers=GUARD, body=entry, status=201)
        as_recipient = {**GUARD, "Cookie": entered.headers["Set-Cookie"].partition(";")[0]}
        named = {"share": entered.json()["share"]}
        self.ask("GET", received, status=401, slug="share-code")
        self.ask("GET", received, headers=as_recipient, status=200)
        self.ask("POST", received + "/items/0/views", headers=as_recipient, body={**named, "use": "watch"}, status=409, slug="conflict")
        self.ask("POST", received + "/order", headers=as_recipient, body={}, status=400, slug="invalid")
        self.ask("POST", received + "/order", headers=as_recipient, body={"share": "0" * 32}, status=409, slug="conflict")
        self.ask("POST", received + "/order", headers=as_recipient, body=named, status=200)
        until(lambda: self.ask("GET", received, headers=as_recipient, status=200).json()["prepared_at"])
        self.ask("POST", received + "/receipt", headers=as_recipient, body=named, status=200)
        self.ask("POST", received + "/receipt", headers={"Cookie": as_recipient["Cookie"]}, body=named, status=403, slug="denied")
        self.ask("POST", received + "/items/0/views", headers=as_recipient, body={**named, "use": "keep"}, status=400, slug="invalid")
        self.ask("POST", received + "/items/7/views", headers=as_recipient, body={**named, "use": "watch"}, status=404, slug="not-found")
        content = self.ask("POST", received + "/items/0/views", headers=as_recipient, body={**named, "use": "download"}, status=201).json()["content"]
        self.assertEqual(self.ask("GET", content, headers=as_recipient, status=200).body, self.data)
        self.ask("GET", received + f"/items/0/content?share={named['share']}", headers={**as_recipient, "Range": "bytes=1-2"}, status=206)
        self.ask("GET", received + f"/items/0/content?share={named['share']}", headers={**as_recipient, "Range": f"bytes={len(self.data)}-"}, status=416, slug="range-not-satisfiable")
        self.ask("GET", received + f"/items/7/content?share={named['share']}", headers=as_recipient, status=404, slug="not-found")
        answer = until(lambda: self.ask("GET", received + f"/items/0/receipt?share={named['share']}", headers=as_recipient), sealed)
        self.assertEqual(answer.status, 200)
        self.ask("GET", received + "/views/" + "0" * 32 + "/content", headers=as_recipient, status=404, slug="not-found")

        self.ask("POST", path + "/revoke", self.clerk, body={}, status=400, slug="invalid")
        self.ask("POST", path + "/revoke", self.clerk, body={"reason": "Sent to the wrong office"}, status=200)
        self.ask("POST", path + "/revoke", self.clerk, body={"reason": "Again"}, status=409, slug="conflict")
        self.ask("POST", path + "/codes", self.clerk, status=409, slug="conflict")
        self.ask("GET", received, headers=as_recipient, status=410, slug="share-ended")
        self.ask("DELETE", received + "/session", headers=as_recipient, status=204)

        # One for viewing has views of its own.
        terms = {"kind": "download", "recipient": "Dana Whitfield", "recordings": [self.recording], "purpose": "records_request", "ends_at": "2100-01-01T00:00:00Z"}
        self.ask("POST", "/api/v1/shares", self.clerk, body=terms, status=400, slug="invalid")
        soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600))
        made = self.ask("POST", "/api/v1/shares", self.clerk, body={**terms, "ends_at": soon, "views_max": 3}, status=201).json()
        entry = {"link": made["link"].partition("#")[2], "code": made["code"]["code"]}
        entered = self.ask("POST", received + "/session", headers=GUARD, body=entry, status=201)
        as_recipient["Cookie"], named = entered.headers["Set-Cookie"].partition(";")[0], {"share": entered.json()["share"]}
        until(lambda: self.ask("GET", received, headers=as_recipient, status=200).json()["prepared_at"])
        content = self.ask("POST", received + "/items/0/views", headers=as_recipient, body={**named, "use": "watch"}, status=201).json()["content"]
        whole = self.ask("GET", content, headers=as_recipient, status=200)
        self.ask("GET", content, headers={**as_recipient, "If-None-Match": whole.headers["ETag"]}, status=304)

    def test_pictures(self):
        recording = self.town.upload(self.clerk, FILM.read_bytes(), filename="nasa.mp4", filetype="video/mp4")["recording"]
        path = f"/api/v1/recordings/{recording}"
        shown = until(lambda: self.ask("GET", path, self.clerk, status=200).json(), lambda shown: shown["media"]["state"] == "done")
        self.assertEqual((shown["media"]["verdict"], shown["video_codec"]), ("whole", "h264"))
        self.ask("GET", path + "/poster", self.clerk, status=200)
        view = self.ask("POST", path + "/views", self.clerk, body={"purpose": "review"}, status=201).json()["view"]
        self.ask("GET", f"{path}/filmstrip?view={view}", self.clerk, status=200)
        self.ask("GET", f"{path}/filmstrip?view={'0' * 32}", self.clerk, status=404, slug="not-found")
        self.ask("GET", f"{path}/track?view={view}", self.clerk, status=204)
        self.ask("GET", f"{path}/track?view={'0' * 32}", self.clerk, status=404, slug="not-found")
        self.ask("GET", f"/api/v1/recordings/{self.recording}/poster", self.clerk, status=404, slug="not-found")
        self.ask("GET", f"{path}/custody", self.clerk, status=200)

    def test_tracks(self):
        recording = self.town.upload(self.clerk, DRIVE.read_bytes(), filename="camm6.mp4", filetype="video/mp4")["recording"]
        path = f"/api/v1/recordings/{recording}"
        until(lambda: self.ask("GET", path, self.clerk, status=200).json(), lambda shown: shown["media"]["state"] == "done")
        view = self.ask("POST", path + "/views", self.clerk, body={"purpose": "review"}, status=201).json()["view"]
        self.assertEqual(len(self.ask("GET", f"{path}/track?view={view}", self.clerk, status=200).json()["points"]), 5)
        self.ask("GET", f"{path}/track?view={view}&format=geojson", self.clerk, status=200)
        self.ask("GET", f"{path}/track?view={view}&format=gpx", self.clerk, status=200)
        self.ask("GET", f"{path}/track?view={view}&format=kml", self.clerk, status=400, slug="invalid")
        self.ask("GET", f"{path}/track", self.clerk, status=400, slug="invalid")
        self.ask("GET", f"{path}/track?view={view}", self.coordinator, status=404, slug="not-found")
        self.ask("GET", f"{path}/track?view={view}", status=401, slug="unauthenticated")

    def test_signatures(self):
        for name, verdict in (("axis_frame.mp4", "verified"), ("onvif_frame.mp4", "verified")):
            film = (ROOT / "test/data/signed" / name).read_bytes()
            path = f"/api/v1/recordings/{self.town.upload(self.clerk, film, filename=name)['recording']}"
            shown = until(lambda: self.ask("GET", path, self.clerk, status=200).json(), lambda shown: shown["media"]["state"] == "done")
            self.assertEqual(shown["signature"]["verdict"], verdict)
            changed = self.ask("PATCH", path, self.clerk, body={"category": "traffic stop", "reason": "by the film"}, status=200).json()
            self.assertEqual(changed["signature"], shown["signature"])

    # ---- people, docks, outsiders ----

    def test_sessions(self):
        good = {"login": "clerk", "password": PASSWORD}
        self.ask("GET", "/api/v1/session", status=204)
        self.ask("POST", "/api/v1/session", body=good, status=403, slug="denied")
        self.ask("DELETE", "/api/v1/session", status=403, slug="denied")
        self.ask("POST", "/api/v1/session", headers=GUARD, body={"login": "clerk"}, status=400, slug="invalid")
        opened = self.ask("POST", "/api/v1/session", headers=GUARD, body=good, status=200)
        cookie = {"Cookie": opened.headers["Set-Cookie"].split(";")[0]}
        self.assertEqual(self.ask("GET", "/api/v1/session", headers=cookie, status=200).json(), opened.json())
        self.ask("GET", "/api/v1/recordings", headers=cookie, status=200)
        self.ask("POST", f"/api/v1/recordings/{self.recording}/views", headers=cookie, body={"purpose": "review"}, status=403, slug="denied")
        self.ask("DELETE", "/api/v1/session", headers={**cookie, **GUARD}, status=204)
        self.ask("GET", "/api/v1/recordings", headers=cookie, status=401, slug="unauthenticated")
        bad, elsewhere = {"login": "nobody", "password": "wrong"}, {**GUARD, "X-Forwarded-For": "192.0.2.9"}
        began = time.monotonic()
        for _ in range(60):
            self.ask("POST", "/api/v1/session", headers=elsewhere, body=bad, status=401, slug="sign-in")
        refused = self.ask("POST", "/api/v1/session", headers=elsewhere, body=bad, status=429, slug="limited")
        left = int(refused.headers["Retry-After"])  # of the 15 minutes that began with the first of them
        self.assertTrue(900 - (time.monotonic() - began) - 2 < left <= 900, left)
        self.assertIn("15 minutes", refused.json()["detail"])

    def checked(self):
        """The town for a browser, every answer compared."""
        test = self

        class Checked:
            port = self.town.port

            def request(self, method, path, token=None, headers=None, body=None):
                return test.ask(method, path, token, headers, body)
        return Checked()

    def captain(self, role="command"):
        """Somebody of that role who has just shown a second factor."""
        type(self).captains = getattr(self, "captains", 0) + 1
        self.town.add_user(f"captain{self.captains}", role)
        out = self.browser(f"captain{self.captains}")
        out.enroll_app()
        return out

    def browser(self, login):
        out = Browser(self.checked())
        out.sign_in(login)
        return out

    def test_second_factors(self):
        Checked = self.checked
        self.town.add_user("factor", "records")
        own = Authenticator(self.town.home)
        browser = Browser(Checked())
        browser.sign_in("factor")
        browser.ask("POST", "/api/v1/session/factor", {"password": PASSWORD}, 200)
        browser.ask("POST", "/api/v1/session/factor", {"totp": "1", "recovery": "2"}, 400)
        browser.ask("POST", "/api/v1/account/recovery-codes", status=409)
        secret, codes = browser.enroll_app()
        self.assertEqual(browser.enroll_passkey(own).status, 201)
        browser.ask("POST", "/api/v1/account/passkeys", {"credential": {}}, 400)
        account = browser.ask("GET", "/api/v1/account", status=200).json()
        browser.ask("POST", "/api/v1/account/recovery-codes", status=201)
        browser.ask("POST", "/api/v1/account/password", {"password": PASSWORD + "!"}, 204)
        browser.ask("POST", "/api/v1/account/password", {"password": ""}, 400)
        half = Browser(Checked())
        self.assertEqual(half.sign_in("factor", PASSWORD + "!").json()["needs"], "factor")
        half.ask("GET", "/api/v1/recordings", status=401)
        half.ask("GET", "/api/v1/account", status=401)
        half.ask("POST", "/api/v1/session/factor", {"recovery": codes[0]}, 401)
        half.ask("POST", "/api/v1/session/factor", {"totp": next_totp(secret)}, 200)
        half.ask("POST", "/api/v1/session/banner", status=200)
        alone = Browser(Checked())
        alone.ask("POST", "/api/v1/session/passkey", alone.passkey(own), 200)
        alone.ask("POST", "/api/v1/session/passkey", {"type": "password"}, 400)
        alone.ask("DELETE", "/api/v1/account/other-sessions", status=204)
        alone.ask("DELETE", f"/api/v1/account/factors/{account['factors'][0]['id']}", status=204)
        alone.ask("DELETE", f"/api/v1/account/factors/{account['factors'][0]['id']}", status=404)
        Browser(Checked(), "127.0.0.1").ask("POST", "/api/v1/session/passkey-question", status=409)
        for _ in range(5):
            Browser(Checked()).sign_in("factor", "wrong", 401)
        person = [p for p in self.ask("GET", "/api/v1/people", self.administrator).json()["items"] if p["login"] == "factor"][0]["id"]
        where = f"/api/v1/people/{person}/sign-in"
        self.assertIsNotNone(self.ask("GET", where, self.administrator, status=200).json()["locked_at"])
        self.ask("GET", where, self.clerk, status=403)
        run(BIN / "lapel", "user", "unlock", "--data", self.town.data, "--login", "factor")
        self.assertEqual(self.ask("GET", "/api/v1/sign-in/console", self.administrator, status=200).json()["items"][0]["event"], "unlocked")
        self.ask("GET", "/api/v1/sign-in/console", self.clerk, status=403)
        for _ in range(5):
            Browser(Checked()).sign_in("factor", "wrong", 401)
        self.ask("GET", f"/api/v1/people/{'0' * 32}/sign-in", self.administrator, status=404)
        boss = Browser(Checked())
        boss.sign_in("admin")
        boss.ask("POST", where + "/unlock", status=204)
        boss.ask("POST", where + "/unlock", status=409)
        boss.ask("POST", where + "/reset", {}, 400)
        boss.ask("POST", where + "/reset", {"reason": "lost"}, 204)
        self.ask("POST", where + "/reset", self.administrator, body={"reason": "lost"}, status=401)
        self.ask("GET", "/api/v1/account", self.administrator, status=401)

    def test_signing_in_through_a_provider(self):
        test = self

        class Checked:
            port = self.town.port

            def request(self, method, path, token=None, headers=None, body=None):
                return test.ask(method, path, token, headers, body)
        provider = Provider()
        self.addCleanup(provider.close)
        realm = provider.realm()
        secret = self.town.home / "client-secret"
        secret.write_text(realm.client_secret + "\n")
        self.ask("GET", "/api/v1/session/provider", status=200)
        run(BIN / "lapel", "sign-in", "provider", "set", "--data", self.town.data, "--agency", self.town.agency, "--issuer", realm.issuer, "--client-id",
            realm.client_id, "--client-secret-file", secret, "--map", "Officers=officer", "--add-newcomers")
        self.addCleanup(run, BIN / "lapel", "sign-in", "provider", "remove", "--data", self.town.data, "--agency", self.town.agency)
        # Another test here may have added an agency.
        slug = self.town.agency.lower().replace(" ", "-")
        browser = Traveler(Checked(), agency=slug)
        self.assertIsNotNone(browser.ask("GET", f"/api/v1/session/provider?agency={slug}", status=200).json()["name"])
        browser.through(realm, 200)
        browser.through(realm, 403, sub="other", groups=[])
        browser.through(realm, 401, sub="other", amr=[])
        browser.through(realm, 409, sub="other", preferred_username="clerk")
        browser.come_back({"code": "x"}, 400)
        self.ask("POST", "/api/v1/session/provider", body={}, status=403, slug="denied")
        browser.leave(None, anew="x")
        Traveler(Checked()).leave(401, anew=True)
        token = self.town.token("admin", "scim")

        def scim(method, path, body, status, token=token):
            return self.ask(method, f"/scim/v2{path}", token, {"Content-Type": "application/scim+json"}, body, status)
        for path in ("/ServiceProviderConfig", "/ResourceTypes", "/Schemas", "/Users", "/Groups"):
            scim("GET", path, None, 200)
            scim("GET", path, None, 403, token=self.administrator)
            scim("GET", path, None, 401, token="x")
        user = scim("POST", "/Users", {"userName": "ofscim", "externalId": "e"}, 201).json()
        group = scim("POST", "/Groups", {"displayName": "Officers", "members": [{"value": user["id"]}]}, 201).json()
        for path, whole in (("Users", {"userName": "ofscim", "externalId": "e"}), ("Groups", {"displayName": "Officers", "externalId": "g"})):
            there = f"/{path}/{(user if path == 'Users' else group)['id']}"
            scim("GET", f"/{path}?filter=x", None, 400)
            scim("GET", f"/{path}?count=1", None, 200)
            scim("POST", f"/{path}", whole, 409)
            scim("POST", f"/{path}", {}, 400)
            scim("GET", there, None, 200)
            scim("PUT", there, whole, 200)
            scim("PATCH", there, {"Operations": [{"op": "add", "path": "externalId", "value": "new"}]}, 200)
            scim("PATCH", there, {}, 400)
            for method in ("GET", "PUT", "PATCH", "DELETE"):
                scim(method, f"/{path}/{'0' * 32}", whole if method != "GET" else None, 404)
            scim("DELETE", there, None, 204)

    def test_setting_up(self):
        with Town(administrator=None) as town:
            town.start()
            secret = town.server.stdout.readline().strip().split("#")[1]
            browser = Browser(town)
            for method, body in (("GET", None), ("POST", {"secret": "x", "login": "a", "password": PASSWORD}), ("POST", {}),
                                 ("POST", {"secret": secret, "login": "chief", "password": PASSWORD})):
                self.contract.check(method, "/api/v1/setup", browser.ask(method, "/api/v1/setup", body))
            self.assertEqual(browser.ask("GET", "/api/v1/session", status=200).json()["needs"], "enrollment")

    def spooled_copy(self):
        """What a dock would ask for one of its copies, and its token."""
        state, camera = self.town.home / "west", self.town.home / "camera"
        made = run(BIN / "lapel", "dock", "enroll", "--data", self.town.data, "--agency", self.town.agency, "--name", "west door", "--json")
        run(BIN / "lapel-dock", "enroll", "--server", f"http://127.0.0.1:{self.town.port}", "--code", json.loads(made.stdout)["code"], "--state", state)
        identity = json.loads((state / "dock.json").read_text())
        (state / "dock.json").write_text(json.dumps({**identity, "server": "http://127.0.0.1:1"}))
        camera.mkdir()
        (camera / "a.mp4").write_bytes(b"a")
        self.assertEqual(run(BIN / "lapel-dock", "run", "--state", state, "--camera", camera, "--once", check=False).returncode, 7)
        item, = [json.loads(path.read_text()) for path in (state / "spool").glob("*.json")]
        dock = Dock(self.town.home, bytes.fromhex((state / "signing_key").read_text().strip()))
        nonce = self.ask("POST", "/api/v1/docks/nonce", body={"dock": identity["dock"]}, status=200).json()["nonce"]
        signed = {"dock": identity["dock"], "nonce": nonce, "signature": dock.sign(f"lapel-dock-token/1\n{identity['origin']}\n{nonce}")}
        return {"file": item["file"], "wrapped": item["key"]}, self.ask("POST", "/api/v1/docks/token", body=signed, status=200).json()["token"]

    def test_docks(self):
        dock = Dock(self.town.home)
        made = run(BIN / "lapel", "dock", "enroll", "--data", self.town.data, "--agency", self.town.agency, "--name", "east door", "--json")
        enrollment = dock.enrollment(json.loads(made.stdout)["code"])
        self.ask("POST", "/api/v1/docks/enroll", body={**enrollment, "signature": "00" * 64}, status=401, slug="unauthenticated")
        enrolled = self.ask("POST", "/api/v1/docks/enroll", body=enrollment, status=200).json()
        self.assertEqual(enrolled["vkey"], self.town.vkey)
        nonce = self.ask("POST", "/api/v1/docks/nonce", body={"dock": enrolled["dock"]}, status=200).json()["nonce"]
        signed = {"dock": enrolled["dock"], "nonce": nonce, "signature": dock.sign(f"lapel-dock-token/1\n{enrolled['origin']}\n{nonce}")}
        token = self.ask("POST", "/api/v1/docks/token", body=signed, status=200).json()["token"]
        self.ask("POST", "/api/v1/docks/token", body=signed, status=401, slug="unauthenticated")
        device = self.ask("POST", "/api/v1/devices", token, body={"serial": "X81234"}, status=200).json()
        self.assertEqual(self.ask("POST", "/api/v1/devices", self.coordinator, body={"serial": "X81234"}, status=200).json(), device)
        self.ask("POST", "/api/v1/devices", self.clerk, body={"serial": "X81234"}, status=403, slug="rule")
        self.ask("POST", "/api/v1/devices", body={"serial": "X81234"}, status=401, slug="unauthenticated")
        # The key that copies are sealed to, and a copy that a real dock made while it could not reach the server.
        self.assertIn("c2sp.org/tlog-proof", self.ask("POST", "/api/v1/docks/spool-key", token, body={}, status=200).json()["spool_key"])
        wrapped, own = self.spooled_copy()
        self.ask("POST", "/api/v1/docks/unwrap", own, body=wrapped, status=200)
        self.ask("POST", "/api/v1/docks/unwrap", token, body=wrapped, status=400, slug="invalid")
        bay = {"name": "sdb1", "serial": "X81234", "state": "safe", "files": 0, "bytes": 0}
        state = {"bays": [bay, {"name": "sdc1", "serial": None, "state": "empty", "files": 0, "bytes": 0}], "files_waiting": 2, "bytes_waiting": 30, "spool_bytes": 86, "spool_bytes_max": 1000}
        self.ask("POST", "/api/v1/docks/state", token, body=state, status=200)
        for wrong in ({"bays": [bay] * 65}, {"bays": [{**bay, "state": "on fire"}]}, {"bays": [{**bay, "name": "a\nb"}]}, {"files_waiting": -1}, {"spool_bytes": "1"}):
            self.ask("POST", "/api/v1/docks/state", token, body={**state, **wrong}, status=400, slug="invalid")
        for route, body in (("spool-key", {}), ("unwrap", wrapped), ("state", state)):
            self.ask("POST", f"/api/v1/docks/{route}", self.coordinator, body=body, status=400, slug="invalid")
            self.ask("POST", f"/api/v1/docks/{route}", self.clerk, body=body, status=403, slug="rule")
            self.ask("POST", f"/api/v1/docks/{route}", body=body, status=401, slug="unauthenticated")
        shown = {item["name"]: item for item in self.ask("GET", "/api/v1/docks", self.coordinator, status=200).json()["items"]}
        self.assertEqual((shown["east door"]["state"], shown["east door"]["offline"], shown["west door"]["state"]), (state, False, None))
        self.ask("GET", "/api/v1/docks", self.clerk, status=403, slug="rule")
        self.ask("GET", "/api/v1/devices/X81234/record", self.coordinator, status=200)
        self.ask("GET", f"/api/v1/devices/{device['id']}/record", self.coordinator, status=200)
        self.ask("GET", "/api/v1/devices/nobody/record", self.coordinator, status=404, slug="not-found")
        self.ask("GET", "/api/v1/devices/X81234/record", self.clerk, status=403, slug="rule")
        self.ask("GET", f"/api/v1/recordings/{self.recording}/camera", self.clerk, status=200)
        self.ask("GET", f"/api/v1/recordings/{'00' * 16}/camera", self.clerk, status=404, slug="not-found")
        for route in ("docks/enroll", "docks/nonce", "docks/token", "devices"):
            self.ask("POST", f"/api/v1/{route}", token, body={}, status=400, slug="invalid")
            self.ask("POST", f"/api/v1/{route}", token, body={"code": "a" * 20_000}, status=413, slug="too-large")

    def test_camera_keys(self):
        path = "/api/v1/camera-keys"
        self.ask("GET", path, status=401, slug="unauthenticated")
        self.ask("GET", path, self.union, status=403, slug="rule")
        self.ask("POST", path, self.coordinator, status=401, body={"serial": "BC-7", "key": "a"}, slug="fresh-factor")
        keeper = self.captain("coordinator")
        for body in ({}, {"key": "a"}, {"serial": "BC-7", "key": "a"}, {"root": "a"}, {"serial": "BC-7", "key": "0" * 64, "root": "a"}):
            keeper.ask("POST", path, body, 400)
        keeper.ask("POST", path, {"root": "a" * 70_000}, 413)
        key = {"serial": "BC-7", "key": "07" * 32}
        made = keeper.ask("POST", path, key, 201).json()
        self.assertEqual((made["kind"], made["serial"], made["revoked_at"]), ("key", "BC-7", None))
        keeper.ask("POST", path, key, 409)
        self.assertIn(made, self.ask("GET", path, self.coordinator, status=200).json()["items"])
        revoke = f"{path}/{made['sha256']}/revoke"
        self.ask("POST", revoke, status=401, body={"reason": "lost"}, slug="unauthenticated")
        self.ask("POST", revoke, self.union, status=403, body={"reason": "lost"}, slug="rule")
        self.ask("POST", revoke, self.coordinator, status=400, body={}, slug="invalid")
        self.ask("POST", revoke, self.coordinator, status=413, body={"reason": "a" * 70_000}, slug="too-large")
        self.ask("POST", f"{path}/{'0' * 64}/revoke", self.coordinator, status=404, body={"reason": "lost"}, slug="not-found")
        self.ask("POST", revoke, self.coordinator, status=204, body={"reason": "lost"})
        self.ask("POST", revoke, self.coordinator, status=409, body={"reason": "lost"}, slug="conflict")

    def test_camera_systems(self):
        path, certificate = "/api/v1/camera-systems", {"url": "https://camera-server"}
        for method, body in (("GET", None), ("POST", {"name": "West"})):
            self.ask(method, path, status=401, body=body, slug="unauthenticated")
        self.ask("GET", path, self.union, status=403, slug="rule")
        self.ask("POST", path, self.coordinator, status=401, body={"name": "West"}, slug="fresh-factor")
        keeper = self.captain("coordinator")
        keeper.ask("POST", path, {}, 400)
        keeper.ask("POST", path, {"name": "West", **certificate}, 400)
        made = keeper.ask("POST", path, {"name": "West"}, 201).json()
        keeper.ask("POST", path, {"name": "West"}, 409)
        made = keeper.ask("POST", f"{path}/{made['id']}/connection", {}, 200).json()
        keeper.ask("POST", f"{path}/{'0' * 32}/connection", {}, 404)
        file = json.loads(made["file"])

        def swift(method, target, headers=None, body=None, status=None):
            return self.ask(method, target, headers={"X-Auth-Token": token, "Content-Length": str(len(body or b"")), **(headers or {})}, body=body, status=status)
        self.ask("GET", "/auth/v1.0", headers={"X-Auth-User": file["BlobAPIUserName"], "X-Auth-Key": "x"}, status=401)
        given = self.ask("GET", "/auth/v1.0", headers={"X-Auth-User": file["BlobAPIUserName"], "X-Auth-Key": file["BlobAPIKey"]}, status=200)
        token, account = given.headers["X-Auth-Token"], given.headers["X-Storage-Url"].split(str(self.town.port))[1]
        container = f"{account}/user_camera_20221202T061207Z"
        swift("PUT", container, status=400)
        swift("POST", container, status=404)
        swift("HEAD", container, status=404)
        for name in ("Users", "Devices"):
            swift("PUT", f"{account}/{name}", status=201)
        for name in ("Users/user", "Devices/camera"):
            swift("PUT", f"{account}/{name}", {"X-Object-Meta-Name": "One"}, status=201)
        swift("PUT", container, status=201)
        swift("PUT", container, {"X-Container-Meta-Timezone": "America/New_York"}, status=202)
        clip, mark = f"{container}/20221202T061137Z_1.mp4", f"{container}/bookmark_1_1"
        swift("PUT", clip, {"Etag": "0" * 32}, b"bytes", status=422)
        swift("PUT", clip, body=b"", status=400)
        swift("PUT", clip, body=b"bytes", status=201)
        swift("PUT", mark, {"X-Object-Meta-Starttime": "2022-12-02T06:11:40Z", "X-Object-Meta-Categoryname": "Traffic"}, b"words", status=201)
        swift("POST", clip, {"X-Object-Meta-Starttime": "1669961497"}, status=202)
        swift("POST", f"{container}/none", status=404)
        swift("HEAD", clip, status=200)
        swift("HEAD", f"{container}/none", status=404)
        swift("GET", clip, status=403)
        swift("GET", f"{account}/System/Categories.json", status=200)
        swift("POST", container, {"X-Container-Meta-Status": "Complete"}, status=204)
        swift("HEAD", container, status=204)
        kept, = [item for item in self.ask("GET", "/api/v1/recordings?limit=200", self.clerk).json()["items"] if item["sha256"] == sha256(b"bytes")]
        told = self.ask("GET", f"/api/v1/recordings/{kept['id']}/markers", self.clerk, status=200).json()
        self.assertEqual([marker["words"] for marker in told["items"]], ["words"])
        self.ask("GET", f"/api/v1/recordings/{kept['id']}/markers", status=401, slug="unauthenticated")
        self.ask("GET", f"/api/v1/recordings/{'0' * 32}/markers", self.clerk, status=404, slug="not-found")
        self.ask("GET", path, self.coordinator, status=200)
        self.ask("GET", f"{path}/{made['id']}/entries", self.coordinator, status=200)
        self.ask("GET", f"{path}/{made['id']}/entries", self.union, status=403, slug="rule")
        self.ask("GET", f"{path}/{'0' * 32}/entries", self.coordinator, status=404, slug="not-found")
        gone = f"{path}/{made['id']}"
        self.ask("DELETE", gone, status=401, slug="unauthenticated")
        self.ask("DELETE", gone, self.clerk, status=403, slug="rule")
        self.ask("DELETE", f"{path}/{'0' * 32}", self.coordinator, status=404, slug="not-found")
        self.ask("DELETE", gone, self.coordinator, status=204)
        self.ask("DELETE", gone, self.coordinator, status=409, slug="conflict")
        swift("HEAD", container, status=401)

    def test_imports(self):
        path = "/api/v1/imports"
        for target in ("/api/v1/import-profiles", path):
            self.ask("GET", target, status=401, slug="unauthenticated")
            self.ask("GET", target, self.union, status=403, slug="rule")
        self.ask("GET", "/api/v1/import-profiles", self.clerk, status=200)
        wanted = {"title": "June", "profile": "axon_evidence", "zone": "America/New_York"}
        self.ask("POST", path, status=401, body=wanted, slug="unauthenticated")
        self.ask("POST", path, self.union, status=403, body=wanted, slug="rule")
        self.ask("POST", path, self.clerk, status=400, body={"title": "June"})
        self.ask("POST", path, self.clerk, status=404, body={**wanted, "profile": "none"}, slug="not-found")
        made = self.ask("POST", path, self.clerk, status=201, body=wanted).json()
        one, none = f"{path}/{made['id']}", f"{path}/{'0' * 32}"
        video, table = b"an import of the contract", b"Evidence ID,File Name,Checksum\nE-1,a.mp4," + b"0" * 64 + b"\nE-2,gone.mp4,x\n"
        files = [{"path": "evidence.csv", "bytes": len(table)}, {"path": "a.mp4", "bytes": len(video)}, {"path": "../a", "bytes": 1}]
        self.ask("POST", f"{one}/listing", self.clerk, status=400, body={"files": [{}]})
        self.ask("POST", f"{none}/listing", self.clerk, status=404, body={"files": files}, slug="not-found")
        self.ask("POST", f"{one}/listing", self.clerk, status=200, body={"files": files})
        self.ask("POST", f"{one}/reading", self.clerk, status=409, body={}, slug="conflict")
        self.ask("POST", f"{one}/files", self.clerk, status=409, body={"path": "a.mp4"}, slug="conflict")
        self.ask("POST", f"{one}/files", self.clerk, status=404, body={"path": "none"}, slug="not-found")

        def send(name, data):
            upload = self.ask("POST", f"{one}/files", self.clerk, status=200, body={"path": name}).json()["upload"]
            self.town.patch(f"/api/v1/uploads/{upload}", self.clerk, 0, data)
            return until(lambda: self.ask("GET", one, self.clerk, status=200).json()["counts"], lambda counts: counts["sealing"] == 0)
        send("evidence.csv", table)
        self.ask("POST", f"{one}/reading", self.clerk, status=200, body={})
        self.ask("GET", f"{one}/unsent", self.clerk, status=200)
        self.ask("GET", f"{one}/findings?kind=unreadable", self.clerk, status=200)
        self.ask("POST", f"{one}/close", self.clerk, status=409, body={}, slug="conflict")
        send("a.mp4", video)
        for below in ("unsent", "findings", "lines"):
            self.ask("GET", f"{one}/{below}?limit=1", self.clerk, status=200)
            self.ask("GET", f"{one}/{below}?cursor=x", self.clerk, status=400)
            self.ask("GET", f"{none}/{below}", self.clerk, status=404, slug="not-found")
            self.ask("GET", f"{one}/{below}", self.union, status=403, slug="rule")
        self.ask("POST", f"{one}/close", self.clerk, status=200, body={})
        self.ask("GET", path, self.clerk, status=200)
        self.ask("GET", none, self.clerk, status=404, slug="not-found")
        for form in ("csv", "json"):
            self.ask("GET", f"{one}/report?form={form}", self.clerk, status=200)
        self.ask("GET", f"{one}/report?form=xml", self.clerk, status=400)
        differing, = self.ask("GET", f"{one}/lines?status=differs", self.clerk, status=200).json()["items"]
        origin = f"/api/v1/recordings/{differing['recording']}/origin"
        self.ask("GET", origin, status=401, slug="unauthenticated")
        self.ask("GET", f"/api/v1/recordings/{'0' * 32}/origin", self.clerk, status=404, slug="not-found")
        self.ask("GET", origin, self.clerk, status=200)
        self.ask("POST", f"{origin}/settle", self.clerk, status=400, body={})
        self.ask("POST", f"{origin}/settle", self.union, status=403, body={"reason": "x"}, slug="rule")
        self.ask("POST", f"{origin}/settle", self.clerk, status=204, body={"reason": "edited there"})
        self.ask("POST", f"{origin}/settle", self.clerk, status=409, body={"reason": "again"}, slug="conflict")

    def test_ledgers(self):
        slug = self.town.vkey.split("+")[0].split("/")[1]
        for head in ("/ledger", f"/ledger/{slug}"):
            self.assertEqual(self.ask("GET", head + "/key", status=200).body.decode().strip(), self.town.vkey)
            def tiles():  # it grows while it is looked at
                checkpoint = self.ask("GET", head + "/checkpoint")
                size = int(checkpoint.body.split(b"\n")[1]) if checkpoint.status == 200 else 0
                width = f".p/{size}" if size < 256 else ""
                return [self.ask("GET", f"{head}/tile/{level}/000{width}").status for level in ("0", "entries")] if size > 0 else []
            until(tiles, lambda statuses: statuses == [200, 200])
            self.ask("GET", f"{head}/tile/0/x001/000", status=404, slug="not-found")
        self.ask("GET", "/ledger/nowhere/checkpoint", status=404, slug="not-found")
        self.ask("GET", "/ledger/nowhere/key", status=404, slug="not-found")

    def test_the_server_itself(self):
        self.ask("GET", "/healthz", status=200)
        self.ask("GET", "/metrics", status=200)
        self.assertTrue(self.ask("GET", "/readyz", status=200).json()["ready"])
        self.assertIn(b"410", self.ask("GET", "/problems/upload-expired", status=200).body)
        self.ask("GET", "/problems/nonsense", status=404, slug="not-found")
        # Of no operation: still a problem like any other.
        for method, target, status, slug in (("GET", "/api/v1/nonsense", 404, "not-found"), ("PUT", "/api/v1/recordings", 405, "method-not-allowed"),
                                             ("GET", "/api/v1/recordings?q=%FF", 400, "invalid")):
            answer = self.town.request(method, target, self.clerk)
            self.assertEqual((answer.status, answer.json()["type"]), (status, f"/problems/{slug}"))
            self.contract.validate({"$ref": "#/components/schemas/Problem"}, answer.json(), target)

    def test_nobody_learns_a_path_from_readiness(self):
        with Town() as town:
            program = town.home / "no-program"
            program.write_text("#!/nonsense\n")
            program.chmod(0o700)
            town.start("--media-worker", str(program))
            answer = town.request("GET", "/readyz")
            self.contract.check("GET", "/readyz", answer)
            self.assertTrue(answer.json()["media"].startswith("blocked: "), answer.body)
            for part in (str(town.home), "no-program", "/"):
                self.assertNotIn(part, answer.body.decode())


if __name__ == "__main__":
    unittest.main()
