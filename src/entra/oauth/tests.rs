use base64::{Engine, engine::general_purpose::STANDARD, engine::general_purpose::URL_SAFE_NO_PAD};
use hyper::StatusCode;
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::*;
use crate::{
    entra::{
        Settings, Simulator, Tenant, TenantParts,
        fixture::{self, document::response_to},
        web::tests::{Page, get, post},
    },
    http::{PageForm, page_link},
    keys::{JsonWebAlgorithm, JsonWebKey},
    xml::{self, Limits},
};

pub(super) const PUBLIC: &str = "6f9619ff-8b86-d011-b42d-00c04fc964ff";
pub(super) const SERVER: &str = "00112233-4455-6677-8899-aabbccddeeff";
pub(super) const SECRET: &str = "s3cret";
const CONTOSO: &str = "/contoso.onmicrosoft.com";
const TOKEN: &str = "/contoso.onmicrosoft.com/oauth2/v2.0/token";
/// RFC 7636 B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

pub(super) fn simulator() -> Simulator {
    registered(&json!({
        "appId": SERVER,
        "displayName": "Server",
        "web": {"redirectUris": ["https://app.example/back?from=entra"]},
        "passwordCredentials": [{"secretText": SECRET}],
        "api": {"requestedAccessTokenVersion": 2},
    }))
}

/// Contoso with an application on this machine, and this one.
pub(super) fn registered(other: &Value) -> Simulator {
    let on_this_machine = ObjectId::parse(PUBLIC).unwrap();
    let contoso = Tenant::build(TenantParts {
        applications: vec![
            Application::on_this_machine(on_this_machine, "Tool"),
            serde_json::from_value(other.clone()).unwrap(),
        ],
        ..fixture::contoso().parts()
    });
    Simulator::new(contoso.unwrap(), Settings::at("https://login.example"))
}

pub(super) type Fields<'a> = Vec<(&'a str, &'a str)>;

/// What MSAL asks with.
pub(super) fn asked() -> Fields<'static> {
    vec![
        ("client_id", PUBLIC),
        ("response_type", "code"),
        ("redirect_uri", "http://localhost:49152"),
        ("scope", "openid profile offline_access User.Read"),
        ("state", "a state & more"),
        ("nonce", "n"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
        ("login_hint", "wmoran@fabrikam.com"),
    ]
}

pub(super) fn with<'a>(
    mut fields: Fields<'a>,
    name: &'a str,
    value: Option<&'a str>,
) -> Fields<'a> {
    fields.retain(|(other, _)| *other != name);
    fields.extend(value.map(|value| (name, value)));
    fields
}

pub(super) fn authorize(simulator: &Simulator, path: &str, fields: &Fields<'_>) -> Page {
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish();
    get(simulator, &format!("{CONTOSO}/{path}?{query}"))
}

/// From the identity provider's request to the page that leads back.
pub(super) fn vouch(simulator: &Simulator, hop: &Page) -> Page {
    let form = PageForm::find(&hop.text, Some("to-idp")).unwrap_or_else(|_| panic!("{}", hop.text));
    let request = STANDARD.decode(form.field("SAMLRequest").unwrap()).unwrap();
    let request = xml::read(&request, &Limits::default()).unwrap();
    let id = request.attribute("ID").unwrap();
    let answer = response_to(id, OffsetDateTime::now_utc()).to_xml();
    let answer = STANDARD.encode(answer);
    let relay_state = form.field("RelayState").unwrap();
    let fields = [
        ("SAMLResponse", answer.as_str()),
        ("RelayState", relay_state),
    ];
    post(simulator, "/login.srf", &fields)
}

/// What comes back to the application in the address.
pub(super) fn returned(page: &Page) -> Vec<(String, String)> {
    let link = page_link(&page.text, "to-app").unwrap_or_else(|_| panic!("{}", page.text));
    let (_, query) = link.split_once(['?', '#']).unwrap();
    let pairs = form_urlencoded::parse(query.as_bytes());
    pairs.into_owned().collect()
}

