//! Messages that bring a password: they are held to what the page is, and a message that comes
//! twice is one attempt.

use super::*;

struct Programs {
    world: World,
    key: MessageKey,
}

impl Programs {
    async fn new() -> Self {
        Self {
            world: World::new().await,
            key: MessageKey::random().unwrap(),
        }
    }

    async fn sends(
        &self,
        key: &MessageKey,
        id: &str,
        name: &str,
        password: &str,
    ) -> Result<Grant, Denied> {
        let correlation = crate::observe::CorrelationId::random();
        let message = Message {
            correlation: &correlation,
            relying_party: "rp",
            id,
        };
        let source = source(1);
        let typed = typed(name, password, &source);
        self.world.sign_in.exchange(key, message, typed).await
    }

    async fn send(&self, id: &str, name: &str, password: &str) -> Result<Grant, Denied> {
        self.sends(&self.key, id, name, password).await
    }

    fn binds(&self) -> u64 {
        self.world.fixture.embedded.counts().binds
    }
}

const NOT_RECOGNISED: Denied = Denied::Problem(Problem::NotRecognised);

#[tokio::test]
async fn email_and_cloud_upn_are_the_same_person_and_begin_no_session() {
    let programs = Programs::new().await;
    for (id, name) in [("urn:1", WENDY), ("urn:2", WENDYS_UPN)] {
        let grant = programs.send(id, name, PASSWORD).await.unwrap();
        assert_eq!(grant.issuer, ISSUER);
        assert_eq!(grant.subject.cloud_upn, WENDYS_UPN);
        assert_eq!(grant.proof, Proof::Password);
        assert!(grant.new_session.is_none());
    }
    assert_eq!(programs.world.store.held(Kind::Session), 0);
}

#[tokio::test]
async fn a_wrong_password_that_is_sent_again_is_counted_once() {
    let programs = Programs::new().await;
    programs.send("urn:0", WENDY, PASSWORD).await.unwrap();
    let before = programs.binds();
    for _ in 0..10 {
        let denied = programs.send("urn:1", WENDY, "wrong").await.unwrap_err();
        assert_eq!(denied, NOT_RECOGNISED);
    }
    assert_eq!(programs.binds() - before, 1);
    // At once, before the first one has its answer.
    let twice = tokio::join!(
        programs.send("urn:2", WENDY, "wrong"),
        programs.send("urn:2", WENDY, "wrong"),
    );
    assert!(matches!(twice, (Err(NOT_RECOGNISED), Err(NOT_RECOGNISED))));
    assert_eq!(programs.binds() - before, 2);
    // The guard has not counted them either: these were two of four failures.
    programs.send("urn:3", WENDY, PASSWORD).await.unwrap();
}

/// Whoever knows a message's ID must not find its password out by comparing with what is kept.
#[tokio::test]
async fn another_password_under_the_same_id_is_another_attempt() {
    let programs = Programs::new().await;
    let from_home = programs.send("urn:1", WENDY, PASSWORD).await;
    from_home.unwrap();
    let before = programs.binds();
    let guesses = ["a", "b", "c", "d"];
    for guess in guesses {
        let denied = programs.send("urn:1", WENDY, guess).await.unwrap_err();
        assert_eq!(denied, NOT_RECOGNISED);
    }
    assert_eq!(programs.binds() - before, guesses.len() as u64);
    // They were counted: now the guard is up, and what was kept does not help.
    let denied = programs.send("urn:9", WENDY, PASSWORD).await.unwrap_err();
    assert_eq!(denied, NOT_RECOGNISED);
}

#[tokio::test]
async fn a_granted_message_is_granted_to_its_sender_again_and_to_nobody_later() {
    let programs = Programs::new().await;
    let first = programs.send("urn:1", WENDY, PASSWORD).await.unwrap();
    let before = programs.binds();
    let again = programs.send("urn:1", WENDY, PASSWORD).await.unwrap();
    assert_eq!(again.authn_instant, first.authn_instant);
    assert_eq!(again.session_index, first.session_index);
    assert_eq!(programs.binds(), before);

    // Once what was kept is forgotten, or at another node.
    let other_key = MessageKey::random().unwrap();
    let replayed = programs.sends(&other_key, "urn:1", WENDY, PASSWORD).await;
    assert_eq!(
        replayed.unwrap_err(),
        Denied::Refused(Refusal::AlreadyAnswered)
    );
    let alias = programs
        .send("urn:1", "WMoran@Fabrikam.com", PASSWORD)
        .await;
    assert_eq!(
        alias.unwrap_err(),
        Denied::Refused(Refusal::AlreadyAnswered)
    );
    // Another person's message of the same ID is another message: some clients write the time.
    let tom = "tom+contoso@tailspintoys.com";
    programs.send("urn:1", tom, PASSWORD).await.unwrap();
}

