//! Whole sign-ins, and what is said of them afterwards.

use hyper::Uri;
use serde_json::json;

use crate::{
    provider::{Asked, posted, type_password},
    slapd::PASSWORD,
    upstreams::Besides,
    walk::{
        ADAM, SESSION, TINA, TINAS_UPN, WENDY, WENDYS_UPN, another, asks_name, asks_password,
        at_fabrikam, at_tailspin, browser, by_fabrikam, follow, get, has_session, heading,
        type_name, world, world_where,
    },
};

const ONE_FACTOR: &str = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport";
const SEVERAL: &str = "http://schemas.microsoft.com/claims/multipleauthn";

#[tokio::test]
async fn wendy_signs_in_at_her_own_organisation_by_saml() {
    let world = world_where(json!({"proven_seconds_ago": 600})).await;
    let (provider, mut browser) = (&world.provider, browser(&world));
    let asked = Asked::new();
    let page = get(provider, &mut browser, &asked.to_redirect()).await;
    assert!(asks_name(&page), "{}", page.text());
    assert!(page.text().contains("to go on to The partner portal"));

    let leaving = type_name(&mut browser, &page, WENDY, false).await;
    assert_eq!(
        heading(&leaving),
        (200, "You sign in at Fabrikam".to_owned())
    );
    let policy = &leaving.headers["content-security-policy"];
    assert!(!policy.to_str().expect("ASCII").contains("script-src"));
    let answer = at_fabrikam(&mut browser, &leaving, WENDY).await;
    let question = &world.fabrikam.asked()[0];
    assert_eq!(question["login_hint"], WENDY);
    assert_eq!(question["force_authn"], false);
    assert!(!has_session(&browser));

    let done = posted(&answer.bring(&mut browser).await);
    assert_eq!(done.relay_state.as_deref(), Some("r+s="));
    for part in [
        format!("InResponseTo=\"{}\"", asked.id),
        format!(">{WENDYS_UPN}<"),
        format!(">{ONE_FACTOR}<"),
    ] {
        assert!(done.document.contains(&part), "{part} in {}", done.document);
    }
    // When she proved it at Fabrikam, and not when it was issued.
    let instant = done
        .document
        .split_once("AuthnInstant=\"")
        .expect("an instant")
        .1;
    let instant = instant.split('"').next().expect("an end");
    let format = &time::format_description::well_known::Rfc3339;
    let instant = time::OffsetDateTime::parse(instant, format).expect("an instant");
    let ago = (time::OffsetDateTime::now_utc() - instant).whole_seconds();
    assert!((600..630).contains(&ago), "{ago}");

    let line = &provider.audit("signed-in", 1)[0];
    assert_eq!(
        (&line["upstream"], &line["name"], &line["cloud_upn"]),
        (&json!("fabrikam"), &json!(WENDY), &json!(WENDYS_UPN))
    );
    let line = &provider.audit("assertion-issued", 1)[0];
    assert_eq!(line["proof"], "upstream");

    // The session is like any other: it answers, it opens our own pages, and it ends.
    let again = get(provider, &mut browser, &Asked::new().to_redirect()).await;
    assert!(posted(&again).document.contains(WENDYS_UPN));
    let forced = Asked::with("ForceAuthn=\"true\"").to_redirect();
    let page = get(provider, &mut browser, &forced).await;
    assert!(asks_name(&page), "{}", page.text());
    let leaving = type_name(&mut browser, &page, WENDY, false).await;
    let answer = at_fabrikam(&mut browser, &leaving, WENDY).await;
    assert_eq!(world.fabrikam.asked()[1]["force_authn"], true);
    // Fabrikam answers from its memory all the same.
    let stale = answer.bring(&mut browser).await;
    let told = "Your organisation has not asked you again".to_owned();
    assert_eq!(heading(&stale), (502, told));
    get(provider, &mut browser, "/signout").await;
    let page = get(provider, &mut browser, &Asked::new().to_redirect()).await;
    assert!(asks_name(&page), "{}", page.text());
}

