//! What an answer would fail at besides: each check by itself, as if those before it had held.
//!
//! It explains a refusal and decides nothing. The checks are those of the judgement, in their order;
//! the tests hold the two lists to each other.

use super::{Answer, Judgement, issuer::Issuer};
use crate::entra::{Refusal, User, Whom};

/// One check of a survey.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Surveyed {
    /// The check, as [`super::Check::name`] has it.
    pub name: &'static str,
    /// What was found.
    pub finding: Finding,
}

/// What a check comes to by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// It would hold.
    Holds,
    /// It would refuse.
    Fails(Refusal),
    /// It cannot be told: what it needs is not there.
    Unknown,
}

/// The checks of one protocol, filled in one by one.
pub(super) struct Survey(Vec<Surveyed>);

impl Survey {
    pub(super) fn of(names: &[&'static str]) -> Self {
        let unknown = |name: &&'static str| Surveyed {
            name,
            finding: Finding::Unknown,
        };
        Self(names.iter().map(unknown).collect())
    }

    /// Notes what a check came to, and hands on what it found.
    pub(super) fn note<T>(&mut self, name: &str, result: Result<T, Refusal>) -> Option<T> {
        let (finding, found) = match result {
            Ok(found) => (Finding::Holds, Some(found)),
            Err(refusal) => (Finding::Fails(refusal), None),
        };
        if let Some(it) = self.0.iter_mut().find(|it| it.name == name) {
            it.finding = finding;
        }
        found
    }

    pub(super) fn finish(self) -> Vec<Surveyed> {
        self.0
    }
}

/// Whether an assertion has the right names for a user.
type NamesCheck<'n> = &'n dyn Fn(&User) -> Result<(), Refusal>;

impl<'a> Judgement<'a> {
    pub(super) fn survey(mut self, answer: Answer<'_>) -> Vec<Surveyed> {
        match answer {
            Answer::Saml {
                saml_response,
                relay_state,
            } => self.survey_saml2(saml_response, relay_state),
            Answer::WsFederation { wresult, .. } => self.survey_ws_federation(wresult),
            Answer::WsTrust { assertion } => self.survey_grant(assertion),
        }
    }

    /// The federation that was asked: whose answer it should be, whatever its issuer says.
    pub(super) fn asked_realm(&self) -> Option<Issuer<'a>> {
        let request = self.request()?;
        let tenant = self.verifier.tenants.of_domain(&request.home)?;
        let domain = match &request.whom {
            Whom::User {
                user_principal_name,
                ..
            } => user_principal_name.domain(),
            Whom::AnybodyOf { domain, .. } => domain,
        };
        let (domain, federation) = tenant.federation_of(domain)?;
        Some(Issuer {
            tenant,
            domain,
            federation,
        })
    }

    /// What follows once it is said whom an assertion is about: that user, and the names it has for
    /// them.
    pub(super) fn survey_user(
        &mut self,
        survey: &mut Survey,
        realm: Issuer<'a>,
        immutable_id: &str,
        (name, names): (&str, NamesCheck<'_>),
    ) {
        let user = self.user_of(realm.tenant, immutable_id);
        let Some(user) = survey.note("ImmutableID", user) else {
            return;
        };
        survey.note("Realm", self.realm_may_speak_for(user, realm));
        survey.note(name, names(user));
        if let Some(request) = self.request().cloned() {
            let asked = self.is_whom_was_asked_for(user, realm.domain.name.as_str(), &request);
            survey.note("User", asked);
        }
    }
}
