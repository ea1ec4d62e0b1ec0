//! The header fields that keep a page from being framed, sniffed, cached or scripted.

use std::{fmt::Write as _, net::Ipv6Addr};

use base64::{Engine, engine::general_purpose::STANDARD};
use hyper::{
    HeaderMap,
    header::{
        CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, REFERRER_POLICY,
        STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
    },
};

use super::{Response, response::BadHeader};
use crate::{fixed_text::FixedText, keys::random_octets};

/// A value that no one can foresee, by which a page marks its own `<style>` and `<script>`
/// (CSP level 3, 2.3.1). One for each response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nonce(FixedText<24>);

/// The system gave no random octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the system gives no random octets")]
pub struct NoEntropy;

impl Nonce {
    /// 128 random bits.
    pub fn new() -> Result<Self, NoEntropy> {
        let octets = random_octets::<16>().map_err(|_| NoEntropy)?;
        let mut encoded = [0; 24];
        let written = STANDARD.encode_slice(octets, &mut encoded);
        written.map_err(|_| NoEntropy)?;
        Ok(Self(FixedText::of(encoded)))
    }

    /// The value for a `nonce` attribute.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Where the forms of a page may go. Browsers hold redirects that answer a form to the same list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FormTarget<'a>(&'a str);

impl<'a> FormTarget<'a> {
    /// The host that the page itself came from.
    pub fn own() -> Self {
        Self("'self'")
    }

    /// The origin of a URL, such as an assertion consumer service's.
    ///
    /// # Errors
    /// When it is not `http://` or `https://` with a plain host: only letters, digits, `.` and `-`,
    /// or an address in brackets. Nothing else can reach the policy's text.
    pub fn origin_of(url: &'a str) -> Result<Self, BadHeader> {
        let bad = |reason| BadHeader {
            field: "form-action",
            reason,
        };
        // Taken apart here and not by a parser of whole URLs: each page of an answer needs it.
        let scheme = ["https://", "http://"]
            .into_iter()
            .find(|scheme| url.starts_with(scheme))
            .ok_or(bad("it is not an http or https URL"))?;
        let origin = url
            .bytes()
            .skip(scheme.len())
            .position(|byte| matches!(byte, b'/' | b'?' | b'#'))
            .and_then(|length| url.get(..scheme.len() + length))
            .unwrap_or(url);
        if !is_plain_authority(origin.get(scheme.len()..).unwrap_or_default()) {
            return Err(bad("its host is not a plain name or address"));
        }
        Ok(Self(origin))
    }
}

/// A host of letters, digits, `.` and `-`, or an address in brackets, and a port or none.
fn is_plain_authority(authority: &str) -> bool {
    let is_port =
        |text: &str| text.parse::<u16>().is_ok() && text.bytes().all(|b| b.is_ascii_digit());
    if let Some(bracketed) = authority.strip_prefix('[') {
        let Some((address, port)) = bracketed.split_once(']') else {
            return false;
        };
        return address.parse::<Ipv6Addr>().is_ok()
            && (port.is_empty() || port.strip_prefix(':').is_some_and(is_port));
    }
    let (host, port) = match authority.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (authority, None),
    };
    !host.is_empty()
        && host
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'))
        && port.is_none_or(is_port)
}

/// What a page needs to be allowed; all else is denied.
#[derive(Clone, Debug, Default)]
pub struct PageSecurity<'a> {
    styles: Option<&'a Nonce>,
    scripts: Option<&'a Nonce>,
    images: bool,
    image_origins: Vec<FormTarget<'a>>,
    frame_origins: Vec<FormTarget<'a>>,
    framed_by_own: bool,
    /// Most pages have one form, or none.
    form: Option<FormTarget<'a>>,
    more_forms: Vec<FormTarget<'a>>,
    strict_transport: bool,
}

impl<'a> PageSecurity<'a> {
    /// A page of text alone.
    pub fn new() -> Self {
        Self::default()
    }

    /// Allows the `<style>` elements that carry the nonce.
    #[must_use]
    pub fn styles(mut self, nonce: &'a Nonce) -> Self {
        self.styles = Some(nonce);
        self
    }

