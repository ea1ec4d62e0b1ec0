//! What the throw-away server holds: its schema, its settings, its accounts.

use std::{fmt::Write as _, path::Path};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use homerealm::directory::ObjectGuid;

use super::Options;

pub(crate) const BASE: &str = "dc=contoso,dc=com";
pub(crate) const PARTNERS: &str = "ou=Partners,dc=contoso,dc=com";
pub(crate) const STAFF: &str = "ou=Staff,dc=contoso,dc=com";
pub(crate) const GROUPS: &str = "ou=Groups,dc=contoso,dc=com";
pub(crate) const FEDERATED_SUFFIX: &str = "partners.contoso.com";
/// The service account: may search, and nothing else.
pub(crate) const SERVICE_DN: &str = "cn=svc-homerealm,dc=contoso,dc=com";
/// The password of every account, the service account's included.
pub(crate) const PASSWORD: &str = "Part.ner-Pw0rd";

/// The address, UPN, name and objectGUID of the numbered partners.
pub(crate) struct Numbered(pub(crate) u32);

impl Numbered {
    pub(crate) fn mail(&self) -> String {
        const DOMAINS: [&str; 3] = ["fabrikam.com", "tailspintoys.com", "adatum.com"];
        format!(
            "u{:05}@{}",
            self.0,
            DOMAINS[self.0 as usize % DOMAINS.len()]
        )
    }

    pub(crate) fn upn(&self) -> String {
        format!("u{:05}@{FEDERATED_SUFFIX}", self.0)
    }

    pub(crate) fn dn(&self) -> String {
        format!("uid=u{:05},{PARTNERS}", self.0)
    }

    pub(crate) fn guid(&self) -> ObjectGuid {
        ObjectGuid::from_digits(0x5ca1_ab1e_0000_4000_8000_0000_0000_0000 + u128::from(self.0))
    }
}

pub(super) fn configuration(folder: &Path, options: Options) -> String {
    let folder = folder.display();
    let tls = if options.tls {
        format!(
            "TLSCACertificateFile {folder}/ca.pem\nTLSCertificateFile {folder}/cert.pem\n\
             TLSCertificateKeyFile {folder}/key.pem\n"
        )
    } else {
        String::new()
    };
    let by_certificate = if options.client_certificates {
        format!("TLSVerifyClient try\nauthz-regexp \"^cn=svc-homerealm$\" \"{SERVICE_DN}\"\n")
    } else {
        String::new()
    };
    let (module, overlay) = if options.policy {
        (
            "moduleload ppolicy\n",
            // As the root, which nobody can bind as, the overlay writes failures down.
            format!(
                "rootdn \"cn=root,{BASE}\"\n\
                 overlay ppolicy\nppolicy_default \"{POLICY}\"\nppolicy_use_lockout\n"
            ),
        )
    } else {
        ("", String::new())
    };
    format!(
        "include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
include {folder}/schema
modulepath /usr/lib/ldap
moduleload back_mdb
{module}pidfile {folder}/slapd.pid
{tls}{by_certificate}idletimeout {idle}
threads 4
database mdb
suffix \"{BASE}\"
directory {folder}/db
maxsize 268435456
dbnosync
index objectClass,mail,userPrincipalName,sAMAccountName,proxyAddresses,objectGUID eq
access to attrs=userPassword by self =xw by anonymous auth by * none
access to * by dn.exact=\"{SERVICE_DN}\" read by * none
limits dn.exact=\"{SERVICE_DN}\" size.prtotal=unlimited
{overlay}",
        idle = options.idle_timeout,
    )
}

/// Active Directory's attributes under their own OIDs, with the matching rules that make them
/// searchable here.
pub(super) const SCHEMA: &str = "\
attributetype ( 1.2.840.113556.1.4.2 NAME 'objectGUID' EQUALITY octetStringMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.4.1360 NAME 'mS-DS-ConsistencyGuid' EQUALITY octetStringMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.4.656 NAME 'userPrincipalName' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.4.221 NAME 'sAMAccountName' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.2.210 NAME 'proxyAddresses' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
attributetype ( 1.2.840.113556.1.4.8 NAME 'userAccountControl' EQUALITY integerMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.4.150 NAME 'adminCount' EQUALITY integerMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )
objectclass ( 1.3.6.1.4.1.99999.1 NAME 'adUser' SUP top AUXILIARY MAY ( objectGUID $ mS-DS-ConsistencyGuid $ userPrincipalName $ sAMAccountName $ proxyAddresses $ userAccountControl $ adminCount ) )
";

