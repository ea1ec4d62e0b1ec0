//! The plan against what Entra holds already.

use std::collections::{HashMap, HashSet};

use crate::{
    entra::{ProxyAddress, SignInName, Tenant, User, UserType},
    realm::EmailAddress,
};

use super::{
    Conflict, ConflictKind, Plan, Planned, Terms,
    derive::{add, user},
    plan::count,
    prediction::{Standing, anchors, key, predict, standing},
};

/// The users of a tenant that the plan does not replace, by their names.
struct Others<'a> {
    upns: HashMap<String, &'a User>,
    addresses: HashMap<String, &'a User>,
    sign_in_names: HashMap<String, &'a User>,
}

impl Plan {
    /// Adds the conflicts with what a tenant holds: its domains as they are federated there, and its
    /// users. Those with a planned ImmutableID are the planned ones themselves.
    #[must_use]
    pub fn against(mut self, terms: &Terms, held: &Tenant) -> Self {
        let others = Others::of(held, &self.users);
        for planned in &mut self.users {
            let mut found = Vec::new();
            judge_domains(terms, held, planned, &mut found);
            judge_names(&others, planned, &mut found);
            let known: Vec<_> = planned.conflicts.iter().map(|it| it.kind).collect();
            found.retain(|conflict| !known.contains(&conflict.kind));
            planned.conflicts.extend(found);
        }
        predict(terms, Some(held), &mut self.users);
        self.counts = count(&self.users);
        self.good = self.counts.in_conflict == 0;
        self
    }
}

impl<'a> Others<'a> {
    fn of(held: &'a Tenant, planned: &[Planned]) -> Self {
        let anchors = anchors(planned);
        let others = held.users().iter().filter(|user| {
            let anchor = user.on_premises_immutable_id.as_ref();
            anchor.is_none_or(|anchor| !anchors.contains(anchor.as_str()))
        });
        let others: Vec<&User> = others.collect();
        let addresses = others.iter().flat_map(|user| {
            let mails = user.proxy_addresses.iter().filter_map(ProxyAddress::mail);
            mails.map(|mail| (key(mail), *user))
        });
        let sign_in_names = others.iter().filter_map(|user| {
            let name = user.on_premises_user_principal_name.as_ref()?;
            Some((key(name), *user))
        });
        Self {
            upns: others
                .iter()
                .map(|user| (key(&user.user_principal_name), *user))
                .collect(),
            addresses: addresses.collect(),
            sign_in_names: sign_in_names.collect(),
        }
    }
}

/// What the tenant makes of the suffix, and of the domain of a guest's email.
fn judge_domains(terms: &Terms, held: &Tenant, planned: &Planned, found: &mut Vec<Conflict>) {
    let address = |name: &Option<String>| EmailAddress::parse(name.as_deref()?).ok();
    let is_guest = planned.user_type == UserType::Guest;
    let upn = address(&planned.user_principal_name);
    if let Some(upn) = &upn {
        let domain = upn.domain();
        match standing(terms, Some(held), domain) {
            Standing::Unverified => {
                let what = format!("{domain} is no verified domain of {}", held.name());
                add(found, ConflictKind::SuffixUnverified, what);
            }
            Standing::Managed if is_guest => {
                let what = format!("{domain} is not federated in {}", held.name());
                add(found, ConflictKind::SuffixUnfederated, what);
            }
            Standing::Elsewhere if is_guest => {
                let what = format!("{domain} is federated there with another issuer");
                add(found, ConflictKind::SuffixUnfederated, what);
            }
            _ => {}
        }
    }
    if is_guest
        && let Some(email) = address(&planned.on_premises_user_principal_name)
        && upn.as_ref() != Some(&email)
        && standing(terms, Some(held), email.domain()) != Standing::Unverified
    {
        let what = format!("{email} is in {}, a domain of the tenant", email.domain());
        add(found, ConflictKind::AddressInOwnDomain, what);
    }
}

/// Whether somebody in the tenant has one of the names.
fn judge_names(others: &Others<'_>, planned: &Planned, found: &mut Vec<Conflict>) {
    // Who has a conflict that keeps her from being a user at all has no names there, either.
    let Ok(user) = user(planned) else {
        return;
    };
    let upn = &user.user_principal_name;
    let mut clashes: Vec<(ConflictKind, &SignInName, &User)> = Vec::new();
    if let Some(other) = others.upns.get(&key(upn)) {
        clashes.push((joined_or(ConflictKind::UpnDuplicate, other), upn, other));
    }
    for address in &user.proxy_addresses {
        let Some(mail) = address.mail() else {
            continue;
        };
        if let Some(other) = others.addresses.get(&key(mail)) {
            let kind = match address {
                ProxyAddress::Primary(_) => joined_or(ConflictKind::AddressDuplicate, other),
                _ => ConflictKind::AddressDuplicate,
            };
            clashes.push((kind, mail, other));
        }
    }
    if let Some(email) = &user.on_premises_user_principal_name {
        let is_guest = user.user_type == UserType::Guest;
        for names in [&others.upns, &others.addresses, &others.sign_in_names] {
            if let Some(other) = names.get(&key(email)) {
                let kind = match other.user_type {
                    UserType::Member if is_guest => ConflictKind::AddressOfMember,
                    _ => ConflictKind::AddressDuplicate,
                };
                clashes.push((kind, email, other));
            }
        }
    }
    // The first clash with somebody says enough.
    let mut told = HashSet::new();
    for (kind, name, other) in clashes {
        if !told.insert(&other.id) {
            continue;
        }
        let their_upn = &other.user_principal_name;
        let what = match kind {
            ConflictKind::SoftMatch => {
                format!("Entra would join it, by {name}, with the cloud user {their_upn}")
            }
            _ => format!("{name} is {their_upn}'s in Entra"),
        };
        add(found, kind, what);
    }
}

/// A user that no sync has written is joined (the soft match); one of another sync stands in the way.
fn joined_or(kind: ConflictKind, other: &User) -> ConflictKind {
    if other.is_synced() {
        kind
    } else {
        ConflictKind::SoftMatch
    }
}
