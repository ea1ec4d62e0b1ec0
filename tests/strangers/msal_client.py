"""MSAL as an application uses it, in front of an identity provider that runs, and of an Entra that
is played here.

usage: msal_client.py ADDRESS CA.pem CERTIFICATE.pem < {"do": ..., ...}; prints one JSON object.

ADDRESS is HOST:PORT of the identity provider, whose host is looked up on loopback; CA.pem is what
its TLS certificate is trusted by, CERTIFICATE.pem the one that it signs with.

  acquire  {"users": [[NAME, PASSWORD], ...], "realm": {...}}  one application, these users in turn
  mex      {}                                                  what is found in the MEX document
  post     {"path": PATH, "body": BODY}                        how a message is answered, read by MSAL
"""

import base64
import json
import logging
import socket
import sys
from urllib.parse import parse_qs, unquote, urlsplit

import msal
import requests
from lxml import etree
from msal import mex, wstrust_response
from requests.adapters import BaseAdapter
from signxml import DigestAlgorithm, SignatureConfiguration, SignatureMethod, XMLVerifier

ADDRESS, CA, CERTIFICATE = sys.argv[1:]
IDP = f"https://{ADDRESS}"
ENTRA = "https://entra.test"
SAML = "{urn:oasis:names:tc:SAML:1.0:assertion}"

order = json.load(sys.stdin)
certificate = open(CERTIFICATE, encoding="ascii").read()

resolve = socket.getaddrinfo
host = ADDRESS.rsplit(":", 1)[0]
socket.getaddrinfo = lambda name, *rest, **more: resolve(
    "127.0.0.1" if name == host else name, *rest, **more
)


def judge(assertion):
    """What Entra reads in an assertion that stands alone, its signature verified by signxml."""
    element = etree.fromstring(assertion)
    verified = XMLVerifier().verify(
        element,
        x509_cert=certificate,
        id_attribute="AssertionID",
        expect_config=SignatureConfiguration(
            signature_methods=frozenset({SignatureMethod.RSA_SHA256}),
            digest_algorithms=frozenset({DigestAlgorithm.SHA256}),
        ),
    ).signed_xml
    names = {name.text for name in verified.iter(f"{SAML}NameIdentifier")}
    return {
        "assertion": assertion.decode(),
        "id": verified.get("AssertionID"),
        "issuer": verified.get("Issuer"),
        "audience": verified.findtext(f".//{SAML}Audience"),
        "name_identifier": names.pop() if len(names) == 1 else None,
        "attributes": {
            f"{attribute.get('AttributeNamespace')}/{attribute.get('AttributeName')}": [
                value.text for value in attribute
            ]
            for attribute in verified.iter(f"{SAML}Attribute")
        },
        "method": verified.find(f"{SAML}AuthenticationStatement").get("AuthenticationMethod"),
    }


class Entra(BaseAdapter):
    """Answers as Entra's authority does, as far as MSAL asks."""

    def __init__(self, realm):
        super().__init__()
        self.realm = realm
        self.asked = []
        self.judged = []

    def send(self, request, **_):
        path = urlsplit(request.url).path
        self.asked.append(path)
        if path == "/common/discovery/instance":
            answer = {
                "tenant_discovery_endpoint": f"{ENTRA}/tenant/v2.0/.well-known/openid-configuration",
                "metadata": [],
            }
        elif path.endswith("/.well-known/openid-configuration"):
            answer = {
                "issuer": f"{ENTRA}/tenant/v2.0",
                "authorization_endpoint": f"{ENTRA}/tenant/oauth2/v2.0/authorize",
                "token_endpoint": f"{ENTRA}/tenant/oauth2/v2.0/token",
            }
        elif path.startswith("/common/userrealm/"):
            name = unquote(path.rsplit("/", 1)[1])
            answer = {
                "ver": "1.0",
                "account_type": "Federated",
                "domain_name": name.rsplit("@", 1)[1],
                "federation_protocol": "WSTrust",
                "cloud_instance_name": "entra.test",
                **self.realm,
            }
        elif path == "/tenant/oauth2/v2.0/token":
            form = {name: value for name, [value] in parse_qs(request.body).items()}
            assertion = form["assertion"] + "=" * (-len(form["assertion"]) % 4)
            self.judged.append(
                {
                    "grant_type": form["grant_type"],
                    **judge(base64.urlsafe_b64decode(assertion)),
                }
            )
            answer = {"token_type": "Bearer", "expires_in": 3600, "access_token": "opaque"}
        else:
            raise AssertionError(f"Entra was asked for {request.url}")
        response = requests.Response()
        response.status_code = 200
        response.headers["Content-Type"] = "application/json"
        response._content = json.dumps(answer).encode()
        response.url, response.request = request.url, request
        return response

    def close(self):
        pass


def browser():
    session = requests.Session()
    session.verify = CA
    session.trust_env = False
    return session


def acquire():
    session = browser()
    entra = Entra(order["realm"])
    session.mount(ENTRA, entra)
    application = msal.PublicClientApplication(
        "00000000-0000-0000-0000-000000000001",
        authority=f"{ENTRA}/tenant",
        instance_discovery=f"{ENTRA}/common/discovery/instance",
        http_client=session,
    )
    results = []
    for name, password in order["users"]:
        entra.judged.clear()
        try:
            token = application.acquire_token_by_username_password(name, password, ["user.read"])
            [judged] = entra.judged
            results.append({"access_token": token.get("access_token"), **judged})
        except RuntimeError as error:  # how MSAL tells a fault
            results.append({"error": str(error)})
    return {"results": results, "asked": entra.asked}


def find():
    answer = browser().get(f"{IDP}/adfs/services/trust/mex")
    document = mex.Mex(answer.text)
    return {
        "status": answer.status_code,
        "content_type": answer.headers["Content-Type"],
        "endpoint": document.get_wstrust_username_password_endpoint(),
        "policies": sorted(document._get_username_password_policy_ids()),
    }


def post():
    answer = browser().post(
        IDP + order["path"],
        data=order["body"].encode(),
        headers={"Content-Type": "application/soap+xml; charset=utf-8"},
    )
    token = wstrust_response.parse_token_by_re(answer.text)
    if token:
        return {"status": answer.status_code, "type": token["type"], **judge(token["token"])}
    return {"status": answer.status_code, "fault": wstrust_response.parse_error(answer.text)}


logging.disable(logging.CRITICAL)
json.dump({"acquire": acquire, "mex": find, "post": post}[order["do"]](), sys.stdout)
