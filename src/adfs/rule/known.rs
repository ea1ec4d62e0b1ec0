//! The rules that Microsoft's migration tool knows how to move (`ADFSAADMigrationUtils`).
//!
//! It compares texts, white space and all, and a template of its own for groups can match nothing,
//! since a word of a comment slipped into it. Here rules are compared by what they say, so one that was
//! written by hand is known, too.

use super::{Condition, Expression, Operator, Property, Quantifier, Rule, Statement};

/// Type of the claim by which AD FS lets somebody in.
pub const PERMIT: &str = "http://schemas.microsoft.com/authorization/claims/permit";
/// Type of the claim by which AD FS keeps somebody out.
pub const DENY: &str = "http://schemas.microsoft.com/authorization/claims/deny";
/// Type of the claim of a group, by SID.
pub const GROUP_SID: &str = "http://schemas.microsoft.com/ws/2008/06/identity/claims/groupsid";
/// Type of the claim of an account, by SID.
pub const PRIMARY_SID: &str = "http://schemas.microsoft.com/ws/2008/06/identity/claims/primarysid";
/// Type of the claim of an account, by `DOMAIN\name`.
pub const ACCOUNT_NAME: &str =
    "http://schemas.microsoft.com/ws/2008/06/identity/claims/windowsaccountname";
const AUTHENTICATION_METHOD: &str =
    "http://schemas.microsoft.com/ws/2008/06/identity/claims/authenticationmethod";
const SEVERAL_FACTORS: &str = "http://schemas.microsoft.com/claims/multipleauthn";
const REGISTERED: &str =
    "http://schemas.microsoft.com/2012/01/devicecontext/claims/isregistereduser";
const INSIDE: &str = "http://schemas.microsoft.com/ws/2012/01/insidecorporatenetwork";
const PROXY_TRUST: &str = "http://schemas.microsoft.com/ws/2008/06/identity/claims/proxytrustid";

/// A set of rules of a trust.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[allow(missing_docs)] // the names are AD FS's
pub enum RuleSet {
    IssuanceTransform,
    IssuanceAuthorization,
    DelegationAuthorization,
    ImpersonationAuthorization,
    AdditionalAuthentication,
}

/// The pattern of the tool that a rule follows.
pub fn pattern(set: RuleSet, rule: &Rule) -> Option<&'static str> {
    match set {
        RuleSet::IssuanceTransform => is_ldap(rule).then_some("Extract Attributes from AD"),
        RuleSet::IssuanceAuthorization if permits_all(rule) => Some("Permit All"),
        RuleSet::IssuanceAuthorization => permits_group(rule).then_some("Permit a group"),
        RuleSet::DelegationAuthorization => None,
        RuleSet::ImpersonationAuthorization => proxy(rule),
        RuleSet::AdditionalAuthentication => second_factor(rule),
    }
}

/// Whether a rule lets everybody in.
pub fn permits_all(rule: &Rule) -> bool {
    rule.conditions.is_empty() && creates(rule, PERMIT).is_some()
}

fn permits_group(rule: &Rule) -> bool {
    only_condition(rule).is_some_and(|condition| {
        condition.claim_type() == Some(GROUP_SID)
            && condition.tests.len() == 2
            && condition
                .only_test(&Property::Value)
                .is_some_and(|test| matches!(test.operator, Operator::Equal | Operator::Matches))
    }) && creates(rule, PERMIT).is_some()
}

fn is_ldap(rule: &Rule) -> bool {
    let asks = match &rule.statement {
        Statement::Query(query) => {
            query.store == "Active Directory"
                && query.query.starts_with(';')
                && query.query.ends_with(";{0}")
        }
        _ => false,
    };
    let from_ad = |condition: &Condition| {
        condition.claim_type().is_some()
            && condition.tests.len() == 2
            && condition.only_test(&Property::Issuer).is_some_and(|test| {
                test.operator == Operator::Equal && test.value == "AD AUTHORITY"
            })
    };
    asks && only_condition(rule).is_some_and(from_ad)
}

fn second_factor(rule: &Rule) -> Option<&'static str> {
    let condition = only_condition(rule)?;
    let value = condition.only_test(&Property::Value)?;
    if condition.tests.len() != 2
        || value.operator != Operator::Equal
        || creates(rule, AUTHENTICATION_METHOD)? != SEVERAL_FACTORS
    {
        return None;
    }
    match (condition.claim_type()?, value.value.as_str()) {
        (PRIMARY_SID, _) => Some("MFA for a User"),
        (GROUP_SID, _) => Some("MFA for a Group"),
        (REGISTERED, "false") => Some("MFA for unregistered devices"),
        (INSIDE, "false") => Some("MFA for extranet"),
        _ => None,
    }
}

fn proxy(rule: &Rule) -> Option<&'static str> {
    let condition = only_condition(rule)?;
    let Statement::Query(query) = &rule.statement else {
        return None;
    };
    if query.store != "_ProxyCredentialStore" || query.types != [PERMIT] {
        return None;
    }
    match (condition.claim_type()?, query.query.as_str()) {
        (PRIMARY_SID, "isProxySid({0})") => Some("ADFS V2 - ProxySid by user"),
        (GROUP_SID, "isProxySid({0})") => Some("ADFS V2 - ProxySid by group"),
        (PROXY_TRUST, "isProxyTrustProvisioned({0})") => Some("ADFS V2 - Proxy Trust check"),
        _ => None,
    }
}

fn only_condition(rule: &Rule) -> Option<&Condition> {
    match rule.conditions.as_slice() {
        [one] if one.quantifier == Quantifier::Each => Some(one),
        _ => None,
    }
}

/// The text that a rule issues as a claim of a type.
pub fn creates<'a>(rule: &'a Rule, claim_type: &str) -> Option<&'a str> {
    let Statement::Create(properties) = &rule.statement else {
        return None;
    };
    let text = |wanted: Property| {
        properties
            .iter()
            .find_map(|(property, expression)| match expression {
                Expression::Text(text) if *property == wanted => Some(text.as_str()),
                _ => None,
            })
    };
    (text(Property::Type)? == claim_type).then(|| text(Property::Value))?
}
