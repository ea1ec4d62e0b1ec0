//! What happened in each sign-in, hop by hop, for whoever looks for the mistake in one.
//!
//! A browser shows a redirect chain and base64; this keeps what each side said, decoded, what Entra
//! looked up, and each check with its outcome. Only the simulator has it: an identity provider keeps
//! no such thing of its users.
//!
//! `beginning` and `answer` make the hops of a sign-in, `checks` lists what was checked and what
//! would fail besides, and [`Flows`] keeps them, bounded. Whatever else takes part in a sign-in adds
//! its hop by [`Flows::record`]. `document` and `marks` make an XML document readable, `pages` show
//! it all.

mod answer;
mod beginning;
mod checks;
mod document;
mod exchange;
mod marks;
pub(super) mod pages;
mod search;
mod store;
mod visible;

pub use checks::{FlowCheck, State};
pub use document::{Document, Text};
pub use exchange::{Field, HttpRequest, Value};
pub use store::Flows;

use serde::Serialize;
use time::OffsetDateTime;

use super::{Aadsts, Decision, Outcome, instant};

/// The demo's walk says the same of the same hop.
pub(crate) mod said {
    /// A SAML request to the realm of a user who was found by a foreign email.
    pub(crate) const FOUND_BY_EMAIL_SAML: &str = "Entra finds the synced user by that email, takes \
        its cloud UPN, sees its suffix federated, and writes an AuthnRequest";
    /// The same by WS-Federation.
    pub(crate) const FOUND_BY_EMAIL_WS_FEDERATION: &str = "Entra finds the synced user by that \
        email, takes its cloud UPN, sees its suffix federated, and writes the address of a \
        WS-Federation request";
    /// Who came with the cloud UPN.
    pub(crate) const FOUND_BY_UPN: &str =
        "Entra knows that name, sees its suffix federated, and writes a request";
    /// What Entra does with an answer.
    pub(crate) const CHECKED: &str = "Entra checks the assertion, strictly";
}

/// One sign-in.
#[derive(Clone, Debug, Serialize)]
pub struct Flow {
    /// Random: the last part of its page's address.
    pub id: String,
    /// When it began, in UTC to the second.
    pub begun: String,
    /// The name that was typed, as far as it is known.
    pub typed: Option<String>,
    /// What happened, in order.
    pub hops: Vec<Hop>,
    /// How it ended, once it has.
    pub end: Option<End>,
}

/// Who says something, or hears it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Party {
    /// The person's browser.
    Browser,
    /// An application.
    Application,
    /// Entra, that is, the simulator.
    Entra,
    /// The identity provider of the federation.
    IdentityProvider,
}

impl std::fmt::Display for Party {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Browser => "Browser",
            Self::Application => "Application",
            Self::Entra => "Entra",
            Self::IdentityProvider => "Identity provider",
        })
    }
}

/// One thing that happened: a message, or what somebody did with one.
#[derive(Clone, Debug, Serialize)]
pub struct Hop {
    /// When, in UTC to the second.
    pub at: String,
    /// Its heading.
    pub title: String,
    /// What happened, in a sentence.
    pub what: String,
    /// Whose doing it is.
    pub from: Party,
    /// Whom it reaches.
    pub to: Party,
    /// The HTTP request, where it was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<HttpRequest>,
    /// What was looked up, one by one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Step>,
    /// What else there is to know, by its name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub facts: Vec<Fact>,
    /// The XML that was brought, decoded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub document: Option<Document>,
    /// What was checked, and what was not.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<FlowCheck>,
}

/// One thing looked up.
#[derive(Clone, Debug, Serialize)]
pub struct Step {
    /// Where it was looked.
    pub name: String,
    /// What was found.
    pub found: String,
    /// Whether it is what decided.
    pub decides: bool,
}

/// A name and a value.
#[derive(Clone, Debug, Serialize)]
pub struct Fact {
    /// The name.
    pub name: String,
    /// The value.
    pub value: String,
}

/// How a sign-in ended.
#[derive(Clone, Debug, Serialize)]
pub struct End {
    /// Whether Entra lets the user in.
    pub accepted: bool,
    /// What is said, in a sentence.
    pub said: String,
    /// The code of a refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<Aadsts>,
    /// The cause in this very case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// What to mend.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mend: Option<&'static str>,
    /// How far the code is to be trusted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evidence: Option<&'static str>,
    /// By which Entra's page names it; there is none where the way ends at a password's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub correlation_id: Option<String>,
}

impl End {
    /// How an outcome ends it.
    pub fn of(outcome: &Outcome) -> Self {
        let correlation_id = Some(outcome.correlation_id.clone());
        match &outcome.decision {
            Decision::SignedIn(signed_in) => Self {
                accepted: true,
                said: format!(
                    "{} is signed in as {}.",
                    signed_in.user.display_name, signed_in.user.user_principal_name
                ),
                code: None,
                detail: None,
                mend: None,
                evidence: None,
                correlation_id,
            },
            Decision::Refused(refusal) => Self {
                accepted: false,
                said: refusal.message.clone(),
                code: Some(refusal.code),
                detail: Some(refusal.detail.clone()),
                mend: Some(refusal.mend()),
                evidence: Some(refusal.code.evidence()),
                correlation_id,
            },
        }
    }
}

impl Hop {
    /// Something that happens at `now`; add what there is to show of it.
    pub fn new(
        title: impl Into<String>,
        what: impl Into<String>,
        (from, to): (Party, Party),
        now: OffsetDateTime,
    ) -> Self {
        Self {
            at: instant::to_seconds(now),
            title: title.into(),
            what: what.into(),
            from,
            to,
            request: None,
            steps: Vec::new(),
            facts: Vec::new(),
            document: None,
            checks: Vec::new(),
        }
    }

    /// It is this request; the message in it is decoded.
    #[must_use]
    pub fn request(mut self, request: HttpRequest) -> Self {
        let document = Document::brought_by(&request);
        self.request = Some(match &document {
            Some(document) if !document.is_kept() => request.without(&[document.brought_by]),
            _ => request,
        });
        self.document = document.or(self.document);
        self
    }

    /// It brings this document otherwise than in a field of its request.
    #[must_use]
    pub fn document(mut self, document: Document) -> Self {
        self.document = Some(document);
        self
    }

    /// A fact more. Never a secret.
    #[must_use]
    pub fn fact(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.facts.push(Fact {
            name: name.into(),
            value: value.into(),
        });
        self
    }
}
