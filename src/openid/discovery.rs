use hyper::Uri;

use crate::keys::JsonWebAlgorithm;

use super::{JsonError, Object, jws::shown};

/// The longest discovery document that is read, in octets.
pub const LARGEST_DISCOVERY: usize = 256 * 1024;

/// What an OpenID provider says of itself (OpenID Connect Discovery 1.0, part 3).
#[derive(Clone, Debug)]
pub struct ProviderMetadata {
    /// Where browsers are sent.
    pub authorization_endpoint: Uri,
    /// Where codes are redeemed.
    pub token_endpoint: Uri,
    /// Where its keys are.
    pub jwks_uri: Uri,
    /// Where claims are had that its ID tokens leave out.
    pub userinfo_endpoint: Option<Uri>,
    /// Whether its answers name it (RFC 9207), so that one without is not its own.
    pub answers_name_issuer: bool,
    /// Whether it may be asked for single claims (OpenID Connect Core 5.5).
    pub takes_claims_parameter: bool,
    /// Whether the client's secret goes into the body, for want of the header field.
    pub secret_in_body: bool,
}

/// Why a discovery document is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DiscoveryError {
    /// Not readable.
    #[error("the discovery document cannot be read: {0}")]
    Json(#[from] JsonError),
    /// It is another issuer's (Discovery 4.3): letter by letter, a slash at the end included.
    #[error("the discovery document is that of the issuer {0:?}")]
    OtherIssuer(String),
    /// An address that is not https.
    #[error("{0} is no https address")]
    Address(&'static str),
    /// It offers nothing that is spoken here.
    #[error("the provider does not offer {0}")]
    NotOffered(&'static str),
}

/// Where an issuer's discovery document is (Discovery 4).
pub fn discovery_address(issuer: &str) -> String {
    let issuer = issuer.strip_suffix('/').unwrap_or(issuer);
    format!("{issuer}/.well-known/openid-configuration")
}

impl ProviderMetadata {
    /// Reads the document of this issuer, and of no other.
    ///
    /// # Errors
    /// [`DiscoveryError`].
    pub fn read(octets: &[u8], issuer: &str) -> Result<Self, DiscoveryError> {
        if octets.len() > LARGEST_DISCOVERY {
            return Err(JsonError::NoObject.into());
        }
        let document = Object::read(octets)?;
        let named = document.required_text("issuer")?;
        if named != issuer {
            return Err(DiscoveryError::OtherIssuer(shown(named)));
        }
        let offers = |list, wanted: &dyn Fn(&str) -> bool, or| -> Result<bool, JsonError> {
            let values = document.texts(list)?;
            Ok(values.map_or(or, |values| values.into_iter().any(wanted)))
        };
        if !offers("response_types_supported", &|kind| kind == "code", true)? {
            return Err(DiscoveryError::NotOffered("the response type code"));
        }
        let known = |name: &str| JsonWebAlgorithm::named(name).is_some();
        if !offers("id_token_signing_alg_values_supported", &known, true)? {
            return Err(DiscoveryError::NotOffered(
                "ID tokens signed by RS256, PS256 or ES256",
            ));
        }
        let methods = "token_endpoint_auth_methods_supported";
        // Absent, it means that the header field is taken (Discovery 3).
        let in_header = offers(methods, &|method| method == "client_secret_basic", true)?;
        let in_body = offers(methods, &|method| method == "client_secret_post", false)?;
        Ok(Self {
            authorization_endpoint: required(&document, "authorization_endpoint")?,
            token_endpoint: required(&document, "token_endpoint")?,
            jwks_uri: required(&document, "jwks_uri")?,
            userinfo_endpoint: address(&document, "userinfo_endpoint")?,
            answers_name_issuer: document
                .truth("authorization_response_iss_parameter_supported")?,
            takes_claims_parameter: document.truth("claims_parameter_supported")?,
            secret_in_body: in_body && !in_header,
        })
    }
}

fn required(document: &Object, name: &'static str) -> Result<Uri, DiscoveryError> {
    address(document, name)?.ok_or(JsonError::Missing(name).into())
}

fn address(document: &Object, name: &'static str) -> Result<Option<Uri>, DiscoveryError> {
    let Some(text) = document.text(name)? else {
        return Ok(None);
    };
    https(text).map(Some).ok_or(DiscoveryError::Address(name))
}

/// An https address with a host and nobody's name or password; without a fragment, which
/// [`Uri`] would drop in silence.
fn https(text: &str) -> Option<Uri> {
    let url: Uri = text.parse().ok()?;
    let host = url.authority()?;
    let plain = !host.host().is_empty() && !host.as_str().contains('@') && !text.contains('#');
    (url.scheme_str() == Some("https") && plain).then_some(url)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const ISSUER: &str = "https://login.fabrikam.com";

    fn document() -> Value {
        json!({
            "issuer": ISSUER,
            "authorization_endpoint": "https://login.fabrikam.com/authorize?tenant=1",
            "token_endpoint": "https://tokens.fabrikam.com/token",
            "jwks_uri": "https://login.fabrikam.com/keys",
            "response_types_supported": ["code", "id_token"],
            "id_token_signing_alg_values_supported": ["HS256", "ES256"],
        })
    }

    fn read(change: Value) -> Result<ProviderMetadata, DiscoveryError> {
        let mut document = document();
        for (name, value) in change.as_object().unwrap() {
            document[name] = value.clone();
        }
        ProviderMetadata::read(document.to_string().as_bytes(), ISSUER)
    }

    #[test]
    fn what_is_offered_is_read() {
        let least = read(json!({})).unwrap();
        assert_eq!(least.token_endpoint.host(), Some("tokens.fabrikam.com"));
        assert!(!least.answers_name_issuer && !least.takes_claims_parameter);
        assert!(!least.secret_in_body && least.userinfo_endpoint.is_none());
        let most = read(json!({
            "authorization_response_iss_parameter_supported": true,
            "claims_parameter_supported": true,
            "userinfo_endpoint": "https://login.fabrikam.com/me",
            "token_endpoint_auth_methods_supported": ["client_secret_post"],
        }))
        .unwrap();
        assert!(most.answers_name_issuer && most.takes_claims_parameter && most.secret_in_body);
        assert!(most.userinfo_endpoint.is_some());
        let both = json!({"token_endpoint_auth_methods_supported":
            ["client_secret_post", "client_secret_basic"]});
        assert!(!read(both).unwrap().secret_in_body);
    }

    #[test]
    fn another_issuer_s_document_is_refused() {
        for other in [
            "https://login.fabrikam.com/",
            "https://LOGIN.fabrikam.com",
            "https://evil.example",
        ] {
            let refused = read(json!({ "issuer": other })).unwrap_err();
            assert_eq!(refused, DiscoveryError::OtherIssuer(other.to_owned()));
        }
        assert!(read(json!({ "issuer": null })).is_err());
    }

    #[test]
    fn addresses_are_https() {
        for name in ["authorization_endpoint", "token_endpoint", "jwks_uri"] {
            for bad in [
                "http://login.fabrikam.com/x",
                "https://user@login.fabrikam.com/x",
                "https://login.fabrikam.com/x#f",
                "/x",
                "javascript:1",
                "",
            ] {
                let refused = read(json!({ name: bad })).unwrap_err();
                assert_eq!(refused, DiscoveryError::Address(name), "{bad}");
            }
            let missing = read(json!({ name: null })).unwrap_err();
            assert_eq!(missing, JsonError::Missing(name).into());
        }
        assert!(read(json!({"userinfo_endpoint": "http://login.fabrikam.com/"})).is_err());
    }

    #[test]
    fn who_offers_nothing_that_is_spoken_here_is_refused() {
        for lacking in [
            json!({"response_types_supported": ["id_token"]}),
            json!({"id_token_signing_alg_values_supported": ["none", "HS256", "RS512"]}),
        ] {
            let refused = read(lacking).unwrap_err();
            assert!(matches!(refused, DiscoveryError::NotOffered(_)));
        }
    }

    #[test]
    fn a_document_has_its_bound() {
        let good = document().to_string();
        let padded = |octets: usize| format!("{good}{}", " ".repeat(octets - good.len()));
        let read = |text: String| ProviderMetadata::read(text.as_bytes(), ISSUER);
        assert!(read(padded(LARGEST_DISCOVERY)).is_ok());
        assert!(read(padded(LARGEST_DISCOVERY + 1)).is_err());
    }

    #[test]
    fn the_document_has_its_place() {
        let at = "https://a.example/t/.well-known/openid-configuration";
        assert_eq!(discovery_address("https://a.example/t"), at);
        assert_eq!(discovery_address("https://a.example/t/"), at);
    }
}
