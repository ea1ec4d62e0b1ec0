//! Where names belong: each route is right by itself, and all of them together.

use super::tests::{EXAMPLE, invalid, parse};
use crate::realm::{Arriving, HomeRealm, SignInName};

const ROUTE: &str = "\n[[route]]\n";

/// The example with these routes in place of its own, and the line at which they begin. There are the
/// directories `forest` and `branch`, the latter for branch.test alone.
fn with_routes(routes: &str) -> (String, usize) {
    let (before, rest) = EXAMPLE.split_once(ROUTE).unwrap();
    let rest = rest.split_once("to = \"directories\"\n").unwrap().1;
    let (between, directory) = rest.split_once("[[directory]]").unwrap();
    let text = format!(
        "{before}{between}[[directory]]\nname = \"forest\"{directory}\n\
         [[directory]]\nname = \"branch\"\nemail_domains = [\"branch.test\"]{directory}\n"
    );
    let line = text.lines().count() + 1;
    (format!("{text}{routes}"), line)
}

#[test]
fn routes_are_in_the_order_of_the_file() {
    let (text, _) = with_routes(
        r#"
[[route]]
addresses = ["Pat@Gmail.com"]
to = { refuse = "Ask your contact at Contoso." }
[[route]]
groups = ["CN=Staff,DC=contoso,DC=com"]
to = { entra = { link = "https://login.microsoftonline.com/contoso.com/", domain_hint = "contoso.com" } }
[[route]]
name = "The branch"
email_domains = ["Branch.test"]
networks = ["10.0.0.0/8", "2001:db8::1"]
to = { directory = "branch" }
[[route]]
upn_suffixes = ["partners.contoso.com"]
home_realm_hints = ["branch.test"]
to = "directories"
"#,
    );
    let routes = parse(&text).unwrap().routes;
    let names: Vec<_> = routes.iter().map(|route| route.name.as_str()).collect();
    assert_eq!(names, ["route 1", "route 2", "The branch", "route 4"]);
    let home = |name: &str, source: [u8; 4]| {
        let name = SignInName::parse(name).unwrap();
        let arriving = Arriving {
            name: Some(&name),
            home_realm_hint: None,
            source: source.into(),
        };
        routes.of(arriving).map(|route| route.to.clone())
    };
    let refused = HomeRealm::Refused("Ask your contact at Contoso.".to_owned());
    assert_eq!(home("pat@gmail.com", [10, 0, 0, 1]), Some(refused));
    let branch = HomeRealm::Directory("branch".to_owned());
    assert_eq!(home("x@branch.test", [10, 0, 0, 1]), Some(branch));
    assert_eq!(home("x@branch.test", [11, 0, 0, 1]), None);
    let directories = Some(HomeRealm::Directories);
    assert_eq!(home("w@partners.contoso.com", [11, 0, 0, 1]), directories);
    let name = SignInName::parse("k@contoso.com").unwrap();
    let HomeRealm::Entra(door) = &routes.iter().nth(1).unwrap().to else {
        panic!("it leads to Entra");
    };
    assert_eq!(
        door.address(Some(&name)),
        "https://login.microsoftonline.com/contoso.com/?login_hint=k%40contoso.com&domain_hint=contoso.com"
    );
    assert_eq!(routes.groups().len(), 1);
}

#[test]
fn a_route_is_right_by_itself() {
    const TO: &str = "to = \"directories\"";
    let long = "x".repeat(65);
    for (route, line, says) in [
        (format!("name = \" \"\n{TO}"), 1, "1 to 64 characters"),
        (format!("name = {long:?}\n{TO}"), 1, "1 to 64 characters"),
        (format!("email_domains = [\"a\"]\n{TO}"), 1, "\"a\": "),
        (format!("addresses = [\"a.com\"]\n{TO}"), 1, "\"a.com\": "),
        (format!("{TO}\nhome_realm_hints = [\"a\"]"), 2, "\"a\": "),
        (format!("{TO}\nnetworks = [\"10/8\"]"), 2, "no address or network"),
        (format!("{TO}\ngroups = [\"Staff\"]"), 2, "not a distinguished name"),
        (format!("{TO}\ndomains = []"), 2, "unknown field"),
        ("name = \"x\"".to_owned(), 0, "missing field `to`"),
        ("to = \"nowhere\"".to_owned(), 1, "unknown variant"),
        ("to = \"directory\"".to_owned(), 1, "needs a value"),
        ("to = { directroy = \"forest\" }".to_owned(), 1, "did you mean `directory`?"),
        ("to = { directory = \"forst\" }".to_owned(), 1, "did you mean `forest`?"),
        ("to = { upstream = \"fabrikam\" }".to_owned(), 1, "no [[upstream]] \"fabrikam\""),
        ("to = { refuse = \"\" }".to_owned(), 1, "what to do instead"),
        ("to = { refuse = \"a\\nb\" }".to_owned(), 1, "what to do instead"),
        ("to = { entra = { link = \"http://a.test\" } }".to_owned(), 1, "https"),
        ("to = { entra = { url = \"x\" } }".to_owned(), 1, "unknown field `url`"),
        (
            "to = { entra = { link = \"https://login.microsoftonline.com/common/\" } }".to_owned(),
            1,
            "AADSTS90019",
        ),
        // Entra would send them back.
        (
            "to = { entra = { link = \"https://a.test/\", domain_hint = \"partners.contoso.com\" } }"
                .to_owned(),
            1,
            "here again",
        ),
        (
            "to = { entra = { link = \"https://a.test/\" } }\nupn_suffixes = [\"partners.contoso.com\"]"
                .to_owned(),
            1,
            "here again",
        ),
        // What is a suffix and what is not.
        (
            format!("{TO}\nemail_domains = [\"Partners.contoso.com\"]"),
            2,
            "belong to upn_suffixes",
        ),
        (
            format!("{TO}\nupn_suffixes = [\"partner.contoso.com\"]"),
            2,
            "did you mean `partners.contoso.com`?",
        ),
        // Nobody would be looked for there.
        (
            "to = { directory = \"branch\" }\nemail_domains = [\"branch.test\", \"fabrikam.com\"]"
                .to_owned(),
            1,
            "not asked for names in fabrikam.com",
        ),
        (
            "to = { directory = \"branch\" }\naddresses = [\"x@gmail.com\"]".to_owned(),
            1,
            "not asked for names in gmail.com",
        ),
    ] {
        let (text, first) = with_routes(&format!("[[route]]\n{route}\n"));
        let refused = invalid(&text);
        assert_eq!(refused.line, first + line, "{route}: {refused}");
        assert!(refused.to_string().contains(says), "{route}: {refused}");
    }
}

