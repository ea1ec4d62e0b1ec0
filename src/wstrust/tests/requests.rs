//! What is taken, and what is refused.

use super::*;
use crate::xml::StructureError;

#[test]
fn every_client_is_understood() {
    for (version, message) in PYTHON.into_iter().chain(DOTNET) {
        let request = read(version, message).unwrap();
        assert_eq!(request.message_id, MESSAGE_ID);
        assert_eq!(request.applies_to, "urn:federation:MicrosoftOnline");
        assert_eq!(request.user.name, "wmoran@partners.contoso.com");
        assert_eq!(request.user.password.reveal(), "P&ss<w>rd\"'ü");
        assert_eq!(request.context, None);
    }
    let request = read(Version::Feb2005, OTHER).unwrap();
    assert_eq!(request.message_id, "17640192000001");
    assert_eq!(request.applies_to, "urn:federation:MicrosoftOnline");
    assert_eq!(request.user.password.reveal(), "P&ss<w>rd\"'ü");
    assert_eq!(request.context.as_deref(), Some("<context>"));
    let (version, message) = PYTHON[0];
    let capital = message.replace("/adfs/services/trust/2005/", "/ADFS/Services/Trust/2005/");
    assert!(read(version, &capital).is_ok());
}

#[test]
fn the_password_is_not_shown() {
    let (version, message) = PYTHON[0];
    let request = read(version, message).unwrap();
    let shown = format!("{request:?}");
    assert!(shown.contains("wmoran"), "{shown}");
    assert!(!shown.contains("P&ss"), "{shown}");
}

