"""Debian's LemonLDAP::NG, behind Apache as its package sets it up, with what it defaults to."""

import json
import secrets

from .. import relying_party
from ..directory import ACCOUNTS, PASSWORD, PEOPLE, SERVICE, Directory, mail
from ..keys import signing_key
from ..lab import HOST
from . import Subject, apache, package_version

PORTAL = "/usr/share/lemonldap-ng/portal"


def start(lab):
    version = package_version("liblemonldap-ng-portal-perl")
    package_version("liblasso-perl")
    directory = Directory(lab)
    folders = {name: lab.make_folder(f"llng/{name}") for name in (
        "conf", "cache", "sessions", "sessions/lock", "psessions", "psessions/lock", "saml",
        "saml/lock", "www", "fcgid")}
    for folder in folders.values():
        apache.give_to_worker(folder)
    cache = f"""{{ \\
    'namespace' => 'lemonldap-ng-config', 'default_expires_in' => 600, \\
    'directory_umask' => '007', 'cache_root' => '{folders['cache']}', 'cache_depth' => 3 }}"""
    ini = lab.write("llng/lemonldap-ng.ini", f"""[all]
logLevel = warn
[configuration]
type = File
dirName = {folders['conf']}
localStorage = Cache::FileCache
localStorageOptions = {cache}
[portal]
staticPrefix = /static
templateDir = {PORTAL}/templates
languages = en
""")
    # Apache must know its port before the portal can be told its address, so the portal is
    # configured by the first request's time, not by Apache's start.
    process, base = apache.start(lab, f"""\
DocumentRoot {PORTAL}/htdocs
FcgidIPCDir {folders['fcgid']}
FcgidProcessTableFile {folders['fcgid']}/shm
FcgidInitialEnv LLNG_DEFAULTCONFFILE {ini}
FcgidMaxRequestLen 2000000
RewriteEngine On
RewriteRule "^/$" "/index.fcgi" [PT]
RewriteCond "%{{REQUEST_FILENAME}}" "!^/(?:static|index\\.fcgi).*"
RewriteRule "^/(.+)$" "/index.fcgi/$1" [PT]
Alias /static/ {PORTAL}/htdocs/static/
<Directory {PORTAL}/htdocs>
  Require all granted
  Options +ExecCGI +FollowSymLinks
  <Files index.fcgi>
    SetHandler fcgid-script
  </Files>
</Directory>
""", {"rewrite_module": "mod_rewrite.so", "fcgid_module": "mod_fcgid.so"})
    apache.give_to_worker(
        lab.write("llng/conf/lmConf-1.json", json.dumps(_configuration(base, directory, folders))),
        0o600)
    return Subject(
        name="LemonLDAP::NG",
        version=version,
        metadata_url=f"{base}/saml/metadata/idp",
        ca_file=lab.ca_file,
        people=[(mail(number), PASSWORD) for number in range(ACCOUNTS)],
        directory=directory,
        process=process,
        front="Apache",
    )


def _configuration(base, directory, folders):
    key = signing_key(HOST)

    def storage(name):
        return {"Directory": folders[name], "LockDirectory": folders[f"{name}/lock"],
                "generateModule": "Lemonldap::NG::Common::Apache::Session::Generate::SHA256"}

    file = "Apache::Session::File"
    return {
        "cfgNum": "1", "cfgAuthor": "conformance", "cfgDate": "1", "cfgVersion": "2.16.1",
        "domain": HOST.partition(".")[2], "portal": f"{base}/", "key": secrets.token_hex(16),
        "securedCookie": 1, "cookieName": "lemonldap",
        "authentication": "LDAP", "userDB": "Same", "passwordDB": "Null", "registerDB": "Null",
        "ldapServer": directory.url, "ldapBase": PEOPLE, "managerDn": SERVICE,
        "managerPassword": PASSWORD, "AuthLDAPFilter": "(&(mail=$user)(objectClass=inetOrgPerson))",
        "ldapExportedVars": {"uid": "uid", "mail": "mail", "cn": "cn"}, "exportedVars": {},
        "whatToTrace": "uid",
        "globalStorage": file, "globalStorageOptions": storage("sessions"),
        "persistentStorage": file, "persistentStorageOptions": storage("psessions"),
        "samlStorage": file, "samlStorageOptions": storage("saml"),
        "localSessionStorage": "Cache::FileCache",
        "localSessionStorageOptions": {
            "namespace": "lemonldap-ng-sessions", "default_expires_in": 600,
            "directory_umask": "007", "cache_root": folders["cache"], "cache_depth": 3},
        "locationRules": {HOST: {"default": "accept"}}, "exportedHeaders": {},
        "issuerDBSAMLActivation": 1, "samlEntityID": "#PORTAL#/saml/metadata",
        "samlServicePrivateKeySig": key.private_pem, "samlServicePublicKeySig": key.certificate_pem,
        "samlServiceSignatureMethod": "RSA_SHA256",
        "samlSPMetaDataXML": {
            party.name: {"samlSPMetaDataXML": party.metadata()} for party in relying_party.ALL},
        "samlSPMetaDataOptions": {
            party.name: {
                "samlSPMetaDataOptionsNameIDFormat":
                    "persistent" if party is relying_party.PLAIN else "transient",
                # On by default: requests of who does not sign them could not be answered.
                "samlSPMetaDataOptionsCheckSSOMessageSignature": int(party.signs_requests),
                # What its manager writes for a new one.
                "samlSPMetaDataOptionsCheckSLOMessageSignature": 1,
                "samlSPMetaDataOptionsSignSSOMessage": -1,
                "samlSPMetaDataOptionsSignSLOMessage": -1,
                "samlSPMetaDataOptionsEncryptionMode": "none",
                "samlSPMetaDataOptionsSessionNotOnOrAfterTimeout": 72000,
                "samlSPMetaDataOptionsNotOnOrAfterTimeout": 72000,
                "samlSPMetaDataOptionsOneTimeUse": 0,
                "samlSPMetaDataOptionsForceUTF8": 1,
                "samlSPMetaDataOptionsEnableIDPInitiatedURL": 0,
            } for party in relying_party.ALL},
        "samlSPMetaDataExportedAttributes": {
            party.name: {"mail": "1;mail"} for party in relying_party.ALL},
    }
