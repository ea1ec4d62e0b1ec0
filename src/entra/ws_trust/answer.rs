//! The answer to a request for a token: a token, or a fault (facts 3.4 and 3.5).

use crate::xml::{self, Element, Limits, ReadError};

use super::{
    Version,
    soap::{SOAP, WSA, only_text},
};

/// A token as an application gets it.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    /// The assertion, byte for byte as it stood in the answer.
    pub assertion: String,
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Token").finish_non_exhaustive()
    }
}

/// Why the identity provider gives no token, in its own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// `Code/Subcode/Value` without its prefix, such as `FailedAuthentication`.
    pub subcode: String,
    /// `Reason/Text`.
    pub reason: String,
}

/// Why there is no token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AnswerError {
    /// The identity provider refuses.
    #[error("the identity provider answers with the fault {}: {}", .0.subcode, .0.reason)]
    Fault(Fault),
    /// It is not XML as it must be.
    #[error("the answer cannot be read: {0}")]
    Xml(#[from] ReadError),
    /// A fault that comes as a success: MSAL for .NET looks for a token in it.
    #[error("a fault came with status 200, which MSAL for .NET takes for a token")]
    FaultAsSuccess,
    /// A fault without `Reason/Text` or `Code/Subcode/Value`: MSAL for Python dies of it.
    #[error("the fault lacks {0}, of which MSAL for Python dies")]
    IncompleteFault(&'static str),
    /// Neither a fault nor a success.
    #[error("status {0} came with no fault")]
    Status(u16),
    /// The message is not the answer to this request.
    #[error("the answer is not as it must be: {0}")]
    NotAsItMust(String),
}

/// Reads the answer to a request in `version`, named `message_id`.
///
/// # Errors
/// [`AnswerError`] when there is no token that both libraries would find.
pub fn read_answer(
    status: u16,
    body: &[u8],
    version: Version,
    message_id: &str,
) -> Result<Token, AnswerError> {
    let document = xml::read(body, &Limits::default())?;
    let header = document.only_child(SOAP, "Header").ok().flatten();
    let content = document
        .only_child(SOAP, "Body")
        .ok()
        .flatten()
        .filter(|_| document.is(SOAP, "Envelope"))
        .ok_or_else(|| wrong("it is no SOAP 1.2 envelope with one body"))?;
    if let Ok(Some(fault)) = content.only_child(SOAP, "Fault") {
        return Err(match status {
            200 => AnswerError::FaultAsSuccess,
            _ => read_fault(fault).map_or_else(|error| error, AnswerError::Fault),
        });
    }
    if status != 200 {
        return Err(AnswerError::Status(status));
    }
    let header = header.ok_or_else(|| wrong("it has no header"))?;
    if only_text(header, WSA, "Action") != Some(version.answer_action()) {
        return Err(wrong("its Action is another one"));
    }
    if only_text(header, WSA, "RelatesTo") != Some(message_id) {
        return Err(wrong("it does not relate to the request"));
    }
    check_response(response_in(content, version)?, version)?;
    let text = std::str::from_utf8(body).unwrap_or_default();
    let assertion = cut_out(text, "RequestedSecurityToken").ok_or_else(|| {
        wrong("MSAL for Python cuts the token out as text, and does not find where it stands")
    })?;
    Ok(Token {
        assertion: assertion.to_owned(),
    })
}

fn wrong(what: impl Into<String>) -> AnswerError {
    AnswerError::NotAsItMust(what.into())
}

fn read_fault(fault: &Element) -> Result<Fault, AnswerError> {
    let part = |name| fault.only_child(SOAP, name).ok().flatten();
    let reason = part("Reason")
        .and_then(|reason| only_text(reason, SOAP, "Text"))
        .ok_or(AnswerError::IncompleteFault("Reason/Text"))?;
    let subcode = part("Code")
        .and_then(|code| code.only_child(SOAP, "Subcode").ok().flatten())
        .and_then(|subcode| only_text(subcode, SOAP, "Value"))
        .ok_or(AnswerError::IncompleteFault("Code/Subcode/Value"))?;
    Ok(Fault {
        subcode: subcode.rsplit(':').next().unwrap_or_default().to_owned(),
        reason: reason.to_owned(),
    })
}

/// 1.3 has a collection round the one response, without which MSAL for .NET finds none.
fn response_in(body: &Element, version: Version) -> Result<&Element, AnswerError> {
    let trust = version.namespace();
    let around = match version {
        Version::Feb2005 => body,
        Version::V13 => body
            .only_child(trust, "RequestSecurityTokenResponseCollection")
            .ok()
            .flatten()
            .ok_or_else(|| wrong("it has no RequestSecurityTokenResponseCollection"))?,
    };
    around
        .only_child(trust, "RequestSecurityTokenResponse")
        .ok()
        .flatten()
        .ok_or_else(|| wrong("it does not hold exactly one RequestSecurityTokenResponse"))
}

fn check_response(response: &Element, version: Version) -> Result<(), AnswerError> {
    /// Every other spelling is SAML 2.0 for MSAL for .NET.
    const SAML1: &str = "urn:oasis:names:tc:SAML:1.0:assertion";
    let trust = version.namespace();
    match only_text(response, trust, "TokenType") {
        Some(SAML1) => {}
        Some(other) => return Err(wrong(format!("its TokenType is {other:?}, not {SAML1}"))),
        None => return Err(wrong("it has no TokenType")),
    }
    if only_text(response, trust, "KeyType").is_some_and(|key| key != version.bearer_key()) {
        return Err(wrong("its KeyType is not that of a bearer"));
    }
    let token = response.only_child(trust, "RequestedSecurityToken");
    let token = token.ok().flatten();
    match token.map(|token| token.elements().count()) {
        Some(1) => Ok(()),
        Some(_) => Err(wrong(
            "RequestedSecurityToken does not hold exactly one token",
        )),
        None => Err(wrong("it does not hold exactly one RequestedSecurityToken")),
    }
}

/// What stands between the tags of an element of this name, whatever its prefix is made of letters,
/// digits and underlines: from the first such tag to the last one, as MSAL for Python takes it.
fn cut_out<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let is_tag = |before: &str, opening: &str| {
        let Some((_, tag)) = before.rsplit_once('<') else {
            return false;
        };
        let Some(prefix) = tag.strip_prefix(opening) else {
            return false;
        };
        let prefix = prefix.strip_suffix(':').unwrap_or(prefix);
        prefix.chars().all(|c| c.is_alphanumeric() || c == '_')
    };
    let places = || text.match_indices(name).map(|(at, _)| at);
    let start = places().find(|&at| is_tag(text.get(..at).unwrap_or_default(), ""))?;
    let (_, inside) = text.get(start..)?.split_once('>')?;
    let begin = text.len() - inside.len();
    let end = places()
        .filter(|&at| is_tag(text.get(..at).unwrap_or_default(), "/"))
        .last()?;
    let end = text.get(..end)?.rfind("</")?;
    text.get(begin..end)
}

#[cfg(test)]
#[path = "answer_tests.rs"]
mod tests;
