//! The MEX document: where a name and a password are taken, as MSAL finds it out (facts 3.2).

use crate::xml::{self, Element, Limits, ReadError};

use super::{Version, soap::WSA};

const WSDL: &str = "http://schemas.xmlsoap.org/wsdl/";
const SOAP12: &str = "http://schemas.xmlsoap.org/wsdl/soap12/";
const WSP: &str = "http://schemas.xmlsoap.org/ws/2004/09/policy";
const WSU: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";
const SP_2005: &str = "http://schemas.xmlsoap.org/ws/2005/07/securitypolicy";
const SP_2007: &str = "http://docs.oasis-open.org/ws-sx/ws-securitypolicy/200702";
const HTTP: &str = "http://schemas.xmlsoap.org/soap/http";

/// AD FS's documents have some 100 KiB.
const LIMITS: Limits = Limits {
    bytes: 1024 * 1024,
    depth: 64,
    attributes: 64,
    elements: 16 * 1024,
};

/// A library whose way of reading is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Library {
    /// MSAL for Python. It prefers WS-Trust 1.3.
    Python,
    /// MSAL for .NET. Of the policies that AD FS publishes it understands the one of February 2005
    /// alone.
    DotNet,
}

impl std::fmt::Display for Library {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Python => "MSAL for Python",
            Self::DotNet => "MSAL for .NET",
        })
    }
}

/// Where a library would send the password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasswordEndpoint {
    /// Its address.
    pub address: String,
    /// The version that is spoken there.
    pub version: Version,
}

/// Why a library finds no endpoint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MexError {
    /// It is not XML as it must be.
    #[error("the MEX document cannot be read: {0}")]
    Xml(#[from] ReadError),
    /// The library ends with an exception of its own.
    #[error("{library} dies of the MEX document: {cause}")]
    Dies {
        /// Which one.
        library: Library,
        /// Of what.
        cause: &'static str,
    },
    /// It reads the document, and nothing in it is a place for a password.
    #[error("{0} finds no place for name and password in the MEX document")]
    NoEndpoint(Library),
    /// What it finds is no address that a password may be sent to.
    #[error("{0} finds an address that is not https")]
    NotHttps(Library),
}

/// A MEX document.
#[derive(Clone, Debug)]
pub struct Mex(Element);

impl Mex {
    /// Reads a document.
    ///
    /// # Errors
    /// [`MexError::Xml`].
    pub fn read(document: &[u8]) -> Result<Self, MexError> {
        Ok(Self(xml::read(document, &LIMITS)?))
    }

    /// The endpoint that a library finds.
    ///
    /// # Errors
    /// When it finds none, or dies over it.
    pub fn password_endpoint(&self, library: Library) -> Result<PasswordEndpoint, MexError> {
        let found = match library {
            Library::Python => python(&self.0),
            Library::DotNet => dot_net(&self.0),
        };
        let endpoints = found.map_err(|cause| MexError::Dies { library, cause })?;
        let preferred = endpoints.iter().find(|it| it.version == Version::V13);
        let endpoint = preferred.or(endpoints.first());
        let endpoint = endpoint.ok_or(MexError::NoEndpoint(library))?;
        if !endpoint.address.starts_with("https://") {
            return Err(MexError::NotHttps(library));
        }
        Ok(endpoint.clone())
    }
}

/// What a binding of the document says: its name, the policy it refers to, and its action.
struct Binding<'d> {
    name: &'d str,
    policy: &'d str,
    action: &'d str,
}

impl Binding<'_> {
    fn version(&self) -> Option<Version> {
        Version::ALL
            .into_iter()
            .find(|version| version.request_action() == self.action)
    }
}

/// A policy says what it asks for in the namespace of its own version.
fn python(root: &Element) -> Result<Vec<PasswordEndpoint>, &'static str> {
    let policies: Vec<&Element> = children(root, WSP, "Policy")
        .filter(|policy| {
            let asks =
                |sp, tokens| asks_for_password(policy, (sp, tokens), sp) && has_below(policy, sp);
            asks(SP_2007, "SignedEncryptedSupportingTokens")
                || asks(SP_2005, "SignedSupportingTokens")
        })
        .collect();
    let mut bindings: Vec<Binding<'_>> = Vec::new();
    for binding in children(root, WSDL, "binding") {
        let soap = child(binding, SOAP12, "binding").ok_or("a binding has no soap12:binding")?;
        if soap.attribute("transport") != Some(HTTP) {
            continue;
        }
        let operation = at(binding, &[(WSDL, "operation"), (SOAP12, "operation")])
            .ok_or("a binding has no soap12:operation")?;
        // The last reference counts.
        let Some(reference) = children(binding, WSP, "PolicyReference").last() else {
            continue;
        };
        bindings.push(Binding {
            name: binding.attribute("name").unwrap_or_default(),
            policy: reference.attribute("URI").unwrap_or_default(),
            action: operation.attribute("soapAction").unwrap_or_default(),
        });
    }
    let mut endpoints = Vec::new();
    for port in children(root, WSDL, "service").flat_map(|it| children(it, WSDL, "port")) {
        let name = port.attribute("binding").ok_or("a port has no binding")?;
        let name = name.rsplit(':').next().unwrap_or_default();
        // The last binding of a name counts.
        let Some(binding) = bindings.iter().rev().find(|it| it.name == name) else {
            continue;
        };
        if !policies.iter().any(|policy| is_referred(policy, binding)) {
            continue;
        }
        let Some(address) = at(port, &[(WSA, "EndpointReference"), (WSA, "Address")]) else {
            continue;
        };
        let address = text(address).ok_or("an address is empty")?;
        if address.to_ascii_lowercase().starts_with("https://") {
            let version = binding.version().ok_or("an action is not the known one")?;
            endpoints.push(PasswordEndpoint {
                address: address.to_owned(),
                version,
            });
        }
    }
    Ok(endpoints)
}

