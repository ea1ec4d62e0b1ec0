"""pysaml2 as a service provider, driven by the tests: one JSON object in, one out.

usage: pysaml2_sp.py FOLDER < {"do": "request" | "response" | "schema" | "metadata" | "logout" |
    "logout_answer" | "be_told", ...}

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
from saml2.saml import NameID
from saml2.sigver import verify_redirect_signature
from saml2.time_util import in_a_while
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
                        "assertion_consumer_service": [(order["acs"], BINDING_HTTP_POST)],
                        "single_logout_service": [
                            (order.get("slo", order["acs"]), binding)
                            for binding in (BINDING_HTTP_REDIRECT, BINDING_HTTP_POST)
                        ],
                    },
                    "allow_unsolicited": order.get("unsolicited", False),
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


BINDINGS = {"post": BINDING_HTTP_POST, "redirect": BINDING_HTTP_REDIRECT}


def sent(info):
    """A message on its way: an address, or a form."""
    if info["method"] == "GET":
        return {"url": dict(info["headers"])["Location"]}
    from lxml import html

    form = html.fromstring(info["data"]).forms[0]
    return {"action": form.action, "fields": dict(form.form_values())}


def request():
    binding = BINDINGS[order["binding"]]
    request_id, _, info = client().prepare_for_negotiated_authenticate(
        relay_state="state-of-the-sp", binding=binding, sign=order.get("sign", False)
    )
    return {"id": request_id, **sent(info)}


def response():
    answer = client().parse_authn_request_response(
        order["saml_response"],
        BINDING_HTTP_POST,
        outstanding={} if order.get("unsolicited") else {order["id"]: "/"},
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


def name_id():
    return NameID(format=order["name_id_format"], text=order["name_id"])


def idp(sp):
    return next(iter(sp.metadata.keys()))


def check_query(sp, message):
    """The signature of a query, by a certificate of the identity provider's metadata."""
    certificates = sp.metadata.certs(idp(sp), "any", "signing")
    assert certificates, "no certificate"
    backend = sp.sec.sec_backend
    held = [verify_redirect_signature(message, backend, cert) for _, cert in certificates]
    assert any(held), "the query's signature does not hold"


def logout():
    sp = client()
    binding = BINDINGS[order["binding"]]
    by_query = order["binding"] == "redirect"
    _, destination = sp.pick_binding(
        "single_logout_service", [binding], "idpsso", entity_id=idp(sp)
    )
    request_id, message = sp.create_logout_request(
        destination,
        idp(sp),
        name_id=name_id(),
        session_indexes=[order["session_index"]],
        expire=in_a_while(minutes=5),
        sign=not by_query,
    )
    info = sp.apply_binding(
        binding, str(message), destination, "state of the sp", sign=by_query
    )
    return {"id": request_id, **sent(info)}


def logout_answer():
    sp = client()
    binding = BINDINGS[order["binding"]]
    message = order["message"]
    if binding == BINDING_HTTP_REDIRECT:
        check_query(sp, message)
    else:
        sp.config.setattr("sp", "want_response_signed", True)
    answer = sp.parse_logout_request_response(message["SAMLResponse"], binding).response
    outer = answer.status.status_code
    return {
        "signed": answer.signature is not None,
        "in_response_to": answer.in_response_to,
        "issuer": answer.issuer.text,
        "status": [outer.value] + ([outer.status_code.value] if outer.status_code else []),
        "relay_state": message.get("RelayState"),
    }


def be_told():
    sp = client()
    binding = BINDINGS[order["binding"]]
    message = order["message"]
    if binding == BINDING_HTTP_REDIRECT:
        check_query(sp, message)
    told = sp.parse_logout_request(message["SAMLRequest"], binding).message
    sp.users.add_information_about_person(
        {"name_id": name_id(), "issuer": idp(sp), "ava": {}, "not_on_or_after": 2**32}
    )
    info = sp.handle_logout_request(
        message["SAMLRequest"], name_id(), binding, sign=order.get("sign", True)
    )
    return {
        "id": told.id,
        "signed": told.signature is not None,
        "issuer": told.issuer.text,
        "session_index": [index.text for index in told.session_index],
        "was_logged_in": not sp.is_logged_in(name_id()),
        **sent(info),
    }


def schema():
    validate(open(order["file"], encoding="utf-8").read())
    return {"valid": True}


try:
    result = {
        "request": request,
        "response": response,
        "schema": schema,
        "metadata": metadata,
        "logout": logout,
        "logout_answer": logout_answer,
        "be_told": be_told,
    }[order["do"]]()
except Exception as error:  # the test reads what a stranger has to say
    result = {"error": f"{type(error).__name__}: {error}"}
json.dump(result, sys.stdout)
