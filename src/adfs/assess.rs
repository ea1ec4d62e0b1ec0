//! The tests that Microsoft's migration tool runs on a trust (`ADFSAADMigrationUtils`), each with what was
//! found and what to do about it; and the state that the portal's activity report would give the trust.

use serde::Serialize;

use super::{
    RelyingPartyTrust,
    rule::{
        WrittenRule,
        known::{self, RuleSet},
        parse_rules,
    },
};

/// How a test ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Nothing stands in the way.
    Pass,
    /// Somebody should look.
    Warning,
    /// It cannot be moved as it is.
    Fail,
}

/// What the portal calls it (`relyingPartyDetailedSummary.migrationStatus` of Graph).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)] // the names are Graph's
pub enum MigrationStatus {
    Ready,
    NeedsReview,
    AdditionalStepsRequired,
}

/// One test, as it ended for one trust.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The tool's name of the test, without `Test-ADFSRP`.
    pub test: &'static str,
    /// How it ended.
    pub outcome: Outcome,
    /// What was found.
    pub message: String,
    /// What to do about it; none where nothing is to be done.
    pub cure: Option<&'static str>,
    #[serde(skip)]
    in_portal: Outcome,
}

/// All tests of one trust.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Assessment {
    /// In the order of their names.
    pub findings: Vec<Finding>,
    /// The worst of them.
    pub outcome: Outcome,
    /// What the portal would say; nothing of Entra's own trust, which it leaves out.
    pub migration_status: Option<MigrationStatus>,
}

/// Runs the tests.
pub fn assess(trust: &RelyingPartyTrust) -> Assessment {
    let mut findings = Vec::from(properties(trust));
    findings.extend(rules(trust));
    findings.sort_by_key(|finding| finding.test);
    let worst = |of: fn(&Finding) -> Outcome| findings.iter().map(of).max();
    let status = match worst(|finding| finding.in_portal) {
        Some(Outcome::Fail) => MigrationStatus::AdditionalStepsRequired,
        Some(Outcome::Warning) => MigrationStatus::NeedsReview,
        Some(Outcome::Pass) | None => MigrationStatus::Ready,
    };
    Assessment {
        outcome: worst(|finding| finding.outcome).unwrap_or(Outcome::Pass),
        migration_status: (!trust.is_entra()).then_some(status),
        findings,
    }
}

/// A test of the tool: what it says where it does not hit, and where it does.
struct Check {
    test: &'static str,
    hit: Option<String>,
    outcome: Outcome,
    /// Where the portal judges differently.
    in_portal: Outcome,
    otherwise: &'static str,
    cure: &'static str,
}

impl Check {
    fn finding(self) -> Finding {
        match self.hit {
            Some(message) => Finding {
                test: self.test,
                outcome: self.outcome,
                message,
                cure: Some(self.cure),
                in_portal: self.in_portal,
            },
            None => Finding {
                test: self.test,
                outcome: Outcome::Pass,
                message: self.otherwise.to_owned(),
                cure: None,
                in_portal: Outcome::Pass,
            },
        }
    }
}

/// Where `holds`, what was found.
fn hit(holds: bool, message: impl Into<String>) -> Option<String> {
    holds.then(|| message.into())
}

