"""Signed requests that are not what was signed. The relying party's metadata says that it signs."""

import base64
import urllib.parse

from lxml import etree

from ..browser import Delivered, Page
from ..judge import Message
from ..namespaces import (ASSERTION, DSIG, ENVELOPED, EXCLUSIVE, HMAC_SHA256, POST, PROTOCOL,
                          RSA_SHA1, SHA1)
from ..relying_party import SIGNED, STRANGER, instant, new_id, redirect_query
from ..requirement import attack, hardening, need
from ..xml_signature import sign, x509_data


def _request(idp, id=None):
    return SIGNED.authn_request(idp.endpoint("SingleSignOnService", POST), id=id)


def _taken(idp, request, evil=None):
    """Whether a request is acted upon: all of it, or, where an ID is given, that one."""
    browser = idp.browser()
    shown = idp.ask(browser, request, binding=POST)
    return _acted(idp, browser, shown, evil)


def _acted(idp, browser, shown, evil=None):
    if isinstance(shown, Page) and shown.sign_in_form:
        shown = idp.go_on(browser, shown)
    if not isinstance(shown, Delivered) or "SAMLResponse" not in shown.fields:
        return False
    message = Message.of(shown)
    return message.is_success and evil in (None, message.root.get("InResponseTo"))


def _wrapped(idp):
    """The eight permutations: each with the ID of what was never signed."""
    evil_id = new_id()
    signed = sign(_request(idp, "_good"), SIGNED.key, key_info=x509_data(SIGNED.key))
    tree = etree.fromstring(signed)
    signature = tree.find(f"{{{DSIG}}}Signature")
    alone = etree.tostring(signature, with_tail=False).decode()
    tree.remove(signature)
    unsigned = etree.tostring(tree).decode()
    with_object = alone.replace(
        "</ds:Signature>", f"<ds:Object>{unsigned}</ds:Object></ds:Signature>")

    def evil(inside, id=evil_id):
        return (
            f'<samlp:AuthnRequest xmlns:samlp="{PROTOCOL}" xmlns:saml="{ASSERTION}" ID="{id}" '
            f'Version="2.0" IssueInstant="{instant()}"><saml:Issuer>{SIGNED.entity_id}</saml:Issuer>'
            f"{inside}</samlp:AuthnRequest>"
        )

    def extensions(what):
        return f"<samlp:Extensions>{what}</samlp:Extensions>"

    yield "1", evil(extensions(signed)), evil_id
    yield "2", evil(alone + extensions(unsigned)), evil_id
    yield "3", evil(with_object), evil_id
    yield "4", evil(extensions(evil(signed, new_id()))), evil_id
    yield "5", evil(alone + extensions(unsigned), "_good").replace(
        '<samlp:Extensions>', '<samlp:Extensions xmlns:x="urn:x">'), "_good"
    yield "6", evil(extensions(with_object)), evil_id
    yield "7", evil(extensions(f"<x xmlns='urn:x'>{signed}</x>")), evil_id
    yield "8", evil(f"<ds:Object xmlns:ds='{DSIG}'>{signed}</ds:Object>"), evil_id


@attack("attack.1.wrapping", "class 1: USENIX 2012, CVE-2024-8698, CVE-2024-45409",
        "Of a signature that covers another element than the request, none of eight permutations is "
        "taken.")
def wrapping(idp):
    need(_taken(idp, sign(_request(idp), SIGNED.key)), "not even a good request is taken")
    taken = [name for name, request, evil in _wrapped(idp) if _taken(idp, request, evil)]
    need(not taken, f"taken: {', '.join(taken)}")
    return "and a good one is"


@attack("attack.2.changed", "class 2: CVE-2025-25291, CVE-2025-66568",
        "What is changed after signing is refused: an attribute or a child more, another ID, a default "
        "attribute in another namespace.")
def changed(idp):
    good = sign(_request(idp, "_good"), SIGNED.key)
    variants = {
        "an attribute more": good.replace(" ID=", ' ForceAuthn="true" ID=', 1),
        "a child more": good.replace("</samlp:AuthnRequest>",
                                     '<samlp:Scoping ProxyCount="1"/></samlp:AuthnRequest>'),
        "another ID": good.replace('ID="_good"', 'ID="_evil"'),
        "an attribute in a namespace": good.replace(
            " ID=", ' xmlns:x="urn:x" x:ForceAuthn="true" ID=', 1),
        "an empty reference elsewhere": good.replace('URI="#_good"', 'URI=""').replace(
            'ID="_good"', 'ID="_evil"'),
    }
    taken = [name for name, request in variants.items() if _taken(idp, request)]
    need(not taken, f"taken: {', '.join(taken)}")


@hardening("attack.2.transforms", "class 2: CVE-2025-66567; core 5.4.4",
           "Transforms by which content can be cut out (XPath, XSLT) are refused: \"Verifiers of "
           "signatures MAY reject signatures that contain other transform algorithms as invalid.\"")
