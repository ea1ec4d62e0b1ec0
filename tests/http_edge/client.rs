//! The small browser, where it must behave as the large ones do.

use std::time::Duration;

use homerealm::http::{
    client::{Client, ClientError},
    tls::{LocalCa, client_config},
};
use hyper::Uri;

use crate::running::{Running, bind, limits, run};

async fn browser() -> (Running, Client) {
    let ca = LocalCa::new().unwrap();
    let issued = ca.issue(&["idp.localhost", "entra.localhost"]).unwrap();
    let server = bind().await.with_limits(limits());
    let running = run(server.with_tls(issued.server_config().unwrap()));
    let tls = client_config(&[ca.ca_pem().as_bytes()]).unwrap();
    let client = Client::new(tls)
        .with_address("idp.localhost", running.address)
        .with_address("entra.localhost", running.address);
    (running, client)
}

fn url(text: &str) -> Uri {
    text.parse().unwrap()
}

#[tokio::test]
async fn cookies_and_origin_go_along_as_the_site_that_asks_permits() {
    let idp = url("https://idp.localhost/browser");
    for (same_site, own_post, foreign_get, foreign_post) in [
        ("None", "1", "1", "1"),
        ("Lax", "1", "1", "-"),
        ("Strict", "1", "-", "-"),
    ] {
        let (_server, mut client) = browser().await;
        let set = url(&format!("https://idp.localhost/browser?cookie={same_site}"));
        let page = client.get(&set, None).await.unwrap();
        assert_eq!(page.text(), "cookie -; origin -; site none");
        let post = client.post_form(&idp, &[], Some(&page)).await.unwrap();
        assert_eq!(
            post.text(),
            format!("cookie {own_post}; origin https://idp.localhost; site same-origin")
        );
        let entra = url("https://entra.localhost/browser");
        let entra = client.get(&entra, None).await.unwrap();
        assert_eq!(entra.text(), "cookie -; origin -; site none");
        let get = client.get(&idp, Some(&entra)).await.unwrap();
        assert_eq!(
            get.text(),
            format!("cookie {foreign_get}; origin -; site cross-site")
        );
        let post = client.post_form(&idp, &[], Some(&entra)).await.unwrap();
        assert_eq!(
            post.text(),
            format!("cookie {foreign_post}; origin https://entra.localhost; site cross-site")
        );
    }
}

/// A trap for who would check `Origin` on a sign-in form: its own page's policy hides it.
#[tokio::test]
async fn a_page_without_referrer_posts_with_a_null_origin() {
    let (_server, mut client) = browser().await;
    let page = url("https://idp.localhost/browser?policy=no-referrer");
    let page = client.get(&page, None).await.unwrap();
    let target = page.resolve("/browser").unwrap();
    let post = client.post_form(&target, &[], Some(&page)).await.unwrap();
    assert_eq!(post.text(), "cookie -; origin null; site same-origin");
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_given_up() {
    let (_server, client) = browser().await;
    let mut client = client.with_timeout(Duration::from_millis(200));
    let stuck = url("https://idp.localhost/stuck");
    let given_up = client.get(&stuck, None).await;
    assert!(matches!(given_up, Err(ClientError::Timeout(_))));
    // The next request does not meet the answer to the last one.
    let next = client.get(&url("https://idp.localhost/next"), None).await;
    assert_eq!(next.unwrap().text(), "GET /next  0");
}
