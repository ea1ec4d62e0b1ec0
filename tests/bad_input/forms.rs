//! The form with name and password: whose it is, where it came from, and what a cookie is worth.

use crate::{
    provider::{Asked, Provider},
    raw::{Answer, FORM_COOKIE, Raw, SESSION_COOKIE, audit_line, must_be_refused},
    samlp_status,
    slapd::PASSWORD,
};

const WENDY: &str = "wmoran@fabrikam.com";

async fn page(provider: &Provider) -> Answer {
    let page = Raw::get(Asked::new().to_redirect()).send(provider).await;
    assert!(page.is_sign_in_page(), "{page:?}");
    page.must_be_a_secure_page("the sign-in page");
    page
}

fn state_of(page: &Answer) -> String {
    let form = page.find_form("sign-in").expect("a form");
    form.field("state").expect("a state").to_owned()
}

fn form(state: &str, name: &str, password: &str) -> Raw {
    Raw::form(
        "/signin",
        &[("state", state), ("name", name), ("password", password)],
    )
}

fn cookies(page: &Answer) -> String {
    format!(
        "{FORM_COOKIE}={}",
        page.cookie(FORM_COOKIE).expect("a cookie")
    )
}

/// Sends the page's form as its browser would.
pub(crate) async fn prove(
    provider: &Provider,
    page: &Answer,
    name: &str,
    password: &str,
) -> Answer {
    form(&state_of(page), name, password)
        .header("Cookie", cookies(page))
        .header("Sec-Fetch-Site", "same-origin")
        .header("Origin", "null")
        .send(provider)
        .await
}

pub(crate) async fn unsolicited_and_forged(provider: &Provider) {
    let (mine, other) = (page(provider).await, page(provider).await);
    let (state, cookie) = (state_of(&mine), cookies(&mine));
    let changed = |at: usize| {
        let mut octets = state.clone().into_bytes();
        octets[at] = if octets[at] == b'A' { b'B' } else { b'A' };
        String::from_utf8(octets).expect("ASCII")
    };
    let with = |state: &str, cookie: &str| {
        form(state, WENDY, PASSWORD).header("Cookie", cookie.to_owned())
    };
    let not_ours = "not made here for this browser";
    let other_cookie = cookies(&other);
    let uncookied = "did not send the form cookie";
    let table = [
        (form("", WENDY, PASSWORD), uncookied),
        (form(&state, WENDY, PASSWORD), uncookied),
        (with(&state, &format!("{FORM_COOKIE}=evil")), uncookied),
        (
            with(&state, &format!("{FORM_COOKIE}={}", "A".repeat(23))),
            uncookied,
        ),
        (with(&state, &cookie.replace("__Host-", "")), uncookied),
        (with("", &cookie), not_ours),
        (with("evil", &cookie), not_ours),
        (with("!", &cookie), not_ours),
        (with(&"A".repeat(100_000), &cookie), not_ours),
        (with(&changed(0), &cookie), not_ours),
        (with(&changed(state.len() / 2), &cookie), not_ours),
        (with(&changed(state.len() - 9), &cookie), not_ours),
        (with(&state[..state.len() - 4], &cookie), not_ours),
        (with(&format!("{state}AAAA"), &cookie), not_ours),
        (with(&state, &other_cookie), not_ours),
        (with(&state_of(&other), &cookie), not_ours),
        (
            with(&state, &format!("{FORM_COOKIE}={}", "A".repeat(22))),
            not_ours,
        ),
        (
            Raw::form("/signin", &[("name", WENDY), ("password", PASSWORD)])
                .header("Cookie", cookie.clone()),
            not_ours,
        ),
        (
            Raw::form(
                "/signin",
                &[
                    ("state", state.as_str()),
                    ("state", "evil"),
                    ("name", WENDY),
                ],
            )
            .header("Cookie", cookie.clone()),
            "more than once",
        ),
        (
            Raw::form(
                "/signin",
                &[
                    ("state", state.as_str()),
                    ("password", "x"),
                    ("password", PASSWORD),
                ],
            )
            .header("Cookie", cookie.clone()),
            "more than once",
        ),
        (
            with(&state, &cookie).header("Content-Type", "text/plain"),
            "not a web form",
        ),
        (
            with(&state, &cookie).header("Sec-Fetch-Site", "cross-site"),
            "another site",
        ),
        (
            with(&state, &cookie).header("Sec-Fetch-Site", "same-site"),
            "another site",
        ),
        (
            with(&state, &cookie).header("Sec-Fetch-Site", "none"),
            "another site",
        ),
        (
            with(&state, &cookie).header("Origin", "https://evil.test"),
            "another site",
        ),
        (
            with(&state, &cookie).header("Origin", "https://idp.localhost"),
            "another site",
        ),
    ];
    for (request, cause) in table {
        let answer = request.send(provider).await;
        must_be_refused(provider, &answer, 400, cause, cause).await;
    }
    // None of it has spoilt the page.
    let answer = prove(provider, &mine, WENDY, PASSWORD).await;
    assert_eq!(samlp_status(&answer), "Success");
}

