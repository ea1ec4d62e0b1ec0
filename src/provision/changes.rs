//! The plan against what the tenant holds.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    directory::AccountState,
    entra::UserType,
    realm::EmailAddress,
    sync::{Plan, Planned, Terms},
};

use super::HeldUser;

/// What `employeeType` says of the users that were made here, and of nobody else.
pub const MARK: &str = "Homerealm";

/// What is to be done, in this order: who goes makes room for who comes.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Changes {
    /// What is to be done.
    pub changes: Vec<Change>,
    /// Who is left as she is, and why.
    pub left_out: Vec<LeftOut>,
    /// How many users were made here and are there still.
    pub managed: usize,
    /// How many of them are as planned.
    pub unchanged: usize,
}

/// What becomes of a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// She is not in the directory any more.
    Delete,
    /// Her account is disabled in the directory. Other properties may change with it.
    Disable,
    /// Some properties change.
    Update,
    /// She is new.
    Create,
}

impl std::fmt::Display for Action {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Delete => "delete",
            Self::Disable => "disable",
            Self::Update => "update",
            Self::Create => "create",
        })
    }
}

/// A request to Graph.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// What becomes of her.
    pub action: Action,
    /// Who she is in Entra; `None` before she is there.
    pub id: Option<String>,
    /// Her UPN as planned, or as it is there where she goes.
    pub user_principal_name: String,
    /// What is written, by Graph's names. A new user's password is none of them: it is made when it is
    /// sent, and forgotten.
    pub properties: BTreeMap<&'static str, Value>,
}

/// A guest of the plan who is left as she is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LeftOut {
    /// Where she is in the directory.
    pub dn: String,
    /// Her UPN as planned.
    pub user_principal_name: Option<String>,
    /// Why.
    pub because: String,
}

impl Changes {
    /// Compares the plan with what the tenant holds.
    pub fn new(terms: &Terms, plan: &Plan, held: &[HeldUser]) -> Self {
        let of = Tenant::of(terms, held);
        let mut changes = Self {
            managed: held.iter().filter(|user| is_managed(terms, user)).count(),
            ..Self::default()
        };
        for planned in &plan.users {
            changes.compare(&of, planned);
        }
        // Also those whose accounts have a conflict are in the directory still, and stay.
        let anchors: HashSet<&str> = plan
            .users
            .iter()
            .filter_map(|user| user.on_premises_immutable_id.as_deref())
            .collect();
        for user in held.iter().filter(|user| is_managed(terms, user)) {
            let anchor = user.on_premises_immutable_id.as_deref();
            if anchor.is_some_and(|anchor| !anchors.contains(anchor)) {
                changes.changes.push(Change {
                    action: Action::Delete,
                    id: Some(user.id.clone()),
                    user_principal_name: user.user_principal_name.clone().unwrap_or_default(),
                    properties: BTreeMap::new(),
                });
            }
        }
        changes.changes.sort_by_key(|change| change.action);
        changes
    }

    /// How many changes are of this kind.
    pub fn count(&self, action: Action) -> usize {
        let those = self.changes.iter();
        those.filter(|change| change.action == action).count()
    }

    fn compare(&mut self, of: &Tenant<'_>, planned: &Planned) {
        let anchor = planned.on_premises_immutable_id.as_deref();
        let there = anchor.and_then(|anchor| of.by_anchor.get(anchor)).copied();
        match desired(of, planned, there) {
            // Of members there is nothing to tell, unless one of them was made here as a guest.
            Err(_)
                if planned.user_type == UserType::Member
                    && there.is_none_or(|user| !is_managed(of.terms, user)) => {}
            Err(because) => self.left_out.push(LeftOut {
                dn: planned.dn.clone(),
                user_principal_name: planned.user_principal_name.clone(),
                because,
            }),
            Ok(desired) => match there {
                None => self.changes.push(Change {
                    action: Action::Create,
                    id: None,
                    user_principal_name: desired.upn.clone(),
                    properties: desired.new_user(),
                }),
                Some(user) => match desired.differences(user) {
                    properties if properties.is_empty() => self.unchanged += 1,
                    properties => self.changes.push(Change {
                        action: match properties.get("accountEnabled") {
                            Some(Value::Bool(false)) => Action::Disable,
                            _ => Action::Update,
                        },
                        id: Some(user.id.clone()),
                        user_principal_name: desired.upn.clone(),
                        properties,
                    }),
                },
            },
        }
    }
}

/// What Graph is to hold of a guest.
struct Desired {
    upn: String,
    display_name: String,
    mail: String,
    anchor: String,
    enabled: bool,
}

