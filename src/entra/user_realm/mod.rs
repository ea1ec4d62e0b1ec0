//! What Entra tells an application about the domain of a name, before a password is asked for.
//!
//! Three documents say the same in different words: `userrealm` in `api-version` 1.0, which MSAL
//! asks, in 2.0 and 2.1, which Entra's pages have asked, and `GetUserRealm.srf`, which tools ask. None
//! of their addresses names a tenant, so that the domain of the name alone decides: whether there is
//! such a user is not told, and the email of a partner leads to her own organization's.

mod credential_type;
mod documents;

pub use documents::UserRealm;

use hyper::StatusCode;
use time::OffsetDateTime;

use super::{
    Aadsts, DomainName, InternalDomainFederation, PreferredAuthenticationProtocol, SignInName,
    Simulator, Tenant, Tenants,
    open_id::document,
    query::{Query, percent_decode},
};
use crate::http::{FormError, Request, Response, response};
use documents::{Extended, Srf};

/// The realm of a name, whichever document tells it.
#[derive(Debug)]
struct NamedRealm<'t> {
    /// The name as it was asked for.
    login: String,
    /// Its domain.
    domain: Option<DomainName>,
    /// In which tenant that is verified.
    tenant: Option<&'t Tenant>,
    /// Who vouches there.
    federation: Option<&'t InternalDomainFederation>,
    /// The host of Entra's endpoints.
    cloud_instance_name: &'t str,
    /// Whom a token has to be for.
    audience: &'t str,
}

impl<'t> NamedRealm<'t> {
    /// `login` may be a domain alone: the addresses take that, too.
    fn of(tenants: &'t Tenants, login: &str, simulator: &'t Simulator) -> Self {
        let domain = match SignInName::parse(login) {
            Ok(name) => Some(name.domain().clone()),
            Err(_) => DomainName::parse(login).ok(),
        };
        let tenant = domain.as_ref().and_then(|name| tenants.of_domain(name));
        let federation = domain
            .as_ref()
            .and_then(|name| tenant?.federation_of(name))
            .map(|(_, federation)| federation);
        // It is said again, in XML, too.
        let is_text = |c: &char| !c.is_control() && !matches!(c, '\u{fffe}' | '\u{ffff}');
        Self {
            login: login.chars().filter(is_text).take(320).collect(),
            domain,
            tenant,
            federation,
            cloud_instance_name: simulator.base_url().rsplit('/').next().unwrap_or_default(),
            audience: simulator.audience(),
        }
    }

    /// `Federated`, `Managed` or `Unknown`.
    fn kind(&self) -> &'static str {
        match (self.tenant, self.federation) {
            (None, _) => "Unknown",
            (Some(_), None) => "Managed",
            (Some(_), Some(_)) => "Federated",
        }
    }

    /// The organization, or its identity provider.
    fn brand(&self) -> Option<String> {
        let tenant = self.tenant?.display_name();
        let brand = self.federation.map_or(tenant, |it| &it.display_name);
        Some(brand.to_owned())
    }

    /// The domain, where it belongs to somebody.
    fn known_domain(&self) -> Option<String> {
        self.tenant?;
        self.domain.as_ref().map(DomainName::to_string)
    }

    /// Where a browser would be sent.
    fn auth_url(&self) -> Option<String> {
        Some(auth_url(self.federation?, &self.login, self.audience))
    }
}

/// Where a browser would be sent: by WS-Federation as it was captured, without a `wctx`. What it
/// is by SAML is not known (facts 8), and there the address is told as it is registered.
fn auth_url(federation: &InternalDomainFederation, login: &str, audience: &str) -> String {
    let mut url = Query::onto(&federation.passive_sign_in_uri);
    if is_ws_federation(federation) {
        url.push("username", login);
        url.push("wa", "wsignin1.0");
        url.push("wtrealm", audience);
        url.push("wctx", "");
    }
    url.finish()
}

fn is_ws_federation(federation: &InternalDomainFederation) -> bool {
    federation.preferred_authentication_protocol == PreferredAuthenticationProtocol::WsFed
}

impl Simulator {
    /// What MSAL is told about a name.
    pub fn user_realm(&self, name: &str) -> UserRealm {
        UserRealm::of(&NamedRealm::of(&self.tenants(), name, self))
    }

    /// `/common/userrealm/{name}`, or with `user` in the query. `name` is a path's segment.
    pub(super) fn user_realm_document(
        &self,
        name: &str,
        request: &Request,
        now: OffsetDateTime,
    ) -> Response {
        let asked = request.query().and_then(|query| {
            let user = query.single("user")?.map(str::to_owned);
            let version = query.single("api-version")?.map(str::to_owned);
            Ok((user, version))
        });
        let (user, version) = match asked {
            Ok(asked) => asked,
            Err(error) => return self.refuse_parameters(error, now),
        };
        let name = match (name, user) {
            ("", Some(user)) => user,
            ("", None) => return self.refuse_missing("user", now),
            (name, _) => percent_decode(name).unwrap_or_default(),
        };
        let tenants = self.tenants();
        let realm = NamedRealm::of(&tenants, &name, self);
        match version.as_deref() {
            Some("1.0") => document(StatusCode::OK, &UserRealm::of(&realm)),
            Some("2.0") => document(StatusCode::OK, &Extended::of(&realm)),
            Some("2.1") => document(StatusCode::OK, &Extended::of(&realm).by_2_1()),
            _ => self.refuse_missing("api-version", now),
        }
    }

    /// `/GetUserRealm.srf`, in JSON, or with `xml=1` in XML.
    pub(super) fn get_user_realm(&self, request: &Request, now: OffsetDateTime) -> Response {
        let asked = request.query().and_then(|query| {
            let login = query.single("login")?.map(str::to_owned);
            Ok((login, query.single("xml")? == Some("1")))
        });
        let tenants = self.tenants();
        match asked {
            Err(error) => self.refuse_parameters(error, now),
            Ok((None, _)) => self.refuse_missing("login", now),
            Ok((Some(login), xml)) => {
                let srf = Srf::of(&NamedRealm::of(&tenants, &login, self));
                if xml {
                    response::typed(StatusCode::OK, "text/xml; charset=utf-8", srf.to_xml())
                } else {
                    document(StatusCode::OK, &srf)
                }
            }
        }
    }

    fn refuse_parameters(&self, error: FormError, now: OffsetDateTime) -> Response {
        let refusal = Aadsts::MissingField.refuse(format!("{error}."));
        self.refuse_application(&refusal, now)
    }

    /// What Entra says of a parameter that is not there, or a version that is none, is not known.
    fn refuse_missing(&self, parameter: &str, now: OffsetDateTime) -> Response {
        let refusal = Aadsts::MissingField.refuse_saying(
            format!("The required field '{parameter}' is missing from the request."),
            match parameter {
                "api-version" => "api-version is 1.0, 2.0 or 2.1.".to_owned(),
                other => format!("There is no {other}."),
            },
        );
        self.refuse_application(&refusal, now)
    }
}

#[cfg(test)]
mod tests;
