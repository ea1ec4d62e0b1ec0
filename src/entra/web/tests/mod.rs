//! The simulator as browsers and programs have it: over its service.

mod domain_hint;
mod flow;
mod home_realm;
mod pages;
mod sign_in;

use std::net::{Ipv4Addr, SocketAddr};

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::{HeaderMap, header};
use time::Duration;

use super::*;
use crate::{
    entra::{
        Settings, ToIdp,
        fixture::{
            self,
            document::{assertion_of, response_to},
            saml1::sign_in_response,
        },
    },
    http::{PageForm, page_link},
    xml::{self, Limits},
};

fn simulator() -> Simulator {
    Simulator::new(fixture::contoso(), Settings::at("https://login.example"))
}

/// A page, as a browser has it.
pub(in crate::entra) struct Page {
    pub(in crate::entra) status: StatusCode,
    pub(in crate::entra) headers: HeaderMap,
    pub(in crate::entra) text: String,
}

impl Page {
    fn form(&self) -> PageForm {
        PageForm::find(&self.text, None).unwrap()
    }
}

fn send(simulator: &Simulator, method: Method, target: &str, form: Option<&str>) -> Page {
    let mut headers = HeaderMap::new();
    if form.is_some() {
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        headers.insert(header::CONTENT_TYPE, form);
    }
    send_with(simulator, method, target, headers, form.unwrap_or(""))
}

pub(in crate::entra) fn send_with(
    simulator: &Simulator,
    method: Method,
    target: &str,
    headers: HeaderMap,
    body: &str,
) -> Page {
    let request = Request {
        method,
        target: target.parse().unwrap(),
        headers,
        body: Bytes::copy_from_slice(body.as_bytes()),
        peer: SocketAddr::from((Ipv4Addr::LOCALHOST, 1)),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(async {
        let (head, body) = simulator.handle(request).await.into_parts();
        let octets = body.collect().await.unwrap().to_bytes();
        Page {
            status: head.status,
            headers: head.headers,
            text: String::from_utf8(octets.to_vec()).unwrap(),
        }
    })
}

pub(in crate::entra) fn get(simulator: &Simulator, target: &str) -> Page {
    send(simulator, Method::GET, target, None)
}

pub(in crate::entra) fn post(simulator: &Simulator, target: &str, fields: &[(&str, &str)]) -> Page {
    let body = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish();
    send(simulator, Method::POST, target, Some(&body))
}

fn type_name(simulator: &Simulator, tenant: &str, name: &str) -> Page {
    post(
        simulator,
        &format!("/{tenant}/login"),
        &[("login_hint", name)],
    )
}

const TENANT: &str = "contoso.onmicrosoft.com";
