use super::*;

type Changes<'a> = &'a [(&'a str, &'a str)];

const WENDY: &str = "wmoran@fabrikam.com";
const EMAIL: &str = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress";
const MAIL: &str = "urn:oid:0.9.2342.19200300.100.1.3";

fn received(
    settings: Settings,
    terms: Terms,
    changes: Changes<'_>,
) -> Result<Asserted, UpstreamError> {
    let provider = TestIdentityProvider::new();
    let answer = provider.answers(now(), changes);
    upstream(&provider, settings, terms).receive_saml2(&answer, &expected(), now())
}

fn by_attribute() -> Settings {
    Settings {
        address: AddressSource::Attribute(MAIL.to_owned()),
        ..settings()
    }
}

#[test]
fn an_address_is_asserted_with_when_and_how_it_was_proven() {
    let asserted = received(settings(), terms(), &[]).unwrap();
    assert_eq!(asserted.upstream(), "fabrikam");
    assert_eq!(asserted.address().to_string(), WENDY);
    assert_eq!(asserted.authn_instant(), now() - Duration::seconds(30));
    assert_eq!(asserted.factors(), Factors::One);
    assert_eq!(asserted.session_until(), None);

    let end = "SessionIndex=\"_session\" SessionNotOnOrAfter=\"2026-11-18T12:00:00Z\"";
    let ending = [("SessionIndex=\"_session\"", end)];
    let asserted = received(settings(), terms(), &ending).unwrap();
    let until = asserted.session_until().unwrap();
    assert_eq!(until - now(), Duration::seconds(3200));

    let asserted = received(by_attribute(), terms(), &[]).unwrap();
    assert_eq!(asserted.address().to_string(), "wendy@fabrikam.com");
}

#[test]
fn one_upstream_cannot_assert_the_people_of_another() {
    for foreign in [
        "wmoran@contoso.com",
        "wmoran@sub.fabrikam.com",
        "wmoran@fabrikam.com.evil.test",
        "anna@gmail.com",
    ] {
        for (settings, own) in [(settings(), WENDY), (by_attribute(), "wendy@fabrikam.com")] {
            assert_eq!(
                received(settings, terms(), &[(own, foreign)]).unwrap_err(),
                UpstreamError::ForeignAddress(foreign.to_owned())
            );
        }
    }
    for own in ["tom@gmail.com", " WMORAN@Fabrikam.COM "] {
        assert!(
            received(settings(), terms(), &[(WENDY, own)]).is_ok(),
            "{own}"
        );
    }
    for none in ["", "wmoran", "a@b@c", "wmоran@fabrikam.com"] {
        let error = received(settings(), terms(), &[(WENDY, none)]).unwrap_err();
        let is_none = matches!(
            error,
            UpstreamError::NoAddress(_) | UpstreamError::Invalid(_)
        );
        assert!(is_none, "{none}: {error}");
    }
}

#[test]
fn a_name_of_another_kind_is_no_address() {
    for (format, counts) in [
        (EMAIL, true),
        (
            "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified",
            true,
        ),
        (
            "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
            false,
        ),
        ("urn:oasis:names:tc:SAML:2.0:nameid-format:transient", false),
        (
            "urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName",
            false,
        ),
    ] {
        let received = received(settings(), terms(), &[(EMAIL, format)]);
        assert_eq!(received.is_ok(), counts, "{format}");
        let is_none = matches!(received, Err(UpstreamError::NoAddress(_)));
        assert!(counts || is_none, "{format}");
    }
    let none = format!(" Format=\"{EMAIL}\"");
    assert!(received(settings(), terms(), &[(&none, "")]).is_ok());
}

#[test]
fn of_several_values_none_is_taken() {
    let value = |address: &str| {
        format!("<saml:AttributeValue>{address}</saml:AttributeValue></saml:Attribute>")
    };
    for (more, counts) in [
        ("wendy@fabrikam.com", true),
        ("Wendy@FABRIKAM.com", true),
        ("tom@gmail.com", false),
        ("not an address", false),
    ] {
        let changes: Changes<'_> = &[("</saml:Attribute>", &value(more))];
        assert_eq!(
            received(by_attribute(), terms(), changes).is_ok(),
            counts,
            "{more}"
        );
    }
    // A second attribute of the name is no way round it.
    let second = format!(
        "<saml:Attribute Name=\"{MAIL}\"><saml:AttributeValue>tom@gmail.com</saml:AttributeValue>\
         </saml:Attribute></saml:AttributeStatement>"
    );
    let twice = received(
        by_attribute(),
        terms(),
        &[("</saml:AttributeStatement>", &second)],
    );
    assert!(matches!(twice, Err(UpstreamError::NoAddress(_))));
    let gone = received(by_attribute(), terms(), &[(MAIL, "urn:other")]);
    let cause = format!("the attribute \"{MAIL}\" is not there");
    assert_eq!(gone.unwrap_err(), UpstreamError::NoAddress(cause));
}

