//! A relying party asks for a session's end: whose it may end, and what it must know.

use super::world::{WENDYS_UPN, World, browser, grant, request, source, typed};
use crate::{
    directory::embedded::demo_accounts::PASSWORD,
    observe::CorrelationId,
    saml2::NAMEID_PERSISTENT,
    signin::*,
    store::Kind,
    trust::{NameIdFormat, Preset, Protocol, RelyingParty, Subject},
};

fn saml(relying_party: &str) -> Participant {
    Participant {
        relying_party: relying_party.to_owned(),
        protocol: Protocol::Saml2,
    }
}

/// Signs Wendy in at "rp" by a password, and by her session at "other".
async fn wendy_at_both(world: &World) -> (SessionToken, Grant, Grant) {
    let first = world
        .sign_in
        .prove(
            &request("_1"),
            &browser("b"),
            None,
            typed(WENDYS_UPN, PASSWORD, &source(1)),
        )
        .await;
    let first = grant(first);
    let token = first.new_session.clone().expect("a session");
    let asked = SignInRequest {
        relying_party: "other".to_owned(),
        ..request("_2")
    };
    let step = world
        .sign_in
        .begin(&asked, &browser("b"), Some(&token), &source(1))
        .await;
    let other = grant(step);
    (token, first, other)
}

async fn demand(world: &World, token: &SessionToken, demand: Demand<'_>) -> DemandOutcome {
    let correlation = CorrelationId::random();
    let outcome = world.sign_in.sign_out_for(&correlation, token, demand);
    outcome.await.unwrap()
}

/// What is wrong ends nothing; then what is right does, and once.
#[tokio::test]
async fn who_names_the_session_rightly_ends_it() {
    let world = World::new().await;
    let (token, first, other) = wendy_at_both(&world).await;
    let (rp, second, stranger) = (saml("rp"), saml("other"), saml("stranger"));
    let by_ws_federation = Participant {
        protocol: Protocol::WsFederation,
        ..saml("rp")
    };
    let name = first.subject.immutable_id.as_str();
    let right = [first.session_index.to_string()];
    let unknown = ["_another".to_owned()];
    let of_the_other = [other.session_index.to_string()];
    let demand_of = |asking, name, name_format, session_indexes| Demand {
        asking,
        name,
        name_format,
        session_indexes,
    };
    for wrong in [
        demand_of(&rp, "somebody", None, &[][..]),
        demand_of(&rp, "", None, &[]),
        demand_of(&rp, &name[1..], None, &[]),
        demand_of(&rp, &first.subject.cloud_upn, None, &[]),
        demand_of(&rp, name, Some("urn:another:format"), &[]),
        demand_of(&rp, name, None, &of_the_other),
        demand_of(&rp, name, None, &unknown),
        demand_of(&second, name, None, &right),
        demand_of(&stranger, name, None, &[]),
        demand_of(&by_ws_federation, name, None, &[]),
    ] {
        let outcome = demand(&world, &token, wrong).await;
        assert!(
            matches!(outcome, DemandOutcome::NotTheirs),
            "{wrong:?}: {outcome:?}"
        );
    }
    assert_eq!(world.store.held(Kind::Session), 1);

    let among_others = ["_another".to_owned(), other.session_index.to_string()];
    let good = demand_of(&second, name, Some(NAMEID_PERSISTENT), &among_others);
    let DemandOutcome::Ended(ended) = demand(&world, &token, good).await else {
        panic!("refused");
    };
    assert_eq!(ended.session.subject.cloud_upn, WENDYS_UPN);
    assert_eq!(ended.participants, [rp.clone(), second.clone()]);
    let again = demand(&world, &token, good).await;
    assert!(matches!(again, DemandOutcome::NobodySignedIn), "{again:?}");
    for kind in [Kind::Session, Kind::Participant] {
        assert_eq!(world.store.held(kind), 0, "{kind:?}");
    }
}

