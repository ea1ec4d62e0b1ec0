//! What comes of each account: whether Entra holds it, and what a sign-in by its name comes to.

use std::{
    collections::{HashMap, HashSet},
    fmt,
};

use serde::Serialize;

use crate::{
    entra::{Aadsts, SignInName, Tenant, UserType},
    realm::DomainName,
};

use super::{ConflictKind, Planned, Terms, derive::user};

/// What a sign-in at Entra comes to, where the name is typed at an address of the tenant: a guest's
/// email, a member's UPN. The names are stable, for scripts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Prediction {
    /// Entra sends a guest here, and she signs in with her directory's password.
    SignsIn,
    /// Entra sends a member here. Whether she is taken is not looked at.
    ComesHere,
    /// Entra sends her here, and Homerealm refuses her.
    RefusedHere,
    /// Entra asks for a password of its own: the domain of her UPN there is not federated.
    EntraPassword,
    /// Entra sends her to another identity provider.
    Elsewhere,
    /// Entra knows nobody by the name.
    #[default]
    Nobody,
    /// There is no name to type, or none that Entra takes for one.
    NoName,
}

impl Prediction {
    /// What it means, in a sentence.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::SignsIn => "Entra sends the guest here, and she signs in",
            Self::ComesHere => "Entra sends the member here; whether she is taken is not looked at",
            Self::RefusedHere => "Entra sends her here, and the rules here refuse her",
            Self::EntraPassword => {
                "Entra asks for a password of its own: her domain there is not federated"
            }
            Self::Elsewhere => "Entra sends her to another identity provider",
            Self::Nobody => "Entra knows nobody by the name (AADSTS50034)",
            Self::NoName => "no name to type, or none that Entra takes for one (AADSTS50128)",
        }
    }

    /// The code with which Entra refuses the name; `None` where something else follows.
    pub fn aadsts(self) -> Option<Aadsts> {
        match self {
            Self::Nobody => Some(Aadsts::UserAccountNotFound),
            Self::NoName => Some(Aadsts::InvalidDomainName),
            _ => None,
        }
    }
}

/// As scripts read it.
impl fmt::Display for Prediction {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // serde has the one list of the names.
        self.serialize(formatter)
    }
}

/// What the tenant makes of a domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Federated with this identity provider.
    Here,
    /// Below a domain that is, without an issuer of its own here.
    BelowOurs,
    /// Federated with another one.
    Elsewhere,
    /// Verified, and not federated.
    Managed,
    /// Not a domain of the tenant.
    Unverified,
}

/// What the tenant makes of a domain: by what it holds where that is known, else by the terms.
pub(super) fn standing(terms: &Terms, held: Option<&Tenant>, domain: &DomainName) -> Standing {
    let ours = terms.federated(domain);
    let Some(held) = held else {
        let mut federated = terms.federated_domains.iter();
        return if ours.is_some() {
            Standing::Here
        } else if !terms.is_verified(domain) {
            Standing::Unverified
        } else if federated.any(|above| domain.is_within(&above.suffix)) {
            Standing::BelowOurs
        } else {
            Standing::Managed
        };
    };
    let name = crate::entra::DomainName::parse(domain.as_ascii());
    let Some(name) = name.ok().filter(|name| held.domain(name).is_some()) else {
        return Standing::Unverified;
    };
    let Some((_, registered)) = held.federation_of(&name) else {
        return Standing::Managed;
    };
    let issuer = &registered.issuer_uri;
    let mut federated = terms.federated_domains.iter();
    if ours.is_some_and(|ours| ours.issuer == *issuer) {
        Standing::Here
    } else if ours.is_none() && federated.any(|other| other.issuer == *issuer) {
        Standing::BelowOurs
    } else {
        Standing::Elsewhere
    }
}

