//! Requests as they arrive.

use super::*;

#[test]
fn entras_own_request_is_understood() {
    assert_eq!(
        sign_in(ENTRA),
        SignIn {
            realm: "urn:federation:MicrosoftOnline".into(),
            context: Some("estsredirect=2&estsrequest=rQQIARAA_-+s0".into()),
            reply: None,
            max_age: None,
            authentication: None,
            home_realm: None,
            sent: None,
            client_request_id: Some("6d7e8b1c-0d6c-4d0e-9a53-6f1f3a6d2f10".into()),
        }
    );
    // As the script of its page has edited it; and as a form.
    let edited = format!(
        "{ENTRA}&cbcxt=&username=wmoran%40fabrikam.com&mkt=&lc=&popupui=&mfa_max_age=259200"
    );
    assert_eq!(sign_in(&edited), sign_in(ENTRA));
    let posted = parse_both(
        "client-request-id=6d7e8b1c-0d6c-4d0e-9a53-6f1f3a6d2f10",
        ENTRA,
    );
    assert_eq!(posted, parse(ENTRA));
}

#[test]
fn the_context_is_decoded_once() {
    for (sent, kept) in [
        ("wctx=", Some("")),
        ("wctx", Some("")),
        ("", None),
        ("wctx=a%2Bb+c%20d%2526e%26f%3D", Some("a+b c d%26e&f=")),
        ("wctx=%22%3E%3Cscript%3E", Some("\"><script>")),
        ("wctx=%C3%A4%F0%9F%90%88", Some("ä🐈")),
    ] {
        assert_eq!(sign_in(&with(sent)).context.as_deref(), kept, "{sent}");
    }
    let longest = format!("wctx={}", "x".repeat(MAX_CONTEXT));
    assert_eq!(
        sign_in(&with(&longest))
            .context
            .map(|context| context.len()),
        Some(MAX_CONTEXT)
    );
}

#[test]
fn options_are_read() {
    let minutes = |minutes: u64| Some(Duration::from_secs(60 * minutes));
    for (sent, max_age) in [
        ("wfresh=0", minutes(0)),
        ("wfresh=30", minutes(30)),
        ("wfresh=0.9", minutes(0)),
        ("wfresh=5.0", minutes(5)),
        ("wfresh=4294967295", minutes(4_294_967_295)),
        ("wfresh=", None),
        ("prompt=login", minutes(0)),
        ("prompt=consent+login&wfresh=30", minutes(0)),
        ("prompt=select_account&prompt=", None),
    ] {
        assert_eq!(sign_in(&with(sent)).max_age, max_age, "{sent}");
    }
    let asked = sign_in(&with(
        "wreply=https%3A%2F%2Frp.test%2F&whr=fabrikam.com&wct=2026-11-23T12%3A00%3A00Z",
    ));
    assert_eq!(asked.reply.as_deref(), Some("https://rp.test/"));
    assert_eq!(asked.home_realm.as_deref(), Some("fabrikam.com"));
    assert_eq!(
        asked.sent.map(OffsetDateTime::unix_timestamp),
        Some(1_795_435_200)
    );
    let empty = sign_in(&with("wreply=&whr=&wct=&wauth=&client-request-id="));
    assert_eq!(empty, sign_in(&with("")));
    let no_guid = sign_in(&with("client-request-id=%0a%7b%22event%22"));
    assert_eq!(no_guid.client_request_id, None);
}

#[test]
fn the_password_answers_where_more_factors_are_asked_for_and_nothing_else() {
    use RequestedAuthentication::{Password, SeveralFactors};
    for (uri, asked) in [
        (
            "http://schemas.microsoft.com/ws/2008/06/identity/authenticationmethod/password",
            Password,
        ),
        ("urn:oasis:names:tc:SAML:1.0:am:password", Password),
        (
            "http://schemas.microsoft.com/claims/multipleauthn",
            SeveralFactors,
        ),
        (
            "http://schemas.microsoft.com/claims/wiaormultiauthn",
            SeveralFactors,
        ),
    ] {
        let asks = sign_in(&with(&format!("wauth={uri}")));
        assert_eq!(asks.authentication, Some(asked), "{uri}");
    }
    for uri in [
        "urn:federation:authentication:windows",
        "urn:ietf:rfc:2246",
        "HTTP://schemas.microsoft.com/claims/multipleauthn",
    ] {
        let refused = RequestError::Authentication(uri.into());
        assert_eq!(parse(&with(&format!("wauth={uri}"))), Err(refused));
    }
}

