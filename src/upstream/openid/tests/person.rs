//! Who is asserted, and how she proved it.

use super::*;

#[tokio::test]
async fn she_is_asserted_by_the_address_that_she_proved() {
    let world = World::start().await;
    let leaving = world.leave(|_| {}).await.unwrap();
    let (endpoint, query) = leaving.address.split_once('?').unwrap();
    assert_eq!(endpoint, format!("{}/authorize", world.address));
    let asked = Form::parse(query.as_bytes()).unwrap();
    let value = |name| asked.single(name).unwrap();
    assert_eq!(value("scope"), Some("openid email"));
    assert_eq!(value("state"), Some("h4ndle"));
    assert_eq!(value("nonce"), Some(&*leaving.expected.request_id));
    assert_eq!(value("redirect_uri"), Some(REDIRECT));
    assert_eq!(value("login_hint"), Some("wmoran@fabrikam.com"));
    assert_eq!(value("claims"), None);
    assert_eq!(value("acr_values"), None);

    world.answer(&leaving.expected, &json!({}));
    let asserted = world
        .receive("code=c0de&state=h4ndle", &leaving.expected)
        .await
        .unwrap();
    let wendy = EmailAddress::parse("wmoran@fabrikam.com").unwrap();
    assert_eq!(asserted.upstream(), "fabrikam");
    assert_eq!(*asserted.address(), wendy);
    assert_eq!(asserted.factors(), Factors::One);
    assert_eq!(asserted.authn_instant().unix_timestamp(), NOW - 3600);

    let redeemed = world.provider.asked("/token");
    let [redeemed] = &redeemed[..] else {
        panic!("{redeemed:?}")
    };
    let sent = redeemed.form().unwrap();
    let verifier = sent.single("code_verifier").unwrap().unwrap();
    let challenge = CodeVerifier::kept(verifier).challenge();
    assert_eq!(value("code_challenge"), Some(&*challenge));
    assert_eq!(sent.single("code").unwrap(), Some("c0de"));
    assert_eq!(sent.single("redirect_uri").unwrap(), Some(REDIRECT));
    assert_eq!(
        redeemed.header("authorization"),
        Some("Basic aG9tZXJlYWxtOnMzY3JldA==")
    );
}

#[tokio::test]
async fn questions_are_never_the_same() {
    let world = World::start().await;
    let (a, b) = (world.leave(|_| {}).await, world.leave(|_| {}).await);
    let (a, b) = (a.unwrap().expected, b.unwrap().expected);
    assert_ne!(a.request_id, b.request_id);
    assert_ne!(a.code_verifier, b.code_verifier);
    assert_eq!(world.provider.asked(DISCOVERY).len(), 1);
}

#[tokio::test]
async fn whom_it_does_not_speak_for_it_cannot_assert() {
    let world = World::start().await;
    for foreign in [
        "ceo@contoso.com",
        "wmoran@adatum.com",
        "wmoran@sub.fabrikam.com",
        "wmoran@fabrikam.com.evil.example",
        "mallory@gmail.com",
    ] {
        let refused = world
            .sign_in(json!({ "email": foreign }))
            .await
            .unwrap_err();
        assert_eq!(refused, UpstreamError::ForeignAddress(foreign.to_owned()));
    }
    for bad in [
        "wmoran",
        "",
        "a@b@fabrikam.com",
        "wmoran@fabrikam.com\n",
        "wmoran@fabrikam.com\u{0}",
    ] {
        let refused = world.sign_in(json!({ "email": bad })).await;
        assert!(
            matches!(refused, Err(UpstreamError::NoAddress(_))),
            "{bad:?}"
        );
    }
    let whole = world.sign_in(json!({"email": "Wendy@GMail.com"})).await;
    assert!(whole.is_ok());
    for unverified in [json!(false), json!(null)] {
        let refused = world.sign_in(json!({ "email_verified": unverified })).await;
        assert!(matches!(refused, Err(UpstreamError::NoAddress(_))));
    }
}

#[tokio::test]
async fn several_factors_count_from_whom_we_trust_to_say_so() {
    let mut world = World::start().await;
    let asked = world.leave(|ask| ask.several_factors = true).await.unwrap();
    assert!(
        asked
            .address
            .contains("acr_values=https%3A%2F%2Frefeds.org%2Fprofile%2Fmfa")
    );
    let several = json!({"amr": ["pwd", "mfa"]});
    let trusted = world.sign_in(several.clone()).await.unwrap();
    assert_eq!(trusted.factors(), Factors::Several);
    assert_eq!(
        world.sign_in(json!({})).await.unwrap().factors(),
        Factors::One
    );
    let odd = json!({"amr": "mfa"});
    assert!(world.sign_in(odd.clone()).await.is_err());
    world.upstream.terms.trusted_for_mfa = false;
    assert!(world.sign_in(odd).await.is_ok());
    assert_eq!(
        world.sign_in(several).await.unwrap().factors(),
        Factors::One
    );
}

#[tokio::test]
async fn a_new_proof_is_asked_for_and_an_old_one_refused() {
    let world = World::start().await;
    let leaving = world.leave(|ask| ask.fresh = true).await.unwrap();
    assert!(leaving.address.contains("&prompt=login&max_age=0"));
    for (auth_time, good) in [
        (json!(NOW - 3600), false),
        (json!(null), false),
        (json!(NOW), true),
    ] {
        world.answer(&leaving.expected, &json!({ "auth_time": auth_time }));
        let judged = world.receive("code=c&state=h", &leaving.expected).await;
        assert_eq!(judged.is_ok(), good, "{auth_time}: {judged:?}");
        if auth_time == NOW - 3600 {
            assert_eq!(judged.unwrap_err(), UpstreamError::NotFresh);
        }
    }
}
