//! An application behind a Shibboleth SP.

use homerealm::http::page_link;

use super::*;
use crate::shibboleth::{Settings, Shibboleth, seen};

/// Entra's claims have no `NameFormat`, which the map has to say.
const ATTRIBUTES: &str = r#"<Attributes xmlns="urn:mace:shibboleth:2.0:attribute-map"
    xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
  <Attribute name="urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress" id="email-id">
    <AttributeDecoder xsi:type="NameIDAttributeDecoder" formatter="$Name"/>
  </Attribute>
  <Attribute name="http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress" id="mail"
      nameFormat="urn:oasis:names:tc:SAML:2.0:attrname-format:unspecified"/>
  <Attribute name="http://schemas.microsoft.com/identity/claims/displayname" id="displayName"
      nameFormat="urn:oasis:names:tc:SAML:2.0:attrname-format:unspecified"/>
</Attributes>"#;

/// Goes on as a browser does by itself, but for the page that asks who somebody is.
async fn walk(browser: &mut Client, mut page: Reply) -> Reply {
    for _ in 0..8 {
        let text = page.text();
        page = if page.status.is_redirection() {
            let next = page.location().expect("a place");
            browser.get(&next, Some(&page)).await.expect("an answer")
        } else if PageForm::find(&text, Some("to-app")).is_ok() {
            submit(browser, &page, Some("to-app")).await
        } else if let Ok(link) = page_link(&text, "to-app") {
            open(browser, &link).await
        } else {
            return page;
        };
    }
    panic!("it goes round in circles: {}", page.text());
}

#[tokio::test]
async fn an_application_behind_shibboleth_signs_in_and_out() {
    let settings = Settings {
        application: r#"REMOTE_USER="email-id""#,
        attribute_map: ATTRIBUTES,
        logout: "",
    };
    let sp = Shibboleth::start(&entity_id(), settings);
    let app_id = "00000000-0000-0000-0000-000000000001";
    let application = format!(
        r#"[[tenant.application]]
appId = "{app_id}"
displayName = "Portal"
identifierUris = ["{}"]
web = {{ redirectUris = ["{}"], logoutUrl = "{}" }}
"#,
        sp.entity_id(),
        sp.consumer(),
        sp.url("/Shibboleth.sso/SLO/Redirect"),
    );
    let (provider, simulator, _) = federated::start(&SLAPD, &application, &[]);
    let browser = federated::browser(&provider, &simulator, &[sp.ca_pem()]);
    let mut browser = sp.found_by(browser);
    let metadata = metadata(&simulator, &mut browser, app_id).await;
    sp.trust(&entity_id(), &metadata);

    let asked = browser.get(&sp.page(), None).await.expect("an answer");
    let door = walk(&mut browser, asked).await;
    assert!(asks_who(&door), "{}\n{}", door.text(), sp.log());
    let page = prove(&mut browser, &door).await;
    let page = walk(&mut browser, page).await;
    let first = seen(&page);
    assert_eq!(first["REMOTE_USER"], PARTNER.upn());
    assert_eq!(first["mail"], PARTNER.mail());
    assert_eq!(first["displayName"], "Partner Three");
    assert_eq!(first["Shib-Identity-Provider"], entity_id());

    // Anew at the application: the simulator's session answers.
    let again = browser.get(&sp.login(""), None).await.expect("an answer");
    let again = seen(&walk(&mut browser, again).await);
    assert_ne!(again["Shib-Session-ID"], first["Shib-Session-ID"]);
    let instant = "Shib-Authentication-Instant";
    assert_eq!(again[instant], first[instant]);

    // Unless it wants her asked: the identity provider has a session, too, and hears so.
    let forced = sp.login("&forceAuthn=true");
    let asked = browser.get(&forced, None).await.expect("an answer");
    let door = walk(&mut browser, asked).await;
    let page = prove(&mut browser, &door).await;
    let forced = seen(&walk(&mut browser, page).await);
    assert_ne!(forced[instant], first[instant]);

    // She signs out at the application, which hears that the session is over.
    let out = sp.url("/Shibboleth.sso/Logout");
    let out = browser.get(&out, None).await.expect("an answer");
    let page = walk(&mut browser, out).await;
    assert!(
        page.text().contains("completed successfully"),
        "{}\n{}",
        page.text(),
        sp.log()
    );
    let asked = browser.get(&sp.page(), None).await.expect("an answer");
    let door = walk(&mut browser, asked).await;
    assert!(asks_who(&door), "{}", door.text());
}
