//! Entra as SAML applications see it: an identity provider by SAML 2.0, round the federated sign-in.
//!
//! `message` takes a message out of a query or a form, and `head` reads what each has in common.
//! `authn_request` says what an application asks for, and `asked` whether it may be answered, and where;
//! `sign_in` answers from a session, or remembers it
//! while the browser goes the same way as everybody's, and answers then. `subject` says what an assertion
//! holds, and `response` writes it. `sign_out` ends sessions and has the other applications told, by
//! addresses that `redirect` writes. `metadata` is what an application is configured from.
//!
//! This is a second implementation of SAML 2.0's identity provider, beside the one that the crate is for:
//! an application's mistake that one of the two forgives, the other need not.

mod asked;
mod authn_request;
mod head;
mod message;
mod metadata;
mod redirect;
mod response;
mod sign_in;
mod sign_out;
mod subject;

use time::Duration;

use super::{
    Address, Application, ObjectId, Refusal, SamlApplicationCode, Tenant, Tenants, oauth::Tickets,
};
pub(super) use asked::Asked;
use authn_request::AuthnRequest;

const SAML: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
const SAMLP: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
const REDIRECT: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect";
const POST: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST";

/// What applications wait for.
#[derive(Debug)]
pub(super) struct Waiting(Tickets<Asked>);

impl Default for Waiting {
    fn default() -> Self {
        Self(Tickets::new(Duration::minutes(15)))
    }
}

/// An application that was told of a session, and how it knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Participant {
    application: ObjectId,
    name_id: subject::NameId,
    session_index: String,
}

impl Participant {
    /// Whether it is the same application.
    pub(super) fn is_of(&self, other: &Self) -> bool {
        self.application == other.application
    }
}

/// The entity ID of a tenant, and the issuer of its assertions.
fn issuer(tenant: &Tenant) -> String {
    format!("https://sts.windows.net/{}/", tenant.id())
}

/// The application that calls itself so: at a tenant's address one of this tenant, else one of any.
fn application<'t>(
    tenants: &'t Tenants,
    address: Address<'t>,
    name: &str,
) -> Result<&'t Application, Refusal> {
    let of = |tenant: &'t Tenant| tenant.applications().iter().find(|it| it.is_called(name));
    let (found, directory) = match address {
        Address::Tenanted(tenant) => (of(tenant), tenant.display_name()),
        Address::Common => (tenants.iter().find_map(of), "common"),
    };
    found.ok_or_else(|| {
        let shown: String = name.chars().take(200).collect();
        SamlApplicationCode::NoApplication.refuse_saying(
            format!(
                "Application with identifier '{shown}' was not found in the directory \
                 '{directory}'."
            ),
            format!("The Issuer is {shown:?}; no identifierUris has it."),
        )
    })
}

#[cfg(test)]
mod tests;
