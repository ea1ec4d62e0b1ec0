//! The token endpoint, for grants of OAuth 2.0 (RFC 6749 4.1.3 and 6).

use hyper::StatusCode;
use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use super::{
    Code, Grant, Person, Platform, Provider, Version,
    claims::About,
    client::{Client, Proof},
    cross_origin,
    request::{missing, unreadable},
    resource,
    scope::Scope,
    tickets::Absent,
};
use crate::{
    entra::{
        Aadsts, Address, ApplicationCode, Decision, DomainName, ObjectId, Outcome, Refusal,
        Simulator, Tenants,
        access_tokens::AccessTokens,
        open_id::{SAML1_GRANT, document, refusal_document},
    },
    http::{Form, FormError, Request, Response, response},
};

/// The grant of a device (RFC 8628 3.4).
pub(super) const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// Grants that are taken here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::entra) enum GrantType {
    AuthorizationCode,
    RefreshToken,
    DeviceCode,
    /// A SAML 1.1 assertion, that an identity provider has given for a password.
    Assertion,
    /// Nobody but the application itself.
    ClientCredentials,
}

impl GrantType {
    pub(in crate::entra) fn named(name: &str) -> Option<Self> {
        match name {
            "authorization_code" => Some(Self::AuthorizationCode),
            "refresh_token" => Some(Self::RefreshToken),
            DEVICE_CODE => Some(Self::DeviceCode),
            SAML1_GRANT => Some(Self::Assertion),
            "client_credentials" => Some(Self::ClientCredentials),
            _ => None,
        }
    }
}

/// Why there are no tokens.
enum Failed {
    Refused(Refusal),
    /// The refusal of an assertion, which is recorded already.
    Recorded(Box<Outcome>),
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
        Self::Refused(unreadable(error))
    }
}

/// A request for tokens.
struct Asked<'a> {
    request: &'a Request,
    form: &'a Form,
    version: Version,
    tenants: &'a Tenants,
    address: Address<'a>,
    now: OffsetDateTime,
}

impl<'a> Asked<'a> {
    fn client(&self) -> Result<Client<'a>, Refusal> {
        Client::read(self.request, self.form, self.tenants, self.address)
    }
}

