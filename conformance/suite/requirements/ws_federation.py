"""WS-Federation's passive requestors, as Microsoft profiles them (MS-MWBF)."""

import urllib.parse

from ..browser import Delivered, Page
from ..judge import Message
from ..relying_party import REALM, REALM_REPLY
from ..requirement import Broken, NotApplicable, attack, must, need, should

CONTEXT = "rm=0&id=passive&ru=%2fowa%2f+\"<é>"


def _ask(idp, browser, **parameters):
    if not idp.subject.ws_federation:
        raise NotApplicable("it does not speak WS-Federation")
    return browser.get(idp.subject.ws_federation + "?" + urllib.parse.urlencode(parameters))


def _sign_in(idp, browser=None, **parameters):
    browser = browser or idp.browser()
    parameters = {"wa": "wsignin1.0", "wtrealm": REALM, **parameters}
    return idp.go_on(browser, _ask(idp, browser, **parameters))


def _happy(idp):
    if not hasattr(idp, "federated"):
        idp.federated = _sign_in(idp, wctx=CONTEXT)
    if not isinstance(idp.federated, Delivered):
        raise Broken(f"no answer came: {idp.federated}")
    return idp.federated


def _token(idp):
    """The answer with its token, and the token."""
    message = Message(_happy(idp).fields["wresult"].encode())
    path = "//t:RequestedSecurityToken/saml:Assertion|//t:RequestedSecurityToken/saml1:Assertion"
    return message, message.one(path)


@must("wsfed.answer", "WS-Federation 1.2 13.2.3, MS-MWBF 2.2.4",
      "wsignin1.0 is answered by a form that posts wa=wsignin1.0 and wresult to the relying party.")
def answer(idp):
    delivered = _happy(idp)
    need(delivered.method == "POST", delivered.method)
    need(delivered.url == REALM_REPLY, delivered.url)
    need(delivered.fields.get("wa") == "wsignin1.0", f"wa is {delivered.fields.get('wa')}")
    need("wresult" in delivered.fields, f"{list(delivered.fields)}")


@must("wsfed.context", "MS-MWBF 2.2.2",
      "wctx: \"An opaque context value that MUST be returned with the response if it is passed in the "
      "request by the relying party.\"")
def context(idp):
    found = _happy(idp).fields.get("wctx")
    need(found == CONTEXT, f"{found!r}")


@must("wsfed.result", "MS-MWBF 2.2.2",
      "wresult: \"The issued security token that MUST be encoded as a RequestSecurityTokenResponse "
      "(RSTR) element\".")
def result(idp):
    message, _ = _token(idp)
    need(message.name.startswith("RequestSecurityTokenResponse"), message.name)


@must("wsfed.applies-to", "MS-MWBF 2.2.4.1",
      "AppliesTo of the answer names the relying party.")
def applies_to(idp):
    message, _ = _token(idp)
    found = message.all("//*[local-name()='AppliesTo']//*[local-name()='Address']/text()")
    need([each.strip() for each in found] == [REALM], f"{found}")


@must("wsfed.signed", "MS-MWBF 2.2.4.2",
      "The token is signed by the identity provider, and is for the relying party alone.")
def signed(idp):
    message, token = _token(idp)
    need(message.verified_by(idp.certificates, token), "xmlsec1 does not verify it")
    found = token.xpath("*[local-name()='Conditions']//*[local-name()='Audience']/text()")
    need(found == [REALM], f"audience {found}")


@must("wsfed.realm", "WS-Federation 1.2 13.2.2",
      "A wtrealm that is not known gets no token.")
def realm(idp):
    shown = _sign_in(idp, wtrealm="urn:unknown")
    need(isinstance(shown, Page), f"{shown}")
    return str(shown)


@attack("wsfed.reply", "class 6: open redirect",
        "wreply leads to no address that is not the relying party's.")
def reply(idp):
    shown = _sign_in(idp, wreply="https://evil.test/reply")
    need(not isinstance(shown, Delivered) or shown.url == REALM_REPLY, f"{shown}")
    return str(shown)


@should("wsfed.fresh", "WS-Federation 1.2 13.2.2",
        "wfresh of zero: the requestor is authenticated again before the token is issued.")
def fresh(idp):
    browser = idp.browser()
    _sign_in(idp, browser)
    shown = _ask(idp, browser, wa="wsignin1.0", wtrealm=REALM, wfresh="0")
    need(isinstance(shown, Page) and shown.sign_in_form, f"it does not ask: {shown}")


@must("wsfed.sign-out", "WS-Federation 1.2 13.2.4, MS-MWBF 2.2.5",
      "wsignout1.0 ends the session.")
def sign_out(idp):
    browser = idp.browser()
    _sign_in(idp, browser)
    _ask(idp, browser, wa="wsignout1.0")
    shown = _ask(idp, browser, wa="wsignin1.0", wtrealm=REALM)
    need(isinstance(shown, Page) and shown.sign_in_form, f"it does not ask: {shown}")


@should("wsfed.clean-up", "WS-Federation 1.2 13.2.4, MS-MWBF 2.2.6",
        "wsignoutcleanup1.0 ends the session.")
def clean_up(idp):
    browser = idp.browser()
    _sign_in(idp, browser)
    _ask(idp, browser, wa="wsignoutcleanup1.0")
    shown = _ask(idp, browser, wa="wsignin1.0", wtrealm=REALM)
    need(isinstance(shown, Page) and shown.sign_in_form, f"it does not ask: {shown}")


@attack("wsfed.sign-out-reply", "class 6: open redirect",
        "wreply of a sign-out leads nowhere that no relying party has.")
def sign_out_reply(idp):
    shown = _ask(idp, idp.browser(), wa="wsignout1.0", wreply="https://evil.test/")
    need(not isinstance(shown, Delivered), f"{shown}")
    leads = shown.document().xpath("//@href|//@src|//@action|//meta/@content")
    need(not any("evil.test" in each for each in leads), "the page leads there")
