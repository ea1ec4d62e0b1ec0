//! Upstreams that speak SAML 2.0: to them we are a service provider.
//!
//! The rules of the protocol are in [`crate::saml2`]; here is what we make of an answer that keeps to
//! them: whose address it names, and how she proved it. Where it is and what it signs with is what its
//! [`Partner`] has learned, from the configuration or from metadata that is kept fresh.

mod address;
mod partner;
#[cfg(test)]
mod tests;

pub use address::AddressSource;
pub use partner::{Described, Partner};

use std::sync::Arc;

use time::{Duration, OffsetDateTime};

use crate::{
    keys::KeyRing,
    saml2::{
        AnswerError, Carried, ExpectedAnswer, OutgoingAuthnRequest, ProvenSubject,
        ReceivedResponse, ServiceProvider, new_id, redirect_url,
    },
    trust::NameIdFormat,
};

use super::{Ask, Asserted, Expected, Leaving, Terms, UpstreamError};

/// One of them.
#[derive(Debug)]
pub struct Saml2 {
    settings: Settings,
    partner: Partner,
}

/// What the configuration says of one.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Who we are to it.
    pub service_provider: ServiceProvider,
    /// Where in an assertion the address is.
    pub address: AddressSource,
    /// How it is told who is expected.
    pub login_hint: LoginHint,
    /// What it calls it when somebody has used several factors: classes of authentication contexts, and
    /// values of the attribute `authnmethodsreferences` of AD FS and Entra. All of them are asked for
    /// where several factors are.
    pub several_factors: Vec<String>,
    /// How far its clock may be off.
    pub clock_skew: Duration,
}

/// How an upstream is told who is expected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LoginHint {
    /// By the parameter `login_hint` of the address, outside of the message: some fill the name in,
    /// others pass it over.
    #[default]
    Parameter,
    /// By `Subject` in the request: somebody else cannot be the answer (SAML core 3.4.1).
    Subject,
    /// Not at all.
    Off,
}

/// The attribute in which AD FS and Entra list how somebody proved who she is.
const METHODS: &str = "http://schemas.microsoft.com/claims/authnmethodsreferences";

impl Saml2 {
    /// An upstream of which is known what `partner` knows.
    pub fn new(settings: Settings, partner: Partner) -> Self {
        Self { settings, partner }
    }

    /// What the configuration says.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// What is known of where it is and what it signs with.
    pub fn partner(&self) -> &Partner {
        &self.partner
    }

    /// The `AuthnRequest` that asks, signed by us.
    ///
    /// # Errors
    /// [`UpstreamError`], when it cannot be made.
    pub(super) fn ask(
        &self,
        terms: &Terms,
        ask: &Ask<'_>,
        keys: &KeyRing,
    ) -> Result<Leaving, UpstreamError> {
        let ours = |error: String| UpstreamError::Ours(error);
        let described = self.described()?;
        let settings = &self.settings;
        let id = new_id()
            .map_err(|error| ours(error.to_string()))?
            .to_string();
        let hint = |kind| {
            ask.login_hint
                .filter(|hint| !hint.is_empty() && settings.login_hint == kind)
        };
        let classes: &[String] = if ask.several_factors {
            &settings.several_factors
        } else {
            &[]
        };
        let request = OutgoingAuthnRequest {
            id: &id,
            issuer: &settings.service_provider.entity_id,
            issue_instant: ask.now,
            destination: &described.single_sign_on,
            consumer: &settings.service_provider.consumer,
            force_authn: ask.fresh,
            subject: hint(LoginHint::Subject),
            name_id_format: (settings.address == AddressSource::NameId)
                .then_some(NameIdFormat::EmailAddress),
            authn_context: classes,
        };
        let request = request.to_xml().map_err(|error| ours(error.to_string()))?;
        let place = match hint(LoginHint::Parameter) {
            Some(hint) => with_hint(&described.single_sign_on, hint),
            None => described.single_sign_on.clone(),
        };
        let address = redirect_url(
            &place,
            Carried::Request,
            &request,
            Some(ask.handle),
            keys.current(),
        );
        Ok(Leaving {
            address: address.map_err(|error| ours(error.to_string()))?,
            expected: Expected {
                upstream: terms.name.clone(),
                request_id: id,
                code_verifier: None,
                asked_at: ask.now.unix_timestamp(),
                fresh: ask.fresh,
            },
        })
    }

    /// Reads what was posted as `SAMLResponse`, still in base64.
    ///
    /// That an answer is taken once is for the caller to see to: its assertion answers one request, and
    /// a request is answered once.
    ///
    /// # Errors
    /// [`UpstreamError`], unless every check passes.
    pub(super) fn receive(
        &self,
        terms: &Terms,
        response: &str,
        expected: &Expected,
        now: OffsetDateTime,
    ) -> Result<Asserted, UpstreamError> {
        let described = self.described()?;
        let settings = &self.settings;
        let asked_at = OffsetDateTime::from_unix_timestamp(expected.asked_at)
            .map_err(|_| UpstreamError::NotAsked("at no time".to_owned()))?;
        let proven = ReceivedResponse::from_encoded(response)
            .map_err(AnswerError::Binding)
            .and_then(|received| {
                received.authenticate_answer(
                    &described.keys,
                    &ExpectedAnswer {
                        issuer: self.partner.entity_id(),
                        audience: &settings.service_provider.entity_id,
                        recipient: &settings.service_provider.consumer,
                        request_id: &expected.request_id,
                        asked_at,
                        fresh: expected.fresh,
                        now,
                        clock_skew: settings.clock_skew,
                    },
                )
            })?;
        let address = settings.address.of(&proven)?;
        let several = self.is_several(&proven);
        let asserted = terms.assert(address, proven.authn_instant, several)?;
        Ok(asserted.until(proven.session_until))
    }

    fn described(&self) -> Result<Arc<Described>, UpstreamError> {
        self.partner
            .described()
            .ok_or_else(|| UpstreamError::Unavailable("there is no good metadata of it".to_owned()))
    }

    fn is_several(&self, proven: &ProvenSubject) -> bool {
        let known = |said: &str| self.settings.several_factors.iter().any(|one| one == said);
        proven.authn_context.as_deref().is_some_and(known) || proven.values(METHODS).any(known)
    }
}

fn with_hint(address: &str, hint: &str) -> String {
    let mark = if address.contains('?') { '&' } else { '?' };
    let hint: String = form_urlencoded::byte_serialize(hint.as_bytes()).collect();
    format!("{address}{mark}login_hint={hint}")
}

/// Who has to look into it.
impl From<AnswerError> for UpstreamError {
    fn from(error: AnswerError) -> Self {
        match error {
            AnswerError::Refused(refusal) => Self::Refused(refusal.to_string()),
            AnswerError::Issuer(..) | AnswerError::InResponseTo(_) => {
                Self::NotAsked(error.to_string())
            }
            AnswerError::NotFresh => Self::NotFresh,
            _ => Self::Invalid(error.to_string()),
        }
    }
}
