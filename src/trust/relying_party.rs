use std::time::Duration;

use super::{
    Access, Circumstances, Claim, ClaimRule, NameFormat, NameId, NameIdError, NameIdRule,
    NotPermitted, Preset, Protocol, SingleLogout, Subject, Told, WsFederation, claims,
};
use crate::{keys::VerifyingKey, xml::Encryption};

/// Somebody who may ask us to sign a person in.
#[derive(Clone, Debug)]
pub struct RelyingParty {
    preset: Preset,
    entity_id: String,
    consumers: Vec<AssertionConsumerService>,
    name_id: NameIdRule,
    /// What the preset says besides: in SAML 2.0, and in the tokens of the other protocols.
    preset_saml2: Vec<ClaimRule>,
    preset_tokens: Vec<ClaimRule>,
    claims: Vec<ClaimRule>,
    /// Who may sign in.
    pub access: Access,
    /// The issuer of its assertions; `None` for that of the person's federated domain.
    pub issuer: Option<String>,
    /// The protocols by which it may ask.
    pub protocols: Vec<Protocol>,
    /// What it is answered by WS-Federation, if it may ask by that.
    pub ws_federation: WsFederation,
    /// How its sessions and ours end together, by SAML.
    pub single_logout: SingleLogout,
    /// Whether people may be sent there signed in although it has not asked. Never for Entra.
    pub idp_initiated: bool,
    /// Of which circumstances its tokens of WS-Federation and WS-Trust tell. None, but for Entra.
    pub told: Told,
    /// The name that the sign-in page shows.
    pub display_name: String,
    /// The `Audience` of assertions; for Entra the same as its entity ID.
    pub audience: String,
    /// How its requests are authenticated.
    pub request_signatures: RequestSignatures,
    /// Whether the Response is signed too, around the signed Assertion.
    pub sign_response: bool,
    /// For whom its assertions are encrypted, if they are. Never for Entra, which refuses what is.
    pub encryption: Option<Encryption>,
    /// From issue to `NotOnOrAfter`.
    pub assertion_lifetime: Duration,
    /// How far `NotBefore` is dated back, for relying parties whose clock is behind.
    pub not_before_skew: Duration,
    /// What a program may call it by when it asks for a token by WS-Trust (`AppliesTo`), compared
    /// character for character.
    pub ws_trust_addresses: Vec<String>,
}

/// Why a relying party cannot have a claim rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ClaimRuleError {
    /// Its name is none.
    #[error("the name of a claim has 1 to 256 characters, and no spaces or controls")]
    Name,
    /// The preset says it itself, or it must not be said at all.
    #[error(
        "no rule may issue this claim: what Entra knows a person by, and how she signed in, is \
             said by the preset alone"
    )]
    Reserved,
    /// Entra takes nobody without it.
    #[error("Entra needs this claim: a rule in place of the preset's says required = true")]
    Required,
    /// Two rules share a name, and not what is said about it.
    #[error("another rule issues this claim with another friendly_name or name_format")]
    Differs,
    /// There are too many.
    #[error("a relying party has at most {MOST_RULES} claim rules")]
    TooMany,
}

