//! Who may sign in where, and what is known of her afterwards.

use super::{world::consumer, *};
use crate::{
    directory::{
        Dn, Entry, Password,
        embedded::{Account, demo_accounts::PARTNERS},
    },
    trust::{
        Access, ClaimRule, ClaimSource, Condition, KeyedDn, NameIdRule, NameIdSource, Preset,
        RelyingParty, Test, ToldAttribute,
    },
};

const WENDYS_DN: &str = "CN=Wendy Moran,OU=Partners,DC=contoso,DC=com";

fn group(name: &str) -> KeyedDn {
    let dn: Dn = format!("CN={name},OU=Groups,DC=contoso,DC=com")
        .parse()
        .unwrap();
    dn.into()
}

fn party(entity_id: &str, test: Test) -> RelyingParty {
    let mut party = RelyingParty::new(Preset::Saml2, entity_id, vec![consumer()]).unwrap();
    party.access = Access::Only(vec![Condition::new(vec![test]).unwrap()]);
    party
}

/// A world of these relying parties beside Entra, in which Wendy is in the group Readers.
async fn world(mut parties: Vec<RelyingParty>) -> World {
    let mut contents = Contents::demo().unwrap();
    let member = vec![("member".to_owned(), vec![WENDYS_DN.as_bytes().to_vec()])];
    contents.accounts.push(Account {
        entry: Entry::new(group("Readers").dn().as_str(), member),
        password: Password::parse(PASSWORD).unwrap(),
        state: None,
    });
    parties.push(RelyingParty::entra("rp", vec![consumer()]).unwrap());
    let store = Arc::new(MemoryStore::default());
    World::trusting(parties, contents, store.clone(), store).await
}

fn asked(relying_party: &str, id: &str) -> SignInRequest {
    SignInRequest {
        relying_party: relying_party.to_owned(),
        ..request(id)
    }
}

#[tokio::test]
async fn who_is_not_let_in_gets_nothing_and_begins_no_session() {
    let nobody = RelyingParty::new(Preset::Saml2, "nobody", vec![consumer()]).unwrap();
    let world = world(vec![
        party("readers", Test::Group(vec![group("Readers")])),
        party("admins", Test::Group(vec![group("Admins")])),
        party(
            "partners",
            Test::Below(vec![PARTNERS.parse::<Dn>().unwrap().into()]),
        ),
        party("fabrikam", Test::Directory(vec!["fabrikam".into()])),
        party("contoso", Test::Directory(vec!["contoso".into()])),
        nobody,
    ])
    .await;
    for (party, permitted) in [
        ("readers", true),
        ("admins", false),
        ("partners", true),
        ("contoso", true),
        ("fabrikam", false),
        ("nobody", false),
    ] {
        let held = world.store.held(Kind::Session);
        let by_password = world.type_in(&asked(party, "_p"), WENDY, PASSWORD).await;
        let refused = matches!(by_password, Step::Refused(Refusal::NotPermitted));
        assert_eq!(refused, !permitted, "{party}: {by_password:?}");
        let begun = world.store.held(Kind::Session) - held;
        assert_eq!(begun, usize::from(permitted), "{party}");
        // A wrong password learns nothing about access.
        let wrong = world.type_in(&asked(party, "_w"), WENDY, "wrong").await;
        assert_eq!(problem(&wrong), Problem::NotRecognised);
    }

    // The same by a session that began at Entra, asked as often as it likes.
    let token = world.wendy().await;
    for (party, permitted) in [
        ("readers", true),
        ("admins", false),
        ("admins", false),
        ("nobody", false),
    ] {
        let browser = browser("b");
        let step = world
            .sign_in
            .begin(&asked(party, "_s"), &browser, Some(&token), &source(1))
            .await;
        let refused = matches!(step, Step::Refused(Refusal::NotPermitted));
        assert_eq!(refused, !permitted, "{party}: {step:?}");
    }
}

#[tokio::test]
async fn rules_are_fed_once_at_the_password() {
    let mut party = party("readers", Test::Group(vec![group("Readers")]));
    let title = ToldAttribute::parse("givenName").unwrap();
    party
        .add_claim(ClaimRule::new("name", ClaimSource::Attribute(title)))
        .unwrap();
    party
        .add_claim(ClaimRule::new("mail", ClaimSource::Email))
        .unwrap();
    let roles = vec![
        (group("Readers"), "reader".to_owned()),
        (group("Admins"), "admin".to_owned()),
    ];
    party
        .add_claim(ClaimRule::new("role", ClaimSource::Groups(roles)))
        .unwrap();
    let world = world(vec![party.clone()]).await;
    let token = world.wendy().await;
    let before = world.fixture.embedded.counts();
    let step = world
        .sign_in
        .begin(
            &asked("readers", "_1"),
            &browser("b"),
            Some(&token),
            &source(1),
        )
        .await;
    let subject = grant(step).subject;
    assert_eq!(
        world.fixture.embedded.counts(),
        before,
        "a session asks nothing of the directory"
    );
    let claims = party.claims(&subject);
    let claims: Vec<_> = claims
        .iter()
        .map(|claim| (claim.name, claim.values()))
        .collect();
    let expected = [("name", "Wendy"), ("mail", WENDY), ("role", "reader")];
    assert_eq!(claims.len(), expected.len());
    for ((name, values), (expected_name, value)) in claims.iter().zip(expected) {
        assert_eq!(
            (*name, values.len(), &*values[0]),
            (expected_name, 1, value)
        );
    }
}

#[tokio::test]
async fn what_no_rule_asks_for_costs_nothing() {
    let world = World::new().await;
    let before = world.fixture.embedded.counts().searches;
    let subject = grant(world.type_in(&request("_1"), WENDY, PASSWORD).await).subject;
    assert_eq!(world.fixture.embedded.counts().searches, before + 1);
    assert_eq!(subject.particulars, None);
}

#[tokio::test]
async fn without_an_answer_about_groups_nobody_is_signed_in() {
    let mut contents = Contents::demo().unwrap();
    let member = vec![("member".to_owned(), vec![WENDYS_DN.as_bytes().to_vec()])];
    // More groups than can be looked at.
    contents.accounts.extend((0..501).map(|number| Account {
        entry: Entry::new(group(&format!("g{number}")).dn().as_str(), member.clone()),
        password: Password::parse(PASSWORD).unwrap(),
        state: None,
    }));
    let parties = vec![party("rp", Test::Group(vec![group("Readers")]))];
    let store = Arc::new(MemoryStore::default());
    let world = World::trusting(parties, contents, store.clone(), store).await;
    let step = world.type_in(&request("_1"), WENDY, PASSWORD).await;
    assert_eq!(problem(&step), Problem::DirectoryDown);
    assert_eq!(world.store.held(Kind::Session), 0);
}

#[tokio::test]
async fn who_has_no_name_at_a_relying_party_is_not_let_in() {
    let mut party = RelyingParty::new(Preset::Saml2, "mail", vec![consumer()]).unwrap();
    party.access = Access::Everyone;
    assert!(party.set_name_id(NameIdRule::EmailAddress(NameIdSource::Email)));
    let world = world(vec![party]).await;
    let by_email = world.type_in(&asked("mail", "_1"), WENDY, PASSWORD).await;
    grant(by_email);
    let by_upn = world
        .type_in(&asked("mail", "_2"), WENDYS_UPN, PASSWORD)
        .await;
    assert!(
        matches!(by_upn, Step::Refused(Refusal::NotPermitted)),
        "{by_upn:?}"
    );
}
