//! The commands as scripts rely on them: exit codes, stdout as the result, stderr as the talk.

#![allow(clippy::expect_used, clippy::indexing_slicing)] // a test may stop

mod provider;
mod slapd;

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Output},
};

use provider::{Options, Provider, homerealm};
use serde_json::Value;
use slapd::Slapd;

fn run(command: &mut Command) -> Output {
    command.output().expect("homerealm runs")
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).expect("one JSON object on stdout")
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn the_demo_signs_wendy_in() {
    let output = run(homerealm().args(["demo", "--once"]));
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{text}{}", stderr(&output));
    assert!(text.contains("idp.localhost/saml2/sso"), "{text}");
    assert!(
        text.contains("accepted: wmoran@fabrikam.com is signed in"),
        "{text}"
    );

    let output = run(homerealm().args(["demo", "--once", "--json"]));
    let report = json(&output);
    assert_eq!(report["accepted"], true);
    assert_eq!(report["sign_in_name"], "wmoran@fabrikam.com");
    assert_eq!(report["cloud_upn"], "wmoran@partners.contoso.com");
    assert_eq!(report["immutable_id"], "YCsdP1SKHkydNwpbbH2OAQ==");
    assert_eq!(report["protocol"], "saml2");
    assert_eq!(report["hops"].as_array().map(Vec::len), Some(5));
}

#[test]
fn the_demo_signs_wendy_in_by_each_protocol() {
    let upn = "wmoran@partners.contoso.com";
    let email = "wmoran@fabrikam.com";
    for (flag, protocol, name, places) in [
        (
            "saml",
            "saml2",
            email,
            &["/login", "/saml2/sso", "/signin", "/login.srf"][..],
        ),
        (
            "wsfed",
            "wsfed",
            email,
            &["/login", "/adfs/ls/", "/signin", "/login.srf"],
        ),
        (
            "wstrust",
            "wstrust",
            upn,
            &[
                "/adfs/services/trust/mex",
                "/adfs/services/trust/13/usernamemixed",
                "/oauth2/v2.0/token",
                "/adfs/services/trust/2005/usernamemixed",
                "/oauth2/v2.0/token",
            ],
        ),
    ] {
        let demo = ["demo", "--once", "--protocol", flag];
        let output = run(homerealm().args(demo).arg("--json"));
        let report = json(&output);
        assert_eq!(output.status.code(), Some(0), "{report}");
        assert_eq!(report["accepted"], true, "{report}");
        assert_eq!(report["protocol"], protocol);
        assert_eq!(report["sign_in_name"], name);
        assert_eq!(report["cloud_upn"], upn);
        assert_eq!(report["immutable_id"], "YCsdP1SKHkydNwpbbH2OAQ==");
        let hops = report["hops"].as_array().expect("hops");
        assert_eq!(hops.len(), places.len() + 1, "{report}");
        for (hop, place) in hops.iter().skip(1).zip(places) {
            let to = hop["to"].as_str().expect("an address");
            assert!(to.ends_with(place), "{to} is not {place}");
            assert_eq!(hop["status"], 200);
        }
        let output = run(homerealm().args(demo));
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(text.contains(&format!("accepted: {name} is signed in as {upn}")));
        assert!(text.contains(&format!("{}. ", hops.len())), "{text}");
    }
    let unknown = run(homerealm().args(["demo", "--once", "--protocol", "oidc"]));
    assert_eq!(unknown.status.code(), Some(2));
}

#[test]
fn the_demo_signs_partners_in_through_the_front_door() {
    for (protocol, asked, user, upn) in [
        ("saml", "/saml2/sso", "wmoran@fabrikam.com", "wmoran"),
        ("wsfed", "/adfs/ls/", "hema.patel@gmail.com", "hpatel"),
    ] {
        let demo = ["demo", "--once", "--json", "--no-email-resolution"];
        let more = ["--protocol", protocol, "--user", user];
        let report = json(&run(homerealm().args(demo).args(more)));
        assert_eq!(report["accepted"], true, "{report}");
        let upn = format!("{upn}@partners.contoso.com");
        assert_eq!(report["cloud_upn"], *upn);
        let hops = report["hops"].as_array().expect("hops");
        let to: Vec<_> = hops
            .iter()
            .map(|hop| hop["to"].as_str().expect("an address"))
            .collect();
        let places = [
            "/start/portal",
            "/start/portal",
            "/login",
            asked,
            "/login.srf",
        ];
        assert_eq!(to.len(), places.len(), "{to:?}");
        for (to, place) in to.iter().zip(places) {
            assert!(to.ends_with(place), "{to} is not {place}");
        }
    }
    let unknown = ["demo", "--once", "--json", "--no-email-resolution"];
    let unknown = run(homerealm()
        .args(unknown)
        .args(["--user", "tom@tailspintoys.com"]));
    assert_eq!(unknown.status.code(), Some(1));
    assert!(json(&unknown)["refusal"].to_string().contains("not right"));
}

