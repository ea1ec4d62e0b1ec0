//! The audit trail: one line for every decision, with the cause that the page does not tell.
//!
//! Passwords and whole assertions never stand here. A name that was typed stands here only in the
//! form it was parsed to: what could not be parsed may be a password in the wrong field.

use super::CorrelationId;

/// The target that audit events are logged under.
pub const TARGET: &str = "homerealm::audit";

/// A request came in and was refused before anybody was asked to sign in.
pub fn request_refused(correlation: &CorrelationId, relying_party: Option<&str>, cause: &str) {
    tracing::info!(
        target: TARGET,
        event = "request-refused",
        %correlation,
        relying_party,
        cause
    );
}

/// A password sign-in did not succeed.
pub fn sign_in_failed(
    correlation: &CorrelationId,
    relying_party: &str,
    name: Option<&str>,
    source: &impl std::fmt::Display,
    cause: &str,
) {
    tracing::info!(
        target: TARGET,
        event = "sign-in-failed",
        %correlation,
        relying_party,
        name,
        %source,
        cause
    );
}

/// A password was proven and a session began.
pub fn signed_in(
    correlation: &CorrelationId,
    relying_party: &str,
    name: &str,
    source: &impl std::fmt::Display,
    cloud_upn: &str,
) {
    tracing::info!(
        target: TARGET,
        event = "signed-in",
        %correlation,
        relying_party,
        name,
        %source,
        cloud_upn
    );
}

/// A password was changed, or was not for this cause.
pub fn password_changed(
    correlation: &CorrelationId,
    name: Option<&str>,
    source: &impl std::fmt::Display,
    cause: Option<&str>,
) {
    let event = if cause.is_none() {
        "password-changed"
    } else {
        "password-not-changed"
    };
    tracing::info!(
        target: TARGET,
        event,
        %correlation,
        name,
        %source,
        cause
    );
}

/// An assertion was signed: the ledger. One seen at a relying party that is not here was forged.
#[derive(Debug)]
pub struct Issued<'a> {
    /// The sign-in it belongs to.
    pub correlation: &'a CorrelationId,
    /// The audience.
    pub relying_party: &'a str,
    /// The assertion's issuer.
    pub issuer: &'a str,
    /// The assertion's ID.
    pub assertion_id: &'a str,
    /// The request it answers.
    pub in_response_to: &'a str,
    /// The person, as the relying party knows her.
    pub immutable_id: &'a str,
    /// The person's cloud UPN.
    pub cloud_upn: &'a str,
    /// Whether a password was proven just now ("password") or a live session answered ("session").
    pub proof: &'a str,
}

impl Issued<'_> {
    /// Writes the line.
    pub fn record(&self) {
        tracing::info!(
            target: TARGET,
            event = "assertion-issued",
            correlation = %self.correlation,
            relying_party = self.relying_party,
            issuer = self.issuer,
            assertion_id = self.assertion_id,
            in_response_to = self.in_response_to,
            immutable_id = self.immutable_id,
            cloud_upn = self.cloud_upn,
            proof = self.proof
        );
    }
}
