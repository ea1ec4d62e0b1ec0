//! Who an application is that asks for tokens, and how it proves that (RFC 6749 2.3).

use base64::{Engine, engine::general_purpose::STANDARD};
use hyper::header::AUTHORIZATION;
use time::OffsetDateTime;

use super::{
    application,
    client_assertion::{ClientAssertion, JWT_BEARER},
    request::{missing, unreadable},
};
use crate::{
    entra::{
        Address, Application, ApplicationCode, ObjectId, Platform, Refusal, Simulator, Tenants,
        begin, instant,
    },
    http::{Form, Request},
};

/// An application at a token endpoint, and what it has brought to prove that it is it.
pub(super) struct Client<'t> {
    pub(super) application: &'t Application,
    brought: Brought,
}

enum Brought {
    Nothing,
    Secret(String),
    /// With `client_assertion_type`.
    Assertion(String, Option<String>),
}

/// How an application has proven who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Proof {
    /// Not at all, as it cannot keep a secret.
    None,
    Secret,
    Certificate,
}

impl Proof {
    /// `azpacr`, and `appidacr` by v1.
    pub(super) fn claim(self) -> &'static str {
        match self {
            Self::None => "0",
            Self::Secret => "1",
            Self::Certificate => "2",
        }
    }
}

impl<'t> Client<'t> {
    /// Reads it from the parameters, or from the header of HTTP Basic.
    pub(super) fn read(
        request: &Request,
        form: &Form,
        tenants: &'t Tenants,
        address: Address<'t>,
    ) -> Result<Self, Refusal> {
        let single = |name| form.single(name).map_err(unreadable);
        let (posted, secret) = (single("client_id")?, single("client_secret")?);
        let assertion = single("client_assertion")?;
        let assertion_type = single("client_assertion_type")?;
        let basic = request.header(AUTHORIZATION.as_str()).and_then(basic);
        let (name, basic_secret) = basic.unzip();
        let name = match (posted, name.as_deref()) {
            (Some(posted), Some(name)) if posted != name => {
                return Err(twice(
                    "The client_id is another one than that of HTTP Basic.",
                ));
            }
            (posted, name) => posted.or(name).ok_or_else(|| missing("client_id"))?,
        };
        let application = application(tenants, address, name)?;
        let secret = match (secret.map(str::to_owned), basic_secret) {
            (Some(_), Some(_)) => {
                return Err(twice(
                    "There are two secrets: in the body and by HTTP Basic.",
                ));
            }
            (posted, basic) => posted.or(basic),
        };
        let brought = match (secret, assertion) {
            (None, None) => Brought::Nothing,
            (Some(secret), None) => Brought::Secret(secret),
            (None, Some(assertion)) => {
                let assertion_type = assertion_type.map(str::to_owned);
                Brought::Assertion(assertion.to_owned(), assertion_type)
            }
            (Some(_), Some(_)) => {
                return Err(twice("There are a client_secret and a client_assertion."));
            }
        };
        Ok(Self {
            application,
            brought,
        })
    }
}

/// RFC 6749 2.3: one method in a request.
fn twice(detail: &str) -> Refusal {
    ApplicationCode::InvalidRequest.refuse(detail)
}

/// The name and the secret of HTTP Basic, each encoded as in a form (RFC 6749 2.3.1).
fn basic(header: &str) -> Option<(String, String)> {
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("Basic") {
        return None;
    }
    let pair = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (name, secret) = pair.split_once(':')?;
    // As the name of a field without a value, in which nothing separates.
    let decoded = |text: &str| {
        let text = text.replace('=', "%3D").replace('&', "%26");
        let mut fields = form_urlencoded::parse(text.as_bytes());
        fields
            .next()
            .map_or_else(String::new, |(text, _)| text.into_owned())
    };
    Some((decoded(name), decoded(secret)))
}

