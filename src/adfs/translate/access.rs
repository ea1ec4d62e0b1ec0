//! Who may come: AD FS's access control policies, or its authorization rules.

use super::{
    Access, Condition, Domain, Translation,
    claims::{Carrying, unknown_group},
    told::sayable,
};
use crate::adfs::{
    AccessControlPolicy, RelyingPartyTrust,
    rule::{
        Rule, WrittenRule,
        known::{DENY, PERMIT, creates, permits_all},
        parse_rules,
    },
};

pub(super) fn translate(trust: &RelyingPartyTrust, domain: &Domain, translation: &mut Translation) {
    translation.access = match &trust.access_control_policy {
        Some(policy) => by_policy(policy, domain, translation),
        None => by_rules(
            &parse_rules(&trust.rules.issuance_authorization),
            domain,
            translation,
        ),
    };
    if !trust.rules.additional_authentication.trim().is_empty() {
        translation.cannot(
            "AdditionalAuthenticationRules",
            Some(trust.rules.additional_authentication.trim()),
            "Homerealm asks nobody for a second factor of its own",
        );
    }
}

/// The policies that AD FS brings with it.
fn by_policy(
    policy: &AccessControlPolicy,
    domain: &Domain,
    translation: &mut Translation,
) -> Access {
    const SECOND_FACTOR: &str = "and require MFA";
    let name = policy.name.as_str();
    let mut cannot = |reason: &str| {
        translation.cannot(format!("AccessControlPolicy {name:?}"), None, reason);
    };
    if name.contains(SECOND_FACTOR) || name.contains("require MFA") {
        cannot("Homerealm asks nobody for a second factor of its own, so nobody is let in");
        return Access::Nobody;
    }
    match name {
        "Permit everyone" => Access::Everyone,
        "Permit specific group" => {
            let groups = policy.parameters.iter().map(|group| {
                let dn = domain.groups.dn(group);
                dn.map(|dn| vec![Condition::Group(dn.to_owned())])
                    .ok_or_else(|| unknown_group(group))
            });
            match groups.collect::<Result<Vec<_>, _>>() {
                Ok(groups) if !groups.is_empty() => Access::Only(groups),
                Ok(_) => {
                    cannot("the export does not say which groups; export again with -Depth 5");
                    Access::Nobody
                }
                Err(reason) => {
                    cannot(&reason);
                    Access::Nobody
                }
            }
        }
        _ => {
            cannot("Homerealm has no such policy; say by `access` who may sign in");
            Access::Nobody
        }
    }
}

/// Rules that permit, each for whom it is. One that denies, or is not understood, might keep out whom
/// another lets in: then nobody is let in.
fn by_rules(rules: &[WrittenRule], domain: &Domain, translation: &mut Translation) -> Access {
    let mut permitted = Vec::new();
    let mut is_everyone = false;
    let mut is_certain = true;
    for (index, written) in rules.iter().enumerate() {
        let who = match &written.rule {
            Ok(rule) if permits_all(rule) => {
                is_everyone = true;
                continue;
            }
            Ok(rule) => permits(rule, domain),
            Err(error) => Err(format!("it cannot be read: {error}")),
        };
        match who {
            Ok(conditions) if conditions.is_empty() => is_everyone = true,
            Ok(conditions) => permitted.push(conditions),
            Err(reason) => {
                translation.cannot(written.label(index), Some(&written.text), reason);
                is_certain = false;
            }
        }
    }
    if !is_certain {
        translation
            .note("since not all of its authorization rules could be translated, nobody is let in");
        return Access::Nobody;
    }
    match (is_everyone, permitted.is_empty()) {
        (true, _) => Access::Everyone,
        (false, true) => Access::Nobody,
        (false, false) => Access::Only(permitted),
    }
}

fn permits(rule: &Rule, domain: &Domain) -> Result<Vec<Condition>, String> {
    if creates(rule, DENY).is_some() {
        return Err("it keeps people out; `access` lets in, and all others stay out".to_owned());
    }
    if creates(rule, PERMIT).is_none() {
        return Err("it neither permits nor denies by a text".to_owned());
    }
    let known = super::claims::known_at_first();
    let carrying = Carrying {
        claims: &known,
        domain,
        rule,
    };
    let conditions = carrying.conditions_beside(None)?;
    sayable(&conditions)?;
    Ok(conditions)
}