    /// Allows the `<script>` elements that carry the nonce.
    #[must_use]
    pub fn scripts(mut self, nonce: &'a Nonce) -> Self {
        self.scripts = Some(nonce);
        self
    }

    /// Allows images of the page's own host and `data:` URLs (logos).
    #[must_use]
    pub fn images(mut self) -> Self {
        self.images = true;
        self
    }

    /// Allows images from the origin of `url`, beside those given before.
    ///
    /// # Errors
    /// As [`FormTarget::origin_of`].
    pub fn images_from(mut self, url: &'a str) -> Result<Self, BadHeader> {
        let origin = FormTarget::origin_of(url)?;
        if !self.image_origins.contains(&origin) {
            self.image_origins.push(origin);
        }
        Ok(self)
    }

    /// Allows frames with pages of our own that lead to the origin of `url` (browsers hold redirects
    /// within a frame to the same list), beside those given before.
    ///
    /// # Errors
    /// As [`FormTarget::origin_of`].
    pub fn frames_of(mut self, url: &'a str) -> Result<Self, BadHeader> {
        let origin = FormTarget::origin_of(url)?;
        if !self.frame_origins.contains(&origin) {
            self.frame_origins.push(origin);
        }
        Ok(self)
    }

    /// Allows the page to stand in a frame of another one of our own.
    #[must_use]
    pub fn framed_by_own(mut self) -> Self {
        self.framed_by_own = true;
        self
    }

    /// Allows forms to go to `target`, beside those given before.
    #[must_use]
    pub fn forms_to(mut self, target: FormTarget<'a>) -> Self {
        match self.form {
            None => self.form = Some(target),
            Some(_) => self.more_forms.push(target),
        }
        self
    }

    /// Tells browsers to use nothing but TLS for this host, for a year. Only for answers that went
    /// out over TLS themselves, directly or through a proxy.
    #[must_use]
    pub fn strict_transport(mut self, on: bool) -> Self {
        self.strict_transport = on;
        self
    }

    /// Sets the fields, in place of any that were there.
    pub fn apply(&self, response: &mut Response) -> Result<(), BadHeader> {
        let policy = HeaderValue::try_from(self.content_policy()).map_err(|_| BadHeader {
            field: "Content-Security-Policy",
            reason: "it has control characters",
        })?;
        let headers = response.headers_mut();
        headers.insert(CONTENT_SECURITY_POLICY, policy);
        set(headers, REFERRER_POLICY, "no-referrer");
        set(headers, X_CONTENT_TYPE_OPTIONS, "nosniff");
        set(headers, CACHE_CONTROL, "no-store");
        set(
            headers,
            HeaderName::from_static("permissions-policy"),
            "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
        );
        // Not "same-origin": the page may stand in a window that an application opened and waits
        // for (sign-in pop-ups), and that it must not lose.
        set(
            headers,
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin-allow-popups",
        );
        if self.strict_transport {
            set(headers, STRICT_TRANSPORT_SECURITY, "max-age=31536000");
        }
        Ok(())
    }

    fn content_policy(&self) -> String {
        let mut policy = String::with_capacity(320);
        policy.push_str("default-src 'none'; base-uri 'none'; frame-ancestors ");
        policy.push_str(if self.framed_by_own {
            "'self'"
        } else {
            "'none'"
        });
        if let Some(Nonce(nonce)) = self.styles {
            let _ = write!(policy, "; style-src 'nonce-{nonce}'");
        }
        if let Some(Nonce(nonce)) = self.scripts {
            let _ = write!(policy, "; script-src 'nonce-{nonce}'");
        }
        if self.images || !self.image_origins.is_empty() {
            policy.push_str("; img-src");
            if self.images {
                policy.push_str(" 'self' data:");
            }
            for FormTarget(origin) in &self.image_origins {
                policy.push(' ');
                policy.push_str(origin);
            }
        }
        if !self.frame_origins.is_empty() {
            policy.push_str("; frame-src 'self'");
            for FormTarget(origin) in &self.frame_origins {
                policy.push(' ');
                policy.push_str(origin);
            }
        }
        // form-action does not fall back to default-src.
        policy.push_str("; form-action");
        for FormTarget(target) in self.form.iter().chain(&self.more_forms) {
            policy.push(' ');
            policy.push_str(target);
        }
        if self.form.is_none() {
            policy.push_str(" 'none'");
        }
        policy
    }
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &'static str) {
    headers.insert(name, HeaderValue::from_static(value));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::response;

