//! Single logout at `/saml2/slo`: requests to end a session, and answers to ours.

use hyper::Method;
use time::OffsetDateTime;

use crate::{
    http::{Form, Request, Response},
    observe::{CorrelationId, audit},
    saml2::{
        BindingError, Carried, LogoutAnswer, LogoutRequest, ReceivedRequest, ReceivedResponse,
        RequestError, Status,
    },
    signin::{Confirmation, Demand, DemandOutcome, Participant},
    trust::{Protocol, RelyingParty},
};

use super::{
    IdentityProvider,
    arrival::shortened,
    browser,
    departure::{Asker, Saml2Asker, Telling},
    logout_message::send_logout_response,
    refusal::Refused,
    signed_out::told_page,
};

impl IdentityProvider {
    pub(super) async fn single_logout(
        &self,
        request: &Request,
        correlation: &CorrelationId,
    ) -> Result<Response, Refused> {
        let query = request.query()?;
        let by_post = request.method == Method::POST;
        let form = if by_post {
            request.form()?
        } else {
            Form::default()
        };
        let parameters = if by_post { &form } else { &query };
        let carries = |carried: Carried| parameters.all(carried.parameter()).next().is_some();
        if carries(Carried::Request) {
            let received = if by_post {
                ReceivedRequest::from_post(&form)
            } else {
                ReceivedRequest::from_redirect(request.raw_query(), &query)
            };
            return self.logout_request(request, received, correlation).await;
        }
        if carries(Carried::Response) || by_post {
            let received = if by_post {
                ReceivedResponse::from_post(&form)
            } else {
                ReceivedResponse::from_redirect(request.raw_query(), &query)
            };
            return self.logout_response(received).await;
        }
        // Entra sends the browser to the registered `signOutUri` as it stands.
        self.sign_out(request, Asker::Nobody, correlation).await
    }

    async fn logout_request(
        &self,
        request: &Request,
        received: Result<ReceivedRequest, BindingError>,
        correlation: &CorrelationId,
    ) -> Result<Response, Refused> {
        let mut received = received.map_err(|error| Refused::sign_out(None, error))?;
        let relay_state = received.take_relay_state();
        let issuer = received.issuer().ok_or_else(no_issuer)?.to_owned();
        let relying_party = self.asking(&issuer, Protocol::Saml2)?;
        let message = received
            .authenticate_logout(
                &relying_party.request_signatures,
                relying_party.single_logout.permit_unsigned,
            )
            .map_err(|error| Refused::sign_out(Some(&issuer), error))?;
        let issuer_here = self.trusts.default_issuer(&relying_party);
        let mut asker = Saml2Asker {
            relying_party: issuer,
            request_id: message.id.clone(),
            relay_state,
            is_asynchronous: message.is_asynchronous,
            issuer: issuer_here.ok_or(Refused::NotTrusted)?.to_owned(),
        };
        if let Err(cause) = self.acceptable_logout(&message, &relying_party) {
            return self.refuse_sign_out(&asker, Status::RequestDenied, cause, correlation);
        }
        let participant = Participant {
            relying_party: asker.relying_party.clone(),
            protocol: Protocol::Saml2,
        };
        let demand = Demand {
            asking: &participant,
            name: &message.person.name,
            name_format: message.person.format.as_deref(),
            session_indexes: &message.session_indexes,
        };
        let outcome = match browser::session_token(request) {
            Some(token) => self
                .sign_in
                .sign_out_for(correlation, &token, demand)
                .await
                .map_err(|error| Refused::Internal(error.to_string()))?,
            None => DemandOutcome::NobodySignedIn,
        };
        let ended = match outcome {
            DemandOutcome::NotTheirs => {
                let cause = "the session of this browser is not the one that the request names";
                return self.refuse_sign_out(&asker, Status::UnknownPrincipal, cause, correlation);
            }
            DemandOutcome::NobodySignedIn => None,
            DemandOutcome::Ended(ended) => {
                let suffix = &ended.session.subject.suffix;
                if let Some(issuer) = self.trusts.issuer(&relying_party, suffix) {
                    issuer.clone_into(&mut asker.issuer);
                }
                Some(*ended)
            }
        };
        self.depart(request, Asker::Saml2(asker), ended, correlation)
            .await
    }

