//! WS-Trust at AD FS's addresses: `/adfs/services/trust/...`. A program brings a name and a
//! password, and gets a token or a fault; there is no page.

use std::time::Duration;

use bytes::Bytes;
use hyper::{
    Method, StatusCode,
    header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER, X_CONTENT_TYPE_OPTIONS},
};
use time::OffsetDateTime;
use tokio::time::timeout;

use crate::{
    http::{PageSecurity, Request, Response, response},
    keys::SharedSecret,
    observe::{CorrelationId, audit},
    overload::Work,
    saml1::{Assertion, AuthenticationMethod},
    saml2::new_id,
    signin::{Denied, Grant, Message, MessageKey, Problem, Refusal, Source, Typed},
    trust::{Circumstances, Protocol, RelyingParty},
    wstrust::{
        Endpoint, Fault, FaultCode, TokenRequest, TokenResponse, Version, metadata_exchange,
    },
};

use super::{
    Edge, EdgeError, IdentityProvider, arrival::shortened, pages::ProblemText, refusal::Refused,
    saml2_answer::name_id, ws_federation::attributes,
};

/// What clients fetch first (`metadataExchangeUri`).
pub const METADATA_EXCHANGE: &str = "/adfs/services/trust/mex";

const SOAP: &str = "application/soap+xml; charset=utf-8";

/// What is needed where programs may bring passwords.
pub(super) struct WsTrust {
    metadata_exchange: Bytes,
    key: MessageKey,
}

impl WsTrust {
    /// Nothing, unless it is switched on.
    pub(super) fn of(
        edge: &Edge,
        shared: Option<&SharedSecret>,
    ) -> Result<Option<Self>, EdgeError> {
        if !edge.ws_trust {
            return Ok(None);
        }
        Ok(Some(Self {
            metadata_exchange: metadata_exchange(&edge.base_url)?.into(),
            key: match shared {
                Some(shared) => MessageKey::shared(shared)?,
                None => MessageKey::random()?,
            },
        }))
    }
}

/// One message at one endpoint: what each of its answers has in common.
struct Exchange<'a> {
    version: Version,
    correlation: &'a CorrelationId,
    message_id: Option<&'a str>,
}

impl IdentityProvider {
    pub(super) async fn ws_trust(
        &self,
        request: &Request,
        correlation: &CorrelationId,
    ) -> Result<Response, Refused> {
        let ws_trust = self.ws_trust.as_ref().ok_or(Refused::NotFound)?;
        let is = |path: &str| request.path().eq_ignore_ascii_case(path);
        if is(METADATA_EXCHANGE) {
            return match request.method {
                Method::GET | Method::HEAD => Ok(metadata(ws_trust)),
                _ => Err(Refused::Method("GET, HEAD")),
            };
        }
        let mut versions = Version::ALL.into_iter();
        let version = versions
            .find(|version| is(version.path()))
            .ok_or(Refused::NotFound)?;
        if request.method != Method::POST {
            return Err(Refused::Method("POST"));
        }
        self.token(ws_trust, version, request, correlation).await
    }

    async fn token(
        &self,
        ws_trust: &WsTrust,
        version: Version,
        request: &Request,
        correlation: &CorrelationId,
    ) -> Result<Response, Refused> {
        let mut exchange = Exchange {
            version,
            correlation,
            message_id: None,
        };
        let place = self.workload.admit(Work::Password);
        if let Err(busy) = &place {
            audit::request_refused(correlation, None, &busy.to_string());
            return exchange.fault(FaultCode::Unavailable, BUSY);
        }
        if let Err((code, cause)) = check_headers(request, version) {
            audit::request_refused(correlation, None, cause);
            return exchange.fault(code, cause);
        }
        let endpoint = Endpoint {
            version,
            url: &format!("{}{}", self.edge.base_url, version.path()),
            lifetime: self.edge.request_lifetime,
            clock_skew: self.edge.clock_skew,
        };
        let asked = match TokenRequest::read(&request.body, &endpoint, OffsetDateTime::now_utc()) {
            Ok(asked) => asked,
            Err(unread) => {
                let cause = unread.cause.to_string();
                audit::request_refused(correlation, None, &cause);
                exchange.message_id = unread.message_id.as_deref();
                return exchange.fault(unread.cause.fault_code(), &sentence(&cause));
            }
        };
        exchange.message_id = Some(&asked.message_id);
        let Some(relying_party) = self.trusts.ws_trust_relying_party(&asked.applies_to) else {
            let unknown = Refused::UnknownRelyingParty(shortened(&asked.applies_to));
            audit::request_refused(correlation, None, &unknown.to_string());
            return exchange.fault(
                FaultCode::InvalidScope,
                "The application is not registered with this sign-in service for WS-Trust.",
            );
        };
        let message = Message {
            correlation,
            relying_party: relying_party.entity_id(),
            id: &asked.message_id,
        };
        let typed = Typed {
            name: &asked.user.name,
            password: asked.user.password.reveal(),
            source: &Source::from(self.edge.proxies.client_of(request)),
        };
        let exchanged = self.sign_in.exchange(&ws_trust.key, message, typed);
        match timeout(LONGEST_EXCHANGE, exchanged).await {
            Ok(Ok(grant)) => {
                let from = self.edge.proxies.origin_of(request);
                let circumstances = self.sign_in.circumstances(&grant, from);
                let issue =
                    || self.issue_token(&exchange, &asked, &relying_party, &grant, &circumstances);
                self.sign(issue).await
            }
            Ok(Err(denied)) => exchange.deny(&relying_party, denied),
            Err(_) => {
                let cause = "the directory took too long";
                audit::request_refused(correlation, Some(relying_party.entity_id()), cause);
                exchange.deny(&relying_party, Denied::Problem(Problem::DirectoryDown))
            }
        }
    }

