//! What an assertion may say of its circumstances: from where, and for how long the password still
//! holds (facts 2.4, 4.6). Entra needs none of it; what is there must be as AD FS writes it.

use hyper::Uri;

use crate::{
    entra::{Aadsts, Refusal},
    xml::Element,
};

use super::{
    super::shown,
    claims::{Claim, value_of},
    statements::Authentication,
};

const BY_PASSWORD: &str = "urn:oasis:names:tc:SAML:1.0:am:password";
const DAY: u32 = 24 * 60 * 60;
/// A password's end is told in the last fourteen days only.
const LONGEST: u32 = 14 * DAY;

const fn claim(name: &'static str) -> Claim {
    Claim {
        namespace: "http://schemas.microsoft.com/ws/2012/01",
        name,
    }
}

const INSIDE: Claim = claim("insidecorporatenetwork");
const TIME: Claim = claim("passwordexpirationtime");
const DAYS: Claim = claim("passwordexpirationdays");
const URL: Claim = claim("passwordchangeurl");

/// What is said, for people; `None` where nothing is.
pub(super) fn check(
    assertion: &Element,
    authentication: &Authentication,
) -> Result<Option<String>, Refusal> {
    let said = |claim| value_of(assertion, claim).map(|(value, _)| value);
    let place = said(&INSIDE)?.map(place).transpose()?;
    let password = match (said(&TIME)?, said(&DAYS)?, said(&URL)?) {
        (None, None, None) => None,
        (Some(time), Some(days), url) => {
            if authentication.method != BY_PASSWORD {
                return Err(refuse(format!(
                    "The password's end is told of a sign-in by {}.",
                    shown(&authentication.method)
                )));
            }
            url.map_or(Ok(()), change_url)?;
            Some(password_end(time, days)?)
        }
        _ => {
            return Err(refuse(format!(
                "The claims {} and {} come together, and {} not without them.",
                TIME.name, DAYS.name, URL.name
            )));
        }
    };
    let parts: Vec<_> = place
        .map(str::to_owned)
        .into_iter()
        .chain(password)
        .collect();
    Ok((!parts.is_empty()).then(|| parts.join("; ")))
}

fn place(value: &str) -> Result<&'static str, Refusal> {
    match value {
        "true" => Ok("inside the corporate network"),
        "false" => Ok("outside of the corporate network"),
        other => Err(refuse(format!(
            "The claim {} is {}, not true or false.",
            INSIDE.name,
            shown(other)
        ))),
    }
}

fn password_end(time: &str, days: &str) -> Result<String, Refusal> {
    let seconds = whole_number(&TIME, time)?;
    if !(1..=LONGEST).contains(&seconds) {
        return Err(refuse(format!(
            "The claim {} is {seconds}, not 1 to {LONGEST} seconds.",
            TIME.name
        )));
    }
    let days = whole_number(&DAYS, days)?;
    if days != seconds / DAY {
        return Err(refuse(format!(
            "The claim {} is {days}, and {} are {seconds} seconds.",
            DAYS.name, TIME.name
        )));
    }
    Ok(format!("the password ends within {seconds} s"))
}

fn whole_number(claim: &Claim, text: &str) -> Result<u32, Refusal> {
    let number = text.parse().ok();
    // As it is written back: no sign, no zero in front, no white space.
    number
        .filter(|number: &u32| number.to_string() == text)
        .ok_or_else(|| {
            refuse(format!(
                "The claim {} is {}, not a whole number.",
                claim.name,
                shown(text)
            ))
        })
}

fn change_url(text: &str) -> Result<(), Refusal> {
    let url: Option<Uri> = text.parse().ok();
    let is_secure = |url: &Uri| url.scheme_str() == Some("https") && url.authority().is_some();
    if url.as_ref().is_some_and(is_secure) {
        return Ok(());
    }
    Err(refuse(format!(
        "The claim {} is {}, not an https address.",
        URL.name,
        shown(text)
    )))
}

fn refuse(detail: String) -> Refusal {
    Aadsts::InvalidSamlToken.refuse(detail)
}
