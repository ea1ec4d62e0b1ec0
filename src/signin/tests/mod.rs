//! The journey against the embedded directory: who gets in, and who learns what.

mod circumstances;
mod demand;
mod message;
mod permitted;
mod sign_out;
mod visit;
mod world;

use std::{sync::Arc, time::Duration};

use crate::{
    directory::{
        AccountState,
        embedded::{Contents, demo_accounts::PASSWORD},
    },
    store::{Kind, MemoryStore},
};

use super::*;
use world::{
    Broken, ISSUER, WENDY, WENDYS_UPN, World, browser, grant, problem, request, source, typed,
};

#[tokio::test]
async fn a_password_begins_a_session_and_the_session_answers() {
    let world = World::new().await;
    let first = grant(world.type_in(&request("_1"), WENDY, PASSWORD).await);
    assert_eq!(first.issuer, ISSUER);
    assert_eq!(first.subject.cloud_upn, WENDYS_UPN);
    assert_eq!(first.proof, Proof::Password);
    let token = first.new_session.expect("a session");

    let step = world
        .sign_in
        .begin(&request("_2"), &browser("b"), Some(&token))
        .await;
    let again = grant(step);
    assert_eq!(again.proof, Proof::Session);
    assert_eq!(again.authn_instant, first.authn_instant);
    assert_eq!(again.session_index, first.session_index);
    assert!(again.new_session.is_none());

    let forced = SignInRequest {
        max_age: Some(Duration::ZERO),
        ..request("_3")
    };
    for token in [None, Some(&token)] {
        let step = world.sign_in.begin(&forced, &browser("b"), token).await;
        assert!(matches!(step, Step::Prompt(None)), "{step:?}");
    }
    let quiet = SignInRequest {
        passive: true,
        ..request("_4")
    };
    let step = world.sign_in.begin(&quiet, &browser("b"), None).await;
    assert!(matches!(step, Step::Refused(Refusal::NoPassive)));
    let both = SignInRequest {
        passive: true,
        ..forced
    };
    let step = world
        .sign_in
        .begin(&both, &browser("b"), Some(&token))
        .await;
    assert!(matches!(step, Step::Refused(Refusal::NoPassive)));
}

#[tokio::test]
async fn a_hint_that_names_somebody_else_asks() {
    let world = World::new().await;
    let token = world.wendy().await;
    for (number, (hint, agrees)) in [
        (WENDY, true),
        ("WMoran@Fabrikam.com", true),
        (WENDYS_UPN, true),
        ("dlowe@fabrikam.com", false),
        ("wmoran@fabrikam.com.evil.test", false),
        ("wmoran", false),
        ("<script>", false),
    ]
    .into_iter()
    .enumerate()
    {
        for passive in [false, true] {
            let asked = SignInRequest {
                hint: Some(hint.to_owned()),
                passive,
                ..request(&format!("_{number}{passive}"))
            };
            let step = world
                .sign_in
                .begin(&asked, &browser("b"), Some(&token))
                .await;
            assert_eq!(matches!(step, Step::Granted(_)), agrees, "{hint}: {step:?}");
            let asks = matches!(step, Step::Prompt(None));
            assert_eq!(asks, !agrees && !passive, "{hint}: {step:?}");
        }
    }
}

#[tokio::test]
async fn a_request_is_answered_once_and_a_refused_one_changes_nothing() {
    let world = World::new().await;
    let token = world.wendy().await;
    let asked = request("_once");
    let by_session = |who: &'static str| {
        let (world, asked, token) = (&world, &asked, &token);
        async move { world.sign_in.begin(asked, &browser(who), Some(token)).await }
    };
    grant(by_session("b").await);
    // A double click.
    grant(by_session("b").await);
    let step = by_session("thief").await;
    assert!(matches!(step, Step::Refused(Refusal::AlreadyAnswered)));

    // The right password on a page that was answered: no new session, and the old one lives.
    let held = world.store.held(Kind::Session);
    let step = world
        .sign_in
        .prove(
            &asked,
            &browser("other"),
            Some(&token),
            typed(WENDY, PASSWORD, &source(1)),
        )
        .await;
    assert!(matches!(step, Step::Refused(Refusal::AlreadyAnswered)));
    assert_eq!(world.store.held(Kind::Session), held);
    let step = world
        .sign_in
        .begin(&request("_later"), &browser("b"), Some(&token))
        .await;
    grant(step);

    // Another relying party's request of the same ID is another request; and no text moved from
    // the one to the other makes two the same.
    for (relying_party, id) in [("other", "_once"), ("rp", "_once_")] {
        let asked = SignInRequest {
            relying_party: relying_party.to_owned(),
            ..request(id)
        };
        grant(
            world
                .sign_in
                .begin(&asked, &browser("c"), Some(&token))
                .await,
        );
    }
}

