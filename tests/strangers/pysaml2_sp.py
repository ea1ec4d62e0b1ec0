"""pysaml2 as a service provider, driven by the tests: one JSON object in, one out.

usage: pysaml2_sp.py FOLDER < {"do": "request" | "response" | "schema" | "metadata", ...}

FOLDER holds idp.xml (the identity provider's metadata), sp.key and sp.crt. The key signs, and it
decrypts what comes encrypted.
"""

import json
import sys
from urllib.parse import parse_qsl, urlsplit

from saml2 import BINDING_HTTP_POST, BINDING_HTTP_REDIRECT
from saml2.client import Saml2Client
from saml2.config import SPConfig
from saml2.metadata import create_metadata_string
from saml2.xml.schema import validate

SIGNATURES = {
    "sha1": "http://www.w3.org/2000/09/xmldsig#rsa-sha1",
    "sha256": "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
}
DIGESTS = {
    "sha1": "http://www.w3.org/2000/09/xmldsig#sha1",
    "sha256": "http://www.w3.org/2001/04/xmlenc#sha256",
}

folder = sys.argv[1]
order = json.load(sys.stdin)


def sp_config(idp=True):
    config = SPConfig()
    config.load(
        {
            "entityid": order["entity_id"],
            "key_file": f"{folder}/sp.key",
            "cert_file": f"{folder}/sp.crt",
            "encryption_keypairs": [{"key_file": f"{folder}/sp.key", "cert_file": f"{folder}/sp.crt"}],
            "metadata": {"local": [f"{folder}/idp.xml"]} if idp else {},
            "allow_unknown_attributes": True,
            "accepted_time_diff": 0,
            "service": {
                "sp": {
                    "endpoints": {
                        "assertion_consumer_service": [(order["acs"], BINDING_HTTP_POST)]
                    },
                    "allow_unsolicited": False,
                    "signing_algorithm": SIGNATURES[order.get("hash", "sha256")],
                    "digest_algorithm": DIGESTS[order.get("hash", "sha256")],
                    "authn_requests_signed": order.get("sign", False),
                    "want_assertions_signed": True,
                    "want_response_signed": order.get("want_response_signed", False),
                    "name_id_policy_format": order.get(
                        "name_id_format", "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
                    ),
                }
            },
        }
    )
    return config


def client():
    return Saml2Client(sp_config())


def metadata():
    """Its own metadata, signed by xmlsec1."""
    document = create_metadata_string(
        None,
        config=sp_config(idp=False),
        valid=48,
        sign=True,
        sign_alg=SIGNATURES["sha256"],
        digest_alg=DIGESTS["sha256"],
    )
    return {"document": document.decode() if isinstance(document, bytes) else document}


def request():
    binding = {"post": BINDING_HTTP_POST, "redirect": BINDING_HTTP_REDIRECT}[order["binding"]]
    request_id, _, info = client().prepare_for_negotiated_authenticate(
        relay_state="state-of-the-sp", binding=binding, sign=order.get("sign", False)
    )
    if order["binding"] == "redirect":
        url = dict(info["headers"])["Location"]
        return {"id": request_id, "url": url}
    from lxml import html

    form = html.fromstring(info["data"]).forms[0]
    return {"id": request_id, "action": form.action, "fields": dict(form.form_values())}


def response():
    answer = client().parse_authn_request_response(
        order["saml_response"], BINDING_HTTP_POST, outstanding={order["id"]: "/"}
    )
    return {
        "issuer": answer.issuer(),
        "in_response_to": answer.in_response_to,
        "name_id": answer.name_id.text,
        "name_id_format": answer.name_id.format,
        "attributes": answer.ava,
        "session_index": answer.session_info()["session_index"],
        "authn": answer.authn_info()[0][0],
    }


def schema():
    validate(open(order["file"], encoding="utf-8").read())
    return {"valid": True}


try:
    actions = {"request": request, "response": response, "schema": schema, "metadata": metadata}
    result = actions[order["do"]]()
except Exception as error:  # the test reads what a stranger has to say
    result = {"error": f"{type(error).__name__}: {error}"}
json.dump(result, sys.stdout)
