//! Where answers go: to addresses of the trust, and nowhere else, whatever is asked.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{
    provider::{ACS, Asked, Provider},
    raw::{Raw, must_be_refused},
    samlp_status,
};

fn by_query(asked: &Asked) -> Raw {
    Raw::get(asked.to_redirect())
}

pub(crate) async fn unknown_addresses(provider: &Provider) {
    for url in [
        "https://evil.test/acs",
        "https://sp.test.evil.test/acs",
        "https://sp.test@evil.test/acs",
        "https://evil@sp.test/acs",
        "https://sp.test:444/acs",
        "https://sp.test:443/acs",
        "http://sp.test/acs",
        "HTTPS://sp.test/acs",
        "https://SP.test/acs",
        "https://sp.test./acs",
        "https://sp.test/ACS",
        "https://sp.test/acs/",
        "https://sp.test//acs",
        "https://sp.test/acs?evil=1",
        "https://sp.test/acs#evil",
        "https://sp.test/acs%2f",
        "https://sp.test%2facs",
        "https://sp.test/%61cs",
        "https://sp.test/x/../acs",
        "https://sp.test\\@evil.test/acs",
        "https://sp.test/acs\u{200b}",
        "https://sp.t\u{435}st/acs",
        "//sp.test/acs",
        "/acs",
        "",
        "javascript:alert(1)//https://sp.test/acs",
        "data:text/html,evil",
        "https://sp.test/acs https://evil.test/",
        "https://sp.test/acs&#x9;",
        "https://idp.localhost/signin",
    ] {
        let attribute = format!("AssertionConsumerServiceURL=\"{url}\"");
        for passive in ["", " IsPassive=\"true\"", " ForceAuthn=\"true\""] {
            let asked = Asked::with(&format!("{attribute}{passive}"));
            let answer = by_query(&asked).send(provider).await;
            must_be_refused(
                provider,
                &answer,
                403,
                "unknown assertion consumer service",
                url,
            )
            .await;
        }
        let posted = Raw::form("/saml2/sso", &Asked::with(&attribute).to_post());
        let answer = posted.send(provider).await;
        must_be_refused(
            provider,
            &answer,
            403,
            "unknown assertion consumer service",
            url,
        )
        .await;
    }
    for (index, status, cause) in [
        ("2", 403, "index 2"),
        ("65535", 403, "index 65535"),
        ("65536", 400, "AssertionConsumerServiceIndex"),
        ("-1", 400, "AssertionConsumerServiceIndex"),
        ("0x0", 400, "AssertionConsumerServiceIndex"),
        ("", 400, "AssertionConsumerServiceIndex"),
    ] {
        let asked = Asked::with(&format!("AssertionConsumerServiceIndex=\"{index}\""));
        let answer = by_query(&asked).send(provider).await;
        must_be_refused(provider, &answer, status, cause, index).await;
    }
    let both = format!("AssertionConsumerServiceIndex=\"0\" AssertionConsumerServiceURL=\"{ACS}\"");
    let answer = by_query(&Asked::with(&both)).send(provider).await;
    must_be_refused(
        provider,
        &answer,
        400,
        "AssertionConsumerServiceIndex",
        &both,
    )
    .await;
}

/// The known ones, by every way of naming them; passive, so that an answer comes at once.
pub(crate) async fn known_addresses(provider: &Provider) {
    let second = "https://sp.test/second";
    for (attribute, url) in [
        (String::new(), ACS),
        (format!("AssertionConsumerServiceURL=\"{ACS}\""), ACS),
        (format!("AssertionConsumerServiceURL=\"{second}\""), second),
        ("AssertionConsumerServiceIndex=\"0\"".to_owned(), ACS),
        ("AssertionConsumerServiceIndex=\"1\"".to_owned(), second),
        // An attribute of another name, or in another namespace, is not it.
        (
            "xmlns:e=\"urn:evil\" e:AssertionConsumerServiceURL=\"https://evil.test/\"".to_owned(),
            ACS,
        ),
    ] {
        let asked = Asked::with(&format!("{attribute} IsPassive=\"true\""));
        let answer = by_query(&asked).send(provider).await;
        answer.must_be_a_secure_page(&attribute);
        let form = answer.find_form("post").expect("a form that goes on");
        assert_eq!(form.action, url, "{attribute}");
        let policy = answer.header("content-security-policy");
        assert!(policy.ends_with("form-action https://sp.test"), "{policy}");
    }
}

/// Requests whose trust is known, and that are not fit: a status goes where the trust says.
pub(crate) async fn stale_and_misdirected(provider: &Provider) {
    let now = time::OffsetDateTime::now_utc();
    let at =
        |offset: i64| homerealm::saml2::format_timestamp(now + time::Duration::seconds(offset));
    let good = Asked::new().to_xml();
    let instant = good
        .split("IssueInstant=\"")
        .nth(1)
        .and_then(|rest| rest.split('"').next())
        .expect("an instant")
        .to_owned();
    let issued = |text: String| good.replace(&instant, &text);
    let destined =
        |url: &str| good.replacen("Version=", &format!("Destination=\"{url}\" Version="), 1);
    let port = provider.address().port();
    for (message, denied) in [
        (issued(at(-3_600).to_string()), true),
        (issued(at(-661).to_string()), true),
        (issued(at(-640).to_string()), false),
        (issued(at(75).to_string()), true),
        (issued(at(50).to_string()), false),
        (issued("9999-12-31T23:59:59.999999999Z".to_owned()), true),
        (issued("0000-01-01T00:00:00+23:59".to_owned()), true),
        (issued("1601-01-01T00:00:00Z".to_owned()), true),
        (destined("https://evil.test/saml2/sso"), true),
        (
            destined(&format!("https://idp.localhost:{port}/saml2/sso/")),
            true,
        ),
        (
            destined(&format!("https://IDP.localhost:{port}/saml2/sso")),
            true,
        ),
        (destined("https://idp.localhost/saml2/sso"), true),
        (destined(""), true),
        (
            destined(&format!("https://idp.localhost:{port}/saml2/sso")),
            false,
        ),
    ] {
        let message = message.replacen("Version=", "IsPassive=\"true\" Version=", 1);
        let fields = [("SAMLRequest", STANDARD.encode(&message))];
        let answer = Raw::form("/saml2/sso", &fields).send(provider).await;
        let expected = if denied { "RequestDenied" } else { "NoPassive" };
        assert_eq!(samlp_status(&answer), expected, "{message}");
        assert_eq!(answer.find_form("post").expect("a form").action, ACS);
    }
}
