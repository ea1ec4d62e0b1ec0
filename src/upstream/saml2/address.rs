use crate::{
    realm::EmailAddress,
    saml2::{NamedPerson, ProvenSubject},
    trust::NameIdFormat,
    upstream::UpstreamError,
};

/// Where in an assertion the person's email address is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum AddressSource {
    /// In `NameID`, whose format must not deny that it is an address.
    #[default]
    NameId,
    /// In the attribute with this `Name`, which has one value.
    Attribute(String),
}

impl AddressSource {
    /// The address as the assertion has it.
    pub(super) fn of<'a>(&self, proven: &'a ProvenSubject) -> Result<&'a str, UpstreamError> {
        match self {
            Self::NameId => named(proven.name_id.as_ref()),
            Self::Attribute(name) => {
                let values: Vec<_> = proven
                    .attributes
                    .iter()
                    .filter(|attribute| attribute.name == *name)
                    .flat_map(|attribute| &attribute.values)
                    .collect();
                one_of(&values).ok_or_else(|| {
                    let problem = match values.len() {
                        0 => "is not there",
                        _ => "has several values, and any of them may be the wrong one",
                    };
                    UpstreamError::NoAddress(format!("the attribute {name:?} {problem}"))
                })
            }
        }
    }
}

/// A name of another kind may look like an address and be none: a user principal name of some other
/// domain, or what a person chose for herself.
fn named(name: Option<&NamedPerson>) -> Result<&str, UpstreamError> {
    let problem = |text: String| Err(UpstreamError::NoAddress(text));
    let Some(name) = name else {
        return problem("there is no NameID; `address` may name an attribute".to_owned());
    };
    let format = name.format.as_deref();
    match format.map(NameIdFormat::parse) {
        None | Some(Some(NameIdFormat::EmailAddress | NameIdFormat::Unspecified)) => Ok(&name.name),
        _ => {
            let format: String = format.unwrap_or_default().chars().take(100).collect();
            problem(format!(
                "NameID is of the format {format:?}; `address` may name an attribute"
            ))
        }
    }
}

/// The same address written twice is one.
fn one_of<'a>(values: &[&'a String]) -> Option<&'a str> {
    let first = values.first()?;
    let address = EmailAddress::parse(first).ok();
    let same = |other: &&&String| {
        **other == *first || (address.is_some() && EmailAddress::parse(other).ok() == address)
    };
    values.iter().all(|other| same(&other)).then_some(first)
}
