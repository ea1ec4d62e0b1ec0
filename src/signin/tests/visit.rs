//! Sign-ins that no relying party asks for.

use super::world::{Broken, WENDY, WENDYS_UPN, World, browser, grant, request, source, typed};
use crate::{
    directory::{
        AccountState,
        embedded::{Contents, demo_accounts::PASSWORD},
    },
    observe::CorrelationId,
    signin::*,
    store::{Kind, MemoryStore},
    trust::Protocol,
};

async fn visit(world: &World, previous: Option<&SessionToken>, name: &str, secret: &str) -> Visit {
    let correlation = CorrelationId::random();
    let source = source(1);
    let visit = world
        .sign_in
        .visit(&correlation, previous, typed(name, secret, &source));
    visit.await
}

fn token(visit: Visit) -> SessionToken {
    match visit {
        Visit::SignedIn(token, _) => token,
        other => panic!("{other:?}"),
    }
}

/// Neither words nor sessions differ from those of a sign-in that somebody asked for.
#[tokio::test]
async fn who_comes_by_herself_proves_her_password_like_anybody() {
    let world = World::new().await;
    for (name, word, problem) in [
        ("", PASSWORD, Problem::Incomplete),
        (WENDY, "", Problem::Incomplete),
        (WENDY, "wrong", Problem::NotRecognised),
        ("nobody@fabrikam.com", PASSWORD, Problem::NotRecognised),
        (
            "dlowe@fabrikam.com",
            PASSWORD,
            Problem::Account(AccountState::Disabled),
        ),
    ] {
        let visit = visit(&world, None, name, word).await;
        assert!(
            matches!(visit, Visit::Prompt(told) if told == problem),
            "{name}: {visit:?}"
        );
    }
    assert_eq!(world.store.held(Kind::Session), 0);
    let token = token(visit(&world, None, WENDY, PASSWORD).await);
    let session = world
        .sign_in
        .session(&token, None)
        .await
        .expect("a session");
    assert_eq!(session.subject.cloud_upn, WENDYS_UPN);
    assert_eq!(session.first_participant, None);

    for (hint, counts) in [
        (WENDY, true),
        (WENDYS_UPN, true),
        ("WMoran@Fabrikam.com", true),
        ("psingh@northwindtraders.com", false),
        ("wmoran", false),
    ] {
        let found = world.sign_in.session(&token, Some(hint)).await;
        assert_eq!(found.is_some(), counts, "{hint}");
    }

    // A relying party that asks afterwards is answered by it, and hears of its end.
    let step = world
        .sign_in
        .begin(&request("_1"), &browser("b"), Some(&token))
        .await;
    assert_eq!(grant(step).proof, Proof::Session);
    let ended = world
        .sign_in
        .sign_out(&CorrelationId::random(), &token)
        .await;
    let told = ended.unwrap().expect("a session").participants;
    let asked = Participant {
        relying_party: "rp".to_owned(),
        protocol: Protocol::Saml2,
    };
    assert_eq!(told, [asked]);
    assert!(world.sign_in.session(&token, None).await.is_none());
}

#[tokio::test]
async fn a_visit_takes_the_place_of_the_session_before() {
    for (name, inherits) in [(WENDYS_UPN, true), ("psingh@northwindtraders.com", false)] {
        let world = World::new().await;
        let before = world.wendy().await;
        let token = token(visit(&world, Some(&before), name, PASSWORD).await);
        assert!(world.sign_in.session(&before, None).await.is_none());
        let ended = world
            .sign_in
            .sign_out(&CorrelationId::random(), &token)
            .await;
        let told = ended.unwrap().expect("a session").participants;
        assert_eq!(told.len() == 1, inherits, "{name}: {told:?}");
    }
    let store = std::sync::Arc::new(MemoryStore::default());
    let broken = std::sync::Arc::new(Broken);
    let world = World::with(Contents::demo().unwrap(), store, broken).await;
    let visit = visit(&world, None, WENDY, PASSWORD).await;
    assert!(!matches!(visit, Visit::SignedIn(..)), "{visit:?}");
}
