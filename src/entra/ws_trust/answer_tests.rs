use super::*;

const ID: &str = "urn:uuid:6f9619ff-8b86-4011-b42d-00c04fc964ff";
const ASSERTION: &str = "<saml:Assertion xmlns:saml=\"urn:oasis:names:tc:SAML:1.0:assertion\">\
                         &lt;ä</saml:Assertion>";

/// An answer as AD FS writes it, in either version.
fn answer(version: Version) -> String {
    let trust = version.namespace();
    let (open, close) = match version {
        Version::Feb2005 => (
            format!("<t:RequestSecurityTokenResponse xmlns:t=\"{trust}\">"),
            "</t:RequestSecurityTokenResponse>",
        ),
        Version::V13 => (
            format!(
                "<t:RequestSecurityTokenResponseCollection xmlns:t=\"{trust}\">\
                 <t:RequestSecurityTokenResponse>"
            ),
            "</t:RequestSecurityTokenResponse></t:RequestSecurityTokenResponseCollection>",
        ),
    };
    format!(
        "<s:Envelope xmlns:s=\"{SOAP}\" xmlns:a=\"{WSA}\"><s:Header>\
         <a:Action>{}</a:Action><a:RelatesTo>{ID}</a:RelatesTo></s:Header><s:Body>{open}\
         <t:RequestedSecurityToken>{ASSERTION}</t:RequestedSecurityToken>\
         <t:TokenType>urn:oasis:names:tc:SAML:1.0:assertion</t:TokenType>\
         <t:KeyType>{}</t:KeyType>{close}</s:Body></s:Envelope>",
        version.answer_action(),
        version.bearer_key(),
    )
}

fn fault() -> String {
    format!(
        "<s:Envelope xmlns:s=\"{SOAP}\"><s:Header/><s:Body><s:Fault><s:Code>\
         <s:Value>s:Sender</s:Value><s:Subcode><s:Value xmlns:a=\"{}\">a:FailedAuthentication</s:Value>\
         </s:Subcode></s:Code><s:Reason><s:Text xml:lang=\"en\">ID3242: no.</s:Text></s:Reason>\
         </s:Fault></s:Body></s:Envelope>",
        Version::V13.namespace()
    )
}

fn read(status: u16, body: &str, version: Version) -> Result<String, AnswerError> {
    read_answer(status, body.as_bytes(), version, ID).map(|token| token.assertion)
}

#[test]
fn the_assertion_comes_byte_for_byte() {
    for version in Version::ALL {
        assert_eq!(
            read(200, &answer(version), version),
            Ok(ASSERTION.to_owned())
        );
        let with_blanks =
            answer(version).replace("<t:RequestedSecurityToken>", "<t:RequestedSecurityToken  >");
        assert_eq!(read(200, &with_blanks, version), Ok(ASSERTION.to_owned()));
    }
}

#[test]
fn a_fault_is_read_and_shown() {
    for version in Version::ALL {
        for status in [400, 500] {
            let error = read(status, &fault(), version).unwrap_err();
            let expected = Fault {
                subcode: "FailedAuthentication".to_owned(),
                reason: "ID3242: no.".to_owned(),
            };
            assert!(
                error
                    .to_string()
                    .contains("FailedAuthentication: ID3242: no.")
            );
            assert_eq!(error, AnswerError::Fault(expected));
        }
    }
}

#[test]
fn faults_that_a_library_cannot_read_are_told() {
    let read = |status, body: &str| read(status, body, Version::V13).unwrap_err();
    assert_eq!(read(200, &fault()), AnswerError::FaultAsSuccess);
    let without = |start: &str, end: &str| {
        let document = fault();
        let from = document.find(start).unwrap();
        let to = document.rfind(end).unwrap() + end.len();
        format!("{}{}", &document[..from], &document[to..])
    };
    assert_eq!(
        read(500, &without("<s:Subcode>", "</s:Subcode>")),
        AnswerError::IncompleteFault("Code/Subcode/Value")
    );
    assert_eq!(
        read(500, &without("<s:Reason>", "</s:Reason>")),
        AnswerError::IncompleteFault("Reason/Text")
    );
}

