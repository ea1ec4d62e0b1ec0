//! The end of a session, and who must hear of it.

use crate::{
    observe::{CorrelationId, audit},
    store::StoreError,
};

use super::{Participant, Session, SessionError, SessionToken, SignIn};

/// A session that has ended.
#[derive(Clone, Debug)]
pub struct SignedOut {
    /// As it was.
    pub session: Session,
    /// Who was told of it, and must hear of its end.
    pub participants: Vec<Participant>,
}

/// Whose session a relying party wants ended, by the names that it knows.
#[derive(Clone, Copy, Debug)]
pub struct Demand<'a> {
    /// Who asks.
    pub asking: &'a Participant,
    /// The person.
    pub name: &'a str,
    /// The format of that name, where it is said.
    pub name_format: Option<&'a str>,
    /// Her sessions there; all of them, if none is named.
    pub session_indexes: &'a [String],
}

/// What came of a relying party's demand.
#[derive(Debug)]
pub enum DemandOutcome {
    /// This browser has no session: there is nothing to end.
    NobodySignedIn,
    /// It has one, and it is not the one that was named to this relying party.
    NotTheirs,
    /// It has ended.
    Ended(Box<SignedOut>),
}

impl SignIn {
    /// Ends the session behind a token, and says who was told of it. `None` where there is none.
    ///
    /// # Errors
    /// When the store fails: then the session may be live still.
    pub async fn sign_out(
        &self,
        correlation: &CorrelationId,
        token: &SessionToken,
    ) -> Result<Option<SignedOut>, StoreError> {
        let looked = self.sessions.look(token).await;
        let ended = self.end_of(token, looked.clone().ok().flatten()).await?;
        // It has ended, but nobody knows who was told of it: the person must hear of that.
        looked?;
        if let Some(SignedOut { session, .. }) = &ended {
            audit::signed_out(
                correlation,
                None,
                &session.subject.sign_in_name,
                &session.subject.cloud_upn,
            );
        }
        Ok(ended)
    }

    /// Ends the session behind a token if it is the one that the relying party names.
    ///
    /// Nobody else's is ended, whoever asks: a relying party speaks for what it was told, and only in
    /// the browser in which it was told so.
    ///
    /// # Errors
    /// When the store fails: then the session may be live still.
    pub async fn sign_out_for(
        &self,
        correlation: &CorrelationId,
        token: &SessionToken,
        demand: Demand<'_>,
    ) -> Result<DemandOutcome, StoreError> {
        let Some(session) = self.sessions.look(token).await? else {
            return Ok(DemandOutcome::NobodySignedIn);
        };
        let takes_part = session.first_participant.as_ref() == Some(demand.asking)
            || self.participants.include(token, demand.asking).await?;
        if !takes_part || !self.is_named(&session, demand) {
            return Ok(DemandOutcome::NotTheirs);
        }
        let Some(ended) = self.end(token).await? else {
            return Ok(DemandOutcome::NobodySignedIn);
        };
        let by = Some(demand.asking.relying_party.as_str());
        audit::signed_out(
            correlation,
            by,
            &session.subject.sign_in_name,
            &session.subject.cloud_upn,
        );
        Ok(DemandOutcome::Ended(Box::new(ended)))
    }

    fn is_named(&self, session: &Session, demand: Demand<'_>) -> bool {
        let relying_party = &demand.asking.relying_party;
        let Some(party) = self.trusts.relying_party(relying_party) else {
            return false;
        };
        let Some(known) = session.known_at(&party) else {
            return false;
        };
        let format = known.name_id_format.uri();
        let indexes = demand.session_indexes;
        demand.name == known.name_id
            // A format that is left out says nothing; one that is there must be the right one.
            && demand.name_format.is_none_or(|asked| asked == format)
            && (indexes.is_empty() || indexes.contains(&known.session_index))
    }

    /// Begins a session in place of the one that the browser had before.
    ///
    /// If both are the same person's, who was told of that one knows the new one by the same names,
    /// and is told of its end.
    pub(super) async fn succeed(
        &self,
        previous: Option<&SessionToken>,
        session: &mut Session,
    ) -> Result<SessionToken, SessionError> {
        let inherited = match previous {
            Some(previous) => self.end(previous).await?,
            None => None,
        };
        let inherited =
            inherited.filter(|earlier| earlier.session.is_of_the_same_person_as(session));
        if let Some(earlier) = &inherited {
            session.take_the_place_of(&earlier.session);
        }
        let token = self.sessions.begin(session).await?;
        for participant in inherited.map_or_else(Vec::new, |earlier| earlier.participants) {
            if session.first_participant.as_ref() != Some(&participant) {
                self.participants.add(&token, &participant).await?;
            }
        }
        Ok(token)
    }

    async fn end(&self, token: &SessionToken) -> Result<Option<SignedOut>, StoreError> {
        let session = self.sessions.find(token).await;
        self.end_of(token, session).await
    }

    async fn end_of(
        &self,
        token: &SessionToken,
        session: Option<Session>,
    ) -> Result<Option<SignedOut>, StoreError> {
        // Even where none was found: a store that failed to give it may have it still.
        self.sessions.end(token).await?;
        let Some(session) = session else {
            return Ok(None);
        };
        let first = session.first_participant.clone();
        let others = self.participants.take(token, &self.trusts).await?;
        let participants = first.into_iter().chain(others).collect();
        Ok(Some(SignedOut {
            session,
            participants,
        }))
    }
}
