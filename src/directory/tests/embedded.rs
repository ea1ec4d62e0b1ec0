//! The embedded directory itself: where it listens, and how little it does.

use std::net::SocketAddr;

use crate::directory::embedded::{Contents, EmbeddedDirectory, EmbeddedError};

use super::*;

#[tokio::test]
async fn the_embedded_directory_stays_on_loopback_and_does_little() {
    let everywhere = SocketAddr::from(([0, 0, 0, 0], 0));
    let refused = EmbeddedDirectory::start(Contents::demo().unwrap(), everywhere, tls().0).await;
    assert!(matches!(refused, Err(EmbeddedError::NotLoopback(_))));

    let fixture = Fixture::start().await;
    let settings = ldap3::LdapConnSettings::new().set_config(fixture.settings.tls.clone());
    let url = fixture.settings.servers.listed()[0].to_string();
    let (connection, mut ldap) = ldap3::LdapConnAsync::with_settings(settings, &url)
        .await
        .unwrap();
    tokio::spawn(connection.drive());
    let wendy = dn_of("wmoran");
    let search = ldap
        .search(demo_accounts::BASE, ldap3::Scope::Subtree, "(cn=*)", ["*"])
        .await;
    assert_eq!(search.unwrap().1.rc, 1, "nobody is bound");
    assert_eq!(
        ldap.simple_bind(wendy.as_str(), "").await.unwrap().rc,
        53,
        "empty password"
    );
    assert_eq!(ldap.sasl_external_bind().await.unwrap().rc, 7);
    let root = ldap
        .search("", ldap3::Scope::Base, "(objectClass=*)", ["*"])
        .await
        .unwrap()
        .0;
    assert_eq!(root.len(), 1, "anybody may read the root DSE");
    let bound = ldap
        .simple_bind("WMORAN@partners.contoso.com", demo_accounts::PASSWORD)
        .await;
    assert_eq!(bound.unwrap().rc, 0, "a UPN is a bind name too");
    assert_eq!(ldap.delete(wendy.as_str()).await.unwrap().rc, 53);
    let one = ldap.search(
        demo_accounts::BASE,
        ldap3::Scope::OneLevel,
        "(objectClass=*)",
        ["1.1"],
    );
    assert_eq!(one.await.unwrap().0.len(), 2, "the two units");
    let found = ldap.search(
        demo_accounts::BASE,
        ldap3::Scope::Subtree,
        "(sn=muller)",
        ["cn"],
    );
    assert_eq!(
        found.await.unwrap().0.len(),
        1,
        "accents are ignored, as Active Directory does"
    );
}
