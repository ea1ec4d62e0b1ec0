//! Who is asked for what, and who is sent where, before anything is proven.

use super::world::{WENDY, WENDYS_UPN, World, browser, grant, problem, request, source, typed};
use crate::{
    directory::{
        Dn, Entry, Password,
        embedded::{Account, Contents, demo_accounts::PASSWORD},
    },
    observe::CorrelationId,
    realm::{DomainName, EmailAddress, HomeRealm, Route, Routes, When},
    signin::*,
    store::Kind,
};

pub(super) const FABRIKAM: &str = "fabrikam";

fn domain(text: &str) -> DomainName {
    DomainName::parse(text).unwrap()
}

pub(super) fn route(name: &str, when: When, to: HomeRealm) -> Route {
    let name = name.to_owned();
    Route { name, when, to }
}

pub(super) fn for_domain(text: &str) -> When {
    When {
        domains: [domain(text)].into(),
        ..When::default()
    }
}

/// Fabrikam's people go to Fabrikam's own identity provider, but for one; Tailspin's nowhere;
/// Northwind's, and those with a cloud UPN, have passwords.
pub(super) fn routes() -> Vec<Route> {
    let exception = When {
        addresses: [EmailAddress::parse("epark@fabrikam.com").unwrap()].into(),
        ..When::default()
    };
    let fabrikam = When {
        home_realm_hints: [domain("fabrikam.com")].into(),
        ..for_domain("fabrikam.com")
    };
    let passwords = When {
        domains: [
            domain("northwindtraders.com"),
            domain("partners.contoso.com"),
        ]
        .into(),
        home_realm_hints: [domain("northwindtraders.com")].into(),
        ..When::default()
    };
    vec![
        route("an exception", exception, HomeRealm::Directories),
        route("fabrikam", fabrikam, HomeRealm::Upstream(FABRIKAM.into())),
        route("passwords", passwords, HomeRealm::Directories),
        route(
            "tailspin",
            for_domain("tailspintoys.com"),
            HomeRealm::Refused("Tailspin Toys is no partner any more.".into()),
        ),
    ]
}

async fn world() -> World {
    let routes = Routes::new(routes()).unwrap();
    World::routed(routes, Contents::demo().unwrap()).await
}

fn to_fabrikam() -> Elsewhere {
    Elsewhere::Upstream(FABRIKAM.to_owned())
}

async fn begin(world: &World, hint: Option<&str>, home_realm: Option<&str>) -> Step {
    let asked = SignInRequest {
        hint: hint.map(str::to_owned),
        home_realm_hint: home_realm.map(domain),
        ..request("_1")
    };
    let from = source(1);
    let who = browser("b");
    let beginning = world.sign_in.begin(&asked, &who, None, &from);
    beginning.await
}

/// What a step asks for, in a word.
fn asks(step: &Step) -> String {
    match step {
        Step::AskName(None) => "name".to_owned(),
        Step::Prompt(None) => "password".to_owned(),
        Step::Elsewhere(Elsewhere::Upstream(name)) => name.clone(),
        other => format!("{other:?}"),
    }
}

#[tokio::test]
async fn a_hint_spares_the_question_for_the_name_and_the_domain_alone_decides() {
    let world = world().await;
    for (hint, home_realm, asked) in [
        (None, None, "name"),
        (Some(WENDY), None, FABRIKAM),
        // Nobody has this address.
        (Some("nobody@fabrikam.com"), None, FABRIKAM),
        (Some("epark@fabrikam.com"), None, "password"),
        (Some(WENDYS_UPN), None, "password"),
        (Some("a@unknown.test"), None, "name"),
        (Some("wmoran"), None, "name"),
        (None, Some("fabrikam.com"), FABRIKAM),
        (None, Some("northwindtraders.com"), "password"),
        (None, Some("unknown.test"), "name"),
        // A name says more than a domain.
        (
            Some("mchang@northwindtraders.com"),
            Some("fabrikam.com"),
            "password",
        ),
    ] {
        let step = begin(&world, hint, home_realm).await;
        assert_eq!(asks(&step), asked, "{hint:?} {home_realm:?}");
    }
    let quiet = SignInRequest {
        passive: true,
        hint: Some(WENDY.to_owned()),
        ..request("_2")
    };
    let step = world
        .sign_in
        .begin(&quiet, &browser("b"), None, &source(1))
        .await;
    assert!(
        matches!(step, Step::Refused(Refusal::NoPassive)),
        "{step:?}"
    );
}

