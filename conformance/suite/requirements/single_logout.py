"""Single logout, begun by a relying party."""

import html
import re
import urllib.parse

from ..browser import Delivered
from ..judge import Message
from ..namespaces import ENTITY
from ..relying_party import OTHER, PLAIN, STRANGER, new_id, redirect_query
from ..requirement import Broken, must, need


def _logout(idp, browser, request, key=PLAIN.key, relay_state="bye"):
    query = redirect_query(request, relay_state=relay_state, key=key)
    return browser.get(idp.slo + ("&" if "?" in idp.slo else "?") + query)


def _lives(idp, browser):
    """Whether the browser still has a session."""
    shown = idp.ask(browser, idp.request(attributes='IsPassive="true"'))
    return isinstance(shown, Delivered) and Message.of(shown).is_success


def _ended(idp):
    """The LogoutResponse of an ordinary logout, with the browser and the request's ID."""
    if not hasattr(idp, "ended"):
        idp.slo  # not applicable where there is none
        browser, id = idp.browser(), new_id()
        message = idp.sign_in(browser)
        shown = _logout(idp, browser, PLAIN.logout_request(
            idp.slo, message.name_id, message.session_index, id))
        idp.ended = browser, id, shown
    browser, id, shown = idp.ended
    if not isinstance(shown, Delivered):
        raise Broken(f"no LogoutResponse came: {shown}")
    return browser, id, Message.of(shown)


@must("logout.ends", "core 3.7.3.2, profiles 4.4.3",
      "A LogoutRequest from a session participant ends the principal's session.")
def ends(idp):
    browser, _, message = _ended(idp)
    need(message.status[:1] == ["Success"], f"{message.status}")
    need(not _lives(idp, browser), "the session lives on")


@must("logout.answered", "core 3.7.3.2",
      "The session authority answers with a LogoutResponse whose InResponseTo is the request's ID.")
def answered(idp):
    _, id, message = _ended(idp)
    need(message.name == "LogoutResponse", message.name)
    need(message.root.get("InResponseTo") == id, message.root.get("InResponseTo"))
    need(message.delivered.url == PLAIN.logout, message.delivered.url)


@must("logout.response-signed", "profiles 4.4.4.2",
      "The responder \"MUST authenticate itself to the requester and ensure message integrity, either "
      "by signing the message or using a binding-specific mechanism.\"")
def response_signed(idp):
    message = _ended(idp)[2]
    if message.delivered.method == "GET":
        need(message.query_verified_by(idp.certificates), "the query's signature does not verify")
    else:
        need(message.verified_by(idp.certificates, message.root), "xmlsec1 does not verify it")


@must("logout.response-issuer", "profiles 4.4.4.2",
      "\"The <Issuer> element MUST be present and MUST contain the unique identifier of the responding "
      "entity\".")
def response_issuer(idp):
    found = _ended(idp)[2].one("/samlp:LogoutResponse/saml:Issuer")
    need(found.text.strip() == idp.entity_id, found.text)
    need(found.get("Format") in (None, ENTITY), f"Format {found.get('Format')}")


@must("logout.relay-state", "bindings 3.4.3",
      "RelayState of the request comes back with the response.")
def relay_state(idp):
    found = _ended(idp)[2].delivered.fields.get("RelayState")
    need(found == "bye", f"{found!r}")


@must("logout.schema", "core 1.1",
      "The LogoutResponse is valid by the schema, and where it is signed in a query it has no "
      "Signature element (bindings 3.4.4.1).")
def schema(idp):
    message = _ended(idp)[2]
    problem = message.schema_problem("saml-schema-protocol-2.0.xsd")
    need(problem is None, problem)
    if message.delivered.method == "GET":
        need(not message.all("//ds:Signature"), "it has a Signature element in a query")


@must("logout.unsigned", "profiles 4.4.4.1, core 3.7.3.2",
      "A LogoutRequest must be authenticated: one without a signature ends nothing.")
