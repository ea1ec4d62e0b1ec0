"""How messages travel: HTTP-Redirect and HTTP-POST."""

import re
import urllib.parse

from ..browser import Delivered
from ..identity_provider import response
from ..judge import Message
from ..namespaces import POST
from ..relying_party import PLAIN, SIGNED, redirect_query
from ..requirement import must, need, should
from ..xml_signature import sign, x509_data

# 80 octets, with what forms and queries must escape.
RELAY_STATE = ("r&s=<\"'>+ %2B;/?#é" + "x" * 80).encode()[:80].decode()


@must("binding.redirect", "profiles 4.1.2, conformance 3",
      "Requests come by HTTP-Redirect.")
def redirect(idp):
    need(idp.happy.is_success, f"{idp.happy.status}")


@must("binding.post", "conformance 3",
      "Requests come by HTTP-POST.")
def post(idp):
    need(idp.sign_in(binding=POST).is_success, "no success")


@must("binding.form", "bindings 3.5.4",
      "The form is sent by POST to the endpoint; a response stands in a hidden control named "
      "SAMLResponse.")
def form(idp):
    delivered = idp.happy.delivered
    need(delivered.method == "POST", delivered.method)
    need(delivered.url == PLAIN.consumer, delivered.url)
    shown = next(each for each in delivered.page.forms if "SAMLResponse" in each.fields)
    kind = shown.types["SAMLResponse"]
    need(kind == "hidden", f"the control is {kind}")


@must("binding.relay-state", "bindings 3.4.3, 3.5.3",
      "The responder \"MUST place the exact data it received with the request into the corresponding "
      "RelayState parameter in the response.\"")
def relay_state(idp):
    for binding in (None, POST):
        named = {"binding": POST} if binding else {}
        message = idp.sign_in(relay_state=RELAY_STATE, **named)
        found = message.delivered.fields.get("RelayState")
        need(found == RELAY_STATE, f"{found!r}")
    return "80 octets, by both bindings"


@must("binding.relay-state-signed", "bindings 3.4.4.1",
      "The signature of a query covers RelayState: one that was changed is refused.")
def relay_state_signed(idp):
    query = redirect_query(idp.request(SIGNED), relay_state="good", key=SIGNED.key)
    changed = query.replace("RelayState=good", "RelayState=evil")
    browser = idp.browser()
    shown = idp.go_on(browser, browser.get(_joined(idp.sso, changed)))
    need(not isinstance(shown, Delivered) or not Message.of(shown).is_success,
         "the request is answered with an assertion")
    return str(shown)


@must("binding.signed-query", "bindings 3.4.4.1",
      "A query that is signed with the requester's key is taken.")
def signed_query(idp):
    need(idp.sign_in(party=SIGNED, relay_state="signed").is_success, "no success")


@must("binding.original-encoding", "bindings 3.4.4.1",
      "\"the original URL-encoded values\" are what the signature is verified over: another encoding of "
      "the same characters holds, too.")
def original_encoding(idp):
    def lower(text):
        quoted = urllib.parse.quote(text, safe="")
        return re.sub("%[0-9A-F]{2}", lambda found: found[0].lower(), quoted)

    query = redirect_query(idp.request(SIGNED), relay_state="r+s/", key=SIGNED.key, quote=lower)
    browser, _ = idp.signed_in
    cookies = "; ".join(f"{each.name}={each.value}" for each in browser.session.cookies)
    # As it is: the browser of the suite would write capital letters.
    shown = idp.raw().get(_joined(idp.sso, query), headers=[f"Cookie: {cookies}"])
    form = next((each for each in shown.forms if "SAMLResponse" in each.fields), None)
    need(form, f"no answer came: {shown}")
    message = Message.of(Delivered(form.action, form.method, form.fields, "", shown))
    need(message.is_success, f"{message.status}")
    return "hexadecimal digits in small letters"


@must("binding.signed-post", "bindings 3.5.5.2, core 5",
      "A message that is signed with the requester's key is taken.")
def signed_post(idp):
    signed = sign(SIGNED.authn_request(idp.endpoint("SingleSignOnService", POST)), SIGNED.key,
                  key_info=x509_data(SIGNED.key))
    browser = idp.browser()
    message = response(idp.go_on(browser, idp.ask(browser, signed, binding=POST)))
    need(message.is_success, f"{message.status}")


@should("binding.no-cache", "bindings 3.5.5.1",
        "Responses with messages say Cache-Control: no-cache, no-store, and Pragma: no-cache.")
def no_cache(idp):
    headers = {name.lower(): value for name, value in idp.happy.delivered.page.headers.items()}
    found = headers.get("cache-control", "")
    need("no-store" in found, f"Cache-Control: {found or 'none'}")
    return f"Cache-Control: {found}"


@should("binding.https", "profiles 4.1.3.3 to 4.1.3.5",
        "Exchanges of the profile go over TLS, as recommended: the published addresses are https.")
def https(idp):
    found = idp.metadata.all("//md:IDPSSODescriptor/*/@Location")
    need(all(each.startswith("https://") for each in found), f"{found}")


def _joined(address, query):
    return address + ("&" if "?" in address else "?") + query
