//! What is told, and with which fields.

use std::fmt::Display;

use crate::observe::CorrelationId;

use super::{
    line::{Line, Shown},
    trail::{NotRecorded, note, record},
};

/// A request came in and was refused before anybody was asked to sign in.
pub fn request_refused(correlation: &CorrelationId, relying_party: Option<&str>, cause: &str) {
    note(&Line {
        relying_party,
        cause: Some(cause),
        ..Line::new("request-refused", correlation)
    });
}

/// A password sign-in did not succeed.
pub fn sign_in_failed(
    correlation: &CorrelationId,
    relying_party: Option<&str>,
    protocol: Option<&str>,
    name: Option<&str>,
    source: &dyn Display,
    cause: &str,
) {
    note(&Line {
        relying_party,
        protocol,
        name,
        source: Some(Shown(source)),
        cause: Some(cause),
        ..Line::new("sign-in-failed", correlation)
    });
}

/// A password was proven: on a page, and then a session began, or by a program.
pub fn signed_in(
    correlation: &CorrelationId,
    relying_party: Option<&str>,
    protocol: Option<&str>,
    name: &str,
    source: &dyn Display,
    cloud_upn: &str,
) {
    note(&Line {
        relying_party,
        protocol,
        name: Some(name),
        source: Some(Shown(source)),
        cloud_upn: Some(cloud_upn),
        ..Line::new("signed-in", correlation)
    });
}

/// An upstream identity provider has answered for somebody.
#[derive(Clone, Copy, Debug)]
pub struct Vouched<'a> {
    /// The sign-in it belongs to.
    pub correlation: &'a CorrelationId,
    /// The relying party that she goes on to, if any.
    pub relying_party: Option<&'a str>,
    /// How that one asks.
    pub protocol: Option<&'a str>,
    /// The upstream's name.
    pub upstream: &'a str,
    /// Her address, as it was asserted.
    pub name: &'a str,
    /// Where the answer came from.
    pub source: &'a str,
}

impl Vouched<'_> {
    /// It was accepted, and a session began.
    pub fn accepted(&self, cloud_upn: &str) {
        note(&Line {
            cloud_upn: Some(cloud_upn),
            ..self.line("signed-in")
        });
    }

    /// It was not accepted, for this cause.
    pub fn refused(&self, cause: &str) {
        note(&Line {
            cause: Some(cause),
            ..self.line("sign-in-failed")
        });
    }

    fn line(&self, event: &'static str) -> Line<'_> {
        Line {
            relying_party: self.relying_party,
            protocol: self.protocol,
            upstream: Some(self.upstream),
            name: Some(self.name),
            source: Some(Shown(&self.source)),
            ..Line::new(event, self.correlation)
        }
    }
}

/// An upstream identity provider's answer was not accepted, or none could be asked for.
pub fn upstream_failed(correlation: &CorrelationId, upstream: &str, cause: &str) {
    note(&Line {
        upstream: Some(upstream),
        cause: Some(cause),
        ..Line::new("upstream-failed", correlation)
    });
}

/// Somebody who is who she says may not sign in at this relying party.
pub fn not_permitted(
    correlation: &CorrelationId,
    relying_party: &str,
    name: &str,
    cloud_upn: &str,
    cause: &str,
) {
    note(&Line {
        relying_party: Some(relying_party),
        name: Some(name),
        cloud_upn: Some(cloud_upn),
        cause: Some(cause),
        ..Line::new("not-permitted", correlation)
    });
}

/// A session was ended by the person, or by a relying party for her.
pub fn signed_out(
    correlation: &CorrelationId,
    relying_party: Option<&str>,
    name: &str,
    cloud_upn: &str,
) {
    note(&Line {
        relying_party,
        name: Some(name),
        cloud_upn: Some(cloud_upn),
        ..Line::new("signed-out", correlation)
    });
}

