use std::time::Duration;

use super::{AttributeClaim, ClaimSource, Protocol, SingleLogout, WsFederation};
use crate::keys::VerifyingKey;

/// Somebody who may ask us to sign a person in.
#[derive(Clone, Debug)]
pub struct RelyingParty {
    entity_id: String,
    consumers: Vec<AssertionConsumerService>,
    /// The protocols by which it may ask.
    pub protocols: Vec<Protocol>,
    /// What it is answered by WS-Federation, if it may ask by that.
    pub ws_federation: WsFederation,
    /// How its sessions and ours end together, by SAML.
    pub single_logout: SingleLogout,
    /// The name that the sign-in page shows.
    pub display_name: String,
    /// The `Audience` of assertions; for Entra the same as its entity ID.
    pub audience: String,
    /// How its requests are authenticated.
    pub request_signatures: RequestSignatures,
    /// Whether the Response is signed too, around the signed Assertion.
    pub sign_response: bool,
    /// From issue to `NotOnOrAfter`.
    pub assertion_lifetime: Duration,
    /// How far `NotBefore` is dated back, for relying parties whose clock is behind.
    pub not_before_skew: Duration,
    /// The attributes of an assertion.
    pub attributes: Vec<AttributeClaim>,
    /// What a program may call it by when it asks for a token by WS-Trust (`AppliesTo`), compared
    /// character for character.
    pub ws_trust_addresses: Vec<String>,
}

/// An address that answers may be sent to, by HTTP-POST.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssertionConsumerService {
    /// What `AssertionConsumerServiceIndex` names it by.
    pub index: u16,
    /// The absolute https address; a request's `AssertionConsumerServiceURL` must equal it
    /// character for character. There are no patterns, on purpose.
    pub url: String,
}

/// Whether and how a relying party's requests are authenticated.
///
/// A type instead of an optional key: forgetting a key cannot switch verification off.
#[derive(Clone, Debug)]
pub enum RequestSignatures {
    /// No key is known: a signature proves nothing and is not looked at. Safe, since answers go
    /// to configured addresses only.
    NotVerified,
    /// Verified when there is one; unsigned requests are taken.
    WhenPresent(RequestKeys),
    /// Unsigned requests are refused.
    Required(RequestKeys),
}

/// The keys that a relying party signs its requests with; never empty.
#[derive(Clone, Debug)]
pub struct RequestKeys {
    keys: Vec<VerifyingKey>,
    permit_sha1: bool,
}

impl RequestKeys {
    /// `None` when `keys` is empty. `permit_sha1` admits rsa-sha1 for this party's requests:
    /// Entra signs its requests so.
    pub fn new(keys: Vec<VerifyingKey>, permit_sha1: bool) -> Option<Self> {
        (!keys.is_empty()).then_some(Self { keys, permit_sha1 })
    }

    /// The keys, each of which may have signed.
    pub fn keys(&self) -> &[VerifyingKey] {
        &self.keys
    }

    /// Whether rsa-sha1 is admitted.
    pub fn permit_sha1(&self) -> bool {
        self.permit_sha1
    }
}

impl RelyingParty {
    /// Entra's internal federation as the facts of SP-Lite have it: persistent `NameID` =
    /// `ImmutableID`, `IDPEmail` = cloud UPN, signed assertion, one hour of life; and by
    /// WS-Federation the same person in a SAML 1.1 token.
    ///
    /// The first address is the default one, used when a request names none (Entra's never does).
    /// `None` when there is no address.
    pub fn entra(
        entity_id: &str,
        assertion_consumer_services: Vec<AssertionConsumerService>,
    ) -> Option<Self> {
        let reply_addresses = urls(&assertion_consumer_services);
        (!assertion_consumer_services.is_empty()).then(|| Self {
            entity_id: entity_id.to_owned(),
            consumers: assertion_consumer_services,
            protocols: Protocol::ALL.to_vec(),
            ws_federation: WsFederation::entra(reply_addresses),
            single_logout: SingleLogout::default(),
            display_name: "Microsoft Entra ID".to_owned(),
            audience: entity_id.to_owned(),
            request_signatures: RequestSignatures::NotVerified,
            sign_response: false,
            assertion_lifetime: Duration::from_secs(3600),
            not_before_skew: Duration::from_secs(60),
            attributes: vec![AttributeClaim {
                name: "IDPEmail".to_owned(),
                source: ClaimSource::CloudUpn,
            }],
            ws_trust_addresses: ws_trust_addresses(entity_id),
        })
    }

    /// The name it gives itself in requests.
    pub fn entity_id(&self) -> &str {
        &self.entity_id
    }

    /// Where answers may go.
    pub fn consumers(&self) -> &[AssertionConsumerService] {
        &self.consumers
    }

    /// Whether answers may go to this address, compared character for character.
    pub fn is_consumer(&self, url: &str) -> bool {
        self.consumers.iter().any(|consumer| consumer.url == url)
    }

    /// Sends answers to this address and no other one.
    pub fn answer_only_to(&mut self, consumer: AssertionConsumerService) {
        self.consumers = vec![consumer];
        self.ws_federation.reply_addresses = urls(&self.consumers);
    }

    /// Whether it may ask by this protocol.
    pub fn speaks(&self, protocol: Protocol) -> bool {
        self.protocols.contains(&protocol)
    }

    /// Where an answer goes when the request does not say.
    pub fn default_consumer(&self) -> Option<&AssertionConsumerService> {
        self.consumers.first()
    }
}

/// By its name; and Entra in the worldwide cloud by the address of its token service, too, which
/// AD FS knows it by as well.
fn ws_trust_addresses(entity_id: &str) -> Vec<String> {
    let mut addresses = vec![entity_id.to_owned()];
    if entity_id == "urn:federation:MicrosoftOnline" {
        addresses.push("https://login.microsoftonline.com/extSTS.srf".to_owned());
    }
    addresses
}

fn urls(consumers: &[AssertionConsumerService]) -> Vec<String> {
    let urls = consumers.iter().map(|consumer| consumer.url.clone());
    urls.collect()
}
