//! Takes the steps of a scenario, one by one.

use std::{path::Path, sync::Arc, time::Instant};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hyper::{Uri, http::uri::InvalidUri};
use rustls::ClientConfig;
use time::Duration;
use zeroize::Zeroizing;

use super::{
    Action, Report, Scenario, Step, StepReport,
    browser::{Browser, Typed},
    circumstances::changed,
    expectation::expected,
    judge::{Came, Tried, judge},
    ws_trust::token,
};
use crate::{
    config::ConfigError,
    entra::{Decision, Outcome, Refusal, Simulator, Tenant},
    http::{
        client::{Client, ClientError},
        tls::{TlsError, client_config, client_config_adding},
    },
    simulate::{HOST, Simulation},
};

/// Why a scenario could not be begun.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The password cannot be read.
    #[error(transparent)]
    Password(#[from] ConfigError),
    /// The file of what is trusted cannot be read.
    #[error("cannot read {path}: {source}")]
    Ca {
        /// The file.
        path: String,
        /// The operating system's word.
        source: std::io::Error,
    },
    /// What is trusted is no certificate.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// What a step changes is something that Graph would refuse.
    #[error("what the step {step:?} changes: {why}")]
    Changed {
        /// The step.
        step: String,
        /// What is wrong.
        why: String,
    },
    /// The name cannot stand in an address.
    #[error(transparent)]
    Address(#[from] InvalidUri),
}

struct Runner<'a> {
    simulator: &'a Simulator,
    browser: Browser<'a>,
    login: Uri,
    name: &'a str,
    password: Zeroizing<String>,
    /// When she authenticated, as the last accepted answer of her session has it.
    last_instant: Option<String>,
}

/// A little more than one.
const SECOND: std::time::Duration = std::time::Duration::from_millis(1050);

/// Takes all steps of a scenario, whatever becomes of each. Nobody else may sign in meanwhile.
///
/// # Errors
/// When nothing could be tried at all.
pub async fn run(simulation: &Simulation, scenario: &Scenario) -> Result<Report, RunError> {
    let mut client = Client::new(trusting(simulation, scenario.browser.ca.as_deref())?)
        .with_address(HOST, simulation.reachable());
    for (host, address) in &scenario.browser.addresses {
        client = client.with_address(host, *address);
    }
    let simulator = simulation.simulator();
    let tenant = simulator.tenants().first().name().to_string();
    let hint: String = form_urlencoded::byte_serialize(scenario.person.name.as_bytes()).collect();
    let login = format!("{}{tenant}/login?login_hint={hint}", simulation.url());
    let mut runner = Runner {
        simulator,
        browser: Browser::new(client, &scenario.browser.own_fields),
        login: login.parse()?,
        name: &scenario.person.name,
        password: scenario.person.password.read()?,
        last_instant: None,
    };
    // Looked at before anything is tried.
    let usual = simulator.tenants();
    let mut circumstances = Vec::new();
    for step in &scenario.steps {
        let tenants = changed(&usual, &scenario.person.name, step);
        let tenants = tenants.map_err(|why| RunError::Changed {
            step: step.name.clone(),
            why,
        })?;
        circumstances.push((step, tenants));
    }
    let mut steps = Vec::new();
    for (step, tenants) in circumstances {
        simulator.replace_tenants(tenants);
        simulator.set_clock_ahead(Duration::seconds(step.clock_ahead_seconds));
        runner.login = address(&login, step)?;
        steps.push(runner.step(step).await);
    }
    Ok(Report {
        scenario: scenario.name.clone(),
        passed: steps.iter().all(|step| step.passed),
        steps,
    })
}

/// The simulator's certificate is always trusted; beside it what the file says, or the system.
fn trusting(simulation: &Simulation, ca: Option<&Path>) -> Result<Arc<ClientConfig>, RunError> {
    let own = simulation.ca_pem().as_bytes();
    let Some(path) = ca else {
        return Ok(client_config_adding(&[own])?);
    };
    let ca = std::fs::read(path).map_err(|source| RunError::Ca {
        path: path.display().to_string(),
        source,
    })?;
    Ok(client_config(&[own, &ca])?)
}

/// Where a step begins.
fn address(login: &str, step: &Step) -> Result<Uri, InvalidUri> {
    let fresh = match step.action {
        Action::ForceAuthn => "&prompt=login",
        _ => "",
    };
    let mfa = if step.mfa { "&mfa=required" } else { "" };
    format!("{login}{fresh}{mfa}").parse()
}

