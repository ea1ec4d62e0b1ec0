"""signxml as a second opinion on one signed assertion, of SAML 2.0 or SAML 1.1.

usage: signxml_verify.py CERTIFICATE.pem < document; prints the person's name that the signature
covers.
"""

import sys

from lxml import etree
from signxml import DigestAlgorithm, SignatureConfiguration, SignatureMethod, XMLVerifier

SAML2 = "{urn:oasis:names:tc:SAML:2.0:assertion}"
SAML1 = "{urn:oasis:names:tc:SAML:1.0:assertion}"

certificate = open(sys.argv[1], encoding="ascii").read()
document = etree.fromstring(sys.stdin.buffer.read())
tags = (f"{SAML2}Assertion", f"{SAML1}Assertion")
assertion = next(document.iter(*tags), document)
is_saml1 = assertion.tag == f"{SAML1}Assertion"
verified = XMLVerifier().verify(
    assertion,
    x509_cert=certificate,
    id_attribute="AssertionID" if is_saml1 else "ID",
    expect_config=SignatureConfiguration(
        signature_methods=frozenset({SignatureMethod.RSA_SHA256}),
        digest_algorithms=frozenset({DigestAlgorithm.SHA256}),
    ),
)
if is_saml1:
    name = f"{SAML1}AttributeStatement/{SAML1}Subject/{SAML1}NameIdentifier"
else:
    name = f"{SAML2}Subject/{SAML2}NameID"
print(verified.signed_xml.findtext(name))
