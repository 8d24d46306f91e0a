#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""lapel-verify from the outside: its exit codes, its words, and that it cannot open a socket.

usage: verify_test.py PROGRAM SOURCE_DIR
"""
import base64
import fcntl
import hashlib
import json
import os
import pathlib
import re
import signal
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
    def setUp(self):
        # What is shipped has none: the same test runs with that program in the server lane.
        if any(re.search(r" __[at]san_init\b", line) for line in readelf("--syms")):
            self.skipTest("a sanitizer brings calls of its own")

    def test_nothing_of_the_network_is_imported(self):
        rows = [line.split() for line in readelf("--dyn-syms")]
        imported = {row[7].split("@")[0] for row in rows if len(row) > 7 and row[6] == "UND"}
        self.assertIn("fopen", {name.removesuffix("64") for name in imported})  # the table was read
        self.assertEqual(sorted(imported.intersection(NETWORK)), [])

    def test_no_library_for_it_is_linked(self):
        needed = [line.split("[")[1].rstrip("]") for line in readelf("--dynamic") if "(NEEDED)" in line]
        allowed = ("libcrypto.", "libfmt.", "libstdc++.", "libgcc_s.", "libm.", "libc.", "libsodium.",
                   "ld-linux")
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
        code, out, errors = run("--key", KEY, GOLDEN / "event-0.tlog-proof", "/proc/self/mem")
        self.assertEqual((code, out), (1, ""))
        self.assertIn("/proc/self/mem: Input/output error", errors)

    def test_too_long_to_be_one(self):
        with tempfile.TemporaryDirectory() as scratch:
            receipt = pathlib.Path(scratch) / "r"
            receipt.write_bytes((GOLDEN / "event-1.tlog-proof").read_bytes() + b"x" * 256 * 1024)
            code, out, _ = run("--key", KEY, receipt)
        self.assertEqual(code, 6)
        self.assertTrue(out.startswith("NOT VERIFIED: "), out)

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
                      ["--key", "nonsense", *good], ["--key", KEY, "--witness", "nonsense", *good],
                      ["--key", vectors("receipt")[1][0], *good],
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
            code, _, errors = run("--key", key, path, path)
            self.assertEqual(code, 1)
            self.assertIn(f"{self.path}/{shown}: No such file", errors)
            path.write_bytes(text)
            code, out, _ = run("--key", key, path, path)
            self.assertEqual(code, 0)
            self.assertIn(f"{self.path}/{shown}: size", out)

    def test_a_file_name_that_is_no_text_takes_nothing_of_its_line_along(self):
        key, _, table = vectors("checkpoint")
        for name in (b"cut\xc2", b"cut\xe2", b"cut\xe2\x80", b"cut\xe2\x81"):
            path = os.path.join(os.fsencode(self.path), name)
            pathlib.Path(os.fsdecode(path)).write_bytes(base64.b64decode(table["sealed"]["checkpoint"]))
            done = subprocess.run([PROGRAM, "--key", key, path, path], capture_output=True, timeout=60)
            self.assertEqual(done.returncode, 0)
            self.assertIn(path + b": size", done.stdout)
            # Where it ends a line, nothing is there to take.
            done = subprocess.run([PROGRAM, "--key", key, b"--" + name], capture_output=True, timeout=60)
            self.assertEqual(done.returncode, 2)
            self.assertIn(b"--" + name + b"\n", done.stderr)

    def test_what_was_given_does_not_write_on_the_terminal(self):
        for words in (["--key", KEY, "--\u202eevil"], ["--key", KEY, "--witness", "\u202eevil", GOLDEN / "checkpoint"]):
            code, _, errors = run(*words)
            self.assertEqual(code, 2)
            self.assertIn("<U+202E>evil", errors)
            self.assertNotIn("\u202e", errors)

    def padded(self, name, bytes_wanted, note_at=0):
        """A signed file of the ledger, with lines of signers that nobody knows until its note has so many bytes."""
        out = (GOLDEN / name).read_bytes()
        missing = bytes_wanted - (len(out) - note_at)
        lines = -(-missing // 1500)
        for i in range(lines):
            out += "\u2014 ".encode() + b"n" * ((missing + i) // lines - 14) + b" AAAAAAA=\n"
        self.assertEqual(len(out) - note_at, bytes_wanted)
        path = self.path / f"padded-{name}"
        path.write_bytes(out)
        return path

    def test_the_greatest_length_and_more(self):
        most = 64 * 1024
        proof_at = (GOLDEN / "consistency-4-5").read_bytes().index(b"\n\n") + 2
        for more, code in ((0, 0), (1, 6)):
            a = self.padded("checkpoint", most + more)
            done = run("--key", KEY, a, GOLDEN / "checkpoint")
            self.assertEqual(done[0], code, done)
            done = run("--key", KEY, GOLDEN / "checkpoint-4", self.padded("consistency-4-5", most + more, proof_at))
            self.assertEqual(done[0], code, done)
        done = run("--key", KEY, GOLDEN / "checkpoint-4", self.padded("consistency-4-5", 2 * most + 1))
        self.assertEqual(done[0], 6)
        self.assertIn("is no consistency proof", done[1])

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


class Vanishing(InDirectory):
    """Files that are there when the program looks what they are, and gone when it reads them."""

    def run_without(self, *words, gone, opened=None):
        """Runs the program. When it opens `opened`, or else `gone`, for the first time, `gone` is taken away: a lease on
        the file tells of the open and holds it up until then."""
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGIO})
        lease = os.open(opened or gone, os.O_RDONLY)
        try:
            fcntl.fcntl(lease, fcntl.F_SETLEASE, fcntl.F_WRLCK)
            process = subprocess.Popen([PROGRAM, *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            opening = signal.sigtimedwait({signal.SIGIO}, 60)
            gone.unlink()
        finally:
            os.close(lease)
        out, errors = process.communicate(timeout=60)
        self.assertIsNotNone(opening)
        self.assertEqual((process.returncode, out), (1, b""))
        self.assertIn(f"{gone}: No such file or directory", errors.decode())
        self.assertIn("Nothing was verified", errors.decode())

    def copy(self, name):
        path = self.path / name
        path.write_bytes((GOLDEN / name).read_bytes())
        return path

    def test_a_receipt(self):
        path = self.copy("event-1.tlog-proof")
        self.run_without("--key", KEY, path, gone=path)

    def test_the_file_of_a_receipt(self):
        for receipt_at in (0, 1):
            path = self.copy("original")
            words = [path]
            words.insert(receipt_at, GOLDEN / "event-0.tlog-proof")
            self.run_without("--key", KEY, *words, gone=path)

    def test_a_checkpoint(self):
        path = self.copy("checkpoint")
        self.run_without("--key", KEY, path, GOLDEN / "checkpoint", gone=path)

    def test_a_consistency_proof_or_its_smaller_checkpoint(self):
        for gone in ("checkpoint-4", "consistency-4-5"):
            for turned in (False, True):
                words = [self.copy("checkpoint-4"), self.copy("consistency-4-5")]
                if turned:
                    words.reverse()
                self.run_without("--key", KEY, *words, gone=self.path / gone)

    def test_a_file_of_an_export(self):
        key, _, table = vectors("export")
        for path, text in table["whole"]["files"].items():
            self.write(path, text)
        self.run_without("--key", key, self.path, opened=self.path / "manifest.json", gone=self.path / "checkpoint")


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

    def test_of_a_guest_shows_the_id_and_no_name(self):
        key, _ = self.unpack("guest")
        code, out, _ = run("--key", key, self.path)
        self.assertEqual(code, 0, out)
        rows = json.loads(run("--json", "--key", key, self.path)[1])["rows"]
        guests = [row for row in rows if "actor_name" not in row]
        self.assertEqual([row["type"] for row in guests], ["recording.viewed"])
        self.assertIn(f"  by {guests[0]['actor']}\n", out)
        self.assertIn("  by Ada Admin, badge 1\n", out)

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