#[tokio::test]
async fn nobody_adds_sessions_or_answers_without_a_password() {
    let world = World::new().await;
    for number in 0..20 {
        let asked = request(&format!("_{number}"));
        world.sign_in.begin(&asked, &browser("b"), None).await;
        world.type_in(&asked, "nobody@fabrikam.com", "wrong").await;
    }
    assert_eq!(world.store.held(Kind::AnsweredRequest), 0);
    assert_eq!(world.store.held(Kind::Session), 0);
}

#[tokio::test]
async fn the_next_person_ends_the_session_of_the_one_before() {
    let world = World::new().await;
    let wendy = world.wendy().await;
    let step = world
        .sign_in
        .prove(
            &request("_next"),
            &browser("b"),
            Some(&wendy),
            typed(WENDYS_UPN, PASSWORD, &source(1)),
        )
        .await;
    let next = grant(step).new_session.expect("a session");
    assert_ne!(next.reveal(), wendy.reveal());
    let step = world
        .sign_in
        .begin(&request("_old"), &browser("b"), Some(&wendy))
        .await;
    assert!(matches!(step, Step::Prompt(None)), "{step:?}");
    // A failed attempt ends nothing.
    world
        .sign_in
        .prove(
            &request("_x"),
            &browser("b"),
            Some(&next),
            typed(WENDY, "wrong", &source(1)),
        )
        .await;
    grant(
        world
            .sign_in
            .begin(&request("_new"), &browser("b"), Some(&next))
            .await,
    );
}

#[tokio::test]
async fn a_token_from_outside_is_no_session() {
    let world = World::new().await;
    let planted = SessionToken::from_cookie(&"A".repeat(43)).expect("the shape of a token");
    let asked = request("_planted");
    let step = world
        .sign_in
        .begin(&asked, &browser("b"), Some(&planted))
        .await;
    assert!(matches!(step, Step::Prompt(None)));
    let step = world
        .sign_in
        .prove(
            &asked,
            &browser("b"),
            Some(&planted),
            typed(WENDY, PASSWORD, &source(1)),
        )
        .await;
    let token = grant(step).new_session.expect("a session");
    assert_ne!(token.reveal(), planted.reveal());
    let step = world
        .sign_in
        .begin(&request("_2"), &browser("b"), Some(&planted))
        .await;
    assert!(
        matches!(step, Step::Prompt(None)),
        "the planted token lives"
    );
}

#[tokio::test]
async fn an_accounts_state_is_told_to_the_right_password_only() {
    let world = World::new().await;
    for (name, state) in [
        ("dlowe@fabrikam.com", AccountState::Disabled),
        ("epark@fabrikam.com", AccountState::PasswordExpired),
        (
            "mchang@northwindtraders.com",
            AccountState::MustChangePassword,
        ),
    ] {
        let step = world.type_in(&request("_s"), name, PASSWORD).await;
        assert_eq!(problem(&step), Problem::Account(state), "{name}");
        let step = world.type_in(&request("_s"), name, "wrong").await;
        assert_eq!(problem(&step), Problem::NotRecognised, "{name}");
    }
}

#[tokio::test]
async fn a_locked_account_looks_like_none() {
    let mut contents = Contents::demo().unwrap();
    for account in &mut contents.accounts {
        account.state = Some(AccountState::LockedOut);
    }
    let store = Arc::new(MemoryStore::default());
    let world = World::with(contents, store.clone(), store).await;
    for (name, password) in [
        (WENDY, PASSWORD),
        (WENDY, "wrong"),
        ("nobody@a.test", "wrong"),
    ] {
        let step = world.type_in(&request("_l"), name, password).await;
        assert_eq!(problem(&step), Problem::NotRecognised);
    }
}