pub(crate) async fn answered_once(provider: &Provider) {
    let asked = Asked::new();
    let get = |cookie: &str| Raw::get(asked.to_redirect()).header("Cookie", cookie.to_owned());
    let page = get("a=b").send(provider).await;
    let answer = prove(provider, &page, WENDY, PASSWORD).await;
    assert_eq!(samlp_status(&answer), "Success");
    let correlation = page.correlation();
    let session = answer.cookie(SESSION_COOKIE).expect("a session").to_owned();

    // A double click, by the form and by the request.
    let both = format!("{}; {SESSION_COOKIE}={session}", cookies(&page));
    let again = form(&state_of(&page), WENDY, PASSWORD).header("Cookie", both.clone());
    let again = again.send(provider).await;
    assert_eq!(samlp_status(&again), "Success");
    let session = again.cookie(SESSION_COOKIE).expect("a session").to_owned();
    let renewed = format!("{}; {SESSION_COOKIE}={session}", cookies(&page));
    let again = get(&renewed).send(provider).await;
    assert_eq!(samlp_status(&again), "Success");

    // Another browser, even with the session; and by its own page.
    let elsewhere = get(&format!("{SESSION_COOKIE}={session}"))
        .send(provider)
        .await;
    must_be_refused(
        provider,
        &elsewhere,
        409,
        "answered before",
        "another browser",
    )
    .await;
    let page_elsewhere = get("a=b").send(provider).await;
    assert_ne!(page_elsewhere.correlation(), correlation);
    let answer = prove(provider, &page_elsewhere, WENDY, PASSWORD).await;
    assert_eq!(answer.correlation(), page_elsewhere.correlation());
    assert_eq!(answer.status, 409);
    let lines = provider.audit("request-refused", 1);
    let line = lines
        .iter()
        .find(|line| line["correlation"] == answer.correlation())
        .expect("an audit line");
    assert_eq!(line["relying_party"], crate::provider::SP);
    let cause = line["cause"].as_str().expect("a cause");
    assert!(
        cause.contains(&asked.id) && cause.contains("answered before"),
        "{cause}"
    );
    // The first session ended when the second began.
    let stale = Raw::get(Asked::new().to_redirect()).header("Cookie", both);
    assert!(stale.send(provider).await.is_sign_in_page());
}

pub(crate) async fn sessions_cannot_be_planted(provider: &Provider) {
    let planted = "A".repeat(43);
    let page = Raw::get(Asked::new().to_redirect())
        .header("Cookie", format!("{SESSION_COOKIE}={planted}"))
        .send(provider)
        .await;
    assert!(page.is_sign_in_page());
    assert_eq!(
        page.cookie(SESSION_COOKIE),
        None,
        "a session before any proof"
    );
    let failed = form(&state_of(&page), WENDY, "wrong")
        .header(
            "Cookie",
            format!("{}; {SESSION_COOKIE}={planted}", cookies(&page)),
        )
        .send(provider)
        .await;
    assert!(failed.is_sign_in_page());
    assert_eq!(
        failed.cookie(SESSION_COOKIE),
        None,
        "a session without a proof"
    );
    let answer = form(&state_of(&page), WENDY, PASSWORD)
        .header(
            "Cookie",
            format!("{}; {SESSION_COOKIE}={planted}", cookies(&page)),
        )
        .send(provider)
        .await;
    answer.must_be_a_secure_page("the answer");
    let token = answer.cookie(SESSION_COOKIE).expect("a session");
    assert!(token.len() == 43 && token != planted);

    let with = |cookie: String| Raw::get(Asked::new().to_redirect()).header("Cookie", cookie);
    for useless in [
        planted.as_str(),
        "",
        "evil",
        &token[..42],
        &token.to_ascii_lowercase(),
        &format!("{token}A"),
        &format!("%{token}"),
    ] {
        let page = with(format!("{SESSION_COOKIE}={useless}"))
            .send(provider)
            .await;
        assert!(page.is_sign_in_page(), "{useless}");
    }
    let page = with(format!("homerealm-session={token}"))
        .send(provider)
        .await;
    assert!(page.is_sign_in_page(), "a cookie that any host could set");
    let answer = with(format!("{SESSION_COOKIE}={token}"))
        .send(provider)
        .await;
    assert_eq!(samlp_status(&answer), "Success");
    assert_eq!(answer.cookie(SESSION_COOKIE), None);
    let forced = Raw::get(Asked::with("ForceAuthn=\"true\"").to_redirect())
        .header("Cookie", format!("{SESSION_COOKIE}={token}"))
        .send(provider)
        .await;
    assert!(
        forced.is_sign_in_page(),
        "ForceAuthn asks though a session lives"
    );
}

/// What fails at the form keeps the number of its page, in the audit as well.
pub(crate) async fn failures_keep_their_number(provider: &Provider) {
    let first = page(provider).await;
    let failed = prove(provider, &first, "nobody@fabrikam.com", "Sup3r-secret").await;
    assert_eq!(failed.status, 200);
    assert_eq!(failed.correlation(), first.correlation());
    let line = audit_line(provider, first.correlation()).await;
    assert_eq!(line["event"], "sign-in-failed");
    assert!(!provider.log().join("\n").contains("Sup3r-secret"));
    // A password in the wrong field must not reach the log either, in whatever case.
    for secret in [
        "Sup3r-secret",
        "Sup3r-secret no name",
        "Sup3r-secret@",
        "@Sup3r-secret",
    ] {
        let first = page(provider).await;
        let swapped = prove(provider, &first, secret, PASSWORD).await;
        assert!(swapped.is_sign_in_page());
        audit_line(provider, first.correlation()).await;
        let log = provider.log().join("\n").to_lowercase();
        assert!(!log.contains("sup3r-secret"), "{secret}");
    }
}
