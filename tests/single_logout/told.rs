//! The others are told, all at once, and what they answer is told to the one who asked.

use homerealm::saml2::Carried;
use serde_json::json;

use crate::{
    parties::{
        LOOSE, QUIET, SECOND, SLO, between, bring, frames, get, is_signed_in, logout_request,
        logout_response, parameters, press, publish_metadata, pysaml2, redirected, session_cookie,
        sign_in, sign_in_by_ws_federation, signer, start, start_with, status, wendy,
    },
    provider::{Asked, ISSUER, SP, posted},
    raw::{FORM_COOKIE, Raw, SESSION_COOKIE},
};

/// Three relying parties, one of them by WS-Federation. One asks; the others hear of it, by an image
/// and by a frame, in which pysaml2 takes the request and answers; and the first hears that all went
/// well.
#[tokio::test]
async fn all_others_are_told_and_the_one_who_asked_hears_so() {
    let provider = start();
    publish_metadata(&provider).await;
    let (mut browser, known) = wendy(&provider).await;
    let second = sign_in(&provider, &mut browser, SECOND).await;
    sign_in_by_ws_federation(&provider, &mut browser).await;
    let signer = signer(&provider);

    let document = logout_request(&provider, &second);
    let page = bring(
        &provider,
        &mut browser,
        Carried::Request,
        &document,
        Some(&signer),
    )
    .await;
    assert_eq!(page.status, 200, "{}", page.text());
    assert_eq!(session_cookie(&browser), None, "the session ends first");
    assert!(!is_signed_in(&provider, &mut browser).await);
    let text = page.text();
    assert!(text.contains("Being told: The partner portal."), "{text}");
    let image = "<img src=\"https://portal.test/wsfed?wa=wsignoutcleanup1.0\"";
    assert!(text.contains(image), "{text}");
    let policy = page.headers["content-security-policy"]
        .to_str()
        .expect("ASCII");
    assert!(
        policy.contains("; frame-src 'self' https://sp.test;"),
        "{policy}"
    );
    assert!(
        policy.contains("; img-src https://portal.test;"),
        "{policy}"
    );
    assert!(
        policy.ends_with("; form-action 'self' https://second.test"),
        "{policy}"
    );

    let frames = frames(&page);
    assert_eq!(frames.len(), 1, "{text}");
    let reply = get(&provider, &mut browser, &frames[0]).await;
    let told = redirected(&reply, Carried::Request);
    assert_eq!(told.address, SLO);
    let message = parameters(&told.query);
    let order = json!({"do": "be_told", "binding": "redirect", "message": message});
    let read = pysaml2(&provider, SP, SLO, &known, order);
    assert_eq!(read["issuer"], ISSUER);
    assert_eq!(read["session_index"], json!([known.session_index]));
    let answer = read["url"].as_str().expect("a URL");
    let answer = browser.get(&answer.parse().expect("a URL"), None).await;
    let answer = answer.expect("an answer");
    assert_eq!(answer.status, 200);
    assert!(
        answer.text().contains("You are signed out there"),
        "{}",
        answer.text()
    );
    let policy = answer.headers["content-security-policy"]
        .to_str()
        .expect("ASCII");
    assert!(policy.contains("frame-ancestors 'self'"), "{policy}");

    let answer = posted(&press(&mut browser, &page, None).await);
    assert_eq!(answer.action, "https://second.test/slo/answer");
    assert_eq!(status(&answer.document), ["Success"]);
    let id = between(&document, " ID=\"", "\"");
    assert_eq!(between(&answer.document, "InResponseTo=\"", "\""), id);
    let ended = provider.audit("signed-out", 1);
    let confirmed = provider.audit("sign-out-confirmed", 1);
    assert_eq!(confirmed[0]["relying_party"], SP);
    assert_eq!(confirmed[0]["correlation"], ended[0]["correlation"]);
}