#[test]
fn the_sessions_end_is_asked_for_in_four_ways() {
    let none = Request::SignOut(SignOut::default());
    for query in [
        "",
        "wa=",
        "wa=wsignout1.0",
        "wa=wsignoutcleanup1.0",
        "wa=wsignout1.0&wreply=&wtrealm=x&wctx=y",
        "client-request-id=1&mkt=",
    ] {
        assert_eq!(parse(query).as_ref(), Ok(&none), "{query}");
    }
    for action in ["wsignout1.0", "wsignoutcleanup1.0"] {
        assert_eq!(
            parse(&format!("wa={action}&wreply=https://rp.test/")),
            Ok(Request::SignOut(SignOut {
                reply: Some("https://rp.test/".into())
            }))
        );
    }
}

#[test]
fn what_is_no_request_is_refused() {
    let long = |name: &str, length| with(&format!("{name}={}", "x".repeat(length)));
    for (query, error) in [
        ("wtrealm=urn:rp".to_owned(), RequestError::NoAction),
        ("SAMLRequest=x".to_owned(), RequestError::NoAction),
        ("wresult=x".to_owned(), RequestError::NoAction),
        ("wa=wattr1.0".to_owned(), RequestError::UnknownAction),
        (
            "wa=WSIGNIN1.0&wtrealm=x".to_owned(),
            RequestError::UnknownAction,
        ),
        ("wa=wsignin1.0".to_owned(), RequestError::NoRealm),
        ("wa=wsignin1.0&wtrealm=".to_owned(), RequestError::NoRealm),
        (long("wctx", MAX_CONTEXT + 1), RequestError::TooLong("wctx")),
        (long("wreply", 2049), RequestError::TooLong("wreply")),
        (long("wauth", 2049), RequestError::TooLong("wauth")),
        (long("whr", 2049), RequestError::TooLong("whr")),
        (
            format!("wa=wsignin1.0&wtrealm={}", "x".repeat(2049)),
            RequestError::TooLong("wtrealm"),
        ),
        (
            format!("wa=wsignout1.0&wreply={}", "x".repeat(2049)),
            RequestError::TooLong("wreply"),
        ),
        (with("wfresh=soon"), RequestError::Freshness),
        (with("wfresh=-1"), RequestError::Freshness),
        (with("wfresh=%2B1"), RequestError::Freshness),
        (with("wfresh=."), RequestError::Freshness),
        (with("wfresh=1.-1"), RequestError::Freshness),
        (with("wfresh=4294967296"), RequestError::Freshness),
        (with("wct=yesterday"), RequestError::SentAt),
        (with("wct=2026-11-23T12:00:00"), RequestError::SentAt),
        (with("wctx=%zz"), RequestError::Form(FormError::Malformed)),
        (with("wctx=%ff"), RequestError::Form(FormError::Malformed)),
    ] {
        assert_eq!(parse(&query), Err(error), "{query}");
    }
    for control in ["%00", "%0a", "%0d%0a", "%09", "%1b", "%7f", "%c2%85"] {
        for name in ["wctx", "wreply", "wauth", "whr"] {
            let query = with(&format!("{name}=a{control}b"));
            assert_eq!(
                parse(&query),
                Err(RequestError::ControlCharacter(name)),
                "{query}"
            );
        }
    }
}

/// Which of two would count is not known, to us or to whoever checked the request before us.
#[test]
fn parameters_are_not_given_twice() {
    for name in [
        "wa", "wtrealm", "wctx", "wreply", "wfresh", "wauth", "whr", "wct",
    ] {
        let repeated = Err(RequestError::Form(FormError::Repeated(name)));
        let base = "wa=wsignin1.0&wtrealm=x&wctx=x&wreply=x&wfresh=0&wct=2026-11-23T12:00:00Z\
                    &wauth=urn:oasis:names:tc:SAML:1.0:am:password&whr=x";
        assert!(parse(base).is_ok());
        assert_eq!(parse(&format!("{base}&{name}=x")), repeated);
        assert_eq!(parse(&format!("{base}&{name}")), repeated, "an empty one");
        assert_eq!(parse_both(base, &format!("{name}=x")), repeated);
    }
}
