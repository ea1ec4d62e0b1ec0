//! The SOAP 1.2 envelope with the headers of WS-Addressing, taken apart strictly.

use crate::xml::{Element, StructureError};

use super::{
    RequestError,
    names::{ADDRESSING, ANONYMOUS, SECURITY, SOAP},
};

/// A message whose envelope is as it should be.
pub(super) struct Envelope<'a> {
    pub(super) action: &'a str,
    pub(super) to: &'a str,
    pub(super) security: &'a Element,
    /// The one element in the body.
    pub(super) body: &'a Element,
}

/// Octets of an address or identifier in a header; more is none.
const LONGEST_URI: usize = 512;

impl<'a> Envelope<'a> {
    /// Opens an envelope. Its `MessageID` is put into `message_id` as soon as it is known, since an
    /// answer refers to it whatever else is wrong.
    pub(super) fn open(
        root: &'a Element,
        message_id: &mut Option<String>,
    ) -> Result<Self, RequestError> {
        if !root.is(SOAP, "Envelope") {
            return Err(if root.local_name() == "Envelope" {
                RequestError::OtherSoap
            } else {
                RequestError::Content("the document")
            });
        }
        let mut parts = root.elements();
        let (Some(header), Some(body), None) = (parts.next(), parts.next(), parts.next()) else {
            return Err(RequestError::Content("Envelope"));
        };
        let in_order = header.is(SOAP, "Header") && body.is(SOAP, "Body");
        if !in_order || !root.has_element_content() {
            return Err(RequestError::Content("Envelope"));
        }
        let blocks = Blocks::of(header)?;
        let id = blocks.message_id.ok_or(MISSING_ID)?;
        let id = uri(id, "MessageID")?;
        *message_id = Some(id.to_owned());
        for (reply, name) in [(blocks.reply_to, "ReplyTo"), (blocks.fault_to, "FaultTo")] {
            let Some(reply) = reply else { continue };
            let address = reply.required_child(ADDRESSING, "Address")?;
            if uri(address, name)? != ANONYMOUS {
                return Err(RequestError::NotAnonymous);
            }
        }
        let action = blocks.action.ok_or(MISSING_ACTION)?;
        let to = blocks.to.ok_or(MISSING_TO)?;
        let security = blocks.security.ok_or(StructureError::Missing("Security"))?;
        let mut content = body.elements();
        let (Some(content), None) = (content.next(), content.next()) else {
            return Err(RequestError::Content("Body"));
        };
        if !body.has_element_content() {
            return Err(RequestError::Content("Body"));
        }
        Ok(Self {
            action: uri(action, "Action")?,
            to: uri(to, "To")?,
            security,
            body: content,
        })
    }
}

const MISSING_ID: RequestError = RequestError::AddressingMissing("MessageID");
const MISSING_ACTION: RequestError = RequestError::AddressingMissing("Action");
const MISSING_TO: RequestError = RequestError::AddressingMissing("To");

/// The header blocks that are for us and understood, each there once at most.
#[derive(Default)]
struct Blocks<'a> {
    action: Option<&'a Element>,
    message_id: Option<&'a Element>,
    to: Option<&'a Element>,
    reply_to: Option<&'a Element>,
    fault_to: Option<&'a Element>,
    from: Option<&'a Element>,
    security: Option<&'a Element>,
}

impl<'a> Blocks<'a> {
    fn of(header: &'a Element) -> Result<Self, RequestError> {
        if !header.has_element_content() {
            return Err(RequestError::Content("Header"));
        }
        let mut blocks = Self::default();
        for block in header.elements() {
            let must_be_understood = must_be_understood(block)?;
            if !is_for_us(block) {
                continue;
            }
            let (place, name) = match (block.namespace(), block.local_name()) {
                (ADDRESSING, "Action") => (&mut blocks.action, "Action"),
                (ADDRESSING, "MessageID") => (&mut blocks.message_id, "MessageID"),
                (ADDRESSING, "To") => (&mut blocks.to, "To"),
                (ADDRESSING, "ReplyTo") => (&mut blocks.reply_to, "ReplyTo"),
                (ADDRESSING, "FaultTo") => (&mut blocks.fault_to, "FaultTo"),
                (ADDRESSING, "From") => (&mut blocks.from, "From"),
                (SECURITY, "Security") => (&mut blocks.security, "Security"),
                // Clients send blocks of their own, and need no answer to them.
                _ if !must_be_understood => continue,
                (_, name) => return Err(RequestError::NotUnderstood(shortened(name))),
            };
            if place.replace(block).is_some() {
                return Err(match name {
                    "Security" => StructureError::Repeated(name).into(),
                    _ => RequestError::Addressing(name),
                });
            }
        }
        Ok(blocks)
    }
}

/// Whether a header block is for the one who answers (SOAP 1.2 part 1, 2.2).
fn is_for_us(block: &Element) -> bool {
    matches!(
        block.attribute_ns(SOAP, "role"),
        None | Some(
            "" | "http://www.w3.org/2003/05/soap-envelope/role/ultimateReceiver"
                | "http://www.w3.org/2003/05/soap-envelope/role/next"
        )
    )
}

fn must_be_understood(block: &Element) -> Result<bool, RequestError> {
    match block.attribute_ns(SOAP, "mustUnderstand") {
        None | Some("0" | "false") => Ok(false),
        Some("1" | "true") => Ok(true),
        Some(_) => Err(RequestError::Content("mustUnderstand")),
    }
}

/// The URI that is an element's whole text.
pub(super) fn uri<'a>(element: &'a Element, name: &'static str) -> Result<&'a str, RequestError> {
    let text = element.text().ok_or(RequestError::Content(name))?;
    let text = text.trim_matches([' ', '\t', '\r', '\n']);
    let is_one = !text.is_empty()
        && text.len() <= LONGEST_URI
        && !text.contains(|c: char| c.is_whitespace() || c.is_control());
    is_one.then_some(text).ok_or(RequestError::Content(name))
}

/// As much of a stranger's name as a log should carry.
fn shortened(name: &str) -> String {
    name.chars()
        .take(64)
        .map(|c| if c.is_ascii_graphic() { c } else { '\u{fffd}' })
        .collect()
}