/// A relying party that wants HTTP-POST is told by a page in the frame, its message signed itself.
#[tokio::test]
async fn a_relying_party_is_told_by_post_where_the_trust_says_so() {
    let provider = start();
    publish_metadata(&provider).await;
    let mut browser = provider.browser();
    let second = sign_in(&provider, &mut browser, SECOND).await;
    let page = get(&provider, &mut browser, "/signout").await;
    let frames = frames(&page);
    assert_eq!(frames.len(), 1, "{}", page.text());
    let in_frame = get(&provider, &mut browser, &frames[0]).await;
    let policy = in_frame.headers["content-security-policy"]
        .to_str()
        .expect("ASCII");
    assert!(policy.contains("frame-ancestors 'self'"), "{policy}");
    assert!(
        policy.ends_with("form-action https://second.test"),
        "{policy}"
    );
    let text = in_frame.text();
    let action = between(&text, "action=\"", "\"");
    assert_eq!(action, "https://second.test/slo?tenant=1");
    let message = json!({"SAMLRequest": between(&text, "name=\"SAMLRequest\" value=\"", "\"")});
    let order = json!({"do": "be_told", "binding": "post", "message": message});
    let read = pysaml2(&provider, SECOND, action, &second, order);
    assert_eq!(read["signed"], true);
    let fields = read["fields"].as_object().expect("fields").iter();
    let fields: Vec<(String, String)> = fields
        .map(|(name, value)| (name.clone(), value.as_str().expect("text").to_owned()))
        .collect();
    let url = read["action"]
        .as_str()
        .expect("a URL")
        .parse()
        .expect("a URL");
    let answer = browser
        .post_form(&url, &fields, None)
        .await
        .expect("an answer");
    assert!(
        answer.text().contains("You are signed out there"),
        "{}",
        answer.text()
    );
    let last = press(&mut browser, &page, None).await.text();
    assert!(last.contains("<h1>You are signed out</h1>"), "{last}");
    assert!(
        !last.contains("<form") && !last.contains("<iframe"),
        "{last}"
    );
}

/// Whoever does not answer, refuses, or cannot be told, is named, with a way to try again; and the
/// one who asked hears of a partial logout when the person goes on.
#[tokio::test]
async fn who_has_not_confirmed_it_is_named_and_the_logout_is_partial() {
    let provider = start();
    let (mut browser, known) = wendy(&provider).await;
    sign_in(&provider, &mut browser, LOOSE).await;
    sign_in(&provider, &mut browser, QUIET).await;
    let signer = signer(&provider);
    let document = logout_request(&provider, &known);
    let page = bring(
        &provider,
        &mut browser,
        Carried::Request,
        &document,
        Some(&signer),
    )
    .await;
    let text = page.text();
    assert!(text.contains("Being told: The loose one."), "{text}");
    let [frame] = &frames(&page)[..] else {
        panic!("{text}")
    };

    // Nobody has answered yet.
    let result = press(&mut browser, &page, None).await;
    let text = result.text();
    assert!(text.contains("<h1>You are signed out here</h1>"), "{text}");
    assert!(
        text.contains("<li>The quiet one: open it and sign out there</li>"),
        "{text}"
    );
    assert!(
        text.contains("<li>The loose one: <a href=\"/signout/tell?state="),
        "{text}"
    );
    assert!(text.contains(">Check again</button>"), "{text}");
    assert!(
        text.contains(">Go on to The partner portal</button>"),
        "{text}"
    );
    assert!(!text.contains("<script"), "it waits for the person: {text}");

    // It refuses; then it is told once more, by another request, and confirms.
    let request = |reply| redirected(&reply, Carried::Request).document;
    let first = request(get(&provider, &mut browser, frame).await);
    let id = between(&first, " ID=\"", "\"");
    let answer = logout_response(&provider, LOOSE, id, "Responder");
    let reply = bring(&provider, &mut browser, Carried::Response, &answer, None).await;
    assert!(
        reply.text().contains("You are not signed out there"),
        "{}",
        reply.text()
    );
    let noted = &provider.audit("sign-out-not-confirmed", 1)[0];
    assert_eq!(noted["relying_party"], LOOSE);
    assert_eq!(
        noted["cause"],
        "urn:oasis:names:tc:SAML:2.0:status:Responder"
    );
    let result = press(&mut browser, &result, None).await;
    let text = result.text();
    let link = between(&text, "<a href=\"", "\"");
    let again = request(get(&provider, &mut browser, link).await);
    let other_id = between(&again, " ID=\"", "\"");
    assert_ne!(id, other_id, "a relying party takes each ID once");
    assert_eq!(
        between(&again, "<saml:NameID", "<"),
        between(&first, "<saml:NameID", "<")
    );
    let answer = logout_response(&provider, LOOSE, other_id, "Success");
    bring(&provider, &mut browser, Carried::Response, &answer, None).await;
    let result = press(&mut browser, &result, None).await;
    let text = result.text();
    assert!(!text.contains("The loose one"), "{text}");
    assert!(text.contains("The quiet one"), "{text}");

    let reply = press(&mut browser, &result, Some("go-on")).await;
    let answer = redirected(&reply, Carried::Response);
    assert_eq!(status(&answer.document), ["Success", "PartialLogout"]);
    assert_eq!(
        answer.query.single("RelayState"),
        Ok(Some("state+of the=sp"))
    );
}

