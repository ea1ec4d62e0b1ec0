//! An upstream identity provider as others write it: pysaml2 with xmlsec1. It reads what is asked of it
//! and our metadata, and Homerealm reads its answers and its metadata.

#![allow(clippy::expect_used, clippy::indexing_slicing)] // a test may stop

mod strangers;

use std::{fs, path::PathBuf, time::Duration};

use homerealm::{
    keys::{KeyRing, create_signing_key},
    metadata::{Keeper, Origin, Refreshed, Source},
    realm::DomainName,
    saml2::{MetadataTrust, ServiceProvider, service_provider_metadata},
    upstream::{
        Ask, Asserted, Expected, Factors, Leaving, SpeaksFor, Terms, Upstream, UpstreamError,
        UpstreamProtocol,
        saml2::{AddressSource, LoginHint, Partner, Saml2, Settings},
    },
};
use serde_json::{Value, json};
use strangers::pysaml2_idp;
use time::OffsetDateTime;

const IDP: &str = "https://idp.fabrikam.test/metadata";
const SSO: &str = "https://idp.fabrikam.test/sso";
const SP: &str = "https://login.contoso.test/upstream/saml2/metadata";
const ACS: &str = "https://login.contoso.test/upstream/saml2/acs";
const MAIL: &str = "urn:oid:0.9.2342.19200300.100.1.3";
const MFA: &str = "https://refeds.org/profile/mfa";

/// Both sides, each of which has read the other's metadata.
struct World {
    folder: tempfile::TempDir,
    upstream: Upstream,
    keys: KeyRing,
}

impl World {
    async fn new(address: AddressSource) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| -> PathBuf { folder.path().join(name) };
        let theirs = create_signing_key("Fabrikam", 1).expect("a key");
        fs::write(path("idp.key"), &theirs.private_key_pem).expect("written");
        let certificate = theirs.signer.certificate();
        fs::write(path("idp.crt"), certificate.to_pem()).expect("written");

        let keys = KeyRing::new(
            create_signing_key("Homerealm", 1).expect("a key").signer,
            None,
        );
        let service_provider = ServiceProvider {
            entity_id: SP.to_owned(),
            consumer: ACS.to_owned(),
        };
        let ours = service_provider_metadata(&service_provider, &keys).expect("metadata");
        fs::write(path("sp.xml"), ours).expect("written");

        let partner = Partner::awaiting_metadata(IDP);
        let order = json!({"do": "metadata", "entity_id": IDP, "sso": SSO});
        let said = pysaml2_idp(folder.path(), &order);
        let document = said["document"]
            .as_str()
            .unwrap_or_else(|| panic!("{said}"));
        fs::write(path("idp.xml"), document).expect("written");
        let source = Source {
            origin: Origin::File(path("idp.xml")),
            trust: MetadataTrust::Signer {
                keys: vec![certificate.public_key().clone()],
                permit_sha1: false,
            },
            refresh: Duration::from_secs(3600),
        };
        let refreshed = Keeper::new(partner.clone(), source).refresh(&()).await;
        assert_eq!(refreshed.expect("their metadata"), Refreshed::Changed);

        let settings = Settings {
            service_provider,
            address,
            login_hint: LoginHint::Parameter,
            several_factors: vec![MFA.to_owned()],
            clock_skew: time::Duration::seconds(60),
        };
        let upstream = Upstream {
            terms: Terms {
                name: "fabrikam".to_owned(),
                display_name: "Fabrikam".to_owned(),
                speaks_for: SpeaksFor {
                    domains: vec![DomainName::parse("fabrikam.com").expect("a domain")],
                    addresses: Vec::new(),
                },
                trusted_for_mfa: true,
            },
            protocol: UpstreamProtocol::Saml2(Saml2::new(settings, partner)),
        };
        Self {
            folder,
            upstream,
            keys,
        }
    }

    async fn asked(&self, fresh: bool, several_factors: bool) -> Leaving {
        let ask = Ask {
            login_hint: Some("wmoran@fabrikam.com"),
            fresh,
            several_factors,
            handle: "trip-1",
            now: OffsetDateTime::now_utc(),
        };
        self.upstream
            .ask(&ask, &self.keys)
            .await
            .expect("a question")
    }

    /// What pysaml2 read, and what it answers.
    fn answered(&self, leaving: &Leaving, order: Value) -> Value {
        let mut whole = json!({
            "do": "answer", "entity_id": IDP, "sso": SSO, "url": leaving.address,
            "name": "wmoran@fabrikam.com",
        });
        let (Value::Object(all), Value::Object(own)) = (&mut whole, order) else {
            panic!("objects");
        };
        all.extend(own);
        let said = pysaml2_idp(self.folder.path(), &whole);
        assert!(said["response"].is_string(), "{said}");
        said
    }

    fn received(&self, said: &Value, expected: &Expected) -> Result<Asserted, UpstreamError> {
        let response = said["response"].as_str().expect("a response");
        self.upstream
            .receive_saml2(response, expected, OffsetDateTime::now_utc())
    }
}