#[allow(clippy::too_many_lines)] // a table
fn properties(trust: &RelyingPartyTrust) -> [Finding; 12] {
    let encrypts = trust.encryption_certificate.is_some();
    let providers = trust.claims_provider_names.as_slice();
    let skew = trust.not_before_skew_minutes;
    let lifetime = trust.token_lifetime_minutes;
    [
        Check {
            test: "AdditionalWSFedEndpoint",
            hit: hit(
                !trust.additional_ws_fed_endpoints.is_empty(),
                format!(
                    "it has more addresses for WS-Federation: {}",
                    trust.additional_ws_fed_endpoints.join(", ")
                ),
            ),
            outcome: Outcome::Fail,
            in_portal: Outcome::Fail,
            otherwise: "it has no more addresses for WS-Federation",
            cure: "Entra sends WS-Federation answers to one address; register an application for each, \
                   or let them be reached through the first. Homerealm takes them all as reply_addresses.",
        },
        Check {
            test: "AllowedAuthenticationClassReferences",
            hit: hit(
                !trust.allowed_authentication_class_references.is_empty(),
                "it takes some ways of signing in only",
            ),
            outcome: Outcome::Fail,
            in_portal: Outcome::Fail,
            otherwise: "it takes any way of signing in",
            cure: "Ask for the second factor by a Conditional Access policy with an authentication \
                   strength for this application.",
        },
        Check {
            test: "AlwaysRequireAuthentication",
            hit: hit(trust.always_require_authentication, "each request asks for the password"),
            outcome: Outcome::Fail,
            in_portal: Outcome::Fail,
            otherwise: "a live session answers its requests",
            cure: "Have the application send ForceAuthn (SAML) or wfresh=0 (WS-Federation), or set a \
                   sign-in frequency by Conditional Access.",
        },
        Check {
            test: "AutoUpdateEnabled",
            hit: hit(trust.auto_update_enabled, "changes of its metadata are taken over by themselves"),
            outcome: Outcome::Warning,
            in_portal: Outcome::Warning,
            otherwise: "changes of its metadata are not taken over",
            cure: "Entra does not watch an application's metadata; agree on who tells you of a new \
                   certificate or address. Homerealm does, with `metadata`.",
        },
        Check {
            test: "ClaimsProviderName",
            hit: match providers {
                [] => None,
                [one] if one == "Active Directory" => None,
                [one] => Some(format!("its people come from {one:?}")),
                several => Some(format!("its people come from {} claims providers", several.len())),
            },
            outcome: Outcome::Fail,
            in_portal: Outcome::Fail,
            otherwise: "its people come from Active Directory",
            cure: "Invite those people as guests, or send them through an [[upstream]] of Homerealm.",
        },
        Check {
            test: "EncryptClaims",
            hit: hit(
                trust.encrypt_claims && encrypts,
                "its tokens are encrypted, which Entra can do",
            ),
            outcome: Outcome::Pass,
            in_portal: Outcome::Pass,
            otherwise: "its tokens are not encrypted",
            cure: "Give the certificate to the application (token encryption).",
        },
        Check {
            test: "EncryptedNameIdRequired",
            hit: hit(
                trust.encrypted_name_id_required && encrypts,
                "its NameID is encrypted by itself",
            ),
            outcome: Outcome::Fail,
            in_portal: Outcome::Fail,
            otherwise: "its NameID is not encrypted by itself",
            cure: "Have the application take encrypted assertions instead, which hide the NameID, too.",
        },
        Check {
            test: "MonitoringEnabled",
            hit: hit(trust.monitoring_enabled, "its metadata is watched"),
            outcome: Outcome::Warning,
            in_portal: Outcome::Warning,
            otherwise: "its metadata is not watched",
            cure: "Entra does not watch an application's metadata; agree on who tells you of changes.",
        },
        Check {
            test: "NotBeforeSkew",
            hit: hit(skew > 0, format!("its tokens are dated back by {skew} minutes")),
            outcome: Outcome::Warning,
            in_portal: Outcome::Warning,
            otherwise: "its tokens are not dated back",
            cure: "Entra has no such setting; see that the application bears clocks that differ.",
        },
        Check {
            test: "RequestMFAFromClaimsProviders",
            hit: hit(
                trust.request_mfa_from_claims_providers,
                "claims providers are asked for a second factor",
            ),
            outcome: Outcome::Warning,
            in_portal: Outcome::Warning,
            otherwise: "claims providers are not asked for a second factor",
            cure: "Demand it by Conditional Access, and say in cross-tenant access settings whose second \
                   factor you trust.",
        },
        Check {
            test: "SignedSamlRequestsRequired",
            hit: hit(trust.signed_saml_requests_required, "its requests must be signed"),
            outcome: Outcome::Warning,
            in_portal: Outcome::Fail,
            otherwise: "its requests need not be signed",
            cure: "Switch on the verification of signed requests for the application in Entra, with its \
                   certificate; answers go to registered addresses in any case.",
        },
        Check {
            test: "TokenLifetime",
            hit: hit(
                (1..10).contains(&lifetime),
                format!("its tokens live for {lifetime} minutes"),
            ),
            outcome: Outcome::Fail,
            in_portal: Outcome::Warning,
            otherwise: "its tokens live long enough for Entra",
            cure: "Entra's tokens live for ten minutes at least (token lifetime policy); see whether the \
                   application can bear that.",
        },
    ]
    .map(Check::finding)
}

fn rules(trust: &RelyingPartyTrust) -> [Finding; 5] {
    let sets = &trust.rules;
    let (warning, fail) = (Outcome::Warning, Outcome::Fail);
    [
        (
            "AdditionalAuthenticationRules",
            RuleSet::AdditionalAuthentication,
            &sets.additional_authentication,
            (fail, warning),
            "Demand the second factor by Conditional Access, for the same people.",
        ),
        (
            "DelegationAuthorizationRules",
            RuleSet::DelegationAuthorization,
            &sets.delegation_authorization,
            (warning, fail),
            "Entra has no ActAs; use the OAuth on-behalf-of flow.",
        ),
        (
            "ImpersonationAuthorizationRules",
            RuleSet::ImpersonationAuthorization,
            &sets.impersonation_authorization,
            (warning, warning),
            "Entra has no such right; see whether anybody uses it.",
        ),
        (
            "IssuanceAuthorizationRules",
            RuleSet::IssuanceAuthorization,
            &sets.issuance_authorization,
            (warning, warning),
            "Assign people or groups to the application, or use Conditional Access; Homerealm: `access`.",
        ),
        (
            "IssuanceTransformRules",
            RuleSet::IssuanceTransform,
            &sets.issuance_transform,
            (warning, warning),
            "See below which of them could be translated, and why others could not.",
        ),
    ]
    .map(|(test, set, text, (outcome, in_portal), cure)| {
        let unknown = unknown(set, &parse_rules(text));
        Check {
            test,
            hit: hit(
                !unknown.is_empty(),
                format!("{} of its rules are none that the tool knows: {}", unknown.len(), unknown.join(", ")),
            ),
            outcome,
            in_portal,
            otherwise: "it has no rules here but those that the tool knows",
            cure,
        }
        .finding()
    })
}

/// The rules that follow no pattern of the tool, by name or else by number.
fn unknown(set: RuleSet, rules: &[WrittenRule]) -> Vec<String> {
    let numbered = rules.iter().enumerate();
    let unknown = numbered.filter(|(_, written)| match &written.rule {
        Ok(rule) => known::pattern(set, rule).is_none(),
        Err(_) => true,
    });
    unknown
        .map(|(index, written)| written.label(index))
        .collect()
}

impl WrittenRule {
    /// What it is called in reports: its name, else its place among the others, from 0.
    pub fn label(&self, index: usize) -> String {
        let name = self
            .rule
            .as_ref()
            .ok()
            .and_then(|rule| rule.name.as_deref());
        name.map_or_else(|| format!("rule {}", index + 1), |name| format!("{name:?}"))
    }
}
