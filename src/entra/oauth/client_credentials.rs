//! Applications that ask for themselves, with nobody signed in (RFC 6749 4.4): by a certificate, whose key
//! signs a client assertion (RFC 7523), or by a secret.

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use hyper::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use time::OffsetDateTime;
use x509_parser::{parse_x509_certificate, public_key::PublicKey};

use super::{application, request::missing};
use crate::{
    entra::{
        Aadsts, Address, Application, ApplicationCode, DomainName, Refusal, Simulator, Tenant,
        open_id::document,
    },
    http::{Form, FormError, Response},
    keys::{Certificate, JsonWebAlgorithm, JsonWebKey},
};

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// What an application may do at Graph, for as long as its token is good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::entra) struct Access {
    pub(in crate::entra) tenant: DomainName,
    pub(in crate::entra) permissions: Vec<String>,
}

/// The claims of a client assertion that are looked at.
#[derive(Deserialize)]
struct Claims {
    aud: String,
    iss: String,
    sub: String,
    jti: String,
    exp: i64,
    #[serde(default)]
    nbf: i64,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    #[serde(rename = "x5t#S256")]
    sha256: Option<String>,
    x5t: Option<String>,
}

impl Simulator {
    pub(super) fn client_credentials(
        &self,
        form: &Form,
        address: Address<'_>,
        now: OffsetDateTime,
    ) -> Response {
        match self.application_access(form, address, now) {
            Ok(access) => {
                let token = self.provider.applications.hold(access, now);
                document(
                    StatusCode::OK,
                    &json!({"token_type": "Bearer", "expires_in": 3599, "access_token": token}),
                )
            }
            Err(refusal) => self.refuse_application(&refusal, now),
        }
    }

    /// What the application with this token may do.
    pub(in crate::entra) fn access_by(&self, token: &str, now: OffsetDateTime) -> Option<Access> {
        let access = |access: &mut Access| access.clone();
        self.provider.applications.with(token, now, access).ok()
    }

    fn application_access(
        &self,
        form: &Form,
        address: Address<'_>,
        now: OffsetDateTime,
    ) -> Result<Access, Refusal> {
        let field = |name| form.single(name).map_err(|error| unread(&error));
        let Address::Tenanted(tenant) = address else {
            return Err(ApplicationCode::NoApplication.refuse(
                "An application asks for itself at the address of a tenant, not at /common.",
            ));
        };
        let tenants = self.tenants();
        let client_id = field("client_id")?.ok_or_else(|| missing("client_id"))?;
        let application = application(&tenants, address, client_id)?;
        match (
            field("client_assertion_type")?,
            field("client_assertion")?,
            field("client_secret")?,
        ) {
            (Some(ASSERTION_TYPE), Some(assertion), None) => {
                self.verify(assertion, application, tenant, now)?;
            }
            (None, None, Some(secret)) if application.has_secret(secret) => {}
            (None, None, Some(_)) => {
                let none = format!("It is none of {}'s.", application.display_name);
                return Err(ApplicationCode::WrongSecret.refuse(none));
            }
            _ => {
                return Err(ApplicationCode::NoSecret.refuse(
                    "There is neither a client_assertion of type jwt-bearer nor a client_secret, \
                     or there are both.",
                ));
            }
        }
        let scope = field("scope")?.unwrap_or_default();
        let own = format!("{}/.default", self.base_url());
        if scope != "https://graph.microsoft.com/.default" && scope != own {
            return Err(ApplicationCode::ScopeOfApplication
                .refuse(format!("The scope is {:?}.", short(scope))));
        }
        Ok(Access {
            tenant: tenant.name().clone(),
            permissions: application.application_permissions.clone(),
        })
    }

    fn verify(
        &self,
        assertion: &str,
        application: &Application,
        tenant: &Tenant,
        now: OffsetDateTime,
    ) -> Result<(), Refusal> {
        let wrong = |why: &str| ApplicationCode::ClientAssertion.refuse(why);
        let parts: Vec<&str> = assertion.split('.').collect();
        let [header, claims, signature] = parts.as_slice() else {
            return Err(wrong("It is no signed token of three parts."));
        };
        let decoded = |part: &str| BASE64.decode(part).ok();
        let header: Option<Header> =
            decoded(header).and_then(|it| serde_json::from_slice(&it).ok());
        let header = header.ok_or_else(|| wrong("Its header is not JSON with alg."))?;
        let algorithm = match header.alg.as_str() {
            "PS256" => JsonWebAlgorithm::Ps256,
            "RS256" => JsonWebAlgorithm::Rs256,
            _ => return Err(wrong("It is signed neither by PS256 nor by RS256.")),
        };
        let certificate = application
            .certificates()
            .find(|certificate| header.names(certificate))
            .ok_or_else(|| wrong("No keyCredential has the thumbprint x5t#S256, or x5t."))?;
        let signed = assertion.rsplit_once('.').map_or("", |(signed, _)| signed);
        let holds = key(certificate)
            .zip(decoded(signature))
            .is_some_and(|(key, signature)| {
                key.verify(algorithm, signed.as_bytes(), &signature).is_ok()
            });
        if !holds {
            return Err(wrong("Its signature does not hold."));
        }
        let claims: Option<Value> = decoded(claims).and_then(|it| serde_json::from_slice(&it).ok());
        let claims: Claims = claims
            .and_then(|claims| serde_json::from_value(claims).ok())
            .ok_or_else(|| wrong("It does not have aud, iss, sub, jti and exp."))?;
        let id = application.app_id.as_str();
        if claims.iss != id || claims.sub != id || claims.jti.is_empty() {
            return Err(wrong("iss and sub are not the client_id, or jti is empty."));
        }
        let base = self.base_url();
        let names = [tenant.name().as_str(), tenant.id().as_str()];
        let audiences = names.map(|name| format!("{base}/{name}/oauth2/v2.0/token"));
        if !audiences.contains(&claims.aud) {
            return Err(wrong(&format!(
                "Its aud is {:?}, and not {:?}.",
                short(&claims.aud),
                audiences.first()
            )));
        }
        let at = now.unix_timestamp();
        // Entra allows for clocks that differ by five minutes.
        if claims.exp + 300 <= at || at + 300 < claims.nbf {
            return Err(ApplicationCode::ClientAssertionTime.refuse(format!(
                "It is {at}, and the assertion is good from {} to {}.",
                claims.nbf, claims.exp
            )));
        }
        Ok(())
    }
}

impl Header {
    fn names(&self, certificate: &Certificate) -> bool {
        let is = |named: &Option<String>, algorithm| {
            let thumbprint = BASE64.encode(digest(algorithm, certificate.der()));
            named.as_deref() == Some(thumbprint.as_str())
        };
        is(&self.sha256, &SHA256) || is(&self.x5t, &SHA1_FOR_LEGACY_USE_ONLY)
    }
}

fn key(certificate: &Certificate) -> Option<JsonWebKey> {
    let (_, parsed) = parse_x509_certificate(certificate.der()).ok()?;
    match parsed.public_key().parsed() {
        Ok(PublicKey::RSA(key)) => JsonWebKey::rsa(key.modulus, key.exponent).ok(),
        _ => None,
    }
}

fn unread(error: &FormError) -> Refusal {
    Aadsts::MissingField.refuse(format!("{error}."))
}

fn short(text: &str) -> String {
    text.chars().take(200).collect()
}

#[cfg(test)]
#[path = "client_credentials_tests.rs"]
mod tests;
