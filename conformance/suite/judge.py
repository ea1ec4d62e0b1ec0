"""Reads what an identity provider has sent, by lxml, and verifies it by xmlsec1: nothing here is
shared with any of the subjects."""

import base64
import datetime
import glob
import os
import subprocess
import tempfile
import urllib.parse
import zlib

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import padding
from lxml import etree

from .namespaces import NS
from .requirement import Broken
from .xml_signature import algorithm_digest

PARSER = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=False)
SCHEMAS = "/usr/share/xml"


class Message:
    """A SAML message, or a document with one in it."""

    def __init__(self, octets, delivered=None):
        self.octets = octets
        self.delivered = delivered
        try:
            self.root = etree.fromstring(octets, PARSER)
        except etree.XMLSyntaxError as error:
            raise Broken(f"the message is not well-formed: {error}") from error

    @classmethod
    def of(cls, delivered, *names):
        """The message that was delivered under one of these names."""
        names = names or ("SAMLResponse",)
        name = next((name for name in names if name in getattr(delivered, "fields", {})), None)
        if name is None:
            raise Broken(f"there is no {' or '.join(names)}: {delivered}")
        try:
            octets = base64.b64decode(delivered.fields[name], validate=delivered.method == "GET")
            if delivered.method == "GET":
                octets = zlib.decompress(octets, -15)
        except (ValueError, zlib.error) as error:
            raise Broken(f"{name} cannot be decoded: {error}") from error
        return cls(octets, delivered)

    def all(self, path):
        return self.root.xpath(path, namespaces=NS)

    def one(self, path):
        found = self.all(path)
        if len(found) != 1:
            raise Broken(f"{len(found)} of {path}")
        return found[0]

    @property
    def name(self):
        return etree.QName(self.root).localname

    @property
    def status(self):
        """The status codes, from the top, without their common beginning."""
        return [value.rsplit(":", 1)[-1] for value in self.all("//samlp:StatusCode/@Value")]

    @property
    def is_success(self):
        return self.name == "Response" and self.status[:1] == ["Success"]

    @property
    def name_id(self):
        """The subject's NameID as XML, to be sent back."""
        element = self.one("//saml:Assertion/saml:Subject/saml:NameID")
        return etree.tostring(element, with_tail=False, exclusive=True, method="c14n").decode()

    @property
    def session_index(self):
        return next(iter(self.all("//saml:AuthnStatement/@SessionIndex")), None)

    def verified_by(self, certificates, element):
        """Whether xmlsec1 verifies the signature that is a child of this element."""
        if element.find("ds:Signature", NS) is None:
            return False
        return any(self._xmlsec1(certificate, element) for certificate in certificates)

    def _xmlsec1(self, certificate, element):
        path = _positions(element)
        names = ["Assertion", "Response", "LogoutRequest", "LogoutResponse", "EntityDescriptor"]
        names += ["EntitiesDescriptor"]
        with tempfile.TemporaryDirectory() as folder:
            document, pem = os.path.join(folder, "document"), os.path.join(folder, "certificate")
            # The document as it came: what lxml writes anew is another one.
            with open(document, "wb") as file:
                file.write(self.octets)
            with open(pem, "w") as file:
                file.write(certificate)
            ids = [argument for name in names for argument in ("--id-attr:ID", _named(name))]
            ids += ["--id-attr:AssertionID", f"{NS['saml1']}:Assertion"]
            command = ["xmlsec1", "--verify", *ids, "--enabled-key-data", "raw-x509-cert,rsa",
                       "--pubkey-cert-pem", pem,
                       "--node-xpath", path + "/*[local-name()='Signature']", document]
            return subprocess.run(command, capture_output=True).returncode == 0

    def query_verified_by(self, certificates):
        """Whether the query that carried it is signed, by bindings 3.4.4.1: over its octets."""
        parts = dict(each.split("=", 1) for each in self.delivered.query.split("&") if "=" in each)
        if "Signature" not in parts or "SigAlg" not in parts:
            return False
        order = ("SAMLRequest", "SAMLResponse", "RelayState", "SigAlg")
        octets = "&".join(f"{name}={parts[name]}" for name in order if name in parts).encode()
        digest = algorithm_digest(urllib.parse.unquote(parts["SigAlg"]))
        value = base64.b64decode(urllib.parse.unquote_plus(parts["Signature"]))
        for certificate in certificates:
            key = x509.load_pem_x509_certificate(certificate.encode()).public_key()
            try:
                key.verify(value, octets, padding.PKCS1v15(), digest())
                return True
            except Exception:  # not this one
                continue
        return False

    def schema_problem(self, schema):
        """What is wrong by one of OASIS's schemas, or None."""
        validator = _schema(schema)
        return None if validator.validate(self.root) else str(validator.error_log.last_error)


def _positions(element):
    """The path of an element, by places alone: prefixes mean nothing to xmlsec1's command line."""
    above = element.getparent()
    if above is None:
        return "/*"
    return f"{_positions(above)}/*[{[*above.iterchildren(etree.Element)].index(element) + 1}]"


def _named(name):
    prefix = "md" if name.startswith("Entit") else "saml" if name == "Assertion" else "samlp"
    return f"{NS[prefix]}:{name}"


class _Local(etree.Resolver):
    """Schemas as Debian has them, whatever address they are asked for by."""

    def resolve(self, address, _public, context):
        name = os.path.basename(urllib.parse.urlsplit(address or "").path)
        found = glob.glob(f"{SCHEMAS}/*/{name}") + glob.glob(f"{SCHEMAS}/**/{name}", recursive=True)
        return self.resolve_filename(found[0], context) if found else None


def _schema(name):
    parser = etree.XMLParser(no_network=True)
    parser.resolvers.add(_Local())
    found = glob.glob(f"{SCHEMAS}/**/{name}", recursive=True)
    if not found:
        raise RuntimeError(f"{name} is missing: apt-get install opensaml-schemas xmltooling-schemas")
    return etree.XMLSchema(etree.parse(found[0], parser))


def instant(text):
    """An xs:dateTime in UTC; SAML wants no other."""
    if not text or not text.endswith("Z"):
        raise Broken(f"{text} is not in UTC with Z")
    return datetime.datetime.fromisoformat(text)