/// Writes into each account as what Entra would hold it, and what a sign-in comes to.
pub(super) fn predict(terms: &Terms, held: Option<&Tenant>, users: &mut [Planned]) {
    let initial = held.map(Tenant::name).or(terms.tenant.as_ref());
    let fallback = |upn: &SignInName| {
        let upn = upn.to_string();
        let (local, _) = upn.rsplit_once('@')?;
        SignInName::parse(&format!("{local}@{}", initial?)).ok()
    };
    let mut names = Vec::with_capacity(users.len());
    for planned in &*users {
        let name = user(planned).ok().filter(|_| is_taken(planned));
        let name = name.map(|user| user.user_principal_name).and_then(|upn| {
            match standing(terms, held, &domain(&upn)?) {
                Standing::Unverified => fallback(&upn),
                _ => Some(upn),
            }
        });
        names.push(name);
    }
    // Where Entra puts its initial domain in the suffix's place, two may end up with one name.
    let mut owners: HashMap<String, usize> = HashMap::new();
    for name in names.iter().flatten() {
        *owners.entry(key(name)).or_default() += 1;
    }
    let anchors = anchors(users);
    for user in held.iter().flat_map(|held| held.users()) {
        let anchor = user.on_premises_immutable_id.as_ref();
        if anchor.is_none_or(|anchor| !anchors.contains(anchor.as_str())) {
            *owners.entry(key(&user.user_principal_name)).or_default() += 1;
        }
    }
    for (planned, name) in users.iter_mut().zip(names) {
        let name = name.filter(|name| owners.get(&key(name)) == Some(&1));
        let typed = planned.on_premises_user_principal_name.as_deref();
        let typed = typed.and_then(|typed| SignInName::parse(typed).ok());
        planned.prediction = match (&name, typed) {
            (_, None) => Prediction::NoName,
            (None, _) => Prediction::Nobody,
            (Some(upn), Some(typed)) => {
                of_held(terms, held, planned, upn, &typed).unwrap_or_default()
            }
        };
        planned.held_as = name.map(|name| name.to_string());
    }
}

/// Whether Entra takes the account as it is planned, or nearly so, in spite of its conflicts.
fn is_taken(planned: &Planned) -> bool {
    let mut kinds = planned.conflicts.iter().map(|conflict| conflict.kind);
    kinds.all(|kind| {
        matches!(
            kind,
            ConflictKind::SuffixUnverified
                | ConflictKind::SuffixUnfederated
                | ConflictKind::AddressInOwnDomain
                | ConflictKind::RefusedHere
        )
    })
}

fn of_held(
    terms: &Terms,
    held: Option<&Tenant>,
    planned: &Planned,
    upn: &SignInName,
    typed: &SignInName,
) -> Option<Prediction> {
    let is_guest = planned.user_type == UserType::Guest;
    if is_guest && typed != upn {
        // Entra looks for UPNs alone in a domain of the tenant, and leaves a federated one to its
        // identity provider. Here nobody has an address in one of our own domains but by her UPN.
        match standing(terms, held, &domain(typed)?) {
            Standing::Unverified => {}
            Standing::Managed => return Some(Prediction::Nobody),
            Standing::Elsewhere => return Some(Prediction::Elsewhere),
            Standing::Here | Standing::BelowOurs => return Some(Prediction::RefusedHere),
        }
    }
    let is_refused = |kind| planned.conflicts.iter().any(|it| it.kind == kind);
    Some(match standing(terms, held, &domain(upn)?) {
        Standing::Managed | Standing::Unverified => Prediction::EntraPassword,
        Standing::Elsewhere => Prediction::Elsewhere,
        Standing::BelowOurs => Prediction::RefusedHere,
        Standing::Here if !is_guest => Prediction::ComesHere,
        Standing::Here if planned.state.is_some() || is_refused(ConflictKind::RefusedHere) => {
            Prediction::RefusedHere
        }
        Standing::Here => Prediction::SignsIn,
    })
}

fn domain(name: &SignInName) -> Option<DomainName> {
    DomainName::parse(name.domain().as_str()).ok()
}

/// The planned source anchors: a user who has one is the planned one herself.
pub(super) fn anchors(users: &[Planned]) -> HashSet<String> {
    let anchors = users
        .iter()
        .filter_map(|user| user.on_premises_immutable_id.clone());
    anchors.collect()
}

/// One text for a name in either case.
pub(super) fn key(name: &SignInName) -> String {
    name.to_string().to_ascii_lowercase()
}
