//! The first half of a sign-in: from an address and perhaps a name to a request for an identity
//! provider.

use time::OffsetDateTime;

use super::{
    Aadsts, Acceleration, Address, AuthnRequest, Decision, DomainHint, InternalDomainFederation,
    Names, Outcome, PendingRequest, PostToIdp, PreferredAuthenticationProtocol, Protocol, Realm,
    Refusal, SignInName, SignInRequest, Simulator, Tenant, Tenants, User, Whom, WrittenBy,
    discover,
};

/// What a browser brings to a sign-in address.
#[derive(Clone, Copy, Debug)]
pub struct Arrival<'a> {
    /// The first segment of the address: a tenant, `common` or `organizations`.
    pub address: &'a str,
    /// The name that was typed, or `login_hint`.
    pub name: Option<&'a str>,
    /// The domain hint.
    pub hint: DomainHint<'a>,
    /// Who writes the address of a request by WS-Federation.
    pub written_by: WrittenBy,
    /// Whether the identity provider is to ask anew, whatever session it has.
    pub is_fresh: bool,
}

/// What follows.
#[derive(Clone, Debug)]
pub enum Next {
    /// A name is needed first.
    AskName,
    /// Entra itself would ask this user for the password.
    AskPassword(Box<Managed>),
    /// The browser goes to the identity provider.
    GoToIdp(Box<Journey>),
}

/// A user of a managed domain.
#[derive(Clone, Debug)]
pub struct Managed {
    /// How pages call the tenant whose user it is.
    pub tenant: String,
    /// The user.
    pub user: User,
    /// By which name.
    pub found_by: String,
}

/// The way to the identity provider.
#[derive(Clone, Debug)]
pub struct Journey {
    /// How pages call the tenant whose identity provider it is.
    pub tenant: String,
    /// The name that was typed, where one was.
    pub typed: Option<String>,
    /// The user found, where one was.
    pub user: Option<User>,
    /// By what.
    pub found_by: String,
    /// The brand of the identity provider.
    pub brand: String,
    /// The domain whose federation it is.
    pub domain: String,
    /// The ID of the `AuthnRequest`, or WS-Federation's `client-request-id`.
    pub request_id: String,
    /// What the browser does.
    pub request: ToIdp,
}

/// How a browser brings a request to an identity provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ToIdp {
    /// SAML 2.0: it posts a form.
    Post(PostToIdp),
    /// WS-Federation: it goes to this address.
    Address(String),
}

impl ToIdp {
    /// The protocol.
    pub fn protocol(&self) -> Protocol {
        match self {
            Self::Post(_) => Protocol::Saml,
            Self::Address(_) => Protocol::WsFederation,
        }
    }
}

/// What a request is made of, once it is known whose identity provider is asked.
struct Way<'t> {
    home: &'t Tenant,
    domain: String,
    federation: &'t InternalDomainFederation,
    whom: Whom,
    user: Option<&'t User>,
    found_by: String,
}

impl Simulator {
    /// Takes whoever arrives on: to the identity provider, if it can be told which.
    ///
    /// # Errors
    /// The outcome, a refusal, which is recorded.
    pub fn begin(&self, arrival: Arrival<'_>, now: OffsetDateTime) -> Result<Next, Box<Outcome>> {
        let tenants = self.tenants();
        self.next_step(&tenants, arrival, now).map_err(|refusal| {
            let typed = arrival.name.and_then(|name| SignInName::parse(name).ok());
            let typed = typed.map(|name| name.to_string());
            Box::new(self.decide(None, typed, vec![], Decision::Refused(refusal), now))
        })
    }

