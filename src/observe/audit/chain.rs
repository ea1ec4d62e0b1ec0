//! What holds lines together: each ends in its number and the SHA-256 of the line before it.

use std::{fmt, io::Write as _, str::FromStr};

use aws_lc_rs::digest::{SHA256, digest};

use super::{line::Line, settings::NodeName};

/// The SHA-256 of a line, its line feed not counted. All zeros where there is no line before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Digest([u8; 32]);

impl Digest {
    /// Of this line, without its line feed.
    pub fn of(line: &[u8]) -> Self {
        let mut octets = [0; 32];
        for (to, from) in octets.iter_mut().zip(digest(&SHA256, line).as_ref()) {
            *to = *from;
        }
        Self(octets)
    }

    fn to_hex(self) -> [u8; 64] {
        let mut text = [0; 64];
        for (pair, octet) in text.chunks_exact_mut(2).zip(self.0) {
            for (digit, value) in pair.iter_mut().zip([octet >> 4, octet & 15]) {
                *digit = if value < 10 {
                    b'0' + value
                } else {
                    b'a' + value - 10
                };
            }
        }
        text
    }

    fn from_hex(text: &[u8]) -> Option<Self> {
        let value = |digit: u8| match digit {
            b'0'..=b'9' => Some(digit - b'0'),
            b'a'..=b'f' => Some(digit - b'a' + 10),
            _ => None,
        };
        if text.len() != 64 {
            return None;
        }
        let mut octets = [0; 32];
        for (octet, pair) in octets.iter_mut().zip(text.chunks_exact(2)) {
            let [high, low] = pair else { return None };
            *octet = value(*high)? << 4 | value(*low)?;
        }
        Some(Self(octets))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.to_hex()).unwrap_or_default())
    }
}

/// The last line of a chain: its number, counted from 1, and its digest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tip {
    pub(super) seq: u64,
    pub(super) digest: Digest,
}

impl Tip {
    /// Appends `line`, a line feed behind it, and gives the tip that it is.
    pub(super) fn append(
        self,
        line: &Line<'_>,
        node: &NodeName,
        buffer: &mut Vec<u8>,
    ) -> std::io::Result<Self> {
        let start = buffer.len();
        line.write(buffer)?;
        // The bracket that closes the object.
        buffer.pop();
        let seq = self.seq + 1;
        write!(
            buffer,
            ",\"node\":\"{}\",\"seq\":{seq},\"prev\":\"",
            node.as_str()
        )?;
        buffer.extend_from_slice(&self.digest.to_hex());
        buffer.extend_from_slice(b"\"}");
        let digest = Digest::of(buffer.get(start..).unwrap_or_default());
        buffer.push(b'\n');
        Ok(Self { seq, digest })
    }
}

/// The end of a line: where it stands in which chain. Found from behind, so that reading a gigabyte
/// of lines need not parse them: no value can look like it, since quotes within values are escaped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Link<'a> {
    pub(super) node: &'a str,
    pub(super) seq: u64,
    pub(super) prev: Digest,
}

impl<'a> Link<'a> {
    /// Of a line without its line feed; `None` where it is no line of a trail.
    pub(super) fn of(line: &'a [u8]) -> Option<Self> {
        let rest = line.strip_prefix(b"{\"v\":")?;
        let rest = rest.strip_suffix(b"\"}")?;
        let (rest, prev) = rest.split_at_checked(rest.len().checked_sub(64)?)?;
        let prev = Digest::from_hex(prev)?;
        let rest = rest.strip_suffix(b",\"prev\":\"")?;
        let digits = rest
            .iter()
            .rev()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        let (rest, digits) = rest.split_at_checked(rest.len() - digits)?;
        let seq = std::str::from_utf8(digits).ok()?.parse().ok()?;
        let rest = rest.strip_suffix(b"\",\"seq\":")?;
        let quote = rest.iter().rposition(|&byte| byte == b'"')?;
        let (rest, node) = rest.split_at_checked(quote + 1)?;
        rest.strip_suffix(b",\"node\":\"")?;
        let node = std::str::from_utf8(node).ok()?;
        Some(Self { node, seq, prev })
    }
}

/// A line of a node's chain, by number and digest: what another machine may know of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Whose chain.
    pub node: NodeName,
    /// The line's number, counted from 1.
    pub seq: u64,
    /// The line's digest.
    pub digest: Digest,
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.node.as_str(), self.seq, self.digest)
    }
}

/// The text is not of the form NODE:NUMBER:DIGEST.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a head is NODE:NUMBER:DIGEST, as `homerealm audit verify` prints it")]
pub struct NotAHead;

impl FromStr for Head {
    type Err = NotAHead;

    fn from_str(text: &str) -> Result<Self, NotAHead> {
        let mut parts = text.split(':');
        let mut next = || parts.next().ok_or(NotAHead);
        let head = Self {
            node: NodeName::parse(next()?).ok_or(NotAHead)?,
            seq: next()?.parse().map_err(|_| NotAHead)?,
            digest: Digest::from_hex(next()?.as_bytes()).ok_or(NotAHead)?,
        };
        if next().is_ok() {
            Err(NotAHead)
        } else {
            Ok(head)
        }
    }
}