pub(super) fn value<'a>(fields: &'a [(String, String)], name: &str) -> &'a str {
    let found = fields.iter().find(|(other, _)| other == name);
    found.map_or("", |(_, value)| value.as_str())
}

pub(super) fn code(simulator: &Simulator, fields: &Fields<'_>) -> String {
    let back = vouch(
        simulator,
        &authorize(simulator, "oauth2/v2.0/authorize", fields),
    );
    value(&returned(&back), "code").to_owned()
}

pub(super) fn redemption(code: &str) -> Fields<'_> {
    vec![
        ("grant_type", "authorization_code"),
        ("client_id", PUBLIC),
        ("code", code),
        ("redirect_uri", "http://localhost:49152"),
        ("code_verifier", VERIFIER),
    ]
}

pub(super) fn tokens(simulator: &Simulator, fields: &Fields<'_>) -> Value {
    let page = post(simulator, TOKEN, fields);
    assert_eq!(page.status, StatusCode::OK, "{}", page.text);
    serde_json::from_str(&page.text).unwrap()
}

pub(super) fn refused(simulator: &Simulator, fields: &Fields<'_>, code: u32, error: &str) {
    let page = post(simulator, TOKEN, fields);
    let said: Value = serde_json::from_str(&page.text).unwrap();
    assert_eq!(said["error_codes"], json!([code]), "{said}");
    assert_eq!(said["error"], error, "{said}");
    let unauthorized = error == "invalid_client";
    assert_eq!(page.status == StatusCode::UNAUTHORIZED, unauthorized);
    assert!(!page.text.contains("access_token"));
}

/// The claims, once the signature holds by the published key.
pub(super) fn claims(simulator: &Simulator, token: &Value) -> Value {
    let keys = get(simulator, &format!("{CONTOSO}/discovery/v2.0/keys"));
    let keys: Value = serde_json::from_str(&keys.text).unwrap();
    let key = &keys["keys"][0];
    let decoded = |text: &str| URL_SAFE_NO_PAD.decode(text).unwrap();
    let number = |name: &str| decoded(key[name].as_str().unwrap());
    let public = JsonWebKey::rsa(&number("n"), &number("e")).unwrap();
    let (message, signature) = token.as_str().unwrap().rsplit_once('.').unwrap();
    public
        .verify(
            JsonWebAlgorithm::Rs256,
            message.as_bytes(),
            &decoded(signature),
        )
        .unwrap();
    let (header, claims) = message.split_once('.').unwrap();
    let header: Value = serde_json::from_slice(&decoded(header)).unwrap();
    assert_eq!(header["kid"], key["kid"]);
    serde_json::from_slice(&decoded(claims)).unwrap()
}

#[test]
fn a_guest_signs_in_to_an_application() {
    let simulator = simulator();
    // The name is typed on the way.
    let fields = with(asked(), "login_hint", None);
    let door = authorize(&simulator, "oauth2/v2.0/authorize", &fields);
    let form = PageForm::find(&door.text, None).unwrap();
    let context = form.field("ctx").unwrap();
    let typed = [("ctx", context), ("login_hint", "wmoran@fabrikam.com")];
    let back = vouch(&simulator, &post(&simulator, &form.action, &typed));
    let link = page_link(&back.text, "to-app").unwrap();
    assert!(link.starts_with("http://localhost:49152?code="), "{link}");
    let returned = returned(&back);
    assert_eq!(value(&returned, "state"), "a state & more");
    let tokens = tokens(&simulator, &redemption(value(&returned, "code")));
    assert_eq!(tokens["token_type"], "Bearer");
    assert_eq!(tokens["scope"], "openid profile User.Read");
    let contoso = simulator.tenants().first().id().to_string();
    let wendy = simulator.tenants().first().users()[0].id.to_string();
    let id = claims(&simulator, &tokens["id_token"]);
    for (name, expected) in [
        (
            "iss",
            json!(format!("https://login.example/{contoso}/v2.0")),
        ),
        (
            "idp",
            json!(format!("https://login.example/{contoso}/v2.0")),
        ),
        ("aud", json!(PUBLIC)),
        ("tid", json!(contoso)),
        ("oid", json!(wendy)),
        ("acct", json!(1)),
        ("email", json!("wmoran@fabrikam.com")),
        ("upn", json!("wmoran@partners.contoso.com")),
        ("preferred_username", json!("wmoran@partners.contoso.com")),
        ("nonce", json!("n")),
        ("ver", json!("2.0")),
    ] {
        assert_eq!(id[name], expected, "{name}");
    }
    let life = id["exp"].as_i64().unwrap() - id["iat"].as_i64().unwrap();
    assert_eq!(life, 3600);
    let access = claims(&simulator, &tokens["access_token"]);
    assert_eq!(access["aud"], "00000003-0000-0000-c000-000000000000");
    assert_eq!(access["scp"], "User.Read");
    assert_eq!(
        (&access["ver"], &access["appid"]),
        (&json!("1.0"), &json!(PUBLIC))
    );
    let info = tokens["client_info"].as_str().unwrap();
    let info: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(info).unwrap()).unwrap();
    assert_eq!(info, json!({"uid": wendy, "utid": contoso}));
    // The sign-in has ended.
    let again = post(&simulator, &form.action, &typed);
    assert_eq!(again.status, StatusCode::BAD_REQUEST);
    assert!(again.text.contains("AADSTS90014"));
}