#[test]
fn the_demo_refuses_whom_it_should_by_each_protocol() {
    for (protocol, user, told) in [
        ("wsfed", "dlowe@fabrikam.com", "switched off"),
        ("wsfed", "nobody@fabrikam.com", "AADSTS50034"),
        ("wsfed", "khart@contoso.com", "Managed user"),
        ("wstrust", "dlowe@partners.contoso.com", "switched off"),
        (
            "wstrust",
            "nobody@partners.contoso.com",
            "FailedAuthentication",
        ),
        ("wstrust", "wmoran@fabrikam.com", "Unknown"),
        ("wstrust", "khart@contoso.com", "Managed"),
    ] {
        let demo = ["demo", "--once", "--json", "--protocol", protocol];
        let output = run(homerealm().args(demo).args(["--user", user]));
        let report = json(&output);
        assert_eq!(report["accepted"], false, "{user}: {report}");
        assert_eq!(output.status.code(), Some(1), "{user}");
        let refusal = report["refusal"].as_str().expect("why");
        assert!(refusal.contains(told), "{user}: {refusal}");
    }
}

#[test]
fn the_demo_refuses_whom_it_should() {
    for (user, told) in [
        ("dlowe@fabrikam.com", "switched off"),
        ("epark@fabrikam.com", "expired"),
        ("mchang@northwindtraders.com", "expired"),
        ("reception@adatum.com", "AADSTS"),
        ("reception1@partners.contoso.com", ""),
        ("khart@contoso.com", "Managed user"),
        ("otto@wingtiptoys.com", "Managed user"),
        ("nobody@fabrikam.com", "AADSTS50034"),
    ] {
        let output = run(homerealm().args(["demo", "--once", "--json", "--user", user]));
        let report = json(&output);
        // By her cloud UPN, which is hers alone, the desk may come in.
        let accepted = user == "reception1@partners.contoso.com";
        assert_eq!(report["accepted"], accepted, "{user}: {report}");
        assert_eq!(output.status.code(), Some(i32::from(!accepted)), "{user}");
        if !accepted {
            let refusal = report["refusal"].as_str().expect("why");
            assert!(refusal.contains(told), "{user}: {refusal}");
        }
    }
}

#[test]
fn keys_are_made_for_their_owner_alone_and_never_overwritten() {
    let folder = tempfile::tempdir().expect("a folder");
    let make = || {
        run(homerealm()
            .args(["keys", "new", "--folder"])
            .arg(folder.path()))
    };
    let first = make();
    assert_eq!(first.status.code(), Some(0), "{}", stderr(&first));
    let key = folder.path().join("signing.key");
    let mode = fs::metadata(&key).expect("the key").permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
    let before = fs::read(&key).expect("the key");
    let again = make();
    assert_eq!(again.status.code(), Some(2));
    assert!(stderr(&again).contains("there already"));
    assert_eq!(fs::read(&key).expect("the key"), before);
    let listed = run(homerealm()
        .args(["keys", "list", "--folder"])
        .arg(folder.path()));
    assert!(String::from_utf8_lossy(&listed.stdout).contains("1094 days left"));
    let subject = Command::new("openssl")
        .args(["x509", "-noout", "-subject", "-in"])
        .arg(folder.path().join("signing.crt"))
        .output()
        .expect("openssl is installed: apt-get install openssl");
    assert!(String::from_utf8_lossy(&subject.stdout).contains("Homerealm signing"));
}

#[test]
fn a_wrong_configuration_is_refused_with_line_and_suggestion() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("homerealm.toml");
    let annotated = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/homerealm.toml");
    let text = fs::read_to_string(annotated).expect("config/homerealm.toml");
    fs::write(&file, text.replace("support_contact =", "suport_contact =")).expect("written");
    for command in ["serve", "check"] {
        let output = run(homerealm().args([command, "--config"]).arg(&file));
        let said = format!(
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            stderr(&output)
        );
        assert!(said.contains("homerealm.toml:10"), "{said}");
        assert!(said.contains("did you mean `support_contact`?"), "{said}");
        assert_eq!(
            output.status.code(),
            Some(if command == "serve" { 2 } else { 1 })
        );
    }
    let missing = run(homerealm().args(["serve", "--config", "no-such-file.toml"]));
    assert_eq!(missing.status.code(), Some(2));
    assert!(stderr(&missing).contains("no-such-file.toml"));
    assert_eq!(run(homerealm().arg("dance")).status.code(), Some(2));
}

