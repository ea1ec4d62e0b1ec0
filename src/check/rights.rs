//! The service account: may it read what a sign-in needs, and nothing more than read?

use crate::{
    directory::{Directory, DirectoryError, Dn, Entry, Filter, PASSWORD_EXPIRY},
    realm::Home,
};

use super::Finding;

const LEAST: &str = "an ordinary user in no group but Domain Users is enough: it needs to read the \
    sign-in attributes, the ImmutableID's, userPrincipalName, userAccountControl, accountExpires, \
    pwdLastSet, adminCount and memberOf of the accounts, and to write nothing";

/// What a partner's account says about who asks (MS-ADTS 3.1.1.4.5.21): which of its attributes
/// the one who is bound may write.
const WRITABLE: &str = "allowedAttributesEffective";

/// Looks at the service account, and at what it sees of others.
pub(super) async fn check(home: &Home, findings: &mut Vec<Finding>) {
    let outcome = look(home).await;
    findings.push(
        outcome.unwrap_or_else(|error| Finding::fail("service-account", error.to_string(), LEAST)),
    );
    for group in &home.mapping().refused_groups {
        match home.directory().has_group(group).await {
            Ok(true) => {}
            Ok(false) => findings.push(Finding::fail(
                "refused-groups",
                format!("{group} is not there, so that nobody is in it"),
                "correct the name in refuse_groups, and see that the service account may read it",
            )),
            Err(error) => findings.push(Finding::fail(
                "refused-groups",
                format!("{group}: {error}"),
                "see that the service account may read it",
            )),
        }
    }
}

async fn look(home: &Home) -> Result<Finding, DirectoryError> {
    let directory = home.directory();
    if own_entry(directory)
        .await?
        .is_some_and(|own| own.values("adminCount").any(|value| value != "0"))
    {
        return Ok(Finding::warn(
            "service-account",
            "it is, or was, in an administrators' group (adminCount=1)",
            LEAST,
        ));
    }
    let Some(sample) = sample(home).await? else {
        return Ok(Finding::warn(
            "service-account",
            "it sees no account in scope that has a name",
            "see that there are accounts below `scope`, and that it may read their attributes",
        ));
    };
    let writable: Vec<&str> = sample.values(WRITABLE).collect();
    if !writable.is_empty() {
        let some = writable.iter().take(5).copied().collect::<Vec<_>>();
        return Ok(Finding::warn(
            "service-account",
            format!(
                "it may write {} attributes of {}: {}",
                writable.len(),
                sample.dn(),
                some.join(", ")
            ),
            LEAST,
        ));
    }
    let is_active_directory = sample.bytes("objectGUID").next().is_some();
    if is_active_directory && sample.bytes("userAccountControl").next().is_none() {
        return Ok(Finding::warn(
            "service-account",
            format!("it cannot read userAccountControl of {}", sample.dn()),
            LEAST,
        ));
    }
    if home.mapping().password_expiry && sample.bytes(PASSWORD_EXPIRY).next().is_none() {
        return Ok(Finding::warn(
            "service-account",
            format!("it cannot read {PASSWORD_EXPIRY} of {}", sample.dn()),
            "password_expiry needs Active Directory, and a service account that may read this",
        ));
    }
    Ok(Finding::ok(
        "service-account",
        "it may read accounts; no right to write to one was seen",
    ))
}

/// The service account's own entry, where it may see it.
async fn own_entry(directory: &Directory) -> Result<Option<Entry>, DirectoryError> {
    let name = directory.settings().service.name();
    let attributes = ["adminCount"];
    if let Ok(dn) = name.parse::<Dn>() {
        let any = Filter::present("objectClass");
        directory.read(&dn, &any, &attributes).await
    } else {
        // A UPN, the implicit one (account@domain) included, or DOMAIN\account.
        let account = name.split_once('\\').map_or(name, |(_, account)| account);
        let account = account.split('@').next().unwrap_or_default();
        let by_name = Filter::Or(vec![
            Filter::equal("userPrincipalName", name),
            Filter::equal("sAMAccountName", account),
        ]);
        let found = directory.search(&by_name, &attributes, 2).await?;
        Ok(found.entries.into_iter().next())
    }
}

/// An account in scope.
async fn sample(home: &Home) -> Result<Option<Entry>, DirectoryError> {
    let attributes = home.mapping().sign_in_attributes.iter();
    let named = attributes.map(|attribute| Filter::present(attribute.name()));
    let filter = Filter::Or(named.collect());
    let found = home.directory().search(&filter, &["1.1"], 200).await?;
    let is_in_scope = |dn: &Dn| {
        home.mapping()
            .scopes
            .iter()
            .any(|scope| dn.is_within(scope))
    };
    let dns = found
        .entries
        .iter()
        .filter_map(|entry| entry.dn().parse().ok());
    let Some(dn) = dns.into_iter().find(is_in_scope) else {
        return Ok(None);
    };
    // Constructed for this one entry; asked of a whole subtree, it would cost much.
    let attributes = [
        WRITABLE,
        "objectGUID",
        "userAccountControl",
        PASSWORD_EXPIRY,
    ];
    home.directory().read(&dn, &filter, &attributes).await
}
