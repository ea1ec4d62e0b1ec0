use std::cell::RefCell;

use base64::{Engine, engine::general_purpose::STANDARD};

use crate::{
    http::{Form, FormError},
    xml::{self, Element, Limits, ReadError},
};

use super::{
    inflate::Inflater,
    names::{ASSERTION, DEFLATE},
    redirect_signature::RedirectSignature,
};

/// SAML bindings 3.4.3 says 80 bytes; Entra and others send more, and get them back. Line breaks
/// excepted, which come back as CR LF whatever they were: browsers send forms so.
pub const MAX_RELAY_STATE: usize = 8 * 1024;

/// An `AuthnRequest` in transit is a kilobyte or two; signed with a certificate chain, ten.
pub(super) const MAX_MESSAGE: usize = 64 * 1024;

thread_local! {
    // For each thread, so that no message needs tables and buffers of its own.
    static INFLATER: RefCell<Inflater> = RefCell::default();
}

/// An identity provider's answer may have the names of hundreds of groups in it.
const MAX_ANSWER: usize = 256 * 1024;

/// Why no message could be taken from a request.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BindingError {
    /// There is no parameter of this name.
    #[error("there is no {0}")]
    Missing(&'static str),
    /// The parameters themselves are broken or repeated.
    #[error(transparent)]
    Form(#[from] FormError),
    /// Not base64.
    #[error("the message is not base64")]
    Base64,
    /// Not DEFLATE, or it inflates to more than any honest message.
    #[error("the message is not DEFLATE, or inflates beyond the bound")]
    Deflate,
    /// More bytes than any honest message.
    #[error("the message is too large")]
    TooLarge,
    /// `RelayState` is longer than [`MAX_RELAY_STATE`], or holds U+0000, which browsers replace: it
    /// could not come back as it was.
    #[error("RelayState is too long, or holds what no form can carry")]
    RelayState,
    /// A `SAMLEncoding` other than DEFLATE (SAML bindings 3.4.4).
    #[error("SAMLEncoding names an encoding that is not supported")]
    Encoding,
    /// A signed query whose signature parameters are incomplete or out of shape.
    #[error("the query's signature parameters are incomplete")]
    Signature,
    /// Not XML that we read.
    #[error("the message cannot be read: {0}")]
    Xml(#[from] ReadError),
}

/// The parameter that carries a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carried {
    /// `SAMLRequest`.
    Request,
    /// `SAMLResponse`.
    Response,
}

impl Carried {
    /// The parameter's name.
    pub fn parameter(self) -> &'static str {
        match self {
            Self::Request => "SAMLRequest",
            Self::Response => "SAMLResponse",
        }
    }
}

/// A request as it arrived, not yet trusted: only [`ReceivedRequest::issuer`] may be asked, to
/// look the trust up.
#[derive(Debug)]
pub struct ReceivedRequest(pub(super) Received);

impl ReceivedRequest {
    /// Takes a message from an HTTP-POST form (SAML bindings 3.5).
    pub fn from_post(form: &Form) -> Result<Self, BindingError> {
        Received::from_post(form, Carried::Request).map(Self)
    }

    /// Takes a message from an HTTP-Redirect query (SAML bindings 3.4), DEFLATE-encoded.
    ///
    /// `query` are the octets as received, since a signature is over them; `form` is what they
    /// were parsed to.
    pub fn from_redirect(query: &str, form: &Form) -> Result<Self, BindingError> {
        Received::from_redirect(query, form, Carried::Request).map(Self)
    }

    /// Who says to have sent it; proves nothing yet.
    pub fn issuer(&self) -> Option<&str> {
        self.0.issuer()
    }

    /// To be returned with the answer, byte for byte.
    pub fn take_relay_state(&mut self) -> Option<String> {
        self.0.relay_state.take()
    }
}

/// An answer as it arrived, not yet trusted: only who sent it may be asked, to look the trust up.
#[derive(Debug)]
pub struct ReceivedResponse(pub(super) Received);

impl ReceivedResponse {
    /// As [`ReceivedRequest::from_post`], of `SAMLResponse`.
    pub fn from_post(form: &Form) -> Result<Self, BindingError> {
        Received::from_post(form, Carried::Response).map(Self)
    }

    /// Takes an identity provider's answer from the value of `SAMLResponse`, as it stood in a form.
    pub fn from_encoded(encoded: &str) -> Result<Self, BindingError> {
        Ok(Self(Received {
            root: decoded(encoded, MAX_ANSWER)?,
            redirect_signature: None,
            relay_state: None,
        }))
    }

