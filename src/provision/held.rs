//! What the tenant holds: read whole once, and then what has changed.

use std::collections::BTreeMap;

use hyper::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::microsoft_graph::{Graph, GraphError};

/// What is asked for, and nothing else is kept.
const QUESTION: &str = "users/delta?$select=id,userPrincipalName,displayName,userType,accountEnabled,\
                        mail,proxyAddresses,employeeType,onPremisesImmutableId,onPremisesSyncEnabled";

/// The users of a tenant as Graph told them. Whoever keeps it as a file keeps personal data.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Held {
    /// Where Graph tells what has changed since.
    delta_link: Option<String>,
    /// What was asked: another question has another answer.
    question: String,
    /// By id. Graph tells what has changed of a user, so that the rest has to be known.
    users: BTreeMap<String, Map<String, Value>>,
}

/// A user as Graph tells her.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct HeldUser {
    /// `id`.
    pub id: String,
    /// `userPrincipalName`.
    pub user_principal_name: Option<String>,
    /// `displayName`.
    pub display_name: Option<String>,
    /// `userType`: none for accounts from before there were guests, which are members.
    pub user_type: Option<String>,
    /// `accountEnabled`.
    pub account_enabled: Option<bool>,
    /// `mail`.
    pub mail: Option<String>,
    /// `proxyAddresses`.
    pub proxy_addresses: Vec<String>,
    /// `employeeType`.
    pub employee_type: Option<String>,
    /// `onPremisesImmutableId`.
    pub on_premises_immutable_id: Option<String>,
    /// `onPremisesSyncEnabled`: whether Entra Connect holds her.
    pub on_premises_sync_enabled: Option<bool>,
}

impl Held {
    /// Reads what the tenant holds; where it was read before, what has changed. Where Graph does not
    /// remember when that was, everything is read again.
    ///
    /// # Errors
    /// [`GraphError`]. Half a tenant is none.
    pub async fn read(graph: &mut Graph, before: Option<Self>) -> Result<Self, GraphError> {
        if let Some(before) = before
            && before.question == QUESTION
            && let Some(link) = before.delta_link.clone()
        {
            match before.follow(graph, link).await {
                Err(error) if is_forgotten(&error) => {
                    tracing::info!(%error, "Graph is asked for all users again");
                }
                done => return done,
            }
        }
        let nothing = Self {
            question: QUESTION.to_owned(),
            ..Self::default()
        };
        nothing.follow(graph, QUESTION.to_owned()).await
    }

    async fn follow(mut self, graph: &mut Graph, mut link: String) -> Result<Self, GraphError> {
        loop {
            let page = graph.page::<Map<String, Value>>(&link).await?;
            for user in page.value {
                self.take(user);
            }
            let Some(next) = page.next_link else {
                self.delta_link = page.delta_link;
                return Ok(self);
            };
            link = next;
        }
    }

    /// What is told of a user replaces what was known; the rest stays.
    pub(super) fn take(&mut self, told: Map<String, Value>) {
        let Some(id) = told.get("id").and_then(Value::as_str).map(str::to_owned) else {
            return;
        };
        if told.contains_key("@removed") {
            self.users.remove(&id);
            return;
        }
        let known = self.users.entry(id).or_default();
        for (name, value) in told {
            if value.is_null() {
                known.remove(&name);
            } else {
                known.insert(name, value);
            }
        }
    }

    /// The users.
    ///
    /// # Errors
    /// When one is not what Graph's documentation says.
    pub fn users(&self) -> Result<Vec<HeldUser>, serde_json::Error> {
        let users = self.users.values();
        let users = users.map(|user| HeldUser::deserialize(Value::Object(user.clone())));
        users.collect()
    }
}

fn is_forgotten(error: &GraphError) -> bool {
    match error {
        GraphError::Refused { status, code, .. } => {
            *status == StatusCode::GONE
                || code.eq_ignore_ascii_case("syncStateNotFound")
                || code.eq_ignore_ascii_case("resyncRequired")
        }
        _ => false,
    }
}
