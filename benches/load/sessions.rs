//! Live sessions begun beforehand, so that each sign-in is asked for with another one.

use std::{fs, path::Path, sync::Arc, time::Instant};

use anyhow::{Context, Result, ensure};
use serde::Serialize;
use tokio::task::JoinSet;

use crate::{
    measure::{Accounts, Load},
    sign_in::Person,
};

/// What the name of a session's cookie ends in.
const COOKIE: &str = "-session";

/// The cookies of live sessions, each "name=value".
pub(crate) struct Sessions(Vec<String>);

/// What beginning them came to.
#[derive(Serialize)]
pub(crate) struct Begun {
    sessions: usize,
    seconds: f64,
    server_resident_kib: u64,
}

impl Sessions {
    /// Those that a file has, one a line.
    pub(crate) fn read(file: &Path) -> Result<Self> {
        let text =
            fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
        let cookies: Vec<_> = text.lines().map(str::to_owned).collect();
        ensure!(!cookies.is_empty(), "{} has no sessions", file.display());
        Ok(Self(cookies))
    }

    /// Gives somebody the session whose turn it is, in an order that has nothing to do with the one
    /// in which they began.
    pub(crate) fn lend(&self, turn: u64, person: &mut Person) -> Result<()> {
        /// A prime that no number of sessions is a multiple of, so that each has its turn.
        const STRIDE: u64 = 1_000_003;
        let at = turn.wrapping_mul(STRIDE) % self.0.len() as u64;
        let cookie = self.0.get(usize::try_from(at)?).context("no session")?;
        person.browser.forget_cookies();
        let url = person.base_url.parse()?;
        let set = format!("{cookie}; Path=/; Secure; HttpOnly; SameSite=None");
        Ok(person.browser.keep_cookie(&url, &set)?)
    }
}

/// Begins so many sessions, each by a password, and writes their cookies to a file.
pub(crate) async fn begin(
    people: Vec<Person>,
    load: Load,
    count: u64,
    file: &Path,
) -> Result<Begun> {
    let started = Instant::now();
    let (accounts, many) = (Arc::new(load.accounts), people.len() as u64);
    let mut tasks = JoinSet::new();
    for (number, person) in (0..many).zip(people) {
        let turns = (number..count).step_by(usize::try_from(many)?);
        tasks.spawn(begin_some(person, turns, Arc::clone(&accounts)));
    }
    let mut cookies = String::new();
    while let Some(some) = tasks.join_next().await {
        cookies += &some??;
    }
    // A file that is there already belongs to another run.
    ensure!(!file.exists(), "{} is there already", file.display());
    fs::write(file, &cookies).with_context(|| format!("cannot write {}", file.display()))?;
    Ok(Begun {
        sessions: cookies.lines().count(),
        seconds: started.elapsed().as_secs_f64(),
        server_resident_kib: load.server.resident_kib()?,
    })
}

async fn begin_some(
    mut person: Person,
    turns: impl Iterator<Item = u64>,
    accounts: Arc<Accounts>,
) -> Result<String> {
    let host = person.base_url.parse::<hyper::Uri>()?;
    let host = host.host().context("the base URL has no host")?;
    let mut cookies = String::new();
    for turn in turns {
        person.browser.forget_cookies();
        let user = accounts.name(turn);
        let begun = person.with_password(&user).await;
        begun.with_context(|| format!("the sign-in of {user} failed"))?;
        let session = person
            .browser
            .cookies(host)
            .find(|(name, _)| name.ends_with(COOKIE));
        let (name, value) = session.context("no session began")?;
        cookies += &format!("{name}={value}\n");
    }
    Ok(cookies)
}
