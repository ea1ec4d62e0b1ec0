//! One name over several directories.

use super::*;

/// Two directories: both with the demo's accounts, or the second with these instead.
struct Two {
    first: Fixture,
    second: Fixture,
}

impl Two {
    async fn start(second: Vec<Account>) -> Self {
        let mut contents = Contents::demo().unwrap();
        contents.accounts = second;
        Self {
            first: Fixture::start().await,
            second: Fixture::start_with(contents).await,
        }
    }

    fn realm(&self, first: Option<&[&str]>, second: Option<&[&str]>) -> Realm {
        let home = |name, fixture: &Fixture, domains: Option<&[&str]>| {
            let domains = domains.map(|domains| {
                let parsed = domains.iter().map(|text| DomainName::parse(text).unwrap());
                parsed.collect()
            });
            Home::new(
                name,
                fixture.directory(),
                Mapping {
                    email_domains: domains,
                    ..mapping()
                },
            )
        };
        Realm::new(vec![
            home("contoso", &self.first, first),
            home("adatum", &self.second, second),
        ])
    }
}

/// An account of the second directory.
fn account(mail: &str, more: &[(&str, &[u8])]) -> Account {
    let upn: (&str, &[u8]) = ("userPrincipalName", b"second@partners.contoso.com");
    let mut attributes = vec![("mail", mail.as_bytes()), upn, ("objectGUID", &[2; 16])];
    attributes.extend(more);
    let dn = "CN=Second,OU=Partners,DC=contoso,DC=com";
    contents_with(dn, &attributes).accounts.pop().unwrap()
}

#[tokio::test]
async fn each_account_signs_in_at_its_own_directory() {
    let two = Two::start(vec![account("second@adatum.com", &[])]).await;
    let realm = two.realm(None, None);
    let password = Password::parse(demo_accounts::PASSWORD).unwrap();
    for (name, home) in [("wmoran@fabrikam.com", 0), ("second@adatum.com", 1)] {
        let account = find(&realm, name).await.unwrap();
        assert_eq!(account.home(), home);
        realm.prove(&account, &password).await.unwrap();
        // From memory.
        let account = find(&realm, name).await.unwrap();
        realm.prove(&account, &password).await.unwrap();
    }
    let (first, second) = (two.first.embedded.counts(), two.second.embedded.counts());
    assert_eq!((first.searches, second.searches), (2, 2));
    assert_eq!(
        (first.binds, second.binds),
        (3, 3),
        "with the service account's"
    );
    let trace = realm.trace("second@adatum.com").await;
    assert!(trace.passed(), "{trace:?}");
    assert!(
        trace.steps()[1]
            .text
            .starts_with("contoso: the directory was asked")
    );
    assert!(
        trace.steps()[2]
            .text
            .starts_with("adatum: the directory was asked")
    );
}

#[tokio::test]
async fn a_name_in_two_directories_is_ambiguous_even_where_one_may_not_sign_in() {
    for more in [&[][..], &[("adminCount", &b"1"[..])]] {
        let two = Two::start(vec![account("wmoran@fabrikam.com", more)]).await;
        let realm = two.realm(None, None);
        let both = find(&realm, "wmoran@fabrikam.com").await;
        assert_eq!(both.unwrap_err(), MappingError::Ambiguous { count: 2 });
        let alone = find(&realm, "psingh@northwindtraders.com").await;
        assert_eq!(alone.unwrap().home(), 0);
    }
    let two = Two::start(vec![account("reception@adatum.com", &[])]).await;
    let three = find(&two.realm(None, None), "reception@adatum.com").await;
    assert_eq!(three.unwrap_err(), MappingError::Ambiguous { count: 3 });
}

