//! One account by itself: what Entra would hold of it.

use crate::{
    directory::Dn,
    entra::{self, ProxyAddress, User, UserType},
    realm::{EmailAddress, Listed},
};

use super::{Conflict, ConflictKind, GuestRules, Planned, Prediction, Terms, upn};

/// The most that Entra Connect takes as a source anchor; what is no letter or digit counts three times
/// (facts 5.3).
const ANCHOR: usize = 60;

/// Derives what Entra would hold of an account, and what is wrong with the account by itself.
pub(super) fn derive(terms: &Terms, directory: &str, account: &Listed) -> Planned {
    let mut conflicts = Vec::new();
    let (user_type, because) = user_type(&terms.guests, account, &mut conflicts);
    let is_guest = user_type == UserType::Guest;
    if is_guest {
        judge_address(terms, account, &mut conflicts);
    }
    judge_upn(terms, account, is_guest, &mut conflicts);
    judge_anchor(account, &mut conflicts);
    judge_proxy_addresses(account, &mut conflicts);
    let sign_in_name = if is_guest {
        &account.mail
    } else {
        &account.upn
    };
    let mut planned = Planned {
        directory: directory.to_owned(),
        dn: account.dn.clone(),
        display_name: account.display_name.clone(),
        user_type,
        because,
        user_principal_name: account.upn.clone(),
        on_premises_user_principal_name: sign_in_name.clone(),
        on_premises_immutable_id: (account.immutable_id.as_ref()).map(|id| id.as_str().to_owned()),
        proxy_addresses: account.proxy_addresses.clone(),
        state: account.state,
        held_as: None,
        prediction: Prediction::default(),
        conflicts,
    };
    if planned.conflicts.is_empty() {
        // What Entra's own names cannot be, by the definition that the simulator has of them.
        if let Err(error) = user(&planned) {
            add(&mut planned.conflicts, ConflictKind::UpnInvalid, error);
        }
    }
    if planned.conflicts.is_empty()
        && is_guest
        && let Some(why) = &account.refusal
    {
        add(&mut planned.conflicts, ConflictKind::RefusedHere, why);
    }
    planned
}

/// The user as Entra would hold it.
pub(super) fn user(planned: &Planned) -> Result<User, String> {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let name = |text: &str| entra::SignInName::parse(text).map_err(|error| error.to_string());
    let upn = name(&text(&planned.user_principal_name))?;
    let anchor = entra::ImmutableId::parse(&text(&planned.on_premises_immutable_id));
    let proxy_addresses = planned.proxy_addresses.iter().cloned();
    let proxy_addresses = proxy_addresses.map(ProxyAddress::try_from);
    let plain = User::new(upn);
    Ok(User {
        display_name: (planned.display_name.clone()).unwrap_or(plain.display_name),
        on_premises_user_principal_name: Some(name(&text(
            &planned.on_premises_user_principal_name,
        ))?),
        on_premises_immutable_id: Some(anchor.map_err(|error| error.to_string())?),
        user_type: planned.user_type,
        proxy_addresses: proxy_addresses
            .collect::<Result<_, _>>()
            .map_err(|error| error.to_string())?,
        ..User::new(plain.user_principal_name)
    })
}

/// The addresses of an account: its `mail` and those among `proxyAddresses`, each once.
pub(super) fn addresses(account: &Listed) -> Vec<EmailAddress> {
    let proxies = account.proxy_addresses.iter();
    let proxies = proxies.filter_map(|address| smtp(address));
    let mut addresses: Vec<EmailAddress> = Vec::new();
    for text in account.mail.as_deref().into_iter().chain(proxies) {
        if let Ok(address) = EmailAddress::parse(text)
            && !addresses.contains(&address)
        {
            addresses.push(address);
        }
    }
    addresses
}

fn user_type(
    rules: &GuestRules,
    account: &Listed,
    conflicts: &mut Vec<Conflict>,
) -> (UserType, String) {
    if let Some(attribute) = &rules.attribute {
        let attribute = attribute.as_str();
        let said = |value: &str| {
            let types = [UserType::Guest, UserType::Member];
            types
                .into_iter()
                .find(|one| one.to_string().eq_ignore_ascii_case(value))
        };
        match account.asked.as_slice() {
            [] => {}
            [value] if let Some(user_type) = said(value) => {
                return (user_type, format!("{attribute} is {user_type}"));
            }
            values => add(
                conflicts,
                ConflictKind::UserTypeInvalid,
                format!("{attribute} is {values:?}, neither Guest nor Member"),
            ),
        }
    }
    let domain = account
        .upn
        .as_deref()
        .and_then(|upn| EmailAddress::parse(upn).ok());
    if let Some(address) = domain
        && rules.upn_suffixes.contains(address.domain())
    {
        let because = format!("its UPN ends in @{}", address.domain());
        return (UserType::Guest, because);
    }
    if let Ok(dn) = account.dn.parse::<Dn>()
        && let Some(unit) = rules.units.iter().find(|unit| dn.is_within(unit))
    {
        return (UserType::Guest, format!("it is below {unit}"));
    }
    (UserType::Member, "no rule makes it a guest".to_owned())
}

