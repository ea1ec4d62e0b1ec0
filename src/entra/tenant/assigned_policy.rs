use serde::Deserialize;

use super::{HomeRealmDiscoveryPolicy, Tenant, TenantError};
use crate::entra::ObjectId;

/// A policy for home realm discovery that holds for some applications alone, in place of the
/// organisation's default. In Graph it is assigned to their service principals.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AssignedPolicy {
    /// `id`; one by chance, where none is told.
    #[serde(default)]
    pub id: ObjectId,
    /// `displayName`.
    pub display_name: String,
    /// Its definition, by the name that it has there.
    #[serde(rename = "HomeRealmDiscoveryPolicy")]
    pub policy: HomeRealmDiscoveryPolicy,
    /// The `appId` of each application that it is assigned to.
    #[serde(default)]
    pub applies_to: Vec<ObjectId>,
}

impl Tenant {
    /// The policies that are not the organisation's default.
    pub fn assigned_policies(&self) -> &[AssignedPolicy] {
        &self.parts.assigned_policies
    }

    /// The policy that holds for a request of `application` (a client ID): the one that is assigned to it,
    /// else the organisation's default.
    pub fn home_realm_discovery_for(&self, application: Option<&str>) -> &HomeRealmDiscoveryPolicy {
        application
            .and_then(|id| ObjectId::parse(id).ok())
            .and_then(|id| self.assigned_policy_of(&id))
            .map_or_else(|| self.home_realm_discovery(), |assigned| &assigned.policy)
    }

    /// The policy that is assigned to an application, if one is.
    pub fn assigned_policy_of(&self, app_id: &ObjectId) -> Option<&AssignedPolicy> {
        let mut policies = self.assigned_policies().iter();
        policies.find(|policy| policy.applies_to.contains(app_id))
    }

    /// Each policy is one that Graph would take, and each application has one at most.
    pub(super) fn check_assigned_policies(&self) -> Result<(), TenantError> {
        let mut taken = Vec::new();
        for assigned in self.assigned_policies() {
            self.check_assigned(assigned, &mut taken)
                .map_err(|why| TenantError::OfPolicy {
                    policy: assigned.display_name.clone(),
                    why: Box::new(why),
                })?;
        }
        Ok(())
    }

    fn check_assigned<'t>(
        &'t self,
        assigned: &'t AssignedPolicy,
        taken: &mut Vec<&'t ObjectId>,
    ) -> Result<(), TenantError> {
        self.check_discovery(&assigned.policy)?;
        if assigned.policy.alternate_id_login.enabled {
            return Err(TenantError::AlternateIdLoginOfApplications);
        }
        for app_id in &assigned.applies_to {
            if self.application(app_id).is_none() {
                return Err(TenantError::PolicyForNobody(app_id.clone()));
            }
            if taken.contains(&app_id) {
                return Err(TenantError::PolicyTwice(app_id.clone()));
            }
            taken.push(app_id);
        }
        Ok(())
    }
}
