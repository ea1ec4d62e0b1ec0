//! What SAML needs to know of an application.

use serde::{Deserialize, Deserializer, de::Error};

use super::application::{Application, is_redirect_uri, redirect_uris};

/// An application on a server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Web {
    /// `redirectUris`: by SAML the reply URLs, of which the first is for who names none.
    #[serde(default, deserialize_with = "redirect_uris")]
    pub redirect_uris: Vec<String>,
    /// `logoutUrl`: where it hears by SAML that a session has ended.
    #[serde(default, deserialize_with = "logout_url")]
    pub logout_url: Option<String>,
}

impl Application {
    /// Whether SAML may call it so: by an identifier URI, by the character, or by its `appId`.
    pub fn is_called(&self, name: &str) -> bool {
        self.identifier_uris.iter().any(|uri| uri == name) || self.app_id.as_str() == name
    }
}

pub(super) fn identifier_uris<'de, D: Deserializer<'de>>(
    source: D,
) -> Result<Vec<String>, D::Error> {
    let uris = Vec::<String>::deserialize(source)?;
    let is_one = |uri: &&String| {
        (1..=255).contains(&uri.len()) && uri.bytes().all(|byte| byte.is_ascii_graphic())
    };
    match uris.iter().find(|uri| !is_one(uri)) {
        None => Ok(uris),
        Some(uri) => Err(D::Error::custom(format!(
            "{uri:?} is not an identifier URI: 1 to 255 characters without white space"
        ))),
    }
}

fn logout_url<'de, D: Deserializer<'de>>(source: D) -> Result<Option<String>, D::Error> {
    let url = Option::<String>::deserialize(source)?;
    match url.as_deref() {
        Some(url) if !url.starts_with("https://") || !is_redirect_uri(url) => {
            Err(D::Error::custom(format!(
                "{url:?} is not a logoutUrl: https, without a fragment"
            )))
        }
        _ => Ok(url),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn saml_calls_an_application_by_its_identifiers_and_tells_it_of_sign_outs_by_https() {
        let registered = |identifier: &str, logout: &str| {
            serde_json::from_value::<Application>(serde_json::json!({
                "appId": "6f9619ff-8b86-d011-b42d-00c04fc964ff",
                "displayName": "A",
                "identifierUris": [identifier],
                "web": {"redirectUris": [], "logoutUrl": logout},
            }))
        };
        let out = "https://app.example/out";
        let known = registered("https://app.example/saml", out).unwrap();
        assert_eq!(known.web.logout_url.as_deref(), Some(out));
        for name in [
            "https://app.example/saml",
            "6f9619ff-8b86-d011-b42d-00c04fc964ff",
        ] {
            assert!(known.is_called(name), "{name}");
        }
        for name in ["https://app.example/saml/", "https://APP.example/saml", ""] {
            assert!(!known.is_called(name), "{name}");
        }
        for bad in ["", "a b", "\n"] {
            assert!(registered(bad, out).is_err(), "{bad:?}");
        }
        for bad in [
            "http://localhost/out",
            "app://out",
            "https://app.example/#x",
            "",
        ] {
            assert!(registered("a", bad).is_err(), "{bad:?}");
        }
    }
}
