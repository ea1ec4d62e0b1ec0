//! A sign-in at the simulator that was filled by the sync plan, and what it comes to in the plan's own
//! words.
#![allow(clippy::expect_used, clippy::indexing_slicing)] // a test may stop
#![allow(dead_code)] // each test binary uses its own part of this

use std::{net::SocketAddr, process::Output, sync::Arc};

use homerealm::{
    entra::Aadsts,
    http::{
        PageForm,
        client::{Client, Reply},
        tls::client_config,
    },
};
use rustls::ClientConfig;
use serde_json::Value;

use crate::{
    provider::{HOST, Provider, homerealm, is_sign_in_page, type_password},
    simulator::{self, ENTRA},
};

/// An address for a simulator, and the relying party that it will be.
pub(crate) fn entra() -> (SocketAddr, &'static str) {
    let (_, address) = simulator::reserve();
    (address, simulator::relying_party(address, ""))
}

/// `homerealm sync plan` with these arguments besides.
pub(crate) fn plan(provider: &Provider, arguments: &[&str]) -> Output {
    let mut command = homerealm();
    command
        .args(["sync", "plan", "--config"])
        .arg(provider.config_file())
        .args(arguments);
    command.output().expect("homerealm runs")
}

/// The same as JSON, where there are conflicts.
pub(crate) fn planned(provider: &Provider, arguments: &[&str]) -> Value {
    let output = plan(provider, &[&["--format", "json"], arguments].concat());
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// `homerealm simulate --from-directory`; it ends with this.
pub(crate) struct Simulator {
    entra: simulator::Simulator,
    provider: SocketAddr,
    tls: Arc<ClientConfig>,
}

impl Simulator {
    pub(crate) fn start(provider: &Provider, address: SocketAddr, more: &[&str]) -> Self {
        let config = provider.config_file();
        let known = ("--from-directory", config.as_path());
        let entra = simulator::Simulator::start(address, provider.folder.path(), known, more);
        let roots = [provider.ca_pem().as_bytes(), entra.ca.as_bytes()];
        Self {
            provider: provider.address(),
            tls: client_config(&roots).expect("TLS settings"),
            entra,
        }
    }

    /// What typing the name at the tenant's address comes to, and the password where it is asked for
    /// by Homerealm: with a browser of its own.
    pub(crate) async fn comes_to(&self, name: &str, password: &str) -> CameTo {
        let mut browser = Client::new(self.tls.clone())
            .with_address(HOST, self.provider)
            .with_address(ENTRA, self.entra.address);
        let page = self.type_name(&mut browser, name).await;
        let text = page.text();
        let refused = |code: Aadsts| text.contains(&code.to_string());
        if PageForm::find(&text, Some("to-idp")).is_err() {
            return match () {
                () if refused(Aadsts::UserAccountNotFound) => CameTo::told("nobody", text),
                () if refused(Aadsts::InvalidDomainName) => CameTo::told("no-name", text),
                () if text.contains("AADSTS") => CameTo::told("another refusal", text),
                () => CameTo::told("entra-password", text),
            };
        }
        let page = submit(&mut browser, &page, "to-idp").await;
        let page = type_password(&mut browser, &page, name, password).await;
        if is_sign_in_page(&page) {
            return CameTo::told("refused-here", page.text());
        }
        let page = submit(&mut browser, &page, "post").await;
        CameTo::told("signs-in", page.text())
    }

    async fn type_name(&self, browser: &mut Client, name: &str) -> Reply {
        let door = self.entra.url("/contoso.onmicrosoft.com/");
        let door = browser.get(&door, None).await;
        let door = door.expect("a page");
        let form = PageForm::find(&door.text(), None).expect("a form");
        let to = door.resolve(&form.action).expect("a URL");
        let name = [("login_hint".to_owned(), name.to_owned())];
        let answer = browser.post_form(&to, &name, Some(&door)).await;
        answer.expect("a page")
    }
}

/// What a sign-in came to, by the plan's word for it, and the last page.
pub(crate) struct CameTo {
    pub(crate) prediction: &'static str,
    pub(crate) page: String,
}

impl CameTo {
    fn told(prediction: &'static str, page: String) -> Self {
        Self { prediction, page }
    }
}

/// Sends the form of a page on.
async fn submit(browser: &mut Client, page: &Reply, id: &str) -> Reply {
    let text = page.text();
    let form = PageForm::find(&text, Some(id)).unwrap_or_else(|_| panic!("{text}"));
    let to = page.resolve(&form.action).expect("a URL");
    let answer = browser.post_form(&to, &form.fields, Some(page)).await;
    answer.expect("a page")
}
