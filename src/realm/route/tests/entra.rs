//! Who is sent to Entra.

use super::*;

#[test]
fn entra_is_told_who_is_coming() {
    let door = EntraDoor {
        link: TenantedLink::parse("https://entra.test/contoso.com/?x=1#there").unwrap(),
        domain_hint: Some(domain("Contoso.com")),
    };
    let name = SignInName::parse("k+h@contoso.com").unwrap();
    assert_eq!(
        door.address(Some(&name)),
        "https://entra.test/contoso.com/?x=1&login_hint=k%2Bh%40contoso.com&domain_hint=contoso.com#there"
    );
    let door = EntraDoor {
        domain_hint: None,
        ..door
    };
    let account_name = SignInName::parse("khart").unwrap();
    for name in [None, Some(&account_name)] {
        assert_eq!(
            door.address(name),
            "https://entra.test/contoso.com/?x=1#there"
        );
    }
}
