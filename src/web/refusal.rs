//! What is refused at the edge: the page that the person sees, and the cause for the audit line.

use askama::Template;
use hyper::{
    StatusCode,
    header::{ALLOW, HeaderValue, RETRY_AFTER},
};

use crate::{
    http::{
        FormError, Nonce, PageSecurity, Response,
        response::{self, BadHeader},
        server::Refusal,
    },
    keys::KeyError,
    observe::{CorrelationId, audit},
    overload::Busy,
    saml2::{BindingError, RequestError},
    upstream::UpstreamError,
    wsfed,
    xml::WriteError,
};

use super::{IdentityProvider, pages::ErrorPage};

/// Why a request gets an error page.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refused {
    #[error("no such page")]
    NotFound,
    #[error("the root was asked for")]
    NothingHere,
    #[error("the method is not served here, only {0}")]
    Method(&'static str),
    #[error("{0}")]
    Transport(#[from] Refusal),
    #[error("the message cannot be read: {0}")]
    Binding(#[from] BindingError),
    #[error("the request has no Issuer")]
    NoIssuer,
    #[error("unknown relying party {0:?}")]
    UnknownRelyingParty(String),
    #[error("refused request of {relying_party:?}: {cause}")]
    Request {
        relying_party: String,
        cause: RequestError,
    },
    #[error("{relying_party:?} may not ask by this protocol")]
    Protocol { relying_party: String },
    #[error("{0}")]
    WsFederation(#[from] wsfed::RequestError),
    #[error("by its wct, the request of {relying_party:?} is too old or from the future")]
    Untimely { relying_party: String },
    #[error("unknown reply address of {relying_party:?}: {asked}")]
    UnknownReply {
        relying_party: String,
        asked: String,
    },
    #[error("unknown assertion consumer service of {relying_party:?}: {asked}")]
    UnknownConsumer {
        relying_party: String,
        asked: String,
    },
    #[error("refused message about the end of a session: {cause}")]
    SignOut {
        relying_party: Option<String>,
        cause: String,
    },
    #[error("{relying_party:?} may not be opened from here: idp_initiated is off")]
    NotOpenedHere { relying_party: String },
    #[error("the link names no relying party, or has a RelayState that cannot be sent")]
    NoDestination,
    #[error("the form is broken: {0}")]
    Form(#[from] FormError),
    #[error("the form came from another site")]
    ForeignForm,
    #[error("the browser did not send the form cookie")]
    NoCookie,
    #[error("{0}")]
    State(#[from] super::seal::SealError),
    #[error("the request {request_id:?} has been answered before")]
    AlreadyAnswered {
        relying_party: String,
        request_id: String,
    },
    #[error("the question to an upstream has been answered before")]
    AnsweredQuestion,
    #[error("this browser has no such trip to an upstream")]
    NoTrip,
    #[error("upstream {upstream:?}: {cause}")]
    Upstream {
        upstream: String,
        cause: UpstreamError,
    },
    #[error("relying party or federated domain is not trusted any more")]
    NotTrusted,
    #[error("{0}")]
    Busy(Busy),
    #[error("internal: {0}")]
    Internal(String),
}

impl From<audit::NotRecorded> for Refused {
    fn from(error: audit::NotRecorded) -> Self {
        Self::Internal(error.to_string())
    }
}

impl From<KeyError> for Refused {
    fn from(error: KeyError) -> Self {
        Self::Internal(error.to_string())
    }
}

impl From<BadHeader> for Refused {
    fn from(error: BadHeader) -> Self {
        Self::Internal(error.to_string())
    }
}

impl From<WriteError> for Refused {
    fn from(error: WriteError) -> Self {
        Self::Internal(error.to_string())
    }
}

impl From<askama::Error> for Refused {
    fn from(error: askama::Error) -> Self {
        Self::Internal(error.to_string())
    }
}

struct Words {
    status: StatusCode,
    heading: &'static str,
    what: &'static str,
    next: &'static str,
}

impl Refused {
    /// A message of this relying party, if it is known whose it is.
    pub(super) fn sign_out(relying_party: Option<&str>, cause: impl std::fmt::Display) -> Self {
        Self::SignOut {
            relying_party: relying_party.map(str::to_owned),
            cause: cause.to_string(),
        }
    }

    fn words(&self) -> Words {
        let (status, heading, what, next) = match self {
            Self::NotFound | Self::Method(_) => (
                if matches!(self, Self::Method(_)) {
                    StatusCode::METHOD_NOT_ALLOWED
                } else {
                    StatusCode::NOT_FOUND
                },
                "There is no page here",
                "The address is not one of this sign-in service.",
                "Open the application that you want to use; it will bring you to the right place.",
            ),
            Self::NothingHere => (
                StatusCode::OK,
                "Start at your application",
                "This is a sign-in service. It has no page of its own to start from.",
                "Open the application that you want to use; it will bring you here.",
            ),
            Self::Transport(refusal) => (
                refusal.status(),
                "The request cannot be used",
                "What your browser sent did not arrive in a form that can be answered: it is too \
                 large, came too slowly, or is damaged.",
                "Go back to the application and start again in a moment.",
            ),
            Self::WsFederation(wsfed::RequestError::Authentication(_)) => (
                StatusCode::BAD_REQUEST,
                "This way to sign in is not offered here",
                "The application wants you to prove who you are by something else than a password.",
                "Tell the people who run the application.",
            ),
            Self::Binding(_)
            | Self::NoIssuer
            | Self::Request { .. }
            | Self::Form(_)
            | Self::WsFederation(_)
            | Self::Untimely { .. } => (
                StatusCode::BAD_REQUEST,
                "The sign-in request cannot be used",
                "The application sent a request that is damaged, or that it was not allowed to send.",
                "Go back to the application and start again.",
            ),
            Self::NotOpenedHere { .. } => (
                StatusCode::FORBIDDEN,
                "This application is opened at its own address",
                "It begins each sign-in by itself, and takes nobody who is sent from here.",
                "Open the application; it will bring you here.",
            ),
            Self::NoDestination => (
                StatusCode::BAD_REQUEST,
                "This link leads nowhere",
                "It does not say which application it opens, or is damaged.",
                "Open the application itself, and tell the people who gave you the link.",
            ),
            Self::SignOut { .. } => (
                StatusCode::BAD_REQUEST,
                "The sign-out request cannot be used",
                "The application sent something to end your session that is damaged, or that it was \
                 not allowed to send.",
                "Nothing has ended here by it. To end your session, close the browser.",
            ),
            Self::UnknownRelyingParty(_)
            | Self::Protocol { .. }
            | Self::UnknownConsumer { .. }
            | Self::UnknownReply { .. }
            | Self::NotTrusted => (
                StatusCode::FORBIDDEN,
                "This application is not known here",
                "The request came from an application, or wants an answer at an address, that is not \
                 registered with this sign-in service.",
                "Tell the people who run the application.",
            ),
            Self::NoTrip => NO_TRIP,
            Self::Upstream { cause, .. } => upstream_words(cause),
            Self::ForeignForm | Self::State(_) | Self::NoCookie => (
                StatusCode::BAD_REQUEST,
                "This page is too old",
                "The page that you sent has waited too long, or your browser did not send the cookie \
                 that belongs to it.",
                "Go back to the application and start again. If your browser blocks cookies, allow \
                 them for this site.",
            ),
            Self::AlreadyAnswered { .. } | Self::AnsweredQuestion => (
                StatusCode::CONFLICT,
                "You are already on your way",
                "This request has been answered before, and each is answered once.",
                "Go back to the application. If you are not signed in there, start again.",
            ),
            Self::Busy(_) => BUSY,
            Self::Internal(_) => INTERNAL,
        };
        Words {
            status,
            heading,
            what,
            next,
        }
    }

    fn relying_party(&self) -> Option<&str> {
        match self {
            Self::UnknownRelyingParty(relying_party)
            | Self::Request { relying_party, .. }
            | Self::Protocol { relying_party }
            | Self::Untimely { relying_party }
            | Self::UnknownConsumer { relying_party, .. }
            | Self::UnknownReply { relying_party, .. }
            | Self::NotOpenedHere { relying_party }
            | Self::AlreadyAnswered { relying_party, .. } => Some(relying_party),
            Self::SignOut { relying_party, .. } => relying_party.as_deref(),
            _ => None,
        }
    }
}

/// What somebody is told when there is no room for her. Nothing is said of how much room there is.
const BUSY: (StatusCode, &str, &str, &str) = (
    StatusCode::SERVICE_UNAVAILABLE,
    "Too many people are signing in",
    "More is asked of this service at the moment than it can do in time. Nothing was done with \
     what you sent.",
    "Wait a few seconds, and load this page again. If your browser asks, let it send the form again.",
);

/// What somebody is told when it is our own fault.
const INTERNAL: (StatusCode, &str, &str, &str) = (
    StatusCode::INTERNAL_SERVER_ERROR,
    "Something went wrong here",
    "We could not finish your sign-in. It is not your fault.",
    "Go back to the application and start again in a minute.",
);

/// What somebody is told who comes back from a trip that this browser has not begun.
const NO_TRIP: (StatusCode, &str, &str, &str) = (
    StatusCode::BAD_REQUEST,
    "This sign-in was not begun here",
    "Your organisation sent you here with an answer that this browser has not asked for, or \
     that has waited too long.",
    "Go back to the application and start again. If your browser blocks cookies, allow \
     them for this site.",
);

/// What somebody is told who was sent elsewhere to prove who she is.
fn upstream_words(cause: &UpstreamError) -> (StatusCode, &'static str, &'static str, &'static str) {
    match cause {
        UpstreamError::Unavailable(_) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "Your organisation cannot be reached",
            "You sign in at your organisation, and it gives no answer at the moment.",
            "Wait a minute, go back to the application and start again.",
        ),
        UpstreamError::Refused(_) => (
            StatusCode::FORBIDDEN,
            "Your organisation has not signed you in",
            "It says that you gave up, or that you may not sign in there.",
            "Go back to the application and start again, or ask your organisation's help desk.",
        ),
        UpstreamError::NotFresh => (
            StatusCode::BAD_GATEWAY,
            "Your organisation has not asked you again",
            "The application wants you to prove who you are now, and your organisation remembers it \
             from before.",
            "Sign out there, go back to the application and start again.",
        ),
        UpstreamError::Ours(_) => INTERNAL,
        _ => (
            StatusCode::BAD_GATEWAY,
            "Your organisation's answer cannot be used",
            "It sent you back with something that we must not accept.",
            "Tell the help desk of the organisation that invited you.",
        ),
    }
}

impl IdentityProvider {
    /// The page for a refusal, and its audit line.
    pub(super) fn refusal_page(&self, refused: &Refused, correlation: &CorrelationId) -> Response {
        match refused {
            // What every scanner does all day is no event, but the id on the page can be found.
            Refused::NotFound | Refused::NothingHere | Refused::Method(_) => {
                tracing::info!(%correlation, cause = %refused, "no page");
            }
            Refused::Internal(cause) => tracing::error!(%correlation, cause, "internal error"),
            _ => audit::request_refused(correlation, refused.relying_party(), &refused.to_string()),
        }
        let words = refused.words();
        let mut answer = self
            .error_page(&words, correlation)
            .unwrap_or_else(|error| {
                tracing::error!(%correlation, %error, "no page can be made");
                response::text(words.status, format!("{}\n{correlation}\n", words.what))
            });
        match refused {
            // RFC 9110 15.5.6.
            Refused::Method(allowed) => {
                let allowed = HeaderValue::from_static(allowed);
                answer.headers_mut().insert(ALLOW, allowed);
            }
            // RFC 9110 10.2.3.
            Refused::Busy(_) | Refused::Transport(Refusal::Crowded) => {
                let seconds = HeaderValue::from(Busy::RETRY_AFTER_SECONDS);
                answer.headers_mut().insert(RETRY_AFTER, seconds);
            }
            _ => {}
        }
        answer
    }

    fn error_page(&self, words: &Words, correlation: &CorrelationId) -> Result<Response, Refused> {
        let nonce = Nonce::new().map_err(|error| Refused::Internal(error.to_string()))?;
        let page = ErrorPage {
            nonce: nonce.as_str(),
            heading: words.heading,
            what: words.what,
            next: words.next,
            support: self.edge.support_contact.as_deref(),
            correlation: correlation.as_str(),
        };
        let mut answer = response::html(words.status, page.render()?);
        PageSecurity::new()
            .styles(&nonce)
            .strict_transport(true)
            .apply(&mut answer)?;
        Ok(answer)
    }
}
