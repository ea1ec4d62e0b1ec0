//! Takes the steps of a scenario, one by one.

use std::{path::Path, sync::Arc, time::Instant};

use hyper::{Uri, http::uri::InvalidUri};
use rustls::ClientConfig;
use time::Duration;
use zeroize::Zeroizing;

use super::{
    Action, Report, Scenario, Step, StepReport,
    browser::{Browser, End, Typed, Way, title},
    circumstances::with_federation,
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
    /// A step's federation is one that Graph would refuse.
    #[error("the federation of the step {step:?}: {why}")]
    Federation {
        /// The step.
        step: String,
        /// What is wrong.
        why: String,
    },
    /// The name cannot stand in an address.
    #[error(transparent)]
    Address(#[from] InvalidUri),
}

/// What a step came to.
struct Came {
    passed: bool,
    found: String,
}

struct Runner<'a> {
    simulator: &'a Simulator,
    browser: Browser<'a>,
    login: Uri,
    name: &'a str,
    password: Zeroizing<String>,
}

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
        browser: Browser::new(client, &scenario.browser),
        login: login.parse()?,
        name: &scenario.person.name,
        password: scenario.person.password.read()?,
    };
    // Looked at before anything is tried.
    let usual = simulator.tenants();
    let mut circumstances = Vec::new();
    for step in &scenario.steps {
        let tenants = with_federation(&usual, &scenario.person.name, &step.federation);
        let tenants = tenants.map_err(|why| RunError::Federation {
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
            Action::SingleSignOn => self.again(Passage::Silent).await,
            Action::ForceAuthn => self.again(Passage::Asked).await,
            Action::WrongPassword => self.wrong_password().await,
            Action::SignOut => self.sign_out().await,
        };
        let outcome = self
            .latest()
            .filter(|outcome| Some(&outcome.correlation_id) != before.as_ref());
        let came = match tried {
            Ok(Tried::Came(came)) => came,
            Ok(Tried::Way(way)) => judged(&way, outcome.as_ref(), step),
            Err(error) => Came {
                passed: false,
                found: error.to_string(),
            },
        };
        let (checks, refusal) = match outcome {
            Some(outcome) => match outcome.decision {
                Decision::Refused(refusal) => (outcome.checks, Some(refusal)),
                Decision::SignedIn(_) => (outcome.checks, None),
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
        let typed = Typed {
            name: self.name,
            password: &self.password,
        };
        self.browser
            .go(&self.login, Some(typed))
            .await
            .map(Tried::Way)
    }

    async fn again(&mut self, passage: Passage) -> Result<Tried, ClientError> {
        let before = self.latest().map(|outcome| outcome.correlation_id);
        let typed = Typed {
            name: self.name,
            password: &self.password,
        };
        let way = match passage {
            Passage::Silent => self.browser.go(&self.login, None).await?,
            Passage::Asked => self.browser.go(&self.login, Some(typed)).await?,
        };
        let is_wanted = matches!(passage, Passage::Asked);
        let answered = self.latest().map(|outcome| outcome.correlation_id) != before;
        if is_wanted && answered && way.typed == 0 {
            return Ok(Tried::failed(
                "the identity provider asked for no password, though a fresh sign-in was wanted",
            ));
        }
        Ok(Tried::Way(way))
    }

    async fn wrong_password(&mut self) -> Result<Tried, ClientError> {
        self.browser.forget();
        let password = Zeroizing::new(format!("{}-mistyped", self.password.as_str()));
        let typed = Typed {
            name: self.name,
            password: &password,
        };
        let before = self.latest().map(|outcome| outcome.correlation_id);
        let way = self.browser.go(&self.login, Some(typed)).await?;
        let after = self.latest().map(|outcome| outcome.correlation_id);
        Ok(match way.end {
            _ if way.typed == 0 => Tried::failed("the identity provider showed no sign-in page"),
            _ if before != after => {
                Tried::failed("an answer left the identity provider, though the password was wrong")
            }
            End::PasswordAsked => Tried::passed("refused: the sign-in page came again"),
            End::Page(page) => {
                Tried::passed(format!("refused, with the page {:?}", title(&page.text())))
            }
        })
    }

    async fn sign_out(&mut self) -> Result<Tried, ClientError> {
        let tenants = self.simulator.tenants();
        let domain = match self.latest().map(|outcome| outcome.decision) {
            Some(Decision::SignedIn(signed_in)) => signed_in.domain,
            _ => return Ok(Tried::failed("nobody was signed in by the step before")),
        };
        let uri = tenants
            .iter()
            .flat_map(Tenant::federations)
            .find(|(of, _)| of.name.as_str() == domain)
            .and_then(|(_, federation)| federation.sign_out_uri.clone());
        let Some(uri) = uri else {
            return Ok(Tried::failed(format!(
                "the federation of {domain} has no signOutUri"
            )));
        };
        let uri: Uri = uri.parse().map_err(|_| ClientError::Url(uri))?;
        self.browser.go(&uri, None).await?;
        let way = self.browser.go(&self.login, None).await?;
        Ok(match way.end {
            End::PasswordAsked => Tried::passed("the session has ended: the password is asked for"),
            End::Page(page) => Tried::failed(format!(
                "the next sign-in asked for no password and ended at the page {:?}",
                title(&page.text())
            )),
        })
    }

    fn latest(&self) -> Option<Outcome> {
        self.simulator.outcomes().pop()
    }
}

/// Whether the password is asked for.
#[derive(Clone, Copy)]
enum Passage {
    Silent,
    Asked,
}

/// What a step came to, or the way that has to be judged by what Entra said.
enum Tried {
    Came(Came),
    Way(Way),
}

impl Tried {
    fn passed(found: impl Into<String>) -> Self {
        Self::Came(Came {
            passed: true,
            found: found.into(),
        })
    }

    fn failed(found: impl Into<String>) -> Self {
        Self::Came(Came {
            passed: false,
            found: found.into(),
        })
    }
}

fn expected(step: &Step) -> String {
    match (step.action, step.expect.as_slice()) {
        (Action::WrongPassword, _) => "no answer to Entra".to_owned(),
        (Action::SignOut, _) => "the password is asked for again".to_owned(),
        (Action::ForceAuthn, []) => "the password is asked for again, and Entra accepts".to_owned(),
        (Action::SingleSignOn, []) => "nothing is asked, and Entra accepts".to_owned(),
        (Action::SignIn, []) => "Entra accepts".to_owned(),
        (_, codes) => format!("Entra refuses with {}", codes.join(" or ")),
    }
}

fn judged(way: &Way, outcome: Option<&Outcome>, step: &Step) -> Came {
    match (outcome.map(|outcome| &outcome.decision), &way.end) {
        (Some(Decision::SignedIn(signed_in)), _) => Came {
            passed: step.expect.is_empty(),
            found: format!("accepted: {}", signed_in.user.user_principal_name),
        },
        (Some(Decision::Refused(refusal)), _) => Came {
            passed: step.expect.contains(&refusal.code.to_string()),
            found: format!("refused: {}: {}", refusal.code, refusal.message),
        },
        (None, End::PasswordAsked) => Came {
            passed: false,
            found: match way.typed {
                0 => "the identity provider asks for the password".to_owned(),
                _ => "the sign-in page came again: the password was not taken".to_owned(),
            },
        },
        (None, End::Page(page)) => Came {
            passed: false,
            found: format!(
                "the way ended at the page {:?} of {}, with status {}",
                title(&page.text()),
                page.url.host().unwrap_or_default(),
                page.status.as_u16()
            ),
        },
    }
}
