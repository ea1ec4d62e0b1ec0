//! The security header: a timestamp, and a user name with its password (WSS 1.1, and its
//! `UsernameToken` Profile).

use std::{fmt, time::Duration};

use time::OffsetDateTime;
use zeroize::Zeroizing;

use crate::{saml2::parse_timestamp, xml::Element};

use super::{
    RequestError,
    names::{PASSWORD_TEXT, SECURITY, UTILITY},
};

/// Who asks, as she says, and what she proves it with.
#[derive(Clone, Debug)]
pub struct UsernameToken {
    /// The name, as it was given.
    pub name: String,
    /// The password.
    pub password: PlainPassword,
}

/// A password as it came: perhaps empty, perhaps none. Wiped from memory when dropped; the copies
/// in the message's own octets and tree are not.
#[derive(Clone)]
pub struct PlainPassword(Zeroizing<String>);

impl PlainPassword {
    /// The text, for whoever checks it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PlainPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PlainPassword(..)")
    }
}

/// Reads the header, whose time must be now.
///
/// Exactly two children, of which each is looked for here and nowhere else: a timestamp that is
/// wrapped in something is none.
pub(super) fn read(security: &Element, clock: &Clock) -> Result<UsernameToken, RequestError> {
    let timestamp = security.required_child(UTILITY, "Timestamp")?;
    let token = security.required_child(SECURITY, "UsernameToken")?;
    if security.elements().count() != 2 || !security.has_element_content() {
        return Err(RequestError::UnsupportedToken);
    }
    Timestamp::read(timestamp)?.check(clock)?;
    user(token)
}

/// What a timestamp is held to.
pub(super) struct Clock {
    pub(super) now: OffsetDateTime,
    /// How old a message may be, whatever it says of its own end.
    pub(super) lifetime: Duration,
    /// How far two clocks may differ.
    pub(super) skew: Duration,
}

struct Timestamp {
    created: OffsetDateTime,
    expires: OffsetDateTime,
}

impl Timestamp {
    fn read(element: &Element) -> Result<Self, RequestError> {
        let instant = |name| {
            let text = element.required_child(UTILITY, name)?.text();
            text.and_then(parse_timestamp)
                .ok_or(RequestError::BadTimestamp)
        };
        let (created, expires) = (instant("Created")?, instant("Expires")?);
        if element.elements().count() != 2 || expires <= created {
            return Err(RequestError::BadTimestamp);
        }
        Ok(Self { created, expires })
    }

    /// Reckoned from our own clock: the message's times may stand at the ends of time.
    fn check(&self, clock: &Clock) -> Result<(), RequestError> {
        // MSAL for .NET writes the fraction ".068" whatever the time is.
        let created = self.created.replace_nanosecond(0).unwrap_or(self.created);
        if created > clock.now + clock.skew {
            return Err(RequestError::FromTheFuture);
        }
        let is_over = self.expires <= clock.now - clock.skew;
        if is_over || self.created < clock.now - clock.lifetime - clock.skew {
            return Err(RequestError::Expired);
        }
        Ok(())
    }
}

/// A name and a plain password, and nothing else: a nonce belongs to a digest, and what else could
/// stand here is not understood.
fn user(token: &Element) -> Result<UsernameToken, RequestError> {
    let name = token.required_child(SECURITY, "Username")?;
    let password = token.required_child(SECURITY, "Password")?;
    let kind = password.attribute("Type");
    if kind.is_some_and(|kind| kind != PASSWORD_TEXT) {
        return Err(RequestError::UnsupportedPassword);
    }
    if token.elements().count() != 2 || !token.has_element_content() {
        return Err(RequestError::UnsupportedToken);
    }
    let text = |element: &Element, part| {
        let text = element.text().ok_or(RequestError::Content(part))?;
        Ok::<_, RequestError>(text.to_owned())
    };
    Ok(UsernameToken {
        name: text(name, "Username")?,
        password: PlainPassword(Zeroizing::new(text(password, "Password")?)),
    })
}
