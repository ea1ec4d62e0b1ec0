//! The simulated tenant: what Entra would hold after Entra Connect had synced the demo directory.

use crate::{
    directory::embedded::demo_accounts::{DemoAccount, FEDERATED_SUFFIX},
    entra::{
        Application, Authentication, Domain, DomainName, ImmutableId, InternalDomainFederation,
        NameError, ObjectId, PreferredAuthenticationProtocol, SignInName, Tenant, TenantParts,
        User, UserType,
    },
    keys::Certificate,
    realm::FederatedDomain,
    web::Edge,
};

use super::{DemoError, Protocol};

/// The tenant's first domain, which also names its tenanted address.
pub(super) const NAME: &str = "contoso.onmicrosoft.com";

/// Contoso's own domain: managed, its people are members.
const OWN_DOMAIN: &str = "contoso.com";

/// The `client_id` of an application on this machine.
pub(super) const APPLICATION: &str = "00000000-0000-0000-0000-000000000001";

/// What an administrator registers of the identity provider.
pub(super) struct Registered<'a> {
    /// The domains that it vouches for.
    pub domains: &'a [FederatedDomain],
    /// Where it is.
    pub edge: &'a Edge,
    /// What it signs with.
    pub certificate: &'a Certificate,
}

/// The tenant, registered with either protocol. A federation has one of them at a time, and
/// another address for each.
#[derive(Clone)]
pub(super) struct Tenants {
    saml: Tenant,
    ws_fed: Tenant,
}

impl Tenants {
    pub(super) fn synced(
        accounts: &[DemoAccount],
        registered: &Registered<'_>,
    ) -> Result<Self, DemoError> {
        Ok(Self {
            saml: synced(accounts, registered, PreferredAuthenticationProtocol::Saml)?,
            ws_fed: synced(accounts, registered, PreferredAuthenticationProtocol::WsFed)?,
        })
    }

    pub(super) fn of(&self, protocol: Protocol) -> Tenant {
        match protocol.preferred() {
            PreferredAuthenticationProtocol::Saml => self.saml.clone(),
            PreferredAuthenticationProtocol::WsFed => self.ws_fed.clone(),
        }
    }
}

/// Federates each domain with the identity provider, and syncs each account as the guest-sync rules
/// have it: the cloud UPN from `userPrincipalName`, the sign-in email from `mail`, the source anchor
/// from the GUID.
fn synced(
    accounts: &[DemoAccount],
    registered: &Registered<'_>,
    preferred: PreferredAuthenticationProtocol,
) -> Result<Tenant, DemoError> {
    let mut domains = vec![Domain {
        name: domain(OWN_DOMAIN)?,
        authentication: Authentication::Managed,
    }];
    let edge = registered.edge;
    let (passive, sign_out, active) = match preferred {
        PreferredAuthenticationProtocol::Saml => (edge.sso_url(), edge.slo_url(), None),
        PreferredAuthenticationProtocol::WsFed => {
            let below = |path: &str| format!("{}/adfs/services/trust/{path}", edge.base_url);
            let active = (below("2005/usernamemixed"), below("mex"));
            let sign_out = format!("{}?wa=wsignout1.0", edge.passive_url());
            (edge.passive_url(), sign_out, Some(active))
        }
    };
    let (active_sign_in_uri, metadata_exchange_uri) = active.unzip();
    for federated in registered.domains {
        domains.push(Domain {
            name: domain(federated.suffix.as_ascii())?,
            authentication: Authentication::Federated(Box::new(InternalDomainFederation {
                display_name: "Contoso partners".to_owned(),
                sign_out_uri: Some(sign_out.clone()),
                active_sign_in_uri: active_sign_in_uri.clone(),
                metadata_exchange_uri: metadata_exchange_uri.clone(),
                ..InternalDomainFederation::new(
                    &federated.issuer,
                    preferred,
                    &passive,
                    registered.certificate.clone(),
                )
            })),
        });
    }
    let users = accounts.iter().map(user).collect::<Result<_, _>>()?;
    let app_id = ObjectId::parse(APPLICATION).map_err(|_| DemoError::Constant("application"))?;
    Tenant::build(TenantParts {
        domains,
        users,
        applications: vec![Application::on_this_machine(
            app_id,
            "Contoso partner portal",
        )],
        ..TenantParts::new(domain(NAME)?)
    })
    .map_err(|error| DemoError::Tenant(error.to_string()))
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
        ..User::new(name(&upn)?)
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
