//! Cookies as Homerealm sets them: bound to one host by the `__Host-` prefix, or not at all.

use std::{
    fmt::{self, Write as _},
    time::Duration,
};

use hyper::header::{HeaderValue, SET_COOKIE};

use super::{Response, response::BadHeader};

/// When a browser sends a cookie along with a request that another site began (RFC 6265bis 5.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SameSite {
    /// Never.
    Strict,
    /// With top-level navigations by GET only.
    Lax,
    /// Always: what a cookie must be for Entra's cross-site POST to carry it.
    None,
}

/// A cookie of this host: always `Secure`, `HttpOnly`, `Path=/` and without `Domain`, under a name
/// that begins with `__Host-`, so that no sibling host and no plain-HTTP answer can set it
/// (RFC 6265bis 4.1.3.2). No other kind can be made.
#[derive(Clone)]
pub struct Cookie {
    /// Behind the prefix.
    name: &'static str,
    value: String,
    same_site: SameSite,
    lifetime: Lifetime,
}

#[derive(Clone, Copy, Debug)]
enum Lifetime {
    BrowserSession,
    Seconds(u64),
}

impl Cookie {
    /// What every name begins with.
    pub const PREFIX: &'static str = "__Host-";

    /// A cookie that ends with the browser's session. `name` is given without the prefix.
    ///
    /// # Errors
    /// When name or value hold what RFC 6265 4.1.1 does not permit there.
    pub fn new(
        name: &'static str,
        value: impl Into<String>,
        same_site: SameSite,
    ) -> Result<Self, BadHeader> {
        let value = value.into();
        if name.is_empty() || !name.bytes().all(is_token) || name.starts_with("__") {
            return Err(bad("its name is not a plain token"));
        }
        if !value.bytes().all(is_cookie_octet) {
            return Err(bad("its value has characters that cookies cannot hold"));
        }
        Ok(Self {
            name,
            value,
            same_site,
            lifetime: Lifetime::BrowserSession,
        })
    }

    /// A cookie that makes the browser forget the one with this name. `same_site` must permit the
    /// browser to take it where the answer goes.
    pub fn removal(name: &'static str, same_site: SameSite) -> Result<Self, BadHeader> {
        Ok(Self::new(name, "", same_site)?.max_age(Duration::ZERO))
    }

    /// Gives the cookie a lifetime of its own, in whole seconds.
    #[must_use]
    pub fn max_age(mut self, age: Duration) -> Self {
        self.lifetime = Lifetime::Seconds(age.as_secs());
        self
    }

    /// Adds the cookie to a response, beside any others.
    pub fn set_on(&self, response: &mut Response) -> Result<(), BadHeader> {
        let mut value = HeaderValue::from_str(&self.to_header())
            .map_err(|_| bad("it cannot stand in a header"))?;
        // Keeps it out of whatever prints header fields for debugging.
        value.set_sensitive(true);
        response.headers_mut().append(SET_COOKIE, value);
        Ok(())
    }

    fn to_header(&self) -> String {
        let same_site = match self.same_site {
            SameSite::Strict => "Strict",
            SameSite::Lax => "Lax",
            SameSite::None => "None",
        };
        let mut text = format!(
            "{}{}={}; Path=/; Secure; HttpOnly; SameSite={same_site}",
            Self::PREFIX,
            self.name,
            self.value
        );
        if let Lifetime::Seconds(seconds) = self.lifetime {
            let _ = write!(text, "; Max-Age={seconds}");
        }
        text
    }
}

impl fmt::Debug for Cookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cookie")
            .field("name", &self.name)
            .field("same_site", &self.same_site)
            .field("lifetime", &self.lifetime)
            .finish_non_exhaustive()
    }
}

fn bad(reason: &'static str) -> BadHeader {
    BadHeader {
        field: "a cookie",
        reason,
    }
}

/// `token` of RFC 9110 5.6.2.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// `cookie-octet` of RFC 6265 4.1.1.
fn is_cookie_octet(byte: u8) -> bool {
    byte.is_ascii_graphic() && !b"\",;\\".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cookie_is_bound_to_its_host() {
        let cookie = Cookie::new("session", "abc", SameSite::None)
            .unwrap()
            .max_age(Duration::from_secs(28_800));
        assert_eq!(
            cookie.to_header(),
            "__Host-session=abc; Path=/; Secure; HttpOnly; SameSite=None; Max-Age=28800"
        );
        let removal = Cookie::removal("session", SameSite::Lax).unwrap();
        assert_eq!(
            removal.to_header(),
            "__Host-session=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0"
        );
    }

    #[test]
    fn nothing_can_be_smuggled_in() {
        for value in ["a;b", "a b", "a\r\nb", "a,b", "\"a\"", "ä", "a\\b"] {
            assert!(Cookie::new("x", value, SameSite::Lax).is_err(), "{value:?}");
        }
        for name in ["", "a b", "a=b", "__Host-x", "__Secure-x"] {
            assert!(Cookie::new(name, "", SameSite::Lax).is_err(), "{name:?}");
        }
    }

    #[test]
    fn debug_does_not_tell_the_value() {
        let cookie = Cookie::new("session", "s3cret", SameSite::Lax).unwrap();
        assert!(!format!("{cookie:?}").contains("s3cret"));
    }
}
