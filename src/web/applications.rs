//! `/applications`: what a person may open, for whoever comes without being sent by anybody.
//!
//! It is the way in for partners whose email Entra's own page would not lead anywhere: they sign in
//! here, and each link says who they are by the name that the tenant knows. Who has not signed in
//! sees the sign-in page, and learns no name.

use askama::Template;
use hyper::StatusCode;

use crate::{
    http::{PageSecurity, Request, Response, response},
    observe::CorrelationId,
    signin::Session,
    trust::Subject,
};

use super::{
    IdentityProvider,
    pages::{ApplicationsPage, Link},
    refusal::Refused,
    reply::nonce,
    unsolicited::link_to,
    visitor::Door,
};

/// Below the base URL.
pub const APPLICATIONS_PATH: &str = "/applications";

impl IdentityProvider {
    pub(super) async fn applications(
        &self,
        request: &Request,
        correlation: &CorrelationId,
    ) -> Result<Response, Refused> {
        if !self.has_applications() {
            return Err(Refused::NotFound);
        }
        match self
            .visitor(request, Door::Applications, correlation)
            .await?
        {
            Ok(session) => self.list(&session),
            Err(page) => Ok(page),
        }
    }

    /// Whether there is anything to list, for anybody.
    pub(super) fn has_applications(&self) -> bool {
        let mut parties = self.trusts.relying_parties().into_iter();
        !self.trusts.applications().is_empty() || parties.any(|party| party.idp_initiated)
    }

    /// What she may open from here.
    pub(super) fn links(&self, subject: &Subject) -> Vec<Link> {
        let parties = self.trusts.relying_parties();
        let parties = parties.iter().filter(|party| {
            party.idp_initiated && party.is_available() && party.permits(subject).is_ok()
        });
        let parties = parties.map(|party| Link {
            name: party.display_name.clone(),
            address: link_to(party),
        });
        let applications = self.trusts.applications().iter();
        let applications = applications.filter(|it| it.access.decide(subject).is_ok());
        let applications = applications.map(|application| Link {
            name: application.name.clone(),
            address: application.address(subject),
        });
        parties.chain(applications).collect()
    }

    fn list(&self, session: &Session) -> Result<Response, Refused> {
        let subject = &session.subject;
        let nonce = nonce()?;
        let page = ApplicationsPage {
            nonce: nonce.as_str(),
            name: &subject.sign_in_name,
            links: &self.links(subject),
        };
        let mut answer = response::html(StatusCode::OK, page.render()?);
        PageSecurity::new()
            .styles(&nonce)
            .strict_transport(true)
            .apply(&mut answer)?;
        Ok(answer)
    }
}