#[test]
fn an_answer_goes_in_the_way_that_was_asked_for() {
    let simulator = simulator();
    let path = "oauth2/v2.0/authorize";
    let fields = with(asked(), "response_mode", Some("fragment"));
    let back = vouch(&simulator, &authorize(&simulator, path, &fields));
    let link = page_link(&back.text, "to-app").unwrap();
    assert!(link.starts_with("http://localhost:49152#code="), "{link}");
    let fields = with(asked(), "response_mode", Some("form_post"));
    let back = vouch(&simulator, &authorize(&simulator, path, &fields));
    let form = PageForm::find(&back.text, Some("to-app")).unwrap();
    assert_eq!(form.action, "http://localhost:49152");
    assert_eq!(form.field("state"), Some("a state & more"));
    tokens(&simulator, &redemption(form.field("code").unwrap()));
}

#[test]
fn whom_to_answer_is_certain_before_anybody_is_answered() {
    let simulator = simulator();
    for (name, wrong, code) in [
        (
            "client_id",
            Some("ffffffff-8b86-d011-b42d-00c04fc964ff"),
            "AADSTS700016",
        ),
        ("client_id", Some("x"), "AADSTS700016"),
        ("client_id", None, "AADSTS900144"),
        ("redirect_uri", Some("https://evil.example/"), "AADSTS50011"),
        (
            "redirect_uri",
            Some("http://localhost:1/path"),
            "AADSTS50011",
        ),
        (
            "redirect_uri",
            Some("https://app.example/back?from=entra"),
            "AADSTS50011",
        ),
        ("redirect_uri", None, "AADSTS50011"),
    ] {
        let page = authorize(
            &simulator,
            "oauth2/v2.0/authorize",
            &with(asked(), name, wrong),
        );
        assert_eq!(page.status, StatusCode::BAD_REQUEST, "{name} {wrong:?}");
        assert!(page.text.contains(code), "{name} {wrong:?}: {}", page.text);
        assert!(page_link(&page.text, "to-app").is_err());
    }
    for (name, wrong, error, code) in [
        (
            "response_type",
            Some("id_token"),
            "unsupported_response_type",
            "AADSTS70005",
        ),
        ("response_type", None, "invalid_request", "AADSTS900144"),
        ("scope", None, "invalid_request", "AADSTS900144"),
        (
            "scope",
            Some("a://b/x c://d/y"),
            "invalid_scope",
            "AADSTS70011",
        ),
        (
            "code_challenge",
            Some("short"),
            "invalid_request",
            "AADSTS501491",
        ),
        (
            "code_challenge",
            Some("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cMx"),
            "invalid_request",
            "AADSTS501491",
        ),
        ("code_challenge", None, "invalid_request", "AADSTS50147"),
        (
            "code_challenge_method",
            Some("S512"),
            "invalid_request",
            "AADSTS50149",
        ),
        (
            "response_mode",
            Some("telepathy"),
            "invalid_request",
            "AADSTS70007",
        ),
        ("prompt", Some("none"), "login_required", "AADSTS50058"),
        (
            "prompt",
            Some("login consent"),
            "invalid_request",
            "AADSTS90023",
        ),
    ] {
        let page = authorize(
            &simulator,
            "oauth2/v2.0/authorize",
            &with(asked(), name, wrong),
        );
        let returned = returned(&page);
        assert_eq!(value(&returned, "error"), error, "{name} {wrong:?}");
        assert!(
            value(&returned, "error_description").starts_with(code),
            "{returned:?}"
        );
        assert_eq!(value(&returned, "state"), "a state & more");
        assert_eq!(value(&returned, "code"), "");
    }
}

