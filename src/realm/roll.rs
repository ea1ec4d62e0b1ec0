//! All accounts as the directory has them, for who plans what Entra will hold: with what is wrong with
//! them, and whether they could sign in here by their `mail`.

use std::collections::HashSet;

use crate::directory::{AccountState, Attribute, DirectoryError, Entry, Filter, Reading, Snapshot};

use super::{
    Home, ImmutableId, SignInAttribute, SignInName,
    account::Place,
    locate::{Notes, immutable_id, only},
    survey::{is_person, kind},
};

/// An account as its directory has it. Nothing is made of it yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listed {
    /// Where it is.
    pub dn: String,
    /// `userPrincipalName`; `None` where there is none, or several.
    pub upn: Option<String>,
    /// `mail`; `None` where there is none, or several.
    pub mail: Option<String>,
    /// `proxyAddresses`, as they stand.
    pub proxy_addresses: Vec<String>,
    /// `displayName`.
    pub display_name: Option<String>,
    /// The ImmutableID by the configured source, where it has a usable one.
    pub immutable_id: Option<ImmutableId>,
    /// The values of the attribute that was asked for besides.
    pub asked: Vec<String>,
    /// Why no sign-in by its `mail` could succeed here; `None` where one could.
    pub refusal: Option<String>,
    /// What keeps it from signing in for now, such as that it is disabled.
    pub state: Option<AccountState>,
}

/// All accounts of a directory.
#[derive(Debug)]
pub struct Roll {
    /// In the directory's order.
    pub accounts: Vec<Listed>,
    /// For the next time; `None` where the directory does not count its changes.
    pub snapshot: Option<Snapshot>,
    /// How much had to be read.
    pub reading: Reading,
}

/// What every account on the roll has one of.
const NAMED: [&str; 3] = ["userPrincipalName", "mail", "proxyAddresses"];

impl Home {
    /// Counts the entries that [`Self::list`] would read.
    ///
    /// # Errors
    /// When the directory cannot be read to its end.
    pub async fn count(&self) -> Result<usize, DirectoryError> {
        let mut count = 0;
        let filter = Filter::Or(NAMED.map(Filter::present).into());
        let scan = (self.directory).scan(&filter, &["1.1"], |page| count += page.len());
        scan.await?;
        Ok(count)
    }

    /// Reads every account with a UPN or an address, in scope or not, page by page; with a snapshot of
    /// the last time only what has changed, where the directory can tell. `asked` is an attribute that
    /// is read besides; `each` is told how many more entries have been read.
    ///
    /// # Errors
    /// When the directory cannot be read to its end.
    pub async fn list(
        &self,
        asked: Option<&Attribute>,
        before: Option<&Snapshot>,
        each: impl FnMut(usize),
    ) -> Result<Roll, DirectoryError> {
        let filter = Filter::Or(NAMED.map(Filter::present).into());
        let members = self.members_of_refused_groups(&filter).await?;
        let mut wanted = self.attributes();
        for name in NAMED.into_iter().chain(["objectClass"]) {
            if !wanted.contains(&name) {
                wanted.push(name);
            }
        }
        wanted.extend(asked.map(Attribute::as_str));
        let read = self.directory.catch_up(&filter, &wanted, before, each);
        let read = read.await?;
        let people = read.entries.iter().filter(|entry| is_person(entry));
        let accounts = people.map(|entry| {
            let mut listed = self.listed(entry, asked);
            if members.contains(entry.dn()) && listed.refusal.is_none() {
                listed.refusal = Some("it is in a refused group".to_owned());
            }
            listed
        });
        Ok(Roll {
            accounts: accounts.collect(),
            snapshot: read.snapshot,
            reading: read.reading,
        })
    }

    /// Nested members too, where the directory knows the rule of Active Directory.
    async fn members_of_refused_groups(
        &self,
        filter: &Filter,
    ) -> Result<HashSet<String>, DirectoryError> {
        let mut members = HashSet::new();
        let groups = &self.mapping.refused_groups;
        if !groups.is_empty() {
            let in_any = groups.iter().cloned().map(Filter::InGroup).collect();
            let filter = Filter::And(vec![filter.clone(), Filter::Or(in_any)]);
            let scan = self.directory.scan(&filter, &["1.1"], |page| {
                members.extend(page.iter().map(|entry| entry.dn().to_owned()));
            });
            scan.await?;
        }
        Ok(members)
    }

    fn listed(&self, entry: &Entry, asked: Option<&Attribute>) -> Listed {
        let text = |attribute| {
            let value = std::str::from_utf8(only(entry, attribute)?).ok()?;
            Some(value.to_owned())
        };
        let all = |attribute| entry.values(attribute).map(str::to_owned).collect();
        let mail = text("mail");
        let (refusal, state) = match mail.as_deref().map(|mail| self.would_find(entry, mail)) {
            Some(Ok(state)) => (None, state),
            Some(Err(why)) => (Some(why), None),
            None => (Some("it has no mail, or several".to_owned()), None),
        };
        Listed {
            dn: entry.dn().to_owned(),
            upn: text("userPrincipalName"),
            proxy_addresses: all("proxyAddresses"),
            display_name: entry.values("displayName").next().map(str::to_owned),
            immutable_id: immutable_id(&self.mapping.immutable_id, entry),
            asked: asked.map(|name| all(name.as_str())).unwrap_or_default(),
            mail,
            refusal,
            state,
        }
    }

    /// What would come of a sign-in by its `mail`, as far as the account itself decides it.
    fn would_find(&self, entry: &Entry, mail: &str) -> Result<Option<AccountState>, String> {
        let by = SignInAttribute::Mail;
        let name = SignInName::parse(mail).ok();
        let name = name.filter(|name| name.as_address().is_some());
        let name = name.ok_or("its mail is no address that could sign in")?;
        if !self.mapping.sign_in_attributes.contains(&by) {
            return Err("mail is none of sign_in_attributes".to_owned());
        }
        if !self.is_responsible_for(&name) {
            return Err("the domain of its mail is none of email_domains".to_owned());
        }
        let place = Place {
            home: 0,
            alone: false,
        };
        let judged = self.judge(place, &name, entry, by, &mut Notes::new(None));
        judged
            .map(|account| account.state())
            .map_err(|error| kind(&error).to_owned())
    }
}
