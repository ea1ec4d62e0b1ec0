//! What must not be taken for a sign-in.

use homerealm::http::client::{Client, Reply};
use hyper::Uri;

use crate::{
    provider::{Asked, HOST, posted},
    upstreams::{Besides, World},
    walk::{
        ADAM, Answer, TINA, WENDY, at_fabrikam, at_tailspin, browser, by_fabrikam, get,
        has_session, heading, query, type_name, world,
    },
};

const UNUSABLE: &str = "Your organisation's answer cannot be used";
const NOT_BEGUN: &str = "This sign-in was not begun here";

/// A browser on its way, and the page that leads there.
async fn leaving(world: &World, name: &str) -> (Client, Reply) {
    let mut browser = browser(world);
    let ask = Asked::new().to_redirect();
    let page = get(&world.provider, &mut browser, &ask).await;
    let leaving = type_name(&mut browser, &page, name, false).await;
    (browser, leaving)
}

async fn fabrikams(world: &World, name: &str) -> (Client, Answer) {
    let (mut browser, leaving) = leaving(world, WENDY).await;
    let answer = at_fabrikam(&mut browser, &leaving, name).await;
    (browser, answer)
}

#[tokio::test]
async fn one_upstream_cannot_assert_anothers_people() {
    let world = world(Besides::default()).await;
    for name in [
        TINA,
        ADAM,
        "special0@partners.contoso.com",
        "x@mail.fabrikam.com",
    ] {
        let (mut browser, answer) = fabrikams(&world, name).await;
        let page = answer.bring(&mut browser).await;
        assert_eq!(heading(&page), (502, UNUSABLE.to_owned()), "{name}");
        assert!(!has_session(&browser), "{name}");
        let (mut browser, leaving) = leaving(&world, TINA).await;
        let name = if name == TINA { WENDY } else { name };
        let back = at_tailspin(&mut browser, &leaving, name, "").await;
        let page = browser.get(&back, None).await.expect("an answer");
        assert_eq!(heading(&page), (502, UNUSABLE.to_owned()), "{name}");
        assert!(!has_session(&browser), "{name}");
    }
    let lines = world.provider.audit("upstream-failed", 8);
    for line in &lines {
        let cause = line["cause"].as_str().expect("a cause");
        assert!(cause.contains("does not speak for"), "{cause}");
    }
}

#[tokio::test]
async fn an_answer_counts_in_the_browser_that_asked_and_once() {
    let world = world(Besides::default()).await;
    let (mut asked, answer) = fabrikams(&world, WENDY).await;
    // Somebody else's browser, without a form of ours and with one, and on its way itself.
    let mut new = browser(&world);
    let page = answer.bring(&mut new).await;
    assert_eq!(heading(&page), (400, "This page is too old".to_owned()));
    let (mut other, _) = leaving(&world, WENDY).await;
    let page = answer.bring(&mut other).await;
    assert_eq!(heading(&page), (400, NOT_BEGUN.to_owned()));
    assert!(!has_session(&new) && !has_session(&other));

    posted(&answer.bring(&mut asked).await);
    let again = answer.bring(&mut asked).await;
    assert_eq!(heading(&again), (400, NOT_BEGUN.to_owned()));

    // By OpenID Connect as well.
    let (mut asked, page) = leaving(&world, TINA).await;
    let back = at_tailspin(&mut asked, &page, TINA, "").await;
    let page = other.get(&back, None).await.expect("an answer");
    assert_eq!(heading(&page), (400, NOT_BEGUN.to_owned()));
    posted(&asked.get(&back, None).await.expect("an answer"));
    let again = asked.get(&back, None).await.expect("an answer");
    assert_eq!(heading(&again), (400, NOT_BEGUN.to_owned()));
}

/// Two trips of one browser, to two upstreams, and their answers swapped.
#[tokio::test]
async fn no_upstream_answers_what_another_was_asked() {
    let world = world(Besides::default()).await;
    let provider = &world.provider;
    let (mut browser, at_one) = leaving(&world, WENDY).await;
    let one = at_fabrikam(&mut browser, &at_one, WENDY).await;
    let page = get(provider, &mut browser, &Asked::new().to_redirect()).await;
    let at_two = type_name(&mut browser, &page, TINA, false).await;
    let two = at_tailspin(&mut browser, &at_two, TINA, "").await;
    let state = query(&two)
        .single("state")
        .expect("once")
        .expect("a state")
        .to_owned();

    let mixed = Answer {
        relay_state: state,
        action: one.action.clone(),
        response: one.response.clone(),
        page: one.page.clone(),
    };
    let page = mixed.bring(&mut browser).await;
    assert_eq!(heading(&page), (502, UNUSABLE.to_owned()));
    let swapped: Uri = {
        let mut with = form_urlencoded::Serializer::new(String::new());
        for name in ["code", "iss"] {
            let value = query(&two);
            with.append_pair(name, value.single(name).expect("once").expect("a value"));
        }
        with.append_pair("state", &one.relay_state);
        provider.url(&format!("/upstream/openid/callback?{}", with.finish()))
    };
    let page = browser.get(&swapped, None).await.expect("an answer");
    assert_eq!(heading(&page), (502, UNUSABLE.to_owned()));
    // The answers of one upstream to two of its own questions, swapped.
    let page = get(provider, &mut browser, &Asked::new().to_redirect()).await;
    let again = type_name(&mut browser, &page, WENDY, false).await;
    let again = at_fabrikam(&mut browser, &again, WENDY).await;
    let mixed = Answer {
        response: one.response.clone(),
        ..again
    };
    let page = mixed.bring(&mut browser).await;
    assert_eq!(heading(&page), (502, UNUSABLE.to_owned()));
    assert!(!has_session(&browser));

    // Both trips are good still.
    posted(&browser.get(&two, None).await.expect("an answer"));
    posted(&one.bring(&mut browser).await);
}

