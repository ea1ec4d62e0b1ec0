//! Access tokens handed out to applications: whoever has one may ask the simulator whose it is.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use time::{Duration, OffsetDateTime};

use super::{User, random};

/// The latest ones.
#[derive(Default)]
pub(super) struct AccessTokens {
    issued: Mutex<VecDeque<Issued>>,
}

struct Issued {
    token: String,
    user: User,
    expires_at: OffsetDateTime,
}

impl AccessTokens {
    /// How long one is good.
    pub(super) const LIFE: Duration = Duration::hours(1);

    const CAPACITY: usize = 256;

    /// A new token for a user.
    pub(super) fn issue(&self, user: &User, now: OffsetDateTime) -> String {
        let token = URL_SAFE_NO_PAD.encode(random::octets::<32>());
        self.remember(token.clone(), user, now);
        token
    }

    /// The same of a token that was made elsewhere.
    pub(super) fn remember(&self, token: String, user: &User, now: OffsetDateTime) {
        let mut issued = self.lock();
        if issued.len() == Self::CAPACITY {
            issued.pop_front();
        }
        issued.push_back(Issued {
            token,
            user: user.clone(),
            expires_at: now + Self::LIFE,
        });
    }

    /// Whose token it is, while it is good.
    pub(super) fn user_of(&self, token: &str, now: OffsetDateTime) -> Option<User> {
        let issued = self.lock();
        let mut good = issued.iter().filter(|it| now < it.expires_at);
        good.find(|it| it.token == token).map(|it| it.user.clone())
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
        let (hers, his) = (tokens.issue(&wendy, now), tokens.issue(&alex, now));
        assert_ne!(hers, his);
        let last = now + AccessTokens::LIFE - Duration::NANOSECOND;
        assert_eq!(tokens.user_of(&hers, last), Some(wendy.clone()));
        assert_eq!(tokens.user_of(&his, now), Some(alex));
        assert_eq!(tokens.user_of(&hers, now + AccessTokens::LIFE), None);
        assert_eq!(tokens.user_of("", now), None);
        for _ in 0..AccessTokens::CAPACITY {
            tokens.issue(&wendy, now);
        }
        assert_eq!(tokens.user_of(&hers, now), None);
        assert_eq!(tokens.lock().len(), AccessTokens::CAPACITY);
    }
}
