//! MSAL signs the demo's partner in: the library that applications use, with the simulated Entra as
//! its authority, and the identity provider where Entra says it is.

#![allow(clippy::expect_used, clippy::indexing_slicing)] // a test may stop

mod demo;
mod strangers;

use std::{path::Path, process::Command};

use demo::Demo;
use serde_json::Value;
use strangers::{python, run};

const UPN: &str = "wmoran@partners.contoso.com";
const PASSWORD: &str = "Part.ner-Pw0rd";

/// What MSAL says to a name and a password.
fn acquire(demo: &Demo, name: &str, password: &str) -> Value {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/strangers/msal_demo.py");
    let said = run(Command::new(python())
        .arg(script)
        .arg(demo.start_url())
        .arg(demo.ca())
        .args([name, password]));
    serde_json::from_slice(&said.stdout).expect("JSON")
}

#[test]
fn msal_signs_the_partner_in() {
    let demo = Demo::start(&["--protocol", "wstrust"]);
    let wendy = acquire(&demo, UPN, PASSWORD);
    assert_eq!(wendy["token_type"], "Bearer", "{wendy}");
    // What the simulated Entra says of the token that MSAL brought home.
    assert_eq!(wendy["user"]["preferred_username"], UPN);
    assert_eq!(wendy["user"]["name"], "Wendy Moran");

    let wrong = acquire(&demo, UPN, "wrong");
    let told = wrong["error"].as_str().expect("an error");
    assert!(told.contains("FailedAuthentication"), "{told}");
    assert!(told.contains("ID3242"), "{told}");

    // The domain of her own email is not Contoso's, so that MSAL has nobody to ask but Entra.
    let email = acquire(&demo, "wmoran@fabrikam.com", PASSWORD);
    let told = email["error"].as_str().expect("an error");
    assert!(told.contains("AADSTS70003"), "{told}");
}

#[test]
fn a_federation_by_saml_has_nothing_for_msal() {
    let demo = Demo::start(&[]);
    let refused = acquire(&demo, UPN, PASSWORD);
    let told = refused["error"].as_str().expect("an error");
    assert!(told.contains("endpoint address can not be empty"), "{told}");
}
