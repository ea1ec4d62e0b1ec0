use hyper::{HeaderMap, Method, StatusCode, header};

use super::super::tests::{Fields, asked, authorize, returned, simulator, value, vouch, with};
use crate::{
    entra::{
        Authentication, Simulator, Tenant,
        web::tests::{Page, send_with},
    },
    http::{PageForm, page_link},
};

/// The cookie that a page sets, as it is sent back.
fn cookie(page: &Page) -> String {
    let set = page.headers[header::SET_COOKIE].to_str().unwrap();
    let (cookie, attributes) = set.split_once("; ").unwrap();
    assert!(cookie.starts_with("__Host-"), "{cookie}");
    assert!(attributes.contains("HttpOnly") && attributes.contains("Secure"));
    cookie.to_owned()
}

fn get_with(simulator: &Simulator, target: &str, cookie: &str) -> Page {
    let mut headers = HeaderMap::new();
    headers.insert(header::COOKIE, cookie.parse().unwrap());
    send_with(simulator, Method::GET, target, headers, "")
}

/// The error that a request gets which may ask nobody; "" with a code.
fn silently(simulator: &Simulator, fields: &Fields<'_>, cookie: &str) -> String {
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .append_pair("prompt", "none")
        .finish();
    let target = format!("/contoso.onmicrosoft.com/oauth2/v2.0/authorize?{query}");
    let returned = returned(&get_with(simulator, &target, cookie));
    let error = value(&returned, "error").to_owned();
    assert_eq!(error.is_empty(), !value(&returned, "code").is_empty());
    error
}

/// Contoso, whose identity provider has a way out.
fn with_sign_out() -> Simulator {
    let simulator = simulator();
    let mut parts = simulator.tenants().first().parts();
    for domain in &mut parts.domains {
        if let Authentication::Federated(federation) = &mut domain.authentication {
            federation.sign_out_uri = Some("https://idp.contoso.com/out".to_owned());
        }
    }
    simulator.replace_tenants(Tenant::build(parts).unwrap());
    simulator
}

#[test]
fn a_browser_is_known_until_it_signs_out() {
    let simulator = with_sign_out();
    let hop = authorize(&simulator, "oauth2/v2.0/authorize", &asked());
    let known = cookie(&vouch(&simulator, &hop));
    for hint in [
        None,
        Some("WMoran@fabrikam.com"),
        Some("wmoran@partners.contoso.com"),
    ] {
        let fields = with(asked(), "login_hint", hint);
        assert_eq!(silently(&simulator, &fields, &known), "", "{hint:?}");
    }
    let another = with(asked(), "login_hint", Some("alex@partners.contoso.com"));
    assert_eq!(silently(&simulator, &another, &known), "login_required");
    let invented = "__Host-EntraSimulator=x";
    assert_eq!(silently(&simulator, &asked(), invented), "login_required");

    let out = |back: &str, cookie: &str| {
        let target = "/contoso.onmicrosoft.com/oauth2/v2.0/logout?post_logout_redirect_uri=";
        get_with(&simulator, &format!("{target}{back}"), cookie)
    };
    // With a slash it is not registered.
    let page = out("http://localhost:5/", &known);
    assert_eq!(page.status, StatusCode::OK);
    let to_idp = page_link(&page.text, "to-idp").unwrap();
    assert_eq!(to_idp, "https://idp.contoso.com/out");
    assert!(page_link(&page.text, "to-app").is_err());
    let set = page.headers[header::SET_COOKIE].to_str().unwrap();
    assert!(set.contains("Max-Age=0"), "{set}");
    assert_eq!(silently(&simulator, &asked(), &known), "login_required");
    let page = out("http://localhost:5", &known);
    let to_app = page_link(&page.text, "to-app").unwrap();
    assert_eq!(to_app, "http://localhost:5");
    assert!(page_link(&page.text, "to-idp").is_err());
}

#[test]
fn a_known_browser_is_asked_only_where_the_application_wants_it() {
    let simulator = with_sign_out();
    let hop = authorize(&simulator, "oauth2/v2.0/authorize", &asked());
    let known = cookie(&vouch(&simulator, &hop));
    let page = |prompt: Option<&'static str>, hint| {
        let fields = with(asked(), "login_hint", hint);
        let fields = with(fields, "prompt", prompt);
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(&fields)
            .finish();
        let target = format!("/contoso.onmicrosoft.com/oauth2/v2.0/authorize?{query}");
        get_with(&simulator, &target, &known)
    };
    let wendy = Some("wmoran@fabrikam.com");
    for prompt in [None, Some("consent")] {
        let returned = returned(&page(prompt, wendy));
        assert!(!value(&returned, "code").is_empty(), "{prompt:?}");
    }
    let asks_idp = |page: &Page| PageForm::find(&page.text, Some("to-idp")).is_ok();
    assert!(asks_idp(&page(Some("login"), wendy)));
    assert!(asks_idp(&page(None, Some("alex@partners.contoso.com"))));
    let choice = page(Some("select_account"), wendy);
    let form = PageForm::find(&choice.text, None).unwrap();
    assert!(form.field("login_hint").is_some() && !asks_idp(&choice));
}

#[test]
fn an_application_gets_its_state_back_after_a_sign_out() {
    let simulator = with_sign_out();
    let out = |query: &str| {
        let target = format!("/contoso.onmicrosoft.com/oauth2/logout?{query}");
        get_with(&simulator, &target, "x=y")
    };
    let page = out("post_logout_redirect_uri=http://localhost:5&state=a%26b");
    let to_app = page_link(&page.text, "to-app").unwrap();
    assert_eq!(to_app, "http://localhost:5?state=a%26b");
    let page = out("post_logout_redirect_uri=https://evil.example/&state=a");
    assert!(page_link(&page.text, "to-app").is_err());
    let page = out("post_logout_redirect_uri=http://localhost&post_logout_redirect_uri=x");
    assert!(page.text.contains("AADSTS9000411"), "{}", page.text);
}
