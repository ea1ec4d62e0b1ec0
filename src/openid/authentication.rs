//! The two messages that go by way of the browser.

use std::fmt;

use form_urlencoded::Serializer;
use hyper::Uri;

use crate::http::{Form, FormError};

use super::{CodeVerifier, jws::shown};

/// An authentication request (OpenID Connect Core 3.1.2.1).
#[derive(Debug)]
pub struct AuthenticationRequest<'a> {
    /// Who asks.
    pub client_id: &'a str,
    /// Where the answer goes.
    pub redirect_uri: &'a str,
    /// What is asked for, `openid` among it.
    pub scope: &'a str,
    /// What comes back with the answer.
    pub state: &'a str,
    /// What stands in the ID token.
    pub nonce: &'a str,
    /// Whose challenge goes along.
    pub code_verifier: &'a CodeVerifier,
    /// Who is expected.
    pub login_hint: Option<&'a str>,
    /// She must prove it anew.
    pub fresh: bool,
    /// Ways of proving it that are wished for, the best first; nothing where it is empty.
    pub acr_values: &'a [String],
    /// Claims that the ID token itself should have, where the provider may be asked for them.
    pub id_token_claims: &'a [&'a str],
}

impl AuthenticationRequest<'_> {
    /// The address that the browser goes to.
    pub fn address(&self, authorization_endpoint: &Uri) -> String {
        let mut address = authorization_endpoint.to_string();
        address.push(if authorization_endpoint.query().is_some() {
            '&'
        } else {
            '?'
        });
        let behind = address.len();
        let mut query = Serializer::for_suffix(address, behind);
        query
            .append_pair("response_type", "code")
            .append_pair("client_id", self.client_id)
            .append_pair("redirect_uri", self.redirect_uri)
            .append_pair("scope", self.scope)
            .append_pair("state", self.state)
            .append_pair("nonce", self.nonce)
            .append_pair("code_challenge", &self.code_verifier.challenge())
            .append_pair("code_challenge_method", "S256");
        if let Some(hint) = self.login_hint {
            query.append_pair("login_hint", hint);
        }
        if self.fresh {
            // `prompt` has her asked; `max_age` has the ID token say when she was.
            query.append_pair("prompt", "login");
            query.append_pair("max_age", "0");
        }
        if !self.acr_values.is_empty() {
            query.append_pair("acr_values", &self.acr_values.join(" "));
        }
        if !self.id_token_claims.is_empty() {
            let wanted = self.id_token_claims.iter();
            let wanted: serde_json::Map<_, _> = wanted
                .map(|claim| ((*claim).to_owned(), serde_json::Value::Null))
                .collect();
            let claims = serde_json::json!({ "id_token": wanted });
            query.append_pair("claims", &claims.to_string());
        }
        query.finish()
    }
}

/// A code that an issuer gave out, to be redeemed once (RFC 6749 4.1.2).
pub struct Code(String);

/// Why an answer brings no code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AuthenticationError {
    /// A parameter stands twice.
    #[error(transparent)]
    Form(#[from] FormError),
    /// The answer names another issuer than the one that was asked (RFC 9207 2.4).
    #[error("the answer is that of the issuer {0:?}")]
    OtherIssuer(String),
    /// The answer names no issuer, although this one names itself always (RFC 9207 2.4).
    #[error("the answer does not say whose it is, and this issuer's say so")]
    NoIssuer,
    /// Without `state` it answers no question of ours.
    #[error("the answer has no state")]
    NoState,
    /// The issuer says no (Core 3.1.2.6).
    #[error("the provider answers with the error {0:?}")]
    Refused(String),
    /// Neither a code nor an error.
    #[error("the answer has no code")]
    NoCode,
    /// A token came by way of the browser; none was asked for.
    #[error("the answer has a token, and a code was asked for")]
    Token,
}

/// The longest code that is taken, in octets.
const LARGEST_CODE: usize = 8 * 1024;

impl Code {
    /// Reads the parameters that came back. Whose they are is looked at first: an error of another
    /// issuer, too, is no answer.
    ///
    /// # Errors
    /// [`AuthenticationError`].
    pub fn from_answer(
        answer: &Form,
        issuer: &str,
        names_itself: bool,
    ) -> Result<Self, AuthenticationError> {
        match answer.single("iss")? {
            Some(named) if named != issuer => {
                return Err(AuthenticationError::OtherIssuer(shown(named)));
            }
            None if names_itself => return Err(AuthenticationError::NoIssuer),
            _ => {}
        }
        if answer.single("state")?.is_none_or(str::is_empty) {
            return Err(AuthenticationError::NoState);
        }
        if let Some(error) = answer.single("error")? {
            return Err(AuthenticationError::Refused(shown(error)));
        }
        if answer.single("id_token")?.is_some() || answer.single("access_token")?.is_some() {
            return Err(AuthenticationError::Token);
        }
        let code = answer.single("code")?;
        let code = code.filter(|code| !code.is_empty() && code.len() <= LARGEST_CODE);
        Ok(Self(code.ok_or(AuthenticationError::NoCode)?.to_owned()))
    }