#[tokio::test]
async fn a_name_without_an_account_costs_a_bind_as_well() {
    let world = World::new().await;
    // The service account's own connection is made with the first.
    world.type_in(&request("_t"), WENDY, "wrong").await;
    let names = [
        "psingh@northwindtraders.com",
        "nobody@fabrikam.com",
        "reception@adatum.com",
    ];
    // A second attempt within a few seconds costs no search, whoever exists.
    for searches in [1, 0] {
        for name in names {
            let before = world.fixture.embedded.counts();
            let step = world.type_in(&request("_t"), name, "wrong").await;
            assert_eq!(problem(&step), Problem::NotRecognised, "{name}");
            let after = world.fixture.embedded.counts();
            assert_eq!(after.searches - before.searches, searches, "{name}");
            assert_eq!(after.binds - before.binds, 1, "{name}");
        }
    }
    // What is no name costs the directory nothing, whoever exists.
    let before = world.fixture.embedded.counts().binds;
    for (name, password) in [
        ("*", "x"),
        ("a b@c", "x"),
        (WENDY, "\0"),
        ("", "x"),
        (WENDY, ""),
    ] {
        world.type_in(&request("_t"), name, password).await;
    }
    assert_eq!(world.fixture.embedded.counts().binds, before);
}

#[tokio::test]
async fn a_store_that_fails_lets_nobody_in() {
    let contents = Contents::demo().unwrap();
    let world = World::with(contents, Arc::default(), Arc::new(Broken)).await;
    // What cannot be counted is not tried; the page may be sent again.
    let step = world.type_in(&request("_1"), WENDY, PASSWORD).await;
    assert!(
        matches!(step, Step::Prompt(Some(Problem::Busy))),
        "{step:?}"
    );
    assert_eq!(
        world.fixture.embedded.counts().binds,
        1,
        "the service account's only"
    );
    let token = SessionToken::from_cookie(&"A".repeat(43));
    let step = world
        .sign_in
        .begin(&request("_2"), &browser("b"), token.as_ref())
        .await;
    assert!(matches!(step, Step::Prompt(None)), "{step:?}");
}

#[tokio::test]
async fn a_stranger_neither_locks_wendy_out_nor_reaches_the_directory() {
    let world = World::new().await;
    let (home, elsewhere) = (source(1), source(9));
    let from = |name, password, source| {
        let asked = request(name);
        let typed = typed(WENDY, password, source);
        let sign_in = &world.sign_in;
        async move { sign_in.prove(&asked, &browser("b"), None, typed).await }
    };
    grant(from("_home", PASSWORD, &home).await);
    for name in ["_1", "_2", "_3", "_4", "_5", "_6"] {
        let step = from(name, "nonsense", &elsewhere).await;
        assert!(
            matches!(step, Step::Prompt(Some(Problem::NotRecognised))),
            "{step:?}"
        );
    }
    // By now not even the right password helps from elsewhere, and it looks the same; by an alias
    // neither.
    let step = from("_7", PASSWORD, &elsewhere).await;
    assert!(
        matches!(step, Step::Prompt(Some(Problem::NotRecognised))),
        "{step:?}"
    );
    let asked = request("_alias");
    let by_upn = typed(WENDYS_UPN, PASSWORD, &elsewhere);
    let step = world
        .sign_in
        .prove(&asked, &browser("b"), None, by_upn)
        .await;
    assert!(
        matches!(step, Step::Prompt(Some(Problem::NotRecognised))),
        "{step:?}"
    );
    // From home she comes in.
    grant(from("_home2", PASSWORD, &home).await);
}

#[tokio::test]
async fn one_source_cannot_try_one_password_on_everybody() {
    let world = World::new().await;
    let attacker = source(9);
    let mut told = None;
    for number in 0..=GuardRules::default().failures_per_source {
        let name = format!("u{number}@fabrikam.com");
        let asked = request(&format!("_{number}"));
        let typed = typed(&name, "Spring2026!", &attacker);
        told = Some(
            world
                .sign_in
                .prove(&asked, &browser("b"), None, typed)
                .await,
        );
    }
    assert!(
        matches!(told, Some(Step::Prompt(Some(Problem::TooMany)))),
        "{told:?}"
    );
    grant(world.type_in(&request("_wendy"), WENDY, PASSWORD).await);
}
