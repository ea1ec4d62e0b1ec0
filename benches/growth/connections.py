"""Holds idle connections: opens them, has one request answered on each, says so, and waits to be ended.

    connections.py PORT COUNT
"""

import signal
import socket
import sys

REQUEST = b"GET /adfs/probe HTTP/1.1\r\nHost: localhost:%d\r\n\r\n"
AT_ONCE = 100


def answered(connection):
    """Reads one answer to its end, so that the connection is between two requests."""
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += received(connection)
    head, _, body = answer.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 2"):
        sys.exit(f"connections.py: {head[:100]!r}")
    fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
    length = int(fields.get(b"content-length", b"0"))
    while len(body) < length:
        body += received(connection)


def received(connection):
    octets = connection.recv(65536)
    if not octets:
        sys.exit("connections.py: the server has closed a connection")
    return octets


def main():
    port, count = map(int, sys.argv[1:])
    kept = []
    while len(kept) < count:
        some = [
            socket.create_connection(("127.0.0.1", port), timeout=10)
            for _ in range(min(AT_ONCE, count - len(kept)))
        ]
        for connection in some:
            connection.sendall(REQUEST % port)
        for connection in some:
            answered(connection)
        kept += some
    print("open", flush=True)
    signal.pause()


main()
