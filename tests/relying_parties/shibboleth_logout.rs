//! The end of a session, between a Shibboleth SP and Homerealm: either may begin.

use homerealm::http::{
    PageForm,
    client::{Client, Reply},
};
use hyper::Uri;

use crate::{
    WENDY,
    federation::{BY_METADATA, Federation, submit, walk},
    provider::{Asked, ISSUER, is_sign_in_page, posted},
    shibboleth::{Settings, USUAL, seen},
    slapd::Numbered,
};

/// It waits for the answer, which it does not by itself.
const WAITING: Settings<'static> = Settings {
    logout: "asynchronous=\"false\"",
    ..USUAL
};

/// How it knows people.
const NAMES: [&str; 4] = [
    r#""immutable-id""#,
    r#""pairwise""#,
    r#""transient""#,
    r#"{ email-address = "email" }"#,
];

fn known_by(name_id: &str) -> String {
    BY_METADATA.replace(r#""immutable-id""#, name_id)
}

async fn get(browser: &mut Client, url: &Uri) -> Reply {
    browser.get(url, None).await.expect("an answer")
}

/// Presses the button of the form with this ID, after which the browser goes on by itself.
async fn press(
    browser: &mut Client,
    page: &Reply,
    form: &str,
    button: Option<(&str, &str)>,
) -> Reply {
    let text = page.text();
    let mut form = PageForm::find(&text, Some(form)).unwrap_or_else(|_| panic!("{text}"));
    let button = button.map(|(name, value)| (name.to_owned(), value.to_owned()));
    form.fields.extend(button);
    let page = submit(browser, page, &form).await;
    walk(browser, page).await
}

impl Federation {
    /// Signs out at the service provider.
    async fn sign_out_there(&self, browser: &mut Client) -> Reply {
        let logout = self.sp.url("/Shibboleth.sso/Logout");
        self.visit(browser, logout).await
    }

    /// Whether the application lets this browser in, and whether the identity provider knows it.
    async fn knows(&self, browser: &mut Client) -> [bool; 2] {
        let session = self.sp.url("/Shibboleth.sso/Session");
        let there = get(browser, &session).await.text().contains(ISSUER);
        let login = self.sp.login("");
        let here = !is_sign_in_page(&self.visit(browser, login).await);
        [there, here]
    }
}

#[tokio::test]
async fn the_service_provider_ends_the_session_and_hears_so() {
    for name_id in NAMES {
        let federation = Federation::new(WAITING, &known_by(name_id)).await;
        let mut browser = federation.browser();
        seen(&federation.sign_in(&mut browser, WENDY).await);
        let page = federation.sign_out_there(&mut browser).await;
        let text = page.text();
        assert!(
            text.contains("Logout completed successfully"),
            "{name_id}: {text}"
        );
        assert_eq!(federation.knows(&mut browser).await, [false, false]);
        let line = &federation.idp.audit("signed-out", 1)[0];
        assert_eq!(line["relying_party"], federation.sp.entity_id());
    }
}

#[tokio::test]
async fn by_itself_the_service_provider_wants_no_answer() {
    let federation = Federation::new(USUAL, BY_METADATA).await;
    let mut browser = federation.browser();
    seen(&federation.sign_in(&mut browser, WENDY).await);
    let page = federation.sign_out_there(&mut browser).await;
    let text = page.text();
    assert!(text.contains("<h1>You are signed out</h1>"), "{text}");
    assert_eq!(federation.knows(&mut browser).await, [false, false]);
}

#[tokio::test]
async fn the_service_provider_hears_that_somebody_was_not_told() {
    let federation = Federation::new(WAITING, BY_METADATA).await;
    let mut browser = federation.browser();
    seen(&federation.sign_in(&mut browser, WENDY).await);
    let elsewhere = federation.idp.url(&Asked::new().to_redirect());
    posted(&get(&mut browser, &elsewhere).await);
    let page = federation.sign_out_there(&mut browser).await;
    let text = page.text();
    assert!(text.contains("The partner portal: open it"), "{text}");
    let page = press(&mut browser, &page, "choice", Some(("go-on", "1"))).await;
    let text = page.text();
    assert!(text.contains("<h1>Partial Logout</h1>"), "{text}");
    assert_eq!(federation.knows(&mut browser).await, [false, false]);
}

#[tokio::test]
async fn the_service_provider_is_told_without_its_cookie() {
    for name_id in NAMES {
        let federation = Federation::new(USUAL, &known_by(name_id)).await;
        let mut browser = federation.browser();
        seen(&federation.sign_in(&mut browser, WENDY).await);
        let mut another = federation.browser();
        seen(&federation.sign_in(&mut another, WENDY).await);

        let page = get(&mut browser, &federation.idp.url("/signout")).await;
        let text = page.text();
        let (_, frame) = text.split_once("<iframe src=\"").expect("a frame");
        let (frame, _) = frame.split_once('"').expect("its address");
        let frame = page.resolve(&frame.replace("&amp;", "&")).expect("a URL");
        let told = get(&mut browser, &frame)
            .await
            .location()
            .expect("a request");
        // Browsers that bring no cookie into another site's frame are strangers to it.
        let answer = get(&mut federation.browser(), &told).await;
        let answer = answer.location().expect("an answer");
        let text = get(&mut browser, &answer).await.text();
        assert!(
            text.contains("<h1>You are signed out there</h1>"),
            "{name_id}: {text}"
        );
        let line = &federation.idp.audit("sign-out-confirmed", 1)[0];
        assert_eq!(line["relying_party"], federation.sp.entity_id());
        let text = press(&mut browser, &page, "go-on", None).await.text();
        assert!(text.contains("<h1>You are signed out</h1>"), "{text}");
        assert!(!text.contains("id=\"missing\""), "{text}");

        assert_eq!(federation.knows(&mut browser).await, [false, false]);
        // The same person's session in another browser is another one.
        assert_eq!(federation.knows(&mut another).await, [true, true]);
    }
}

#[tokio::test]
async fn nobody_elses_session_ends() {
    let federation = Federation::new(WAITING, BY_METADATA).await;
    let mut browser = federation.browser();
    seen(&federation.sign_in(&mut browser, WENDY).await);
    let logout = federation.sp.url("/Shibboleth.sso/Logout");
    let request = get(&mut browser, &logout)
        .await
        .location()
        .expect("a request");
    for name in [&*Numbered(0).mail(), WENDY] {
        let mut other = federation.browser();
        seen(&federation.sign_in(&mut other, name).await);
        // The request of the one, brought by the browser of the other.
        let page = federation.visit(&mut other, request.clone()).await;
        let text = page.text();
        assert!(text.contains("UnknownPrincipal"), "{text}");
        assert_eq!(federation.knows(&mut other).await, [true, true], "{name}");
    }
}
