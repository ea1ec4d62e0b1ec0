//! Changing a password on the page: at a real Active Directory domain controller by unicodePwd, at
//! a real OpenLDAP by Password Modify; as a step of a sign-in, and on its own.
#![allow(clippy::expect_used, clippy::indexing_slicing)] // a test may stop

mod provider;
mod samba;
mod slapd;

use homerealm::http::{
    PageForm,
    client::{Client, Reply},
};
use provider::{Asked, Options, Provider, is_sign_in_page, posted, type_password};
use samba::Samba;
use slapd::{Numbered, PASSWORD, Slapd};

const NEW: &str = "Qu1te-another-0ne";

async fn sign_in(provider: &Provider, browser: &mut Client, name: &str, password: &str) -> Reply {
    let url = provider.url(&Asked::new().to_redirect());
    let page = browser.get(&url, None).await.expect("the page");
    type_password(browser, &page, name, password).await
}

async fn change(
    browser: &mut Client,
    page: &Reply,
    name: &str,
    [current, new, repeated]: [&str; 3],
) -> Reply {
    let text = page.text();
    let form = PageForm::find(&text, Some("change-password"));
    let mut form = form.unwrap_or_else(|_| panic!("{text}"));
    for (field, value) in [
        ("name", name),
        ("current", current),
        ("new", new),
        ("repeated", repeated),
    ] {
        form.fill(field, value).expect("a field");
    }
    let url = page.resolve(&form.action).expect("a URL");
    browser
        .post_form(&url, &form.fields, Some(page))
        .await
        .expect("an answer")
}

/// The problem that the page tells, "" for none.
fn problem(page: &Reply) -> String {
    let text = page.text();
    let after = text.split_once("<strong>").map_or("", |(_, after)| after);
    after
        .split_once("</strong>")
        .map_or("", |(problem, _)| problem)
        .to_owned()
}

/// From an expired password to the relying party without starting over.
async fn goes_on_with_a_new_password(provider: &Provider, name: &str, bad: &[(&str, &str)]) {
    let mut browser = provider.browser();
    let page = sign_in(provider, &mut browser, name, "wrong").await;
    assert!(is_sign_in_page(&page), "{name}");
    let mut page = sign_in(provider, &mut browser, name, PASSWORD).await;
    assert!(
        page.text().contains("has expired"),
        "{name}: {}",
        page.text()
    );
    page = change(&mut browser, &page, name, [PASSWORD, NEW, "Another"]).await;
    assert!(problem(&page).contains("differ"), "{}", problem(&page));
    page = change(&mut browser, &page, name, [PASSWORD, PASSWORD, PASSWORD]).await;
    assert!(
        problem(&page).contains("the one that you have"),
        "{}",
        problem(&page)
    );
    page = change(&mut browser, &page, name, ["wrong", NEW, NEW]).await;
    assert!(
        problem(&page).contains("is not right"),
        "{}",
        problem(&page)
    );
    for (new, told) in bad {
        page = change(&mut browser, &page, name, [PASSWORD, new, new]).await;
        assert!(problem(&page).contains(told), "{new}: {}", problem(&page));
    }
    let answer = posted(&change(&mut browser, &page, name, [PASSWORD, NEW, NEW]).await);
    assert!(
        answer.document.contains("status:Success"),
        "{}",
        answer.document
    );
    // It is the new one from now on.
    let page = sign_in(provider, &mut provider.browser(), name, PASSWORD).await;
    assert!(is_sign_in_page(&page), "the old password still works");
    posted(&sign_in(provider, &mut provider.browser(), name, NEW).await);
}