    fn issue_token(
        &self,
        exchange: &Exchange<'_>,
        asked: &TokenRequest,
        relying_party: &RelyingParty,
        grant: &Grant,
        circumstances: &Circumstances,
    ) -> Result<Response, Refused> {
        let now = OffsetDateTime::now_utc();
        let id = new_id()?;
        let claims = relying_party.token_claims(&grant.subject, circumstances);
        let name_id = name_id(relying_party, grant)?;
        let attributes = attributes(&claims);
        let signing = self.signing();
        let document = TokenResponse {
            version: exchange.version,
            relates_to: &asked.message_id,
            context: asked.context.as_deref(),
            applies_to: &asked.applies_to,
            assertion: Assertion {
                id: &id,
                issuer: &grant.issuer,
                issue_instant: now,
                name_identifier: &name_id.value,
                name_identifier_format: name_id.format.saml1_uri(),
                audience: &relying_party.audience,
                not_before: now - relying_party.not_before_skew,
                not_on_or_after: now + relying_party.assertion_lifetime,
                attributes: &attributes,
                authentication_method: AuthenticationMethod::Password,
                authentication_instant: grant.authn_instant,
            },
        }
        .to_signed_xml(signing.keys.current());
        let document = match document {
            Ok(document) => document,
            Err(error) => {
                tracing::error!(correlation = %exchange.correlation, %error, "internal error");
                return exchange.fault(FaultCode::Unavailable, INTERNAL);
            }
        };
        let recorded = audit::Issued {
            correlation: exchange.correlation,
            relying_party: relying_party.entity_id(),
            audience: &relying_party.audience,
            protocol: Protocol::WsTrust.as_str(),
            issuer: &grant.issuer,
            assertion_id: &id,
            in_response_to: Some(&asked.message_id),
            client_request_id: None,
            name_id: &name_id.value,
            immutable_id: &grant.subject.immutable_id,
            cloud_upn: &grant.subject.cloud_upn,
            proof: grant.proof.as_str(),
            key: signing.keys.current().thumbprint(),
        }
        .record();
        if recorded.is_err() {
            return exchange.fault(FaultCode::Unavailable, INTERNAL);
        }
        soap(StatusCode::OK, document)
    }
}

/// How long a program waits for its answer. Shorter than the listener's own patience, whose answer
/// has no `Retry-After`: MSAL for .NET would send the message again at once.
const LONGEST_EXCHANGE: Duration = Duration::from_secs(25);

const BUSY: &str = "Too many people are signing in at the moment. Try again in a few seconds.";

const INTERNAL: &str = "Something went wrong here. Try again in a minute.";

