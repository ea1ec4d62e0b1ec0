//! From an export of AD FS to a partner who signs in: the trusts assessed and imported by the program, the
//! files read by a real server in front of a real slapd, and the claims told that AD FS told.

#![allow(clippy::expect_used, clippy::indexing_slicing)] // a test may stop

mod provider;
mod slapd;

use std::{
    fs,
    path::Path,
    process::{Command, Output},
    sync::LazyLock,
};

use provider::{Asked, Options, Provider, homerealm, posted, type_password};
use serde_json::{Value, json};
use slapd::{PASSWORD, Slapd};

static SLAPD: LazyLock<Slapd> = LazyLock::new(|| Slapd::start_new(slapd::Options::default()));

const WENDY: &str = "wmoran@fabrikam.com";
const WIKI: &str = "https://wiki.contoso.test/saml";

fn run(command: &mut Command) -> Output {
    command.output().expect("homerealm runs")
}

fn text(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).into_owned()
}

fn export(name: &str) -> String {
    format!("{}/tests/adfs/{name}", env!("CARGO_MANIFEST_DIR"))
}

fn trusts(command: &str, from: &str) -> Command {
    let mut trusts = homerealm();
    trusts.args([
        "trusts",
        command,
        &export(from),
        "--netbios-name",
        "CONTOSO",
    ]);
    trusts.args(["--groups", &export("groups.csv")]);
    trusts
}

fn import(from: &str, into: &Path) -> String {
    let output = run(trusts("import", from).arg("--into").arg(into));
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    text(&output.stderr)
}

fn files(folder: &Path) -> Vec<(String, String)> {
    let entries = fs::read_dir(folder).expect("the folder").map(|entry| {
        let path = entry.expect("an entry").path();
        let name = path
            .file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        (name, fs::read_to_string(&path).expect("a text"))
    });
    let mut files: Vec<_> = entries.collect();
    files.sort();
    files
}

#[test]
fn each_trust_is_assessed_as_microsofts_tool_does() {
    let output = run(trusts("assess", "trusts.xml").args(["--format", "json"]));
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let of = |trust: usize, test: &str| {
        let findings = report["trusts"][trust]["findings"]
            .as_array()
            .expect("findings");
        assert_eq!(findings.len(), 17);
        let found = findings.iter().find(|finding| finding["test"] == test);
        found.expect("the test")["outcome"]
            .as_str()
            .expect("a word")
            .to_owned()
    };
    for (trust, test, outcome) in [
        (0, "IssuanceTransformRules", "warning"),
        (0, "IssuanceAuthorizationRules", "pass"),
        (0, "AdditionalAuthenticationRules", "pass"),
        (0, "ImpersonationAuthorizationRules", "pass"),
        (0, "MonitoringEnabled", "warning"),
        (0, "NotBeforeSkew", "warning"),
        (0, "TokenLifetime", "pass"),
        (1, "AdditionalWSFedEndpoint", "fail"),
        (1, "AdditionalAuthenticationRules", "pass"),
        (1, "EncryptClaims", "pass"),
        (3, "AllowedAuthenticationClassReferences", "fail"),
        (3, "AlwaysRequireAuthentication", "fail"),
        (3, "AutoUpdateEnabled", "warning"),
        (3, "ClaimsProviderName", "fail"),
        (3, "DelegationAuthorizationRules", "warning"),
        (3, "EncryptedNameIdRequired", "fail"),
        (3, "ImpersonationAuthorizationRules", "warning"),
        (3, "RequestMFAFromClaimsProviders", "warning"),
        (3, "SignedSamlRequestsRequired", "warning"),
        (3, "TokenLifetime", "fail"),
    ] {
        assert_eq!(of(trust, test), outcome, "{trust} {test}");
    }
    let status = |trust: usize| report["trusts"][trust]["migration_status"].clone();
    assert_eq!(
        [status(0), status(1), status(2)],
        [
            json!("needsReview"),
            json!("additionalStepsRequired"),
            Value::Null
        ]
    );
}

#[test]
fn reports_are_for_people_and_for_spreadsheets() {
    let output = run(trusts("assess", "trusts.json").args(["--format", "html"]));
    let page = text(&output.stdout);
    assert!(
        page.contains("Portal &#60;b&#62;&#38;co&#60;/b&#62;"),
        "{page}"
    );
    assert!(page.contains("which Homerealm has not"), "{page}");
    assert!(!page.contains("<script"), "{page}");

    let output = run(trusts("assess", "trusts.json").args(["--format", "csv"]));
    let csv = text(&output.stdout);
    let lines: Vec<_> = csv.split("\r\n").collect();
    assert_eq!(
        lines[0],
        "\"trust\",\"identifier\",\"test\",\"outcome\",\"message\",\"cure\""
    );
    assert!(lines.iter().any(|line| {
        line.starts_with("\"Retired\",\"https://retired.contoso.test\",\"TokenLifetime\",\"fail\"")
    }));

    let output = run(trusts("assess", "trusts.json").args(["--format", "table"]));
    let table = text(&output.stdout);
    assert!(table.contains("Retired: fail\n"), "{table}");
    assert!(
        table.contains("  untranslated \"From the billing database\": it asks the attribute store"),
        "{table}"
    );
}

