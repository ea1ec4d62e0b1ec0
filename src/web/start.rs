//! `/start` and `/start/APP`: the front door.
//!
//! A partner begins here, with her email and password, and goes on to the application at Entra by a
//! link that names the tenant and says who she is by the name that the tenant knows. Entra asks us, and
//! her session answers: one prompt in all, whatever Entra's own page makes of her email.

use askama::Template;
use hyper::{Method, StatusCode};

use crate::{
    http::{
        PageSecurity, Request, Response,
        response::{self, Redirect},
    },
    observe::{CorrelationId, audit},
    signin::Session,
};

use super::{
    IdentityProvider,
    applications::APPLICATIONS_PATH,
    pages::{GoingOnPage, Link},
    refusal::Refused,
    reply::nonce,
    visitor::Door,
};

/// Below the base URL. An application's id may follow, after a slash.
pub const START_PATH: &str = "/start";

/// What stands behind a door for a person.
pub(super) enum Behind {
    /// The list of what she may open.
    List,
    /// This one thing.
    Link(Link),
    /// The page that says that it is not for her.
    Nothing(Response),
}

impl Door {
    /// The front door at a path.
    pub(super) fn at(path: &str) -> Option<Self> {
        match path.strip_prefix(START_PATH)? {
            "" | "/" => Some(Self::Start),
            rest => rest
                .strip_prefix('/')
                .map(|id| Self::Application(id.to_owned())),
        }
    }
}

impl IdentityProvider {
    /// Whatever stands at an address that begins as the front door's.
    pub(super) async fn front_door(
        &self,
        request: &Request,
        correlation: &CorrelationId,
    ) -> Result<Response, Refused> {
        let door = Door::at(request.path()).ok_or(Refused::NotFound)?;
        let is_there = match &door {
            Door::Applications | Door::Start => self.has_applications(),
            Door::Application(id) => self.trusts.application(id).is_some(),
        };
        if !is_there {
            return Err(Refused::NotFound);
        }
        if !matches!(request.method, Method::GET | Method::POST) {
            return Err(Refused::Method("GET, POST"));
        }
        match self.visitor(request, door.clone(), correlation).await? {
            Ok(session) => match self.behind(&door, &session, correlation)? {
                Behind::List => go(Redirect::Found, APPLICATIONS_PATH),
                Behind::Link(link) => go(Redirect::Found, &link.address),
                Behind::Nothing(page) => Ok(page),
            },
            Err(page) => Ok(page),
        }
    }

    /// What stands behind a door for the person whose session it is.
    pub(super) fn behind(
        &self,
        door: &Door,
        session: &Session,
        correlation: &CorrelationId,
    ) -> Result<Behind, Refused> {
        let subject = &session.subject;
        let id = match door {
            Door::Applications => return Ok(Behind::List),
            Door::Start => {
                let mut links = self.links(subject);
                return Ok(match links.pop() {
                    Some(only) if links.is_empty() => Behind::Link(only),
                    _ => Behind::List,
                });
            }
            Door::Application(id) => id,
        };
        let application = self.trusts.application(id).ok_or(Refused::NotFound)?;
        if let Err(cause) = application.access.decide(subject) {
            audit::not_permitted(
                correlation,
                &door.path(),
                &subject.sign_in_name,
                &subject.cloud_upn,
                &cause.to_string(),
            );
            let page = self.not_permitted_page(&application.name, None, correlation)?;
            return Ok(Behind::Nothing(page));
        }
        Ok(Behind::Link(Link {
            name: application.name.clone(),
            address: application.address(subject),
        }))
    }
}

/// A redirect, which nobody keeps, and which tells nobody where it came from.
pub(super) fn go(redirect: Redirect, address: &str) -> Result<Response, Refused> {
    let mut answer = response::redirect(redirect, address)?;
    PageSecurity::new()
        .strict_transport(true)
        .apply(&mut answer)?;
    Ok(answer)
}

/// The page that leads on by itself.
pub(super) fn going_on(link: &Link) -> Result<Response, Refused> {
    let nonce = nonce()?;
    let page = GoingOnPage {
        nonce: nonce.as_str(),
        link,
    };
    let mut answer = response::html(StatusCode::OK, page.render()?);
    PageSecurity::new()
        .styles(&nonce)
        .strict_transport(true)
        .apply(&mut answer)?;
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_a_door_by_whole_segments() {
        let application = |id: &str| Some(Door::Application(id.to_owned()));
        for (path, door) in [
            ("/start", Some(Door::Start)),
            ("/start/", Some(Door::Start)),
            ("/start/portal", application("portal")),
            ("/start/a/b", application("a/b")),
            ("/starter", None),
            ("/", None),
            ("/applications", None),
        ] {
            assert_eq!(Door::at(path), door, "{path}");
        }
    }

    #[test]
    fn what_cannot_stand_in_a_header_is_refused() {
        let link = Link {
            name: "Mail".to_owned(),
            address: "https://a.test/\r\nx: y".to_owned(),
        };
        assert!(go(Redirect::Found, &link.address).is_err());
        assert!(going_on(&link).is_ok());
    }
}
