//! What AD FS's rules say, said with Homerealm's.
//!
//! AD FS carries its rules out in order over a growing set of claims; Homerealm's rules are each by
//! itself, and come from an attribute, a constant or a group. So the rules are carried out here once with
//! claims that have a source in place of a value ([`Sourced`]), and what is issued at the end is what
//! Homerealm can say. A rule that does more than that is listed with its reason.

mod access;
mod claims;
mod expression;
mod groups;
mod pattern;
mod query;
#[cfg(test)]
mod tests;
mod told;

use super::{RelyingPartyTrust, rule::parse_rules};
pub use groups::{Groups, GroupsError};

/// What an export does not say of the domain that AD FS stood in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Domain {
    /// Its short name, as in `CONTOSO\wmoran`.
    pub netbios_name: Option<String>,
    /// Its groups.
    pub groups: Groups,
}

/// A trust in Homerealm's terms.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Translation {
    /// How it knows people, where a rule says that.
    pub name_id: Option<NameId>,
    /// What it is told.
    pub claims: Vec<Claim>,
    /// Who may sign in.
    pub access: Access,
    /// What could not be said.
    pub untranslated: Vec<Untranslated>,
    /// What is not quite the same.
    pub notes: Vec<String>,
}

/// `name_id` of a relying party.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NameId {
    /// `"immutable-id"`
    ImmutableId,
    /// `"pairwise"`
    Pairwise,
    /// `"transient"`
    Transient,
    /// `{ email-address = { attribute = "..." } }`
    EmailAddress(String),
    /// `{ unspecified = { attribute = "..." } }`
    Unspecified(String),
}

/// A `[[claim]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Its type.
    pub name: String,
    /// Where its values come from.
    pub source: ClaimSource,
    /// `replace`: pattern, and what stands in its place.
    pub replace: Option<(String, String)>,
    /// `issue_if`: all of them must hold.
    pub conditions: Vec<Condition>,
}

/// Where a claim's values come from: `from` of a `[[claim]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClaimSource {
    /// An attribute of the account.
    Attribute(String),
    /// A text.
    Constant(String),
    /// A text for whoever is in a group, by DN.
    Group {
        /// The group.
        dn: String,
        /// The text.
        value: String,
    },
    /// `objectGUID` or whatever else the ImmutableID is made of.
    ImmutableId,
}

/// A condition about the account.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Condition {
    /// In this group, by DN, nested ones included.
    Group(String),
    /// An attribute has this value, without regard to case.
    Equals(String, String),
    /// An attribute has a value that this matches.
    Matches(String, String),
}

/// Who may sign in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Access {
    /// Nobody: what is said in AD FS could not be said here, or is nothing.
    #[default]
    Nobody,
    /// Everybody who has an account.
    Everyone,
    /// Whoever fulfils all conditions of one of the lists.
    Only(Vec<Vec<Condition>>),
}

/// Something of a trust that Homerealm cannot say.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Untranslated {
    /// What it is: the label of a rule, or a property.
    pub what: String,
    /// The rule's text; nothing for a property.
    pub text: Option<String>,
    /// Why.
    pub reason: String,
}

/// Where a value would come from while the rules are carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Source {
    /// Something that a claim can be told from.
    Told(ClaimSource),
    /// A name that AD FS makes for each pair of a person and a relying party.
    Pairwise,
    /// A name that is new in each session.
    Transient,
    /// `DOMAIN\name`, which no attribute has.
    AccountName,
    /// Something that Homerealm tells nobody, and why.
    Untold(&'static str),
}

impl Source {
    fn attribute(name: &str) -> Self {
        Self::Told(ClaimSource::Attribute(name.to_owned()))
    }
}

/// A claim as the rules come to have it: where its value would come from.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Sourced {
    claim_type: String,
    source: Source,
    replace: Option<(String, String)>,
    conditions: Vec<Condition>,
    /// `Properties[".../format"]`: that of a NameID.
    format: Option<String>,
}

/// Says a trust's rules with Homerealm's.
pub fn translate(trust: &RelyingPartyTrust, domain: &Domain) -> Translation {
    let mut translation = Translation::default();
    if trust.is_entra() {
        // What Entra is told is the preset's own, and nothing of it can be changed by rules.
        translation.access = Access::Everyone;
        translation.notes.push(
            "the preset entra says what Entra must be told; rules beside that are not taken over"
                .to_owned(),
        );
        return translation;
    }
    let issued = claims::carry_out(
        &parse_rules(&trust.rules.issuance_transform),
        domain,
        &mut translation,
    );
    for claim in issued {
        told::tell(claim, domain, &mut translation);
    }
    access::translate(trust, domain, &mut translation);
    translation
}

impl Translation {
    fn cannot(&mut self, what: impl Into<String>, text: Option<&str>, reason: impl Into<String>) {
        self.untranslated.push(Untranslated {
            what: what.into(),
            text: text.map(str::to_owned),
            reason: reason.into(),
        });
    }

    fn note(&mut self, note: impl Into<String>) {
        let note = note.into();
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }
}
