#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the types promise not to allow: each case here compiles as it stands, and not with -DWRONG.

    run.py [CASE…] -- COMPILER FLAG…     the compiler and the flags of the build

A case says by `// expected:` what stands in the first error, so that it is the promise that is tried and not a header that
has moved. `// compiler:` asks for another compiler, with further flags.
"""
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
SRC = HERE.parent.parent / "src"


def wanted(text, key):
    found = re.search(rf"^// {key}: (.*)$", text, re.M)
    return found and found.group(1).strip()


def compile(case, command, *flags):
    done = subprocess.run([*command, "-fsyntax-only", f"-I{SRC}", *flags, str(case)], capture_output=True, text=True,
                          env={**os.environ, "LC_ALL": "C"})
    return done.returncode, done.stderr  # which quotes plainly under LC_ALL=C


def fault_of(case, command):
    """What is wrong with the case; None when it is as it should be."""
    text = case.read_text()
    expected = wanted(text, "expected")
    if expected is None or "#ifdef WRONG" not in text:
        return "the case names no expected error, or has nothing wrong in it"
    other = wanted(text, "compiler")
    if other:
        command = [other.split()[0], "-std=c++20", "-Wall", "-Wextra", "-Wpedantic", "-Werror", *other.split()[1:]]
    code, errors = compile(case, command)
    if code != 0:
        return f"the twin does not compile:\n{errors}"
    code, errors = compile(case, command, "-DWRONG")
    if code == 0:
        return "it compiles"
    first = next((line for line in errors.splitlines() if re.search(r"\berror:", line)), "")
    return None if expected in first else f"another error than \"{expected}\":\n{errors}"


def main():
    split = sys.argv.index("--")
    names, command = sys.argv[1:split], sys.argv[split + 1:]
    cases = sorted(HERE.glob("*.cc"))
    if names:
        cases = [case for case in cases if case.stem in names]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        faults = list(pool.map(lambda case: fault_of(case, command), cases))
    for case, fault in zip(cases, faults):
        print(f"{case.stem}: {fault or 'refused as it should be'}")
    print(f"{len(cases)} cases, {sum(fault is not None for fault in faults)} faults")
    sys.exit(1 if not cases or any(faults) else 0)


if __name__ == "__main__":
    main()
