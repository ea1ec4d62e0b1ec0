"""Has signxml verify documents and prints, a line each, "ok" with the signed element's digest of
lxml's canonical form, or "refused".

usage: verify.py CERTIFICATE ELEMENT DOCUMENT...
"""

import hashlib
import pathlib
import sys

import signxml
from lxml import etree

certificate = pathlib.Path(sys.argv[1]).read_text()
for document in sys.argv[3:]:
    root = etree.fromstring(pathlib.Path(document).read_bytes())
    element = root if root.tag == sys.argv[2] else root.find(".//" + sys.argv[2])
    id_attribute = "AssertionID" if "AssertionID" in element.attrib else "ID"
    try:
        result = signxml.XMLVerifier().verify(
            element, x509_cert=certificate, id_attribute=id_attribute
        )
    except (signxml.exceptions.InvalidInput, signxml.exceptions.InvalidSignature) as error:
        print("refused", type(error).__name__)
        continue
    form = etree.tostring(result.signed_xml, method="c14n", exclusive=True)
    print("ok", hashlib.sha256(form).hexdigest())
