"""The relying parties of the laboratory: what they are called, and what they send."""

import base64
import dataclasses
import datetime
import os
import secrets
import urllib.parse
import zlib

from .keys import Key, kept_key, signing_key
from .namespaces import ASSERTION, DSIG, METADATA, POST, PROTOCOL, REDIRECT, RSA_SHA256
from .xml_signature import algorithm_digest


@dataclasses.dataclass(frozen=True)
class RelyingParty:
    """A service provider that exists only as metadata: what is sent there, the browser keeps."""

    name: str
    signs_requests: bool = False
    key: Key = dataclasses.field(default=None, repr=False)

    @property
    def host(self):
        return f"{self.name}.test"

    @property
    def entity_id(self):
        return f"https://{self.host}/metadata"

    @property
    def consumer(self):
        return f"https://{self.host}/acs"

    @property
    def second_consumer(self):
        return f"https://{self.host}/second"

    @property
    def logout(self):
        return f"https://{self.host}/slo"

    def metadata(self):
        certificate = self.key.certificate_base64
        return (
            f'<md:EntityDescriptor xmlns:md="{METADATA}" xmlns:ds="{DSIG}" '
            f'entityID="{self.entity_id}"><md:SPSSODescriptor '
            f'AuthnRequestsSigned="{str(self.signs_requests).lower()}" WantAssertionsSigned="true" '
            f'protocolSupportEnumeration="{PROTOCOL}"><md:KeyDescriptor use="signing"><ds:KeyInfo>'
            f"<ds:X509Data><ds:X509Certificate>{certificate}</ds:X509Certificate></ds:X509Data>"
            f"</ds:KeyInfo></md:KeyDescriptor>"
            f'<md:SingleLogoutService Binding="{REDIRECT}" Location="{self.logout}"/>'
            f'<md:AssertionConsumerService Binding="{POST}" Location="{self.consumer}" index="0" '
            f'isDefault="true"/><md:AssertionConsumerService Binding="{POST}" '
            f'Location="{self.second_consumer}" index="1"/></md:SPSSODescriptor>'
            f"</md:EntityDescriptor>"
        )

    def authn_request(self, destination, *, attributes="", children="", issuer=None, id=None,
                      version="2.0"):
        """An AuthnRequest; attributes and children as they are to stand there."""
        issuer = self.entity_id if issuer is None else issuer
        if "<samlp:NameIDPolicy" not in children and "<samlp:Extensions" not in children:
            # Without it no lasting name may be made (core 3.4.1.1).
            subject, mark, rest = children.rpartition("</saml:Subject>")
            children = subject + mark + '<samlp:NameIDPolicy AllowCreate="true"/>' + rest
        return (
            f'<samlp:AuthnRequest xmlns:samlp="{PROTOCOL}" xmlns:saml="{ASSERTION}" '
            f'ID="{id or new_id()}" Version="{version}" IssueInstant="{instant()}" '
            f'Destination="{destination}" {attributes}>'
            f"<saml:Issuer>{issuer}</saml:Issuer>{children}</samlp:AuthnRequest>"
        )

    def logout_request(self, destination, name_id, session_index, id=None):
        """A LogoutRequest; the NameID as XML, as it came."""
        index = f"<samlp:SessionIndex>{session_index}</samlp:SessionIndex>" if session_index else ""
        return (
            f'<samlp:LogoutRequest xmlns:samlp="{PROTOCOL}" xmlns:saml="{ASSERTION}" '
            f'ID="{id or new_id()}" Version="2.0" IssueInstant="{instant()}" '
            f'NotOnOrAfter="{instant(300)}" Destination="{destination}">'
            f"<saml:Issuer>{self.entity_id}</saml:Issuer>{name_id}{index}</samlp:LogoutRequest>"
        )


# Where the keys are kept from one run to the next, for subjects that are not set up anew.
KEYS = os.environ.get("CONFORMANCE_KEYS")
# Its requests need not be signed.
PLAIN = RelyingParty("plain", key=kept_key("plain.test", KEYS))
# Another one like it.
OTHER = RelyingParty("other", key=kept_key("other.test", KEYS))
# Its metadata says that it signs its requests.
SIGNED = RelyingParty("signed", signs_requests=True, key=kept_key("signed.test", KEYS))
ALL = (PLAIN, OTHER, SIGNED)
# By WS-Federation.
REALM = "urn:conformance:wsfed"
REALM_REPLY = "https://wsfed.test/reply"
# The key of nobody.
STRANGER = signing_key("stranger.test")


def is_relying_party(host):
    return (host or "").rpartition(".")[2] == "test"


def new_id():
    return "_" + secrets.token_hex(20)


def instant(ahead=0):
    """Now, or so many seconds ahead, as xs:dateTime in UTC."""
    at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=ahead)
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def deflated(message):
    """By bindings 3.4.4.1: DEFLATE without header, then base64."""
    octets = message if isinstance(message, bytes) else message.encode()
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return base64.b64encode(packer.compress(octets) + packer.flush()).decode()


def redirect_query(message, *, relay_state=None, key=None, algorithm=RSA_SHA256, quote=None):
    """The query of HTTP-Redirect, signed if there is a key."""
    quote = quote or (lambda text: urllib.parse.quote(text, safe=""))
    query = "SAMLRequest=" + quote(deflated(message))
    if relay_state is not None:
        query += "&RelayState=" + quote(relay_state)
    if key is not None:
        query += "&SigAlg=" + quote(algorithm)
        value = key.sign(query.encode(), algorithm_digest(algorithm))
        query += "&Signature=" + quote(base64.b64encode(value).decode())
    return query


def post_fields(message, relay_state=None):
    """The form of HTTP-POST."""
    octets = message if isinstance(message, bytes) else message.encode()
    fields = {"SAMLRequest": base64.b64encode(octets).decode()}
    if relay_state is not None:
        fields["RelayState"] = relay_state
    return fields
