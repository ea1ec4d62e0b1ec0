//! What spares people the page, what this device remembers, and who is asked all the same.

use crate::{
    provider::{Asked, HOST, posted, type_password},
    slapd::PASSWORD,
    upstreams::Besides,
    walk::{
        ADAM, NAME, TINA, WENDY, WENDYS_UPN, another, asks_name, asks_password, browser,
        by_fabrikam, get, heading, leads_to, type_name, world,
    },
};

fn hinted(hint: &str) -> String {
    format!("{}&{hint}", Asked::new().to_redirect())
}

#[tokio::test]
async fn links_that_carry_a_hint_skip_the_page() {
    let world = world(Besides::default()).await;
    let (provider, mut browser) = (&world.provider, browser(&world));
    for (hint, upstream) in [
        (format!("login_hint={WENDY}"), "Fabrikam"),
        (format!("username={TINA}"), "Tailspin Toys"),
        ("whr=fabrikam.com".to_owned(), "Fabrikam"),
        ("domain_hint=tailspintoys.com".to_owned(), "Tailspin Toys"),
        // Whether anybody has it is not asked.
        ("login_hint=nobody@fabrikam.com".to_owned(), "Fabrikam"),
    ] {
        let page = get(provider, &mut browser, &hinted(&hint)).await;
        assert_eq!(
            heading(&page).1,
            format!("You sign in at {upstream}"),
            "{hint}"
        );
        let leads_to = leads_to(&page).to_string();
        let names = form_urlencoded::byte_serialize(WENDY.as_bytes()).collect::<String>();
        assert_eq!(
            leads_to.contains(&names),
            hint.ends_with(WENDY),
            "{leads_to}"
        );
    }
    for hint in [
        format!("login_hint={ADAM}"),
        format!("login_hint={WENDYS_UPN}"),
    ] {
        let page = get(provider, &mut browser, &hinted(&hint)).await;
        let name = hint.split_once('=').expect("a value").1;
        assert_eq!(asks_password(&page).as_deref(), Some(name));
    }
    for hint in ["whr=unknown.test", "login_hint=", "whr=urn:contoso"] {
        let page = get(provider, &mut browser, &hinted(hint)).await;
        assert!(asks_name(&page), "{hint}: {}", page.text());
    }
}

#[tokio::test]
async fn a_name_without_a_home_is_told_so_whether_or_not_somebody_has_it() {
    let world = world(Besides {
        no_passwords: true,
        ..Besides::default()
    })
    .await;
    let (provider, mut browser) = (&world.provider, browser(&world));
    let mut pages = Vec::new();
    for name in [ADAM, "nobody@adatum.com"] {
        let page = get(provider, &mut browser, &Asked::new().to_redirect()).await;
        let page = type_name(&mut browser, &page, name, false).await;
        assert!(asks_name(&page), "{}", page.text());
        let text = page.text();
        assert!(
            text.contains("Nobody signs in here with such an address."),
            "{text}"
        );
        pages.push(text.replace(name, "NAME"));
    }
    let shape = |page: &str| page.len();
    assert_eq!(shape(&pages[0]), shape(&pages[1]));
    let empty = get(provider, &mut browser, &Asked::new().to_redirect()).await;
    let empty = type_name(&mut browser, &empty, " ", false).await;
    assert!(empty.text().contains("Your email address is needed."));
    // A hint that leads nowhere is no mistake of hers.
    let page = get(provider, &mut browser, &hinted("login_hint=a@unknown.test")).await;
    assert!(
        asks_name(&page) && !page.text().contains("problem"),
        "{}",
        page.text()
    );
    // By a password neither.
    let page = get(provider, &mut browser, "/password").await;
    assert_eq!(page.status, 200);
}

