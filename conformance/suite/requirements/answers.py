"""The Response that signs somebody in."""

import datetime
import math
import re

from ..judge import instant
from ..namespaces import BEARER, ENTITY, ENVELOPED, EXCLUSIVE, NS, PERSISTENT, TRANSIENT
from ..relying_party import OTHER, PLAIN
from ..requirement import NotApplicable, must, need, should

ASSERTIONS = "/samlp:Response/saml:Assertion"
STATEMENT = ASSERTIONS + "/saml:AuthnStatement"
CONFIRMATION = f"{ASSERTIONS}/saml:Subject/saml:SubjectConfirmation[@Method='{BEARER}']"
DATA = CONFIRMATION + "/saml:SubjectConfirmationData"


@must("answer.assertion", "profiles 4.1.4.2",
      "\"It MUST contain at least one <Assertion>.\"")
def assertion(idp):
    need(idp.happy.all(ASSERTIONS), "no assertion")


@must("answer.signed", "profiles 4.1.4.5, errata E26",
      "By HTTP POST, each assertion must be protected by a signature, its own or the Response's.")
def signed(idp):
    message = idp.happy
    if message.verified_by(idp.certificates, message.root):
        return "the Response, by xmlsec1 and a certificate of the metadata"
    for each in message.all(ASSERTIONS):
        need(message.verified_by(idp.certificates, each), "xmlsec1 verifies neither signature")
    return "the assertion, by xmlsec1 and a certificate of the metadata"


@must("answer.schema", "core 1.1",
      "Messages are valid by the schema: judged by OASIS's own, as OpenSAML ships it.")
def schema(idp):
    problem = idp.happy.schema_problem("saml-schema-protocol-2.0.xsd")
    need(problem is None, problem)


@must("answer.signature-enveloped", "core 5.4.1, 5.4.2",
      "Signatures are enveloped, with one reference, to the ID of the element that they sign.")
def signature_enveloped(idp):
    signatures = idp.happy.all("//ds:Signature")
    need(signatures, "no signature")
    for signature in signatures:
        references = signature.findall("ds:SignedInfo/ds:Reference", NS)
        need(len(references) == 1, f"{len(references)} references")
        wanted = "#" + signature.getparent().get("ID", "")
        need(references[0].get("URI") == wanted, f"refers to {references[0].get('URI')}")


@should("answer.transforms", "core 5.4.4",
      "\"Signatures in SAML messages SHOULD NOT contain transforms other than the enveloped signature "
      "transform\" or exclusive canonicalization.")
def transforms(idp):
    found = set(idp.happy.all("//ds:Transform/@Algorithm"))
    allowed = {ENVELOPED, EXCLUSIVE, EXCLUSIVE + "WithComments"}
    need(found <= allowed, f"others: {found - allowed}")


@must("answer.version", "core 2.3.3, 3.2.2",
      "Version is \"2.0\" in the Response and in each assertion.")
def version(idp):
    found = idp.happy.all("/samlp:Response/@Version") + idp.happy.all(ASSERTIONS + "/@Version")
    need(set(found) == {"2.0"}, f"{found}")


@must("answer.utc", "core 1.3.3",
      "Times \"MUST be expressed in UTC form, with no time zone component.\"")
def utc(idp):
    names = "@IssueInstant|@NotBefore|@NotOnOrAfter|@AuthnInstant|@SessionNotOnOrAfter"
    found = [value for name in names.split("|") for value in idp.happy.all(f"//{name}")]
    for each in found:
        instant(each)
    return f"{len(found)} of them"


@must("answer.ids", "core 1.3.4",
      "Identifiers are xs:ID, and two of them are equal with a probability of at most 2^-128.")
def ids(idp):
    found = idp.happy.all("//@ID") + idp.happy_with_other.all("//@ID")
    need(len(set(found)) == len(found), "an ID came twice")
    for each in found:
        need(re.fullmatch(r"[A-Za-z_][\w.-]*", each), f"{each} is no xs:ID")
        digits = len(each) - 1
        base = 16 if re.fullmatch(r"[A-Za-z_][0-9a-fA-F-]+", each) else 36
        need(digits * math.log2(base) >= 128, f"{each} is too short for 128 random bits")
    return f"such as {found[0]}"


