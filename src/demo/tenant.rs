//! The simulated tenant: what Entra would hold after Entra Connect had synced the demo directory.

use crate::{
    directory::embedded::demo_accounts::{DemoAccount, FEDERATED_SUFFIX},
    entra::{
        Authentication, Domain, DomainName, ImmutableId, InternalDomainFederation, NameError,
        PreferredAuthenticationProtocol, SignInName, Tenant, User, UserType,
    },
    keys::Certificate,
    realm::FederatedDomain,
};

use super::DemoError;

/// The tenant's first domain, which also names its tenanted address.
pub(super) const NAME: &str = "contoso.onmicrosoft.com";

/// Contoso's own domain: managed, its people are members.
const OWN_DOMAIN: &str = "contoso.com";

/// Federates each domain with the identity provider, as an administrator registers it, and syncs
/// each account as the guest-sync rules have it: the cloud UPN from `userPrincipalName`, the
/// sign-in email from `mail`, the source anchor from the GUID.
pub(super) fn synced(
    accounts: &[DemoAccount],
    federated: &[FederatedDomain],
    passive_sign_in_uri: &str,
    certificate: &Certificate,
) -> Result<Tenant, DemoError> {
    let mut domains = vec![Domain {
        name: domain(OWN_DOMAIN)?,
        authentication: Authentication::Managed,
    }];
    for federated in federated {
        domains.push(Domain {
            name: domain(federated.suffix.as_ascii())?,
            authentication: Authentication::Federated(Box::new(InternalDomainFederation {
                display_name: "Contoso partners".to_owned(),
                issuer_uri: federated.issuer.clone(),
                preferred_authentication_protocol: PreferredAuthenticationProtocol::Saml,
                passive_sign_in_uri: passive_sign_in_uri.to_owned(),
                active_sign_in_uri: None,
                metadata_exchange_uri: None,
                signing_certificate: certificate.clone(),
                next_signing_certificate: None,
            })),
        });
    }
    let users = accounts.iter().map(user).collect::<Result<_, _>>()?;
    Tenant::new(domain(NAME)?, domains, users).map_err(|error| DemoError::Tenant(error.to_string()))
}

fn user(account: &DemoAccount) -> Result<User, DemoError> {
    let is_partner = account.upn.ends_with(FEDERATED_SUFFIX);
    let is_own = account.upn.ends_with(&format!("@{OWN_DOMAIN}"));
    // A suffix that is not verified in the tenant gives way to the tenant's first domain.
    let upn = if is_partner || is_own {
        account.upn.to_owned()
    } else {
        format!("{}@{NAME}", account.sam_account_name)
    };
    Ok(User {
        user_principal_name: name(&upn)?,
        on_premises_user_principal_name: account.mail.map(name).transpose()?,
        on_premises_immutable_id: Some(
            ImmutableId::parse(&account.immutable_id())
                .map_err(|error| DemoError::Tenant(error.to_string()))?,
        ),
        user_type: if is_own {
            UserType::Member
        } else {
            UserType::Guest
        },
        display_name: account.display_name(),
    })
}

fn domain(text: &str) -> Result<DomainName, DemoError> {
    DomainName::parse(text).map_err(|error| wrong(text, &error))
}

fn name(text: &str) -> Result<SignInName, DemoError> {
    SignInName::parse(text).map_err(|error| wrong(text, &error))
}

fn wrong(text: &str, error: &NameError) -> DemoError {
    DemoError::Tenant(format!("{text:?}: {error}"))
}