async fn on_its_own(provider: &Provider, name: &str, too_bad: (&str, &str)) {
    let mut browser = provider.browser();
    let page = browser
        .get(&provider.url("/password"), None)
        .await
        .expect("the page");
    let unknown = "nobody@fabrikam.com";
    let refused = change(&mut browser, &page, unknown, [PASSWORD, NEW, NEW]).await;
    let wrong = change(&mut browser, &page, name, ["wrong", NEW, NEW]).await;
    assert_eq!(
        problem(&refused),
        problem(&wrong),
        "unknown and wrong look the same"
    );
    let page = change(&mut browser, &page, name, [PASSWORD, too_bad.0, too_bad.0]).await;
    assert!(problem(&page).contains(too_bad.1), "{}", problem(&page));
    let page = change(&mut browser, &page, name, [PASSWORD, NEW, NEW]).await;
    assert!(
        page.text().contains("Your password is changed"),
        "{}",
        page.text()
    );
    posted(&sign_in(provider, &mut provider.browser(), name, NEW).await);
    let log = provider.log().join("\n");
    assert!(
        !log.contains(NEW) && !log.contains(PASSWORD),
        "a password is in the log"
    );
    provider.audit("password-changed", 1);
}

#[tokio::test]
async fn active_directory_takes_a_new_password() {
    let samba = Samba::start();
    let table = samba.table("password_change = \"active-directory\"");
    let provider = Provider::start_before(&table, samba.ca_pem(), Options::default());
    for name in ["mustchange@fabrikam.com", "oldpassword@fabrikam.com"] {
        let bad = [
            ("short", "too short or too simple"),
            ("alllowercaseletters", "too short or too simple"),
        ];
        goes_on_with_a_new_password(&provider, name, &bad).await;
    }
    on_its_own(
        &provider,
        "wmoran@fabrikam.com",
        ("short", "too short or too simple"),
    )
    .await;
    // No new password opens a disabled account.
    let page = sign_in(
        &provider,
        &mut provider.browser(),
        "disabled@fabrikam.com",
        PASSWORD,
    )
    .await;
    assert!(is_sign_in_page(&page));
    assert!(
        problem(&page).contains("switched off"),
        "{}",
        problem(&page)
    );
}

#[tokio::test]
async fn openldap_takes_a_new_password() {
    let slapd = Slapd::start_new(slapd::Options {
        policy: true,
        ..Default::default()
    });
    let options = Options {
        directory: "password_change = \"password-modify\"",
        ..Options::default()
    };
    let provider = Provider::start(&slapd, options);
    let bad = [("short", "too short or too simple")];
    goes_on_with_a_new_password(&provider, "reset@fabrikam.com", &bad).await;
    on_its_own(
        &provider,
        &Numbered(3).mail(),
        ("short", "too short or too simple"),
    )
    .await;
    // OpenLDAP lets nobody bind whose password has expired: she is told to go elsewhere.
    let mut browser = provider.browser();
    let name = "expired@fabrikam.com";
    let page = sign_in(&provider, &mut browser, name, PASSWORD).await;
    let page = change(&mut browser, &page, name, [PASSWORD, NEW, NEW]).await;
    assert!(
        problem(&page).contains("cannot be changed here"),
        "{}",
        problem(&page)
    );
}

/// Who came by herself, sent by nobody, goes on to where she was going, too.
#[tokio::test]
async fn our_own_pages_go_on_with_a_new_password() {
    const TABLES: &str = r#"preset = "saml2"
access = "everyone"
[[application]]
name = "The portal"
id = "portal"
link = "https://entra.test/contoso.com/authorize""#;
    for (path, goes_on) in [("/applications", false), ("/start/portal", true)] {
        let slapd = Slapd::start_new(slapd::Options {
            policy: true,
            ..Default::default()
        });
        let options = Options {
            directory: "password_change = \"password-modify\"",
            relying_party: TABLES,
            ..Options::default()
        };
        let provider = Provider::start(&slapd, options);
        let mut browser = provider.browser();
        let (url, name) = (provider.url(path), "reset@fabrikam.com");
        let page = browser.get(&url, None).await.expect("the page");
        let page = type_password(&mut browser, &page, name, PASSWORD).await;
        assert!(page.text().contains("has expired"), "{}", page.text());
        let page = change(&mut browser, &page, name, [PASSWORD, NEW, "Another"]).await;
        assert!(problem(&page).contains("differ"), "{}", problem(&page));
        let on = change(&mut browser, &page, name, [PASSWORD, NEW, NEW]).await;
        if goes_on {
            let link = "https://entra.test/contoso.com/authorize?login_hint=";
            assert!(on.text().contains(link), "{}", on.text());
        } else {
            assert_eq!(on.status, 303, "{}", on.text());
            assert_eq!(on.headers["location"], "/applications");
        }
        let list = provider.url("/applications");
        let list = browser.get(&list, None).await.expect("the list").text();
        assert!(list.contains(&format!("Signed in as {name}")), "{list}");
    }
}

