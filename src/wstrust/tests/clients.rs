//! How the two libraries read what they get, written down: what they find, and where they die.
//!
//! `tests/ws_trust.rs` has MSAL for Python itself; this is for what it does not do with our
//! answers, and for MSAL for .NET, which is not run here.

use super::*;
use crate::xml::{self, Element, Limits};

const WSP: &str = "http://schemas.xmlsoap.org/ws/2004/09/policy";
const WSDL: &str = "http://schemas.xmlsoap.org/wsdl/";
const SOAP12: &str = "http://schemas.xmlsoap.org/wsdl/soap12/";
const SP2005: &str = "http://schemas.xmlsoap.org/ws/2005/07/securitypolicy";
const SP: &str = "http://docs.oasis-open.org/ws-sx/ws-securitypolicy/200702";
const WSA: &str = "http://www.w3.org/2005/08/addressing";
const WSU: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";
const SOAP: &str = "http://www.w3.org/2003/05/soap-envelope";
const HTTP: &str = "http://schemas.xmlsoap.org/soap/http";

pub(super) fn tree(document: &str) -> Element {
    xml::read(document.as_bytes(), &Limits::default()).unwrap()
}

fn children<'a>(
    element: &'a Element,
    namespace: &'a str,
    name: &'a str,
) -> impl Iterator<Item = &'a Element> {
    element
        .elements()
        .filter(move |child| child.is(namespace, name))
}

/// The first element at the end of each way through these children.
fn walk<'a>(from: &'a Element, way: &[(&'a str, &'a str)]) -> Option<&'a Element> {
    match way {
        [] => Some(from),
        [(namespace, name), rest @ ..] => {
            children(from, namespace, name).find_map(|child| walk(child, rest))
        }
    }
}

fn has_below(element: &Element, namespace: &str, name: &str) -> bool {
    element
        .elements()
        .any(|child| child.is(namespace, name) || has_below(child, namespace, name))
}

/// MSAL for Python, `mex.py`: address and action. `Err` where it dies.
pub(super) fn python_endpoint(root: &Element) -> Result<Option<(String, String)>, &'static str> {
    let accepted = |policy: &Element, sp, tokens| {
        walk(
            policy,
            &[
                (WSP, "ExactlyOne"),
                (WSP, "All"),
                (sp, tokens),
                (WSP, "Policy"),
                (sp, "UsernameToken"),
                (WSP, "Policy"),
                (sp, "WssUsernameToken10"),
            ],
        )
        .is_some()
            && has_below(policy, sp, "TransportBinding")
    };
    let policies: Vec<_> = children(root, WSP, "Policy")
        .filter(|policy| {
            accepted(policy, SP, "SignedEncryptedSupportingTokens")
                || accepted(policy, SP2005, "SignedSupportingTokens")
        })
        .filter_map(|policy| policy.attribute_ns(WSU, "Id"))
        .collect();
    let mut bindings = Vec::new();
    for binding in children(root, WSDL, "binding") {
        let soap = children(binding, SOAP12, "binding").next();
        let soap = soap.ok_or("a binding without soap12:binding")?;
        if soap.attribute("transport") != Some(HTTP) {
            continue;
        }
        let operation = walk(binding, &[(WSDL, "operation"), (SOAP12, "operation")]);
        let operation = operation.ok_or("a binding without soap12:operation")?;
        let reference = children(binding, WSP, "PolicyReference").last();
        let policy = reference.and_then(|reference| reference.attribute("URI"));
        bindings.push((
            binding.attribute("name"),
            policy,
            operation.attribute("soapAction"),
        ));
    }
    let mut endpoints = Vec::new();
    for service in children(root, WSDL, "service") {
        for port in children(service, WSDL, "port") {
            let name = port.attribute("binding").ok_or("a port without binding")?;
            let name = name.rsplit(':').next();
            let Some((_, Some(policy), Some(action))) =
                bindings.iter().rev().find(|(known, _, _)| *known == name)
            else {
                continue;
            };
            let Some(id) = policy.strip_prefix('#') else {
                continue;
            };
            let address = walk(port, &[(WSA, "EndpointReference"), (WSA, "Address")]);
            if let Some(address) = address.and_then(Element::text)
                && policies.contains(&id)
                && address.to_lowercase().starts_with("https://")
            {
                endpoints.push((address.to_owned(), (*action).to_owned()));
            }
        }
    }
    let preferred = endpoints
        .iter()
        .find(|(_, action)| action == Version::V13.request_action());
    Ok(preferred.or(endpoints.first()).cloned())
}