#[tokio::test]
async fn where_all_have_passwords_nothing_is_asked_before() {
    let world = World::new().await;
    assert!(!world.sign_in.asks_name_first());
    for (hint, home_realm) in [(None, None), (Some(WENDY), None), (None, Some("a.test"))] {
        let step = begin(&world, hint, home_realm).await;
        assert_eq!(asks(&step), "password", "{hint:?} {home_realm:?}");
    }
}

/// Neither a page of our own, nor a program's message, nor a change takes the password of this name.
async fn no_other_door_takes(world: &World, name: &str) {
    let (correlation, from) = (CorrelationId::random(), source(1));
    let visit = world
        .sign_in
        .visit(&correlation, None, typed(name, PASSWORD, &from))
        .await;
    assert!(matches!(visit, Visit::Elsewhere(_)), "{visit:?}");

    let key = MessageKey::random().unwrap();
    let message = Message {
        correlation: &correlation,
        relying_party: "rp",
        id: "urn:uuid:1",
    };
    let exchanged = world
        .sign_in
        .exchange(&key, message, typed(name, PASSWORD, &from))
        .await;
    assert_eq!(exchanged.unwrap_err(), Denied::Problem(Problem::Elsewhere));

    let changed = world
        .sign_in
        .change_password(
            &correlation,
            ChangeTyped {
                name,
                current: PASSWORD,
                new: "another",
                repeated: "another",
                source: &from,
            },
        )
        .await;
    assert_eq!(changed, Err(ChangeProblem::NotProven(Problem::Elsewhere)));
    assert_eq!(world.store.held(Kind::Session), 0);
}

/// Whoever has a password here and belongs to an upstream must not get around it.
#[tokio::test]
async fn no_door_takes_a_password_for_a_name_that_belongs_elsewhere() {
    let world = world().await;
    let step = world.type_in(&request("_1"), WENDY, PASSWORD).await;
    assert!(
        matches!(&step, Step::Elsewhere(elsewhere) if *elsewhere == to_fabrikam()),
        "{step:?}"
    );
    for name in ["a@unknown.test", "wmoran"] {
        let step = world.type_in(&request("_2"), name, PASSWORD).await;
        assert!(
            matches!(step, Step::AskName(Some(Problem::NoHome))),
            "{name}: {step:?}"
        );
    }
    let refused = world
        .type_in(&request("_3"), "j.mueller@tailspintoys.com", PASSWORD)
        .await;
    assert!(
        matches!(&refused, Step::Elsewhere(Elsewhere::Refused(text)) if text.starts_with("Tailspin")),
        "{refused:?}"
    );

    no_other_door_takes(&world, WENDY).await;

    // Those who do have theirs here sign in by it.
    for name in [
        "mchang@northwindtraders.com",
        "psingh@northwindtraders.com",
        WENDYS_UPN,
    ] {
        let step = world.type_in(&request(name), name, "wrong").await;
        assert_eq!(problem(&step), Problem::NotRecognised, "{name}");
    }
    // But nobody gets around her organisation by another of her names, whatever her password's state.
    let without_exception = Routes::new(routes().split_off(1)).unwrap();
    let stricter = World::routed(without_exception, Contents::demo().unwrap()).await;
    for (world, name) in [
        (&world, WENDYS_UPN),
        (&stricter, "epark@partners.contoso.com"),
    ] {
        let step = world.type_in(&request(name), name, PASSWORD).await;
        assert!(
            matches!(&step, Step::Elsewhere(elsewhere) if *elsewhere == to_fabrikam()),
            "{name}: {step:?}"
        );
        no_other_door_takes(world, name).await;
    }
    let asked = request("_4");
    let step = world.type_in(&asked, "psingh@northwindtraders.com", PASSWORD);
    assert_eq!(grant(step.await).factors, Factors::One);
}

