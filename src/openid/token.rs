//! What is said to the token endpoint, and what it answers.

use std::{fmt, sync::Arc};

use aws_lc_rs::digest::{SHA256, digest};
use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use form_urlencoded::byte_serialize;
use serde_json::json;
use time::{Duration, OffsetDateTime};
use zeroize::Zeroizing;

use crate::keys::{KeyError, Signer};

use super::{Code, CodeVerifier, JsonError, Object, jws};

/// How the client proves to the token endpoint that it is itself (OpenID Connect Core 9).
#[derive(Clone)]
pub enum ClientAuthentication {
    /// By a secret that both know (`client_secret_basic`, or `client_secret_post` where the provider
    /// takes nothing else).
    Secret(Zeroizing<String>),
    /// By a signature (`private_key_jwt`). The key's name is the SHA-256 thumbprint of its
    /// certificate in base64url.
    Key(Arc<Signer>),
}

impl fmt::Debug for ClientAuthentication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Secret(_) => "Secret",
            Self::Key(_) => "Key",
        })
    }
}

/// A token request for a code (Core 3.1.3.1).
#[derive(Debug)]
pub struct TokenRequest<'a> {
    /// The issuer of the code.
    pub issuer: &'a str,
    /// Who asks.
    pub client_id: &'a str,
    /// How it proves that.
    pub authentication: &'a ClientAuthentication,
    /// Whether a secret goes into the body.
    pub secret_in_body: bool,
    /// As it stood in the authentication request.
    pub redirect_uri: &'a str,
    /// The code.
    pub code: &'a Code,
    /// The secret behind the challenge.
    pub code_verifier: &'a CodeVerifier,
}

/// A request as it is sent.
pub struct Posted {
    /// The form.
    pub fields: Vec<(String, String)>,
    /// The header field `Authorization`.
    pub authorization: Option<Zeroizing<String>>,
}

impl fmt::Debug for Posted {
    /// Nothing of it: all is secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Posted")
    }
}

/// How long a proof by signature counts.
const PROOF_LIFETIME: Duration = Duration::minutes(2);

impl TokenRequest<'_> {
    /// Writes it. `id` makes a proof by signature one of its own.
    ///
    /// # Errors
    /// [`KeyError`], when the key refuses.
    pub fn write(&self, id: &str, now: OffsetDateTime) -> Result<Posted, KeyError> {
        let mut fields = vec![
            ("grant_type", "authorization_code".to_owned()),
            ("code", self.code.as_str().to_owned()),
            ("redirect_uri", self.redirect_uri.to_owned()),
            ("code_verifier", self.code_verifier.as_str().to_owned()),
        ];
        let mut authorization = None;
        match self.authentication {
            ClientAuthentication::Secret(secret) if self.secret_in_body => {
                fields.push(("client_id", self.client_id.to_owned()));
                fields.push(("client_secret", secret.to_string()));
            }
            ClientAuthentication::Secret(secret) => {
                authorization = Some(basic(self.client_id, secret));
            }
            ClientAuthentication::Key(signer) => {
                let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
                fields.push(("client_id", self.client_id.to_owned()));
                fields.push(("client_assertion_type", kind.to_owned()));
                fields.push(("client_assertion", self.proof(signer, id, now)?));
            }
        }
        let fields = fields.into_iter();
        Ok(Posted {
            fields: fields
                .map(|(name, value)| (name.to_owned(), value))
                .collect(),
            authorization,
        })
    }

    /// A client assertion (RFC 7523 3). Its audience is the issuer, and not the token endpoint, whose
    /// address a dishonest issuer could take from an honest one.
    fn proof(&self, signer: &Signer, id: &str, now: OffsetDateTime) -> Result<String, KeyError> {
        let thumbprint = digest(&SHA256, signer.certificate().der());
        let thumbprint = BASE64_URL_SAFE_NO_PAD.encode(thumbprint);
        let header = json!({
            "alg": "RS256", "typ": "JWT", "kid": thumbprint, "x5t#S256": thumbprint,
        });
        let claims = json!({
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": self.issuer,
            "jti": id,
            "iat": now.unix_timestamp(),
            "exp": (now + PROOF_LIFETIME).unix_timestamp(),
        });
        jws::sign(&header, &claims, signer)
    }
}

/// RFC 6749 2.3.1: each part encoded as in a form first, so that a colon in it divides nothing.
fn basic(client_id: &str, secret: &str) -> Zeroizing<String> {
    let mut pair = Zeroizing::new(String::new());
    pair.extend(byte_serialize(client_id.as_bytes()));
    pair.push(':');
    pair.extend(byte_serialize(secret.as_bytes()));
    Zeroizing::new(format!("Basic {}", BASE64_STANDARD.encode(pair.as_bytes())))
}

/// The tokens that a code was redeemed for (Core 3.1.3.3), not looked at yet.
pub struct Tokens {
    /// The ID token.
    pub id_token: String,
    /// With which claims are had that the ID token leaves out.
    pub access_token: Option<Zeroizing<String>>,
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tokens")
    }
}

/// Why the token endpoint's answer brings no tokens.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// It refuses the code, or us (RFC 6749 5.2).
    #[error("the token endpoint answers with the error {0:?}")]
    Refused(String),
    /// Its answer cannot be read.
    #[error("the token endpoint's answer cannot be read: {0}")]
    Json(#[from] JsonError),
    /// An access token of a kind that nothing is known of.
    #[error("the access token is of the type {0:?}")]
    Kind(String),
}

