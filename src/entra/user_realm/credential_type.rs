//! What Entra's sign-in page asks about a typed name, once somebody has typed it (facts 5.5).
//!
//! Unlike the other documents this one tells which users there are, in managed domains. Its names and
//! numbers are those of captured answers; nobody says what they mean, and which of them say "managed" and
//! "federated" is what tools have made out.

use hyper::StatusCode;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::auth_url;
use crate::{
    entra::{
        Address, Realm, Refusal, SignInName, Simulator, Tenants, discover, open_id::document,
        random,
    },
    http::{Request, Response},
};

/// The one property of the body that counts; the page sends many more.
#[derive(Deserialize)]
struct Asked {
    #[serde(alias = "Username")]
    username: String,
}

/// The answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct CredentialType {
    username: String,
    display: String,
    if_exists_result: u8,
    is_unmanaged: bool,
    throttle_status: u8,
    credentials: Credentials,
    ests_properties: EstsProperties,
    flow_token: String,
    is_signup_disallowed: bool,
    #[serde(rename = "apiCanary")]
    api_canary: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Credentials {
    pref_credential: u8,
    has_password: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    federation_redirect_url: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct EstsProperties {
    domain_type: u8,
}

const EXISTS: u8 = 0;
const DOES_NOT_EXIST: u8 = 1;
const UNKNOWN_DOMAIN: u8 = 1;
const MANAGED: u8 = 3;
const FEDERATED: u8 = 4;
const BY_PASSWORD: u8 = 1;
const BY_FEDERATION: u8 = 4;

impl Simulator {
    /// `/{tenant}/GetCredentialType`. At `common` the domain of the name decides, as everywhere; at a
    /// tenant's address, an email leads to its user.
    pub(in crate::entra) fn credential_type(
        &self,
        request: &Request,
        address: Result<Address<'_>, Refusal>,
        tenants: &Tenants,
        now: OffsetDateTime,
    ) -> Response {
        let address = match address {
            Ok(address) => address,
            Err(refusal) => return self.refuse_application(&refusal, now),
        };
        let Ok(asked) = serde_json::from_slice::<Asked>(&request.body) else {
            return self.refuse_missing("username", now);
        };
        let login: String = asked.username.chars().take(320).collect();
        document(StatusCode::OK, &self.told_of(login, address, tenants))
    }

    fn told_of(&self, login: String, address: Address<'_>, tenants: &Tenants) -> CredentialType {
        let name = SignInName::parse(&login).ok();
        let owner = name.as_ref().and_then(|it| tenants.of_domain(it.domain()));
        let resolve = self.settings().resolve_foreign_email;
        let found = name.and_then(|name| discover(tenants, &name, address, resolve).ok());
        let (exists, domain_type, preferred, to) = match found.map(|found| found.realm) {
            Some(Realm::Federated(_, federation)) => {
                let to = auth_url(federation, &login, self.audience());
                (EXISTS, FEDERATED, BY_FEDERATION, Some(to))
            }
            Some(Realm::Managed) => (EXISTS, MANAGED, BY_PASSWORD, None),
            None if owner.is_some() => (DOES_NOT_EXIST, MANAGED, BY_PASSWORD, None),
            None => (DOES_NOT_EXIST, UNKNOWN_DOMAIN, BY_PASSWORD, None),
        };
        CredentialType {
            display: login.clone(),
            username: login,
            if_exists_result: exists,
            is_unmanaged: false,
            // As it was seen for domains of nobody's.
            throttle_status: u8::from(domain_type == UNKNOWN_DOMAIN),
            credentials: Credentials {
                pref_credential: preferred,
                has_password: true,
                federation_redirect_url: to,
            },
            ests_properties: EstsProperties { domain_type },
            flow_token: random::guid(),
            is_signup_disallowed: true,
            api_canary: random::guid(),
        }
    }
}
