//! Settings of AD FS that Homerealm has not, or has otherwise; and the addresses that it takes.

use super::{LONGEST_LIFETIME_MINUTES, LONGEST_SKEW_SECONDS};
use crate::adfs::{RelyingPartyTrust, SamlEndpoint};

/// Settings of AD FS that Homerealm has not, or has otherwise.
pub fn settings_that_differ(trust: &RelyingPartyTrust) -> Vec<String> {
    let mut differences = Vec::new();
    let mut differ = |holds: bool, reason: String| {
        if holds {
            differences.push(reason);
        }
    };
    for endpoint in &trust.saml_endpoints {
        differ(
            is_consumer(endpoint) && !taken(endpoint),
            format!(
                "answers by {} to {}; they go by HTTP-POST to https addresses",
                endpoint.binding, endpoint.location
            ),
        );
        differ(
            endpoint.protocol == "SAMLArtifactResolution",
            format!("the artifact resolution service {}", endpoint.location),
        );
    }
    let ws_fed = trust
        .ws_fed_endpoint
        .iter()
        .chain(&trust.additional_ws_fed_endpoints);
    for address in ws_fed.filter(|address| !address.starts_with("https://")) {
        differ(
            true,
            format!("answers by WS-Federation to {address}, which is no https address"),
        );
    }
    differ(
        trust
            .signature_algorithm
            .as_deref()
            .is_some_and(|uri| uri.ends_with("rsa-sha1")),
        "signatures by rsa-sha1; they are by rsa-sha256".to_owned(),
    );
    differ(
        trust.saml_response_signature.as_deref() == Some("MessageOnly"),
        "assertions without a signature of their own; they always have one".to_owned(),
    );
    differ(
        trust.always_require_authentication,
        "a password for each request; the application can ask for it (ForceAuthn, wfresh=0)"
            .to_owned(),
    );
    differ(
        trust.encrypted_name_id_required,
        "an encrypted NameID; the whole assertion is encrypted where there is a certificate"
            .to_owned(),
    );
    differ(
        !trust.allowed_authentication_class_references.is_empty(),
        "the ways of signing in that it takes".to_owned(),
    );
    differ(
        trust
            .claims_provider_names
            .iter()
            .any(|name| name != "Active Directory"),
        format!(
            "the claims providers {}; see [[route]]",
            trust.claims_provider_names.join(", ")
        ),
    );
    differ(
        trust.token_lifetime_minutes > LONGEST_LIFETIME_MINUTES,
        format!(
            "tokens that live for {} minutes; a day is the most",
            trust.token_lifetime_minutes
        ),
    );
    differ(
        trust.not_before_skew_minutes.saturating_mul(60) > LONGEST_SKEW_SECONDS,
        format!(
            "NotBefore dated back by {} minutes; an hour is the most",
            trust.not_before_skew_minutes
        ),
    );
    differences
}

/// Where answers by HTTP-POST go, the default one first, then by index.
pub(super) fn consumers(trust: &RelyingPartyTrust) -> Vec<String> {
    let mut consumers: Vec<&SamlEndpoint> = trust
        .saml_endpoints
        .iter()
        .filter(|endpoint| is_consumer(endpoint) && taken(endpoint))
        .collect();
    consumers.sort_by_key(|endpoint| (!endpoint.is_default, endpoint.index));
    consumers
        .iter()
        .map(|endpoint| endpoint.location.clone())
        .collect()
}

fn is_consumer(endpoint: &SamlEndpoint) -> bool {
    endpoint.protocol == "SAMLAssertionConsumer"
}

fn taken(endpoint: &SamlEndpoint) -> bool {
    endpoint.binding == "POST" && endpoint.location.starts_with("https://")
}
