# SimpleSAMLphp as Debian has it, by PHP-FPM behind nginx; sourced by `run`. Everything is below
# $folder/simplesamlphp: it finds its configuration by SIMPLESAMLPHP_CONFIG_DIR.

readonly simplesamlphp_saml2=/simplesamlphp/saml2/idp/SSOService.php
readonly simplesamlphp_wsfed=/simplesamlphp/module.php/adfs/idp/prp.php

# config.php for port $1: the package's, with what an identity provider has to set at its end. So the
# rest is as Debian ships it: log level NOTICE with a line of statistics for each sign-in, PHP's own
# sessions, the filters for languages and statistics, all languages of the pages.
simplesamlphp_config() {
    # The file that the last line reads has the secrets of this machine's own installation.
    grep -v secrets.inc.php /etc/simplesamlphp/config.php
    cat <<PHP
\$config['baseurlpath'] = 'https://idp.localhost:$1/simplesamlphp/';
\$config['secretsalt'] = '$(openssl rand -hex 16)';
\$config['auth.adminpassword'] = '$(openssl rand -hex 16)';
\$config['certdir'] = '$peer/config/';
\$config['metadatadir'] = '$peer/config/metadata';
\$config['datadir'] = '$peer/data';
\$config['tempdir'] = '$peer/temporary';
\$config['loggingdir'] = '$peer/data';
\$config['logging.handler'] = 'file';
\$config['timezone'] = 'UTC';
\$config['showerrors'] = false;
\$config['admin.checkforupdates'] = false;
\$config['enable.saml20-idp'] = true;
\$config['enable.adfs-idp'] = true;
\$config['module.enable']['ldap'] = true;
\$config['module.enable']['adfs'] = true;
\$config['session.phpsession.savepath'] = '$peer/sessions';
PHP
}

# Who signs in types an email; one search by the service account, one bind as the person, who reads
# her own attributes: with 'priv.read' there would be a second bind of the service account.
simplesamlphp_authsources() {
    cat <<PHP
<?php
\$config = [
    'partners' => [
        'ldap:LDAP',
        'hostname' => 'ldaps://127.0.0.1:$ldap_port',
        'search.enable' => true,
        'search.base' => ['$base'],
        'search.attributes' => ['mail'],
        'search.username' => 'cn=homerealm,$base',
        'search.password' => '$password',
        'attributes' => ['objectGUID', 'userPrincipalName'],
        'attributes.binary' => ['objectGUID'],
    ],
];
PHP
}

# metadata/$1-idp-hosted.php
simplesamlphp_hosted() {
    cat <<PHP
<?php
\$metadata['$issuer'] = [
    'host' => '__DEFAULT__',
    'privatekey' => 'signing.key', 'certificate' => 'signing.crt',
    'auth' => 'partners',
    'signature.algorithm' => 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256',
    'saml20.sign.assertion' => true,
    'saml20.sign.response' => false,
];
PHP
}

simplesamlphp_saml2_entra() {
    cat <<'PHP'
<?php
$metadata['urn:federation:MicrosoftOnline'] = [
    'AssertionConsumerService' => 'https://login.microsoftonline.com/login.srf',
    'NameIDFormat' => 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent',
    'saml20.sign.response' => false,
    'authproc' => [
        10 => [
            'class' => 'saml:AttributeNameID',
            'attribute' => 'objectGUID',
            'Format' => 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent',
        ],
        20 => ['class' => 'core:AttributeMap', 'userPrincipalName' => 'IDPEmail'],
        30 => ['class' => 'core:AttributeLimit', 'IDPEmail'],
    ],
];
PHP
}

simplesamlphp_wsfed_entra() {
    cat <<'PHP'
<?php
$metadata['urn:federation:MicrosoftOnline'] = [
    'prp' => 'https://login.microsoftonline.com/login.srf',
    'simplesaml.nameidattribute' => 'http://schemas.microsoft.com/LiveID/Federation/2008/05/ImmutableID',
    'authproc' => [
        20 => [
            'class' => 'core:AttributeMap',
            'objectGUID' => 'http://schemas.microsoft.com/LiveID/Federation/2008/05/ImmutableID',
            'userPrincipalName' => 'http://schemas.xmlsoap.org/claims/UPN',
        ],
    ],
];
PHP
}

# One worker a processor, all of them from the start, kept for good.
simplesamlphp_fpm() {
    cat <<FPM
[global]
error_log = $peer/php-fpm.log
daemonize = no
[www]
listen = $peer/php-fpm.socket
listen.backlog = 1024
pm = static
pm.max_children = $processors
clear_env = no
catch_workers_output = yes
FPM
}

simplesamlphp_locations() {
    cat <<NGINX
        location /simplesamlphp/ {
            alias /usr/share/simplesamlphp/www/;
            location ~ ^/simplesamlphp(?<script>/.+?\\.php)(?<path_info>/.*)?\$ {
                include /etc/nginx/fastcgi_params;
                fastcgi_param SCRIPT_FILENAME /usr/share/simplesamlphp/www\$script;
                fastcgi_param SCRIPT_NAME /simplesamlphp\$script;
                fastcgi_param PATH_INFO \$path_info if_not_empty;
                fastcgi_param SIMPLESAMLPHP_CONFIG_DIR $peer/config;
                fastcgi_pass unix:$peer/php-fpm.socket;
            }
        }
NGINX
}

# Starts it on port $1; sets peer_pids.
simplesamlphp_start() {
    peer=$folder/simplesamlphp
    mkdir -p "$peer"/{config/metadata,data,temporary,sessions}
    simplesamlphp_config "$1" > "$peer/config/config.php"
    simplesamlphp_authsources > "$peer/config/authsources.php"
    simplesamlphp_hosted > "$peer/config/metadata/saml20-idp-hosted.php"
    simplesamlphp_hosted > "$peer/config/metadata/adfs-idp-hosted.php"
    simplesamlphp_saml2_entra > "$peer/config/metadata/saml20-sp-remote.php"
    simplesamlphp_wsfed_entra > "$peer/config/metadata/adfs-sp-remote.php"
    simplesamlphp_fpm > "$peer/php-fpm.conf"
    nginx_configuration "$1" "$peer" "$(simplesamlphp_locations)" > "$peer/nginx.conf"
    cp "$folder/signing.key" "$folder/signing.crt" "$peer/config/"
    cp "$folder/server.key" "$peer/"
    own "$peer"
    local fpm
    fpm=$(compgen -c php-fpm | sort -V | tail -n 1)
    # Production settings: compiled scripts are kept and never looked at again on disk.
    LDAPTLS_CACERT=$folder/ca.pem in_background "$peer/php-fpm.out" "$fpm" -F -y "$peer/php-fpm.conf" \
        -d opcache.enable=1 -d opcache.validate_timestamps=0 -d opcache.memory_consumption=192 \
        -d opcache.interned_strings_buffer=16 -d opcache.max_accelerated_files=20000 \
        -d realpath_cache_size=4096k -d realpath_cache_ttl=600 \
        -d session.gc_probability=0 -d zend.assertions=-1 -d expose_php=0 ${php_extra:-}
    peer_pids=$started
    in_background "$peer/nginx.out" nginx -c "$peer/nginx.conf" -e "$peer/nginx.log"
    peer_pids+=,$started
}
