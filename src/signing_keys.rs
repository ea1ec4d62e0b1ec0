//! A running server holds to the key files: what is put in their place is signed with from then on, and
//! who operates it hears in time when a certificate ends.
//!
//! The files are looked at again every few seconds, and at once on SIGHUP. What does not load changes
//! nothing: the keys that were good go on signing, and the log and a metric say so.

use std::{sync::Arc, time::Duration};

use aws_lc_rs::digest::{Context, SHA256};
use time::OffsetDateTime;
use tokio::{sync::mpsc::Receiver, time::MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use crate::{config::Signing, keys::KeyRing, observe::Metrics, web::IdentityProvider};

/// How often the files are looked at.
pub const LOOK_EVERY: Duration = Duration::from_secs(5);

/// How often the end of a certificate is warned of.
const WARN_EVERY: time::Duration = time::Duration::hours(24);

const NOT_AFTER: &str = "homerealm_signing_certificate_not_after_seconds";
const SOON: &str = "homerealm_signing_certificate_expires_soon";
const NEXT_NOT_AFTER: &str = "homerealm_next_signing_certificate_not_after_seconds";
const UNUSABLE: &str = "homerealm_signing_key_files_unusable";

/// Follows the key files of one server.
pub struct SigningKeys {
    files: Signing,
    seen: Seen,
    metrics: Arc<Metrics>,
    not_after: OffsetDateTime,
    warned: Option<OffsetDateTime>,
}

/// What the files held when they were last looked at: a digest of all of them.
#[derive(PartialEq, Eq)]
struct Seen([u8; 32]);

impl SigningKeys {
    /// Loads the keys that a server begins with.
    ///
    /// # Errors
    /// When they cannot be loaded: a server without keys does not start.
    pub fn load(
        files: &Signing,
        metrics: Arc<Metrics>,
    ) -> Result<(KeyRing, Self), crate::config::ConfigError> {
        let seen = Seen::of(files);
        let ring = files.key_ring()?;
        let mut keys = Self {
            files: files.clone(),
            seen,
            metrics,
            not_after: ring.current().certificate().not_after(),
            warned: None,
        };
        keys.measure(&ring);
        keys.warn(OffsetDateTime::now_utc());
        Ok((ring, keys))
    }

    /// Looks at the files until `stop`: every few seconds, and whenever `now` says so.
    pub async fn follow(
        mut self,
        provider: Arc<IdentityProvider>,
        mut now: Receiver<()>,
        stop: CancellationToken,
    ) {
        let mut ticks = tokio::time::interval(LOOK_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let asked = tokio::select! {
                () = stop.cancelled() => return,
                _ = ticks.tick() => false,
                asked = now.recv() => match asked {
                    Some(()) => true,
                    None => return,
                },
            };
            self.look(&provider, asked);
            self.warn(OffsetDateTime::now_utc());
        }
    }

    /// Takes what has changed. Whoever asks for it gets an answer in the log even if nothing has.
    fn look(&mut self, provider: &IdentityProvider, asked: bool) {
        let seen = Seen::of(&self.files);
        if seen == self.seen && !asked {
            return;
        }
        self.seen = seen;
        let ring = match self.files.key_ring() {
            Ok(ring) => ring,
            Err(error) => return self.kept(&error),
        };
        let certificate = ring.current().certificate().clone();
        self.measure(&ring);
        if let Err(error) = provider.replace_keys(ring) {
            return self.kept(&error);
        }
        if self.not_after != certificate.not_after() {
            self.not_after = certificate.not_after();
            self.warned = None;
        }
        tracing::info!(
            certificate = certificate.subject(),
            thumbprint = certificate.sha256_thumbprint(),
            not_after = %certificate.not_after().date(),
            "the signing keys are read again"
        );
    }

    fn kept(&self, error: &dyn std::error::Error) {
        self.metrics.set(UNUSABLE, UNUSABLE_HELP, 1);
        tracing::error!(%error, "the signing key files are not taken: the keys from before go on signing");
    }

    fn measure(&self, ring: &KeyRing) {
        let metrics = &self.metrics;
        let end = ring.current().certificate().not_after().unix_timestamp();
        metrics.set(
            NOT_AFTER,
            "When the signing certificate ends, Unix time.",
            end,
        );
        match ring.next() {
            Some(next) => metrics.set(
                NEXT_NOT_AFTER,
                "When the announced next signing certificate ends, Unix time.",
                next.not_after().unix_timestamp(),
            ),
            None => metrics.remove(NEXT_NOT_AFTER),
        }
        metrics.set(UNUSABLE, UNUSABLE_HELP, 0);
    }

    /// Once a day, from the first of the days before the end.
    fn warn(&mut self, now: OffsetDateTime) {
        let left = self.not_after - now;
        let is_soon = left < time::Duration::days(self.files.warn_days.into());
        self.metrics.set(
            SOON,
            "Whether the signing certificate ends within warn_days.",
            is_soon.into(),
        );
        if !is_soon || self.warned.is_some_and(|last| now - last < WARN_EVERY) {
            return;
        }
        self.warned = Some(now);
        tracing::warn!(
            days = left.whole_days(),
            not_after = %self.not_after.date(),
            "the signing certificate ends soon: `homerealm entra rollover` says what to do"
        );
    }
}

const UNUSABLE_HELP: &str = "Whether the key files were not taken when last looked at.";

impl Seen {
    fn of(files: &Signing) -> Self {
        let mut hash = Context::new(&SHA256);
        for path in [&files.key, &files.certificate, &files.next_certificate] {
            // What cannot be read is another state than what was read; the cause is told on loading.
            let content = std::fs::read(path).map(zeroize::Zeroizing::new);
            let content = content.as_ref().map_or(&[][..], |content| content);
            hash.update(&content.len().to_le_bytes());
            hash.update(content);
        }
        let mut digest = [0; 32];
        for (to, from) in digest.iter_mut().zip(hash.finish().as_ref()) {
            *to = *from;
        }
        Self(digest)
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt};

    use super::*;
    use crate::keys::create_signing_key;

    #[test]
    fn the_end_of_a_certificate_is_warned_of_once_a_day() {
        let folder = tempfile::tempdir().unwrap();
        let made = create_signing_key("signing", 31).unwrap();
        let files = Signing {
            key: folder.path().join("signing.key"),
            certificate: folder.path().join("signing.crt"),
            next_key: folder.path().join("next.key"),
            next_certificate: folder.path().join("next.crt"),
            warn_days: 30,
        };
        fs::write(&files.key, &*made.private_key_pem).unwrap();
        fs::set_permissions(&files.key, fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(&files.certificate, made.signer.certificate().to_pem()).unwrap();
        let metrics = Arc::new(Metrics::default());
        let (_, mut keys) = SigningKeys::load(&files, metrics.clone()).unwrap();
        let tells = |line: &str| metrics.to_text().lines().any(|told| told == line);
        let end = keys.not_after.unix_timestamp();
        assert!(tells(&format!("{NOT_AFTER} {end}")));
        assert!(tells(&format!("{SOON} 0")) && tells(&format!("{UNUSABLE} 0")));
        assert_eq!(keys.warned, None);

        let first = OffsetDateTime::now_utc() + time::Duration::days(2);
        let hour = time::Duration::hours(1);
        keys.warn(first);
        assert!(tells(&format!("{SOON} 1")));
        keys.warn(first + hour * 23);
        assert_eq!(keys.warned, Some(first));
        keys.warn(first + hour * 24);
        assert_eq!(keys.warned, Some(first + hour * 24));
    }
}
