//! What a Shibboleth SP makes of Homerealm's answers, and Homerealm of its requests.

use std::{fs, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::{
    Change, WENDY, WENDYS_ANCHOR, WENDYS_UPN,
    federation::{BY_METADATA, Federation, PORTAL, refusal, saml_form, submit, walk},
    provider::{Asked, ISSUER, is_sign_in_page, posted},
    recipe,
    shibboleth::{Settings, USUAL, seen},
    slapd::Numbered,
};

#[tokio::test]
async fn the_application_reads_who_signed_in() {
    let federation = Federation::new(USUAL, PORTAL).await;
    let (sp, idp) = (&federation.sp, &federation.idp);
    let mut browser = federation.browser();
    let page = federation.sign_in(&mut browser, WENDY).await;
    assert_eq!(page.url, sp.page());
    let first = seen(&page);
    assert_eq!(
        first["REMOTE_USER"],
        format!("{ISSUER}!{}!{WENDYS_ANCHOR}", sp.entity_id())
    );
    assert_eq!(first["AUTH_TYPE"], "shibboleth");
    assert_eq!(first["Shib-Identity-Provider"], ISSUER);
    assert_eq!(
        first["Shib-AuthnContext-Class"],
        "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"
    );
    let instant = &first["Shib-Authentication-Instant"];
    let instant = OffsetDateTime::parse(instant, &Rfc3339).expect("an instant");
    assert!((OffsetDateTime::now_utc() - instant).abs() < Duration::from_secs(60));

    // Anew at the service provider: the session at the identity provider answers, with the time of
    // the password.
    let again = seen(&federation.visit(&mut browser, sp.login("")).await);
    assert_ne!(again["Shib-Session-ID"], first["Shib-Session-ID"]);
    for kept in ["REMOTE_USER", "Shib-Authentication-Instant"] {
        assert_eq!(again[kept], first[kept]);
    }
    let passive = sp.login("&isPassive=true");
    let passive = seen(&federation.visit(&mut browser, passive).await);
    assert_eq!(passive["REMOTE_USER"], first["REMOTE_USER"]);
    let issued = idp.audit("assertion-issued", 3);
    let proofs: Vec<_> = issued.iter().map(|line| &line["proof"]).collect();
    assert_eq!(proofs, ["password", "session", "session"]);
    assert_eq!(issued[0]["relying_party"], *sp.entity_id());

    // Unless it wants her asked again.
    let forced = sp.login("&forceAuthn=true");
    assert!(is_sign_in_page(
        &federation.visit(&mut browser, forced).await
    ));
}

#[tokio::test]
async fn signed_requests_are_taken_by_either_binding() {
    const POST: &str = "&outgoingBinding=urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST";
    const SHA256: &str =
        r#"signing="true" signingAlg="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256""#;
    const SHA1_PERMITTED: &str = "permit_sha1_requests = true";
    // By POST, this Shibboleth signs with SHA-1 unless it is told otherwise.
    for (application, lines, by_post) in [
        (USUAL.application, "", false),
        (USUAL.application, SHA1_PERMITTED, true),
        (SHA256, "", true),
    ] {
        let settings = Settings {
            application,
            ..USUAL
        };
        let federation = Federation::new(settings, &format!("{PORTAL}{lines}")).await;
        for (options, taken) in [("", true), (POST, by_post)] {
            let login = federation.sp.login(options);
            let page = federation.visit(&mut federation.browser(), login).await;
            let case = format!("{application} {lines} {options}: {}", page.text());
            assert_eq!(is_sign_in_page(&page), taken, "{case}");
        }
        if !by_post {
            let line = &federation.idp.audit("request-refused", 1)[0];
            let cause = line["cause"].as_str().expect("a cause");
            assert!(cause.contains("algorithm is not permitted"), "{cause}");
        }
    }
}

#[tokio::test]
async fn requests_that_are_not_hers_to_send_are_refused() {
    let another_key = PORTAL.replace("sp.crt", "sp-encryption.crt");
    let another_address = PORTAL.replace("@consumer@", "https://elsewhere.test/acs");
    for (lines, status, told) in [
        (another_key, 400, "signature"),
        (another_address, 403, "unknown assertion consumer"),
    ] {
        let federation = Federation::new(USUAL, &lines).await;
        let page = federation.sp.page();
        let page = federation.visit(&mut federation.browser(), page).await;
        assert_eq!(page.status, status, "{lines}");
        assert!(saml_form(&page).is_none(), "nothing goes anywhere");
        let line = &federation.idp.audit("request-refused", 1)[0];
        let cause = line["cause"].as_str().expect("a cause");
        assert!(cause.contains(told), "{cause}");
    }
}

#[tokio::test]
async fn answers_that_were_changed_or_seen_before_are_refused() {
    let federation = Federation::new(USUAL, PORTAL).await;
    let mut browser = federation.browser();
    seen(&federation.sign_in(&mut browser, WENDY).await);
    let another = Numbered(0).guid().immutable_id();
    let consumer = federation.sp.consumer();
    let changes: [(&str, Change<'_>); 4] = [
        ("", &str::to_owned),
        ("signature could not be verified", &|document| {
            document.replace(WENDYS_ANCHOR, &another)
        }),
        ("incorrect server URL", &|document| {
            document.replace(&consumer, "https://elsewhere.test/acs")
        }),
        ("establish security of", &|document| {
            without(document, "<ds:Signature", "</ds:Signature>")
        }),
    ];
    for (told, change) in changes {
        // Each a fresh one, since it knows messages again by their IDs.
        let login = federation.sp.login("");
        let page = federation.answer_to(&mut browser, &login).await;
        let mut form = saml_form(&page).expect("an answer");
        let document = change(&posted(&page).document);
        form.fill("SAMLResponse", &STANDARD.encode(document))
            .expect("a field");
        let answered = submit(&mut browser, &page, &form).await;
        if told.is_empty() {
            seen(&walk(&mut browser, answered).await);
            let again = refusal(&submit(&mut browser, &page, &form).await);
            assert!(again.contains("replayed message"), "{again}");
        } else {
            let refused = refusal(&answered);
            assert!(refused.contains(told), "{told}: {refused}");
        }
    }
}

/// A text without what stands between these, and without these.
fn without(text: &str, start: &str, end: &str) -> String {
    let (before, rest) = text.split_once(start).expect("the start");
    let (_, after) = rest.split_once(end).expect("the end");
    format!("{before}{after}")
}

#[tokio::test]
async fn by_its_metadata_it_gets_what_nobody_else_can_read() {
    const AES_256: &str = "http://www.w3.org/2009/xmlenc11#aes256-gcm";
    const AES_128: &str = "http://www.w3.org/2009/xmlenc11#aes128-gcm";
    for (lines, algorithm) in [
        ("encrypt_assertions = \"required\"", AES_256),
        ("encryption_algorithm = \"aes128-gcm\"", AES_128),
        ("sign_response = true", AES_256),
    ] {
        let federation = Federation::new(USUAL, &format!("{BY_METADATA}{lines}")).await;
        let mut browser = federation.browser();
        let page = federation.answered(&mut browser, WENDY).await;
        let document = posted(&page).document;
        let parts = ["<saml:EncryptedAssertion", algorithm];
        assert!(
            parts.iter().all(|part| document.contains(part)),
            "{document}"
        );
        for told in [WENDYS_ANCHOR, "<saml:Assertion", "<saml:Subject"] {
            assert!(!document.contains(told), "{told}: {document}");
        }
        let seen = seen(&walk(&mut browser, page).await);
        assert!(seen["REMOTE_USER"].ends_with(WENDYS_ANCHOR));

        // One octet of the ciphertext.
        let login = federation.sp.login("");
        let page = federation.answer_to(&mut browser, &login).await;
        let mut form = saml_form(&page).expect("an answer");
        let document = posted(&page).document;
        let at = document.rfind("</xenc:CipherValue>").expect("ciphertext") - 30;
        let (before, after) = document.split_at(at);
        let other = if after.starts_with('A') { 'B' } else { 'A' };
        let changed = format!("{before}{other}{}", &after[1..]);
        form.fill("SAMLResponse", &STANDARD.encode(changed))
            .expect("a field");
        let refused = refusal(&submit(&mut browser, &page, &form).await);
        let told = match lines {
            "sign_response = true" => "signature could not be verified",
            _ => "valid authentication statement was not found",
        };
        assert!(refused.contains(told), "{lines}: {refused}");
    }
}

#[tokio::test]
async fn what_is_encrypted_to_another_key_is_refused() {
    let lines = format!("{PORTAL}encryption_certificate = \"@folder@/sp.crt\"");
    let federation = Federation::new(USUAL, &lines).await;
    let page = federation.sign_in(&mut federation.browser(), WENDY).await;
    let refused = refusal(&page);
    assert!(
        refused.contains("valid authentication statement was not found"),
        "{refused}"
    );
    let log = federation.sp.log();
    assert!(log.contains("failed to decrypt assertion"), "{log}");
}

#[tokio::test]
async fn an_answer_for_another_audience_or_by_another_key_is_refused() {
    let lines = format!("{PORTAL}audience = \"https://elsewhere.test\"");
    let federation = Federation::new(USUAL, &lines).await;
    let page = federation.sign_in(&mut federation.browser(), WENDY).await;
    let refused = refusal(&page);
    assert!(refused.contains("AudienceRestriction"), "{refused}");

    let federation = Federation::new(USUAL, PORTAL).await;
    let metadata = federation.metadata().await;
    let pem = fs::read_to_string(federation.sp.file("sp.crt")).expect("a certificate");
    let another: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let (_, rest) = metadata
        .split_once("<ds:X509Certificate>")
        .expect("a certificate");
    let (ours, _) = rest.split_once('<').expect("its end");
    let believed = metadata.replace(ours, &another);
    federation.sp.trust(ISSUER, &believed);
    let page = federation.sign_in(&mut federation.browser(), WENDY).await;
    let refused = refusal(&page);
    assert!(
        refused.contains("signature could not be verified"),
        "{refused}"
    );
}

#[tokio::test]
async fn what_cannot_be_answered_is_told_by_a_status() {
    let federation = Federation::new(USUAL, PORTAL).await;
    for (options, status, told) in [
        ("&isPassive=true", "Responder", "NoPassive"),
        (
            "&authnContextClassRef=http://schemas.microsoft.com/claims/multipleauthn",
            "Responder",
            "NoAuthnContext",
        ),
        (
            "&NameIDFormat=urn:oasis:names:tc:SAML:2.0:nameid-format:transient",
            "Requester",
            "InvalidNameIDPolicy",
        ),
    ] {
        let login = federation.sp.login(options);
        let page = federation.visit(&mut federation.browser(), login).await;
        let refused = refusal(&page);
        for told in [status, told, "correlation id"] {
            assert!(refused.contains(told), "{options}: {refused}");
        }
    }
}

#[tokio::test]
async fn the_recipe_works() {
    let page = "shibboleth.md";
    let application = recipe(page, "xml", "<ApplicationDefaults");
    let (_, application) = application
        .split_once("entityID=\"https://portal.contoso.com/shibboleth\"")
        .expect("its entity ID");
    let settings = Settings {
        application: application.trim().trim_end_matches('>'),
        attribute_map: &recipe(page, "xml", "<Attributes"),
        ..USUAL
    };
    let lines = recipe(page, "toml", "[[relying_party]]")
        .replacen("[[relying_party]]", "", 1)
        .replace("https://portal.contoso.com/shibboleth", "@entity@")
        .replace("/etc/homerealm/portal.xml", "@folder@/metadata.xml");
    let federation = Federation::new(settings, &lines).await;
    let page = federation.sign_in(&mut federation.browser(), WENDY).await;
    let seen = seen(&page);
    let prefix = format!("{ISSUER}!{}!", federation.sp.entity_id());
    let pairwise = seen["REMOTE_USER"].strip_prefix(&prefix).expect("a name");
    assert_eq!(pairwise.len(), 64);
    for (name, value) in [
        ("mail", WENDY),
        ("displayName", "Wendy Moran"),
        ("upn", WENDYS_UPN),
    ] {
        assert_eq!(seen[name], value, "{name}");
    }
    // Its metadata says that its requests are signed, so another's in its name are refused.
    let unsigned = Asked {
        issuer: federation.sp.entity_id().leak(),
        ..Asked::new()
    };
    let url = federation.idp.url(&unsigned.to_redirect());
    let page = federation.browser().get(&url, None).await;
    assert_eq!(page.expect("an answer").status, 400);
    let line = &federation.idp.audit("request-refused", 1)[0];
    let cause = line["cause"].as_str().expect("a cause");
    assert!(cause.contains("not signed"), "{cause}");
}

#[tokio::test]
async fn rules_decide_what_the_application_reads() {
    let lines = format!(
        r#"{PORTAL}
[[relying_party.claim]]
name = "urn:oid:0.9.2342.19200300.100.1.3"
friendly_name = "mail"
from = "email"
[[relying_party.claim]]
name = "urn:oid:2.5.4.12"
from = {{ attribute = "title" }}
[[relying_party.claim]]
name = "urn:oid:1.3.6.1.4.1.5923.1.1.1.7"
from = {{ groups = [
    {{ group = "cn=Owners,ou=Groups,dc=contoso,dc=com", value = "urn:portal:owner" }},
    {{ group = "cn=Admins,ou=Groups,dc=contoso,dc=com", value = "urn:portal:admin" }},
] }}
[[relying_party.claim]]
name = "IDPEmail"
from = "cloud-upn"
[[relying_party.claim]]
name = "urn:oid:2.16.840.1.113730.3.1.241"
from = "display-name"
issue_if = {{ email_domain = "adatum.com" }}
"#
    );
    let federation = Federation::new(USUAL, &lines).await;
    let page = federation.sign_in(&mut federation.browser(), WENDY).await;
    let seen = seen(&page);
    assert_eq!(seen["mail"], WENDY);
    let mut titles: Vec<&str> = seen["title"].split(';').collect();
    titles.sort_unstable();
    assert_eq!(titles, ["Auditor", "Editor"]);
    assert_eq!(seen["entitlement"], "urn:portal:owner");
    assert_eq!(seen["idp-email"], WENDYS_UPN);
    assert!(!seen.contains_key("displayName"), "its rule does not hold");
}

#[tokio::test]
async fn remote_user_is_the_name_that_was_agreed_on() {
    for (name_id, stable) in [
        (r#""pairwise""#, true),
        (r#""transient""#, false),
        (r#"{ email-address = "email" }"#, true),
    ] {
        let lines = PORTAL.replace(r#""immutable-id""#, name_id);
        let federation = Federation::new(USUAL, &lines).await;
        let mut users = Vec::new();
        for _ in 0..2 {
            let page = federation.sign_in(&mut federation.browser(), WENDY).await;
            users.push(seen(&page)["REMOTE_USER"].clone());
        }
        assert_eq!(users[0] == users[1], stable, "{name_id}: {users:?}");
        let prefix = format!("{ISSUER}!{}!", federation.sp.entity_id());
        match name_id {
            r#""pairwise""# => assert_eq!(users[0].len(), prefix.len() + 64),
            r#""transient""# => assert!(!users[0].contains('!')),
            _ => assert_eq!(users[0], WENDY),
        }
        assert!(!users[0].contains(WENDYS_ANCHOR));
    }
}

#[tokio::test]
async fn who_may_not_use_the_application_goes_back_with_a_status() {
    let lines = PORTAL.replace(
        r#""everyone""#,
        r#"{ group = "cn=Readers,ou=Groups,dc=contoso,dc=com" }"#,
    );
    let federation = Federation::new(USUAL, &lines).await;
    let page = federation.sign_in(&mut federation.browser(), WENDY).await;
    seen(&page);
    let mut browser = federation.browser();
    let page = federation.answered(&mut browser, &Numbered(0).mail()).await;
    assert_eq!(page.status, 403);
    let refused = refusal(&walk(&mut browser, page).await);
    assert!(refused.contains("RequestDenied"), "{refused}");
}
