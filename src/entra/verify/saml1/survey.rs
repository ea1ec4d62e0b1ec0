//! Each check of a SAML 1.1 assertion by itself, and of what carries it.

use super::{
    super::{
        sequence,
        survey::{Survey, Surveyed},
        ws_trust,
    },
    CONDITIONS, DS, Judgement, circumstances, claims, outline, shown, statements,
};
use crate::{
    entra::Aadsts,
    xml::{self, Element, Limits},
};

/// In the order of the judgement; "Circumstances" are looked at where there are any.
pub(in super::super) const WS_FEDERATION: &[&str] = &[
    "wctx",
    "wresult",
    "Token",
    "Issuer",
    "Signature",
    "Conditions",
    "Subject",
    "AuthenticationStatement",
    "NameIdentifier",
    "ImmutableID",
    "Realm",
    "UPN",
    "User",
];

/// The same of a grant, which answers no request.
pub(in super::super) const GRANT: &[&str] = &[
    "assertion",
    "Issuer",
    "Signature",
    "Conditions",
    "Subject",
    "AuthenticationStatement",
    "NameIdentifier",
    "ImmutableID",
    "Realm",
    "UPN",
];

impl Judgement<'_> {
    pub(in super::super) fn survey_ws_federation(&mut self, wresult: &str) -> Vec<Surveyed> {
        let mut survey = Survey::of(WS_FEDERATION);
        if self.request().is_some() {
            survey.note("wctx", Ok(()));
        }
        let document = xml::read(wresult.as_bytes(), &Limits::default()).map_err(|error| {
            Aadsts::InvalidXml.refuse(format!("wresult is not XML as it must be: {error}."))
        });
        if let Some(document) = survey.note("wresult", document) {
            match self.token_in(&document) {
                Ok(token) => {
                    survey.note("Token", Ok(()));
                    self.survey_saml1(&mut survey, token);
                }
                Err(refusal) => {
                    let message = self.has_held("wresult");
                    survey.note::<()>(if message { "Token" } else { "wresult" }, Err(refusal));
                }
            }
        }
        survey.finish()
    }

    pub(in super::super) fn survey_grant(&mut self, assertion: &str) -> Vec<Surveyed> {
        let mut survey = Survey::of(GRANT);
        let token = ws_trust::decode(assertion).and_then(|token| {
            ws_trust::is_alone(&token)?;
            Ok(token)
        });
        if let Some(token) = survey.note("assertion", token) {
            self.survey_saml1(&mut survey, &token);
        }
        survey.finish()
    }

    fn survey_saml1(&mut self, survey: &mut Survey, assertion: &Element) {
        let issued_by = sequence::attribute(assertion, "Issuer");
        let issuer = outline::is_saml1(assertion)
            .and_then(|()| issued_by.clone())
            .and_then(|issuer| self.realm(issuer));
        if assertion.namespace() != super::SAML1 {
            survey.note("Issuer", issuer.map(|_| ()));
            return;
        }
        let realm = survey.note("Issuer", issuer);
        let realm = realm.or_else(|| self.asked_realm());
        if let Some(realm) = realm {
            let own = self.signature(assertion, realm.federation);
            let own = own.and_then(|_| outline::signature_is_last(assertion));
            survey.note("Signature", own);
        }
        // As it is read once its signature holds.
        let assertion = &assertion.without_children(DS, "Signature");
        let context = self.context();
        let conditions = outline::check(assertion, issued_by.unwrap_or_default(), &context)
            .and_then(|()| CONDITIONS.check(assertion, &context));
        survey.note("Conditions", conditions);
        let subject = survey.note("Subject", statements::subject(assertion));
        let authentication = statements::Authentication::read(assertion, &context);
        let authentication = survey.note("AuthenticationStatement", authentication);
        let Some(immutable_id) = survey.note("NameIdentifier", claims::immutable_id(assertion))
        else {
            return;
        };
        if let Some(subject) = subject.filter(|subject| *subject != immutable_id) {
            let differs = Aadsts::InvalidSamlToken.refuse(format!(
                "The NameIdentifier is {}, the claim ImmutableID {}.",
                shown(subject),
                shown(immutable_id)
            ));
            survey.note::<()>("NameIdentifier", Err(differs));
        }
        if let Some(realm) = realm {
            let names = |user: &_| {
                claims::check_upn(assertion, user)?;
                let Some(authentication) = &authentication else {
                    return Ok(());
                };
                circumstances::check(assertion, authentication).map(|_| ())
            };
            self.survey_user(survey, realm, immutable_id, ("UPN", &names));
        }
    }
}
