#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The house rules that a machine can see, as a test. Prints each breach and exits 1 if there is one.

An exemption below names a file and a rule; one that is no longer needed is a breach too.
"""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
SRC = ROOT / "src"
LINE_MAX = 140  # clang-format breaks at 120; long string literals and SQL may run on
EVIDENCE_LINES_MAX = 3000
ASIO_FILES_MAX = 6
CORPORA_BYTES_MAX = 2 << 20

# (file, rule): why
EXEMPT = {}

breaches = []
used = set()


def breach(path, rule, text):
    key = (str(path), rule)
    if key in EXEMPT:
        used.add(key)
        return
    breaches.append(f"{path}: {rule}: {text}")


def read_floors():
    floors = {}
    for line in (ROOT / "docs/floors.txt").read_text().splitlines():
        words = line.split()
        if words and words[0].isdigit():
            for name in words[2:]:
                floors[name] = int(words[0])
    return floors


def tracked(*patterns):
    out = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard", *patterns],
                         cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / line for line in out.splitlines() if (ROOT / line).is_file()]


BANNED_CALLS = {
    r"\b(strcpy|strcat|sprintf|vsprintf|gets|strtok)\s*\(": "a banned call",
    r"(?<![.>:_\w])(system|popen)\s*\(|::(system|popen)\s*\(": "a shell",
    r"\bstd::(thread|jthread)\s*\([^)]*\)\s*\.detach": "a detached thread",
    r"\.detach\(\)": "a detached thread",
    r"sleep_for|usleep\s*\(|\bsleep\s*\(": "a sleep",
    r"\busing namespace std;": "using namespace std",
    r"catch\s*\(\.\.\.\)\s*\{\s*\}": "an exception swallowed",
    r"\bstd::regex\b": "std::regex on foreign input",
    r"\b(TODO|FIXME|XXX|HACK)\b": "an unfinished thought",
}
# What SQLite and PostgreSQL do not both speak: the last section of docs/formats/sql.md, in its order.
BANNED_SQL = {
    r"\b(BOOLEAN|TRUE|FALSE|INTEGER|INT|REAL|FLOAT|NUMERIC|TIMESTAMP|DATETIME|DATE|SERIAL|JSON|BLOB|BYTEA)\b": "a type outside the dialect",
    r"\b(STRICT|WITHOUT\s+ROWID|AUTOINCREMENT|rowid|COLLATE)\b": "SQLite's own",
    r"\bI?LIKE\b|\bGLOB\b|\bREGEXP\b|~": "a pattern: the engines differ in case; see Database::contains",
    r"::|->|\$\d|\?": "SQL of one engine",
    r"\bIS\s+(?!NOT\s+NULL|NULL)": "IS with anything but NULL",
    r"\bINSERT\s+OR\b|\bREPLACE\s+INTO\b|\bOFFSET\b|\bSELECT\s+\*": "a statement outside the dialect",
    r"(?i:\b(group_concat|string_agg|ifnull|iif|now|random|lower|upper|instr|strpos|strftime)\s*\()": "a function of one engine",
    r"\bCURRENT_|\bFOR\s+UPDATE\b|\b(PRAGMA|ATTACH|VACUUM|TRIGGER|TEMP|TEMPORARY)\b|\bCREATE\s+VIEW\b|/\*": "outside the dialect",
}
SQL_STATEMENT = re.compile(r"\s*(SELECT|INSERT INTO|UPDATE|DELETE FROM|CREATE|ALTER|WITH|DROP)\b")


def tries_in_lists(code):
    """Where TRY stands in a braced list behind other elements. When it returns, what was made for the list is never destroyed (g++ and clang++ both),
    so that whoever can make it fail leaks as much as the elements hold. A value with a name of its own is."""
    for found in re.finditer(r"\bTRY\(", code):
        depth, is_behind = 0, False
        for at in range(found.start() - 1, -1, -1):
            char = code[at]
            if char in ")]}":
                depth += 1
            elif char in "([{" and depth > 0:
                depth -= 1
            elif char == "(":
                is_behind = False  # of a call: its arguments are destroyed
            elif char in "[{" or (char == ";" and depth == 0):
                is_block = re.fullmatch(r"\s*[\w:]+<[^{}]*>\s+\w+ = ", code[at + 1:found.start()])
                if char == "{" and is_behind and not is_block:
                    yield code.count("\n", 0, found.start()) + 1
                break
            elif char == "," and depth == 0:
                is_behind = True


def sql_texts(code):
    """The statements in a file: literals side by side are one text; what stands in quotes inside them is data."""
    texts = re.findall(r'R"sql\((.*?)\)sql"', code, re.S)
    for run in re.findall(r'"(?:[^"\\\n]|\\.)*"(?:\s*"(?:[^"\\\n]|\\.)*")*', code):
        text = "".join(re.findall(r'"((?:[^"\\\n]|\\.)*)"', run))
        if SQL_STATEMENT.match(text):
            texts.append(text)
    return [re.sub(r"'[^']*'|--[^\n]*", "''", text) for text in texts]


# What this rule is to find and what it is to leave, or its silence means nothing.
assert [*tries_in_lists("f({a, TRY(b)});")] and [*tries_in_lists("T t{a,\n g(TRY(b))};")] and not [*tries_in_lists("{ f(a, TRY(b)); x = {TRY(c), d}; }")]

floors = read_floors()
asio_files = []
third_party = {}
for path in tracked("src/*.h", "src/*.cc", "test/*.h", "test/*.cc"):
    name = path.relative_to(ROOT)
    text = path.read_text(errors="replace")
    lines = text.splitlines()
    is_test = path.name.endswith(("_test.cc", "_conformance.h", "_fuzz.cc")) or name.parts[0] == "test"
    if not lines or "SPDX-License-Identifier: Apache-2.0" not in lines[0]:
        breach(name, "spdx", "the first line names no licence")
    if path.suffix == ".h":
        if "#pragma once" not in text:
            breach(name, "header", "no #pragma once")
        if not is_test and name.parts[0] == "src":
            for word in ("Owns:", "Promises:", "Fails with:", "Threads:"):
                if word not in text:
                    breach(name, "header", f"the opening comment does not answer {word!r}")
    for number, line in enumerate(lines, 1):
        if len(line) > LINE_MAX and "R\"" not in line and "http" not in line:
            breach(name, "line", f"line {number} has {len(line)} characters")
        if line.rstrip() != line:
            breach(name, "space", f"line {number} ends in white space")
    code = re.sub(r'"(?:[^"\\\n]|\\.)*"', '""', re.sub(r"//[^\n]*", "", text))
    for pattern, what in BANNED_CALLS.items():
        if is_test and what in ("a shell", "a banned call"):
            continue  # tests make certificates by commands of their own wording, and try what is forbidden
        subject = text if "unfinished" in what else code
        if re.search(pattern, subject):
            breach(name, "banned", what)
    for number in tries_in_lists(re.sub(r"//[^\n]*", "", re.sub(r'"(?:[^"\\\n]|\\.)*"', '""', text))):
        breach(name, "try", f"line {number}: TRY behind other elements of a list: give its value a name before")
    if name.parts[0] != "src":
        continue
    module = name.parts[1]
    if module not in floors:
        breach(name, "floor", f"{module} is not in docs/floors.txt")
        continue
    for include in re.findall(r'#include "([^"]+)"', text):
        target = include.split("/")[0]
        if target == module or ((is_test or path.name.endswith("_for_tests.h")) and include.startswith("test/")):
            continue
        if target not in floors:
            breach(name, "floor", f"includes {include}, which stands on no floor")
        elif floors[target] >= floors[module] and not include.endswith("/events.h"):
            breach(name, "floor", f"floor {floors[module]} includes {include} of floor {floors[target]}")
    if module != "http" and re.search(r"\bco_await\b|\basio\b", code):
        breach(name, "asio", "coroutines and Asio stay in http/")
    if re.search(r"#include <boost/asio", text) and not is_test:
        asio_files.append(str(name))
    if not is_test and module not in ("db",):
        for sql in sql_texts(text):
            for pattern, what in BANNED_SQL.items():
                found = re.search(pattern, sql)
                if found:
                    breach(name, "sql", f"{what}: {sql[max(0, found.start() - 30):found.end() + 30]!r}")

if len(asio_files) > ASIO_FILES_MAX:
    breach("src/http", "asio", f"{len(asio_files)} files include Asio, at most {ASIO_FILES_MAX} may: {asio_files}")
evidence = sum(len(p.read_text().splitlines()) for p in (SRC / "evidence").glob("*") if not p.name.endswith(("_test.cc", "_for_tests.h")))
if evidence > EVIDENCE_LINES_MAX:
    breach("src/evidence", "size", f"{evidence} lines, at most {EVIDENCE_LINES_MAX}")

# Two types of one name in a namespace are undefined behavior that no compiler sees: a constructor of the one is linked for the other.
types = {}
for path in tracked("src/*.h"):
    text = path.read_text()
    for namespace in re.finditer(r"^namespace ([\w:]+) \{$(.*?)^\}  // namespace \1$", text, re.M | re.S):
        for name in re.findall(r"^(?:struct|class|enum class) (\w+)(?: final)?(?: :[^;{]*)? \{", namespace[2], re.M):
            types.setdefault((namespace[1], name), set()).add(str(path.relative_to(ROOT)))
for (namespace, name), paths in sorted(types.items()):
    if len(paths) > 1:
        breach(sorted(paths)[0], "one type", f"{namespace}::{name} is another one in {', '.join(sorted(paths)[1:])}")

# Each fuzz target has seeds, which the tests replay, and a row that says what it reads and who sends it.
fuzz_rows = set(re.findall(r"^\| `([a-z0-9_]+)` \|", (ROOT / "docs/fuzzing.md").read_text(), re.M))
corpora = {}
for path in tracked("test/soak/corpus/*"):
    corpora.setdefault(path.relative_to(ROOT / "test/soak/corpus").parts[0], []).append(path.stat().st_size)
fuzz_targets = set()
for path in tracked("src/*_fuzz.cc"):
    target = f"{path.relative_to(SRC).parts[0]}_{path.name.removesuffix('_fuzz.cc')}"
    # One source may be built for several kinds of file: footage of each container.
    each = [name for name in corpora if name == target or name.startswith(target + "_")]
    if not each:
        breach(path.relative_to(ROOT), "fuzz", f"no seeds in test/soak/corpus/{target}")
    for name in each or [target]:
        fuzz_targets.add(name)
        if name not in fuzz_rows:
            breach(path.relative_to(ROOT), "fuzz", f"docs/fuzzing.md has no row for {name}")
for name in sorted((set(corpora) | fuzz_rows) - fuzz_targets):
    breach("docs/fuzzing.md", "fuzz", f"{name} has a row or a corpus, and no x_fuzz.cc")
if sum(map(sum, corpora.values())) > CORPORA_BYTES_MAX:
    breach("test/soak/corpus", "size", f"more than {CORPORA_BYTES_MAX} bytes: minimize with -merge=1")

# Nothing that only one machine has, and no word of where it was built.
for path in tracked():
    name = path.relative_to(ROOT)
    if path.suffix in (".png", ".mp4", ".jpg", ".bin") or name.parts[:2] == ("test", "data") or name.name == "tidy.py":
        continue
    text = path.read_text(errors="replace")
    if re.search(r"/root/|/home/[a-z]+/", text):
        breach(name, "path", "names a path of one machine")
    if re.search(r"[Tt]amper-?proof|[Bb]lockchain", text):
        breach(name, "words", "say tamper-evident")

for key in EXEMPT.keys() - used:
    breaches.append(f"{key[0]}: an exemption from {key[1]!r} that is no longer needed")
for line in breaches:
    print(line)
print(f"tidy: {len(breaches)} breaches")
sys.exit(1 if breaches else 0)