/// The whole tree, every account with the password of this hash.
pub(super) fn ldif(options: Options, hash: &str) -> String {
    let hash = STANDARD.encode(hash);
    let mut text = format!(
        "dn: {BASE}\nobjectClass: dcObject\nobjectClass: organization\ndc: contoso\no: Contoso\n\n\
         dn: {PARTNERS}\nobjectClass: organizationalUnit\nou: Partners\n\n\
         dn: {STAFF}\nobjectClass: organizationalUnit\nou: Staff\n\n\
         dn: {GROUPS}\nobjectClass: organizationalUnit\nou: Groups\n\n\
         dn: {SERVICE_DN}\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\n\
         cn: svc-homerealm\nuserPassword:: {hash}\n\n"
    );
    let partners = (0..options.accounts).map(|number| {
        let account = Numbered(number);
        let mail = account.mail();
        Person {
            uid: format!("u{number:05}"),
            unit: PARTNERS,
            name: format!("Partner {number}"),
            upn: account.upn(),
            guid: account.guid(),
            more: format!("mail: {mail}\nproxyAddresses: SMTP:{mail}\n"),
        }
    });
    let policed = if options.policy {
        write!(
            text,
            "dn: {POLICY}\nobjectClass: device\nobjectClass: pwdPolicy\ncn: policy\n\
             pwdAttribute: userPassword\npwdMaxAge: 8640000\npwdLockout: TRUE\n\
             pwdMaxFailure: 5\npwdMustChange: TRUE\n\
             pwdMinLength: 8\npwdCheckQuality: 1\npwdAllowUserChange: TRUE\n\n"
        )
        .expect("a string takes all");
        POLICED
    } else {
        &[]
    };
    let special = (0_u128..).zip(SPECIAL.iter().chain(policed)).map(
        |(at, (uid, unit, name, suffix, more))| Person {
            uid: (*uid).to_owned(),
            unit,
            name: (*name).to_owned(),
            upn: format!("special{at}@{suffix}"),
            guid: ObjectGuid::from_digits(0x5bec_1a10_0000_4000_8000_0000_0000_0000 + at),
            more: (*more).to_owned(),
        },
    );
    let conflicts = (0_u128..).zip(CONFLICTS.iter().filter(|_| options.conflicts));
    let conflicts = conflicts.map(|(at, (uid, unit, upn, more))| Person {
        uid: (*uid).to_owned(),
        unit,
        name: format!("{uid} in conflict"),
        upn: (*upn).to_owned(),
        guid: ObjectGuid::from_digits(0xc04f_11c7_0000_4000_8000_0000_0000_0000 + at),
        more: (*more).to_owned(),
    });
    for person in partners.chain(special).chain(conflicts) {
        person.write(&mut text, &hash);
    }
    for (name, member) in GROUPS_WITH_MEMBERS {
        writeln!(
            text,
            "dn: cn={name},{GROUPS}\nobjectClass: groupOfNames\ncn: {name}\nmember: {member}\n"
        )
        .expect("a string takes all");
    }
    text
}

/// Accounts that each need some care: uid, unit, name, UPN suffix, further lines. Their UPNs are
/// `special0`, `special1` and so on.
#[rustfmt::skip]
const SPECIAL: &[(&str, &str, &str, &str, &str)] = &[
    ("wmoran", PARTNERS, "Wendy Moran", FEDERATED_SUFFIX, "mail: wmoran@fabrikam.com\nproxyAddresses: smtp:wendy@fabrikam.com\ntitle: Editor\ntitle: Auditor\nemployeeType: partner/7\n"),
    ("desk1", PARTNERS, "Desk East", FEDERATED_SUFFIX, "mail: reception@adatum.com\n"),
    ("desk2", PARTNERS, "Desk West", FEDERATED_SUFFIX, "mail: Reception@Adatum.com\n"),
    ("khart", STAFF, "Kim Hart", FEDERATED_SUFFIX, "mail: khart@contoso.com\n"),
    ("admin", PARTNERS, "Ann Admin", FEDERATED_SUFFIX, "mail: admin@adatum.com\nadminCount: 1\n"),
    ("olegacy", PARTNERS, "Otto Legacy", "legacy.contoso.com", "mail: otto@wingtiptoys.com\n"),
    ("jmüller", PARTNERS, "Jürgen Müller", FEDERATED_SUFFIX, "mail: j.mueller@xn--bcher-kva.example\n"),
    ("o'brien, p+q \"x\"", PARTNERS, "Pat O'Brien", FEDERATED_SUFFIX, "mail: o'brien@fabrikam.com\n"),
];

