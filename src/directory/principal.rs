//! By which name an account is bound when its password is checked.
//!
//! A DN says where an entry is, not which one: between the search that found an account and the
//! bind that checks its password, the account may have been moved, and its DN been given to
//! another. In Active Directory, a bind can name the account by its `objectGUID` instead, which is
//! never given again, and costs nothing more. LDAP has no such thing elsewhere: the
//! authorization identity that a bind may return (RFC 3829) is a DN again.
//!
//! How the `objectGUID` is written is where implementations differ. For a simple bind, MS-ADTS
//! 5.1.1.1.1 lists the dashed form in curly braces, and DNs; `<GUID=...>` is a DN by 3.1.1.3.1.2.4.
//! A Samba domain controller (4.17.12) answered so to the right password, and 49 to a wrong one in
//! every form:
//!
//! | name | answer |
//! | --- | --- |
//! | DN, UPN, `CORP\wm`, canonical name | 0 |
//! | `<GUID=c21b1db6-5079-48dd-abb3-cd613331e87b>` | 0 |
//! | `<GUID=b61d1bc27950dd48abb3cd613331e87b>`, the octets | 0 |
//! | `{c21b1db6-5079-48dd-abb3-cd613331e87b}` | 49, 52e |
//! | `c21b1db6-5079-48dd-abb3-cd613331e87b` | 49, 52e |
//! | `S-1-5-21-...-1103`, and the same as `<SID=...>` | 0 |
//!
//! So nothing is taken for granted: each server is asked once, by the service account with its own
//! password, which notation it takes ([`learn`]), and until one has shown itself to work, accounts
//! are bound by their DNs. SIDs are no way: MS-ADTS has a bind try the `displayName` of all
//! accounts before it reads a name as a SID, and people may write that.

use ldap3::Scope;

use super::{
    DirectoryError, Dn, Entry, Filter, ObjectGuid, ServiceAccount, Step,
    connection::{Connection, isolated},
    dialer::Dialer,
    search::{Answer, Query, search},
};

/// An account whose password is to be checked.
#[derive(Clone, Copy, Debug)]
pub struct Principal<'a> {
    /// Where it is.
    pub dn: &'a Dn,
    /// Which one it is, where that is known.
    pub guid: Option<ObjectGuid>,
}

impl<'a> From<&'a Dn> for Principal<'a> {
    fn from(dn: &'a Dn) -> Self {
        Self { dn, guid: None }
    }
}

/// How a server takes an `objectGUID` for the name in a bind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Notation {
    /// As a DN: `<GUID=...>`.
    Dn,
    /// `{...}`.
    Braces,
}

impl Notation {
    pub(super) fn write(self, guid: ObjectGuid) -> String {
        match self {
            Self::Dn => format!("<GUID={guid}>"),
            Self::Braces => format!("{{{guid}}}"),
        }
    }
}

/// What a server showed of the names that it takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct GuidNames {
    pub(super) notation: Notation,
    /// Where the accounts are for which that was seen: the server's own domain.
    pub(super) domain: Dn,
}

/// The capability of an Active Directory domain controller (MS-ADTS 3.1.1.3.4.3.1).
const ACTIVE_DIRECTORY: &str = "1.2.840.113556.1.4.800";

