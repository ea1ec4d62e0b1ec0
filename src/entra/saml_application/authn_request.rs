//! What an application asks for (Microsoft: "Single sign-on SAML protocol"; SAML core 3.4.1).

use super::{
    POST, SAML, SAMLP,
    head::{Head, not, shown, structure},
    subject::{NameIdFormat, NameIdPolicy},
};
use crate::{
    entra::{Refusal, SamlApplicationCode},
    xml::Element,
};

/// A request for a sign-in. What Entra ignores is not here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct AuthnRequest {
    pub(super) id: String,
    /// `AssertionConsumerServiceURL`.
    pub(super) reply_url: Option<String>,
    /// `ForceAuthn`: a live session is not enough.
    pub(super) is_forced: bool,
    /// `IsPassive`: nobody may be asked anything.
    pub(super) is_passive: bool,
    pub(super) name_id: NameIdPolicy,
    /// `RequestedAuthnContext`: any of these would do; all would, where none is there.
    pub(super) contexts: Vec<String>,
}

impl AuthnRequest {
    /// Reads what is behind the head.
    pub(super) fn read(request: &Element, head: &Head) -> Result<Self, Refusal> {
        let unsupported = |property: &str| {
            let said = format!(
                "The SAML authentication request property '{property}' is not supported and must \
                 not be set."
            );
            SamlApplicationCode::Unsupported.refuse_saying(said, format!("There is a {property}."))
        };
        if request
            .only_child(SAML, "Subject")
            .map_err(structure)?
            .is_some()
        {
            return Err(unsupported("Subject"));
        }
        if let Some(scoping) = request.only_child(SAMLP, "Scoping").map_err(structure)? {
            let child = scoping.elements().next().map(Element::local_name);
            let count = scoping.attribute("ProxyCount").map(|_| "ProxyCount");
            if let Some(property) = count.or(child) {
                return Err(unsupported(&format!("Scoping/{property}")));
            }
        }
        match request.attribute("ProtocolBinding") {
            None | Some(POST) => {}
            Some(other) => {
                let detail = format!("The ProtocolBinding is {}.", shown(other));
                return Err(SamlApplicationCode::UnsupportedBinding.refuse(detail));
            }
        }
        Ok(Self {
            id: head.id.clone(),
            reply_url: request
                .attribute("AssertionConsumerServiceURL")
                .map(str::to_owned),
            is_forced: flag(request, "ForceAuthn")?,
            is_passive: flag(request, "IsPassive")?,
            name_id: name_id(request)?,
            contexts: contexts(request)?,
        })
    }
}

fn flag(request: &Element, name: &str) -> Result<bool, Refusal> {
    match request.attribute(name) {
        None | Some("false" | "0") => Ok(false),
        Some("true" | "1") => Ok(true),
        Some(other) => Err(not(format!("{name} is {}.", shown(other)))),
    }
}

fn name_id(request: &Element) -> Result<NameIdPolicy, Refusal> {
    let policy = request
        .only_child(SAMLP, "NameIDPolicy")
        .map_err(structure)?;
    let Some(policy) = policy else {
        return Ok(NameIdPolicy::default());
    };
    let format = match policy.attribute("Format") {
        None => None,
        Some(uri) => Some(NameIdFormat::of(uri).ok_or_else(|| {
            let detail = format!("The Format is {}.", shown(uri));
            SamlApplicationCode::NameIdPolicy.refuse(detail)
        })?),
    };
    Ok(NameIdPolicy {
        format,
        sp_name_qualifier: policy.attribute("SPNameQualifier").map(str::to_owned),
    })
}

fn contexts(request: &Element) -> Result<Vec<String>, Refusal> {
    let requested = request
        .only_child(SAMLP, "RequestedAuthnContext")
        .map_err(structure)?;
    let Some(requested) = requested else {
        return Ok(Vec::new());
    };
    match requested.attribute("Comparison") {
        None | Some("exact") => {}
        Some(other) => {
            let other = shown(other);
            return Err(SamlApplicationCode::Comparison.refuse_saying(
                format!(
                    "SAML authentication request's RequestedAuthenticationContext Comparison value \
                     must be 'exact'. Received value: {other}."
                ),
                format!("The Comparison is {other}."),
            ));
        }
    }
    let contexts: Option<Vec<_>> = requested
        .elements()
        .map(|class| {
            class
                .is(SAML, "AuthnContextClassRef")
                .then(|| class.text())?
        })
        .map(|text| Some(text?.trim().to_owned()))
        .collect();
    match contexts {
        Some(contexts) if !contexts.is_empty() => Ok(contexts),
        _ => Err(not(
            "RequestedAuthnContext holds no AuthnContextClassRef, or something else besides."
                .to_owned(),
        )),
    }
}
