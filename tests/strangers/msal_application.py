"""An application that signs people in by MSAL, with the demo's simulated Entra as its authority.

usage: msal_application.py START_URL CA.pem; one JSON object a line in, one out.

  {"do": "become", "id": CLIENT, "registration": {...}, "credential": ...}
                                                 -> {}: registered so, it goes on as that confidential client
  {"do": "discover", "authority": URL}           -> {"address": where its browser is sent} or {"error": ...}
  {"do": "begin", "mode": MODE}                  -> {"address": where the browser is sent}
  {"do": "finish", "brought": {...}}             -> {"claims": of the ID token, verified, "user": userinfo}
  {"do": "silent"}                               -> {"cached": token source, "refreshed": claims}
  {"do": "device"}                               -> {"user_code": ..., "address": where it is typed}
  {"do": "poll"}                                 -> {"claims": ...} or {"error": ...}
  {"do": "password", "name": ..., "password": ...} -> {"claims": ...} or {"error": ...}
  {"do": "redeem_by_v1", "code": CODE}           -> {"claims": ..., "resource": ..., "expires_in": ...}
  {"do": "steal", "code": CODE, "with": {...}}   -> {"error": ...}: the code, by a request of our own
"""

import json
import logging
import socket
import sys
from urllib.parse import urlsplit

import jwt
import msal
import requests

START, CA = sys.argv[1:]
CLIENT = "00000000-0000-0000-0000-000000000001"
SCOPES = ["User.Read"]
REDIRECT = "http://localhost:49152"
entra = urlsplit(START)
authority = f"https://{entra.netloc}/contoso.onmicrosoft.com"

# The demo's names are not in any DNS.
resolve = socket.getaddrinfo
socket.getaddrinfo = lambda name, port, *rest, **more: (
    # MSAL leaves the port out of the address that it asks for the realm of a name.
    resolve("127.0.0.1", entra.port, *rest, **more)
    if name.endswith(".localhost")
    else resolve(name, port, *rest, **more)
)

session = requests.Session()
session.verify = CA
session.trust_env = False
application = msal.PublicClientApplication(
    CLIENT,
    authority=authority,
    # Asked at Microsoft, where nobody knows the demo.
    instance_discovery=False,
    http_client=session,
)
logging.disable(logging.CRITICAL)
flow = {}


def become(order):
    """Registered by the simulator's part of Graph."""
    global CLIENT, application
    made = session.post(f"https://{entra.netloc}/v1.0/applications", json=order["registration"])
    made.raise_for_status()
    CLIENT = order["id"]
    application = msal.ConfidentialClientApplication(
        CLIENT,
        client_credential=order["credential"],
        authority=authority,
        instance_discovery=False,
        http_client=session,
    )
    return {}


def discover(order):
    """Whether the simulator, in Microsoft's place, vouches for an authority."""
    try:
        trusting = msal.PublicClientApplication(
            CLIENT,
            authority=order["authority"],
            instance_discovery=f"https://{entra.netloc}/common/discovery/instance",
            http_client=session,
        )
        return {"address": trusting.initiate_auth_code_flow(SCOPES, REDIRECT)["auth_uri"]}
    except ValueError as error:
        return {"error": str(error)}


def verified(token):
    """The claims of an ID token, by what discovery says, checked by PyJWT."""
    document = session.get(f"{authority}/v2.0/.well-known/openid-configuration").json()
    keys = jwt.PyJWKSet.from_dict(session.get(document["jwks_uri"]).json())
    key = keys[jwt.get_unverified_header(token)["kid"]]
    return jwt.decode(
        token, key, algorithms=["RS256"], audience=CLIENT, issuer=document["issuer"]
    )


def begin(order):
    global flow
    flow = application.initiate_auth_code_flow(
        SCOPES, redirect_uri=REDIRECT, response_mode=order["mode"]
    )
    return {"address": flow["auth_uri"]}


def finish(order):
    # Checks state and nonce.
    token = application.acquire_token_by_auth_code_flow(flow, order["brought"])
    if "error" in token:
        return {"error": token["error_description"]}
    user = session.get(
        f"https://{entra.netloc}/oidc/userinfo",
        headers={"Authorization": f"Bearer {token['access_token']}"},
    )
    return {"claims": verified(token["id_token"]), "user": user.json()}


def silent(_):
    [account] = application.get_accounts()
    cached = application.acquire_token_silent(SCOPES, account)
    fresh = application.acquire_token_silent(SCOPES, account, force_refresh=True)
    if "error" in fresh:
        return {"error": fresh["error_description"]}
    return {"cached": cached["token_source"], "refreshed": verified(fresh["id_token"])}


def device(_):
    global flow
    flow = application.initiate_device_flow(SCOPES)
    return {"user_code": flow["user_code"], "address": flow["verification_uri"]}


def poll(_):
    token = application.acquire_token_by_device_flow(flow, exit_condition=lambda _: True)
    if "error" in token:
        return {"error": token["error_description"]}
    return {"claims": verified(token["id_token"])}


def password(order):
    try:
        token = application.acquire_token_by_username_password(
            order["name"], order["password"], SCOPES
        )
    except RuntimeError as error:  # how MSAL tells a fault
        return {"error": str(error)}
    if "error" in token:
        return {"error": token["error_description"]}
    return {"claims": verified(token["id_token"])}


def redeem_by_v1(order):
    form = {
        "grant_type": "authorization_code",
        "client_id": CLIENT,
        "code": order["code"],
        "redirect_uri": REDIRECT,
        "code_verifier": flow["code_verifier"],
    }
    token = session.post(f"{authority}/oauth2/token", data=form).json()
    if "error" in token:
        return {"error": token["error_description"]}
    document = session.get(f"{authority}/.well-known/openid-configuration").json()
    keys = jwt.PyJWKSet.from_dict(session.get(document["jwks_uri"]).json())
    key = keys[jwt.get_unverified_header(token["id_token"])["kid"]]
    claims = jwt.decode(
        token["id_token"], key, algorithms=["RS256"], audience=CLIENT, issuer=document["issuer"]
    )
    return {"claims": claims, "resource": token["resource"], "expires_in": token["expires_in"]}


def steal(order):
    form = {
        "grant_type": "authorization_code",
        "client_id": order["with"].get("client", CLIENT),
        "code": order["code"],
        "redirect_uri": order["with"].get("redirect_uri", REDIRECT),
        "code_verifier": order["with"].get("verifier", flow["code_verifier"]),
    }
    answer = session.post(f"{authority}/oauth2/v2.0/token", data=form).json()
    return {"error": answer.get("error_description", "none")}


orders = {
    "become": become,
    "discover": discover,
    "password": password,
    "begin": begin,
    "finish": finish,
    "silent": silent,
    "device": device,
    "poll": poll,
    "redeem_by_v1": redeem_by_v1,
    "steal": steal,
}
for line in sys.stdin:
    order = json.loads(line)
    print(json.dumps(orders[order["do"]](order)), flush=True)
