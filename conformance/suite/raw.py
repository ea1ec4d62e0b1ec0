"""HTTP by hand, for what no client sends."""

import contextlib
import http.client
import io
import socket
import ssl
import urllib.parse

from .browser import Page


class Raw:
    def __init__(self, url, ca_file):
        parts = urllib.parse.urlsplit(url)
        self.host, self.port = parts.hostname, parts.port or 443
        self.authority = parts.netloc
        self.ca_file = ca_file

    def connect(self, **settings):
        """A TLS connection."""
        context = ssl.create_default_context(cafile=self.ca_file)
        if settings:
            # What this machine would refuse by itself is to be refused by the other side.
            context.set_ciphers("ALL:@SECLEVEL=0")
        for name, value in settings.items():
            setattr(context, name, value)
        plain = socket.create_connection((self.host, self.port), timeout=20)
        return context.wrap_socket(plain, server_hostname=self.host)

    def get(self, url, host=None, headers=()):
        """A GET whose target is written as it stands."""
        parts = urllib.parse.urlsplit(url)
        target = parts.path + ("?" + parts.query if parts.query else "")
        lines = [f"GET {target} HTTP/1.1", f"Host: {host or self.authority}", "Connection: close",
                 *headers, "", ""]
        return self.send("\r\n".join(lines).encode(), url)[0]

    def send(self, octets, url=""):
        """What is answered to these octets: the pages, as many as come; none where the connection
        is closed."""
        answer = b""
        with contextlib.closing(self.connect()) as connection:
            # It may be closed before all of it is sent.
            with contextlib.suppress(OSError):
                connection.sendall(octets)
            with contextlib.suppress(OSError):
                while chunk := connection.recv(65536):
                    answer += chunk
        stream, pages = io.BytesIO(answer), []
        while stream.tell() < len(answer):
            reply = http.client.HTTPResponse(_Socket(stream))
            try:
                reply.begin()
                text = reply.read().decode(errors="replace")
            except (http.client.HTTPException, ValueError):
                break
            pages.append(Page(url, reply.status, dict(reply.headers), text,
                              reply.headers.get("Location")))
        return pages or [Page(url, 0, {}, "")]


class _Socket:
    """What HTTPResponse wants of a socket: a file, which stays open for the next response."""

    def __init__(self, stream):
        self.stream = stream

    def makefile(self, *_):
        return _Open(self.stream)


class _Open:
    def __init__(self, stream):
        self.stream = stream

    def close(self):
        pass

    def __getattr__(self, name):
        return getattr(self.stream, name)
