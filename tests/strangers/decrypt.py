"""XML Encryption 1.1 by its letter, on pyca/cryptography: what xmlsec1 of Debian 12 does not know is
`rsa-oaep` with SHA-256.

usage: decrypt.py KEY.pem < document; prints each method that was used, and then the element.
"""

import base64
import sys

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from lxml import etree

XENC = "http://www.w3.org/2001/04/xmlenc#"
XENC11 = "http://www.w3.org/2009/xmlenc11#"
DS = "http://www.w3.org/2000/09/xmldsig#"
NAMES = {"xenc": XENC, "xenc11": XENC11, "ds": DS}
DIGESTS = {f"{DS}sha1": hashes.SHA1, f"{XENC}sha256": hashes.SHA256}
MASKS = {f"{XENC11}mgf1sha1": hashes.SHA1, f"{XENC11}mgf1sha256": hashes.SHA256}
CONTENT = {f"{XENC11}aes128-gcm": 16, f"{XENC11}aes256-gcm": 32}


def one(element, path):
    (found,) = element.xpath(path, namespaces=NAMES)
    return found


def octets(element):
    return base64.b64decode(one(element, "xenc:CipherData/xenc:CipherValue").text, validate=True)


with open(sys.argv[1], "rb") as file:
    private_key = load_pem_private_key(file.read(), None)
data = one(etree.fromstring(sys.stdin.buffer.read()), "//xenc:EncryptedData")
assert data.get("Type") == f"{XENC}Element"
key = one(data, "ds:KeyInfo/xenc:EncryptedKey")
method = one(key, "xenc:EncryptionMethod")
# Both default to SHA-1 (5.5.2); rsa-oaep-mgf1p has no choice of mask.
digest = method.xpath("string(ds:DigestMethod/@Algorithm)", namespaces=NAMES) or f"{DS}sha1"
mask = method.xpath("string(xenc11:MGF/@Algorithm)", namespaces=NAMES) or f"{XENC11}mgf1sha1"
if method.get("Algorithm") == f"{XENC}rsa-oaep-mgf1p":
    assert mask == f"{XENC11}mgf1sha1"
else:
    assert method.get("Algorithm") == f"{XENC11}rsa-oaep"
oaep = padding.OAEP(mgf=padding.MGF1(MASKS[mask]()), algorithm=DIGESTS[digest](), label=None)
content_key = private_key.decrypt(octets(key), oaep)
content = one(data, "xenc:EncryptionMethod").get("Algorithm")
assert len(content_key) == CONTENT[content]
sealed = octets(data)
element = AESGCM(content_key).decrypt(sealed[:12], sealed[12:], None)
print(method.get("Algorithm"), digest, content)
sys.stdout.write(element.decode())
