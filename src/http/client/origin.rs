use hyper::Uri;

use super::ClientError;

/// Scheme, host and port: what a connection goes to, and what browsers compare.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Origin {
    pub(super) secure: bool,
    /// In lower case.
    pub(super) host: String,
    pub(super) port: u16,
}

impl Origin {
    pub(super) fn of(url: &Uri) -> Result<Self, ClientError> {
        let secure = match url.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(ClientError::Url(url.to_string())),
        };
        let authority = url
            .authority()
            .filter(|authority| !authority.as_str().contains('@'))
            .ok_or_else(|| ClientError::Url(url.to_string()))?;
        Ok(Self {
            secure,
            host: authority.host().to_ascii_lowercase(),
            port: authority
                .port_u16()
                .unwrap_or(if secure { 443 } else { 80 }),
        })
    }

    /// As `Host` and `Origin` name it, without a port that is the scheme's own.
    pub(super) fn authority(&self) -> String {
        match (self.secure, self.port) {
            (true, 443) | (false, 80) => self.host.clone(),
            _ => format!("{}:{}", self.host, self.port),
        }
    }

    /// The value of an `Origin` header (RFC 6454 6.2).
    pub(super) fn serialized(&self) -> String {
        let scheme = if self.secure { "https" } else { "http" };
        format!("{scheme}://{}", self.authority())
    }

    /// Whether both belong to one site: the same scheme and the same registrable domain, which is
    /// taken to be the last two labels. That is right for the names of a demo and of tests; the
    /// list of public suffixes is a browser's business.
    pub(super) fn same_site(&self, other: &Self) -> bool {
        self.secure == other.secure && self.site() == other.site()
    }

    fn site(&self) -> &str {
        let numeric =
            self.host.starts_with('[') || self.host.ends_with(|c: char| c.is_ascii_digit());
        if numeric {
            return &self.host;
        }
        let mut dots = self.host.rmatch_indices('.').map(|(at, _)| at);
        match (dots.next(), dots.next()) {
            (Some(_), Some(second)) => self.host.get(second + 1..).unwrap_or(&self.host),
            _ => &self.host,
        }
    }
}

/// Resolves the forms of reference that Homerealm's pages and redirects use: an absolute URL, an
/// absolute path, a query alone, or nothing. A relative path is an error.
pub(super) fn resolve(base: &Uri, reference: &str) -> Result<Uri, ClientError> {
    let bad = || ClientError::Url(reference.to_owned());
    let reference = reference.split('#').next().unwrap_or("");
    let origin = Origin::of(base)?;
    let text = if reference.starts_with("https://") || reference.starts_with("http://") {
        reference.to_owned()
    } else if reference.is_empty() {
        return Ok(base.clone());
    } else if reference.starts_with('?') {
        format!("{}{}{reference}", origin.serialized(), base.path())
    } else if reference.starts_with('/') && !reference.starts_with("//") {
        format!("{}{reference}", origin.serialized())
    } else {
        return Err(bad());
    };
    text.parse().map_err(|_| bad())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resolves_against_a_base() {
        let base: Uri = "https://idp.localhost:8443/saml2/sso?a=1".parse().unwrap();
        let resolved = |reference| resolve(&base, reference).map(|url| url.to_string());
        assert_eq!(
            resolved("/login").unwrap(),
            "https://idp.localhost:8443/login"
        );
        assert_eq!(
            resolved("?b=2").unwrap(),
            "https://idp.localhost:8443/saml2/sso?b=2"
        );
        assert_eq!(resolved("").unwrap(), base.to_string());
        assert_eq!(
            resolved("https://x.example/#f").unwrap(),
            "https://x.example/"
        );
        for bad in ["login", "//x.example/", "javascript:1", "/a b"] {
            assert!(resolved(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn sites_are_the_last_two_labels() {
        let origin = |url: &str| Origin::of(&url.parse().unwrap()).unwrap();
        let idp = origin("https://idp.localhost:1");
        assert!(!idp.same_site(&origin("https://entra.localhost:1")));
        assert!(idp.same_site(&origin("https://a.idp.localhost:2")));
        assert!(!idp.same_site(&origin("http://idp.localhost:1")));
        assert!(!origin("https://127.0.0.1").same_site(&origin("https://10.0.0.1")));
    }
}