#[tokio::test]
async fn where_it_is_off_nothing_is_changed() {
    let slapd = Slapd::start_new(slapd::Options {
        policy: true,
        ..Default::default()
    });
    let provider = Provider::start(&slapd, Options::default());
    let mut browser = provider.browser();
    let page = sign_in(&provider, &mut browser, "reset@fabrikam.com", PASSWORD).await;
    assert!(is_sign_in_page(&page), "no form is shown that cannot help");
    let page = browser
        .get(&provider.url("/password"), None)
        .await
        .expect("the page");
    let name = "wmoran@fabrikam.com";
    let page = change(&mut browser, &page, name, [PASSWORD, NEW, NEW]).await;
    assert!(
        problem(&page).contains("cannot be changed here"),
        "{}",
        problem(&page)
    );
    posted(&sign_in(&provider, &mut browser, name, PASSWORD).await);
}

/// The id that the person tells the help desk.
fn correlation(page: &Reply) -> String {
    let text = page.text();
    let (_, after) = text.split_once("id=\"correlation\">").expect("an id");
    after.split_once('<').expect("its end").0.to_owned()
}

fn retry_after(page: &Reply) -> Option<&str> {
    page.headers.get("retry-after")?.to_str().ok()
}

#[tokio::test]
async fn whatever_comes_of_a_change_the_id_is_that_of_its_sign_in() {
    let slapd = Slapd::start_new(slapd::Options {
        policy: true,
        ..Default::default()
    });
    let options = Options {
        directory: "password_change = \"password-modify\"",
        ..Options::default()
    };
    let provider = Provider::start(&slapd, options);
    let mut browser = provider.browser();
    let name = "reset@fabrikam.com";
    let page = sign_in(&provider, &mut browser, name, PASSWORD).await;
    let id = correlation(&page);
    let wrong = change(&mut browser, &page, name, ["wrong", NEW, NEW]).await;
    assert_eq!(correlation(&wrong), id);

    let text = page.text();
    let mut form = PageForm::find(&text, Some("change-password")).expect("the form");
    form.fields.push(("name".to_owned(), name.to_owned()));
    let url = page.resolve(&form.action).expect("a URL");
    let broken = browser.post_form(&url, &form.fields, Some(&page)).await;
    let broken = broken.expect("an answer");
    assert_eq!(broken.status, 400, "{}", broken.text());
    assert_eq!(correlation(&broken), id);
    let audit = provider.audit("request-refused", 1);
    assert_eq!(audit[0]["correlation"], id.as_str(), "{audit:?}");
}

#[tokio::test]
async fn who_must_wait_is_told_for_how_long() {
    let mut slapd = Slapd::start_new(slapd::Options::default());
    let options = Options {
        directory: "password_change = \"password-modify\"",
        guard: "failures_per_source = 1",
        ..Options::default()
    };
    let provider = Provider::start(&slapd, options);
    let mut browser = provider.browser();
    let url = provider.url("/password");
    let page = browser.get(&url, None).await.expect("the page");
    let name = "wmoran@fabrikam.com";
    assert_eq!((page.status.as_u16(), retry_after(&page)), (200, None));
    slapd.kill();
    let page = change(&mut browser, &page, name, [PASSWORD, NEW, NEW]).await;
    assert_eq!((page.status.as_u16(), retry_after(&page)), (503, Some("5")));
    slapd.start();
    // The first of them fails, and is one too many for the next.
    let mut statuses = Vec::new();
    for _ in 0..100 {
        let page = change(&mut browser, &page, name, ["wrong", NEW, NEW]).await;
        statuses.push((page.status.as_u16(), retry_after(&page).map(str::to_owned)));
        if page.status == 429 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    let last = statuses.pop().expect("an answer");
    assert_eq!(last, (429, Some("600".to_owned())), "{statuses:?}");
    let failed = (200, None);
    assert_eq!(
        statuses.iter().filter(|one| **one == failed).count(),
        1,
        "{statuses:?}"
    );
}
