//! The pages a person sees, as typed values; the markup is in `templates/web`.

use std::fmt;

use askama::{FastWritable, Template, Values, filters::HtmlSafe};
use base64::{Engine, display::Base64Display, engine::general_purpose::STANDARD};

use crate::{
    directory::{AccountState, PolicyRefusal},
    signin::{ChangeProblem, Problem},
};

/// Asks for name and password.
#[derive(Template)]
#[template(path = "web/sign_in.html")]
pub(super) struct SignInPage<'a> {
    pub nonce: &'a str,
    pub action: &'a str,
    pub relying_party: &'a str,
    pub state: &'a str,
    pub name: &'a str,
    pub problem: Option<ProblemText>,
    pub password_reset: Option<&'a str>,
    pub support: Option<&'a str>,
    pub correlation: &'a str,
}

/// Lists what a person may open.
#[derive(Template)]
#[template(path = "web/applications.html")]
pub(super) struct ApplicationsPage<'a> {
    pub nonce: &'a str,
    pub name: &'a str,
    pub links: &'a [Link],
}

/// Leads on to what she came for, by itself or by a link.
#[derive(Template)]
#[template(path = "web/going_on.html")]
pub(super) struct GoingOnPage<'a> {
    pub nonce: &'a str,
    pub link: &'a Link,
}

pub(super) struct Link {
    pub name: String,
    pub address: String,
}

/// Asks for the old password and a new one.
#[derive(Template)]
#[template(path = "web/password.html")]
pub(super) struct PasswordPage<'a> {
    pub nonce: &'a str,
    pub state: Option<&'a str>,
    pub name: &'a str,
    pub problem: Option<ProblemText>,
    pub support: Option<&'a str>,
    pub correlation: &'a str,
}

/// Says that the password is changed.
#[derive(Template)]
#[template(path = "web/changed.html")]
pub(super) struct ChangedPage<'a> {
    pub nonce: &'a str,
}

/// Posts an answer to the relying party, by script or by button.
#[derive(Template)]
#[template(path = "web/post.html")]
pub(super) struct PostPage<'a> {
    pub nonce: &'a str,
    pub relying_party: &'a str,
    pub heading: &'a str,
    pub action: &'a str,
    pub message: Message<'a>,
}

/// The fields of the form that is posted, by protocol.
#[derive(Clone, Copy)]
pub(super) enum Message<'a> {
    Saml2 {
        response: Base64<'a>,
        relay_state: Option<&'a str>,
    },
    Saml2Request {
        request: Base64<'a>,
    },
    WsFederation {
        result: &'a str,
        context: Option<&'a str>,
    },
}

/// Says that the person may not sign in at the relying party, and lets her go back to it.
#[derive(Template)]
#[template(path = "web/not_permitted.html")]
pub(super) struct NotPermittedPage<'a> {
    pub nonce: &'a str,
    pub heading: &'a str,
    pub relying_party: &'a str,
    pub status: Option<StatusForm<'a>>,
    pub support: Option<&'a str>,
    pub correlation: &'a str,
}

/// A button that brings a status to the relying party.
pub(super) struct StatusForm<'a> {
    pub action: &'a str,
    pub saml_response: Base64<'a>,
    pub relay_state: Option<&'a str>,
}

/// Octets that a page shows in base64, encoded straight into it.
#[derive(Clone, Copy)]
pub(super) struct Base64<'a>(pub &'a [u8]);

impl fmt::Display for Base64<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Base64Display::new(self.0, &STANDARD).fmt(f)
    }
}

/// The way into a page, without a formatter in between.
impl FastWritable for Base64<'_> {
    fn write_into(&self, page: &mut dyn fmt::Write, _: &dyn Values) -> askama::Result<()> {
        // Whole groups of three octets, so that no padding stands inside.
        let mut encoded = [0; 4096];
        for octets in self.0.chunks(encoded.len() / 4 * 3) {
            let length = STANDARD
                .encode_slice(octets, &mut encoded)
                .map_err(|_| fmt::Error)?;
            let encoded = encoded.get(..length).unwrap_or_default();
            page.write_str(str::from_utf8(encoded).map_err(|_| fmt::Error)?)?;
        }
        Ok(())
    }
}

