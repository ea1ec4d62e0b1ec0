//! How old a session may be that answers; and who hears of its end.

use std::{sync::Arc, time::Duration};

use super::world::{WENDYS_UPN, World, browser, grant, request, source, typed};
use crate::{
    directory::embedded::{Contents, demo_accounts::PASSWORD},
    observe::CorrelationId,
    signin::*,
    store::{Kind, MemoryStore, StoreError},
    trust::Protocol,
};

fn asked_by(id: &str, relying_party: &str, protocol: Protocol) -> SignInRequest {
    SignInRequest {
        relying_party: relying_party.to_owned(),
        protocol,
        ..request(id)
    }
}

async fn visit(world: &World, token: &SessionToken, asked: &SignInRequest) {
    grant(
        world
            .sign_in
            .begin(asked, &browser("b"), Some(token), &source(1))
            .await,
    );
}

async fn sign_out(world: &World, token: &SessionToken) -> Vec<(String, Protocol)> {
    let told = world
        .sign_in
        .sign_out(&CorrelationId::random(), token)
        .await;
    let participants = told.unwrap().map(|ended| ended.participants);
    participants
        .unwrap_or_default()
        .into_iter()
        .map(|participant| (participant.relying_party, participant.protocol))
        .collect()
}

#[tokio::test]
async fn a_session_answers_while_it_is_young_enough() {
    let world = World::new().await;
    let token = world.wendy().await;
    tokio::time::sleep(Duration::from_millis(5)).await;
    for (number, (max_age, answers)) in [
        (None, true),
        (Some(Duration::from_secs(60)), true),
        (Some(Duration::MAX), true),
        (Some(Duration::from_millis(1)), false),
        (Some(Duration::ZERO), false),
    ]
    .into_iter()
    .enumerate()
    {
        let asked = SignInRequest {
            max_age,
            ..request(&format!("_{number}"))
        };
        let step = world
            .sign_in
            .begin(&asked, &browser("b"), Some(&token), &source(1))
            .await;
        assert_eq!(matches!(step, Step::Granted(_)), answers, "{max_age:?}");
        assert_eq!(matches!(step, Step::Prompt(None)), !answers, "{max_age:?}");
    }
}

#[tokio::test]
async fn all_who_were_told_hear_of_the_end_and_the_session_is_gone() {
    let world = World::new().await;
    let token = world.wendy().await;
    visit(&world, &token, &asked_by("_1", "rp", Protocol::Saml2)).await;
    // Whom the session began with costs nothing more.
    assert_eq!(world.store.held(Kind::Participant), 0);
    visit(
        &world,
        &token,
        &asked_by("_2", "rp", Protocol::WsFederation),
    )
    .await;
    for id in ["_3", "_4"] {
        visit(
            &world,
            &token,
            &asked_by(id, "other", Protocol::WsFederation),
        )
        .await;
    }
    assert_eq!(world.store.held(Kind::Participant), 2);
    let mut told = sign_out(&world, &token).await;
    told.sort_unstable_by_key(|(party, protocol)| (party.clone(), format!("{protocol:?}")));
    assert_eq!(
        told,
        [
            ("other".to_owned(), Protocol::WsFederation),
            ("rp".to_owned(), Protocol::Saml2),
            ("rp".to_owned(), Protocol::WsFederation),
        ]
    );
    for kind in [Kind::Session, Kind::Participant] {
        assert_eq!(world.store.held(kind), 0, "{kind:?}");
    }
    let step = world
        .sign_in
        .begin(&request("_5"), &browser("b"), Some(&token), &source(1))
        .await;
    assert!(matches!(step, Step::Prompt(None)), "{step:?}");
    assert_eq!(sign_out(&world, &token).await, []);
}

/// A request that wants her password again begins another session, and the applications of the one
/// before are hers still.
#[tokio::test]
async fn a_new_session_inherits_who_was_told_of_the_same_person_only() {
    for (name, inherits) in [(WENDYS_UPN, true), ("psingh@northwindtraders.com", false)] {
        let world = World::new().await;
        let token = world.wendy().await;
        visit(&world, &token, &asked_by("_1", "other", Protocol::Saml2)).await;
        let step = world
            .sign_in
            .prove(
                &asked_by("_2", "rp", Protocol::WsFederation),
                &browser("b"),
                Some(&token),
                typed(name, PASSWORD, &source(1)),
            )
            .await;
        let next = grant(step).new_session.expect("a session");
        let told = sign_out(&world, &next).await;
        assert_eq!(
            told.first(),
            Some(&("rp".to_owned(), Protocol::WsFederation))
        );
        assert_eq!(told.len() == 3, inherits, "{name}: {told:?}");
        assert_eq!(told.len() == 1, !inherits, "{name}: {told:?}");
        assert_eq!(world.store.held(Kind::Participant), 0);
    }
}

#[tokio::test]
async fn a_sign_out_that_the_store_did_not_do_is_none() {
    let store = Arc::new(MemoryStore::default());
    let broken = Arc::new(super::world::Broken);
    let world = World::with(Contents::demo().unwrap(), store, broken).await;
    let token = SessionToken::from_cookie(&"A".repeat(43)).expect("the shape of a token");
    let done = world
        .sign_in
        .sign_out(&CorrelationId::random(), &token)
        .await;
    assert!(matches!(done, Err(StoreError::Unavailable(_))), "{done:?}");
}