/// Whichever version a policy is of, the password is looked for in the namespace of 2005.
fn dot_net(root: &Element) -> Result<Vec<PasswordEndpoint>, &'static str> {
    let mut policies: Vec<&Element> = Vec::new();
    for policy in children(root, WSP, "Policy") {
        let asks = asks_for_password(
            policy,
            (SP_2007, "SignedEncryptedSupportingTokens"),
            SP_2005,
        ) || asks_for_password(policy, (SP_2005, "SignedSupportingTokens"), SP_2005);
        let over_tls = has_below(policy, SP_2007) || has_below(policy, SP_2005);
        if asks && over_tls {
            policies.push(policy);
        }
    }
    let mut bindings: Vec<Binding<'_>> = Vec::new();
    for binding in children(root, WSDL, "binding") {
        for reference in children(binding, WSP, "PolicyReference") {
            let operation = at(binding, &[(WSDL, "operation"), (SOAP12, "operation")]);
            let (Some(name), Some(operation)) = (binding.attribute("name"), operation) else {
                continue;
            };
            let found = Binding {
                name,
                policy: reference.attribute("URI").unwrap_or_default(),
                action: operation.attribute("soapAction").unwrap_or_default(),
            };
            let soap = child(binding, SOAP12, "binding");
            let over_http = soap.and_then(|it| it.attribute("transport")) == Some(HTTP);
            let known = policies.iter().any(|policy| is_referred(policy, &found));
            if !known || !over_http || found.version().is_none() {
                continue;
            }
            if bindings.iter().any(|it| it.name == name) {
                return Err("two bindings have one name");
            }
            bindings.push(found);
        }
    }
    let service = child(root, WSDL, "service").ok_or("there is no wsdl:service")?;
    let mut endpoints = Vec::new();
    for port in children(service, WSDL, "port") {
        let name = port.attribute("binding").and_then(|it| it.split_once(':'));
        let binding = bindings
            .iter()
            .find(|it| name.is_some_and(|(_, name)| it.name == name));
        let address = at(port, &[(WSA, "EndpointReference"), (WSA, "Address")]).and_then(text);
        if let (Some(binding), Some(address)) = (binding, address)
            && let Some(version) = binding.version()
        {
            endpoints.push(PasswordEndpoint {
                address: address.to_owned(),
                version,
            });
        }
    }
    Ok(endpoints)
}

fn is_referred(policy: &Element, binding: &Binding<'_>) -> bool {
    let id = policy.attribute_ns(WSU, "Id");
    id.is_some() && binding.policy.strip_prefix('#') == id
}

/// Whether there is a `UsernameToken` of `sp` below these supporting tokens.
fn asks_for_password(policy: &Element, tokens: (&str, &str), sp: &str) -> bool {
    let way = [
        (WSP, "ExactlyOne"),
        (WSP, "All"),
        tokens,
        (WSP, "Policy"),
        (sp, "UsernameToken"),
        (WSP, "Policy"),
        (sp, "WssUsernameToken10"),
    ];
    at(policy, &way).is_some()
}

/// Whether TLS is asked for, anywhere below.
fn has_below(element: &Element, sp: &str) -> bool {
    element
        .elements()
        .any(|child| child.is(sp, "TransportBinding") || has_below(child, sp))
}

fn children<'d>(
    parent: &'d Element,
    namespace: &'static str,
    local: &'static str,
) -> impl Iterator<Item = &'d Element> {
    parent
        .elements()
        .filter(move |child| child.is(namespace, local))
}

fn child<'d>(
    parent: &'d Element,
    namespace: &'static str,
    local: &'static str,
) -> Option<&'d Element> {
    children(parent, namespace, local).next()
}

/// The first element at the end of any way through children of these names.
fn at<'d>(from: &'d Element, way: &[(&str, &str)]) -> Option<&'d Element> {
    let Some(((namespace, local), rest)) = way.split_first() else {
        return Some(from);
    };
    from.elements()
        .filter(|child| child.is(namespace, local))
        .find_map(|child| at(child, rest))
}

fn text(element: &Element) -> Option<&str> {
    element
        .text()
        .map(str::trim)
        .filter(|text| !text.is_empty())
}

#[cfg(test)]
#[path = "mex_tests.rs"]
mod tests;
