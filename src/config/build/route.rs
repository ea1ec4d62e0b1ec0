//! `[[route]]`: the table of home realms. What a route refers to is there, and what it promises can be kept.

use std::{collections::BTreeSet, ops::Range};

use toml::Spanned;

use crate::{
    realm::{
        DomainName, EmailAddress, EntraDoor, FederatedDomain, HomeRealm, Route, Routes, TableError,
        TenantedLink, When,
    },
    upstream::Terms,
};

use super::{
    super::{ConfigError, Directory, error::Source, file},
    directory::dn,
    domain,
    guard::network,
    https_url,
};

/// The longest name of a route, and the longest text of a refusal, in characters.
const LONGEST_NAME: usize = 64;
const LONGEST_TEXT: usize = 500;

/// The most groups that routes ask for: each sign-in asks the directory for all of them.
const MOST_GROUPS: usize = 128;

/// What routes may lead to, and where their errors are.
#[derive(Clone, Copy)]
pub(super) struct Ends<'a> {
    pub(super) source: Source<'a>,
    pub(super) domains: &'a [FederatedDomain],
    pub(super) directories: &'a [Directory],
    pub(super) upstreams: &'a [&'a Terms],
}

/// The table; the one that leads everybody to the directories where there are no routes.
pub(super) fn build(
    written: &[Spanned<file::Route>],
    ends: Ends<'_>,
) -> Result<Routes, ConfigError> {
    if written.is_empty() {
        return Ok(Routes::default());
    }
    let mut routes: Vec<Route> = Vec::with_capacity(written.len());
    for (at, route) in written.iter().enumerate() {
        let route = ends.route(at, route)?;
        if let Some(other) = routes.iter().position(|other| other.name == route.name) {
            let first = described(written, &routes, other, ends.source);
            return ends.wrong(place(written, at), format!("{first} has this name already"));
        }
        routes.push(route);
        let groups = routes
            .iter()
            .map(|route| route.when.groups.len())
            .sum::<usize>();
        if groups > MOST_GROUPS {
            let message =
                format!("routes ask for more groups than can be looked up ({MOST_GROUPS})");
            return ends.wrong(place(written, at), message);
        }
    }
    Routes::new(routes.clone()).map_err(|error| in_words(&error, written, &routes, ends.source))
}

impl Ends<'_> {
    fn wrong<T>(self, span: Range<usize>, message: impl Into<String>) -> Result<T, ConfigError> {
        Err(self.source.invalid(span, message))
    }

    fn route(self, at: usize, written: &Spanned<file::Route>) -> Result<Route, ConfigError> {
        let file = written.as_ref();
        let name = match &file.name {
            None => format!("route {}", at + 1),
            Some(name) if is_plain(name.as_ref(), LONGEST_NAME) => name.as_ref().clone(),
            Some(name) => {
                let message = format!("the name of a route has 1 to {LONGEST_NAME} characters");
                return self.wrong(name.span(), message);
            }
        };
        let when = self.when(file)?;
        let to = self.to(file, &when)?;
        Ok(Route { name, when, to })
    }

    fn when(self, file: &file::Route) -> Result<When, ConfigError> {
        let source = self.source;
        let mut domains = BTreeSet::new();
        for text in &file.email_domains {
            let domain = domain(text, source)?;
            if self.is_federated(&domain) {
                let message = format!(
                    "{domain} is a suffix of cloud UPNs; the names in it belong to upn_suffixes"
                );
                return self.wrong(text.span(), message);
            }
            domains.insert(domain);
        }
        for text in &file.upn_suffixes {
            let suffix = domain(text, source)?;
            if !self.is_federated(&suffix) {
                let known = self.domains.iter().map(|known| known.suffix.as_ascii());
                let message = format!("{suffix} is no [[federated_domain]]");
                return Err(source.unknown(text.span(), message, suffix.as_ascii(), known));
            }
            domains.insert(suffix);
        }
        let address = |text: &Spanned<String>| {
            EmailAddress::parse(text.as_ref()).map_err(|error| {
                source.invalid(text.span(), format!("{:?}: {error}", text.as_ref()))
            })
        };
        Ok(When {
            domains,
            addresses: all(&file.addresses, address)?,
            home_realm_hints: all(&file.home_realm_hints, |text| domain(text, source))?,
            networks: all(&file.networks, |text| network(text, source))?,
            groups: all(&file.groups, |text| dn(text, source))?,
        })
    }

    fn to(self, file: &file::Route, when: &When) -> Result<HomeRealm, ConfigError> {
        let span = file.to.span();
        Ok(match file.to.as_ref() {
            file::HomeRealm::Directories => HomeRealm::Directories,
            file::HomeRealm::Directory(name) => self.directory(name, when, span)?,
            file::HomeRealm::Upstream(name) => self.upstream(name, when, span)?,
            file::HomeRealm::Entra(door) => self.entra(door, when, span)?,
            file::HomeRealm::Refuse(text) if is_plain(text, LONGEST_TEXT) => {
                HomeRealm::Refused(text.clone())
            }
            file::HomeRealm::Refuse(_) => {
                let message = format!(
                    "a refusal says in one line of at most {LONGEST_TEXT} characters what to do \
                     instead"
                );
                return self.wrong(span, message);
            }
        })
    }

    fn directory(
        self,
        name: &str,
        when: &When,
        span: Range<usize>,
    ) -> Result<HomeRealm, ConfigError> {
        let known = || self.directories.iter().map(|one| one.name.as_str());
        let Some(directory) = self.directories.iter().find(|one| one.name == name) else {
            let message = format!("there is no [[directory]] {name:?}");
            return Err(self.source.unknown(span, message, name, known()));
        };
        // It would be sent there, and nobody would be found.
        if let Some(asked) = &directory.mapping.email_domains {
            let domains = when.domains.iter();
            let mut domains = domains.chain(when.addresses.iter().map(EmailAddress::domain));
            if let Some(domain) = domains.find(|domain| !asked.contains(domain)) {
                let message = format!(
                    "the directory {name:?} is not asked for names in {domain}: see its email_domains"
                );
                return self.wrong(span, message);
            }
        }
        Ok(HomeRealm::Directory(name.to_owned()))
    }

    fn upstream(
        self,
        name: &str,
        when: &When,
        span: Range<usize>,
    ) -> Result<HomeRealm, ConfigError> {
        let known = || self.upstreams.iter().map(|one| one.name.as_str());
        let Some(upstream) = self.upstreams.iter().find(|one| one.name == name) else {
            let message = format!("there is no [[upstream]] {name:?}");
            return Err(self.source.unknown(span, message, name, known()));
        };
        if when.is_for_any_name() && when.groups.is_empty() {
            let message = format!(
                "a route to an upstream says for whom: {name:?} cannot answer for everybody; name \
                 email_domains, addresses or home_realm_hints"
            );
            return self.wrong(span, message);
        }
        // What it asserted of them would be refused. A cloud UPN is another name of somebody whom it
        // asserts by her address.
        let speaks_for = &upstream.speaks_for;
        let domains = when.domains.iter();
        let emails = domains.filter(|domain| !self.is_federated(domain));
        let foreign = emails.filter(|domain| !speaks_for.domains.contains(domain));
        let addresses = when.addresses.iter();
        let others = addresses.filter(|address| !speaks_for.covers(address));
        let mut foreign = foreign
            .map(ToString::to_string)
            .chain(others.map(ToString::to_string));
        if let Some(foreign) = foreign.next() {
            let message = format!(
                "the upstream {name:?} may not speak for {foreign}: see its email_domains and \
                 addresses"
            );
            return self.wrong(span, message);
        }
        Ok(HomeRealm::Upstream(name.to_owned()))
    }

    fn entra(
        self,
        door: &file::EntraDoor,
        when: &When,
        span: Range<usize>,
    ) -> Result<HomeRealm, ConfigError> {
        https_url(&door.link, span.clone(), self.source)?;
        let link = TenantedLink::parse(&door.link)
            .map_err(|error| self.source.invalid(span.clone(), error.to_string()))?;
        let hint = door.domain_hint.as_ref();
        let hint = hint.map(|text| domain(&Spanned::new(span.clone(), text.clone()), self.source));
        let domain_hint = hint.transpose()?;
        let addresses = when.addresses.iter().map(EmailAddress::domain);
        let mut said = domain_hint.iter().chain(&when.domains).chain(addresses);
        if let Some(own) = said.find(|domain| self.is_federated(domain)) {
            let message = format!("Entra would send names in {own} here again");
            return self.wrong(span, message);
        }
        Ok(HomeRealm::Entra(EntraDoor { link, domain_hint }))
    }

    fn is_federated(self, domain: &DomainName) -> bool {
        self.domains.iter().any(|known| known.suffix == *domain)
    }
}

