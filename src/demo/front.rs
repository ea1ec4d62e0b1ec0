//! The one listener of the demo: names the service by host, as two organisations' servers would be
//! told apart, and shows the start page.

use std::sync::Arc;

use askama::Template;
use hyper::{Method, StatusCode};

use crate::{
    directory::embedded::demo_accounts::{ACCOUNTS, DemoAccount},
    entra::Simulator,
    http::{
        FormTarget, NoEntropy, Nonce, PageSecurity, Request, Response, ResponseFuture, Service,
        response::{self, BadHeader, Redirect, redirect},
    },
};

use super::{DEMO_PASSWORD, ENTRA_HOST, IDP_HOST, Protocol, tenant::Tenants};

/// Hands each request to the service that its `Host` names.
pub(super) struct Front {
    pub identity_provider: Arc<dyn Service>,
    pub simulator: Arc<Simulator>,
    pub tenants: Tenants,
    pub start: StartPage,
}

/// Where the start page leads.
pub(super) struct StartPage {
    pub entra: String,
    pub tenanted: String,
    pub common: String,
    pub hinted: String,
    pub metadata: String,
    pub applications: String,
    pub front_door: String,
    pub resolves_foreign_email: bool,
}

#[derive(Template)]
#[template(path = "demo/start.html")]
struct StartTemplate<'a> {
    nonce: &'a str,
    page: &'a StartPage,
    accounts: &'a [DemoAccount],
    password: &'a str,
}

impl Service for Front {
    fn handle(&self, request: Request) -> ResponseFuture<'_> {
        let host = request.header("host").unwrap_or_default();
        let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
        if name.eq_ignore_ascii_case(IDP_HOST) {
            self.identity_provider.handle(request)
        } else if request.path() == START && request.method == Method::POST {
            Box::pin(async move { self.begin(&request) })
        } else if name.eq_ignore_ascii_case(ENTRA_HOST)
            && (request.path() != "/" || request.method != Method::GET)
        {
            self.simulator.handle(request)
        } else {
            Box::pin(async { self.start() })
        }
    }
}

/// Where the start page's form goes, at the simulated Entra's host. No tenant is named so.
const START: &str = "/start";

impl Front {
    /// Registers the federation for the protocol that was chosen, as an administrator would, and
    /// sends the browser to the tenanted address.
    fn begin(&self, request: &Request) -> Response {
        // Another site may link to the demo, but not change what it is registered with.
        let from = request.header("sec-fetch-site").unwrap_or("same-origin");
        let chosen =
            request
                .form()
                .ok()
                .and_then(|form| match form.single("protocol").ok()?? {
                    "saml" => Some(Protocol::Saml),
                    "wsfed" => Some(Protocol::WsFed),
                    _ => None,
                });
        let Some(protocol) = chosen.filter(|_| matches!(from, "same-origin" | "same-site")) else {
            return response::text(StatusCode::BAD_REQUEST, "no protocol to begin with\n");
        };
        self.simulator.replace_tenants(self.tenants.of(protocol));
        redirect(Redirect::SeeOther, &self.start.tenanted).unwrap_or_else(|error| {
            tracing::error!(%error, "the tenanted address cannot be named");
            response::text(StatusCode::INTERNAL_SERVER_ERROR, "no address\n")
        })
    }

    fn start(&self) -> Response {
        self.start.render().unwrap_or_else(|error| {
            tracing::error!(%error, "the start page cannot be made");
            response::text(
                StatusCode::INTERNAL_SERVER_ERROR,
                "the start page cannot be made\n",
            )
        })
    }
}

#[derive(Debug, thiserror::Error)]
enum PageError {
    #[error(transparent)]
    Template(#[from] askama::Error),
    #[error(transparent)]
    Header(#[from] BadHeader),
    #[error(transparent)]
    Entropy(#[from] NoEntropy),
}

impl StartPage {
    fn render(&self) -> Result<Response, PageError> {
        let nonce = Nonce::new()?;
        let page = StartTemplate {
            nonce: nonce.as_str(),
            page: self,
            accounts: ACCOUNTS,
            password: DEMO_PASSWORD,
        };
        let mut answer = response::html(StatusCode::OK, page.render()?);
        PageSecurity::new()
            .styles(&nonce)
            .forms_to(FormTarget::origin_of(&self.entra)?)
            .apply(&mut answer)?;
        Ok(answer)
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, SocketAddr};

    use hyper::Uri;

    use super::*;
    use crate::{
        demo::{Demo, Setup},
        entra::PreferredAuthenticationProtocol,
        http::{
            PageForm,
            client::{Client, Reply},
            tls::client_config,
        },
    };

    #[tokio::test]
    async fn the_start_page_registers_the_federation_and_no_other_page_does() {
        let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let demo = Demo::start(listen, Setup::default()).await.unwrap();
        let registered = || {
            let tenant = demo.simulator.tenants();
            let (_, federation) = tenant.first().federations().next().unwrap();
            federation.preferred_authentication_protocol
        };
        let tls = client_config(&[demo.ca_pem().as_bytes()]).unwrap();
        let mut browser = Client::new(tls).with_address(ENTRA_HOST, demo.address);
        let start: Uri = demo.start_url().parse().unwrap();
        let page = browser.get(&start, None).await.unwrap();
        let form = PageForm::find(&page.text(), None).unwrap();
        let to: Uri = form.action.parse().unwrap();
        assert_eq!(to.path(), START);

        let chosen = |value: &str| vec![("protocol".to_owned(), value.to_owned())];
        let elsewhere = Reply {
            url: "https://elsewhere.example/".parse().unwrap(),
            ..page.clone()
        };
        for (fields, from) in [
            (chosen("wsfed"), &elsewhere),
            (chosen("wstrust"), &page),
            (vec![], &page),
        ] {
            let refused = browser.post_form(&to, &fields, Some(from)).await.unwrap();
            assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{fields:?}");
            assert_eq!(registered(), PreferredAuthenticationProtocol::Saml);
        }
        for (value, expected) in [
            ("wsfed", PreferredAuthenticationProtocol::WsFed),
            ("saml", PreferredAuthenticationProtocol::Saml),
        ] {
            let gone = browser
                .post_form(&to, &chosen(value), Some(&page))
                .await
                .unwrap();
            assert_eq!(gone.status, StatusCode::SEE_OTHER);
            let door = gone.location().unwrap();
            assert_eq!(door.path(), "/contoso.onmicrosoft.com/");
            assert_eq!(registered(), expected);
        }
        demo.stop().await;
    }
}
