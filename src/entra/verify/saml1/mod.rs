//! A SAML 1.1 assertion: the order of its checks, and what each says when it holds.
//!
//! WS-Federation and WS-Trust carry the same assertion, and Entra holds it to the same.

mod circumstances;
mod claims;
mod outline;
mod statements;

use super::{DS, Judgement, SignedIn, conditions::Conditions, issuer::Issuer, sequence, shown};
use crate::{
    entra::{Aadsts, Refusal},
    xml::Element,
};

/// The namespace of SAML 1.1 assertions, which kept that of SAML 1.0.
pub(super) const SAML1: &str = "urn:oasis:names:tc:SAML:1.0:assertion";
/// The namespace of SAML 2.0 assertions.
const SAML2: &str = "urn:oasis:names:tc:SAML:2.0:assertion";

const CONDITIONS: Conditions = Conditions {
    namespace: SAML1,
    audience_restriction: "AudienceRestrictionCondition",
    others: &["DoNotCacheCondition"],
};

impl<'a> Judgement<'a> {
    /// Judges an assertion, wherever it stood.
    pub(super) fn saml1_assertion(&mut self, assertion: &Element) -> Result<SignedIn, Refusal> {
        outline::is_saml1(assertion)?;
        let realm = self.realm(sequence::attribute(assertion, "Issuer")?)?;
        let (verified, which) = self.signature(assertion, realm.federation)?;
        outline::signature_is_last(assertion)?;
        self.held(
            "Signature",
            format!("over the Assertion, its last child, with the {which}"),
        );
        self.accept_saml1(&verified, realm)
    }

    /// From here on there is nothing but what was signed.
    fn accept_saml1(
        &mut self,
        assertion: &Element,
        realm: Issuer<'a>,
    ) -> Result<SignedIn, Refusal> {
        let context = self.context();
        outline::check(assertion, &realm.federation.issuer_uri, &context)?;
        CONDITIONS.check(assertion, &context)?;
        self.held("Conditions", "this audience and this time");
        let subject = statements::subject(assertion)?;
        self.held("Subject", "the same in each statement, confirmed by bearer");
        let authentication = statements::Authentication::read(assertion, &context)?;
        self.held("AuthenticationStatement", authentication.method.as_str());

        let immutable_id = claims::immutable_id(assertion)?;
        if subject != immutable_id {
            return Err(Aadsts::InvalidSamlToken.refuse(format!(
                "The NameIdentifier is {}, the claim ImmutableID {}.",
                shown(subject),
                shown(immutable_id)
            )));
        }
        self.held("NameIdentifier", "the ImmutableID, at most 64 characters");
        let user = self.user_of(realm.tenant, immutable_id)?;
        self.realm_may_speak_for(user, realm)?;
        claims::check_upn(assertion, user)?;
        self.held(
            "UPN",
            format!("the cloud UPN, {}", user.user_principal_name),
        );
        if let Some(said) = circumstances::check(assertion, &authentication)? {
            self.held("Circumstances", said);
        }
        Ok(SignedIn {
            user: user.clone(),
            protocol: self.protocol,
            issuer: realm.federation.issuer_uri.clone(),
            tenant: realm.tenant.name().to_string(),
            domain: realm.domain.name.to_string(),
            immutable_id: immutable_id.to_owned(),
            authn_context: authentication.method,
            authn_instant: authentication.instant,
            session_index: None,
        })
    }
}

#[cfg(test)]
mod tests;