#[test]
fn an_answer_is_the_one_to_this_request_in_this_version() {
    let v13 = answer(Version::V13);
    assert!(matches!(
        read(200, &v13, Version::Feb2005),
        Err(AnswerError::NotAsItMust(_))
    ));
    assert_eq!(read(500, &v13, Version::V13), Err(AnswerError::Status(500)));
    assert!(matches!(
        read(200, "<html><br></html>", Version::V13),
        Err(AnswerError::Xml(_))
    ));
    let token = format!("<t:RequestedSecurityToken>{ASSERTION}</t:RequestedSecurityToken>");
    for (from, to, said) in [
        (ID, "urn:uuid:other", "does not relate"),
        ("a:RelatesTo", "a:Other", "does not relate"),
        ("RSTRC/IssueFinal", "RSTR/Issue", "Action"),
        ("s:Header", "s:Other", "no header"),
        ("s:Body", "s:Other", "one body"),
        ("s:Envelope", "s:Other", "no SOAP 1.2 envelope"),
        (
            SOAP,
            "http://schemas.xmlsoap.org/soap/envelope/",
            "SOAP 1.2",
        ),
        (
            "RequestSecurityTokenResponseCollection",
            "Collection",
            "no RequestSecurityTokenResponseCollection",
        ),
        (
            "t:RequestSecurityTokenResponse>",
            "t:Response>",
            "exactly one RequestSecurityTokenResponse",
        ),
        ("t:TokenType", "t:Kind", "no TokenType"),
        (
            "SAML:1.0:assertion</t:TokenType>",
            "SAML:2.0:assertion</t:TokenType>",
            "its TokenType is",
        ),
        ("200512/Bearer", "200512/PublicKey", "KeyType"),
        (&token, "", "exactly one RequestedSecurityToken"),
        (
            &token,
            &format!("{token}{token}"),
            "exactly one RequestedSecurityToken",
        ),
        (ASSERTION, "", "exactly one token"),
        (
            ASSERTION,
            &format!("{ASSERTION}{ASSERTION}"),
            "exactly one token",
        ),
    ] {
        let changed = v13.replace(from, to);
        assert_ne!(changed, v13, "{from} is not there");
        match read(200, &changed, Version::V13) {
            Err(AnswerError::NotAsItMust(why)) => assert!(why.contains(said), "{from}: {why}"),
            other => panic!("{from}: {other:?}"),
        }
    }
    let without_key = v13.replace("t:KeyType", "t:Other");
    assert!(read(200, &without_key, Version::V13).is_ok());
}

/// MSAL for Python does not parse: it looks for tags in the text, whose prefix is of letters,
/// digits and underlines, and takes what is between the first and the last one.
#[test]
fn what_cannot_be_cut_out_is_no_token() {
    let odd_prefix = answer(Version::V13)
        .replace("t:", "w-t:")
        .replace("xmlns:t=", "xmlns:w-t=");
    match read(200, &odd_prefix, Version::V13) {
        Err(AnswerError::NotAsItMust(why)) => assert!(why.contains("MSAL for Python"), "{why}"),
        other => panic!("{other:?}"),
    }
    for (text, expected) in [
        ("<T>x</T>", Some("x")),
        ("<a_1:T b=\"c\">x</a_1:T>", Some("x")),
        ("<a.b:T>x</a.b:T>", None),
        ("<a-b:T>x</a-b:T>", None),
        ("<T>x</T><T>y</T>", Some("x</T><T>y")),
        ("T <T>T</T> T", Some("T")),
        ("<T>x</T></other>T", Some("x")),
        ("</T><T>x", None),
        ("<T></T>", Some("")),
        ("<T>x", None),
        ("<T", None),
        ("</T>", None),
        ("", None),
    ] {
        assert_eq!(cut_out(text, "T"), expected, "{text}");
    }
}