#[test]
fn the_doctor_finds_what_is_wrong() {
    let mut slapd = Slapd::start_new(slapd::Options::default());
    let provider = Provider::start(&slapd, Options::default());
    let check = |more: &[&str]| {
        let mut command = homerealm();
        command
            .args(["check", "--json", "--config"])
            .arg(provider.config_file())
            .args(more);
        let output = run(&mut command);
        (output.status.code(), json(&output))
    };
    let verdict = |report: &Value, name: &str| {
        let findings = report["findings"].as_array().expect("findings");
        let found = findings.iter().find(|finding| finding["name"] == name);
        found.unwrap_or_else(|| panic!("no {name} in {report}"))["verdict"].clone()
    };
    let (code, report) = check(&["--user", "wmoran@fabrikam.com"]);
    assert_eq!(code, Some(0), "{report}");
    assert!(
        report["findings"].as_array().expect("findings").len() >= 10,
        "{report}"
    );
    assert!(report.to_string().contains("are bound by DN"), "{report}");
    let steps = report["user"]["steps"].as_array().expect("steps");
    assert!(steps.iter().all(|step| step["ok"] == true));

    for (user, told) in [
        ("reception@adatum.com", "2 or more"),
        ("khart@contoso.com", "scope"),
        ("admin@adatum.com", "privileged"),
        ("otto@wingtiptoys.com", "not a federated domain"),
        ("nobody@fabrikam.com", "no account"),
    ] {
        let (code, report) = check(&["--user", user]);
        assert_eq!(code, Some(1), "{user}");
        let last = report["user"]["steps"]
            .as_array()
            .and_then(|steps| steps.last().cloned());
        let what = last.expect("a step")["what"]
            .as_str()
            .expect("words")
            .to_owned();
        assert!(what.contains(told), "{user}: {what}");
    }

    let key = provider.file("signing.key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).expect("its owner");
    let (code, report) = check(&[]);
    assert_eq!(
        (code, verdict(&report, "signing-key")),
        (Some(1), "fail".into())
    );
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).expect("its owner");

    let password = provider.file("directory-password");
    let right = fs::read(&password).expect("the password");
    fs::write(&password, "wrong").expect("written");
    let (code, report) = check(&[]);
    assert_eq!(
        (code, verdict(&report, "directory-server")),
        (Some(1), "fail".into())
    );
    assert!(report.to_string().contains("bind_dn"), "{report}");
    fs::write(&password, right).expect("written");

    slapd.kill();
    let (code, report) = check(&["--user", "wmoran@fabrikam.com"]);
    assert_eq!(
        (code, verdict(&report, "directory-server")),
        (Some(1), "fail".into())
    );
    assert!(report.to_string().contains("port is reachable"), "{report}");
}

#[test]
fn a_scan_sees_names_that_two_directories_have() {
    let slapd = Slapd::start_new(slapd::Options::default());
    let table = |name: &str, base: &str| {
        format!(
            "[[directory]]\nname = \"{name}\"\nservers = [\"{}\"]\nca = \"directory-ca.pem\"\n\
             bind_dn = \"{}\"\nbind_password = {{ file = \"directory-password\" }}\n\
             base = \"{base}\"\n",
            slapd.ldaps_url(),
            slapd::SERVICE_DN,
        )
    };
    // The second one holds a part of what the first one holds.
    let tables = table("all", slapd::BASE) + &table("partners", slapd::PARTNERS);
    let ca = fs::read_to_string(slapd.ca_file()).expect("the CA");
    let provider = Provider::start_before(&tables, &ca, Options::default());
    let mut command = homerealm();
    command
        .args(["check", "--scan", "--json", "--config"])
        .arg(provider.config_file());
    let report = json(&run(&mut command));
    let shared: Vec<_> = report["findings"]
        .as_array()
        .expect("findings")
        .iter()
        .filter(|finding| finding["name"] == "shared-names")
        .map(|finding| finding["found"].as_str().expect("words").to_owned())
        .collect();
    let [all, partners] = shared.as_slice() else {
        panic!("{report}");
    };
    assert!(all.starts_with("all: 1 names"), "the two desks: {all}");
    assert!(partners.contains("u00000@fabrikam.com"), "{partners}");
}

#[test]
fn partners_are_given_addresses_that_name_the_tenant() {
    let config = format!("{}/config/homerealm.toml", env!("CARGO_MANIFEST_DIR"));
    let links = || {
        let mut links = homerealm();
        links.args([
            "links",
            "--config",
            &config,
            "--tenant",
            "contoso.onmicrosoft.com",
        ]);
        links
    };
    let output = run(links().arg("--json"));
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let listed = json(&output);
    assert_eq!(
        listed["applications"]["address"],
        "https://login.contoso.com/applications"
    );
    assert_eq!(
        listed["tenant"][1]["address"],
        "https://contoso.sharepoint.com/"
    );

    let good = "https://login.microsoftonline.com/contoso.com/saml2";
    let output = run(links().args(["--look-at", good]));
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let output = run(links().args(["--look-at", good, "https://myapps.microsoft.com"]));
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        text.contains("instead: https://myapps.microsoft.com/contoso.onmicrosoft.com"),
        "{text}"
    );

    let output = run(links().args(["--guide", "--organisation", "Contoso"]));
    let page = String::from_utf8_lossy(&output.stdout);
    assert!(page.contains("How to sign in at Contoso"), "{page}");
    assert!(page.contains("it-help@contoso.com"), "{page}");
    let output = run(links().arg("--guide"));
    assert_eq!(output.status.code(), Some(2));
}
