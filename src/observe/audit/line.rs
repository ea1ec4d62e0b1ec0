//! One line as JSON.

use std::fmt::Display;

use serde::{Serialize, Serializer};
use time::{OffsetDateTime, UtcOffset};

use crate::observe::CorrelationId;

/// The `target` of each line, which tells it from the JSON lines of the talk.
pub const TARGET: &str = "homerealm::audit";

/// The form of lines. What is added to them does not change it; what is taken away or means
/// something else does.
const VERSION: u8 = 1;

/// One line: the fields of all events, of which each has some.
///
/// Written by itself and not as an event of `tracing`, whose way from fields to JSON costs five
/// times as much, and every sign-in has such a line. Nothing here is allocated.
#[derive(Serialize)]
pub(super) struct Line<'a> {
    pub(super) v: u8,
    pub(super) timestamp: Timestamp,
    pub(super) event: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) correlation: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) relying_party: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) audience: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) protocol: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) upstream: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) source: Option<Shown<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cause: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) issuer: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) assertion_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) in_response_to: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) client_request_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) immutable_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cloud_upn: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) proof: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) key: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) lost: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) lost_from: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) torn: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) version: Option<&'a str>,
    pub(super) target: &'static str,
}

impl<'a> Line<'a> {
    /// A line of one sign-in.
    pub(super) fn new(event: &'static str, correlation: &'a CorrelationId) -> Self {
        Self {
            correlation: Some(correlation.as_str()),
            ..Self::of_trail(event)
        }
    }

    /// A line that the trail has about itself.
    pub(super) fn of_trail(event: &'static str) -> Self {
        Self {
            v: VERSION,
            timestamp: Timestamp::now(),
            event,
            correlation: None,
            relying_party: None,
            audience: None,
            protocol: None,
            upstream: None,
            name: None,
            source: None,
            cause: None,
            issuer: None,
            assertion_id: None,
            in_response_to: None,
            client_request_id: None,
            name_id: None,
            immutable_id: None,
            cloud_upn: None,
            proof: None,
            key: None,
            lost: None,
            lost_from: None,
            torn: None,
            version: None,
            target: TARGET,
        }
    }

    /// When it happened.
    pub(super) fn timestamp(&self) -> Timestamp {
        self.timestamp
    }

    /// Appends one object: line feeds within values are escaped.
    pub(super) fn write(&self, json: &mut Vec<u8>) -> serde_json::Result<()> {
        serde_json::to_writer(json, self)
    }
}

/// A value that is written as it is shown.
#[derive(Clone, Copy)]
pub(super) struct Shown<'a>(pub(super) &'a dyn Display);

impl Serialize for Shown<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self.0)
    }
}

/// RFC 3339 in UTC to the microsecond, as the talk's lines have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Timestamp([u8; 27]);

impl Timestamp {
    pub(super) fn now() -> Self {
        Self::of(OffsetDateTime::now_utc())
    }

    pub(super) fn of(at: OffsetDateTime) -> Self {
        let at = at.to_offset(UtcOffset::UTC);
        let (hour, minute, second, micro) = at.to_hms_micro();
        let parts: [(usize, usize, u32); 7] = [
            (0, 4, at.year().unsigned_abs()),
            (5, 2, u8::from(at.month()).into()),
            (8, 2, at.day().into()),
            (11, 2, hour.into()),
            (14, 2, minute.into()),
            (17, 2, second.into()),
            (20, 6, micro),
        ];
        let mut text = *b"0000-00-00T00:00:00.000000Z";
        for (from, digits, mut value) in parts {
            for place in text.iter_mut().skip(from).take(digits).rev() {
                // A digit.
                #[allow(clippy::cast_possible_truncation)]
                let digit = (value % 10) as u8;
                *place = b'0' + digit;
                value /= 10;
            }
        }
        Self(text)
    }

    pub(super) fn as_str(&self) -> &str {
        // Digits and signs of ASCII.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