#[tokio::test]
async fn tina_signs_in_at_hers_by_openid_connect() {
    let world = world(Besides::default()).await;
    let provider = &world.provider;
    let strong = format!(
        "<samlp:RequestedAuthnContext><AuthnContextClassRef \
         xmlns=\"urn:oasis:names:tc:SAML:2.0:assertion\">{SEVERAL}</AuthnContextClassRef>\
         </samlp:RequestedAuthnContext>"
    );
    for (children, factors, said) in [
        ("", "", Some(ONE_FACTOR)),
        ("", "2", Some(SEVERAL)),
        (strong.as_str(), "2", Some(SEVERAL)),
        (strong.as_str(), "", None),
    ] {
        let mut browser = browser(&world);
        let asked = Asked {
            children: children.to_owned(),
            ..Asked::new()
        };
        let page = get(provider, &mut browser, &asked.to_redirect()).await;
        let leaving = type_name(&mut browser, &page, TINA, false).await;
        assert_eq!(heading(&leaving).1, "You sign in at Tailspin Toys");
        let back = at_tailspin(&mut browser, &leaving, TINA, factors).await;
        let done = browser.get(&back, None).await.expect("an answer");
        let done = posted(&done).document;
        match said {
            Some(class) => {
                assert!(done.contains(TINAS_UPN), "{done}");
                assert!(done.contains(&format!(">{class}<")), "{class} in {done}");
            }
            None => {
                assert!(done.contains("status:NoAuthnContext"), "{done}");
                assert!(!done.contains("<saml:Assertion"), "{done}");
            }
        }
    }
    let lines = provider.audit("signed-in", 4);
    assert!(lines.iter().all(|line| line["upstream"] == "tailspin"));
}

/// What Entra asks for by `wauth`, and takes in the token of WS-Federation.
#[tokio::test]
async fn several_factors_are_said_by_ws_federation_where_they_were_proven() {
    let world = world(Besides {
        relying_party: "[[relying_party]]\nentity_id = \"urn:federation:MicrosoftOnline\"\n\
                        preset = \"entra\"\nassertion_consumer_services = \
                        [\"https://login.test/login.srf\"]\n",
        ..Besides::default()
    })
    .await;
    let provider = &world.provider;
    let ask = |wauth: &str| {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("wa", "wsignin1.0");
        query.append_pair("wtrealm", "urn:federation:MicrosoftOnline");
        query.append_pair("username", TINA);
        if !wauth.is_empty() {
            query.append_pair("wauth", wauth);
        }
        format!("/adfs/ls/?{}", query.finish())
    };
    let method = |page: &str| {
        page.split_once("AuthenticationMethod=&#34;").map_or_else(
            || panic!("{page}"),
            |(_, rest)| rest.split("&#34;").next().unwrap_or_default().to_owned(),
        )
    };
    let mut browser = browser(&world);
    let password = "urn:oasis:names:tc:SAML:1.0:am:password";
    for (wauth, factors, said) in [
        ("", "", password),
        // Her session has one factor, so she is asked again, and has no other.
        (SEVERAL, "", password),
        (SEVERAL, "2", SEVERAL),
    ] {
        let leaving = get(provider, &mut browser, &ask(wauth)).await;
        assert_eq!(
            heading(&leaving).1,
            "You sign in at Tailspin Toys",
            "{wauth}"
        );
        // Tailspin remembers her: it is another one who comes back to it.
        let mut fresh = crate::walk::browser(&world);
        std::mem::swap(&mut fresh, &mut browser);
        let mut browser_of_tailspin = crate::walk::browser(&world);
        let back = at_tailspin(&mut browser_of_tailspin, &leaving, TINA, factors).await;
        std::mem::swap(&mut fresh, &mut browser);
        let done = browser.get(&back, None).await.expect("an answer");
        assert_eq!(method(&done.text()), said);
        let listed = format!(">{SEVERAL}<")
            .replace('<', "&#60;")
            .replace('>', "&#62;");
        assert_eq!(
            done.text().contains(&listed),
            said == SEVERAL,
            "{}",
            done.text()
        );
    }
    // It is in the session now.
    let done = get(provider, &mut browser, &ask(SEVERAL)).await;
    assert_eq!(method(&done.text()), SEVERAL);
}

