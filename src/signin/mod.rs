//! The journey of one sign-in, protocol-neutral: request → who → proof → session → token.
//!
//! The one place where the security decisions are made. It knows neither HTTP nor XML: the edge
//! hands it a [`SignInRequest`] and what the person typed, and gets a [`Step`] back. A [`Grant`],
//! from which assertions are written, can be made nowhere else.

mod answered;
mod circumstances;
mod confirmations;
mod failure;
mod guard;
mod hint;
mod home_realm;
mod journey;
mod message;
mod participants;
mod password;
mod password_check;
mod session;
mod sign_out;
mod subject;
#[cfg(test)]
mod tests;
mod visit;
mod vouched;

pub use answered::{Answered, BrowserId};
pub use circumstances::{Surroundings, password_expiry_of};
pub use confirmations::{Confirmation, Confirmations};
pub use guard::{Admission, Attempt, Guard, GuardRules, Source, Verdict};
pub use hint::is_called;
pub use home_realm::{Discovered, Elsewhere};
pub use journey::{Settings, SignIn, Typed};
pub use message::{Denied, Message, MessageKey};
pub use participants::Participant;
pub use password::{ChangeProblem, ChangeTyped};
pub use session::{KnownAs, Session, SessionError, SessionToken, Sessions};
pub use sign_out::{Demand, DemandOutcome, SignedOut};
pub use subject::subject_of;
pub use visit::Visit;
pub use vouched::Brought;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use std::time::Duration;

use crate::{
    directory::AccountState,
    observe::CorrelationId,
    realm::DomainName,
    saml2::Id,
    trust::{Protocol, Subject},
    upstream::Factors,
};

/// What a relying party asked for, freed of its protocol.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignInRequest {
    /// The name of this sign-in in pages, logs and audit.
    pub correlation: CorrelationId,
    /// The entity ID of the relying party, found among the trusts.
    pub relying_party: String,
    /// How it asks.
    pub protocol: Protocol,
    /// The request's own ID: it is answered once.
    pub request_id: String,
    /// How long ago the password of a session that answers may have been proven. Zero: no session
    /// counts, prove it again. `None`: as long as sessions last.
    pub max_age: Option<Duration>,
    /// Nobody may be asked anything.
    pub passive: bool,
    /// Who is expected to sign in: the email or the cloud UPN.
    pub hint: Option<String>,
    /// Where she is said to be at home: a domain.
    pub home_realm_hint: Option<DomainName>,
    /// Several factors are asked for, of those who can have them proven.
    pub several_factors: bool,
}

/// What happens next.
#[derive(Debug)]
pub enum Step {
    /// Ask for name and password; say what was wrong with the last attempt, if there was one.
    Prompt(Option<Problem>),
    /// The password was right and has expired: ask for a new one.
    ChangePassword,
    /// Ask for the name alone; say what was wrong with the last one, if there was one.
    AskName(Option<Problem>),
    /// She goes elsewhere.
    Elsewhere(Elsewhere),
    /// Write the assertion.
    Granted(Box<Grant>),
    /// Tell the relying party, or the person, that there will be none.
    Refused(Refusal),
}

/// What the person is told on the page. Unknown names, ambiguous ones, names out of scope and
/// wrong passwords are all [`Problem::NotRecognised`]: the audit line has the cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Problem {
    /// A field was left empty.
    Incomplete,
    /// Name or password is not right.
    NotRecognised,
    /// The password was right, but the account is in a state that keeps it out.
    Account(AccountState),
    /// The directory cannot be reached; the same request may be tried again.
    DirectoryDown,
    /// The name is of no domain that anybody signs in from.
    NoHome,
    /// People of this name prove who they are elsewhere, and not by a password here.
    Elsewhere,
    /// She has proven elsewhere who she is, and has no account here that may sign in.
    NoAccount,
    /// She has proven elsewhere who she is, and her account is in a state that keeps it out.
    Vouched(AccountState),
    /// She has proven elsewhere to be somebody else than was expected.
    SomebodyElse,
    /// Too many attempts failed from where this one comes from.
    TooMany,
    /// All connections to the directory are in use; the same request may be tried again.
    Busy,
}

/// Why there will be no assertion for this request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It may not ask, and nobody is signed in.
    NoPassive,
    /// It has been answered before.
    AlreadyAnswered,
    /// The relying party or the federated domain is not among the trusts any more.
    NotTrusted,
    /// She is who she says, and may not sign in at this relying party.
    NotPermitted,
    /// A random number could not be had, or the store failed.
    Internal,
}

/// How the person proved who she is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// By password, just now.
    Password,
    /// By a live session.
    Session,
    /// To an upstream identity provider, just now.
    Upstream,
}

impl Proof {
    /// Its name in the audit trail.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Session => "session",
            Self::Upstream => "upstream",
        }
    }
}

/// Leave to issue one assertion for one person to one relying party.
#[derive(Debug)]
#[non_exhaustive]
pub struct Grant {
    /// Who.
    pub subject: Subject,
    /// The issuer that speaks for her federated domain, or to this relying party.
    pub issuer: String,
    /// When the password was proven.
    pub authn_instant: OffsetDateTime,
    /// Names the session to this relying party.
    pub session_index: Id,
    /// How it was proven this time.
    pub proof: Proof,
    /// By how many ways, as far as anybody is trusted to say so.
    pub factors: Factors,
    /// The cookie to set, when a session began with this sign-in.
    pub new_session: Option<SessionToken>,
}
