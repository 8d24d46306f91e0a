# SPDX-License-Identifier: Apache-2.0
"""The Axis content destination: a body-worn system of our own making, Debian's Swift client and lapel-sim against the real server.

What is asked here is written down from the API's own description: which call is answered by which status, and what has become of it.
"""
import base64
import collections
import contextlib
import hashlib
import http.client
import json
import os
import sqlite3
import ssl
import subprocess
import unittest
import urllib.parse

from harness import BIN, ROOT, Town, run, until

USER, CAMERA = "8e0d4b1a-5c1d-4b5e-9d2a-0a4f5b8e9c11", "B8A44F0A1B2C"
CONTAINER = f"{USER}_{CAMERA}_20221202T061207Z"
START = 1669961497  # 2022-12-02T06:11:37Z
FIELDS = {  # as the API has them: type, and the most characters of a text
    "ConnectionFileVersion": str, "SiteName": 64, "ApplicationName": 256, "ApplicationVersion": 128, "ContentDestinationAsNTPServer": bool,
    "AuthenticationTokenURI": list, "HTTPSCertificate": list, "BlobAPIKey": 64, "BlobAPIUserName": 64, "ContainerType": ("mkv", "mp4"),
    "FullStoreAndReadSupport": bool, "WantEncryption": bool, "PublicKey": 2048, "PublicKeyId": 128}


def certificate(home, days=30, name="127.0.0.1"):
    """A certificate of its own for this machine."""
    key, cert = home / "tls.key", home / "tls.pem"
    run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cert, "-days", days, "-subj", "/CN=lapel",
        "-addext", f"subjectAltName=IP:{name},DNS:localhost")
    return key, cert


class System:
    """A body-worn system: one connection, one token, and the calls that it makes."""

    def __init__(self, connection, port=None, context=None):
        uri = urllib.parse.urlsplit(connection["AuthenticationTokenURI"][0])
        self.connection, self.context = connection, context
        self.host, self.port = uri.hostname, port or uri.port
        self.auth_path = uri.path
        self.token = self.storage = None

    def open(self):
        if self.context:
            return http.client.HTTPSConnection(self.host, self.port, timeout=60, context=self.context)
        return http.client.HTTPConnection(self.host, self.port, timeout=60)

    def raw(self, method, path, headers=None, body=None):
        line = self.open()
        line.request(method, path, body=body, headers=headers or {})
        answer = line.getresponse()
        answer.text = answer.read().decode()
        line.close()
        return answer

    def sign_in(self, user=None, key=None):
        answer = self.raw("GET", self.auth_path, {"X-Auth-User": user or self.connection["BlobAPIUserName"],
                                                  "X-Auth-Key": key or self.connection["BlobAPIKey"]})
        if answer.status == 200:
            self.token, self.storage = answer.headers["X-Auth-Token"], urllib.parse.urlsplit(answer.headers["X-Storage-Url"]).path
        return answer

    def call(self, method, path, metadata=None, body=None, kind="Object", headers=None, token=None):
        head = {f"X-{kind}-Meta-{key}": urllib.parse.quote(str(value)) for key, value in (metadata or {}).items()}
        head |= headers or {}
        head["X-Auth-Token"] = token or self.token
        if method in ("PUT", "POST") and body is None:
            head.setdefault("Content-Length", "0")
        return self.raw(method, f"{self.storage}/{path}", head, body)

    def announce(self, user=USER, camera=CAMERA, badge="101", name="Dana Whitfield"):
        statuses = [self.call("PUT", container, kind="Container").status for container in ("System", "Users", "Devices")]
        statuses.append(self.call("PUT", f"Users/{user}", {"Active": "True", "Name": name, "Userid": badge}).status)
        statuses.append(self.call("PUT", f"Devices/{camera}", {"Active": "True", "Name": "Camera 1", "Model": "W102"}).status)
        return statuses

    def begin(self, container=CONTAINER, **more):
        return self.call("PUT", container, {"Containername": container, "Bwcserialnumber": CAMERA, "Userid": USER, "Triggeron": "Button",
                                            "Starttime": START, "Timezone": "America/New_York", "Status": "Transferring", **more}, kind="Container")

    def clip(self, body, name="20221202T061137Z_3f2a.mp4", container=CONTAINER, start=START, headers=None):
        return self.call("PUT", f"{container}/{name}", {"Starttime": start, "Stoptime": start + 30, "Containertype": "mp4"}, body, headers=headers)

    def complete(self, container=CONTAINER):
        return self.call("POST", container, {"Status": "Complete", "Triggeroff": "Button"}, kind="Container")


