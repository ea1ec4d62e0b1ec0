//! The HTTP edge of the identity provider: routes, pages, cookies, headers.
//!
//! It turns HTTP into a typed request, lets [`crate::signin`] decide, and turns the decision into
//! a page. It decides nothing about identity itself. Every answer to a person carries the
//! correlation id that the log and the audit line carry.

mod adfs;
mod applications;
mod arrival;
mod browser;
mod departure;
mod home_realm;
mod logout_message;
mod metadata;
mod not_permitted;
mod operations;
mod pages;
mod password;
mod pending;
mod refusal;
mod remembered;
mod reply;
mod saml2_answer;
mod seal;
mod sign_in_form;
mod sign_out;
mod signed_out;
mod signing;
mod single_logout;
mod single_sign_on;
mod start;
mod trip;
mod trip_cookies;
mod unsolicited;
mod upstream_metadata;
mod visitor;
mod waiting;
mod workload;
mod ws_federation;
mod ws_trust;

pub use adfs::PASSIVE_PATH;
pub use applications::APPLICATIONS_PATH;
pub use operations::{Operations, Readiness};
pub use sign_out::SIGN_OUT_PATH;
pub use start::START_PATH;
pub use unsolicited::UNSOLICITED_PATH;
pub use ws_trust::METADATA_EXCHANGE as METADATA_EXCHANGE_PATH;

use std::{sync::Arc, time::Duration};

use hyper::Method;

use crate::{
    http::{
        Request, Response, ResponseFuture, Service, TrustedProxies,
        response::{self, Redirect},
        server,
    },
    keys::{KeyError, KeyRing, Purpose, SealKeys, SharedSecret},
    observe::CorrelationId,
    overload::Workload,
    saml2::MetadataError,
    signin::SignIn,
    trust::Trusts,
    upstream::{OPENID_ANSWERS, SAML2_ANSWERS, SAML2_METADATA, Upstream},
};

use departure::Asker;
use home_realm::NAME_PATH;
use metadata::Metadata;
use refusal::Refused;
use seal::Seal;
use sign_out::{DONE_PATH, TELL_PATH};
use signing::{CurrentSigning, Signing};
use upstream_metadata::UpstreamMetadata;
use ws_trust::WsTrust;

/// How the identity provider is seen from outside.
#[derive(Clone, Debug)]
pub struct Edge {
    /// Scheme, host and port as browsers see them, without a slash at the end.
    pub base_url: String,
    /// The proxies in front, whose word on where a request comes from is taken.
    pub proxies: TrustedProxies,
    /// Whom people write to when they need help.
    pub support_contact: Option<String>,
    /// Where people go who have forgotten their password.
    pub password_reset_url: Option<String>,
    /// How old a request may be when it arrives.
    pub request_lifetime: Duration,
    /// How far a relying party's clock may be ahead of ours.
    pub clock_skew: Duration,
    /// Whether programs may bring passwords, by WS-Trust.
    pub ws_trust: bool,
}

/// Names longer than an address can be are not shown again: they are no help to anybody.
const MAX_NAME: usize = 254;

/// The address that requests come to, below the base URL.
pub const SSO_PATH: &str = "/saml2/sso";

/// The address at which passwords are changed, below the base URL.
const PASSWORD_PATH: &str = "/password";

/// The address that sessions are ended at by SAML, below the base URL.
pub const SLO_PATH: &str = "/saml2/slo";

impl Edge {
    /// The absolute address that requests come to: metadata names it, and a request's
    /// `Destination` must equal it.
    pub fn sso_url(&self) -> String {
        format!("{}{SSO_PATH}", self.base_url)
    }

    /// The absolute address for requests to end a session, and for answers to ours.
    pub fn slo_url(&self) -> String {
        format!("{}{SLO_PATH}", self.base_url)
    }

    /// The absolute address of WS-Federation.
    pub fn passive_url(&self) -> String {
        format!("{}{PASSIVE_PATH}", self.base_url)
    }

    /// The absolute address of the page on which passwords are changed.
    pub fn password_url(&self) -> String {
        format!("{}{PASSWORD_PATH}", self.base_url)
    }

    /// The longest time between a request's first answer and the last moment at which the same
    /// request could be brought again: from a clock that is ahead of ours to the last moment that
    /// its age permits, and then on a page that waits for its password.
    pub fn longest_presentable(&self) -> Duration {
        self.request_lifetime + self.clock_skew * 2 + seal::LIFETIME
    }
}

/// The identity provider as a service.
pub struct IdentityProvider {
    edge: Edge,
    sign_in: SignIn,
    trusts: Arc<Trusts>,
    signing: CurrentSigning,
    seal: Seal,
    ws_trust: Option<WsTrust>,
    upstreams: Vec<Upstream>,
    workload: Arc<Workload>,
}

