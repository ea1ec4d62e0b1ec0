//! ID tokens as they should be, and one by one as they should not.

use aws_lc_rs::hmac;
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use super::{IdTokenError as E, *};

const ISSUER: &str = "https://login.fabrikam.com";
const NOW: i64 = 1_790_000_000;

fn at(seconds: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(seconds).unwrap()
}

fn demand() -> Demand<'static> {
    Demand {
        issuer: ISSUER,
        client_id: "homerealm",
        nonce: "nonce of the question",
        asked_at: at(NOW - 120),
        fresh: false,
        access_token: None,
        now: at(NOW),
        skew: Duration::seconds(60),
    }
}

fn claims(change: &Value) -> Value {
    let mut claims = json!({
        "iss": ISSUER,
        "aud": "homerealm",
        "sub": "248289761001",
        "nonce": "nonce of the question",
        "iat": NOW,
        "exp": NOW + 300,
        "email": "wmoran@fabrikam.com",
    });
    for (name, value) in change.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims
}

struct World {
    issuer: TestIssuer,
    keys: KeySet,
}

impl World {
    fn new() -> Self {
        let issuer = TestIssuer::new();
        let keys = KeySet::read(issuer.key_set().to_string().as_bytes()).unwrap();
        Self { issuer, keys }
    }

    fn judge(&self, token: &str, demand: &Demand<'_>) -> Result<IdToken, IdTokenError> {
        IdToken::verify(token, &self.keys, demand)
    }

    fn changed(&self, change: &Value) -> Result<IdToken, IdTokenError> {
        self.judge(&self.issuer.rs256(&claims(change)), &demand())
    }

    fn headed(&self, header: &Value) -> Result<IdToken, IdTokenError> {
        let token = self.issuer.token(header, &claims(&json!({})));
        self.judge(&token, &demand())
    }
}

#[test]
fn a_good_token_is_taken_by_each_algorithm() {
    let world = World::new();
    for header in [
        json!({"alg": "RS256", "kid": "rsa", "typ": "JWT"}),
        json!({"alg": "RS256"}),
        json!({"alg": "PS256", "kid": "rsa", "typ": "jwt"}),
        json!({"alg": "ES256", "kid": "ec"}),
    ] {
        let token = world.headed(&header).unwrap();
        assert_eq!(token.subject(), "248289761001");
        assert_eq!(token.authn_instant(), at(NOW));
        let email = token.claims().text("email");
        assert_eq!(email, Ok(Some("wmoran@fabrikam.com")));
    }
    assert!(
        world
            .changed(&json!({"aud": ["homerealm"], "azp": "homerealm"}))
            .is_ok()
    );
}

#[test]
fn what_is_not_signed_by_a_key_of_the_issuer_is_refused() {
    let world = World::new();
    let token = world.issuer.rs256(&claims(&json!({})));
    let (rest, signature) = token.rsplit_once('.').unwrap();
    let (header, payload) = rest.split_once('.').unwrap();
    let forged = BASE64.encode(claims(&json!({"email": "ceo@fabrikam.com"})).to_string());
    let signature_fails = |token: &str| {
        let refused = world.judge(token, &demand()).unwrap_err();
        assert_eq!(refused, JwsError::Signature.into(), "{token}");
    };
    signature_fails(&format!("{header}.{forged}.{signature}"));
    signature_fails(&format!("{header}.{payload}."));
    let stranger = TestIssuer::new();
    signature_fails(&stranger.rs256(&claims(&json!({}))));
    // The stranger brings its key along, as it could be had to be used.
    let key = stranger.key_set()["keys"][0].clone();
    signature_fails(&stranger.token(
        &json!({"alg": "RS256", "kid": "rsa", "jwk": key}),
        &claims(&json!({})),
    ));
    signature_fails(&stranger.token(
        &json!({"alg": "RS256", "kid": "rsa", "jku": "https://evil.example/keys"}),
        &claims(&json!({})),
    ));
}