impl Exchange<'_> {
    fn deny(&self, relying_party: &RelyingParty, denied: Denied) -> Result<Response, Refused> {
        let refused = |code, cause: &str, words| {
            audit::request_refused(self.correlation, Some(relying_party.entity_id()), cause);
            self.fault(code, words)
        };
        match denied {
            Denied::Problem(problem) => {
                if problem == Problem::Incomplete {
                    let cause = "the name or the password is empty";
                    audit::request_refused(
                        self.correlation,
                        Some(relying_party.entity_id()),
                        cause,
                    );
                }
                let ProblemText { what, next } = ProblemText::of(problem);
                self.fault(fault_code(problem), &format!("{what} {next}"))
            }
            Denied::Refused(Refusal::AlreadyAnswered) => refused(
                FaultCode::InvalidSecurity,
                "the message has been answered before",
                "This message has been answered before, and each is answered once.",
            ),
            // The audit line has the cause already.
            Denied::Refused(Refusal::NotPermitted) => self.fault(
                FaultCode::FailedAuthentication,
                "You may not use this application. Ask the organisation that invited you for access.",
            ),
            Denied::Refused(Refusal::NotTrusted) => refused(
                FaultCode::RequestFailed,
                "relying party or federated domain is not trusted any more",
                "The application is not registered with this sign-in service.",
            ),
            Denied::Refused(Refusal::Internal | Refusal::NoPassive) => refused(
                FaultCode::Unavailable,
                "no random number, or the store failed",
                INTERNAL,
            ),
        }
    }

    fn fault(&self, code: FaultCode, words: &str) -> Result<Response, Refused> {
        let reason = format!("{words} (correlation id {})", self.correlation);
        let document = Fault {
            code,
            reason: &reason,
            relates_to: self.message_id,
            version: self.version,
        }
        .to_xml()
        .map_err(|error| Refused::Internal(error.to_string()))?;
        let status = StatusCode::from_u16(code.http_status()).unwrap_or(StatusCode::BAD_REQUEST);
        let mut answer = soap(status, document)?;
        if let Some(seconds) = code.retry_after_seconds() {
            answer
                .headers_mut()
                .insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        Ok(answer)
    }
}

fn fault_code(problem: Problem) -> FaultCode {
    match problem {
        Problem::Incomplete
        | Problem::NotRecognised
        | Problem::Account(_)
        | Problem::NoHome
        | Problem::Elsewhere
        | Problem::NoAccount
        | Problem::Vouched(_)
        | Problem::SomebodyElse => FaultCode::FailedAuthentication,
        Problem::TooMany => FaultCode::TooManyFailures,
        Problem::DirectoryDown | Problem::Busy => FaultCode::Unavailable,
    }
}

/// What the header fields say must be so, and agree with the endpoint: SOAP 1.2 in UTF-8, and the
/// action, wherever it is said (SOAP 1.2 part 2, 6.5.3; `SOAPAction` is of SOAP 1.1, and MSAL sends
/// it all the same).
fn check_headers(request: &Request, version: Version) -> Result<(), (FaultCode, &'static str)> {
    const MEDIA_TYPE: (FaultCode, &str) = (
        FaultCode::MediaType,
        "The message must be application/soap+xml in UTF-8.",
    );
    const ACTION: (FaultCode, &str) = (
        FaultCode::ActionNotSupported,
        "The action of the HTTP request is not the one of this endpoint.",
    );
    let media_type = request.header(CONTENT_TYPE.as_str()).ok_or(MEDIA_TYPE)?;
    let mut parts = media_type.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default();
    if !essence.eq_ignore_ascii_case("application/soap+xml") {
        return Err(MEDIA_TYPE);
    }
    for part in parts {
        let (name, value) = part.split_once('=').ok_or(MEDIA_TYPE)?;
        let value = value.trim_matches('"');
        if name.eq_ignore_ascii_case("charset") && !value.eq_ignore_ascii_case("utf-8") {
            return Err(MEDIA_TYPE);
        }
        if name.eq_ignore_ascii_case("action") && value != version.request_action() {
            return Err(ACTION);
        }
    }
    let mut actions = request.headers.get_all("soapaction").iter();
    let is_ours = |action: &HeaderValue| {
        let action = action.to_str().unwrap_or_default().trim_matches('"');
        action.is_empty() || action == version.request_action()
    };
    if actions.all(is_ours) {
        Ok(())
    } else {
        Err(ACTION)
    }
}

fn metadata(ws_trust: &WsTrust) -> Response {
    // MSAL for Python reads `text/xml` without a charset as Latin-1.
    let document = ws_trust.metadata_exchange.clone();
    let mut answer = response::typed(StatusCode::OK, "text/xml; charset=utf-8", document);
    answer
        .headers_mut()
        .insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    answer
}

fn soap(status: StatusCode, document: String) -> Result<Response, Refused> {
    let mut answer = response::typed(status, SOAP, document);
    PageSecurity::new()
        .strict_transport(true)
        .apply(&mut answer)?;
    Ok(answer)
}

/// A cause as a sentence for the other side.
fn sentence(cause: &str) -> String {
    let mut letters = cause.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(letters).chain(['.']).collect()
}