/// The person asks by herself: at the page for it, at the address alone (Entra's `signOutUri`), and
/// by WS-Federation.
#[tokio::test]
async fn whoever_asks_all_are_told() {
    let provider = start();
    for path in [
        "/signout",
        "/saml2/slo",
        "/saml2/slo?client-request-id=1",
        "/adfs/ls/?wa=wsignout1.0",
        "/adfs/ls/?wa=wsignout1.0&wreply=https%3A%2F%2Fportal.test%2Fwsfed",
    ] {
        let (mut browser, known) = wendy(&provider).await;
        sign_in_by_ws_federation(&provider, &mut browser).await;
        let page = get(&provider, &mut browser, path).await;
        let text = page.text();
        assert!(
            text.contains("<h1>You are signed out</h1>"),
            "{path}: {text}"
        );
        assert!(text.contains("wsignoutcleanup1.0"), "{path}: {text}");
        assert!(!is_signed_in(&provider, &mut browser).await, "{path}");
        let frames = frames(&page);
        assert_eq!(frames.len(), 1, "{path}: {text}");
        let told = get(&provider, &mut browser, &frames[0]).await;
        let told = redirected(&told, Carried::Request).document;
        let expected = format!(
            "<samlp:SessionIndex>{}</samlp:SessionIndex>",
            known.session_index
        );
        assert!(told.contains(&expected), "{path}: {told}");
        let result = press(&mut browser, &page, None).await.text();
        assert!(
            result.contains("<li>The partner portal: <a href"),
            "{result}"
        );
        assert_eq!(
            result.contains("Go on"),
            path.contains("wreply"),
            "{result}"
        );

        let id = between(&told, " ID=\"", "\"");
        let answer = logout_response(&provider, SP, id, "Success");
        let signer = signer(&provider);
        bring(
            &provider,
            &mut browser,
            Carried::Response,
            &answer,
            Some(&signer),
        )
        .await;
        let result = press(&mut browser, &page, None).await.text();
        assert!(result.contains("<h1>You are signed out</h1>"), "{result}");
        let goes_on = result.contains("<a href=\"https://portal.test/wsfed\" id=\"go-on\">");
        assert_eq!(goes_on, path.contains("wreply"), "{path}: {result}");
    }
    // Who is not signed in sees the same page, and nobody is told anything.
    for path in ["/signout", "/saml2/slo"] {
        let page = get(&provider, &mut provider.browser(), path).await;
        let text = page.text();
        assert!(text.contains("<h1>You are signed out</h1>"), "{text}");
        assert!(
            !text.contains("<iframe") && !text.contains("<img"),
            "{text}"
        );
    }
}

