use super::*;
use crate::{
    http::Form,
    saml2::{AuthnRequest, ReceivedRequest},
    trust::{RequestKeys, RequestSignatures},
};

fn ask() -> Ask<'static> {
    Ask {
        login_hint: Some("wmoran+a@fabrikam.com"),
        fresh: false,
        several_factors: false,
        handle: "trip-1_A",
        now: now(),
    }
}

/// The question as the identity provider reads it, and the query that brought it.
async fn asked(settings: Settings, ask: Ask<'_>) -> (AuthnRequest, String, Expected) {
    let provider = TestIdentityProvider::new();
    let ours = ours();
    let upstream = upstream(&provider, settings, terms());
    let leaving = upstream.ask(&ask, &ours).await.unwrap();
    let (address, query) = leaving.address.split_once('?').unwrap();
    assert_eq!(address, SINGLE_SIGN_ON);
    let form = Form::parse(query.as_bytes()).unwrap();
    let mut received = ReceivedRequest::from_redirect(query, &form).unwrap();
    assert_eq!(received.take_relay_state().as_deref(), Some("trip-1_A"));
    let key = ours.current().certificate().public_key().clone();
    let keys = RequestKeys::new(vec![key], false).unwrap();
    let signatures = RequestSignatures::Required(keys);
    let request = received.authenticate(&signatures).unwrap();
    (request, query.to_owned(), leaving.expected)
}

#[tokio::test]
async fn a_question_is_signed_and_its_answer_expected() {
    let (request, query, expected) = asked(settings(), ask()).await;
    assert_eq!(request.issuer, AUDIENCE);
    assert_eq!(request.destination.as_deref(), Some(SINGLE_SIGN_ON));
    assert_eq!(request.subject, None);
    assert!(!request.force_authn && request.authn_context.is_none());
    assert!(query.starts_with("login_hint=wmoran%2Ba%40fabrikam.com&SAMLRequest="));
    let kept = Expected {
        upstream: "fabrikam".to_owned(),
        request_id: request.id,
        code_verifier: None,
        asked_at: now().unix_timestamp(),
        fresh: false,
    };
    assert_eq!(expected, kept);
    let (again, ..) = asked(settings(), ask()).await;
    assert_ne!(again.id, kept.request_id);
}

#[tokio::test]
async fn what_is_asked_for_is_said() {
    let settings = Settings {
        login_hint: LoginHint::Subject,
        ..settings()
    };
    let demanding = Ask {
        fresh: true,
        several_factors: true,
        ..ask()
    };
    let (request, query, expected) = asked(settings.clone(), demanding).await;
    assert!(request.force_authn && expected.fresh);
    assert!(request.authn_context.is_some());
    assert_eq!(request.subject.as_deref(), Some("wmoran+a@fabrikam.com"));
    assert!(query.starts_with("SAMLRequest="), "{query}");

    let silent = Settings {
        login_hint: LoginHint::Off,
        ..settings
    };
    let (request, query, _) = asked(silent, ask()).await;
    assert_eq!(request.subject, None);
    assert!(query.starts_with("SAMLRequest="), "{query}");
}

#[tokio::test]
async fn nobody_is_sent_to_one_of_whom_nothing_is_known() {
    let provider = TestIdentityProvider::new();
    let upstream = upstream(&provider, settings(), terms());
    let UpstreamProtocol::Saml2(saml2) = &upstream.protocol else {
        unreachable!()
    };
    saml2.partner().clone().learn(None);
    let nowhere = UpstreamError::Unavailable("there is no good metadata of it".to_owned());
    assert_eq!(upstream.ask(&ask(), &ours()).await.unwrap_err(), nowhere);
    let answer = provider.answers(now(), &[]);
    let received = upstream.receive_saml2(&answer, &expected(), now());
    assert_eq!(received.unwrap_err(), nowhere);
}