impl Desired {
    fn new_user(&self) -> BTreeMap<&'static str, Value> {
        let nickname = self.upn.split('@').next().unwrap_or_default();
        BTreeMap::from([
            ("accountEnabled", json!(self.enabled)),
            ("displayName", json!(self.display_name)),
            ("employeeType", json!(MARK)),
            ("mail", json!(self.mail)),
            ("mailNickname", json!(nickname)),
            ("onPremisesImmutableId", json!(self.anchor)),
            ("userPrincipalName", json!(self.upn)),
            ("userType", json!("Guest")),
        ])
    }

    /// What is otherwise there. Entra writes addresses and UPNs in its own case.
    fn differences(&self, user: &HeldUser) -> BTreeMap<&'static str, Value> {
        let same = |held: &Option<String>, wanted: &str| {
            held.as_ref()
                .is_some_and(|held| held.eq_ignore_ascii_case(wanted))
        };
        let mut properties = BTreeMap::new();
        if !same(&user.user_principal_name, &self.upn) {
            properties.insert("userPrincipalName", json!(self.upn));
        }
        if user.display_name.as_ref() != Some(&self.display_name) {
            properties.insert("displayName", json!(self.display_name));
        }
        if !same(&user.mail, &self.mail) {
            properties.insert("mail", json!(self.mail));
        }
        if user.account_enabled != Some(self.enabled) {
            properties.insert("accountEnabled", json!(self.enabled));
        }
        properties
    }
}

/// The tenant's users by what must be one user's alone.
struct Tenant<'a> {
    terms: &'a Terms,
    by_anchor: HashMap<&'a str, &'a HeldUser>,
    by_name: HashMap<String, &'a HeldUser>,
}

impl<'a> Tenant<'a> {
    fn of(terms: &'a Terms, held: &'a [HeldUser]) -> Self {
        let anchored = held.iter().filter_map(|user| {
            let anchor = user.on_premises_immutable_id.as_deref()?;
            Some((anchor, user))
        });
        let mut by_name = HashMap::new();
        // Those of others come last and stay: nothing is taken from them.
        let (ours, others): (Vec<_>, Vec<_>) =
            held.iter().partition(|user| is_managed(terms, user));
        for user in ours.into_iter().chain(others) {
            for name in names(user) {
                by_name.insert(name.to_ascii_lowercase(), user);
            }
        }
        Self {
            terms,
            by_anchor: anchored.collect(),
            by_name,
        }
    }

    /// Somebody else, not made here, who has the name.
    fn owner(&self, name: &str, there: Option<&HeldUser>) -> Option<&HeldUser> {
        let owner = self.by_name.get(&name.to_ascii_lowercase())?;
        let is_other = there.is_none_or(|there| there.id != owner.id);
        (is_other && !is_managed(self.terms, owner)).then_some(*owner)
    }
}

fn names(user: &HeldUser) -> impl Iterator<Item = &str> {
    let proxies = user.proxy_addresses.iter().filter_map(|address| {
        let (kind, mail) = address.split_once(':')?;
        kind.eq_ignore_ascii_case("smtp").then_some(mail)
    });
    let upn = user.user_principal_name.as_deref().into_iter();
    upn.chain(user.mail.as_deref()).chain(proxies)
}

/// Whether the user was made here, and is still what was made.
fn is_managed(terms: &Terms, user: &HeldUser) -> bool {
    let upn = user.user_principal_name.as_deref();
    let domain = upn.and_then(|upn| EmailAddress::parse(upn).ok());
    user.employee_type.as_deref() == Some(MARK)
        && user.user_type.as_deref() == Some("Guest")
        && user.on_premises_sync_enabled != Some(true)
        && user.on_premises_immutable_id.is_some()
        && domain.is_some_and(|upn| terms.is_federated(upn.domain()))
}

/// What Graph is to hold of her, or why she is left as she is.
fn desired(
    of: &Tenant<'_>,
    planned: &Planned,
    there: Option<&HeldUser>,
) -> Result<Desired, String> {
    if planned.user_type != UserType::Guest {
        return Err("she is a member by the plan, and a guest in Entra".to_owned());
    }
    if !planned.conflicts.is_empty() {
        let conflicts = planned.conflicts.iter();
        let conflicts = conflicts.map(|one| format!("{}: {}", one.kind, one.what));
        return Err(conflicts.collect::<Vec<_>>().join("; "));
    }
    let (Some(upn), Some(mail), Some(anchor)) = (
        planned.user_principal_name.clone(),
        planned.on_premises_user_principal_name.clone(),
        planned.on_premises_immutable_id.clone(),
    ) else {
        return Err("the plan has no UPN, email or ImmutableID of her".to_owned());
    };
    if let Some(user) = there.filter(|user| !is_managed(of.terms, user)) {
        return Err(if user.on_premises_sync_enabled == Some(true) {
            "Entra Connect holds her already".to_owned()
        } else {
            format!(
                "Entra holds her as {}, who was not made here or has been changed there: \
                 employeeType {MARK}, userType Guest and a federated UPN would make her ours",
                user.user_principal_name.as_deref().unwrap_or(&user.id)
            )
        });
    }
    for name in [&upn, &mail] {
        if let Some(owner) = of.owner(name, there) {
            let owner = owner.user_principal_name.as_deref().unwrap_or(&owner.id);
            return Err(format!("{name} is a name of {owner} in Entra already"));
        }
    }
    Ok(Desired {
        display_name: planned.display_name.clone().unwrap_or_else(|| upn.clone()),
        // What passes by itself, such as a lockout, is no reason to end her sessions in Entra.
        enabled: !matches!(
            planned.state,
            Some(AccountState::Disabled | AccountState::AccountExpired)
        ),
        upn,
        mail,
        anchor,
    })
}