/// No character of the alphabet means anything to HTML.
impl HtmlSafe for Base64<'_> {}

/// Says what happened, what to do next, and whom to send the correlation id to.
#[derive(Template)]
#[template(path = "web/error.html")]
pub(super) struct ErrorPage<'a> {
    pub nonce: &'a str,
    pub heading: &'a str,
    pub what: &'a str,
    pub next: &'a str,
    pub support: Option<&'a str>,
    pub correlation: &'a str,
}

/// A problem in words: what happened, and what to do next.
#[derive(Clone, Copy)]
pub(super) struct ProblemText {
    pub what: &'static str,
    pub next: &'static str,
}

impl ProblemText {
    pub(super) fn of(problem: Problem) -> Self {
        let (what, next) = match problem {
            Problem::Incomplete => (
                "Email address and password are both needed.",
                "Fill in both fields and try again.",
            ),
            Problem::NotRecognised => (
                "Email address or password is not right.",
                "Check both and try again. The address is the one that you were invited with.",
            ),
            Problem::Account(state) => Self::account(state),
            Problem::DirectoryDown => (
                "We cannot check your password at the moment.",
                "Nothing is lost: wait a minute, type your password and try again.",
            ),
            Problem::TooMany => (
                "Too many sign-ins from your network have failed.",
                "Wait ten minutes and try again.",
            ),
            Problem::Busy => (
                "Very many people are signing in at the moment.",
                "Nothing is lost: wait a few seconds, type your password and try again.",
            ),
        };
        Self { what, next }
    }

    pub(super) fn of_change(problem: ChangeProblem) -> Self {
        let (what, next) = match problem {
            ChangeProblem::NotProven(problem) => return Self::of(problem),
            ChangeProblem::Different => (
                "The new password and its repetition differ.",
                "Type the new password the same way in both fields.",
            ),
            ChangeProblem::Same => (
                "The new password is the one that you have.",
                "Choose another one.",
            ),
            ChangeProblem::Unusable => (
                "The new password cannot be used.",
                "Choose a shorter one, of letters, digits and signs.",
            ),
            ChangeProblem::Policy(refusal) => Self::policy(refusal),
            ChangeProblem::Off => (
                "Your password cannot be changed here.",
                "Change it where you usually do, or ask the organisation that invited you.",
            ),
        };
        Self { what, next }
    }

    fn policy(refusal: PolicyRefusal) -> (&'static str, &'static str) {
        match refusal {
            PolicyRefusal::Quality => (
                "The new password is too short or too simple.",
                "Choose a longer one, with capital and small letters, digits and signs.",
            ),
            PolicyRefusal::History => (
                "You have used this password before.",
                "Choose one that you have not used yet.",
            ),
            PolicyRefusal::TooYoung => (
                "Your password was changed too recently to be changed again.",
                "Try again tomorrow, or ask the organisation that invited you.",
            ),
            PolicyRefusal::Unspecified => (
                "The new password is not accepted.",
                "It may be too short, too simple, or one that you have used before. Choose a longer \
                 one, with capital and small letters, digits and signs.",
            ),
        }
    }

    /// Shown only after the right password, or where the state says nothing about it.
    fn account(state: AccountState) -> (&'static str, &'static str) {
        match state {
            AccountState::Disabled => (
                "Your account is switched off.",
                "Ask the organisation that invited you to switch it on again.",
            ),
            AccountState::AccountExpired => (
                "Your account has come to its end date.",
                "Ask the organisation that invited you to extend it.",
            ),
            AccountState::PasswordExpired | AccountState::MustChangePassword => (
                "Your password has expired.",
                "Change it where you usually do, then sign in here with the new one.",
            ),
            AccountState::LogonHours | AccountState::Workstation => (
                "Your account may not sign in at this time or from here.",
                "Ask the organisation that invited you.",
            ),
            AccountState::LockedOut => (
                "Email address or password is not right.",
                "Check both and try again. The address is the one that you were invited with.",
            ),
        }
    }
}