#[tokio::test]
async fn who_has_a_password_here_types_it_here() {
    let world = world(Besides::default()).await;
    let (provider, mut browser) = (&world.provider, browser(&world));
    let page = get(provider, &mut browser, &Asked::new().to_redirect()).await;
    let page = type_name(&mut browser, &page, ADAM, false).await;
    assert_eq!(asks_password(&page).as_deref(), Some(ADAM));
    let wrong = type_password(&mut browser, &page, ADAM, "wrong").await;
    assert_eq!(asks_password(&wrong).as_deref(), Some(ADAM));
    assert!(wrong.text().contains("is not right."));
    // She thinks better of it, twice.
    let name = another(&mut browser, &wrong).await;
    assert!(asks_name(&name), "{}", name.text());
    assert!(!name.text().contains(ADAM), "{}", name.text());
    let page = type_name(&mut browser, &name, ADAM, false).await;
    // A name of Fabrikam's in the field beside the password leads there, and no password is tried.
    let leaving = type_password(&mut browser, &page, WENDY, PASSWORD).await;
    assert_eq!(heading(&leaving).1, "You sign in at Fabrikam");
    let done = type_password(&mut browser, &page, ADAM, PASSWORD).await;
    assert!(
        posted(&done)
            .document
            .contains("u00002@partners.contoso.com")
    );
    let lines = provider.audit("signed-in", 1);
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0].get("upstream"), None);
}

#[tokio::test]
async fn our_own_pages_are_reached_by_way_of_an_upstream() {
    let world = world(Besides {
        relying_party: "idp_initiated = true\npreset = \"saml2\"\naccess = \"everyone\"\n\
                        [[application]]\nname = \"Portal\"\nid = \"portal\"\n\
                        link = \"https://entra.test/contoso.com/authorize\"\n",
        ..Besides::default()
    })
    .await;
    let provider = &world.provider;
    for (path, leads_to) in [
        ("/applications", "Your applications"),
        ("/start/portal", "entra.test"),
    ] {
        let mut browser = browser(&world);
        let page = get(provider, &mut browser, path).await;
        assert!(asks_name(&page), "{}", page.text());
        let answer = by_fabrikam(&mut browser, &page, WENDY).await;
        let there = follow(&mut browser, answer).await;
        assert!(there.text().contains(leads_to), "{}", there.text());
        assert!(has_session(&browser));
        // A link that says who is coming leads there at once.
        let mut browser = crate::walk::browser(&world);
        let page = get(provider, &mut browser, &format!("{path}?login_hint={TINA}")).await;
        let back: Uri = at_tailspin(&mut browser, &page, TINA, "").await;
        let answer = browser.get(&back, None).await.expect("an answer");
        let there = follow(&mut browser, answer).await;
        assert!(there.text().contains(leads_to), "{}", there.text());
        let session = browser.cookie(crate::provider::HOST, SESSION);
        assert!(session.is_some());
    }
    // A password typed for the page goes where it would for a relying party.
    let mut browser = browser(&world);
    let page = get(provider, &mut browser, "/applications").await;
    let page = type_name(&mut browser, &page, ADAM, false).await;
    assert_eq!(asks_password(&page).as_deref(), Some(ADAM));
    let leaving = type_password(&mut browser, &page, WENDY, PASSWORD).await;
    assert_eq!(heading(&leaving).1, "You sign in at Fabrikam");
    let there = type_password(&mut browser, &page, ADAM, PASSWORD).await;
    let there = follow(&mut browser, there).await;
    assert!(
        there.text().contains("Your applications"),
        "{}",
        there.text()
    );
}

/// Accounts behind an upstream are looked at like all others.
#[tokio::test]
async fn an_upstreams_word_makes_no_account() {
    let world = world(Besides::default()).await;
    let (provider, mut browser) = (&world.provider, browser(&world));
    let page = get(provider, &mut browser, &Asked::new().to_redirect()).await;
    let page = by_fabrikam(&mut browser, &page, "nobody@fabrikam.com").await;
    assert!(asks_name(&page), "{}", page.text());
    let told = "There is no account for you here.";
    assert!(page.text().contains(told), "{}", page.text());
    assert!(!has_session(&browser));
    let line = &provider.audit("sign-in-failed", 1)[0];
    assert_eq!(line["upstream"], "fabrikam");
    assert_eq!(line["cause"], "no account has this name");
}
