//! One valid answer by WS-Federation, and for each check a way to break exactly that; and the same
//! assertion as the grant of an application.

mod answer;
mod assertion;
mod circumstances;
mod grant;
mod signature;
mod times;
mod users;

use time::{Duration, OffsetDateTime};

use super::*;
use crate::{
    entra::{
        PendingRequest, PendingRequests, Protocol, Tenant, Whom,
        fixture::{
            self, ISSUER,
            document::{ACS, AUDIENCE, Node},
            saml1::{saml1, sign_in_response},
        },
        instant,
        verify::{Answer, Expectations, Verdict, Verifier},
    },
    keys::Signer,
};

const SKEW: Duration = Duration::minutes(5);
const ID: &str = "6f9619ff-8b86-4011-b42d-00c04fc964ff";
const WCTX: &str = "LoginOptions=3&estsredirect=2&estsrequest=rQQIARAA-_opaque+1";
const ANCHOR_NAMESPACE: &str = "http://schemas.microsoft.com/LiveID/Federation/2008/05";

/// A sign-in of Wendy's, valid as it is made.
struct Case {
    tenant: Tenant,
    expectations: Expectations,
    now: OffsetDateTime,
    request: PendingRequest,
    answer: Node,
    wa: Option<&'static str>,
    wctx: Option<String>,
}

impl Case {
    fn new() -> Self {
        Self::at(OffsetDateTime::now_utc().replace_nanosecond(0).unwrap())
    }

    fn at(now: OffsetDateTime) -> Self {
        Self {
            tenant: fixture::contoso_by_ws_federation(),
            expectations: Expectations {
                audience: AUDIENCE.to_owned(),
                assertion_consumer_service: ACS.to_owned(),
                clock_skew: SKEW,
                accept_sha1: false,
            },
            now,
            request: PendingRequest {
                protocol: Protocol::WsFederation,
                id: ID.to_owned(),
                state: WCTX.to_owned(),
                home: fixture::domain("contoso.onmicrosoft.com"),
                resource: None,
                whom: Whom::User {
                    typed: fixture::name("wmoran@fabrikam.com"),
                    user_principal_name: fixture::name("wmoran@partners.contoso.com"),
                },
                demand: crate::entra::Demand::default(),
                sent_at: now,
            },
            answer: sign_in_response(now),
            wa: Some("wsignin1.0"),
            wctx: Some(WCTX.to_owned()),
        }
    }

    fn assertion(&mut self) -> &mut Node {
        self.answer.at("RequestedSecurityToken/Assertion")
    }

    fn sign_with(&mut self, signer: &'static Signer) {
        self.assertion().signer = Some(signer);
    }

    /// The verdict on the answer as it stands.
    fn judge(&self) -> Verdict {
        self.judge_document(&self.answer.to_xml())
    }

    /// The verdict on another document in its place.
    fn judge_document(&self, wresult: &str) -> Verdict {
        let pending = PendingRequests::new(8, Duration::minutes(10));
        pending.remember(self.request.clone());
        self.judge_among(&pending, wresult)
    }

    fn judge_among(&self, pending: &PendingRequests, wresult: &str) -> Verdict {
        self.verify(
            pending,
            Answer::WsFederation {
                wa: self.wa,
                wresult,
                wctx: self.wctx.as_deref(),
            },
        )
    }

    fn verify(&self, pending: &PendingRequests, answer: Answer<'_>) -> Verdict {
        let verifier = Verifier {
            tenants: &self.tenant.clone().into(),
            expectations: &self.expectations,
            pending,
        };
        verifier.verify(answer, self.now)
    }
}

/// The refusal of a valid case after one change.
fn refused(change: impl FnOnce(&mut Case)) -> Refusal {
    let mut case = Case::new();
    change(&mut case);
    case.judge().result.unwrap_err()
}

/// That one change is refused with this code, for the reason named.
fn refused_with(code: Aadsts, change: impl FnOnce(&mut Case), said: &str) {
    let refusal = refused(change);
    assert_eq!(refusal.code, code, "{}", refusal.detail);
    assert!(
        refusal.detail.contains(said),
        "not {said:?}: {}",
        refusal.detail
    );
}

/// That one change to the assertion, made before it is signed, makes it misconfigured (50008).
fn misconfigured(change: impl FnOnce(&mut Node), said: &str) {
    refused_with(
        Aadsts::InvalidSamlToken,
        |case| change(case.assertion()),
        said,
    );
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
    assert_eq!(signed_in.protocol, Protocol::WsFederation);
    assert_eq!(signed_in.immutable_id, fixture::WENDYS_ANCHOR);
    assert_eq!(signed_in.issuer, ISSUER);
    assert_eq!(signed_in.domain, "partners.contoso.com");
    assert_eq!(signed_in.session_index, None);
    assert!(signed_in.authn_context.ends_with(":am:password"));
    assert_eq!(verdict.request.unwrap().id, ID);
    let names: Vec<_> = verdict.checks.iter().map(|check| check.name).collect();
    assert_eq!(
        names,
        [
            "wctx",
            "wresult",
            "Token",
            "Issuer",
            "Signature",
            "Conditions",
            "Subject",
            "AuthenticationStatement",
            "NameIdentifier",
            "ImmutableID",
            "Realm",
            "UPN",
            "User",
        ]
    );
}
