//! The derivation in Entra Connect's own language: PowerShell for its module `ADSync`.
//!
//! One rule for each way to a `userType`, since the first rule by precedence that contributes a value
//! decides: members by the attribute, guests, and everybody else. The transformations have the names
//! of facts 5.1 (`Constant`, `Direct`).

use std::fmt::Write as _;

use crate::realm::ImmutableIdSource;

use super::Terms;

/// The precedence of the first inbound rule, and of the outbound one behind them. Rules of one's own
/// have 1 to 99.
const FIRST: usize = 90;

/// A condition of a scoping filter: attribute, operator, value.
type Condition = (String, &'static str, String);

/// What a rule writes: attribute, `Constant` or `Direct`, value or attribute.
type Flow = (&'static str, &'static str, &'static str);

struct Rule {
    name: &'static str,
    direction: &'static str,
    /// Conditions within a group hold together; one group is enough.
    groups: Vec<Vec<Condition>>,
    flows: Vec<Flow>,
}

/// The script: what has to be there, the rules, and how they take effect.
pub fn rules(terms: &Terms, anchor: &ImmutableIdSource) -> String {
    let mut script = HEAD.to_owned();
    script.push_str(&check_anchor(anchor));
    for (index, rule) in all(terms).into_iter().enumerate() {
        write_rule(&mut script, FIRST + index, &rule);
    }
    script.push_str(TAIL);
    script
}

const HEAD: &str = r"# What `homerealm sync rules` derives, for Entra Connect: run it there, as a member of ADSyncAdmins.
# The names of the connectors are those that Get-ADSyncConnector lists: the forest, and Entra.
[CmdletBinding()]
param(
    [Parameter(Mandatory)][string] $ForestConnector,
    [Parameter(Mandatory)][string] $EntraConnector
)
$ErrorActionPreference = 'Stop'
Import-Module ADSync

$forest = Get-ADSyncConnector -Name $ForestConnector
$entra = Get-ADSyncConnector -Name $EntraConnector
# The attribute has to be selected in the connector's properties first ('Select Attributes').
if (-not $entra.AttributeInclusionList.Contains('userType')) {
    throw 'Select userType among the attributes of the Entra connector first.'
}
$taken = Get-ADSyncRule | Where-Object { $_.Name -like 'Homerealm - *' }
if ($taken) {
    throw ('These rules are there already; remove them first: ' + ($taken.Name -join ', '))
}
";

const TAIL: &str = r"
# Nothing has been written to Entra yet. Look at the preview of an account or two, then:
#   Set-ADSyncScheduler -SyncCycleEnabled $true
#   Start-ADSyncSyncCycle -PolicyType Initial
";

fn check_anchor(anchor: &ImmutableIdSource) -> String {
    let name = match anchor {
        ImmutableIdSource::ObjectGuid => "objectGUID",
        ImmutableIdSource::ConsistencyGuidThenObjectGuid => "mS-DS-ConsistencyGuid",
        ImmutableIdSource::Attribute { name, .. } => name.as_str(),
    };
    let name = quoted(name);
    format!(
        r"
# The ImmutableID was chosen when Entra Connect was installed; Homerealm is configured for this one.
$anchor = (Get-ADSyncGlobalSettings).Parameters |
    Where-Object Name -eq 'Microsoft.SynchronizationOption.AnchorAttribute'
if ($anchor.Value -ne {name}) {{
    throw ('The source anchor is ' + $anchor.Value + ', not ' + {name})
}}

# No cycle may run while there are only some of the rules.
Set-ADSyncScheduler -SyncCycleEnabled $false
"
    )
}

/// All rules, by precedence.
fn all(terms: &Terms) -> Vec<Rule> {
    let rules = &terms.guests;
    let inbound = |name, groups, flows| Rule {
        name,
        direction: "Inbound",
        groups,
        flows,
    };
    let mut all = Vec::new();
    let attribute = rules
        .attribute
        .as_ref()
        .map(|name| name.as_str().to_owned());
    if let Some(name) = &attribute {
        let member = vec![scope((name.clone(), "EQUAL", "Member".to_owned()))];
        all.push(inbound("Members by attribute", member, member_flows()));
    }
    let by_attribute = attribute.map(|name| (name, "EQUAL", "Guest".to_owned()));
    let by_suffix = rules.upn_suffixes.iter().map(|suffix| {
        let suffix = format!("@{}", suffix.as_ascii());
        ("userPrincipalName".to_owned(), "ENDSWITH", suffix)
    });
    let by_unit = rules.units.iter().map(|unit| {
        let below = format!(",{unit}");
        ("dn".to_owned(), "CONTAINS", below)
    });
    let guests = by_attribute.into_iter().chain(by_suffix).chain(by_unit);
    let guests: Vec<_> = guests.map(scope).collect();
    if !guests.is_empty() {
        let flows = vec![
            ("userType", "Constant", "Guest"),
            ("onPremisesUserPrincipalName", "Direct", "mail"),
            ("userPrincipalName", "Direct", "userPrincipalName"),
        ];
        all.push(inbound("Guests", guests, flows));
    }
    let everybody = vec![vec![not_from_entra()]];
    all.push(inbound("Members", everybody, member_flows()));
    all.push(Rule {
        name: "To Entra",
        direction: "Outbound",
        groups: vec![vec![
            ("sourceObjectType".to_owned(), "EQUAL", "User".to_owned()),
            ("cloudMastered".to_owned(), "NOTEQUAL", "True".to_owned()),
        ]],
        flows: vec![
            ("userType", "Direct", "userType"),
            (
                "onPremisesUserPrincipalName",
                "Direct",
                "onPremisesUserPrincipalName",
            ),
        ],
    });
    all
}

/// A member that the guests' rule would take, too, must not get that rule's sign-in name.
fn member_flows() -> Vec<Flow> {
    vec![
        ("userType", "Constant", "Member"),
        ("onPremisesUserPrincipalName", "Direct", "userPrincipalName"),
    ]
}

fn scope(condition: Condition) -> Vec<Condition> {
    vec![condition, not_from_entra()]
}

/// What Entra Connect itself has written back is none of ours.
fn not_from_entra() -> Condition {
    let user = "User_".to_owned();
    ("adminDescription".to_owned(), "NOTSTARTSWITH", user)
}

fn write_rule(script: &mut String, precedence: usize, rule: &Rule) {
    let name = quoted(&format!("Homerealm - {}", rule.name));
    let direction = rule.direction;
    let (connector, source, target) = match direction {
        "Inbound" => ("$forest", "user", "person"),
        _ => ("$entra", "person", "user"),
    };
    let mut text = format!(
        r"
New-ADSyncRule `
    -Name {name} `
    -Identifier ([guid]::NewGuid()) `
    -Description 'Made by homerealm sync rules' `
    -Direction '{direction}' `
    -Precedence {precedence} `
    -PrecedenceAfter '00000000-0000-0000-0000-000000000000' `
    -PrecedenceBefore '00000000-0000-0000-0000-000000000000' `
    -SourceObjectType '{source}' `
    -TargetObjectType '{target}' `
    -Connector {connector}.Identifier.Guid `
    -LinkType 'Join' `
    -SoftDeleteExpiryInterval 0 `
    -ImmutableTag '' `
    -OutVariable rule | Out-Null
"
    );
    for (destination, kind, from) in &rule.flows {
        let _ = write!(
            text,
            r"Add-ADSyncAttributeFlowMapping `
    -SynchronizationRule $rule[0] `
    -Source @({}) `
    -Destination '{destination}' `
    -FlowType '{kind}' `
    -ValueMergeType 'Update' `
    -OutVariable rule | Out-Null
",
            quoted(from)
        );
    }
    for group in &rule.groups {
        let conditions = group.iter().map(|(attribute, operator, value)| {
            format!(
                "    (New-Object 'Microsoft.IdentityManagement.PowerShell.ObjectModel.ScopeCondition' \
                 -ArgumentList {}, {}, '{operator}')",
                quoted(attribute),
                quoted(value)
            )
        });
        let conditions = conditions.collect::<Vec<_>>().join(",\n");
        let _ = write!(
            text,
            r"$conditions = @(
{conditions}
)
Add-ADSyncScopeConditionGroup `
    -SynchronizationRule $rule[0] `
    -ScopeConditions $conditions `
    -OutVariable rule | Out-Null
"
        );
    }
    text.push_str("Add-ADSyncRule -SynchronizationRule $rule[0] | Out-Null\n");
    script.push_str(&text);
}

/// A text as PowerShell takes it literally. It takes curly quotes for quotes, too.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("'");
    for c in text.chars() {
        quoted.push(c);
        if matches!(c, '\'' | '\u{2018}'..='\u{201b}') {
            quoted.push(c);
        }
    }
    quoted.push('\'');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_ends_its_quotes() {
        assert_eq!(quoted("O'Brien"), "'O''Brien'");
        assert_eq!(quoted("a\u{2019};x"), "'a\u{2019}\u{2019};x'");
    }
}