/// What the page carries is for the browser that got it, as what it is, and no other one.
#[tokio::test]
async fn the_way_of_one_browser_is_no_other_ones() {
    let provider = start();
    let (mut browser, _) = wendy(&provider).await;
    let page = get(&provider, &mut browser, "/signout").await;
    let frame = frames(&page).pop().expect("a frame");
    let text = page.text();
    let state = between(&text, "name=\"state\" value=\"", "\"");
    let (_, telling) = frame.split_once("state=").expect("a state");
    let mut stranger = provider.browser();
    assert_eq!(get(&provider, &mut stranger, &frame).await.status, 400);
    sign_in(&provider, &mut stranger, QUIET).await;
    for stolen in [
        &frame,
        &format!("/signout/tell?state={state}"),
        "/signout/tell",
    ] {
        assert_eq!(
            get(&provider, &mut stranger, stolen).await.status,
            400,
            "{stolen}"
        );
    }
    for state in [state, telling, ""] {
        let form = [("state", state)];
        let reply = Raw::form("/signout/done", &form)
            .header("Cookie", format!("{FORM_COOKIE}={}", "A".repeat(22)))
            .send(&provider)
            .await;
        assert_eq!(reply.status, 400);
        let from_elsewhere = Raw::form("/signout/done", &form)
            .header("Sec-Fetch-Site", "cross-site")
            .send(&provider)
            .await;
        assert_eq!(from_elsewhere.status, 400);
    }
    let mixed = get(
        &provider,
        &mut browser,
        &format!("/signout/tell?state={state}"),
    )
    .await;
    assert_eq!(
        mixed.status, 400,
        "another kind of state, of the same browser"
    );
    assert_eq!(press(&mut browser, &page, None).await.status, 200);
}

/// In a frame no page of ours is shown, so nobody could be told: the one who asks learns it at once.
#[tokio::test]
async fn a_request_within_a_frame_is_answered_at_once() {
    let provider = start();
    let (mut browser, known) = wendy(&provider).await;
    sign_in(&provider, &mut browser, SECOND).await;
    let cookies = format!(
        "{SESSION_COOKIE}={}",
        session_cookie(&browser).expect("a session")
    );
    let document = logout_request(&provider, &known);
    let url = homerealm::saml2::redirect_url(
        "/saml2/slo",
        Carried::Request,
        &document,
        None,
        &signer(&provider),
    );
    let reply = Raw::get(url.expect("signed"))
        .header("Cookie", cookies)
        .header("Sec-Fetch-Dest", "iframe")
        .send(&provider)
        .await;
    assert_eq!(reply.status, 303);
    let location = reply.header("location");
    assert!(
        location.starts_with(&format!("{SLO}?SAMLResponse=")),
        "{location}"
    );
    assert!(!is_signed_in(&provider, &mut browser).await);
}

/// More relying parties than one page tells: all are ended here, and the rest are named.
#[tokio::test]
async fn more_than_a_page_can_tell_are_named() {
    const COUNT: usize = 40;
    let tables: Vec<String> = (0..COUNT)
        .map(|number| {
            format!(
                "[[relying_party]]\nentity_id = \"https://sp{number}.test\"\npreset = \"entra\"\n\
                 display_name = \"Portal {number}.\"\n\
                 assertion_consumer_services = [\"https://sp{number}.test/acs\"]\n\
                 single_logout_service = \"https://sp{number}.test/slo\"\n"
            )
        })
        .collect();
    let provider = start_with(Box::leak(tables.concat().into_boxed_str()));
    let (mut browser, _) = wendy(&provider).await;
    for number in 0..COUNT {
        let issuer: &'static str = Box::leak(format!("https://sp{number}.test").into_boxed_str());
        let asked = Asked {
            issuer,
            ..Asked::new()
        };
        let page = get(&provider, &mut browser, &asked.to_redirect()).await;
        posted(&page);
    }
    let page = get(&provider, &mut browser, "/signout").await;
    // One of the 32 is Entra, by an image.
    assert_eq!(frames(&page).len(), 31);
    let size = page.text().len();
    assert!(size < 64 * 1024, "{size}");
    let result = press(&mut browser, &page, None).await.text();
    let links = result.matches("sign out there</a>").count();
    let others = result.matches(": open it and sign out there</li>").count();
    assert_eq!((links, others), (32, COUNT + 1 - 32), "{result}");
}