def transforms(idp):
    xpath = "http://www.w3.org/TR/1999/REC-xpath-19991116"
    xslt = "http://www.w3.org/TR/1999/REC-xslt-19991116"
    for name in (xpath, xslt, "urn:conformance:transform"):
        request = sign(_request(idp), SIGNED.key, transforms=(ENVELOPED, name, EXCLUSIVE))
        need(not _taken(idp, request), f"taken: {name}")


@attack("attack.4.key-info", "class 4: CVE-2023-48703, CVE-2021-21239",
        "A stranger's key is not trusted because its certificate or value stands in KeyInfo.")
def key_info(idp):
    numbers = STRANGER.private.public_key().public_numbers()
    modulus = base64.b64encode(numbers.n.to_bytes(256, "big")).decode()
    value = (f"<ds:KeyValue><ds:RSAKeyValue><ds:Modulus>{modulus}</ds:Modulus>"
             f"<ds:Exponent>AQAB</ds:Exponent></ds:RSAKeyValue></ds:KeyValue>")
    for kind, info in (("X509Data", x509_data(STRANGER)), ("KeyValue", value), ("none", "")):
        need(not _taken(idp, sign(_request(idp), STRANGER, key_info=info)), f"taken by {kind}")


@attack("attack.4.hmac", "class 4: CVE-2024-32962, CVE-2009-0217",
        "An HMAC by the relying party's public key or certificate as secret is refused.")
def hmac(idp):
    for secret in (SIGNED.key.public_pem, SIGNED.key.certificate_pem,
                   SIGNED.key.certificate_base64):
        request = sign(_request(idp), None, algorithm=HMAC_SHA256, secret=secret.encode())
        need(not _taken(idp, request), "taken")


@attack("attack.4.algorithm", "class 4",
        "A query whose SigAlg is none, an HMAC or unknown, or whose signature is empty, is refused.")
def algorithm(idp):
    query = redirect_query(idp.request(SIGNED), key=SIGNED.key)
    body, _, value = query.partition("&SigAlg=")
    signature = value.partition("&Signature=")[2]
    for name in ("none", HMAC_SHA256, "", "urn:conformance:algorithm"):
        changed_query = f"{body}&SigAlg={urllib.parse.quote(name, safe='')}&Signature={signature}"
        need(not _query_taken(idp, changed_query), f"taken: SigAlg {name!r}")
    need(not _query_taken(idp, query.partition("&Signature=")[0] + "&Signature="), "taken: empty")
    need(not _query_taken(idp, query.partition("&Signature=")[0]), "taken: no Signature")


def _query_taken(idp, query):
    browser = idp.browser()
    shown = browser.get(idp.sso + ("&" if "?" in idp.sso else "?") + query)
    return _acted(idp, browser, shown)


@attack("attack.5.unsigned", "class 5: CVE-2026-16443, CVE-2026-28323",
        "Whose metadata says AuthnRequestsSigned, its unsigned request is refused.")
def unsigned(idp):
    need(not _taken(idp, _request(idp)), "taken by HTTP-POST")
    need(not _query_taken(idp, redirect_query(idp.request(SIGNED))), "taken by HTTP-Redirect")


@attack("attack.5.stranger", "class 5",
        "A query that somebody else has signed is refused.")
def stranger(idp):
    need(not _query_taken(idp, redirect_query(idp.request(SIGNED), key=STRANGER)), "taken")


@attack("attack.7.twice", "class 7: CVE-2025-27773, CVE-2025-31335, CVE-2026-18217",
        "With a parameter of a signed query repeated, or a response beside the request, what was not "
        "signed is not acted upon.")
def twice(idp):
    good = redirect_query(idp.request(SIGNED), relay_state="good", key=SIGNED.key)
    evil_id = new_id()
    evil = redirect_query(idp.request(SIGNED, id=evil_id))
    variants = {
        "the good request first": good + "&" + evil,
        "the evil request first": evil + "&" + good,
        "a response beside it": good + "&SAMLResponse=" + evil.partition("=")[2],
        "the evil one escaped": good + "&SAML%52equest=" + evil.partition("=")[2],
        "the evil one escaped, first": "SAML%52equest=" + evil.partition("=")[2] + "&" + good,
    }
    taken = []
    for name, query in variants.items():
        browser = idp.browser()
        shown = browser.get(idp.sso + ("&" if "?" in idp.sso else "?") + query)
        if _acted(idp, browser, shown, evil_id):
            taken.append(name)
    need(not taken, f"the unsigned one is acted upon: {', '.join(taken)}")


@hardening("attack.4.sha1", "class 4: SHAttered, RFC 9231 1",
           "A request that is signed with SHA-1 is refused, unless somebody has said otherwise.")
def sha1(idp):
    request = sign(_request(idp), SIGNED.key, algorithm=RSA_SHA1, digest=SHA1)
    need(not _taken(idp, request), "taken as rsa-sha1 by HTTP-POST")
    query = redirect_query(idp.request(SIGNED), key=SIGNED.key, algorithm=RSA_SHA1)
    need(not _query_taken(idp, query), "taken as rsa-sha1 by HTTP-Redirect")