@must("answer.in-response-to", "core 3.2.2",
      "InResponseTo of an answer must be there and match the ID of the request.")
def in_response_to(idp):
    found = idp.happy.root.get("InResponseTo")
    need(found == idp.happy.request_id, f"{found} for {idp.happy.request_id}")


@must("answer.destination", "bindings 3.5.5.2",
      "\"If the message is signed, the Destination XML attribute in the root SAML element of the "
      "protocol message MUST contain the URL to which the sender has instructed the user agent to "
      "deliver the message.\"")
def destination(idp):
    found = idp.happy.root.get("Destination")
    if found is None and idp.happy.root.find("ds:Signature", NS) is None:
        return "none, and the Response is not signed"
    need(found == PLAIN.consumer, f"{found}")
    return found


@must("answer.status", "core 3.2.2.2",
      "\"The value of the topmost <StatusCode> element MUST be from the top-level list\".")
def status(idp):
    need(idp.happy.status[:1] == ["Success"], f"{idp.happy.status}")


@must("answer.issuer", "profiles 4.1.4.2, errata E17",
      "The Response's Issuer, where there is one, \"MUST contain the unique identifier of the issuing "
      "identity provider; the Format attribute MUST be omitted\" or say entity.")
def issuer(idp):
    found = idp.happy.all("/samlp:Response/saml:Issuer")
    if not found:
        need(idp.happy.root.find("ds:Signature", NS) is None, "signed, and without an Issuer")
        return "none, and the Response is not signed"
    _is_entity(found[0], idp)


@must("answer.assertion-issuer", "profiles 4.1.4.2",
      "\"Each assertion's <Issuer> element MUST contain the unique identifier of the issuing identity "
      "provider\".")
def assertion_issuer(idp):
    for each in idp.happy.all(ASSERTIONS + "/saml:Issuer"):
        _is_entity(each, idp)


def _is_entity(element, idp):
    need(element.text.strip() == idp.entity_id, f"{element.text} for {idp.entity_id}")
    need(element.get("Format") in (None, ENTITY), f"Format {element.get('Format')}")


@must("answer.statement", "profiles 4.1.4.2",
      "The assertions must contain an AuthnStatement that reflects the authentication.")
def statement(idp):
    found = idp.happy.all(STATEMENT)
    need(found, "no AuthnStatement")
    at = instant(found[0].get("AuthnInstant"))
    ahead = at - datetime.datetime.now(datetime.timezone.utc)
    need(abs(ahead.total_seconds()) < 300, f"AuthnInstant {at} is not that of the sign-in")


@must("answer.context", "core 2.7.2",
      "An AuthnStatement says by an AuthnContext how somebody was authenticated.")
def context(idp):
    found = idp.happy.all(STATEMENT + "/saml:AuthnContext/*")
    need(found, "no AuthnContext")
    return " ".join((found[0].text or "").split())


@must("answer.session-index", "profiles 4.1.4.2",
      "\"If the identity provider supports the Single Logout profile, defined in Section 4.4, any such "
      "authentication statements MUST include a SessionIndex attribute\".")
def session_index(idp):
    if not idp.metadata.all("//md:IDPSSODescriptor/md:SingleLogoutService"):
        raise NotApplicable("no single logout")
    need(idp.happy.session_index, "no SessionIndex")


@must("answer.subject", "core 3.4.1.4",
      "\"The assertion(s) returned MUST contain a <saml:Subject> element that represents the presenter.\"")
def subject(idp):
    path = ASSERTIONS + "/saml:Subject/*[self::saml:NameID or self::saml:EncryptedID]"
    need(len(idp.happy.all(path)) == 1, "no name in the Subject")


@must("answer.bearer", "profiles 4.1.4.2",
      "A Subject must contain a SubjectConfirmation whose Method is bearer.")
def bearer(idp):
    need(idp.happy.all(CONFIRMATION), "none")


@must("answer.recipient", "profiles 4.1.4.2",
      "SubjectConfirmationData \"contains a Recipient attribute containing the service provider's "
      "assertion consumer service URL\".")
def recipient(idp):
    found = idp.happy.all(DATA + "/@Recipient")
    need(found == [PLAIN.consumer], f"{found}")