/// By the context's class or by AD FS's attribute; and only from one whose word on it counts.
#[test]
fn several_factors_are_those_that_the_upstream_proved() {
    const PASSWORD: &str = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport";
    let methods = format!(
        "<saml:Attribute Name=\"{METHODS}\"><saml:AttributeValue>urn:password</saml:AttributeValue>\
         <saml:AttributeValue>urn:several</saml:AttributeValue></saml:Attribute>\
         </saml:AttributeStatement>"
    );
    let by_attribute = ("</saml:AttributeStatement>", methods.as_str());
    for (change, factors) in [
        ((PASSWORD, MFA), Factors::Several),
        (by_attribute, Factors::Several),
        ((PASSWORD, "https://refeds.org/profile/sfa"), Factors::One),
        ((PASSWORD, "HTTPS://refeds.org/profile/mfa"), Factors::One),
        ((MAIL, METHODS), Factors::One),
    ] {
        let trusted = received(settings(), terms(), &[change]).unwrap();
        assert_eq!(trusted.factors(), factors, "{change:?}");
        let untrusted = Terms {
            trusted_for_mfa: false,
            ..terms()
        };
        let word = received(settings(), untrusted, &[change]).unwrap();
        assert_eq!(word.factors(), Factors::One, "{change:?}");
    }
}

#[test]
fn an_answer_to_another_is_not_taken() {
    let (fabrikam, adatum) = (TestIdentityProvider::new(), TestIdentityProvider::new());
    let asked = upstream(&fabrikam, settings(), terms());

    // What another upstream says to a question that it was not asked (mix-up), and what it says if it
    // lies about who it is.
    let theirs = adatum.answers(now(), &[(ISSUER, "https://idp.adatum.test")]);
    let mixed_up = asked
        .receive_saml2(&theirs, &expected(), now())
        .unwrap_err();
    assert!(matches!(mixed_up, UpstreamError::NotAsked(_)), "{mixed_up}");
    let pretended = adatum.answers(now(), &[]);
    let mixed_up = asked
        .receive_saml2(&pretended, &expected(), now())
        .unwrap_err();
    assert!(matches!(mixed_up, UpstreamError::Invalid(_)), "{mixed_up}");
    // As that, signed by the right key: two upstreams may share one.
    let theirs = fabrikam.answers(now(), &[(ISSUER, "https://idp.adatum.test")]);
    let mixed_up = asked
        .receive_saml2(&theirs, &expected(), now())
        .unwrap_err();
    assert!(matches!(mixed_up, UpstreamError::NotAsked(_)), "{mixed_up}");
    // A trip that went to another.
    let elsewhere = Expected {
        upstream: "adatum".to_owned(),
        ..expected()
    };
    let answer = fabrikam.answers(now(), &[]);
    let error = asked.receive_saml2(&answer, &elsewhere, now()).unwrap_err();
    assert!(matches!(error, UpstreamError::NotAsked(_)), "{error}");
    // Another trip of the same browser.
    let other = Expected {
        request_id: "_other".to_owned(),
        ..expected()
    };
    let error = asked.receive_saml2(&answer, &other, now()).unwrap_err();
    assert!(matches!(error, UpstreamError::NotAsked(_)), "{error}");
    // Unsolicited.
    let unsolicited = fabrikam.answers(now(), &[(&format!("InResponseTo=\"{REQUEST}\""), "")]);
    let error = asked
        .receive_saml2(&unsolicited, &expected(), now())
        .unwrap_err();
    assert!(matches!(error, UpstreamError::NotAsked(_)), "{error}");
}

#[test]
fn each_problem_says_whose_it_is() {
    let fresh = Expected {
        fresh: true,
        asked_at: now().unix_timestamp() + 31,
        ..expected()
    };
    let provider = TestIdentityProvider::new();
    let asked = upstream(&provider, settings(), terms());
    let answer = provider.answers(now(), &[]);
    let later = now() + Duration::seconds(40);
    let error = asked.receive_saml2(&answer, &fresh, later).unwrap_err();
    assert_eq!(error, UpstreamError::NotFresh);

    let no = (
        "urn:oasis:names:tc:SAML:2.0:status:Success",
        "urn:oasis:names:tc:SAML:2.0:status:Responder",
    );
    let error = received(settings(), terms(), &[no]).unwrap_err();
    assert_eq!(error, UpstreamError::Refused("\"Responder\"".to_owned()));
    for nonsense in ["", "!", "YQ==", "PGEvPg=="] {
        let error = asked
            .receive_saml2(nonsense, &expected(), now())
            .unwrap_err();
        assert!(
            matches!(error, UpstreamError::Invalid(_)),
            "{nonsense}: {error}"
        );
    }
}