    #[test]
    fn denies_by_default_and_allows_what_is_named() {
        assert_eq!(
            PageSecurity::new().content_policy(),
            "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'"
        );
        let nonce = Nonce(FixedText::of(*b"bm9uY2Vub25jZW5vbmNlbg=="));
        let policy = PageSecurity::new()
            .styles(&nonce)
            .scripts(&nonce)
            .images()
            .forms_to(FormTarget::own())
            .forms_to(FormTarget::origin_of("https://login.microsoftonline.com/login.srf").unwrap())
            .content_policy();
        assert_eq!(
            policy,
            "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; \
             style-src 'nonce-bm9uY2Vub25jZW5vbmNlbg=='; script-src 'nonce-bm9uY2Vub25jZW5vbmNlbg=='; img-src 'self' data:; \
             form-action 'self' https://login.microsoftonline.com"
        );
    }

    #[test]
    fn images_come_from_the_named_origins_only() {
        let policy = |page: PageSecurity| page.content_policy();
        let page = PageSecurity::new()
            .images_from("https://rp.test:8443/app?a=b")
            .and_then(|page| page.images_from("https://rp.test:8443/other"))
            .and_then(|page| page.images_from("https://login.microsoftonline.com/login.srf"))
            .unwrap();
        let origins = "https://rp.test:8443 https://login.microsoftonline.com";
        assert!(policy(page.clone()).contains(&format!("; img-src {origins}; ")));
        assert!(policy(page.images()).contains(&format!("; img-src 'self' data: {origins}; ")));
        assert!(PageSecurity::new().images_from("https://*/").is_err());
    }

    #[test]
    fn frames_hold_our_own_pages_and_the_named_origins_only() {
        let page = PageSecurity::new()
            .frames_of("https://rp.test:8443/slo?a=b")
            .and_then(|page| page.frames_of("https://rp.test:8443/other"))
            .unwrap();
        let policy = page.content_policy();
        assert!(policy.contains("; frame-src 'self' https://rp.test:8443; form-action"));
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
        let framed = PageSecurity::new().framed_by_own().content_policy();
        assert!(framed.contains("frame-ancestors 'self'; "), "{framed}");
        assert!(PageSecurity::new().frames_of("https://*/").is_err());
    }

    #[test]
    fn origins_keep_their_port_and_nothing_else() {
        let origin = |url| FormTarget::origin_of(url).map(|target| target.0);
        assert_eq!(
            origin("https://entra.localhost:8443/acs?x=1").unwrap(),
            "https://entra.localhost:8443"
        );
        assert_eq!(origin("http://[::1]:80/").unwrap(), "http://[::1]:80");
        assert_eq!(origin("https://[::1]").unwrap(), "https://[::1]");
        assert_eq!(origin("https://a.test?x=1").unwrap(), "https://a.test");
        assert_eq!(origin("https://a.test#/@b").unwrap(), "https://a.test");
        for bad in [
            "/acs",
            "ftp://a/",
            "https://a;script-src/",
            "https://*/",
            "https://a,b/",
            "https://user@a/",
            "https://a:/",
            "https://a:x/",
            "https://a:+1/",
            "https://a:65536/",
            "https://a b/",
            "https://[::1/",
            "https://[::1]x/",
            "https://[a;b]/",
            "https:///",
            "HTTPS://a/",
            "https://'self'/",
            "javascript:1",
        ] {
            assert!(origin(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn strict_transport_is_said_over_tls_only() {
        let mut page = response::html(hyper::StatusCode::OK, "");
        PageSecurity::new().apply(&mut page).unwrap();
        assert!(!page.headers().contains_key(STRICT_TRANSPORT_SECURITY));
        assert_eq!(page.headers()[CACHE_CONTROL], "no-store");
        PageSecurity::new()
            .strict_transport(true)
            .apply(&mut page)
            .unwrap();
        assert!(page.headers().contains_key(STRICT_TRANSPORT_SECURITY));
    }

    #[test]
    fn nonces_differ() {
        assert_ne!(Nonce::new().unwrap(), Nonce::new().unwrap());
    }
}
