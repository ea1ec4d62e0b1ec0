"""Runs an application as the documentation prints it.

usage: msal_snippet.py PORT < APPLICATION

The demo's names are not in any DNS, and whatever port the application names, the demo is at PORT.
In place of opening a browser, the address is printed.
"""

import logging
import os
import socket
import sys
import webbrowser

resolve = socket.getaddrinfo
socket.getaddrinfo = lambda name, port, *rest, **more: (
    resolve("127.0.0.1", sys.argv[1], *rest, **more)
    if name.endswith(".localhost")
    else resolve(name, port, *rest, **more)
)


def open_browser(address, *_, **__):
    print(address, flush=True)
    return True


webbrowser.open = open_browser
# They would win over what the application says.
for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
    os.environ.pop(name, None)
os.environ["NO_PROXY"] = "*"
logging.disable(logging.CRITICAL)
exec(compile(sys.stdin.read(), "application", "exec"))
