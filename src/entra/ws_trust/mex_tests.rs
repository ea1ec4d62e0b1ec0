use super::*;

/// The document of facts 3.2: AD FS's own, reduced to what the libraries read.
const DOCUMENT: &str = include_str!("golden/mex.xml");
const OF_2005: &str = "https://idp.example/adfs/services/trust/2005/usernamemixed";
const OF_13: &str = "https://idp.example/adfs/services/trust/13/usernamemixed";

fn find(document: &str, library: Library) -> Result<(String, Version), MexError> {
    let endpoint = Mex::read(document.as_bytes())?.password_endpoint(library)?;
    Ok((endpoint.address, endpoint.version))
}

fn python(document: &str) -> Result<(String, Version), MexError> {
    find(document, Library::Python)
}

fn dot_net(document: &str) -> Result<(String, Version), MexError> {
    find(document, Library::DotNet)
}

fn changed(from: &str, to: &str) -> String {
    let document = DOCUMENT.replace(from, to);
    assert_ne!(document, DOCUMENT, "{from} is not there");
    document
}

fn dies(library: Library, cause: &'static str) -> MexError {
    MexError::Dies { library, cause }
}

#[test]
fn each_library_finds_its_own_endpoint() {
    assert_eq!(python(DOCUMENT), Ok((OF_13.to_owned(), Version::V13)));
    assert_eq!(
        dot_net(DOCUMENT),
        Ok((OF_2005.to_owned(), Version::Feb2005))
    );
}

#[test]
fn what_is_no_strict_xml_is_none() {
    for bad in ["", "text", "<a>", "<!DOCTYPE a><a/>"] {
        assert!(matches!(python(bad), Err(MexError::Xml(_))), "{bad}");
    }
    assert_eq!(python("<a/>"), Err(MexError::NoEndpoint(Library::Python)));
}

#[test]
fn python_takes_2005_where_there_is_no_other() {
    let document = changed("sp13:WssUsernameToken10", "sp13:WssUsernameToken11");
    assert_eq!(
        python(&document),
        Ok((OF_2005.to_owned(), Version::Feb2005))
    );
    // And .NET never looked there.
    assert_eq!(dot_net(&document), dot_net(DOCUMENT));
}

#[test]
fn dot_net_takes_13_where_its_policy_has_the_token_of_2005() {
    let token = "<sp13:UsernameToken><wsp:Policy><sp13:WssUsernameToken10/></wsp:Policy></sp13:UsernameToken>";
    let both = format!("{token}{}", token.replace("sp13:", "sp05:"));
    let document = changed(token, &both);
    assert_eq!(dot_net(&document), Ok((OF_13.to_owned(), Version::V13)));
}

/// One change for each thing that a library looks at: without it, neither policy leads anywhere.
#[test]
fn every_link_of_the_chain_is_needed() {
    let both = [Library::Python, Library::DotNet];
    for (from, to) in [
        (
            "<wsp:ExactlyOne>",
            "<wsp:ExactlyOne><wsp:All/></wsp:ExactlyOne><wsp:Some>",
        ),
        ("TransportBinding", "AsymmetricBinding"),
        ("SupportingTokens", "EndorsingTokens"),
        ("UsernameToken>", "X509Token>"),
        ("WssUsernameToken10", "WssUsernameToken11"),
        ("wsu:Id=", "Id="),
        ("URI=\"#", "URI=\"#other"),
        ("URI=\"#", "URI=\""),
        ("soap/http\"", "soap/smtp\""),
        (
            "<wsdl:binding name=\"UserName",
            "<wsdl:binding name=\"Other",
        ),
        ("wsa10:EndpointReference", "wsa10:Reference"),
        ("wsa10:Address", "wsa10:Location"),
    ] {
        let mut document = changed(from, to);
        if to.ends_with("<wsp:Some>") {
            document =
                document.replace("</wsp:ExactlyOne></wsp:Policy>", "</wsp:Some></wsp:Policy>");
        }
        for library in both {
            assert_eq!(
                find(&document, library),
                Err(MexError::NoEndpoint(library)),
                "{from} {library}"
            );
        }
    }
}

#[test]
fn passwords_go_over_https_only() {
    let plain = changed("Address>https://", "Address>http://");
    assert_eq!(python(&plain), Err(MexError::NoEndpoint(Library::Python)));
    assert_eq!(dot_net(&plain), Err(MexError::NotHttps(Library::DotNet)));
}

#[test]
fn what_a_library_dies_of_is_told() {
    let cases = [
        (
            changed("<soap12:binding transport", "<soap12:other transport"),
            Library::Python,
            "a binding has no soap12:binding",
        ),
        (
            changed("soap12:operation", "soap12:other"),
            Library::Python,
            "a binding has no soap12:operation",
        ),
        (
            changed(" binding=\"tns:", " bound=\"tns:"),
            Library::Python,
            "a port has no binding",
        ),
        (
            changed(&format!("Address>{OF_13}<"), "Address><"),
            Library::Python,
            "an address is empty",
        ),
        (
            changed("200512/RST/Issue", "200512/RST/Renew"),
            Library::Python,
            "an action is not the known one",
        ),
        (
            changed("wsdl:service", "wsdl:other"),
            Library::DotNet,
            "there is no wsdl:service",
        ),
    ];
    for (document, library, cause) in cases {
        assert_eq!(find(&document, library), Err(dies(library, cause)));
    }
    // Names that stand twice: the second policy or binding is a copy of the first.
    let twice = |tag: &str, end: &str| {
        let start = DOCUMENT.find(tag).unwrap();
        let length = DOCUMENT[start..].find(end).unwrap() + end.len();
        let copy = &DOCUMENT[start..start + length];
        DOCUMENT.replacen(copy, &format!("{copy}{copy}"), 1)
    };
    let policies = twice("<wsp:Policy wsu:", "</wsp:ExactlyOne></wsp:Policy>");
    // .NET would die of it, and the strict reader lets no identifier stand twice in the first place.
    assert!(matches!(dot_net(&policies), Err(MexError::Xml(_))));
    let bindings = twice("<wsdl:binding", "</wsdl:binding>");
    assert_eq!(
        dot_net(&bindings),
        Err(dies(Library::DotNet, "two bindings have one name"))
    );
    assert_eq!(python(&bindings), python(DOCUMENT));
    // It does not die of one whose action it does not know.
    let renewing = bindings.replacen("2005/02/trust/RST/Issue", "2005/02/trust/RST/Renew", 1);
    assert_ne!(renewing, bindings);
    assert_eq!(dot_net(&renewing), dot_net(DOCUMENT));
}
