use std::ops::Range;

use toml::Spanned;

use super::file;
use crate::{
    config::{ConfigError, Source},
    entra::{
        Authentication, Domain, DomainName, SignInName, Subject, Tenant, TenantError, TenantParts,
        Tenants,
    },
};

/// Where the parts of a tenant stand.
struct Places {
    tenant: Range<usize>,
    policies: Range<usize>,
    domains: Vec<(DomainName, Range<usize>)>,
    users: Vec<(SignInName, Range<usize>)>,
}

impl Places {
    fn of(tenant: &Spanned<file::Tenant>) -> Self {
        let written = tenant.as_ref();
        let discovery = written.home_realm_discovery_policy.as_ref();
        let validation = written.federated_token_validation_policy.as_ref();
        let policies = discovery
            .map(Spanned::span)
            .or_else(|| validation.map(Spanned::span));
        let domains = written
            .domain
            .iter()
            .map(|it| (it.as_ref().id.clone(), it.span()));
        let users = written
            .user
            .iter()
            .map(|it| (it.as_ref().user_principal_name.clone(), it.span()));
        Self {
            tenant: tenant.span(),
            policies: policies.unwrap_or_else(|| tenant.span()),
            domains: std::iter::once((written.name.clone(), tenant.span()))
                .chain(domains)
                .collect(),
            users: users.collect(),
        }
    }

    /// Where the subject of an error stands; of two with one name, the later one.
    fn of_subject(&self, subject: Subject<'_>) -> Option<Range<usize>> {
        match subject {
            Subject::Tenant => Some(self.tenant.clone()),
            Subject::Policy => Some(self.policies.clone()),
            Subject::Domain(name) => last(&self.domains, name),
            Subject::User(name) => last(&self.users, name),
        }
    }
}

fn last<N: PartialEq>(places: &[(N, Range<usize>)], name: &N) -> Option<Range<usize>> {
    let place = places.iter().rev().find(|(other, _)| other == name);
    place.map(|(_, span)| span.clone())
}

pub(super) fn build(file: file::File, source: Source<'_>) -> Result<Tenants, ConfigError> {
    let mut places = Vec::with_capacity(file.tenant.len());
    let mut tenants = Vec::with_capacity(file.tenant.len());
    for tenant in file.tenant {
        let of_this = Places::of(&tenant);
        let built = parts(tenant.into_inner(), source)?.and_then(Tenant::build);
        tenants
            .push(built.map_err(|error| refuse(source, std::slice::from_ref(&of_this), &error))?);
        places.push(of_this);
    }
    Tenants::new(tenants).map_err(|error| refuse(source, &places, &error))
}

fn refuse(source: Source<'_>, places: &[Places], error: &TenantError) -> ConfigError {
    let subject = error.subject();
    let mut place = places.iter().rev();
    let place = place.find_map(|places| places.of_subject(subject));
    source.invalid(place.unwrap_or_default(), error.to_string())
}

/// What a tenant is made of, or the first thing that cannot be said of it.
fn parts(
    tenant: file::Tenant,
    source: Source<'_>,
) -> Result<Result<TenantParts, TenantError>, ConfigError> {
    let plain = TenantParts::new(tenant.name);
    let defaults = tenant
        .domain
        .iter()
        .filter(|domain| domain.as_ref().is_default);
    let defaults: Vec<_> = defaults.collect();
    if let [_, second, ..] = defaults.as_slice() {
        return Err(source.invalid(second.span(), "a tenant has one default domain"));
    }
    let default_domain = defaults.first().map(|domain| domain.as_ref().id.clone());
    let names: Vec<DomainName> = std::iter::once(plain.name.clone())
        .chain(
            tenant
                .domain
                .iter()
                .map(|domain| domain.as_ref().id.clone()),
        )
        .collect();
    let domains = tenant.domain.into_iter().map(Spanned::into_inner);
    let domains: Result<Vec<_>, _> = domains
        .map(|domain| authenticated(domain, &names))
        .collect();
    Ok(domains.map(|domains| TenantParts {
        display_name: tenant.display_name.unwrap_or(plain.display_name),
        default_domain,
        domains,
        users: tenant.user.into_iter().map(Spanned::into_inner).collect(),
        applications: tenant.application,
        home_realm_discovery: tenant
            .home_realm_discovery_policy
            .map(Spanned::into_inner)
            .unwrap_or_default(),
        validating_domains: tenant
            .federated_token_validation_policy
            .map(|policy| policy.into_inner().validating_domains)
            .unwrap_or_default(),
        name: plain.name,
    }))
}

/// A subdomain inherits, unless it is said to be a root (facts 4.3).
fn authenticated(domain: file::Domain, names: &[DomainName]) -> Result<Domain, TenantError> {
    let above = names.iter().filter(|name| domain.id.is_below(name));
    let above = above.max_by_key(|name| name.as_str().len());
    let is_root = domain.is_root.unwrap_or(above.is_none());
    let authentication = match (domain.federation_configuration, above) {
        (Some(_), Some(above)) if !is_root => {
            return Err(TenantError::NotPromoted {
                subdomain: domain.id,
                root: above.clone(),
            });
        }
        (Some(federation), _) if is_root => Authentication::Federated(Box::new(federation)),
        (None, _) if is_root => Authentication::Managed,
        _ => Authentication::Inherited,
    };
    Ok(Domain {
        name: domain.id,
        authentication,
    })
}
