//! Requests as they arrive, answers and metadata as they leave.

mod answers;
mod metadata;
mod requests;

use std::{borrow::Cow, time::Duration};

use time::OffsetDateTime;

use super::*;
use crate::{
    http::{Form, FormError},
    keys::{KeyRing, Signer, create_signing_key},
    saml1, saml2,
    trust::{Claim, NameId, NameIdFormat},
    xml::{self, Element, Limits, SignaturePolicy},
};

/// Entra's request as captured (facts 2.1), cut short.
const ENTRA: &str = "login_hint=wmoran%40fabrikam.com\
    &client-request-id=6d7e8b1c-0d6c-4d0e-9a53-6f1f3a6d2f10&username=wmoran%40fabrikam.com\
    &wa=wsignin1.0&wtrealm=urn%3afederation%3aMicrosoftOnline\
    &wctx=estsredirect%3d2%26estsrequest%3drQQIARAA_-%2bs0";

fn parse(query: &str) -> Result<Request, RequestError> {
    parse_both(query, "")
}

fn parse_both(query: &str, form: &str) -> Result<Request, RequestError> {
    let parsed = |text: &str| Form::parse(text.as_bytes());
    Request::parse(&parsed(query)?, &parsed(form)?)
}

fn sign_in(query: &str) -> SignIn {
    match parse(query) {
        Ok(Request::SignIn(sign_in)) => *sign_in,
        other => panic!("{query}: {other:?}"),
    }
}

fn with(more: &str) -> String {
    format!("wa=wsignin1.0&wtrealm=urn:rp&{more}")
}

/// The one signature of a document is what is not the same each time.
fn without_signature(document: &str) -> String {
    let (before, rest) = document.split_once("<ds:Signature").unwrap();
    let (_, after) = rest.split_once("</ds:Signature>").unwrap();
    format!("{before}[signature]{after}")
}

fn descendant<'a>(element: &'a Element, local: &str) -> Option<&'a Element> {
    element.elements().find_map(|child| {
        if child.local_name() == local {
            Some(child)
        } else {
            descendant(child, local)
        }
    })
}
