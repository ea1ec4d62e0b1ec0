//! The audit trail: one line for every decision, with the cause that the page does not tell.
//!
//! Passwords and whole assertions never stand here. A name that was typed stands here only in the
//! form it was parsed to: what could not be parsed may be a password in the wrong field.

use std::{
    cell::RefCell,
    io::{self, Write as _},
    num::NonZeroU8,
    sync::atomic::{AtomicBool, Ordering},
};

use serde::Serialize;
use time::{
    OffsetDateTime, UtcOffset,
    format_description::well_known::{
        Iso8601,
        iso8601::{Config, EncodedConfig, TimePrecision},
    },
};

use super::CorrelationId;
use crate::fixed_text::FixedText;

/// The `target` of each line, which tells it from the JSON lines of the talk.
pub const TARGET: &str = "homerealm::audit";

/// A request came in and was refused before anybody was asked to sign in.
pub fn request_refused(correlation: &CorrelationId, relying_party: Option<&str>, cause: &str) {
    record(&Line {
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
    source: &impl std::fmt::Display,
    cause: &str,
) {
    record(&Line {
        relying_party,
        protocol,
        name,
        source: Some(&source.to_string()),
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
    source: &impl std::fmt::Display,
    cloud_upn: &str,
) {
    record(&Line {
        relying_party,
        protocol,
        name: Some(name),
        source: Some(&source.to_string()),
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
        record(&Line {
            cloud_upn: Some(cloud_upn),
            ..self.line("signed-in")
        });
    }

    /// It was not accepted, for this cause.
    pub fn refused(&self, cause: &str) {
        record(&Line {
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
            source: Some(self.source),
            ..Line::new(event, self.correlation)
        }
    }
}

/// An upstream identity provider's answer was not accepted, or none could be asked for.
pub fn upstream_failed(correlation: &CorrelationId, upstream: &str, cause: &str) {
    record(&Line {
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
    record(&Line {
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
    record(&Line {
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
    record(&Line {
        relying_party: Some(relying_party),
        cause,
        ..Line::new(event, correlation)
    });
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
    record(&Line {
        name,
        source: Some(&source.to_string()),
        cause,
        ..Line::new(event, correlation)
    });
}

/// Somebody's addresses or keys are others now, by its metadata.
pub fn metadata_taken(correlation: &CorrelationId, of: Described<'_>, source: &str) {
    record(&Line {
        source: Some(source),
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
    record(&Line {
        source: Some(source),
        cause: Some(cause),
        ..of.line("metadata-refused", correlation)
    });
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
    /// The request it answers, where it has an ID of its own.
    pub in_response_to: Option<&'a str>,
    /// The name that its sender gave the sign-in, by WS-Federation.
    pub client_request_id: Option<&'a str>,
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
        record(&self.line());
    }

    fn line(&self) -> Line<'_> {
        Line {
            relying_party: Some(self.relying_party),
            issuer: Some(self.issuer),
            assertion_id: Some(self.assertion_id),
            in_response_to: self.in_response_to,
            client_request_id: self.client_request_id,
            immutable_id: Some(self.immutable_id),
            cloud_upn: Some(self.cloud_upn),
            proof: Some(self.proof),
            ..Line::new("assertion-issued", self.correlation)
        }
    }
}

thread_local! {
    /// Lines are written here first, one after the other.
    static BUFFER: RefCell<Vec<u8>> = RefCell::default();
}

static STARTED: AtomicBool = AtomicBool::new(false);

/// From here on, lines are written. Before, there is nobody to read them.
pub(super) fn start() {
    STARTED.store(true, Ordering::Relaxed);
}

fn record(line: &Line<'_>) {
    if !STARTED.load(Ordering::Relaxed) {
        return;
    }
    // One write for a whole line, so that no other line comes between.
    let written = BUFFER.with_borrow_mut(|json| {
        line.write_json(json)?;
        io::stderr().lock().write_all(json)
    });
    if let Err(error) = written {
        tracing::error!(%error, "an audit line is lost");
    }
}

/// One line: the fields of all events, of which each has some.
///
/// Written by itself and not as an event of `tracing`, whose way from fields to JSON costs five
/// times as much, and every sign-in has such a line.
#[derive(Default, Serialize)]
struct Line<'a> {
    timestamp: Timestamp,
    event: &'a str,
    correlation: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    relying_party: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    protocol: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    upstream: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    issuer: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    assertion_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    in_response_to: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_request_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    immutable_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cloud_upn: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    proof: Option<&'a str>,
    target: &'a str,
}

impl<'a> Line<'a> {
    fn new(event: &'a str, correlation: &'a CorrelationId) -> Self {
        Self {
            timestamp: timestamp(OffsetDateTime::now_utc()),
            event,
            correlation: correlation.as_str(),
            target: TARGET,
            ..Self::default()
        }
    }

    /// One object and a line feed: those within values are escaped. What was in `json` before is gone.
    fn write_json(&self, json: &mut Vec<u8>) -> io::Result<()> {
        json.clear();
        serde_json::to_writer(&mut *json, self)?;
        json.push(b'\n');
        Ok(())
    }
}

/// RFC 3339 in UTC to the microsecond, as the talk's lines have it.
fn timestamp(at: OffsetDateTime) -> Timestamp {
    const MICROSECONDS: EncodedConfig = Config::DEFAULT
        .set_time_precision(TimePrecision::Second {
            decimal_digits: NonZeroU8::new(6),
        })
        .encode();
    let mut text = *b"0000-00-00T00:00:00.000000Z";
    // Fails beyond the year 9999 only.
    let _ = at
        .to_offset(UtcOffset::UTC)
        .format_into(&mut text.as_mut_slice(), &Iso8601::<MICROSECONDS>);
    Timestamp::of(text)
}

/// `2026-11-23T13:35:02.105515Z`.
type Timestamp = FixedText<27>;

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use time::Duration;

    use super::*;

    #[test]
    fn a_line_is_one_object_with_the_fields_of_its_event() {
        let correlation = CorrelationId::random();
        let issued = Issued {
            correlation: &correlation,
            relying_party: "urn:federation:MicrosoftOnline",
            issuer: "https://login.contoso.com/partners",
            assertion_id: "_1",
            in_response_to: Some("_2"),
            client_request_id: Some("6f9619ff"),
            immutable_id: "AAAA",
            cloud_upn: "wendy\n{\"event\":\"signed-in\"}",
            proof: "session",
        };
        let line = issued.line();
        let mut json = b"an earlier line".to_vec();
        line.write_json(&mut json).unwrap();
        assert_eq!(
            json.iter().position(|&byte| byte == b'\n'),
            Some(json.len() - 1)
        );
        assert_eq!(
            serde_json::from_slice::<Value>(&json).unwrap(),
            json!({
                "timestamp": line.timestamp.as_str(),
                "event": "assertion-issued",
                "correlation": correlation.as_str(),
                "relying_party": "urn:federation:MicrosoftOnline",
                "issuer": "https://login.contoso.com/partners",
                "assertion_id": "_1",
                "in_response_to": "_2",
                "client_request_id": "6f9619ff",
                "immutable_id": "AAAA",
                "cloud_upn": "wendy\n{\"event\":\"signed-in\"}",
                "proof": "session",
                "target": TARGET,
            })
        );
    }

    #[test]
    fn times_are_in_utc_to_the_microsecond() {
        let at = OffsetDateTime::UNIX_EPOCH + Duration::nanoseconds(1_795_440_902_105_515_999);
        assert_eq!(timestamp(at).as_str(), "2026-11-23T13:35:02.105515Z");
        let east = at.to_offset(UtcOffset::from_hms(9, 30, 0).unwrap());
        assert_eq!(timestamp(east), timestamp(at));
        assert_eq!(
            timestamp(OffsetDateTime::UNIX_EPOCH).as_str(),
            "1970-01-01T00:00:00.000000Z"
        );
    }
}
