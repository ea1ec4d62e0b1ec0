//! How a request by SAML 2.0 gets to the identity provider (SAML bindings 3.4, 3.5).
//!
//! Entra posts it (facts 1.2). HTTP-Redirect is here for identity providers that other service providers
//! ask in that way, too.

use base64::{Engine, engine::general_purpose::STANDARD};
use miniz_oxide::deflate::compress_to_vec;

use super::{
    AuthnRequest, HintPolicy, Names, RequestSigner, RequestSigningError,
    query::{Query, percent_encode},
    random,
};

/// By which binding requests are sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SamlBinding {
    /// HTTP-POST, as Entra does.
    #[default]
    Post,
    /// HTTP-Redirect.
    Redirect,
}

/// What the browser is told to post to the identity provider (SAML bindings 3.5.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostToIdp {
    /// `passiveSignInUri` with the hints appended.
    pub action: String,
    /// The field `SAMLRequest`: base64 of the request.
    pub saml_request: String,
    /// The field `RelayState`: opaque, to come back byte for byte.
    pub relay_state: String,
}

/// Where the browser is sent (SAML bindings 3.4.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedirectToIdp {
    /// `passiveSignInUri` with the hints and the request appended.
    pub address: String,
    /// What stands in it as `RelayState`.
    pub relay_state: String,
}

impl AuthnRequest {
    /// The form that carries the request to `passive_sign_in_uri`, with a `RelayState` of its own.
    ///
    /// # Errors
    /// When it cannot be signed.
    pub fn post_to(
        &self,
        passive_sign_in_uri: &str,
        hints: HintPolicy,
        names: Names<'_>,
        signer: Option<&RequestSigner>,
    ) -> Result<PostToIdp, RequestSigningError> {
        let mut message = self.to_xml();
        if let Some(signer) = signer {
            message = signer.envelop(&message, &self.id)?;
        }
        Ok(PostToIdp {
            action: hinting(passive_sign_in_uri, hints, names).finish(),
            saml_request: STANDARD.encode(message),
            relay_state: relay_state(),
        })
    }

    /// The address that carries it, with a `RelayState` of its own. The hints are not under the signature.
    ///
    /// # Errors
    /// When it cannot be signed.
    pub fn redirect_to(
        &self,
        passive_sign_in_uri: &str,
        hints: HintPolicy,
        names: Names<'_>,
        signer: Option<&RequestSigner>,
    ) -> Result<RedirectToIdp, RequestSigningError> {
        const LEVEL: u8 = 6;
        let deflated = compress_to_vec(self.to_xml().as_bytes(), LEVEL);
        let relay_state = relay_state();
        let mut query = format!(
            "SAMLRequest={}&RelayState={}",
            percent_encode(&STANDARD.encode(deflated)),
            percent_encode(&relay_state)
        );
        if let Some(signer) = signer {
            query = signer.append(&query)?;
        }
        let address = hinting(passive_sign_in_uri, hints, names).finish();
        let mark = if address.contains('?') { '&' } else { '?' };
        Ok(RedirectToIdp {
            address: format!("{address}{mark}{query}"),
            relay_state,
        })
    }
}

fn hinting(passive_sign_in_uri: &str, hints: HintPolicy, names: Names<'_>) -> Query {
    let mut address = Query::onto(passive_sign_in_uri);
    for (parameter, hint) in [
        ("login_hint", hints.login_hint),
        ("username", hints.username),
    ] {
        if let Some(name) = names.of(hint) {
            address.push(parameter, &name);
        }
    }
    address
}

/// An opaque state of some hundred characters, each one's length by chance.
///
/// The form of Entra's is not known (facts 1.3). This one always holds `+`, `/` and `=`, which a
/// careless form decoder turns into blanks or loses.
fn relay_state() -> String {
    let octets = random::octets::<451>();
    let [length, ..] = octets;
    // Base64 of 1 modulo 3 octets ends in "==".
    let length = 196 + 3 * (usize::from(length) / 3);
    let opaque = octets.get(..length).unwrap_or(&octets);
    format!("++//{}", STANDARD.encode(opaque))
}

#[cfg(test)]
#[path = "saml_binding_tests.rs"]
mod tests;
