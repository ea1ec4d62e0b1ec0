use super::*;

#[test]
fn discovery_is_told_on_pages() {
    let simulator = simulator();
    let table = [
        (TENANT, "nobody@fabrikam.com", "AADSTS50034"),
        (TENANT, "shared@fabrikam.com", "More than one"),
        (TENANT, "wmoran", "AADSTS50128"),
        ("common", "wmoran@fabrikam.com", "AADSTS90019"),
        ("organizations", "wmoran@fabrikam.com", "AADSTS90019"),
        (
            "fabrikam.onmicrosoft.com",
            "wmoran@fabrikam.com",
            "AADSTS90002",
        ),
        (TENANT, "mia@contoso.com", "ask for the password itself"),
    ];
    for (tenant, name, shown) in table {
        let page = type_name(&simulator, tenant, name);
        assert!(
            page.text.contains(shown),
            "{name} at {tenant}: {}",
            page.text
        );
        assert!(PageForm::find(&page.text, Some("to-idp")).is_err());
    }
    for (tenant, name) in [
        ("common", "wmoran@partners.contoso.com"),
        ("partners.contoso.com", "wmoran@fabrikam.com"),
    ] {
        let page = type_name(&simulator, tenant, name);
        assert!(
            PageForm::find(&page.text, Some("to-idp")).is_ok(),
            "{name} at {tenant}"
        );
    }
}

#[test]
fn common_says_why_it_cannot_know_the_partner() {
    let page = get(&simulator(), "/common/");
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.text.contains("names no tenant"));
    assert!(page.text.contains("href=\"/contoso.onmicrosoft.com/\""));
    assert_eq!(page.form().action, "/common/login");
}

#[test]
fn pages_run_nothing_but_what_they_bring() {
    let simulator = simulator();
    let policy = |page: &Page| {
        page.headers[header::CONTENT_SECURITY_POLICY]
            .to_str()
            .unwrap()
            .to_owned()
    };
    let hop = type_name(&simulator, TENANT, "wmoran@fabrikam.com");
    let hops = policy(&hop);
    assert!(
        hops.contains("form-action https://idp.contoso.com"),
        "{hops}"
    );
    let nonce = hops
        .split("script-src 'nonce-")
        .nth(1)
        .unwrap()
        .split('\'')
        .next()
        .unwrap();
    // As askama writes what base64 ends in.
    let script = format!("<script nonce=\"{}\">", nonce.replace('=', "&#61;"));
    let plain = format!("<script nonce=\"{nonce}\">");
    assert!(
        hop.text.contains(&script) || hop.text.contains(&plain),
        "{}",
        hop.text
    );
    for page in [
        get(&simulator, "/contoso.onmicrosoft.com/"),
        get(&simulator, "/nobody/"),
        type_name(&simulator, TENANT, "mia@contoso.com"),
    ] {
        let policy = policy(&page);
        assert!(policy.starts_with("default-src 'none'"), "{policy}");
        assert!(!policy.contains("script-src"), "{policy}");
    }
}

#[test]
fn addresses_take_what_they_are_for() {
    let simulator = simulator();
    let table = [
        (Method::GET, "/login.srf", StatusCode::METHOD_NOT_ALLOWED),
        (
            Method::DELETE,
            "/contoso.onmicrosoft.com/login",
            StatusCode::METHOD_NOT_ALLOWED,
        ),
        (
            Method::POST,
            "/contoso.onmicrosoft.com/",
            StatusCode::METHOD_NOT_ALLOWED,
        ),
        (
            Method::GET,
            "/contoso.onmicrosoft.com/a/b",
            StatusCode::NOT_FOUND,
        ),
        (Method::GET, "/%2e%2e/", StatusCode::NOT_FOUND),
        (Method::GET, "/contoso.onmicrosoft.com", StatusCode::OK),
        (Method::POST, "/login.srf", StatusCode::BAD_REQUEST),
    ];
    for (method, path, status) in table {
        let page = send(&simulator, method.clone(), path, None);
        assert_eq!(page.status, status, "{method} {path}");
    }
    let missing = post(&simulator, "/login.srf", &[("RelayState", "x")]);
    assert!(missing.text.contains("no field SAMLResponse"));
    let twice = post(
        &simulator,
        "/login.srf",
        &[("SAMLResponse", "a"), ("SAMLResponse", "b")],
    );
    assert!(twice.text.contains("AADSTS90081"));
}

#[test]
fn a_switch_turns_foreign_emails_off() {
    let mut settings = Settings::at("https://login.example");
    settings.resolve_foreign_email = false;
    let simulator = Simulator::new(fixture::contoso(), settings);
    let refused = type_name(&simulator, TENANT, "wmoran@fabrikam.com");
    assert!(refused.text.contains("AADSTS50034"));
    let by_upn = type_name(&simulator, TENANT, "wmoran@partners.contoso.com");
    assert!(PageForm::find(&by_upn.text, Some("to-idp")).is_ok());
}
