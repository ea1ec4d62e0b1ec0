use std::fmt;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use serde::{Deserialize, Deserializer, de::Error};
use zeroize::Zeroizing;

use crate::{entra::ObjectId, keys::Certificate};

/// An application registered in a tenant, read by Graph's own property names as far as they go.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Application {
    /// `appId`: what the application calls `client_id`.
    pub app_id: ObjectId,
    /// `displayName`.
    pub display_name: String,
    /// `web`: applications on a server, which have a secret.
    #[serde(default)]
    pub web: RedirectUris,
    /// `spa`: pages whose scripts redeem the code themselves, and cannot keep a secret either.
    #[serde(default)]
    pub spa: RedirectUris,
    /// `publicClient`: applications on somebody's own machine, which cannot keep one.
    #[serde(default)]
    pub public_client: RedirectUris,
    /// `isFallbackPublicClient`: whether it may ask without a redirect URI, by a device code.
    #[serde(default)]
    pub is_fallback_public_client: bool,
    /// `passwordCredentials`: any of these is its secret.
    #[serde(default)]
    pub password_credentials: Vec<PasswordCredential>,
    /// `keyCredentials`: what it signs assertions about itself with.
    #[serde(default)]
    pub key_credentials: Vec<KeyCredential>,
    /// The application permissions of Graph that an administrator has consented to. Graph itself has
    /// them as `appRoleAssignments` of the service principal.
    #[serde(default)]
    pub application_permissions: Vec<String>,
    /// `api`: how tokens for its own interface are.
    #[serde(default)]
    pub api: Api,
}

/// Where browsers may be sent with an answer, for one platform.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RedirectUris {
    /// `redirectUris`.
    #[serde(default, deserialize_with = "redirect_uris")]
    pub redirect_uris: Vec<String>,
}

/// A secret. Graph tells `secretText` once; a file has to.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PasswordCredential {
    #[serde(deserialize_with = "secret")]
    secret_text: Zeroizing<String>,
}

/// A certificate by which an application proves who it is, in place of a secret.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct KeyCredential {
    /// `key`: the certificate, base64 of its DER without armour.
    #[serde(deserialize_with = "certificate")]
    pub key: Certificate,
}

/// `api` of an application.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Api {
    /// `requestedAccessTokenVersion`: 1, as without it, or 2.
    #[serde(default, deserialize_with = "token_version")]
    pub requested_access_token_version: Option<u8>,
}

/// On what an application runs, which decides whether it has to prove who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Platform {
    /// On a server: with a secret.
    Web,
    /// In a page of its own origin: without.
    Spa,
    /// On somebody's machine: without.
    PublicClient,
}

impl Platform {
    /// Whether an application there has to prove who it is.
    pub fn is_confidential(self) -> bool {
        self == Self::Web
    }
}

impl Application {
    /// One that runs on somebody's own machine and is reached there by its loopback address.
    pub fn on_this_machine(app_id: ObjectId, display_name: &str) -> Self {
        Self {
            app_id,
            display_name: display_name.to_owned(),
            web: RedirectUris::default(),
            spa: RedirectUris::default(),
            public_client: RedirectUris {
                redirect_uris: vec!["http://localhost".to_owned()],
            },
            is_fallback_public_client: true,
            password_credentials: Vec::new(),
            key_credentials: Vec::new(),
            application_permissions: Vec::new(),
            api: Api::default(),
        }
    }

    /// The platform for which a redirect URI is registered: by the character, but for the port of a
    /// loopback address, which is free (RFC 8252 7.3).
    pub fn platform_of(&self, redirect_uri: &str) -> Option<Platform> {
        let asked = without_loopback_port(redirect_uri);
        let any = |uris: &[String]| uris.iter().any(|uri| without_loopback_port(uri) == asked);
        let platforms = [
            (&self.web.redirect_uris, Platform::Web),
            (&self.spa.redirect_uris, Platform::Spa),
            (&self.public_client.redirect_uris, Platform::PublicClient),
        ];
        let found = platforms.into_iter().find(|(uris, _)| any(uris));
        found.map(|(_, platform)| platform)
    }

