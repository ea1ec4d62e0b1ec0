//! Home realm discovery: from a typed name to the one place that can prove it.
//!
//! What the guest-sync scenario rests on happens here: at an address that names the tenant, an
//! email of a foreign domain is resolved to the user who carries it, and the domain of that
//! user's *cloud UPN* decides. At `/common` the typed domain alone decides, so that the same email
//! leads to the tenant of its own domain, or nowhere (facts 0 and 5.1).

use super::{
    Aadsts, Authentication, Domain, DomainName, InternalDomainFederation, Refusal, SignInName,
    Tenant, Tenants, User,
};

/// The kind of address at which a name was typed.
#[derive(Clone, Copy, Debug)]
pub enum Address<'t> {
    /// It names the tenant.
    Tenanted(&'t Tenant),
    /// `/common` or `/organizations`: the tenant has to be told from the name.
    Common,
}

/// Where a user proves who they are.
#[derive(Clone, Debug)]
pub struct HomeRealm<'t> {
    /// The tenant whose user it is; not always that of the address.
    pub tenant: &'t Tenant,
    /// The user that the name belongs to. Nobody, where a federated domain has no such user: only
    /// its identity provider could tell.
    pub user: Option<&'t User>,
    /// By which of the user's names.
    pub found_by: FoundBy,
    /// Who vouches for the user.
    pub realm: Realm<'t>,
}

/// Which property the typed name was found in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FoundBy {
    /// `userPrincipalName`.
    UserPrincipalName,
    /// `onPremisesUserPrincipalName`.
    OnPremisesUserPrincipalName,
    /// `proxyAddresses`, with email as an alternate login ID.
    ProxyAddresses,
    /// No user's: its domain is federated, and that is enough to go there.
    Domain,
}

impl std::fmt::Display for FoundBy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::UserPrincipalName => "userPrincipalName",
            Self::OnPremisesUserPrincipalName => "onPremisesUserPrincipalName",
            Self::ProxyAddresses => "proxyAddresses",
            Self::Domain => "no user: the domain is federated",
        })
    }
}

/// Who vouches for a user.
#[derive(Clone, Debug)]
pub enum Realm<'t> {
    /// Entra itself would ask for the password.
    Managed,
    /// The identity provider registered for the domain.
    Federated(&'t Domain, &'t InternalDomainFederation),
}

/// Finds the user of a typed name and the realm of their cloud UPN.
///
/// A name in a verified domain is a UPN, or with the tenant's leave a proxy address, or nobody's.
/// `resolve_foreign_email` says whether names outside them are looked up among
/// `onPremisesUserPrincipalName` at a tenanted address. Microsoft documented that in 2018 and has
/// dropped the section since, so that nobody can promise it of today's Entra (facts 5.1). What is
/// not resolved there leads to the tenant of its own domain, as at `/common`.
///
/// # Errors
/// [`Aadsts::MissingTenantRealm`] at `/common` for a domain of no tenant,
/// [`Aadsts::UserAccountNotFound`] when nobody, or more than one user, carries the name.
pub fn discover<'t>(
    tenants: &'t Tenants,
    name: &SignInName,
    address: Address<'t>,
    resolve_foreign_email: bool,
) -> Result<HomeRealm<'t>, Refusal> {
    let owner = tenants.of_domain(name.domain());
    let Address::Tenanted(tenant) = address else {
        let owner = owner.ok_or_else(|| no_tenant(tenants, name.domain()))?;
        return in_own_domain(owner, name);
    };
    if tenant.domain(name.domain()).is_some() {
        return in_own_domain(tenant, name);
    }
    if resolve_foreign_email && let Some(user) = find_by_email(tenant, name)? {
        return of_user(tenant, user, FoundBy::OnPremisesUserPrincipalName);
    }
    match owner {
        Some(owner) => in_own_domain(owner, name),
        None if resolve_foreign_email => Err(not_found(
            tenant,
            name,
            "No user has it as userPrincipalName or onPremisesUserPrincipalName.",
        )),
        None => Err(not_found(
            tenant,
            name,
            "The simulator is set not to resolve emails of foreign domains.",
        )),
    }
}

