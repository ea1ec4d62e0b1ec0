//! A second factor, proven and not.

use super::*;

/// Where Entra looks for it, and nowhere else (facts 4.5).
#[test]
fn a_second_factor_is_proven_where_it_counts() {
    const SAID: &str = "http://schemas.microsoft.com/claims/multipleauthn";
    const WIA: &str = "http://schemas.microsoft.com/claims/wiaormultiauthn";
    const CLAIMS: &str = "http://schemas.microsoft.com/ws/2008/06/identity/claims";
    fn told(it: &mut Trial, namespace: &'static str, name: &'static str, values: &[&str]) {
        let mut told = claim(namespace, name, "http://schemas.example/other");
        for value in values {
            told.children.push(saml1("AttributeValue").saying(value));
        }
        it.assertion().at("AttributeStatement").children.push(told);
    }
    let table: [(By, Change, Result<(), &str>); 9] = [
        (
            Saml,
            |it| {
                let class = "AuthnStatement/AuthnContext/AuthnContextClassRef";
                SAID.clone_into(&mut it.assertion().at(class).text);
            },
            Ok(()),
        ),
        (
            Saml,
            |it| {
                let told = attribute(&format!("{CLAIMS}/authenticationmethod"), SAID);
                it.assertion().at("AttributeStatement").children.push(told);
            },
            Err("an attribute, which does not count by SAML 2.0"),
        ),
        (
            WsFederation,
            |it| {
                let statement = it.assertion().at("AuthenticationStatement");
                statement.set("AuthenticationMethod", SAID);
            },
            Ok(()),
        ),
        (
            WsFederation,
            |it| told(it, CLAIMS, "authenticationmethod", &[SAID]),
            Ok(()),
        ),
        (
            WsFederation,
            |it| told(it, CLAIMS, "authenticationmethod", &[WIA]),
            Ok(()),
        ),
        (
            WsFederation,
            |it| {
                told(
                    it,
                    CLAIMS,
                    "authenticationmethod",
                    &["https://refeds.org/profile/mfa"],
                );
            },
            Err("not http://schemas.microsoft.com/claims/multipleauthn."),
        ),
        (
            WsFederation,
            |it| {
                told(
                    it,
                    "http://schemas.microsoft.com/claims",
                    "authnmethodsreferences",
                    &[SAID],
                );
            },
            Err("the claim authnmethodsreferences, which does not count"),
        ),
        (
            WsFederation,
            |it| {
                told(
                    it,
                    "http://schemas.example",
                    "authenticationmethod",
                    &[SAID],
                );
            },
            Err("enforceMfaByFederatedIdp"),
        ),
        (WsFederation, |_| {}, Err("am:password")),
    ];
    for (index, (by, change, expected)) in table.into_iter().enumerate() {
        let mut trial = Trial::new(by);
        trial.demand.mfa = true;
        change(&mut trial);
        match (trial.outcome().decision, expected) {
            (Decision::SignedIn(_), Ok(())) => {}
            (Decision::Refused(refusal), Err(said)) => {
                assert_eq!(refusal.code, Aadsts::SecondFactorMissing, "{index}");
                assert!(refusal.detail.contains(said), "{index}: {}", refusal.detail);
            }
            (decision, _) => panic!("{index}: {decision:?}"),
        }
    }
}