/// A relying party says that its session has ended, too, or why it has not.
pub fn sign_out_confirmed(correlation: &CorrelationId, relying_party: &str, cause: Option<&str>) {
    let event = if cause.is_none() {
        "sign-out-confirmed"
    } else {
        "sign-out-not-confirmed"
    };
    note(&Line {
        relying_party: Some(relying_party),
        cause,
        ..Line::new(event, correlation)
    });
}

/// A password was changed, or was not for this cause.
pub fn password_changed(
    correlation: &CorrelationId,
    name: Option<&str>,
    source: &dyn Display,
    cause: Option<&str>,
) {
    let event = if cause.is_none() {
        "password-changed"
    } else {
        "password-not-changed"
    };
    note(&Line {
        name,
        source: Some(Shown(source)),
        cause,
        ..Line::new(event, correlation)
    });
}

/// Somebody's addresses or keys are others now, by its metadata.
pub fn metadata_taken(correlation: &CorrelationId, of: Described<'_>, source: &str) {
    note(&Line {
        source: Some(Shown(&source)),
        ..of.line("metadata-taken", correlation)
    });
}

/// Somebody whose metadata is looked at, by entity ID.
#[derive(Clone, Copy, Debug)]
pub enum Described<'a> {
    /// A relying party.
    RelyingParty(&'a str),
    /// An upstream identity provider.
    Issuer(&'a str),
}

impl<'a> Described<'a> {
    fn line(self, event: &'static str, correlation: &'a CorrelationId) -> Line<'a> {
        let line = Line::new(event, correlation);
        match self {
            Self::RelyingParty(id) => Line {
                relying_party: Some(id),
                ..line
            },
            Self::Issuer(id) => Line {
                issuer: Some(id),
                ..line
            },
        }
    }
}

/// Somebody's metadata is not there, or not accepted, or has expired.
pub fn metadata_refused(correlation: &CorrelationId, of: Described<'_>, source: &str, cause: &str) {
    note(&Line {
        source: Some(Shown(&source)),
        cause: Some(cause),
        ..of.line("metadata-refused", correlation)
    });
}

/// An assertion was signed: the ledger. One seen at a relying party that is not here was forged.
#[derive(Debug)]
pub struct Issued<'a> {
    /// The sign-in it belongs to.
    pub correlation: &'a CorrelationId,
    /// Whom it is for.
    pub relying_party: &'a str,
    /// The audience that it names.
    pub audience: &'a str,
    /// How that one asks.
    pub protocol: &'a str,
    /// The assertion's issuer.
    pub issuer: &'a str,
    /// The assertion's ID.
    pub assertion_id: &'a str,
    /// The request it answers, where it has an ID of its own.
    pub in_response_to: Option<&'a str>,
    /// The name that its sender gave the sign-in, by WS-Federation.
    pub client_request_id: Option<&'a str>,
    /// The subject that it names: the person, as the relying party knows her.
    pub name_id: &'a str,
    /// The person's ImmutableID.
    pub immutable_id: &'a str,
    /// The person's cloud UPN.
    pub cloud_upn: &'a str,
    /// Whether a password was proven just now ("password") or a live session answered ("session").
    pub proof: &'a str,
    /// The SHA-256 thumbprint of the certificate whose key has signed it, in hexadecimal.
    pub key: &'a str,
}

impl Issued<'_> {
    /// Writes the line. The assertion may leave when that has succeeded, and not before.
    ///
    /// # Errors
    /// When it cannot be written, and nothing is issued without a line.
    pub fn record(&self) -> Result<(), NotRecorded> {
        record(&self.line())
    }

    pub(super) fn line(&self) -> Line<'_> {
        Line {
            relying_party: Some(self.relying_party),
            audience: (self.audience != self.relying_party).then_some(self.audience),
            protocol: Some(self.protocol),
            issuer: Some(self.issuer),
            assertion_id: Some(self.assertion_id),
            in_response_to: self.in_response_to,
            client_request_id: self.client_request_id,
            name_id: Some(self.name_id),
            immutable_id: Some(self.immutable_id),
            cloud_upn: Some(self.cloud_upn),
            proof: Some(self.proof),
            key: Some(self.key),
            ..Line::new("assertion-issued", self.correlation)
        }
    }
}
