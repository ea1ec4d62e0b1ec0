//! Hosts, methods, sizes, and addresses that are none.

use crate::{
    provider::{Asked, HOST, Provider},
    raw::{Raw, must_be_refused},
    samlp_status,
};

/// What a request says about its host decides nothing and appears nowhere.
pub(crate) async fn hosts_are_not_believed(provider: &Provider) {
    let evil = [
        ("Host", "evil.test"),
        ("X-Forwarded-Host", "evil.test"),
        ("X-Forwarded-Proto", "http"),
        ("X-Forwarded-For", "10.0.0.1"),
        ("Forwarded", "host=evil.test;proto=http"),
        ("X-Original-URL", "/evil"),
        ("X-Rewrite-URL", "/evil"),
        ("X-HTTP-Method-Override", "DELETE"),
        ("Referer", "https://evil.test/"),
    ];
    let spoofed = |mut raw: Raw| {
        for (name, value) in evil {
            raw = raw.header(name, value);
        }
        raw
    };
    let page = spoofed(Raw::get(Asked::new().to_redirect()))
        .send(provider)
        .await;
    assert!(page.is_sign_in_page() && !page.body.contains("evil"));
    page.must_be_a_secure_page("spoofed host");
    assert_eq!(page.find_form("sign-in").expect("a form").action, "/signin");

    let metadata = spoofed(Raw::get("/metadata")).send(provider).await;
    assert_eq!(metadata.status, 200);
    assert_eq!(metadata.header("x-content-type-options"), "nosniff");
    let ours = format!("https://{HOST}:{}/saml2/sso", provider.address().port());
    assert_eq!(
        metadata
            .body
            .matches(&format!("Location=\"{ours}\""))
            .count(),
        2
    );
    assert!(!metadata.body.contains("evil"));

    for (destination, status) in [
        ("https://evil.test/saml2/sso", "RequestDenied"),
        (ours.as_str(), "NoPassive"),
    ] {
        let asked = Asked::with(&format!("IsPassive=\"true\" Destination=\"{destination}\""));
        let answer = spoofed(Raw::get(asked.to_redirect())).send(provider).await;
        assert_eq!(samlp_status(&answer), status);
        assert!(!answer.body.contains("evil"));
    }
}

pub(crate) async fn methods_and_addresses(provider: &Provider) {
    for (method, path, allowed) in [
        ("PUT", "/saml2/sso", "GET, POST"),
        ("DELETE", "/saml2/sso", "GET, POST"),
        ("OPTIONS", "/saml2/sso", "GET, POST"),
        ("PATCH", "/saml2/sso", "GET, POST"),
        ("GET", "/signin", "POST"),
        ("PUT", "/signin", "POST"),
        ("POST", "/metadata", "GET, HEAD"),
        ("POST", "/metadata/partners.contoso.com", "GET, HEAD"),
        ("POST", "/", "GET, HEAD"),
    ] {
        let answer = Raw::new(method, path).send(provider).await;
        assert_eq!(
            (answer.status, answer.header("allow")),
            (405, allowed),
            "{method} {path}"
        );
        must_be_in_the_log(provider, &answer, path).await;
    }
    for method in ["TRACE", "CONNECT", "EVIL", "GETT"] {
        let answer = Raw::new(method, "/saml2/sso").send(provider).await;
        must_be_refused(provider, &answer, 501, "method", method).await;
    }
    for path in [
        "/evil",
        "/saml2/sso/",
        "/saml2//sso",
        "/SAML2/SSO",
        "/saml2/sso%2f",
        "/saml2/%73so",
        "/signin/",
        "/metadata/",
        "/metadata/metadata",
        "/metadata/metadata/partners.contoso.com",
        "/metadata//partners.contoso.com",
        "/metadata/PARTNERS.contoso.com",
        "/metadata/../signin",
        "/metadataevil",
        "/../../etc/passwd",
        "/healthz",
        "/readyz",
        "/.well-known/evil",
        "/%3Cscript%3Eevil",
        "/%00",
        "//evil.test/",
    ] {
        let answer = Raw::get(path).send(provider).await;
        assert_eq!(answer.status, 404, "{path}: {answer:?}");
        must_be_in_the_log(provider, &answer, path).await;
    }
    let root = Raw::get("/").send(provider).await;
    assert_eq!(root.status, 200);
    must_be_in_the_log(provider, &root, "/").await;
    for path in ["/", "/metadata", "/metadata/partners.contoso.com"] {
        let head = Raw::new("HEAD", path).send(provider).await;
        assert_eq!((head.status, head.body.as_str()), (200, ""), "{path}");
    }
}

/// A page that is no event for the audit, but whose number can be found.
async fn must_be_in_the_log(provider: &Provider, answer: &crate::raw::Answer, case: &str) {
    answer.must_be_a_secure_page(case);
    assert!(!answer.body.contains("evil"), "{case}: {}", answer.body);
    let correlation = answer.correlation().to_owned();
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(5);
    while !provider
        .log()
        .iter()
        .any(|line| line.contains(&correlation))
    {
        assert!(
            std::time::Instant::now() < deadline,
            "{case}: {correlation} is not in the log"
        );
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
}

/// What the listener refuses before there is a request has a page and an audit line too.
pub(crate) async fn sizes_and_framing(provider: &Provider) {
    let large = "x".repeat(500 * 1024);
    for path in ["/saml2/sso", "/signin", "/evil"] {
        let answer = Raw::form(path, &[("SAMLRequest", &large)])
            .send(provider)
            .await;
        must_be_refused(provider, &answer, 413, "too large", path).await;
    }
    let chunked = Raw::new("POST", "/saml2/sso").header("Transfer-Encoding", "chunked");
    let answer = chunked.send(provider).await;
    must_be_refused(provider, &answer, 411, "length", "chunked").await;
    for host in ["", "a/b", "a@b", "a, b"] {
        let answer = Raw::get("/").header("Host", host).send(provider).await;
        must_be_refused(provider, &answer, 400, "host", host).await;
    }
    let absolute = Raw::get("https://evil.test/saml2/sso").send(provider).await;
    must_be_refused(provider, &absolute, 400, "target", "absolute-form").await;

    // Beyond what is a request at all, the HTTP library answers by itself, with nothing.
    for (request, status) in [
        (Raw::get(format!("/saml2/sso?{}", "x".repeat(40_000))), 431),
        (Raw::get("/").header("X-Evil", "x".repeat(40_000)), 431),
        (
            (0..80).fold(Raw::get("/"), |raw, n| {
                raw.header(&format!("X-{n}"), "evil")
            }),
            431,
        ),
        (Raw::get("/\u{7f}"), 400),
        (Raw::get("/<script>"), 400),
        (Raw::new("G\u{e4}T", "/"), 400),
        (Raw::get("/").header("Bad Name", "evil"), 400),
    ] {
        let answer = request.send(provider).await;
        assert_eq!(
            (answer.status, answer.body.as_str()),
            (status, ""),
            "{answer:?}"
        );
    }
}
