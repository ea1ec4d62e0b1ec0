//! All accounts together.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

use crate::{
    directory::AccountState,
    entra::UserType,
    realm::{EmailAddress, Listed},
};

use super::{
    Conflict, ConflictKind, Prediction, Terms,
    derive::{add, addresses, derive},
    prediction::predict,
};

/// What Entra would hold of all accounts, with every conflict.
#[derive(Clone, Debug, Serialize)]
pub struct Plan {
    /// Whether there is no conflict at all.
    pub good: bool,
    /// How many there are of what.
    pub counts: Counts,
    /// The accounts, in the order of the directories.
    pub users: Vec<Planned>,
}

/// How many accounts there are of what.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    /// In all.
    pub accounts: usize,
    /// Of those, guests.
    pub guests: usize,
    /// And members.
    pub members: usize,
    /// How many have a conflict.
    pub in_conflict: usize,
    /// How many have a conflict of each kind.
    pub conflicts: BTreeMap<ConflictKind, usize>,
    /// How many sign-ins come to what.
    pub predictions: BTreeMap<Prediction, usize>,
    /// How many guests have their email in each domain.
    pub email_domains: BTreeMap<String, usize>,
}

/// A user as Entra would hold it, by Graph's names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Planned {
    /// The directory that the account is in.
    pub directory: String,
    /// Where it is there.
    pub dn: String,
    /// `displayName`.
    pub display_name: Option<String>,
    /// `userType`.
    pub user_type: UserType,
    /// By which rule.
    pub because: String,
    /// `userPrincipalName`: the cloud UPN.
    pub user_principal_name: Option<String>,
    /// `onPremisesUserPrincipalName`: for a guest the email that she signs in with.
    pub on_premises_user_principal_name: Option<String>,
    /// `onPremisesImmutableId`.
    pub on_premises_immutable_id: Option<String>,
    /// `proxyAddresses`.
    pub proxy_addresses: Vec<String>,
    /// What keeps her from signing in for now: no conflict, and told so that nobody wonders.
    pub state: Option<AccountState>,
    /// The `userPrincipalName` under which Entra would hold it; `None` where that cannot be told, or
    /// it would not be taken.
    pub held_as: Option<String>,
    /// What a sign-in by its name comes to.
    pub prediction: Prediction,
    /// What would break it.
    pub conflicts: Vec<Conflict>,
}

impl Plan {
    /// Derives the plan for these accounts, each with the name of its directory.
    pub fn new(terms: &Terms, accounts: &[(String, Listed)]) -> Self {
        let planned = accounts
            .iter()
            .map(|(directory, account)| derive(terms, directory, account));
        let mut users: Vec<Planned> = planned.collect();
        let found = between(&users, accounts);
        for (user, conflicts) in users.iter_mut().zip(found) {
            // What is wrong with the account and another one comes before what is wrong here.
            if !conflicts.is_empty() {
                (user.conflicts).retain(|conflict| conflict.kind != ConflictKind::RefusedHere);
            }
            user.conflicts.extend(conflicts);
        }
        predict(terms, None, &mut users);
        let counts = count(&users);
        Self {
            good: counts.in_conflict == 0,
            counts,
            users,
        }
    }
}

pub(super) fn count(users: &[Planned]) -> Counts {
    let mut counts = Counts {
        accounts: users.len(),
        ..Counts::default()
    };
    for user in users {
        let email = user.on_premises_user_principal_name.as_deref();
        match user.user_type {
            UserType::Member => counts.members += 1,
            UserType::Guest => {
                counts.guests += 1;
                if let Some(Ok(address)) = email.map(EmailAddress::parse) {
                    let domain = address.domain().as_ascii().to_owned();
                    *counts.email_domains.entry(domain).or_default() += 1;
                }
            }
        }
        *counts.predictions.entry(user.prediction).or_default() += 1;
        counts.in_conflict += usize::from(!user.conflicts.is_empty());
        let mut kinds: Vec<_> = user
            .conflicts
            .iter()
            .map(|conflict| conflict.kind)
            .collect();
        kinds.sort_unstable();
        kinds.dedup();
        for kind in kinds {
            *counts.conflicts.entry(kind).or_default() += 1;
        }
    }
    counts
}

