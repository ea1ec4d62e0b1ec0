use std::time::Duration;

use time::OffsetDateTime;

use super::Error;
use crate::{saml2::parse_timestamp, xml::Element};

/// How long metadata may be relied on, and when it should be looked at again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Validity {
    /// `validUntil`: from here on it must not be used (SAML metadata 2.3.2). The earliest of all
    /// that apply.
    pub until: Option<OffsetDateTime>,
    /// `cacheDuration`: how long to wait before looking again, at most. The shortest of all that
    /// apply.
    pub cache: Option<Duration>,
}

impl Validity {
    /// Takes what one more element says.
    pub(super) fn narrow(&mut self, element: &Element) -> Result<(), Error> {
        if let Some(text) = element.attribute("validUntil") {
            let until = parse_timestamp(text).ok_or(Error::Malformed("validUntil"))?;
            self.until = Some(self.until.map_or(until, |known| known.min(until)));
        }
        if let Some(text) = element.attribute("cacheDuration") {
            let cache = duration(text).ok_or(Error::Malformed("cacheDuration"))?;
            self.cache = Some(self.cache.map_or(cache, |known| known.min(cache)));
        }
        Ok(())
    }
}

/// `xs:duration` (XML Schema 2, 3.2.6), not negative. Years and months are taken at their shortest,
/// since nobody writes them here and an early look does no harm.
fn duration(text: &str) -> Option<Duration> {
    const DAY: u64 = 24 * 60 * 60;
    const DATE: [(char, u64); 3] = [('Y', 365 * DAY), ('M', 28 * DAY), ('D', DAY)];
    const TIME: [(char, u64); 3] = [('H', 60 * 60), ('M', 60), ('S', 1)];

    let rest = text.trim_ascii().strip_prefix('P')?;
    let (date, time) = match rest.split_once('T') {
        None => (rest, None),
        Some((date, time)) => (date, Some(time)),
    };
    if time.map_or(date.is_empty(), str::is_empty) {
        return None;
    }
    let date = fields(date, &DATE)?;
    let time = fields(time.unwrap_or_default(), &TIME)?;
    Some(Duration::from_secs(date.checked_add(time)?))
}

/// The sum of numbers with their units, in the units' order. Fractions of a second are dropped.
fn fields(mut text: &str, units: &[(char, u64)]) -> Option<u64> {
    let mut sum: u64 = 0;
    for &(unit, seconds) in units {
        let Some((number, rest)) = text.split_once(unit) else {
            continue;
        };
        let whole = match number.split_once('.') {
            Some((whole, fraction)) if unit == 'S' && is_digits(fraction) => whole,
            Some(_) => return None,
            None => number,
        };
        if !is_digits(whole) {
            return None;
        }
        sum = sum.checked_add(whole.parse::<u64>().ok()?.checked_mul(seconds)?)?;
        text = rest;
    }
    text.is_empty().then_some(sum)
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read() {
        for (text, seconds) in [
            ("PT1H", 3600),
            ("P1D", 86_400),
            (" PT0S ", 0),
            ("PT30.75S", 30),
            ("P7DT1M1S", 604_861),
            ("P1Y2M3DT4H5M6S", (365 + 56 + 3) * 86_400 + 4 * 3600 + 306),
            ("PT604800.000S", 604_800),
        ] {
            assert_eq!(duration(text), Some(Duration::from_secs(seconds)), "{text}");
        }
        for bad in [
            "",
            "P",
            "PT",
            "P1DT",
            "1D",
            "-P1D",
            "P-1D",
            "P1",
            "P1H",
            "PT1D",
            "P1D2Y",
            "PT1S1M",
            "P1.5D",
            "PT1.S",
            "PT.5S",
            "P+1D",
            "P1D1D",
            "PT1h",
            "P99999999999999999999D",
            "P999999999999999999D",
            "P١D",
        ] {
            assert_eq!(duration(bad), None, "{bad}");
        }
    }
}
