//! The mapping against the embedded directory.

mod guard;
mod homes;

use std::time::Duration;

use crate::directory::{
    Attribute, BindError, DirectoryError, Entry, Password,
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

#[tokio::test]
async fn a_name_means_its_account() {
    let fixture = Fixture::start().await;
    let realm = realm(&fixture, |_| {});
    for (name, upn, matched_by) in [
        (
            "wmoran@fabrikam.com",
            "wmoran@partners.contoso.com",
            SignInAttribute::Mail,
        ),
        (
            " WMORAN@Fabrikam.COM. ",
            "wmoran@partners.contoso.com",
            SignInAttribute::Mail,
        ),
        (
            "wmoran@partners.contoso.com",
            "wmoran@partners.contoso.com",
            SignInAttribute::UserPrincipalName,
        ),
        (
            "psingh@northwindtraders.com",
            "psingh@partners.contoso.com",
            SignInAttribute::Mail,
        ),
        (
            "Priya.Singh@northwindtraders.com",
            "psingh@partners.contoso.com",
            SignInAttribute::ProxyAddresses,
        ),
        (
            "j.mueller@tailspintoys.com",
            "jmueller@partners.contoso.com",
            SignInAttribute::Mail,
        ),
        (
            "tom+contoso@tailspintoys.com",
            "tlee@partners.contoso.com",
            SignInAttribute::Mail,
        ),
        // Which state the account is in is for the password check to find.
        (
            "dlowe@fabrikam.com",
            "dlowe@partners.contoso.com",
            SignInAttribute::Mail,
        ),
    ] {
        let account = find(&realm, name).await.unwrap();
        let demo = demo_accounts::ACCOUNTS
            .iter()
            .find(|demo| demo.upn == upn)
            .unwrap();
        assert_eq!(account.cloud_upn(), upn);
        assert_eq!(account.dn(), &demo.dn().parse().unwrap());
        assert_eq!(account.display_name(), demo.display_name());
        assert_eq!(
            account.immutable_id().as_str(),
            demo.object_guid.immutable_id()
        );
        assert_eq!(
            account.federated_domain().issuer,
            "https://idp.contoso.com/partners"
        );
        assert_eq!(account.matched_by(), matched_by, "{name}");
    }
}

#[tokio::test]
async fn every_other_name_is_refused_for_its_reason() {
    let fixture = Fixture::start().await;
    let realm = realm(&fixture, |_| {});
    for name in [
        "nobody@fabrikam.com",
        // Active Directory finds accounts for these, as does the embedded directory.
        "wmorán@fabrikam.com",
        "WMORÄN@fabrikam.com",
        "tom@tailspintoys.com",
        "tom+other@tailspintoys.com",
        // A bare account name, where no attribute is configured for it.
        "wmoran",
    ] {
        assert_eq!(
            find(&realm, name).await.unwrap_err(),
            MappingError::NoMatch,
            "{name}"
        );
    }
    let shared = find(&realm, "reception@adatum.com").await;
    assert_eq!(shared.unwrap_err(), MappingError::Ambiguous { count: 2 });
    let staff = find(&realm, "khart@contoso.com").await;
    assert!(
        matches!(staff, Err(MappingError::OutOfScope { .. })),
        "{staff:?}"
    );
    let legacy = find(&realm, "otto@wingtiptoys.com").await;
    let suffix = "legacy.contoso.com".to_owned();
    assert_eq!(
        legacy.unwrap_err(),
        MappingError::SuffixNotFederated { suffix }
    );
}

#[tokio::test]
async fn federation_is_not_inherited() {
    let fixture = Fixture::start().await;
    let realm = realm(&fixture, |mapping| {
        mapping.federated_domains[0].suffix = DomainName::parse("contoso.com").unwrap();
    });
    let below = find(&realm, "wmoran@fabrikam.com").await;
    assert!(
        matches!(below, Err(MappingError::SuffixNotFederated { .. })),
        "{below:?}"
    );
}

#[tokio::test]
async fn the_privileged_need_a_permission_of_their_own() {
    let fixture = Fixture::start().await;
    let everywhere = |mapping: &mut Mapping| {
        mapping.scopes = vec![demo_accounts::BASE.parse().unwrap()];
        mapping.federated_domains[0].suffix = DomainName::parse("contoso.com").unwrap();
    };
    let strict = realm(&fixture, everywhere);
    let refused = find(&strict, "khart@contoso.com").await;
    assert!(
        matches!(refused, Err(MappingError::Privileged { .. })),
        "{refused:?}"
    );
    let lenient = realm(&fixture, |mapping| {
        everywhere(mapping);
        mapping.allow_privileged = true;
    });
    assert_eq!(
        find(&lenient, "khart@contoso.com")
            .await
            .unwrap()
            .cloud_upn(),
        "khart@contoso.com"
    );
}

#[tokio::test]
async fn empty_lists_refuse_everything() {
    let fixture = Fixture::start().await;
    let name = "wmoran@fabrikam.com";
    let unasked = realm(&fixture, |mapping| mapping.sign_in_attributes.clear());
    assert_eq!(
        find(&unasked, name).await.unwrap_err(),
        MappingError::NoMatch
    );
    let unscoped = realm(&fixture, |mapping| mapping.scopes.clear());
    assert!(matches!(
        find(&unscoped, name).await,
        Err(MappingError::OutOfScope { .. })
    ));
    let unfederated = realm(&fixture, |mapping| mapping.federated_domains.clear());
    assert!(matches!(
        find(&unfederated, name).await,
        Err(MappingError::SuffixNotFederated { .. })
    ));
}

#[tokio::test]
async fn account_names_sign_in_where_that_is_configured() {
    let fixture = Fixture::start().await;
    let realm = realm(&fixture, |mapping| {
        mapping
            .sign_in_attributes
            .push(SignInAttribute::SamAccountName);
    });
    let account = find(&realm, "WMoran").await.unwrap();
    assert_eq!(account.matched_by(), SignInAttribute::SamAccountName);
    assert_eq!(
        find(&realm, "wmorán").await.unwrap_err(),
        MappingError::NoMatch
    );
}

#[tokio::test]
async fn immutable_ids_come_from_where_entra_connect_takes_them() {
    let fixture = Fixture::start().await;
    let maya = demo_accounts::ACCOUNTS
        .iter()
        .find(|a| a.sam_account_name == "mgrant")
        .unwrap();
    let source = |immutable_id: ImmutableIdSource| {
        realm(&fixture, |mapping| mapping.immutable_id = immutable_id)
    };
    let id = |realm: Realm| async move {
        Ok::<_, MappingError>(
            find(&realm, "mgrant@wingtiptoys.com")
                .await?
                .immutable_id()
                .clone(),
        )
    };
    let attribute = |name: &str, encoding| ImmutableIdSource::Attribute {
        name: Attribute::parse(name).unwrap(),
        encoding,
    };
    let by_default = id(source(ImmutableIdSource::default())).await.unwrap();
    assert_eq!(
        by_default.as_str(),
        maya.consistency_guid.unwrap().immutable_id()
    );
    let by_guid = id(source(ImmutableIdSource::ObjectGuid)).await.unwrap();
    assert_eq!(by_guid.as_str(), maya.object_guid.immutable_id());
    let text = id(source(attribute(
        "sAMAccountName",
        ImmutableIdEncoding::Text,
    )))
    .await
    .unwrap();
    assert_eq!(text.as_str(), "mgrant");
    let octets = id(source(attribute("objectguid", ImmutableIdEncoding::Base64)))
        .await
        .unwrap();
    assert_eq!(octets, by_guid);
    for unusable in ["employeeID", "objectClass", "objectGUID"] {
        let refused = id(source(attribute(unusable, ImmutableIdEncoding::Text))).await;
        assert!(
            matches!(refused, Err(MappingError::NoImmutableId { .. })),
            "{unusable}"
        );
    }
}

#[tokio::test]
async fn unusable_upns_and_ids_are_refused() {
    let dn = "CN=Odd,OU=Partners,DC=contoso,DC=com";
    let upn = ("userPrincipalName", &b"odd@partners.contoso.com"[..]);
    let mail = ("mail", &b"odd@fabrikam.com"[..]);
    let guid = ("objectGUID", &[7; 16][..]);
    for (attributes, expected) in [
        (vec![mail, guid], MappingError::NoUpn { dn: dn.to_owned() }),
        (
            vec![mail, guid, ("userPrincipalName", b"odd")],
            MappingError::NoUpn { dn: dn.to_owned() },
        ),
        (
            vec![
                mail,
                guid,
                ("userPrincipalName", b"odd@partners.contoso.com."),
            ],
            MappingError::NoUpn { dn: dn.to_owned() },
        ),
        (
            vec![mail, guid, upn, upn],
            MappingError::NoUpn { dn: dn.to_owned() },
        ),
        (
            vec![mail, upn],
            MappingError::NoImmutableId { dn: dn.to_owned() },
        ),
        (
            vec![mail, upn, ("objectGUID", &[7; 15])],
            MappingError::NoImmutableId { dn: dn.to_owned() },
        ),
        (
            vec![mail, upn, guid, ("mS-DS-ConsistencyGuid", b"")],
            MappingError::NoImmutableId { dn: dn.to_owned() },
        ),
    ] {
        let fixture = Fixture::start_with(contents_with(dn, &attributes)).await;
        let realm = realm(&fixture, |_| {});
        assert_eq!(
            find(&realm, "odd@fabrikam.com").await.unwrap_err(),
            expected
        );
    }
}

#[tokio::test]
async fn an_address_of_one_that_is_the_upn_of_another_is_ambiguous() {
    let dn = "CN=Impostor,OU=Partners,DC=contoso,DC=com";
    let attributes: [(&str, &[u8]); 3] = [
        ("mail", b"wmoran@partners.contoso.com"),
        ("userPrincipalName", b"impostor@partners.contoso.com"),
        ("objectGUID", &[7; 16]),
    ];
    let fixture = Fixture::start_with(contents_with(dn, &attributes)).await;
    let realm = realm(&fixture, |_| {});
    let both = find(&realm, "wmoran@partners.contoso.com").await;
    assert_eq!(both.unwrap_err(), MappingError::Ambiguous { count: 2 });
    assert!(find(&realm, "wmoran@fabrikam.com").await.is_ok());
}

#[tokio::test]
async fn entries_that_were_not_read_may_be_the_one() {
    // Four addresses that are one to the directory, of which only one is what was typed.
    let mut contents = Contents::demo().unwrap();
    for (at, mail) in ["élan@a.com", "elan@a.com", "èlan@a.com", "êlan@a.com"]
        .iter()
        .enumerate()
    {
        let attributes: [(&str, &[u8]); 3] = [
            ("mail", mail.as_bytes()),
            ("userPrincipalName", b"x@partners.contoso.com"),
            ("objectGUID", &[1; 16]),
        ];
        let dn = format!("CN=e{at},OU=Partners,DC=contoso,DC=com");
        contents
            .accounts
            .extend(contents_with(&dn, &attributes).accounts.pop());
    }
    let fixture = Fixture::start_with(contents).await;
    let result = find(&realm(&fixture, |_| {}), "elan@a.com").await;
    assert_eq!(result.unwrap_err(), MappingError::Ambiguous { count: 3 });
}

#[tokio::test]
async fn remembered_names_cost_no_search() {
    let fixture = Fixture::start().await;
    let realm = realm(&fixture, |_| {});
    for name in [
        "wmoran@fabrikam.com",
        "WMORAN@FABRIKAM.COM",
        " wmoran@fabrikam.com.",
    ] {
        find(&realm, name).await.unwrap();
    }
    assert_eq!(fixture.embedded.counts().searches, 1);
    for _ in 0..2 {
        find(&realm, "nobody@fabrikam.com").await.unwrap_err();
    }
    assert_eq!(fixture.embedded.counts().searches, 2);
    let forgetful = self::realm(&fixture, |mapping| mapping.cache_lifetime = Duration::ZERO);
    for name in ["wmoran@fabrikam.com", "nobody@fabrikam.com"] {
        for _ in 0..2 {
            let _ = find(&forgetful, name).await;
        }
    }
    assert_eq!(fixture.embedded.counts().searches, 6);
}

#[tokio::test]
async fn remembered_names_are_forgotten_in_time() {
    let fixture = Fixture::start().await;
    let realm = realm(&fixture, |mapping| {
        mapping.cache_lifetime = Duration::from_millis(20);
    });
    find(&realm, "wmoran@fabrikam.com").await.unwrap();
    tokio::time::sleep(Duration::from_millis(60)).await;
    find(&realm, "wmoran@fabrikam.com").await.unwrap();
    assert_eq!(fixture.embedded.counts().searches, 2);
}

#[tokio::test]
async fn a_refused_password_has_the_account_looked_up_again() {
    let fixture = Fixture::start().await;
    let realm = realm(&fixture, |_| {});
    let account = find(&realm, "wmoran@fabrikam.com").await.unwrap();
    let right = Password::parse(demo_accounts::PASSWORD).unwrap();
    let proof = realm.prove(&account, &right).await.unwrap();
    assert_eq!(proof.dn(), account.dn());
    find(&realm, "wmoran@fabrikam.com").await.unwrap();
    assert_eq!(fixture.embedded.counts().searches, 1);

    let wrong = Password::parse("wrong").unwrap();
    assert_eq!(
        realm.prove(&account, &wrong).await.unwrap_err(),
        BindError::Wrong
    );
    find(&realm, "wmoran@fabrikam.com").await.unwrap();
    assert_eq!(
        fixture.embedded.counts().searches,
        1,
        "it was found just now"
    );
    tokio::time::sleep(memory::BRIEFLY).await;
    find(&realm, "wmoran@fabrikam.com").await.unwrap();
    assert_eq!(fixture.embedded.counts().searches, 2);
}

#[tokio::test]
async fn neither_memory_nor_work_tells_a_refused_password_from_an_unknown_name() {
    let fixture = Fixture::start().await;
    let realm = realm(&fixture, |_| {});
    let wrong = Password::parse("wrong").unwrap();
    let mut work = vec![];
    for text in [
        "wmoran@fabrikam.com",
        "nobody@fabrikam.com",
        "khart@contoso.com",
    ] {
        let name = SignInName::parse(text).unwrap();
        let mut counts = vec![];
        for pause in [Duration::ZERO, Duration::from_millis(50), memory::BRIEFLY] {
            tokio::time::sleep(pause).await;
            let before = fixture.embedded.counts();
            match realm.find(&name).await {
                Ok(account) => drop(realm.prove(&account, &wrong).await.unwrap_err()),
                Err(_) => realm.decoy(&name, &wrong).await.unwrap(),
            }
            let after = fixture.embedded.counts();
            counts.push((after.searches - before.searches, after.binds - before.binds));
        }
        work.push(counts);
    }
    // The first search also binds as the service account.
    work[0][0].1 -= 1;
    let expected = vec![(1, 1), (0, 1), (1, 1)];
    assert_eq!(work, [expected.clone(), expected.clone(), expected]);
}

#[tokio::test]
async fn a_full_memory_still_takes_who_signs_in_now() {
    let fixture = Fixture::start().await;
    let realm = realm(&fixture, |mapping| mapping.cache_capacity = 1);
    for _ in 0..9 {
        find(&realm, "dlowe@fabrikam.com").await.unwrap();
        // How often an entry was read counts, for the policies that mind, from here on.
        realm.memory.settle();
    }
    find(&realm, "wmoran@fabrikam.com").await.unwrap();
    realm.memory.settle();
    let before = fixture.embedded.counts().searches;
    find(&realm, "wmoran@fabrikam.com").await.unwrap();
    assert_eq!(fixture.embedded.counts().searches, before);
}

#[tokio::test]
async fn names_that_mean_nobody_cost_a_bind_too() {
    let fixture = Fixture::start().await;
    let realm = realm(&fixture, |_| {});
    realm
        .decoy(
            &SignInName::parse("nobody@fabrikam.com").unwrap(),
            &Password::parse("anything").unwrap(),
        )
        .await
        .unwrap();
    assert_eq!(fixture.embedded.counts().binds, 1);
}

#[tokio::test]
async fn a_directory_that_is_down_is_no_verdict_on_the_name() {
    let fixture = Fixture::start().await;
    let realm = realm(&fixture, |_| {});
    fixture.embedded.stop().await;
    let error = find(&realm, "wmoran@fabrikam.com").await.unwrap_err();
    assert!(
        matches!(
            error,
            MappingError::Directory(DirectoryError::Unavailable { .. })
        ),
        "{error}"
    );
}

#[tokio::test]
async fn traces_end_where_the_name_does() {
    let fixture = Fixture::start().await;
    let realm = realm(&fixture, |_| {});
    for (text, last, count) in [
        (
            "wmoran@fabrikam.com",
            "may sign in as wmoran@partners.contoso.com",
            9,
        ),
        ("dlowe@fabrikam.com", "Disabled", 9),
        ("otto@wingtiptoys.com", "legacy.contoso.com", 6),
        ("khart@contoso.com", "outside of the configured scope", 4),
        ("reception@adatum.com", "2 or more accounts", 3),
        ("nobody@fabrikam.com", "no account has this name", 3),
        ("wmoran@fabrikam", "no sign-in name", 1),
    ] {
        let trace = realm.trace(text).await;
        let step = trace.steps().last().unwrap();
        assert!(step.text.contains(last), "{text}: {step:?}");
        assert_eq!(trace.steps().len(), count, "{trace:?}");
        assert_eq!(trace.passed(), text == "wmoran@fabrikam.com");
        assert!(trace.steps()[..count - 1].iter().all(|step| step.passed));
    }
}
