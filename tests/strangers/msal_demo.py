"""MSAL as an application uses it, with the demo's simulated Entra as its authority.

usage: msal_demo.py START_URL CA.pem NAME PASSWORD; prints one JSON object: the token that MSAL got
and whose it is, or how it failed.
"""

import json
import logging
import socket
import sys
from urllib.parse import urlsplit

import msal
import requests

START, CA, NAME, PASSWORD = sys.argv[1:]
entra = urlsplit(START)

# The demo's names are not in any DNS. And MSAL leaves the port out of the address that it asks for
# the realm of a name, since Entra has none: whatever port is asked for, the demo is at one.
resolve = socket.getaddrinfo
socket.getaddrinfo = lambda name, port, *rest, **more: (
    resolve("127.0.0.1", entra.port, *rest, **more)
    if name.endswith(".localhost")
    else resolve(name, port, *rest, **more)
)

session = requests.Session()
session.verify = CA
session.trust_env = False

application = msal.PublicClientApplication(
    "00000000-0000-0000-0000-000000000001",
    authority=f"https://{entra.netloc}/contoso.onmicrosoft.com",
    # Asked at Microsoft, where nobody knows the demo.
    instance_discovery=False,
    http_client=session,
)
logging.disable(logging.CRITICAL)
try:
    token = application.acquire_token_by_username_password(NAME, PASSWORD, ["user.read"])
    if "access_token" in token:
        user = session.get(
            f"https://{entra.netloc}/oidc/userinfo",
            headers={"Authorization": f"Bearer {token['access_token']}"},
        )
        user.raise_for_status()
        said = {"token_type": token["token_type"], "user": user.json()}
    else:
        said = {"error": token["error_description"]}
except (RuntimeError, ValueError) as error:  # how MSAL tells a fault, and that there is no endpoint
    said = {"error": str(error)}
json.dump(said, sys.stdout)
