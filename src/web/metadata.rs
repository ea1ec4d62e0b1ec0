//! `/metadata` of each federated domain, and `FederationMetadata.xml` of the first one.

use std::sync::Arc;

use bytes::Bytes;
use hyper::{
    StatusCode,
    header::{HeaderValue, X_CONTENT_TYPE_OPTIONS},
};

use crate::{
    http::{Response, response},
    keys::KeyRing,
    saml2::{Endpoints, MetadataError, identity_provider_metadata},
    trust::{NameIdFormat, Protocol, RelyingParty, Trusts},
    wsfed::{self, federation_metadata},
    wstrust,
};

use super::{Edge, refusal::Refused};

/// The documents, written and signed once: anybody may ask for them, and must not be able to have
/// a signature made for each time of asking.
pub(super) struct Metadata {
    /// Suffix and document, in the order of the trusts.
    documents: Vec<(String, Bytes)>,
    /// Of the first federated domain: AD FS has one address for it.
    federation: Bytes,
}

impl Metadata {
    pub(super) fn write(
        edge: &Edge,
        trusts: &Trusts,
        keys: &KeyRing,
    ) -> Result<Self, MetadataError> {
        let (single_sign_on, single_logout) = (edge.sso_url(), edge.slo_url());
        let parties = trusts.relying_parties();
        let issued = |format: &NameIdFormat| {
            parties
                .iter()
                .any(|party| party.name_id_rule().format() == *format)
        };
        let name_id_formats: Vec<_> = NameIdFormat::ALL.into_iter().filter(issued).collect();
        let first = trusts.domains().first();
        let (passive, active) = (edge.passive_url(), active_addresses(edge));
        let federation = federation_metadata(
            &wsfed::Endpoints {
                passive: &passive,
                active: &active.iter().map(String::as_str).collect::<Vec<_>>(),
                issuers: &issuers(trusts, &parties),
                claim_types: &claim_types(&parties),
                saml2: Endpoints {
                    entity_id: first.map_or("", |domain| &domain.issuer),
                    single_sign_on: &single_sign_on,
                    single_logout: &single_logout,
                    name_id_formats: &name_id_formats,
                },
            },
            keys,
        )?;
        let documents = trusts
            .domains()
            .iter()
            .map(|domain| {
                let endpoints = Endpoints {
                    entity_id: &domain.issuer,
                    single_sign_on: &single_sign_on,
                    single_logout: &single_logout,
                    name_id_formats: &name_id_formats,
                };
                let document = identity_provider_metadata(&endpoints, keys)?;
                Ok((domain.suffix.as_ascii().to_owned(), document.into()))
            })
            .collect::<Result<_, MetadataError>>()?;
        Ok(Self {
            documents,
            federation: federation.into(),
        })
    }

    /// `FederationMetadata.xml`.
    pub(super) fn federation(&self) -> Response {
        answer(&self.federation)
    }

    /// Of the first federated domain.
    pub(super) fn first(&self) -> Result<Response, Refused> {
        self.documents
            .first()
            .map(|(_, document)| answer(document))
            .ok_or(Refused::NotFound)
    }

    /// Of the federated domain with this suffix.
    pub(super) fn of(&self, suffix: &str) -> Result<Response, Refused> {
        self.documents
            .iter()
            .find(|(known, _)| known == suffix)
            .map(|(_, document)| answer(document))
            .ok_or(Refused::NotFound)
    }
}

/// Where programs bring passwords, if they may.
fn active_addresses(edge: &Edge) -> Vec<String> {
    let versions = wstrust::Version::ALL.into_iter();
    versions
        .filter(|_| edge.ws_trust)
        .map(|version| format!("{}{}", edge.base_url, version.path()))
        .collect()
}

/// Whoever a token of this role may come from: the federated domains to Entra, and to others whatever
/// they were promised; each once, the document's own first.
fn issuers<'a>(trusts: &'a Trusts, parties: &'a [Arc<RelyingParty>]) -> Vec<&'a str> {
    let domains = trusts.domains().iter().map(|domain| domain.issuer.as_str());
    let by_token = parties
        .iter()
        .filter(|party| party.speaks(Protocol::WsFederation) || party.speaks(Protocol::WsTrust));
    let mut all: Vec<&str> = Vec::new();
    for issuer in domains.chain(by_token.filter_map(|party| party.issuer.as_deref())) {
        if !all.contains(&issuer) {
            all.push(issuer);
        }
    }
    all
}

/// What the tokens of WS-Federation may say, each once.
fn claim_types(parties: &[Arc<RelyingParty>]) -> Vec<&str> {
    let mut all: Vec<&str> = parties
        .iter()
        .filter(|party| party.speaks(Protocol::WsFederation))
        .flat_map(|party| party.token_claim_names())
        .collect();
    all.sort_unstable();
    all.dedup();
    all
}

fn answer(document: &Bytes) -> Response {
    let mut answer = response::typed(
        StatusCode::OK,
        "application/samlmetadata+xml",
        document.clone(),
    );
    answer
        .headers_mut()
        .insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    answer
}
