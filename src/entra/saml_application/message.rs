//! How a message comes with a browser: in a query, deflated, or in a form (SAML bindings 3.4, 3.5).

use base64::{Engine, engine::general_purpose::STANDARD};
use hyper::Method;
use miniz_oxide::inflate::decompress_to_vec_with_limit;

use crate::{
    entra::{Refusal, SamlApplicationCode},
    http::{FormError, Request},
    xml::{self, Element, Limits},
};

/// A message, read and not yet believed.
pub(super) struct Message {
    pub(super) root: Element,
    pub(super) relay_state: Option<String>,
    /// Whether it came in a form.
    pub(super) is_posted: bool,
}

impl Message {
    /// SAML permits 80 bytes, and many send more.
    const LONGEST_STATE: usize = 8 * 1024;

    pub(super) fn of(request: &Request) -> Result<Self, Refusal> {
        let is_posted = request.method == Method::POST;
        let form = if is_posted {
            request.form()
        } else {
            request.query()
        };
        let form = form.map_err(broken)?;
        let sent = form.single("SAMLRequest").map_err(broken)?;
        let answered = form.single("SAMLResponse").map_err(broken)?;
        let encoded = match (sent, answered) {
            (Some(message), None) | (None, Some(message)) => message,
            (None, None) => {
                let none = "There is no SAMLRequest, and no SAMLResponse.";
                return Err(SamlApplicationCode::NoMessage.refuse(none));
            }
            (Some(_), Some(_)) => {
                let both = "There are both SAMLRequest and SAMLResponse.";
                return Err(SamlApplicationCode::Binding.refuse(both));
            }
        };
        let relay_state = form.single("RelayState").map_err(broken)?;
        if relay_state.is_some_and(|state| state.len() > Self::LONGEST_STATE) {
            let long = "The RelayState is longer than 8 KiB.";
            return Err(SamlApplicationCode::Binding.refuse(long));
        }
        Ok(Self {
            root: decode(encoded, is_posted)?,
            relay_state: relay_state.map(str::to_owned),
            is_posted,
        })
    }
}

fn broken(error: FormError) -> Refusal {
    SamlApplicationCode::Binding.refuse(format!("{error}."))
}

fn decode(encoded: &str, is_posted: bool) -> Result<Element, Refusal> {
    let limits = Limits::default();
    // Forms may carry base64 in lines.
    let encoded: String = if is_posted {
        encoded.split(['\r', '\n']).collect()
    } else {
        encoded.to_owned()
    };
    let octets = STANDARD
        .decode(encoded)
        .map_err(|error| SamlApplicationCode::Base64.refuse(format!("{error}.")))?;
    let octets = if is_posted {
        octets
    } else {
        decompress_to_vec_with_limit(&octets, limits.bytes).map_err(|error| {
            let how = format!("The message cannot be inflated: {:?}.", error.status);
            SamlApplicationCode::Binding.refuse(how)
        })?
    };
    xml::read(&octets, &limits)
        .map_err(|error| SamlApplicationCode::Malformed.refuse(format!("{error}.")))
}
