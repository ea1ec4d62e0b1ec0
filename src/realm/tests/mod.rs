//! The mapping against the embedded directory.

mod guard;
mod homes;
mod locate;
mod mapping;
mod memory;
mod told;
mod trace;

use std::time::Duration;

use crate::directory::{
    BindError, Entry, Password,
    embedded::{Account, Contents, demo_accounts},
    test_fixture::Fixture,
};

use super::*;

fn mapping() -> Mapping {
    Mapping {
        sign_in_attributes: vec![
            SignInAttribute::Mail,
            SignInAttribute::ProxyAddresses,
            SignInAttribute::UserPrincipalName,
        ],
        federated_domains: vec![FederatedDomain {
            suffix: DomainName::parse(demo_accounts::FEDERATED_SUFFIX).unwrap(),
            issuer: "https://idp.contoso.com/partners".to_owned(),
        }],
        scopes: vec![demo_accounts::PARTNERS.parse().unwrap()],
        ..Mapping::default()
    }
}

fn realm(fixture: &Fixture, change: impl FnOnce(&mut Mapping)) -> Realm {
    let mut mapping = mapping();
    change(&mut mapping);
    Realm::new(vec![Home::new("contoso", fixture.directory(), mapping)])
}

async fn find(realm: &Realm, text: &str) -> Result<MappedAccount, MappingError> {
    realm.find(&SignInName::parse(text).unwrap()).await
}

/// The demo directory with one account more, of these attributes.
fn contents_with(dn: &str, attributes: &[(&str, &[u8])]) -> Contents {
    let mut contents = Contents::demo().unwrap();
    let attributes = attributes
        .iter()
        .map(|(name, value)| ((*name).to_owned(), vec![value.to_vec()]));
    contents.accounts.push(Account {
        entry: Entry::new(dn, attributes.collect()),
        password: Password::parse(demo_accounts::PASSWORD).unwrap(),
        state: None,
    });
    contents
}
