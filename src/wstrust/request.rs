use std::time::Duration;

use time::OffsetDateTime;

use crate::{
    saml1::TOKEN_TYPE,
    xml::{self, Element, Limits, ReadCause},
};

use super::{
    RequestError, UsernameToken, Version,
    envelope::{Envelope, uri},
    names::{ADDRESSING, POLICY, SAML11_BY_PROFILE},
    security::{self, Clock},
};

/// Where requests come to, and what their times are held to.
#[derive(Clone, Copy, Debug)]
pub struct Endpoint<'a> {
    /// The version that is spoken there.
    pub version: Version,
    /// Its absolute address, which a request's `To` must equal but for capital and small letters.
    pub url: &'a str,
    /// How old a request may be, whatever it says of its own end.
    pub lifetime: Duration,
    /// How far a sender's clock may differ from ours.
    pub clock_skew: Duration,
}

/// A request for a bearer token for the person who asks (`RequestSecurityToken`, WS-Trust 1.3, 4.1;
/// February 2005, 3.1).
#[derive(Clone, Debug)]
pub struct TokenRequest {
    /// Names the message; the answer refers to it.
    pub message_id: String,
    /// Who the token is for, as the request names it.
    pub applies_to: String,
    /// To be said again in the answer (`@Context`).
    pub context: Option<String>,
    /// Who asks.
    pub user: UsernameToken,
}

/// A request that was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread {
    /// Why.
    pub cause: RequestError,
    /// The message's name, where it could still be read.
    pub message_id: Option<String>,
}

/// A request of MSAL has some 2,500 octets and 20 elements, and the longest password, each
/// character of it written as a reference, 6,000 more.
const LIMITS: Limits = Limits {
    bytes: 16 * 1024,
    depth: 16,
    attributes: 32,
    elements: 128,
};

const LONGEST_CONTEXT: usize = 512;

impl TokenRequest {
    /// Reads a message that came to `endpoint`.
    ///
    /// # Errors
    /// When it is not a request for what is issued there, or its time is not `now`.
    pub fn read(
        message: &[u8],
        endpoint: &Endpoint<'_>,
        now: OffsetDateTime,
    ) -> Result<Self, Unread> {
        let mut message_id = None;
        Self::read_noting(message, endpoint, now, &mut message_id)
            .map_err(|cause| Unread { cause, message_id })
    }

    fn read_noting(
        message: &[u8],
        endpoint: &Endpoint<'_>,
        now: OffsetDateTime,
        message_id: &mut Option<String>,
    ) -> Result<Self, RequestError> {
        let root = xml::read(message, &LIMITS).map_err(|error| match error.cause() {
            ReadCause::TooLong => RequestError::TooLarge,
            _ => RequestError::Xml(error),
        })?;
        let envelope = Envelope::open(&root, message_id)?;
        if envelope.action != endpoint.version.request_action() {
            return Err(RequestError::WrongAction);
        }
        // Programs say the address as it was given to them, which need not be as it is here.
        if !envelope.to.eq_ignore_ascii_case(endpoint.url) {
            return Err(RequestError::WrongDestination);
        }
        let clock = Clock {
            now,
            lifetime: endpoint.lifetime,
            skew: endpoint.clock_skew,
        };
        let user = security::read(envelope.security, &clock)?;
        let wanted = Wanted::read(envelope.body, endpoint.version)?;
        Ok(Self {
            message_id: message_id.clone().unwrap_or_default(),
            applies_to: wanted.applies_to.to_owned(),
            context: wanted.context.map(str::to_owned),
            user,
        })
    }
}

struct Wanted<'a> {
    applies_to: &'a str,
    context: Option<&'a str>,
}

impl<'a> Wanted<'a> {
    fn read(request: &'a Element, version: Version) -> Result<Self, RequestError> {
        let trust = version.namespace();
        if !request.is(trust, "RequestSecurityToken") || !request.has_element_content() {
            return Err(RequestError::Content("Body"));
        }
        for child in request.elements() {
            if !is_asked_by(child, trust) && !may_be_ignored(child, trust) {
                return Err(RequestError::NotIssued("a parameter that is not known"));
            }
        }
        let kind = request.required_child(trust, "RequestType")?;
        if uri(kind, "RequestType")? != version.issue() {
            return Err(RequestError::NotIssued("a RequestType other than Issue"));
        }
        let key = request.only_child(trust, "KeyType")?;
        if let Some(key) = key
            && uri(key, "KeyType")? != version.bearer()
        {
            return Err(RequestError::NotIssued("a KeyType other than bearer"));
        }
        if let Some(kind) = request.only_child(trust, "TokenType")?
            && ![TOKEN_TYPE, SAML11_BY_PROFILE].contains(&uri(kind, "TokenType")?)
        {
            return Err(RequestError::NotIssued("a TokenType other than SAML 1.1"));
        }
        let applies_to = request.required_child(POLICY, "AppliesTo")?;
        let reference = applies_to.required_child(ADDRESSING, "EndpointReference")?;
        if applies_to.elements().count() != 1 || !applies_to.has_element_content() {
            return Err(RequestError::Content("AppliesTo"));
        }
        let address = reference.required_child(ADDRESSING, "Address")?;
        let context = request.attribute("Context");
        if context.is_some_and(|context| context.len() > LONGEST_CONTEXT) {
            return Err(RequestError::Content("Context"));
        }
        Ok(Self {
            applies_to: uri(address, "AppliesTo")?,
            context,
        })
    }
}

fn is_asked_by(child: &Element, trust: &str) -> bool {
    let named = |name| child.is(trust, name);
    named("RequestType") || named("KeyType") || named("TokenType") || child.is(POLICY, "AppliesTo")
}

/// Wishes that an issuer may pass over (WS-Trust 1.3, 9). Not among them is what would change for
/// whom the token is, or who may use it: `OnBehalfOf`, `ActAs`, `UseKey`, Entropy, Participants.
fn may_be_ignored(child: &Element, trust: &str) -> bool {
    [
        "Lifetime",
        "KeySize",
        "Renewing",
        "SignatureAlgorithm",
        "EncryptionAlgorithm",
        "CanonicalizationAlgorithm",
        "KeyWrapAlgorithm",
        "SignWith",
        "EncryptWith",
    ]
    .into_iter()
    .any(|name| child.is(trust, name))
}
