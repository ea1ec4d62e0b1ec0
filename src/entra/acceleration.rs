//! Which identity provider a browser goes to before anybody types a name (facts 5.5): a domain hint
//! in the address, or the tenant's policy.
//!
//! It skips the resolution of an email altogether, so that it is the safest way for partners; and
//! whoever cannot sign in at that identity provider is stuck there.

use super::{
    Address, Domain, DomainName, HomeRealmDiscoveryPolicy, InternalDomainFederation, Tenant,
    Tenants,
};

/// What an address says besides the name.
#[derive(Clone, Copy, Debug, Default)]
pub struct DomainHint<'a> {
    /// `domain_hint`, or `whr`.
    pub domain: Option<&'a str>,
    /// `client_id`: which application asks.
    pub application: Option<&'a str>,
}

/// Where a browser is taken to.
#[derive(Clone, Copy, Debug)]
pub struct Acceleration<'t> {
    /// The tenant.
    pub tenant: &'t Tenant,
    /// The domain whose federation it is.
    pub domain: &'t Domain,
    /// Its federation.
    pub federation: &'t InternalDomainFederation,
    /// Why.
    pub because: Because,
}

/// Why a browser is taken there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Because {
    /// The address says so.
    DomainHint,
    /// The tenant's policy says so.
    Policy,
}

impl std::fmt::Display for Because {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::DomainHint => "the domain hint",
            Self::Policy => "the policy for home realm discovery (AccelerateToFederatedDomain)",
        })
    }
}

impl<'t> Acceleration<'t> {
    /// Where the browser goes at once; `None` where a name is asked for.
    ///
    /// A hint that names no verified federated domain is as none. One that the policy ignores keeps
    /// the browser at the sign-in page, and so keeps `AccelerateToFederatedDomain` off as well.
    pub fn of(tenants: &'t Tenants, address: Address<'t>, hint: DomainHint<'_>) -> Option<Self> {
        if let Some((tenant, name)) = hinted(tenants, address, hint.domain) {
            let policy = tenant.home_realm_discovery_for(hint.application);
            if policy.domain_hint_policy.ignores(&name, hint.application) {
                return None;
            }
            return Self::to(tenant, &name, Because::DomainHint);
        }
        let Address::Tenanted(tenant) = address else {
            return None;
        };
        let policy = tenant.home_realm_discovery_for(hint.application);
        let name = preferred(tenant, policy)?;
        Self::to(tenant, name, Because::Policy)
    }

    fn to(tenant: &'t Tenant, name: &DomainName, because: Because) -> Option<Self> {
        let (domain, federation) = tenant.federation_of(name)?;
        Some(Self {
            tenant,
            domain,
            federation,
            because,
        })
    }
}

/// The federated domain that a hint names: in the tenant of the address, or in any.
fn hinted<'t>(
    tenants: &'t Tenants,
    address: Address<'t>,
    hint: Option<&str>,
) -> Option<(&'t Tenant, DomainName)> {
    let name = DomainName::parse(hint?.trim()).ok()?;
    let tenant = match address {
        Address::Tenanted(tenant) => tenant,
        Address::Common => tenants.of_domain(&name)?,
    };
    tenant.federation_of(&name)?;
    Some((tenant, name))
}

