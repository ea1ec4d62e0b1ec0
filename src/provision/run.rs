//! The changes, one by one.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hyper::StatusCode;
use serde::Serialize;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::{
    keys::random_octets,
    microsoft_graph::{Graph, GraphError, segment},
};

use super::{Action, Change, Changes};

/// After so many failures of the network in a row nothing more is tried.
const MOST_FAILURES: usize = 3;

/// What came of the changes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Run {
    /// How many were done.
    pub done: usize,
    /// Which were not.
    pub failures: Vec<Failure>,
    /// How many were not tried any more.
    pub not_tried: usize,
    /// Why not.
    pub stopped: Option<String>,
}

/// A change that was not done, or of which nobody knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    /// What was to become of her.
    pub action: Action,
    /// Who.
    pub user_principal_name: String,
    /// In Graph's words.
    pub cause: String,
}

impl Run {
    /// Whether everything was done.
    pub fn is_good(&self) -> bool {
        self.failures.is_empty() && self.stopped.is_none()
    }
}

/// Does the changes in their order. What Graph refuses of one user is told, and the rest goes on; where it
/// has no room, no token or no permission, everything ends. `each` is told of each that was tried.
pub async fn carry_out(
    graph: &mut Graph,
    changes: &Changes,
    mut each: impl FnMut(&Change, Option<&Failure>),
) -> Run {
    let mut run = Run::default();
    let mut in_a_row = 0;
    for (index, change) in changes.changes.iter().enumerate() {
        let Err(error) = carry_out_one(graph, change).await else {
            run.done += 1;
            in_a_row = 0;
            each(change, None);
            continue;
        };
        let failure = Failure {
            action: change.action,
            user_principal_name: change.user_principal_name.clone(),
            cause: error.to_string(),
        };
        each(change, Some(&failure));
        run.failures.push(failure);
        in_a_row = match error {
            GraphError::Exchange(_) | GraphError::Answer { .. } => in_a_row + 1,
            _ => 0,
        };
        if in_a_row >= MOST_FAILURES || ends_everything(&error) {
            run.not_tried = changes.changes.len() - index - 1;
            run.stopped = Some(error.to_string());
            break;
        }
    }
    run
}

async fn carry_out_one(graph: &mut Graph, change: &Change) -> Result<(), GraphError> {
    let Some(id) = &change.id else {
        // Where the answer is lost nobody knows whether she was made, and the next run finds out.
        let mut body = json!(change.properties);
        if let Some(properties) = body.as_object_mut() {
            let password = password()?;
            let profile = json!({
                "forceChangePasswordNextSignIn": false,
                "password": password.as_str(),
            });
            properties.insert("passwordProfile".to_owned(), profile);
        }
        return graph.post::<Value>("users", &body).await.map(drop);
    };
    let path = format!("users/{}", segment(id));
    if change.action != Action::Delete {
        return graph.patch(&path, &change.properties).await;
    }
    match graph.delete(&path).await {
        Err(error) if error.is_not_found() => Ok(()),
        done => done,
    }
}

/// A password that nobody knows: the domain is federated, and Entra asks for none. The end has all kinds
/// of characters that the complexity asks for.
fn password() -> Result<Zeroizing<String>, GraphError> {
    let octets = Zeroizing::new(random_octets::<36>()?);
    let mut text = Zeroizing::new(URL_SAFE_NO_PAD.encode(octets.as_slice()));
    text.push_str("-aZ7");
    Ok(text)
}

/// What no other user would fare better with.
fn ends_everything(error: &GraphError) -> bool {
    match error {
        GraphError::Refused { status, .. } => {
            matches!(*status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)
        }
        GraphError::Exchange(_) | GraphError::Answer { .. } => false,
        _ => true,
    }
}
