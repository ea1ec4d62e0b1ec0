use std::{fmt, ops::Range};

/// Decoded parameters of a query or a form body, in their order.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Form {
    /// All names and values, one after the other: they come and go together.
    text: String,
    /// Where in it the name and the value of each parameter are.
    pairs: Vec<(Range<usize>, Range<usize>)>,
}

impl fmt::Debug for Form {
    /// Names only: a value may be a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.pairs().map(|(name, _)| name);
        f.debug_list().entries(names).finish()
    }
}

/// Why parameters were refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormError {
    /// Not `application/x-www-form-urlencoded`.
    #[error("the body is not a web form")]
    ContentType,
    /// More parameters than any honest sender uses.
    #[error("there are too many parameters")]
    TooMany,
    /// A percent-encoding that is cut off, or bytes that are not UTF-8.
    #[error("the parameters are not well-formed")]
    Malformed,
    /// A parameter that must be single came more than once.
    #[error("the parameter {0} came more than once")]
    Repeated(&'static str),
}

const MAX_PARAMETERS: usize = 64;

impl Form {
    /// Decodes `application/x-www-form-urlencoded` octets strictly: what is not valid
    /// percent-encoding or not UTF-8 is refused, never replaced.
    pub fn parse(octets: &[u8]) -> Result<Self, FormError> {
        let mut decoded = Vec::with_capacity(octets.len());
        let mut pairs = Vec::with_capacity(4);
        for field in octets
            .split(|&byte| byte == b'&')
            .filter(|field| !field.is_empty())
        {
            if pairs.len() == MAX_PARAMETERS {
                return Err(FormError::TooMany);
            }
            let split = field.iter().position(|&byte| byte == b'=');
            let (name, value) = match split {
                Some(at) => (
                    field.get(..at).unwrap_or(field),
                    field.get(at + 1..).unwrap_or(&[]),
                ),
                None => (field, &[][..]),
            };
            pairs.push((decode(name, &mut decoded)?, decode(value, &mut decoded)?));
        }
        // Each name and value was seen to be UTF-8 by itself.
        let text = String::from_utf8(decoded).map_err(|_| FormError::Malformed)?;
        Ok(Self { text, pairs })
    }

    /// The value of a parameter that may come at most once.
    pub fn single(&self, name: &'static str) -> Result<Option<&str>, FormError> {
        let mut values = self.all(name);
        let first = values.next();
        if values.next().is_some() {
            return Err(FormError::Repeated(name));
        }
        Ok(first)
    }

    /// All values of a parameter, in their order.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.pairs()
            .filter(move |(key, _)| *key == name)
            .map(|(_, value)| value)
    }

    fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        let text = |place: &Range<usize>| self.text.get(place.clone()).unwrap_or_default();
        self.pairs
            .iter()
            .map(move |(name, value)| (text(name), text(value)))
    }
}

/// Adds what the octets stand for, and says where it is.
fn decode(octets: &[u8], decoded: &mut Vec<u8>) -> Result<Range<usize>, FormError> {
    let start = decoded.len();
    let mut rest = octets;
    // Runs of plain octets are copied at once: most of a field is one.
    while let Some((plain, [escape, after @ ..])) = rest
        .iter()
        .position(|byte| matches!(byte, b'+' | b'%'))
        .and_then(|at| rest.split_at_checked(at))
    {
        decoded.extend_from_slice(plain);
        rest = match (escape, after) {
            (b'+', _) => {
                decoded.push(b' ');
                after
            }
            (_, [high, low, after @ ..]) => {
                let digits = hex(*high).zip(hex(*low)).ok_or(FormError::Malformed)?;
                decoded.push(digits.0 << 4 | digits.1);
                after
            }
            _ => return Err(FormError::Malformed),
        };
    }
    decoded.extend_from_slice(rest);
    let added = decoded.get(start..).unwrap_or_default();
    str::from_utf8(added).map_err(|_| FormError::Malformed)?;
    Ok(start..decoded.len())
}

fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_and_keeps_order() {
        let form = Form::parse(b"a=1+2&b=%C3%A4&a=3&empty=&bare").unwrap();
        assert_eq!(form.all("a").collect::<Vec<_>>(), ["1 2", "3"]);
        assert_eq!(form.single("b"), Ok(Some("ä")));
        assert_eq!(form.single("a"), Err(FormError::Repeated("a")));
        assert_eq!(form.single("empty"), Ok(Some("")));
        assert_eq!(form.single("bare"), Ok(Some("")));
        assert_eq!(form.single("absent"), Ok(None));
    }

    #[test]
    fn debug_does_not_tell_the_values() {
        let form = Form::parse(b"name=wendy&password=s3cret").unwrap();
        assert_eq!(format!("{form:?}"), r#"["name", "password"]"#);
    }

    #[test]
    fn refuses_what_is_not_well_formed() {
        for bad in [
            &b"a=%"[..],
            b"a=%4",
            b"a=%zz",
            b"a=%ff",
            b"%c3=1",
            b"%c3=%a4",
            b"a=%c3&%a4=1",
        ] {
            assert_eq!(Form::parse(bad), Err(FormError::Malformed));
        }
        assert_eq!(Form::parse(&b"a&".repeat(65)), Err(FormError::TooMany));
    }
}