/// The domain that a policy takes everybody to.
fn preferred<'t>(
    tenant: &'t Tenant,
    policy: &'t HomeRealmDiscoveryPolicy,
) -> Option<&'t DomainName> {
    if !policy.accelerate_to_federated_domain {
        return None;
    }
    if policy.preferred_domain.is_some() {
        return policy.preferred_domain.as_ref();
    }
    let mut federated = tenant.federations().map(|(domain, _)| &domain.name);
    let only = federated.next()?;
    // With more than one, the policy has no effect.
    federated.next().is_none().then_some(only)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entra::{
        Application, AssignedPolicy, DomainHintPolicy, ObjectId, TenantParts,
        fixture::{self, domain},
    };

    fn with(change: impl FnOnce(&mut TenantParts)) -> Tenants {
        let mut parts = fixture::contoso().parts();
        change(&mut parts);
        Tenants::from(Tenant::build(parts).unwrap())
            .with(fixture::fabrikam())
            .unwrap()
    }

    /// The domain that one is taken to, and why.
    fn ask(
        tenants: &Tenants,
        at: &str,
        hint: &str,
        app: Option<&str>,
    ) -> Option<(String, Because)> {
        let address = tenants
            .at_address(at)
            .map_or(Address::Common, Address::Tenanted);
        let hint = DomainHint {
            domain: Some(hint).filter(|hint| !hint.is_empty()),
            application: app,
        };
        let found = Acceleration::of(tenants, address, hint)?;
        Some((found.domain.name.to_string(), found.because))
    }

    #[test]
    fn a_hint_counts_where_the_domain_is_federated() {
        let tenants = with(|_| ());
        let partners = Some(("partners.contoso.com".to_owned(), Because::DomainHint));
        let fabrikam = Some(("fabrikam.com".to_owned(), Because::DomainHint));
        let table = [
            ("contoso.com", "partners.contoso.com", partners.clone()),
            ("contoso.com", " Partners.Contoso.com ", partners.clone()),
            // A subdomain that inherits leads to its root's federation.
            ("contoso.com", "emea.partners.contoso.com", partners.clone()),
            ("contoso.com", "contoso.com", None),
            ("contoso.com", "contoso.onmicrosoft.com", None),
            // Federated, but with another tenant.
            ("contoso.com", "fabrikam.com", None),
            ("contoso.com", "adatum.com", None),
            ("contoso.com", "organizations", None),
            ("contoso.com", "", None),
            ("common", "partners.contoso.com", partners),
            ("common", "fabrikam.com", fabrikam.clone()),
            ("fabrikam.com", "fabrikam.com", fabrikam),
            ("common", "contoso.com", None),
            ("common", "adatum.com", None),
        ];
        for (at, hint, expected) in table {
            assert_eq!(ask(&tenants, at, hint, None), expected, "{hint} at {at}");
        }
    }

    /// Ignored domains, respected domains, ignored applications, respected applications.
    type Lists<'a> = [&'a [&'a str]; 4];

    #[test]
    fn respect_wins_over_ignore() {
        let list = |entries: &[&str]| entries.iter().map(|it| (*it).to_owned()).collect();
        let table: [(Lists<'_>, Option<&str>, bool); 11] = [
            ([&[], &[], &[], &[]], None, true),
            ([&["Partners.Contoso.com"], &[], &[], &[]], None, false),
            ([&["vendors.example"], &[], &[], &[]], None, true),
            ([&["all_domains"], &[], &[], &[]], None, false),
            ([&["*"], &[], &[], &[]], None, false),
            ([&["*"], &["partners.contoso.com"], &[], &[]], None, true),
            ([&[], &[], &["portal"], &[]], Some("portal"), false),
            ([&[], &[], &["portal"], &[]], Some("mail"), true),
            ([&[], &[], &["all_apps"], &[]], None, false),
            ([&["*"], &[], &[], &["portal"]], Some("portal"), true),
            ([&["*"], &[], &[], &["portal"]], Some("mail"), false),
        ];
        for ([ignored, respected, ignored_apps, respected_apps], app, accelerated) in table {
            let tenants = with(|parts| {
                // That somebody is kept at the sign-in page keeps this off, too.
                parts.home_realm_discovery.accelerate_to_federated_domain = true;
                parts.home_realm_discovery.preferred_domain = Some(domain("vendors.example"));
                parts.home_realm_discovery.domain_hint_policy = DomainHintPolicy {
                    ignore_domain_hint_for_domains: list(ignored),
                    respect_domain_hint_for_domains: list(respected),
                    ignore_domain_hint_for_apps: list(ignored_apps),
                    respect_domain_hint_for_apps: list(respected_apps),
                };
            });
            let found = ask(&tenants, "contoso.com", "partners.contoso.com", app);
            let because = found.map(|(_, because)| because);
            let expected = accelerated.then_some(Because::DomainHint);
            assert_eq!(
                because, expected,
                "{ignored:?} {respected:?} {ignored_apps:?} {app:?}"
            );
        }
    }

    #[test]
    fn a_policy_needs_one_domain() {
        let accelerate = |preferred: Option<&str>, on: bool| {
            let preferred = preferred.map(domain);
            with(|parts| {
                parts.home_realm_discovery.accelerate_to_federated_domain = on;
                parts.home_realm_discovery.preferred_domain = preferred;
            })
        };
        let found = |tenants: &Tenants, hint| ask(tenants, "contoso.com", hint, None);
        // Contoso has two federated domains.
        assert_eq!(found(&accelerate(None, true), ""), None);
        let to_vendors = accelerate(Some("vendors.example"), true);
        let vendors = Some(("vendors.example".to_owned(), Because::Policy));
        assert_eq!(found(&to_vendors, ""), vendors);
        assert_eq!(found(&to_vendors, "adatum.com"), vendors);
        let hinted = found(&to_vendors, "partners.contoso.com").unwrap();
        assert_eq!(hinted.1, Because::DomainHint);
        assert_eq!(ask(&to_vendors, "common", "", None), None);
        assert_eq!(found(&accelerate(Some("vendors.example"), false), ""), None);
        let one = with(|parts| {
            parts.home_realm_discovery.accelerate_to_federated_domain = true;
            parts
                .domains
                .retain(|it| it.name != domain("vendors.example"));
            parts
                .users
                .retain(|it| it.user_principal_name.domain() != &domain("vendors.example"));
        });
        let partners = Some(("partners.contoso.com".to_owned(), Because::Policy));
        assert_eq!(found(&one, ""), partners);
    }

    /// An application has its own policy in place of the default, or the default.
    #[test]
    fn a_policy_of_an_applications_own_stands_in_for_the_default() {
        let portal = "6f9619ff-8b86-d011-b42d-00c04fc964ff";
        let mail = "00112233-4455-6677-8899-aabbccddeeff";
        let id = |text: &str| ObjectId::parse(text).unwrap();
        let assigned = |policy: HomeRealmDiscoveryPolicy| {
            with(|parts| {
                for app_id in [portal, mail] {
                    let application = Application::on_this_machine(id(app_id), app_id);
                    parts.applications.push(application);
                }
                parts.home_realm_discovery.accelerate_to_federated_domain = true;
                parts.home_realm_discovery.preferred_domain = Some(domain("vendors.example"));
                parts.assigned_policies.push(AssignedPolicy {
                    id: ObjectId::new(),
                    display_name: "The portal's".to_owned(),
                    policy,
                    applies_to: vec![id(portal)],
                });
            })
        };
        let led = |name: &str| Some((name.to_owned(), Because::Policy));
        let found = |tenants: &Tenants, app| ask(tenants, "contoso.com", "", app);

        let to_partners = assigned(HomeRealmDiscoveryPolicy {
            accelerate_to_federated_domain: true,
            preferred_domain: Some(domain("partners.contoso.com")),
            ..HomeRealmDiscoveryPolicy::default()
        });
        let in_capitals = portal.to_uppercase();
        for app in [portal, in_capitals.as_str()] {
            assert_eq!(found(&to_partners, Some(app)), led("partners.contoso.com"));
        }
        for app in [None, Some(mail), Some("no-guid")] {
            assert_eq!(found(&to_partners, app), led("vendors.example"), "{app:?}");
        }
        // It stands in as a whole: what it does not say is off.
        let nothing = assigned(HomeRealmDiscoveryPolicy::default());
        assert_eq!(found(&nothing, Some(portal)), None);
        let deaf = assigned(HomeRealmDiscoveryPolicy {
            domain_hint_policy: DomainHintPolicy {
                ignore_domain_hint_for_domains: vec!["*".to_owned()],
                ..DomainHintPolicy::default()
            },
            ..HomeRealmDiscoveryPolicy::default()
        });
        let hinted = |app| ask(&deaf, "contoso.com", "partners.contoso.com", Some(app));
        assert_eq!(hinted(portal), None);
        assert!(hinted(mail).is_some());
    }
}