#[tokio::test]
async fn without_the_answer_of_one_directory_nobody_it_might_know_signs_in() {
    let two = Two::start(vec![]).await;
    let everywhere = two.realm(None, None);
    let apart = two.realm(
        Some(&["fabrikam.com"]),
        Some(&["adatum.com", "tailspintoys.com"]),
    );
    two.second.embedded.stop().await;
    for (realm, name, is_down) in [
        (&everywhere, "wmoran@fabrikam.com", true),
        (&everywhere, "nobody@fabrikam.com", true),
        (&apart, "wmoran@fabrikam.com", false),
        (&apart, "j.mueller@tailspintoys.com", true),
        // A name without a domain may be anywhere; but here no attribute holds one.
        (&apart, "wmoran", false),
    ] {
        let outcome = find(realm, name).await;
        let down = matches!(outcome, Err(MappingError::Directory(_)));
        assert_eq!(down, is_down, "{name}: {outcome:?}");
    }
}

#[tokio::test]
async fn only_the_directory_of_its_domain_is_asked_for_a_name() {
    let two = Two::start(vec![account("wmoran@fabrikam.com", &[])]).await;
    let realm = two.realm(Some(&["fabrikam.com"]), Some(&["adatum.com"]));
    assert_eq!(find(&realm, "wmoran@fabrikam.com").await.unwrap().home(), 0);
    assert_eq!(two.second.embedded.counts().searches, 0);
    let nowhere = SignInName::parse("someone@wingtiptoys.com").unwrap();
    assert_eq!(
        realm.find(&nowhere).await.unwrap_err(),
        MappingError::NoMatch
    );

    // Whoever would be asked is also asked to refuse the password.
    let password = Password::parse("anything").unwrap();
    let elsewhere = SignInName::parse("nobody@adatum.com").unwrap();
    realm.decoy(&elsewhere, &password).await.unwrap();
    assert_eq!(two.second.embedded.counts().binds, 1);
    let before = two.first.embedded.counts().binds;
    realm.decoy(&nowhere, &password).await.unwrap();
    assert_eq!(two.first.embedded.counts().binds, before + 1);
}

#[tokio::test]
async fn a_directory_that_a_route_leads_to_is_asked_alone() {
    let two = Two::start(vec![account("wmoran@fabrikam.com", &[])]).await;
    let realm = two.realm(None, None);
    let name = SignInName::parse("wmoran@fabrikam.com").unwrap();
    let everywhere = MappingError::Ambiguous { count: 2 };
    // Each answer is remembered apart from the others.
    for _ in 0..2 {
        let [first, second, none] = ["contoso", "adatum", "elsewhere"].map(Directories::Only);
        assert_eq!(realm.find(&name).await, Err(everywhere.clone()));
        assert_eq!(realm.find_in(first, &name).await.unwrap().home(), 0);
        assert_eq!(realm.find_in(second, &name).await.unwrap().home(), 1);
        let nobody = realm.find_in(none, &name).await;
        assert_eq!(nobody, Err(MappingError::NoMatch));
    }
    let counts = || (two.first.embedded.counts(), two.second.embedded.counts());
    let (first, second) = counts();
    assert_eq!((first.searches, second.searches), (2, 2));

    // The work of a name that means nobody is done where it was looked for.
    let password = Password::parse("anything").unwrap();
    let second = Directories::Only("adatum");
    realm.decoy_in(second, &name, &password).await.unwrap();
    let (first, second) = counts();
    assert_eq!(
        (first.binds, second.binds),
        (1, 2),
        "with the service account's"
    );

    let (trace, found) = realm
        .trace_to_account(Directories::Only("adatum"), "wmoran@fabrikam.com")
        .await;
    assert_eq!(found.unwrap().home(), 1);
    assert!(
        trace
            .steps()
            .iter()
            .all(|step| !step.text.starts_with("contoso: "))
    );
    // A password that is refused makes this answer doubtful, and no other.
    let account = realm
        .find_in(Directories::Only("contoso"), &name)
        .await
        .unwrap();
    realm.prove(&account, &password).await.unwrap_err();
    let password = Password::parse(demo_accounts::PASSWORD).unwrap();
    let account = realm
        .find_in(Directories::Only("adatum"), &name)
        .await
        .unwrap();
    realm.prove(&account, &password).await.unwrap();
}
