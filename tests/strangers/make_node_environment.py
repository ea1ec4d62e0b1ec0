"""Installs the Node packages of the tests, once, however many test programs ask for them.

usage: make_node_environment.py ENVIRONMENT FOLDER_WITH_PACKAGE_AND_LOCK NPM
"""

import fcntl
import pathlib
import shutil
import subprocess
import sys

environment, source = map(pathlib.Path, sys.argv[1:3])
npm = sys.argv[3]
files = ("package.json", "package-lock.json")
stamp = environment / "installed"
wanted = "".join((source / name).read_text() for name in files)

environment.parent.mkdir(parents=True, exist_ok=True)
with open(environment.with_suffix(".lock"), "w") as lock:
    fcntl.flock(lock, fcntl.LOCK_EX)
    if not stamp.exists() or stamp.read_text() != wanted:
        shutil.rmtree(environment, ignore_errors=True)
        environment.mkdir()
        for name in files:
            shutil.copy(source / name, environment)
        # No package's own scripts run; what comes is what the lock's digests say.
        subprocess.run(
            [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
            cwd=environment,
            check=True,
            timeout=300,
        )
        # Last, so that an interrupted installation is done again.
        stamp.write_text(wanted)
