//! All accounts at once, for the doctor: who could sign in, who never could and why, and which
//! names several accounts have.

use std::collections::{BTreeMap, HashMap};

use crate::directory::{DirectoryError, Entry, Filter};

use super::{
    EmailAddress, Home, MappingError, SignInAttribute, SignInName, account::Place, locate::Notes,
    sign_in_name::Form,
};

/// How many examples are kept of each kind.
const EXAMPLES: usize = 3;

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Survey {
    /// The accounts that have a name to sign in with, in scope or not.
    pub accounts: usize,
    /// Those that could sign in, but for names that others have too.
    pub able: usize,
    /// Why the others could not, and some of them.
    pub unable: BTreeMap<String, Examples>,
    /// Names that several accounts have, in this home or in one read before it, so that none of
    /// them can use it.
    pub shared: Examples,
}

/// How many accounts have each name, over all homes that have been read.
#[derive(Debug, Default)]
pub struct Owners(HashMap<String, u32>);

impl Owners {
    /// Counts one more, and says whether the name has just become a shared one.
    fn add(&mut self, name: String) -> bool {
        let count = self.0.entry(name).or_default();
        *count += 1;
        *count == 2
    }
}

/// A number of things, and the first few of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Examples {
    /// How many there are.
    pub count: usize,
    /// The first few.
    pub first: Vec<String>,
}

impl Examples {
    fn add(&mut self, example: impl Into<String>) {
        self.count += 1;
        if self.first.len() < EXAMPLES {
            self.first.push(example.into());
        }
    }
}

impl Home {
    /// Reads every account that has a name, and judges it as a sign-in would. `progress` is told
    /// how many have been read so far; `owners` knows the names of the homes read before.
    pub async fn survey(
        &self,
        owners: &mut Owners,
        mut progress: impl FnMut(usize),
    ) -> Result<Survey, DirectoryError> {
        let attributes = &self.mapping.sign_in_attributes;
        let named = attributes
            .iter()
            .map(|attribute| Filter::present(attribute.name()));
        let filter = Filter::Or(named.collect());
        let mut survey = Survey::default();
        let mut wanted = self.attributes();
        wanted.push("objectClass");
        let scan = self.directory.scan(&filter, &wanted, |page| {
            for entry in page.into_iter().filter(is_person) {
                survey.accounts += 1;
                self.add(&entry, &mut survey, owners);
            }
            progress(survey.accounts);
        });
        scan.await?;
        Ok(survey)
    }

    fn add(&self, entry: &Entry, survey: &mut Survey, owners: &mut Owners) {
        let mut names: Vec<(SignInName, SignInAttribute)> = Vec::new();
        for &attribute in &self.mapping.sign_in_attributes {
            for value in entry.values(attribute.name()) {
                let Some(name) = self.name_of(value, attribute) else {
                    continue;
                };
                if !names.iter().any(|(known, _)| known.key() == name.key()) {
                    if owners.add(name.key()) {
                        survey.shared.add(name.key());
                    }
                    names.push((name, attribute));
                }
            }
        }
        let place = Place {
            home: 0,
            alone: false,
        };
        let outcomes: Vec<_> = names
            .iter()
            .map(|(name, by)| self.judge(place, name, entry, *by, &mut Notes::new(None)))
            .collect();
        let reason = match outcomes.iter().find(|outcome| outcome.is_ok()) {
            Some(Ok(account)) => match account.state() {
                None => {
                    survey.able += 1;
                    return;
                }
                Some(state) => format!("its state is {state:?}"),
            },
            _ => outcomes
                .into_iter()
                .find_map(Result::err)
                .map_or("no value is a usable name", |error| kind(&error))
                .to_owned(),
        };
        survey.unable.entry(reason).or_default().add(entry.dn());
    }

    /// The name that a person would type for a stored value.
    pub(super) fn name_of(&self, value: &str, attribute: SignInAttribute) -> Option<SignInName> {
        let text = match attribute {
            SignInAttribute::ProxyAddresses => {
                let (kind, address) = value.split_once(':')?;
                kind.eq_ignore_ascii_case("smtp").then_some(address)?
            }
            _ => value,
        };
        let name = match attribute {
            SignInAttribute::SamAccountName => SignInName::parse(text).ok()?,
            _ => EmailAddress::parse(text).ok()?.into(),
        };
        let fits = matches!(name.form(), Form::AccountName(_))
            == (attribute == SignInAttribute::SamAccountName);
        (fits && self.is_responsible_for(&name)).then_some(name)
    }
}

/// Computers, contacts and groups have addresses, too. Asked of the entry and not of the directory:
/// one that does not know a class finds nothing that is not of it, either (RFC 4511 4.5.1.7).
pub(super) fn is_person(entry: &Entry) -> bool {
    let others = ["computer", "contact", "group"];
    !entry
        .values("objectClass")
        .any(|class| others.iter().any(|other| class.eq_ignore_ascii_case(other)))
}

/// The reason without the account's own name, so that accounts can be counted by it.
pub(super) fn kind(error: &MappingError) -> &'static str {
    match error {
        MappingError::OutOfScope { .. } => "it lies outside of the scope",
        MappingError::Privileged { .. } => "it is privileged (adminCount=1)",
        MappingError::InRefusedGroup { .. } => "it is in a refused group",
        MappingError::OwnDomain { .. } => "its address is one of the organisation's own",
        MappingError::NoUpn { .. } => "it has no usable userPrincipalName",
        MappingError::SuffixNotFederated { .. } => "the suffix of its UPN is not federated",
        MappingError::NoImmutableId { .. } => "it has no usable ImmutableID",
        MappingError::UnreadableState { .. } => "its state cannot be read",
        MappingError::BadDn => "its name is no DN",
        MappingError::NoMatch | MappingError::Ambiguous { .. } | MappingError::Directory(_) => {
            "it cannot be found"
        }
    }
}
