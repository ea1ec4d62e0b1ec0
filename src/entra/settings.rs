use time::Duration;

use super::{Hint, HintPolicy, SamlBinding, verify::Expectations};

/// How the simulator behaves where Entra's behaviour is configured, or not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The application that people sign in to, as pages name it.
    pub application: String,
    /// What each answer is held to.
    pub expectations: Expectations,
    /// Where the simulator is, for addresses that applications are told.
    pub base_url: String,
    /// Which hints go with a request by SAML 2.0.
    pub saml_hints: HintPolicy,
    /// By which binding a request by SAML 2.0 is sent.
    pub saml_binding: SamlBinding,
    /// Which hints go with a request by WS-Federation.
    pub ws_federation_hints: HintPolicy,
    /// Whether an email of a foreign domain is resolved at a tenanted address.
    pub resolve_foreign_email: bool,
}

impl Settings {
    /// Entra's own values for a simulator that browsers reach at `base_url` (no slash at its end):
    /// its entity ID, and `login.srf` as the assertion consumer service.
    pub fn at(base_url: &str) -> Self {
        Self {
            application: "Contoso partner portal".to_owned(),
            expectations: Expectations {
                audience: "urn:federation:MicrosoftOnline".to_owned(),
                assertion_consumer_service: format!("{base_url}/login.srf"),
                clock_skew: Duration::minutes(5),
                accept_sha1: false,
            },
            base_url: base_url.to_owned(),
            saml_hints: HintPolicy {
                login_hint: Hint::CloudUpn,
                username: Hint::None,
            },
            saml_binding: SamlBinding::Post,
            ws_federation_hints: HintPolicy::both(Hint::CloudUpn),
            resolve_foreign_email: true,
        }
    }
}