/// Groups, each with a member: Wendy reads, and who reads may edit, and so on.
const GROUPS_WITH_MEMBERS: &[(&str, &str)] = &[
    ("Readers", "uid=wmoran,ou=Partners,dc=contoso,dc=com"),
    ("Editors", "cn=Readers,ou=Groups,dc=contoso,dc=com"),
    ("Owners", "cn=Editors,ou=Groups,dc=contoso,dc=com"),
    ("Admins", "uid=admin,ou=Partners,dc=contoso,dc=com"),
];

/// The password policy: a hundred days, five failures.
const POLICY: &str = "cn=policy,dc=contoso,dc=com";

/// Accounts that the policy keeps out.
#[rustfmt::skip]
const POLICED: &[(&str, &str, &str, &str, &str)] = &[
    ("reset", PARTNERS, "Ray Set", FEDERATED_SUFFIX, "mail: reset@fabrikam.com\npwdReset: TRUE\n"),
    ("expired", PARTNERS, "Ex Pired", FEDERATED_SUFFIX, "mail: expired@fabrikam.com\npwdChangedTime: 20200101000000Z\n"),
    ("locked", PARTNERS, "Lou Locked", FEDERATED_SUFFIX, "mail: locked@fabrikam.com\npwdAccountLockedTime: 000001010000Z\n"),
];

/// Accounts that a sync cannot do right by, and some whose `userType` an attribute decides: uid, unit,
/// UPN, further lines.
#[rustfmt::skip]
const CONFLICTS: &[(&str, &str, &str, &str)] = &[
    ("anchor1", PARTNERS, "anchor1@partners.contoso.com", "mail: anchor1@fabrikam.com\nmS-DS-ConsistencyGuid:: MyIRAFVEd2aImaq7zN3u/w==\n"),
    ("anchor2", PARTNERS, "anchor2@partners.contoso.com", "mail: anchor2@fabrikam.com\nmS-DS-ConsistencyGuid:: MyIRAFVEd2aImaq7zN3u/w==\n"),
    ("plus", PARTNERS, "plus+one@partners.contoso.com", "mail: plus@fabrikam.com\n"),
    ("twin1", PARTNERS, "twin@partners.contoso.com", "mail: twin1@fabrikam.com\n"),
    ("twin2", PARTNERS, "Twin@Partners.contoso.com", "mail: twin2@fabrikam.com\n"),
    ("mia", STAFF, "mia@contoso.com", "mail: mia@contoso.com\nproxyAddresses: smtp:mia@adatum.com\n"),
    ("miapartner", PARTNERS, "miapartner@partners.contoso.com", "mail: Mia@adatum.com\n"),
    ("soft1", PARTNERS, "soft@partners.contoso.com", "mail: soft1@fabrikam.com\n"),
    ("soft2", PARTNERS, "soft2@partners.contoso.com", "mail: soft2@fabrikam.com\nproxyAddresses: smtp:soft@partners.contoso.com\n"),
    ("nomail", PARTNERS, "nomail@partners.contoso.com", ""),
    ("own", PARTNERS, "own@partners.contoso.com", "mail: own@contoso.com\n"),
    ("elsewhere", PARTNERS, "elsewhere@elsewhere.example", "mail: elsewhere@fabrikam.com\n"),
    ("contractor", STAFF, "contractor@contoso.com", "mail: contractor@fabrikam.com\ndepartmentNumber: Guest\n"),
    ("wrongtype", PARTNERS, "wrongtype@partners.contoso.com", "mail: wrongtype@fabrikam.com\ndepartmentNumber: Partner\n"),
    ("insider", PARTNERS, "insider@partners.contoso.com", "mail: insider@fabrikam.com\ndepartmentNumber: Member\n"),
];

struct Person {
    uid: String,
    unit: &'static str,
    name: String,
    upn: String,
    guid: ObjectGuid,
    more: String,
}

impl Person {
    fn write(&self, ldif: &mut String, hash: &str) {
        // RFC 4514 2.4, for the one that is named so as to need it.
        let rdn = self
            .uid
            .replace(',', "\\,")
            .replace('+', "\\+")
            .replace('"', "\\\"");
        let dn = STANDARD.encode(format!("uid={rdn},{}", self.unit));
        let (uid, name) = (STANDARD.encode(&self.uid), STANDARD.encode(&self.name));
        let (upn, more) = (&self.upn, &self.more);
        let guid = STANDARD.encode(self.guid.as_bytes());
        write!(
            ldif,
            "dn:: {dn}\nobjectClass: inetOrgPerson\nobjectClass: adUser\nuid:: {uid}\n\
             sAMAccountName:: {uid}\ncn:: {name}\nsn:: {name}\ndisplayName:: {name}\n\
             userPrincipalName: {upn}\nuserAccountControl: 512\nobjectGUID:: {guid}\n\
             userPassword:: {hash}\n{more}\n"
        )
        .expect("a string takes all");
    }
}