#[test]
fn a_code_is_good_once_for_its_application_address_and_verifier() {
    let simulator = simulator();
    let code = code(&simulator, &asked());
    let good = redemption(&code);
    let grant = "invalid_grant";
    let other = "Wrong-challenge-dBjftJeZ4CVP-mB92K27uhbUJU1p";
    for (name, wrong, number, error) in [
        ("code", Some("x"), 9_002_313, grant),
        ("code", None, 900_144, "invalid_request"),
        ("client_id", Some(SERVER), 70000, grant),
        ("client_id", Some("x"), 700_016, "unauthorized_client"),
        ("client_id", None, 900_144, "invalid_request"),
        ("redirect_uri", Some("http://localhost"), 500_112, grant),
        ("redirect_uri", None, 900_144, "invalid_request"),
        ("code_verifier", Some(other), 501_481, grant),
        ("code_verifier", Some(CHALLENGE), 501_481, grant),
        ("code_verifier", None, 50148, grant),
        ("client_secret", Some(SECRET), 700_025, "invalid_client"),
    ] {
        refused(&simulator, &with(good.clone(), name, wrong), number, error);
    }
    tokens(&simulator, &good);
    refused(&simulator, &good, 54005, grant);
}

#[test]
fn an_application_on_a_server_proves_who_it_is() {
    let simulator = simulator();
    let back = "https://app.example/back?from=entra";
    let fields = with(asked(), "client_id", Some(SERVER));
    let fields = with(fields, "redirect_uri", Some(back));
    let own = "api://00112233-4455-6677-8899-aabbccddeeff/Read openid";
    let fields = with(fields, "scope", Some(own));
    let fields = with(
        with(fields, "code_challenge", None),
        "code_challenge_method",
        None,
    );
    let page = vouch(
        &simulator,
        &authorize(&simulator, "oauth2/v2.0/authorize", &fields),
    );
    let link = page_link(&page.text, "to-app").unwrap();
    assert!(link.starts_with(&format!("{back}&code=")), "{link}");
    let returned = returned(&page);
    let fields = with(
        redemption(value(&returned, "code")),
        "client_id",
        Some(SERVER),
    );
    let fields = with(fields, "redirect_uri", Some(back));
    let secret = |secret| with(fields.clone(), "client_secret", secret);
    refused(&simulator, &secret(Some(SECRET)), 501_481, "invalid_grant");
    let fields = with(fields.clone(), "code_verifier", None);
    let secret = |secret| with(fields.clone(), "client_secret", secret);
    refused(&simulator, &secret(None), 7_000_218, "invalid_client");
    refused(
        &simulator,
        &secret(Some("guess")),
        7_000_215,
        "invalid_client",
    );
    let tokens = tokens(&simulator, &secret(Some(SECRET)));
    assert!(tokens.get("refresh_token").is_none());
    let access = claims(&simulator, &tokens["access_token"]);
    assert_eq!(access["aud"], SERVER);
    assert_eq!(
        (&access["ver"], &access["scp"]),
        (&json!("2.0"), &json!("Read"))
    );
    assert_eq!(access["azpacr"], "1");
}
