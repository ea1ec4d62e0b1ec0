"""An identity provider as a relying party and a browser meet it."""

import functools

from . import relying_party
from .browser import Browser, Delivered, Page
from .judge import Message
from .namespaces import POST, REDIRECT
from .raw import Raw
from .relying_party import OTHER, PLAIN, SIGNED
from .requirement import Broken, NotApplicable


class IdentityProvider:
    def __init__(self, subject):
        self.subject = subject
        self._next = 0

    @functools.cached_property
    def metadata_page(self):
        return self.browser().once("GET", self.subject.metadata_url)

    @functools.cached_property
    def metadata(self):
        return Message(self.metadata_page.text.encode())

    @property
    def entity_id(self):
        return self.metadata.one("//md:EntityDescriptor[md:IDPSSODescriptor]").get("entityID")

    @property
    def certificates(self):
        """The certificates that it signs with, PEM, as its metadata has them."""
        path = "//md:IDPSSODescriptor/md:KeyDescriptor[not(@use='encryption')]//ds:X509Certificate"
        found = ["".join(each.text.split()) for each in self.metadata.all(path)]
        return [_pem(each) for each in found]

    def endpoint(self, service, binding):
        path = f"//md:IDPSSODescriptor/md:{service}[@Binding='{binding}']/@Location"
        found = self.metadata.all(path)
        if not found:
            raise NotApplicable(f"no {service} by {binding.rsplit(':', 1)[-1]}")
        return found[0]

    @property
    def sso(self):
        return self.endpoint("SingleSignOnService", REDIRECT)

    @property
    def slo(self):
        return self.endpoint("SingleLogoutService", REDIRECT)

    def browser(self, headers=None):
        return Browser(self.subject.ca_file, headers)

    def raw(self):
        """Connections of which each octet is our own."""
        return Raw(self.subject.metadata_url, self.subject.ca_file)

    def fresh_person(self):
        """Somebody whose failures count for nobody else."""
        self._next += 1
        return self.subject.people[self._next]

    @property
    def person(self):
        """Somebody who never fails."""
        return self.subject.people[0]

    def ask(self, browser, request, *, relay_state=None, key=None, binding=REDIRECT):
        """Sends a request, and returns what comes of it: a page or something delivered."""
        if binding == POST:
            fields = relying_party.post_fields(request, relay_state)
            return browser.post(self.endpoint("SingleSignOnService", POST), fields)
        query = relying_party.redirect_query(request, relay_state=relay_state, key=key)
        joint = "&" if "?" in self.sso else "?"
        return browser.get(self.sso + joint + query)

    def request(self, party=PLAIN, **named):
        return party.authn_request(self.sso, **named)

    def go_on(self, browser, shown, person=None):
        """Signs in where that is asked for."""
        if isinstance(shown, Page) and shown.sign_in_form:
            return browser.sign_in(shown, *(person or self.person))
        return shown

    def sign_in(self, browser=None, party=PLAIN, *, person=None, relay_state=None,
                binding=REDIRECT, **named):
        """Signs somebody in, and returns the Response; broken if none comes."""
        browser = browser or self.browser()
        key = SIGNED.key if party.signs_requests else None
        shown = self.ask(browser, self.request(party, **named), relay_state=relay_state, key=key,
                         binding=binding)
        return response(self.go_on(browser, shown, person))

    @property
    def signed_in(self):
        """A browser with a session of its own, and the Response that came with it."""
        browser = self.browser()
        return browser, self.sign_in(browser)

    @functools.cached_property
    def happy(self):
        """A successful answer to an ordinary request, with that request's ID."""
        id = relying_party.new_id()
        message = self.sign_in(id=id, relay_state="happy")
        message.request_id = id
        if not message.is_success:
            raise Broken(f"an ordinary sign-in ends with {message.status}")
        return message

    @functools.cached_property
    def happy_with_other(self):
        """The same at another relying party."""
        return self.sign_in(party=OTHER)

    def refuses(self, browser, request, **named):
        """What it does with a request that must not bring an assertion, seen to the end."""
        shown = self.go_on(browser, self.ask(browser, request, **named))
        if isinstance(shown, Delivered) and "SAMLResponse" in shown.fields:
            message = Message.of(shown)
            if message.all("//saml:Assertion|//saml:EncryptedAssertion"):
                return None, message
            return " / ".join(message.status), message
        return str(shown), None

    def is_alive(self):
        """Whether it still signs people in."""
        try:
            return self.sign_in().is_success
        except (Broken, NotApplicable):
            return False


def response(shown):
    """The Response that was delivered."""
    if not isinstance(shown, Delivered):
        raise Broken(f"no answer came: {shown}")
    return Message.of(shown)


def without_assertion(message):
    """The status of a Response that must be an error."""
    if message.is_success or message.all("//saml:Assertion|//saml:EncryptedAssertion"):
        raise Broken(f"answered with {' / '.join(message.status)} and an assertion")
    return " / ".join(message.status)


def _pem(base64):
    lines = "\n".join(base64[at:at + 64] for at in range(0, len(base64), 64))
    return f"-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----\n"


