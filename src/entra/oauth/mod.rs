//! Entra as applications see it: an OpenID provider, round the federated sign-in.
//!
//! `authorize` reads what an application asks for and remembers it while the browser goes the same way
//! as everybody's; `deliver` sends the browser back with a code once somebody has signed in; `token`
//! exchanges the code, once `client` has seen who the application is: by a secret, or by `client_assertion`. `device` is the way of applications without a browser, `session` what is known of
//! a browser, until somebody signs out, `client_credentials` applications that ask for themselves. `claims` says what tokens hold, `metadata` and `instance` where everything
//! is, and `cross_origin` which pages may ask.
//!
//! Strict where Entra is known to be: redirect URIs by the character, each code once, verifiers,
//! secrets. An application that gets through here has used the protocol as Entra wants it.

mod authorize;
mod claims;
mod client;
mod client_assertion;
mod client_credentials;
mod cross_origin;
mod deliver;
mod device;
mod instance;
mod metadata;
mod request;
mod scope;
mod session;
mod signing;
mod tickets;
mod token;

use std::sync::OnceLock;

use time::{Duration, OffsetDateTime};

use super::{
    Address, Application, ApplicationCode, DomainName, ObjectId, Platform, Refusal, Tenants,
};
use client_credentials::Access;
pub(super) use cross_origin::for_everybody;
use device::Device;
use request::{Authorization, Challenge};
use scope::Scope;
use session::Session;
use signing::SigningKey;
use tickets::Tickets;
pub(super) use token::GrantType;

/// Which of the two generations of endpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    /// `/oauth2/authorize`: resources.
    V1,
    /// `/oauth2/v2.0/authorize`: scopes.
    V2,
}

/// What applications were given, and what they wait for.
#[derive(Debug)]
pub(super) struct Provider {
    key: OnceLock<Option<SigningKey>>,
    /// Requests of applications whose people are still signing in.
    waiting: Tickets<Authorization>,
    /// Which of them an identity provider's answer is for, by the request to the identity provider.
    under_way: Tickets<String>,
    codes: Tickets<Code>,
    devices: Tickets<Device>,
    /// The device's code by what it shows to people.
    user_codes: Tickets<String>,
    sessions: Tickets<Session>,
    refresh_tokens: Tickets<Grant>,
    /// What applications were given for themselves.
    applications: Tickets<Access>,
}

/// What somebody has signed in for.
#[derive(Clone, Debug)]
struct Grant {
    version: Version,
    client: ObjectId,
    /// On what the application runs: whether it has to prove who it is.
    platform: Platform,
    scope: Scope,
    nonce: Option<String>,
    person: Person,
    /// When a single-page application's refresh tokens end, however often they are exchanged.
    ends_at: Option<OffsetDateTime>,
}

/// Who has signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Person {
    /// By the first domain of the tenant.
    tenant: DomainName,
    user: ObjectId,
}

/// A grant on its way through a browser.
#[derive(Debug)]
struct Code {
    grant: Grant,
    redirect_uri: String,
    challenge: Option<Challenge>,
    is_redeemed: bool,
}

impl Provider {
    const SIGN_IN: Duration = Duration::minutes(15);
    const CODE: Duration = Duration::minutes(10);
    const DEVICE: Duration = Duration::minutes(15);
    const SESSION: Duration = Duration::days(1);
    const APPLICATION: Duration = Duration::hours(1);
    const REFRESH_TOKEN: Duration = Duration::days(90);
    const SPA: Duration = Duration::days(1);

    /// The key, made when it is needed first; `None` if it cannot be made.
    fn key(&self) -> Option<&SigningKey> {
        let make = || {
            SigningKey::new()
                .inspect_err(|error| tracing::error!(%error, "no key for tokens"))
                .ok()
        };
        self.key.get_or_init(make).as_ref()
    }
}

impl Default for Provider {
    fn default() -> Self {
        Self {
            key: OnceLock::new(),
            waiting: Tickets::new(Self::SIGN_IN),
            under_way: Tickets::new(Self::SIGN_IN),
            codes: Tickets::new(Self::CODE),
            devices: Tickets::new(Self::DEVICE),
            user_codes: Tickets::new(Self::DEVICE),
            sessions: Tickets::new(Self::SESSION),
            refresh_tokens: Tickets::new(Self::REFRESH_TOKEN),
            applications: Tickets::new(Self::APPLICATION),
        }
    }
}

/// The application of a `client_id`: at a tenant's address one of this tenant, else one of any.
fn application<'t>(
    tenants: &'t Tenants,
    address: Address<'t>,
    client_id: &str,
) -> Result<&'t Application, Refusal> {
    let app_id = ObjectId::parse(client_id).ok();
    let found = app_id.as_ref().and_then(|app_id| match address {
        Address::Tenanted(tenant) => tenant.application(app_id),
        Address::Common => tenants.iter().find_map(|tenant| tenant.application(app_id)),
    });
    found.ok_or_else(|| {
        let client_id: String = client_id.chars().take(100).collect();
        ApplicationCode::NoApplication.refuse(format!("The client_id is {client_id:?}."))
    })
}

/// The registered application whose interface a scope names: `api://{appId}`, or its `appId`.
fn resource<'t>(tenants: &'t Tenants, scope: &Scope) -> Option<&'t Application> {
    let named = scope.resource.as_deref()?;
    let app_id = ObjectId::parse(named.strip_prefix("api://").unwrap_or(named)).ok()?;
    tenants
        .iter()
        .find_map(|tenant| tenant.application(&app_id))
}

#[cfg(test)]
mod tests;