#[tokio::test]
async fn what_is_kept_says_nothing_without_the_key() {
    let programs = Programs::new().await;
    let correlation = crate::observe::CorrelationId::random();
    let message = Message {
        correlation: &correlation,
        relying_party: "rp",
        id: "urn:1",
    };
    let (source, other) = (source(1), MessageKey::random().unwrap());
    let digest = |key: &MessageKey, message: &Message<'_>, name: &str, password: &str| {
        key.digest(message, &typed(name, password, &source)).0
    };
    let one = digest(&programs.key, &message, "ab", "c");
    assert_eq!(one, digest(&programs.key, &message, "ab", "c"));
    assert_ne!(one, digest(&programs.key, &message, "a", "bc"));
    assert_ne!(one, digest(&programs.key, &message, "ab", "d"));
    assert_ne!(one, digest(&other, &message, "ab", "c"));
    let elsewhere = Message {
        relying_party: "other",
        ..message
    };
    assert_ne!(one, digest(&programs.key, &elsewhere, "ab", "c"));
    assert_eq!(format!("{:?}", programs.key), "MessageKey(..)");
}

#[tokio::test]
async fn the_guard_holds_here_as_on_the_page() {
    let programs = Programs::new().await;
    programs.send("urn:0", WENDY, PASSWORD).await.unwrap();
    for number in 0..4 {
        let id = format!("urn:wrong{number}");
        let denied = programs.send(&id, WENDY, "wrong").await.unwrap_err();
        assert_eq!(denied, NOT_RECOGNISED);
    }
    // The page's counter is this one.
    let step = programs
        .world
        .type_in(&request("_1"), WENDY, PASSWORD)
        .await;
    assert_eq!(problem(&step), Problem::NotRecognised);
    let denied = programs.send("urn:9", WENDY, PASSWORD).await.unwrap_err();
    assert_eq!(denied, NOT_RECOGNISED);
    // An unknown name gets the same, and costs a bind.
    let before = programs.binds();
    let denied = programs.send("urn:x", "nobody@fabrikam.com", "x").await;
    assert_eq!(denied.unwrap_err(), NOT_RECOGNISED);
    assert_eq!(programs.binds() - before, 1);
}

#[tokio::test]
async fn an_accounts_state_is_told_to_the_right_password_only_and_again() {
    let programs = Programs::new().await;
    let disabled = Denied::Problem(Problem::Account(AccountState::Disabled));
    for _ in 0..2 {
        let name = "dlowe@fabrikam.com";
        let denied = programs.send("urn:1", name, PASSWORD).await.unwrap_err();
        assert_eq!(denied, disabled);
        let denied = programs.send("urn:1", name, "wrong").await.unwrap_err();
        assert_eq!(denied, NOT_RECOGNISED);
    }
}

#[tokio::test]
async fn an_empty_password_and_a_broken_store_reach_no_directory() {
    let programs = Programs::new().await;
    let before = programs.binds();
    for (name, password) in [(WENDY, ""), ("", PASSWORD), (" ", PASSWORD)] {
        let denied = programs.send("urn:1", name, password).await.unwrap_err();
        assert_eq!(denied, Denied::Problem(Problem::Incomplete));
    }
    assert_eq!(programs.binds(), before);
    assert_eq!(programs.world.store.held(Kind::RecentMessage), 0);

    let contents = Contents::demo().unwrap();
    let broken = Programs {
        world: World::with(contents, Arc::default(), Arc::new(Broken)).await,
        key: MessageKey::random().unwrap(),
    };
    let denied = broken.send("urn:1", WENDY, PASSWORD).await.unwrap_err();
    assert_eq!(denied, Denied::Problem(Problem::Busy));
    assert_eq!(broken.binds(), 0);
}
