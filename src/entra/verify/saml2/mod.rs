//! A SAML 2.0 Response: the order of its checks, and what each says when it holds.

mod envelope;
mod outline;
mod statements;
mod subject;

use super::{Judgement, SignedIn, conditions::Conditions, issuer::Issuer, shown};
use crate::{
    entra::{Aadsts, PendingRequest, Protocol, Refusal, Unanswerable},
    xml::Element,
};
use envelope::Envelope;

/// The namespace of SAML 2.0 protocol messages.
const SAMLP: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
/// The namespace of SAML 2.0 assertions.
const SAML: &str = "urn:oasis:names:tc:SAML:2.0:assertion";

const CONDITIONS: Conditions = Conditions {
    namespace: SAML,
    audience_restriction: "AudienceRestriction",
    others: &["OneTimeUse", "ProxyRestriction"],
};

impl<'a> Judgement<'a> {
    /// Judges what was posted by the HTTP-POST binding.
    pub(super) fn saml_response(
        &mut self,
        saml_response: &str,
        relay_state: Option<&str>,
    ) -> Result<SignedIn, Refusal> {
        let document = envelope::decode(saml_response)?;
        let envelope = Envelope::of(&document)?;
        self.held("Response", "one well-formed SAML 2.0 Response");
        let request = self.answered_request(&envelope)?;
        self.relay_state(&request, relay_state)?;
        self.destination(&envelope)?;
        envelope.status()?;
        self.held("Status", "Success");
        let assertion = envelope.only_assertion()?;
        self.held("Assertion", "exactly one, not encrypted");

        let realm = self.realm(outline::issuer_of(assertion)?)?;
        let (verified, which) = self.signature(assertion, realm.federation)?;
        self.held("Signature", format!("over the Assertion, with the {which}"));
        if envelope.is_signed() {
            self.signature(envelope.element(), realm.federation)?;
            self.held("Response signature", "holds too");
        }
        let signed_in = self.accept_saml2(&verified, &envelope, realm, &request)?;
        self.is_whom_was_asked_for(&signed_in, &request)?;
        Ok(signed_in)
    }

    /// From here on there is nothing but what was signed.
    fn accept_saml2(
        &mut self,
        assertion: &Element,
        envelope: &Envelope<'_>,
        realm: Issuer<'a>,
        request: &PendingRequest,
    ) -> Result<SignedIn, Refusal> {
        let context = self.context();
        outline::check(assertion, &realm.federation.issuer_uri, &context)?;
        envelope.issuer_agrees(&realm.federation.issuer_uri)?;
        let subject = subject::Subject::read(assertion)?;
        self.held("NameID", "persistent, at most 64 characters");
        subject.confirmation.check(&request.id, &context)?;
        self.held(
            "Subject confirmation",
            "bearer, for this address, this request and this time",
        );
        CONDITIONS.check(assertion, &context)?;
        self.held("Conditions", "this audience and this time");
        let authn = statements::Authn::read(assertion, &context)?;
        self.held("AuthnStatement", authn.class.as_str());

        let user = self.user_of(realm.tenant, subject.name_id)?;
        self.realm_may_speak_for(user, realm)?;
        statements::check_names(assertion, user, subject.name_id)?;
        self.held(
            "IDPEmail",
            format!("the cloud UPN, {}", user.user_principal_name),
        );
        Ok(SignedIn {
            user: user.clone(),
            protocol: Protocol::Saml,
            issuer: realm.federation.issuer_uri.clone(),
            tenant: realm.tenant.name().to_string(),
            domain: realm.domain.name.to_string(),
            immutable_id: subject.name_id.to_owned(),
            authn_context: authn.class,
            authn_instant: authn.instant,
            session_index: authn.session_index,
        })
    }

    fn answered_request(&mut self, envelope: &Envelope<'_>) -> Result<PendingRequest, Refusal> {
        let id = envelope.in_response_to.ok_or_else(|| {
            Aadsts::InvalidSamlToken
                .refuse("The Response has no InResponseTo: nobody asked for it (IdP-initiated).")
        })?;
        let request = self.take_request(id).map_err(|why| {
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
            Some(came) if came == sent.state => {
                self.held("RelayState", format!("as sent, {} characters", came.len()));
                Ok(())
            }
            Some(came) if came == sent.state.replace('+', " ") => refuse(
                "RelayState came back with blanks for its plus signs: it was decoded as a form \
                 once too often."
                    .to_owned(),
            ),
            Some(came) => refuse(format!(
                "RelayState came back different: {} characters were sent and {} came.",
                sent.state.len(),
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
}

#[cfg(test)]
mod tests;