impl Simulator {
    /// Whether an application proves who it is, where it has to; and does not, where it cannot.
    pub(super) fn authenticate(
        &self,
        client: &Client<'_>,
        platform: Platform,
        address: Address<'_>,
        now: OffsetDateTime,
    ) -> Result<Proof, Refusal> {
        let application = client.application;
        match (platform.is_confidential(), &client.brought) {
            (false, Brought::Nothing) => Ok(Proof::None),
            (false, _) => {
                let sent = "There is a client_secret, or a client_assertion.";
                Err(ApplicationCode::PublicClient.refuse(sent))
            }
            (true, Brought::Nothing) => {
                let none = "There is no client_secret, and no client_assertion.";
                Err(ApplicationCode::NoSecret.refuse(none))
            }
            (true, Brought::Secret(secret)) if application.has_secret(secret) => Ok(Proof::Secret),
            (true, Brought::Secret(_)) => Err(ApplicationCode::WrongSecret
                .refuse(format!("It is none of {}'s.", application.display_name))),
            (true, Brought::Assertion(text, kind)) => {
                if kind.as_deref() != Some(JWT_BEARER) {
                    let other = format!("The client_assertion_type is not {JWT_BEARER}.");
                    return Err(ApplicationCode::MalformedAssertion.refuse(other));
                }
                let assertion = ClientAssertion::parse(text)
                    .map_err(|why| ApplicationCode::MalformedAssertion.refuse(why))?;
                self.judge_assertion(&assertion, application, address, now)?;
                Ok(Proof::Certificate)
            }
        }
    }

    /// Whether an assertion is the application's own, for us, and for now (RFC 7523 3).
    fn judge_assertion(
        &self,
        assertion: &ClientAssertion,
        application: &Application,
        address: Address<'_>,
        now: OffsetDateTime,
    ) -> Result<(), Refusal> {
        let mut registered = application.key_credentials.iter().map(|it| &it.key);
        let certificate = registered.find(|it| assertion.names(it)).ok_or_else(|| {
            ApplicationCode::AssertionSignature.refuse(
                "The certificate with the identifier used to sign the client assertion is not \
                 registered with the application.",
            )
        })?;
        if !(certificate.not_before()..=certificate.not_after()).contains(&now) {
            let not_now = "The certificate used to sign the client assertion is not valid now.";
            return Err(ApplicationCode::AssertionSignature.refuse(not_now));
        }
        if !assertion.is_signed_by(certificate) {
            let wrong = "The registered certificate does not verify the signature.";
            return Err(ApplicationCode::AssertionSignature.refuse(wrong));
        }
        let claims = &assertion.claims;
        let itself = |name: &str| ObjectId::parse(name).is_ok_and(|id| id == application.app_id);
        if !itself(&claims.iss) || !itself(&claims.sub) {
            let other = "iss and sub of the client assertion have to be the client_id.";
            return Err(ApplicationCode::AssertionOfAnother.refuse(other));
        }
        if !self.is_our_audience(&claims.aud, address) {
            let shown: String = claims.aud.chars().take(200).collect();
            return Err(ApplicationCode::AssertionAudience.refuse(format!(
                "The aud of the client assertion is {shown:?}, and not the token endpoint's address."
            )));
        }
        let skew = self.settings().expectations.clock_skew;
        let begun = claims.nbf.is_none_or(|nbf| nbf - now <= skew);
        if !begun || now - claims.exp >= skew {
            return Err(ApplicationCode::AssertionTime.refuse(format!(
                "Its exp is {}, and it is {}.",
                instant::to_seconds(claims.exp),
                instant::to_seconds(now)
            )));
        }
        Ok(())
    }

    /// The token endpoint, or the issuer, of the tenant that is asked, whatever its name there.
    fn is_our_audience(&self, audience: &str, address: Address<'_>) -> bool {
        let path = audience.strip_prefix(self.base_url());
        let named = path.and_then(|path| path.strip_prefix('/')?.split_once('/'));
        let Some((segment, "oauth2/v2.0/token" | "oauth2/token" | "v2.0" | "")) = named else {
            return false;
        };
        match (begin::address(&self.tenants(), segment), address) {
            (Ok(Address::Common), Address::Common) => true,
            (Ok(Address::Tenanted(meant)), Address::Tenanted(asked)) => {
                meant.name() == asked.name()
            }
            _ => false,
        }
    }
}

#[cfg(test)]
#[path = "client_tests.rs"]
mod tests;
