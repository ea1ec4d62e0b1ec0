//! One valid signed Response, and for each check a way to break exactly that.

mod assertion;
mod envelope;
mod signature;
mod times;
mod users;

use base64::{Engine, engine::general_purpose::STANDARD};
use time::{Duration, OffsetDateTime};

use super::*;
use crate::{
    entra::{
        PendingRequests, Tenant, Whom,
        fixture::{
            self, CURRENT, ISSUER,
            document::{ACS, AUDIENCE, Node, assertion_of, response_to},
        },
        instant,
        verify::{Answer, Expectations, Verdict, Verifier},
    },
    keys::Signer,
};

const SKEW: Duration = Duration::minutes(5);
const REQUEST_ID: &str = "_6f9619ff-8b86-4011-b42d-00c04fc964ff";
const RELAY_STATE: &str = "++//opaque+state/==";

/// A sign-in of Wendy's, valid as it is made.
struct Case {
    tenant: Tenant,
    expectations: Expectations,
    now: OffsetDateTime,
    request: PendingRequest,
    response: Node,
    relay_state: Option<String>,
}

impl Case {
    fn new() -> Self {
        Self::at(OffsetDateTime::now_utc().replace_nanosecond(0).unwrap())
    }

    fn at(now: OffsetDateTime) -> Self {
        Self {
            tenant: fixture::contoso(),
            expectations: Expectations {
                audience: AUDIENCE.to_owned(),
                assertion_consumer_service: ACS.to_owned(),
                clock_skew: SKEW,
                accept_sha1: false,
            },
            now,
            request: PendingRequest {
                protocol: Protocol::Saml,
                id: REQUEST_ID.to_owned(),
                state: RELAY_STATE.to_owned(),
                home: fixture::domain("contoso.onmicrosoft.com"),
                resource: None,
                whom: Whom::User {
                    typed: fixture::name("wmoran@fabrikam.com"),
                    user_principal_name: fixture::name("wmoran@partners.contoso.com"),
                },
                demand: crate::entra::Demand::default(),
                sent_at: now,
            },
            response: response_to(REQUEST_ID, now),
            relay_state: Some(RELAY_STATE.to_owned()),
        }
    }

    fn assertion(&mut self) -> &mut Node {
        assertion_of(&mut self.response)
    }

    fn sign_with(&mut self, signer: &'static Signer) {
        self.assertion().signer = Some(signer);
    }

    /// The verdict on the response as it stands.
    fn judge(&self) -> Verdict {
        self.judge_document(&self.response.to_xml())
    }

    /// The verdict on another document in its place.
    fn judge_document(&self, document: &str) -> Verdict {
        self.judge_field(&STANDARD.encode(document))
    }

    fn judge_field(&self, saml_response: &str) -> Verdict {
        let pending = PendingRequests::new(8, Duration::minutes(10));
        pending.remember(self.request.clone());
        self.judge_among(&pending, saml_response)
    }

    fn judge_among(&self, pending: &PendingRequests, saml_response: &str) -> Verdict {
        let verifier = Verifier {
            tenants: &self.tenant.clone().into(),
            expectations: &self.expectations,
            pending,
        };
        let relay_state = self.relay_state.as_deref();
        verifier.verify(
            Answer::Saml {
                saml_response,
                relay_state,
            },
            self.now,
        )
    }
}

/// The refusal of a valid case after one change.
fn refused(change: impl FnOnce(&mut Case)) -> Refusal {
    let mut case = Case::new();
    change(&mut case);
    case.judge().result.unwrap_err()
}

/// That one change makes the answer misconfigured (50008), for the reason named.
fn misconfigured(change: impl FnOnce(&mut Case), said: &str) {
    let refusal = refused(change);
    assert_eq!(refusal.code, Aadsts::InvalidSamlToken, "{}", refusal.detail);
    assert!(
        refusal.detail.contains(said),
        "not {said:?}: {}",
        refusal.detail
    );
}

/// The same of a change to the assertion alone, made before it is signed.
fn misconfigured_assertion(change: impl FnOnce(&mut Node), said: &str) {
    misconfigured(|case| change(case.assertion()), said);
}

fn accepted(change: impl FnOnce(&mut Case)) -> SignedIn {
    let mut case = Case::new();
    change(&mut case);
    case.judge().result.unwrap()
}

#[test]
fn a_valid_answer_signs_the_user_in() {
    let verdict = Case::new().judge();
    let signed_in = verdict.result.unwrap();
    assert_eq!(
        signed_in.user.user_principal_name.to_string(),
        "wmoran@partners.contoso.com"
    );
    assert_eq!(signed_in.immutable_id, fixture::WENDYS_ANCHOR);
    assert_eq!(signed_in.issuer, ISSUER);
    assert_eq!(signed_in.domain, "partners.contoso.com");
    assert_eq!(signed_in.session_index.as_deref(), Some("_a"));
    assert!(
        signed_in
            .authn_context
            .ends_with(":PasswordProtectedTransport")
    );
    assert_eq!(verdict.request.unwrap().id, REQUEST_ID);
    let names: Vec<_> = verdict.checks.iter().map(|check| check.name).collect();
    assert_eq!(
        names,
        [
            "Response",
            "InResponseTo",
            "RelayState",
            "Destination",
            "Status",
            "Assertion",
            "Issuer",
            "Signature",
            "NameID",
            "Subject confirmation",
            "Conditions",
            "AuthnStatement",
            "ImmutableID",
            "Realm",
            "IDPEmail",
            "User",
        ]
    );
}