/// Each line: what is replaced in the 1.3 request of MSAL for Python, by what, and what comes of it.
#[test]
fn what_is_not_a_request_is_refused() {
    use RequestError::*;
    const TOKEN: &str = "<wsse:UsernameToken wsu:Id='ADALUsernameToken'>";
    let body = "<s:Body><wst:X xmlns:wst='urn:x'/></s:Body>";
    let (_, message) = PYTHON[1];
    let (start, end) = (
        message.find("<wsse:UsernameToken").unwrap(),
        message.find("</wsse:UsernameToken>").unwrap() + "</wsse:UsernameToken>".len(),
    );
    let second_token = message[start..end].replace("ADALUsernameToken", "second");
    let (start, end) = (
        message.find("<wsu:Timestamp").unwrap(),
        message.find("</wsu:Timestamp>").unwrap() + "</wsu:Timestamp>".len(),
    );
    let timestamp = &message[start..end];
    let second_timestamp = timestamp.replace("_0", "_1");
    let (start, end) = (
        message.find("<wst:RequestSecurityToken").unwrap(),
        message.find("</wst:RequestSecurityToken>").unwrap() + "</wst:RequestSecurityToken>".len(),
    );
    let second_request = &message[start..end];
    let structure = |error| Structure(error);
    let repeated = |name| structure(StructureError::Repeated(name));
    let missing = |name| structure(StructureError::Missing(name));
    let close = |name: &str, more: &str| format!("</{name}>{more}");
    let before = |name: &str, more: &str| format!("{more}</{name}>");
    let cases = [
        // The envelope.
        ("http://www.w3.org/2003/05/soap-envelope".to_owned(), "http://schemas.xmlsoap.org/soap/envelope/".to_owned(), OtherSoap),
        ("s:Envelope".to_owned(), "s:Letter".to_owned(), Content("the document")),
        ("</s:Body>".to_owned(), close("s:Body", body), Content("Envelope")),
        ("<s:Body>".to_owned(), format!("{body}<s:Body>"), Content("Envelope")),
        ("</s:Header>".to_owned(), close("s:Header", "<s:Header/>"), Content("Envelope")),
        ("</s:Header>".to_owned(), close("s:Header", "text"), Content("Envelope")),
        ("<s:Body>".to_owned(), "<s:Body>text".to_owned(), Content("Body")),
        ("</s:Body>".to_owned(), before("s:Body", second_request), Content("Body")),
        (second_request.to_owned(), String::new(), Content("Body")),
        ("<s:Header>".to_owned(), "<s:Header>text".to_owned(), Content("Header")),
        // Its headers.
        ("</s:Header>".to_owned(), before("s:Header", "<x:New xmlns:x='urn:x' s:mustUnderstand='1'/>"), NotUnderstood("New".into())),
        ("</s:Header>".to_owned(), before("s:Header", "<x:New xmlns:x='urn:x' s:mustUnderstand='yes'/>"), Content("mustUnderstand")),
        ("</s:Header>".to_owned(), before("s:Header", "<wsse:Security xmlns:wsse='http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd'/>"), repeated("Security")),
        ("</s:Header>".to_owned(), before("s:Header", "<wsa:To>https://other.test</wsa:To>"), Addressing("To")),
        ("</s:Header>".to_owned(), before("s:Header", "<wsa:MessageID>urn:x</wsa:MessageID>"), Addressing("MessageID")),
        ("</s:Header>".to_owned(), before("s:Header", "<wsa:Action>urn:x</wsa:Action>"), Addressing("Action")),
        ("</s:Header>".to_owned(), before("s:Header", "<wsa:FaultTo><wsa:Address>https://evil.test</wsa:Address></wsa:FaultTo>"), NotAnonymous),
        ("addressing/anonymous".to_owned(), "addressing/none".to_owned(), NotAnonymous),
        ("wsa:MessageID".to_owned(), "wsa:From".to_owned(), AddressingMissing("MessageID")),
        ("wsa:Action".to_owned(), "wsa:From".to_owned(), AddressingMissing("Action")),
        ("wsa:To".to_owned(), "wsa:From".to_owned(), AddressingMissing("To")),
        (MESSAGE_ID.to_owned(), String::new(), Content("MessageID")),
        (MESSAGE_ID.to_owned(), "a b".to_owned(), Content("MessageID")),
        (MESSAGE_ID.to_owned(), "x".repeat(513), Content("MessageID")),
        ("200512/RST/Issue<".to_owned(), "200512/RST/Renew<".to_owned(), WrongAction),
        ("200512/RST/Issue<".to_owned(), "200512/rst/issue<".to_owned(), WrongAction),
        ("https://idp.test".to_owned(), "https://idp.test:443".to_owned(), WrongDestination),
        ("/trust/13/".to_owned(), "/trust/2005/".to_owned(), WrongDestination),
        // The security header.
        ("s:mustUnderstand='1'\n".to_owned(), "s:role='urn:x'\n".to_owned(), missing("Security")),
        ("</wsse:Security>".to_owned(), before("wsse:Security", &second_token), repeated("UsernameToken")),
        ("</wsse:Security>".to_owned(), before("wsse:Security", &second_timestamp), repeated("Timestamp")),
        ("</wsse:Security>".to_owned(), before("wsse:Security", "<wsse:BinarySecurityToken/>"), UnsupportedToken),
        ("</wsse:Security>".to_owned(), before("wsse:Security", "text"), UnsupportedToken),
        (timestamp.to_owned(), String::new(), missing("Timestamp")),
        (timestamp.to_owned(), format!("<wsse:Wrap>{timestamp}</wsse:Wrap>"), missing("Timestamp")),
        (timestamp.to_owned(), format!("{timestamp}<wsse:Wrap>{second_timestamp}</wsse:Wrap>"), UnsupportedToken),
        ("<wsu:Created>".to_owned(), "<wsu:Created>2026-11-23T12:00:00Z</wsu:Created><wsu:Created>".to_owned(), repeated("Created")),
        ("2026-11-23T12:00:00Z".to_owned(), "now".to_owned(), BadTimestamp),
        ("2026-11-23T12:00:00Z".to_owned(), "2026-11-23T12:00:00".to_owned(), BadTimestamp),
        ("2026-11-23T12:10:00Z".to_owned(), "2026-11-23T12:00:00Z".to_owned(), BadTimestamp),
        ("2026-11-23T12:10:00Z".to_owned(), "9999-12-31T23:59:59-00:01".to_owned(), BadTimestamp),
        ("2026-11-23T12:00:00Z".to_owned(), "0000-01-01T00:00:00Z".to_owned(), Expired),
        // The token.
        ("<wsse:Password>".to_owned(), "<wsse:Password Type='http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordDigest'>".to_owned(), UnsupportedPassword),
        ("<wsse:Password>".to_owned(), "<wsse:Password Type=''>".to_owned(), UnsupportedPassword),
        ("<wsse:Password>".to_owned(), "<wsse:Password>a</wsse:Password><wsse:Password>".to_owned(), repeated("Password")),
        ("<wsse:Username>".to_owned(), "<wsse:Username>a</wsse:Username><wsse:Username>".to_owned(), repeated("Username")),
        ("<wsse:Username>".to_owned(), "<wsse:Username><b/>".to_owned(), Content("Username")),
        (TOKEN.to_owned(), format!("{TOKEN}<wsse:Nonce>AAAA</wsse:Nonce>"), UnsupportedToken),
        (TOKEN.to_owned(), format!("{TOKEN}text"), UnsupportedToken),
        // The request.
        ("<wst:KeyType>".to_owned(), "text<wst:KeyType>".to_owned(), Content("Body")),
        ("200512/Bearer".to_owned(), "200512/SymmetricKey".to_owned(), NotIssued("a KeyType other than bearer")),
        ("200512/Issue</wst:RequestType>".to_owned(), "200512/Validate</wst:RequestType>".to_owned(), NotIssued("a RequestType other than Issue")),
        ("<wst:KeyType>".to_owned(), "<wst:TokenType>urn:oasis:names:tc:SAML:2.0:assertion</wst:TokenType><wst:KeyType>".to_owned(), NotIssued("a TokenType other than SAML 1.1")),
        ("<wst:KeyType>".to_owned(), "<wst:OnBehalfOf/><wst:KeyType>".to_owned(), NotIssued("a parameter that is not known")),
        ("<wst:KeyType>".to_owned(), "<wst:KeyType>x</wst:KeyType><wst:KeyType>".to_owned(), repeated("KeyType")),
        ("wst:RequestType".to_owned(), "wst:KeySize".to_owned(), missing("RequestType")),
        ("</wsp:AppliesTo>".to_owned(), "<wsa:EndpointReference><wsa:Address>urn:x</wsa:Address></wsa:EndpointReference></wsp:AppliesTo>".to_owned(), repeated("EndpointReference")),
        ("</wsp:AppliesTo>".to_owned(), "<x/></wsp:AppliesTo>".to_owned(), Content("AppliesTo")),
        ("<wst:KeyType>".to_owned(), "<wsp:AppliesTo xmlns:wsp='http://schemas.xmlsoap.org/ws/2004/09/policy'/><wst:KeyType>".to_owned(), repeated("AppliesTo")),
        ("urn:federation:MicrosoftOnline".to_owned(), String::new(), Content("AppliesTo")),
        ("<wst:RequestSecurityToken ".to_owned(), format!("<wst:RequestSecurityToken Context='{}' ", "x".repeat(513)), Content("Context")),
    ];
    for (old, new, expected) in cases {
        let changed = message.replace(&old, &new);
        assert_ne!(changed, message, "{old}");
        let refused = read(Version::V13, &changed).unwrap_err();
        assert_eq!(refused.cause, expected, "{old:.80} => {new:.80}");
    }
}

