"""Signs in at a server that speaks plain HTTP, over one kept connection, as Entra and a browser do."""

import base64
import html
import http.client
import random
import re
import urllib.parse
import zlib
from datetime import datetime, timezone

AUTHN_REQUEST = (
    '<samlp:AuthnRequest xmlns="urn:oasis:names:tc:SAML:2.0:metadata"'
    ' xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="{id}" IssueInstant="{now}" Version="2.0">'
    '<Issuer xmlns="urn:oasis:names:tc:SAML:2.0:assertion">urn:federation:MicrosoftOnline</Issuer>'
    '<samlp:NameIDPolicy Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"/>'
    "</samlp:AuthnRequest>"
)


class Browser:
    """One connection and its cookies. Its requests have the same IDs in each run."""

    def __init__(self, host, port):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        self.host = host
        self.cookies = {}
        self.random = random.Random(8)

    def by_session(self):
        identifier, path = self._saml_request()
        self._check_saml(identifier, self._send("GET", path))

    def by_session_ws_federation(self):
        context = self._identifier()
        query = {"wa": "wsignin1.0", "wtrealm": "urn:federation:MicrosoftOnline", "wctx": context}
        page = self._send("GET", "/adfs/ls/?" + urllib.parse.urlencode(query))
        fields = form(page)[1]
        assert fields["wctx"] == context and "SignatureValue" in fields["wresult"], page

    def by_password(self, name, password):
        self.cookies.pop("__Host-homerealm-session", None)
        identifier, path = self._saml_request()
        action, fields = form(self._send("GET", path))
        fields |= {"name": name, "password": password}
        self._check_saml(identifier, self._send("POST", action, urllib.parse.urlencode(fields)))

    def _identifier(self):
        return f"_{self.random.getrandbits(128):032x}"

    def _saml_request(self):
        identifier = self._identifier()
        now = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        deflate = zlib.compressobj(wbits=-15)
        message = AUTHN_REQUEST.format(id=identifier, now=now).encode()
        message = base64.b64encode(deflate.compress(message) + deflate.flush())
        query = urllib.parse.urlencode({"SAMLRequest": message, "RelayState": "counted"})
        return identifier, "/saml2/sso?" + query

    def _check_saml(self, identifier, page):
        fields = form(page)[1]
        assert "SAMLResponse" in fields, page
        response = base64.b64decode(fields["SAMLResponse"]).decode()
        assert "status:Success" in response and "SignatureValue" in response, response
        assert f'InResponseTo="{identifier}"' in response, response

    def _send(self, method, path, body=None):
        headers = {"Host": self.host, "X-Forwarded-For": "192.0.2.7"}
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            headers["Origin"] = f"https://{self.host}"
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        page = answer.read().decode()
        for cookie in answer.headers.get_all("Set-Cookie", []):
            name, value = cookie.split(";")[0].split("=", 1)
            self.cookies[name] = value
        assert answer.status == 200, (answer.status, page)
        return page


def form(page):
    """Where the page's form goes, and its fields."""
    action = re.search(r'<form[^>]* action="([^"]*)"', page)
    inputs = re.findall(r'<input[^>]* name="([^"]*)"(?:[^>]* value="([^"]*)")?', page)
    assert action, page
    return html.unescape(action[1]), {name: html.unescape(value) for name, value in inputs}
