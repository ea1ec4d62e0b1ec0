//! A trust as a file of `relying_party_folder`, with the files of its certificates beside it.

mod certificates;
mod differences;
mod text;

use toml::Value;

use self::{certificates::Certificates, differences::consumers, text::Text};
use super::{
    RelyingPartyTrust,
    relying_party_trust::ENTRA,
    translate::{Access, Claim, ClaimSource, Condition, NameId, Translation},
};

pub use differences::settings_that_differ;

/// A file to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its name, without a folder.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// The most that `assertion_lifetime_minutes` may be.
const LONGEST_LIFETIME_MINUTES: u32 = 1440;
/// The most that `not_before_skew_seconds` may be.
const LONGEST_SKEW_SECONDS: u32 = 3600;

/// The files of a trust: one for each of its identifiers, since a relying party has one name here, and
/// those of its certificates. `stem` is what their names begin with.
///
/// A trust that is switched off is written, too, but by a name that the folder passes over.
pub fn files(trust: &RelyingPartyTrust, translation: &Translation, stem: &str) -> Vec<File> {
    let certificates = Certificates::of(trust, stem);
    let mut files = certificates.files.clone();
    let kind = if trust.enabled {
        "toml"
    } else {
        "toml.disabled"
    };
    // Entra's other identifiers are addresses of its, which the preset knows.
    let identifiers = if trust.is_entra() {
        &[ENTRA.to_owned()]
    } else {
        trust.identifiers.as_slice()
    };
    for (index, identifier) in identifiers.iter().enumerate() {
        let mut text = Text::default();
        text.head(trust, translation, &certificates.missing);
        text.entry("entity_id", &Value::from(identifier.as_str()));
        text.party(trust, translation);
        text.certificates(trust, &certificates);
        text.rules(translation);
        let name = match index {
            0 => format!("{stem}.{kind}"),
            // A point stands in no stem, so that no other trust has this name.
            more => format!("{stem}.{}.{kind}", more + 1),
        };
        files.push(File { name, text: text.0 });
    }
    files
}

impl Text {
    fn head(&mut self, trust: &RelyingPartyTrust, translation: &Translation, trouble: &[String]) {
        self.comment(&format!("From AD FS: {:?}.", trust.name));
        for note in &translation.notes {
            self.comment(&format!("Not quite the same: {note}."));
        }
        for trouble in trouble {
            self.comment(&format!("Missing: {trouble}."));
        }
        for reason in settings_that_differ(trust) {
            self.comment(&format!("Not taken over: {reason}."));
        }
        for untranslated in &translation.untranslated {
            self.comment(&format!(
                "Not translated: {}: {}.",
                untranslated.what, untranslated.reason
            ));
            if let Some(text) = &untranslated.text {
                for line in text.lines() {
                    self.comment(&format!("    {line}"));
                }
            }
        }
    }

    fn party(&mut self, trust: &RelyingPartyTrust, translation: &Translation) {
        let consumers = consumers(trust);
        let preset = match (trust.is_entra(), consumers.is_empty()) {
            (true, _) => "entra",
            (false, false) => "saml2",
            (false, true) => "ws-federation",
        };
        self.entry("preset", &Value::from(preset));
        self.entry("display_name", &Value::from(trust.name.as_str()));
        if preset == "entra" {
            self.list(
                "assertion_consumer_services",
                &["https://login.microsoftonline.com/login.srf".to_owned()],
            );
            return;
        }
        self.addresses(trust, &consumers);
        self.tokens(trust);
        self.name_id(translation);
        self.access(translation);
    }

    fn addresses(&mut self, trust: &RelyingPartyTrust, consumers: &[String]) {
        let replies: Vec<String> = trust
            .ws_fed_endpoint
            .iter()
            .chain(&trust.additional_ws_fed_endpoints)
            .filter(|url| url.starts_with("https://"))
            .cloned()
            .collect();
        if !consumers.is_empty() {
            self.list("assertion_consumer_services", consumers);
            if !replies.is_empty() {
                self.list(
                    "protocols",
                    &["saml2".to_owned(), "ws-federation".to_owned()],
                );
            }
            self.list("reply_addresses", &replies);
        } else if replies.is_empty() {
            self.comment(
                "No address for answers could be taken over; say one here, or `metadata`:",
            );
            self.comment("assertion_consumer_services = [\"https://...\"]");
        } else {
            // Those of both protocols, where nothing else is said.
            self.list("assertion_consumer_services", &replies);
        }
        if let Some(url) = &trust.metadata_url {
            self.comment(
                "AD FS had its metadata from here; say who signs it, or that nobody does:",
            );
            self.comment(&format!(
                "metadata = {{ url = {}, certificate = \"...\" }}",
                Value::from(url.as_str())
            ));
        }
        self.logout(trust);
    }

    fn tokens(&mut self, trust: &RelyingPartyTrust) {
        if matches!(
            trust.saml_response_signature.as_deref(),
            Some("MessageAndAssertion" | "MessageOnly")
        ) {
            self.entry("sign_response", &Value::from(true));
        }
        if trust.token_lifetime_minutes > 0 {
            self.entry(
                "assertion_lifetime_minutes",
                &Value::from(trust.token_lifetime_minutes.min(LONGEST_LIFETIME_MINUTES)),
            );
        }
        if trust.not_before_skew_minutes > 0 {
            let seconds = trust
                .not_before_skew_minutes
                .saturating_mul(60)
                .min(LONGEST_SKEW_SECONDS);
            self.entry("not_before_skew_seconds", &Value::from(seconds));
        }
    }