def unsigned(idp):
    browser = idp.browser()
    message = idp.sign_in(browser)
    request = PLAIN.logout_request(idp.slo, message.name_id, message.session_index)
    shown = _logout(idp, browser, request, key=None)
    need(_lives(idp, browser), f"the session has ended: {shown}")
    return str(shown)


@must("logout.foreign-key", "profiles 4.4.4.1",
      "A LogoutRequest that is signed with another key than the requester's ends nothing.")
def foreign_key(idp):
    browser = idp.browser()
    message = idp.sign_in(browser)
    request = PLAIN.logout_request(idp.slo, message.name_id, message.session_index)
    shown = _logout(idp, browser, request, key=STRANGER)
    need(_lives(idp, browser), f"the session has ended: {shown}")
    return str(shown)


@must("logout.other-principal", "core 3.7.3.2, 3.3.4",
      "The principal is the one whose identifier strongly matches: a request that names somebody else "
      "ends no other session.")
def other_principal(idp):
    theirs = idp.sign_in(person=idp.subject.people[1])
    browser = idp.browser()
    ours = idp.sign_in(browser)
    if theirs.one("//saml:NameID").text == ours.one("//saml:NameID").text:
        raise Broken("two people have one name")
    shown = _logout(idp, browser, PLAIN.logout_request(
        idp.slo, theirs.name_id, theirs.session_index))
    need(_lives(idp, browser), f"the session has ended: {shown}")
    return str(shown)


def _told(idp, browser, shown, depth=2):
    """The LogoutRequest for the other participant, wherever a page has it."""
    if isinstance(shown, Delivered):
        if shown.url == OTHER.logout:
            return Message.of(shown, "SAMLRequest")
        return None
    for found in re.findall(r'https:[^"\'\s<>]*' + re.escape(OTHER.host) + r'[^"\'\s<>]*', shown.text):
        parts = urllib.parse.urlsplit(html.unescape(found).replace("\\/", "/"))
        fields = dict(urllib.parse.parse_qsl(parts.query))
        if "SAMLRequest" in fields:
            return Message.of(Delivered(OTHER.logout, "GET", fields, parts.query, shown), "SAMLRequest")
    if depth:
        # A frame, an image or a form of the page's own.
        document = shown.document()
        inside = document.xpath("//iframe/@src|//frame/@src|//img/@src")
        for address in inside[:8]:
            message = _told(idp, browser, browser.get(urllib.parse.urljoin(shown.url, address)), depth - 1)
            if message is not None:
                return message
        for form in shown.forms[:2]:
            if form.method == "POST" and not form.password_field and set(form.types.values()) <= {
                "hidden", "submit"
            }:
                message = _told(idp, browser, browser.post(form.action, form.fields), depth - 1)
                if message is not None:
                    return message
    return None


@must("logout.others", "core 3.7.3.2",
      "The session authority sends a LogoutRequest to each other session participant, signed, with the "
      "name and the SessionIndex that this one knows.")
def others(idp):
    idp.slo
    browser = idp.browser()
    first = idp.sign_in(browser)
    second = idp.sign_in(browser, OTHER)
    shown = _logout(idp, browser, PLAIN.logout_request(
        idp.slo, first.name_id, first.session_index))
    told = _told(idp, browser, shown)
    need(told is not None, f"the other one is not told: {shown}")
    need(told.query_verified_by(idp.certificates) or told.verified_by(idp.certificates, told.root),
         "its signature does not verify")
    known = second.one("//saml:Subject/saml:NameID").text
    need(told.one("/samlp:LogoutRequest/saml:NameID").text == known, "it has another name")
    index = told.all("/samlp:LogoutRequest/samlp:SessionIndex/text()")
    need(not index or second.session_index in index, f"it has the SessionIndex {index}")
    need(told.one("/samlp:LogoutRequest/saml:Issuer").text.strip() == idp.entity_id, "another Issuer")
