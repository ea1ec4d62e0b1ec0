use hyper::StatusCode;
use serde_json::{Value, json};

use super::super::tests::{PUBLIC, SERVER, claims, refused, simulator, tokens, vouch, with};
use crate::{
    entra::{
        Simulator,
        web::tests::{get, post},
    },
    http::PageForm,
};

const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

fn begin(simulator: &Simulator, client: &str) -> (String, String) {
    let page = post(
        simulator,
        "/contoso.onmicrosoft.com/oauth2/v2.0/devicecode",
        &[("client_id", client), ("scope", "openid profile User.Read")],
    );
    assert_eq!(page.status, StatusCode::OK, "{}", page.text);
    let said: Value = serde_json::from_str(&page.text).unwrap();
    assert_eq!(
        said["verification_uri"],
        "https://login.example/devicelogin"
    );
    assert_eq!(
        (&said["expires_in"], &said["interval"]),
        (&json!(900), &json!(5))
    );
    let text = |name: &str| said[name].as_str().unwrap().to_owned();
    assert!(text("message").contains(&text("user_code")));
    (text("device_code"), text("user_code"))
}

fn poll(device_code: &str) -> Vec<(&str, &str)> {
    vec![
        ("grant_type", GRANT),
        ("client_id", PUBLIC),
        ("device_code", device_code),
    ]
}

#[test]
fn somebody_signs_in_elsewhere() {
    let simulator = simulator();
    let (device_code, user_code) = begin(&simulator, PUBLIC);
    let pending = "authorization_pending";
    refused(&simulator, &poll(&device_code), 70016, pending);
    let page = get(&simulator, "/devicelogin");
    let form = PageForm::find(&page.text, None).unwrap();
    let typed = format!(" {} ", user_code.to_lowercase());
    let door = post(&simulator, &form.action, &[("user_code", &typed)]);
    let form = PageForm::find(&door.text, None).unwrap();
    let fields = [
        ("ctx", form.field("ctx").unwrap()),
        ("login_hint", "wmoran@fabrikam.com"),
    ];
    let hop = post(&simulator, &form.action, &fields);
    refused(&simulator, &poll(&device_code), 70016, pending);
    let done = vouch(&simulator, &hop);
    assert!(
        done.text.contains("You have signed in to Tool"),
        "{}",
        done.text
    );
    for (name, wrong, code, error) in [
        ("client_id", SERVER, 70000, "invalid_grant"),
        ("device_code", "x", 70018, "bad_verification_code"),
        ("client_secret", "s", 700_025, "invalid_client"),
    ] {
        let fields = with(poll(&device_code), name, Some(wrong));
        refused(&simulator, &fields, code, error);
    }
    let tokens = tokens(&simulator, &poll(&device_code));
    let id = claims(&simulator, &tokens["id_token"]);
    assert_eq!(id["upn"], "wmoran@partners.contoso.com");
    assert!(tokens.get("refresh_token").is_none());
    refused(&simulator, &poll(&device_code), 70000, "invalid_grant");
    let again = post(&simulator, "/devicelogin", &[("user_code", &user_code)]);
    assert!(again.text.contains("AADSTS70018"), "{}", again.text);
}

#[test]
fn a_code_that_nobody_was_told_leads_nowhere() {
    let simulator = simulator();
    for fields in [vec![("user_code", "AAAAAAAAA")], vec![]] {
        let page = post(&simulator, "/devicelogin", &fields);
        assert_eq!(page.status, StatusCode::BAD_REQUEST);
        assert!(page.text.contains("AADSTS70018"), "{}", page.text);
    }
    let devices = "/contoso.onmicrosoft.com/oauth2/v2.0/devicecode";
    let page = post(&simulator, devices, &[("client_id", "x"), ("scope", "a")]);
    assert!(page.text.contains("AADSTS700016"), "{}", page.text);
    let page = post(&simulator, devices, &[("client_id", PUBLIC)]);
    assert!(page.text.contains("AADSTS900144"), "{}", page.text);
    // An application that is no public client has to prove who it is, whoever signs in.
    let (device_code, _) = begin(&simulator, SERVER);
    let fields = with(poll(&device_code), "client_id", Some(SERVER));
    refused(&simulator, &fields, 7_000_218, "invalid_client");
}
