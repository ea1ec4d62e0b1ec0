"""Messages that two readers could read differently, or that reach out of themselves."""

import http.server
import threading

from ..browser import Delivered
from ..identity_provider import response
from ..namespaces import POST
from ..relying_party import PLAIN, new_id, post_fields
from ..requirement import NotApplicable, attack, hardening, need


def _asserts(idp, request, **named):
    """Whether an assertion comes of it."""
    status, _ = idp.refuses(idp.browser(), request, **named)
    return status is None


@attack("attack.2.doubled", "class 2, class 7: duplicate IDs and elements",
        "An attribute or an Issuer that is there twice is refused.")
def doubled(idp):
    request = idp.request(id="_x")
    issuer = f"<saml:Issuer>{PLAIN.entity_id}</saml:Issuer>"
    need(not _asserts(idp, request.replace(' ID="_x"', ' ID="_x" ID="_y"')), "two IDs")
    evil = "<saml:Issuer>https://evil.test/metadata</saml:Issuer>"
    need(not _asserts(idp, request.replace(issuer, evil + issuer)), "two Issuers")


@attack("attack.3.comment", "class 3: CVE-2017-11427 to -11430, CVE-2018-0489",
        "A name is not cut at a comment: an Issuer with one in it is not another relying party.")
def comment(idp):
    cut = f"{PLAIN.entity_id}<!-- -->.evil.test"
    need(not _asserts(idp, idp.request(issuer=cut)), "taken as what stands before the comment")
    behind = f"evil<!-- -->{PLAIN.entity_id}"
    need(not _asserts(idp, idp.request(issuer=behind)), "taken as what stands behind it")


def _with_doctype(idp, subset, issuer):
    return f"<!DOCTYPE samlp:AuthnRequest [{subset}]>" + idp.request(issuer=issuer)


@attack("attack.8.entity", "class 8: CVE-2018-0486, CVE-2016-10127",
        "A message with a DTD is refused: no entity of it is expanded.")
def entity(idp):
    subset = f'<!ENTITY e "{PLAIN.entity_id}">'
    for named in ({}, {"binding": POST}):
        need(not _asserts(idp, _with_doctype(idp, subset, "&e;"), **named), "an entity is expanded")


@attack("attack.8.external", "class 8: CVE-2024-52596",
        "No address in a DTD is fetched, and no file read.")
def external(idp):
    if idp.subject.process is None:
        raise NotApplicable("not on this machine")
    fetched = []

    class Canary(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            fetched.append(self.path)
            self.send_response(404)
            self.end_headers()

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Canary) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        subsets = [f'<!ENTITY e SYSTEM "{address}/entity">',
                   f'<!ENTITY % p SYSTEM "{address}/parameter"> %p; <!ENTITY e "x">']
        for subset in subsets:
            for named in ({}, {"binding": POST}):
                idp.ask(idp.browser(), _with_doctype(idp, subset, "&e;"), **named)
        doctype = f'<!DOCTYPE samlp:AuthnRequest SYSTEM "{address}/dtd">'
        idp.ask(idp.browser(), doctype + idp.request(), binding=POST)
        shown = idp.ask(idp.browser(), _with_doctype(
            idp, '<!ENTITY e SYSTEM "file:///etc/passwd">', "&e;"), binding=POST)
        server.shutdown()
    need(not fetched, f"fetched: {fetched}")
    text = shown.page.text if isinstance(shown, Delivered) else shown.text
    need("root:x:0:0" not in text, "a file of the server is shown")


@hardening("attack.11.replay", "class 11: OWASP SAML cheat sheet",
           "A request that was answered is not answered again for another browser.")
def replay(idp):
    request = idp.request(id=new_id())
    browser = idp.browser()
    first = response(idp.go_on(browser, idp.ask(browser, request)))
    need(first.is_success, "not even once")
    need(not _asserts(idp, request), "answered twice")


@attack("attack.2.garbage", "class 2",
        "What is no base64, no DEFLATE, no XML or no request brings nothing, and the server stays.")
def garbage(idp):
    for value in ("", "%25", "!!!!", "AAAA", "PHg%2B", "a" * 4096):
        shown = idp.browser().get(idp.sso + "?SAMLRequest=" + value)
        need(not isinstance(shown, Delivered) or response(shown).status[:1] != ["Success"], f"{shown}")
    address = idp.endpoint("SingleSignOnService", POST)
    idp.browser().post(address, post_fields(b"<x/>"))
    need(idp.is_alive(), "nobody is signed in any more")
