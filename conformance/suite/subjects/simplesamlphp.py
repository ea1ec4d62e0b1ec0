"""Debian's SimpleSAMLphp, set up as its documentation says, with what it defaults to."""

from .. import relying_party
from ..directory import ACCOUNTS, PASSWORD, PEOPLE, SERVICE, Directory, mail
from ..keys import signing_key
from ..lab import HOST
from . import Subject, apache, package_version

WWW = "/usr/share/simplesamlphp/www"
PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"


def start(lab):
    version = package_version("simplesamlphp")
    directory = Directory(lab)
    config = lab.make_folder("config")
    lab.make_folder("config/metadata")
    data = lab.make_folder("data")
    apache.give_to_worker(data)
    key = signing_key(HOST)
    apache.give_to_worker(lab.write("config/signing.key", key.private_pem), 0o600)
    lab.write("config/signing.crt", key.certificate_pem)
    process, base = apache.start(lab, f"""\
DocumentRoot {lab.make_folder('www')}
Alias /simplesamlphp {WWW}
SetEnv SIMPLESAMLPHP_CONFIG_DIR {config}
<Directory {WWW}>
  Require all granted
  <FilesMatch "\\.php$">
    SetHandler application/x-httpd-php
  </FilesMatch>
</Directory>
""", {"php_module": "libphp*.so"})
    at = f"{base}/simplesamlphp"
    lab.write("config/config.php", f"""<?php
$config = [
    'baseurlpath' => '{at}/',
    'secretsalt' => 'throw-away-secret-of-the-conformance-suite',
    'auth.adminpassword' => 'throw-away-Pw0rd',
    'technicalcontact_email' => 'help@contoso.test',
    'metadatadir' => '{config}/metadata',
    'certdir' => '{config}/',
    'datadir' => '{data}',
    'tempdir' => '{data}',
    'loggingdir' => '{data}',
    'logging.handler' => 'file',
    'timezone' => 'UTC',
    'enable.saml20-idp' => true,
    'enable.adfs-idp' => true,
    'module.enable' => ['adfs' => true, 'ldap' => true],
    'session.phpsession.savepath' => '{data}',
    'session.cookie.secure' => true,
    'session.cookie.samesite' => 'None',
    'language.default' => 'en',
];
""")
    lab.write("config/authsources.php", f"""<?php
$config = [
    'partners' => [
        'ldap:LDAP',
        'hostname' => '{directory.url}',
        'search.enable' => true,
        'search.base' => ['{PEOPLE}'],
        'search.attributes' => ['mail'],
        'search.username' => '{SERVICE}',
        'search.password' => '{PASSWORD}',
        'attributes' => ['uid', 'mail', 'entryUUID'],
    ],
];
""")
    hosted = f"""<?php
$metadata['https://login.contoso.test/partners%s'] = [
    'host' => '__DEFAULT__',
    'privatekey' => 'signing.key', 'certificate' => 'signing.crt',
    'auth' => 'partners',
    'userid.attribute' => 'uid',
    'signature.algorithm' => 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256',
    'authproc' => [3 => [
        'class' => 'saml:PersistentNameID', 'attribute' => 'uid',
    ], 4 => 'saml:TransientNameID'],
%s];
"""
    more = "    'SingleSignOnServiceBinding' => [\n" + "".join(
        f"        'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-{each}',\n" for each in (
            "Redirect", "POST")) + "    ],\n    'NameIDFormat' => ['" + PERSISTENT + "'],\n"
    more += "    'validate.logout' => true, 'sign.logout' => true,\n"
    lab.write("config/metadata/saml20-idp-hosted.php", hosted % ("", more))
    lab.write("config/metadata/adfs-idp-hosted.php", hosted % ("/adfs", ""))
    lab.write("config/metadata/saml20-sp-remote.php", "<?php\n" + "".join(
        _service_provider(party) for party in relying_party.ALL))
    lab.write("config/metadata/adfs-sp-remote.php", f"""<?php
$metadata['{relying_party.REALM}'] = [
    'prp' => '{relying_party.REALM_REPLY}',
    'simplesaml.nameidattribute' => 'uid',
];
""")
    return Subject(
        name="SimpleSAMLphp",
        version=version,
        metadata_url=f"{at}/saml2/idp/metadata.php",
        ca_file=lab.ca_file,
        people=[(mail(number), PASSWORD) for number in range(ACCOUNTS)],
        ws_federation=f"{at}/module.php/adfs/idp/prp.php",
        directory=directory,
        process=process,
        front="Apache",
    )


def _service_provider(party):
    # What its own converter makes of the metadata.
    redirect = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
    post = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
    format = PERSISTENT if party is relying_party.PLAIN else PERSISTENT.replace(
        "persistent", "transient")
    return f"""
$metadata['{party.entity_id}'] = [
    'AssertionConsumerService' => [
        ['Binding' => '{post}', 'Location' => '{party.consumer}', 'index' => 0,
         'isDefault' => true],
        ['Binding' => '{post}', 'Location' => '{party.second_consumer}', 'index' => 1],
    ],
    'SingleLogoutService' => [['Binding' => '{redirect}', 'Location' => '{party.logout}']],
    'keys' => [['encryption' => false, 'signing' => true, 'type' => 'X509Certificate',
                'X509Certificate' => '{party.key.certificate_base64}']],
    'NameIDFormat' => '{format}',
    'validate.authnrequest' => {str(party.signs_requests).lower()},
    'saml20.sign.assertion' => true,
];
"""
