"""The identity provider's own description."""

import urllib.parse

from ..judge import instant
from ..namespaces import ENTITY, PROTOCOL
from ..requirement import NotApplicable, must, need, should

ROLE = "//md:IDPSSODescriptor"


@must("metadata.there", "metadata 2.3.2, 2.4.3",
      "It is an EntityDescriptor with an IDPSSODescriptor.")
def there(idp):
    page = idp.metadata_page
    need(page.status == 200, f"status {page.status}")
    need(len(idp.metadata.all(ROLE)) == 1, "no IDPSSODescriptor")
    return idp.entity_id


@must("metadata.schema", "metadata 1.1",
      "It is valid by the schema.")
def schema(idp):
    problem = idp.metadata.schema_problem("saml-schema-metadata-2.0.xsd")
    need(problem is None, problem)


@must("metadata.entity-id", "metadata 2.2.1, core 8.3.6",
      "entityID is a URI of at most 1024 characters.")
def entity_id(idp):
    found = idp.entity_id
    need(len(found) <= 1024 and urllib.parse.urlsplit(found).scheme, found)


@must("metadata.protocol", "metadata 2.4.1",
      "protocolSupportEnumeration names the protocols: SAML 2.0's namespace among them.")
def protocol(idp):
    found = idp.metadata.one(ROLE).get("protocolSupportEnumeration").split()
    need(PROTOCOL in found, f"{found}")


@must("metadata.sign-on", "metadata 2.4.3",
      "There is a SingleSignOnService, and \"the ResponseLocation attribute MUST be omitted\".")
def sign_on(idp):
    found = idp.metadata.all(ROLE + "/md:SingleSignOnService")
    need(found, "none")
    need(not any(each.get("ResponseLocation") for each in found), "a ResponseLocation")
    return f"{len(found)} of them"


@must("metadata.key", "metadata 2.4.1.1, profiles 4.1.6",
      "A KeyDescriptor has the key that assertions are signed with.")
def key(idp):
    signed = [idp.happy.root, *idp.happy.all("/samlp:Response/saml:Assertion")]
    need(any(idp.happy.verified_by(idp.certificates, each) for each in signed),
         "no certificate of the metadata verifies")


@must("metadata.valid-until", "metadata 2.3.2",
      "\"When used as the root element of a metadata instance, this element MUST contain either a "
      "validUntil or cacheDuration attribute.\"")
def valid_until(idp):
    root = idp.metadata.root
    found = {name: root.get(name) for name in ("validUntil", "cacheDuration") if root.get(name)}
    need(found, "neither")
    if "validUntil" in found:
        instant(found["validUntil"])
    return ", ".join(found)


@must("metadata.signature", "metadata 3.1",
      "Its signature, where there is one, holds by the certificate that it names.")
def signature(idp):
    root = idp.metadata.root
    if not idp.metadata.all("/*/ds:Signature"):
        raise NotApplicable("it is not signed")
    need(idp.metadata.verified_by(idp.certificates, root), "xmlsec1 does not verify it")


@should("metadata.media-type", "metadata 4.1.1, A",
        "It is served as application/samlmetadata+xml.")
def media_type(idp):
    found = {name.lower(): value for name, value in idp.metadata_page.headers.items()}
    found = found.get("content-type", "none")
    need(found.startswith("application/samlmetadata+xml"), found)


@must("metadata.issuer", "profiles 4.1.4.2, metadata 2.3.2",
      "entityID is what the assertions have as Issuer.")
def issuer(idp):
    found = idp.happy.one("//saml:Assertion/saml:Issuer")
    need(found.text.strip() == idp.entity_id, found.text)
    need(found.get("Format") in (None, ENTITY), f"Format {found.get('Format')}")


@should("metadata.name-formats", "metadata 2.4.1.2",
        "NameIDFormat lists what is supported: the format that is issued is among them, where any is.")
def name_formats(idp):
    listed = [text.strip() for text in idp.metadata.all(ROLE + "/md:NameIDFormat/text()")]
    if not listed:
        raise NotApplicable("none is listed")
    issued = idp.happy.one("//saml:Subject/saml:NameID").get("Format")
    need(issued in listed, f"{issued} is issued, listed are {listed}")
