//! Which groups an account is in, where each level is a search. Active Directory's own rule is tried
//! at a real domain controller (`tests/samba_ad.rs`).

use super::*;
use crate::directory::embedded::{Account, Contents};

fn group(name: &str) -> Dn {
    format!("CN={name},OU=Groups,DC=contoso,DC=com")
        .parse()
        .unwrap()
}

/// The demo directory with groups of these members.
async fn with_groups(groups: &[(String, Vec<String>)]) -> Fixture {
    let mut contents = Contents::demo().unwrap();
    for (name, members) in groups {
        let members = members.iter().map(|dn| dn.clone().into_bytes()).collect();
        contents.accounts.push(Account {
            entry: Entry::new(
                group(name).as_str(),
                vec![
                    ("objectClass".to_owned(), vec![b"group".to_vec()]),
                    ("member".to_owned(), members),
                ],
            ),
            password: password(),
            state: None,
        });
    }
    Fixture::start_with(contents).await
}

fn of(name: &str, members: &[&Dn]) -> (String, Vec<String>) {
    let members = members.iter().map(ToString::to_string);
    (name.to_owned(), members.collect())
}

#[tokio::test]
async fn groups_within_groups_count_and_only_those_asked_for_are_told() {
    let (wendy, dan) = (dn_of("wmoran"), dn_of("dlowe"));
    let fixture = with_groups(&[
        of("Wiki", &[&group("Readers"), &dan]),
        of("Readers", &[&wendy, &group("Loop")]),
        of("Loop", &[&group("Readers")]),
        of("Others", &[&dan]),
        of("Secret", &[&wendy]),
    ])
    .await;
    let directory = fixture.directory();
    let asked = [
        group("Wiki"),
        group("Others"),
        group("Gone"),
        group("readers"),
    ];
    for (member, is_in) in [
        (&wendy, vec![group("Wiki"), group("Readers")]),
        (&dan, vec![group("Wiki"), group("Others")]),
        (&dn_of("psingh"), vec![]),
    ] {
        assert_eq!(directory.groups_of(member, &asked).await, Ok(is_in));
    }
}

#[tokio::test]
async fn no_more_is_asked_than_is_needed() {
    let wendy = dn_of("wmoran");
    let fixture = with_groups(&[of("Wiki", &[&group("Readers")]), of("Readers", &[&wendy])]).await;
    let directory = fixture.directory();
    let searches = async |groups: &[Dn]| {
        let before = fixture.embedded.counts().searches;
        directory.groups_of(&wendy, groups).await.unwrap();
        fixture.embedded.counts().searches - before
    };
    assert_eq!(searches(&[]).await, 0);
    let elsewhere: Dn = "CN=Wiki,DC=fabrikam,DC=com".parse().unwrap();
    assert_eq!(searches(&[elsewhere]).await, 0);
    // What kind of directory it is, and the level where she is.
    assert_eq!(searches(&[group("Readers")]).await, 2);
    assert_eq!(searches(&[group("Readers")]).await, 1);
    assert_eq!(searches(&[group("Wiki")]).await, 2);
    // Up to where there are no more.
    assert_eq!(searches(&[group("Gone")]).await, 3);
}

#[tokio::test]
async fn depth_and_number_are_bounded() {
    let wendy = dn_of("wmoran");
    let mut groups = vec![of("g0", &[&wendy])];
    groups.extend((1..10).map(|n| of(&format!("g{n}"), &[&group(&format!("g{}", n - 1))])));
    let fixture = with_groups(&groups).await;
    let all: Vec<_> = (0..10).map(|n| group(&format!("g{n}"))).collect();
    let found = fixture.directory().groups_of(&wendy, &all).await;
    assert_eq!(found.as_deref(), Ok(&all[..8]));

    let crowd = |count| {
        (0..count)
            .map(|n| of(&format!("g{n}"), &[&wendy]))
            .collect::<Vec<_>>()
    };
    let most = with_groups(&crowd(500)).await;
    let found = most.directory().groups_of(&wendy, &[group("g499")]).await;
    assert_eq!(found, Ok(vec![group("g499")]));
    let more = with_groups(&crowd(501)).await;
    let refused = more.directory().groups_of(&wendy, &[group("g0")]).await;
    assert!(
        matches!(refused, Err(DirectoryError::Refused { code: 4, .. })),
        "{refused:?}"
    );
}

#[tokio::test]
async fn the_scope_filter_is_for_accounts() {
    let wendy = dn_of("wmoran");
    let mut fixture = with_groups(&[of("Readers", &[&wendy])]).await;
    fixture.settings.scope_filter = Some(ScopeFilter::parse("(mail=*)").unwrap());
    let directory = fixture.directory();
    assert_eq!(
        directory.groups_of(&wendy, &[group("Readers")]).await,
        Ok(vec![group("Readers")])
    );
    assert_eq!(directory.has_group(&group("Readers")).await, Ok(true));
    assert_eq!(directory.has_group(&group("Gone")).await, Ok(false));
}

#[tokio::test]
async fn without_an_answer_there_are_no_groups() {
    let fixture = Fixture::start().await;
    let directory = fixture.directory();
    fixture.embedded.stop().await;
    let outcome = directory
        .groups_of(&dn_of("wmoran"), &[group("Readers")])
        .await;
    assert!(
        matches!(outcome, Err(DirectoryError::Unavailable { .. })),
        "{outcome:?}"
    );
}
