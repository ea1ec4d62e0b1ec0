"""Starts the server a few times and prints, as JSON, how long that takes and what it holds.

    startup.py BINARY CONFIG PORT CA

From exec to the last octet of the first answer, over TLS; the client's own handshake is in it.
"""

import json
import os
import socket
import ssl
import statistics
import subprocess
import sys
import time

STARTS = 7
PATIENCE = 10  # seconds


def answered(port, context, deadline):
    while True:
        try:
            plain = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
            break
        except ConnectionRefusedError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.0005)
    with context.wrap_socket(plain, server_hostname="localhost") as stream:
        stream.sendall(
            f"GET /metadata HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n\r\n".encode()
        )
        answer = b""
        while octets := stream.recv(65536):
            answer += octets
    if not answer.startswith(b"HTTP/1.1 200 "):
        raise RuntimeError(f"no metadata: {answer[:100]!r}")


def resident_kib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS:"))


def main():
    binary, config, port, ca = sys.argv[1:]
    context = ssl.create_default_context(cafile=ca)
    times, resident = [], []
    for _ in range(STARTS):
        begun = time.monotonic()
        server = subprocess.Popen(
            [binary, "serve", "--config", config], stderr=subprocess.DEVNULL
        )
        try:
            answered(int(port), context, begun + PATIENCE)
            times.append((time.monotonic() - begun) * 1e3)
            time.sleep(0.3)
            resident.append(resident_kib(server.pid))
        finally:
            server.terminate()
            server.wait(PATIENCE)
    json.dump(
        {
            "first_answer_ms": statistics.median(times),
            "idle_kib": max(resident),
            "binary_bytes": os.stat(binary).st_size,
        },
        sys.stdout,
    )


main()
