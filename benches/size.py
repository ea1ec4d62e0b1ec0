#!/usr/bin/env python3
"""Holds the release binary to its budget, and says what takes the room.

    benches/size.py                the binary that `cargo build --release` left; exits 1 over the budget
    benches/size.py --rooms        builds it with names, and lists the biggest crates and rooms of it

Over the budget, the list follows by itself. The build with names goes to a folder of its own.
"""

import collections
import json
import os
import pathlib
import re
import subprocess
import sys

BUDGET = 15_000_000  # octets
ROOT = pathlib.Path(__file__).resolve().parent.parent


def target():
    said = subprocess.run(
        ["cargo", "metadata", "--format-version=1", "--no-deps", "--offline"],
        cwd=ROOT, check=True, capture_output=True, text=True)
    return pathlib.Path(json.loads(said.stdout)["target_directory"])


def named_binary():
    """The same code with the names of its functions: stripped of lines only."""
    folder = target() / "size"
    print("building it with names, which takes as long as any release build", flush=True)
    subprocess.run(
        ["cargo", "build", "--quiet", "--release", "--bin", "homerealm"], cwd=ROOT, check=True,
        env=os.environ | {"CARGO_PROFILE_RELEASE_STRIP": "debuginfo", "CARGO_TARGET_DIR": str(folder)})
    return folder / "release" / "homerealm"


def owner(name):
    """The crate of a function; for ours, the room."""
    path = re.search(r"[A-Za-z_]\w*(?:::[A-Za-z_]\w*)*", re.sub(r"^<+(?:dyn |&mut |&|\[)*", "", name))
    if path is None:
        return "?"
    parts = path.group().split("::")
    if parts[0] == "aws_lc" or parts[0].startswith("aws_lc_"):
        return "AWS-LC"
    if len(parts) == 1:
        return "C and assembly"
    return "::".join(parts[:2]) if parts[0] == "homerealm" else parts[0]


def rooms(binary):
    """Octets of machine code by owner. Generic code counts where it is written: `core`, `alloc`."""
    listed = subprocess.run(
        ["nm", "--print-size", "--defined-only", "--demangle", binary],
        check=True, capture_output=True, text=True).stdout
    octets, seen = collections.Counter(), set()
    for line in listed.splitlines():
        fields = line.split(None, 3)
        if len(fields) == 4 and fields[2] in "tT" and fields[0] not in seen:
            seen.add(fields[0])
            octets[owner(fields[3])] += int(fields[1], 16)
    return octets


def show_rooms():
    binary = named_binary()
    octets = rooms(binary)
    print(f"{sum(octets.values()):>12,}  machine code in all")
    for name, size in octets.most_common(30):
        print(f"{size:>12,}  {name}")


def main():
    if sys.argv[1:] == ["--rooms"]:
        show_rooms()
        return 0
    if sys.argv[1:]:
        print(__doc__, file=sys.stderr)
        return 2
    binary = target() / "release" / "homerealm"
    if not binary.exists():
        print(f"{binary} is not there: cargo build --release", file=sys.stderr)
        return 2
    size = binary.stat().st_size
    print(f"{size:,} octets of at most {BUDGET:,}: {binary}")
    if size <= BUDGET:
        return 0
    print("The release binary is over its budget.")
    show_rooms()
    return 1


if __name__ == "__main__":
    sys.exit(main())
