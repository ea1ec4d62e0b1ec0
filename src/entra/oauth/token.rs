//! The token endpoint, for grants of OAuth 2.0 (RFC 6749 4.1.3 and 6).

use std::sync::Arc;

use hyper::StatusCode;
use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use super::{
    Code, Grant, Version, application, claims::About, request::missing, scope::Scope,
    tickets::Absent,
};
use crate::{
    entra::{
        Aadsts, Address, Application, ApplicationCode, ObjectId, Refusal, Simulator, Tenants,
        access_tokens::AccessTokens, open_id::document,
    },
    http::{Form, FormError, Response, response},
};

/// The grant of a device (RFC 8628 3.4).
pub(super) const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// Grants that are taken here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::entra) enum GrantType {
    AuthorizationCode,
    RefreshToken,
    DeviceCode,
    ClientCredentials,
}

impl GrantType {
    pub(in crate::entra) fn named(name: &str) -> Option<Self> {
        match name {
            "authorization_code" => Some(Self::AuthorizationCode),
            "refresh_token" => Some(Self::RefreshToken),
            DEVICE_CODE => Some(Self::DeviceCode),
            "client_credentials" => Some(Self::ClientCredentials),
            _ => None,
        }
    }
}

/// Why there are no tokens.
enum Failed {
    Refused(Refusal),
    /// There is no key to sign with.
    Here,
}

impl From<Refusal> for Failed {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<FormError> for Failed {
    fn from(error: FormError) -> Self {
        Self::Refused(Aadsts::MissingField.refuse(format!("{error}.")))
    }
}

impl Simulator {
    /// Tokens for a grant, or Entra's error.
    pub(in crate::entra) fn tokens(
        &self,
        form: &Form,
        grant_type: GrantType,
        address: Address<'_>,
        now: OffsetDateTime,
    ) -> Response {
        let tenants = self.tenants();
        let grant = match grant_type {
            GrantType::AuthorizationCode => self.redeem_code(form, &tenants, address, now),
            GrantType::RefreshToken => self.refresh(form, &tenants, address, now),
            GrantType::DeviceCode => self.redeem_device(form, &tenants, address, now),
            GrantType::ClientCredentials => return self.client_credentials(form, address, now),
        };
        match grant.and_then(|grant| self.issue(&grant, &tenants, address, now)) {
            Ok(tokens) => document(StatusCode::OK, &tokens),
            Err(Failed::Refused(refusal)) => self.refuse_application(&refusal, now),
            Err(Failed::Here) => {
                response::text(StatusCode::INTERNAL_SERVER_ERROR, "The simulator failed.\n")
            }
        }
    }

    fn redeem_code(
        &self,
        form: &Form,
        tenants: &Arc<Tenants>,
        address: Address<'_>,
        now: OffsetDateTime,
    ) -> Result<Grant, Failed> {
        let application = client(form, tenants, address)?;
        let code = form.single("code")?.ok_or_else(|| missing("code"))?;
        let brought = Brought {
            client: &application.app_id,
            redirect_uri: form.single("redirect_uri")?,
            verifier: form.single("code_verifier")?,
        };
        let secret = form.single("client_secret")?;
        let codes = &self.provider.codes;
        let redeemed = codes.with(code, now, |code| -> Result<Grant, Refusal> {
            brought.belongs_to(code)?;
            authenticate(application, code.grant.is_confidential, secret)?;
            code.is_redeemed = true;
            Ok(code.grant.clone())
        });
        Ok(redeemed.map_err(|absent| absent_grant(absent, "code"))??)
    }

    fn redeem_device(
        &self,
        form: &Form,
        tenants: &Arc<Tenants>,
        address: Address<'_>,
        now: OffsetDateTime,
    ) -> Result<Grant, Failed> {
        let application = client(form, tenants, address)?;
        let code = form.single("device_code")?;
        let code = code.ok_or_else(|| missing("device_code"))?;
        let secret = form.single("client_secret")?;
        let is_confidential = !application.is_fallback_public_client;
        let redeemed = self
            .provider
            .devices
            .with(code, now, |device| -> Result<Grant, Refusal> {
                device.is_of(application)?;
                authenticate(application, is_confidential, secret)?;
                device.redeem()
            });
        Ok(redeemed.map_err(|absent| match absent {
            Absent::Expired => {
                ApplicationCode::VerificationCodeExpired.refuse("Nobody signed in in time.")
            }
            Absent::Unknown => absent_grant(absent, "device_code"),
        })??)
    }

    fn refresh(
        &self,
        form: &Form,
        tenants: &Arc<Tenants>,
        address: Address<'_>,
        now: OffsetDateTime,
    ) -> Result<Grant, Failed> {
        let application = client(form, tenants, address)?;
        let token = form.single("refresh_token")?;
        let token = token.ok_or_else(|| missing("refresh_token"))?;
        let held = &self.provider.refresh_tokens;
        let mut grant = held
            .with(token, now, |grant| grant.clone())
            .map_err(|absent| absent_grant(absent, "refresh_token"))?;
        if grant.client != application.app_id {
            return Err(another_application("refresh token").into());
        }
        let secret = form.single("client_secret")?;
        authenticate(application, grant.is_confidential, secret)?;
        // A nonce is for the sign-in that it was sent with.
        grant.nonce = None;
        let (scope, resource) = (form.single("scope")?, form.single("resource")?);
        if scope.is_some() || resource.is_some() {
            // Consent is given to everything here, so that the token is good for each resource.
            grant.scope = Scope::parse(grant.version, scope, resource)?;
        }
        Ok(grant)
    }