#[tokio::test]
async fn pysaml2_reads_our_question_and_we_its_answer() {
    let world = World::new(AddressSource::NameId).await;
    for (sign_response, sign_assertion) in [(false, true), (true, false), (true, true)] {
        let leaving = world.asked(false, false).await;
        let order = json!({"sign_response": sign_response, "sign_assertion": sign_assertion});
        let said = world.answered(&leaving, order);
        assert_eq!(said["id"], leaving.expected.request_id);
        assert_eq!(said["issuer"], SP);
        assert_eq!(said["acs"], ACS);
        assert_eq!(said["force_authn"], false);
        assert_eq!(said["relay_state"], "trip-1");
        assert_eq!(said["login_hint"], "wmoran@fabrikam.com");
        let format = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress";
        assert_eq!(said["name_id_format"], format);
        let asserted = world.received(&said, &leaving.expected).expect("an answer");
        assert_eq!(asserted.address().to_string(), "wmoran@fabrikam.com");
        assert_eq!(asserted.factors(), Factors::One);
    }
    // It does check the query's signature, which covers where the answer leads.
    let leaving = world.asked(false, false).await;
    let order = json!({
        "do": "answer", "entity_id": IDP, "sso": SSO, "name": "wmoran@fabrikam.com",
        "url": leaving.address.replace("RelayState=trip-1", "RelayState=trip-2"),
    });
    let said = pysaml2_idp(world.folder.path(), &order);
    assert!(said["error"].is_string(), "{said}");
    // Nothing signed.
    let leaving = world.asked(false, false).await;
    let said = world.answered(&leaving, json!({"sign_assertion": false}));
    let problem = world
        .received(&said, &leaving.expected)
        .expect_err("unsigned");
    assert!(matches!(problem, UpstreamError::Invalid(_)), "{problem}");
}

#[tokio::test]
async fn a_fresh_proof_of_several_factors_is_asked_for_and_looked_for() {
    let world = World::new(AddressSource::NameId).await;
    let leaving = world.asked(true, true).await;
    let said = world.answered(&leaving, json!({"class": MFA}));
    assert_eq!(said["force_authn"], true);
    assert_eq!(said["classes"], json!([MFA]));
    let asserted = world.received(&said, &leaving.expected).expect("an answer");
    assert_eq!(asserted.factors(), Factors::Several);
    assert!(OffsetDateTime::now_utc() - asserted.authn_instant() < time::Duration::minutes(1));

    let said = world.answered(&leaving, json!({"proven_seconds_ago": 90}));
    let problem = world
        .received(&said, &leaving.expected)
        .expect_err("an old proof");
    assert_eq!(problem, UpstreamError::NotFresh);
}

#[tokio::test]
async fn an_attribute_holds_the_address() {
    let world = World::new(AddressSource::Attribute(MAIL.to_owned())).await;
    let persistent = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent";
    for (mail, counts) in [("wendy@fabrikam.com", true), ("wendy@contoso.com", false)] {
        let leaving = world.asked(false, false).await;
        let order = json!({"name": "a1b2", "format": persistent, "attributes": {"mail": [mail]}});
        let said = world.answered(&leaving, order);
        assert_eq!(said["name_id_format"], Value::Null);
        match world.received(&said, &leaving.expected) {
            Ok(asserted) => assert!(counts && asserted.address().to_string() == mail),
            Err(problem) => {
                assert!(!counts);
                assert_eq!(problem, UpstreamError::ForeignAddress(mail.to_owned()));
            }
        }
    }
}

#[tokio::test]
async fn what_was_not_asked_is_not_taken() {
    let world = World::new(AddressSource::NameId).await;
    let [first, second] = [
        world.asked(false, false).await,
        world.asked(false, false).await,
    ];
    let said = world.answered(&first, json!({}));
    assert!(world.received(&said, &first.expected).is_ok());
    let problem = world
        .received(&said, &second.expected)
        .expect_err("of another trip");
    assert!(matches!(problem, UpstreamError::NotAsked(_)), "{problem}");

    let order = json!({
        "do": "unsolicited", "entity_id": IDP, "sso": SSO, "acs": ACS, "sp": SP,
        "name": "wmoran@fabrikam.com",
    });
    let said = pysaml2_idp(world.folder.path(), &order);
    let problem = world
        .received(&said, &first.expected)
        .expect_err("unsolicited");
    assert!(matches!(problem, UpstreamError::NotAsked(_)), "{problem}");
}