#[tokio::test]
async fn what_nobody_asked_for_is_not_taken() {
    let world = world(Besides::default()).await;
    let provider = &world.provider;
    let (mut browser, answer) = fabrikams(&world, WENDY).await;
    for state in ["", "AAAAAAAAAAAAAAAAAAAAAA", "a.b", "\u{e9}"] {
        let unsolicited = Answer {
            relay_state: state.to_owned(),
            action: answer.action.clone(),
            response: answer.response.clone(),
            page: answer.page.clone(),
        };
        let page = unsolicited.bring(&mut browser).await;
        assert_eq!(heading(&page), (400, NOT_BEGUN.to_owned()), "{state:?}");
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("state", state)
            .append_pair("code", "x")
            .finish();
        let path = format!("/upstream/openid/callback?{query}");
        let page = get(provider, &mut browser, &path);
        assert_eq!(
            heading(&page.await),
            (400, NOT_BEGUN.to_owned()),
            "{state:?}"
        );
    }
    for garbage in ["", "AAAA", "PHg+"] {
        let broken = Answer {
            response: garbage.to_owned(),
            relay_state: answer.relay_state.clone(),
            action: answer.action.clone(),
            page: answer.page.clone(),
        };
        let page = broken.bring(&mut browser).await;
        assert_eq!(heading(&page), (502, UNUSABLE.to_owned()), "{garbage:?}");
    }
    // The right one is still good, since nothing has used it up.
    posted(&answer.bring(&mut browser).await);
    for (method, path) in [
        ("POST", "/upstream/saml2/acs"),
        ("GET", "/upstream/openid/callback"),
    ] {
        let page = if method == "POST" {
            get(provider, &mut browser, path).await
        } else {
            let url = provider.url(path);
            browser.post_form(&url, &[], None).await.expect("an answer")
        };
        assert_eq!(page.status, 405);
        assert_eq!(page.headers["allow"], method);
    }
}

/// A shared computer, on which somebody else is signed in at Fabrikam.
#[tokio::test]
async fn who_comes_back_as_somebody_else_is_asked() {
    let world = world(Besides::default()).await;
    let other = "u00000@fabrikam.com";
    let (mut browser, answer) = fabrikams(&world, other).await;
    let page = answer.bring(&mut browser).await;
    assert!(
        page.text().contains("You came back as somebody else."),
        "{}",
        page.text()
    );
    assert!(!has_session(&browser));
    // Fabrikam is told to ask her now, and hears who is expected.
    let leaving = type_name(&mut browser, &page, WENDY, false).await;
    let answer = at_fabrikam(&mut browser, &leaving, WENDY).await;
    let asked = world.fabrikam.asked();
    let last = asked.last().expect("a question");
    assert_eq!(
        (&last["force_authn"], &last["login_hint"]),
        (&true.into(), &WENDY.into())
    );
    posted(&answer.bring(&mut browser).await);

    // Without a name nobody in particular is expected.
    let mut browser = crate::walk::browser(&world);
    let path = format!("{}&whr=fabrikam.com", Asked::new().to_redirect());
    let page = get(&world.provider, &mut browser, &path).await;
    posted(&by_fabrikam(&mut browser, &page, other).await);
}

/// A form belongs to one browser and one step.
#[tokio::test]
async fn the_page_with_the_name_is_worth_nothing_elsewhere() {
    let world = world(Besides::default()).await;
    let provider = &world.provider;
    let mut one = browser(&world);
    let page = get(provider, &mut one, &Asked::new().to_redirect()).await;
    let mut other = browser(&world);
    get(provider, &mut other, &Asked::new().to_redirect()).await;
    let refused = type_name(&mut other, &page, WENDY, true).await;
    assert_eq!(heading(&refused), (400, "This page is too old".to_owned()));
    assert_eq!(other.cookie(HOST, crate::walk::NAME), None);
    // As the form with the password.
    let text = page.text();
    let form = homerealm::http::PageForm::find(&text, Some("sign-in")).expect("a form");
    let state = form.field("state").expect("a state");
    let fields = [("state", state), ("name", ADAM), ("password", "x")];
    let refused = crate::walk::send(&mut one, &page, "/signin", &fields).await;
    assert_eq!(heading(&refused), (400, "This page is too old".to_owned()));
}
