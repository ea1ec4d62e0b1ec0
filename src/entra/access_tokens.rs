//! Access tokens handed out to applications: whoever has one may ask the simulator whose it is.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use time::{Duration, OffsetDateTime};

use super::User;

/// The latest ones.
#[derive(Default)]
pub(super) struct AccessTokens {
    issued: Mutex<VecDeque<Issued>>,
}

struct Issued {
    token: String,
    user: User,
    subject: String,
    expires_at: OffsetDateTime,
}

impl AccessTokens {
    /// How long one is good.
    pub(super) const LIFE: Duration = Duration::hours(1);

    const CAPACITY: usize = 256;

    /// A user's new token, in which she is called `subject`.
    pub(super) fn remember(
        &self,
        token: String,
        user: &User,
        subject: String,
        now: OffsetDateTime,
    ) {
        let mut issued = self.lock();
        if issued.len() == Self::CAPACITY {
            issued.pop_front();
        }
        issued.push_back(Issued {
            token,
            user: user.clone(),
            subject,
            expires_at: now + Self::LIFE,
        });
    }

    /// Whose token it is, while it is good, and what she is called in it.
    pub(super) fn user_of(&self, token: &str, now: OffsetDateTime) -> Option<(User, String)> {
        let issued = self.lock();
        let mut good = issued.iter().filter(|it| now < it.expires_at);
        let found = good.find(|it| it.token == token)?;
        Some((found.user.clone(), found.subject.clone()))
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Issued>> {
        // Nobody can have left it half-changed: each change is one push or pop.
        self.issued.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Without the tokens.
impl std::fmt::Debug for AccessTokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AccessTokens").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entra::fixture::user;

    #[test]
    fn a_token_is_its_users_for_an_hour() {
        let tokens = AccessTokens::default();
        let now = OffsetDateTime::UNIX_EPOCH;
        let wendy = user("wmoran@partners.contoso.com", None, None);
        let alex = user("alex@partners.contoso.com", None, None);
        let issue = |token: &str, user| {
            tokens.remember(token.to_owned(), user, format!("{token}'s"), now);
            token.to_owned()
        };
        let (hers, his) = (issue("hers", &wendy), issue("his", &alex));
        let last = now + AccessTokens::LIFE - Duration::NANOSECOND;
        assert_eq!(
            tokens.user_of(&hers, last),
            Some((wendy.clone(), "hers's".to_owned()))
        );
        assert_eq!(
            tokens.user_of(&his, now),
            Some((alex.clone(), "his's".to_owned()))
        );
        assert_eq!(tokens.user_of(&hers, now + AccessTokens::LIFE), None);
        assert_eq!(tokens.user_of("", now), None);
        for number in 0..AccessTokens::CAPACITY {
            issue(&number.to_string(), &wendy);
        }
        assert_eq!(tokens.user_of(&hers, now), None);
        assert_eq!(tokens.lock().len(), AccessTokens::CAPACITY);
    }
}