/// MSAL for .NET, `MexDocument.cs`: address and version. `Err` where it dies.
pub(super) fn dotnet_endpoint(root: &Element) -> Result<Option<(String, Version)>, &'static str> {
    struct Policy {
        id: String,
        version: Version,
        url: Option<String>,
    }
    let mut policies: Vec<Policy> = Vec::new();
    let mut any = false;
    for policy in children(root, WSP, "Policy") {
        any = true;
        let Some(all) = walk(policy, &[(WSP, "ExactlyOne"), (WSP, "All")]) else {
            continue;
        };
        let tokens = children(all, SP, "SignedEncryptedSupportingTokens")
            .next()
            .or_else(|| children(all, SP2005, "SignedSupportingTokens").next());
        let Some(tokens) = tokens else { continue };
        // In the older namespace, whichever of the two it is in.
        let found = walk(
            tokens,
            &[
                (WSP, "Policy"),
                (SP2005, "UsernameToken"),
                (WSP, "Policy"),
                (SP2005, "WssUsernameToken10"),
            ],
        );
        let is_over_tls = has_below(policy, SP, "TransportBinding")
            || has_below(policy, SP2005, "TransportBinding");
        let (Some(_), true, Some(id)) = (found, is_over_tls, policy.attribute_ns(WSU, "Id")) else {
            continue;
        };
        if policies.iter().any(|known| known.id == id) {
            return Err("two policies of one name");
        }
        policies.push(Policy {
            id: id.to_owned(),
            version: Version::V13,
            url: None,
        });
    }
    if !any {
        return Err("no policy");
    }
    let mut bindings: Vec<(String, usize)> = Vec::new();
    for binding in children(root, WSDL, "binding") {
        for reference in children(binding, WSP, "PolicyReference") {
            let uri = reference.attribute("URI").unwrap_or("");
            let of = |policy: &Policy| uri == format!("#{}", policy.id);
            let Some(index) = policies.iter().position(of) else {
                continue;
            };
            let operation = walk(binding, &[(WSDL, "operation"), (SOAP12, "operation")]);
            let action = operation.and_then(|operation| operation.attribute("soapAction"));
            let Some(version) = Version::ALL
                .into_iter()
                .find(|version| Some(version.request_action()) == action)
            else {
                continue;
            };
            policies[index].version = version;
            let transport = children(binding, SOAP12, "binding").next();
            let transport = transport.and_then(|soap| soap.attribute("transport"));
            if transport == Some(HTTP) {
                let name = binding.attribute("name").unwrap().to_owned();
                if bindings.iter().any(|(known, _)| *known == name) {
                    return Err("two bindings of one name");
                }
                bindings.push((name, index));
            }
        }
    }
    let service = children(root, WSDL, "service").next().ok_or("no service")?;
    for port in children(service, WSDL, "port") {
        let name = port
            .attribute("binding")
            .and_then(|name| name.split_once(':'));
        let Some((_, index)) = bindings
            .iter()
            .find(|(known, _)| name.is_some_and(|(_, name)| name == known))
        else {
            continue;
        };
        let address = walk(port, &[(WSA, "EndpointReference"), (WSA, "Address")]);
        policies[*index].url = address.and_then(Element::text).map(str::to_owned);
    }
    let chosen = policies
        .iter()
        .find(|policy| policy.url.is_some() && policy.version == Version::V13)
        .or_else(|| policies.iter().find(|policy| policy.url.is_some()));
    Ok(chosen.and_then(|policy| Some((policy.url.clone()?, policy.version))))
}

