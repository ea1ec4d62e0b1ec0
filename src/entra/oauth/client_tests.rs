use std::net::{Ipv4Addr, SocketAddr};

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use base64::{Engine, engine::general_purpose::STANDARD, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use hyper::{HeaderMap, Method};
use serde_json::{Value, json};
use time::Duration;

use super::{super::tests::registered, *};
use crate::{
    entra::{Settings, fixture},
    keys::{Signer, create_signing_key},
};

const APP: &str = "00112233-4455-6677-8899-aabbccddeeff";
const ENDPOINT: &str = "https://login.example/contoso.onmicrosoft.com/oauth2/v2.0/token";

/// The shop, which has a secret and a certificate, and who has its key.
fn shop() -> (Simulator, Signer) {
    let signer = create_signing_key("shop", 30).unwrap().signer;
    let simulator = registered(&json!({
        "appId": APP,
        "displayName": "Shop",
        "web": {"redirectUris": ["https://shop.example/"]},
        "passwordCredentials": [{"secretText": "s3c=r&et+ %"}],
        "keyCredentials": [{"key": signer.certificate().base64()}],
    }));
    (simulator, signer)
}

fn thumbprint(signer: &Signer, algorithm: &'static aws_lc_rs::digest::Algorithm) -> String {
    URL_SAFE_NO_PAD.encode(digest(algorithm, signer.certificate().der()))
}

fn header(signer: &Signer) -> Value {
    json!({"alg": "RS256", "typ": "JWT", "x5t#S256": thumbprint(signer, &SHA256)})
}

fn claims(now: OffsetDateTime) -> Value {
    let now = now.unix_timestamp();
    json!({"iss": APP, "sub": APP, "aud": ENDPOINT, "nbf": now, "exp": now + 600, "jti": "x"})
}

fn with(mut object: Value, name: &str, value: Value) -> Value {
    object[name] = value;
    object
}

fn signed(signer: &Signer, header: &Value, claims: &Value) -> String {
    let encoded = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", encoded(header), encoded(claims));
    let signature = signer.sign_rsa_sha256(message.as_bytes()).unwrap();
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// How an application at Contoso's token endpoint has proven who it is, or the code.
fn proven(
    simulator: &Simulator,
    fields: &[(&str, &str)],
    basic: Option<&str>,
    now: OffsetDateTime,
) -> Result<Proof, u32> {
    let mut headers = HeaderMap::new();
    if let Some(basic) = basic {
        headers.insert(AUTHORIZATION, basic.parse().unwrap());
    }
    let request = Request {
        method: Method::POST,
        target: http::uri::PathAndQuery::from_static("/"),
        headers,
        body: Bytes::new(),
        peer: SocketAddr::from((Ipv4Addr::LOCALHOST, 1)),
    };
    let body = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish();
    let form = Form::parse(body.as_bytes()).unwrap();
    let tenants = simulator.tenants();
    let address = Address::Tenanted(tenants.first());
    Client::read(&request, &form, &tenants, address)
        .and_then(|client| simulator.authenticate(&client, Platform::Web, address, now))
        .map_err(|refusal| refusal.code.number())
}

fn by_assertion(simulator: &Simulator, assertion: &str, now: OffsetDateTime) -> Result<Proof, u32> {
    let fields = [
        ("client_id", APP),
        ("client_assertion_type", JWT_BEARER),
        ("client_assertion", assertion),
    ];
    proven(simulator, &fields, None, now)
}

#[test]
fn a_certificate_proves_who_an_application_is() {
    let (simulator, signer) = shop();
    let now = OffsetDateTime::now_utc();
    let good = |header: &Value, claims: &Value| {
        by_assertion(&simulator, &signed(&signer, header, claims), now)
    };
    let proof = Ok(Proof::Certificate);
    assert_eq!(good(&header(&signer), &claims(now)), proof);
    assert_eq!(Proof::Certificate.claim(), "2");
    // As MSAL for Python names it: by SHA-1, with padding.
    let padded = format!("{}=", thumbprint(&signer, &SHA1_FOR_LEGACY_USE_ONLY));
    let by_sha1 = json!({"alg": "RS256", "x5t": padded});
    assert_eq!(good(&by_sha1, &claims(now)), proof);
    let id = simulator.tenants().first().id().to_string();
    for audience in [
        format!("https://login.example/{id}/oauth2/v2.0/token"),
        format!("https://login.example/{id}/v2.0"),
        "https://login.example/partners.contoso.com/oauth2/token".to_owned(),
    ] {
        let claims = with(claims(now), "aud", json!(audience));
        assert_eq!(good(&header(&signer), &claims), proof, "{audience}");
    }
    let moment = now.unix_timestamp();
    for (name, value) in [
        ("nbf", json!(moment + 299)),
        ("exp", json!(moment - 298)),
        (
            "exp",
            json!(600.5 + f64::from(u32::try_from(moment).unwrap())),
        ),
    ] {
        let claims = with(claims(now), name, value);
        assert_eq!(good(&header(&signer), &claims), proof, "{name}");
    }
}

#[test]
fn an_assertion_is_the_applications_own_for_us_and_for_now() {
    let (simulator, signer) = shop();
    let stranger = create_signing_key("shop", 30).unwrap().signer;
    let now = OffsetDateTime::now_utc();
    let moment = now.unix_timestamp();
    let (good, own) = (claims(now), header(&signer));
    let public = "6f9619ff-8b86-d011-b42d-00c04fc964ff";
    for (name, value, code) in [
        ("iss", json!(public), 700_021),
        ("sub", json!(public), 700_021),
        ("aud", json!("https://evil.example/"), 700_023),
        (
            "aud",
            json!("https://login.example/common/oauth2/v2.0/token"),
            700_023,
        ),
        (
            "aud",
            json!("https://login.example/nobody.example/v2.0"),
            700_023,
        ),
        ("aud", json!(format!("{ENDPOINT}/x")), 700_023),
        (
            "aud",
            json!("https://login.example.evil.example/contoso.onmicrosoft.com/v2.0"),
            700_023,
        ),
        ("nbf", json!(moment + 301), 700_024),
        ("exp", json!(moment - 301), 700_024),
        ("exp", json!(1e300), 50027),
        ("exp", json!("soon"), 50027),
        ("nbf", json!("soon"), 50027),
        ("exp", Value::Null, 50027),
        ("iss", Value::Null, 50027),
    ] {
        let claims = with(good.clone(), name, value.clone());
        let told = by_assertion(&simulator, &signed(&signer, &own, &claims), now);
        assert_eq!(told, Err(code), "{name} {value}");
    }
    for (name, value, code) in [
        ("alg", json!("none"), 50027),
        ("alg", json!("HS256"), 50027),
        ("alg", json!("PS256"), 700_027),
        ("crit", json!(["b64"]), 50027),
        ("x5t#S256", Value::Null, 50027),
        ("x5t#S256", json!(thumbprint(&stranger, &SHA256)), 700_027),
        // Both have to be the certificate's.
        ("x5t", json!("AAAAAAAAAAAAAAAAAAAAAAAAAAA"), 700_027),
    ] {
        let header = with(own.clone(), name, value.clone());
        let told = by_assertion(&simulator, &signed(&signer, &header, &good), now);
        assert_eq!(told, Err(code), "{name} {value}");
    }
    // Somebody else's key, the right certificate's name.
    let forged = signed(&stranger, &own, &good);
    assert_eq!(by_assertion(&simulator, &forged, now), Err(700_027));
    let own_signed = signed(&signer, &own, &good);
    let unsigned = own_signed.rsplit_once('.').unwrap().0;
    for broken in [
        "",
        "a.b",
        "a.b.c",
        unsigned,
        &format!("{unsigned}."),
        &format!("{own_signed}.x"),
        &"x".repeat(20_000),
    ] {
        let told = by_assertion(&simulator, broken, now);
        assert!(matches!(told, Err(50027 | 700_027)), "{broken}: {told:?}");
    }
    // The certificate's time is over; the assertion is new.
    let later = now + Duration::days(31);
    let new = signed(&signer, &own, &claims(later));
    assert_eq!(by_assertion(&simulator, &new, later), Err(700_027));
    let fields = [
        ("client_id", APP),
        (
            "client_assertion_type",
            "urn:ietf:params:oauth:client-assertion-type:saml2-bearer",
        ),
        ("client_assertion", own_signed.as_str()),
    ];
    assert_eq!(proven(&simulator, &fields, None, now), Err(50027));
}

#[test]
fn a_secret_is_brought_in_one_way() {
    let (simulator, signer) = shop();
    let now = OffsetDateTime::now_utc();
    let secret = "s3c=r&et+ %";
    let encoded = |secret: &str| {
        let mut text = form_urlencoded::Serializer::new(String::new());
        let pair = text.append_pair("", secret).finish();
        let pair = format!("{APP}:{}", pair.trim_start_matches('='));
        format!("Basic {}", STANDARD.encode(pair))
    };
    let (right, wrong) = (encoded(secret), encoded("another"));
    let posted = [("client_id", APP), ("client_secret", secret)];
    let prove = |fields: &[(&str, &str)], basic| proven(&simulator, fields, basic, now);
    assert_eq!(prove(&posted, None), Ok(Proof::Secret));
    assert_eq!(prove(&[], Some(&right)), Ok(Proof::Secret));
    assert_eq!(
        prove(&[("client_id", APP)], Some(&right)),
        Ok(Proof::Secret)
    );
    assert_eq!(prove(&[], Some(&wrong)), Err(7_000_215));
    assert_eq!(prove(&posted, Some(&right)), Err(90023));
    let another = [("client_id", "6f9619ff-8b86-d011-b42d-00c04fc964ff")];
    assert_eq!(prove(&another, Some(&right)), Err(90023));
    let assertion = signed(&signer, &header(&signer), &claims(now));
    let both = [
        posted[0],
        posted[1],
        ("client_assertion", assertion.as_str()),
    ];
    assert_eq!(prove(&both, None), Err(90023));
    assert_eq!(prove(&[("client_id", APP)], None), Err(7_000_218));
    for none in ["Bearer x", "Basic", "Basic !", "Basic eA=="] {
        assert_eq!(prove(&[], Some(none)), Err(900_144), "{none}");
    }
}

/// An assertion for one tenant's token endpoint is nothing at another's, nor at `common`.
#[test]
fn an_assertion_is_for_one_tenant() {
    let (simulator, signer) = shop();
    let tenants = Tenants::from(simulator.tenants().first().clone());
    let tenants = tenants.with(fixture::fabrikam()).unwrap();
    let simulator = Simulator::new(tenants, Settings::at("https://login.example"));
    let now = OffsetDateTime::now_utc();
    for (audience, told) in [
        (
            "https://login.example/fabrikam.com/oauth2/v2.0/token",
            Err(700_023),
        ),
        (ENDPOINT, Ok(Proof::Certificate)),
    ] {
        let claims = with(claims(now), "aud", json!(audience));
        let assertion = signed(&signer, &header(&signer), &claims);
        assert_eq!(
            by_assertion(&simulator, &assertion, now),
            told,
            "{audience}"
        );
    }
}
