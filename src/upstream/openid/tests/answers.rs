//! Answers that fit no question, keys and other documents, and whose fault it is.

use super::*;

#[tokio::test]
async fn an_answer_to_another_question_is_none() {
    let world = World::start().await;
    let first = world.leave(|_| {}).await.unwrap().expected;
    let second = world.leave(|_| {}).await.unwrap().expected;
    // Somebody else's code, slipped in: its ID token has the nonce of that question.
    world.answer(&first, &json!({}));
    let refused = world.receive("code=c&state=h", &second).await.unwrap_err();
    assert!(matches!(refused, UpstreamError::NotAsked(_)), "{refused:?}");
    world.answer(&second, &json!({ "nonce": null }));
    assert!(world.receive("code=c&state=h", &second).await.is_err());
    world.answer(&second, &json!({}));
    let redeemed = world.provider.asked("/token").len();
    for query in [
        "code=c",
        "code=c&state=h&iss=https://evil.example",
        "state=h&error=e&iss=x",
    ] {
        let refused = world.receive(query, &second).await.unwrap_err();
        assert!(matches!(refused, UpstreamError::NotAsked(_)), "{query}");
    }
    let another = Expected {
        upstream: "adatum".to_owned(),
        ..second.clone()
    };
    let mixed_up = world.receive("code=c&state=h", &another).await.unwrap_err();
    assert!(matches!(mixed_up, UpstreamError::NotAsked(_)));
    let by_saml = Expected {
        code_verifier: None,
        ..second.clone()
    };
    let refused = world.receive("code=c&state=h", &by_saml).await.unwrap_err();
    assert!(matches!(refused, UpstreamError::NotAsked(_)));
    // None of these codes went anywhere.
    assert_eq!(world.provider.asked("/token").len(), redeemed);
    assert!(world.receive("code=c&state=h", &second).await.is_ok());
}

#[tokio::test]
async fn an_issuer_that_names_itself_does_so_always() {
    let named = |discovery: &mut Value| {
        discovery["authorization_response_iss_parameter_supported"] = json!(true);
    };
    let world = World::with(named, |_| {}).await;
    let expected = world.leave(|_| {}).await.unwrap().expected;
    world.answer(&expected, &json!({}));
    let refused = world.receive("code=c&state=h", &expected).await;
    assert!(matches!(refused, Err(UpstreamError::NotAsked(_))));
    let query = format!("code=c&state=h&iss={}", world.address);
    assert!(world.receive(&query, &expected).await.is_ok());
}

#[tokio::test]
async fn a_new_key_is_fetched_when_it_is_met_and_not_at_each_token() {
    let world = World::start().await;
    assert!(world.sign_in(json!({})).await.is_ok());
    let expected = world.leave(|_| {}).await.unwrap().expected;
    let with_key = |id: &str| {
        let header = json!({"alg": "RS256", "kid": id});
        let claims = world.claims(&expected, &json!({}));
        let tokens = json!({"id_token": world.issuer.token(&header, &claims)});
        world.provider.give("/token", &tokens);
    };
    with_key("new");
    let refused = world.receive("code=c&state=h", &expected).await;
    assert!(matches!(refused, Err(UpstreamError::Invalid(_))));
    assert_eq!(world.provider.asked("/keys").len(), 1);

    let mut keys = world.issuer.key_set();
    keys["keys"][0]["kid"] = json!("new");
    world.provider.give("/keys", &keys);
    tokio::time::pause();
    tokio::time::advance(std::time::Duration::from_secs(31)).await;
    tokio::time::resume();
    assert!(world.receive("code=c&state=h", &expected).await.is_ok());
    for _ in 0..3 {
        with_key("unknown");
        assert!(world.receive("code=c&state=h", &expected).await.is_err());
    }
    assert_eq!(world.provider.asked("/keys").len(), 2);
}

