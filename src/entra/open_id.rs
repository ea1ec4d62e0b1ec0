//! What applications ask Entra for without a browser: which address is for what, and whose a token is.

use hyper::{
    Method, StatusCode,
    header::{AUTHORIZATION, CACHE_CONTROL, HeaderValue, WWW_AUTHENTICATE},
};
use serde::Serialize;
use serde_json::json;
use time::OffsetDateTime;

use super::{
    Aadsts, Address, ApplicationCode, Decision, Outcome, Refusal, Simulator,
    oauth::{GrantType, Version},
};
use crate::http::{Request, Response, response};

/// The grant that a SAML 1.1 assertion is brought by.
pub(super) const SAML1_GRANT: &str = "urn:ietf:params:oauth:grant-type:saml1_1-bearer";

impl Simulator {
    /// The token endpoint: a grant comes in, tokens go out, or Entra's error.
    pub(super) fn token(
        &self,
        request: &Request,
        address: Address<'_>,
        version: Version,
        now: OffsetDateTime,
    ) -> Response {
        let form = request.form();
        let name = form.as_ref().map_err(|error| *error);
        let refusal = match name.and_then(|form| Ok((form, form.single("grant_type")?))) {
            Ok((_, None)) => ApplicationCode::missing("grant_type"),
            Ok((form, Some(name))) => {
                if let Some(grant_type) = GrantType::named(name) {
                    return self.tokens(request, form, grant_type, (address, version), now);
                }
                let other: String = name.chars().take(120).collect();
                Aadsts::UnsupportedGrant.refuse(format!("The grant_type is {other:?}."))
            }
            Err(error) => ApplicationCode::RepeatedParameter.refuse(format!("{error}.")),
        };
        self.refuse_application(&refusal, now)
    }

    /// A refusal that is recorded, and told.
    pub(super) fn refuse_application(&self, refusal: &Refusal, now: OffsetDateTime) -> Response {
        refusal_document(&self.refuse(refusal.clone(), now))
    }

    /// Whose access token it is (`OpenID` Connect Core 5.3).
    pub(super) fn user_info(&self, request: &Request, now: OffsetDateTime) -> Response {
        let token = request
            .header(AUTHORIZATION.as_str())
            .and_then(|value| value.strip_prefix("Bearer "));
        let Some((user, subject)) = token.and_then(|token| self.access_tokens.user_of(token, now))
        else {
            let mut refused =
                document(StatusCode::UNAUTHORIZED, &json!({"error": "invalid_token"}));
            refused
                .headers_mut()
                .insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            return refused;
        };
        let upn = user.user_principal_name.to_string();
        document(
            StatusCode::OK,
            &json!({
                "sub": subject,
                "name": user.display_name,
                "preferred_username": upn,
            }),
        )
    }
}

/// A refusal in the form in which Entra tells applications (RFC 6749 5.2, and more).
pub(super) fn refusal_document(outcome: &Outcome) -> Response {
    let Decision::Refused(refusal) = &outcome.decision else {
        return response::text(StatusCode::INTERNAL_SERVER_ERROR, "The simulator failed.\n");
    };
    let error = refusal.code.error();
    let Outcome {
        correlation_id,
        timestamp,
        ..
    } = outcome;
    let status = match error {
        "invalid_client" => StatusCode::UNAUTHORIZED,
        _ => StatusCode::BAD_REQUEST,
    };
    document(
        status,
        &json!({
            "error": error,
            "error_description": outcome.told(refusal),
            "error_codes": [refusal.code.number()],
            "timestamp": timestamp,
            "correlation_id": correlation_id,
        }),
    )
}

/// A document for one application at this time.
pub(super) fn document(status: StatusCode, content: &impl Serialize) -> Response {
    let Ok(text) = serde_json::to_vec(content) else {
        return response::text(StatusCode::INTERNAL_SERVER_ERROR, "The simulator failed.\n");
    };
    let mut answer = response::json(status, text);
    answer
        .headers_mut()
        .insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

/// An address that applications ask.
pub(super) enum Endpoint<'r> {
    /// `/common/userrealm/{name}`, or `/common/userrealm?user={name}`.
    UserRealm(&'r str),
    /// `/getuserrealm.srf`, in any case.
    GetUserRealm,
    /// `/{tenant}/v2.0/.well-known/openid-configuration`, and without `v2.0` for v1.
    Configuration(&'r str, Version),
    /// `/{tenant}/discovery/v2.0/keys`, and for v1 `/{tenant}/discovery/keys`.
    Keys,
    /// `/{tenant}/oauth2/v2.0/token`, and for v1 `/{tenant}/oauth2/token`.
    Token(&'r str, Version),
    /// `/{tenant}/oauth2/v2.0/devicecode`.
    DeviceCode(&'r str),
    /// `/common/discovery/instance`.
    Instance,
    /// `/oidc/userinfo`.
    UserInfo,
}

impl<'r> Endpoint<'r> {
    /// The one that a path, without its first slash, leads to.
    pub(super) fn of(path: &'r str) -> Option<Self> {
        if path.eq_ignore_ascii_case("getuserrealm.srf") {
            return Some(Self::GetUserRealm);
        }
        if path == "oidc/userinfo" {
            return Some(Self::UserInfo);
        }
        match path.split_once('/')? {
            ("common", rest) if rest == "userrealm" || rest.starts_with("userrealm/") => {
                let name = rest.strip_prefix("userrealm")?.trim_start_matches('/');
                (!name.contains('/')).then_some(Self::UserRealm(name))
            }
            ("common", "discovery/instance") => Some(Self::Instance),
            (tenant, "v2.0/.well-known/openid-configuration") => {
                Some(Self::Configuration(tenant, Version::V2))
            }
            (tenant, ".well-known/openid-configuration") => {
                Some(Self::Configuration(tenant, Version::V1))
            }
            (tenant, "oauth2/v2.0/devicecode") => Some(Self::DeviceCode(tenant)),
            (_, "discovery/v2.0/keys" | "discovery/keys") => Some(Self::Keys),
            (tenant, "oauth2/v2.0/token") => Some(Self::Token(tenant, Version::V2)),
            (tenant, "oauth2/token") => Some(Self::Token(tenant, Version::V1)),
            _ => None,
        }
    }

    /// The one method that it takes.
    pub(super) fn method(&self) -> Method {
        match self {
            Self::Token(..) | Self::DeviceCode(_) => Method::POST,
            _ => Method::GET,
        }
    }
}

#[cfg(test)]
#[path = "open_id_tests.rs"]
mod tests;
