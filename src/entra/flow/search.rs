//! Home realm discovery told step by step: the same search as the sign-in's, in words.

use super::{Fact, Step};
use crate::{
    entra::{
        Acceleration, Address, Arrival, Domain, FoundBy, InternalDomainFederation, Realm,
        SignInName, Tenant, Tenants, User, begin, discover, instant,
    },
    keys::Certificate,
};

/// What is looked up on the way from a name to a realm.
pub(super) struct Search<'t> {
    pub(super) tenants: &'t Tenants,
    pub(super) resolves_foreign_email: bool,
    /// What was looked up.
    pub(super) steps: Vec<Step>,
    /// What there is to know of the user and the federation found.
    pub(super) facts: Vec<Fact>,
}

impl Search<'_> {
    /// Looks as the sign-in does; says by which property somebody was found.
    pub(super) fn go(&mut self, arrival: Arrival<'_>) -> Option<FoundBy> {
        let tenants = self.tenants;
        let address = match begin::address(tenants, arrival.address) {
            Ok(address) => address,
            Err(refusal) => {
                self.step("The address", refusal.detail, true);
                return None;
            }
        };
        self.step("The address", named_by(address), false);
        let hint = arrival.hint.domain;
        let accelerated = Acceleration::of(tenants, address, arrival.hint);
        self.step(
            "Domain hint, and policy",
            match (&accelerated, hint) {
                (Some(found), _) => format!(
                    "{} leads to {} at once: no email is resolved",
                    found.because, found.domain.name
                ),
                (None, Some(_)) => {
                    "the hint names no federated domain here, or the policy ignores it".to_owned()
                }
                (None, None) => "no hint, and no policy that leads anywhere by itself".to_owned(),
            },
            accelerated.is_some(),
        );
        if let Some(found) = accelerated {
            self.federation(found.domain, found.federation);
            return None;
        }
        let name = SignInName::parse(arrival.name?).ok()?;
        self.domain_of(&name, address);
        let found = discover(tenants, &name, address, self.resolves_foreign_email);
        self.lookups(&name, address, found.as_ref().ok().map(|it| it.found_by));
        match found {
            Err(refusal) => {
                self.step("Nobody", refusal.detail, true);
                None
            }
            Ok(found) => {
                if let Some(user) = found.user {
                    self.user(found.tenant, user);
                }
                match found.realm {
                    Realm::Federated(domain, federation) => self.federation(domain, federation),
                    Realm::Managed => {
                        self.step("Its domain", "managed".to_owned(), true);
                    }
                }
                Some(found.found_by)
            }
        }
    }

    fn domain_of(&mut self, name: &SignInName, address: Address<'_>) {
        let domain = name.domain();
        let own = match address {
            Address::Tenanted(tenant) => tenant.domain(domain).map(|_| tenant),
            Address::Common => None,
        };
        let owner = self.tenants.of_domain(domain);
        let found = match (address, own, owner) {
            (_, Some(tenant), _) => format!(
                "{domain} is a verified domain of {}: the name is a UPN there, or nobody's",
                tenant.display_name()
            ),
            (Address::Tenanted(tenant), None, owner) => format!(
                "{domain} is foreign to {}{}: the name may be somebody's email",
                tenant.display_name(),
                owner.map_or_else(String::new, |owner| format!(
                    " (it is {}'s)",
                    owner.display_name()
                )),
            ),
            (Address::Common, _, Some(owner)) => format!(
                "{domain} belongs to {}, and here that alone decides",
                owner.display_name()
            ),
            (Address::Common, _, None) => {
                format!("{domain} belongs to no tenant, and here that alone decides")
            }
        };
        self.step("Domain of the name", found, false);
    }

    /// Among which properties the name was looked for.
    fn lookups(&mut self, name: &SignInName, address: Address<'_>, found_by: Option<FoundBy>) {
        let foreign = match address {
            Address::Tenanted(tenant) => tenant.domain(name.domain()).is_none(),
            Address::Common => false,
        };
        if foreign {
            let found = if self.resolves_foreign_email {
                match found_by {
                    Some(FoundBy::OnPremisesUserPrincipalName) => {
                        format!("one user has {name}: this is whom the email names")
                    }
                    _ => format!("no user has {name}, or more than one"),
                }
            } else {
                "not looked at: emails of foreign domains are not resolved here".to_owned()
            };
            let decides = found_by == Some(FoundBy::OnPremisesUserPrincipalName);
            self.step("onPremisesUserPrincipalName", found, decides);
            if decides {
                return;
            }
        }
        let found = match found_by {
            Some(FoundBy::UserPrincipalName) => format!("one user has {name}"),
            Some(FoundBy::Domain) => {
                "nobody has it, but the domain is federated: only its identity provider could tell"
                    .to_owned()
            }
            _ => format!("no user has {name}"),
        };
        let decides = matches!(found_by, Some(FoundBy::UserPrincipalName | FoundBy::Domain));
        self.step("userPrincipalName", found, decides);
        if found_by == Some(FoundBy::ProxyAddresses) {
            let found = format!("one user of a managed domain has smtp:{name}");
            self.step("proxyAddresses (AlternateIdLogin)", found, true);
        }
    }

    fn user(&mut self, tenant: &Tenant, user: &User) {
        self.step(
            "The user object",
            format!(
                "{} ({}), {} of {}",
                user.display_name,
                user.id,
                user.user_type,
                tenant.display_name()
            ),
            false,
        );
        self.step(
            "Its cloud UPN",
            format!(
                "{}: its domain decides who vouches for the user",
                user.user_principal_name
            ),
            false,
        );
        let anchor = user.on_premises_immutable_id.as_ref();
        self.fact(
            "onPremisesImmutableId",
            anchor.map_or_else(|| "none: not synced".to_owned(), ToString::to_string),
        );
    }

    fn federation(&mut self, domain: &Domain, federation: &InternalDomainFederation) {
        self.step(
            "The federated domain",
            format!(
                "{} is federated with {}",
                domain.name, federation.display_name
            ),
            true,
        );
        // By Graph's own names, whatever there is of them.
        let Ok(serde_json::Value::Object(settings)) = serde_json::to_value(federation) else {
            return;
        };
        let certificates = [
            Some(&federation.signing_certificate),
            federation.next_signing_certificate.as_ref(),
        ];
        for (name, value) in settings {
            let value = match value {
                serde_json::Value::Null => continue,
                serde_json::Value::String(text) => text,
                other => other.to_string(),
            };
            let certificate = certificates
                .iter()
                .flatten()
                .find(|it| it.base64() == value);
            self.fact(&name, certificate.map_or(value, |it| describe(it)));
        }
    }

    fn step(&mut self, name: &str, found: String, decides: bool) {
        self.steps.push(Step {
            name: name.to_owned(),
            found,
            decides,
        });
    }

    fn fact(&mut self, name: &str, value: String) {
        self.facts.push(Fact {
            name: name.to_owned(),
            value,
        });
    }
}

fn describe(certificate: &Certificate) -> String {
    format!(
        "{}, valid until {}",
        certificate.subject(),
        instant::to_seconds(certificate.not_after())
    )
}

fn named_by(address: Address<'_>) -> String {
    match address {
        Address::Tenanted(tenant) if tenant.display_name() == tenant.name().as_str() => {
            format!("names the tenant {}", tenant.name())
        }
        Address::Tenanted(tenant) => format!(
            "names the tenant {} ({})",
            tenant.display_name(),
            tenant.name()
        ),
        Address::Common => {
            "names no tenant: the domain of the name alone says whose user it is".to_owned()
        }
    }
}