impl Tokens {
    /// Reads the body of an answer. `accepted` is whether its status says that it is one.
    ///
    /// # Errors
    /// [`TokenError`].
    pub fn read(body: &[u8], accepted: bool) -> Result<Self, TokenError> {
        let answer = Object::read(body)?;
        if !accepted {
            let error = answer.required_text("error")?;
            return Err(TokenError::Refused(jws::shown(error)));
        }
        let access_token = answer.text("access_token")?;
        if access_token.is_some() {
            let kind = answer.required_text("token_type")?;
            if !kind.eq_ignore_ascii_case("bearer") {
                return Err(TokenError::Kind(jws::shown(kind)));
            }
        }
        Ok(Self {
            id_token: answer.required_text("id_token")?.to_owned(),
            access_token: access_token.map(|token| Zeroizing::new(token.to_owned())),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        http::Form,
        keys::{JsonWebAlgorithm, create_signing_key},
    };

    fn code() -> Code {
        let answer = Form::parse(b"code=c&state=s").unwrap();
        Code::from_answer(&answer, "https://a.example", false).unwrap()
    }

    fn posted(authentication: &ClientAuthentication, secret_in_body: bool) -> Posted {
        let request = TokenRequest {
            issuer: "https://a.example",
            client_id: "homerealm:1",
            authentication,
            secret_in_body,
            redirect_uri: "https://idp.contoso.com/upstream/openid/callback",
            code: &code(),
            code_verifier: &CodeVerifier::kept("v"),
        };
        request.write("j", OffsetDateTime::UNIX_EPOCH).unwrap()
    }

    fn value<'p>(posted: &'p Posted, name: &str) -> Option<&'p str> {
        let mut fields = posted.fields.iter();
        fields.find_map(|(field, value)| (field == name).then_some(value.as_str()))
    }

    #[test]
    fn a_secret_goes_into_the_header_field() {
        let secret = ClientAuthentication::Secret(Zeroizing::new("a:b c%".to_owned()));
        let posted = posted(&secret, false);
        let encoded = BASE64_STANDARD.encode("homerealm%3A1:a%3Ab+c%25");
        assert_eq!(
            posted.authorization.as_deref().map(String::as_str),
            Some(&*format!("Basic {encoded}"))
        );
        assert_eq!(value(&posted, "grant_type"), Some("authorization_code"));
        assert_eq!(value(&posted, "code"), Some("c"));
        assert_eq!(value(&posted, "code_verifier"), Some("v"));
        assert!(value(&posted, "redirect_uri").is_some());
        assert_eq!(value(&posted, "client_secret"), None);
        let told = format!("{secret:?} {posted:?}");
        assert_eq!(told, "Secret Posted");
    }

    #[test]
    fn or_into_the_body_where_nothing_else_is_taken() {
        let secret = ClientAuthentication::Secret(Zeroizing::new("s".to_owned()));
        let posted = posted(&secret, true);
        assert!(posted.authorization.is_none());
        assert_eq!(value(&posted, "client_id"), Some("homerealm:1"));
        assert_eq!(value(&posted, "client_secret"), Some("s"));
    }

    #[test]
    fn a_key_signs_for_the_issuer_alone() {
        let signer = Arc::new(create_signing_key("client", 1).unwrap().signer);
        let posted = posted(&ClientAuthentication::Key(signer.clone()), true);
        assert_eq!(value(&posted, "client_secret"), None);
        let proof = value(&posted, "client_assertion").unwrap();
        let parts: Vec<&str> = proof.split('.').collect();
        let decode = |part| BASE64_URL_SAFE_NO_PAD.decode(part).unwrap();
        let claims = Object::read(&decode(parts[1])).unwrap();
        assert_eq!(claims.text("aud"), Ok(Some("https://a.example")));
        assert_eq!(claims.text("iss"), Ok(Some("homerealm:1")));
        assert_eq!(claims.text("sub"), Ok(Some("homerealm:1")));
        assert_eq!(claims.text("jti"), Ok(Some("j")));
        assert_eq!(claims.instant("exp"), Ok(Some(120)));
        let message = format!("{}.{}", parts[0], parts[1]);
        let key = signer.certificate().public_key();
        key.verify(
            crate::keys::SignatureAlgorithm::RsaSha256,
            message.as_bytes(),
            &decode(parts[2]),
        )
        .unwrap();
        let header = Object::read(&decode(parts[0])).unwrap();
        let algorithm = JsonWebAlgorithm::Rs256.name();
        assert_eq!(header.text("alg"), Ok(Some(algorithm)));
    }

    #[test]
    fn tokens_are_read_or_the_error_is_told() {
        let read = |text: &str, accepted| Tokens::read(text.as_bytes(), accepted);
        let tokens = read(
            r#"{"id_token":"i","access_token":"a","token_type":"bearer"}"#,
            true,
        );
        let tokens = tokens.unwrap();
        assert_eq!(tokens.id_token, "i");
        assert_eq!(
            tokens.access_token.as_deref().map(String::as_str),
            Some("a")
        );
        assert!(
            read(r#"{"id_token":"i"}"#, true)
                .unwrap()
                .access_token
                .is_none()
        );
        for (text, accepted, error) in [
            (
                r#"{"error":"invalid_grant\n"}"#,
                false,
                TokenError::Refused("invalid_grant".to_owned()),
            ),
            // Tokens in an answer that says no are none.
            (
                r#"{"id_token":"i"}"#,
                false,
                JsonError::Missing("error").into(),
            ),
            ("{}", true, JsonError::Missing("id_token").into()),
            ("<html>", true, JsonError::NoObject.into()),
            (
                r#"{"id_token":"i","access_token":"a","token_type":"mac"}"#,
                true,
                TokenError::Kind("mac".to_owned()),
            ),
            (
                r#"{"id_token":"i","access_token":"a"}"#,
                true,
                JsonError::Missing("token_type").into(),
            ),
        ] {
            assert_eq!(read(text, accepted).unwrap_err(), error, "{text}");
        }
    }
}
