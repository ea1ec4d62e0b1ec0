//! What a query to an attribute store answers.

use super::{ClaimSource, Source};
use crate::adfs::rule::{Expression, Query};

/// Where the values of each of its columns come from.
pub(super) fn sources(query: &Query) -> Result<Vec<Source>, String> {
    match query.store.as_str() {
        "_OpaqueIdStore" => Ok(vec![opaque(query)?]),
        store if store.eq_ignore_ascii_case("Active Directory") => attributes(query),
        store => Err(format!(
            "it asks the attribute store {store:?}, which Homerealm has not"
        )),
    }
}

/// `filter;attributes;account`
fn attributes(query: &Query) -> Result<Vec<Source>, String> {
    let mut parts = query.query.splitn(3, ';');
    let (filter, names) = (
        parts.next().unwrap_or_default(),
        parts.next().unwrap_or_default(),
    );
    let filter = filter.trim().trim_start_matches('(').trim_end_matches(')');
    let is_own = filter.is_empty()
        || filter.split_once('=').is_some_and(|(name, value)| {
            name.trim().eq_ignore_ascii_case("sAMAccountName") && value.trim().starts_with('{')
        });
    if !is_own {
        return Err("it asks Active Directory about somebody else than the person".to_owned());
    }
    Ok(names
        .split(',')
        .map(|name| attribute(name.trim()))
        .collect())
}

fn attribute(name: &str) -> Source {
    match name.to_ascii_lowercase().as_str() {
        "objectguid" | "ms-ds-consistencyguid" => Source::Told(ClaimSource::ImmutableId),
        "objectsid" => Source::Untold("an account's SID is told to nobody"),
        groups if groups.starts_with("tokengroups") => {
            Source::Untold("the names of all groups are told to nobody; name those that matter")
        }
        _ => Source::attribute(name),
    }
}

/// AD FS's own names: of a person at a relying party, or of a session.
fn opaque(query: &Query) -> Result<Source, String> {
    let first = query.params.first();
    match first {
        Some(Expression::Text(kind)) if kind == "ppid" => Ok(Source::Pairwise),
        _ if query.query.to_ascii_lowercase().contains("useentropy") => Ok(Source::Transient),
        _ => Err("it makes a name in a way that is not known".to_owned()),
    }
}
