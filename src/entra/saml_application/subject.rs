//! Who it is, in an assertion's words: the `NameID`, the claims, and how somebody has signed in
//! (Microsoft: "SAML token claims reference"; the claims and their order as captured).

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};

use super::issuer;
use crate::entra::{ObjectId, SignInName, Tenant, User, random};

const IDENTITY: &str = "http://schemas.microsoft.com/identity/claims";
const CLAIMS: &str = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims";
const METHOD: &str = "http://schemas.microsoft.com/ws/2008/06/identity/authenticationmethod";
const CLASS: &str = "urn:oasis:names:tc:SAML:2.0:ac:classes";
const WINDOWS: &str = "urn:federation:authentication:windows";

/// The kinds of names that are given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NameIdFormat {
    /// The same in each sign-in to one application, and another one in any other's.
    Persistent,
    /// Another one in each sign-in.
    Transient,
    EmailAddress,
    Unspecified,
}

impl NameIdFormat {
    pub(super) fn of(uri: &str) -> Option<Self> {
        [
            Self::Persistent,
            Self::Transient,
            Self::EmailAddress,
            Self::Unspecified,
        ]
        .into_iter()
        .find(|format| format.uri() == uri)
    }

    fn uri(self) -> &'static str {
        match self {
            Self::Persistent => "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
            Self::Transient => "urn:oasis:names:tc:SAML:2.0:nameid-format:transient",
            Self::EmailAddress => "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress",
            Self::Unspecified => "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified",
        }
    }
}

/// `NameIDPolicy`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct NameIdPolicy {
    pub(super) format: Option<NameIdFormat>,
    pub(super) sp_name_qualifier: Option<String>,
}

/// How an application knows somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NameId {
    pub(super) format: &'static str,
    pub(super) sp_name_qualifier: Option<String>,
    pub(super) value: String,
}

/// Somebody, for one application.
#[derive(Clone, Copy)]
pub(super) struct Subject<'a> {
    pub(super) tenant: &'a Tenant,
    pub(super) user: &'a User,
    pub(super) application: &'a ObjectId,
}

impl Subject<'_> {
    /// The name of the kind that is asked for. Without a wish it is the UPN, as an email address:
    /// what an application has that nobody has configured otherwise.
    pub(super) fn name_id(&self, policy: &NameIdPolicy) -> NameId {
        let format = policy.format.unwrap_or(NameIdFormat::EmailAddress);
        let value = match format {
            NameIdFormat::Persistent => {
                let text = format!("{} {}", self.user.id, self.application);
                BASE64.encode(digest(&SHA256, text.as_bytes()))
            }
            NameIdFormat::Transient => format!("_{}", random::guid()),
            NameIdFormat::EmailAddress | NameIdFormat::Unspecified => {
                self.user.user_principal_name.to_string()
            }
        };
        NameId {
            format: format.uri(),
            sp_name_qualifier: policy.sp_name_qualifier.clone(),
            value,
        }
    }

    /// The claims that an application gets which nobody has configured otherwise. What a user does not
    /// have is left out.
    pub(super) fn claims(&self, method: &Method) -> Vec<(String, String)> {
        let (tenant, user) = (self.tenant, self.user);
        let email = user.mail().map(SignInName::to_string);
        let upn = user.user_principal_name.to_string();
        let claims = [
            (IDENTITY, "tenantid", Some(tenant.id().to_string())),
            (IDENTITY, "objectidentifier", Some(user.id.to_string())),
            (IDENTITY, "displayname", Some(user.display_name.clone())),
            // Of a guest who was synced this tenant is the home.
            (IDENTITY, "identityprovider", Some(issuer(tenant))),
            (
                "http://schemas.microsoft.com/claims",
                "authnmethodsreferences",
                Some(method.reference.clone()),
            ),
            (CLAIMS, "givenname", user.given_name.clone()),
            (CLAIMS, "surname", user.surname.clone()),
            (CLAIMS, "emailaddress", email),
            (CLAIMS, "name", Some(upn)),
        ];
        claims
            .into_iter()
            .filter_map(|(space, name, value)| Some((format!("{space}/{name}"), value?)))
            .collect()
    }
}

/// How somebody has signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Method {
    /// `AuthnContextClassRef`.
    pub(super) class: String,
    /// `authnmethodsreferences`.
    reference: String,
}

impl Method {
    /// What the identity provider said is passed on; passwords and Windows have two names each.
    pub(super) fn of(authn_context: &str) -> Self {
        let (class, reference) = match authn_context {
            "urn:oasis:names:tc:SAML:1.0:am:password" => (password(), method("password")),
            _ if authn_context == password() || authn_context == method("password") => {
                (password(), method("password"))
            }
            WINDOWS => (WINDOWS.to_owned(), method("windows")),
            _ if authn_context == method("windows") => (WINDOWS.to_owned(), method("windows")),
            other => (other.to_owned(), other.to_owned()),
        };
        Self { class, reference }
    }

    /// Whether it is one that an application asks for, if it does.
    pub(super) fn meets(&self, contexts: &[String]) -> bool {
        let plain = |class: &str| match class.strip_prefix(CLASS) {
            // Each password comes by TLS here.
            Some(":PasswordProtectedTransport") => password(),
            _ => class.to_owned(),
        };
        let is_any = |class: &str| {
            class
                .strip_prefix(CLASS)
                .is_some_and(|name| name.eq_ignore_ascii_case(":unspecified"))
        };
        contexts.is_empty()
            || contexts
                .iter()
                .any(|asked| is_any(asked) || plain(asked) == plain(&self.class))
    }
}

fn password() -> String {
    format!("{CLASS}:Password")
}

fn method(name: &str) -> String {
    format!("{METHOD}/{name}")
}