/// Of one relying party.
const MOST_RULES: usize = 64;

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
    /// A relying party of a kind, with everything that the kind knows.
    ///
    /// The first address is the default one, used when a request names none (Entra's never does).
    /// `None` when there is no address.
    pub fn new(
        preset: Preset,
        entity_id: &str,
        assertion_consumer_services: Vec<AssertionConsumerService>,
    ) -> Option<Self> {
        let first = assertion_consumer_services.first()?;
        let mut party = Self::awaiting_metadata(preset, entity_id);
        if matches!(preset, Preset::Saml2 | Preset::WsFederation) {
            host(&first.url).clone_into(&mut party.display_name);
        }
        party.answer_to(assertion_consumer_services);
        Some(party)
    }

    /// The same, without any address for answers yet: its metadata will tell. Until then it is
    /// not there for anybody who asks.
    pub fn awaiting_metadata(preset: Preset, entity_id: &str) -> Self {
        Self {
            preset,
            entity_id: entity_id.to_owned(),
            display_name: match preset {
                Preset::Entra | Preset::EntraExternal => "Microsoft Entra ID",
                Preset::Saml2 | Preset::WsFederation => name_of(entity_id),
            }
            .to_owned(),
            consumers: Vec::new(),
            name_id: preset.name_id(),
            preset_saml2: preset.saml2_claims(),
            preset_tokens: preset.token_claims(),
            claims: preset.claims(),
            access: preset.access(),
            issuer: None,
            protocols: preset.protocols(),
            ws_federation: WsFederation::new(Vec::new()),
            single_logout: SingleLogout::default(),
            idp_initiated: false,
            told: Told::default(),
            audience: entity_id.to_owned(),
            request_signatures: RequestSignatures::NotVerified,
            sign_response: false,
            encryption: None,
            assertion_lifetime: Duration::from_secs(3600),
            not_before_skew: Duration::from_secs(60),
            ws_trust_addresses: ws_trust_addresses(entity_id),
        }
    }

    /// Entra's internal federation as the facts of SP-Lite have it: persistent `NameID` =
    /// `ImmutableID`, `IDPEmail` = cloud UPN, signed assertion, one hour of life.
    pub fn entra(
        entity_id: &str,
        assertion_consumer_services: Vec<AssertionConsumerService>,
    ) -> Option<Self> {
        Self::new(Preset::Entra, entity_id, assertion_consumer_services)
    }

    /// What kind it is.
    pub fn preset(&self) -> Preset {
        self.preset
    }

    /// Sets how it knows people; `false` where its kind cannot know them so.
    #[must_use]
    pub fn set_name_id(&mut self, rule: NameIdRule) -> bool {
        let may = self.preset.permits(&rule);
        if may {
            self.name_id = rule;
        }
        may
    }

    /// How it knows people.
    pub fn name_id_rule(&self) -> &NameIdRule {
        &self.name_id
    }

    /// Adds a rule behind those that are there. One of the name that Entra's external federation
    /// needs takes the place of the preset's.
    pub fn add_claim(&mut self, mut rule: ClaimRule) -> Result<(), ClaimRuleError> {
        let count = rule.name.chars().count();
        if count == 0
            || count > 256
            || rule
                .name
                .contains(|c: char| c.is_whitespace() || c.is_control())
        {
            return Err(ClaimRuleError::Name);
        }
        if self.preset.reserves(&rule.name) {
            return Err(ClaimRuleError::Reserved);
        }
        if self.claims.len() == MOST_RULES {
            return Err(ClaimRuleError::TooMany);
        }
        let is_uri = rule.name.contains(':');
        rule.name_format = rule.name_format.or(is_uri.then_some(NameFormat::Uri));
        let needed = self.preset.claims().into_iter();
        let needed = needed.filter(|needed| needed.name == rule.name);
        for needed in needed {
            if let Some(at) = self.claims.iter().position(|known| *known == needed) {
                if !rule.required {
                    return Err(ClaimRuleError::Required);
                }
                self.claims.remove(at);
            }
        }
        let agrees = |other: &ClaimRule| {
            (&other.friendly_name, other.name_format) == (&rule.friendly_name, rule.name_format)
        };
        let mut same = self.claims.iter().filter(|other| other.name == rule.name);
        if !same.all(agrees) {
            return Err(ClaimRuleError::Differs);
        }
        self.claims.push(rule);
        Ok(())
    }

    /// The rules that count by each protocol.
    pub fn claim_rules(&self) -> &[ClaimRule] {
        &self.claims
    }

    /// What a SAML 2.0 Response says about `subject`: nothing that no rule names.
    pub fn claims<'a>(&'a self, subject: &'a Subject) -> Vec<Claim<'a>> {
        claims::issue(&self.preset_saml2, &self.claims, subject)
    }

    /// What a token of WS-Federation or WS-Trust says: the same rules, what the preset says there, and
    /// what it is told of the circumstances.
    pub fn token_claims<'a>(
        &'a self,
        subject: &'a Subject,
        circumstances: &'a Circumstances,
    ) -> Vec<Claim<'a>> {
        let mut claims = claims::issue(&self.preset_tokens, &self.claims, subject);
        claims.extend(self.told.claims(circumstances));
        claims
    }

    /// The names of all claims that a token of WS-Federation or WS-Trust may have.
    pub fn token_claim_names(&self) -> impl Iterator<Item = &str> {
        let rules = self.preset_tokens.iter().chain(&self.claims);
        let names = rules.map(|rule| rule.name.as_str());
        names.chain(self.told.names())
    }

    /// The rules by which something is issued, as far as it may ask by the protocol.
    pub(super) fn issuing_rules(&self) -> impl Iterator<Item = &ClaimRule> {
        let saml2 = self.speaks(Protocol::Saml2).then_some(&self.preset_saml2);
        let tokens = self.gets_tokens().then_some(&self.preset_tokens);
        let of_preset = saml2.into_iter().chain(tokens).flatten();
        of_preset.chain(&self.claims)
    }

    /// The name under which it knows `subject`. A transient one is that of the session there, which
    /// nobody can foresee, no other relying party knows, and a request to end the session brings back.
    pub fn name_id<'a>(
        &self,
        subject: &'a Subject,
        session_index: &'a str,
    ) -> Result<NameId<'a>, NameIdError> {
        self.name_id.name(&self.entity_id, subject, session_index)
    }

    /// Whether `subject` may sign in here: whether she has access, a name, and all that is required.
    pub fn permits(&self, subject: &Subject) -> Result<(), NotPermitted> {
        self.access.decide(subject)?;
        self.name_id.check(subject)?;
        match self.claims.iter().find(|rule| rule.is_wanting(subject)) {
            Some(wanting) => Err(NotPermitted::NoClaim(wanting.name.clone())),
            None => Ok(()),
        }
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

    /// Whether there is an address that answers may go to.
    pub fn is_available(&self) -> bool {
        !self.consumers.is_empty()
    }

    /// Sends answers to these addresses and no others, by all protocols; the first is the default
    /// one. Without any, the relying party is not there until there are some.
    pub fn answer_to(&mut self, consumers: Vec<AssertionConsumerService>) {
        self.ws_federation.reply_addresses = urls(&consumers);
        self.consumers = consumers;
    }

    /// Whether it may ask by this protocol.
    pub fn speaks(&self, protocol: Protocol) -> bool {
        self.protocols.contains(&protocol)
    }

    /// Whether it may ask for tokens of WS-Federation or WS-Trust.
    pub fn gets_tokens(&self) -> bool {
        self.speaks(Protocol::WsFederation) || self.speaks(Protocol::WsTrust)
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

/// A name for people: the host of an entity ID that is an address, else the entity ID.
fn name_of(entity_id: &str) -> &str {
    if entity_id.contains("://") {
        host(entity_id)
    } else {
        entity_id
    }
}

/// The host of an address, for people to recognise.
fn host(url: &str) -> &str {
    let after_scheme = url.split_once("://").map_or(url, |(_, rest)| rest);
    after_scheme.split(['/', ':', '?']).next().unwrap_or(url)
}