#[test]
fn none_and_the_public_key_as_a_secret_prove_nothing() {
    let world = World::new();
    let payload = BASE64.encode(claims(&json!({})).to_string());
    for name in [
        "none", "None", "NONE", "nOnE", "HS256", "HS512", "RS1", "RS512", "",
    ] {
        let header = BASE64.encode(json!({"alg": name, "kid": "rsa"}).to_string());
        let message = format!("{header}.{payload}");
        // Whoever takes an HMAC might take either form of the public key for its secret.
        let document = world.issuer.key_set().to_string();
        for secret in [world.issuer.modulus(), document.as_bytes(), b""] {
            let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
            let tag = BASE64.encode(hmac::sign(&key, message.as_bytes()));
            for signature in [tag.as_str(), ""] {
                let token = format!("{message}.{signature}");
                let refused = world.judge(&token, &demand()).unwrap_err();
                assert_eq!(refused, JwsError::Algorithm(name.to_owned()).into());
            }
        }
    }
}

#[test]
fn a_key_is_used_for_its_own_algorithm_alone() {
    let world = World::new();
    let unknown = IdTokenError::from(JwsError::from(KeyChoiceError::Unknown));
    for header in [
        json!({"alg": "ES256", "kid": "rsa"}),
        json!({"alg": "RS256", "kid": "ec"}),
        json!({"alg": "RS256", "kid": "none of them"}),
    ] {
        assert_eq!(world.headed(&header).unwrap_err(), unknown, "{header}");
    }
    // Signed by RS256, said to be by PS256.
    let token = world.issuer.rs256(&claims(&json!({})));
    let (rest, signature) = token.rsplit_once('.').unwrap();
    let payload = rest.split_once('.').unwrap().1;
    let header = BASE64.encode(json!({"alg": "PS256", "kid": "rsa"}).to_string());
    let refused = world.judge(&format!("{header}.{payload}.{signature}"), &demand());
    assert_eq!(refused.unwrap_err(), JwsError::Signature.into());
}