/// Finds out on a connection of the service account, which is not the service account's any more
/// afterwards, how the server takes an `objectGUID` for a name; `None` where it does not, or where
/// the service account has no password to find out with.
///
/// The right password under the account's own `objectGUID` must be accepted, and refused under one
/// that no account has. A name that means nobody counts towards nobody's lockout.
pub(super) async fn learn(
    dialer: &Dialer,
    connection: &Connection,
) -> Result<Option<GuidNames>, DirectoryError> {
    let ServiceAccount::Password { name, .. } = &dialer.settings().service else {
        return Ok(None);
    };
    let root = read(dialer, connection, query("", Scope::Base, None, &ROOT)).await?;
    let Some(domain) = root.and_then(|root| own_domain(&root)) else {
        return Ok(None);
    };
    let own = if name.parse::<Dn>().is_ok() {
        query(name, Scope::Base, None, &["objectGUID"])
    } else {
        let filter = Filter::equal("userPrincipalName", name.as_bytes());
        query(
            domain.as_str(),
            Scope::Subtree,
            Some(filter),
            &["objectGUID"],
        )
    };
    let own = read(dialer, connection, own).await?;
    let guid = own.as_ref().and_then(|own| own.bytes("objectGUID").next());
    let Some(own) = guid.and_then(|octets| ObjectGuid::try_from(octets).ok()) else {
        return Ok(None);
    };
    for notation in [Notation::Dn, Notation::Braces] {
        if bind(dialer, connection, notation.write(own)).await? == 0
            && bind(dialer, connection, notation.write(ObjectGuid::random())).await? == 49
        {
            return Ok(Some(GuidNames { notation, domain }));
        }
    }
    Ok(None)
}

const ROOT: [&str; 2] = ["supportedCapabilities", "defaultNamingContext"];

/// The domain that a domain controller is for.
fn own_domain(root: &Entry) -> Option<Dn> {
    let is_active_directory = root
        .values("supportedCapabilities")
        .any(|value| value == ACTIVE_DIRECTORY);
    let domain = root.values("defaultNamingContext").next()?;
    domain.parse().ok().filter(|_| is_active_directory)
}

fn query(base: &str, scope: Scope, filter: Option<Filter>, attributes: &[&str]) -> Query {
    Query {
        base: base.to_owned(),
        scope,
        filter: filter
            .unwrap_or_else(|| Filter::present("objectClass"))
            .to_string(),
        attributes: attributes.iter().map(|&name| name.to_owned()).collect(),
        limit: 2,
        step: Step::Search,
    }
}

/// The one entry that a query finds; what cannot be read is not there.
async fn read(
    dialer: &Dialer,
    connection: &Connection,
    query: Query,
) -> Result<Option<Entry>, DirectoryError> {
    let deadline = dialer.settings().limits.operation_deadline;
    let answer = isolated(deadline, search(connection.ldap(), query, deadline)).await;
    match answer.map_err(|fault| connection.failed(Step::Search, fault))? {
        Answer::Found(found) if found.entries.len() == 1 => Ok(found.entries.into_iter().next()),
        _ => Ok(None),
    }
}

/// The result code of a bind under this name with the service account's password.
async fn bind(
    dialer: &Dialer,
    connection: &Connection,
    name: String,
) -> Result<u32, DirectoryError> {
    let settings = dialer.settings();
    let ServiceAccount::Password { password, .. } = settings.service.clone() else {
        return Ok(49);
    };
    let mut ldap = connection.ldap();
    let bind = async move { ldap.simple_bind(&name, password.expose()).await };
    let answer = isolated(settings.limits.operation_deadline, bind).await;
    let answer = answer.map_err(|fault| connection.failed(Step::Bind, fault))?;
    Ok(answer.rc)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_written_as_they_were_tried() {
        let guid: ObjectGuid = "c21b1db6-5079-48dd-abb3-cd613331e87b".parse().unwrap();
        assert_eq!(
            [Notation::Dn, Notation::Braces].map(|notation| notation.write(guid)),
            [
                "<GUID=c21b1db6-5079-48dd-abb3-cd613331e87b>",
                "{c21b1db6-5079-48dd-abb3-cd613331e87b}"
            ]
        );
    }

    #[test]
    fn only_active_directory_is_asked_further() {
        let root = |capability: &str| {
            let value = |text: &str| vec![text.as_bytes().to_vec()];
            own_domain(&Entry::new(
                "",
                vec![
                    ("supportedCapabilities".to_owned(), value(capability)),
                    (
                        "defaultNamingContext".to_owned(),
                        value("DC=contoso,DC=com"),
                    ),
                ],
            ))
        };
        assert_eq!(root(ACTIVE_DIRECTORY), "DC=contoso,DC=com".parse().ok());
        assert_eq!(root("1.2.840.113556.1.4.1851"), None, "AD LDS");
        assert_eq!(own_domain(&Entry::new("", vec![])), None);
    }
}
