//! RESP2, the protocol of Redis and Valkey, as far as it is needed: commands as arrays of strings, and
//! replies bounded in size and depth.

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};

/// Octets of the longest string in a reply: a value, or what `INFO` tells.
const LONGEST: usize = 256 * 1024;
/// Elements of the longest array.
const MOST: usize = 256;
/// Arrays within arrays. `ROLE` and `CONFIG GET` have one level, or two.
const DEEPEST: usize = 4;

/// What a server replied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reply {
    Nil,
    Integer(i64),
    Text(Bytes),
    Error(String),
    Array(Vec<Self>),
}

/// Something that is no reply: whoever sent it does not speak this protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the answer is not of this protocol")]
pub(super) struct Malformed;

/// Writes a command.
pub(super) fn write(parts: &[&[u8]], to: &mut BytesMut) {
    count(b'*', parts.len(), to);
    for part in parts {
        count(b'$', part.len(), to);
        to.put_slice(part);
        to.put_slice(b"\r\n");
    }
}

fn count(kind: u8, number: usize, to: &mut BytesMut) {
    to.put_u8(kind);
    number_of(number as u64, to);
    to.put_slice(b"\r\n");
}

/// A number in decimal digits.
pub(super) fn number_of(mut number: u64, to: &mut BytesMut) {
    let mut digits = [0_u8; 20];
    let mut length = 0;
    for digit in digits.iter_mut().rev() {
        // Less than ten.
        *digit = b'0' + u8::try_from(number % 10).unwrap_or(0);
        length += 1;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    to.put_slice(digits.get(digits.len() - length..).unwrap_or_default());
}

/// Takes the first reply out of what has come; `None` while it is not whole.
///
/// # Errors
/// [`Malformed`], where it is none, or beyond the bounds.
pub(super) fn read(from: &mut BytesMut) -> Result<Option<Reply>, Malformed> {
    let mut rest = &from[..];
    let reply = element(&mut rest, DEEPEST)?;
    if reply.is_some() {
        let used = from.len() - rest.len();
        from.advance(used);
    }
    Ok(reply)
}

fn element(rest: &mut &[u8], depth: usize) -> Result<Option<Reply>, Malformed> {
    let Some(line) = line(rest)? else {
        return Ok(None);
    };
    let (kind, line) = line.split_first().ok_or(Malformed)?;
    let reply = match kind {
        b'+' => Reply::Text(Bytes::copy_from_slice(line)),
        b'-' => Reply::Error(String::from_utf8_lossy(line).into_owned()),
        b':' => Reply::Integer(parsed(line)?),
        b'$' => match length(line, LONGEST)? {
            None => Reply::Nil,
            Some(length) => {
                let Some((text, after)) = rest.split_at_checked(length) else {
                    return Ok(None);
                };
                match after.split_at_checked(2) {
                    Some((b"\r\n", after)) => *rest = after,
                    Some(_) => return Err(Malformed),
                    None => return Ok(None),
                }
                Reply::Text(Bytes::copy_from_slice(text))
            }
        },
        b'*' => match length(line, MOST)? {
            None => Reply::Nil,
            Some(length) => {
                let depth = depth.checked_sub(1).ok_or(Malformed)?;
                let mut elements = Vec::new();
                for _ in 0..length {
                    let Some(next) = element(rest, depth)? else {
                        return Ok(None);
                    };
                    elements.push(next);
                }
                Reply::Array(elements)
            }
        },
        _ => return Err(Malformed),
    };
    Ok(Some(reply))
}

/// Up to the line's end, which is left out.
fn line<'a>(rest: &mut &'a [u8]) -> Result<Option<&'a [u8]>, Malformed> {
    let Some(end) = rest.iter().position(|byte| *byte == b'\n') else {
        // The longest line is that of an error.
        return if rest.len() > 4096 {
            Err(Malformed)
        } else {
            Ok(None)
        };
    };
    let (line, after) = rest.split_at(end);
    *rest = after.get(1..).unwrap_or_default();
    line.strip_suffix(b"\r").map(Some).ok_or(Malformed)
}

fn length(line: &[u8], most: usize) -> Result<Option<usize>, Malformed> {
    match parsed::<i64>(line)? {
        -1 => Ok(None),
        length => match usize::try_from(length) {
            Ok(length) if length <= most => Ok(Some(length)),
            _ => Err(Malformed),
        },
    }
}

fn parsed<T: std::str::FromStr>(text: &[u8]) -> Result<T, Malformed> {
    let text = str::from_utf8(text).map_err(|_| Malformed)?;
    text.parse().map_err(|_| Malformed)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all(text: &[u8]) -> Result<Option<Reply>, Malformed> {
        read(&mut BytesMut::from(text))
    }

    #[test]
    fn commands_are_arrays_of_strings() {
        let mut written = BytesMut::new();
        write(&[b"SET", b"k", b"", &[b'x'; 12]], &mut written);
        assert_eq!(
            &written[..],
            b"*4\r\n$3\r\nSET\r\n$1\r\nk\r\n$0\r\n\r\n$12\r\nxxxxxxxxxxxx\r\n"
        );
        for number in [0, 9, 10, 1_234_567_890, u64::MAX] {
            let mut written = BytesMut::new();
            number_of(number, &mut written);
            assert_eq!(written, number.to_string());
        }
    }

    #[test]
    fn replies_are_read_once_they_are_whole() {
        let text = |text: &'static str| Reply::Text(Bytes::from_static(text.as_bytes()));
        let role = b"*3\r\n$6\r\nmaster\r\n:42\r\n*0\r\n";
        for (octets, reply) in [
            (&b"+OK\r\n"[..], text("OK")),
            (b"-ERR no\r\n", Reply::Error("ERR no".into())),
            (b":-3\r\n", Reply::Integer(-3)),
            (b"$-1\r\n", Reply::Nil),
            (b"$4\r\na\r\nb\r\n", text("a\r\nb")),
            (b"$0\r\n\r\n", text("")),
            (
                role,
                Reply::Array(vec![
                    text("master"),
                    Reply::Integer(42),
                    Reply::Array(vec![]),
                ]),
            ),
        ] {
            for end in 0..octets.len() {
                assert_eq!(all(&octets[..end]), Ok(None), "{end} of {octets:?}");
            }
            let mut two = BytesMut::from(&[octets, b":1\r\n"].concat()[..]);
            assert_eq!(read(&mut two), Ok(Some(reply)));
            assert_eq!(read(&mut two), Ok(Some(Reply::Integer(1))));
        }
    }

    #[test]
    fn what_is_beyond_the_bounds_is_refused_before_it_is_there() {
        for octets in [
            "HTTP/1.1 400 Bad Request\r\n".to_owned(),
            "$-2\r\n".to_owned(),
            "$1x\r\n".to_owned(),
            format!("${}\r\n", LONGEST + 1),
            format!("*{}\r\n", MOST + 1),
            "*1\r\n".repeat(DEEPEST + 1),
            "$1\r\nab\r\n".to_owned(),
            "+no carriage return\n".to_owned(),
            "+".repeat(5_000),
        ] {
            assert_eq!(all(octets.as_bytes()), Err(Malformed), "{octets}");
        }
    }

    proptest! {
        #[test]
        fn no_octets_make_it_panic(octets: Vec<u8>) {
            let _ = all(&octets);
        }
    }
}