    /// What it runs on where no redirect URI tells: for codes of devices, and for passwords.
    pub fn platform_without_redirect(&self) -> Platform {
        if self.is_fallback_public_client {
            Platform::PublicClient
        } else {
            Platform::Web
        }
    }

    /// Whether pages of an origin are single-page applications of it: one of its redirect URIs for
    /// them is there. The port of a loopback address is free here, too.
    pub fn has_pages_at(&self, origin: &str) -> bool {
        let asked = without_loopback_port(origin);
        self.spa.redirect_uris.iter().any(|uri| {
            let host = uri.find("://").map_or(0, |at| at + 3);
            let path = uri.get(host..).and_then(|rest| rest.find(['/', '?']));
            let own = path.and_then(|path| uri.get(..host + path)).unwrap_or(uri);
            without_loopback_port(own) == asked
        })
    }

    /// Whether a text is one of its secrets.
    pub fn has_secret(&self, secret: &str) -> bool {
        self.password_credentials
            .iter()
            .any(|it| verify_slices_are_equal(it.secret_text.as_bytes(), secret.as_bytes()).is_ok())
    }
}

/// Without the secret.
impl fmt::Debug for PasswordCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordCredential")
    }
}

const LOOPBACK: [&str; 3] = ["http://localhost", "http://127.0.0.1", "http://[::1]"];

/// What is behind the host of a loopback address.
fn behind_loopback(uri: &str) -> Option<(&'static str, &str)> {
    LOOPBACK.into_iter().find_map(|host| {
        let rest = uri.strip_prefix(host)?;
        let ends = rest.is_empty() || rest.starts_with([':', '/', '?']);
        ends.then_some((host, rest))
    })
}

fn without_loopback_port(uri: &str) -> (&str, &str) {
    let Some((host, rest)) = behind_loopback(uri) else {
        return ("", uri);
    };
    let Some(port) = rest.strip_prefix(':') else {
        return (host, rest);
    };
    let digits = port.bytes().take_while(u8::is_ascii_digit).count();
    match port.get(digits..) {
        Some(behind) if (1..=5).contains(&digits) && !behind.starts_with([':', '@']) => {
            (host, behind)
        }
        _ => ("", uri),
    }
}

fn redirect_uris<'de, D: Deserializer<'de>>(source: D) -> Result<Vec<String>, D::Error> {
    let uris = Vec::<String>::deserialize(source)?;
    match uris.iter().find(|uri| !is_redirect_uri(uri)) {
        None => Ok(uris),
        Some(uri) => Err(D::Error::custom(format!(
            "{uri:?} is not a redirect URI: https, http on localhost, or a scheme of the \
             application's own, without a fragment"
        ))),
    }
}

/// Browsers are sent there, so that nothing may be one that would run in the sender's page.
fn is_redirect_uri(uri: &str) -> bool {
    let plain = uri.bytes().all(|byte| byte.is_ascii_graphic()) && !uri.contains(['#', '"', '<']);
    let Some((scheme, rest)) = uri.split_once("://") else {
        return false;
    };
    let own_scheme = || {
        let letters = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
        scheme.bytes().all(letters)
            && scheme.starts_with(|c: char| c.is_ascii_lowercase())
            && !matches!(scheme, "javascript" | "data" | "vbscript" | "file" | "blob")
    };
    plain
        && match scheme {
            "https" => !rest.is_empty() && uri.parse::<http::Uri>().is_ok(),
            "http" => behind_loopback(uri).is_some() && uri.parse::<http::Uri>().is_ok(),
            _ => own_scheme(),
        }
}

fn certificate<'de, D: Deserializer<'de>>(source: D) -> Result<Certificate, D::Error> {
    Certificate::from_base64(&String::deserialize(source)?).map_err(D::Error::custom)
}