/// A name of no directory costs what any other does, and gets the same words.
#[tokio::test]
async fn one_directory_alone_is_asked_where_a_route_says_so() {
    let only = |name: &str| HomeRealm::Directory(name.to_owned());
    for (directory, knows_her) in [("contoso", true), ("elsewhere", false)] {
        let routes = vec![
            route("fabrikam", for_domain("fabrikam.com"), only(directory)),
            route("others", When::default(), HomeRealm::Directories),
        ];
        let routes = Routes::new(routes).unwrap();
        let world = World::routed(routes, Contents::demo().unwrap()).await;
        assert!(!world.sign_in.asks_name_first());
        let step = world.type_in(&request("_1"), WENDY, PASSWORD).await;
        if knows_her {
            assert_eq!(grant(step).subject.cloud_upn, WENDYS_UPN);
        } else {
            assert_eq!(problem(&step), Problem::NotRecognised);
        }
    }
}

#[tokio::test]
async fn a_group_sends_somebody_on_who_has_proven_who_she_is() {
    let group: Dn = "CN=Leavers,OU=Groups,DC=contoso,DC=com".parse().unwrap();
    let wendy = b"CN=Wendy Moran,OU=Partners,DC=contoso,DC=com".to_vec();
    let mut contents = Contents::demo().unwrap();
    contents.accounts.push(Account {
        entry: Entry::new(group.as_str(), vec![("member".to_owned(), vec![wendy])]),
        password: Password::parse(PASSWORD).unwrap(),
        state: None,
    });
    let leavers = When {
        groups: vec![group],
        ..When::default()
    };
    let text = "You have left.";
    let routes = vec![
        route("leavers", leavers, HomeRealm::Refused(text.into())),
        route("all", When::default(), HomeRealm::Directories),
    ];
    let world = World::routed(Routes::new(routes).unwrap(), contents).await;
    // Nothing tells before the proof.
    assert!(!world.sign_in.asks_name_first());
    let wrong = world.type_in(&request("_1"), WENDY, "wrong").await;
    assert_eq!(problem(&wrong), Problem::NotRecognised);
    let right = world.type_in(&request("_2"), WENDY, PASSWORD).await;
    assert!(
        matches!(&right, Step::Elsewhere(Elsewhere::Refused(told)) if told == text),
        "{right:?}"
    );
    assert_eq!(world.store.held(Kind::Session), 0);
    let other = "psingh@northwindtraders.com";
    grant(world.type_in(&request("_3"), other, PASSWORD).await);
}

/// A shared computer: the session is somebody's of another home than the link is made for.
#[tokio::test]
async fn a_home_realm_that_is_not_the_sessions_asks() {
    let world = World::new().await;
    let token = world.wendy().await;
    for (number, (home_realm, answers)) in [
        (None, true),
        (Some("fabrikam.com"), true),
        (Some("partners.contoso.com"), true),
        (Some("northwindtraders.com"), false),
        (Some("mail.fabrikam.com"), false),
    ]
    .into_iter()
    .enumerate()
    {
        let asked = SignInRequest {
            home_realm_hint: home_realm.map(domain),
            ..request(&format!("_{number}"))
        };
        let from = source(1);
        let step = world
            .sign_in
            .begin(&asked, &browser("b"), Some(&token), &from)
            .await;
        assert_eq!(
            matches!(step, Step::Granted(_)),
            answers,
            "{home_realm:?}: {step:?}"
        );
    }
}
