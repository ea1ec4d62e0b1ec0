//! Home realm discovery: from a typed name to the one place that can prove it.
//!
//! What the guest-sync scenario rests on happens here: at an address that names the tenant, an
//! email of a foreign domain is resolved to the user who carries it, and the domain of that
//! user's *cloud UPN* decides. At `/common` the typed domain alone decides (facts 0 and 5.1).

use super::{
    Aadsts, Authentication, Domain, DomainName, InternalDomainFederation, Refusal, SignInName,
    Tenant, User,
};

/// The kind of address at which a name was typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Address {
    /// It names the tenant.
    Tenanted,
    /// `/common` or `/organizations`: the tenant has to be told from the name.
    Common,
}

/// Where a user proves who they are.
#[derive(Clone, Debug)]
pub struct HomeRealm<'t> {
    /// The user that the name belongs to.
    pub user: &'t User,
    /// By which of the user's names.
    pub found_by: FoundBy,
    /// Who vouches for the user.
    pub realm: Realm<'t>,
}

/// How the federation was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FoundBy {
    /// `userPrincipalName`.
    UserPrincipalName,
    /// `onPremisesUserPrincipalName`.
    OnPremisesUserPrincipalName,
    /// No name: the link named the domain.
    DomainHint,
}

impl std::fmt::Display for FoundBy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::UserPrincipalName => "userPrincipalName",
            Self::OnPremisesUserPrincipalName => "onPremisesUserPrincipalName",
            Self::DomainHint => "nothing: the link named the domain",
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
/// A name in a verified domain is a UPN or nobody's. `resolve_foreign_email` says whether names
/// outside them are looked up among `onPremisesUserPrincipalName`. Microsoft documented that in
/// 2018 and has dropped the section since, so that nobody can promise it of today's Entra (facts
/// 5.1).
///
/// # Errors
/// [`Aadsts::MissingTenantRealm`] for a foreign domain at `/common`,
/// [`Aadsts::UserAccountNotFound`] when nobody, or more than one user, carries the name.
pub fn discover<'t>(
    tenant: &'t Tenant,
    name: &SignInName,
    address: Address,
    resolve_foreign_email: bool,
) -> Result<HomeRealm<'t>, Refusal> {
    let foreign = tenant.domain(name.domain()).is_none();
    if address == Address::Common && foreign {
        return Err(Aadsts::MissingTenantRealm.refuse(format!(
            "At this address the domain of the typed name alone decides, and {} belongs to no \
             tenant known here. Use an address that names the tenant, such as /{}/.",
            name.domain(),
            tenant.name()
        )));
    }
    let (user, found_by) = match (find_by_upn(tenant, name), foreign, resolve_foreign_email) {
        (Some(user), _, _) => (user, FoundBy::UserPrincipalName),
        (None, true, true) => (
            find_by_email(tenant, name)?,
            FoundBy::OnPremisesUserPrincipalName,
        ),
        (None, true, false) => {
            let off = "The simulator is set not to resolve emails of foreign domains.";
            return Err(not_found(tenant, name, off));
        }
        (None, false, _) => {
            let nobody = "No user has it as userPrincipalName.";
            return Err(not_found(tenant, name, nobody));
        }
    };
    let realm = realm_of(tenant, user)?;
    Ok(HomeRealm {
        user,
        found_by,
        realm,
    })
}

/// The federation of a domain that a link names, with the domain that decides. `None` for any other
/// domain than a verified federated one: Entra passes such a hint over (facts 5.5).
pub fn federation_of<'t>(
    tenant: &'t Tenant,
    domain: &DomainName,
) -> Option<(&'t Domain, &'t InternalDomainFederation)> {
    let root = tenant.root_of(domain)?;
    match &root.authentication {
        Authentication::Federated(federation) => Some((root, federation)),
        Authentication::Managed | Authentication::Inherited => None,
    }
}

fn find_by_upn<'t>(tenant: &'t Tenant, name: &SignInName) -> Option<&'t User> {
    tenant
        .users()
        .iter()
        .find(|user| user.user_principal_name == *name)
}

