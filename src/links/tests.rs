//! Which addresses name a tenant, and what becomes of those that do not.

use super::*;

fn contoso() -> DomainName {
    DomainName::parse("contoso.onmicrosoft.com").unwrap()
}

#[test]
fn addresses_that_name_no_tenant_are_mended() {
    let mended = |instead: &str| Looked::Mended {
        instead: instead.to_owned(),
    };
    for (address, expected) in [
        (
            "https://login.microsoftonline.com/common/oauth2/v2.0/authorize?client_id=common",
            mended(
                "https://login.microsoftonline.com/contoso.onmicrosoft.com/oauth2/v2.0/authorize?client_id=common",
            ),
        ),
        (
            "https://LOGIN.microsoftonline.us/organizations/saml2",
            mended("https://LOGIN.microsoftonline.us/contoso.onmicrosoft.com/saml2"),
        ),
        (
            "https://myapps.microsoft.com",
            mended("https://myapps.microsoft.com/contoso.onmicrosoft.com"),
        ),
        ("https://myapps.microsoft.com/contoso.com", Looked::Good),
        ("https://portal.azure.com/?tenantId=0", Looked::Good),
        ("https://contoso.sharepoint.com/sites/x", Looked::Good),
        (
            "https://login.microsoftonline.com/contoso.com/saml2",
            Looked::Good,
        ),
    ] {
        assert_eq!(look_at(address, Some(&contoso())), expected, "{address}");
    }
    for address in [
        "https://myapps.microsoft.com",
        "https://login.windows.net/common",
    ] {
        assert!(
            matches!(look_at(address, None), Looked::Untenanted { why } if why.contains("--tenant"))
        );
    }
    for (address, expected) in [
        ("https://www.office.com/", "for everybody"),
        ("http://contoso.sharepoint.com", "not https"),
        ("/start", "no address with a host"),
        ("mailto:x@y", "not https"),
    ] {
        match look_at(address, Some(&contoso())) {
            Looked::Untenanted { why } => assert!(why.contains(expected), "{address}: {why}"),
            other => panic!("{address}: {other:?}"),
        }
    }
}

#[test]
fn a_tenant_has_pages_under_the_name_that_it_was_born_with() {
    let addresses = |tenant: &str| -> Vec<String> {
        let links = tenanted::of(&DomainName::parse(tenant).unwrap()).into_iter();
        links.map(|link| link.address).collect()
    };
    assert_eq!(
        addresses("contoso.onmicrosoft.com"),
        [
            "https://myapps.microsoft.com/contoso.onmicrosoft.com",
            "https://contoso.sharepoint.com/",
        ]
    );
    assert_eq!(addresses("contoso.com").len(), 1);
    assert_eq!(addresses("mail.contoso.onmicrosoft.com").len(), 1);
}

#[test]
fn the_guide_says_where_to_begin_and_shows_nothing_as_markup() {
    let text = include_str!("../../config/homerealm.toml");
    let config = Config::parse(text, "homerealm.toml", std::path::Path::new("/")).unwrap();
    let links = Links::of(&config, Some(&contoso()));
    let guide = Guide {
        organisation: "Contoso <b>Ltd</b>",
        example: "wmoran@fabrikam.com",
        contact: Some("help@contoso.com"),
        host: "login.contoso.com",
        links: &links,
    };
    let page = guide.to_html().unwrap();
    for said in [
        "Contoso &#60;b&#62;Ltd&#60;/b&#62;",
        "wmoran@fabrikam.com",
        "help@contoso.com",
        "<strong>login.contoso.com</strong>",
        "https://login.contoso.com/applications",
        "https://login.contoso.com/signout",
        "https://contoso.sharepoint.com/",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
    assert_eq!(links.all().count(), 5);
}
