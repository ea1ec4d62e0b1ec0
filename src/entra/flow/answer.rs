//! The second half of a sign-in as it is kept: what came back, how it was checked, and how it ended.

use time::OffsetDateTime;

use super::{End, Hop, HttpRequest, Party, checks, said};
use crate::entra::{
    DomainName, Outcome, PendingRequest, Protocol, Simulator,
    open_id::SAML1_GRANT,
    verify::{Answer, Verifier},
};

impl Simulator {
    /// Keeps an answer and what became of it. `request` is the one that it answers, as far as that is
    /// known; `resource` the tenant at whose address an application brought it.
    pub(in crate::entra) fn record_answer(
        &self,
        verifier: &Verifier<'_>,
        (answer, request): (Answer<'_>, Option<PendingRequest>),
        resource: Option<&DomainName>,
        outcome: &Outcome,
        now: OffsetDateTime,
    ) {
        let name = outcome.request_id.as_deref();
        let name = name.unwrap_or(&outcome.correlation_id);
        let flows = self.flows();
        flows.record(name, self.brought(answer, resource, now), now);
        let mut hop = Hop::new(
            "Entra checks the answer",
            said::CHECKED,
            (Party::Entra, Party::Entra),
            now,
        );
        hop.checks = checks::of(outcome, || verifier.survey(answer, request, now));
        flows.record(name, hop, now);
        self.finish(name, outcome);
    }

    /// Keeps that something was posted that could not even be taken for an answer.
    pub(in crate::entra) fn record_stray(&self, outcome: &Outcome, now: OffsetDateTime) {
        let name = outcome.correlation_id.as_str();
        if self.flows().id_of(name).is_some() {
            return;
        }
        let consumer = self.assertion_consumer_service();
        let hop = Hop::new(
            "Something is posted that is no answer",
            "what came cannot be read as a form with an answer; its fields are not kept",
            (Party::Browser, Party::Entra),
            now,
        )
        .request(HttpRequest::post(consumer, []));
        self.flows().record(name, hop, now);
        self.finish(name, outcome);
    }

    fn finish(&self, name: &str, outcome: &Outcome) {
        let (flows, typed) = (self.flows(), outcome.typed.as_deref());
        flows.call(name, &outcome.correlation_id, typed);
        flows.end(name, End::of(outcome));
    }

    fn brought(
        &self,
        answer: Answer<'_>,
        resource: Option<&DomainName>,
        now: OffsetDateTime,
    ) -> Hop {
        let consumer = self.assertion_consumer_service();
        let request = match answer {
            Answer::Saml {
                saml_response,
                relay_state,
            } => {
                let fields = [
                    ("SAMLResponse", Some(saml_response)),
                    ("RelayState", relay_state),
                ];
                HttpRequest::post(consumer, given(&fields))
            }
            Answer::WsFederation { wa, wresult, wctx } => {
                let fields = [("wa", wa), ("wresult", Some(wresult)), ("wctx", wctx)];
                HttpRequest::post(consumer, given(&fields))
            }
            Answer::WsTrust { assertion } => {
                let tenant = resource.map_or("common", DomainName::as_str);
                let url = format!("{}/{tenant}/oauth2/v2.0/token", self.base_url());
                HttpRequest::post(
                    &url,
                    [("grant_type", SAML1_GRANT), ("assertion", assertion)],
                )
            }
        };
        match answer.protocol() {
            Protocol::WsTrust => Hop::new(
                "An application brings an assertion",
                "it sent name and password to the identity provider by WS-Trust, which is not seen \
                 from here, and brings Entra what it got",
                (Party::Application, Party::Entra),
                now,
            ),
            protocol => Hop::new(
                "The identity provider answers",
                format!("the browser posts the answer by {protocol} to Entra"),
                (Party::IdentityProvider, Party::Entra),
                now,
            ),
        }
        .fact("Protocol", answer.protocol().to_string())
        .request(request)
    }
}

/// The fields that came.
fn given<'f>(fields: &[(&'f str, Option<&'f str>)]) -> Vec<(&'f str, &'f str)> {
    let fields = fields.iter();
    fields
        .filter_map(|(name, value)| Some((*name, (*value)?)))
        .collect()
}