impl Simulator {
    /// Tokens for a grant, or Entra's error.
    pub(in crate::entra) fn tokens(
        &self,
        request: &Request,
        form: &Form,
        grant_type: GrantType,
        (address, version): (Address<'_>, Version),
        now: OffsetDateTime,
    ) -> Response {
        let tenants = self.tenants();
        let asked = Asked {
            request,
            form,
            version,
            tenants: &tenants,
            address,
            now,
        };
        let granted = match grant_type {
            GrantType::AuthorizationCode => self.redeem_code(&asked),
            GrantType::RefreshToken => self.refresh(&asked),
            GrantType::DeviceCode => self.redeem_device(&asked),
            GrantType::Assertion => self.redeem_assertion(&asked),
            GrantType::ClientCredentials => {
                return self.client_credentials(request, form, address, now);
            }
        };
        match granted.and_then(|(grant, proof)| self.issue(grant, proof, &asked)) {
            Ok(tokens) => document(StatusCode::OK, &tokens),
            Err(Failed::Refused(refusal)) => self.refuse_application(&refusal, now),
            Err(Failed::Recorded(outcome)) => refusal_document(&outcome),
            Err(Failed::Here) => {
                response::text(StatusCode::INTERNAL_SERVER_ERROR, "The simulator failed.\n")
            }
        }
    }

    /// Whether the application may redeem what it was given on `platform`, from where it asks, and how
    /// it proves that it is it.
    fn admit(
        &self,
        client: &Client<'_>,
        platform: Platform,
        asked: &Asked<'_>,
    ) -> Result<Proof, Refusal> {
        cross_origin::check(client.application, platform, asked.request)?;
        self.authenticate(client, platform, asked.address, asked.now)
    }

    fn redeem_code(&self, asked: &Asked<'_>) -> Result<(Grant, Proof), Failed> {
        let client = asked.client()?;
        let code = asked.form.single("code")?;
        let code = code.ok_or_else(|| missing("code"))?;
        let brought = Brought {
            client: &client.application.app_id,
            redirect_uri: asked.form.single("redirect_uri")?,
            verifier: asked.form.single("code_verifier")?,
        };
        let codes = &self.provider.codes;
        let redeemed = codes.with(code, asked.now, |code| -> Result<_, Refusal> {
            brought.belongs_to(code)?;
            let proof = self.admit(&client, code.grant.platform, asked)?;
            code.is_redeemed = true;
            Ok((code.grant.clone(), proof))
        });
        Ok(redeemed.map_err(|absent| match absent {
            Absent::Unknown => unknown("code"),
            Absent::Expired => ApplicationCode::GrantExpired.refuse("The code is too old."),
        })??)
    }

    fn redeem_device(&self, asked: &Asked<'_>) -> Result<(Grant, Proof), Failed> {
        let client = asked.client()?;
        let code = asked.form.single("device_code")?;
        let code = code.ok_or_else(|| missing("device_code"))?;
        let platform = client.application.platform_without_redirect();
        let devices = &self.provider.devices;
        let redeemed = devices.with(code, asked.now, |device| -> Result<_, Refusal> {
            device.is_of(client.application)?;
            let proof = self.admit(&client, platform, asked)?;
            Ok((device.redeem()?, proof))
        });
        Ok(redeemed.map_err(|absent| match absent {
            Absent::Expired => {
                ApplicationCode::DeviceCodeExpired.refuse("Nobody signed in in time.")
            }
            Absent::Unknown => {
                ApplicationCode::VerificationCode.refuse("The device_code was not given here.")
            }
        })??)
    }

    fn refresh(&self, asked: &Asked<'_>) -> Result<(Grant, Proof), Failed> {
        let client = asked.client()?;
        let token = asked.form.single("refresh_token")?;
        let token = token.ok_or_else(|| missing("refresh_token"))?;
        let held = &self.provider.refresh_tokens;
        let grant = held.with(token, asked.now, |grant| grant.clone());
        let mut grant = grant.map_err(|absent| match absent {
            Absent::Unknown => unknown("refresh_token"),
            Absent::Expired => ApplicationCode::RefreshTokenExpired.refuse("It had 90 days."),
        })?;
        if grant.client != client.application.app_id {
            return Err(another_application("refresh token").into());
        }
        let proof = self.admit(&client, grant.platform, asked)?;
        if grant.ends_at.is_some_and(|end| end <= asked.now) {
            let over = "The sign-in is more than a day ago.";
            return Err(ApplicationCode::SpaTokenExpired.refuse(over).into());
        }
        // A nonce is for the sign-in that it was sent with.
        grant.nonce = None;
        let (scope, resource) = (asked.form.single("scope")?, asked.form.single("resource")?);
        if scope.is_some() || resource.is_some() {
            // Consent is given to everything here, so that the token is good for each resource.
            grant.scope = Scope::parse(grant.version, scope, resource)?;
        }
        Ok((grant, proof))
    }

    /// An assertion is judged as everybody's answer is.
    fn redeem_assertion(&self, asked: &Asked<'_>) -> Result<(Grant, Proof), Failed> {
        let client = asked.client()?;
        let assertion = asked.form.single("assertion")?;
        let assertion = assertion.ok_or_else(|| missing("assertion"))?;
        let platform = client.application.platform_without_redirect();
        let proof = self.admit(&client, platform, asked)?;
        let (scope, resource) = (asked.form.single("scope")?, asked.form.single("resource")?);
        let scope = Scope::parse(asked.version, scope, resource)?;
        let tenant = match asked.address {
            Address::Tenanted(tenant) => Some(tenant.name()),
            Address::Common => None,
        };
        let outcome = self.redeem(assertion, tenant, asked.now);
        let Decision::SignedIn(signed_in) = &outcome.decision else {
            return Err(Failed::Recorded(Box::new(outcome)));
        };
        let person = Person {
            tenant: DomainName::parse(&signed_in.tenant).map_err(|_| Failed::Here)?,
            user: signed_in.user.id.clone(),
        };
        let grant = Grant {
            version: asked.version,
            client: client.application.app_id.clone(),
            platform,
            scope,
            nonce: None,
            person,
            ends_at: None,
        };
        Ok((grant, proof))
    }

    fn issue(&self, mut grant: Grant, proof: Proof, asked: &Asked<'_>) -> Result<Value, Failed> {
        let Asked { tenants, now, .. } = *asked;
        // Whoever was deleted since gets no more tokens.
        let gone = || Aadsts::UserAccountNotFound.refuse("The user is gone since the sign-in.");
        let tenant = tenants.of_domain(&grant.person.tenant).ok_or_else(gone)?;
        if let Address::Tenanted(other) = asked.address
            && other.name() != tenant.name()
        {
            let elsewhere = format!("It was given by {}.", tenant.name());
            return Err(ApplicationCode::AnotherTenant.refuse(elsewhere).into());
        }
        let mut users = tenant.users().iter();
        let user = users.find(|user| user.id == grant.person.user);
        let user = user.ok_or_else(gone)?;
        let about = About {
            base_url: self.base_url(),
            tenant,
            user,
            grant: &grant,
            proof,
            now,
        };
        let key = self.provider.key().ok_or(Failed::Here)?;
        let sign = |claims: &Value| key.sign(claims).map_err(|_| Failed::Here);
        let access_token = sign(&about.access_token(resource(tenants, &grant.scope)))?;
        let remembered = access_token.clone();
        self.access_tokens
            .remember(remembered, user, about.subject(), now);
        let mut tokens = lifetimes(&grant, now);
        let mut put = |name: &str, value: Value| tokens.insert(name.to_owned(), value);
        put("token_type", json!("Bearer"));
        put("access_token", json!(access_token));
        put("client_info", json!(about.client_info()));
        if grant.scope.open_id {
            put("id_token", json!(sign(&about.id_token())?));
        }
        if grant.scope.offline {
            if grant.platform == Platform::Spa {
                grant.ends_at.get_or_insert(now + Provider::SPA);
            }
            let token = self.provider.refresh_tokens.hold(grant, now);
            put("refresh_token", json!(token));
        }
        Ok(Value::Object(tokens))
    }
}

/// For what, and for how long, an access token is good.
fn lifetimes(grant: &Grant, now: OffsetDateTime) -> Map<String, Value> {
    let life = AccessTokens::LIFE.whole_seconds();
    let told = match grant.version {
        Version::V2 => json!({
            "expires_in": life,
            "ext_expires_in": life,
            "scope": grant.scope.granted(),
        }),
        // Numbers are texts there.
        Version::V1 => {
            let begin = now.unix_timestamp();
            let resource = grant.scope.resource.as_deref();
            json!({
                "expires_in": life.to_string(),
                "ext_expires_in": life.to_string(),
                "expires_on": (begin + life).to_string(),
                "not_before": begin.to_string(),
                "scope": "user_impersonation",
                "resource": resource.unwrap_or("https://graph.microsoft.com"),
            })
        }
    };
    match told {
        Value::Object(told) => told,
        _ => Map::new(),
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
            (None, None) if code.grant.platform == Platform::Spa => {
                let none = "There was no code_challenge.";
                return Err(ApplicationCode::SpaWithoutChallenge.refuse(none));
            }
            (None, None) => return Ok(()),
            (Some(challenge), Some(verifier)) if challenge.is_met_by(verifier) => return Ok(()),
            (Some(_), None) => {
                let none = "There is no code_verifier.";
                return Err(ApplicationCode::NoVerifier.refuse(none));
            }
            (Some(_), Some(_)) => "Another code_challenge belongs to this code_verifier.",
            (None, Some(_)) => "There is a code_verifier, and there was no code_challenge.",
        };
        Err(ApplicationCode::CodeVerifier.refuse(why))
    }
}

fn another_application(what: &str) -> Refusal {
    ApplicationCode::InvalidGrant.refuse(format!("The {what} was given to another application."))
}

fn unknown(what: &str) -> Refusal {
    ApplicationCode::Malformed.refuse(format!("The {what} was not given here."))
}

#[cfg(test)]
#[path = "token_tests.rs"]
mod tests;
