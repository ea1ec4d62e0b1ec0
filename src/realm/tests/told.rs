//! What rules of relying parties ask to be told of an account.

use crate::directory::{Attribute, Entry};

use super::*;

const DN: &str = "CN=Odd,OU=Partners,DC=contoso,DC=com";

fn contents() -> Contents {
    contents_with(
        DN,
        &[
            ("objectGUID", &[7; 16]),
            ("mail", b"odd@fabrikam.com"),
            ("proxyAddresses", b"smtp:alias@fabrikam.com"),
            ("userPrincipalName", b"odd@partners.contoso.com"),
            ("Department", b"HR"),
            ("title", b"Auditor"),
        ],
    )
}

#[tokio::test]
async fn attributes_that_are_asked_for_come_with_the_one_search() {
    let fixture = Fixture::start_with(contents()).await;
    let told = |names: &[&str]| {
        let names = names.iter().map(|name| Attribute::parse(name).unwrap());
        names.collect::<Vec<_>>()
    };
    for (names, attributes) in [
        (told(&[]), vec![]),
        (
            told(&["department", "l", "MAIL"]),
            vec![("department", "HR"), ("MAIL", "odd@fabrikam.com")],
        ),
    ] {
        let realm = realm(&fixture, |mapping| mapping.told_attributes = names);
        let before = fixture.embedded.counts().searches;
        let account = find(&realm, "odd@fabrikam.com").await.unwrap();
        assert_eq!(fixture.embedded.counts().searches, before + 1);
        let attributes: Vec<_> = attributes
            .into_iter()
            .map(|(name, value)| (name.to_owned(), vec![value.to_owned()]))
            .collect();
        assert_eq!(account.attributes(), attributes);
    }
}

#[tokio::test]
async fn the_end_of_a_password_is_read_where_it_is_asked_for() {
    let mut contents = contents();
    let odd = contents.accounts.last_mut().unwrap();
    let attributes = odd.entry.attributes();
    let attributes = attributes.map(|(name, values)| (name.to_owned(), values.to_vec()));
    let end = (
        "msDS-UserPasswordExpiryTimeComputed".to_owned(),
        vec![b"133444736000000000".to_vec()],
    );
    odd.entry = Entry::new(DN, attributes.chain([end]).collect());
    let fixture = Fixture::start_with(contents).await;
    for (asks, seconds) in [(false, None), (true, Some(1_700_000_000))] {
        let realm = realm(&fixture, |mapping| mapping.password_expiry = asks);
        let before = fixture.embedded.counts().searches;
        let account = find(&realm, "odd@fabrikam.com").await.unwrap();
        assert_eq!(fixture.embedded.counts().searches, before + 1);
        let end = account.password_expiry();
        assert_eq!(end.map(time::OffsetDateTime::unix_timestamp), seconds);
    }
}

#[tokio::test]
async fn an_external_name_is_one_of_its_addresses() {
    let fixture = Fixture::start_with(contents()).await;
    let realm = realm(&fixture, |_| {});
    for (name, is_external) in [
        ("odd@fabrikam.com", true),
        ("Alias@Fabrikam.com", true),
        ("odd@partners.contoso.com", false),
    ] {
        let account = find(&realm, name).await.unwrap();
        assert_eq!(account.is_external(), is_external, "{name}");
        // Where the name says nothing of whose she is, her addresses do.
        let others = account.other_addresses();
        assert_eq!(others.is_empty(), is_external, "{name}: {others:?}");
    }
    // Where the UPN is looked for first, an address that is the UPN, too, is still an address.
    let fixture = Fixture::start_with(contents_with(
        DN,
        &[
            ("objectGUID", &[7; 16]),
            ("mail", b"odd@partners.contoso.com"),
            ("userPrincipalName", b"odd@partners.contoso.com"),
        ],
    ))
    .await;
    let realm = self::realm(&fixture, |mapping| {
        mapping.sign_in_attributes =
            vec![SignInAttribute::UserPrincipalName, SignInAttribute::Mail];
    });
    let account = find(&realm, "odd@partners.contoso.com").await.unwrap();
    assert_eq!(account.matched_by(), SignInAttribute::UserPrincipalName);
    assert!(account.is_external());
    // And says no more for that.
    assert_eq!(account.other_addresses().len(), 1);
}

#[tokio::test]
async fn groups_are_asked_of_the_accounts_own_directory() {
    let mut contents = contents();
    let group = "CN=Readers,OU=Groups,DC=contoso,DC=com";
    contents.accounts.push(Account {
        entry: Entry::new(
            group,
            vec![("member".to_owned(), vec![DN.as_bytes().to_vec()])],
        ),
        password: Password::parse(demo_accounts::PASSWORD).unwrap(),
        state: None,
    });
    let (fixture, empty) = (Fixture::start_with(contents).await, Fixture::start().await);
    let homes = [("empty", &empty), ("contoso", &fixture)];
    let homes = homes.map(|(name, fixture)| Home::new(name, fixture.directory(), mapping()));
    let realm = Realm::new(homes.into());
    let account = find(&realm, "odd@fabrikam.com").await.unwrap();
    assert_eq!(realm.directory_of(&account), Some("contoso"));
    let groups = [group.parse().unwrap()];
    assert_eq!(
        realm.groups_of(&account, &groups).await,
        Ok(groups.to_vec())
    );
    // One search at `empty` for the name, none for the groups.
    assert_eq!(empty.embedded.counts().searches, 1);
    assert_eq!(realm.groups_of(&account, &[]).await, Ok(vec![]));
}
