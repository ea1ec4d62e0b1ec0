//! `homerealm realm`: where names belong, one by one and by the thousand, with a real slapd behind it.

#![allow(clippy::expect_used, clippy::indexing_slicing)] // a test may stop

mod provider;
mod slapd;

use std::{
    fs,
    io::Write as _,
    process::{Command, Output, Stdio},
    time::Instant,
};

use provider::{Options, Provider, homerealm};
use serde_json::Value;
use slapd::{Numbered, Slapd};

/// One route of each kind that needs no upstream.
const ROUTES: &str = r#"
[[upstream]]
name = "tailspin"
email_domains = ["tailspintoys.com"]
saml2 = { entity_id = "https://idp.test", single_sign_on_service = "https://idp.test/sso", certificates = "sp.crt" }
[[route]]
name = "Those who left"
addresses = ["u00007@adatum.com"]
to = { refuse = "Ask your contact at Contoso." }
[[route]]
name = "Administrators elsewhere"
groups = ["cn=Owners,ou=Groups,dc=contoso,dc=com"]
to = { entra = { link = "https://login.microsoftonline.com/contoso.com/", domain_hint = "contoso.com" } }
[[route]]
name = "Adatum from its own network"
email_domains = ["adatum.com"]
networks = ["10.0.0.0/8"]
to = { directory = "directory" }
[[route]]
name = "Partners"
email_domains = ["fabrikam.com"]
to = "directories"
[[route]]
name = "Tailspin"
email_domains = ["tailspintoys.com"]
to = { upstream = "tailspin" }
[[route]]
name = "Staff"
email_domains = ["contoso.com"]
to = { entra = { link = "https://login.microsoftonline.com/contoso.com/" } }
"#;

struct World {
    slapd: Slapd,
    provider: Provider,
}

fn world(accounts: u32) -> World {
    let slapd = Slapd::start_new(slapd::Options {
        accounts,
        ..slapd::Options::default()
    });
    let options = Options {
        tables: ROUTES,
        ..Options::default()
    };
    let provider = Provider::start(&slapd, options);
    World { slapd, provider }
}

impl World {
    fn command(&self, more: &[&str]) -> Command {
        let mut command = homerealm();
        let config = self.provider.config_file();
        command.arg("realm").args(more).arg("--config").arg(config);
        command
    }

    fn ask(&self, more: &[&str]) -> (Option<i32>, String) {
        let output = self.command(more).output().expect("homerealm runs");
        (output.status.code(), told(&output))
    }

    fn json(&self, more: &[&str]) -> (Option<i32>, Value) {
        let output = self.command(more).output().expect("homerealm runs");
        let report = serde_json::from_slice(&output.stdout);
        (
            output.status.code(),
            report.unwrap_or_else(|_| panic!("no JSON: {}", told(&output))),
        )
    }
}

fn told(output: &Output) -> String {
    let text = [&output.stdout[..], &output.stderr].concat();
    String::from_utf8(text).expect("UTF-8")
}

