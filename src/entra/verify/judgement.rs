//! One answer on its way through the checks: what they have in common, whichever protocol brought
//! it.

use time::OffsetDateTime;

use super::{Answer, Check, Context, Verdict, Verifier, anchor, shown, signature};
use crate::{
    entra::{
        Aadsts, InternalDomainFederation, PendingRequest, Protocol, Refusal, Tenant, Unanswerable,
        User, Whom,
    },
    xml::{Element, VerifiedElement},
};

/// What has been found so far.
pub(super) struct Judgement<'a> {
    pub(super) verifier: Verifier<'a>,
    pub(super) protocol: Protocol,
    now: OffsetDateTime,
    request: Option<PendingRequest>,
    checks: Vec<Check>,
}

impl<'a> Judgement<'a> {
    pub(super) fn new(verifier: Verifier<'a>, protocol: Protocol, now: OffsetDateTime) -> Self {
        Self {
            verifier,
            protocol,
            now,
            request: None,
            checks: Vec::new(),
        }
    }

    /// The same of an answer whose request was taken before.
    pub(super) fn of_request(mut self, request: Option<PendingRequest>) -> Self {
        self.request = request;
        self
    }

    pub(super) fn reach(mut self, answer: Answer<'_>) -> Verdict {
        let result = match answer {
            Answer::Saml {
                saml_response,
                relay_state,
            } => self.saml_response(saml_response, relay_state),
            Answer::WsFederation { wa, wresult, wctx } => self.sign_in_response(wa, wresult, wctx),
            Answer::WsTrust { assertion } => self.saml1_grant(assertion).map_err(as_grant),
        };
        Verdict {
            request: self.request,
            checks: self.checks,
            result,
        }
    }

    /// Notes a check that held.
    pub(super) fn held(&mut self, name: &'static str, found: impl Into<String>) {
        self.checks.push(Check {
            name,
            found: found.into(),
        });
    }

    /// Whether a check of this name has held.
    pub(super) fn has_held(&self, name: &str) -> bool {
        self.checks.iter().any(|check| check.name == name)
    }

    pub(super) fn context(&self) -> Context<'a> {
        Context {
            expectations: self.verifier.expectations,
            protocol: self.protocol,
            now: self.now,
        }
    }

    /// Takes the request that an answer names; from here on it is used up.
    pub(super) fn take_request(&mut self, name: &str) -> Result<PendingRequest, Unanswerable> {
        let pending = self.verifier.pending;
        let request = pending.take(self.protocol, name, self.now)?;
        self.request = Some(request.clone());
        Ok(request)
    }

    /// Checks the signature that an element carries over itself.
    pub(super) fn signature(
        &self,
        element: &Element,
        federation: &InternalDomainFederation,
    ) -> Result<(VerifiedElement, &'static str), Refusal> {
        signature::Trusted {
            federation,
            context: self.context(),
        }
        .check(element)
    }

    /// The request that the answer names, once that is known.
    pub(super) fn request(&self) -> Option<&PendingRequest> {
        self.request.as_ref()
    }

    /// The user of a tenant who has this source anchor.
    pub(super) fn user_of(
        &mut self,
        tenant: &'a Tenant,
        immutable_id: &str,
    ) -> Result<&'a User, Refusal> {
        let user = tenant
            .users()
            .iter()
            .find(|user| {
                user.on_premises_immutable_id
                    .as_ref()
                    .is_some_and(|id| id.as_str() == immutable_id)
            })
            .ok_or_else(|| anchor::not_found(tenant, immutable_id))?;
        self.held(
            "ImmutableID",
            format!("{immutable_id} is {}", user.user_principal_name),
        );
        Ok(user)
    }

    /// Whether it is the person whom the request was made for.
    pub(super) fn is_whom_was_asked_for(
        &mut self,
        user: &User,
        vouched_by: &str,
        request: &PendingRequest,
    ) -> Result<(), Refusal> {
        let upn = &user.user_principal_name;
        let found = match &request.whom {
            Whom::User {
                typed,
                user_principal_name,
            } => {
                if upn != user_principal_name {
                    return Err(Aadsts::AnotherUserThanTyped.refuse(format!(
                        "{typed} was typed, which is {user_principal_name}; the assertion is about \
                         {upn}.",
                    )));
                }
                format!("the one found for {typed}")
            }
            Whom::AnybodyOf { domain, .. } => {
                if vouched_by != domain.as_str() {
                    return Err(Aadsts::InvalidSamlToken.refuse(format!(
                        "The federation of {domain} was asked, and that of {vouched_by} answers.",
                    )));
                }
                format!("of {domain}, which the link or the policy named")
            }
        };
        self.held("User", found);
        Ok(())
    }
}

/// Of an assertion that an application brings, Entra says by a code of its own what is wrong with it.
fn as_grant(refusal: Refusal) -> Refusal {
    match refusal.code {
        Aadsts::InvalidSamlToken | Aadsts::InvalidSignature => {
            Aadsts::InvalidAssertion.refuse(refusal.detail)
        }
        _ => refusal,
    }
}

/// Refuses a claim that says something else than the directory; `expected` is the user's.
pub(super) fn differs(name: &str, value: &str, expected: &str, user: &User) -> Refusal {
    let hint = match &user.on_premises_user_principal_name {
        Some(email) if value.eq_ignore_ascii_case(&email.to_string()) => {
            " It is the email that was typed, not the cloud UPN."
        }
        _ => "",
    };
    Aadsts::InvalidSamlToken.refuse(format!("{name} is {}, not {expected}.{hint}", shown(value)))
}
