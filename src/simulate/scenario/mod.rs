//! Scenarios: what a person does at an identity provider, written down, so that it can be tried again
//! and again without a person and without a screen.
//!
//! A file becomes a [`Scenario`] or an error with its line; [`run`] takes its steps one by one,
//! from the simulated Entra to the identity provider and back, by pages alone; a [`Report`] says
//! what came of each.

mod browser;
mod circumstances;
mod expectation;
mod file;
mod judge;
mod junit;
mod report;
mod run;
mod ws_trust;

use std::{net::SocketAddr, path::PathBuf};

pub use expectation::{Expectation, NoExpectation};
pub use file::{parse, read};
pub use report::{Hop, Report, StepReport};
pub use run::{RunError, run};

use serde_json::{Map, Value};

use crate::{config::SecretSource, http::OwnFields};

/// What is tried, in its order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scenario {
    /// What reports call it.
    pub name: String,
    /// Who signs in.
    pub person: Person,
    /// How the browser reaches the identity provider, and reads its page.
    pub browser: Settings,
    /// What she does.
    pub steps: Vec<Step>,
}

/// Who signs in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// What she types at Entra and at the identity provider.
    pub name: String,
    /// Where her password is kept.
    pub password: SecretSource,
}

/// How the browser reaches the identity provider, and reads its page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// PEM file of what is trusted; without it, what the system trusts.
    pub ca: Option<PathBuf>,
    /// Hosts, with or without a port, that are reached elsewhere than the resolver says.
    pub addresses: Vec<(String, SocketAddr)>,
    /// What the fields of the sign-in page are called, where they cannot be told by what they are for.
    pub own_fields: OwnFields,
}

/// One thing that she does, and what has to come of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What reports call it.
    pub name: String,
    /// What she does.
    pub action: Action,
    /// What has to come of it: one of these.
    pub expect: Vec<Expectation>,
    /// Whether the application demands a second factor.
    pub mfa: bool,
    /// How far Entra's clock is ahead of this machine's in this step, in seconds.
    pub clock_ahead_seconds: i64,
    /// Whether the registered certificate is the `nextSigningCertificate` in this step, as in the middle of a
    /// roll-over; `federation` has another one before it.
    pub roll_over: bool,
    /// Properties that the federation of the person's domain has in this step in place of its own, by
    /// Graph's names.
    pub federation: Map<String, Value>,
    /// The same of the person's user.
    pub user: Map<String, Value>,
}

/// What she does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// With a browser that knows nobody: she types name and password.
    SignIn,
    /// Goes again: nothing may be asked.
    SingleSignOn,
    /// With a browser that knows nobody: she mistypes the password, and nothing may leave the identity
    /// provider for Entra.
    WrongPassword,
    /// Goes again, and the application wants a fresh sign-in: the password has to be asked for.
    ForceAuthn,
    /// With an application that asks for the password itself: a token comes by WS-Trust.
    WsTrust,
    /// Goes to `signOutUri`, and once more to Entra: the password has to be asked for.
    SignOut,
}

impl Action {
    /// As it is written in the file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SignIn => "sign-in",
            Self::SingleSignOn => "single-sign-on",
            Self::WrongPassword => "wrong-password",
            Self::ForceAuthn => "force-authn",
            Self::WsTrust => "ws-trust",
            Self::SignOut => "sign-out",
        }
    }

    /// Whether Entra has to judge an answer in it.
    pub fn is_judged(self) -> bool {
        !matches!(self, Self::WrongPassword | Self::SignOut)
    }
}

#[cfg(test)]
mod tests;