#[tokio::test]
async fn what_the_id_token_leaves_out_is_asked_for() {
    let world = World::with(
        |discovery| {
            let base = discovery["issuer"].as_str().unwrap().to_owned();
            discovery["userinfo_endpoint"] = json!(format!("{base}/me"));
            discovery["claims_parameter_supported"] = json!(true);
        },
        |_| {},
    )
    .await;
    let leaving = world.leave(|_| {}).await.unwrap();
    assert!(leaving.address.contains("claims=%7B%22id_token%22"));
    let without = json!({"email": null, "email_verified": null});
    let me =
        json!({"sub": "wendy's number", "email": "wmoran@fabrikam.com", "email_verified": true});
    world.provider.give("/me", &me);
    assert!(world.sign_in(without.clone()).await.is_ok());
    let asked = world.provider.asked("/me");
    assert_eq!(asked[0].header("authorization"), Some("Bearer at"));

    // About somebody else; not verified; foreign; nothing.
    for (name, value) in [
        ("sub", json!("another")),
        ("sub", json!(null)),
        ("email_verified", json!(false)),
        ("email", json!("ceo@contoso.com")),
        ("email", json!(null)),
    ] {
        let mut other = me.clone();
        other[name] = value;
        world.provider.give("/me", &other);
        assert!(world.sign_in(without.clone()).await.is_err(), "{other}");
    }
    // The word of one place does not hold for the address of the other.
    world.provider.give("/me", &me);
    let unverified = json!({ "email_verified": null });
    assert!(world.sign_in(unverified).await.is_err());
}

#[tokio::test]
async fn who_is_at_fault_is_told() {
    let world = World::start().await;
    let expected = world.leave(|_| {}).await.unwrap().expected;
    let kind = |error: &UpstreamError| match error {
        E::Unavailable(_) => "away",
        E::Refused(_) => "refused",
        E::Invalid(_) => "invalid",
        E::Ours(_) => "ours",
        _ => "other",
    };
    for (status, body, wanted) in [
        (400, r#"{"error":"invalid_grant"}"#, "invalid"),
        (401, r#"{"error":"invalid_client"}"#, "ours"),
        (400, "<html>", "invalid"),
        (200, "{}", "invalid"),
        (503, "", "away"),
        (302, "", "away"),
    ] {
        let status = StatusCode::from_u16(status).unwrap();
        world.provider.answer("/token", status, body);
        let error = world
            .receive("code=c&state=h", &expected)
            .await
            .unwrap_err();
        assert_eq!(kind(&error), wanted, "{status} {body}: {error}");
        assert!(!error.to_string().contains("s3cret"));
    }
    let much = format!("{}{}", r#"{"error":"invalid_grant"}"#, " ".repeat(300_000));
    world
        .provider
        .answer("/token", StatusCode::BAD_REQUEST, much);
    let error = world.receive("code=c&state=h", &expected).await;
    assert_eq!(kind(&error.unwrap_err()), "away");
    for (error, wanted) in [
        ("access_denied", "refused"),
        ("login_required", "refused"),
        ("temporarily_unavailable", "away"),
    ] {
        let query = format!("state=h&error={error}");
        let error = world.receive(&query, &expected).await.unwrap_err();
        assert_eq!(kind(&error), wanted, "{query}");
    }
    assert!(!format!("{:?}", world.upstream).contains("s3cret"));
}

#[tokio::test]
async fn a_provider_that_cannot_be_had_is_away() {
    let away = |error| matches!(error, Err(UpstreamError::Unavailable(_)));
    let world = World::start().await;
    world
        .provider
        .answer(DISCOVERY, StatusCode::MOVED_PERMANENTLY, "");
    assert!(away(world.leave(|_| {}).await.map(|_| ())));

    let other = |discovery: &mut Value| discovery["issuer"] = json!("https://evil.example");
    let world = World::with(other, |_| {}).await;
    assert!(away(world.leave(|_| {}).await.map(|_| ())));

    let world = World::start().await;
    let much = format!("{{\"x\":\"{}\"}}", "x".repeat(LARGEST_DISCOVERY));
    world.provider.answer(DISCOVERY, StatusCode::OK, much);
    assert!(away(world.leave(|_| {}).await.map(|_| ())));

    // A server with a certificate of another CA.
    let world = World::with(
        |_| {},
        |settings| {
            let ca = LocalCa::new().unwrap();
            settings.tls = client_config(&[ca.ca_pem().as_bytes()]).unwrap();
        },
    )
    .await;
    assert!(away(world.leave(|_| {}).await.map(|_| ())));

    let world = World::start().await;
    world
        .provider
        .answer("/keys", StatusCode::OK, r#"{"keys":[]}"#);
    assert!(away(world.sign_in(json!({})).await.map(|_| ())));
}