#[test]
fn both_forms_of_an_export_make_the_same_files_and_overwrite_none() {
    let (xml, json) = (
        tempfile::tempdir().expect("a folder"),
        tempfile::tempdir().expect("a folder"),
    );
    import("trusts.xml", xml.path());
    import("trusts.json", json.path());
    let made = files(xml.path());
    assert_eq!(made, files(json.path()));
    let names: Vec<_> = made.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "microsoft-office-365-identity-platform.toml",
            "portal-b-co-b.entra.json",
            "portal-b-co-b.toml",
            "retired.encryption.crt",
            "retired.entra.json",
            "retired.toml.disabled",
            "the-wiki.2.toml",
            "the-wiki.entra.json",
            "the-wiki.request-1.crt",
            "the-wiki.toml",
        ]
    );
    let again = run(trusts("import", "trusts.xml").arg("--into").arg(xml.path()));
    assert_eq!(again.status.code(), Some(2));
    assert!(
        text(&again.stderr).contains("cannot be written"),
        "{}",
        text(&again.stderr)
    );
    assert_eq!(made, files(xml.path()));
}

#[test]
fn the_application_for_entra_says_what_graph_takes() {
    let folder = tempfile::tempdir().expect("a folder");
    import("trusts.xml", folder.path());
    let read = |name: &str| -> Value {
        let text = fs::read_to_string(folder.path().join(name)).expect("the file");
        serde_json::from_str(&text).expect("JSON")
    };
    let wiki = read("the-wiki.entra.json");
    let requests = wiki["requests"].as_array().expect("requests");
    let body = |path: &str| {
        let ends = |request: &&Value| request["url"].as_str().expect("a URL").ends_with(path);
        requests.iter().find(ends).expect(path)["body"].clone()
    };
    assert_eq!(
        body("/applications/{application-id}")["web"],
        json!({
            "redirectUris": ["https://wiki.contoso.test/acs", "https://wiki.contoso.test/acs2"],
            "logoutUrl": "https://wiki.contoso.test/slo",
        })
    );
    assert_eq!(
        body("/servicePrincipals/{service-principal-id}")["appRoleAssignmentRequired"],
        true
    );
    let definition = body("/policies/claimsMappingPolicies")["definition"][0].clone();
    let policy: Value = serde_json::from_str(definition.as_str().expect("a text")).expect("JSON");
    let schema = policy["ClaimsMappingPolicy"]["ClaimsSchema"]
        .as_array()
        .expect("a schema");
    let ids: Vec<_> = schema
        .iter()
        .map(|entry| entry["ID"].as_str().unwrap_or_default())
        .collect();
    assert_eq!(
        ids,
        [
            "mail",
            "mail",
            "displayname",
            "jobtitle",
            "onpremisessamaccountname"
        ]
    );
    let left_out = wiki["leftOut"].to_string();
    for reason in [
        "Entra lets no policy issue this claim",
        "attribute store",
        "claim condition",
        "assign the groups",
    ] {
        assert!(left_out.contains(reason), "{reason}: {left_out}");
    }
}

#[tokio::test]
async fn partners_sign_in_at_imported_trusts_and_these_are_told_what_adfs_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let said = import("trusts.xml", folder.path());
    assert!(said.contains("4 trusts"), "{said}");
    let top = format!("relying_party_folder = \"{}\"", folder.path().display());
    let options = Options {
        top: Box::leak(top.into_boxed_str()),
        ..Options::default()
    };
    // Entra's second identifier was an address of its, and no relying party of its own.
    let provider = Provider::start(&SLAPD, options);
    let asked = Asked {
        issuer: WIKI,
        ..Asked::new()
    };
    let mut browser = provider.browser();
    let page = browser
        .get(&provider.url(&asked.to_redirect()), None)
        .await
        .expect("an answer");
    let page = type_password(&mut browser, &page, WENDY, PASSWORD).await;
    let answer = posted(&page);
    assert_eq!(answer.action, "https://wiki.contoso.test/acs");
    for told in [
        "nameid-format:emailAddress\">wmoran@fabrikam.com</saml:NameID>",
        "<saml:AttributeValue>Wendy Moran</saml:AttributeValue>",
        "<saml:AttributeValue>Auditor</saml:AttributeValue><saml:AttributeValue>Editor</saml:AttributeValue>",
        "<saml:AttributeValue>editor</saml:AttributeValue>",
        "<saml:AttributeValue>partner</saml:AttributeValue>",
        "<saml:AttributeValue>P-7</saml:AttributeValue>",
    ] {
        assert!(
            answer.document.contains(told),
            "{told}: {}",
            answer.document
        );
    }
    assert!(
        !answer.document.contains("urn:wiki:account"),
        "{}",
        answer.document
    );

    // Who is not in the group stays out, as in AD FS.
    let mut browser = provider.browser();
    let page = browser
        .get(&provider.url(&asked.to_redirect()), None)
        .await
        .expect("an answer");
    let page = type_password(&mut browser, &page, "u00001@tailspintoys.com", PASSWORD).await;
    assert_eq!(page.status, 403);
}
