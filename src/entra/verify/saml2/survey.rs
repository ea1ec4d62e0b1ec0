//! Each check of a SAML 2.0 Response by itself.

use super::{
    super::{
        DS,
        survey::{Survey, Surveyed},
    },
    CONDITIONS, Envelope, Judgement, envelope, outline, statements, subject,
};
use crate::xml::Element;

/// In the order of the judgement; "Response signature" is looked at where there is one.
pub(in super::super) const CHECKS: &[&str] = &[
    "Response",
    "InResponseTo",
    "RelayState",
    "Destination",
    "Status",
    "Assertion",
    "Issuer",
    "Signature",
    "NameID",
    "Subject confirmation",
    "Conditions",
    "AuthnStatement",
    "ImmutableID",
    "Realm",
    "IDPEmail",
    "User",
];

impl Judgement<'_> {
    pub(in super::super) fn survey_saml2(
        &mut self,
        saml_response: &str,
        relay_state: Option<&str>,
    ) -> Vec<Surveyed> {
        let mut survey = Survey::of(CHECKS);
        let Some(document) = survey.note("Response", envelope::decode(saml_response)) else {
            return survey.finish();
        };
        let Some(envelope) = survey.note("Response", Envelope::of(&document)) else {
            return survey.finish();
        };
        let request = self.request().cloned();
        if let Some(request) = &request {
            survey.note("InResponseTo", Ok(()));
            survey.note("RelayState", self.relay_state(request, relay_state));
        }
        survey.note("Destination", self.destination(&envelope));
        let demand = request.map(|request| request.demand).unwrap_or_default();
        survey.note("Status", envelope.status(demand));
        if let Some(assertion) = survey.note("Assertion", envelope.only_assertion()) {
            self.survey_assertion(&mut survey, assertion, &envelope);
        }
        survey.finish()
    }

    fn survey_assertion(
        &mut self,
        survey: &mut Survey,
        assertion: &Element,
        envelope: &Envelope<'_>,
    ) {
        let issuer = outline::issuer_of(assertion);
        let issued_by = issuer.clone().unwrap_or_default();
        let realm = issuer.and_then(|issuer| self.realm(issuer));
        let realm = survey.note("Issuer", realm);
        let realm = realm.or_else(|| self.asked_realm());
        if let Some(realm) = realm {
            let own = self.signature(assertion, realm.federation).map(|_| ());
            survey.note("Signature", own);
        }
        // As it is read once its signature holds.
        let assertion = &assertion.without_children(DS, "Signature");
        let context = self.context();
        let subject = outline::check(assertion, issued_by, &context)
            .and_then(|()| envelope.issuer_agrees(issued_by))
            .and_then(|()| subject::Subject::read(assertion));
        let subject = survey.note("NameID", subject);
        if let (Some(subject), Some(request)) = (&subject, self.request()) {
            let confirmed = subject.confirmation.check(&request.id, &context);
            survey.note("Subject confirmation", confirmed);
        }
        survey.note("Conditions", CONDITIONS.check(assertion, &context));
        let authn = statements::Authn::read(assertion, &context);
        survey.note("AuthnStatement", authn);
        if let (Some(subject), Some(realm)) = (subject, realm) {
            let names = |user: &_| statements::check_names(assertion, user, subject.name_id);
            self.survey_user(survey, realm, subject.name_id, ("IDPEmail", &names));
        }
    }
}
