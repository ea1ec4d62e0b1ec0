//! A sign-in room with an embedded directory behind it.

use std::{sync::Arc, time::Duration};

use crate::{
    directory::{
        embedded::{
            Contents,
            demo_accounts::{FEDERATED_SUFFIX, PARTNERS, PASSWORD},
        },
        test_fixture::Fixture,
    },
    observe::CorrelationId,
    realm::{DomainName, FederatedDomain, Home, Mapping, Realm, Routes, SignInAttribute},
    signin::*,
    store::{Kind, MemoryStore, Store, StoreError, StoreFuture},
    trust::{AssertionConsumerService, Protocol, RelyingParty, Trusts},
};

pub(super) const WENDY: &str = "wmoran@fabrikam.com";
pub(super) const WENDYS_UPN: &str = "wmoran@partners.contoso.com";
pub(super) const ISSUER: &str = "https://idp.test/partners";

pub(super) struct World {
    pub(super) fixture: Fixture,
    pub(super) store: Arc<MemoryStore>,
    pub(super) sign_in: SignIn,
}

impl World {
    pub(super) async fn new() -> Self {
        let store = Arc::new(MemoryStore::default());
        Self::with(Contents::demo().unwrap(), store.clone(), store).await
    }

    pub(super) async fn with(
        contents: Contents,
        store: Arc<MemoryStore>,
        used: Arc<dyn Store>,
    ) -> Self {
        let party = |entity_id| RelyingParty::entra(entity_id, vec![consumer()]).unwrap();
        Self::trusting(vec![party("rp"), party("other")], contents, store, used).await
    }

    /// With these routes.
    pub(super) async fn routed(routes: Routes, contents: Contents) -> Self {
        let store = Arc::new(MemoryStore::default());
        let mut world = Self::with(contents, store.clone(), store).await;
        let realm = Realm::clone(&world.sign_in.realm).with_routes(routes);
        world.sign_in.realm = Arc::new(realm);
        world
    }

    /// With these relying parties.
    pub(super) async fn trusting(
        parties: Vec<RelyingParty>,
        contents: Contents,
        store: Arc<MemoryStore>,
        used: Arc<dyn Store>,
    ) -> Self {
        let fixture = Fixture::start_with(contents).await;
        let domains = vec![FederatedDomain {
            suffix: DomainName::parse(FEDERATED_SUFFIX).unwrap(),
            issuer: ISSUER.to_owned(),
        }];
        let trusts = Arc::new(Trusts::new(parties, domains.clone()).unwrap());
        let mapping = Mapping {
            told_attributes: trusts.needs().attributes.clone(),
            password_expiry: trusts.needs().password_expiry,
            sign_in_attributes: vec![
                SignInAttribute::Mail,
                SignInAttribute::ProxyAddresses,
                SignInAttribute::UserPrincipalName,
            ],
            federated_domains: domains,
            scopes: vec![PARTNERS.parse().unwrap()],
            ..Mapping::default()
        };
        let sign_in = SignIn::new(
            Arc::new(Realm::new(vec![Home::new(
                "contoso",
                fixture.directory(),
                mapping,
            )])),
            trusts,
            used,
            Settings {
                session_lifetime: Duration::from_secs(3600),
                answers_kept: Duration::from_secs(3600),
                guard: GuardRules {
                    refusal_step: Duration::ZERO,
                    ..GuardRules::default()
                },
            },
        );
        Self {
            fixture,
            store,
            sign_in,
        }
    }

    pub(super) async fn type_in(&self, asked: &SignInRequest, name: &str, password: &str) -> Step {
        self.sign_in
            .prove(
                asked,
                &browser("b"),
                None,
                typed(name, password, &source(1)),
            )
            .await
    }

    /// Signs Wendy in, and gives her session.
    pub(super) async fn wendy(&self) -> SessionToken {
        let step = self.type_in(&request("_wendy"), WENDY, PASSWORD).await;
        grant(step).new_session.expect("a session")
    }
}

pub(super) fn party(entity_id: &str) -> RelyingParty {
    RelyingParty::entra(entity_id, vec![consumer()]).unwrap()
}

pub(super) fn consumer() -> AssertionConsumerService {
    AssertionConsumerService {
        index: 0,
        url: "https://rp.test/acs".to_owned(),
    }
}

/// A source of its own for each number.
pub(super) fn source(number: u8) -> Source {
    std::net::IpAddr::from([192, 0, 2, number]).into()
}

pub(super) fn typed<'a>(name: &'a str, password: &'a str, source: &'a Source) -> Typed<'a> {
    Typed {
        name,
        password,
        source,
    }
}

pub(super) fn browser(name: &str) -> BrowserId {
    BrowserId(crate::fixed_text::FixedText::of(name.bytes()))
}

pub(super) fn request(id: &str) -> SignInRequest {
    SignInRequest {
        correlation: CorrelationId::random(),
        relying_party: "rp".to_owned(),
        protocol: Protocol::Saml2,
        request_id: id.to_owned(),
        max_age: None,
        passive: false,
        hint: None,
        home_realm_hint: None,
        several_factors: false,
    }
}

pub(super) fn grant(step: Step) -> Grant {
    match step {
        Step::Granted(grant) => *grant,
        other => panic!("{other:?}"),
    }
}

pub(super) fn problem(step: &Step) -> Problem {
    match step {
        Step::Prompt(Some(problem)) => *problem,
        other => panic!("{other:?}"),
    }
}

/// A store that keeps nothing and fails.
pub(super) struct Broken;

impl Store for Broken {
    fn put<'a>(
        &'a self,
        _: Kind,
        _: &'a [u8],
        _: bytes::Bytes,
        _: Duration,
    ) -> StoreFuture<'a, ()> {
        broken()
    }

    fn put_if_absent<'a>(
        &'a self,
        _: Kind,
        _: &'a [u8],
        _: bytes::Bytes,
        _: Duration,
    ) -> StoreFuture<'a, Option<bytes::Bytes>> {
        broken()
    }

    fn add<'a>(&'a self, _: Kind, _: &'a [u8], _: i64, _: Duration) -> StoreFuture<'a, i64> {
        broken()
    }

    fn get<'a>(&'a self, _: Kind, _: &'a [u8]) -> StoreFuture<'a, Option<bytes::Bytes>> {
        broken()
    }

    fn take<'a>(&'a self, _: Kind, _: &'a [u8]) -> StoreFuture<'a, Option<bytes::Bytes>> {
        broken()
    }

    fn remove<'a>(&'a self, _: Kind, _: &'a [u8]) -> StoreFuture<'a, ()> {
        broken()
    }
}

fn broken<T: Send + 'static>() -> StoreFuture<'static, T> {
    Err(StoreError::Unavailable("for the test".to_owned())).into()
}
