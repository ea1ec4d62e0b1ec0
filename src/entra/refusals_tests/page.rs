//! The page that lists the codes.

use std::collections::BTreeMap;

use super::{
    mistakes::{REQUESTS, answers},
    *,
};

#[test]
fn the_page_has_a_row_for_each_code_with_what_provokes_it_and_the_cure() {
    let mut provoked: BTreeMap<u32, Vec<By>> = BTreeMap::new();
    for (code, protocols, _) in answers() {
        provoked.entry(code.number()).or_default().extend(protocols);
    }
    for (code, _, _) in REQUESTS {
        provoked.entry(code.number()).or_default().push(Request);
    }
    let expected: Vec<(String, String, String, String)> = Aadsts::OF_SIGN_INS
        .iter()
        .map(|code| {
            let by = provoked.remove(&code.number()).map_or_else(
                || "nothing that is sent".to_owned(),
                |mut by| {
                    by.sort_unstable();
                    by.dedup();
                    let names: Vec<_> = by.into_iter().map(By::name).collect();
                    names.join(", ")
                },
            );
            let cell = |text: &str| text.replace('|', "\\|");
            (code.to_string(), cell(code.title()), by, cell(code.mend()))
        })
        .collect();
    assert!(
        provoked.is_empty(),
        "not in OF_SIGN_INS: {:?}",
        provoked.keys()
    );
    let page = include_str!("../../../docs/src/refusals.md");
    let (page, _) = page.split_once("\n## ").unwrap();
    let rows: Vec<(String, String, String, String)> = page
        .lines()
        .filter(|line| line.starts_with("| AADSTS"))
        .map(|line| {
            let cells: Vec<_> = line.trim_matches('|').split(" | ").collect();
            let [code, title, by, _, mend] = cells.try_into().expect(line);
            let cell = |text: &str| text.trim().to_owned();
            (cell(code), cell(title), cell(by), cell(mend))
        })
        .collect();
    for (row, expected) in rows.iter().zip(&expected) {
        assert_eq!(row, expected);
    }
    assert_eq!(rows.len(), expected.len());
}

/// What happened here decides nothing for other codes: only one is without a way to it.
#[test]
fn each_code_is_listed_once() {
    let mut numbers: Vec<u32> = Aadsts::OF_SIGN_INS.iter().map(|it| it.number()).collect();
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len(), Aadsts::OF_SIGN_INS.len());
    let place = |code: &Aadsts| match code {
        // Whoever adds a code finds this, and adds it to the list, too.
        Aadsts::WsFedSignInResponse
        | Aadsts::WsFedMessageInvalid
        | Aadsts::SignInService
        | Aadsts::InvalidSignature
        | Aadsts::InvalidSamlToken
        | Aadsts::SigningKeyNotRegistered
        | Aadsts::AssertionNotPresent
        | Aadsts::TokenValidationPolicy
        | Aadsts::AssertionNotValidNow
        | Aadsts::InvalidAssertion
        | Aadsts::GrantNotValidNow
        | Aadsts::NotInTenant
        | Aadsts::UserAccountNotFound
        | Aadsts::SecondFactorMissing
        | Aadsts::UnknownRealm
        | Aadsts::InvalidDomainName
        | Aadsts::ImmutableIdNotFound
        | Aadsts::UnsupportedGrant
        | Aadsts::AnotherUserThanTyped
        | Aadsts::TenantNotFound
        | Aadsts::MissingField
        | Aadsts::MissingTenantRealm
        | Aadsts::ImmutableIdMissing
        | Aadsts::AccountNotInTenant
        | Aadsts::WsFedMessageNotRead
        | Aadsts::WsFederationNotSupported
        | Aadsts::GuestNotAllowed
        | Aadsts::InvalidXml => true,
        Aadsts::Application(_) | Aadsts::SamlApplication(_) => false,
    };
    assert!(Aadsts::OF_SIGN_INS.iter().all(place));
    assert_eq!(Aadsts::OF_SIGN_INS.len(), 28);
}