#[test]
fn no_more_groups_are_asked_for_than_can_be_looked_up() {
    let table = |count: usize| {
        let groups: Vec<String> = (0..count).map(|number| format!("CN=g{number}")).collect();
        with_routes(&format!(
            "[[route]]\ngroups = {groups:?}\nto = {{ refuse = \"No.\" }}\n\
             [[route]]\nto = \"directories\"\n"
        ))
    };
    assert_eq!(parse(&table(128).0).unwrap().routes.groups().len(), 128);
    let (text, line) = table(129);
    let refused = invalid(&text);
    assert_eq!(refused.line, line, "{refused}");
    assert!(refused.message.contains("more groups"), "{refused}");
}

#[test]
fn a_route_leads_to_an_upstream_that_may_speak_for_whom_it_is_for() {
    let read = |route: &str| {
        let (text, first) = with_routes(&format!(
            "[[route]]\nto = {{ upstream = \"fabrikam\" }}\n{route}\n\
             [[upstream]]\nname = \"fabrikam\"\nemail_domains = [\"fabrikam.com\"]\n\
             addresses = [\"pat@gmail.com\"]\nsaml2 = {{ entity_id = \"https://idp.test\", \
             single_sign_on_service = \"https://idp.test/sso\", certificates = \"idp.crt\" }}\n"
        ));
        match parse(&text) {
            Ok(config) => Ok(config.routes.iter().next().unwrap().to.clone()),
            Err(_) => {
                let refused = invalid(&text);
                assert_eq!(refused.line, first + 1, "{refused}");
                Err(refused.message)
            }
        }
    };
    for good in [
        "email_domains = [\"Fabrikam.com\"]",
        "addresses = [\"pat@gmail.com\", \"x@fabrikam.com\"]",
        "home_realm_hints = [\"anything.test\"]",
        "upn_suffixes = [\"partners.contoso.com\"]",
    ] {
        let upstream = HomeRealm::Upstream("fabrikam".to_owned());
        assert_eq!(read(good), Ok(upstream), "{good}");
    }
    for (bad, says) in [
        (
            "email_domains = [\"fabrikam.com\", \"a.com\"]",
            "may not speak for a.com",
        ),
        (
            "email_domains = [\"gmail.com\"]",
            "may not speak for gmail.com",
        ),
        (
            "addresses = [\"pet@gmail.com\"]",
            "may not speak for pet@gmail.com",
        ),
        ("networks = [\"10.0.0.0/8\"]", "says for whom"),
        ("", "says for whom"),
    ] {
        let refused = read(bad).unwrap_err();
        assert!(refused.contains(says), "{bad}: {refused}");
    }
}

#[test]
fn routes_that_contradict_each_other_are_both_shown() {
    for (routes, line, says) in [
        (
            "[[route]]\nname = \"all\"\nto = \"directories\"\n\
             [[route]]\nname = \"late\"\nto = { refuse = \"No.\" }\n",
            3,
            "\"late\" (line +3) can never be taken: whom it is for, \"all\" (line +0) takes",
        ),
        (
            "[[route]]\nemail_domains = [\"a.com\", \"b.com\"]\nto = \"directories\"\n\
             [[route]]\nemail_domains = [\"b.com\", \"c.com\"]\nto = { directory = \"forest\" }\n",
            3,
            "a name in b.com fits both \"route 1\" (line +0) and \"route 2\" (line +3)",
        ),
        (
            "[[route]]\ngroups = [\"CN=a\"]\nto = \"directories\"\n",
            0,
            "\"route 1\" (line +0) asks for groups",
        ),
        (
            "[[route]]\nnetworks = [\"::ffff:10.0.0.0/104\"]\nto = \"directories\"\n",
            0,
            "\"route 1\" (line +0) is for nobody",
        ),
        (
            "[[route]]\nname = \"a\"\naddresses = [\"a@b.com\"]\nto = \"directories\"\n\
             [[route]]\nname = \"a\"\nto = \"directories\"\n",
            4,
            "\"a\" (line +0) has this name already",
        ),
    ] {
        let (text, first) = with_routes(routes);
        let refused = invalid(&text);
        assert_eq!(refused.line, first + line, "{refused}");
        let mut says = says.to_owned();
        for more in [0, 3, 4] {
            says = says.replace(&format!("+{more}"), &(first + more).to_string());
        }
        assert!(refused.message.contains(&says), "{says:?}: {refused}");
    }
}
