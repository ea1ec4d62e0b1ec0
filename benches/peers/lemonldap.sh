# LemonLDAP::NG's portal as Debian has it, by its FastCGI server behind nginx; sourced by `run`.
# Everything is below $folder/lemonldap: it finds its configuration by LLNG_DEFAULTCONFFILE.

readonly lemonldap_saml2=/saml/singleSignOn

# lemonldap-ng.ini: Debian's, with other places. The configuration itself is cached in memory and, as
# Debian has it, in files.
lemonldap_ini() {
    cat <<INI
[all]
logLevel = warn
logger = Lemonldap::NG::Common::Logger::Std
# How often a worker looks for a newer configuration, in seconds.
checkTime = 600
[configuration]
type = File
dirName = $peer/configuration
localStorage = Cache::FileCache
localStorageOptions = { 'namespace' => 'configuration', 'default_expires_in' => 600, 'directory_umask' => '007', 'cache_root' => '$peer/cache', 'cache_depth' => 3 }
[portal]
staticPrefix = /static
templateDir = /usr/share/lemonldap-ng/portal/templates
languages = en
[handler]
status = 0
INI
}

# The configuration, for port $1. Sessions are in files, which costs least here, and in the portal's
# local cache, as it has them by default.
lemonldap_configuration() {
    python3 - "$peer" "$1" "$folder" "$issuer" "$ldap_port" "$base" "$password" <<'PYTHON'
import json, sys
peer, port, folder, issuer, ldap_port, base, password = sys.argv[1:]

def read(name):
    with open(f"{folder}/{name}", encoding="ascii") as file:
        return file.read()

METADATA = """<?xml version="1.0"?>
<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="urn:federation:MicrosoftOnline">
<SPSSODescriptor WantAssertionsSigned="true" protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
<NameIDFormat>urn:oasis:names:tc:SAML:2.0:nameid-format:persistent</NameIDFormat>
<AssertionConsumerService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
    Location="https://login.microsoftonline.com/login.srf" index="0" isDefault="true"/>
</SPSSODescriptor></EntityDescriptor>"""

def files(name):
    return {"Directory": f"{peer}/{name}", "LockDirectory": f"{peer}/{name}/lock",
            "generateModule": "Lemonldap::NG::Common::Apache::Session::Generate::SHA256"}

json.dump({
    "cfgNum": 1, "cfgAuthor": "bench", "cfgDate": "1700000000", "cfgVersion": "2.16.1",
    "portal": f"https://idp.localhost:{port}/",
    "domain": "idp.localhost", "securedCookie": 1, "cookieName": "lemonldap", "whatToTrace": "uid",
    "key": "throw-away-key-of-a-bench",
    "authentication": "LDAP", "userDB": "Same", "passwordDB": "Null", "registerDB": "Null",
    "ldapServer": f"ldaps://127.0.0.1:{ldap_port}", "ldapBase": base, "ldapVerify": "require",
    "ldapCAFile": f"{folder}/ca.pem", "managerDn": f"cn=homerealm,{base}", "managerPassword": password,
    "AuthLDAPFilter": "(mail=$user)", "LDAPFilter": "(mail=$user)",
    # Pages that nobody comes to by way of Entra.
    "portalDisplayRegister": 0, "portalDisplayResetPassword": 0, "portalDisplayChangePassword": 0,
    "captcha_mail_enabled": 0, "captcha_register_enabled": 0,
    "exportedVars": {},
    "ldapExportedVars": {"uid": "uid", "userPrincipalName": "userPrincipalName",
                         "objectGUID": "objectGUID"},
    "macros": {"immutableId": "encode_base64($objectGUID, '')"},
    "applicationList": {}, "groups": {}, "locationRules": {}, "exportedHeaders": {},
    "globalStorage": "Apache::Session::File", "globalStorageOptions": files("sessions"),
    "persistentStorage": "Apache::Session::File", "persistentStorageOptions": files("psessions"),
    "localSessionStorage": "Cache::FileCache",
    "localSessionStorageOptions": {"namespace": "sessions", "default_expires_in": 600,
        "directory_umask": "007", "cache_root": f"{peer}/cache", "cache_depth": 3},
    "issuerDBSAMLActivation": 1, "samlOverrideIDPEntityID": issuer,
    "samlServicePrivateKeySig": read("signing.key"), "samlServicePublicKeySig": read("signing.crt"),
    "samlServiceSignatureMethod": "RSA_SHA256",
    "samlSPMetaDataXML": {"entra": {"samlSPMetaDataXML": METADATA}},
    "samlSPMetaDataOptions": {"entra": {
        "samlSPMetaDataOptionsNameIDFormat": "persistent",
        "samlSPMetaDataOptionsNameIDSessionKey": "immutableId",
        "samlSPMetaDataOptionsSignSSOMessage": 0,
        "samlSPMetaDataOptionsCheckSSOMessageSignature": 0,
        "samlSPMetaDataOptionsCheckSLOMessageSignature": 0,
        "samlSPMetaDataOptionsSignatureMethod": "RSA_SHA256",
        "samlSPMetaDataOptionsEncryptionMode": "none",
    }},
    "samlSPMetaDataExportedAttributes": {"entra": {
        "userPrincipalName": "1;IDPEmail;urn:oasis:names:tc:SAML:2.0:attrname-format:unspecified",
    }},
}, sys.stdout, indent=1)
PYTHON
}

lemonldap_locations() {
    cat <<NGINX
        root /usr/share/lemonldap-ng/portal/htdocs/;
        if (\$uri !~ ^/((static|javascript|favicon).*|.*\\.psgi)) {
            rewrite ^/(.*)\$ /index.psgi/\$1 break;
        }
        location ~ ^(?<sc>/.*\\.psgi)(?:\$|/) {
            include /etc/nginx/fastcgi_params;
            fastcgi_pass unix:$peer/llng.socket;
            fastcgi_param HTTP_HOST \$http_host;
            fastcgi_param LLTYPE psgi;
            fastcgi_param SCRIPT_FILENAME \$document_root\$fastcgi_script_name;
            fastcgi_split_path_info ^(.*\\.psgi)(/.*)\$;
            fastcgi_param PATH_INFO \$fastcgi_path_info;
        }
NGINX
}

# Starts it on port $1; sets peer_pids.
lemonldap_start() {
    peer=$folder/lemonldap
    mkdir -p "$peer"/{configuration,sessions/lock,psessions/lock,cache}
    lemonldap_ini > "$peer/lemonldap-ng.ini"
    lemonldap_configuration "$1" > "$peer/configuration/lmConf-1.json"
    nginx_configuration "$1" "$peer" "$(lemonldap_locations)" > "$peer/nginx.conf"
    cp "$folder/server.key" "$peer/"
    own "$peer"
    LLNG_DEFAULTCONFFILE=$peer/lemonldap-ng.ini \
        LLNG_DEFAULTLOGGER=Lemonldap::NG::Common::Logger::Std \
        in_background "$peer/llng.out" llng-fastcgi-server --foreground --proc "$processors" \
        --socket "$peer/llng.socket" --pid "$peer/llng.pid" --plackOptions=--backlog=1024
    peer_pids=$started
    in_background "$peer/nginx.out" nginx -c "$peer/nginx.conf" -e "$peer/nginx.log"
    peer_pids+=,$started
}
