"""Keys and certificates of the relying parties and of the laboratory's own CA."""

import base64
import dataclasses
import datetime
import ipaddress
import pathlib

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID


@dataclasses.dataclass(frozen=True)
class Key:
    """A private key with its certificate."""

    private: object
    certificate: x509.Certificate

    @property
    def private_pem(self):
        return self.private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode()

    @property
    def certificate_pem(self):
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    @property
    def certificate_base64(self):
        return base64.b64encode(
            self.certificate.public_bytes(serialization.Encoding.DER)
        ).decode()

    @property
    def public_pem(self):
        return self.private.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        ).decode()

    def sign(self, octets, digest=hashes.SHA256):
        """RSASSA-PKCS1-v1_5."""
        return self.private.sign(octets, padding.PKCS1v15(), digest())


def signing_key(name):
    """An RSA key with a certificate that it has signed itself."""
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return Key(private, _certificate(name, private.public_key(), name).sign(
        private, hashes.SHA256()
    ))


def kept_key(name, folder):
    """The key of this name, as it was kept in the folder, or made and kept there for the next time."""
    if not folder:
        return signing_key(name)
    private, certificate = (pathlib.Path(folder) / f"{name}.{kind}" for kind in ("key", "crt"))
    if not private.exists():
        made = signing_key(name)
        private.touch(mode=0o600)
        private.write_text(made.private_pem)
        certificate.write_text(made.certificate_pem)
    return Key(serialization.load_pem_private_key(private.read_bytes(), None),
               x509.load_pem_x509_certificate(certificate.read_bytes()))


class Authority:
    """A CA of the laboratory, for TLS."""

    def __init__(self):
        private = ec.generate_private_key(ec.SECP256R1())
        name = "Throw-away CA"
        builder = _certificate(name, private.public_key(), name)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        self.key = Key(private, builder.sign(private, hashes.SHA256()))

    def issue(self, host):
        """A server's certificate for this host, and for 127.0.0.1."""
        private = ec.generate_private_key(ec.SECP256R1())
        builder = _certificate(host, private.public_key(), "Throw-away CA")
        names = [x509.DNSName(host), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), False)
        return Key(private, builder.sign(self.key.private, hashes.SHA256()))


def _certificate(subject, public_key, issuer):
    def name(text):
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    now = datetime.datetime.now(datetime.timezone.utc)
    return (
        x509.CertificateBuilder()
        .subject_name(name(subject))
        .issuer_name(name(issuer))
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=2))
    )
