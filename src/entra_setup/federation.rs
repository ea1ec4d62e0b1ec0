use time::OffsetDateTime;

use crate::{
    config::{Config, ConfigError},
    microsoft_graph::{Domain, Graph, GraphError, segment},
};

use super::{Objection, Wanted, objections, objections_of_entra};

/// What federates our domains, and what stands against it.
#[derive(Debug)]
pub struct Federation {
    /// Each federated domain, in the order of the configuration.
    pub domains: Vec<Proposal>,
    /// Whether Entra was asked for its domains.
    pub entra_was_asked: bool,
}

/// One domain.
#[derive(Debug)]
pub struct Proposal {
    /// What Entra should have of it.
    pub wanted: Wanted,
    /// What it would refuse.
    pub objections: Vec<Objection>,
}

impl Federation {
    /// From the configuration alone.
    ///
    /// # Errors
    /// When the signing keys cannot be read.
    pub fn propose(config: &Config) -> Result<Self, ConfigError> {
        let all = Wanted::of(config, &config.signing.key_ring()?);
        let now = OffsetDateTime::now_utc();
        let domains = all
            .iter()
            .map(|wanted| Proposal {
                objections: objections(config, wanted, &all, now),
                wanted: wanted.clone(),
            })
            .collect();
        Ok(Self {
            domains,
            entra_was_asked: false,
        })
    }

    /// Adds what the tenant's domains say.
    ///
    /// # Errors
    /// When Entra cannot be asked.
    pub async fn ask(&mut self, graph: &mut Graph) -> Result<(), GraphError> {
        let domains = graph.domains().await?;
        let taken = issuers(graph, &domains).await?;
        for proposal in &mut self.domains {
            let own = taken
                .iter()
                .find(|(domain, _)| domain.eq_ignore_ascii_case(&proposal.wanted.domain));
            let own = own.map(|(_, issuer)| issuer.as_str());
            let found = objections_of_entra(&proposal.wanted, &domains, own, &taken);
            proposal.objections.extend(found);
        }
        self.entra_was_asked = true;
        Ok(())
    }

    /// Whether nothing stands against it, as far as was asked.
    pub fn is_good(&self) -> bool {
        self.domains.iter().all(|it| it.objections.is_empty())
    }

    /// All of the domains.
    pub fn wanted(&self) -> Vec<Wanted> {
        self.domains.iter().map(|it| it.wanted.clone()).collect()
    }
}

impl Proposal {
    /// Where its configuration is posted to.
    pub fn address(&self, config: &Config) -> String {
        format!(
            "https://{}/v1.0/domains/{}/federationConfiguration",
            config.entra.terms.cloud.graph_host(),
            segment(&self.wanted.domain)
        )
    }
}

/// The issuer of each federated domain; those that inherit have their root's.
async fn issuers(
    graph: &mut Graph,
    domains: &[Domain],
) -> Result<Vec<(String, String)>, GraphError> {
    let mut issuers = Vec::new();
    for domain in domains.iter().filter(|domain| domain.is_root) {
        let federation = graph.federation(&domain.id).await?;
        if let Some(issuer) = federation.and_then(|it| it.issuer_uri) {
            issuers.push((domain.id.clone(), issuer));
        }
    }
    Ok(issuers)
}
