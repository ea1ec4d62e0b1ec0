use proptest::prelude::*;

use super::*;

const PAGE: &str = r#"<!DOCTYPE html><title>A <form> in a title</title>
    <style>form { }</style><script nonce="x">document.write("<form id='fake'>")</script>
    <!-- <form action="commented"> -->
    <p>1 < 2</p>
    <form id="search" action="/search"><input name="q"></form>
    <FORM id=main METHOD="POST" action="/login?a=1&amp;b=2">
      <input type="hidden" name="SAMLResponse" value="PHNh&#43;&#x2F;&quot;&#39;"/>
      <input name='user' value='wendy'><input type=password name=password required>
      <input type=checkbox name=stay value=1><input type=checkbox name=ok value=1 checked>
      <button type="submit" name="go" value="1">Go</button><input type=submit name=s value=S>
    </FORM>"#;

#[test]
fn reads_a_form_as_a_browser_does() {
    let form = PageForm::find(PAGE, Some("main")).unwrap();
    assert_eq!(form.action, "/login?a=1&b=2");
    assert_eq!(form.method, "post");
    let fields: Vec<(&str, &str)> = form
        .fields
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    assert_eq!(
        fields,
        [
            ("SAMLResponse", "PHNh+/\"'"),
            ("user", "wendy"),
            ("password", ""),
            ("ok", "1")
        ]
    );
    let first = PageForm::find(PAGE, None).unwrap();
    assert_eq!(
        (first.action.as_str(), first.method.as_str()),
        ("/search", "get")
    );
}

#[test]
fn fills_only_what_is_there() {
    let mut form = PageForm::find(PAGE, Some("main")).unwrap();
    form.fill("password", "s3cret").unwrap();
    assert_eq!(form.field("password"), Some("s3cret"));
    assert_eq!(
        form.fill("otp", "1"),
        Err(PageFormError::NoField("otp".into()))
    );
    assert!(!format!("{form:?}").contains("s3cret"));
}

#[test]
fn what_is_not_understood_is_an_error() {
    let find = |html| PageForm::find(html, None);
    assert_eq!(find("<p>no form</p>"), Err(PageFormError::NotFound));
    assert_eq!(
        PageForm::find(PAGE, Some("fake")),
        Err(PageFormError::NotFound)
    );
    assert_eq!(
        find("<form><input name=a>"),
        Err(PageFormError::CutOff("the form"))
    );
    assert_eq!(
        find("<form action='a"),
        Err(PageFormError::CutOff("a value"))
    );
    assert_eq!(find("<form action=a"), Err(PageFormError::CutOff("a tag")));
    assert_eq!(find("<!-- <form>"), Err(PageFormError::CutOff("a comment")));
    assert!(matches!(
        find("<form action='a&nbsp;b'></form>"),
        Err(PageFormError::Reference(_))
    ));
    assert!(matches!(
        find("<form action='a&b'></form>"),
        Err(PageFormError::Reference(_))
    ));
    assert!(matches!(
        find("<form action=a action=b></form>"),
        Err(PageFormError::RepeatedAttribute(_))
    ));
}

proptest! {
    /// What is escaped as templates escape it comes back as it was.
    #[test]
    fn every_value_survives_its_escaping(name in "[a-z]{1,8}", value in "\\PC*") {
        let escaped: String = value
            .chars()
            .map(|c| match c {
                '&' | '<' | '>' | '"' | '\'' => format!("&#{};", u32::from(c)),
                c => c.to_string(),
            })
            .collect();
        let page = format!(r#"<form action="/a"><input name="{name}" value="{escaped}"></form>"#);
        let form = PageForm::find(&page, None).unwrap();
        prop_assert_eq!(form.fields, [(name, value)]);
    }

    /// No page makes the reader fail in any other way than with an error.
    #[test]
    fn no_page_is_too_odd(parts in prop::collection::vec(
        prop_oneof![
            Just("<form"), Just("<input"), Just(" name"), Just("="), Just("\""), Just("'"),
            Just(">"), Just("<!--"), Just("-->"), Just("<script>"), Just("</"), Just("&#x"),
            Just(";"), Just("/"), Just("ä"), Just(" "), Just("</form>"),
        ],
        0..40,
    )) {
        let _ = PageForm::find(&parts.concat(), None);
    }
}

#[test]
fn a_link_is_found_by_its_id() {
    let page = "<a href=\"/other\">x</a><form id=\"to\"></form>\
        <a id=\"to\" href=\"https://idp.example/?a=%3a&amp;b=%3A\">y</a><a id=\"none\">z</a>";
    assert_eq!(
        page_link(page, "to").as_deref(),
        Ok("https://idp.example/?a=%3a&b=%3A")
    );
    assert_eq!(page_link(page, "none"), Err(PageFormError::NotFound));
    assert_eq!(page_link(page, "absent"), Err(PageFormError::NotFound));
    let cut = page_link("<a id=\"to", "to");
    assert!(matches!(cut, Err(PageFormError::CutOff(_))), "{cut:?}");
}
