//! Applications with MSAL as processes, and Wendy's browser, which they send through the demo.

use std::{
    io::{BufRead, BufReader, Lines, Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    time::Duration,
};

use homerealm::http::{
    PageForm,
    client::{Client, Reply},
    page_link,
    tls::client_config,
};
use hyper::Uri;
use serde_json::{Value, json};

use crate::{
    demo::Demo,
    strangers::{node_environment, python, tool},
};

pub(crate) const EMAIL: &str = "wmoran@fabrikam.com";
pub(crate) const UPN: &str = "wmoran@partners.contoso.com";
pub(crate) const PASSWORD: &str = "Part.ner-Pw0rd";

/// An application as a process: one JSON object a line in, one out. It ends with this.
pub(crate) struct Application {
    child: Child,
    /// Until it has heard everything.
    pub(crate) orders: Option<ChildStdin>,
    pub(crate) answers: Lines<BufReader<ChildStdout>>,
}

impl Application {
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        let orders = child.stdin.take().expect("its input");
        let answers = child.stdout.take().expect("its output");
        let answers = BufReader::new(answers).lines();
        Self {
            child,
            orders: Some(orders),
            answers,
        }
    }

    pub(crate) fn in_python(demo: &Demo) -> Self {
        let script =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/strangers/msal_application.py");
        Self::start(
            Command::new(python())
                .arg(script)
                .arg(demo.start_url())
                .arg(demo.ca()),
        )
    }

    pub(crate) fn in_node(demo: &Demo) -> Self {
        let script =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/strangers/msal_application.js");
        Self::start(
            Command::new(tool("node"))
                .arg(script)
                .arg(node_environment())
                .arg(demo.start_url())
                .env("NODE_EXTRA_CA_CERTS", demo.ca()),
        )
    }

    /// The same of what has to go well.
    pub(crate) fn expect(&mut self, order: &Value) -> Value {
        let said = self.does(order);
        assert!(said.get("error").is_none(), "{order}: {said}");
        said
    }

    /// Where it sends a browser, to come back with a code in the address.
    pub(crate) fn begins(&mut self) -> String {
        let begun = self.expect(&json!({"do": "begin", "mode": "query"}));
        begun["address"].as_str().expect("an address").to_owned()
    }

    pub(crate) fn does(&mut self, order: &Value) -> Value {
        let orders = self.orders.as_mut().expect("its input");
        writeln!(orders, "{order}").expect("sent");
        let answer = self.answers.next().expect("an answer").expect("a line");
        serde_json::from_str(&answer).expect("JSON")
    }
}

impl Drop for Application {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A browser that reaches both.
pub(crate) fn browser(demo: &Demo) -> Client {
    let start: Uri = demo.start_url().parse().expect("a URL");
    let port = start.port_u16().expect("a port");
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let ca = std::fs::read(demo.ca()).expect("the CA");
    Client::new(client_config(&[&ca]).expect("TLS settings"))
        .with_address("entra.localhost", address)
        .with_address("idp.localhost", address)
        .with_timeout(Duration::from_secs(20))
}

pub(crate) async fn submit(
    browser: &mut Client,
    page: &Reply,
    id: Option<&str>,
    typed: &[(&str, &str)],
) -> Reply {
    let text = page.text();
    let mut form = PageForm::find(&text, id).unwrap_or_else(|_| panic!("{text}"));
    for (name, value) in typed {
        form.fill(name, value).expect("a field");
    }
    let to = page.resolve(&form.action).expect("a URL");
    browser
        .post_form(&to, &form.fields, Some(page))
        .await
        .expect("a page")
}

pub(crate) async fn open(browser: &mut Client, address: &str) -> Reply {
    let address: Uri = address.parse().expect("a URL");
    browser.get(&address, None).await.expect("a page")
}

/// From an application's address to the page that leads back to it, as Wendy.
pub(crate) async fn sign_in(browser: &mut Client, address: &str) -> Reply {
    let door = open(browser, address).await;
    pass(browser, &door).await
}

/// The same from the page that asks for the name.
pub(crate) async fn pass(browser: &mut Client, door: &Reply) -> Reply {
    let hop = submit(browser, door, None, &[("login_hint", EMAIL)]).await;
    let asked = follow(browser, &hop, "to-idp").await;
    let typed = [("name", EMAIL), ("password", PASSWORD)];
    let answer = submit(browser, &asked, Some("sign-in"), &typed).await;
    submit(browser, &answer, Some("post"), &[]).await
}

/// Where a page leads: by a form, or by a link.
pub(crate) async fn follow(browser: &mut Client, page: &Reply, id: &str) -> Reply {
    match page_link(&page.text(), id) {
        Ok(link) => {
            let link: Uri = link.parse().expect("a URL");
            browser.get(&link, Some(page)).await.expect("a page")
        }
        Err(_) => submit(browser, page, Some(id), &[]).await,
    }
}

/// What the browser brings back: in the address, or posted.
pub(crate) fn brought_back(page: &Reply) -> Value {
    let text = page.text();
    let fields: Vec<(String, String)> = if let Ok(form) = PageForm::find(&text, Some("to-app")) {
        form.fields
    } else {
        let link = page_link(&text, "to-app").unwrap_or_else(|_| panic!("{text}"));
        let (_, query) = link.split_once('?').expect("a query");
        let pairs = form_urlencoded::parse(query.as_bytes());
        pairs.into_owned().collect()
    };
    fields
        .into_iter()
        .map(|(name, value)| (name, json!(value)))
        .collect()
}

/// What a browser does last: the application listens at loopback, without TLS.
pub(crate) fn bring_home(page: &Reply) {
    let text = page.text();
    let (address, body) = match PageForm::find(&text, Some("to-app")) {
        Ok(form) => {
            let fields = form_urlencoded::Serializer::new(String::new())
                .extend_pairs(&form.fields)
                .finish();
            (form.action, Some(fields))
        }
        Err(_) => (
            page_link(&text, "to-app").unwrap_or_else(|_| panic!("{text}")),
            None,
        ),
    };
    let address: Uri = address.parse().expect("a URL");
    let port = address.port_u16().expect("a port");
    let path = address.path_and_query().map_or("/", |path| path.as_str());
    let request = match body {
        None => {
            format!("GET {path} HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n\r\n")
        }
        Some(body) => format!(
            "POST {path} HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        ),
    };
    let mut connection = TcpStream::connect(("localhost", port)).expect("it listens");
    connection.write_all(request.as_bytes()).expect("sent");
    let wait = Some(Duration::from_secs(20));
    connection.set_read_timeout(wait).expect("a timeout");
    // Whoever leaves before the end is an error to the application.
    let mut answer = Vec::new();
    connection.read_to_end(&mut answer).expect("an answer");
    assert!(answer.starts_with(b"HTTP/1."));
}
