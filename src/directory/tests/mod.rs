//! The client against the embedded directory, over real TLS on loopback.

mod embedded;
mod failover;
mod membership;
mod misbehaving_server;
mod password_checks;
mod probe;
mod search;
mod settings;

use std::time::{Duration, Instant};

use tokio::net::TcpListener;

use super::{
    embedded::demo_accounts,
    test_fixture::{Fixture, tls},
    *,
};

fn dn_of(name: &str) -> Dn {
    let account = demo_accounts::ACCOUNTS
        .iter()
        .find(|account| account.sam_account_name == name);
    account.unwrap().dn().parse().unwrap()
}

fn password() -> Password {
    Password::parse(demo_accounts::PASSWORD).unwrap()
}
