"""Makes the virtual environment of the tests, once, however many test programs ask for it.

usage: make_environment.py ENVIRONMENT REQUIREMENTS
"""

import fcntl
import pathlib
import shutil
import subprocess
import sys

environment, requirements = map(pathlib.Path, sys.argv[1:])
stamp = environment / "requirements.installed"
wanted = requirements.read_text()

environment.parent.mkdir(parents=True, exist_ok=True)
with open(environment.with_suffix(".lock"), "w") as lock:
    fcntl.flock(lock, fcntl.LOCK_EX)
    if not stamp.exists() or stamp.read_text() != wanted:
        shutil.rmtree(environment, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", environment], check=True)
        python = environment / "bin" / "python"
        subprocess.run(
            [python, "-m", "pip", "install", "--quiet", "--requirement", requirements],
            check=True,
        )
        # Last, so that an interrupted installation is done again.
        stamp.write_text(wanted)
