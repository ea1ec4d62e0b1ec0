"""What a request asks for, and what comes of it."""

import time

from ..browser import Delivered, Page
from ..identity_provider import response, without_assertion
from ..namespaces import CLASSES, PERSISTENT, UNSPECIFIED
from ..relying_party import PLAIN
from ..requirement import NotApplicable, must, need


@must("request.passive", "core 3.4.1",
      "IsPassive: the identity provider \"MUST NOT visibly take control of the user interface\"; "
      "without a session it answers with an error (profiles 4.1.4.1).")
def passive(idp):
    browser = idp.browser()
    shown = idp.ask(browser, idp.request(attributes='IsPassive="true"'))
    need(not isinstance(shown, Page), f"it shows a page: {shown}")
    status = without_assertion(response(shown))
    need("NoPassive" in status, f"{status}, not NoPassive")
    return status


@must("request.passive-with-session", "core 3.4.1",
      "IsPassive with a session: answered without a question.")
def passive_with_session(idp):
    browser, _ = idp.signed_in
    message = response(idp.ask(browser, idp.request(attributes='IsPassive="true"')))
    need(message.is_success, f"{message.status}")


@must("request.force", "core 3.4.1",
      "ForceAuthn: \"the identity provider MUST authenticate the presenter directly rather than rely on "
      "a previous security context\".")
def force(idp):
    browser = idp.browser()
    first = idp.sign_in(browser).one("//saml:AuthnStatement").get("AuthnInstant")
    # Some count what was proven seconds ago as proven now.
    time.sleep(6)
    shown = idp.ask(browser, idp.request(attributes='ForceAuthn="true"'))
    button = isinstance(shown, Page) and not shown.sign_in_form and shown.only_button
    if button:
        # "Upgrade session", say, and then the form.
        shown = browser.send(button.method, button.action, data=button.fields)
    need(isinstance(shown, Page) and shown.sign_in_form, f"it does not ask: {shown}")
    message = response(idp.go_on(browser, shown))
    need(message.is_success, f"{message.status}")
    second = message.one("//saml:AuthnStatement").get("AuthnInstant")
    need(second > first, f"AuthnInstant is still that of before: {second}")


@must("request.force-passive", "core 3.4.1",
      "\"if both ForceAuthn and IsPassive are 'true', the identity provider MUST NOT freshly "
      "authenticate the presenter unless the constraints of IsPassive can be met.\"")
def force_passive(idp):
    browser, _ = idp.signed_in
    time.sleep(6)
    shown = idp.ask(browser, idp.request(attributes='ForceAuthn="true" IsPassive="true"'))
    need(not isinstance(shown, Page), f"it shows a page: {shown}")
    return without_assertion(response(shown))


@must("request.name-id-unknown", "core 3.4.1.1",
      "NameIDPolicy: \"if the content is not understood by or acceptable to the identity provider, then "
      "a <Response> message element MUST be returned with an error <Status>\".")
def name_id_unknown(idp):
    browser, _ = idp.signed_in
    policy = '<samlp:NameIDPolicy Format="urn:conformance:nameid-format:unknown"/>'
    return without_assertion(response(idp.ask(browser, idp.request(children=policy))))


@must("request.name-id-unspecified", "core 3.4.1.1",
      "A Format that is unspecified leaves the choice to the identity provider.")
def name_id_unspecified(idp):
    browser, _ = idp.signed_in
    policy = f'<samlp:NameIDPolicy Format="{UNSPECIFIED}" AllowCreate="true"/>'
    message = response(idp.ask(browser, idp.request(children=policy)))
    need(message.is_success, f"{message.status}")


@must("request.name-id-asked", "core 3.4.1.1",
      "A Format that is asked for is the one that comes, or an error does.")
def name_id_asked(idp):
    browser, _ = idp.signed_in
    policy = f'<samlp:NameIDPolicy Format="{PERSISTENT}" AllowCreate="true"/>'
    message = response(idp.ask(browser, idp.request(children=policy)))
    if not message.is_success:
        return " / ".join(message.status)
    found = message.one("//saml:Subject/saml:NameID").get("Format")
    need(found == PERSISTENT, f"{found}")


def _context(name, comparison="exact"):
    return (
        f'<samlp:RequestedAuthnContext Comparison="{comparison}"><saml:AuthnContextClassRef>{name}'
        f"</saml:AuthnContextClassRef></samlp:RequestedAuthnContext>"
    )


@must("request.context-exact", "core 3.3.2.2.1",
      "Comparison exact: \"the resulting authentication context in the authentication statement MUST be "
      "the exact match of at least one of the authentication contexts specified.\"")
def context_exact(idp):
    browser, message = idp.signed_in
    offered = message.one("//saml:AuthnContextClassRef").text
    again = response(idp.ask(browser, idp.request(children=_context(offered))))
    need(again.is_success, f"{again.status} for {offered}, which it had issued itself")
    need(again.one("//saml:AuthnContextClassRef").text == offered, "another one came")


@must("request.context-unmet", "core 3.3.2.2.1",
      "What cannot be met is an error: no assertion with another context comes.")
def context_unmet(idp):
    for name in (CLASSES + "SmartcardPKI", "urn:conformance:classes:unknown"):
        browser = idp.browser()
        status, message = idp.refuses(browser, idp.request(children=_context(name)))
        found = message and message.all("//saml:AuthnContextClassRef/text()")
        need(status is not None, f"asked for {name}, it issues {found}")
    return status


@must("request.context-better", "core 3.3.2.2.1",
      "Comparison better: \"MUST be stronger\" than any of those specified.")
