/// What is known of a person at issue time, by the field's own names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// The source anchor that Entra knows the account by; becomes the `NameID`.
    pub immutable_id: String,
    /// The account's UPN in the cloud, whose suffix is federated with us.
    pub cloud_upn: String,
    /// The directory's display name, where it has one.
    pub display_name: Option<String>,
}

/// One attribute of an assertion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttributeClaim {
    /// `Attribute/@Name`.
    pub name: String,
    /// Where its value comes from.
    pub source: ClaimSource,
}

/// Where a claim's value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClaimSource {
    /// The cloud UPN.
    CloudUpn,
    /// The `ImmutableID`.
    ImmutableId,
    /// The display name; no attribute is sent for a person who has none.
    DisplayName,
    /// The same for everybody.
    Constant(&'static str),
}

impl ClaimSource {
    /// The value for `subject`, where there is one.
    pub fn value(self, subject: &Subject) -> Option<&str> {
        match self {
            Self::CloudUpn => Some(&subject.cloud_upn),
            Self::ImmutableId => Some(&subject.immutable_id),
            Self::DisplayName => subject.display_name.as_deref(),
            Self::Constant(value) => Some(value),
        }
    }
}
