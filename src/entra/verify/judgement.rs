//! The order of the checks, and what each one says when it holds.

use time::OffsetDateTime;

use super::{
    Answer, Check, Context, SignedIn, Verdict, Verifier, anchor, conditions,
    envelope::{self, Envelope},
    shown, signature, statements, subject,
};
use crate::{
    entra::{
        Aadsts, Domain, InternalDomainFederation, PendingRequest, Refusal, Unanswerable, User,
    },
    xml::{Element, VerifiedElement},
};

/// One answer on its way through the checks.
pub(super) struct Judgement<'a> {
    verifier: Verifier<'a>,
    now: OffsetDateTime,
    request: Option<PendingRequest>,
    checks: Vec<Check>,
}

impl<'a> Judgement<'a> {
    pub(super) fn new(verifier: Verifier<'a>, now: OffsetDateTime) -> Self {
        Self {
            verifier,
            now,
            request: None,
            checks: Vec::new(),
        }
    }

    pub(super) fn reach(mut self, answer: Answer<'_>) -> Verdict {
        let result = self.judge(answer);
        Verdict {
            request: self.request,
            checks: self.checks,
            result,
        }
    }

    fn judge(&mut self, answer: Answer<'_>) -> Result<SignedIn, Refusal> {
        let document = envelope::decode(answer.saml_response)?;
        let envelope = Envelope::of(&document)?;
        self.held("Response", "one well-formed SAML 2.0 Response");
        let request = self.answered_request(&envelope)?;
        self.relay_state(&request, answer.relay_state)?;
        self.destination(&envelope)?;
        envelope.status()?;
        self.held("Status", "Success");
        let assertion = envelope.only_assertion()?;
        self.held("Assertion", "exactly one, not encrypted");

        let (domain, federation) = self.issuer(assertion)?;
        let verified = self.signature(assertion, federation)?;
        if envelope.is_signed() {
            self.trusted(federation).check(envelope.element())?;
            self.held("Response signature", "holds too");
        }
        let context = Context {
            expectations: self.verifier.expectations,
            request_id: &request.id,
            now: self.now,
        };
        self.accept(
            &verified,
            &envelope,
            (domain, federation),
            &context,
            &request,
        )
    }

    /// From here on there is nothing but what was signed.
    fn accept(
        &mut self,
        assertion: &Element,
        envelope: &Envelope<'_>,
        (domain, federation): (&'a Domain, &'a InternalDomainFederation),
        context: &Context<'_>,
        request: &PendingRequest,
    ) -> Result<SignedIn, Refusal> {
        conditions::check_outline(assertion, &federation.issuer_uri, context)?;
        envelope.issuer_agrees(&federation.issuer_uri)?;
        let subject = subject::Subject::read(assertion)?;
        self.held("NameID", "persistent, at most 64 characters");
        subject.confirmation.check(context)?;
        self.held(
            "Subject confirmation",
            "bearer, for this address, this request and this time",
        );
        conditions::check(assertion, context)?;
        self.held("Conditions", "this audience and this time");
        let authn = statements::Authn::read(assertion, context)?;
        self.held("AuthnStatement", authn.class.as_str());

        let user = self.user_of(subject.name_id)?;
        self.held(
            "ImmutableID",
            format!("{} is {}", subject.name_id, user.user_principal_name),
        );
        self.realm_may_speak_for(user, domain)?;
        statements::check_names(assertion, user, subject.name_id)?;
        self.held(
            "IDPEmail",
            format!("the cloud UPN, {}", user.user_principal_name),
        );
        if user.user_principal_name != request.user_principal_name {
            return Err(Aadsts::AnotherUserThanTyped.refuse(format!(
                "{} was typed, which is {}; the assertion is about {}.",
                request.typed, request.user_principal_name, user.user_principal_name
            )));
        }
        self.held("User", format!("the one found for {}", request.typed));
        Ok(SignedIn {
            user: user.clone(),
            issuer: federation.issuer_uri.clone(),
            domain: domain.name.to_string(),
            immutable_id: subject.name_id.to_owned(),
            authn_context: authn.class,
            authn_instant: authn.instant,
            session_index: authn.session_index,
        })
    }

    fn held(&mut self, name: &'static str, found: impl Into<String>) {
        self.checks.push(Check {
            name,
            found: found.into(),
        });
    }

