//! Messages as clients send them, and answers as clients read them.

mod answers;
mod clients;
mod metadata;
mod requests;

use std::time::Duration;

use time::OffsetDateTime;

use super::*;
use crate::saml2::parse_timestamp;

/// Requests as MSAL for Python 1.39 writes them, the values that change put in by hand.
const PYTHON: [(Version, &str); 2] = [
    (
        Version::Feb2005,
        include_str!("../golden/request_msal_python_2005.xml"),
    ),
    (
        Version::V13,
        include_str!("../golden/request_msal_python_13.xml"),
    ),
];
/// Requests as MSAL for .NET writes them.
const DOTNET: [(Version, &str); 2] = [
    (
        Version::Feb2005,
        include_str!("../golden/request_msal_dotnet_2005.xml"),
    ),
    (
        Version::V13,
        include_str!("../golden/request_msal_dotnet_13.xml"),
    ),
];
/// A request with all that may be otherwise.
const OTHER: &str = include_str!("../golden/request_other_client.xml");

const MESSAGE_ID: &str = "urn:uuid:5b0a0e4e-2c3f-4a6e-9a3e-000000000001";

fn at(text: &str) -> OffsetDateTime {
    parse_timestamp(text).unwrap()
}

fn read_at(version: Version, message: &str, now: &str) -> Result<TokenRequest, Unread> {
    let url = format!("https://idp.test{}", version.path());
    let endpoint = Endpoint {
        version,
        url: &url,
        lifetime: Duration::from_secs(600),
        clock_skew: Duration::from_secs(60),
    };
    TokenRequest::read(message.as_bytes(), &endpoint, at(now))
}

fn read(version: Version, message: &str) -> Result<TokenRequest, Unread> {
    read_at(version, message, "2026-11-23T12:00:01Z")
}