/// MSAL for Python, `wstrust_response.py`: what stands between the first opening and the last
/// closing tag of this name, whatever its prefix, if that consists of letters, digits and `_`.
fn between<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let is_tag = |at: usize, slash: &str| {
        let before = text[..at].rsplit_once('<').map_or("", |(_, before)| before);
        let prefix = before.strip_prefix(slash)?;
        let word = |text: &str| text.chars().all(|c| c.is_alphanumeric() || c == '_');
        let fits = prefix.is_empty()
            || prefix
                .strip_suffix(':')
                .is_some_and(|prefix| !prefix.is_empty() && word(prefix));
        fits.then_some(at)
    };
    let places: Vec<_> = text.match_indices(name).map(|(at, _)| at).collect();
    let open = places.iter().find_map(|&at| is_tag(at, ""))?;
    let start = open + text[open..].find('>')? + 1;
    let end = places.iter().rev().find_map(|&at| is_tag(at, "/"))?;
    let end = text[..end].rfind('<')?;
    text.get(start..end)
}

/// MSAL for Python: the token as it stands, and its type.
pub(super) fn python_token(document: &str) -> Option<(&str, &str)> {
    let response = between(document, "RequestSecurityTokenResponse")?;
    let kind = between(response, "TokenType")?;
    Some((between(response, "RequestedSecurityToken")?, kind))
}

/// MSAL for Python: reason and code of a fault. `Err` where it dies instead of telling them.
pub(super) fn python_fault(root: &Element) -> Result<(String, String), &'static str> {
    let fault = |way: &[(&'static str, &'static str)]| {
        let mut whole = vec![(SOAP, "Body"), (SOAP, "Fault")];
        whole.extend_from_slice(way);
        walk(root, &whole)
            .and_then(Element::text)
            .map(str::to_owned)
    };
    let reason = fault(&[(SOAP, "Reason"), (SOAP, "Text")]);
    let code = fault(&[(SOAP, "Code"), (SOAP, "Subcode"), (SOAP, "Value")]);
    match (reason, code) {
        (Some(reason), Some(code)) => Ok((reason, code)),
        _ => Err("AttributeError: 'NoneType' object has no attribute 'text'"),
    }
}

fn all_below<'a>(element: &'a Element, namespace: &str, name: &str, into: &mut Vec<&'a Element>) {
    for child in element.elements() {
        if child.is(namespace, name) {
            into.push(child);
        }
        all_below(child, namespace, name, into);
    }
}

/// MSAL for .NET, `WsTrustResponse.cs`: the token and its type. `Err` where it dies.
pub(super) fn dotnet_token(
    root: &Element,
    version: Version,
) -> Result<Option<(&Element, &str)>, &'static str> {
    let trust = version.namespace();
    let collection = "RequestSecurityTokenResponseCollection";
    if version == Version::V13 && !has_below(root, trust, collection) {
        return Ok(None);
    }
    let mut responses = Vec::new();
    all_below(root, trust, "RequestSecurityTokenResponse", &mut responses);
    let mut tokens: Vec<(&Element, &str)> = Vec::new();
    for response in responses {
        let kind = children(response, trust, "TokenType").next();
        let token = children(response, trust, "RequestedSecurityToken").next();
        let (Some(kind), Some(token)) = (kind.and_then(Element::text), token) else {
            continue;
        };
        if tokens.iter().any(|(_, known)| *known == kind) {
            return Err("two tokens of one type");
        }
        tokens.push((token, kind));
    }
    Ok(tokens
        .iter()
        .find(|(_, kind)| *kind == "urn:oasis:names:tc:SAML:1.0:assertion")
        .or(tokens.first())
        .copied())
}

/// MSAL for .NET: what a status other than 200 tells, and whether the message is sent again.
pub(super) fn dotnet_sends_again(status: u16, has_retry_after: bool) -> bool {
    (500..600).contains(&status) && !has_retry_after
}
