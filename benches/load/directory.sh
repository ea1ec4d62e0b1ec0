# A throw-away slapd, of one database or several; sourced. Everything is below $folder, on loopback.
#
# Accounts u0, u1 and so on, as Active Directory shows them, all with the password $password. Their
# hashes are salted SHA-1: cheap to check, since it is Homerealm that is measured. `ca.pem` must be
# there, with a certificate for 127.0.0.1 in `server.pem` and `server.key`.

readonly base=dc=partners,dc=test
readonly password=Part.ner-Pw0rd

# AD's attributes under their own OIDs, with the equality rules that Debian's msuser.schema lacks.
directory_schema() {
    local text=1.3.6.1.4.1.1466.115.121.1.15 octets=1.3.6.1.4.1.1466.115.121.1.40
    cat <<SCHEMA
attributetype ( 1.2.840.113556.1.4.2 NAME 'objectGUID' EQUALITY octetStringMatch SYNTAX $octets SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.4.656 NAME 'userPrincipalName' EQUALITY caseIgnoreMatch SYNTAX $text SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.2.210 NAME 'proxyAddresses' EQUALITY caseIgnoreMatch SYNTAX $text )
objectclass ( 1.3.6.1.4.1.99999.1 NAME 'adUser' SUP top AUXILIARY MAY ( objectGUID \$ userPrincipalName \$ proxyAddresses ) )
SCHEMA
}

# Of the whole server, and then of a database for each suffix.
directory_configuration() {
    local suffix
    cat <<CONFIGURATION
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
include $folder/ad.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile $folder/slapd.pid
TLSCACertificateFile $folder/ca.pem
TLSCertificateFile $folder/server.pem
TLSCertificateKeyFile $folder/server.key
threads 4
tool-threads 2
CONFIGURATION
    for suffix in "$@"; do
        cat <<DATABASE
database mdb
suffix "$suffix"
directory $folder/$suffix
maxsize 8589934592
dbnosync
index objectClass,uid,mail,userPrincipalName,proxyAddresses eq
access to attrs=userPassword by anonymous auth by * none
access to * by users read by anonymous auth
DATABASE
    done
}

# LDIF of the suffix $2, the service account and $1 accounts.
directory_accounts() {
    local suffix=$2 hash name
    name=${suffix%%,*}
    hash=$(slappasswd -h '{SSHA}' -s "$password")
    cat <<TOP
dn: $suffix
objectClass: dcObject
objectClass: organization
dc: ${name#dc=}
o: Partners

dn: ou=people,$suffix
objectClass: organizationalUnit
ou: people

dn: cn=homerealm,$suffix
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: homerealm
userPassword: $hash

TOP
    awk -v count="$1" -v suffix="$suffix" -v hash="$hash" 'BEGIN {
        for (n = 0; n < count; n++) {
            uid = "u" n; mail = uid "@fabrikam.com"
            printf "dn: uid=%s,ou=people,%s\nobjectClass: inetOrgPerson\nobjectClass: adUser\n", uid, suffix
            printf "uid: %s\ncn: %s Partner\nsn: Partner\ndisplayName: %s Partner\n", uid, uid, uid
            printf "mail: %s\nproxyAddresses: SMTP:%s\n", mail, mail
            printf "userPrincipalName: %s@partners.contoso.com\n", uid
            printf "objectGUID: guid-of-%08d\nuserPassword: %s\n\n", n, hash
        }
    }'
}

# Loads $1 accounts below $base, and starts slapd for ldaps on port $2; sets slapd_pid. More databases
# may follow, each "COUNT SUFFIX".
directory_start() {
    local port=$2 each suffixes=()
    set -- "$1 $base" "${@:3}"
    for each in "$@"; do suffixes+=("${each#* }"); done
    directory_schema > "$folder/ad.schema"
    directory_configuration "${suffixes[@]}" > "$folder/slapd.conf"
    for each in "${suffixes[@]}"; do mkdir "$folder/$each"; done
    for each in "$@"; do
        directory_accounts "${each%% *}" "${each#* }" |
            slapadd -q -f "$folder/slapd.conf" -b "${each#* }" > "$folder/slapadd.log" 2>&1 ||
            { tail -n 5 "$folder/slapadd.log" >&2; return 1; }
    done
    slapd -f "$folder/slapd.conf" -h "ldaps://127.0.0.1:$port" -d 0 > "$folder/slapd.log" 2>&1 &
    slapd_pid=$!
}