fn secret<'de, D: Deserializer<'de>>(source: D) -> Result<Zeroizing<String>, D::Error> {
    String::deserialize(source).map(Zeroizing::new)
}

fn token_version<'de, D: Deserializer<'de>>(source: D) -> Result<Option<u8>, D::Error> {
    match Option::<u8>::deserialize(source)? {
        version @ (None | Some(1 | 2)) => Ok(version),
        Some(_) => Err(D::Error::custom("an access token's version is 1 or 2")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn application(json: serde_json::Value) -> Result<Application, serde_json::Error> {
        serde_json::from_value(json)
    }

    #[test]
    fn a_redirect_uri_is_compared_by_the_character_but_for_a_loopback_port() {
        let application = application(serde_json::json!({
            "appId": "6f9619ff-8b86-d011-b42d-00c04fc964ff",
            "displayName": "A",
            "web": {"redirectUris": ["https://app.example/back"]},
            "publicClient": {"redirectUris": ["http://localhost", "msal6f9619ff://auth"]},
        }))
        .unwrap();
        let on = |uri| application.platform_of(uri);
        assert_eq!(on("https://app.example/back"), Some(Platform::Web));
        for public in [
            "http://localhost",
            "http://localhost:49152",
            "msal6f9619ff://auth",
        ] {
            assert_eq!(on(public), Some(Platform::PublicClient), "{public}");
        }
        for stranger in [
            "https://app.example/back/",
            "https://app.example:8443/back",
            "https://APP.example/back",
            "http://localhost:1/x",
            "http://localhost.evil.example",
            "http://localhost:1@evil.example",
            "http://localhost:1:2",
            "http://127.0.0.1:49152",
            "https://localhost",
            "",
        ] {
            assert_eq!(on(stranger), None, "{stranger}");
        }
    }

    #[test]
    fn a_page_is_known_by_its_origin() {
        let application = application(serde_json::json!({
            "appId": "6f9619ff-8b86-d011-b42d-00c04fc964ff",
            "displayName": "A",
            "web": {"redirectUris": ["https://web.example/back"]},
            "spa": {"redirectUris": ["https://spa.example:8443/back", "http://localhost/back"]},
        }))
        .unwrap();
        let on = |uri| application.platform_of(uri);
        assert_eq!(on("https://spa.example:8443/back"), Some(Platform::Spa));
        assert!(!Platform::Spa.is_confidential() && Platform::Web.is_confidential());
        for own in ["https://spa.example:8443", "http://localhost:3000"] {
            assert!(application.has_pages_at(own), "{own}");
        }
        for other in [
            "https://web.example",
            "https://spa.example",
            "http://spa.example:8443",
            "https://spa.example:8443.evil.example",
            "null",
            "",
        ] {
            assert!(!application.has_pages_at(other), "{other}");
        }
    }

    #[test]
    fn only_addresses_that_a_browser_may_be_sent_to_are_registered() {
        for bad in [
            "http://app.example/",
            "javascript://%0aalert(1)",
            "https://app.example/#x",
            "https://app.example/ x",
            "/back",
            "https://",
            "",
        ] {
            let refused = application(serde_json::json!({
                "appId": "6f9619ff-8b86-d011-b42d-00c04fc964ff",
                "displayName": "A",
                "web": {"redirectUris": [bad]},
            }));
            assert!(refused.is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_secret_is_known_and_not_shown() {
        let application = application(serde_json::json!({
            "appId": "6f9619ff-8b86-d011-b42d-00c04fc964ff",
            "displayName": "A",
            "passwordCredentials": [{"secretText": "first-s"}, {"secretText": "second-s"}],
        }))
        .unwrap();
        assert!(application.has_secret("first-s") && application.has_secret("second-s"));
        assert!(!application.has_secret("") && !application.has_secret("first-ssecond-s"));
        assert!(!format!("{application:?}").contains("first-s"));
    }
}