    /// As it came.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ISSUER: &str = "https://login.fabrikam.com";

    fn request<'a>(verifier: &'a CodeVerifier, acr: &'a [String]) -> AuthenticationRequest<'a> {
        AuthenticationRequest {
            client_id: "homerealm & co",
            redirect_uri: "https://idp.contoso.com/upstream/openid/callback",
            scope: "openid email",
            state: "s",
            nonce: "n",
            code_verifier: verifier,
            login_hint: None,
            fresh: false,
            acr_values: acr,
            id_token_claims: &[],
        }
    }

    fn parameters(address: &str) -> Form {
        Form::parse(address.split_once('?').unwrap().1.as_bytes()).unwrap()
    }

    #[test]
    fn the_least_that_is_asked() {
        let verifier = CodeVerifier::new([7; 32]);
        let endpoint = "https://login.fabrikam.com/authorize".parse().unwrap();
        let address = request(&verifier, &[]).address(&endpoint);
        let asked = parameters(&address);
        let value = |name| asked.single(name).unwrap();
        assert!(address.starts_with("https://login.fabrikam.com/authorize?response_type=code&"));
        assert_eq!(value("client_id"), Some("homerealm & co"));
        assert_eq!(value("scope"), Some("openid email"));
        assert_eq!(value("state"), Some("s"));
        assert_eq!(value("nonce"), Some("n"));
        assert_eq!(value("code_challenge_method"), Some("S256"));
        assert_eq!(value("code_challenge"), Some(&*verifier.challenge()));
        for absent in ["login_hint", "prompt", "max_age", "acr_values", "claims"] {
            assert_eq!(value(absent), None);
        }
        assert!(!address.contains(verifier.as_str()));
    }

    #[test]
    fn all_that_may_be_asked() {
        let verifier = CodeVerifier::new([7; 32]);
        let acr = ["a".to_owned(), "b".to_owned()];
        let mut request = request(&verifier, &acr);
        request.login_hint = Some("wmoran+x@fabrikam.com");
        request.fresh = true;
        request.id_token_claims = &["email", "email_verified"];
        let endpoint = "https://login.fabrikam.com/?tenant=1".parse().unwrap();
        let asked = parameters(&request.address(&endpoint));
        let value = |name| asked.single(name).unwrap();
        assert_eq!(value("tenant"), Some("1"));
        assert_eq!(value("login_hint"), Some("wmoran+x@fabrikam.com"));
        assert_eq!(
            (value("prompt"), value("max_age")),
            (Some("login"), Some("0"))
        );
        assert_eq!(value("acr_values"), Some("a b"));
        let claims: serde_json::Value = serde_json::from_str(value("claims").unwrap()).unwrap();
        assert_eq!(
            claims,
            serde_json::json!({"id_token": {"email": null, "email_verified": null}})
        );
    }

    fn answer(query: &str, names_itself: bool) -> Result<Code, AuthenticationError> {
        Code::from_answer(
            &Form::parse(query.as_bytes()).unwrap(),
            ISSUER,
            names_itself,
        )
    }

    #[test]
    fn a_code_is_taken_from_the_issuer_that_was_asked() {
        assert_eq!(answer("code=c&state=s", false).unwrap().as_str(), "c");
        let named = "code=c&state=s&iss=https://login.fabrikam.com";
        assert!(answer(named, true).is_ok() && answer(named, false).is_ok());
        assert_eq!(
            answer("code=c&state=s", true).unwrap_err(),
            AuthenticationError::NoIssuer
        );
        let mixed_up = AuthenticationError::OtherIssuer("https://evil.example".to_owned());
        for query in ["code=c&state=s", "error=access_denied&state=s"] {
            let query = format!("{query}&iss=https://evil.example");
            assert_eq!(answer(&query, false).unwrap_err(), mixed_up);
        }
    }

    #[test]
    fn anything_else_is_refused() {
        use AuthenticationError as E;
        let refused = E::Refused("access_denied".to_owned());
        for (query, error) in [
            ("code=c", E::NoState),
            ("code=c&state=", E::NoState),
            ("state=s", E::NoCode),
            ("state=s&code=", E::NoCode),
            ("state=s&error=access_denied", refused.clone()),
            ("state=s&code=c&error=access%0A_denied", refused),
            ("state=s&code=c&id_token=t", E::Token),
            ("state=s&code=c&access_token=t", E::Token),
            (
                "state=s&code=c&code=d",
                E::Form(FormError::Repeated("code")),
            ),
            (
                "state=s&state=t&code=c",
                E::Form(FormError::Repeated("state")),
            ),
            (
                "iss=a&iss=b&state=s&code=c",
                E::Form(FormError::Repeated("iss")),
            ),
        ] {
            assert_eq!(answer(query, false).unwrap_err(), error, "{query}");
        }
        let long = format!("state=s&code={}", "c".repeat(LARGEST_CODE + 1));
        assert_eq!(answer(&long, false).unwrap_err(), E::NoCode);
        assert_eq!(
            format!("{:?}", answer("code=c&state=s", false).unwrap()),
            "Code"
        );
    }
}