/// A name in a domain of the tenant's own.
fn in_own_domain<'t>(tenant: &'t Tenant, name: &SignInName) -> Result<HomeRealm<'t>, Refusal> {
    let by_upn = tenant.user(name);
    let by_proxy_address = find_by_proxy_address(tenant, name);
    match (by_upn, by_proxy_address) {
        // As Microsoft describes it, of a cloud-only user alone; which code she gets is not told.
        (Some(user), Some(other)) if user.id != other.id && !user.is_synced() => Err(not_found(
            tenant,
            name,
            "It is the userPrincipalName of a cloud-only user and a proxy address of a synced one: \
             with email as an alternate login ID the former cannot sign in by it.",
        )),
        (Some(user), _) => of_user(tenant, user, FoundBy::UserPrincipalName),
        (None, Some(user)) => of_user(tenant, user, FoundBy::ProxyAddresses),
        (None, None) => match tenant.federation_of(name.domain()) {
            Some((domain, federation)) => Ok(HomeRealm {
                tenant,
                user: None,
                found_by: FoundBy::Domain,
                realm: Realm::Federated(domain, federation),
            }),
            None => Err(not_found(tenant, name, why_nobody(tenant, name))),
        },
    }
}

/// The user of a managed domain who has it as a proxy address, where that is a sign-in name.
fn find_by_proxy_address<'t>(tenant: &'t Tenant, name: &SignInName) -> Option<&'t User> {
    if !tenant.home_realm_discovery().alternate_id_login.enabled {
        return None;
    }
    let mut users = tenant.users().iter();
    users.find(|user| user.has_proxy_address(name) && !is_federated(tenant, user))
}

fn is_federated(tenant: &Tenant, user: &User) -> bool {
    tenant
        .federation_of(user.user_principal_name.domain())
        .is_some()
}

fn why_nobody(tenant: &Tenant, name: &SignInName) -> &'static str {
    let mut users = tenant.users().iter();
    match users.find(|user| user.has_proxy_address(name)) {
        None => "No user has it as userPrincipalName.",
        Some(user) if is_federated(tenant, user) => {
            "It is a proxy address of a user in a federated domain; email as an alternate login ID is \
             for managed domains only."
        }
        Some(_) => {
            "It is a proxy address, and AlternateIdLogin is not enabled in the policy for home realm \
             discovery."
        }
    }
}

fn find_by_email<'t>(tenant: &'t Tenant, name: &SignInName) -> Result<Option<&'t User>, Refusal> {
    let mut by_email = tenant
        .users()
        .iter()
        .filter(|user| user.on_premises_user_principal_name.as_ref() == Some(name));
    match (by_email.next(), by_email.next()) {
        (Some(_), Some(_)) => Err(not_found(
            tenant,
            name,
            "More than one user carries it as onPremisesUserPrincipalName, so it names nobody.",
        )),
        (found, _) => Ok(found),
    }
}

fn of_user<'t>(
    tenant: &'t Tenant,
    user: &'t User,
    found_by: FoundBy,
) -> Result<HomeRealm<'t>, Refusal> {
    let upn = &user.user_principal_name;
    let Some(domain) = tenant.root_of(upn.domain()) else {
        let detail = "The domain of the cloud UPN is not verified.";
        return Err(not_found(tenant, upn, detail));
    };
    Ok(HomeRealm {
        tenant,
        user: Some(user),
        found_by,
        realm: match &domain.authentication {
            Authentication::Federated(federation) => Realm::Federated(domain, federation),
            Authentication::Managed | Authentication::Inherited => Realm::Managed,
        },
    })
}

fn no_tenant(tenants: &Tenants, domain: &DomainName) -> Refusal {
    Aadsts::MissingTenantRealm.refuse(format!(
        "At this address the domain of the typed name alone decides, and {domain} belongs to no \
         tenant known here. Use an address that names the tenant, such as /{}/.",
        tenants.first().name()
    ))
}

fn not_found(tenant: &Tenant, name: &SignInName, detail: &str) -> Refusal {
    Aadsts::UserAccountNotFound.refuse_saying(
        format!(
            "The user account {name} does not exist in the {} directory. To sign into this \
             application, the account must be added to the directory.",
            tenant.name()
        ),
        detail,
    )
}

#[cfg(test)]
#[path = "discovery_tests.rs"]
mod tests;
