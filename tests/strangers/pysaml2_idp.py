"""pysaml2 as an identity provider, driven by the tests: one JSON object in, one out.

usage: pysaml2_idp.py FOLDER < {"do": "metadata" | "answer" | "unsolicited", ...}
       pysaml2_idp.py FOLDER serve

FOLDER holds idp.key and idp.crt, and sp.xml, the metadata of the service provider, once that is known.
With `serve` it is a site of its own for a browser, and FOLDER holds tls.key and tls.crt besides. It
writes its port, reads one line of JSON that says who it is (entity_id, sso, and more of an order), and
then writes a line of JSON for each request that it is sent.
"""

import html
import json
import ssl
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, parse_qsl, urlsplit

from saml2 import BINDING_HTTP_POST, BINDING_HTTP_REDIRECT
from saml2.config import IdPConfig
from saml2.metadata import create_metadata_string
from saml2.saml import NameID
from saml2.saml import NAMEID_FORMAT_EMAILADDRESS
from saml2.server import Server

SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
DIGEST = "http://www.w3.org/2001/04/xmlenc#sha256"
PASSWORD = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"

folder = sys.argv[1]


def idp_config(order, sp=True):
    config = IdPConfig()
    config.load(
        {
            "entityid": order["entity_id"],
            "key_file": f"{folder}/idp.key",
            "cert_file": f"{folder}/idp.crt",
            "metadata": {"local": [f"{folder}/sp.xml"]} if sp else {},
            "service": {
                "idp": {
                    "endpoints": {
                        "single_sign_on_service": [(order["sso"], BINDING_HTTP_REDIRECT)],
                    },
                    "policy": {
                        "default": {
                            "lifetime": {"minutes": 5},
                            "attribute_restrictions": None,
                            "name_form": "urn:oasis:names:tc:SAML:2.0:attrname-format:uri",
                        }
                    },
                    "want_authn_requests_signed": True,
                    "name_id_format": [NAMEID_FORMAT_EMAILADDRESS],
                    "signing_algorithm": SHA256,
                    "digest_algorithm": DIGEST,
                }
            },
        }
    )
    return config


def metadata(order):
    """Its own, signed by xmlsec1."""
    document = create_metadata_string(
        None,
        config=idp_config(order, sp=False),
        valid=48,
        sign=True,
        sign_alg=SHA256,
        digest_alg=DIGEST,
    )
    return {"document": document.decode() if isinstance(document, bytes) else document}


def parsed(order, query):
    """A request, its signature checked by the certificates in the service provider's metadata."""
    idp = Server(config=idp_config(order))
    return idp, idp.parse_authn_request(
        query["SAMLRequest"],
        BINDING_HTTP_REDIRECT,
        relay_state=query.get("RelayState"),
        sigalg=query["SigAlg"],
        signature=query["Signature"],
    ).message


def told(message, query):
    context = message.requested_authn_context
    return {
        "id": message.id,
        "issuer": message.issuer.text,
        "acs": message.assertion_consumer_service_url,
        "force_authn": message.force_authn == "true",
        "classes": [one.text for one in context.authn_context_class_ref] if context else [],
        "name_id_format": message.name_id_policy.format if message.name_id_policy else None,
        "subject": message.subject.name_id.text if message.subject else None,
        "relay_state": query.get("RelayState"),
        "login_hint": query.get("login_hint"),
    }


def answered(idp, order, arguments):
    """The Response, in base64 as a form has it."""
    arguments.pop("binding", None)
    arguments.pop("name_id_policy", None)
    response = idp.create_authn_response(
        order.get("attributes", {}),
        userid=order["name"],
        name_id=NameID(format=order.get("format", NAMEID_FORMAT_EMAILADDRESS), text=order["name"]),
        authn={
            "class_ref": order.get("class", PASSWORD),
            "authn_auth": order["entity_id"],
            "authn_instant": int(time.time()) - order.get("proven_seconds_ago", 0),
        },
        sign_response=order.get("sign_response", False),
        sign_assertion=order.get("sign_assertion", True),
        sign_alg=SHA256,
        digest_alg=DIGEST,
        **arguments,
    )
    info = idp.apply_binding(BINDING_HTTP_POST, str(response), arguments["destination"], "", response=True)
    from lxml import html as pages

    return dict(pages.fromstring(info["data"]).forms[0].form_values())["SAMLResponse"]


def answer(order):
    query = dict(parse_qsl(urlsplit(order["url"]).query))
    idp, message = parsed(order, query)
    return {**told(message, query), "response": answered(idp, order, idp.response_args(message))}


def unsolicited(order):
    arguments = {"in_response_to": None, "destination": order["acs"], "sp_entity_id": order["sp"]}
    return {"response": answered(Server(config=idp_config(order)), order, arguments)}


def main():
    order = json.load(sys.stdin)
    try:
        result = {"metadata": metadata, "answer": answer, "unsolicited": unsolicited}[order["do"]](order)
    except Exception as error:  # the test reads what a stranger has to say
        result = {"error": f"{type(error).__name__}: {error}"}
    json.dump(result, sys.stdout)


class Site(BaseHTTPRequestHandler):
    """A page that asks for a name and believes it; then the answer, by a form that sends itself."""

    order = {}

    def do_GET(self):
        url = urlsplit(self.path)
        query = dict(parse_qsl(url.query))
        if url.path != "/sso":
            return self.page("<p>nothing here</p>", 404)
        _, message = parsed(self.order, query)
        print(json.dumps(told(message, query)), flush=True)
        name = html.escape(query.get("login_hint", ""), quote=True)
        return self.page(
            f"<h1>Fabrikam</h1><form method=post action='{html.escape(self.path, quote=True)}'>"
            f"<input name=name value='{name}'><input name=password type=password>"
            "<button>Sign in at Fabrikam</button></form>"
        )

    def do_POST(self):
        query = dict(parse_qsl(urlsplit(self.path).query))
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        name = parse_qs(body)["name"][0]
        idp, message = parsed(self.order, query)
        arguments = idp.response_args(message)
        acs = html.escape(arguments["destination"], quote=True)
        response = answered(idp, {**self.order, "name": name}, arguments)
        state = html.escape(query.get("RelayState", ""), quote=True)
        return self.page(
            f"<form method=post action='{acs}'><input type=hidden name=SAMLResponse value='{response}'>"
            f"<input type=hidden name=RelayState value='{state}'></form>"
            "<script>document.forms[0].submit()</script>"
        )

    def page(self, body, status=200):
        text = f"<!doctype html><title>Fabrikam</title>{body}".encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


def serve():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{folder}/tls.crt", f"{folder}/tls.key")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    print(server.server_address[1], flush=True)
    # What it is depends on where it is: that is told when it is known.
    Site.order = json.loads(sys.stdin.readline())
    server.serve_forever()


if sys.argv[2:] == ["serve"]:
    serve()
else:
    main()