@must("answer.not-on-or-after", "profiles 4.1.4.2",
      "SubjectConfirmationData contains \"a NotOnOrAfter attribute that limits the window during which "
      "the assertion can be delivered\".")
def not_on_or_after(idp):
    found = idp.happy.all(DATA + "/@NotOnOrAfter")
    need(found, "none")
    need(instant(found[0]) > datetime.datetime.now(datetime.timezone.utc), f"{found[0]} is past")


@must("answer.no-not-before", "profiles 4.1.4.2",
      "SubjectConfirmationData \"MUST NOT contain a NotBefore attribute\".")
def no_not_before(idp):
    need(not idp.happy.all(DATA + "/@NotBefore"), "there is one")


@must("answer.confirmation-in-response-to", "profiles 4.1.4.2",
      "\"If the containing message is in response to an <AuthnRequest>, then the InResponseTo attribute "
      "MUST match the request's ID.\"")
def confirmation_in_response_to(idp):
    found = idp.happy.all(DATA + "/@InResponseTo")
    need(found == [idp.happy.request_id], f"{found}")


@must("answer.audience", "profiles 4.1.4.2",
      "A bearer assertion \"MUST contain an <AudienceRestriction> including the service provider's "
      "unique identifier as an <Audience>\".")
def audience(idp):
    path = "/saml:Conditions/saml:AudienceRestriction/saml:Audience/text()"
    for message, party in ((idp.happy, PLAIN), (idp.happy_with_other, OTHER)):
        found = message.all(ASSERTIONS + path)
        need(party.entity_id in found, f"{found}")
        # Others may be named, but not one that has nothing to do with it.
        need(len(found) == 1, f"others, too: {found}")


@must("answer.conditions", "core 2.5.1.2",
      "NotBefore of the Conditions is earlier than NotOnOrAfter, and now lies between them.")
def conditions(idp):
    found = idp.happy.one(ASSERTIONS + "/saml:Conditions")
    begin, end = found.get("NotBefore"), found.get("NotOnOrAfter")
    now = datetime.datetime.now(datetime.timezone.utc)
    need(begin is None or instant(begin) <= now, f"NotBefore {begin} is ahead")
    need(end is None or instant(end) > now, f"NotOnOrAfter {end} is past")
    return f"{begin} to {end}"


@must("answer.persistent", "core 8.3.7",
      "\"Persistent name identifier values MUST NOT exceed a length of 256 characters\", are the same "
      "each time, and show nothing of the person's name.")
def persistent(idp):
    first = idp.happy.one("//saml:Subject/saml:NameID")
    if first.get("Format") != PERSISTENT:
        raise NotApplicable(f"NameID has the format {first.get('Format')}")
    need(first.text, "the NameID is empty")
    again = idp.sign_in().one("//saml:Subject/saml:NameID")
    need(first.text == again.text, "another one the second time")
    need(len(first.text) <= 256, f"{len(first.text)} characters")
    name = idp.person[0].split("@")[0]
    need(name not in (first.text or ""), f"{first.text} has the name in it")


@must("answer.transient", "core 8.3.8",
      "Transient names are made by the rules of identifiers, anew, of at most 256 characters.")
def transient(idp):
    found = [idp.sign_in(party=OTHER).one("//saml:Subject/saml:NameID") for _ in range(2)]
    if found[0].get("Format") != TRANSIENT:
        raise NotApplicable(f"NameID has the format {found[0].get('Format')}")
    need(found[0].text != found[1].text, "the same in two sessions")
    need(22 <= len(found[0].text) <= 256, f"{found[0].text}")


@must("answer.attributes", "core 2.7.3",
      "An AttributeStatement that is there has an attribute in it.")
def attributes(idp):
    for each in idp.happy.all(ASSERTIONS + "/saml:AttributeStatement"):
        need(len(each), "an empty AttributeStatement")


@should("answer.sha256", "XML Signature 1.1, 6.1",
        "SHA-1 is not used for new signatures.")
def sha256(idp):
    found = idp.happy.all("//ds:SignatureMethod/@Algorithm|//ds:DigestMethod/@Algorithm")
    need(not any(each.endswith("sha1") for each in found), f"{found}")


