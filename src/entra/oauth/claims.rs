//! What tokens say.

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use super::{Grant, Version, client::Proof};
use crate::entra::{
    Application, ProxyAddress, SignInName, Tenant, User, UserType, access_tokens::AccessTokens,
    random,
};

/// Whom and what tokens are about.
pub(super) struct About<'a> {
    pub(super) base_url: &'a str,
    pub(super) tenant: &'a Tenant,
    pub(super) user: &'a User,
    pub(super) grant: &'a Grant,
    /// How the application has proven who it is.
    pub(super) proof: Proof,
    pub(super) now: OffsetDateTime,
}

impl About<'_> {
    /// The claims of the ID token (Microsoft: "ID token claims reference").
    pub(super) fn id_token(&self) -> Value {
        let grant = self.grant;
        let mut claims = self.common(grant.version, grant.client.as_str());
        if grant.scope.profile {
            self.add_names(&mut claims, grant.version);
        }
        // For guests it is there without being asked for.
        let is_guest = self.user.user_type == UserType::Guest;
        if let Some(email) = self.email().filter(|_| grant.scope.email || is_guest) {
            claims.insert("email".to_owned(), json!(email.to_string()));
        }
        if let Some(nonce) = &grant.nonce {
            claims.insert("nonce".to_owned(), json!(nonce));
        }
        Value::Object(claims)
    }

    /// The claims of the access token, in the version that its resource wants. `resource` is the
    /// registered application whose interface it is for; without one it is for Microsoft Graph, or
    /// for whatever was named.
    pub(super) fn access_token(&self, resource: Option<&Application>) -> Value {
        let scope = &self.grant.scope;
        let wants = resource.and_then(|it| it.api.requested_access_token_version);
        let version = match wants {
            Some(2) => Version::V2,
            _ => Version::V1,
        };
        let audience = match (resource, version) {
            (Some(resource), Version::V2) => resource.app_id.as_str(),
            _ => scope.resource.as_deref().unwrap_or(GRAPH),
        };
        let mut claims = self.common(version, audience);
        self.add_names(&mut claims, version);
        let client = self.grant.client.as_str();
        let (name, how) = match version {
            Version::V1 => ("appid", "appidacr"),
            Version::V2 => ("azp", "azpacr"),
        };
        claims.insert(name.to_owned(), json!(client));
        claims.insert(how.to_owned(), json!(self.proof.claim()));
        let permissions = match self.grant.version {
            Version::V1 => "user_impersonation".to_owned(),
            Version::V2 => scope.names(),
        };
        claims.insert("scp".to_owned(), json!(permissions));
        Value::Object(claims)
    }

    /// What MSAL keeps an account by.
    pub(super) fn client_info(&self) -> String {
        let info = json!({"uid": self.user.id.as_str(), "utid": self.tenant.id().as_str()});
        BASE64.encode(info.to_string())
    }

    fn common(&self, version: Version, audience: &str) -> Map<String, Value> {
        let now = self.now.unix_timestamp();
        let issuer = issuer(self.base_url, self.tenant.id().as_str(), version);
        let user = self.user;
        let account = u8::from(user.user_type == UserType::Guest);
        let claims = json!({
            "aud": audience,
            "iss": issuer,
            "iat": now,
            "nbf": now,
            "exp": now + AccessTokens::LIFE.whole_seconds(),
            "acct": account,
            // Of a guest who was synced this tenant's own federation is the home: the same as iss.
            "idp": issuer,
            "oid": user.id.as_str(),
            "sub": self.subject(),
            "tid": self.tenant.id().as_str(),
            "upn": user.user_principal_name.to_string(),
            "uti": BASE64.encode(random::octets::<16>()),
            "ver": match version { Version::V1 => "1.0", Version::V2 => "2.0" },
        });
        match claims {
            Value::Object(claims) => claims,
            _ => Map::new(),
        }
    }

    fn add_names(&self, claims: &mut Map<String, Value>, version: Version) {
        let name = match version {
            Version::V1 => "unique_name",
            Version::V2 => "preferred_username",
        };
        let upn = self.user.user_principal_name.to_string();
        claims.insert(name.to_owned(), json!(upn));
        claims.insert("name".to_owned(), json!(self.user.display_name));
    }

    /// Another name for each application, so that two cannot compare notes.
    pub(super) fn subject(&self) -> String {
        let text = format!("{} {}", self.user.id, self.grant.client);
        BASE64.encode(digest(&SHA256, text.as_bytes()))
    }

    /// `mail` of the user: the primary proxy address, and for a synced guest the email that the
    /// sync rules took as the sign-in name.
    fn email(&self) -> Option<&SignInName> {
        let primary = self.user.proxy_addresses.iter().find_map(|it| match it {
            ProxyAddress::Primary(mail) => Some(mail),
            _ => None,
        });
        primary.or(self.user.on_premises_user_principal_name.as_ref())
    }
}

const GRAPH: &str = "00000003-0000-0000-c000-000000000000";

/// The issuer of a tenant's tokens. Entra's of v1 has a host of its own, `sts.windows.net`; nobody but
/// Entra should issue in that name.
pub(super) fn issuer(base_url: &str, tenant: &str, version: Version) -> String {
    match version {
        Version::V1 => format!("{base_url}/{tenant}/"),
        Version::V2 => format!("{base_url}/{tenant}/v2.0"),
    }
}