/// What an account uses a name as.
#[derive(Clone, Copy, Debug, Default)]
struct Uses {
    account: usize,
    upn: bool,
    address: bool,
}

/// The conflicts of each account with others.
fn between(users: &[Planned], accounts: &[(String, Listed)]) -> Vec<Vec<Conflict>> {
    let mut conflicts = vec![Vec::new(); users.len()];
    let names = names(accounts);
    let mut names: Vec<_> = names.iter().filter(|(_, uses)| uses.len() > 1).collect();
    names.sort_unstable_by_key(|(name, _)| *name);
    for (name, uses) in names {
        for one in uses {
            let others = uses.iter().filter(|other| other.account != one.account);
            let others: Vec<Uses> = others.copied().collect();
            for (kind, others) in clashes(users, *one, &others) {
                if let Some(conflicts) = conflicts.get_mut(one.account) {
                    add(conflicts, kind, said(&name.to_string(), &others, users));
                }
            }
        }
    }
    for (anchor, owners) in anchors(users) {
        for owner in &owners {
            let others: Vec<usize> = owners.iter().copied().filter(|it| it != owner).collect();
            if let Some(conflicts) = conflicts.get_mut(*owner)
                && !others.is_empty()
            {
                let what = said(anchor, &others, users);
                add(conflicts, ConflictKind::ImmutableIdDuplicate, what);
            }
        }
    }
    conflicts
}

/// Who uses each name, each account once.
fn names(accounts: &[(String, Listed)]) -> HashMap<EmailAddress, Vec<Uses>> {
    let mut names: HashMap<EmailAddress, Vec<Uses>> = HashMap::new();
    for (account, (_, listed)) in accounts.iter().enumerate() {
        let upn = listed
            .upn
            .as_deref()
            .and_then(|upn| EmailAddress::parse(upn).ok());
        let addresses = addresses(listed);
        for name in &addresses {
            let upn = upn.as_ref() == Some(name);
            names.entry(name.clone()).or_default().push(Uses {
                account,
                upn,
                address: true,
            });
        }
        if let Some(upn) = upn.filter(|upn| !addresses.contains(upn)) {
            names.entry(upn).or_default().push(Uses {
                account,
                upn: true,
                address: false,
            });
        }
    }
    names
}

/// What an account's use of a name is to the uses of others.
fn clashes(users: &[Planned], one: Uses, others: &[Uses]) -> Vec<(ConflictKind, Vec<usize>)> {
    let is_member = |account: usize| {
        let user = users.get(account);
        user.is_some_and(|user| user.user_type == UserType::Member)
    };
    let those = |which: &dyn Fn(&Uses) -> bool| -> Vec<usize> {
        let those = others.iter().filter(|other| which(other));
        those.map(|other| other.account).collect()
    };
    let of_members = one.address && !is_member(one.account);
    let table = [
        (
            ConflictKind::UpnDuplicate,
            those(&|other| one.upn && other.upn),
        ),
        (
            ConflictKind::AddressOfMember,
            those(&|other| of_members && is_member(other.account)),
        ),
        (
            ConflictKind::AddressDuplicate,
            those(&|other| {
                let told = of_members && is_member(other.account);
                one.address && other.address && !told
            }),
        ),
        (
            ConflictKind::SoftMatch,
            those(&|other| {
                let told = of_members && is_member(other.account);
                let crossed = one.upn && other.address || one.address && other.upn;
                let same = one.upn && other.upn || one.address && other.address;
                crossed && !same && !told
            }),
        ),
    ];
    let table = table.into_iter();
    table.filter(|(_, others)| !others.is_empty()).collect()
}

fn anchors(users: &[Planned]) -> BTreeMap<&str, Vec<usize>> {
    let mut anchors: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, user) in users.iter().enumerate() {
        if let Some(anchor) = &user.on_premises_immutable_id {
            anchors.entry(anchor).or_default().push(index);
        }
    }
    anchors
}

/// A value, and who has it besides.
fn said(value: &str, others: &[usize], users: &[Planned]) -> String {
    let first = others.first().and_then(|other| users.get(*other));
    let first = first.map_or("", |user| &user.dn);
    match others.len() {
        0 | 1 => format!("{value} is that of {first}, too"),
        count => format!("{value} is that of {first} and {} more, too", count - 1),
    }
}
