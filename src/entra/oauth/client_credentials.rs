//! Applications that ask for themselves, with nobody signed in (RFC 6749 4.4).

use hyper::StatusCode;
use serde_json::json;
use time::OffsetDateTime;

use super::{Platform, client::Client, request::unreadable};
use crate::{
    entra::{Address, ApplicationCode, DomainName, Refusal, Simulator, open_id::document},
    http::{Form, Request, Response},
};

/// What an application may do at Graph, for as long as its token is good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::entra) struct Access {
    pub(in crate::entra) tenant: DomainName,
    pub(in crate::entra) permissions: Vec<String>,
}

impl Simulator {
    /// A token for Graph. To everybody but Graph, such a token is opaque.
    pub(super) fn client_credentials(
        &self,
        request: &Request,
        form: &Form,
        address: Address<'_>,
        now: OffsetDateTime,
    ) -> Response {
        match self.application_access(request, form, address, now) {
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
        request: &Request,
        form: &Form,
        address: Address<'_>,
        now: OffsetDateTime,
    ) -> Result<Access, Refusal> {
        let Address::Tenanted(tenant) = address else {
            return Err(ApplicationCode::NoApplication.refuse(
                "An application asks for itself at the address of a tenant, not at /common.",
            ));
        };
        let tenants = self.tenants();
        let client = Client::read(request, form, &tenants, address)?;
        // Whoever asks for itself has to prove who it is, wherever else it runs.
        self.authenticate(&client, Platform::Web, address, now)?;
        let scope = form
            .single("scope")
            .map_err(unreadable)?
            .unwrap_or_default();
        let own = format!("{}/.default", self.base_url());
        if scope != "https://graph.microsoft.com/.default" && scope != own {
            let shown: String = scope.chars().take(200).collect();
            let refusal = format!("The scope is {shown:?}.");
            return Err(ApplicationCode::ScopeOfApplication.refuse(refusal));
        }
        Ok(Access {
            tenant: tenant.name().clone(),
            permissions: client.application.application_permissions.clone(),
        })
    }
}

#[cfg(test)]
#[path = "client_credentials_tests.rs"]
mod tests;
