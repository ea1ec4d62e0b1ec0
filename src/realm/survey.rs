//! All accounts at once, for the doctor: who could sign in, who never could and why, and which
//! names several accounts have.

use std::collections::{BTreeMap, HashMap};

use crate::directory::{DirectoryError, Entry, Filter};

use super::{
    EmailAddress, Home, MappingError, SignInAttribute, SignInName, locate::Notes,
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
    /// Names that several accounts have, so that none of them can use it.
    pub shared: Examples,
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
    /// how many have been read so far.
    pub async fn survey(&self, mut progress: impl FnMut(usize)) -> Result<Survey, DirectoryError> {
        let attributes = &self.mapping.sign_in_attributes;
        let named = attributes
            .iter()
            .map(|attribute| Filter::present(attribute.name()));
        let filter = Filter::And(vec![
            Filter::Or(named.collect()),
            // Computers and contacts have addresses, too.
            Filter::Not(Box::new(Filter::equal("objectClass", "computer"))),
            Filter::Not(Box::new(Filter::equal("objectClass", "contact"))),
            Filter::Not(Box::new(Filter::equal("objectClass", "group"))),
        ]);
        let mut survey = Survey::default();
        let mut owners: HashMap<String, u32> = HashMap::new();
        let wanted = self.attributes();
        let scan = self.directory.scan(&filter, &wanted, |page| {
            for entry in page {
                survey.accounts += 1;
                self.add(&entry, &mut survey, &mut owners);
            }
            progress(survey.accounts);
        });
        scan.await?;
        let mut shared: Vec<String> = owners
            .into_iter()
            .filter_map(|(name, count)| (count > 1).then_some(name))
            .collect();
        shared.sort_unstable();
        for name in shared {
            survey.shared.add(name);
        }
        Ok(survey)
    }

    fn add(&self, entry: &Entry, survey: &mut Survey, owners: &mut HashMap<String, u32>) {
        let mut names: Vec<(SignInName, SignInAttribute)> = Vec::new();
        for &attribute in &self.mapping.sign_in_attributes {
            for value in entry.values(attribute.name()) {
                let Some(name) = self.name_of(value, attribute) else {
                    continue;
                };
                if !names.iter().any(|(known, _)| known.key() == name.key()) {
                    *owners.entry(name.key()).or_default() += 1;
                    names.push((name, attribute));
                }
            }
        }
        let outcomes: Vec<_> = names
            .iter()
            .map(|(name, by)| self.judge(0, name, entry, *by, &mut Notes::new(None)))
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
    fn name_of(&self, value: &str, attribute: SignInAttribute) -> Option<SignInName> {
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

/// The reason without the account's own name, so that accounts can be counted by it.
fn kind(error: &MappingError) -> &'static str {
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
