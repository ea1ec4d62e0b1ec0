//! The MEX document, as each library reads it.

use super::{
    clients::{dotnet_endpoint, python_endpoint, tree},
    *,
};

const AT_2005: &str = "https://idp.test:8443/adfs/services/trust/2005/usernamemixed";
const AT_13: &str = "https://idp.test:8443/adfs/services/trust/13/usernamemixed";

fn document() -> String {
    metadata_exchange("https://idp.test:8443").unwrap()
}

#[test]
fn python_finds_the_newer_endpoint_and_dotnet_the_older_one() {
    let root = tree(&document());
    let (address, action) = python_endpoint(&root).unwrap().unwrap();
    assert_eq!(address, AT_13);
    assert_eq!(
        action,
        "http://docs.oasis-open.org/ws-sx/ws-trust/200512/RST/Issue"
    );
    let (address, version) = dotnet_endpoint(&root).unwrap().unwrap();
    assert_eq!((address.as_str(), version), (AT_2005, Version::Feb2005));
}

#[test]
fn the_document_is_the_golden_one() {
    assert_eq!(
        document().trim_end(),
        include_str!("../golden/mex.xml").trim_end()
    );
}

/// Cuts out everything from `start` to the end of the next `end`.
fn without(document: &str, start: &str, end: &str) -> String {
    let from = document.find(start).unwrap();
    let to = from + document[from..].find(end).unwrap() + end.len();
    format!("{}{}", &document[..from], &document[to..])
}

/// Each part that the template has is there for somebody: without it, a library finds another
/// endpoint, none, or dies.
#[test]
fn each_library_needs_what_the_document_has() {
    let document = document();
    let without = |start, end| without(&document, start, end);
    let python = |document: &str| match python_endpoint(&tree(document)) {
        Ok(Some((address, _))) => address,
        Ok(None) => "none".to_owned(),
        Err(death) => death.to_owned(),
    };
    let dotnet = |document: &str| match dotnet_endpoint(&tree(document)) {
        Ok(Some((address, _))) => address,
        Ok(None) => "none".to_owned(),
        Err(death) => death.to_owned(),
    };
    let renamed = |old: &str, new: &str| document.replace(old, new);

    // Without the older endpoint, MSAL for .NET has none: it overlooks the newer one.
    let policy_2005 = "<wsp:Policy wsu:Id=\"UserNameWSTrustBinding_IWSTrustFeb2005Async_policy\">";
    let newer_only = renamed(policy_2005, "<wsp:Policy wsu:Id=\"other\">");
    assert_eq!(
        (python(&newer_only).as_str(), dotnet(&newer_only).as_str()),
        (AT_13, "none")
    );
    // Without the newer one, MSAL for Python takes the older.
    let policy_13 = "<wsp:Policy wsu:Id=\"UserNameWSTrustBinding_IWSTrust13Async_policy\">";
    let older_only = renamed(policy_13, "<wsp:Policy wsu:Id=\"other\">");
    assert_eq!(
        (python(&older_only).as_str(), dotnet(&older_only).as_str()),
        (AT_2005, AT_2005)
    );
    // A SOAP 1.2 binding in each binding.
    let soap = "<soap12:binding transport=\"http://schemas.xmlsoap.org/soap/http\"/>";
    let one_less = without(soap, "/>");
    assert_eq!(python(&one_less), "a binding without soap12:binding");
    assert_eq!(dotnet(&one_less), "none");
    // The address is that of the endpoint reference, and https.
    let no_reference = document.replace("wsa10:EndpointReference", "wsa10:Reference");
    assert_eq!(
        (python(&no_reference), dotnet(&no_reference)),
        ("none".into(), "none".into())
    );
    assert_eq!(python(&document.replace("https://", "http://")), "none");
    // A transport binding in each policy.
    let no_transport = document.replace("sp:TransportBinding", "sp:OtherBinding");
    assert_eq!(
        (python(&no_transport), dotnet(&no_transport)),
        ("none".into(), "none".into())
    );
    // No name twice, and a port names its binding with a prefix.
    let both_older = document
        .replace(SP_13, SP_2005)
        .replace("SignedEncryptedSupportingTokens", "SignedSupportingTokens");
    assert_eq!(dotnet(&both_older), AT_13);
    let (older, newer) = (
        "Binding_IWSTrustFeb2005Async\"",
        "Binding_IWSTrust13Async\"",
    );
    assert_eq!(
        dotnet(&both_older.replace(newer, older)),
        "two bindings of one name"
    );
    assert_eq!(
        dotnet(&document.replace("binding=\"tns:", "binding=\"")),
        "none"
    );
    assert_eq!(
        dotnet(&document.replace("wsdl:service", "wsdl:other")),
        "no service"
    );
}

const SP_13: &str = "http://docs.oasis-open.org/ws-sx/ws-securitypolicy/200702";
const SP_2005: &str = "http://schemas.xmlsoap.org/ws/2005/07/securitypolicy";
