//! What an upstream's word is worth.

use std::sync::Arc;

use time::OffsetDateTime;

use super::{
    home_realm::{FABRIKAM, for_domain, route, routes},
    world::{Broken, WENDY, WENDYS_UPN, World, browser, grant, request, source},
};
use crate::{
    directory::{
        AccountState, Dn, Entry, Password,
        embedded::{Account, Contents, demo_accounts::PASSWORD},
    },
    observe::CorrelationId,
    realm::{HomeRealm, Routes, When},
    signin::*,
    store::Kind,
    upstream::{Asserted, Expected},
};

async fn world() -> World {
    let routes = Routes::new(routes()).unwrap();
    World::routed(routes, Contents::demo().unwrap()).await
}

fn asserted(address: &str) -> Asserted {
    let now = OffsetDateTime::now_utc();
    Asserted::for_test(FABRIKAM, address, now, Factors::One)
}

/// A question of its own for each ID.
fn question(id: &str) -> Expected {
    Expected {
        upstream: FABRIKAM.to_owned(),
        request_id: id.to_owned(),
        code_verifier: None,
        asked_at: OffsetDateTime::now_utc().unix_timestamp(),
        fresh: false,
    }
}

async fn accept(
    world: &World,
    asked: &SignInRequest,
    asserted: &Asserted,
    expected: Option<&str>,
) -> Step {
    let (question, source, who) = (question(&asked.request_id), source(1), browser("b"));
    let brought = Brought {
        asserted,
        question: &question,
        expected,
        source: &source,
    };
    world.sign_in.accept(asked, &who, None, brought).await
}