#[test]
#[allow(clippy::too_many_lines)] // a table
fn the_decision_about_a_name_is_explained() {
    let world = world(20);
    let (code, report) = world.json(&["u00003@fabrikam.com", "--json"]);
    assert_eq!(code, Some(0), "{report}");
    assert_eq!(report["home_realm"], "the directories");
    let routes = report["routes"].as_array().expect("routes");
    let taken: Vec<_> = routes
        .iter()
        .map(|route| {
            (
                route["route"].as_str().expect("a name"),
                route["taken"] == true,
            )
        })
        .collect();
    assert_eq!(
        taken,
        [
            ("Those who left", false),
            ("Administrators elsewhere", false),
            ("Adatum from its own network", false),
            ("Partners", true),
            // Once more, after the proof.
            ("Administrators elsewhere", false),
        ]
    );
    assert_eq!(
        routes[1]["why"],
        "for members of a group, looked at after the proof"
    );
    assert_eq!(routes[4]["why"], "for members of other groups");
    // The assertion that would follow, to the first relying party.
    let issuance = &report["issuance"];
    assert_eq!(issuance["relying_party"], provider::SP);
    assert_eq!(issuance["issuer"], provider::ISSUER);
    assert_eq!(issuance["permitted"], true);
    assert_eq!(
        issuance["name_id"]["value"],
        Numbered(3).guid().immutable_id().as_str()
    );
    assert!(report.to_string().contains("u00003@partners.contoso.com"));

    for (arguments, good, says) in [
        (
            &["u00003@fabrikam.com"][..],
            true,
            "->    \"Partners\": leads to the directories",
        ),
        (
            &["u00003@fabrikam.com"],
            true,
            "      issuer: https://idp.contoso.test/partners",
        ),
        (&["u00002@adatum.com"], false, "home realm: none"),
        (
            &["u00002@adatum.com"],
            false,
            "\"Adatum from its own network\": for other networks",
        ),
        (
            &["u00002@adatum.com", "--source", "10.1.2.3"],
            true,
            "ok    the route \"Adatum from its own network\" leads to the directory \"directory\"",
        ),
        (
            &["u00007@adatum.com"],
            false,
            "leads to a refusal: \"Ask your contact at Contoso.\"",
        ),
        (
            &["khart@contoso.com"],
            true,
            "leads to Entra: https://login.microsoftonline.com/contoso.com/?login_hint=khart%40contoso.com",
        ),
        // Wendy is in a group that is in a group that is in it.
        (
            &["wmoran@fabrikam.com"],
            true,
            "after the proof, a route for a group of hers counts",
        ),
        (&["wmoran@fabrikam.com"], true, "home realm: Entra"),
        (
            &["u00001@tailspintoys.com"],
            true,
            "home realm: the upstream \"tailspin\"",
        ),
        (
            &["u00001@tailspintoys.com"],
            true,
            "may sign in as u00001@partners.contoso.com",
        ),
        (
            &["nobody@tailspintoys.com"],
            false,
            "no account has this name",
        ),
        (&["nobody@fabrikam.com"], false, "no account has this name"),
        (
            &["nobody@fabrikam.com"],
            false,
            "home realm: the directories",
        ),
        (&["x@elsewhere.test"], false, "the name has no home here"),
        (&["wmoran@fabrikam"], false, "the text is no sign-in name"),
        (
            &[
                "u00003@fabrikam.com",
                "--relying-party",
                "https://nobody.test",
            ],
            false,
            "there is no such relying party",
        ),
        (
            &["u00003@fabrikam.com", "--whr", "adatum.com"],
            true,
            "leads to the directories",
        ),
    ] {
        let (code, text) = world.ask(arguments);
        assert!(text.contains(says), "{arguments:?}: {text}");
        assert_eq!(code, Some(i32::from(!good)), "{arguments:?}: {text}");
    }
    for arguments in [
        &[][..],
        &["--whr", "not a domain", "a@b.com"],
        &["--source", "10", "a@b.com"],
        &["a@b.com", "--all", "list"],
        &["--all", "no-such-file"],
        &["--format", "csv", "a@b.com"],
    ] {
        let (code, text) = world.ask(arguments);
        assert_eq!(code, Some(2), "{arguments:?}: {text}");
    }
}

#[test]
fn the_doctor_knows_the_routes() {
    let world = world(20);
    let check = |more: &[&str]| {
        let mut command = homerealm();
        command
            .args(["check", "--config"])
            .arg(world.provider.config_file());
        told(&command.args(more).output().expect("homerealm runs"))
    };
    let text = check(&["--user", "u00003@fabrikam.com"]);
    assert!(text.contains("ok    routes "), "{text}");
    assert!(text.contains("ok    route-groups "), "{text}");
    assert!(
        text.contains("ok    the route \"Partners\" leads to the directories"),
        "{text}"
    );
    let text = check(&["--user", "u00007@adatum.com"]);
    assert!(
        text.contains("FAIL  the route \"Those who left\""),
        "{text}"
    );

    let config = world.provider.config_file();
    let right = fs::read_to_string(&config).expect("the configuration");
    let check_of = |text: &str| {
        fs::write(&config, text).expect("written");
        check(&[])
    };
    let text = check_of(&right.replace("cn=Owners", "cn=Nobodys"));
    assert!(text.contains("FAIL  route-groups "), "{text}");
    // Nobody is sent there.
    let idle = right.replace("to = { upstream = \"tailspin\" }", "to = \"directories\"");
    let text = check_of(&idle);
    assert!(
        text.contains("warn  routes               no route leads to the upstream \"tailspin\""),
        "{text}"
    );
    let text = check_of(&right.replace("\"fabrikam.com\"]", "\"contoso.com\"]"));
    assert!(
        text.contains(") can never be taken: whom it is for, \"Partners\" (line "),
        "{text}"
    );
}

