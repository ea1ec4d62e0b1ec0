//! The page that says that the session has ended, and tells others so.

use askama::Template;
use hyper::StatusCode;

use crate::http::{FormTarget, PageSecurity, Response, response};

use super::{refusal::Refused, reply::nonce};

/// What it shows.
#[derive(Default)]
pub(super) struct Page {
    /// The applications that are being told by frames.
    pub told: Vec<String>,
    /// For each its own address, and where that leads.
    pub frames: Vec<(String, String)>,
    /// The addresses of images, by which applications are told that do not answer.
    pub images: Vec<String>,
    /// Those applications.
    pub unanswered: Vec<Unanswered>,
    /// The applications that may not know of it.
    pub missing: Vec<Missing>,
    /// How it goes on, if it does.
    pub go_on: Option<GoOn>,
    /// Whether it does so without being asked to.
    pub goes_on_by_itself: bool,
}

/// An application that cannot be told, or has not confirmed it.
pub(super) struct Missing {
    pub name: String,
    /// Where it can be told once more.
    pub link: Option<String>,
}

/// An application that was told and has no way to answer.
pub(super) struct Unanswered {
    pub name: String,
    pub address: String,
}

/// The way from the page.
pub(super) enum GoOn {
    /// To an address.
    Link(String),
    /// To our own next page, which knows who has answered.
    Next {
        /// The sealed departure.
        state: String,
        /// Where the answer to the form redirects to.
        leads_to: Option<String>,
    },
    /// To whoever asked, although somebody has not answered; or to look once more.
    Choice {
        /// As above.
        state: String,
        /// As above.
        leads_to: Option<String>,
        /// On the button; without one, there is nowhere to go on to.
        label: Option<String>,
        /// Whether more may have been confirmed in a moment.
        may_check_again: bool,
    },
}

#[derive(Template)]
#[template(path = "web/signed_out.html")]
struct SignedOutPage<'a> {
    nonce: &'a str,
    page: &'a Page,
}

/// Says in a frame, or in a tab of its own, how a relying party's end of a session went.
#[derive(Template)]
#[template(path = "web/told.html")]
struct ToldPage<'a> {
    nonce: &'a str,
    heading: &'a str,
    relying_party: &'a str,
}

pub(super) fn signed_out_page(page: &Page) -> Result<Response, Refused> {
    let nonce = nonce()?;
    let template = SignedOutPage {
        nonce: nonce.as_str(),
        page,
    };
    let mut answer = response::html(StatusCode::OK, template.render()?);
    let mut security = PageSecurity::new().styles(&nonce).strict_transport(true);
    if page.goes_on_by_itself {
        security = security.scripts(&nonce);
    }
    if let Some(GoOn::Next { leads_to, .. } | GoOn::Choice { leads_to, .. }) = &page.go_on {
        security = security.forms_to(FormTarget::own());
        if let Some(address) = leads_to {
            security = security.forms_to(FormTarget::origin_of(address)?);
        }
    }
    for address in &page.images {
        security = security.images_from(address)?;
    }
    for (_, leads_to) in &page.frames {
        security = security.frames_of(leads_to)?;
    }
    security.apply(&mut answer)?;
    Ok(answer)
}

/// The page that answers a relying party's answer.
pub(super) fn told_page(relying_party: &str, has_ended: bool) -> Result<Response, Refused> {
    let nonce = nonce()?;
    let page = ToldPage {
        nonce: nonce.as_str(),
        heading: if has_ended {
            "You are signed out there"
        } else {
            "You are not signed out there"
        },
        relying_party,
    };
    let mut answer = response::html(StatusCode::OK, page.render()?);
    PageSecurity::new()
        .styles(&nonce)
        .framed_by_own()
        .strict_transport(true)
        .apply(&mut answer)?;
    Ok(answer)
}