/// A table that cannot be, at the later one of its routes.
fn in_words(
    error: &TableError,
    written: &[Spanned<file::Route>],
    routes: &[Route],
    source: Source<'_>,
) -> ConfigError {
    let described = |at| described(written, routes, at, source);
    let (at, message) = match error {
        TableError::NeverTaken { route, instead } if instead.is_empty() => {
            let message = format!("{} is for nobody: it can never be taken", described(*route));
            (*route, message)
        }
        TableError::NeverTaken { route, instead } => {
            let instead: Vec<_> = instead.iter().map(|at| described(*at)).collect();
            let message = format!(
                "{} can never be taken: whom it is for, {} takes; put what is narrower first",
                described(*route),
                instead.join(" or ")
            );
            (*route, message)
        }
        TableError::Undecided {
            first,
            second,
            example,
        } => {
            let message = format!(
                "{example} fits both {} and {}, which lead to different ends: put a route before \
                 them that says which it is, or make one of them narrower",
                described(*first),
                described(*second)
            );
            (*second, message)
        }
        TableError::PasswordTwice { route } => {
            let message = format!(
                "{} asks for groups, which are looked at after the proof: it may lead to an \
                 upstream, to Entra or to a refusal",
                described(*route)
            );
            (*route, message)
        }
    };
    source.invalid(place(written, at), message)
}

fn described(
    written: &[Spanned<file::Route>],
    routes: &[Route],
    at: usize,
    source: Source<'_>,
) -> String {
    let name = routes.get(at).map_or("", |route| route.name.as_str());
    format!("{name:?} (line {})", source.line(&place(written, at)))
}

fn place(written: &[Spanned<file::Route>], at: usize) -> Range<usize> {
    written.get(at).map_or(0..0, Spanned::span)
}

/// Each value of a list, once.
fn all<T, L: FromIterator<T>>(
    written: &[Spanned<String>],
    read: impl Fn(&Spanned<String>) -> Result<T, ConfigError>,
) -> Result<L, ConfigError> {
    written.iter().map(read).collect()
}

/// Whether it is a line of text that is not too long.
fn is_plain(text: &str, longest: usize) -> bool {
    (1..=longest).contains(&text.trim().chars().count())
        && text.chars().count() <= longest
        && !text.chars().any(char::is_control)
}
