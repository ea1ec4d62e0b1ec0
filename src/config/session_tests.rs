//! Where sessions lead to from here, and how they end elsewhere: applications and single logout.

use super::tests::{ENTITY_ID, EXAMPLE, invalid, parse, with_line};
use crate::trust::{LogoutAddress, LogoutBinding, Subject};

#[test]
fn single_logout_has_an_address_or_none() {
    use LogoutBinding::{Post, Redirect};

    const ANSWERS: &str =
        r#"single_logout_response_service = "https://login.microsoftonline.com/login.srf""#;
    const SERVICE: &str = r#"single_logout_service = "https://rp.test/slo""#;
    const ELSEWHERE: &str = r#"single_logout_response_service = "https://rp.test/answer""#;

    let single_logout = |text: &str| {
        let config = parse(text).unwrap();
        config.relying_parties[0].party.single_logout.clone()
    };
    let at = |url: &str, binding| {
        let url = url.to_owned();
        Some(LogoutAddress { url, binding })
    };
    // Entra is answered, and asked nothing.
    let entras = single_logout(EXAMPLE);
    assert!(entras.permit_unsigned);
    let login_srf = at("https://login.microsoftonline.com/login.srf", Redirect);
    assert_eq!((entras.told_at, entras.answered_at), (None, login_srf));
    let slo = "https://rp.test/slo";
    for (lines, told_at, answered_at) in [
        (SERVICE.to_owned(), at(slo, Redirect), at(slo, Redirect)),
        (
            format!("{SERVICE}\nsingle_logout_binding = \"post\"\n{ELSEWHERE}"),
            at(slo, Post),
            at("https://rp.test/answer", Post),
        ),
        (String::new(), None, None),
    ] {
        let found = single_logout(&with_line(ANSWERS, &lines).0);
        assert_eq!((found.told_at, found.answered_at), (told_at, answered_at));
    }

    for (line, says) in [
        (r#"single_logout_service = "http://rp.test/slo""#, "https"),
        (r#"single_logout_service = "https://user@rp.test/""#, "host"),
        (
            r#"single_logout_binding = "post""#,
            "needs single_logout_service",
        ),
    ] {
        let (text, number) = with_line(ANSWERS, line);
        let refused = invalid(&text);
        assert_eq!(refused.line, number, "{refused}");
        assert!(refused.message.contains(says), "{refused}");
    }
    let (text, number) = with_line(ENTITY_ID, ENTITY_ID);
    let text = text.replace(
        r#"# protocols = ["saml2", "ws-federation", "ws-trust"]"#,
        r#"protocols = ["ws-federation"]"#,
    );
    let refused = invalid(&text);
    assert_eq!(refused.line, number, "{refused}");
    assert!(refused.message.contains("needs \"saml2\""), "{refused}");
}

#[test]
fn corporate_networks_are_told_to_entra_alone() {
    const LINE: &str = "# corporate_networks = []";
    let config = parse(EXAMPLE).unwrap();
    assert_eq!(config.corporate_networks, []);
    assert!(!config.relying_parties[0].load().unwrap().told.network);
    let networks = r#"corporate_networks = ["10.0.0.0/8", "192.0.2.7", "2001:db8::/32"]"#;
    let text = with_line(LINE, networks).0;
    let config = parse(&text).unwrap();
    let networks = ["10.0.0.0/8", "192.0.2.7/32", "2001:db8::/32"];
    assert_eq!(
        config.corporate_networks,
        networks.map(|network| network.parse().unwrap())
    );
    for preset in ["entra", "entra-external", "saml2"] {
        let text = text.replace("preset = \"entra\"", &format!("preset = {preset:?}"));
        let config = parse(&text).unwrap();
        let party = config.relying_parties[0].load().unwrap();
        assert_eq!(party.told.network, preset == "entra");
    }
    for (network, says) in [
        ("0.0.0.0/0", "everybody would be inside"),
        ("::/0", "everybody would be inside"),
        ("10.0.0.0/33", "is no address or network"),
        ("contoso.com", "is no address or network"),
    ] {
        let (text, number) = with_line(LINE, &format!("corporate_networks = [{network:?}]"));
        let refused = invalid(&text);
        assert_eq!(refused.line, number, "{refused}");
        assert!(refused.message.contains(says), "{refused}");
    }
}

#[test]
fn the_end_of_a_password_is_told_to_entra_alone() {
    const LINE: &str = "# password_expiry = false";
    let config = parse(EXAMPLE).unwrap();
    assert!(
        !config.relying_parties[0]
            .load()
            .unwrap()
            .told
            .password_expiry
    );
    let asked = with_line(LINE, "password_expiry = true").0;
    let config = parse(&asked).unwrap();
    assert!(
        config.relying_parties[0]
            .load()
            .unwrap()
            .told
            .password_expiry
    );
    for (old, new) in [
        ("preset = \"entra\"", "preset = \"entra-external\""),
        ("preset = \"entra\"", "preset = \"ws-federation\""),
        (
            "password_expiry = true",
            "password_expiry = true\nprotocols = [\"saml2\"]",
        ),
    ] {
        let refused = invalid(&asked.replace(old, new));
        assert!(
            refused.message.starts_with("password_expiry is for"),
            "{refused}"
        );
    }
}

#[test]
fn an_application_has_a_name_and_a_link_that_leads_to_a_tenant() {
    const NAME: &str = r#"name = "The partner portal""#;
    const ID: &str = r#"# id = "portal""#;
    let link = EXAMPLE
        .lines()
        .find(|line| line.starts_with("link = "))
        .unwrap();
    let wendy = Subject {
        cloud_upn: "w@partners.contoso.com".into(),
        suffix: "partners.contoso.com".into(),
        ..Subject::default()
    };
    let address = |line: &str| {
        let config = parse(&with_line(link, line).0).unwrap();
        config.applications[0].address(&wendy)
    };
    let both = "?login_hint=w%40partners.contoso.com&domain_hint=partners.contoso.com";
    assert_eq!(
        address(r#"link = "https://a.test/""#),
        format!("https://a.test/{both}")
    );
    assert_eq!(
        address("link = \"https://a.test/\"\nhints = [\"whr\"]"),
        "https://a.test/?whr=partners.contoso.com"
    );
    for (old, new, says) in [
        (NAME, "name = \" \"", "has a name"),
        (link, r#"link = "http://a.test/""#, "https"),
        (link, r#"link = "a.test""#, "https"),
        (
            link,
            r#"link = "https://login.microsoftonline.com/common/x""#,
            "AADSTS90019",
        ),
        (
            link,
            r#"link = "https://a.test/?login_hint=me""#,
            "has a login_hint already",
        ),
        (ID, r#"id = "The portal""#, "letters a to z"),
        (ID, r#"id = """#, "letters a to z"),
    ] {
        let (text, number) = with_line(old, new);
        let refused = invalid(&text);
        assert_eq!(refused.line, number, "{refused}");
        assert!(refused.message.contains(says), "{refused}");
    }
    let config = parse(&with_line(ID, r#"id = "portal""#).0).unwrap();
    let id = config.applications[0].id.as_ref().unwrap();
    assert_eq!(id.as_str(), "portal");
    assert!(parse(EXAMPLE).unwrap().applications[0].id.is_none());
    let (text, _) = with_line(ID, r#"id = "portal""#);
    let second = "[[application]]\nname = \"Mail\"\nlink = \"https://a.test/\"\nid = \"portal\"\n";
    let refused = invalid(&format!("{text}\n{second}"));
    assert_eq!(refused.line, text.lines().count() + 4, "{refused}");
    assert!(
        refused
            .message
            .contains("\"The partner portal\" has this id"),
        "{refused}"
    );
    // A rule that nothing can hold of is as wrong here as at a relying party.
    let (text, _) = with_line(
        NAME,
        &format!("{NAME}\naccess = {{ suffix = \"elsewhere.test\" }}"),
    );
    assert!(invalid(&text).message.contains("elsewhere.test"));
}

#[test]
fn entra_is_opened_at_its_own_address_only() {
    const PRESET: &str = r#"preset = "entra""#;
    for (preset, may) in [
        ("entra", false),
        ("entra-external", false),
        ("saml2", true),
        ("ws-federation", true),
    ] {
        let lines = format!("preset = {preset:?}\nidp_initiated = true\nprotocols = [\"saml2\"]");
        let (text, _) = with_line(PRESET, &lines);
        match parse(&text) {
            Ok(config) => {
                assert!(may, "{preset}");
                assert!(config.relying_parties[0].party.idp_initiated);
            }
            Err(error) => {
                let error = error.to_string();
                assert!(!may && error.contains("not for Entra"), "{preset}: {error}");
            }
        }
    }
}
