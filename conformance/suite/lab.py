"""The laboratory: a temporary folder, free ports, a CA, and processes that end with it."""

import dataclasses
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from .keys import Authority

HOST = "idp.conformance.internal"


class Lab:
    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="conformance-"))
        # A server that runs as another user reads and writes below.
        self.folder.chmod(0o755)
        self.authority = Authority()
        self.ca_file = self.write("ca.pem", self.authority.key.certificate_pem)
        tls = self.authority.issue(HOST)
        self.tls_certificate = self.write("tls.crt", tls.certificate_pem)
        self.tls_key = self.write("tls.key", tls.private_pem, 0o600)
        self.processes = []

    def write(self, name, text, mode=0o644):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)
        return str(path)

    def make_folder(self, name, mode=0o755):
        path = self.folder / name
        path.mkdir(parents=True, exist_ok=True)
        path.chmod(mode)
        return str(path)

    def start(self, command, log, port, environment=None):
        """Starts a server in a session of its own, and waits until it listens."""
        with open(self.folder / log, "wb") as output:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                env={**os.environ, **(environment or {})}, start_new_session=True,
            )
        self.processes.append(process)
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return process
            time.sleep(0.05)
        raise RuntimeError(f"{command[0]} does not start: {self.log(log)[-2000:]}")

    def log(self, name):
        return (self.folder / name).read_text(errors="replace")

    def close(self):
        """Ends each server with its children, and takes the folder away."""
        for process in reversed(self.processes):
            try:
                os.killpg(process.pid, signal.SIGTERM)
                process.wait(timeout=5)
            except (ProcessLookupError, subprocess.TimeoutExpired):
                pass
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


@dataclasses.dataclass
class Cost:
    """What a process and its children have cost so far."""

    mebibytes: float
    # Of all cores together: what others do on the machine is not in it.
    cpu_seconds: float


def cost(process):
    """The memory that a process and its children hold, and the time that they have computed."""
    children, held = {}, {}
    for entry in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            # proc(5), from the state on.
            stat = (entry / "stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        children.setdefault(int(stat[1]), []).append(int(entry.name))
        held[int(entry.name)] = int(stat[21]), sum(int(ticks) for ticks in stat[11:15])
    waiting, pages, ticks = [process.pid], 0, 0
    while waiting:
        pid = waiting.pop()
        pages += held.get(pid, (0, 0))[0]
        ticks += held.get(pid, (0, 0))[1]
        waiting += children.get(pid, [])
    return Cost(pages * os.sysconf("SC_PAGE_SIZE") / 2**20, ticks / os.sysconf("SC_CLK_TCK"))