def context_better(idp):
    wanted = _context(CLASSES + "TimeSyncToken", "better")
    status, message = idp.refuses(idp.browser(), idp.request(children=wanted))
    found = message and message.all("//saml:AuthnContextClassRef/text()")
    need(status is not None, f"asked for better than TimeSyncToken, it issues {found}")
    return status


@must("request.subject-other", "profiles 4.1.4.1, core 3.4.1.4",
      "\"If the identity provider does not recognize the principal as that identity\" of the request's "
      "Subject, \"then it MUST respond with a <Response> message containing an error status and no "
      "assertions.\"")
def subject_other(idp):
    # The name of another person, as that person's own assertion has it.
    theirs = idp.sign_in(person=idp.subject.people[1])
    ours = idp.happy
    if theirs.one("//saml:NameID").get("Format") != PERSISTENT:
        raise NotApplicable("people are not known by a lasting name")
    need(theirs.one("//saml:NameID").text != ours.one("//saml:NameID").text, "two share a name")
    wanted = f"<saml:Subject>{theirs.name_id}</saml:Subject>"
    status, message = idp.refuses(idp.browser(), idp.request(children=wanted))
    name = message is not None and message.all("//saml:Subject/saml:NameID/text()")
    need(status is not None, f"asked for somebody else, it asserts {name}")
    return status


@must("request.subject-same", "core 3.4.1.4",
      "The assertion's Subject strongly matches the one of the request: who is asked for is answered.")
def subject_same(idp):
    wanted = f"<saml:Subject>{idp.happy.name_id}</saml:Subject>"
    if idp.happy.one("//saml:NameID").get("Format") != PERSISTENT:
        raise NotApplicable("people are not known by a lasting name")
    message = idp.sign_in(children=wanted)
    need(message.is_success, f"{message.status}")
    need(message.one("//saml:NameID").text == idp.happy.one("//saml:NameID").text, "another name")


@must("request.consumer-default", "core 3.4.1",
      "Without an index, \"the identity provider MUST return the <Response> message to the default "
      "location associated with the requester\".")
def consumer_default(idp):
    found = idp.happy.delivered.url
    need(found == PLAIN.consumer, found)


@must("request.consumer-index", "core 3.4.1",
      "An AssertionConsumerServiceIndex is mapped to a location that is associated with the requester.")
def consumer_index(idp):
    browser, _ = idp.signed_in
    message = response(idp.ask(browser, idp.request(attributes='AssertionConsumerServiceIndex="1"')))
    need(message.delivered.url == PLAIN.second_consumer, message.delivered.url)
    need(message.all("//@Recipient") == [PLAIN.second_consumer], "another Recipient")


@must("request.consumer-url", "core 3.4.1",
      "AssertionConsumerServiceURL is \"the location to which the <Response> message MUST be returned\".")
def consumer_url(idp):
    browser, _ = idp.signed_in
    attributes = f'AssertionConsumerServiceURL="{PLAIN.second_consumer}"'
    message = response(idp.ask(browser, idp.request(attributes=attributes)))
    need(message.delivered.url == PLAIN.second_consumer, message.delivered.url)


@must("request.destination", "core 3.2.1",
      "Destination: \"the actual recipient MUST check that the URI reference identifies the location at "
      "which the message was received. If it does not, the request MUST be discarded.\"")
def destination(idp):
    elsewhere = PLAIN.authn_request("https://elsewhere.test/saml2/sso")
    status, _ = idp.refuses(idp.browser(), elsewhere)
    need(status is not None, "answered with an assertion")
    return status


@must("request.version", "core 4.1.3.1, 3.2.2.2",
      "A request whose Version is not supported is not processed (VersionMismatch).")
def version(idp):
    status, _ = idp.refuses(idp.browser(), idp.request(version="3.0"))
    need(status is not None, "answered with an assertion")
    return status


@must("request.issuer-missing", "profiles 4.1.4.1",
      "\"The <Issuer> element MUST be present\" in a request.")
def issuer_missing(idp):
    request = idp.request().replace(f"<saml:Issuer>{PLAIN.entity_id}</saml:Issuer>", "")
    status, _ = idp.refuses(idp.browser(), request)
    need(status is not None, "answered with an assertion")
    return status


@must("request.issuer-unknown", "profiles 4.1.3.3",
      "Nobody who is not known is sent an assertion.")
def issuer_unknown(idp):
    request = idp.request(issuer="https://unknown.test/metadata")
    status, _ = idp.refuses(idp.browser(), request)
    need(status is not None, "answered with an assertion")
    return status


@must("request.proxy-count", "core 3.4.1.5.1",
      "ProxyCount of zero: the identity provider answers by itself where it can authenticate directly.")
def proxy_count(idp):
    browser, _ = idp.signed_in
    message = response(idp.ask(browser, idp.request(children='<samlp:Scoping ProxyCount="0"/>')))
    need(message.is_success, f"{message.status}")


@must("request.refused-by-response", "profiles 4.1.4.2",
      "\"If the identity provider wishes to return an error, it MUST NOT include any assertions in the "
      "<Response> message.\"")
def refused_by_response(idp):
    shown = idp.ask(idp.browser(), idp.request(attributes='IsPassive="true"'))
    if not isinstance(shown, Delivered):
        raise NotApplicable(f"it shows a page: {shown}")
    message = response(shown)
    need(message.status[:1] != ["Success"], f"{message.status}")
    need(not message.all("//saml:Assertion"), "an assertion beside an error")
