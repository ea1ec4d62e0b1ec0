//! From an account to what relying parties may be told about it.

use crate::{
    directory::{DirectoryError, Dn},
    realm::{MappedAccount, Realm},
    trust::{Needs, Particulars, Subject},
};

/// What is known of the person behind `account`, by the name that led to it: as much as the rules of
/// relying parties need. One search more where they ask about groups, and none where they do not.
///
/// # Errors
/// When the directory does not say in which groups she is.
pub async fn subject_of(
    realm: &Realm,
    needs: &Needs,
    account: &MappedAccount,
) -> Result<Subject, DirectoryError> {
    let groups = realm.groups_of(account, &needs.groups).await?;
    let is_above = |place: &&Dn| account.dn().is_within(place);
    let places = needs.places.iter().filter(is_above);
    let directory = needs.directory.then(|| realm.directory_of(account));
    Ok(Subject {
        sign_in_name: account.name().key(),
        immutable_id: account.immutable_id().as_str().to_owned(),
        cloud_upn: account.cloud_upn().to_owned(),
        display_name: Some(account.display_name().to_owned()),
        suffix: account.federated_domain().suffix.as_ascii().to_owned(),
        particulars: Particulars {
            external: needs.email && account.is_external(),
            directory: directory.flatten().map(str::to_owned),
            places: places.map(Dn::key).collect(),
            groups: groups.iter().map(Dn::key).collect(),
            attributes: account.attributes().to_vec(),
            // Of one who has signed in by it, only.
            password_expiry: None,
        }
        .kept(),
    })
}
