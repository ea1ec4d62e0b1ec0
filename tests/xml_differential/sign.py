"""Signs documents with signxml, as SAML prescribes, in several variants.

usage: sign.py KEY CERTIFICATE DOCUMENT DIRECTORY
"""

import pathlib
import sys

import signxml
from lxml import etree
from signxml import DigestAlgorithm, SignatureMethod
from signxml.algorithms import CanonicalizationMethod


class WithSha1(signxml.XMLSigner):
    """SHA-1 is what Entra's requests are signed with."""

    def check_deprecated_methods(self):
        pass


key, certificate, document = (pathlib.Path(path).read_bytes() for path in sys.argv[1:4])
directory = pathlib.Path(sys.argv[4])

VARIANTS = {
    "sha256": (signxml.XMLSigner, SignatureMethod.RSA_SHA256, DigestAlgorithm.SHA256),
    "sha384": (signxml.XMLSigner, SignatureMethod.RSA_SHA384, DigestAlgorithm.SHA384),
    "sha512": (signxml.XMLSigner, SignatureMethod.RSA_SHA512, DigestAlgorithm.SHA512),
    "sha1": (WithSha1, SignatureMethod.RSA_SHA1, DigestAlgorithm.SHA1),
}

for name, (signer_type, method, digest) in VARIANTS.items():
    for prefixes in ([], ["xs", "xsi"]):
        root = etree.fromstring(document)
        signer = signer_type(
            signature_algorithm=method,
            digest_algorithm=digest,
            c14n_algorithm=CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0,
        )
        signer.excise_empty_xmlns_declarations = False
        signed = signer.sign(
            root,
            key=key,
            cert=certificate.decode(),
            # Only for SignedInfo: for content, signxml digests with the list but does not state it.
            reference_uri=[
                signxml.SignatureReference(URI="#" + root.get("ID"), inclusive_ns_prefixes=[])
            ],
            id_attribute="ID",
            inclusive_ns_prefixes=prefixes or None,
        )
        suffix = "-list" if prefixes else ""
        (directory / f"{name}{suffix}.xml").write_bytes(etree.tostring(signed))