#[tokio::test]
async fn this_device_remembers_a_name_where_she_wants_it() {
    let world = world(Besides::default()).await;
    let (provider, mut browser) = (&world.provider, browser(&world));
    let ask = Asked::new().to_redirect();
    let page = get(provider, &mut browser, &ask).await;
    assert!(!page.text().contains(" checked"), "{}", page.text());
    let leaving = type_name(&mut browser, &page, WENDY, true).await;
    let cookies = leaving.headers.get_all("set-cookie");
    let set = cookies.iter().map(|cookie| cookie.to_str().expect("ASCII"));
    let set: Vec<_> = set.filter(|cookie| cookie.starts_with(NAME)).collect();
    assert!(set[0].contains("; Path=/; Secure; HttpOnly; SameSite=None; Max-Age=7776000"));

    // She is not led anywhere by it: somebody else may sit here by now.
    let page = get(provider, &mut browser, &ask).await;
    assert!(asks_name(&page), "{}", page.text());
    assert!(page.text().contains(&format!("value=\"{WENDY}\"")));
    assert!(page.text().contains(" checked"));
    // A hint says more.
    let hinted = get(
        provider,
        &mut browser,
        &hinted(&format!("login_hint={ADAM}")),
    )
    .await;
    assert_eq!(asks_password(&hinted).as_deref(), Some(ADAM));

    let page = another(&mut browser, &page).await;
    assert!(
        asks_name(&page) && !page.text().contains(WENDY),
        "{}",
        page.text()
    );
    assert_eq!(browser.cookie(HOST, NAME), None);
    // The request is still the one that waits.
    let done = by_fabrikam(&mut browser, &page, WENDY).await;
    assert!(posted(&done).document.contains(WENDYS_UPN));

    // Without the tick it is forgotten.
    let mut browser = crate::walk::browser(&world);
    let page = get(provider, &mut browser, &ask).await;
    type_name(&mut browser, &page, WENDY, true).await;
    let page = get(provider, &mut browser, &ask).await;
    assert!(browser.cookie(HOST, NAME).is_some());
    type_name(&mut browser, &page, WENDY, false).await;
    assert_eq!(browser.cookie(HOST, NAME), None);
}

#[tokio::test]
async fn a_hint_that_disagrees_with_the_live_session_asks() {
    let world = world(Besides::default()).await;
    let (provider, mut browser) = (&world.provider, browser(&world));
    let page = get(provider, &mut browser, &Asked::new().to_redirect()).await;
    posted(&by_fabrikam(&mut browser, &page, WENDY).await);
    for hint in [
        format!("login_hint={WENDY}"),
        format!("login_hint={WENDYS_UPN}"),
        "whr=fabrikam.com".to_owned(),
        "domain_hint=partners.contoso.com".to_owned(),
    ] {
        let page = get(provider, &mut browser, &hinted(&hint)).await;
        assert!(posted(&page).document.contains(WENDYS_UPN), "{hint}");
    }
    for hint in [format!("login_hint={ADAM}"), format!("login_hint={TINA}")] {
        let page = get(provider, &mut browser, &hinted(&hint)).await;
        assert!(
            !page.text().contains("SAMLResponse"),
            "{hint}: {}",
            page.text()
        );
    }
    let page = get(provider, &mut browser, &hinted("whr=tailspintoys.com")).await;
    assert_eq!(heading(&page).1, "You sign in at Tailspin Toys");

    // The next person takes her place.
    let page = get(
        provider,
        &mut browser,
        &hinted(&format!("login_hint={ADAM}")),
    )
    .await;
    posted(&type_password(&mut browser, &page, ADAM, PASSWORD).await);
    let page = get(provider, &mut browser, &Asked::new().to_redirect()).await;
    assert!(
        posted(&page)
            .document
            .contains("u00002@partners.contoso.com")
    );
}

#[tokio::test]
async fn those_who_belong_to_entra_or_nowhere_are_told_so() {
    let world = world(Besides {
        routes: r#"
[[route]]
name = "staff"
email_domains = ["contoso.com"]
to = { entra = { link = "https://myapps.test/contoso.com", domain_hint = "contoso.com" } }
[[route]]
name = "former"
email_domains = ["litware.com"]
to = { refuse = "Litware is no partner <any> more." }
"#,
        ..Besides::default()
    })
    .await;
    let (provider, mut browser) = (&world.provider, browser(&world));
    for name in ["khart@contoso.com", "nobody@contoso.com"] {
        let page = get(provider, &mut browser, &Asked::new().to_redirect()).await;
        let page = type_name(&mut browser, &page, name, false).await;
        assert_eq!(heading(&page), (200, "You sign in at Microsoft".to_owned()));
        let text = page.text();
        // Never by itself: Entra may have sent her, and would again.
        assert!(!text.contains("http-equiv"), "{text}");
        let name = name.replace('@', "%40");
        let link = format!(
            "<a href=\"https://myapps.test/contoso.com?login_hint={name}&#38;domain_hint=contoso.com\" \
             id=\"go-on\">"
        );
        assert!(text.contains(&link), "{link} in {text}");
    }
    let page = get(provider, &mut browser, &hinted("login_hint=a@litware.com")).await;
    assert_eq!(heading(&page).1, "You cannot sign in here");
    assert!(
        page.text()
            .contains("Litware is no partner &#60;any&#62; more."),
        "{}",
        page.text()
    );
    assert_eq!(provider.audit("request-refused", 3).len(), 3);
}
