"""Homerealm: the program in CONFORMANCE_HOMEREALM, else the release binary of this repository."""

import os
import pathlib
import subprocess

from .. import relying_party
from ..directory import ACCOUNTS, PASSWORD, PEOPLE, SERVICE, SUFFIX, Directory, mail
from ..lab import HOST, free_port
from . import Subject

RELEASE = pathlib.Path(__file__).parents[3] / "target/release/homerealm"


def start(lab):
    binary = os.environ.get("CONFORMANCE_HOMEREALM", str(RELEASE))
    if not os.access(binary, os.X_OK):
        raise SystemExit(f"{binary} is not there: cargo build --release")
    directory = Directory(lab)
    port = free_port()
    base = f"https://{HOST}:{port}"
    made = [binary, "keys", "new", "--folder", str(lab.folder)]
    subprocess.run(made, check=True, capture_output=True)
    lab.write("password", PASSWORD, 0o600)
    names = {
        relying_party.PLAIN: '"immutable-id"',
        relying_party.OTHER: '"transient"',
        relying_party.SIGNED: '{ email-address = "email" }',
    }
    parties = ""
    for party, name_id in names.items():
        lab.write(f"{party.name}.xml", party.metadata())
        parties += f"""
[[relying_party]]
entity_id = "{party.entity_id}"
preset = "saml2"
access = "everyone"
metadata = {{ file = "{party.name}.xml" }}
name_id = {name_id}
"""
    lab.write("homerealm.toml", f"""
base_url = "{base}"
support_contact = "help@contoso.test"
[listen]
address = "127.0.0.1:{port}"
tls_certificate = "tls.crt"
tls_key = "tls.key"
[signing]
key = "signing.key"
certificate = "signing.crt"
[[federated_domain]]
suffix = "{SUFFIX}"
issuer = "https://login.contoso.test/partners"
[directory]
servers = ["{directory.url}"]
plaintext_on_purpose = true
bind_dn = "{SERVICE}"
bind_password = {{ file = "password" }}
base = "{PEOPLE}"
{parties}
[[relying_party]]
entity_id = "{relying_party.REALM}"
preset = "ws-federation"
access = "everyone"
assertion_consumer_services = ["{relying_party.REALM_REPLY}"]
name_id = "immutable-id"
""")
    command = [binary, "serve", "--config", f"{lab.folder}/homerealm.toml"]
    process = lab.start(command, "homerealm.log", port)
    told = subprocess.run([binary, "--version"], capture_output=True, text=True).stdout.split()
    return Subject(
        name="Homerealm",
        version=told[-1],
        metadata_url=f"{base}/metadata",
        ca_file=lab.ca_file,
        people=[(mail(number), PASSWORD) for number in range(ACCOUNTS)],
        ws_federation=f"{base}/adfs/ls/",
        directory=directory,
        process=process,
    )
