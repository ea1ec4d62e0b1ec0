"""The schema of SAML 1.1, as OpenSAML ships it, as a second opinion on an assertion.

usage: saml1_schema.py < assertion; exits 0 when it is valid.
"""

import pathlib
import sys

from lxml import etree

SCHEMA = pathlib.Path("/usr/share/xml/opensaml/cs-sstc-schema-assertion-1.1.xsd")
# What the schema imports from the network is on this machine.
REMOTE = "http://www.w3.org/TR/xmldsig-core/xmldsig-core-schema.xsd"
LOCAL = "/usr/share/xml/xmltooling/xmldsig-core-schema.xsd"

text = SCHEMA.read_text(encoding="utf-8").replace(REMOTE, LOCAL)
schema = etree.XMLSchema(etree.fromstring(text.encode("utf-8")))
schema.assertValid(etree.fromstring(sys.stdin.buffer.read()))
