"""signxml as a second opinion on one signed assertion.

usage: signxml_verify.py CERTIFICATE.pem < document; prints the NameID that the signature covers.
"""

import sys

from lxml import etree
from signxml import DigestAlgorithm, SignatureConfiguration, SignatureMethod, XMLVerifier

SAML = "{urn:oasis:names:tc:SAML:2.0:assertion}"

certificate = open(sys.argv[1], encoding="ascii").read()
document = etree.fromstring(sys.stdin.buffer.read())
assertion = document.find(f".//{SAML}Assertion")
if assertion is None:
    assertion = document
verified = XMLVerifier().verify(
    assertion,
    x509_cert=certificate,
    id_attribute="ID",
    expect_config=SignatureConfiguration(
        signature_methods=frozenset({SignatureMethod.RSA_SHA256}),
        digest_algorithms=frozenset({DigestAlgorithm.SHA256}),
    ),
)
print(verified.signed_xml.findtext(f"{SAML}Subject/{SAML}NameID"))
