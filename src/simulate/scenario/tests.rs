use std::path::Path;

use super::*;

const FILE: &str = r#"name = "Partners"

[user]
name = "wmoran@fabrikam.com"
password = { env = "WENDYS_PASSWORD" }

[browser]
ca = "ca.pem"
addresses = { "idp.contoso.com" = "127.0.0.1:8443" }

[[step]]
do = "sign-in"

[[step]]
do = "force-authn"
name = "once more"
expect = "AADSTS50107"
"#;

fn parsed(text: &str) -> Result<Scenario, String> {
    parse(text, "scenario.toml", Path::new("/there")).map_err(|error| error.to_string())
}

#[test]
fn what_is_written_is_what_is_tried() {
    let scenario = parsed(FILE).unwrap();
    assert_eq!(
        scenario.person.password,
        SecretSource::Env("WENDYS_PASSWORD".to_owned())
    );
    assert_eq!(scenario.browser.ca, Some(PathBuf::from("/there/ca.pem")));
    assert_eq!(scenario.browser.own_fields, OwnFields::default());
    let [first, second] = scenario.steps.as_slice() else {
        panic!("{:?}", scenario.steps);
    };
    assert_eq!(
        (first.name.as_str(), first.action),
        ("sign-in", Action::SignIn)
    );
    assert_eq!(second.name, "once more");
    assert_eq!(first.expect, [Expectation::Accepted]);
    assert_eq!(
        second.expect,
        [Expectation::Refused("AADSTS50107".to_owned())]
    );
}

#[test]
fn what_cannot_be_is_refused_at_its_line() {
    let table = [
        ("name = \"Partners\"", "titel = \"x\"", 1, "unknown field"),
        ("env =", "enw =", 5, "unknown variant"),
        ("127.0.0.1:8443", "localhost", 9, "invalid"),
        ("\"sign-in\"", "\"signin\"", 12, "did you mean `sign-in`?"),
        ("AADSTS50107", "50107", 17, "a code of Entra's"),
        ("AADSTS50107", "AADSTS", 17, "a code of Entra's"),
        ("\"AADSTS50107\"", "[]", 17, "the list is empty"),
        (
            "\"AADSTS50107\"",
            "[\"AADSTS50107\", \"x\"]",
            17,
            "\"x\" is none of",
        ),
        ("force-authn", "sign-out", 17, "no answer of sign-out"),
    ];
    for (from, to, line, said) in table {
        let error = parsed(&FILE.replacen(from, to, 1)).unwrap_err();
        assert!(
            error.starts_with(&format!("scenario.toml:{line}: ")),
            "{error}, not at {line}"
        );
        assert!(error.contains(said), "{error}, not {said}");
    }
    let (without_steps, _) = FILE.split_once("[[step]]").unwrap();
    assert!(parsed(without_steps).unwrap_err().contains("[[step]]"));
}

#[test]
fn the_mistakes_are_a_scenario() {
    let scenario = parsed(include_str!("../../../config/mistakes.toml")).unwrap();
    assert!(scenario.steps.iter().any(|step| step.mfa));
    assert!(
        scenario
            .steps
            .iter()
            .any(|step| step.clock_ahead_seconds < 0)
    );
}

/// What a newcomer copies works, and each line that is commented out may be written.
#[test]
fn the_annotated_example_is_a_scenario() {
    let text = include_str!("../../../config/scenario.toml");
    parsed(text).unwrap();
    let all: String = text
        .lines()
        .map(|line| match line.strip_prefix("# ") {
            Some(it)
                if it.starts_with("[[")
                    || it
                        .split_once(" = ")
                        .is_some_and(|(key, _)| !key.contains(' ')) =>
            {
                format!("{it}\n")
            }
            _ => format!("{line}\n"),
        })
        .collect();
    assert_ne!(text, all);
    parsed(&all).unwrap();
}

fn report() -> Report {
    let step = |name: &str, passed| StepReport {
        name: name.to_owned(),
        action: "sign-in",
        passed,
        seconds: 0.25,
        expected: "Entra accepts".to_owned(),
        found: "refused: \"<&>\"\u{1b}".to_owned(),
        refusal: Some(crate::entra::Aadsts::UnknownRealm.refuse("a < b")),
        mend: Some("mend & mind"),
        checks: vec![],
        hops: vec![],
    };
    Report {
        scenario: "A & B".to_owned(),
        passed: false,
        steps: vec![step("good", true), step("bad", false)],
    }
}

#[test]
fn ci_servers_get_one_case_for_each_step_in_well_formed_xml() {
    let text = report().to_junit();
    // The reader takes no XML declaration's encoding but this one, and nothing that is malformed.
    let document = crate::xml::read(text.as_bytes(), &crate::xml::Limits::default()).unwrap();
    let suite = document.elements().next().unwrap();
    assert_eq!(suite.attribute("name"), Some("A & B"));
    assert_eq!(suite.attribute("tests"), Some("2"));
    assert_eq!(suite.attribute("failures"), Some("1"));
    let [good, bad] = suite.elements().collect::<Vec<_>>()[..] else {
        panic!("{text}");
    };
    assert_eq!(good.elements().count(), 0);
    let failure = bad.elements().next().unwrap();
    assert_eq!(failure.local_name(), "failure");
    assert_eq!(
        failure.attribute("message"),
        Some("refused: \"<&>\"\u{fffd}")
    );
    assert!(failure.text().unwrap().contains("a < b\nmend & mind"));
}

#[test]
fn a_terminal_is_told_why_a_step_failed_and_of_no_other() {
    let text = report().to_string();
    assert!(text.contains("  ok     good: refused"), "{text}");
    assert_eq!(text.matches("why: a < b").count(), 1);
    assert!(text.ends_with("1 of 2 steps passed"), "{text}");
}