fn find_by_email<'t>(tenant: &'t Tenant, name: &SignInName) -> Result<&'t User, Refusal> {
    let mut by_email = tenant
        .users()
        .iter()
        .filter(|user| user.on_premises_user_principal_name.as_ref() == Some(name));
    match (by_email.next(), by_email.next()) {
        (Some(user), None) => Ok(user),
        (Some(_), Some(_)) => Err(not_found(
            tenant,
            name,
            "More than one user carries it as onPremisesUserPrincipalName, so it names nobody.",
        )),
        (None, _) => Err(not_found(
            tenant,
            name,
            "No user has it as userPrincipalName or onPremisesUserPrincipalName.",
        )),
    }
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

fn realm_of<'t>(tenant: &'t Tenant, user: &User) -> Result<Realm<'t>, Refusal> {
    let upn = &user.user_principal_name;
    match tenant.root_of(upn.domain()) {
        Some(domain) => Ok(match &domain.authentication {
            Authentication::Federated(federation) => Realm::Federated(domain, federation),
            Authentication::Managed | Authentication::Inherited => Realm::Managed,
        }),
        None => Err(not_found(
            tenant,
            upn,
            "The domain of the cloud UPN is not verified.",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entra::fixture::{contoso, name};

    /// The realm's domain, or the code.
    fn ask(typed: &str, address: Address, resolve: bool) -> Result<String, Aadsts> {
        let tenant = contoso();
        let found = discover(&tenant, &name(typed), address, resolve).map_err(|no| no.code)?;
        let realm = match found.realm {
            Realm::Managed => "managed".to_owned(),
            Realm::Federated(domain, _) => domain.name.to_string(),
        };
        Ok(format!(
            "{} {realm} {:?}",
            found.user.user_principal_name, found.found_by
        ))
    }

    #[test]
    fn a_name_leads_to_the_realm_of_the_cloud_upn() {
        use Address::{Common, Tenanted};
        let wendy = "wmoran@partners.contoso.com partners.contoso.com";
        let by_email = format!("{wendy} OnPremisesUserPrincipalName");
        let by_upn = format!("{wendy} UserPrincipalName");
        let emil = "emil@emea.partners.contoso.com partners.contoso.com UserPrincipalName";
        let nobody = Err(Aadsts::UserAccountNotFound);
        let table: &[(&str, Address, bool, Result<&str, Aadsts>)] = &[
            ("wmoran@fabrikam.com", Tenanted, true, Ok(&by_email)),
            ("WMoran@FABRIKAM.com", Tenanted, true, Ok(&by_email)),
            ("wmoran@fabrikam.com", Tenanted, false, nobody),
            (
                "wmoran@fabrikam.com",
                Common,
                true,
                Err(Aadsts::MissingTenantRealm),
            ),
            ("wmoran@partners.contoso.com", Tenanted, true, Ok(&by_upn)),
            ("wmoran@partners.contoso.com", Tenanted, false, Ok(&by_upn)),
            ("wmoran@partners.contoso.com", Common, true, Ok(&by_upn)),
            ("emil@emea.partners.contoso.com", Tenanted, true, Ok(emil)),
            ("shared@fabrikam.com", Tenanted, true, nobody),
            ("nobody@fabrikam.com", Tenanted, true, nobody),
            // Somebody's onPremisesUserPrincipalName, but not of a foreign domain.
            ("boss@contoso.com", Tenanted, true, nobody),
            ("nobody@partners.contoso.com", Tenanted, true, nobody),
            ("nobody@partners.contoso.com", Common, true, nobody),
            (
                "mia@contoso.com",
                Tenanted,
                true,
                Ok("mia@contoso.com managed UserPrincipalName"),
            ),
            (
                "fallen@fabrikam.com",
                Tenanted,
                true,
                Ok("fallen@contoso.onmicrosoft.com managed OnPremisesUserPrincipalName"),
            ),
        ];
        for (typed, address, resolve, expected) in table {
            assert_eq!(
                ask(typed, *address, *resolve),
                expected.map(str::to_owned),
                "{typed} at {address:?}, resolving {resolve}"
            );
        }
    }

    #[test]
    fn an_email_of_two_users_is_said_to_be_ambiguous() {
        let tenant = contoso();
        let refused = discover(
            &tenant,
            &name("shared@fabrikam.com"),
            Address::Tenanted,
            true,
        )
        .unwrap_err();
        assert!(
            refused.detail.contains("More than one"),
            "{}",
            refused.detail
        );
    }
}
