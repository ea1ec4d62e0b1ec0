"""Enveloped XML signatures, written by hand so that each part of one can be wrong on purpose."""

import base64
import hashlib
import hmac

from cryptography.hazmat.primitives import hashes
from lxml import etree

from .namespaces import DSIG, ENVELOPED, EXCLUSIVE, HMAC_SHA256, RSA_SHA1, RSA_SHA256, SHA1, SHA256


def canonical(element):
    return etree.tostring(element, method="c14n", exclusive=True, with_comments=False)


def sign(document, key, *, algorithm=RSA_SHA256, digest=SHA256, key_info="", secret=b"",
         transforms=(ENVELOPED, EXCLUSIVE), after="Issuer"):
    """The document, signed by its ID; the signature stands behind the element named `after`.

    `secret` is the key of an HMAC, `key_info` what is put into ds:KeyInfo.
    """
    root = etree.fromstring(document)
    hashed = {SHA256: hashlib.sha256, SHA1: hashlib.sha1}[digest](canonical(root)).digest()
    listed = "".join(f'<ds:Transform Algorithm="{each}"/>' for each in transforms)
    signature = etree.fromstring(
        f'<ds:Signature xmlns:ds="{DSIG}"><ds:SignedInfo>'
        f'<ds:CanonicalizationMethod Algorithm="{EXCLUSIVE}"/>'
        f'<ds:SignatureMethod Algorithm="{algorithm}"/>'
        f'<ds:Reference URI="#{root.get("ID")}"><ds:Transforms>{listed}</ds:Transforms>'
        f'<ds:DigestMethod Algorithm="{digest}"/>'
        f"<ds:DigestValue>{base64.b64encode(hashed).decode()}</ds:DigestValue></ds:Reference>"
        f"</ds:SignedInfo><ds:SignatureValue/>"
        f"{'<ds:KeyInfo>' + key_info + '</ds:KeyInfo>' if key_info else ''}</ds:Signature>"
    )
    octets = canonical(signature[0])
    if algorithm == HMAC_SHA256:
        value = hmac.new(secret, octets, hashlib.sha256).digest()
    else:
        value = key.sign(octets, hashes.SHA1 if algorithm == RSA_SHA1 else hashes.SHA256)
    signature[1].text = base64.b64encode(value).decode()
    places = [at for at, child in enumerate(root) if etree.QName(child).localname == after]
    root.insert(places[0] + 1 if places else 0, signature)
    return etree.tostring(root).decode()


def x509_data(key):
    """KeyInfo with a certificate."""
    certificate = key.certificate_base64
    return f"<ds:X509Data><ds:X509Certificate>{certificate}</ds:X509Certificate></ds:X509Data>"


def algorithm_digest(algorithm):
    """The hash of a signature algorithm, for pyca/cryptography; None if it is not known."""
    return {
        RSA_SHA256: hashes.SHA256,
        RSA_SHA1: hashes.SHA1,
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384": hashes.SHA384,
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512": hashes.SHA512,
    }.get(algorithm)
