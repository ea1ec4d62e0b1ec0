"""A browser without scripts: cookies, redirects, forms. It stops where a relying party begins."""

import dataclasses
import socket
import urllib.parse

import lxml.html
import requests
import urllib3

from .relying_party import is_relying_party

# What a self-posting page carries.
MESSAGES = ("SAMLResponse", "SAMLRequest", "wresult")
# The names of the laboratory lead to this machine.
LABORATORY = ".internal"
_getaddrinfo = socket.getaddrinfo


def _resolve(host, *rest, **named):
    host = "127.0.0.1" if isinstance(host, str) and host.endswith(LABORATORY) else host
    return _getaddrinfo(host, *rest, **named)


socket.getaddrinfo = _resolve
urllib3.disable_warnings()


@dataclasses.dataclass
class Form:
    action: str
    method: str
    fields: dict
    types: dict

    @property
    def password_field(self):
        return next((name for name, kind in self.types.items() if kind == "password"), None)

    @property
    def name_field(self):
        texts = [name for name, kind in self.types.items() if kind in ("text", "email")]
        return texts[0] if texts else None


@dataclasses.dataclass
class Page:
    """What the identity provider shows."""

    url: str
    status: int
    headers: dict
    text: str
    # Where the browser was sent when it is not the identity provider: not followed.
    sent_to: str | None = None

    def document(self):
        parser = lxml.html.HTMLParser(encoding="utf-8")
        text = self.text.encode() if self.text.strip() else b"<html/>"
        return lxml.html.document_fromstring(text, parser=parser, base_url=self.url)

    @property
    def forms(self):
        if "<" not in self.text:
            return []
        found = []
        for form in self.document().forms:
            fields, types = {}, {}
            for control in form.xpath(".//input[@name]|.//button[@name]"):
                name, kind = control.get("name"), control.get("type", "text").lower()
                types[name] = kind
                if kind not in ("submit", "button", "checkbox", "radio", "image"):
                    fields[name] = control.get("value", "")
            action = urllib.parse.urljoin(self.url, form.get("action") or self.url)
            found.append(Form(action, form.get("method", "GET").upper(), fields, types))
        return found

    @property
    def sign_in_form(self):
        return next((form for form in self.forms if form.password_field), None)

    @property
    def only_button(self):
        """The form of a page that asks for nothing but to be sent on."""
        return next((form for form in self.forms
                     if form.method == "POST" and set(form.types.values()) <= {"hidden", "submit"}), None)

    @property
    def said(self):
        """The words on the page, without what changes each time."""
        words = self.document().text_content().split()
        return " ".join(word for word in words if not any(each.isdigit() for each in word))

    def __str__(self):
        title = self.document().findtext(".//title") or ""
        return f"status {self.status}, page {title.strip()!r}"


@dataclasses.dataclass
class Delivered:
    """A message on its way to a relying party."""

    url: str
    method: str
    fields: dict
    query: str
    # The answer that carries it.
    page: Page

    def __str__(self):
        return f"{', '.join(self.fields)} to {self.url} by {self.method}"


class Browser:
    def __init__(self, ca_file, headers=None):
        self.session = requests.Session()
        self.session.verify = ca_file
        self.session.trust_env = False
        self.session.headers["User-Agent"] = "Mozilla/5.0 (conformance)"
        self.session.headers.update(headers or {})

    @property
    def cookies(self):
        return {(cookie.name, cookie.domain): cookie.value for cookie in self.session.cookies}

    def get(self, url, **named):
        return self.send("GET", url, **named)

    def post(self, url, fields, **named):
        return self.send("POST", url, data=fields, **named)

    def send(self, method, url, **named):
        """Follows redirects and pages without questions, until a person or a relying party is asked."""
        for _ in range(12):
            page = self.once(method, url, **named)
            named = {key: value for key, value in named.items() if key == "headers"}
            if page.sent_to:
                url, method = page.sent_to, "GET"
                parts = urllib.parse.urlsplit(url)
                if is_relying_party(parts.hostname) or parts.hostname != _host(page.url):
                    fields = dict(urllib.parse.parse_qsl(parts.query, keep_blank_values=True))
                    bare = urllib.parse.urlunsplit(parts._replace(query=""))
                    return Delivered(bare, "GET", fields, parts.query, page)
                continue
            form = next((each for each in page.forms if set(each.fields) & set(MESSAGES)), None)
            if form and _host(form.action) != _host(page.url):
                return Delivered(form.action, form.method, form.fields, "", page)
            return page
        raise RuntimeError("too many redirects")

    def once(self, method, url, **named):
        reply = self.session.request(method, url, allow_redirects=False, timeout=60, **named)
        target = reply.headers.get("Location") if 300 <= reply.status_code < 400 else None
        target = target and urllib.parse.urljoin(url, target)
        reply.encoding = reply.encoding if "charset" in reply.headers.get("Content-Type", "") else "utf-8"
        return Page(url, reply.status_code, dict(reply.headers), reply.text, target)

    def sign_in(self, page, name, password):
        """Fills the sign-in form of a page in and sends it."""
        form = page.sign_in_form
        if form is None:
            raise RuntimeError(f"no sign-in form: {page}")
        fields = dict(form.fields) | {form.name_field: name, form.password_field: password}
        headers = {"Referer": page.url, "Origin": _origin(page.url)}
        return self.post(form.action, fields, headers=headers)


def _host(url):
    return urllib.parse.urlsplit(url).hostname


def _origin(url):
    parts = urllib.parse.urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