/// Why no identity provider could be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EdgeError {
    /// The system gives no random bytes for the seal of pending requests.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The metadata cannot be written or signed.
    #[error("the metadata cannot be written: {0}")]
    Metadata(#[from] MetadataError),
    /// The MEX document cannot be written.
    #[error("the MEX document cannot be written: {0}")]
    MetadataExchange(#[from] askama::Error),
}

impl IdentityProvider {
    /// An identity provider for what `edge` says, with its metadata written and signed, which sends
    /// people to these upstreams where routes say so, and takes on what `workload` has room for. `shared` is what it
    /// has in common with other nodes.
    pub fn new(
        edge: Edge,
        sign_in: SignIn,
        trusts: Arc<Trusts>,
        upstreams: Vec<Upstream>,
        keys: KeyRing,
        shared: Option<&SharedSecret>,
        workload: Arc<Workload>,
    ) -> Result<Self, EdgeError> {
        let signing = Signing::new(&edge, &trusts, &upstreams, keys)?;
        let ws_trust = WsTrust::of(&edge, shared)?;
        let seal = Seal::by(match shared {
            Some(shared) => shared.seal_keys(Purpose::Pages)?,
            None => SealKeys::random()?,
        });
        Ok(Self {
            signing: CurrentSigning::new(signing),
            ws_trust,
            edge,
            sign_in,
            trusts,
            seal,
            upstreams,
            workload,
        })
    }

    fn upstream(&self, name: &str) -> Result<&Upstream, Refused> {
        let mut upstreams = self.upstreams.iter();
        let found = upstreams.find(|upstream| upstream.terms.name == name);
        found.ok_or_else(|| Refused::Internal(format!("there is no upstream {name:?}")))
    }

    async fn route(&self, request: Request) -> Response {
        let correlation = CorrelationId::random();
        // Before anything is read or changed.
        let _place = match self.place_for(&request) {
            Ok(place) => place,
            Err(refused) => return self.refusal_page(&refused, &correlation),
        };
        let path = request.path();
        let outcome = match (&request.method, path, path.strip_prefix("/metadata/")) {
            (&Method::GET | &Method::POST, SSO_PATH, _) => {
                self.single_sign_on(&request, &correlation).await
            }
            // Boxed, as all but a sign-in is: it would be copied with each request.
            (&Method::GET | &Method::POST, SLO_PATH, _) => {
                Box::pin(self.single_logout(&request, &correlation)).await
            }
            (&Method::GET, UNSOLICITED_PATH, _) => {
                Box::pin(self.unsolicited(&request, &correlation)).await
            }
            (&Method::GET | &Method::POST, APPLICATIONS_PATH, _) => {
                Box::pin(self.applications(&request, &correlation)).await
            }
            (&Method::GET, SIGN_OUT_PATH, _) => {
                Box::pin(self.sign_out(&request, Asker::Nobody, &correlation)).await
            }
            (_, TELL_PATH, _) => Box::pin(self.sign(|| self.tell(&request))).await,
            (&Method::POST, DONE_PATH, _) => Box::pin(self.sign_out_done(&request)).await,
            (&Method::POST, NAME_PATH, _) => Box::pin(self.name_form(&request)).await,
            (&Method::POST, SAML2_ANSWERS, _) => Box::pin(self.answer_by_saml2(&request)).await,
            (&Method::GET, OPENID_ANSWERS, _) => Box::pin(self.answer_by_openid(&request)).await,
            (&Method::POST, "/signin", _) => Box::pin(self.sign_in_form(&request)).await,
            (&Method::GET | &Method::HEAD, PASSWORD_PATH, _) => self.password_page(&correlation),
            (&Method::POST, PASSWORD_PATH, _) => {
                Box::pin(self.password_form(&request, &correlation)).await
            }
            (&Method::GET, "/", _) if self.has_applications() => {
                response::redirect(Redirect::Found, APPLICATIONS_PATH).map_err(Refused::from)
            }
            (&Method::GET | &Method::HEAD, "/", _) => Err(Refused::NothingHere),
            (&Method::GET | &Method::HEAD, "/metadata", _) => self.signing().metadata.first(),
            (&Method::GET | &Method::HEAD, _, Some(suffix)) => self.signing().metadata.of(suffix),
            (_, SIGN_OUT_PATH | UNSOLICITED_PATH | OPENID_ANSWERS, _) => {
                Err(Refused::Method("GET"))
            }
            (_, SSO_PATH | SLO_PATH | APPLICATIONS_PATH, _) => Err(Refused::Method("GET, POST")),
            (_, "/signin" | NAME_PATH | SAML2_ANSWERS | DONE_PATH, _) => {
                Err(Refused::Method("POST"))
            }
            (_, "/password", _) => Err(Refused::Method("GET, HEAD, POST")),
            (_, "/" | "/metadata", _) | (_, _, Some(_)) => Err(Refused::Method("GET, HEAD")),
            (&Method::GET | &Method::HEAD, _, _) if path.starts_with(SAML2_METADATA) => {
                self.upstream_metadata(path)
            }
            _ if path.starts_with(START_PATH) => {
                Box::pin(self.front_door(&request, &correlation)).await
            }
            _ => self.adfs(&request, &correlation).await,
        };
        outcome.unwrap_or_else(|refused| self.refusal_page(&refused, &correlation))
    }
}

impl Service for IdentityProvider {
    fn handle(&self, request: Request) -> ResponseFuture<'_> {
        Box::pin(self.route(request))
    }

    fn refuse(&self, refusal: server::Refusal) -> Response {
        self.refusal_page(&Refused::Transport(refusal), &CorrelationId::random())
    }
}