    /// What is wrong with a request whose sender is known.
    fn acceptable_logout(
        &self,
        request: &LogoutRequest,
        relying_party: &RelyingParty,
    ) -> Result<(), &'static str> {
        let now = OffsetDateTime::now_utc();
        let skew = self.edge.clock_skew;
        let destination = request.destination.as_deref();
        let is_qualified = request
            .person
            .name_qualifier
            .as_deref()
            .is_none_or(|issuer| {
                let mut domains = self.trusts.domains().iter();
                self.trusts.default_issuer(relying_party) == Some(issuer)
                    || domains.any(|domain| domain.issuer == issuer)
            });
        let for_another = request.person.sp_name_qualifier.as_ref();
        if destination.is_some_and(|meant| meant != self.edge.slo_url()) {
            Err("the request was meant for another address")
        } else if request.issue_instant > now + skew {
            Err("the request is from the future")
        } else if request.issue_instant < now - self.edge.request_lifetime - skew
            || request.not_on_or_after.is_some_and(|end| end <= now - skew)
        {
            Err("the request is too old")
        } else if !is_qualified || for_another.is_some_and(|party| *party != request.issuer) {
            Err("the name in the request was not given by us to its sender")
        } else {
            Ok(())
        }
    }

    /// Nothing has ended: the relying party is told so, where it can be, else the person.
    fn refuse_sign_out(
        &self,
        asker: &Saml2Asker,
        status: Status,
        cause: &'static str,
        correlation: &CorrelationId,
    ) -> Result<Response, Refused> {
        let relying_party = self.asking(&asker.relying_party, Protocol::Saml2)?;
        let Some(answered_at) = &relying_party.single_logout.answered_at else {
            return Err(Refused::sign_out(Some(&asker.relying_party), cause));
        };
        audit::request_refused(correlation, Some(&asker.relying_party), cause);
        let answer = LogoutAnswer::Refused(status);
        send_logout_response(
            self.signing().keys.current(),
            &relying_party,
            answered_at,
            asker,
            answer,
        )
    }

    /// A relying party's answer to what it was told.
    async fn logout_response(
        &self,
        received: Result<ReceivedResponse, BindingError>,
    ) -> Result<Response, Refused> {
        let received = received.map_err(|error| Refused::sign_out(None, error))?;
        let issuer = received.issuer().ok_or_else(no_issuer)?.to_owned();
        let relying_party = self.asking(&issuer, Protocol::Saml2)?;
        let refused = |cause: &dyn std::fmt::Display| Refused::sign_out(Some(&issuer), cause);
        let answer = received
            .authenticate_logout(&relying_party.request_signatures)
            .map_err(|error: RequestError| refused(&error))?;
        let destination = answer.destination.as_deref();
        if destination.is_some_and(|meant| meant != self.edge.slo_url()) {
            return Err(refused(&"the answer was meant for another address"));
        }
        let name = Telling::name_in(&answer.in_response_to);
        let confirmation = if answer.is_success {
            Confirmation::Ended
        } else {
            Confirmation::NotEnded
        };
        let confirmations = self.sign_in.confirmations();
        let correlation = confirmations
            .answer(name, &issuer, confirmation)
            .await
            .map_err(|error| Refused::Internal(error.to_string()))?
            .ok_or_else(|| refused(&"it answers nothing that was asked"))?;
        let cause = (!answer.is_success).then(|| shortened(&answer.codes));
        audit::sign_out_confirmed(&correlation, &issuer, cause.as_deref());
        told_page(&relying_party.display_name, answer.is_success)
    }
}

fn no_issuer() -> Refused {
    Refused::sign_out(None, "it has no Issuer")
}
