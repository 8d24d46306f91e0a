#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""lapel-verify from the outside: its exit codes, its words, and that it cannot open a socket.

usage: verify_test.py PROGRAM SOURCE_DIR
"""
import base64
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

PROGRAM = pathlib.Path(sys.argv[1])
SOURCE = pathlib.Path(sys.argv[2])
GOLDEN = SOURCE / "test/golden/ledger"
KEY = (GOLDEN / "vkey").read_text().strip()

NETWORK = """socket socketpair connect bind listen accept accept4 send sendto sendmsg sendmmsg recv recvfrom
recvmsg getaddrinfo gethostbyname gethostbyname2 getnameinfo res_query BIO_new_connect BIO_s_connect
BIO_s_socket SSL_new curl_easy_init dlopen dlsym execve execvp posix_spawn popen system fork""".split()


def run(*words):
    done = subprocess.run([PROGRAM, *map(str, words)], capture_output=True, timeout=60)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def readelf(what):
    done = subprocess.run(["readelf", what, "--wide", PROGRAM], check=True, capture_output=True, text=True)
    return done.stdout.splitlines()


def vectors(kind):
    table = json.loads((SOURCE / f"test/golden/vectors/{kind}s.json").read_text())
    return table["key"], table["witnesses"], {vector["name"]: vector for vector in table["vectors"]}


class Symbols(unittest.TestCase):
    def test_nothing_of_the_network_is_imported(self):
        rows = [line.split() for line in readelf("--dyn-syms")]
        imported = {row[7].split("@")[0] for row in rows if len(row) > 7 and row[6] == "UND"}
        self.assertIn("fopen", {name.removesuffix("64") for name in imported})  # the table was read
        self.assertEqual(sorted(imported.intersection(NETWORK)), [])

    def test_no_library_for_it_is_linked(self):
        needed = [line.split("[")[1].rstrip("]") for line in readelf("--dynamic") if "(NEEDED)" in line]
        allowed = ("libcrypto.", "libfmt.", "libstdc++.", "libgcc_s.", "libm.", "libc.", "libsodium.",
                   "ld-linux", "libasan.", "libubsan.", "libtsan.")
        self.assertEqual([name for name in needed if not name.startswith(allowed)], [])


class Receipt(unittest.TestCase):
    def test_with_its_file_in_either_order(self):
        for words in (["event-0.tlog-proof", "original"], ["original", "event-0.tlog-proof"]):
            code, out, _ = run("--key", KEY, *[GOLDEN / word for word in words])
            self.assertEqual(code, 0, out)
            self.assertIn("VERIFIED: this very file", out)
            self.assertIn("Sealed by ledger.example/ashfield", out)
            self.assertIn("The chain starts at the server", out)
            self.assertIn("Completeness not proven", out)

    def test_with_another_file(self):
        code, out, _ = run("--key", KEY, GOLDEN / "event-0.tlog-proof", GOLDEN / "vkey")
        self.assertEqual((code, out.split(":")[0]), (6, "NOT VERIFIED"))

    def test_a_file_that_looks_like_a_checkpoint_is_still_a_file(self):
        code, _, _ = run("--key", KEY, GOLDEN / "event-0.tlog-proof", GOLDEN / "checkpoint")
        self.assertEqual(code, 6)

    def test_of_an_event_or_statement_alone(self):
        for name in ("event-1", "genesis", "head-4"):
            code, out, _ = run("--key", KEY, GOLDEN / f"{name}.tlog-proof")
            self.assertEqual(code, 0, out)

    def test_of_a_file_without_the_file(self):
        code, out, _ = run("--key", KEY, GOLDEN / "event-0.tlog-proof")
        self.assertEqual(code, 2)
        self.assertIn("give the file too", out)

    def test_without_a_key_nothing_is_verified(self):
        code, out, err = run(GOLDEN / "event-0.tlog-proof", GOLDEN / "original")
        self.assertEqual((code, out), (2, ""))
        self.assertIn("Take the ledger's key from", err)

    def test_of_a_dock_names_its_key(self):
        key, _, table = vectors("receipt")
        with tempfile.TemporaryDirectory() as scratch:
            receipt, file = pathlib.Path(scratch) / "r", pathlib.Path(scratch) / "f"
            receipt.write_bytes(base64.b64decode(table["dock statement"]["receipt"]))
            file.write_bytes(base64.b64decode(table["dock statement"]["file"]))
            code, out, _ = run("--key", key, receipt, file)
        self.assertEqual(code, 0)
        self.assertIn("Signed by a dock at ", out)

    def test_with_another_ledgers_key(self):
        key, _, _ = vectors("receipt")
        code, _, _ = run("--key", key, GOLDEN / "event-0.tlog-proof", GOLDEN / "original")
        self.assertEqual(code, 6)

    def test_json(self):
        code, out, _ = run("--json", "--key", KEY, GOLDEN / "event-0.tlog-proof", GOLDEN / "original")
        report = json.loads(out)
        self.assertEqual((code, report["verified"]), (0, True))
        self.assertEqual((report["standing"], report["index"]), ("sealed", 1))
        self.assertEqual(report["checkpoint"]["size"], 5)
        self.assertEqual(report["event"]["type"], "recording.admitted")
        code, out, _ = run("--json", "--key", KEY, GOLDEN / "event-0.tlog-proof", GOLDEN / "vkey")
        self.assertEqual((code, json.loads(out)["verified"]), (6, False))

    def test_unreadable_files(self):
        self.assertEqual(run("--key", KEY, GOLDEN / "event-0.tlog-proof", GOLDEN / "absent")[0], 1)
        self.assertEqual(run("--key", KEY, GOLDEN / "absent")[0], 1)

    def test_what_is_no_file_is_not_waited_for(self):
        with tempfile.TemporaryDirectory() as scratch:
            pipe = pathlib.Path(scratch) / "pipe"
            os.mkfifo(pipe)
            for path in (pipe, "/dev/zero"):
                for words in ((path,), (GOLDEN / "event-0.tlog-proof", path)):
                    code, _, errors = run("--key", KEY, *words)
                    self.assertEqual(code, 1, words)
                    self.assertIn("no plain file", errors)

    def test_usage(self):
        good = [GOLDEN / "event-0.tlog-proof", GOLDEN / "original"]
        for words in ([], ["--key"], ["--key", KEY], ["--key", KEY, "--frobnicate", *good],
                      ["--key", "nonsense", *good],
                      ["--key", KEY, "--key", KEY, *good], ["--key", KEY, "--witness", KEY, *good],
                      ["--key", KEY[:-1] + "5", *good], ["--key", KEY, GOLDEN / "original"],
                      ["--key", KEY, *good, GOLDEN / "vkey"],
                      ["--key", KEY, GOLDEN / "original", GOLDEN / "vkey"],
                      ["--key", KEY, GOLDEN, GOLDEN / "event-0.tlog-proof"],
                      ["--key", KEY, GOLDEN / "event-0.tlog-proof", GOLDEN / "event-0.tlog-proof"]):
            code, out, err = run(*words)
            self.assertEqual((code, out), (2, ""), words)
            self.assertIn("lapel-verify: ", err)
        self.assertEqual(run("--help")[0], 0)

    def test_a_verdict_that_cannot_be_written_is_no_success(self):
        with open("/dev/full", "wb") as full:
            done = subprocess.run([PROGRAM, "--key", KEY, GOLDEN / "event-0.tlog-proof", GOLDEN / "original"], stdout=full, timeout=60)
        self.assertEqual(done.returncode, 1)

    def test_the_ledger_is_no_witness_of_itself(self):
        # The ledger's own public key, offered under another name as that of a witness.
        public = base64.b64decode(KEY.split("+", 2)[2])[1:]
        key = b"\x04" + public
        number = hashlib.sha256(b"one.example/w\n" + key).digest()[:4].hex()
        witness = f"one.example/w+{number}+{base64.b64encode(key).decode()}"
        code, out, err = run("--key", KEY, "--witness", witness, GOLDEN / "event-0.tlog-proof", GOLDEN / "original")
        self.assertEqual((code, out), (2, ""))
        self.assertIn("it is no witness of itself", err)


class InDirectory(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.addCleanup(self.directory.cleanup)
        self.path = pathlib.Path(self.directory.name)

    def write(self, name, text):
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(text))
        return path


class Witnesses(InDirectory):
    def test_all_that_are_given_must_have_cosigned(self):
        key, witnesses, table = vectors("receipt")
        flags = [word for witness in witnesses for word in ("--witness", witness)]
        for name, code, word in (("admission final", 0, "Final:"),
                                 ("admission sealed", 6, "not final: 0 of 2"),
                                 ("admission cosigned by one of two", 6, "not final: 1 of 2")):
            receipt = self.write("r", table[name]["receipt"])
            file = self.write("f", table[name]["file"])
            done = run("--key", key, *flags, receipt, file)
            self.assertEqual(done[0], code, done)
            self.assertIn(word, done[1])
            self.assertEqual(run("--key", key, receipt, file)[0], 0)
        twice = ["--witness", witnesses[0]] * 2
        self.assertEqual(run("--key", key, *twice, receipt, file)[0], 2)


class Checkpoints(InDirectory):
    def test_of_one_ledger(self):
        key, _, table = vectors("checkpoint")
        a = self.write("a", table["sealed"]["checkpoint"])
        b = self.write("b", table["final"]["checkpoint"])
        code, out, _ = run("--key", key, a, b)
        self.assertEqual(code, 0)
        self.assertIn("same ledger", out)

    def test_same_size_other_root_convicts(self):
        key, _, table = vectors("checkpoint")
        a = self.write("a", table["sealed"]["checkpoint"])
        b = self.write("b", table["another history of the same size"]["checkpoint"])
        code, out, _ = run("--json", "--key", key, a, b)
        self.assertEqual((code, json.loads(out)["contradiction"]), (6, True))
        self.assertIn("CONTRADICTION", run("--key", key, b, a)[1])

    def test_a_file_name_does_not_write_on_the_terminal(self):
        key, _, table = vectors("checkpoint")
        text = base64.b64decode(table["sealed"]["checkpoint"])
        names = {"bell\x07": "bell<U+0007>", "gone\x7f": "gone<U+007F>", "turned\u202e": "turned<U+202E>", "apart\u2067": "apart<U+2067>",
                 "sides\u2069": "sides<U+2069>", "lines\u2028": "lines<U+2028>", "high\u0085": "high<U+0085>", "a\u2027b": "a\u2027b",
                 "a\u202fb": "a\u202fb", "a\u2065b": "a\u2065b", "a\u206ab": "a\u206ab", "a\u2111b": "a\u2111b", "a\u00a9b": "a\u00a9b",
                 "a\u00e9": "a\u00e9"}
        for name, shown in names.items():
            path = self.path / name
            path.write_bytes(text)
            code, out, _ = run("--key", key, path, path)
            self.assertEqual(code, 0)
            self.assertIn(f"{self.path}/{shown}: size", out)

    def test_a_proof_to_a_forged_checkpoint_or_from_one(self):
        proof = (GOLDEN / "consistency-4-5").read_bytes()
        forged = self.path / "forged"
        forged.write_bytes(proof[:-8] + b"AAAAAA=\n")
        code, out, _ = run("--key", KEY, GOLDEN / "checkpoint-4", forged)
        self.assertEqual(code, 6)
        self.assertIn("forged: ", out)
        checkpoint = self.path / "small"
        checkpoint.write_bytes((GOLDEN / "checkpoint-4").read_bytes()[:-8] + b"AAAAAA=\n")
        code, out, _ = run("--key", KEY, checkpoint, GOLDEN / "consistency-4-5")
        self.assertEqual(code, 6)
        self.assertIn("small: ", out)

    def test_forged_checkpoint_convicts_nobody(self):
        key, _, table = vectors("checkpoint")
        a = self.write("a", table["sealed"]["checkpoint"])
        b = self.write("b", table["key id clash"]["checkpoint"])
        code, out, _ = run("--key", key, a, b)
        self.assertEqual(code, 6)
        self.assertNotIn("CONTRADICTION", out)

    def test_other_size_is_undecided_without_a_proof(self):
        code, out, _ = run("--key", KEY, GOLDEN / "checkpoint-4", GOLDEN / "checkpoint")
        self.assertEqual(code, 2)
        self.assertIn("cannot be told", out)

    def test_other_size_with_a_proof(self):
        words = [GOLDEN / "checkpoint-4", GOLDEN / "consistency-4-5"]
        self.assertEqual(run("--key", KEY, *words)[0], 0)
        self.assertEqual(run("--key", KEY, *reversed(words))[0], 0)
        proof = (GOLDEN / "consistency-4-5").read_text()
        line = proof.split("\n")[1]
        for bad in (proof.replace("old 4", "old 3"), proof.replace("old 4", "old 04"),
                    proof.replace(line + "\n", ""), proof.replace(line, line + "\n" + line),
                    proof.replace(line, line[:-1]), proof + "x"):
            path = self.path / "bad"
            path.write_text(bad)
            self.assertEqual(run("--key", KEY, GOLDEN / "checkpoint-4", path)[0], 6, bad)
        self.assertEqual(run("--key", KEY, GOLDEN / "checkpoint", GOLDEN / "consistency-4-5")[0], 6)


class Export(InDirectory):
    def unpack(self, name):
        key, witnesses, table = vectors("export")
        for path, text in table[name]["files"].items():
            self.write(path, text)
        return key, [word for witness in witnesses for word in ("--witness", witness)]

    def test_whole(self):
        key, flags = self.unpack("whole")
        code, out, _ = run("--key", key, *flags, self.path)
        self.assertEqual(code, 0, out)
        for words in ("recording.viewed", "Olu Officer, badge 4711", "Final:", "Completeness not proven",
                      "starts at the dock"):
            self.assertIn(words, out)
        self.assertEqual(run("--key", key, str(self.path) + "/")[0], 0)
        report = json.loads(run("--json", "--key", key, self.path)[1])
        self.assertEqual((report["verified"], report["completeness"]), (True, "not proven"))
        self.assertEqual(len(report["rows"]), 9)

    def test_without_its_footage_it_does_not_read_as_whole(self):
        key, flags = self.unpack("whole")
        originals = json.loads((self.path / "manifest.json").read_text())
        for original in originals["originals"]:
            (self.path / original["path"]).unlink()
        originals["originals"] = []
        (self.path / "manifest.json").write_text(json.dumps(originals, separators=(",", ":"), sort_keys=True, ensure_ascii=False))
        code, out, _ = run("--key", key, *flags, self.path)
        self.assertEqual(code, 0, out)
        self.assertTrue(out.startswith("VERIFIED WITHOUT FOOTAGE: "), out)

    def test_of_one_recording_without_footage(self):
        key, _ = self.unpack("without the original")
        code, out, _ = run("--key", key, self.path)
        self.assertEqual(code, 0, out)
        self.assertIn("the original of 1 recording is not", out)

    def test_sealed_is_not_what_was_asked_for_with_witnesses(self):
        key, flags = self.unpack("sealed checkpoint")
        self.assertEqual(run("--key", key, self.path)[0], 0)
        self.assertEqual(run("--key", key, *flags, self.path)[0], 6)

    def test_changed(self):
        key, _ = self.unpack("original changed")
        code, out, _ = run("--key", key, self.path)
        self.assertEqual(code, 6)
        self.assertIn("refused", out)
        self.assertIn("was admitted", out)

    def test_what_was_logged_does_not_write_on_the_terminal(self):
        key, _ = self.unpack("name that would write on a terminal")
        code, out, _ = run("--key", key, self.path)
        self.assertEqual(code, 0)
        self.assertIn("Olu<U+000A><U+001B>[2JVERIFIED<U+202E> <U+0085>", out)
        self.assertEqual([line for line in out.splitlines()[1:] if not line.startswith("  ")], [])

    def test_symbolic_link(self):
        key, _ = self.unpack("whole")
        original = next((self.path / "originals").iterdir())
        bytes_elsewhere = self.path.parent / (self.path.name + "-elsewhere")
        original.rename(bytes_elsewhere)
        self.addCleanup(bytes_elsewhere.unlink)
        original.symlink_to(bytes_elsewhere)
        code, out, _ = run("--key", key, self.path)
        self.assertEqual(code, 6)
        self.assertIn("neither a file nor a directory", out)

    def test_empty_directory(self):
        self.assertEqual(run("--key", KEY, self.path)[0], 6)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
