//! Requests as a relying party makes them, and answers as it gets them.

use homerealm::http::{
    PageForm,
    client::{Client, Reply},
};

use crate::{
    provider::{Provider, type_password},
    slapd::PASSWORD,
};

/// What a page posts to the relying party.
pub(crate) struct Answer {
    pub(crate) action: String,
    pub(crate) action_name: String,
    pub(crate) document: String,
    pub(crate) context: Option<String>,
}

pub(crate) fn query<N: AsRef<str>, V: AsRef<str>>(parameters: &[(N, V)]) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(parameters)
        .finish()
}

pub(crate) async fn open(provider: &Provider, browser: &mut Client, query: &str) -> Reply {
    let url = provider.url(&format!("/adfs/ls/?{query}"));
    browser.get(&url, None).await.expect("an answer")
}

/// Signs Wendy in to go on to this realm.
pub(crate) async fn sign_in(provider: &Provider, browser: &mut Client, realm: &str) -> Answer {
    let asks = query(&[("wa", "wsignin1.0"), ("wtrealm", realm)]);
    let page = open(provider, browser, &asks).await;
    answer(&type_password(browser, &page, "wmoran@fabrikam.com", PASSWORD).await)
}

/// Reads the page that posts itself.
pub(crate) fn answer(page: &Reply) -> Answer {
    let text = page.text();
    let form = PageForm::find(&text, Some("post")).unwrap_or_else(|_| panic!("{text}"));
    let field = |name: &str| form.field(name).map(str::to_owned);
    Answer {
        action: form.action.clone(),
        action_name: field("wa").expect("wa"),
        document: field("wresult").expect("wresult"),
        context: field("wctx"),
    }
}

pub(crate) fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    let (_, after) = text
        .split_once(start)
        .unwrap_or_else(|| panic!("no {start} in {text}"));
    after.split_once(end).expect("an end").0
}