class DestinationCase(unittest.TestCase):
    tls = False

    def setUp(self):
        self.town = Town()
        self.addCleanup(self.town.__exit__)
        self.officer = self.town.add_user("whitfield", "officer", badge="101")
        self.clerk = self.town.add_user("clerk", "records", "coordinator")
        extra = []
        self.context = None
        if self.tls:
            key, self.cert = certificate(self.town.home)
            extra = ["--tls-cert", str(self.cert), "--tls-key", str(key)]
            self.context = ssl.create_default_context(cafile=self.cert)
        self.town.start(*extra)
        self.system = self.connect("West station")

    def url(self):
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.town.port}"

    def add(self, name, *more, out=None, check=True, url=None):
        out = out or self.town.home / f"{name}.json"
        return out, run(BIN / "lapel", "camera-system", "add", "--data", self.town.data, "--agency", self.town.agency, "--name", name,
                        "--url", url or self.url(), "--out", out, *more, check=check)

    def connect(self, name, *more):
        out, _ = self.add(name, *(["--certificate", self.cert] if self.tls else []), *more)
        system = System(json.loads(out.read_text()), context=self.context)
        self.assertEqual(system.sign_in().status, 200)
        return system

    def get(self, path):
        answer = self.town.request("GET", path, self.clerk)
        self.assertEqual(answer.status, 200, answer.body)
        return answer.json()

    def recordings(self):
        return self.get("/api/v1/recordings?limit=200")["items"]

    def check(self):
        done = run(BIN / "lapel", "ledger", "check", "--data", self.town.data, "--json", check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


class ConnectionFile(DestinationCase):
    def test_a_file_as_the_api_has_it(self):
        file = self.system.connection
        self.assertLessEqual(set(file), set(FIELDS))
        for name, kind in FIELDS.items():
            if name not in file:
                self.assertIn(name, ("HTTPSCertificate", "PublicKey", "PublicKeyId"))
            elif isinstance(kind, int):
                self.assertTrue(0 < len(file[name]) <= kind, name)
            elif isinstance(kind, tuple):
                self.assertIn(file[name], kind)
            else:
                self.assertIsInstance(file[name], kind)
        self.assertEqual(file["AuthenticationTokenURI"], [f"{self.url()}/auth/v1.0"])
        path = self.town.home / "West station.json"
        self.assertEqual(path.stat().st_mode & 0o777, 0o600, "the key is whoever made it's alone")
        self.assertNotIn(file["BlobAPIKey"].encode(), b"".join(p.read_bytes() for p in self.town.data.glob("catalog.db*")), "only its hash is kept")

    def test_what_is_no_connection(self):
        key, cert = certificate(self.town.home)
        both = self.town.home / "both.pem"
        both.write_text(cert.read_text() + key.read_text())
        short, small = self.town.home / "small.key", self.town.home / "small.pem"
        run("openssl", "genrsa", "-out", short, "1024")
        run("openssl", "rsa", "-in", short, "-pubout", "-out", small)
        for name, url, more, sentence in (
                ("a", "http://camera-server:8080", (), "HTTP in the clear"),
                ("b", "https://camera-server", (), "HTTP in the clear"),
                ("c", "http://127.0.0.1:8080", ("--certificate", cert), "begins with https://"),
                ("d", "ftp://127.0.0.1", (), "must be https://HOST"),
                ("e", "https://host/path", ("--certificate", cert), "must be https://HOST"),
                ("g", "https://host", ("--certificate", both), "nothing beside"),
                ("h", "https://host", ("--certificate", key), "nothing beside"),
                ("i", "https://host", ("--certificate", cert, "--encrypt-to", small), "at least 2048 bits"),
                ("j", "https://host", ("--certificate", cert, "--encrypt-to", cert), "RSA public key")):
            out, done = self.add(name, *more, url=url, check=False)
            self.assertEqual((done.returncode, out.exists()), (2, False), done.stderr)
            self.assertIn(sentence, done.stderr)
        out, done = self.add("West station", check=False, out=self.town.home / "again.json")
        self.assertEqual((done.returncode, out.exists()), (5, False), done.stderr)
        taken = self.town.home / "taken.json"
        taken.write_text("mine")
        self.assertEqual(self.add("k", out=taken, check=False)[1].returncode, 5)
        self.assertEqual(taken.read_text(), "mine")
        listed = json.loads(run(BIN / "lapel", "camera-system", "list", "--data", self.town.data, "--agency", self.town.agency, "--json").stdout)
        self.assertEqual([each["name"] for each in listed["items"]], ["West station"])

    def test_encryption_is_never_taken_back(self):
        private, public = self.town.home / "content.pem", self.town.home / "content.pub"
        run("openssl", "genpkey", "-algorithm", "RSA", "-out", private, "-pkeyopt", "rsa_keygen_bits:2048")
        run("openssl", "rsa", "-in", private, "-pubout", "-out", public)
        file = self.connect("East", "--encrypt-to", public).connection
        self.assertTrue(file["WantEncryption"])
        self.assertEqual(base64.b64decode(file["PublicKey"]), public.read_bytes())
        der = subprocess.run(["openssl", "pkey", "-pubin", "-in", str(public), "-outform", "DER"], capture_output=True, check=True).stdout
        self.assertEqual(file["PublicKeyId"], hashlib.sha256(der).hexdigest())
        renew = ["lapel", "camera-system", "renew", "--data", self.town.data, "--agency", self.town.agency, "--name", "East", "--url", self.url()]
        done = run(BIN / renew[0], *renew[1:], "--out", self.town.home / "plain.json", check=False)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn("never stops", done.stderr)
        run(BIN / renew[0], *renew[1:], "--out", self.town.home / "new.json", "--encrypt-to", public)
        new = json.loads((self.town.home / "new.json").read_text())
        self.assertEqual(System(file).sign_in().status, 401, "the key before counts no more")
        self.assertEqual(System(new).sign_in().status, 200)
        self.check()


class Flow(DestinationCase):
    def test_what_came_as_a_small_file_and_comes_as_a_clip_is_kept(self):
        self.system.announce()
        self.system.begin()
        for number in range(20):
            data = json.dumps({"CoordinateEntries": [], "Number": number}).encode()
            name = f"{CONTAINER}/trail_{number}"
            self.assertEqual(self.system.call("PUT", name, {"Filetype": "json"}, data).status, 201)
            self.assertEqual(self.system.call("PUT", name, {}, data).status, 201)
            self.assertEqual(self.system.call("HEAD", name).status, 200)
        self.assertEqual(self.system.complete().status, 204)
        self.assertEqual(len(self.recordings()), 20)
        self.check()

    def test_a_recording(self):
        self.assertEqual(self.system.announce(), [201, 201, 201, 201, 201])
        self.assertEqual(self.system.begin().status, 201)
        video = sorted((ROOT / "test/data/video").rglob("*.mp4"))[0].read_bytes()
        made = self.system.clip(video)
        self.assertEqual((made.status, made.headers["Etag"]), (201, hashlib.md5(video).hexdigest()))
        second = os.urandom(300_000)
        self.assertEqual(self.system.clip(second, "20221202T061207Z_3f2a.mp4", start=START + 30).status, 201)
        trail = json.dumps({"CoordinateEntries": [{"LocationWKT": "POINT(-73.245382 42.450085)", "SecondsFromStart": 0.0,
                                                   "Timestamp": "2022-12-02T06:11:37Z"}]}).encode()
        self.assertEqual(self.system.call("PUT", f"{CONTAINER}/20221202T061137Z_3f2a_{CAMERA}_gpstrail.json", {"Filetype": "json"}, trail).status, 201)
        words = "Stopped a car — Träffik".encode()
        self.assertEqual(self.system.call("PUT", f"{CONTAINER}/bookmark_1669961500_1", {
            "Starttime": "2022-12-02T06:11:40Z", "Categoryid": "77", "Categoryname": "Nobody's category", "Tags": "TriggerOn:Button;X:Y"}, words).status, 201)
        self.assertEqual(self.system.complete().status, 204)

        items = self.recordings()
        self.assertEqual(len(items), 3)
        by_hash = {item["sha256"]: item for item in items}
        head = by_hash[hashlib.sha256(video).hexdigest()]
        self.assertEqual((head["device"], head["wearer"], head["recorded_at"], head["chain_starts_at"]), (CAMERA, "101", "2022-12-02T06:11:37.00Z", "server"))
        shown = self.get(f"/api/v1/recordings/{head['id']}")
        officer, = (person["id"] for person in self.get("/api/v1/people?limit=200")["items"] if person["login"] == "whitfield")
        self.assertEqual(shown["assigned_officer"], officer)
        self.assertEqual({clip["sha256"] for clip in shown["clips"]}, {hashlib.sha256(x).hexdigest() for x in (video, second, trail)})
        told = self.get(f"/api/v1/recordings/{head['id']}/markers")
        marker, = told["items"]
        self.assertEqual((marker["at"], marker["words"], marker["category"], marker["tags"], marker["by"]),
                         ("2022-12-02T06:11:40.00Z", words.decode(), "Nobody's category", "TriggerOn:Button;X:Y", "camera system West station"))
        self.assertEqual((told["said"]["status"], told["said"]["timezone"], told["said"]["triggeroff"]), ("Complete", "America/New_York", "Button"))
        custody = [event["type"] for event in self.get(f"/api/v1/recordings/{head['id']}/custody")["items"]]
        self.assertEqual(custody.count("recording.completed"), 1)
        self.assertEqual(custody.count("recording.marked"), 1)
        self.assertEqual(self.system.complete().status, 204, "again it is complete already")
        self.check()

    def test_each_step_repeated_is_the_same_once(self):
        for _ in range(2):
            self.system.announce()
        self.assertEqual([self.system.begin().status for _ in range(3)], [201, 202, 202])
        clip, key = os.urandom(70_000), b'{"EncryptedKey": "a"}'
        mark = {"Starttime": "2022-12-02T06:11:40Z"}
        for _ in range(3):
            self.assertEqual(self.system.clip(clip).status, 201)
            self.assertEqual(self.system.call("PUT", f"{CONTAINER}/20221202T061137Z_3f2a.key", {"Filetype": "key"}, key).status, 201)
            self.assertEqual(self.system.call("PUT", f"{CONTAINER}/bookmark_1_1", mark, b"words").status, 201)
        for _ in range(2):
            self.assertEqual(self.system.complete().status, 204)
        self.assertEqual(sorted(item["sha256"] for item in self.recordings()), sorted(hashlib.sha256(x).hexdigest() for x in (clip, key)))
        head = next(item for item in self.recordings() if item["sha256"] == hashlib.sha256(clip).hexdigest())
        self.assertEqual(len(self.get(f"/api/v1/recordings/{head['id']}/markers")["items"]), 1)
        # Other bytes under the same name are one more, and nothing is taken away.
        self.assertEqual(self.system.clip(clip + b"!").status, 201)
        self.assertEqual(len(self.recordings()), 3)
        self.check()

    def test_what_comes_before_its_clip_waits_for_it(self):
        self.system.announce()
        self.system.begin()
        self.assertEqual(self.system.call("PUT", f"{CONTAINER}/bookmark_1_1", {"Starttime": "2022-12-02T06:11:40Z"}, b"first").status, 201)
        self.assertEqual(self.system.call("PUT", f"{CONTAINER}/20221202T061137Z_3f2a.key", {}, b"key").status, 201)
        self.assertEqual(self.recordings(), [])
        self.town.kill()
        self.town.start()
        self.system.port = self.town.port
        self.system.sign_in()
        self.assertEqual(self.system.clip(b"clip" * 1000).status, 201)
        items = self.recordings()
        self.assertEqual(len(items), 2)
        head = next(item for item in items if item["sha256"] == hashlib.sha256(b"clip" * 1000).hexdigest())
        marker, = self.get(f"/api/v1/recordings/{head['id']}/markers")["items"]
        self.assertEqual(marker["words"], "first")
        self.assertEqual({clip["id"] for clip in self.get(f"/api/v1/recordings/{head['id']}")["clips"]}, {item["id"] for item in items})

    def test_what_is_cut_off_leaves_nothing(self):
        self.system.announce()
        self.system.begin()
        body = os.urandom(400_000)
        path = f"{self.system.storage}/{CONTAINER}/20221202T061137Z_3f2a.mp4"
        for cut in (0, 1, 65_536, 399_999):
            line = self.system.open()
            line.putrequest("PUT", path)
            for name, value in (("X-Auth-Token", self.system.token), ("Content-Length", str(len(body))), ("X-Object-Meta-Starttime", str(START))):
                line.putheader(name, value)
            line.endheaders()
            line.send(body[:cut])
            line.close()
        uploads = self.town.data / "uploads"
        until(lambda: self.town.rows("SELECT COUNT(*) AS n FROM uploads")[0][0] == 0 and not any(uploads.iterdir()), why="what was cut off is still there")
        self.assertEqual(self.system.call("HEAD", f"{CONTAINER}/20221202T061137Z_3f2a.mp4").status, 404)
        self.assertEqual(self.system.clip(body).status, 201)
        self.assertEqual([item["sha256"] for item in self.recordings()], [hashlib.sha256(body).hexdigest()])

    def test_what_a_dying_server_had_noted_and_not_kept_is_sent_again(self):
        clip, name, container = os.urandom(70_000), "20221202T061207Z_3f2a.mp4", f"{USER}_{CAMERA}_20221202T061307Z"
        self.system.announce()
        for each in (CONTAINER, container):
            self.system.begin(each)
        self.assertEqual(self.system.clip(b"the first of its container", container=container).status, 201)
        # As a server leaves it that is killed between the note and the file.
        self.assertEqual(self.town.stop(), 0)
        with contextlib.closing(sqlite3.connect(self.town.data / "catalog.db")) as catalog, catalog:
            catalog.execute("INSERT INTO camera_files (container, name, sha256, md5, bytes, metadata, recording, is_sealed, put_us) SELECT id, ?, ?, ?, ?, "
                            "'{}', lower(hex(randomblob(16))), 0, 1669961497000000 FROM camera_containers WHERE name IN (?, ?)",
                            (name, hashlib.sha256(clip).hexdigest(), hashlib.md5(clip).hexdigest(), len(clip), CONTAINER, container))
        self.town.start()
        self.system.port = self.town.port
        self.system.sign_in()
        for each, files in ((CONTAINER, 1), (container, 2)):
            self.assertEqual(self.system.call("HEAD", f"{each}/{name}").status, 404)
            self.assertEqual(self.system.complete(each).status, 503)
            self.assertEqual(self.system.clip(clip, name, each).status, 201)
            self.assertEqual(self.system.call("HEAD", f"{each}/{name}").status, 200)
            self.assertEqual(self.system.complete(each).status, 204)
            found, = self.town.rows("SELECT COUNT(*) FROM camera_files f JOIN camera_containers c ON c.id = f.container JOIN recordings r ON r.id = f.recording "
                                    "WHERE c.name = ?", each)
            self.assertEqual(found[0], files)
        self.check()

    def test_users_become_people(self):
        self.system.announce()
        self.system.call("PUT", "Users/22222222-0000-4000-8000-000000000000", {"Active": "True", "Name": "Réné Łukasz", "Userid": "777"})
        self.system.call("PUT", "Users/33333333-0000-4000-8000-000000000000", {"Active": "False", "Name": "Nobody knows"})
        people = {person["badge"]: person for person in self.get("/api/v1/people?limit=200")["items"]}
        self.assertEqual((people["777"]["name"], people["777"]["roles"]), ("Réné Łukasz", []))
        self.assertEqual(people["101"]["login"], "whitfield")
        system, = self.get("/api/v1/camera-systems")["items"]
        self.assertEqual((system["name"], system["users"], system["cameras"], system["revoked"]), ("West station", 3, 1, False))
        entries = {entry["name"]: entry for entry in self.get(f"/api/v1/camera-systems/{system['id']}/entries")["items"]}
        self.assertEqual(entries[USER]["person"], people["101"]["id"])
        self.assertEqual(entries["22222222-0000-4000-8000-000000000000"]["person"], people["777"]["id"])
        self.assertEqual((entries["33333333-0000-4000-8000-000000000000"]["person"], entries["33333333-0000-4000-8000-000000000000"]["active"]), (None, False))
        devices = [camera["serial"] for camera in self.get("/api/v1/fleet/cameras")["items"]]
        self.assertIn(CAMERA, devices)
        self.check()


class Statuses(DestinationCase):
    def test_tokens(self):
        file = self.system.connection
        self.assertEqual(self.system.sign_in(key="wrong").status, 401)
        self.assertEqual(self.system.sign_in(user="lapel:" + "0" * 32).status, 401)
        self.assertEqual(self.system.sign_in(user="x").status, 401)
        self.assertEqual(self.system.raw("GET", "/auth/v1.0").status, 401)
        self.assertEqual(self.system.call("PUT", "System", kind="Container", token="x").status, 401)
        self.assertEqual(self.system.raw("PUT", f"{self.system.storage}/System", {"Content-Length": "0"}).status, 401)
        other = self.connect("East")
        self.assertEqual(other.raw("PUT", f"{self.system.storage}/System", {"X-Auth-Token": other.token, "Content-Length": "0"}).status, 403)
        # It reads nothing, by no door.
        for path in ("/api/v1/recordings", "/api/v1/people", "/api/v1/camera-systems"):
            self.assertEqual(self.town.request("GET", path, self.system.token).status, 401)
        run(BIN / "lapel", "camera-system", "revoke", "--data", self.town.data, "--agency", self.town.agency, "--name", "West station")
        self.assertEqual(self.system.call("PUT", "System", kind="Container").status, 401)
        self.assertEqual(System(file).sign_in().status, 401)
        self.check()

    def test_containers_and_metadata(self):
        self.assertEqual(self.system.begin().status, 400, "nobody has told of this user")
        self.system.announce()
        for name in ("x", "a_b", "_b_20221202T061207Z", "a__20221202T061207Z", "a_b_20221302T061207Z", "a_b_20221202T061207"):
            self.assertEqual(self.system.call("PUT", urllib.parse.quote(name), kind="Container").status, 400, name)
        self.assertEqual(self.system.call("PUT", f"nobody_{CAMERA}_20221202T061207Z", kind="Container").status, 400)
        self.assertEqual(self.system.call("POST", CONTAINER, kind="Container").status, 404)
        self.assertEqual(self.system.call("HEAD", CONTAINER).status, 404)
        self.assertEqual(self.system.begin(Firmwareversion="1", Unknownkey="kept, 李").status, 201)
        self.assertEqual(self.system.call("PUT", CONTAINER, {"Bwcmodel": "W102", "Firmwareversion": ""}, kind="Container").status, 202)
        self.assertEqual(self.system.call("POST", CONTAINER, {"Triggeroff": "Timer"}, kind="Container").status, 204)
        told = self.system.call("HEAD", CONTAINER)
        said = {name[len("X-Container-Meta-"):]: urllib.parse.unquote(value) for name, value in told.headers.items() if name.startswith("X-Container-Meta-")}
        self.assertEqual(told.status, 204)
        self.assertEqual((said["Bwcmodel"], said["Unknownkey"], said["Triggeroff"], said["Triggeron"]), ("W102", "kept, 李", "Timer", "Button"))
        self.assertNotIn("Firmwareversion", said)
        for bad in ("%zz", "%ff", "%0a", "a" * 300):
            self.assertEqual(self.system.raw("POST", f"{self.system.storage}/{CONTAINER}",
                                             {"X-Auth-Token": self.system.token, "X-Container-Meta-Note": bad, "Content-Length": "0"}).status, 400, bad)
        for method in ("GET", "DELETE"):
            self.assertEqual(self.system.call(method, CONTAINER).status, 405)

    def test_objects(self):
        self.system.announce()
        self.assertEqual(self.system.clip(b"x").status, 404, "there is no container yet")
        self.system.begin()
        self.assertEqual(self.system.clip(b"").status, 400)
        wrong = self.system.clip(b"bytes", headers={"Etag": "0" * 32})
        self.assertEqual(wrong.status, 422)
        self.assertEqual(self.system.clip(b"bytes", headers={"Etag": hashlib.md5(b"bytes").hexdigest()}).status, 201)
        self.assertEqual(len(self.recordings()), 1)
        name = f"{CONTAINER}/20221202T061137Z_3f2a.mp4"
        told = self.system.call("HEAD", name)
        self.assertEqual((told.status, told.headers["Content-Length"], told.headers["Etag"], told.headers["X-Object-Meta-Starttime"]),
                         (200, "5", hashlib.md5(b"bytes").hexdigest(), str(START)))
        self.assertEqual(self.system.call("POST", name, {"Note": "only this"}).status, 202)
        told = self.system.call("HEAD", name)
        self.assertEqual((urllib.parse.unquote(told.headers["X-Object-Meta-Note"]), told.headers["X-Object-Meta-Starttime"]), ("only this", None))
        self.assertEqual(self.system.call("POST", f"{CONTAINER}/none").status, 404)
        for path in (name, "Users/" + USER, f"{CONTAINER}/none"):
            self.assertEqual(self.system.call("GET", path).status, 403, "it reads nothing of what was recorded")
        self.assertEqual(self.system.call("DELETE", name).status, 405)
        self.assertEqual(self.system.call("PUT", f"{CONTAINER}/bookmark_1_1", {}, b"w" * 5000).status, 400)
        self.assertEqual(self.system.call("PUT", f"{CONTAINER}/a%2fb.mp4", {}, b"w").status, 400)
        chunked = self.system.open()
        chunked.request("PUT", f"{self.system.storage}/{CONTAINER}/b.mp4", body=iter([b"abc"]), headers={"X-Auth-Token": self.system.token}, encode_chunked=True)
        self.assertEqual(chunked.getresponse().status, 400)
        for document in ("Capabilities", "Categories"):
            answer = self.system.call("GET", f"System/{document}.json")
            self.assertEqual((answer.status, answer.headers["Etag"]), (200, hashlib.md5(answer.text.encode()).hexdigest()))
            json.loads(answer.text)
            self.assertEqual(self.system.call("PUT", f"System/{document}.json", {}, b"{}").status, 403)
        capabilities = json.loads(self.system.call("GET", "System/Capabilities.json").text)
        self.assertEqual({name: value for group in capabilities.values() for name, value in group.items()}, dict.fromkeys((
            "ReadCategories", "StoreReadSystemID", "StoreUserIDKey", "StoreBookmarks", "StoreSignedVideo", "StoreGNSSTrackRecording", "StoreRejectedContent"), True))

    def test_categories_are_the_agencys(self):
        token = self.town.add_user("keeper", "command")
        for name in ("Traffic", "Violence at home"):
            added = self.town.request("POST", "/api/v1/categories", token, {"Content-Type": "application/json"}, json.dumps({"name": name}))
            self.assertEqual(added.status, 201, added.body)
        told = json.loads(self.system.call("GET", "System/Categories.json").text)
        self.assertEqual([each["Name"] for each in told], ["Traffic", "Violence at home"])
        self.assertEqual([set(each) for each in told], [{"Name", "Id"}] * 2)

    def test_system_id_is_stored_and_read(self):
        self.system.announce()
        put = self.system.call("PUT", "System/aa11", {"Connectionid": "7", "Systemname": "West, 2. floor"})
        self.assertEqual(put.status, 201)
        told = self.system.call("HEAD", "System/aa11")
        self.assertEqual((told.status, told.headers["X-Object-Meta-Connectionid"], urllib.parse.unquote(told.headers["X-Object-Meta-Systemname"])),
                         (200, "7", "West, 2. floor"))

    def test_rejected_content_is_never_refused(self):
        container = "RejectedContent_UnknownTime_4b5e"
        self.assertEqual(self.system.call("PUT", container, {"Rejectedcontentreason": "no user", "Rejectedcontentoriginalcontainer": "x_y_20221202T061207Z"},
                                          kind="Container").status, 201)
        for name in ("20221202T061137Z_3f2a.mp4", "20221202T061137Z_3f2a.key", "bookmark_1_1"):
            self.assertEqual(self.system.call("PUT", f"{container}/{name}", {"Starttime": "not a time"}, name.encode()).status, 201, name)
        items = self.recordings()
        self.assertEqual(len(items), 3)
        shown = self.get(f"/api/v1/recordings/{items[0]['id']}")
        self.assertIn("no user", json.dumps(shown))


class OverTls(DestinationCase):
    tls = True

    def test_by_the_certificate_that_the_file_carries(self):
        pem = base64.b64decode(self.system.connection["HTTPSCertificate"][0]).decode()
        context = ssl.create_default_context(cadata=pem)
        system = System(self.system.connection, context=context)
        self.assertEqual(system.sign_in().status, 200)
        self.assertEqual(system.announce(), [201] * 5)

    def test_debians_swift_client(self):
        self.system.announce()
        clip = self.town.home / "20221202T061137Z_3f2a.mp4"
        clip.write_bytes(os.urandom(200_000))
        file = self.system.connection
        swift = ["swift", "--auth", file["AuthenticationTokenURI"][0], "--user", file["BlobAPIUserName"], "--key", file["BlobAPIKey"], "--os-cacert", self.cert]
        run(*swift, "post", CONTAINER, "-H", "X-Container-Meta-Status: Transferring")
        run(*swift, "upload", CONTAINER, clip.name, "-H", f"X-Object-Meta-Starttime: {START}", cwd=self.town.home)
        told = run(*swift, "stat", CONTAINER, clip.name).stdout
        self.assertIn(hashlib.md5(clip.read_bytes()).hexdigest(), told)
        run(*swift, "post", CONTAINER, "-H", "X-Container-Meta-Status: Complete")
        self.assertEqual(run(*swift, "download", CONTAINER, clip.name, "-o", "-", check=False).returncode, 1)
        self.assertEqual([item["sha256"] for item in self.recordings_over_tls()], [hashlib.sha256(clip.read_bytes()).hexdigest()])

    def recordings_over_tls(self):
        line = http.client.HTTPSConnection("127.0.0.1", self.town.port, context=self.context)
        line.request("GET", "/api/v1/recordings?limit=200", headers={"Authorization": f"Bearer {self.clerk}"})
        answer = json.loads(line.getresponse().read())
        line.close()
        return answer["items"]

    def test_a_simulated_system_with_cuts_and_repeats(self):
        recordings = int(os.environ.get("LAPEL_AXIS_RECORDINGS", 12))
        done = run(BIN / "lapel-sim", "axis", "--connection", self.town.home / "West station.json", "--recordings", recordings, "--clip-bytes", 150_000,
                   "--cut", 30, "--repeat", 30, "--senders", 4, "--seed", 7)
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        said = [line for line in lines if "sha256" in line]
        self.assertEqual(sum("complete" in line for line in lines), recordings)
        self.assertTrue(any(line["calls"] > 1 for line in said), "nothing was cut or repeated")
        files = collections.Counter(line["sha256"] for line in said if not line["name"].startswith("bookmark_"))
        kept = collections.Counter(row[0] for row in self.town.rows("SELECT sha256 FROM recordings"))
        self.assertEqual(kept, files, "each exactly once")
        marked = self.town.rows("SELECT COUNT(*) FROM camera_markers")[0][0]
        self.assertEqual(marked, recordings)
        completed = self.town.rows("SELECT container FROM camera_recordings")
        self.assertEqual(sorted(row[0] for row in completed), sorted({line["container"] for line in lines}))
        self.check()


if __name__ == "__main__":
    unittest.main()