/// The reader refuses these by itself; here it is seen that nothing lets them past it.
#[test]
fn document_types_and_floods_are_refused() {
    let (version, message) = PYTHON[0];
    for changed in [
        format!("<!DOCTYPE s:Envelope [<!ENTITY x 'y'>]>{message}"),
        message.replace("wmoran@", "&x;@"),
        message.replace("<s:Header>", "<s:Header><!-- a comment -->"),
        message.replace("<s:Header>", "<s:Header><?php ?>"),
        message.replace(
            "<s:Header>",
            &format!("<s:Header>{}{}", "<a>".repeat(20), "</a>".repeat(20)),
        ),
        message.replace("<s:Header>", &format!("<s:Header>{}", "<a/>".repeat(200))),
        message.replace("ADALUsernameToken", "_0"),
        String::new(),
        "wa=wsignin1.0".to_owned(),
    ] {
        assert_ne!(changed, message);
        let refused = read(version, &changed).unwrap_err();
        assert!(matches!(refused.cause, RequestError::Xml(_)), "{refused:?}");
    }
    let long = message.replace("wmoran@", &"x".repeat(16 * 1024));
    assert_eq!(
        read(version, &long).unwrap_err().cause,
        RequestError::TooLarge
    );
}

#[test]
fn a_refusal_knows_the_message_where_that_can_be_read() {
    let (_, message) = PYTHON[1];
    let refused = read(Version::V13, &message.replace("/trust/13/", "/")).unwrap_err();
    assert_eq!(refused.message_id.as_deref(), Some(MESSAGE_ID));
    let refused = read(Version::V13, &message.replace("wsa:MessageID", "wsa:From")).unwrap_err();
    assert_eq!(refused.message_id, None);
    // An endpoint speaks one version.
    let refused = read(Version::Feb2005, message).unwrap_err();
    assert_eq!(refused.cause, RequestError::WrongAction);
    let (_, other) = PYTHON[0];
    let mixed = message.replace(
        "xmlns:wst='http://docs.oasis-open.org/ws-sx/ws-trust/200512'",
        "xmlns:wst='http://schemas.xmlsoap.org/ws/2005/02/trust'",
    );
    assert_ne!(other, mixed);
    let refused = read(Version::V13, &mixed).unwrap_err();
    assert_eq!(refused.cause, RequestError::Content("Body"));
}

#[test]
fn times_are_held_to_our_clock() {
    let (version, message) = PYTHON[0];
    let (_, dotnet) = DOTNET[0];
    // 12:00:00 to 12:10:00; ten minutes at most, and a minute between the clocks.
    for (now, outcome) in [
        ("2026-11-23T11:58:59.9Z", Err(RequestError::FromTheFuture)),
        ("2026-11-23T11:59:00Z", Ok(())),
        ("2026-11-23T12:10:59Z", Ok(())),
        ("2026-11-23T12:11:00Z", Err(RequestError::Expired)),
    ] {
        let read = read_at(version, message, now).map(|_| ());
        assert_eq!(read.map_err(|refused| refused.cause), outcome, "{now}");
    }
    // MSAL for .NET writes ".068" whatever the time is: not in the future by that.
    assert!(read_at(version, dotnet, "2026-11-23T11:59:00Z").is_ok());
    // A sender that gives its message a day has ten minutes all the same.
    for (now, taken) in [
        ("2026-11-23T12:11:00Z", true),
        ("2026-11-23T12:11:01Z", false),
    ] {
        assert_eq!(read_at(version, OTHER, now).is_ok(), taken, "{now}");
    }
    let short = message.replace("T12:10:00Z", "T12:01:00Z");
    assert!(read_at(version, &short, "2026-11-23T12:01:59Z").is_ok());
    let refused = read_at(version, &short, "2026-11-23T12:02:00Z").unwrap_err();
    assert_eq!(refused.cause, RequestError::Expired);
}