fn told(step: &Step) -> Problem {
    match step {
        Step::AskName(Some(problem)) => *problem,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_upstreams_word_signs_in_whom_it_names_and_when_and_how_she_proved_it_is_kept() {
    let world = world().await;
    let now = OffsetDateTime::now_utc();
    for (number, (factors, ago, kept)) in [
        (Factors::One, 600, 600),
        (Factors::Several, 0, 0),
        // Its clock is ahead of ours.
        (Factors::One, -60, 0),
    ]
    .into_iter()
    .enumerate()
    {
        let said = now - time::Duration::seconds(ago);
        let asserted = Asserted::for_test(FABRIKAM, "WMoran@Fabrikam.com", said, factors);
        let first = request(&format!("_{number}"));
        let first = grant(accept(&world, &first, &asserted, Some(WENDY)).await);
        assert_eq!(first.subject.cloud_upn, WENDYS_UPN);
        assert_eq!(first.subject.sign_in_name, WENDY);
        assert_eq!((first.proof, first.factors), (Proof::Upstream, factors));
        let off = (now - time::Duration::seconds(kept) - first.authn_instant).abs();
        assert!(off < time::Duration::seconds(5), "{off}");

        // The session says the same, to others as well.
        let token = first.new_session.expect("a session");
        let other = SignInRequest {
            relying_party: "other".to_owned(),
            ..request(&format!("_other{number}"))
        };
        let step = world
            .sign_in
            .begin(&other, &browser("b"), Some(&token), &source(1))
            .await;
        let again = grant(step);
        assert_eq!((again.proof, again.factors), (Proof::Session, factors));
        assert_eq!(again.authn_instant, first.authn_instant);
    }
}

#[tokio::test]
async fn a_question_is_answered_once_whatever_it_led_to() {
    let world = world().await;
    grant(accept(&world, &request("_1"), &asserted(WENDY), None).await);
    // By another request of the same browser, and by another browser.
    for (asked, who) in [(request("_2"), "b"), (request("_1"), "c")] {
        let (question, source) = (question("_1"), source(1));
        let brought = Brought {
            asserted: &asserted(WENDY),
            question: &question,
            expected: None,
            source: &source,
        };
        let step = world
            .sign_in
            .accept(&asked, &browser(who), None, brought)
            .await;
        assert!(
            matches!(step, Step::Refused(Refusal::AlreadyAnswered)),
            "{step:?}"
        );
        let correlation = CorrelationId::random();
        let visit = world.sign_in.accept_visitor(&correlation, None, brought);
        assert!(matches!(visit.await, Visit::AlreadyAnswered));
    }
    assert_eq!(world.store.held(Kind::Session), 1);
    // One that failed is answered as well.
    let nobody = asserted("nobody@fabrikam.com");
    told(&accept(&world, &request("_3"), &nobody, None).await);
    let step = accept(&world, &request("_3"), &asserted(WENDY), None).await;
    assert!(matches!(step, Step::Refused(Refusal::AlreadyAnswered)));
}

#[tokio::test]
async fn guardrails_and_states_hold_as_for_anybody() {
    let world = world().await;
    for (number, (address, problem)) in [
        ("nobody@fabrikam.com", Problem::NoAccount),
        (
            "dlowe@fabrikam.com",
            Problem::Vouched(AccountState::Disabled),
        ),
        // The routes say that these prove it here, whatever an upstream says.
        ("epark@fabrikam.com", Problem::NoAccount),
        ("mchang@northwindtraders.com", Problem::NoAccount),
        (WENDYS_UPN, Problem::NoAccount),
        // Nowhere.
        ("a@unknown.test", Problem::NoAccount),
    ]
    .into_iter()
    .enumerate()
    {
        let asked = request(&format!("_{number}"));
        let step = accept(&world, &asked, &asserted(address), None).await;
        assert_eq!(told(&step), problem, "{address}");
    }
    assert_eq!(world.store.held(Kind::Session), 0);
    // Another upstream than the one that the routes send her to.
    let now = OffsetDateTime::now_utc();
    let other = Asserted::for_test("northwind", WENDY, now, Factors::Several);
    let step = accept(&world, &request("_other"), &other, None).await;
    assert_eq!(told(&step), Problem::NoAccount);
}

#[tokio::test]
async fn who_comes_back_is_who_was_expected() {
    let routes = vec![
        route(
            "northwind",
            for_domain("northwindtraders.com"),
            HomeRealm::Upstream(FABRIKAM.into()),
        ),
        route("others", When::default(), HomeRealm::Directories),
    ];
    let world = World::routed(Routes::new(routes).unwrap(), Contents::demo().unwrap()).await;
    let priya = "psingh@northwindtraders.com";
    for (number, (expected, is_she)) in [
        (None, true),
        (Some(priya), true),
        (Some("PSingh@NorthwindTraders.com"), true),
        // Another of her addresses, and her name in the cloud.
        (Some("priya.singh@northwindtraders.com"), true),
        (Some("psingh@partners.contoso.com"), true),
        (Some("mchang@northwindtraders.com"), false),
        (Some("nobody@northwindtraders.com"), false),
        (Some("psingh"), false),
        (Some("\u{7}"), false),
    ]
    .into_iter()
    .enumerate()
    {
        let asked = request(&format!("_{number}"));
        let step = accept(&world, &asked, &asserted(priya), expected).await;
        if is_she {
            assert_eq!(grant(step).subject.cloud_upn, "psingh@partners.contoso.com");
        } else {
            assert_eq!(told(&step), Problem::SomebodyElse, "{expected:?}");
        }
    }
}

#[tokio::test]
async fn a_group_sends_her_on_as_well() {
    let group: Dn = "CN=Strong,OU=Groups,DC=contoso,DC=com".parse().unwrap();
    let wendy = b"CN=Wendy Moran,OU=Partners,DC=contoso,DC=com".to_vec();
    let mut contents = Contents::demo().unwrap();
    contents.accounts.push(Account {
        entry: Entry::new(group.as_str(), vec![("member".to_owned(), vec![wendy])]),
        password: Password::parse(PASSWORD).unwrap(),
        state: None,
    });
    let strong = When {
        groups: vec![group],
        ..for_domain("fabrikam.com")
    };
    let to = |name: &str| HomeRealm::Upstream(name.to_owned());
    let routes = vec![
        route("strong", strong, to("strong")),
        route("fabrikam", for_domain("fabrikam.com"), to(FABRIKAM)),
    ];
    let world = World::routed(Routes::new(routes).unwrap(), contents).await;
    let step = accept(&world, &request("_1"), &asserted(WENDY), None).await;
    assert!(
        matches!(&step, Step::Elsewhere(Elsewhere::Upstream(name)) if name == "strong"),
        "{step:?}"
    );
    let visit = {
        let (question, source) = (question("_2"), source(1));
        let brought = Brought {
            asserted: &asserted(WENDY),
            question: &question,
            expected: None,
            source: &source,
        };
        let correlation = CorrelationId::random();
        world
            .sign_in
            .accept_visitor(&correlation, None, brought)
            .await
    };
    assert!(matches!(visit, Visit::Elsewhere(_)), "{visit:?}");
    assert_eq!(world.store.held(Kind::Session), 0);
}

#[tokio::test]
async fn whom_a_group_sent_on_is_signed_in_when_she_comes_back_and_nobody_else() {
    let group: Dn = "CN=Strong,OU=Groups,DC=contoso,DC=com".parse().unwrap();
    let wendy = b"CN=Wendy Moran,OU=Partners,DC=contoso,DC=com".to_vec();
    let mut contents = Contents::demo().unwrap();
    contents.accounts.push(Account {
        entry: Entry::new(group.as_str(), vec![("member".to_owned(), vec![wendy])]),
        password: Password::parse(PASSWORD).unwrap(),
        state: None,
    });
    let strong = When {
        groups: vec![group],
        ..When::default()
    };
    let routes = vec![
        route("strong", strong, HomeRealm::Upstream(FABRIKAM.to_owned())),
        route("all", When::default(), HomeRealm::Directories),
    ];
    let world = World::routed(Routes::new(routes).unwrap(), contents).await;
    let step = world.type_in(&request("_1"), WENDY, PASSWORD).await;
    assert!(
        matches!(&step, Step::Elsewhere(Elsewhere::Upstream(name)) if name == FABRIKAM),
        "{step:?}"
    );
    let step = accept(&world, &request("_1"), &asserted(WENDY), Some(WENDY)).await;
    assert_eq!(grant(step).subject.cloud_upn, WENDYS_UPN);
    // Who is not in the group proves herself by her password.
    let other = asserted("psingh@northwindtraders.com");
    let step = accept(&world, &request("_2"), &other, None).await;
    assert_eq!(told(&step), Problem::NoAccount);
}

#[tokio::test]
async fn more_factors_are_asked_for_where_they_can_be_had() {
    let world = world().await;
    let strong = |id: &str| SignInRequest {
        several_factors: true,
        ..request(id)
    };
    let begin = async |id: &str, token: &SessionToken| {
        let (asked, from, who) = (strong(id), source(1), browser("b"));
        world.sign_in.begin(&asked, &who, Some(token), &from).await
    };
    let once = grant(accept(&world, &request("_1"), &asserted(WENDY), None).await);
    let token = once.new_session.expect("a session");
    let step = begin("_2", &token).await;
    assert!(matches!(step, Step::AskName(None)), "{step:?}");

    let now = OffsetDateTime::now_utc();
    let several = Asserted::for_test(FABRIKAM, WENDY, now, Factors::Several);
    let twice = grant(accept(&world, &strong("_3"), &several, None).await);
    let token = twice.new_session.expect("a session");
    assert_eq!(grant(begin("_4", &token).await).factors, Factors::Several);

    // A password is all that there is here, and asking again brings no more.
    let name = "psingh@northwindtraders.com";
    let here = grant(world.type_in(&request("_5"), name, PASSWORD).await);
    let token = here.new_session.expect("a session");
    assert_eq!(grant(begin("_6", &token).await).factors, Factors::One);
}

#[tokio::test]
async fn a_visitor_is_signed_in_and_takes_the_place_of_the_session_before() {
    let world = world().await;
    let before = grant(accept(&world, &request("_1"), &asserted(WENDY), None).await);
    let before = before.new_session.expect("a session");
    let (question, source) = (question("_2"), source(1));
    let brought = Brought {
        asserted: &asserted(WENDY),
        question: &question,
        expected: None,
        source: &source,
    };
    let correlation = CorrelationId::random();
    let visit = world
        .sign_in
        .accept_visitor(&correlation, Some(&before), brought);
    let Visit::SignedIn(token, session) = visit.await else {
        panic!("not signed in");
    };
    assert_eq!(session.upstream(), Some(FABRIKAM));
    assert!(world.sign_in.session(&before, None).await.is_none());
    let ended = world.sign_in.sign_out(&correlation, &token).await;
    // Who was told of the session before hears of the end of this one.
    assert_eq!(ended.unwrap().expect("a session").participants.len(), 1);
}

/// What cannot be marked as answered, or looked up, signs nobody in.
#[tokio::test]
async fn without_a_store_or_a_directory_nobody_is_signed_in() {
    let store = Arc::new(crate::store::MemoryStore::default());
    let mut broken = World::with(Contents::demo().unwrap(), store, Arc::new(Broken)).await;
    let realm = crate::realm::Realm::clone(&broken.sign_in.realm);
    broken.sign_in.realm = Arc::new(realm.with_routes(Routes::new(routes()).unwrap()));
    let step = accept(&broken, &request("_1"), &asserted(WENDY), None).await;
    assert!(matches!(step, Step::Refused(Refusal::Internal)), "{step:?}");

    let world = world().await;
    world.fixture.embedded.stop().await;
    let (question, source, who) = (question("_1"), source(1), browser("b"));
    let brought = Brought {
        asserted: &asserted(WENDY),
        question: &question,
        expected: None,
        source: &source,
    };
    let step = world
        .sign_in
        .accept(&request("_1"), &who, None, brought)
        .await;
    assert_eq!(told(&step), Problem::DirectoryDown);
}
