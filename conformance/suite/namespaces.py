"""Names of SAML 2.0, SAML 1.1, WS-Federation and XML Signature."""

PROTOCOL = "urn:oasis:names:tc:SAML:2.0:protocol"
ASSERTION = "urn:oasis:names:tc:SAML:2.0:assertion"
METADATA = "urn:oasis:names:tc:SAML:2.0:metadata"
ASSERTION_1 = "urn:oasis:names:tc:SAML:1.0:assertion"
DSIG = "http://www.w3.org/2000/09/xmldsig#"
TRUST = "http://schemas.xmlsoap.org/ws/2005/02/trust"
ADDRESSING = "http://www.w3.org/2005/08/addressing"

NS = {
    "samlp": PROTOCOL,
    "saml": ASSERTION,
    "md": METADATA,
    "saml1": ASSERTION_1,
    "ds": DSIG,
    "t": TRUST,
    "wsa": ADDRESSING,
}

REDIRECT = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
POST = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
STATUS = "urn:oasis:names:tc:SAML:2.0:status:"
BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
ENTITY = "urn:oasis:names:tc:SAML:2.0:nameid-format:entity"
PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
TRANSIENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
UNSPECIFIED = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"
CLASSES = "urn:oasis:names:tc:SAML:2.0:ac:classes:"

EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
ENVELOPED = DSIG + "enveloped-signature"
RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
RSA_SHA1 = DSIG + "rsa-sha1"
HMAC_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
SHA1 = DSIG + "sha1"