    fn next_step(
        &self,
        tenants: &Tenants,
        arrival: Arrival<'_>,
        now: OffsetDateTime,
    ) -> Result<Next, Refusal> {
        let address = address(tenants, arrival.address)?;
        let name = arrival.name.map(SignInName::parse).transpose();
        let name = name.map_err(|error| Aadsts::InvalidDomainName.refuse(format!("{error}.")))?;
        if let Some(found) = Acceleration::of(tenants, address, arrival.hint) {
            // No email is resolved on this way; a UPN is one as it stands.
            let user = name.as_ref().and_then(|name| found.tenant.user(name));
            let whom = match (user, name) {
                (Some(user), Some(typed)) => Whom::User {
                    typed,
                    user_principal_name: user.user_principal_name.clone(),
                },
                (_, hinted) => Whom::AnybodyOf {
                    domain: found.domain.name.clone(),
                    hinted,
                },
            };
            let way = Way {
                home: found.tenant,
                domain: found.domain.name.to_string(),
                federation: found.federation,
                whom,
                user,
                found_by: found.because.to_string(),
            };
            return Ok(self.go(way, address, arrival, now));
        }
        let Some(name) = name else {
            return Ok(Next::AskName);
        };
        let resolve = self.settings().resolve_foreign_email;
        let found = discover(tenants, &name, address, resolve)?;
        match (found.realm, found.user) {
            (Realm::Federated(domain, federation), user) => {
                let upn = user.map_or(&name, |user| &user.user_principal_name);
                let way = Way {
                    home: found.tenant,
                    domain: domain.name.to_string(),
                    federation,
                    whom: Whom::User {
                        user_principal_name: upn.clone(),
                        typed: name,
                    },
                    user,
                    found_by: found.found_by.to_string(),
                };
                Ok(self.go(way, address, arrival, now))
            }
            (Realm::Managed, Some(user)) => Ok(Next::AskPassword(Box::new(Managed {
                tenant: found.tenant.display_name().to_owned(),
                user: user.clone(),
                found_by: found.found_by.to_string(),
            }))),
            // A managed domain without the user was refused before.
            (Realm::Managed, None) => Ok(Next::AskName),
        }
    }

    /// Makes the request, and remembers it.
    fn go(
        &self,
        way: Way<'_>,
        address: Address<'_>,
        arrival: Arrival<'_>,
        now: OffsetDateTime,
    ) -> Next {
        let cloud_upn = way.user.map(|user| &user.user_principal_name);
        let names = Names {
            typed: way.whom.typed(),
            cloud_upn,
        };
        let federation = way.federation;
        let uri = &federation.passive_sign_in_uri;
        let (request_id, state, request) = match federation.preferred_authentication_protocol {
            PreferredAuthenticationProtocol::Saml => {
                let asked = AuthnRequest {
                    force_authn: arrival.is_fresh,
                    ..AuthnRequest::new(self.audience(), now)
                };
                let post = asked.post_to(uri, self.settings().saml_hints, names);
                (asked.id, post.relay_state.clone(), ToIdp::Post(post))
            }
            PreferredAuthenticationProtocol::WsFed => {
                let asked = SignInRequest::new(self.audience(), arrival.written_by);
                let asked = if arrival.is_fresh {
                    asked.asking_anew(federation.prompt_login_behavior)
                } else {
                    asked
                };
                let to = asked.address(uri, self.settings().ws_federation_hints, names);
                (asked.client_request_id, asked.context, ToIdp::Address(to))
            }
        };
        let protocol = request.protocol();
        let journey = Journey {
            tenant: way.home.display_name().to_owned(),
            typed: way.whom.typed().map(SignInName::to_string),
            user: way.user.cloned(),
            found_by: way.found_by,
            brand: federation.display_name.clone(),
            domain: way.domain,
            request_id: request_id.clone(),
            request,
        };
        self.pending().remember(PendingRequest {
            protocol,
            id: request_id,
            state,
            home: way.home.name().clone(),
            resource: match address {
                Address::Tenanted(tenant) => Some(tenant.name().clone()),
                Address::Common => None,
            },
            whom: way.whom,
            sent_at: now,
        });
        Next::GoToIdp(Box::new(journey))
    }
}

/// The kind of address that its first segment makes it.
pub(super) fn address<'t>(tenants: &'t Tenants, segment: &str) -> Result<Address<'t>, Refusal> {
    if matches!(segment, "common" | "organizations") {
        return Ok(Address::Common);
    }
    let tenant = tenants.at_address(segment).ok_or_else(|| {
        let segment: String = segment.chars().take(100).collect();
        let known: Vec<_> = tenants.iter().map(|it| it.name().as_str()).collect();
        Aadsts::TenantNotFound.refuse_saying(
            format!("Tenant '{segment}' not found."),
            format!("The tenants here are {}.", known.join(", ")),
        )
    })?;
    Ok(Address::Tenanted(tenant))
}
