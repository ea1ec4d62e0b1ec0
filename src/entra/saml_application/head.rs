//! What all requests have: who sends them, when, where to, and under which ID (SAML core 3.2.1).

use time::{Duration, OffsetDateTime};

use super::SAML;
use crate::{
    entra::{Refusal, SamlApplicationCode, instant},
    xml::{Element, StructureError},
};

/// The head of a request.
pub(super) struct Head {
    pub(super) id: String,
    pub(super) issuer: String,
    issue_instant: OffsetDateTime,
    destination: Option<String>,
}

impl Head {
    /// How old a request may be.
    const LIFE: Duration = Duration::minutes(10);

    pub(super) fn read(request: &Element) -> Result<Self, Refusal> {
        let version = attribute(request, "Version")?;
        if version != "2.0" {
            return Err(not(format!("The Version is {}, not 2.0.", shown(version))));
        }
        let id = attribute(request, "ID")?;
        if !is_name(id) {
            let id = shown(id);
            return Err(SamlApplicationCode::Id.refuse_saying(
                format!(
                    "The value {id} is not a valid SAML ID. The ID must not begin with a number."
                ),
                format!("The ID is {id}."),
            ));
        }
        let written = attribute(request, "IssueInstant")?;
        let issue_instant = instant::parse(written).ok_or_else(|| {
            let written = shown(written);
            not(format!(
                "The IssueInstant is {written}, not an instant in UTC such as 2024-01-01T00:00:00Z."
            ))
        })?;
        let issuer = request
            .required_child(SAML, "Issuer")
            .map_err(structure)?
            .text()
            .map(|text| text.trim_matches([' ', '\t', '\r', '\n']))
            .filter(|issuer| !issuer.is_empty())
            .ok_or_else(|| not("The Issuer names nobody.".to_owned()))?;
        Ok(Self {
            id: id.to_owned(),
            issuer: issuer.to_owned(),
            issue_instant,
            destination: request.attribute("Destination").map(str::to_owned),
        })
    }

    /// Whether it was sent lately, by clocks that may be `skew` apart.
    pub(super) fn is_of_now(&self, now: OffsetDateTime, skew: Duration) -> Result<(), Refusal> {
        let oldest = now - Self::LIFE - skew;
        if (oldest..=now + skew).contains(&self.issue_instant) {
            return Ok(());
        }
        Err(SamlApplicationCode::Expired.refuse(format!(
            "The IssueInstant is {}, and here it is {}.",
            instant::to_seconds(self.issue_instant),
            instant::to_seconds(now)
        )))
    }

    /// Whether it is meant for one of these addresses. A destination that is not there is any.
    pub(super) fn is_for(&self, addresses: impl Iterator<Item = String>) -> Result<(), Refusal> {
        let Some(destination) = &self.destination else {
            return Ok(());
        };
        let addresses: Vec<_> = addresses.collect();
        if addresses
            .iter()
            .any(|it| it.eq_ignore_ascii_case(destination))
        {
            return Ok(());
        }
        let here = addresses.first().map_or("", String::as_str);
        Err(SamlApplicationCode::Destination.refuse(format!(
            "The Destination is {}; this is {here}.",
            shown(destination)
        )))
    }
}

/// A name without colons that begins as XML's do, of ASCII's letters.
fn is_name(text: &str) -> bool {
    let part = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
    text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && text.len() <= 256
        && text.bytes().all(part)
}

/// An attribute that must be there.
pub(super) fn attribute<'e>(element: &'e Element, name: &str) -> Result<&'e str, Refusal> {
    element
        .attribute(name)
        .ok_or_else(|| not(format!("{} has no {name}.", element.local_name())))
}

/// A request that is none.
pub(super) fn not(detail: String) -> Refusal {
    SamlApplicationCode::NotARequest.refuse(detail)
}

pub(super) fn structure(error: StructureError) -> Refusal {
    not(format!("{error}."))
}

/// A value of theirs for a sentence of ours.
pub(super) fn shown(text: &str) -> String {
    let text: String = text.chars().take(200).collect();
    format!("{text:?}")
}
