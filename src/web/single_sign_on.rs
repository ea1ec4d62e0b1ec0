//! Requests by HTTP-POST and HTTP-Redirect at `/saml2/sso`.

use std::time::Duration;

use hyper::Method;
use time::OffsetDateTime;

use crate::{
    http::{Form, Request, Response},
    observe::CorrelationId,
    saml2::{AuthnRequest, ReceivedRequest, RequestedAuthnContext, RequestedConsumer, Status},
    signin::SignInRequest,
    trust::{NameIdFormat, Protocol, RelyingParty},
    upstream::Factors,
};

use super::{
    IdentityProvider,
    arrival::{Hints, shortened},
    pending::{Offered, Pending, Reply, Saml2Reply},
    refusal::Refused,
};

/// A request whose sender is trusted.
struct Asked {
    request: SignInRequest,
    reply: Saml2Reply,
    /// Why it is answered with a status all the same.
    problem: Option<(Status, &'static str)>,
}

impl IdentityProvider {
    pub(super) async fn single_sign_on(
        &self,
        request: &Request,
        correlation: &CorrelationId,
    ) -> Result<Response, Refused> {
        // Apart, so that nothing of the message is carried along while the answer is prepared.
        let asked = self.asked(request, correlation)?;
        if let Some((status, cause)) = asked.problem {
            return self.answer_with_status(&asked.request, &asked.reply, status, cause);
        }
        let pending = Pending {
            request: asked.request,
            reply: Reply::Saml2(asked.reply),
        };
        self.begin(request, pending).await
    }

    /// What the message asks for.
    fn asked(&self, request: &Request, correlation: &CorrelationId) -> Result<Asked, Refused> {
        let query = request.query()?;
        let (mut received, form) = if request.method == Method::POST {
            let form = request.form()?;
            (ReceivedRequest::from_post(&form)?, form)
        } else {
            (
                ReceivedRequest::from_redirect(request.raw_query(), &query)?,
                Form::default(),
            )
        };
        let relay_state = received.take_relay_state();
        let issuer = received.issuer().ok_or(Refused::NoIssuer)?;
        let relying_party = self.asking(issuer, Protocol::Saml2)?;
        let authn_request = received
            .authenticate(&relying_party.request_signatures)
            .map_err(|cause| Refused::Request {
                relying_party: relying_party.entity_id().to_owned(),
                cause,
            })?;
        let consumer = consumer(&relying_party, &authn_request.consumer)?;
        let hints = Hints::of(authn_request.hint(), [&query, &form]);
        let authn_context = Offered::to(authn_request.authn_context.as_ref());
        let name_ids = relying_party.name_id_rule().format();
        let now = OffsetDateTime::now_utc();
        let acceptable = self.acceptable(&authn_request, name_ids, authn_context, now);
        Ok(Asked {
            problem: acceptable.err(),
            request: SignInRequest {
                correlation: correlation.clone(),
                relying_party: authn_request.issuer,
                protocol: Protocol::Saml2,
                request_id: authn_request.id,
                max_age: authn_request.force_authn.then_some(Duration::ZERO),
                passive: authn_request.is_passive,
                hint: hints.name,
                home_realm_hint: hints.home_realm,
                several_factors: authn_request
                    .authn_context
                    .as_ref()
                    .is_some_and(RequestedAuthnContext::prefers_several_factors),
            },
            reply: Saml2Reply {
                consumer: consumer.to_owned(),
                relay_state,
                authn_context,
                subject: authn_request.subject,
                is_unsolicited: false,
            },
        })
    }

    /// What is wrong with a request that its relying party should be told by a status.
    fn acceptable(
        &self,
        request: &AuthnRequest,
        name_ids: NameIdFormat,
        offered: Offered,
        now: OffsetDateTime,
    ) -> Result<(), (Status, &'static str)> {
        if request
            .destination
            .as_ref()
            .is_some_and(|meant| *meant != self.edge.sso_url())
        {
            return Err((
                Status::RequestDenied,
                "the request was meant for another address",
            ));
        }
        // Reckoned from our own clock: the request's may stand at the end of time.
        if request.issue_instant > now + self.edge.clock_skew {
            return Err((Status::RequestDenied, "the request is from the future"));
        }
        if request.issue_instant < now - self.edge.request_lifetime - self.edge.clock_skew {
            return Err((Status::RequestDenied, "the request is too old"));
        }
        if let Some(status) = request.policy_problem(name_ids) {
            return Err((status, "the request asks for what is not issued here"));
        }
        let factors: &[Factors] = if self.upstreams.is_empty() {
            &[Factors::One]
        } else {
            &[Factors::One, Factors::Several]
        };
        if factors.iter().all(|factors| offered.by(*factors).is_none()) {
            return Err((
                Status::NoAuthnContext,
                "the authentication asked for is not offered",
            ));
        }
        Ok(())
    }
}

/// The address for the answer: only ever one that the trust names. Anything else is refused with
/// a page, since an answer would go where a stranger wants it.
pub(super) fn consumer<'a>(
    relying_party: &'a RelyingParty,
    asked: &RequestedConsumer,
) -> Result<&'a str, Refused> {
    let mut registered = relying_party.consumers().iter();
    let found = match asked {
        RequestedConsumer::Default => relying_party.default_consumer(),
        RequestedConsumer::Index(index) => registered.find(|consumer| consumer.index == *index),
        RequestedConsumer::Url(url) => registered.find(|consumer| consumer.url == *url),
    };
    found
        .map(|consumer| consumer.url.as_str())
        .ok_or_else(|| Refused::UnknownConsumer {
            relying_party: relying_party.entity_id().to_owned(),
            asked: match asked {
                RequestedConsumer::Default => "the default one".to_owned(),
                RequestedConsumer::Index(index) => format!("index {index}"),
                RequestedConsumer::Url(url) => shortened(url),
            },
        })
}