    fn issue(
        &self,
        grant: &Grant,
        tenants: &Arc<Tenants>,
        address: Address<'_>,
        now: OffsetDateTime,
    ) -> Result<Value, Failed> {
        // Whoever was deleted since gets no more tokens.
        let gone = || Aadsts::UserAccountNotFound.refuse("The user is gone since the sign-in.");
        let tenant = tenants.of_domain(&grant.person.tenant).ok_or_else(gone)?;
        if let Address::Tenanted(asked) = address
            && asked.name() != tenant.name()
        {
            let elsewhere = format!("It was given by {}.", tenant.name());
            return Err(ApplicationCode::InvalidGrant.refuse(elsewhere).into());
        }
        let mut users = tenant.users().iter();
        let user = users.find(|user| user.id == grant.person.user);
        let user = user.ok_or_else(gone)?;
        let about = About {
            base_url: self.base_url(),
            tenant,
            user,
            grant,
            now,
        };
        let key = self.provider.key().ok_or(Failed::Here)?;
        let sign = |claims: &Value| key.sign(claims).map_err(|_| Failed::Here);
        let resource = resource(tenants, &grant.scope);
        let access_token = sign(&about.access_token(resource))?;
        self.access_tokens.remember(access_token.clone(), user, now);
        let mut tokens = Map::new();
        let mut put = |name: &str, value: Value| tokens.insert(name.to_owned(), value);
        put("token_type", json!("Bearer"));
        put("access_token", json!(access_token));
        put("client_info", json!(about.client_info()));
        let life = AccessTokens::LIFE.whole_seconds();
        match grant.version {
            Version::V2 => {
                put("expires_in", json!(life));
                put("ext_expires_in", json!(life));
                put("scope", json!(grant.scope.granted()));
            }
            // Numbers are texts there.
            Version::V1 => {
                let begin = now.unix_timestamp();
                put("expires_in", json!(life.to_string()));
                put("ext_expires_in", json!(life.to_string()));
                put("expires_on", json!((begin + life).to_string()));
                put("not_before", json!(begin.to_string()));
                put("scope", json!("user_impersonation"));
                let resource = grant.scope.resource.as_deref();
                put(
                    "resource",
                    json!(resource.unwrap_or("https://graph.microsoft.com")),
                );
            }
        }
        if grant.scope.open_id {
            put("id_token", json!(sign(&about.id_token())?));
        }
        if grant.scope.offline {
            let token = self.provider.refresh_tokens.hold(grant.clone(), now);
            put("refresh_token", json!(token));
        }
        Ok(Value::Object(tokens))
    }
}

/// What comes with a code.
struct Brought<'a> {
    client: &'a ObjectId,
    redirect_uri: Option<&'a str>,
    verifier: Option<&'a str>,
}

impl Brought<'_> {
    fn belongs_to(&self, code: &Code) -> Result<(), Refusal> {
        if *self.client != code.grant.client {
            return Err(another_application("code"));
        }
        if code.is_redeemed {
            return Err(ApplicationCode::CodeRedeemed.refuse("The code came before."));
        }
        let redirect_uri = self.redirect_uri.ok_or_else(|| missing("redirect_uri"))?;
        if redirect_uri != code.redirect_uri {
            let shown: String = redirect_uri.chars().take(200).collect();
            return Err(ApplicationCode::AnotherReplyAddress.refuse(format!(
                "The code was sent to {:?}; the redirect_uri is {shown:?}.",
                code.redirect_uri
            )));
        }
        let why = match (&code.challenge, self.verifier) {
            (None, None) => return Ok(()),
            (Some(challenge), Some(verifier)) if challenge.is_met_by(verifier) => return Ok(()),
            (Some(_), Some(_)) => "Another code_challenge belongs to this code_verifier.",
            (Some(_), None) => "There is no code_verifier.",
            (None, Some(_)) => "There is a code_verifier, and there was no code_challenge.",
        };
        Err(ApplicationCode::CodeVerifier.refuse(why))
    }
}

fn client<'t>(
    form: &Form,
    tenants: &'t Tenants,
    address: Address<'t>,
) -> Result<&'t Application, Failed> {
    let client_id = form.single("client_id")?;
    let client_id = client_id.ok_or_else(|| missing("client_id"))?;
    Ok(application(tenants, address, client_id)?)
}

/// Whether the application proves who it is, where it has to; and does not, where it cannot.
fn authenticate(
    application: &Application,
    is_confidential: bool,
    secret: Option<&str>,
) -> Result<(), Refusal> {
    match (is_confidential, secret) {
        (false, None) => Ok(()),
        (false, Some(_)) => Err(ApplicationCode::PublicClient.refuse("There is a client_secret.")),
        (true, None) => Err(ApplicationCode::NoSecret.refuse("There is no client_secret.")),
        (true, Some(secret)) if application.has_secret(secret) => Ok(()),
        (true, Some(_)) => Err(ApplicationCode::WrongSecret
            .refuse(format!("It is none of {}'s.", application.display_name))),
    }
}

fn another_application(what: &str) -> Refusal {
    ApplicationCode::InvalidGrant.refuse(format!("The {what} was given to another application."))
}

fn absent_grant(absent: Absent, what: &str) -> Refusal {
    match absent {
        Absent::Unknown => {
            ApplicationCode::InvalidGrant.refuse(format!("The {what} was not given here."))
        }
        Absent::Expired => ApplicationCode::GrantExpired.refuse(format!("The {what} is too old.")),
    }
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
#[path = "token_tests.rs"]
mod tests;
