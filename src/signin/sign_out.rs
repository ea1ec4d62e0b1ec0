//! The end of a session, and who must hear of it.

use crate::{
    observe::{CorrelationId, audit},
    store::StoreError,
};

use super::{Participant, Session, SessionError, SessionToken, SignIn};

impl SignIn {
    /// Ends the session behind a token, and says who was told of it. Nobody, where there is none.
    ///
    /// # Errors
    /// When the store fails: then the session may be live still.
    pub async fn sign_out(
        &self,
        correlation: &CorrelationId,
        token: &SessionToken,
    ) -> Result<Vec<Participant>, StoreError> {
        let Some((session, participants)) = self.end(token).await? else {
            return Ok(Vec::new());
        };
        audit::signed_out(
            correlation,
            &session.subject.sign_in_name,
            &session.subject.cloud_upn,
        );
        Ok(participants)
    }

    /// Begins a session in place of the one that the browser had before.
    ///
    /// Who was told of that one is told of the new one's end, if both are the same person's.
    pub(super) async fn succeed(
        &self,
        previous: Option<&SessionToken>,
        session: &Session,
    ) -> Result<SessionToken, SessionError> {
        let inherited = match previous {
            Some(previous) => self.end(previous).await?,
            None => None,
        };
        let token = self.sessions.begin(session).await?;
        if let Some((earlier, participants)) = inherited
            && earlier.is_of_the_same_person_as(session)
        {
            for participant in participants {
                if participant != session.first_participant {
                    self.participants.add(&token, &participant).await?;
                }
            }
        }
        Ok(token)
    }

    async fn end(
        &self,
        token: &SessionToken,
    ) -> Result<Option<(Session, Vec<Participant>)>, StoreError> {
        let session = self.sessions.find(token).await;
        // Even where none was found: a store that failed to give it may have it still.
        self.sessions.end(token).await?;
        let Some(session) = session else {
            return Ok(None);
        };
        let mut participants = self.participants.take(token, &self.trusts).await?;
        participants.insert(0, session.first_participant.clone());
        Ok(Some((session, participants)))
    }
}