#[test]
fn headers_that_demand_or_mean_something_else_are_refused() {
    let world = World::new();
    let base = json!({"alg": "RS256", "kid": "rsa"});
    let mut critical = base.clone();
    critical["crit"] = json!(["b64"]);
    assert_eq!(
        world.headed(&critical).unwrap_err(),
        JwsError::Critical.into()
    );
    for kind in ["at+jwt", "logout+jwt", "JWE", ""] {
        let mut typed = base.clone();
        typed["typ"] = json!(kind);
        let refused = world.headed(&typed).unwrap_err();
        assert_eq!(refused, JwsError::Type(kind.to_owned()).into());
    }
    let twice = r#"{"alg":"none","alg":"RS256","kid":"rsa"}"#;
    let token = world
        .issuer
        .token_of(twice, &claims(&json!({})).to_string());
    let refused = world.judge(&token, &demand()).unwrap_err();
    assert_eq!(refused, JwsError::from(JsonError::NoObject).into());
    let token = world.issuer.token_of(r#"{"kid":"rsa"}"#, "{}");
    let refused = world.judge(&token, &demand()).unwrap_err();
    assert_eq!(refused, JwsError::from(JsonError::Missing("alg")).into());
}

#[test]
fn what_is_no_token_is_refused() {
    let world = World::new();
    let good = world.issuer.rs256(&claims(&json!({})));
    let long = format!("{good}{}", "A".repeat(64 * 1024));
    for bad in [
        "",
        ".",
        "..",
        "a.b",
        "a.b.c.d.e",
        &format!("{good}="),
        &format!("{good}\n"),
        &format!("{good}.{good}"),
        &good.replacen('.', "..", 1),
        &long,
    ] {
        assert!(
            matches!(
                world.judge(bad, &demand()),
                Err(IdTokenError::Jws(JwsError::Form | JwsError::Json(_)))
            ),
            "{bad}"
        );
    }
    // A claim that stands twice, within what is signed.
    let twice = claims(&json!({})).to_string();
    let twice = twice.replacen('{', r#"{"email":"ceo@fabrikam.com","#, 1);
    let token = world
        .issuer
        .token_of(r#"{"alg":"RS256","kid":"rsa"}"#, &twice);
    let refused = world.judge(&token, &demand()).unwrap_err();
    assert_eq!(refused, JwsError::from(JsonError::NoObject).into());
}

#[test]
fn another_issuer_audience_or_question_is_refused() {
    let world = World::new();
    let other = "https://login.fabrikam.com/".to_owned();
    let missing = |name| E::Claim(JsonError::Missing(name));
    for (change, error) in [
        (json!({ "iss": other }), E::Issuer(other.clone())),
        (json!({ "iss": null }), missing("iss")),
        (json!({"aud": "another"}), E::Audience),
        (json!({"aud": ["another"]}), E::Audience),
        (json!({"aud": []}), E::Audience),
        // One more audience might hand the token on to us.
        (json!({"aud": ["homerealm", "another"]}), E::Audience),
        (json!({"aud": ["homerealm"], "azp": "another"}), E::Audience),
        (json!({ "aud": null }), missing("aud")),
        (json!({"aud": 7}), E::Claim(JsonError::Type("aud"))),
        (json!({"nonce": "another"}), E::Nonce),
        (json!({ "nonce": null }), E::Nonce),
        (
            json!({"nonce": ["nonce of the question"]}),
            E::Claim(JsonError::Type("nonce")),
        ),
        (json!({ "sub": null }), missing("sub")),
        (json!({"sub": ""}), E::Subject),
        (json!({"sub": "x".repeat(256)}), E::Subject),
    ] {
        assert_eq!(world.changed(&change).unwrap_err(), error, "{change}");
    }
}

#[test]
fn time_is_kept() {
    let world = World::new();
    let missing = |name| E::Claim(JsonError::Missing(name));
    for (change, error) in [
        (json!({"exp": NOW - 60}), E::Expired),
        (json!({"exp": NOW - 86_400}), E::Expired),
        (json!({ "exp": null }), missing("exp")),
        (json!({"exp": "never"}), E::Claim(JsonError::Type("exp"))),
        (json!({ "iat": null }), missing("iat")),
        (json!({"iat": NOW + 61}), E::FromTheFuture),
        (json!({"nbf": NOW + 61}), E::FromTheFuture),
        (json!({"auth_time": NOW + 61}), E::FromTheFuture),
        // From before the question: somebody kept it.
        (json!({"iat": NOW - 181}), E::TooOld),
    ] {
        assert_eq!(world.changed(&change).unwrap_err(), error, "{change}");
    }
    for fine in [
        json!({"exp": NOW - 59}),
        json!({"exp": 253_402_300_799_i64}),
        json!({"iat": NOW + 60, "nbf": NOW + 60}),
        json!({"iat": NOW - 180}),
    ] {
        assert!(world.changed(&fine).is_ok(), "{fine}");
    }
}

#[test]
fn a_fresh_proof_is_said_to_be_one() {
    let world = World::new();
    let fresh = Demand {
        fresh: true,
        ..demand()
    };
    let judge = |change: Value, demand: &Demand<'_>| {
        let token = world.issuer.rs256(&claims(&change));
        world.judge(&token, demand)
    };
    let unsaid = judge(json!({}), &fresh).unwrap_err();
    assert_eq!(unsaid, IdTokenError::NoAuthenticationTime);
    let old = json!({"auth_time": NOW - 181});
    assert_eq!(
        judge(old.clone(), &fresh).unwrap_err(),
        IdTokenError::NotFresh
    );
    assert_eq!(
        judge(old, &demand()).unwrap().authn_instant(),
        at(NOW - 181)
    );
    let new = judge(json!({"auth_time": NOW - 100}), &fresh).unwrap();
    assert_eq!(new.authn_instant(), at(NOW - 100));
}

#[test]
fn the_access_token_belongs_to_the_id_token() {
    let world = World::new();
    // The example of OpenID Connect Core A.3, whose hash is that of A.4's ID token.
    let access_token = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y";
    let with = |hash: &str, access_token| {
        let token = world.issuer.rs256(&claims(&json!({ "at_hash": hash })));
        let demand = Demand {
            access_token,
            ..demand()
        };
        world.judge(&token, &demand)
    };
    let hash = "77QmUPtjPfzWtF2AnpK9RQ";
    assert!(with(hash, Some(access_token)).is_ok());
    assert!(with(hash, None).is_ok());
    let refused = with(hash, Some("another")).unwrap_err();
    assert_eq!(refused, IdTokenError::AccessToken);
}