#[test]
fn a_list_of_partners_is_checked_before_the_switch() {
    let mut world = world(1_500);
    let file = world.provider.file("partners.txt");
    let mut list = "\u{feff}# exported today\r\n\r\n".to_owned();
    let numbered = (0..1_500).filter(|number| number % 3 != 2);
    let names: Vec<String> = numbered
        .clone()
        .map(|number| Numbered(number).mail())
        .collect();
    list += &names.join("\r\n");
    fs::write(&file, &list).expect("the list");
    let path = file.to_str().expect("a path");
    let started = Instant::now();
    let output = world.command(&["--all", path, "--format", "csv"]).output();
    let output = output.expect("homerealm runs");
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    eprintln!("{} names in {:?}", names.len(), started.elapsed());
    let csv = String::from_utf8(output.stdout).expect("UTF-8");
    let mut lines = csv.split("\r\n");
    let titles = lines.next().expect("titles");
    assert_eq!(
        titles,
        "name,home_realm,route,cloud_upn,immutable_id,why_not"
    );
    for (number, name) in numbered.zip(&names) {
        let (upn, id) = (
            Numbered(number).upn(),
            Numbered(number).guid().immutable_id(),
        );
        let home = match number % 3 {
            1 => "\"the upstream \"\"tailspin\"\"\",Tailspin",
            _ => "the directories,Partners",
        };
        let line = format!("{name},{home},{upn},{},", id.as_str());
        assert_eq!(lines.next(), Some(line.as_str()));
    }
    assert_eq!((lines.next(), lines.next()), (Some(""), None));
    let said = String::from_utf8(output.stderr).expect("UTF-8");
    assert_eq!(
        said,
        format!("{} names, 0 of them without a home\n", names.len())
    );

    // From standard input, with some who have none.
    let some = [
        "u00003@fabrikam.com",
        "u00002@adatum.com",
        "a,\"b\"@x",
        "khart@contoso.com",
    ];
    let mut child = world
        .command(&["--all", "-", "--format", "csv"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("homerealm runs");
    let mut stdin = child.stdin.take().expect("its input");
    stdin
        .write_all(some.join("\n").as_bytes())
        .expect("written");
    drop(stdin);
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(1));
    let text = told(&output);
    assert!(
        text.contains("\"a,\"\"b\"\"@x\",none,,,,the text is"),
        "{text}"
    );
    assert!(text.contains("4 names, 2 of them without a home"), "{text}");

    fs::write(&file, some.join("\n")).expect("the list");
    let (code, report) = world.json(&["--all", path, "--format", "json"]);
    assert_eq!((code, &report["good"]), (Some(1), &false.into()));
    let told = report["names"].as_array().expect("names");
    let good: Vec<_> = told.iter().map(|name| name["good"] == true).collect();
    assert_eq!(good, [true, false, false, true]);
    assert_eq!(
        told[1]["why_not"],
        "no route fits, so the name has no home here"
    );
    assert_eq!(told[3]["home_realm"], "Entra");
    let (code, text) = world.ask(&["--all", path]);
    assert_eq!(code, Some(1));
    let lines: Vec<&str> = text.lines().collect();
    assert!(
        lines[0].starts_with("name                 home_realm       route"),
        "{text}"
    );
    let starts = "u00003@fabrikam.com  the directories  Partners  u00003@partners";
    assert!(lines[1].starts_with(starts), "{text}");

    // Whoever cannot be looked up is not said to have a home.
    world.slapd.kill();
    let (code, report) = world.json(&["--all", path, "--format", "json"]);
    assert_eq!(code, Some(1), "{report}");
    assert_eq!(report["names"][0]["good"], false, "{report}");

    fs::write(&file, "# nobody\n").expect("the list");
    assert_eq!(world.ask(&["--all", path]).0, Some(2));
}
