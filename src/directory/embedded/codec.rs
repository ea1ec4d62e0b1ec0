use std::io;

use bytes::{Buf, BytesMut};
use ldap3_lber::{
    common::TagClass,
    parse::Parser,
    structure::{PL, StructureTag},
};
use ldap3_proto::{
    LdapCodec, LdapMsg,
    proto::{LdapBindCred, LdapBindRequest, LdapOp, OID_WHOAMI},
};
use tokio_util::codec::{Decoder, Encoder};

/// The longest message accepted. A sign-in's search is a tenth of this.
const MAX_MESSAGE: usize = 16 * 1024;
/// The deepest nesting accepted, filters included.
const MAX_DEPTH: usize = 32;

/// A request, read.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) id: i32,
    pub(super) operation: Operation,
}

/// What is asked for.
#[derive(Debug)]
pub(super) enum Operation {
    /// A simple bind.
    Bind(SimpleBind),
    /// A bind by SASL.
    SaslBind,
    /// A search.
    Search(Search),
    /// Who am I (RFC 4532).
    WhoAmI,
    /// The end.
    Unbind,
    /// Nothing is answered, and nothing runs long enough to be abandoned.
    Abandon,
    /// Something this directory does not do.
    Other(LdapOp),
}

/// Name and password; never to be printed.
pub(super) struct SimpleBind {
    pub(super) name: String,
    pub(super) password: zeroize::Zeroizing<String>,
}

impl std::fmt::Debug for SimpleBind {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "SimpleBind({:?})", self.name)
    }
}

/// A search request (RFC 4511 4.5.1).
#[derive(Debug)]
pub(super) struct Search {
    pub(super) base: String,
    pub(super) scope: u8,
    pub(super) size_limit: usize,
    pub(super) condition: Condition,
    pub(super) attributes: Vec<String>,
    pub(super) has_critical_control: bool,
}

/// A filter with values as octets. The codec crate has text here, and so cannot read a filter on
/// `objectGUID`, which Active Directory answers.
#[derive(Debug)]
pub(super) enum Condition {
    And(Vec<Condition>),
    Or(Vec<Condition>),
    Not(Box<Condition>),
    Equal(String, Vec<u8>),
    Substrings(String, Substrings),
    Present(String),
    /// A kind that is not evaluated here: undefined (RFC 4511 4.5.1.7).
    Undefined,
}

/// The pieces of a substring filter, in order.
#[derive(Debug, Default)]
pub(super) struct Substrings {
    pub(super) initial: Vec<u8>,
    pub(super) any: Vec<Vec<u8>>,
    pub(super) last: Vec<u8>,
}

/// Messages on the wire.
#[derive(Default)]
pub(super) struct Codec(LdapCodec);

impl Decoder for Codec {
    type Item = Request;
    type Error = io::Error;

    fn decode(&mut self, buffer: &mut BytesMut) -> io::Result<Option<Request>> {
        // Sized before it is read, so that parts are neither parsed again nor piled up.
        let Some(length) = message_length(buffer)? else {
            return Ok(None);
        };
        if buffer.len() < length {
            return Ok(None);
        }
        let message = buffer.split_to(length);
        let (rest, tag) = Parser::new(MAX_DEPTH)
            .parse(&message)
            .map_err(|_| invalid("not BER, or too deep"))?;
        if rest.has_remaining() {
            return Err(invalid("octets after the message"));
        }
        read(tag).map(Some)
    }
}

impl Encoder<LdapMsg> for Codec {
    type Error = io::Error;

    fn encode(&mut self, message: LdapMsg, buffer: &mut BytesMut) -> io::Result<()> {
        self.0.encode(message, buffer)
    }
}

