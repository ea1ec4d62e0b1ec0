//! One good answer or request, and one thing wrong with it.

use super::*;

/// What is wrong with an answer.
pub(super) fn answers() -> Vec<(Aadsts, &'static [By], Change)> {
    let second_factor: Change = |it| it.demand.mfa = true;
    vec![
        (Aadsts::WsFedSignInResponse, &[WsFederation], |it| {
            it.loses_state = true;
        }),
        (Aadsts::WsFedMessageInvalid, &[WsFederation], |it| {
            it.response.repeat("TokenType");
        }),
        (Aadsts::InvalidSignature, BROWSER, |it| {
            it.alter = |text| text.replace("wmoran@", "wmoram@");
        }),
        (Aadsts::InvalidSamlToken, BROWSER, |it| {
            it.for_audience("https://sp.example/");
        }),
        (Aadsts::InvalidSamlToken, &[Saml], |it| {
            it.loses_state = true;
        }),
        (Aadsts::InvalidAssertion, &[WsTrust], |it| {
            it.for_audience("https://sp.example/");
        }),
        (Aadsts::InvalidAssertion, &[WsTrust], |it| {
            it.alter = |text| text.replace("wmoran@", "wmoram@");
        }),
        (Aadsts::SigningKeyNotRegistered, ANY, |it| {
            it.assertion().signer = Some(&STRANGER);
        }),
        (Aadsts::AssertionNotPresent, ANY, |it| {
            it.assertion().signer = None;
        }),
        (Aadsts::TokenValidationPolicy, ANY, |it| {
            it.issued_by(fixture::OTHER_ISSUER);
        }),
        (Aadsts::AssertionNotValidNow, BROWSER, Trial::expired),
        (Aadsts::GrantNotValidNow, &[WsTrust], Trial::expired),
        (Aadsts::NotInTenant, ANY, |it| it.at = "fabrikam.com"),
        (Aadsts::SecondFactorMissing, BROWSER, second_factor),
        (Aadsts::SecondFactorMissing, &[Saml], |it| {
            // The identity provider says by itself that it cannot.
            it.demand.mfa = true;
            it.alter = |text| {
                let code = "<samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:";
                let end = "\"></samlp:StatusCode>";
                let success = format!("{code}Success{end}");
                assert!(text.contains(&success));
                let cannot =
                    format!("{code}Responder\">{code}NoAuthnContext{end}</samlp:StatusCode>");
                text.replace(&success, &cannot)
            };
        }),
        (Aadsts::UnknownRealm, ANY, |it| {
            it.issued_by(&format!("{}/", fixture::ISSUER));
        }),
        (Aadsts::ImmutableIdNotFound, ANY, |it| {
            it.about("wmoran@partners.contoso.com", "AAAAAAAAAAAAAAAAAAAAAA==");
        }),
        (Aadsts::AccountNotInTenant, BROWSER, |it| {
            it.demand.mfa = true;
            it.about("wmoran@partners.contoso.com", "AAAAAAAAAAAAAAAAAAAAAA==");
        }),
        (Aadsts::AccountNotInTenant, BROWSER, |it| {
            it.demand.mfa = true;
            it.at = "fabrikam.com";
        }),
        (Aadsts::AnotherUserThanTyped, BROWSER, |it| {
            it.about("alex@partners.contoso.com", "alex");
        }),
        (Aadsts::ImmutableIdMissing, &[WsFederation, WsTrust], |it| {
            it.assertion().at("AttributeStatement").children.pop();
        }),
        (
            Aadsts::WsFederationNotSupported,
            &[WsFederation, WsTrust],
            |it| {
                it.then = |_| fixture::contoso();
            },
        ),
        (Aadsts::UnknownRealm, &[Saml], |it| {
            it.then = |_| fixture::contoso_by_ws_federation();
        }),
        (Aadsts::GuestNotAllowed, BROWSER, |it| {
            it.demand.members_only = true;
        }),
        (Aadsts::InvalidXml, ANY, |it| {
            it.alter = |text| text.replace("</", "<!-- --></");
        }),
    ]
}

/// What is wrong with a request: the code, the method, the address, and what is posted.
pub(super) const REQUESTS: [(Aadsts, &str, &str); 8] = [
    (
        Aadsts::UserAccountNotFound,
        "/contoso.com/login?login_hint=nobody%40contoso.com",
        "",
    ),
    (
        Aadsts::InvalidDomainName,
        "/contoso.com/login?login_hint=wmoran",
        "",
    ),
    (
        Aadsts::UnsupportedGrant,
        "/contoso.com/oauth2/v2.0/token",
        "grant_type=password",
    ),
    (
        Aadsts::TenantNotFound,
        "/adatum.com/login?login_hint=wmoran%40fabrikam.com",
        "",
    ),
    (Aadsts::MissingField, "/GetUserRealm.srf?json=1", ""),
    (
        Aadsts::MissingTenantRealm,
        "/common/login?login_hint=somebody%40adatum.com",
        "",
    ),
    (Aadsts::WsFedMessageNotRead, "/login.srf", "wa=wsignin1.0"),
    (
        Aadsts::WsFedMessageNotRead,
        "/login.srf",
        "SAMLResponse=x&wresult=x&wa=wsignin1.0",
    ),
];

#[test]
fn a_trial_with_nothing_wrong_is_accepted() {
    for by in ANY {
        let outcome = Trial::new(*by).outcome();
        assert!(
            matches!(outcome.decision, Decision::SignedIn(_)),
            "{}: {:?}",
            by.name(),
            outcome.decision
        );
    }
}

#[test]
fn each_mistake_is_refused_with_its_code_by_each_protocol() {
    for (index, (code, protocols, change)) in answers().into_iter().enumerate() {
        for by in protocols {
            let mut trial = Trial::new(*by);
            change(&mut trial);
            match trial.outcome().decision {
                Decision::Refused(refusal) => {
                    let told = format!("{index} by {}: {}", by.name(), refusal.detail);
                    assert_eq!(refusal.code, code, "{told}");
                    assert!(!refusal.detail.is_empty() && !refusal.message.is_empty());
                }
                Decision::SignedIn(_) => panic!("{code} by {}: accepted", by.name()),
            }
        }
    }
}

#[test]
fn each_mistaken_request_is_refused_with_its_code() {
    let settings = Settings::at("https://login.example");
    let simulator = Simulator::new(fixture::contoso(), settings);
    for (code, target, body) in REQUESTS {
        let mut headers = HeaderMap::new();
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        headers.insert(CONTENT_TYPE, form);
        let method = match body {
            "" => Method::GET,
            _ => Method::POST,
        };
        let page = send_with(&simulator, method, target, headers, body);
        assert!(page.status.is_client_error(), "{target}");
        let last = simulator.outcomes().pop().unwrap();
        match last.decision {
            Decision::Refused(refusal) => assert_eq!(refusal.code, code, "{target} {body}"),
            Decision::SignedIn(_) => panic!("{target}"),
        }
    }
}

/// The tolerated difference is not refused, so that the tests above are about more than rigour.
#[test]
fn a_clock_within_the_skew_is_no_mistake() {
    for by in ANY {
        let mut trial = Trial::new(*by);
        trial.now += Duration::minutes(4);
        assert!(matches!(trial.outcome().decision, Decision::SignedIn(_)));
    }
}
