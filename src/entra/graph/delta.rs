//! `users/delta`: everything once, and then what has changed since.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use serde_json::{Map, Value, json};

use super::{Answer, GraphError, ok, plain};
use crate::entra::{DomainName, ObjectId, Simulator, Tenant, Tenants, User, query::percent_decode};

/// How many users a page has.
const PAGE: usize = 100;
/// How many links are remembered, the latest.
const MOST_LINKS: usize = 1_000;

/// The links that were given out.
#[derive(Debug, Default)]
pub(in crate::entra) struct Deltas(Mutex<VecDeque<(ObjectId, Walk)>>);

/// Where a link goes on.
#[derive(Clone, Debug)]
struct Walk {
    tenant: DomainName,
    /// What the caller knows; `None` at first.
    since: Option<Arc<Tenants>>,
    /// What is being told, page by page; what is there then, for a `deltaLink`.
    now: Option<Arc<Tenants>>,
    offset: usize,
    /// The properties that were asked for; all, where none was.
    select: Vec<String>,
}

impl Deltas {
    fn keep(&self, walk: Walk) -> ObjectId {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MOST_LINKS {
            kept.pop_front();
        }
        let token = ObjectId::new();
        kept.push_back((token.clone(), walk));
        token
    }

    fn find(&self, token: &str) -> Option<Walk> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = kept.iter().find(|(known, _)| known.as_str() == token);
        found.map(|(_, walk)| walk.clone())
    }
}

impl Simulator {
    /// A page of a delta query.
    pub(super) fn users_delta(
        &self,
        tenants: &Arc<Tenants>,
        tenant: &Tenant,
        query: &str,
    ) -> Result<Answer, GraphError> {
        let walk = self.walk(tenant, query)?;
        let now = walk.now.clone().unwrap_or_else(|| Arc::clone(tenants));
        let told = now.of_domain(&walk.tenant).map_or(&[][..], Tenant::users);
        let since = walk.since.as_deref();
        let known = since.and_then(|since| since.of_domain(&walk.tenant));
        let known = known.map_or(&[][..], Tenant::users);

        let changed = told.iter().filter(|user| !known.contains(user));
        let changed = changed.map(|user| selected(user, &walk.select, since.is_some()));
        let gone = known
            .iter()
            .filter(|user| told.iter().all(|other| other.id != user.id))
            .map(|user| json!({"id": user.id, "@removed": {"reason": "changed"}}));
        let all: Vec<Value> = changed.chain(gone).collect();
        let end = all.len().min(walk.offset.saturating_add(PAGE));
        let page = all.get(walk.offset..end).unwrap_or_default();

        let (name, parameter, next) = if end < all.len() {
            let next = Walk {
                now: Some(now),
                offset: end,
                ..walk
            };
            ("@odata.nextLink", "$skiptoken", next)
        } else {
            let next = Walk {
                since: Some(now),
                now: None,
                offset: 0,
                ..walk
            };
            ("@odata.deltaLink", "$deltatoken", next)
        };
        let base = self.base_url();
        let token = self.deltas.keep(next);
        Ok(ok(json!({
            "@odata.context": format!("{base}/v1.0/$metadata#users"),
            "value": page,
            name: format!("{base}/v1.0/users/delta?{parameter}={token}"),
        })))
    }

    fn walk(&self, tenant: &Tenant, query: &str) -> Result<Walk, GraphError> {
        let mut select = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let decode = |text| {
                percent_decode(text).ok_or_else(|| GraphError::bad_request("The query is odd."))
            };
            let value = decode(value)?;
            match decode(name)?.as_str() {
                "$select" => select = value.split(',').map(|it| it.trim().to_owned()).collect(),
                "$skiptoken" | "$deltatoken" => {
                    let walk = self.deltas.find(&value).ok_or(GraphError::SyncState)?;
                    return if walk.tenant == *tenant.name() {
                        Ok(walk)
                    } else {
                        Err(GraphError::SyncState)
                    };
                }
                other => {
                    return Err(GraphError::bad_request(format!(
                        "The query parameter {other} is not supported with delta."
                    )));
                }
            }
        }
        Ok(Walk {
            tenant: tenant.name().clone(),
            since: None,
            now: None,
            offset: 0,
            select,
        })
    }
}

/// The id and what was asked for; what is not set is told of changes alone.
fn selected(user: &User, select: &[String], is_change: bool) -> Value {
    let Value::Object(all) = plain(user) else {
        return Value::Null;
    };
    let wanted =
        |name: &str| select.is_empty() || name == "id" || select.iter().any(|it| it == name);
    let told: Map<String, Value> = all
        .into_iter()
        .filter(|(name, value)| wanted(name) && (is_change || !value.is_null()))
        .collect();
    Value::Object(told)
}