    /// As [`ReceivedRequest::from_redirect`], of `SAMLResponse`.
    pub fn from_redirect(query: &str, form: &Form) -> Result<Self, BindingError> {
        Received::from_redirect(query, form, Carried::Response).map(Self)
    }

    /// Who says to have sent it; proves nothing yet.
    pub fn issuer(&self) -> Option<&str> {
        self.0.issuer()
    }
}

/// A message and what came with it.
#[derive(Debug)]
pub(super) struct Received {
    pub(super) root: Element,
    pub(super) redirect_signature: Option<RedirectSignature>,
    relay_state: Option<String>,
}

impl Received {
    fn from_post(form: &Form, carried: Carried) -> Result<Self, BindingError> {
        let name = carried.parameter();
        let encoded = form.single(name)?.ok_or(BindingError::Missing(name))?;
        Ok(Self {
            root: decoded(encoded, MAX_MESSAGE)?,
            redirect_signature: None,
            relay_state: relay_state(form)?,
        })
    }

    fn from_redirect(query: &str, form: &Form, carried: Carried) -> Result<Self, BindingError> {
        if !matches!(form.single("SAMLEncoding")?, None | Some(DEFLATE)) {
            return Err(BindingError::Encoding);
        }
        let name = carried.parameter();
        let encoded = form.single(name)?.ok_or(BindingError::Missing(name))?;
        let redirect_signature = RedirectSignature::from_query(query, form, carried)?;
        Ok(Self {
            root: INFLATER
                .with_borrow_mut(|inflater| read(inflater.inflate_base64(encoded)?, MAX_MESSAGE))?,
            redirect_signature,
            relay_state: relay_state(form)?,
        })
    }

    fn issuer(&self) -> Option<&str> {
        let issuer = self.root.only_child(ASSERTION, "Issuer").ok()??;
        issuer.text().map(str::trim)
    }
}

/// The message in base64, of at most so many octets.
fn decoded(encoded: &str, most: usize) -> Result<Element, BindingError> {
    if encoded.len() > most * 3 / 2 {
        return Err(BindingError::TooLarge);
    }
    // Some senders fold the base64 into lines.
    let compact: String = encoded.split_ascii_whitespace().collect();
    let message = STANDARD.decode(compact).map_err(|_| BindingError::Base64)?;
    read(&message, most)
}

fn read(message: &[u8], most: usize) -> Result<Element, BindingError> {
    if message.len() > most {
        return Err(BindingError::TooLarge);
    }
    Ok(xml::read(message, &Limits::default())?)
}

fn relay_state(form: &Form) -> Result<Option<String>, BindingError> {
    match form.single("RelayState")? {
        Some(state) if state.len() > MAX_RELAY_STATE || state.contains('\0') => {
            Err(BindingError::RelayState)
        }
        state => Ok(state.map(str::to_owned)),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn redirected(query: &str) -> Result<ReceivedRequest, BindingError> {
        ReceivedRequest::from_redirect(query, &Form::parse(query.as_bytes())?)
    }

    fn deflated(message: &[u8]) -> String {
        let mut encoder =
            flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(message).unwrap();
        let base64 = STANDARD.encode(encoder.finish().unwrap());
        form_urlencoded::byte_serialize(base64.as_bytes()).collect()
    }

    #[test]
    fn a_deflate_bomb_is_refused_within_bounds() {
        let query = format!("SAMLRequest={}", deflated(&vec![b' '; 50_000_000]));
        assert!(query.len() < 100_000);
        assert!(matches!(redirected(&query), Err(BindingError::Deflate)));
    }

    #[test]
    fn repeated_and_missing_parameters_are_refused() {
        let one = deflated(b"<a/>");
        let twice = format!("SAMLRequest={one}&SAMLRequest={one}");
        assert!(matches!(redirected(&twice), Err(BindingError::Form(_))));
        assert!(matches!(redirected("a=b"), Err(BindingError::Missing(_))));
        let relay = format!(
            "SAMLRequest={one}&RelayState={}",
            "x".repeat(MAX_RELAY_STATE + 1)
        );
        assert!(matches!(redirected(&relay), Err(BindingError::RelayState)));
        let encoding = format!("SAMLRequest={one}&SAMLEncoding=none");
        assert!(matches!(redirected(&encoding), Err(BindingError::Encoding)));
    }

    #[test]
    fn relay_state_is_kept_byte_for_byte() {
        let query = format!(
            "SAMLRequest={}&RelayState=a%2Bb%3D%26+%C3%A4",
            deflated(b"<a/>")
        );
        let mut received = redirected(&query).unwrap();
        assert_eq!(received.take_relay_state().as_deref(), Some("a+b=& ä"));
    }
}
