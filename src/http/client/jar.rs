use std::time::Instant;

use hyper::{HeaderMap, Method, header::SET_COOKIE};

use super::origin::Origin;

/// The cookies of one browser, kept and sent by the rules of RFC 6265bis, for one host each: what
/// names its own host as `Domain` is kept for that host alone, and what names another is not kept.
#[derive(Debug, Default)]
pub(super) struct Jar {
    cookies: Vec<Kept>,
}

struct Kept {
    name: String,
    value: String,
    host: String,
    path: String,
    secure: bool,
    same_site: SameSite,
    expires: Option<Instant>,
}

impl std::fmt::Debug for Kept {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} of {}", self.name, self.host)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SameSite {
    Strict,
    Lax,
    None,
}

/// What decides which cookies go along with a request.
pub(super) struct Sending<'a> {
    pub(super) to: &'a Origin,
    pub(super) path: &'a str,
    pub(super) method: &'a Method,
    /// Whether another site began the request.
    pub(super) cross_site: bool,
}

impl Jar {
    /// Takes the `Set-Cookie` fields of an answer from `origin`.
    pub(super) fn take(&mut self, headers: &HeaderMap, origin: &Origin, request_path: &str) {
        for field in headers.get_all(SET_COOKIE) {
            let cookie = field
                .to_str()
                .ok()
                .and_then(|text| Kept::parse(text, origin, request_path));
            let Some((cookie, lives)) = cookie else {
                continue;
            };
            self.cookies.retain(|other| {
                (&other.name, &other.host, &other.path)
                    != (&cookie.name, &cookie.host, &cookie.path)
            });
            if lives {
                self.cookies.push(cookie);
            }
        }
    }

    /// The `Cookie` field for a request, if any cookie goes along.
    pub(super) fn header(&self, sending: &Sending<'_>) -> Option<String> {
        let now = Instant::now();
        let pairs: Vec<String> = self
            .cookies
            .iter()
            .filter(|cookie| cookie.goes_along(sending, now))
            .map(|cookie| format!("{}={}", cookie.name, cookie.value))
            .collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }

    /// The value kept for a host under a name.
    pub(super) fn value(&self, host: &str, name: &str) -> Option<&str> {
        self.cookies
            .iter()
            .find_map(|c| (c.host == host && c.name == name).then_some(c.value.as_str()))
    }
}

impl Kept {
    /// Reads a `Set-Cookie` field. The flag says whether the cookie lives, or only ends another.
    fn parse(text: &str, origin: &Origin, request_path: &str) -> Option<(Self, bool)> {
        let mut parts = text.split(';').map(str::trim);
        let (name, value) = parts.next()?.split_once('=')?;
        let mut cookie = Self {
            name: name.trim().to_owned(),
            value: value.trim().to_owned(),
            host: origin.host.clone(),
            path: default_path(request_path),
            secure: false,
            same_site: SameSite::Lax,
            expires: None,
        };
        let mut lives = true;
        for part in parts {
            let (key, value) = part.split_once('=').unwrap_or((part, ""));
            match key.trim().to_ascii_lowercase().as_str() {
                "secure" => cookie.secure = true,
                "path" if value.starts_with('/') => value.clone_into(&mut cookie.path),
                "domain" => {
                    let domain = value.trim().trim_start_matches('.');
                    let is_host_only = cookie.name.to_ascii_lowercase().starts_with("__host-");
                    if is_host_only || !domain.eq_ignore_ascii_case(&cookie.host) {
                        return None;
                    }
                }
                "max-age" => {
                    let seconds: i64 = value.parse().ok()?;
                    lives = seconds > 0;
                    cookie.expires = u64::try_from(seconds).ok().and_then(|s| {
                        Instant::now().checked_add(std::time::Duration::from_secs(s))
                    });
                }
                "samesite" => {
                    cookie.same_site = match value.to_ascii_lowercase().as_str() {
                        "strict" => SameSite::Strict,
                        "none" => SameSite::None,
                        _ => SameSite::Lax,
                    }
                }
                _ => {}
            }
        }
        cookie.may_be_kept(origin).then_some((cookie, lives))
    }

    fn may_be_kept(&self, origin: &Origin) -> bool {
        let name = self.name.to_ascii_lowercase();
        let must_be_secure = name.starts_with("__host-")
            || name.starts_with("__secure-")
            || self.same_site == SameSite::None;
        (!self.secure || origin.secure)
            && (!must_be_secure || self.secure)
            && (!name.starts_with("__host-") || self.path == "/")
    }

