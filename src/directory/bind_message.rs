//! The two requests that a connection for password checks sends, and their answers (RFC 4511),
//! in the part of BER that LDAP permits (5.1): definite lengths.

use zeroize::Zeroizing;

use super::{AccountState, Password, password_policy};

const SEQUENCE: u8 = 0x30;
const BOOLEAN: u8 = 0x01;
const INTEGER: u8 = 0x02;
const OCTET_STRING: u8 = 0x04;
const ENUMERATED: u8 = 0x0a;
const CONTROLS: u8 = 0xa0;

/// Octets of the longest answer read. Diagnostic texts are a line or two.
const MAX_ANSWER: usize = 64 * 1024;

/// What an answer says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    /// The result code (RFC 4511 4.1.9).
    pub(super) code: u32,
    /// The diagnostic text.
    pub(super) text: String,
    /// What the password policy control says of the account.
    pub(super) state: Option<AccountState>,
}

/// Why octets are no answer to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoAnswer {
    /// Not the message that must come here.
    Malformed,
    /// A message nobody asked for: the server says that it is about to close (RFC 4511 4.4.1).
    Unsolicited,
}

/// A request and its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    /// A simple bind (RFC 4511 4.2).
    Bind,
    /// StartTLS (RFC 4511 4.14).
    StartTls,
}

impl Operation {
    fn answer_tag(self) -> u8 {
        match self {
            Self::Bind => 0x61,
            Self::StartTls => 0x78,
        }
    }
}

/// A simple bind by version 3. Wiped from memory when it has been sent.
pub(super) fn bind_request(id: u32, name: &str, password: &Password) -> Zeroizing<Vec<u8>> {
    // One allocation: growing would leave the password behind in what it grew out of.
    let secret = password.expose().as_bytes();
    let mut bind = Zeroizing::new(Vec::with_capacity(name.len() + secret.len() + 16));
    push(&mut bind, INTEGER, &[3]);
    push(&mut bind, OCTET_STRING, name.as_bytes());
    push(&mut bind, 0x80, secret);
    let mut control = Vec::new();
    push(&mut control, OCTET_STRING, password_policy::OID);
    let mut controls = Vec::new();
    // Not critical, which is the default: a server that does not know it goes on.
    push(&mut controls, SEQUENCE, &control);
    message(id, 0x60, &bind, &controls)
}

/// The request to begin TLS.
pub(super) fn start_tls_request(id: u32) -> Zeroizing<Vec<u8>> {
    let mut extended = Vec::new();
    push(&mut extended, 0x80, b"1.3.6.1.4.1.1466.20037");
    message(id, 0x77, &extended, &[])
}

fn message(id: u32, tag: u8, operation: &[u8], controls: &[u8]) -> Zeroizing<Vec<u8>> {
    let length = operation.len() + controls.len() + 24;
    let mut content = Zeroizing::new(Vec::with_capacity(length));
    push_number(&mut content, id);
    push(&mut content, tag, operation);
    if !controls.is_empty() {
        push(&mut content, CONTROLS, controls);
    }
    let mut message = Zeroizing::new(Vec::with_capacity(content.len() + 8));
    push(&mut message, SEQUENCE, &content);
    message
}

/// Appends a number in as few octets as keep it from reading as negative (X.690 8.3.2).
fn push_number(out: &mut Vec<u8>, number: u32) {
    let octets = i64::from(number).to_be_bytes();
    let zeros = octets
        .windows(2)
        .take_while(|pair| matches!(pair, [0, 0..=0x7f]))
        .count();
    push(out, INTEGER, octets.get(zeros..).unwrap_or_default());
}

/// Appends one element.
fn push(out: &mut Vec<u8>, tag: u8, content: &[u8]) {
    out.push(tag);
    if let Ok(short @ 0..=0x7f) = u8::try_from(content.len()) {
        out.push(short);
    } else {
        let length = content.len().to_be_bytes();
        let zeros = length.iter().take_while(|&&octet| octet == 0).count();
        let octets = length.get(zeros..).unwrap_or_default();
        out.push(0x80 | u8::try_from(octets.len()).unwrap_or_default());
        out.extend_from_slice(octets);
    }
    out.extend_from_slice(content);
}