impl Runner<'_> {
    async fn step(&mut self, step: &Step) -> StepReport {
        let began = Instant::now();
        let before = self.latest().map(|outcome| outcome.correlation_id);
        let tried = match step.action {
            Action::SignIn => self.sign_in().await,
            Action::SingleSignOn => self.again(Typing::Nothing).await,
            Action::ForceAuthn => self.freshly().await,
            Action::WrongPassword => self.wrong_password().await,
            Action::WsTrust => self.ws_trust().await,
            Action::SignOut => self.sign_out().await,
        };
        let outcome = self
            .latest()
            .filter(|outcome| Some(&outcome.correlation_id) != before.as_ref());
        let came = match tried {
            Ok(tried) => judge(step, &tried, outcome.as_ref(), self.last_instant.as_deref()),
            Err(error) => Came {
                passed: false,
                found: error.to_string(),
            },
        };
        let (checks, refusal) = match outcome {
            Some(outcome) => match outcome.decision {
                Decision::Refused(refusal) => (outcome.checks, Some(refusal)),
                Decision::SignedIn(signed_in) => {
                    self.last_instant = Some(signed_in.authn_instant);
                    (outcome.checks, None)
                }
            },
            None => (Vec::new(), None),
        };
        StepReport {
            name: step.name.clone(),
            action: step.action.as_str(),
            passed: came.passed,
            seconds: began.elapsed().as_secs_f64(),
            expected: expected(step),
            found: came.found,
            mend: refusal.as_ref().map(Refusal::mend),
            refusal,
            checks,
            hops: self.browser.take_hops(),
        }
    }

    async fn sign_in(&mut self) -> Result<Tried, ClientError> {
        self.browser.forget();
        self.last_instant = None;
        self.again(Typing::Password).await
    }

    async fn again(&mut self, typing: Typing) -> Result<Tried, ClientError> {
        let mistyped = Zeroizing::new(format!("{}-mistyped", self.password.as_str()));
        let password = match typing {
            Typing::Nothing => None,
            Typing::Password => Some(self.password.as_str()),
            Typing::Mistyped => Some(mistyped.as_str()),
        };
        let name = self.name;
        let typed = password.map(|password| Typed { name, password });
        let way = self.browser.go(&self.login, typed).await?;
        Ok(Tried::way(way, &self.browser))
    }

    /// Instants are often written to the second: what is fresh can be told from what is not only when
    /// another second has begun.
    async fn freshly(&mut self) -> Result<Tried, ClientError> {
        tokio::time::sleep(SECOND).await;
        self.again(Typing::Password).await
    }

    async fn wrong_password(&mut self) -> Result<Tried, ClientError> {
        self.browser.forget();
        self.again(Typing::Mistyped).await
    }

    async fn ws_trust(&mut self) -> Result<Tried, ClientError> {
        let tenants = self.simulator.tenants();
        let token = token(&mut self.browser, &tenants, self.name, &self.password).await?;
        Ok(match token {
            Ok((token, tenant)) => {
                let now = self.simulator.now();
                let assertion = URL_SAFE_NO_PAD.encode(&token.assertion);
                self.simulator.redeem(&assertion, Some(&tenant), now);
                Tried::Token
            }
            Err(why) => Tried::NoToken(why),
        })
    }

    async fn sign_out(&mut self) -> Result<Tried, ClientError> {
        let tenants = self.simulator.tenants();
        let domain = match self.latest().map(|outcome| outcome.decision) {
            Some(Decision::SignedIn(signed_in)) => signed_in.domain,
            _ => {
                return Ok(Tried::Impossible(
                    "nobody was signed in by the step before".into(),
                ));
            }
        };
        let uri = tenants
            .iter()
            .flat_map(Tenant::federations)
            .find(|(of, _)| of.name.as_str() == domain)
            .and_then(|(_, federation)| federation.sign_out_uri.clone());
        let Some(uri) = uri else {
            let why = format!("the federation of {domain} has no signOutUri");
            return Ok(Tried::Impossible(why));
        };
        let uri: Uri = uri.parse().map_err(|_| ClientError::Url(uri))?;
        self.browser.go(&uri, None).await?;
        self.again(Typing::Nothing).await
    }

    fn latest(&self) -> Option<Outcome> {
        self.simulator.outcomes().pop()
    }
}

/// What is typed, where the password is asked for.
#[derive(Clone, Copy)]
enum Typing {
    Nothing,
    Password,
    Mistyped,
}
