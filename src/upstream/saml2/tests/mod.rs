//! Upstreams asked and answering.

mod answers;
mod questions;

use time::{Duration, OffsetDateTime};

use super::*;
use crate::{
    keys::create_signing_key,
    realm::{DomainName, EmailAddress},
    saml2::test_identity_provider::{AUDIENCE, ISSUER, RECIPIENT, REQUEST, TestIdentityProvider},
    upstream::{Factors, SpeaksFor, Upstream, UpstreamProtocol},
};

const SINGLE_SIGN_ON: &str = "https://idp.fabrikam.test/sso";
const MFA: &str = "https://refeds.org/profile/mfa";

fn now() -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(1_795_000_000).unwrap()
}

fn settings() -> Settings {
    Settings {
        service_provider: ServiceProvider {
            entity_id: AUDIENCE.to_owned(),
            consumer: RECIPIENT.to_owned(),
        },
        address: AddressSource::NameId,
        login_hint: LoginHint::Parameter,
        several_factors: vec![MFA.to_owned(), "urn:several".to_owned()],
        clock_skew: Duration::seconds(60),
    }
}

fn terms() -> Terms {
    Terms {
        name: "fabrikam".to_owned(),
        display_name: "Fabrikam".to_owned(),
        speaks_for: SpeaksFor {
            domains: vec![DomainName::parse("fabrikam.com").unwrap()],
            addresses: vec![EmailAddress::parse("tom@gmail.com").unwrap()],
        },
        trusted_for_mfa: true,
    }
}

fn upstream(provider: &TestIdentityProvider, settings: Settings, terms: Terms) -> Upstream {
    let described = Described {
        single_sign_on: SINGLE_SIGN_ON.to_owned(),
        keys: vec![provider.key()],
    };
    Upstream {
        terms,
        protocol: UpstreamProtocol::Saml2(Saml2::new(settings, Partner::known(ISSUER, described))),
    }
}

fn ours() -> KeyRing {
    KeyRing::new(create_signing_key("ours", 1).unwrap().signer, None)
}

fn expected() -> Expected {
    Expected {
        upstream: "fabrikam".to_owned(),
        request_id: REQUEST.to_owned(),
        code_verifier: None,
        asked_at: now().unix_timestamp() - 20,
        fresh: false,
    }
}