/// Reads the answer to a request; `None` until it has arrived whole. Nothing may follow it, since
/// nothing else was asked.
pub(super) fn read_answer(
    octets: &[u8],
    id: u32,
    operation: Operation,
) -> Result<Option<Answer>, NoAnswer> {
    if octets.first().is_some_and(|&tag| tag != SEQUENCE) {
        return Err(NoAnswer::Malformed);
    }
    let Some((header, length)) = header(octets)? else {
        return Ok(None);
    };
    let Some(mut message) = octets.get(header..header + length) else {
        return Ok(None);
    };
    if octets.len() > header + length {
        return Err(NoAnswer::Malformed);
    }
    match number(take(&mut message, INTEGER)?)? {
        0 => return Err(NoAnswer::Unsolicited),
        other if other != id => return Err(NoAnswer::Malformed),
        _ => {}
    }
    let mut result = take(&mut message, operation.answer_tag())?;
    let code = number(take(&mut result, ENUMERATED)?)?;
    let _matched_name = take(&mut result, OCTET_STRING)?;
    let text = take(&mut result, OCTET_STRING)?;
    Ok(Some(Answer {
        code,
        text: String::from_utf8_lossy(text).into_owned(),
        state: policy_state(message)?,
    }))
}

/// What the password policy control says, if it is among the controls (RFC 4511 4.1.11) that
/// follow the answer.
fn policy_state(mut rest: &[u8]) -> Result<Option<AccountState>, NoAnswer> {
    if rest.is_empty() {
        return Ok(None);
    }
    let mut controls = take(&mut rest, CONTROLS)?;
    let mut state = None;
    while !controls.is_empty() {
        let mut control = take(&mut controls, SEQUENCE)?;
        let kind = take(&mut control, OCTET_STRING)?;
        if kind != password_policy::OID {
            continue;
        }
        if control.first() == Some(&BOOLEAN) {
            take(&mut control, BOOLEAN)?;
        }
        if !control.is_empty() {
            state = password_policy::state(take(&mut control, OCTET_STRING)?);
        }
    }
    Ok(state)
}

/// Takes the element with this tag off the front.
pub(super) fn take<'a>(octets: &mut &'a [u8], tag: u8) -> Result<&'a [u8], NoAnswer> {
    let (header, length) = header(octets)?.ok_or(NoAnswer::Malformed)?;
    let (element, rest) = octets
        .split_at_checked(header + length)
        .ok_or(NoAnswer::Malformed)?;
    if element.first() != Some(&tag) {
        return Err(NoAnswer::Malformed);
    }
    *octets = rest;
    element.get(header..).ok_or(NoAnswer::Malformed)
}

/// The lengths of the header and the content of the element that begins here, once the header has
/// arrived.
fn header(octets: &[u8]) -> Result<Option<(usize, usize)>, NoAnswer> {
    let [_tag, first, rest @ ..] = octets else {
        return Ok(None);
    };
    let (header, length) = match *first {
        short @ 0..=0x7f => (2, usize::from(short)),
        // Active Directory writes four octets for any length.
        long @ 0x81..=0x84 => {
            let count = usize::from(long & 0x7f);
            let Some(length) = rest.get(..count) else {
                return Ok(None);
            };
            let sum = |sum: u64, &octet: &u8| sum << 8 | u64::from(octet);
            let length = usize::try_from(length.iter().fold(0, sum));
            (2 + count, length.map_err(|_| NoAnswer::Malformed)?)
        }
        _ => return Err(NoAnswer::Malformed),
    };
    if length > MAX_ANSWER {
        return Err(NoAnswer::Malformed);
    }
    Ok(Some((header, length)))
}

/// A number that is not negative.
fn number(octets: &[u8]) -> Result<u32, NoAnswer> {
    let negative = octets.first().is_none_or(|first| first & 0x80 != 0);
    if negative || octets.len() > 5 {
        return Err(NoAnswer::Malformed);
    }
    let sum = |sum: u64, &octet: &u8| sum << 8 | u64::from(octet);
    u32::try_from(octets.iter().fold(0, sum)).map_err(|_| NoAnswer::Malformed)
}

#[cfg(test)]
#[path = "bind_message_tests.rs"]
mod tests;