    fn goes_along(&self, sending: &Sending<'_>, now: Instant) -> bool {
        let site = match self.same_site {
            SameSite::None => true,
            // Every request here is a top-level navigation.
            SameSite::Lax => !sending.cross_site || sending.method.is_safe(),
            SameSite::Strict => !sending.cross_site,
        };
        site && self.host == sending.to.host
            && (!self.secure || sending.to.secure)
            && path_matches(sending.path, &self.path)
            && self.expires.is_none_or(|expires| expires > now)
    }
}

/// RFC 6265 5.1.4.
fn default_path(request_path: &str) -> String {
    match request_path.rfind('/') {
        Some(at) if at > 0 => request_path.get(..at).unwrap_or("/").to_owned(),
        _ => "/".to_owned(),
    }
}

/// RFC 6265 5.1.4.
fn path_matches(path: &str, cookie_path: &str) -> bool {
    path.strip_prefix(cookie_path)
        .is_some_and(|rest| rest.is_empty() || cookie_path.ends_with('/') || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(url: &str) -> Origin {
        Origin::of(&url.parse().unwrap()).unwrap()
    }

    fn jar_with(set: &str, url: &str) -> Jar {
        let mut headers = HeaderMap::new();
        headers.append(SET_COOKIE, set.parse().unwrap());
        let mut jar = Jar::default();
        jar.take(&headers, &origin(url), "/login");
        jar
    }

    fn sent(jar: &Jar, url: &str, method: &Method, cross_site: bool) -> Option<String> {
        let url: hyper::Uri = url.parse().unwrap();
        jar.header(&Sending {
            to: &Origin::of(&url).unwrap(),
            path: url.path(),
            method,
            cross_site,
        })
    }

    const IDP: &str = "https://idp.localhost/";

    #[test]
    fn same_site_decides_on_what_other_sites_begin() {
        for (same_site, cross_get, cross_post) in [
            ("None", true, true),
            ("Lax", true, false),
            ("Strict", false, false),
        ] {
            let set = format!("__Host-s=1; Path=/; Secure; SameSite={same_site}");
            let jar = jar_with(&set, IDP);
            assert_eq!(sent(&jar, IDP, &Method::GET, true).is_some(), cross_get);
            assert_eq!(sent(&jar, IDP, &Method::POST, true).is_some(), cross_post);
            assert!(sent(&jar, IDP, &Method::POST, false).is_some());
        }
        let unsaid = jar_with("s=1", IDP);
        assert!(sent(&unsaid, IDP, &Method::POST, true).is_none());
    }

    #[test]
    fn cookies_stay_with_host_scheme_and_path() {
        let jar = jar_with("a=1; Secure; Path=/saml2", IDP);
        assert!(sent(&jar, "https://idp.localhost/saml2/sso", &Method::GET, false).is_some());
        assert!(sent(&jar, "https://idp.localhost/saml20", &Method::GET, false).is_none());
        assert!(sent(&jar, "https://x.idp.localhost/saml2", &Method::GET, false).is_none());
        assert!(sent(&jar, "http://idp.localhost/saml2", &Method::GET, false).is_none());
    }

    #[test]
    fn prefixes_are_kept_to() {
        for refused in [
            "__Host-a=1; Path=/",
            "__Host-a=1; Secure",
            "__Host-a=1; Secure; Path=/; Domain=localhost",
            "__Host-a=1; Secure; Path=/; Domain=idp.localhost",
            "__Secure-a=1; Path=/",
            "a=1; SameSite=None",
            "a=1; Domain=localhost",
            "a=1; Domain=x.idp.localhost",
        ] {
            let mut headers = HeaderMap::new();
            headers.append(SET_COOKIE, refused.parse().unwrap());
            let mut jar = Jar::default();
            jar.take(&headers, &origin(IDP), "/deep/login");
            assert!(jar.cookies.is_empty(), "{refused}");
        }
        assert!(
            jar_with("a=1; Secure", "http://idp.localhost/")
                .cookies
                .is_empty()
        );
    }

    #[test]
    fn a_domain_that_is_the_host_is_for_this_host_alone() {
        let jar = jar_with("a=1; Domain=.IDP.localhost; Path=/", IDP);
        assert!(sent(&jar, IDP, &Method::GET, false).is_some());
        assert!(sent(&jar, "https://x.idp.localhost/", &Method::GET, false).is_none());
    }

    #[test]
    fn max_age_zero_forgets() {
        let mut jar = jar_with("a=1; Path=/", IDP);
        assert_eq!(jar.value("idp.localhost", "a"), Some("1"));
        let mut headers = HeaderMap::new();
        headers.append(SET_COOKIE, "a=; Path=/; Max-Age=0".parse().unwrap());
        jar.take(&headers, &origin(IDP), "/");
        assert_eq!(jar.value("idp.localhost", "a"), None);
    }
}
