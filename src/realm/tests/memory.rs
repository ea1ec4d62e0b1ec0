//! What is remembered; neither memory nor work tells which names exist.

use crate::realm::memory;

use super::*;

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
