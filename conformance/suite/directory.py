"""A throw-away slapd, with accounts as Active Directory shows them."""

import base64
import os
import subprocess

from .lab import free_port

BASE = "dc=partners,dc=test"
PEOPLE = f"ou=people,{BASE}"
SERVICE = f"cn=service,{BASE}"
PASSWORD = "Part.ner-Pw0rd"
SUFFIX = "partners.contoso.com"
ACCOUNTS = 40

# AD's attributes under their own OIDs, with the matching rules that make them searchable here.
SCHEMA = """\
attributetype ( 1.2.840.113556.1.4.2 NAME 'objectGUID' EQUALITY octetStringMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.4.656 NAME 'userPrincipalName' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.2.210 NAME 'proxyAddresses' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
objectclass ( 1.3.6.1.4.1.99999.1 NAME 'adUser' SUP top AUXILIARY MAY ( objectGUID $ userPrincipalName $ proxyAddresses ) )
"""


def mail(number):
    return f"u{number}@fabrikam.com"


class Directory:
    def __init__(self, lab):
        self.lab = lab
        lab.make_folder("accounts")
        lab.write("ad.schema", SCHEMA)
        lab.write("slapd.conf", f"""\
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
include {lab.folder}/ad.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile {lab.folder}/slapd.pid
database mdb
suffix "{BASE}"
directory {lab.folder}/accounts
maxsize 67108864
dbnosync
index objectClass,uid,mail,userPrincipalName,proxyAddresses eq
access to attrs=userPassword by anonymous auth by * none
access to * by users read by anonymous auth
""")
        lab.write("all.ldif", _ldif())
        add = ["slapadd", "-q", "-f", f"{lab.folder}/slapd.conf", "-l", f"{lab.folder}/all.ldif"]
        subprocess.run(add, check=True, capture_output=True, env=_with_sbin())
        self.port = free_port()
        # Its statistics tell which passwords were tried here.
        command = ["slapd", "-f", f"{lab.folder}/slapd.conf", "-h", self.url, "-d", "256"]
        lab.start(command, "slapd.log", self.port, _with_sbin())

    @property
    def url(self):
        return f"ldap://127.0.0.1:{self.port}"

    def binds(self, number):
        """How many passwords were tried here for this account."""
        return self.lab.log("slapd.log").count(f'BIND dn="uid=u{number},{PEOPLE}" method=128')


def _with_sbin():
    return {**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"}


def _ldif():
    # A hash that takes its time, as those of real directories do: what is compared in no time would
    # hide which names exist.
    salted = "print crypt($ARGV[0], q($6$rounds=20000$conformance))"
    hashed = subprocess.run(["perl", "-e", salted, PASSWORD], check=True, capture_output=True)
    secret = base64.b64encode(b"{CRYPT}" + hashed.stdout).decode()
    entries = [
        f"dn: {BASE}\nobjectClass: dcObject\nobjectClass: organization\ndc: partners\no: Partners\n",
        f"dn: {PEOPLE}\nobjectClass: organizationalUnit\nou: people\n",
        f"dn: {SERVICE}\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\n"
        f"cn: service\nuserPassword:: {secret}\n",
    ]
    for number in range(ACCOUNTS):
        guid = base64.b64encode(f"guid-of-{number:08}".encode()).decode()
        entries.append(
            f"dn: uid=u{number},{PEOPLE}\nobjectClass: inetOrgPerson\nobjectClass: adUser\n"
            f"uid: u{number}\ncn: Partner {number}\nsn: Partner\nmail: {mail(number)}\n"
            f"proxyAddresses: SMTP:{mail(number)}\nuserPrincipalName: u{number}@{SUFFIX}\n"
            f"objectGUID:: {guid}\nuserPassword:: {secret}\n"
        )
    return "\n".join(entries)