    fn answered_request(&mut self, envelope: &Envelope<'_>) -> Result<PendingRequest, Refusal> {
        let id = envelope.in_response_to.ok_or_else(|| {
            Aadsts::InvalidSamlToken
                .refuse("The Response has no InResponseTo: nobody asked for it (IdP-initiated).")
        })?;
        let request = self.verifier.pending.take(id, self.now).map_err(|why| {
            Aadsts::InvalidSamlToken.refuse(match why {
                Unanswerable::Unknown => {
                    format!(
                        "InResponseTo is {}, and no such request was sent.",
                        shown(id)
                    )
                }
                Unanswerable::AnsweredBefore => format!(
                    "The request {} was answered before: each is answered once, so this is a \
                     replay, or a page that was submitted twice.",
                    shown(id)
                ),
                Unanswerable::Expired => {
                    format!(
                        "The request {} was sent too long ago to be answered.",
                        shown(id)
                    )
                }
            })
        })?;
        self.request = Some(request.clone());
        self.held(
            "InResponseTo",
            format!("{}, answered for the first time", request.id),
        );
        Ok(request)
    }

    fn relay_state(&mut self, sent: &PendingRequest, came: Option<&str>) -> Result<(), Refusal> {
        let refuse = |detail: String| Err(Aadsts::InvalidSamlToken.refuse(detail));
        match came {
            None => refuse("RelayState did not come back.".to_owned()),
            Some(came) if came == sent.relay_state => {
                self.held("RelayState", format!("as sent, {} characters", came.len()));
                Ok(())
            }
            Some(came) if came == sent.relay_state.replace('+', " ") => refuse(
                "RelayState came back with blanks for its plus signs: it was decoded as a form \
                 once too often."
                    .to_owned(),
            ),
            Some(came) => refuse(format!(
                "RelayState came back different: {} characters were sent and {} came.",
                sent.relay_state.len(),
                came.len()
            )),
        }
    }

    fn destination(&mut self, envelope: &Envelope<'_>) -> Result<(), Refusal> {
        let expected = &self.verifier.expectations.assertion_consumer_service;
        match envelope.destination {
            Some(destination) if destination == expected => {
                self.held("Destination", expected.clone());
                Ok(())
            }
            Some(other) => Err(Aadsts::InvalidSamlToken
                .refuse(format!("Destination is {}, not {expected}.", shown(other)))),
            None => Err(Aadsts::InvalidSamlToken.refuse(format!(
                "The Response has no Destination; it must be {expected}."
            ))),
        }
    }

    /// The federation that the assertion says it comes from: a claim until the signature holds.
    fn issuer(
        &mut self,
        assertion: &Element,
    ) -> Result<(&'a Domain, &'a InternalDomainFederation), Refusal> {
        let issuer = conditions::issuer_of(assertion)?;
        let tenant = self.verifier.tenant;
        let found = tenant
            .federations()
            .find(|(_, federation)| federation.issuer_uri == issuer);
        let (domain, federation) =
            found.ok_or_else(|| conditions::unknown_issuer(tenant, issuer))?;
        self.held(
            "Issuer",
            format!("{issuer}, registered for {}", domain.name),
        );
        Ok((domain, federation))
    }

    fn trusted<'b>(&self, federation: &'b InternalDomainFederation) -> signature::Trusted<'b> {
        signature::Trusted {
            federation,
            accept_sha1: self.verifier.expectations.accept_sha1,
            now: self.now,
        }
    }

    fn signature(
        &mut self,
        assertion: &Element,
        federation: &InternalDomainFederation,
    ) -> Result<VerifiedElement, Refusal> {
        let (verified, which) = self.trusted(federation).check(assertion)?;
        self.held("Signature", format!("over the Assertion, with the {which}"));
        Ok(verified)
    }

    fn user_of(&self, name_id: &str) -> Result<&'a User, Refusal> {
        let tenant = self.verifier.tenant;
        tenant
            .users()
            .iter()
            .find(|user| {
                user.on_premises_immutable_id
                    .as_ref()
                    .is_some_and(|id| id.as_str() == name_id)
            })
            .ok_or_else(|| anchor::not_found(tenant, name_id))
    }

    /// The token validation policy of facts 4.7: the realm's root domain is the user's.
    fn realm_may_speak_for(&mut self, user: &User, domain: &Domain) -> Result<(), Refusal> {
        let upn = &user.user_principal_name;
        let root = self.verifier.tenant.root_of(upn.domain());
        if root.is_some_and(|root| root.name == domain.name) {
            self.held("Realm", format!("{} may speak for {upn}", domain.name));
            return Ok(());
        }
        Err(Aadsts::TokenValidationPolicy.refuse(format!(
            "The issuer is the federation of {}, and may not speak for {upn}.",
            domain.name
        )))
    }
}
