//! A sign-in at the simulator that was filled by the sync plan, and what it comes to in the plan's own
//! words.
#![allow(clippy::expect_used, clippy::indexing_slicing)] // a test may stop
#![allow(dead_code)] // each test binary uses its own part of this

use std::{
    io::{BufRead as _, BufReader},
    net::{Ipv4Addr, SocketAddr, TcpListener},
    process::{Child, Output, Stdio},
    sync::Arc,
};

use homerealm::{
    entra::Aadsts,
    http::{
        PageForm,
        client::{Client, Reply},
        tls::client_config,
    },
    simulate::HOST as ENTRA,
};
use rustls::ClientConfig;
use serde_json::Value;

use crate::provider::{HOST, Provider, homerealm, is_sign_in_page, type_password};

/// An address for a simulator, and the relying party that it will be.
pub(crate) fn entra() -> (SocketAddr, &'static str) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let address = listener.local_addr().expect("its address");
    let relying_party = format!(
        "[[relying_party]]\nentity_id = \"urn:federation:MicrosoftOnline\"\npreset = \"entra\"\n\
         assertion_consumer_services = [\"https://{ENTRA}:{}/login.srf\"]\n",
        address.port()
    );
    (address, Box::leak(relying_party.into_boxed_str()))
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
    child: Child,
    address: SocketAddr,
    provider: SocketAddr,
    tls: Arc<ClientConfig>,
}

impl Drop for Simulator {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Simulator {
    pub(crate) fn start(provider: &Provider, address: SocketAddr, more: &[&str]) -> Self {
        let folder = provider.folder.path();
        let mut child = homerealm()
            .args(["simulate", "--from-directory"])
            .arg(provider.config_file())
            .args(["--listen", &address.to_string()])
            .args(more)
            // The CA is written to the temporary folder, and each simulator has its own.
            .env("TMPDIR", folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("homerealm starts");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("its address");
        BufReader::new(stdout).read_line(&mut line).expect("a line");
        assert_eq!(line.trim(), format!("https://{ENTRA}:{}/", address.port()));
        let ca = std::fs::read(folder.join("homerealm-simulate-ca.pem")).expect("the CA");
        let roots = [provider.ca_pem().as_bytes(), &ca];
        Self {
            child,
            address,
            provider: provider.address(),
            tls: client_config(&roots).expect("TLS settings"),
        }
    }

    /// What typing the name at the tenant's address comes to, and the password where it is asked for
    /// by Homerealm: with a browser of its own.
    pub(crate) async fn comes_to(&self, name: &str, password: &str) -> CameTo {
        let mut browser = Client::new(self.tls.clone())
            .with_address(HOST, self.provider)
            .with_address(ENTRA, self.address);
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
        let port = self.address.port();
        let door = format!("https://{ENTRA}:{port}/contoso.onmicrosoft.com/");
        let door = browser.get(&door.parse().expect("a URL"), None).await;
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