fn invalid(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// The length of the message that begins here, once its header has arrived.
fn message_length(buffer: &[u8]) -> io::Result<Option<usize>> {
    let [tag, first, rest @ ..] = buffer else {
        return Ok(None);
    };
    if *tag != 0x30 {
        return Err(invalid("not an LDAP message"));
    }
    let (header, content) = match *first {
        short @ 0..=0x7f => (2, usize::from(short)),
        // Four octets hold more than any message may have.
        long @ 0x81..=0x84 => {
            let octets = usize::from(long - 0x80);
            let Some(length) = rest.get(..octets) else {
                return Ok(None);
            };
            (
                2 + octets,
                length
                    .iter()
                    .fold(0, |sum, &octet| sum << 8 | usize::from(octet)),
            )
        }
        _ => return Err(invalid("length not usable")),
    };
    if content > MAX_MESSAGE {
        return Err(invalid("message too long"));
    }
    Ok(Some(header + content))
}

fn read(tag: StructureTag) -> io::Result<Request> {
    if let Some((id, operation, controls)) = as_search(&tag) {
        let search = read_search(operation, controls).ok_or(invalid("not a search request"))?;
        return Ok(Request {
            id,
            operation: Operation::Search(search),
        });
    }
    let message = LdapMsg::try_from(tag).map_err(|_| invalid("not a known LDAP message"))?;
    let operation = match message.op {
        LdapOp::BindRequest(LdapBindRequest {
            dn,
            cred: LdapBindCred::Simple(pw),
            ..
        }) => Operation::Bind(SimpleBind {
            name: dn,
            password: pw.into(),
        }),
        LdapOp::BindRequest(_) => Operation::SaslBind,
        LdapOp::UnbindRequest => Operation::Unbind,
        LdapOp::AbandonRequest(_) => Operation::Abandon,
        LdapOp::ExtendedRequest(request) if request.name == OID_WHOAMI => Operation::WhoAmI,
        other => Operation::Other(other),
    };
    Ok(Request {
        id: message.msgid,
        operation,
    })
}

type Parts<'a> = &'a [StructureTag];

/// Whether this is a search request: its message ID, its parts and its controls.
fn as_search(tag: &StructureTag) -> Option<(i32, Parts<'_>, Parts<'_>)> {
    let [id, operation, controls @ ..] = constructed(tag)? else {
        return None;
    };
    if operation.class != TagClass::Application || operation.id != 3 || controls.len() > 1 {
        return None;
    }
    let controls = controls.first().and_then(constructed).unwrap_or_default();
    Some((
        i32::try_from(number(id)?).ok()?,
        constructed(operation)?,
        controls,
    ))
}

fn read_search(parts: Parts<'_>, controls: Parts<'_>) -> Option<Search> {
    let [
        base,
        scope,
        _aliases,
        size_limit,
        _time_limit,
        _types_only,
        filter,
        attributes,
    ] = parts
    else {
        return None;
    };
    let is_critical = |control: &StructureTag| {
        let parts = constructed(control).unwrap_or_default();
        parts
            .iter()
            .any(|part| part.id == 1 && octets(part).is_some_and(|value| value != [0]))
    };
    Some(Search {
        base: text(base)?,
        scope: u8::try_from(number(scope)?).ok()?,
        size_limit: usize::try_from(number(size_limit)?).ok()?,
        condition: read_condition(filter)?,
        attributes: constructed(attributes)?
            .iter()
            .map(text)
            .collect::<Option<_>>()?,
        has_critical_control: controls.iter().any(is_critical),
    })
}

fn read_condition(tag: &StructureTag) -> Option<Condition> {
    if tag.class != TagClass::Context {
        return None;
    }
    let all = |parts: Parts<'_>| parts.iter().map(read_condition).collect::<Option<Vec<_>>>();
    Some(match (tag.id, constructed(tag)) {
        (0, Some(parts)) => Condition::And(all(parts)?),
        (1, Some(parts)) => Condition::Or(all(parts)?),
        (2, Some([part])) => Condition::Not(Box::new(read_condition(part)?)),
        (3, Some([name, value])) => Condition::Equal(text(name)?, octets(value)?.to_vec()),
        (4, Some([name, pieces])) => {
            Condition::Substrings(text(name)?, read_substrings(constructed(pieces)?)?)
        }
        (7, None) => Condition::Present(text(tag)?),
        (5 | 6 | 8 | 9, Some(_)) => Condition::Undefined,
        _ => return None,
    })
}

fn read_substrings(pieces: Parts<'_>) -> Option<Substrings> {
    let mut substrings = Substrings::default();
    let end = pieces.len().checked_sub(1)?;
    for (at, piece) in pieces.iter().enumerate() {
        let value = octets(piece)?.to_vec();
        match piece.id {
            0 if at == 0 => substrings.initial = value,
            1 => substrings.any.push(value),
            2 if at == end => substrings.last = value,
            _ => return None,
        }
    }
    Some(substrings)
}

fn constructed(tag: &StructureTag) -> Option<Parts<'_>> {
    match &tag.payload {
        PL::C(parts) => Some(parts),
        PL::P(_) => None,
    }
}

fn octets(tag: &StructureTag) -> Option<&[u8]> {
    match &tag.payload {
        PL::P(octets) => Some(octets),
        PL::C(_) => None,
    }
}

fn text(tag: &StructureTag) -> Option<String> {
    String::from_utf8(octets(tag)?.to_vec()).ok()
}

/// A non-negative INTEGER or ENUMERATED.
fn number(tag: &StructureTag) -> Option<u32> {
    let octets = octets(tag)?;
    let is_negative = octets.first()? & 0x80 != 0;
    if is_negative || octets.len() > 5 {
        return None;
    }
    let value = octets
        .iter()
        .fold(0_u64, |sum, &octet| sum << 8 | u64::from(octet));
    u32::try_from(value).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decode(octets: &[u8]) -> io::Result<Option<Request>> {
        Codec::default().decode(&mut BytesMut::from(octets))
    }

    #[test]
    fn lengths_are_judged_by_the_header() {
        assert!(decode(&[]).unwrap().is_none());
        assert!(decode(&[0x30]).unwrap().is_none());
        assert!(decode(&[0x30, 0x82, 0x01]).unwrap().is_none());
        assert!(
            decode(&[0x30, 0x82, 0x40, 0x01]).is_err(),
            "one more than the most"
        );
        assert!(
            decode(&[0x30, 0x82, 0x40, 0x00]).unwrap().is_none(),
            "exactly the most"
        );
        assert!(decode(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff]).is_err());
        assert!(decode(&[0x30, 0x80]).is_err(), "indefinite");
        assert!(decode(b"GET / HTTP/1.1\r\n").is_err());
        assert!(decode(&[0x16, 0x03, 0x01]).is_err());
    }

    #[test]
    fn deep_nesting_is_refused_without_recursing() {
        let mut nested = vec![];
        for _ in 0..2000 {
            let length = u16::try_from(nested.len()).unwrap().to_be_bytes();
            nested = [&[0xa2, 0x82, length[0], length[1]], nested.as_slice()].concat();
        }
        let length = u16::try_from(nested.len()).unwrap().to_be_bytes();
        let message = [&[0x30, 0x82, length[0], length[1]], nested.as_slice()].concat();
        assert!(decode(&message).is_err());
    }

    proptest! {
        #[test]
        fn no_octets_make_it_panic(octets in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode(&octets);
            let length = u8::try_from(octets.len()).unwrap();
            let _ = decode(&[&[0x30, 0x81, length], octets.as_slice()].concat());
        }
    }
}
