use super::*;

fn page(html: &str) -> ForeignPage {
    ForeignPage::read(html).unwrap()
}

/// What is sent to sign in, as a query would have it.
fn sent(html: &str) -> Option<String> {
    let form = page(html).sign_in(&OwnFields::default())?;
    let form = form.filled("wendy", "secret");
    let fields = form.fields.iter();
    let fields: Vec<_> = fields
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    Some(format!(
        "{} {} {}",
        form.method,
        form.action,
        fields.join("&")
    ))
}

/// The forms of five identity providers, with what there is to stumble over in each.
#[test]
fn whoever_wrote_the_page_it_is_filled_in() {
    let table = [
        (
            // SimpleSAMLphp
            r#"<form action="?" method="post" name="f">
               <input id="username" type="text" name="username" tabindex="1" value="">
               <input id="password" type="password" tabindex="2" name="password">
               <input type="hidden" name="AuthState" value="_1:https://idp/SSO?spentityid=a&amp;c=d">
               <button class="btn" id="submit_button" tabindex="6">Login</button></form>"#,
            "post ? username=wendy&password=secret&AuthState=_1:https://idp/SSO?spentityid=a&c=d",
        ),
        (
            // Shibboleth: nothing goes on without the button's name.
            r#"<form action="/idp/profile/SAML2/POST/SSO?execution=e1s2" method="post">
               <input type="hidden" name="csrf_token" value="_9">
               <input id="username" name="j_username" type="text" value="" />
               <input id="password" name="j_password" type="password" value="" />
               <input type="checkbox" name="donotcache" value="1" id="donotcache" />
               <button type="submit" name="_eventId_proceed">Login</button>
               <button type="submit" name="_eventId_cancel">Cancel</button></form>"#,
            "post /idp/profile/SAML2/POST/SSO?execution=e1s2 \
             csrf_token=_9&j_username=wendy&j_password=secret&_eventId_proceed=",
        ),
        (
            // Keycloak: an unescaped ampersand would not be rare, either.
            r#"<form id="kc-form-login" onsubmit="login.disabled = true; return true;"
                 action="https://kc/auth?session_code=x&amp;execution=1&tab_id=2" method="post">
               <input tabindex="2" id="username" class="a" class="b" name="username" value="" type="text" autofocus autocomplete="username">
               <button type="button" aria-label="Show password"></button>
               <input tabindex="3" id="password" name="password" type="password" autocomplete="current-password">
               <input tabindex="5" id="rememberMe" name="rememberMe" type="checkbox"> Remember me
               <input type="hidden" id="id-hidden-input" name="credentialId">
               <input tabindex="7" name="login" id="kc-login" type="submit" value="Sign In"></form>"#,
            "post https://kc/auth?session_code=x&execution=1&tab_id=2 \
             username=wendy&password=secret&credentialId=&login=Sign In",
        ),
        (
            // AD FS: its button is a span; after the form comes another one.
            r#"<form method="post" id="loginForm" autocomplete="off" novalidate="novalidate"
                 action="/adfs/ls/?wa=wsignin1.0&amp;wtrealm=urn%3afederation%3aMicrosoftOnline">
               <input id="userNameInput" name="UserName" type="email" value="" placeholder="a&hellip;">
               <input id="passwordInput" name="Password" type="password" />
               <input type="checkbox" name="Kmsi" id="kmsiInput" value="true"/>
               <span id="submitButton" role="button">Sign in</span>
               <input id="optionForms" type="hidden" name="AuthMethod" value="FormsAuthentication"/></form>
               <form id="options" method="post" action="/adfs/ls/">
               <input id="optionSelection" type="hidden" name="AuthMethod" /></form>"#,
            "post /adfs/ls/?wa=wsignin1.0&wtrealm=urn%3afederation%3aMicrosoftOnline \
             UserName=wendy&Password=secret&AuthMethod=FormsAuthentication",
        ),
        (
            // LemonLDAP::NG: the page's own address, a field without a value, and a token for this page.
            r##"<form id="lform" action="#" method="post" class="login" role="form">
               <input type="hidden" name="url" value="aHR0cHM6Ly9pZHAvc2FtbA==" />
               <input type="hidden" name="timezone" />
               <input id="token" type="hidden" name="token" value="1795411584_8300" />
               <input id="userfield" name="user" type="text" value="" trplaceholder="login" required autofocus />
               <input id="passwordfield" name="password" type="password" trplaceholder="password" required />
               <input type="checkbox" id="checkLogins" name="checkLogins" />
               <button type="submit" class="btn btn-success" ><span>Connect</span></button></form>"##,
            "post # url=aHR0cHM6Ly9pZHAvc2FtbA==&timezone=&token=1795411584_8300&user=wendy&password=secret",
        ),
    ];
    for (html, expected) in table {
        assert_eq!(sent(html).as_deref(), Some(expected));
    }
}

#[test]
fn forms_for_something_else_are_passed_by() {
    let search = "<form action=/search><input name=q type=search><button>Go</button></form>";
    let register = "<form action=/new><input name=username>\
                    <input type=password name=a><input type=password name=b></form>";
    let sign_in = "<form action=/in method=POST><input name=q2><input name=who>\
                   <select name=org><option value=one><option value=two selected></select>\
                   <input type=password name=word>";
    assert_eq!(sent(search), None);
    assert_eq!(sent(register), None);
    let found = sent(&format!("{search}{register}{sign_in}"));
    assert_eq!(
        found.as_deref(),
        Some("post /in q2=&who=wendy&org=two&word=secret")
    );
    let own = OwnFields {
        name: Some("q2".to_owned()),
        password: Some("who".to_owned()),
    };
    let form = page(sign_in).sign_in(&own).unwrap().filled("w", "s");
    assert_eq!(
        (form.field("q2"), form.field("who")),
        (Some("w"), Some("s"))
    );
}

#[test]
fn a_page_may_ask_for_the_name_first_or_know_it() {
    let first = page("<form method=post><input type=email name=whom><button>Next</button></form>");
    let first = first.sign_in(&OwnFields::default()).unwrap();
    assert!(!first.asks_for_password());
    assert_eq!(first.filled("wendy", "secret").fields.len(), 1);
    let known = "<form method=post><input name=whom value=wendy readonly>\
                 <input type=password name=word></form>";
    let known = page(known).sign_in(&OwnFields::default()).unwrap();
    assert!(known.asks_for_password());
    let known = known.filled("else", "secret");
    assert_eq!(known.field("whom"), Some("wendy"));
}

#[test]
fn what_a_script_would_send_is_sent_without_one() {
    let storage = "<body onload=go()><noscript>Press the button.</noscript>\
                   <form name=form1 action=/on method=post><input type=hidden name=t value=1>\
                   <input type=hidden name=_eventId_proceed></form>";
    let form = page(storage).sent_by_script().unwrap();
    assert_eq!(form.action, "/on");
    let asked = storage.replace("type=hidden name=t", "name=t");
    assert_eq!(page(&asked).sent_by_script(), None);
    let silent = storage.replace("noscript", "p");
    assert_eq!(page(&silent).sent_by_script(), None);

    let leads = |content: &str| {
        let page = page(&format!("<meta http-equiv=Refresh content=\"{content}\">"));
        page.refresh().map(str::to_owned)
    };
    assert_eq!(leads("0; URL='/on'").as_deref(), Some("/on"));
    assert_eq!(leads("0;url=/on?a=b").as_deref(), Some("/on?a=b"));
    assert_eq!(leads("300; url=/on"), None);
    assert_eq!(leads("5"), None);
}