fn judge_upn(terms: &Terms, account: &Listed, is_guest: bool, conflicts: &mut Vec<Conflict>) {
    let Some(upn) = &account.upn else {
        let what = "it has no userPrincipalName, or several";
        return add(conflicts, ConflictKind::UpnMissing, what);
    };
    if let Some(why) = upn::refusal(upn) {
        return add(conflicts, ConflictKind::UpnInvalid, why);
    }
    let address = match EmailAddress::parse(upn) {
        Ok(address) => address,
        Err(error) => {
            let what = format!("{upn:?}: {error}");
            return add(conflicts, ConflictKind::UpnInvalid, what);
        }
    };
    let domain = address.domain();
    if !terms.is_verified(domain) {
        let what = format!("{domain} is no verified domain of the tenant");
        add(conflicts, ConflictKind::SuffixUnverified, what);
    } else if is_guest && !terms.is_federated(domain) {
        let what = format!("{domain} is not federated with this identity provider");
        add(conflicts, ConflictKind::SuffixUnfederated, what);
    }
}

fn judge_address(terms: &Terms, account: &Listed, conflicts: &mut Vec<Conflict>) {
    let Some(mail) = &account.mail else {
        let what = "it has no mail, or several";
        return add(conflicts, ConflictKind::AddressMissing, what);
    };
    let address = match EmailAddress::parse(mail) {
        Ok(address) => address,
        Err(error) => {
            let what = format!("{mail:?}: {error}");
            return add(conflicts, ConflictKind::AddressInvalid, what);
        }
    };
    if let Err(error) = entra::SignInName::parse(mail) {
        return add(conflicts, ConflictKind::AddressInvalid, error.to_string());
    }
    let upn = account.upn.as_deref().map(EmailAddress::parse);
    if terms.is_verified(address.domain()) && upn != Some(Ok(address.clone())) {
        let what = format!("{mail} is in {}, a domain of the tenant", address.domain());
        add(conflicts, ConflictKind::AddressInOwnDomain, what);
    }
}

fn judge_anchor(account: &Listed, conflicts: &mut Vec<Conflict>) {
    let Some(anchor) = &account.immutable_id else {
        let what = "it has no usable ImmutableID";
        return add(conflicts, ConflictKind::ImmutableIdMissing, what);
    };
    let anchor = anchor.as_str();
    let weight = |c: char| if c.is_ascii_alphanumeric() { 1 } else { 3 };
    let length: usize = anchor.chars().map(weight).sum();
    if entra::ImmutableId::parse(anchor).is_err() {
        let what = format!("{anchor:?} is not of printable ASCII characters");
        add(conflicts, ConflictKind::ImmutableIdInvalid, what);
    } else if length >= ANCHOR {
        let what = format!("{anchor:?} counts {length}, and Entra takes less than {ANCHOR}");
        add(conflicts, ConflictKind::ImmutableIdInvalid, what);
    }
}

fn judge_proxy_addresses(account: &Listed, conflicts: &mut Vec<Conflict>) {
    let mut primary = 0;
    let mut seen: Vec<EmailAddress> = Vec::new();
    for text in &account.proxy_addresses {
        match smtp(text).map(EmailAddress::parse) {
            Some(Ok(address)) if seen.contains(&address) => {
                let what = format!("{address} is twice among its proxyAddresses");
                add(conflicts, ConflictKind::AddressInvalid, what);
            }
            Some(Ok(address)) => seen.push(address),
            Some(Err(error)) => {
                let what = format!("proxyAddresses: {text:?}: {error}");
                add(conflicts, ConflictKind::AddressInvalid, what);
                continue;
            }
            None => {}
        }
        match ProxyAddress::try_from(text.clone()) {
            Ok(ProxyAddress::Primary(_)) => primary += 1,
            Ok(_) => {}
            Err(error) => {
                let what = format!("proxyAddresses: {error}");
                add(conflicts, ConflictKind::AddressInvalid, what);
            }
        }
    }
    if primary > 1 {
        let what = format!("it has {primary} primary addresses (SMTP:)");
        add(conflicts, ConflictKind::AddressInvalid, what);
    }
}

fn smtp(proxy_address: &str) -> Option<&str> {
    let (kind, address) = proxy_address.split_once(':')?;
    kind.eq_ignore_ascii_case("smtp").then_some(address)
}

pub(super) fn add(conflicts: &mut Vec<Conflict>, kind: ConflictKind, what: impl Into<String>) {
    conflicts.push(Conflict {
        kind,
        what: what.into(),
    });
}
