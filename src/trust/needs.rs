use crate::directory::{Attribute, Dn};

use super::{
    Access, ClaimRule, ClaimSource, Condition, KeyedDn, NameIdSource, RelyingParty, Test,
    ToldAttribute,
};

/// What the rules of all relying parties together ask of the directory: this is looked up and kept
/// about a person, and nothing else.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// Attributes to ask for, by name.
    pub attributes: Vec<Attribute>,
    /// Groups in which membership matters.
    pub groups: Vec<Dn>,
    /// Places below which an account may have to lie.
    pub places: Vec<Dn>,
    /// Whether it matters in which directory the account is.
    pub directory: bool,
    /// Whether it matters what address a person signs in with.
    pub email: bool,
    /// Whether it matters when her password ends.
    pub password_expiry: bool,
}

impl Needs {
    /// What these ask for.
    pub fn of(parties: &[RelyingParty]) -> Self {
        let mut needs = Self::default();
        for party in parties {
            needs.add_party(party);
        }
        needs
    }

    fn add_party(&mut self, party: &RelyingParty) {
        self.add_access(&party.access);
        self.password_expiry |= party.told.password_expiry;
        match party.name_id_rule().source() {
            Some(NameIdSource::Email) => self.email = true,
            Some(NameIdSource::Attribute(name)) => self.add_attribute(name),
            Some(NameIdSource::CloudUpn) | None => {}
        }
        for rule in party.claim_rules() {
            self.add_rule(rule);
        }
    }

    /// What these access rules ask for besides.
    pub(super) fn add_access(&mut self, access: &Access) {
        if let Access::Only(conditions) = access {
            self.add_conditions(conditions);
        }
    }

    fn add_rule(&mut self, rule: &ClaimRule) {
        match &rule.source {
            ClaimSource::Email => self.email = true,
            ClaimSource::Attribute(name) => self.add_attribute(name),
            ClaimSource::Groups(groups) => {
                add(&mut self.groups, groups.iter().map(|(group, _)| group));
            }
            ClaimSource::CloudUpn
            | ClaimSource::ImmutableId
            | ClaimSource::DisplayName
            | ClaimSource::Constant(_) => {}
        }
        self.add_conditions(&rule.conditions);
    }

    fn add_conditions(&mut self, conditions: &[Condition]) {
        for test in conditions.iter().flat_map(Condition::tests) {
            match test {
                Test::Group(groups) => add(&mut self.groups, groups),
                Test::Below(places) => add(&mut self.places, places),
                Test::Directory(_) => self.directory = true,
                Test::EmailDomain(_) => self.email = true,
                Test::Attribute(name, _) => self.add_attribute(name),
                // Every session knows it.
                Test::Suffix(_) => {}
            }
        }
    }

    fn add_attribute(&mut self, name: &ToldAttribute) {
        let is_known = |known: &Attribute| known.as_str().eq_ignore_ascii_case(name.as_str());
        if !self.attributes.iter().any(is_known) {
            self.attributes.push(name.name().clone());
        }
    }
}

fn add<'a>(known: &mut Vec<Dn>, more: impl IntoIterator<Item = &'a KeyedDn>) {
    for name in more {
        if !known.contains(name.dn()) {
            known.push(name.dn().clone());
        }
    }
}
