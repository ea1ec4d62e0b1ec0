use std::time::Duration;

use time::OffsetDateTime;
use tokio::time::{Instant, sleep};

use crate::{
    config::Config,
    keys::{Certificate, create_signing_key},
    microsoft_graph::Graph,
    signing_keys::LOOK_EVERY,
};

use super::{
    DomainSeen, LiveError, Refusal, RolloverError, Seen, Step,
    files::{end, exchange, write_next},
    live::Live,
};

/// The rollover of one configuration.
pub struct Rollover<'a> {
    config: &'a Config,
    graph: Graph,
    /// How long after a switch the last assertion by the former key may still be on its way.
    settle: Duration,
}

/// The next key, as it is to be made.
#[derive(Clone, Debug)]
pub struct Made<'a> {
    /// The name in the certificate.
    pub common_name: &'a str,
    /// How long it lasts.
    pub days: u32,
}

/// The running server has this long to sign with another key.
const PATIENCE: Duration = LOOK_EVERY.saturating_mul(4);

impl<'a> Rollover<'a> {
    /// `settle` is how long *retire* waits before Entra forgets the former certificate.
    pub fn new(config: &'a Config, graph: Graph, settle: Duration) -> Self {
        Self {
            config,
            graph,
            settle,
        }
    }

    /// Looks at the key files and at Entra.
    ///
    /// # Errors
    /// When one of them cannot be looked at.
    pub async fn look(&mut self) -> Result<Seen, RolloverError> {
        let ring = self.config.signing.key_ring()?;
        let next_key = self.config.signing.next_signer();
        // A key without its certificate, or with another one's, is none that could be switched to.
        let has_next_key =
            next_key.is_ok_and(|key| key.is_some_and(|key| ring.next() == Some(key.certificate())));
        let mut domains = Vec::with_capacity(self.config.domains.len());
        for domain in &self.config.domains {
            let suffix = domain.suffix.as_ascii();
            let found = self.graph.federation(suffix).await?;
            domains.push(DomainSeen::of(suffix, found));
        }
        Ok(Seen::new(&ring, has_next_key, domains))
    }

    /// Does a step, if it is due. One that has been done is not done again.
    ///
    /// # Errors
    /// Why it was not done; what was done before stays, and the step can be done again.
    pub async fn step(&mut self, step: Step, made: &Made<'_>) -> Result<(), RolloverError> {
        let seen = self.look().await?;
        if seen.is_done(step) {
            return Ok(());
        }
        seen.permits(step, OffsetDateTime::now_utc())?;
        match step {
            Step::Prepare => {
                let key = create_signing_key(made.common_name, made.days)?;
                write_next(&self.config.signing, &key)?;
            }
            Step::Register => self.register(&seen).await?,
            Step::Switch => {
                exchange(&self.config.signing)?;
                let ring = self.config.signing.key_ring()?;
                self.wait_for(ring.current().certificate()).await?;
            }
            Step::Retire => self.retire(&seen).await?,
        }
        Ok(())
    }

    /// Entra keeps what is signed with now, and gets what will be; or what was, where it has not heard of
    /// a switch that was made by hand.
    async fn register(&mut self, seen: &Seen) -> Result<(), RolloverError> {
        let other = seen.next.as_ref().or(seen.former.as_ref());
        self.trust(seen, &seen.current, other).await
    }

    /// The former certificate goes from Entra, and then from here.
    async fn retire(&mut self, seen: &Seen) -> Result<(), RolloverError> {
        self.wait_for(&seen.current).await?;
        sleep(self.settle).await;
        self.trust(seen, &seen.current, None).await?;
        Ok(end(&self.config.signing)?)
    }

    /// Has Entra trust these for each domain, and reads back that it does.
    async fn trust(
        &mut self,
        seen: &Seen,
        signing: &Certificate,
        next: Option<&Certificate>,
    ) -> Result<(), RolloverError> {
        for domain in &seen.domains {
            let Some(federation) = &domain.federation else {
                return Err(Refusal::NotFederated(domain.domain.clone()).into());
            };
            if domain.signing.as_ref() == Some(signing) && domain.next.as_ref() == next {
                continue;
            }
            let certificates = (signing.base64(), next.map(Certificate::base64));
            self.graph
                .trust_certificates(&domain.domain, federation, certificates)
                .await?;
            let found = self.graph.federation(&domain.domain).await?;
            let now = DomainSeen::of(&domain.domain, found);
            if now.signing.as_ref() != Some(signing) || now.next.as_ref() != next {
                return Err(Refusal::NotKept(domain.domain.clone()).into());
            }
        }
        Ok(())
    }

    /// Waits until the running server signs with this certificate's key.
    async fn wait_for(&self, certificate: &Certificate) -> Result<(), RolloverError> {
        let live = Live {
            base_url: &self.config.edge.base_url,
            tls: self.config.entra.tls()?,
        };
        let deadline = Instant::now() + PATIENCE;
        for domain in &self.config.domains {
            let named = (domain.suffix.as_ascii(), domain.issuer.as_str());
            loop {
                match live.signs_with(certificate, named).await {
                    Ok(()) => break,
                    Err(LiveError::AnotherKey { .. }) if Instant::now() < deadline => {
                        sleep(Duration::from_secs(1)).await;
                    }
                    Err(error) => return Err(error.into()),
                }
            }
        }
        Ok(())
    }
}