/// A name for each relying party, or two of them could find out that they know the same person.
#[tokio::test]
async fn each_relying_party_knows_the_session_by_another_name() {
    let world = World::new().await;
    let (_, first, other) = wendy_at_both(&world).await;
    assert_ne!(first.session_index, other.session_index);
    let subject = Subject {
        immutable_id: "AAAA".into(),
        cloud_upn: "w@partners.contoso.com".into(),
        ..Subject::default()
    };
    let session = || {
        let now = time::OffsetDateTime::now_utc();
        Session::new(subject.clone(), Some(saml("rp")), now).unwrap()
    };
    let (one, two) = (session(), session());
    assert_eq!(one.index_at("rp"), one.index_at("rp"));
    assert_ne!(one.index_at("rp"), one.index_at("other"));
    assert_ne!(one.index_at("rp"), two.index_at("rp"));
    assert_eq!(one.index_at("rp").len(), 33);
    let known = one.known_at(&super::world::party("rp"));
    let by_its_id = KnownAs {
        name_id: "AAAA".into(),
        name_id_format: NameIdFormat::Persistent,
        session_index: one.index_at("rp").to_string(),
    };
    assert_eq!(known, Some(by_its_id));
    // A name of one session is its name there: what a request to end it brings back.
    let consumers = vec![super::world::consumer()];
    let transient = RelyingParty::new(Preset::Saml2, "other", consumers).unwrap();
    let known = one.known_at(&transient).unwrap();
    assert_eq!(known.name_id_format, NameIdFormat::Transient);
    assert_eq!(known.name_id, known.session_index);
    assert_eq!(known.session_index, one.index_at("other").as_str());
}

/// Who proves her password once more has another session, and is known by the same names: else a
/// relying party of the first one could not end the second.
#[tokio::test]
async fn a_new_session_of_the_same_person_keeps_its_names() {
    for (name, keeps) in [(WENDYS_UPN, true), ("psingh@northwindtraders.com", false)] {
        let world = World::new().await;
        let (token, first, other) = wendy_at_both(&world).await;
        let step = world
            .sign_in
            .prove(
                &request("_3"),
                &browser("b"),
                Some(&token),
                typed(name, PASSWORD, &source(1)),
            )
            .await;
        let next = grant(step);
        assert_eq!(next.session_index == first.session_index, keeps, "{name}");
        let asking = saml("other");
        let by_the_old_name = Demand {
            asking: &asking,
            name: &first.subject.immutable_id,
            name_format: None,
            session_indexes: &[other.session_index.to_string()],
        };
        let token = next.new_session.expect("a session");
        let outcome = demand(&world, &token, by_the_old_name).await;
        let has_ended = matches!(outcome, DemandOutcome::Ended(_));
        assert_eq!(has_ended, keeps, "{name}: {outcome:?}");
    }
}

#[tokio::test]
async fn an_answer_counts_that_was_asked_for_by_name_and_relying_party() {
    let world = World::new().await;
    let confirmations = world.sign_in.confirmations();
    let correlation = CorrelationId::random();
    confirmations
        .expect("_1", "rp", &correlation)
        .await
        .unwrap();
    for (name, party) in [("_2", "rp"), ("_1", "other"), ("_1r", "p"), ("", "_1rp")] {
        let outcome = confirmations.answer(name, party, Confirmation::Ended);
        assert_eq!(outcome.await, Ok(None), "{name} {party}");
        let known = confirmations.of(name, party).await;
        assert_eq!(known, Confirmation::Awaited, "{name} {party}");
    }
    assert_eq!(world.store.held(Kind::Confirmation), 1);
    // The last one counts: whoever failed may be told again.
    for answer in [Confirmation::NotEnded, Confirmation::Ended] {
        let outcome = confirmations.answer("_1", "rp", answer).await;
        assert_eq!(outcome, Ok(Some(correlation.clone())));
        assert_eq!(confirmations.of("_1", "rp").await, answer);
    }
}