    fn name_id(&mut self, translation: &Translation) {
        if let Some(name_id) = &translation.name_id {
            let of = |format: &str, attribute: &str| {
                format!(
                    "{{ {format} = {{ attribute = {} }} }}",
                    Value::from(attribute)
                )
            };
            let value = match name_id {
                NameId::ImmutableId => "\"immutable-id\"".to_owned(),
                NameId::Pairwise => "\"pairwise\"".to_owned(),
                NameId::Transient => "\"transient\"".to_owned(),
                NameId::EmailAddress(attribute) => of("email-address", attribute),
                NameId::Unspecified(attribute) => of("unspecified", attribute),
            };
            self.line(&format!("name_id = {value}"));
        }
    }

    fn access(&mut self, translation: &Translation) {
        match &translation.access {
            Access::Nobody => {
                self.comment(
                    "Who may sign in could not be taken over: nobody, until it is said here.",
                );
                self.comment("access = \"everyone\"");
            }
            Access::Everyone => self.entry("access", &Value::from("everyone")),
            Access::Only(conditions) => {
                self.line("access = [");
                for all in conditions {
                    self.line(&format!("    {},", condition(all)));
                }
                self.line("]");
            }
        }
    }

    fn logout(&mut self, trust: &RelyingPartyTrust) {
        let mut logouts = trust.saml_endpoints.iter().filter(|endpoint| {
            endpoint.protocol == "SAMLLogout"
                && matches!(endpoint.binding.as_str(), "POST" | "Redirect")
                && endpoint.location.starts_with("https://")
        });
        let Some(logout) = logouts.next() else {
            return;
        };
        self.entry(
            "single_logout_service",
            &Value::from(logout.location.as_str()),
        );
        if let Some(responses) = logout
            .response_location
            .as_deref()
            .filter(|url| url.starts_with("https://"))
        {
            self.entry("single_logout_response_service", &Value::from(responses));
        }
        if logout.binding == "POST" {
            self.entry("single_logout_binding", &Value::from("post"));
        }
    }

    fn certificates(&mut self, trust: &RelyingPartyTrust, certificates: &Certificates) {
        if trust.is_entra() {
            return;
        }
        self.list("request_certificates", &certificates.signing);
        if !certificates.signing.is_empty() {
            let demand = if trust.signed_saml_requests_required {
                "required"
            } else {
                "when-present"
            };
            self.entry("request_signatures", &Value::from(demand));
        }
        let encryption = certificates.encryption.as_deref();
        if let Some(file) = encryption.filter(|_| trust.encrypt_claims) {
            self.entry("encryption_certificate", &Value::from(file));
        }
    }

    fn rules(&mut self, translation: &Translation) {
        for claim in &translation.claims {
            self.line("\n[[claim]]");
            self.claim(claim);
        }
    }

    fn claim(&mut self, claim: &Claim) {
        self.entry("name", &Value::from(claim.name.as_str()));
        let from = match &claim.source {
            ClaimSource::Attribute(name) => {
                format!("{{ attribute = {} }}", Value::from(name.as_str()))
            }
            ClaimSource::Constant(text) => {
                format!("{{ constant = {} }}", Value::from(text.as_str()))
            }
            ClaimSource::Group { dn, value } => format!(
                "{{ groups = [{{ group = {}, value = {} }}] }}",
                Value::from(dn.as_str()),
                Value::from(value.as_str())
            ),
            ClaimSource::ImmutableId => "\"immutable-id\"".to_owned(),
        };
        self.line(&format!("from = {from}"));
        if let Some((pattern, with)) = &claim.replace {
            let (pattern, with) = (Value::from(pattern.as_str()), Value::from(with.as_str()));
            self.line(&format!(
                "replace = {{ pattern = {pattern}, with = {with} }}"
            ));
        }
        if !claim.conditions.is_empty() {
            self.line(&format!("issue_if = {}", condition(&claim.conditions)));
        }
    }
}

fn condition(all: &[Condition]) -> String {
    let parts = all.iter().map(|one| match one {
        Condition::Group(dn) => format!("group = {}", Value::from(dn.as_str())),
        Condition::Equals(name, value) => format!(
            "attribute = {{ name = {}, equals = {} }}",
            Value::from(name.as_str()),
            Value::from(value.as_str())
        ),
        Condition::Matches(name, pattern) => format!(
            "attribute = {{ name = {}, matches = {} }}",
            Value::from(name.as_str()),
            Value::from(pattern.as_str())
        ),
    });
    format!("{{ {} }}", parts.collect::<Vec<_>>().join(", "))
}

/// What the names of a trust's files begin with: letters and digits of its name.
pub fn stem(name: &str) -> String {
    let mut stem = String::new();
    for c in name.to_lowercase().chars() {
        match c {
            'a'..='z' | '0'..='9' => stem.push(c),
            _ if !stem.is_empty() && !stem.ends_with('-') => stem.push('-'),
            _ => {}
        }
    }
    let stem = stem.trim_end_matches('-');
    if stem.is_empty() { "trust" } else { stem }.to_owned()
}
