//! Many names at once: which of them have a home, before all of them are sent here.

use std::net::IpAddr;

use futures_util::{StreamExt as _, stream};
use serde::Serialize;

use crate::realm::DomainName;

use super::home_realm::{Arrival, Lookout};

/// The longest list of names, in bytes.
pub const LONGEST_LIST: usize = 64 * 1024 * 1024;

/// Where one of many names belongs.
#[derive(Debug, Serialize)]
pub struct Partner {
    /// The name as it stands in the list.
    pub name: String,
    /// Whether she would be signed in, or sent to where she can be.
    pub good: bool,
    /// Where she belongs; none where no route fits.
    pub home_realm: Option<String>,
    /// By which route.
    pub route: Option<String>,
    /// Her account.
    pub cloud_upn: Option<String>,
    /// What Entra knows it by.
    pub immutable_id: Option<String>,
    /// Why not, where it is not good.
    pub why_not: Option<String>,
}

/// The names of a list: one a line; empty lines and those that begin with `#` are none.
pub fn names_of(list: &str) -> impl Iterator<Item = &str> {
    // What some programs begin a file of text with.
    let list = list.strip_prefix('\u{feff}').unwrap_or(list);
    let lines = list.lines().map(str::trim);
    lines.filter(|line| !line.is_empty() && !line.starts_with('#'))
}

impl Lookout {
    /// Follows all of these names, some at a time, and gives them back in their order. `progress` is
    /// told how many are done.
    pub async fn partners(
        &self,
        names: &[&str],
        home_realm_hint: Option<&DomainName>,
        source: IpAddr,
        mut progress: impl FnMut(usize),
    ) -> Vec<Partner> {
        let arrivals = names.iter().map(|name| Arrival {
            name,
            home_realm_hint,
            source,
        });
        let under_way = arrivals.map(|arrival| self.partner(arrival));
        let mut done = stream::iter(under_way).buffered(self.at_once);
        let mut partners = Vec::with_capacity(names.len());
        while let Some(partner) = done.next().await {
            partners.push(partner);
            progress(partners.len());
        }
        partners
    }

    async fn partner(&self, arrival: Arrival<'_>) -> Partner {
        let followed = self.follow(arrival).await;
        let account = followed.account.as_ref();
        let why_not = followed.steps.iter().find(|step| !step.ok);
        Partner {
            name: arrival.name.to_owned(),
            good: followed.is_good(),
            home_realm: followed.route.map(|route| route.to.to_string()),
            route: followed.route.map(|route| route.name.clone()),
            cloud_upn: account.map(|account| account.cloud_upn().to_owned()),
            immutable_id: account.map(|account| account.immutable_id().as_str().to_owned()),
            why_not: why_not.map(|step| step.what.clone()),
        }
    }
}
