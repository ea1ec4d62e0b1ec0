//! The first half of a sign-in as it is kept: what was asked of Entra, what it looked up, and what it
//! asks the identity provider.

use time::OffsetDateTime;

use super::{End, Fact, Hop, HttpRequest, Party, Step, said};
use crate::{
    entra::{
        Aadsts, Acceleration, Address, Arrival, Domain, FoundBy, InternalDomainFederation, Journey,
        Managed, Next, Outcome, Realm, SignInName, Simulator, Tenant, Tenants, ToIdp, User,
        WrittenBy, begin, discover, instant, query::Query, random,
    },
    keys::Certificate,
};

impl Simulator {
    /// Keeps what came of somebody's arrival; nothing while a name is asked for.
    pub(in crate::entra) fn record_beginning(
        &self,
        tenants: &Tenants,
        arrival: Arrival<'_>,
        next: &Result<Next, Box<Outcome>>,
        now: OffsetDateTime,
    ) {
        let name = match next {
            Ok(Next::AskName) => return,
            Ok(Next::AskPassword(_)) => random::guid(),
            Ok(Next::GoToIdp(journey)) => journey.request_id.clone(),
            Err(outcome) => outcome.correlation_id.clone(),
        };
        let flows = self.flows();
        flows.record(&name, self.asked(tenants, arrival, now), now);
        flows.record(&name, self.looked_up(tenants, arrival, next, now), now);
        // What is no name is not kept: it may be a password in the wrong field.
        let typed = arrival.name.and_then(|name| SignInName::parse(name).ok());
        flows.call(&name, &name, typed.map(|it| it.to_string()).as_deref());
        match next {
            Ok(Next::GoToIdp(journey)) => {
                flows.record(&name, to_idp(journey, now), now);
            }
            Ok(Next::AskPassword(managed)) => flows.end(&name, at_password(managed)),
            Ok(Next::AskName) => {}
            Err(outcome) => flows.end(&name, refused(outcome)),
        }
    }

    /// What the browser asked for.
    fn asked(&self, tenants: &Tenants, arrival: Arrival<'_>, now: OffsetDateTime) -> Hop {
        let base = self.base_url();
        let name = arrival.name.filter(|name| SignInName::parse(name).is_ok());
        let given = [
            ("login_hint", name),
            ("domain_hint", arrival.hint.domain),
            ("client_id", arrival.hint.application),
        ];
        let given = given
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)));
        let given: Vec<_> = given.collect();
        let at = at_address(tenants, arrival.address);
        let (title, what, request) = match arrival.written_by {
            WrittenBy::Page => (
                "A name is typed",
                format!("somebody types {} {at}", name.unwrap_or("no sign-in name")),
                HttpRequest::post(&format!("{base}/{}/login", arrival.address), given),
            ),
            WrittenBy::Server if given.is_empty() && arrival.name.is_none() => (
                "The address is opened",
                format!("somebody opens the application {at}"),
                HttpRequest::get(&format!("{base}/{}/", arrival.address)),
            ),
            WrittenBy::Server => {
                let mut url = Query::onto(&format!("{base}/{}/login", arrival.address));
                for (name, value) in given {
                    url.push(name, value);
                }
                (
                    "A link is followed",
                    format!("a link leads to the sign-in {at}, with hints"),
                    HttpRequest::get(&url.finish()),
                )
            }
        };
        Hop::new(title, what, (Party::Browser, Party::Entra), now).request(request)
    }

    /// Home realm discovery, step by step.
    fn looked_up(
        &self,
        tenants: &Tenants,
        arrival: Arrival<'_>,
        next: &Result<Next, Box<Outcome>>,
        now: OffsetDateTime,
    ) -> Hop {
        let mut search = Search {
            tenants,
            resolves_foreign_email: self.settings().resolve_foreign_email,
            steps: Vec::new(),
            facts: Vec::new(),
        };
        let found_by = search.go(arrival);
        let what = match (next, found_by) {
            (Ok(Next::GoToIdp(journey)), Some(FoundBy::OnPremisesUserPrincipalName)) => {
                match journey.request {
                    ToIdp::Post(_) => said::FOUND_BY_EMAIL_SAML.to_owned(),
                    ToIdp::Address(_) => said::FOUND_BY_EMAIL_WS_FEDERATION.to_owned(),
                }
            }
            (Ok(Next::GoToIdp(_)), Some(FoundBy::UserPrincipalName)) => {
                said::FOUND_BY_UPN.to_owned()
            }
            (Ok(Next::GoToIdp(journey)), _) => format!(
                "Entra sees where to go by {}, and writes a request",
                journey.found_by
            ),
            (Ok(_), _) => "Entra finds a user of a managed domain: no identity provider is asked, \
                           and Entra itself would want the password"
                .to_owned(),
            (Err(outcome), _) => format!("Entra cannot go on: {}", End::of(outcome).said),
        };
        let mut hop = Hop::new(
            "Home realm discovery",
            what,
            (Party::Entra, Party::Entra),
            now,
        );
        hop.steps = search.steps;
        hop.facts = search.facts;
        hop
    }
}

/// What is looked up on the way from a name to a realm.
struct Search<'t> {
    tenants: &'t Tenants,
    resolves_foreign_email: bool,
    steps: Vec<Step>,
    facts: Vec<Fact>,
}

impl Search<'_> {
    fn go(&mut self, arrival: Arrival<'_>) -> Option<FoundBy> {
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

fn at_address(tenants: &Tenants, segment: &str) -> String {
    match begin::address(tenants, segment) {
        Ok(Address::Tenanted(tenant)) => {
            format!("at {}'s tenanted address", tenant.display_name())
        }
        Ok(Address::Common) => format!("at /{segment}/, which names no tenant"),
        Err(_) => "at an address that names no tenant known here".to_owned(),
    }
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

/// What Entra asks the identity provider, by way of the browser.
fn to_idp(journey: &Journey, now: OffsetDateTime) -> Hop {
    let request = match &journey.request {
        ToIdp::Post(post) => HttpRequest::post(
            &post.action,
            [
                ("SAMLRequest", post.saml_request.as_str()),
                ("RelayState", &post.relay_state),
            ],
        ),
        ToIdp::Address(to) => HttpRequest::get(to),
    };
    let protocol = journey.request.protocol();
    Hop::new(
        format!("Entra asks {}", journey.brand),
        format!(
            "the browser brings the request of {protocol} to the identity provider of {}; who signs \
             in there, and how, is not seen from here",
            journey.domain
        ),
        (Party::Entra, Party::IdentityProvider),
        now,
    )
    .request(request)
    .fact("Protocol", protocol.to_string())
    .fact("Request", journey.request_id.clone())
}

/// How a refusal before any request ends it. What was typed and is no name is not told again.
fn refused(outcome: &Outcome) -> End {
    let end = End::of(outcome);
    match end.code {
        Some(Aadsts::InvalidDomainName) => End {
            detail: Some("What was typed is no sign-in name; it is not kept.".to_owned()),
            ..end
        },
        _ => end,
    }
}

fn at_password(managed: &Managed) -> End {
    End {
        accepted: false,
        said: format!(
            "{} is in a managed domain: Entra itself would ask for the password, and the simulator \
             keeps none.",
            managed.user.user_principal_name
        ),
        code: None,
        detail: None,
        mend: None,
        evidence: None,
        correlation_id: None,
    }
}
